"""Queries: the types of their columns, and their conditions."""

from __future__ import annotations

from typing import Final

from mvc.inference.agreement import truth
from mvc.inference.site import TypedText, location_of, parts_of
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_ASKED: Final = ("targetList", "whereClause", "havingClause", "fromClause", "larg", "rarg", "withClause")


def query(node: Node, text: TypedText) -> list[str | None]:
    """The types of a query's columns, as far as they are known; an empty list where not even their number is."""
    inner = node.get("SelectStmt", node)
    _check_names(inner, text)
    for item in inner.get("withClause", {}).get("ctes", []):
        found = item["CommonTableExpr"].get("ctequery", {})
        if "SelectStmt" in found:
            query(found, text)
    if "larg" in inner:
        return _both(query(inner["larg"], text), query(inner["rarg"], text), inner, text)
    for item in inner.get("fromClause", []):
        _source(item, text)
    _look_at_clauses(inner, text)
    targets = [item["ResTarget"].get("val", {}) for item in inner.get("targetList", [])]
    types = [text.type_of(item) for item in targets]
    return [] if any(map(_is_star, targets)) else types


def _look_at_clauses(inner: Node, text: TypedText) -> None:
    """WHERE, HAVING, ORDER BY and what else a query has behind its list and its sources."""
    truth(inner.get("whereClause"), text, "WHERE")
    truth(inner.get("havingClause"), text, "HAVING")
    for part in parts_of({key: value for key, value in inner.items() if key not in _ASKED and key != "sortClause"}):
        text.type_of(part)
    for item in inner.get("sortClause", []):
        if not {"ColumnRef", "A_Const"} & item["SortBy"]["node"].keys():  # else it may be a column of the result
            text.type_of(item["SortBy"]["node"])


def _check_names(inner: Node, text: TypedText) -> None:
    """Says so where two parts of WITH have one name."""
    seen: set[str] = set()
    for item in inner.get("withClause", {}).get("ctes", []):
        name = item["CommonTableExpr"]["ctename"]
        if name in seen:
            title = f"two parts of this WITH are named `{name}`"
            text.report(
                "MV101",
                item["CommonTableExpr"]["location"],
                title,
                label="the second one",
                help="give one of them another name",
            )
        seen.add(name)


def _is_star(node: Node) -> bool:
    return any("A_Star" in item for item in node.get("ColumnRef", {}).get("fields", []))


def _both(left: list[str | None], right: list[str | None], inner: Node, text: TypedText) -> list[str | None]:
    if len(left) != len(right):
        return []
    return [
        _merged(number, (one, other), inner, text) for number, (one, other) in enumerate(zip(left, right, strict=True))
    ]


def _merged(number: int, types: tuple[str | None, str | None], inner: Node, text: TypedText) -> str | None:
    one, other = (text.world.base(item) for item in types)
    if one is None or other is None or one == other:
        return one if one == other else None
    if UNKNOWN in (one, other):
        return other if one == UNKNOWN else one
    world = text.world
    if world.category(one) != world.category(other) or not (world.becomes(one, other) or world.becomes(other, one)):
        targets = inner["rarg"].get("targetList", [])
        at = location_of(targets[number]) if number < len(targets) else -1
        if at >= 0:
            name = {"SETOP_UNION": "UNION", "SETOP_INTERSECT": "INTERSECT"}.get(inner["op"], "EXCEPT")
            title = f"column {number + 1} of this {name} is of type {one} above and of type {other} here"
            text.report("MV120", at, title, label=f"of type {other}", help="cast one of them to the type of the other")
        return None
    return other if world.becomes(one, other) and not world.is_preferred(one) else one


def _source(node: Node, text: TypedText) -> None:
    kind, inner = next(iter(node.items()))
    if kind == "JoinExpr":
        _source(inner["larg"], text)
        _source(inner["rarg"], text)
        truth(inner.get("quals"), text, "ON")
    elif kind == "RangeSubselect":
        query(inner["subquery"], text)
    else:
        for part in parts_of(inner):
            text.type_of(part)
