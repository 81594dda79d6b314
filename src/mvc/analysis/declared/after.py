"""What is said of the rows of a view once they exist: `having`, `windows`, `keep`. The orders are made total here.

Groups → `having` → windows, each over the rows that are left → `keep`. What a condition needs is computed before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mvc.analysis.declared.computed import Derived, with_needed
from mvc.analysis.declared.grain import Grain
from mvc.diagnostics import Findings, error
from mvc.expression import Expression, Ordered, parse_expression
from mvc.model.view import Declared, OrderTerm, Sql
from mvc.model.window import Windowed
from mvc.model.window_functions import Over
from mvc.quoting import identifier
from mvc.source.words import yaml_flow


@dataclass(frozen=True, slots=True)
class After:
    """The two conditions, and which columns the view does not show."""

    having: Expression | None = None
    keep: Expression | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def conditions(self) -> tuple[Expression, ...]:
        """Those that there are."""
        return tuple(item for item in (self.having, self.keep) if item)


NOTHING: Final = After()


def resolve_after(declared: Declared, ordered: Iterable[Derived], found: Findings) -> After:
    """What is said of the rows; a finding where `having` reads a window."""
    _check_having(declared.having, {item.name: item for item in ordered}, found)
    columns = (*declared.measures, *declared.windows)
    return After(
        declared.having.expression if declared.having else None,
        declared.keep.expression if declared.keep else None,
        frozenset(item.name for item in columns if item.hidden),
    )


def windows_of(ordered: Iterable[Derived]) -> tuple[Windowed, ...]:
    """Those of the computed columns that are windows."""
    return tuple(item for item in ordered if isinstance(item, Windowed))


def totally_ordered(ordered: Iterable[Derived], grain: Grain, found: Findings) -> tuple[Derived, ...]:
    """The computed columns, each window with an order in which no two rows are equal, where that decides what it gives."""
    return tuple(_total(item, grain, found) if isinstance(item, Windowed) else item for item in ordered)


def bare_names(items: Iterable[Sql | OrderTerm]) -> Iterator[str]:
    """Of those that are a column alone, its name."""
    for item in items:
        expression = item.expression if isinstance(item, Sql) else item.ordered.expression
        ref = expression.columns[0] if len(expression.columns) == 1 and not expression.calls else None
        if ref and (ref.start, ref.end) == (0, len(expression.source)):
            yield ref.name


def _check_having(having: Sql | None, derived: Mapping[str, Derived], found: Findings) -> None:
    for ref in having.expression.columns if having else ():
        needed = with_needed((ref.name,), derived)
        window = next((name for name in sorted(needed) if isinstance(derived.get(name), Windowed)), None)
        if having and window:
            through = "" if window == ref.name else f", through `{ref.name}`"
            title = f"`having` picks groups before there are windows, and reads `{window}`{through}"
            help_line = f"write keep: {having.expression.text}; it picks rows when all windows are there"
            span = having.origin.part(ref.start, ref.end)
            found.add(error("MV313", span, title, label="a window", help=help_line))


def _total(item: Windowed, grain: Grain, found: Findings) -> Windowed:
    named = {*bare_names(item.within), *bare_names(item.order)}
    rest = [name for name in grain.columns if name not in named]
    if _goes_by_time(item):
        if rest and not _sums_up(item):
            _several_rows(item, rest, found)
        return item
    if not item.order or item.known.ties:
        return item
    terms = (OrderTerm(Ordered(parse_expression(identifier(name))), item.origin) for name in rest)
    return replace(item, order=(*item.order, *terms))


def _goes_by_time(item: Windowed) -> bool:
    """Whether rows are told by how far they are away in time, so that the order is that time alone."""
    return bool(item.by.unit or (item.frame and item.frame.last and item.frame.last.unit))


def _sums_up(item: Windowed) -> bool:
    """Whether it takes all rows of a frame alike."""
    return item.known.over is Over.FRAME


def _several_rows(item: Windowed, rest: list[str], found: Findings) -> None:
    option = "by" if item.by.unit else "frame"
    within = [sql.expression.text for sql in item.within]
    others = ", ".join(f"`{name}`" for name in rest)
    title = f"`{item.name}` looks for the row of a time, and there may be several: one for each {others}"
    help_line = f"add them to within: {yaml_flow((*within, *map(identifier, rest)))}"
    found.add(error("MV314", item.origin.at(option).span, title, label="which row?", help=help_line))
