"""Which parts of a view can be refreshed alone: the groups that changed, or the rows of a period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from mvc.analysis.names.functions import Functions
from mvc.analysis.refresh.change_paths import Trace, trace, untraceable
from mvc.analysis.refresh.window_partitions import windows_beyond
from mvc.analysis.resolved import DeclaredQuery, OutputColumn, ResolvedView
from mvc.analysis.selection import Asked
from mvc.analysis.types.columns import TRUNCATING
from mvc.catalog.types import plain_type
from mvc.diagnostics import Findings, error

_ZONES_APART: Final = 26 * 3600  # seconds between the clocks of UTC+14 and UTC-12
_UNITS: Final = frozenset(
    "microseconds milliseconds second minute hour day week month quarter year decade century millennium".split()
)
_TIMES: Final = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})


@dataclass(frozen=True, slots=True)
class Period:
    """The column of the grain by which rows of a period are told, its type, and the `unit` of time that a row stands for; empty where that is not known."""

    column: str
    type: str
    unit: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a view is refreshed alone. `whole_because` says why its groups cannot be, and `period` is the column by which a
    window could be told, whether or not anybody asks for them.
    """

    trace: Trace | None = None
    window: Period | None = None
    whole_because: tuple[str, ...] = ()
    period: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """The modes, by name; none where the view is only refreshed as a whole."""
        return (*(("incremental",) if self.trace else ()), *(("window",) if self.window else ()))


def resolve_parts(
    view: ResolvedView, asked: Iterable[Asked], functions: Functions, found: Findings, timezone: str = "UTC"
) -> Parts:
    """What schedules ask for. Where one names a view that it cannot refresh in part, that is an error; where the view is one
    of many, it is refreshed as a whole. `timezone` is the project's, by whose clock a window begins.
    """
    whole_because = untraceable(view, functions)
    traced: Trace | None = None
    window: Period | None = None
    column = _time_column(view)
    beyond = _beyond(view, column)
    seconds = 0
    for item in asked if view.view.kind == "materialized" else ():
        if item.schedule.mode in ("incremental", "verify"):
            if whole_because:
                _refuse(view, item, whole_because, found)
            elif isinstance(view.query, DeclaredQuery):
                traced = trace(view.query)
        else:
            seconds = max(item.schedule.window_seconds or 0, seconds)
            window = _period(view, column, seconds, timezone) if column and not beyond else None
            if window is None:
                _refuse(view, item, beyond or ("no column of its grain is a date or a time",), found)
    told = column is not None and not beyond and view.view.kind == "materialized"
    return Parts(traced, window, whole_because, column.name if column and told else "")


def _beyond(view: ResolvedView, column: OutputColumn | None) -> tuple[str, ...]:
    """Why the rows of a period are not alone, by the windows of the view."""
    names = windows_beyond(view.query, column.name) if column and isinstance(view.query, DeclaredQuery) else ()
    return tuple(
        f"`{name}` looks at rows of other periods, since `{column.name}` is not in its `within`"
        for name in names
        if column
    )


def _refuse(view: ResolvedView, asked: Asked, reasons: Iterable[str], found: Findings) -> None:
    if not asked.by_name:
        return
    mode = asked.schedule.mode
    title = f"`{view.view.called}` cannot be refreshed with `mode: {mode}`: {'; '.join(reasons)}"
    help_line = "leave `mode` out, which refreshes it as a whole; `mvc check --modes` says what each view can have"
    span = asked.schedule.origin.at("mode").span
    found.add(error("MV604", span, title, label="not possible for this view", help=help_line))


def _time_column(view: ResolvedView) -> OutputColumn | None:
    columns = (column for name in view.grain or () if (column := view.column(name)))
    return next((item for item in columns if plain_type(item.type) in _TIMES), None)


def _period(view: ResolvedView, column: OutputColumn, seconds: int, timezone: str) -> Period:
    """Where the periods begin by another clock than windows do, they begin up to a day and two hours earlier."""
    type_ = plain_type(column.type) or ""
    apart = _ZONES_APART if _is_of_another_zone(_node(view, column.name), timezone) else 0
    return Period(column.name, type_, _unit(view, column.name, type_), seconds + apart)


def _is_of_another_zone(node: exp.Expression | None, timezone: str) -> bool:
    """Whether a zone is named that may not be the project's."""
    named = node.find_all(exp.AtTimeZone, exp.Anonymous, *TRUNCATING) if node is not None else ()
    zones = (_zone(item) for item in named)
    return any(zone and not (isinstance(zone, exp.Literal) and zone.this == timezone) for zone in zones)


def _zone(node: exp.Expression) -> exp.Expression | None:
    """Of `x AT TIME ZONE zone`, `timezone(zone, x)` and the like; of what other functions mean nothing is known."""
    if not isinstance(node, exp.Anonymous):
        return node.args.get("zone")
    return node.expressions[0] if node.name.lower() == "timezone" and len(node.expressions) == 2 else None


def _unit(view: ResolvedView, column: str, type_: str) -> str:
    """`month` for a dimension `date_trunc('month', …)`, whatever it is cast to; `day` for a moment as a date; nothing where that is not
    known, as of a date that may stand for more than its day.
    """
    whole = node = _node(view, column)
    while isinstance(node, exp.Cast | exp.Paren | exp.AtTimeZone):
        node = node.this
    if isinstance(node, TRUNCATING):
        unit = str(node.text("unit")).lower()
        return unit if unit in _UNITS else ""
    is_moment = isinstance(node, exp.Column) and node is not whole and _type_of(view, node) != "date"
    return "day" if type_ == "date" and is_moment else ""


def _type_of(view: ResolvedView, column: exp.Column) -> str | None:
    tree = view.query.tree if isinstance(view.query, DeclaredQuery) else None
    return plain_type(tree[column.table].readable.columns[column.name].type) if tree else None


def _node(view: ResolvedView, column: str) -> exp.Expression | None:
    """The dimension that a column is, where the view declares one."""
    dimensions = view.query.dimensions if isinstance(view.query, DeclaredQuery) else ()
    return next((item.expression.ast for item in dimensions if item.name == column), None)
