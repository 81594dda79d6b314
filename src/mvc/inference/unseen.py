"""Columns that only PostgreSQL sees: sqlglot takes the first word in `date_trunc(x, y)` for a unit, so no analysis knows that `x` is read."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.inference.site import TypedText, parts_of
from mvc.sql.parser import Node


def check_seen(value: Node, text: TypedText) -> None:
    """Findings for what has none yet; of texts with queries nothing is said, whose columns may be anybody's."""
    found = list(_columns(value))
    if any("SelectStmt" in node for node in found):
        return
    told = {problem.start for problem in text.problems}
    for node in found:
        at = text.character(node["ColumnRef"]["location"])
        if at not in text.types and at not in told:
            written = ".".join(item.get("String", {}).get("sval", "*") for item in node["ColumnRef"]["fields"])
            title = f"`{written}` would be a column here, and is taken for a word of the function by this compiler"
            help_line = f"a unit stands in quotes: '{written}'; a column in brackets with a cast: ({written})::text"
            text.report("MV204", node["ColumnRef"]["location"], title, label="a unit, or a column?", help=help_line)


def _columns(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if "ColumnRef" in item or "SelectStmt" in item:
            yield item
        else:
            waiting += (part for inner in item.values() for part in parts_of(inner))
