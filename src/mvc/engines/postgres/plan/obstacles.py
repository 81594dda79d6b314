"""What reads a view from outside of the project and does not survive a change of it: apply refuses by this, and a diff says it before.

PostgreSQL replaces a view in place unless a column goes or changes its type; then the view is created anew, and plain views that read it with
it. Nothing else can be: a materialized view, a function or a table of the view's row type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mvc.comparison.changes import ColumnRemoved, ColumnRetyped, ViewRemoved
from mvc.comparison.difference import ViewDifference
from mvc.engines.postgres.plan.state import Dependent


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something outside that a change cannot be made beside. `columns` are those that it reads and that go; `why` has it as its subject."""

    dependent: Dependent
    columns: tuple[str, ...]
    message: str
    why: str
    hint: str


def unfit_columns(view: ViewDifference) -> list[str]:
    """The columns for whose sake PostgreSQL does not let the view be replaced in place: those that go or change their type."""
    return sorted(
        {item.change.column for item in view.changes if isinstance(item.change, ColumnRemoved | ColumnRetyped)}
    )


def obstacles(view: ViewDifference, dependents: Iterable[Dependent]) -> Iterator[Obstacle]:
    """Those of what reads a view that changes, or goes."""
    found = [item.change for item in view.changes]
    removed = any(isinstance(item, ViewRemoved) for item in found)
    gone = {item.column for item in found if isinstance(item, ColumnRemoved)}
    anew = unfit_columns(view)
    for item in dependents:
        lost = tuple(sorted(gone & set(item.columns)))
        if item.kind == "mention":
            continue
        if removed:
            message = f"{view.called} is no longer in the project, and is read by {item.described}"
            yield Obstacle(
                item, item.columns, message, "it reads the view, which goes", "change or drop what reads it first"
            )
        elif lost:
            message = f"{item.described} reads {', '.join(f'{view.called}.{name}' for name in lost)}, which goes"
            why = "it reads a column that goes: mvc apply refuses until it is changed"
            yield Obstacle(item, lost, message, why, "change or drop it first, or keep the column")
        elif item.kind == "fixed" and anew:
            because = f"{', '.join(anew)} goes or changes its type"
            message = f"{view.called} must be created anew, since {because}, and {item.described} reads it"
            why = f"the view must be created anew, since {because}, and this cannot: mvc apply refuses until it is dropped"
            hint = "drop it first and create it again afterwards, or keep the column as it is"
            yield Obstacle(item, (), message, why, hint)
