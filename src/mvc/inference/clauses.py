"""What the clauses of a SELECT ask of its list: GROUP BY and DISTINCT equality, ORDER BY an order, and DISTINCT what it sorts by.

Rule source: PostgreSQL's parse_clause.c (findTargetlistEntrySQL92, transformDistinctClause, transformDistinctOnClause).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mvc.inference.comparing import check_compared
from mvc.inference.dressed import same
from mvc.inference.site import TypedText, location_of
from mvc.sql.parser import Node


class Target(NamedTuple):
    """An item of a SELECT list."""

    node: Node
    name: str
    type: str | None


def targets_of(inner: Node, text: TypedText) -> list[Target]:
    """The list of a SELECT, each item with its type."""
    items = [item["ResTarget"] for item in inner.get("targetList", [])]
    return [
        Target(item.get("val", {}), item.get("name", ""), text.type_of(item["val"]) if "val" in item else None)
        for item in items
    ]


def check_clauses(inner: Node, targets: list[Target], text: TypedText) -> None:
    """Findings for one SELECT."""
    for node, type_ in _grouped(inner, targets, text):
        check_compared(node, type_, "GROUP BY", text)
    for item in inner.get("sortClause", []):
        node = item["SortBy"]["node"]
        if "useOp" not in item["SortBy"]:
            target = _meant(node, targets)
            check_compared(node, target.type if target else text.type_of(node), "ORDER BY", text, sorted_=True)
    _check_distinct(inner, targets, text)


def _grouped(inner: Node, targets: list[Target], text: TypedText) -> Iterator[tuple[Node, str | None]]:
    """The terms of GROUP BY; those of sets are left to a server. A name is first a column that is read, then one of the list."""
    for node in inner.get("groupClause", []):
        if "GroupingSet" in node:
            continue
        type_ = text.type_of(node)
        target = _meant(node, targets) if type_ is None or "A_Const" in node else None
        yield node, target.type if target else type_


def _meant(node: Node, targets: list[Target]) -> Target | None:
    """The item of the list that a number or a bare name means."""
    number = node.get("A_Const", {}).get("ival", {}).get("ival")
    if number is not None:
        return targets[number - 1] if 1 <= number <= len(targets) else None
    fields = node.get("ColumnRef", {}).get("fields", [])
    name = fields[0].get("String", {}).get("sval") if len(fields) == 1 else None
    return next((item for item in targets if name is not None and name == item.name), None)


def _check_distinct(inner: Node, targets: list[Target], text: TypedText) -> None:
    clause = inner.get("distinctClause")
    if clause is None:
        return
    once = [node for node in clause if node]
    for node in once or [item.node for item in targets]:
        target = _meant(node, targets) if once else None
        check_compared(node, target.type if target else text.type_of(node), "DISTINCT", text)
    if any("A_Star" in part for item in targets for part in item.node.get("ColumnRef", {}).get("fields", [])):
        return  # what it stands for is not known here
    terms = [item["SortBy"]["node"] for item in inner.get("sortClause", [])]
    _check_on(once, terms, targets, text) if once else _check_order(terms, targets, text)


def _check_order(terms: list[Node], targets: list[Target], text: TypedText) -> None:
    """After DISTINCT there is nothing left but the list."""
    listed = {same(item.node) for item in targets}
    for term in terms:
        if _meant(term, targets) is None and same(term) not in listed and "A_Const" not in term:
            title = "with SELECT DISTINCT, ORDER BY reads its columns only"
            shown = text.written(term)
            help_line = f"add {shown} to the list, or group instead: GROUP BY … ORDER BY min({shown})"
            text.report("MV219", location_of(term), title, label="not in the list", help=help_line)
            return


def _check_on(once: list[Node], terms: list[Node], targets: list[Target], text: TypedText) -> None:
    """`DISTINCT ON (a)` takes the first row of each `a`, so `a` leads the order."""
    wanted = {_form(node, targets) for node in once}
    for term in terms:
        form = _form(term, targets)
        if not wanted:
            return
        if form not in wanted and wanted != {""}:
            shown = ", ".join(text.written(node) for node in once)
            title = "DISTINCT ON takes the first row of each value, and ORDER BY does not begin with these"
            text.report("MV219", location_of(term), title, label="this comes first", help=f"write ORDER BY {shown}, …")
            return
        wanted.discard(form)


def _form(node: Node, targets: list[Target]) -> str:
    target = _meant(node, targets)
    return same(target.node if target else node)
