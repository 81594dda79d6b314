"""Which views a command refreshes, be it said in SQL or in the body of a function, and what else it does.

A statement is read as PostgreSQL's grammar has it. The bodies of other languages are read as tokens: what stands there as a whole (`REFRESH MATERIALIZED
VIEW x`, also as a constant that EXECUTE takes) is found; a name that is computed as it runs is not, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mvc.catalog.cursor import Cursor
from mvc.catalog.statements import statements
from mvc.catalog.tokens import Token, Unreadable, all_tokens
from mvc.sql.parser import GrammarError, Node, parse

Named = tuple[str | None, str]  # schema, name


class Call(NamedTuple):
    """A function that is called, and the constants that it is given."""

    named: Named
    texts: tuple[str, ...] = ()


_REFRESH: Final = ("refresh", "materialized", "view")
_CALLS: Final = ("perform", "select", "call")
_LEVELS: Final = ("debug", "log", "info", "notice", "warning", "exception", "raise")  # before a message
_NOTHING: Final = frozenset({"TransactionStmt", "VariableSetStmt"})
_DEEPEST: Final = 3  # strings within strings


@dataclass
class Command:
    """What a command does: the views that it refreshes, the functions that it calls, statements of another kind (their texts), and whether it refreshes views
    whose names it computes.
    """

    views: list[Named] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    computes: bool = False


def read_command(text: str) -> Command:
    """What a command in SQL does."""
    found = Command()
    try:
        for tokens in statements(text):
            _statement(text[tokens[0].start : tokens[-1].end], found)
    except Unreadable:
        found.others.append(text)
    return found


def read_body(text: str, language: str = "plpgsql") -> Command:
    """What the body of a function or of DO does."""
    if language == "sql":
        return read_command(text)
    found = Command()
    _body(text, found, _DEEPEST)
    return found


def _statement(text: str, found: Command) -> None:
    try:
        (statement,) = parse(text) or (None,)
    except (GrammarError, ValueError):
        statement = None
    kind, node = (statement.kind, statement.node) if statement else ("", {})
    if kind == "RefreshMatViewStmt":
        found.views.append((node["relation"].get("schemaname"), node["relation"]["relname"]))
    elif kind == "DoStmt":
        _body(_constants(node), found, _DEEPEST)
    elif kind in ("SelectStmt", "CallStmt") and (called := _all_called(node)):
        found.calls += called
    elif kind not in _NOTHING:
        found.others.append(text)


def _constants(node: Node) -> str:
    """The text of DO, the longest constant in it: the other one is its language."""
    texts = [item["DefElem"]["arg"]["String"]["sval"] for item in node["args"]]
    return max(texts, key=len, default="")


def _all_called(node: Node) -> list[Call]:
    try:
        return list(_called(node))
    except RecursionError:
        return []


def _called(node: Any) -> Iterator[Call]:
    if isinstance(node, list):
        for item in node:
            yield from _called(item)
    elif isinstance(node, dict):
        if "funcname" in node:
            *schema, name = (item["String"]["sval"] for item in node["funcname"])
            texts = [item.get("A_Const", {}).get("sval", {}).get("sval") for item in node.get("args", [])]
            yield Call((schema[-1] if schema else None, name), tuple(text for text in texts if text))
        for value in node.values():
            yield from _called(value)


def _body(text: str, found: Command, depth: int) -> None:
    try:
        tokens = list(all_tokens(text))
    except Unreadable:
        found.others.append(text)
        return
    cursor = Cursor(tokens)
    for place, token in enumerate(tokens):
        cursor.index = place
        if token.kind == "string" and depth and not (place and tokens[place - 1].text in _LEVELS):
            _body(token.text, found, depth - 1)
        elif cursor.take(*_REFRESH):
            _refreshed(cursor, found)
        elif cursor.take_any(*_CALLS) and (name := _call(cursor)):
            found.calls.append(name)


def _refreshed(cursor: Cursor, found: Command) -> None:
    cursor.take("concurrently")
    name = _name(cursor)
    if name is None:
        found.computes = True
    else:
        found.views.append(name)


def _call(cursor: Cursor) -> Call | None:
    name = _name(cursor)
    if name is None or not cursor.sees("("):
        return None
    try:
        inner = cursor.group().tokens
    except Unreadable:
        inner = []
    return Call(name, tuple(token.text for token in inner if token.kind == "string"))


def _name(cursor: Cursor) -> Named | None:
    """A name that is written out. What ends in a dot, or goes on with one, is computed."""
    parts: list[Token] = []
    while cursor.peek().kind in ("word", "name"):
        parts.append(cursor.token())
        if not cursor.take("."):
            return (parts[-2].text if len(parts) > 1 else None, parts[-1].text)
    return None
