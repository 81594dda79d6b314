"""Bounds on a column of which an expression is a period: conditions that an index on the column can serve, or partitions by it."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlglot import exp

from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.types.columns import TRUNCATING
from mvc.catalog.types import plain_type
from mvc.expression import Expression
from mvc.quoting import literal

_LENGTHS: Final = {"quarter": "3 months"} | {
    unit: f"1 {unit}" for unit in ("second", "minute", "hour", "day", "week", "month", "year", "decade", "century")
}
_MOMENT: Final = "timestamp with time zone"

# How long before a period its rows may begin, by the type of their column. Where clocks are put back over midnight, it comes twice;
# PostgreSQL takes the second for the beginning of the day, and the rows since the first are of that day as well. Since 1892 no zone has
# put its clocks back there by more than three hours.
_BEFORE: Final = {"date": "", "timestamp without time zone": "", _MOMENT: " - INTERVAL '3 hours'"}


class _Cut(NamedTuple):
    """What an expression cuts a column to: how long a period is, and by the clock of which zone; empty for that of the column."""

    length: str
    zone: str = ""


def periods(expression: Expression, tree: JoinTree, first: str, last: str) -> tuple[str, ...]:
    """Conditions that hold for all rows from the period `first` to the period `last`, where the expression is a period of a column; an
    index on that column can serve. Else there are none.

    The cut to a date or by `date_trunc` never exchanges two moments. The end is among them: the period of infinity is infinity.
    """
    cut = _cut(expression.ast)
    if cut is None or not cut.length:
        return ()
    ref = expression.columns[0]
    type_ = plain_type(tree[ref.qualifier or ""].readable.columns[ref.name].type) or ""
    before = _BEFORE.get(type_)
    if before is None or (cut.zone and type_ != _MOMENT):
        return ()
    column = expression.source[ref.start : ref.end]
    end = f"{last} + INTERVAL '{cut.length}'"
    if not cut.zone:
        return f"{column} >= {first}{before}", f"{column} <= {end}"
    begin, end = (f"CAST({moment} AS timestamp) AT TIME ZONE {literal(cut.zone)}" for moment in (first, end))
    return f"{column} >= {begin}{before}", f"{column} <= {end}"


def _cut(node: exp.Expr) -> _Cut | None:
    """What a column is cut to; None where the expression is no such thing."""
    if isinstance(node, exp.Cast) and node.args["to"] == exp.DataType.build("date"):
        inner = _bare(node.this)
        return _truncated(inner) if isinstance(inner, TRUNCATING) else _of_column(inner, _LENGTHS["day"])
    return _truncated(node) if isinstance(node, TRUNCATING) else None


def _truncated(node: exp.Expr) -> _Cut | None:
    if node.args.get("zone"):
        return None
    return _of_column(_bare(node.this), _LENGTHS.get(node.text("unit").lower(), ""))


def _of_column(node: exp.Expr, length: str) -> _Cut | None:
    if isinstance(node, exp.AtTimeZone):
        zone = node.args["zone"]
        fits = isinstance(_bare(node.this), exp.Column) and isinstance(zone, exp.Literal) and zone.is_string
        return _Cut(length, str(zone.this)) if fits else None
    if isinstance(node, exp.Cast) and node.args["to"] == exp.DataType.build("timestamp"):
        node = _bare(node.this)
    return _Cut(length) if isinstance(node, exp.Column) else None


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node
