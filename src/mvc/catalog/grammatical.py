"""A statement of DDL as PostgreSQL's grammar has it, or what the grammar says against it, at its place and with what is likely the mend."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from typing import Final, NamedTuple

from mvc.catalog.cursor import Cursor
from mvc.catalog.draft import SourceText
from mvc.catalog.foreign_ddl import FOREIGN_DDL
from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED
from mvc.catalog.outline import outline
from mvc.catalog.tokens import Token, Unreadable
from mvc.catalog.written import Written, items, statement_text
from mvc.quoting import identifier, literal
from mvc.sql.parser import GrammarError, Node, check, is_available, parse

# These are read for the search path; else they say nothing to the catalog.
_FOR_THE_PATH: Final = frozenset({"set", "reset", "select", "with"})
# What it does not depend on is put to the grammar, since a semicolon may be missing in it, and not read.
_PASSED_OVER: Final = frozenset(
    {
        "abort", "analyse", "analyze", "begin", "call", "checkpoint", "close", "cluster", "comment", "commit", "copy",
        "deallocate", "declare", "delete", "discard", "do", "end", "execute", "explain", "fetch", "grant", "import",
        "insert", "listen", "load", "lock", "merge", "move", "notify", "prepare", "reassign", "refresh", "reindex",
        "release", "revoke", "rollback", "savepoint", "security", "show", "start", "table", "truncate", "unlisten",
        "update", "vacuum", "values",
    }
)  # fmt: skip
_DEFINES: Final = frozenset({"create", "alter", "drop"})
_BEFORE_KIND: Final = frozenset(
    {"create", "temp", "temporary", "unlogged", "foreign", "materialized", "recursive", "replace"}
)
_BEGINS: Final = _DEFINES | {"comment", "grant", "insert", "select"}


_NEAR: Final = 0.8
# Key words of definitions that are long enough to be misspelled, and that few columns are called by.
_KEY_WORDS: Final = (
    "alter", "check", "constraint", "create", "default", "extension", "foreign", "function", "generated", "grant", "immutable",
    "inherits", "insert", "materialized", "partition", "primary", "references", "returns", "select", "table", "unique", "volatile",
)  # fmt: skip


class Ungrammatical(NamedTuple):
    """Why a statement is none of PostgreSQL's, where, what may help, and whether the catalog could depend on it."""

    problem: Unreadable
    help: str
    matters: bool


def grammatical(source: SourceText, tokens: list[Token]) -> tuple[Written, ...] | Ungrammatical:
    """The statement with its tree, none where the catalog does not depend on it."""
    verb = tokens[0].text
    if verb == "insert" and not any(token.text in _DEFINES for token in tokens):
        return ()  # rows, of which a dump may have many megabytes
    text = statement_text(source, tokens)
    try:
        if verb in _PASSED_OVER or _is_passed_over(tokens):
            check(text)
            return _index(source, tokens)
        statements = parse(text) if is_available() else None
    except GrammarError as problem:
        return _refused(tokens, text, problem) if not _has_variable(tokens) else _with_variables(tokens, text, problem)
    if statements is None and not is_available():
        return _outlined(source, tokens)
    if statements is None:
        return Ungrammatical(
            Unreadable("it is too long, or nested too deep", tokens[0].start, tokens[0].end), "", matters=True
        )
    return tuple(Written(source, text, tokens, tokens[0].start, item.kind, item.node) for item in statements)


def defined_names(tokens: list[Token]) -> Iterator[str]:
    """The relations that a statement, or several without a semicolon between them, begins to define."""
    for index, token in enumerate(tokens):
        if token.text in ("table", "view") and (index == 1 or tokens[index - 1].text in _BEFORE_KIND):
            cursor = Cursor(tokens[index + 1 :])
            cursor.if_not_exists()
            if cursor.peek().kind in ("word", "name"):
                yield cursor.qualified().name


def _outlined(source: SourceText, tokens: list[Token]) -> tuple[Written, ...] | Ungrammatical:
    """The statement where there is no parser for the platform."""
    try:
        found = outline(tokens)
    except Unreadable as problem:
        return Ungrammatical(problem, "", matters=True)
    return (Written(source, "", tokens, 0, *found),) if found else ()


def _index(source: SourceText, tokens: list[Token]) -> tuple[Written, ...]:
    """A plain index by its tokens: it is a hint, for which no tree is read."""
    found = _outlined(source, tokens) if tokens[0].text == "create" else ()
    return () if isinstance(found, Ungrammatical) else found


def _is_passed_over(tokens: list[Token]) -> bool:
    """The two commonest statements of a dump that say nothing to the catalog: their trees need not be read."""
    if tokens[0].text == "create":
        return tokens[1:2] != [] and tokens[1].text == "index"
    return tokens[0].text == "alter" and [token.text for token in tokens[-3:-1]] == ["owner", "to"]


def _refused(tokens: list[Token], text: str, problem: GrammarError) -> Ungrammatical:
    if problem.at is None or problem.message.endswith("end of input"):
        last = tokens[-1]
        return _problem(tokens, last, "the statement is not complete", "something is missing after this")
    at = tokens[0].start + problem.at
    number = next((number for number, token in enumerate(tokens) if token.start <= at < token.end), 0)
    token = tokens[number]
    said = problem.message
    if said.startswith("syntax error"):
        said = f"PostgreSQL stops at `{_shown(token)}`"
    return _problem(tokens, token, said, _mend(tokens, number, text))


def _problem(tokens: list[Token], token: Token, reason: str, mend: str) -> Ungrammatical:
    """A table may be lost where a definition begins or the grammar stops at one."""
    said_nothing = tokens[0].text in _PASSED_OVER | _FOR_THE_PATH
    matters = token.text in _DEFINES or not said_nothing
    return Ungrammatical(Unreadable(reason, token.start, token.end), mend, matters)


def _mend(tokens: list[Token], number: int, text: str) -> str:
    """What is likely missing or too much at the token where the grammar stops."""
    token, before = tokens[number], tokens[number - 1] if number else None
    if token.text in FOREIGN_DDL and before is not None and before.text != "as":
        return FOREIGN_DDL[token.text]
    if (near := _misspelled(token)) or before is None:
        return near or "no statement begins so"
    if token.kind == "word" and token.text in _BEGINS and before.text not in (";", "(", ","):
        return f"is a semicolon missing after `{_shown(before)}`?"
    if before.text == "," and before.kind == "symbol":
        return _after_comma(token)
    if token.kind == "word" and token.text in RESERVED | FUNCTIONS_AND_TYPES and before.text in ("(", "."):
        return _quoted(token)
    if token.text in (")", ",") and token.kind == "symbol":
        return f"something is missing after `{_shown(before)}`"
    if "\n" in text[before.end - tokens[0].start : token.start - tokens[0].start]:
        return f"is a comma missing after `{_shown(before)}`?"
    near = next((near for item in tokens[max(number - 5, 0) : number] if (near := _misspelled(item))), "")
    return near or f"is something misspelled, or a comma missing, at or before `{_shown(token)}`?"


def _misspelled(token: Token) -> str:
    """The key word that a word nearly is."""
    if token.kind != "word" or token.text in _KEY_WORDS:
        return ""
    near = get_close_matches(token.text, _KEY_WORDS, n=1, cutoff=_NEAR)
    return f"did you mean `{near[0].upper()}`, not `{token.text}`?" if near else ""


def _after_comma(token: Token) -> str:
    if token.kind == "word" and token.text in RESERVED | FUNCTIONS_AND_TYPES and token.text not in ("from", "where"):
        return _quoted(token)
    return f"nothing stands between the comma and `{_shown(token)}`: take the comma away"


def _quoted(token: Token) -> str:
    return f"`{token.text}` is a key word of PostgreSQL: as a name, write {identifier(token.text)}"


def _shown(token: Token) -> str:
    text = literal(token.text) if token.kind == "string" else token.text
    return text if len(text) <= 40 else f"{text[:39]}…"


# ---------- psql's variables ----------


def _variables(tokens: list[Token]) -> Iterator[tuple[Token, Token]]:
    """`:name`, `:'name'` and `:"name"`, which psql replaces before the server sees them."""
    for sign, name in pairwise(tokens):
        if (
            sign.text == ":"
            and sign.kind == "symbol"
            and name.start == sign.end
            and name.kind in ("word", "string", "name")
        ):
            yield sign, name


def _has_variable(tokens: list[Token]) -> bool:
    return next(_variables(tokens), None) is not None


def _with_variables(tokens: list[Token], text: str, problem: GrammarError) -> tuple[Written, ...] | Ungrammatical:
    """A statement that is one with names in the place of psql's variables: what it says is not known, unless it says who owns something."""
    sign, name = next(_variables(tokens))
    start, filled = tokens[0].start, list(text)
    for colon, _ in _variables(tokens):
        filled[colon.start - start] = " "
    try:
        statements = parse("".join(filled)) or ()
    except GrammarError:
        return _refused(tokens, text, problem)
    if all(_says_nothing(item.kind, item.node) for item in statements):
        return ()
    reason = f"psql's variable `:{_shown(name)}` has no value here"
    return Ungrammatical(Unreadable(reason, sign.start, name.end), "write the value", matters=True)


def _says_nothing(kind: str, node: Node) -> bool:
    """Whether the catalog does not depend on the statement."""
    if kind == "AlterTableStmt":
        return all(action["subtype"] == "AT_ChangeOwner" for _, action in items(node["cmds"]))
    return kind in _NOT_THE_CATALOGS or not kind.startswith(_CATALOGS)


_CATALOGS: Final = ("Create", "Alter", "View", "Drop", "Define", "Index", "Rename", "Composite", "VariableSet")
_NOT_THE_CATALOGS: Final = frozenset(
    {
        "AlterDatabaseSetStmt", "AlterDatabaseStmt", "AlterDefaultPrivilegesStmt", "AlterOwnerStmt", "AlterRoleSetStmt",
        "AlterRoleStmt", "CreatePolicyStmt", "CreateRoleStmt", "CreatedbStmt", "DropRoleStmt", "DropdbStmt",
    }
)  # fmt: skip
