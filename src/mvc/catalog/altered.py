"""A migration's text: its statements, and the columns and relations that they retype or drop. Nothing is decided here.

PostgreSQL refuses such statements where a view reads what they alter. Text that a function runs, or that names what an earlier statement makes,
says nothing of that here: what is missed, the server's refusal names when the migration is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.statements import statements
from mvc.catalog.tokens import Token, Unreadable, all_tokens

_RELATIONS: Final = (("table",), ("foreign", "table"), ("materialized", "view"), ("view",))
_BEGINS: Final = ("begin", "start")
_ENDS: Final = ("commit", "end")
_TRANSACTION: Final = frozenset({*_BEGINS, *_ENDS, "rollback", "abort", "savepoint", "release"})


@dataclass(frozen=True, slots=True)
class AlteredName:
    """A column of a relation that is retyped or dropped, or (without one) a relation that is dropped, as a migration names it."""

    schema: str | None
    name: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class MigrationStatement:
    """One statement, the line that it begins in, and the word that it begins with."""

    text: str
    line: int
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Migration:
    """What a file holds."""

    statements: tuple[MigrationStatement, ...]
    altered: tuple[AlteredName, ...]


class UnusableMigration(Exception):
    """The text cannot be run as one transaction; `line` is where that shows, `hint` what would help."""

    def __init__(self, message: str, line: int, hint: str) -> None:
        super().__init__(message)
        self.line, self.hint = line, hint


def read_migration(text: str) -> Migration:
    """The statements of a migration; a BEGIN and COMMIT around all of them are passed over. Raises UnusableMigration."""
    try:
        _refuse_psql(text)
        found = _inner(list(statements(text)), text)
        altered = [name for tokens in found for name in _altered(tokens)]
    except Unreadable as problem:
        raise UnusableMigration(problem.reason, _line(text, problem.start), "psql would say the same") from None
    read = (MigrationStatement(text[it[0].start : it[-1].end], _line(text, it[0].start), it[0].text) for it in found)
    return Migration(tuple(read), tuple(dict.fromkeys(altered)))


def _refuse_psql(text: str) -> None:
    for token in all_tokens(text):
        if token.kind == "psql":
            hint = "write it without: the file goes to the server as it is, in one transaction"
            raise UnusableMigration(f"`{token.text.split()[0]}` is a command of psql's", _line(text, token.start), hint)


def _inner(found: list[list[Token]], text: str) -> list[list[Token]]:
    if len(found) > 1 and found[0][0].text in _BEGINS and found[-1][0].text in _ENDS:
        found = found[1:-1]
    for tokens in found:
        if tokens[0].kind == "word" and tokens[0].text in _TRANSACTION:
            hint = "the whole file is one transaction already: leave it out, or cut the file in two"
            raise UnusableMigration(
                f"`{tokens[0].text.upper()}` would end it half-way", _line(text, tokens[0].start), hint
            )
    return found


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _altered(tokens: list[Token]) -> Iterator[AlteredName]:
    cursor = Cursor(tokens)
    try:
        if cursor.take("alter"):
            yield from _of_alter(cursor)
        elif cursor.take("drop") and any(cursor.take(*words) for words in _RELATIONS):
            cursor.if_exists()
            yield from (AlteredName(name.schema, name.name) for name in (item.qualified() for item in cursor.items()))
    except Unreadable:  # the server will say what is wrong with it
        return


def _of_alter(cursor: Cursor) -> Iterator[AlteredName]:
    if not any(cursor.take(*words) for words in _RELATIONS):
        return
    cursor.if_exists()
    cursor.take("only")
    name = cursor.qualified()
    cursor.take("*")
    for action in cursor.items():
        if column := _column(action):
            yield AlteredName(name.schema, name.name, column)


def _column(action: Cursor) -> str:
    """The column that an action of ALTER TABLE retypes or drops; else empty."""
    if action.take("drop"):
        if action.sees("constraint"):
            return ""
        action.take("column")
        action.if_exists()
        return action.name().text
    if not action.take("alter") or action.sees("constraint"):
        return ""
    action.take("column")
    column = action.name().text
    retyped = action.take("type") or action.take("set", "data", "type")
    return column if retyped or action.sees("drop", "expression") or action.sees("set", "expression") else ""


def written_name(text: str) -> AlteredName:
    """`table`, `schema.table` or `schema.table.column`, as somebody names it on a command line; a part may be quoted. Raises Unreadable."""
    cursor = Cursor(list(all_tokens(text)))
    parts = [cursor.name().text]
    while cursor.take("."):
        parts.append(cursor.name().text)
    if not cursor.at_end() or len(parts) > 3:
        raise cursor.unreadable("expected TABLE, SCHEMA.TABLE or SCHEMA.TABLE.COLUMN")
    if len(parts) == 3:
        return AlteredName(parts[0], parts[1], parts[2])
    return AlteredName(parts[0] if len(parts) > 1 else None, parts[-1])
