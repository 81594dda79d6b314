"""One view, before and after: all its changes in the order of a spec, from what it is to how it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mvc.comparison.access import access_changes
from mvc.comparison.changes import (
    ColumnChange,
    ColumnRedefined,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    ContentChange,
    KindChanged,
    RequirementChanged,
    ViewChange,
)
from mvc.comparison.columns import column_changes, comment_changes, renames
from mvc.comparison.freshness import Freshness, freshness_changes
from mvc.comparison.reach import Reached, said_of
from mvc.comparison.rows import of_other_rows, row_changes
from mvc.comparison.stored import index_changes, option_changes, shape_change
from mvc.comparison.upstream import UpstreamOlder
from mvc.compiled.view import CompiledView


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a view's changes follow from beside itself.

    `moved` are the views that another relation stores now. `reached` is what about the view follows from changes of others, `older` are those
    that it reads whose rows may be older. `setting` is one of the project's that differs and decides what is stored.
    """

    moved: frozenset[str]
    reached: Reached | None
    older: tuple[str, ...]
    before: Freshness
    after: Freshness
    setting: str


def view_changes(before: CompiledView, after: CompiledView, around: Surroundings) -> list[ViewChange]:
    """Everything that changed about a view that is on both sides."""
    columns = column_changes(before, after)
    renamed = renames(columns)
    rows = row_changes(before, after, renamed)
    upstream = [around.reached.change] if around.reached else []
    content: list[ContentChange] = [*_kind(before, after), *columns, *rows, *upstream]
    other = {**of_other_rows(before, after, rows, columns), **_not_the_same(columns, around.reached)}
    shape = None if content else shape_change(before, after, around.moved, around.setting)
    return [
        *content,
        *([shape] if shape else ()),
        *index_changes(before.indexes, after.indexes),
        *option_changes(before.options, after.options),
        *_requirements(before, after),
        *access_changes(before.access, after.access, other),
        *comment_changes(before, after, renamed),
        *(freshness_changes(around.before, around.after) if before.kind == after.kind == "materialized" else ()),
        *([UpstreamOlder(around.older)] if around.older else ()),
    ]


def gone_columns(changes: Iterable[ColumnChange]) -> list[str]:
    """Columns that are no longer there under their name."""
    return [name for change in changes for name in _gone(change)]


def _gone(change: ColumnChange) -> Iterator[str]:
    if isinstance(change, ColumnRemoved):
        yield change.column
    elif isinstance(change, ColumnRenamed):
        yield change.before


def _not_the_same(columns: Iterable[ColumnChange], reached: Reached | None) -> Mapping[str, str]:
    """The columns that are not what they were, with what happened to each; a view's own change is told first."""
    said = dict(said_of(reached)) if reached else {}
    for change in columns:
        if isinstance(change, ColumnRetyped):
            said[change.column] = f"is {change.after} now, no longer {change.before}"
        elif isinstance(change, ColumnRedefined):
            said[change.column] = "is computed differently now"
        elif isinstance(change, ColumnRenamed):
            said[change.before] = f"is named `{change.after}` now"
    return said


def _kind(before: CompiledView, after: CompiledView) -> list[KindChanged]:
    return [KindChanged(before.kind, after.kind)] if before.kind != after.kind else []


def _requirements(before: CompiledView, after: CompiledView) -> list[RequirementChanged]:
    same = set(before.requires) == set(after.requires)
    return [] if same else [RequirementChanged(before.requires, after.requires)]
