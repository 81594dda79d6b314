"""Windows that count time over an order which is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.analysis.declared.after import windows_of
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.inferred_outputs import OutputTypes, types_at
from mvc.diagnostics import Diagnostic, error
from mvc.inference.infer import infer_value
from mvc.inference.world import World
from mvc.model.window import Windowed

_TIMES: Final = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})


def time_problems(view: ResolvedView, world: World) -> Iterator[Diagnostic]:
    """The findings of a declared view."""
    if isinstance(view.query, DeclaredQuery):
        for item in windows_of(view.query.computed):
            if option := _counts_time(item):
                yield from _of_order(item, option, view, world)


def _counts_time(item: Windowed) -> str:
    """The option that says so; empty for none."""
    if item.by.unit:
        return "by"
    return "frame" if item.frame and (item.frame.unit or (item.frame.last and item.frame.last.unit)) else ""


def _of_order(item: Windowed, option: str, view: ResolvedView, world: World) -> Iterator[Diagnostic]:
    term = item.order[0]
    expression = term.ordered.expression
    known = types_at(expression, OutputTypes(view, world), world.catalog)
    base = world.base(infer_value(expression.source, known, world).type)
    if base is None or base in _TIMES:
        return
    title = f"`{option}` of `{item.name}` counts time, and its order is of type {base}"
    help_line = (
        "order by a date or a time, or count rows: by: 1"
        if option == "by"
        else "order by a date or a time, or count rows: frame: last 7 rows"
    )
    yield error("MV120", term.origin.span, title, label=f"of type {base}", help=help_line)
