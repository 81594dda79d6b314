"""The calls of a text, by PostgreSQL's own tree: of functions, and of what its grammar calls by a syntax of its own (`JSON_ARRAYAGG`, `GROUPING`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from mvc.sql.parser import GrammarError, Node, parse


class Called(NamedTuple):
    """One call; `start` is the offset of the first character of its name. `by_syntax` is what the grammar knows by itself, whose name
    is no function's: there `arguments` is that of nothing.
    """

    start: int
    schema: str | None
    name: str
    arguments: int
    in_subquery: bool
    over: bool  # a window function call
    in_from: bool  # read like a table
    by_syntax: bool = False
    within_group: bool = False


@dataclass(frozen=True, slots=True)
class _Around:
    """What a node stands in."""

    queries: int = 0
    in_from: bool = False


# The nodes that are called by a word of the grammar with brackets behind it.
_BY_SYNTAX: Final = frozenset(
    [
        *(
            "CoalesceExpr",
            "MinMaxExpr",
            "GroupingFunc",
            "MergeSupportFunc",
            "SQLValueFunction",
            "XmlExpr",
            "XmlSerialize",
        ),
        *("JsonFuncExpr", "JsonParseExpr", "JsonScalarExpr", "JsonSerializeExpr", "JsonObjectConstructor"),
        *("JsonArrayConstructor", "JsonArrayQueryConstructor", "JsonObjectAgg", "JsonArrayAgg"),
    ]
)


def value_calls(text: str) -> tuple[Called, ...] | None:
    """The calls of an expression in the order of the text; None where there is no tree."""
    return _calls("SELECT (", text, "\n)")


def query_calls(text: str) -> tuple[Called, ...] | None:
    """Those of a query."""
    return _calls("", text, "")


def _calls(opening: str, text: str, closing: str) -> tuple[Called, ...] | None:
    try:
        statements = parse(f"{opening}{text}{closing}")
    except GrammarError:
        return None
    if statements is None or len(statements) != 1:
        return None
    found = _walk(statements[0].node, _Around())
    offset = len(opening)
    if text.isascii():
        return tuple(sorted(call._replace(start=call.start - offset) for call in found))
    encoded = text.encode(errors="surrogatepass")
    return tuple(
        sorted(
            call._replace(start=len(encoded[: call.start - offset].decode(errors="surrogatepass"))) for call in found
        )
    )


def _walk(tree: Any, around: _Around) -> Iterator[Called]:
    """A chain of operators is as deep as it is long, so what waits stands in a list."""
    waiting = [(tree, around)]
    while waiting:
        node, its = waiting.pop()
        if isinstance(node, list):
            waiting += [(item, its) for item in node]
            continue
        for key, value in node.items() if isinstance(node, dict) else ():
            if call := _called(key, value, its):
                yield call
            if isinstance(value, dict | list):
                waiting.append((value, _inside(key, value, its)))


def _inside(key: str, value: Node | list[Any], around: _Around) -> _Around:
    if key == "SelectStmt" or (isinstance(value, dict) and "targetList" in value):
        return _Around(around.queries + 1)
    if key == "RangeFunction":
        return replace(around, in_from=True)
    return replace(around, in_from=around.in_from and key in ("functions", "List", "items"))


def _called(kind: str, inner: Any, around: _Around) -> Called | None:
    if not isinstance(inner, dict):
        return None
    inside, from_ = around.queries > 0, around.in_from
    if kind == "FuncCall":
        *schema, name = (item["String"]["sval"] for item in inner["funcname"])
        by_syntax = inner.get("funcformat") == "COERCE_SQL_SYNTAX"
        count = len(inner.get("args", ()))
        at, over = inner["location"], "over" in inner
        within = bool(inner.get("agg_within_group"))
        return Called(at, schema[-1] if schema else None, name, count, inside, over, from_, by_syntax, within)
    if kind not in _BY_SYNTAX and inner.get("kind") != "AEXPR_NULLIF":
        return None
    own = inner.get("constructor", inner)
    return Called(own["location"], None, "", 0, inside, "over" in own, from_, by_syntax=True)
