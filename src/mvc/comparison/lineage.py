"""Columns of other views of the project that are computed from a column, through any number of views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mvc.artifacts import CompiledView
from mvc.comparison.difference import Affected

Readers = Mapping[str, list[tuple[CompiledView, str]]]  # `schema.view.column` → the columns computed from it


def readers_of(views: Iterable[CompiledView]) -> Readers:
    """What is computed from each column, one step."""
    readers: dict[str, list[tuple[CompiledView, str]]] = {}
    for view in views:
        for column in view.columns:
            for read in column.lineage:
                readers.setdefault(read, []).append((view, column.name))
    return readers


def downstream(view: CompiledView, columns: Iterable[str], readers: Readers) -> list[Affected]:
    """What is computed from columns of a view, nearest first; `through` is the column of `view`."""
    return [item for column in columns for item in _affected(view, column, readers)]


def _affected(view: CompiledView, column: str, readers: Readers) -> list[Affected]:
    found: list[Affected] = []
    waiting = [_place(view, column)]
    seen = set(waiting)
    for place in waiting:
        for reader, name in readers.get(place, ()):
            if (at := _place(reader, name)) not in seen:
                seen.add(at)
                waiting.append(at)
                found.append(Affected(reader.name, name, column))
    return found


def _place(view: CompiledView, column: str) -> str:
    return f"{view.schema}.{view.name}.{column}"
