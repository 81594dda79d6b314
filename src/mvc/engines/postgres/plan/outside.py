"""What a change does to views and functions outside of the project that read its views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mvc.comparison.changes import ColumnRemoved, ColumnRenamed, ViewRemoved
from mvc.comparison.difference import Class, Difference, ViewDifference
from mvc.comparison.presence import ViewRenamed
from mvc.engines.postgres.plan.obstacles import obstacles
from mvc.engines.postgres.plan.state import Dependent, Name, State

_UNKNOWN: Final = "it names the view; which columns it reads is not known"
_TRAVELS: Final[tuple[tuple[Class, str], ...]] = (
    ("access-loosened", "whoever reads through it may see more rows of the view"),
    ("access-tightened", "whoever reads through it may see fewer rows of the view"),
    ("freshness-loosened", "rows that it shows may be older"),
)


@dataclass(frozen=True, slots=True)
class OutsideReader:
    """Something outside that reads a view which changes. `columns` are those of its that go or change; `reason` says what
    becomes of it, `classes` how grave that is.
    """

    view: str
    described: str
    columns: tuple[str, ...]
    reason: str
    classes: tuple[Class, ...] = ("breaking",)


@dataclass(frozen=True, slots=True)
class _Change:
    """What becomes of a view's columns and rows."""

    gone: frozenset[str]
    renamed: frozenset[str]
    altered: frozenset[str]
    rows: bool
    removed: bool

    @property
    def columns(self) -> frozenset[str]:
        return self.gone | self.renamed | self.altered

    @property
    def any(self) -> bool:
        return bool(self.columns) or self.rows or self.removed


def outside_of(state: State, difference: Difference) -> tuple[OutsideReader, ...]:
    """Everything outside that a difference concerns, by view."""
    return tuple(item for view in difference.views for item in _of_view(view, state))


def _of_view(view: ViewDifference, state: State) -> Iterator[OutsideReader]:
    change, renamed = _change(view), _renamed(view)
    dependents = state.dependents.get(renamed[0] if renamed else (view.schema, view.view), ())
    refused = {item.dependent: item for item in obstacles(view, dependents)}
    for dependent in dependents:
        if renamed and not renamed[1] and dependent.kind == "mention":
            yield OutsideReader(
                view.called,
                dependent.described,
                (),
                f"its text names the view as {'.'.join(renamed[0])}, which it is no more",
            )
            continue
        touched = tuple(sorted(change.columns & set(dependent.columns)))
        if dependent.kind == "mention" and change.any:
            yield OutsideReader(view.called, dependent.described, (), _UNKNOWN)
        elif dependent in refused:
            yield OutsideReader(view.called, dependent.described, refused[dependent].columns, refused[dependent].why)
        elif touched or change.rows:
            yield OutsideReader(view.called, dependent.described, touched, _reason(dependent, change))
        for class_, reason in _TRAVELS:
            if class_ in view.classes and not change.removed:
                yield OutsideReader(view.called, dependent.described, (), reason, (class_,))


def _renamed(view: ViewDifference) -> tuple[Name, bool] | None:
    """What a view was called that has another name, and whether the former one stays."""
    found = next((item.change for item in view.changes if isinstance(item.change, ViewRenamed)), None)
    return (found.was, bool(found.alias_until)) if found else None


def _change(view: ViewDifference) -> _Change:
    changes = [item.change for item in view.changes]
    return _Change(
        gone=frozenset(item.column for item in changes if isinstance(item, ColumnRemoved)),
        renamed=frozenset(item.before for item in changes if isinstance(item, ColumnRenamed)),
        altered=frozenset(view.altered.columns),
        rows=view.altered.rows,
        removed=any(isinstance(item, ViewRemoved) for item in changes),
    )


def _reason(dependent: Dependent, change: _Change) -> str:
    columns = set(dependent.columns)
    if change.renamed & columns:
        return "PostgreSQL renames the column in it; its own columns keep their names"
    if change.altered & columns:
        return "it goes on with what the column means then"
    return "it goes on with the rows that the view has then"
