"""What a text asks of a newer PostgreSQL than the oldest that the project is for.

Rule source: the release notes of PostgreSQL 16 to 18, section "SQL features" and "Functions"; `catalog/builtins.txt` for functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from mvc.catalog import builtins
from mvc.diagnostics import Severity
from mvc.inference.site import TypedText, location_of, parts_of
from mvc.sql.parser import Node

_KINDS: Final[Mapping[str, tuple[str, int]]] = {
    "JsonIsPredicate": ("IS JSON", 16),
    "JsonObjectConstructor": ("JSON_OBJECT with `:` or VALUE", 16),
    "JsonArrayConstructor": ("JSON_ARRAY", 16),
    "JsonArrayQueryConstructor": ("JSON_ARRAY", 16),
    "JsonObjectAgg": ("JSON_OBJECTAGG", 16),
    "JsonArrayAgg": ("JSON_ARRAYAGG", 16),
    "JsonParseExpr": ("JSON()", 17),
    "JsonScalarExpr": ("JSON_SCALAR", 17),
    "JsonSerializeExpr": ("JSON_SERIALIZE", 17),
    "JsonFuncExpr": ("JSON_VALUE, JSON_QUERY and JSON_EXISTS", 17),
    "JsonTable": ("JSON_TABLE", 17),
}
_LOCAL: Final = "AT LOCAL"
_NUMBER: Final = re.compile(r"0[xob]|.*_", re.IGNORECASE)


def check_version(node: Node, text: TypedText) -> None:
    """Findings for all that came after the project's version."""
    for lexeme in text.lexemes:
        if lexeme.kind == "number" and _NUMBER.match(lexeme.text):
            _report("a number with `_` or `0x`", 16, len(text.text[: lexeme.start].encode()) + text.before, text)
    for kind, inner in _nodes(node):
        what, since = _KINDS.get(kind, ("", 0))
        if kind == "FuncCall":
            what, since = _called(inner, text)
        elif kind == "RangeSubselect" and "alias" not in inner and not inner.get("lateral"):
            what, since = "a subquery in FROM without an alias", 16
        if since:
            place = _local(text) if what == _LOCAL else location_of({kind: inner})
            _report(what, since, max(place, text.before), text)


def _local(text: TypedText) -> int:
    """Where the first AT LOCAL stands, of which the tree has no place."""
    words = [lexeme.text.lower() for lexeme in text.lexemes]
    number = next((at for at, pair in enumerate(pairwise(words)) if pair == ("at", "local")), 0)
    return len(text.text[: text.lexemes[number].start].encode()) + text.before


def _called(inner: Node, text: TypedText) -> tuple[str, int]:
    name = inner["funcname"][-1]["String"]["sval"]
    if name == "timezone" and len(inner.get("args", [])) == 1:
        return _LOCAL, 17
    if (
        len(inner["funcname"]) > 1 and inner["funcname"][-2]["String"]["sval"] != "pg_catalog"
    ) or text.world.catalog.functions_named(name):
        return "", 0
    return f"`{name}`", builtins.since(name)


def _report(what: str, since: int, location: int, text: TypedText) -> None:
    if since <= text.world.version:
        return
    title = f"{what} came with PostgreSQL {since}, and the project is for {text.world.version} and newer"
    help_line = f"if no server is older, say so in mvc.yml: version: {since}"
    if "alias" in what:
        help_line = f"give it one: FROM (SELECT …) AS rows; or {help_line}"
    severity: Severity = "error" if text.world.version_is_said else "warning"
    text.report("MV123", location, title, label=f"since {since}", help=help_line, severity=severity)


def _nodes(node: Node) -> Iterator[tuple[str, Node]]:
    for kind, inner in node.items():
        yield kind, inner
        for part in parts_of(inner):
            yield from _nodes(part)
