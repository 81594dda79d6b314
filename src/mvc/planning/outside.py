"""What a change does to views and functions outside of the project that read its views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mvc.comparison.changes import ColumnRedefined, ColumnRemoved, ColumnRenamed, ColumnRetyped, ViewRemoved
from mvc.comparison.difference import Difference, ViewDifference
from mvc.planning.state import Dependent, State


@dataclass(frozen=True, slots=True)
class Outside:
    """Something outside that reads a view which changes. `columns` are those of its that go or change; `reason` says what
    becomes of it.
    """

    view: str
    described: str
    columns: tuple[str, ...]
    reason: str


def outside_of(state: State, difference: Difference) -> tuple[Outside, ...]:
    """Everything outside that a difference concerns, by view."""
    return tuple(item for view in difference.views for item in _of_view(view, state))


def _of_view(view: ViewDifference, state: State) -> Iterator[Outside]:
    changes = [item.change for item in view.changes]
    gone = {item.column for item in changes if isinstance(item, ColumnRemoved)}
    renamed = {item.before for item in changes if isinstance(item, ColumnRenamed)}
    other = {item.column for item in changes if isinstance(item, ColumnRetyped | ColumnRedefined)}
    removed = any(isinstance(item, ViewRemoved) for item in changes)
    for dependent in state.dependents.get((view.schema, view.view), ()):
        touched = (gone | renamed | other) & set(dependent.columns)
        if dependent.kind == "mention" and (gone or renamed or other or removed):
            yield Outside(view.view, dependent.described, (), "it names the view; which columns it reads is not known")
        elif removed:
            yield Outside(view.view, dependent.described, dependent.columns, "it reads the view, which goes")
        elif touched:
            reason = _reason(dependent, gone, renamed)
            yield Outside(view.view, dependent.described, tuple(sorted(touched)), reason)


def _reason(dependent: Dependent, gone: set[str], renamed: set[str]) -> str:
    columns = set(dependent.columns)
    if gone & columns:
        return "it reads a column that goes: mvc apply refuses until it is changed"
    if renamed & columns:
        return "PostgreSQL renames the column in it; its own columns keep their names"
    return "it goes on with what the column means then"
