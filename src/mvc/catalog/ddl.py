"""DDL files to a Catalog. This file says which statements matter; each is read in a module of its own.

A statement that the catalog does not depend on (INSERT, GRANT, DO, …) is passed over unseen. Files are applied in the order
of their paths; a statement whose table comes only later is tried again at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from mvc.catalog.alter_table import alter_relation
from mvc.catalog.create_function import create_aggregate, create_function, drop_function
from mvc.catalog.create_index import create_index, drop_index
from mvc.catalog.create_table import create_table
from mvc.catalog.create_type import alter_type, create_collation, create_domain, create_type, drop_type
from mvc.catalog.create_view import create_view
from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft, Missing, SourceText
from mvc.catalog.freeze import freeze
from mvc.catalog.statements import statements
from mvc.catalog.tokens import Token, Unreadable
from mvc.catalog.types import Catalog
from mvc.diagnostics import Diagnostic, did_you_mean, error


class _Later(NamedTuple):
    """A statement whose table was not there yet, with what it needs to be read again."""

    source: SourceText
    path: tuple[str, ...]
    tokens: list[Token]
    missing: Name


def read_ddl(
    files: Mapping[str, str], search_path: tuple[str, ...] = ("public",), stored: str = ""
) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    """The catalog that the files (path to text) describe, with every finding. Views of the schema `stored`, which a dump of a database that
    was deployed to has, are passed over where they cannot be read: they are ours, and no project reads them.

    Errors (MV020) mean that something is missing in the catalog; warnings (MV021 to MV023) that a statement made no sense.
    """
    return _read_files(tuple(sorted(files.items())), search_path, stored)


# A comparison reads two revisions of a project, nearly always of the same tables: these are read once.
@lru_cache(maxsize=4)
def _read_files(
    files: tuple[tuple[str, str], ...], search_path: tuple[str, ...], stored: str
) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    draft = Draft(search_path, stored)
    later: list[_Later] = []
    for path, text in files:
        _read_file(draft, SourceText(path, text), later)
    _retry(draft, later)
    catalog = freeze(draft)
    return catalog, tuple(sorted(draft.findings, key=lambda item: item.span))


def _read_file(draft: Draft, source: SourceText, later: list[_Later]) -> None:
    draft.source, draft.path = source, draft.search_path
    if (nul := source.text.find("\x00")) >= 0:
        _unreadable(draft, Unreadable("it holds the character NUL", nul, nul + 1))
        return
    try:
        for tokens in statements(source.text):
            missing = _read(draft, tokens)
            if missing:
                later.append(_Later(source, draft.path, tokens, missing))
    except Unreadable as problem:
        _unreadable(draft, problem)


def _retry(draft: Draft, later: list[_Later]) -> None:
    """Reads what was put off, as often as that helps; what is still missing then becomes a finding."""
    again: list[_Later] = []
    for item in later:
        draft.source, draft.path = item.source, item.path
        missing = _read(draft, item.tokens)
        if missing:
            again.append(item._replace(missing=missing))
    if len(again) < len(later):
        _retry(draft, again)
        return
    for item in again:
        _complain(draft, item)


def _complain(draft: Draft, item: _Later) -> None:
    draft.source = item.source
    known = {relation.name for relation in draft.relations.values()}
    title = f"`{item.missing.name}` is not in the DDL"
    draft.warn("MV021", item.missing, title, did_you_mean(item.missing.name, known, "tables"))


def _read(draft: Draft, tokens: list[Token]) -> Name | None:
    """Applies one statement; returns the relation that it lacks, if so."""
    cursor = Cursor(tokens)
    try:
        verb = cursor.take_any(*_VERBS)
        if verb:
            _VERBS[verb](draft, cursor)
    except Missing as missing:
        return missing.name
    except Unreadable as problem:
        _unreadable(draft, problem)
    return None


def _unreadable(draft: Draft, problem: Unreadable) -> None:
    span = draft.source.span(problem.start, problem.end)
    draft.findings.append(error("MV020", span, f"this DDL cannot be read: {problem.reason}", label=problem.reason))


def _create(draft: Draft, cursor: Cursor) -> None:
    replaces = cursor.take("or", "replace")
    cursor.take_any("global", "local")
    temporary = bool(cursor.take_any("temp", "temporary"))
    cursor.take_any("unlogged", "recursive", "trusted")
    for words, read in _CREATES.items():
        if cursor.take(*words):
            read(draft, cursor)
            return
    for words, read_again in _CREATES_OR_REPLACES.items():
        if cursor.take(*words) and not temporary:
            read_again(draft, cursor, replaces)
            return
    if cursor.take("table"):
        create_table(draft, cursor, temporary=temporary)


def _create_schema(draft: Draft, cursor: Cursor) -> None:
    """Only its elements matter: `CREATE SCHEMA s CREATE TABLE …` puts them there."""
    cursor.if_not_exists()
    authorization = cursor.sees("authorization")
    schema = cursor.peek(1 if authorization else 0).text
    starts = [index for index, token in enumerate(cursor.tokens) if index > 2 and token[:2] == ("word", "create")]
    path, draft.path = draft.path, (schema, *draft.path)
    for start, end in pairwise([*starts, len(cursor.tokens)]):
        _read(draft, cursor.tokens[start:end])
    draft.path = path


def _create_extension(draft: Draft, cursor: Cursor) -> None:
    cursor.if_not_exists()
    name = cursor.name().text
    if name != "plpgsql":
        draft.extensions.add(name)


def _alter(draft: Draft, cursor: Cursor) -> None:
    if cursor.take_any("type", "domain"):
        alter_type(draft, cursor)
    elif any(cursor.take(*words) for words in _RELATIONS):
        alter_relation(draft, cursor)


def _drop(draft: Draft, cursor: Cursor) -> None:
    for words, read in _DROPS.items():
        if cursor.take(*words):
            cursor.take("concurrently")
            cursor.if_exists()
            for item in cursor.items():
                read(draft, item)
            return


def _drop_relation(draft: Draft, item: Cursor) -> None:
    if found := draft.lookup(item.qualified()):
        draft.drop(found)


def _drop_type(draft: Draft, item: Cursor) -> None:
    drop_type(draft, item.qualified())


def _drop_schema(draft: Draft, item: Cursor) -> None:
    schema = item.name().text
    draft.relations = {place: found for place, found in draft.relations.items() if place[0] != schema}
    draft.types = {place: kept for place, kept in draft.types.items() if place[0] != schema}
    draft.functions = {place: called for place, called in draft.functions.items() if place[0] != schema}


def _drop_extension(draft: Draft, item: Cursor) -> None:
    draft.extensions.discard(item.name().text)


def _set(draft: Draft, cursor: Cursor) -> None:
    cursor.take_any("session", "local")
    if cursor.take("search_path") and cursor.take_any("to", "="):
        draft.path = _path(draft, [item.token().text for item in cursor.items()])


def _select(draft: Draft, cursor: Cursor) -> None:
    """`SELECT pg_catalog.set_config('search_path', '', false)`, as pg_dump writes it."""
    cursor.take("pg_catalog", ".")
    if cursor.take("set_config"):
        items = [item.token().text for item in cursor.group().items()]
        if len(items) > 1 and items[0] == "search_path":
            draft.path = _path(draft, items[1].split(","))


def _path(draft: Draft, written: list[str]) -> tuple[str, ...]:
    if written == ["default"]:
        return draft.search_path
    names = (name.strip().strip('"') for name in written)
    return tuple(name for name in names if name not in ("", "$user", "pg_catalog"))


_RELATIONS: Final = (("table",), ("foreign", "table"), ("materialized", "view"), ("view",))
_Read = Callable[[Draft, Cursor], None]
_VERBS: Final[dict[str, _Read]] = {
    "create": _create,
    "alter": _alter,
    "drop": _drop,
    "set": _set,
    "reset": lambda draft, cursor: setattr(draft, "path", draft.search_path) if cursor.sees("search_path") else None,
    "select": _select,
}
_CREATES: Final[dict[tuple[str, ...], _Read]] = {
    ("foreign", "table"): lambda draft, cursor: create_table(draft, cursor, foreign=True),
    ("materialized", "view"): lambda draft, cursor: create_view(draft, cursor, "materialized view"),
    ("unique", "index"): create_index,
    ("type",): create_type,
    ("domain",): create_domain,
    ("collation",): create_collation,
    ("schema",): _create_schema,
    ("extension",): _create_extension,
}
_CREATES_OR_REPLACES: Final[dict[tuple[str, ...], Callable[[Draft, Cursor, bool], None]]] = {
    ("view",): lambda draft, cursor, replaces: create_view(draft, cursor, "view", replaces=replaces),
    ("function",): lambda draft, cursor, replaces: create_function(draft, cursor, "function", replaces=replaces),
    ("procedure",): lambda draft, cursor, replaces: create_function(draft, cursor, "procedure", replaces=replaces),
    ("aggregate",): lambda draft, cursor, _: create_aggregate(draft, cursor),
}
_DROPS: Final[dict[tuple[str, ...], _Read]] = {
    **dict.fromkeys(_RELATIONS, _drop_relation),
    ("index",): drop_index,
    ("type",): _drop_type,
    ("domain",): _drop_type,
    ("function",): drop_function,
    ("procedure",): drop_function,
    ("routine",): drop_function,
    ("aggregate",): drop_function,
    ("schema",): _drop_schema,
    ("extension",): _drop_extension,
}
