"""What follows from a column of a view, or from which rows it has: columns of other views, and which rows these have.

A count follows from rows and from no column; a filter, a join or a grain makes rows follow from columns. So there are places of two
kinds, and every step of the way may lead from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mvc.comparison.difference import Affected, AlteredView
from mvc.compiled.view import CompiledColumn, CompiledView, RowsOf


class LineagePlace(NamedTuple):
    """A column (`schema.view.column`), or the rows of a view (`schema.view`)."""

    name: str
    rows: bool


Readers = Mapping[
    LineagePlace, list[tuple[CompiledView, str | None]]
]  # what follows in one step; None: which rows there are


def readers_of(views: Iterable[CompiledView]) -> Readers:
    """What follows from each place, one step."""
    readers: dict[LineagePlace, list[tuple[CompiledView, str | None]]] = {}
    for view in views:
        for column in view.columns:
            for place in _read_by_column(column):
                readers.setdefault(place, []).append((view, column.name))
        for place in dict.fromkeys(_read_by_rows(view.rows)):
            readers.setdefault(place, []).append((view, None))
    return readers


def downstream(view: CompiledView, altered: AlteredView, readers: Readers) -> list[Affected]:
    """What follows from what was altered about a view, nearest first. What follows from a column and from the rows is told of the column."""
    found = [item for column in altered.columns for item in _affected(view, column, readers)]
    if not altered.rows:
        return found
    told = {(item.view, item.column) for item in found}
    return [*found, *(item for item in _affected(view, None, readers) if (item.view, item.column) not in told)]


def _affected(view: CompiledView, column: str | None, readers: Readers) -> list[Affected]:
    found: list[Affected] = []
    waiting = [_place(view, column)]
    seen = set(waiting)
    for place in waiting:
        for reader, name in readers.get(place, ()):
            if (at := _place(reader, name)) not in seen:
                seen.add(at)
                waiting.append(at)
                found.append(Affected(reader.called, name, column))
    return found


def _place(view: CompiledView, column: str | None) -> LineagePlace:
    relation = f"{view.schema}.{view.name}"
    return LineagePlace(relation, rows=True) if column is None else LineagePlace(f"{relation}.{column}", rows=False)


def _read_by_column(column: CompiledColumn) -> Iterable[LineagePlace]:
    return dict.fromkeys([*(LineagePlace(name, rows=False) for name in column.lineage), *_read_by_rows(column.rows)])


def _read_by_rows(rows: RowsOf) -> Iterator[LineagePlace]:
    yield from (LineagePlace(name, rows=False) for name in rows.columns)
    yield from (LineagePlace(name, rows=True) for name in rows.relations)
