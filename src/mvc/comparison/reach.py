"""How changes of views travel to those that read them: what of each is not what it was, and where rows may be older."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mvc.comparison.changes import (
    ColumnChange,
    ColumnRedefined,
    ColumnRetyped,
)
from mvc.comparison.columns import renames
from mvc.comparison.content import content_effect
from mvc.comparison.difference import AlteredView
from mvc.comparison.lineage import Readers, downstream
from mvc.comparison.rows import of_other_rows, other_rows, row_changes
from mvc.comparison.upstream import ReadFrom, UpstreamChanged
from mvc.compiled.view import CompiledView


@dataclass(frozen=True, slots=True)
class Seed:
    """What changes of its own spec alter about a view; `undecided` says that it only may be so."""

    altered: AlteredView
    undecided: bool


@dataclass
class Reached:
    """What about a view follows from changes of others: by column, and for its rows (None), what of these it is read through."""

    by_column: dict[str | None, ReadFrom] = field(default_factory=dict)
    through: dict[ReadFrom, None] = field(default_factory=dict)
    undecided: bool = True

    @property
    def altered(self) -> AlteredView:
        """The columns and rows that are not what they were."""
        return AlteredView(tuple(name for name in self.by_column if name is not None), None in self.by_column)

    @property
    def change(self) -> UpstreamChanged:
        """It as a change."""
        return UpstreamChanged(self.altered.columns, self.altered.rows, tuple(self.through), self.undecided)


def seed_of(before: CompiledView, after: CompiledView, columns: Iterable[ColumnChange]) -> Seed:
    """What changes of a view's own spec alter about it."""
    columns = list(columns)
    rows = row_changes(before, after, renames(columns))
    changed = dict.fromkeys(item.column for item in columns if isinstance(item, ColumnRetyped | ColumnRedefined))
    there = {column.name for column in after.columns}
    others = [name for name in of_other_rows(before, after, rows, columns) if name in there]
    altered = AlteredView(tuple(dict.fromkeys([*changed, *others])), other_rows(before, after, rows, columns))
    causes = [*(item for item in columns if isinstance(item, ColumnRetyped | ColumnRedefined)), *rows]
    return Seed(altered, undecided=all(content_effect(item).undecided for item in causes))


def reached_from(views: Iterable[tuple[CompiledView, Seed]], readers: Readers) -> Mapping[str, Reached]:
    """By view: what of it follows from what these views' own changes alter."""
    found: dict[str, Reached] = {}
    for view, seed in views:
        for item in downstream(view, seed.altered, readers):
            reached = found.setdefault(item.view, Reached())
            source = ReadFrom(view.called, item.through)
            reached.by_column.setdefault(item.column, source)
            reached.through[source] = None
            reached.undecided &= seed.undecided
    return found


def older_from(views: Iterable[CompiledView], older: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """By view: what it reads whose rows may be older, where those of `older` may be for a reason of their own.

    `views` are in an order in which what is read comes first.
    """
    aged = set(older)
    found: dict[str, tuple[str, ...]] = {}
    for view in views:
        if read := tuple(name for name in view.upstream if name in aged):
            found[view.called] = read
            aged.add(view.called)
    return found


def said_of(reached: Reached) -> Iterator[tuple[str, str]]:
    """What happened to each column, in words for a rule that reads it."""
    for column, source in reached.by_column.items():
        if column is not None and source.column is not None:
            yield column, f"is computed from `{source.view}.{source.column}`, which is not what it was"
        elif column is not None:
            yield column, f"is computed over the rows of `{source.view}`, which are not what they were"
