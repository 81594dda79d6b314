"""Columns computed from other columns of the view, in an order in which each can be computed."""

from __future__ import annotations

from mvc.analysis.names.functions import ExpressionPlace, Functions, check_calls, is_aggregate
from mvc.catalog import builtins
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.model.view import Computed, Declared

EXPR = ExpressionPlace("a computed column")
LONGEST = 65_536  # characters of a column written out; the server, too, puts each in the place of its name
DEEPEST = 64  # columns computed from each other


def order_computed(declared: Declared, functions: Functions, found: Findings) -> tuple[Computed, ...]:
    """The computed columns, each after those that it reads; findings for unknown columns and circles."""
    names = {item.name for item in (*declared.dimensions, *declared.measures)}
    computed = [item for item in declared.measures if isinstance(item, Computed)]
    for item in computed:
        check_calls(item.sql, EXPR, functions, found)
        _check_names(item, names, found)
    ready = names - {item.name for item in computed}
    missing = {item.name: (_reads(item) & names) - ready for item in computed}
    ordered: list[Computed] = []
    while len(ordered) < len(computed):
        level = [item for item in computed if item.name not in ready and missing[item.name] <= ready]
        if not level:
            found.extend(_circle(item) for item in computed if item.name not in ready)
            break
        ordered += level
        ready |= {item.name for item in level}
    _check_lengths(ordered, found)
    return tuple(ordered)


def _check_lengths(ordered: list[Computed], found: Findings) -> None:
    """A finding for the first column that is too much, written out: each time that one reads another twice, it is twice as long."""
    lengths: dict[str, int] = {}
    depths: dict[str, int] = {}
    for item in ordered:
        read = [ref.name for ref in item.sql.expression.columns if ref.name in lengths]
        lengths[item.name] = len(item.sql.expression.text) + sum(lengths[name] for name in read)
        depths[item.name] = 1 + max((depths[name] for name in read), default=0)
        if lengths[item.name] > LONGEST or depths[item.name] > DEEPEST:
            title = f"`{item.name}` is too much, with the columns that it is computed from written out"
            label = f"{lengths[item.name]:,} characters, {depths[item.name]} within each other"
            help_line = "give what is used often a view of its own, and read that: sources: {v: {view: NAME}}"
            found.add(error("MV101", item.sql.origin.span, title, label=label, help=help_line))
            return


def _reads(item: Computed) -> set[str]:
    return {ref.name for ref in item.sql.expression.columns}


def levels(computed: tuple[Computed, ...]) -> list[list[Computed]]:
    """Runs of columns that do not read each other: each run is one SELECT around the last."""
    runs: list[list[Computed]] = []
    for item in computed:
        if not runs or any(other.name in _reads(item) for other in runs[-1]):
            runs.append([])
        runs[-1].append(item)
    return runs


def _check_names(item: Computed, names: set[str], found: Findings) -> None:
    calls = [call for call in item.sql.expression.calls if is_aggregate(builtins.builtin(call.name))]
    for ref in item.sql.expression.columns:
        if any(call.open < ref.start < call.close for call in calls):
            continue  # said of the aggregate already
        span = item.sql.origin.part(ref.start, ref.end)
        if ref.qualifier is not None:
            title = "`expr` reads columns of this view, by their names alone"
            found.add(error("MV210", span, title, help="to aggregate a source's column, use a function: sum, avg, …"))
        elif ref.name not in names:
            near = did_you_mean(ref.name, names - {item.name}, "columns of this view")
            found.add(error("MV204", span, f"this view has no column `{ref.name}`", label="no such column", help=near))
    if item.sql.expression.subquery is not None:
        found.add(
            error("MV103", item.sql.origin.span, "a subquery cannot stand here", help="give the view a `sql:` body")
        )


def _circle(item: Computed) -> Diagnostic:
    others = ", ".join(f"`{name}`" for name in sorted(_reads(item)))
    return error("MV211", item.origin.key_span, f"`{item.name}` is computed from itself, through {others}")
