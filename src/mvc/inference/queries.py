"""Queries: the types of their columns, and their conditions."""

from __future__ import annotations

from typing import Final

from mvc.inference.agreement import common_type, truth
from mvc.inference.clauses import check_clauses, targets_of
from mvc.inference.comparing import check_compared
from mvc.inference.derived import Columns, Frame, columns
from mvc.inference.sets import columns_of_set
from mvc.inference.site import TypedText, location_of, parts_of
from mvc.inference.windows import check_windows
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_ASKED: Final = frozenset(
    [
        *("targetList", "whereClause", "havingClause", "fromClause", "larg", "rarg", "withClause", "windowClause"),
        *("sortClause", "groupClause", "distinctClause"),  # which may name columns of the result
    ]
)

_OPERATIONS: Final = {"SETOP_UNION": "UNION", "SETOP_INTERSECT": "INTERSECT"}


def query(node: Node, text: TypedText) -> list[str | None]:
    """The types of a query's columns, as far as they are known; an empty list where not even their number is."""
    inner = node.get("SelectStmt", node)
    _check_names(inner, text)
    parts: dict[str, Columns] = {}
    text.derived.parts.append(parts)
    for item in inner.get("withClause", {}).get("ctes", []):
        _part(item["CommonTableExpr"], parts, text)
    types = (
        _both(query(inner["larg"], text), query(inner["rarg"], text), inner, text)
        if "larg" in inner
        else _select(inner, text)
    )
    text.derived.parts.pop()
    return types


def _part(inner: Node, parts: dict[str, Columns], text: TypedText) -> None:
    """A part of WITH can be read by those after it."""
    found = inner.get("ctequery", {})
    types = query(found, text) if "SelectStmt" in found else []
    extended = inner.keys() & {"search_clause", "cycle_clause"}
    parts[inner["ctename"]] = {} if extended or not types else columns(found, types, inner.get("aliascolnames", ()))


def _select(inner: Node, text: TypedText) -> list[str | None]:
    if rows := inner.get("valuesLists"):
        columns_of_rows = zip(*(row["List"]["items"] for row in rows), strict=False)
        return [common_type(items, text, "VALUES") for items in columns_of_rows]
    frame = Frame()
    text.derived.frames.append(frame)
    for item in inner.get("fromClause", []):
        _source(item, frame, text)
    _look_at_clauses(inner, text)
    targets = targets_of(inner, text)
    check_clauses(inner, targets, text)
    text.derived.frames.pop()
    if any(_is_star(item.node) for item in targets):
        return _starred(inner, frame, text) if len(targets) == 1 else []
    return [item.type for item in targets]


def _starred(inner: Node, frame: Frame, text: TypedText) -> list[str | None]:
    """What `SELECT * FROM` one thing has, where that is a query, or a function that gives values of one type."""
    sources = inner.get("fromClause", [])
    if len(sources) != 1:
        return []
    items = sources[0].get("RangeFunction", {})
    if sources[0].keys() & {"RangeSubselect", "RangeVar"} and len(frame.sources) == 1:
        return list(next(iter(frame.sources.values())).values())
    calls = items.get("functions", [])
    if len(calls) != 1 or items.keys() & {"ordinality", "coldeflist"}:
        return []
    call = calls[0]["List"]["items"][0].get("FuncCall")
    return columns_of_set(call, text) if call else []


def _look_at_clauses(inner: Node, text: TypedText) -> None:
    """WHERE, HAVING, ORDER BY and what else a query has behind its list and its sources."""
    truth(inner.get("whereClause"), text, "WHERE")
    truth(inner.get("havingClause"), text, "HAVING")
    for part in parts_of({key: value for key, value in inner.items() if key not in _ASKED}):
        text.type_of(part)
    check_windows(inner, text)


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
    merged = [
        _merged(number, (one, other), inner, text) for number, (one, other) in enumerate(zip(left, right, strict=True))
    ]
    if not inner.get("all"):
        for number, type_ in enumerate(merged):
            _check_once(number, type_, inner, text)
    return merged


def _check_once(number: int, type_: str | None, inner: Node, text: TypedText) -> None:
    """UNION without ALL compares rows."""
    listed = inner["rarg"].get("targetList", [])
    if number < len(listed):
        check_compared(listed[number]["ResTarget"]["val"], type_, _OPERATIONS.get(inner["op"], "EXCEPT"), text)


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
            name = _OPERATIONS.get(inner["op"], "EXCEPT")
            title = f"column {number + 1} of this {name} is of type {one} above and of type {other} here"
            text.report("MV120", at, title, label=f"of type {other}", help="cast one of them to the type of the other")
        return None
    return other if world.becomes(one, other) and not world.is_preferred(one) else one


def _source(node: Node, frame: Frame, text: TypedText) -> None:
    kind, inner = next(iter(node.items()))
    alias = inner.get("alias", {})
    if kind == "JoinExpr":
        _source(inner["larg"], frame, text)
        _source(inner["rarg"], frame, text)
        truth(inner.get("quals"), text, "ON")
    elif kind == "RangeSubselect":
        types = query(inner["subquery"], text)
        frame.sources[alias.get("aliasname", "")] = columns(inner["subquery"], types, alias.get("colnames", ()))
        frame.has_others |= not types
    elif kind == "RangeVar" and "schemaname" not in inner and (part := text.derived.part(inner["relname"])) is not None:
        frame.sources[alias.get("aliasname", inner["relname"])] = part if "colnames" not in alias else {}
        frame.has_others |= not part
    else:
        frame.has_others = True
        _look_inside(kind, inner, text)


def _look_inside(kind: str, inner: Node, text: TypedText) -> None:
    if kind == "RangeFunction":
        for item in inner.get("functions", []):
            text.type_of(item["List"]["items"][0])
        return
    for part in parts_of(inner):
        text.type_of(part)
