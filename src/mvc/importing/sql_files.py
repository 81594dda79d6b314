"""Files of SQL → Found: schema dumps and migrations, read one statement after the other, the bodies of DO among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from mvc.catalog.ddl import read_ddl
from mvc.catalog.statements import statements
from mvc.catalog.tokens import Token, Unreadable, all_tokens
from mvc.catalog.types import Catalog
from mvc.importing.draft_views import DraftViews
from mvc.importing.extensions_used import with_extensions
from mvc.importing.found import Found, FoundJob, FoundView, Lost, Place
from mvc.importing.refresh_commands import Command, Named, read_body
from mvc.importing.schedules import found_job
from mvc.importing.selection import NothingFound, chosen_written
from mvc.importing.sql_statements import READERS, SqlStatement
from mvc.sql.parser import GrammarError, is_available, parse

_DOWN: Final = re.compile(
    r"^\s*--\s*(?:\+goose\s+down|\+migrate\s+down|migrate:down)\b.*", re.IGNORECASE | re.MULTILINE | re.DOTALL
)
_BEGINS: Final = frozenset({"create", "drop", "alter", "comment", "grant", "revoke", "select", "perform"})
_SAYS_SOMETHING: Final = _BEGINS | {"do", "set", "reset"}
_BEFORE: Final = frozenset({"begin", "then", "else", "loop"})
_DEEPEST: Final = 3  # DO and EXECUTE within each other
_OF_VIEWS: Final = re.compile(r"\bmaterialized\s+view\b", re.IGNORECASE)


def read_files(
    files: Mapping[str, str],
    patterns: Iterable[str] = (),
    search_path: tuple[str, ...] = ("public",),
    catalog: Catalog | None = None,
) -> Found:
    """What the files (path → text, in the order in which they apply) define. `catalog` is that of the project, where there is one; else the tables are those of
    the files. Raises NothingFound.
    """
    drafts = read_definitions(files, search_path)
    found = drafts.finished()
    views = chosen_written(found, patterns)
    unread: tuple[Lost, ...] = ()
    if catalog is None:
        catalog, findings = read_ddl(files, search_path)
        unread = tuple(
            Lost(f"{item.span.path}:{item.span.line}", item.title) for item in findings if item.severity == "error"
        )
    views = with_extensions(views, catalog)
    places = {view.place for view in views}
    kept = tuple(item for item in catalog.relations if (item.schema, item.name) not in places)
    return Found(
        views, replace(catalog, relations=kept), tuple(_jobs(drafts, found)), lost=_once((*drafts.lost, *unread))
    )


def _once(lost: Iterable[Lost]) -> tuple[Lost, ...]:
    """One for each place: what two readers stumble over is told once."""
    first: dict[str, Lost] = {}
    for item in lost:
        first.setdefault(item.what, item)
    return tuple(first.values())


def read_definitions(files: Mapping[str, str], search_path: tuple[str, ...]) -> DraftViews:
    """The views of the files in the end. Raises NothingFound where PostgreSQL's grammar cannot be asked."""
    if not is_available():
        raise NothingFound(
            "files of SQL cannot be read here: PostgreSQL's parser has no build for this platform",
            "--database asks a server",
        )
    drafts = DraftViews(search_path)
    for path, text in files.items():
        drafts.path = search_path
        _read(_DOWN.sub("", text), path, 0, drafts, _DEEPEST)
    return drafts


def _read(text: str, path: str, line: int, drafts: DraftViews, depth: int) -> None:
    """Applies the statements of a text that begins in this line of the file."""
    try:
        for tokens in statements(text):
            if tokens[0].text not in _SAYS_SOMETHING:
                continue  # rows, of which a dump may have many megabytes
            at = f"{path}:{line + text.count(chr(10), 0, tokens[0].start) + 1}"
            _statement(text[tokens[0].start : tokens[-1].end], at, drafts, depth)
    except Unreadable as problem:
        drafts.lost.append(
            Lost(
                f"{path}:{line + text.count(chr(10), 0, problem.start) + 1}",
                f"from here on it cannot be read: {problem.reason}",
            )
        )


def _statement(text: str, at: str, drafts: DraftViews, depth: int) -> None:
    path, _, line = at.rpartition(":")
    try:
        parsed = parse(text) or ()
    except GrammarError as problem:
        if _OF_VIEWS.search(text):
            drafts.lost.append(Lost(at, f"this statement is none of PostgreSQL's: {problem.message}"))
        return
    for statement in parsed:
        if statement.kind == "DoStmt" and depth:
            body = max((item["DefElem"]["arg"]["String"]["sval"] for item in statement.node["args"]), key=len)
            _body(body, path, int(line) - 1 + text.count("\n", 0, max(text.find(body), 0)), drafts, depth - 1)
        elif read := READERS.get(statement.kind):
            _apply(read, SqlStatement(text, list(all_tokens(text)), statement.node, at), drafts)


def _apply(read: Callable[[DraftViews, SqlStatement], None], said: SqlStatement, drafts: DraftViews) -> None:
    try:
        read(drafts, said)
    except RecursionError:
        drafts.lost.append(Lost(said.at, "this statement is nested too deep"))


def _body(text: str, path: str, line: int, drafts: DraftViews, depth: int) -> None:
    """Applies what stands in the body of DO: statements, and constants that EXECUTE takes. Conditions are taken to hold."""
    try:
        tokens = list(all_tokens(text))
    except Unreadable:
        return
    before: Token | None = None
    for place, token in enumerate(tokens):
        here = line + text.count("\n", 0, token.start)
        if _begins(token, before):
            last = _last(tokens, place)
            _statement(text[token.start : tokens[last].end], f"{path}:{here + 1}", drafts, depth)
        elif token.kind == "string" and depth and _is_executed(tokens, place):
            _read(token.text, path, here, drafts, depth - 1)
        elif (
            token.kind == "string"
            and _OF_VIEWS.search(token.text)
            and "%" in token.text
            and "create" in token.text.lower()
        ):
            drafts.lost.append(Lost(f"{path}:{here + 1}", "this view's text is put together as it runs"))
        before = token


def _begins(token: Token, before: Token | None) -> bool:
    is_first = before is None or before.text == ";" or (before.kind == "word" and before.text in _BEFORE)
    return is_first and token.kind == "word" and token.text in _BEGINS


def _last(tokens: list[Token], place: int) -> int:
    """The number of the last token of the statement that begins here."""
    end = next(
        (
            number
            for number in range(place, len(tokens))
            if (tokens[number].kind, tokens[number].text) == ("symbol", ";")
        ),
        len(tokens),
    )
    return end - 1


def _is_executed(tokens: list[Token], place: int) -> bool:
    """Whether EXECUTE takes this constant as it is."""
    before, after = tokens[place - 1] if place else None, tokens[place + 1] if place + 1 < len(tokens) else None
    return before is not None and before.text == "execute" and (after is None or after.text in (";", "using", "into"))


def _jobs(drafts: DraftViews, views: tuple[FoundView, ...]) -> Iterator[FoundJob]:
    stored = {view.place for view in views if view.kind == "materialized view"}

    def place_of(named: Named) -> Place | None:
        schema, name = named
        return next(((item, name) for item in ((schema,) if schema else drafts.path) if (item, name) in stored), None)

    def bodies(named: Named) -> Command | None:
        known = drafts.functions.get(named[1])
        return read_body(*known) if known else None

    for name, (line, command) in drafts.jobs.items():
        if job := found_job(name, line, command, bodies, place_of):
            yield job
