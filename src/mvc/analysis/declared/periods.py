"""A dimension that is a period: the first day of the unit of time that a date or time lies in, by the clock of a zone.

Nothing of it depends on the session: what is a moment is made a local time by the name of its zone first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from mvc.analysis.names.functions import Functions
from mvc.analysis.names.scope import bare_column
from mvc.analysis.relation import SourceRelation
from mvc.analysis.types.inferred_outputs import types_at
from mvc.diagnostics import Diagnostic, Findings, error
from mvc.expression import Expression, parse_expression
from mvc.expression.parse import folded
from mvc.inference.infer import infer_value
from mvc.inference.world import UNKNOWN
from mvc.model.period import CalendarPeriod
from mvc.model.view import Dimension
from mvc.quoting import literal

_DATE, _LOCAL, _MOMENT = "date", "timestamp without time zone", "timestamp with time zone"
_WITHIN_A_DAY: Final = ("hour", "minute")


def period_expression(
    item: Dimension,
    expression: Expression,
    readables: Mapping[str, SourceRelation],
    functions: Functions,
    found: Findings,
) -> Expression | None:
    """What a dimension groups by: its expression, or the period that this lies in; None, with a finding, where it is no time."""
    if item.period is None:
        return expression
    type_ = _type(expression, readables, functions)
    if problem := _problem(item, item.period, type_):
        found.add(problem)
        return None
    return parse_expression(_text(expression, type_ or _LOCAL, item.period))


def _type(expression: Expression, readables: Mapping[str, SourceRelation], functions: Functions) -> str | None:
    """The type without its length, of a domain that of its base."""

    def type_of(column: exp.Column) -> str | None:
        source = readables.get(folded(column.args.get("table")))
        return source.type_of(folded(column.this)) if source and folded(column.this) in source.columns else None

    known = types_at(expression, type_of)
    return functions.world.base(infer_value(expression.source, known, functions.world).type)


def _problem(item: Dimension, period: CalendarPeriod, type_: str | None) -> Diagnostic | None:
    span = item.sql.origin.span
    if type_ is None or type_ == UNKNOWN:
        title = f"`{item.name}` is a period of something whose type is not known"
        help_line = f"cast it: of: ({item.sql.expression.text})::timestamptz, or ::timestamp, or ::date"
        return error("MV131", span, title, label="of which type?", help=help_line)
    if type_ not in (_DATE, _LOCAL, _MOMENT):
        title = f"a period is one of a date, a timestamp or a timestamptz, and this is of type {type_}"
        return error(
            "MV131", span, title, label=f"of type {type_}", help="give it a date or a time, or group by it: expr:"
        )
    if type_ == _DATE and period.unit in _WITHIN_A_DAY:
        title = f"a date has no {period.unit}s"
        return error(
            "MV131", period.origin.span, title, label="of a date", help="write period: day, or read a timestamp"
        )
    if period.given and type_ != _MOMENT:
        title = f"a zone means nothing for a {type_.partition(' ')[0]}: it is what its clock says, wherever that hangs"
        help_line = (
            "take `zone` out; where it is the time of another zone, make it a moment first: of: (x AT TIME ZONE 'UTC')"
        )
        return error("MV131", period.given.span, title, label="no moment", help=help_line)
    return None


def _text(expression: Expression, type_: str, period: CalendarPeriod) -> str:
    value = expression.text if bare_column(expression) else f"({expression.text})"
    if type_ == _MOMENT:
        value = f"{value} AT TIME ZONE {literal(period.zone)}"
    if period.unit in _WITHIN_A_DAY:
        return f"DATE_TRUNC('{period.unit}', {value})"
    if period.unit == "day":
        return value if type_ == _DATE else f"CAST({value} AS date)"
    local = f"CAST({value} AS timestamp)" if type_ == _DATE else value
    return f"CAST(DATE_TRUNC('{period.unit}', {local}) AS date)"
