"""What is computed from columns of the view, and what picks its rows then: SELECTs around the groups, one for each level of dependence.

`having` stands in the first one that has all it needs, and windows are computed after it; so does `keep` with windows. A level that
is not needed is not there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mvc.analysis.declared.computed import Derived, with_needed
from mvc.analysis.resolved import DeclaredQuery
from mvc.expression import Expression
from mvc.model.view import Computed
from mvc.model.window import Windowed
from mvc.shape.measures import finished
from mvc.shape.records import AuthorExpression, ColumnOf, Reading, ReadSource, ResultColumn, Select, Value
from mvc.shape.windows import Made, window_columns

COMPUTED_OVER: Final = "columns_of_view"  # what the columns of a view go by where others are computed from them


@dataclass(frozen=True, slots=True)
class _Stage:
    """Columns to compute over the rows for which a condition holds."""

    columns: tuple[Derived, ...]
    where: Expression | None = None


def with_after(select: Select, query: DeclaredQuery, order: list[str]) -> Select:
    """The groups with what is computed and picked around them; `order` are the columns of the view."""
    known = [item.name for item in query.dimensions]
    known += [measure.name for block in query.blocks for measure in block.measures]
    taken = {*known, *(item.name for item in query.computed)}
    steps = [step for stage in _stages(query) for step in _steps(stage, taken)]
    for number, (run, where) in enumerate(steps):
        here = {item.name: item.value for item in run}
        known += here
        listed = order if number == len(steps) - 1 else known
        outputs = tuple(ResultColumn(column, here.get(column, ColumnOf("", column))) for column in listed)
        conditions = (AuthorExpression(where),) if where else ()
        select = Select(outputs, Reading(ReadSource(COMPUTED_OVER, select), where=conditions))
    return select


def has_after(query: DeclaredQuery) -> bool:
    """Whether anything stands around the groups."""
    return bool(query.computed or query.after.conditions)


def _stages(query: DeclaredQuery) -> Iterator[_Stage]:
    """What `having` needs; windows, what they and `keep` need; the rest. Without a condition there is nothing to wait for."""
    after, left = query.after, list(query.computed)
    derived = {item.name: item for item in left}
    first = with_needed(_names(after.having), derived)
    windows = [item.name for item in left if isinstance(item, Windowed)]
    second = with_needed([*windows, *_names(after.keep)], derived) if after.keep else frozenset(derived)
    stages = [(first if after.having else frozenset(), None), (second, after.having), (frozenset(derived), after.keep)]
    for names, where in stages:
        taken = [item for item in left if item.name in names]
        left = [item for item in left if item not in taken]
        yield _Stage(tuple(taken), where)


def _names(condition: Expression | None) -> list[str]:
    return [ref.name for ref in condition.columns] if condition else []


def _steps(stage: _Stage, taken: Collection[str]) -> Iterator[tuple[list[Made], Expression | None]]:
    """One SELECT for each run of columns that do not read each other; the first one has the condition."""
    left = [part for item in stage.columns for part in _made(item, taken)]
    where = stage.where
    while left or where:
        run = _run(left)
        yield run, where
        left = [item for item in left if item not in run]
        where = None


def _run(left: list[Made]) -> list[Made]:
    """What can be computed next. Windows wait for others to which only columns of their own rows are missing: those of one SELECT share sorts."""
    names = {item.name for item in left}
    ready = [item for item in left if not item.reads & names]
    plain = [item for item in ready if not item.windowed]
    missing = {item.name for item in left if not item.windowed}
    waits = any(item.windowed and item.reads & missing for item in left)
    return plain if plain and waits else ready


def _made(item: Derived, taken: Iterable[str]) -> tuple[Made, ...]:
    if isinstance(item, Computed):
        read = frozenset(ref.name for ref in item.sql.expression.columns)
        value: Value = finished(AuthorExpression(item.sql.expression), item)
        return (Made(item.name, read, value, windowed=False),)
    return window_columns(item, taken)
