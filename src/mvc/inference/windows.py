"""Windows: the names that OVER refers to, and the types that they are parted and ordered by.

Rule source: PostgreSQL's parse_agg.c (transformWindowFuncCall), parse_clause.c (transformWindowDefinitions).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mvc.inference.comparing import check_compared, check_sorted
from mvc.inference.site import TypedText, location_of
from mvc.sql.parser import Node


def check_window(window: Node, text: TypedText) -> None:
    """Findings for what one window compares."""
    for node in window.get("partitionClause", []):
        check_compared(node, text.type_of(node), "PARTITION BY", text)
    check_sorted(window.get("orderClause", []), "ORDER BY", text)


def check_windows(inner: Node, text: TypedText) -> None:
    """Findings for the windows of one SELECT, and for names that it has not given."""
    defined = [item["WindowDef"] for item in inner.get("windowClause", [])]
    for window in defined:
        check_window(window, text)
    names = {window.get("name") for window in defined}
    for over in _overs({key: inner[key] for key in ("targetList", "sortClause") if key in inner}):
        name = over.get("name") or over.get("refname")
        if name and name not in names:
            title = f"no window of this SELECT is named `{name}`"
            help_line = f"define it behind FROM and WHERE: WINDOW {name} AS (PARTITION BY … ORDER BY …)"
            text.report("MV105", over.get("location", location_of(over)), title, label="no such window", help=help_line)


def _overs(node: Any) -> Iterator[Node]:
    """The OVER of each call, without those of queries inside."""
    if isinstance(node, list):
        for item in node:
            yield from _overs(item)
    elif isinstance(node, dict):
        if isinstance(node.get("over"), dict):
            yield node["over"]
        for key, value in node.items():
            if key not in ("over", "SelectStmt"):
                yield from _overs(value)
