"""The columns of a view, before and after: by name, then by what they are computed from. Order and nullability do not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mvc.comparison.changes import (
    ColumnAdded,
    ColumnChange,
    ColumnRedefined,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    CommentChanged,
)
from mvc.compiled.view import CompiledColumn, CompiledView


def column_changes(before: CompiledView, after: CompiledView) -> list[ColumnChange]:
    """What changed: gone, renamed, changed, added, each in the order of the columns. What a spec says of former names comes first."""
    old, new = _named(before.columns), _named(after.columns)
    gone, come = [name for name in old if name not in new], [name for name in new if name not in old]
    said = {then: now for then, now in former_columns(before, after).items() if then in gone and now in come}
    renamed = said | _renamed(
        [old[name] for name in gone if name not in said], [new[name] for name in come if name not in said.values()]
    )
    pairs = [(old[name], new[name]) for name in new if name in old]
    pairs += [(old[then], new[now]) for then, now in said.items()]
    return [
        *(ColumnRemoved(name) for name in gone if name not in renamed),
        *(ColumnRenamed(name, renamed[name]) for name in gone if name in renamed),
        *(change for pair in pairs for change in _changed(*pair)),
        *(ColumnAdded(name, new[name].meaning) for name in come if name not in renamed.values()),
    ]


def former_columns(before: CompiledView, after: CompiledView) -> Mapping[str, str]:
    """The columns that had another name, then → now, as the later of both definitions says it."""
    if after.former:
        return {then: now for now, then in after.former.columns}
    return dict(before.former.columns) if before.former else {}


def renames(changes: Iterable[object]) -> Mapping[str, str]:
    """Old names → new names."""
    return {change.before: change.after for change in changes if isinstance(change, ColumnRenamed)}


def comment_changes(before: CompiledView, after: CompiledView, renamed: Mapping[str, str]) -> list[CommentChanged]:
    """Descriptions of the view and of the columns that are on both sides; a renamed column is the same one."""
    old = {renamed.get(column.name, column.name): column for column in before.columns}
    texts = [("", before.description, after.description)]
    texts += [(item.name, old[item.name].description, item.description) for item in after.columns if item.name in old]
    return [CommentChanged(name, was, now) for name, was, now in texts if (was or None) != (now or None)]


def _named(columns: Iterable[CompiledColumn]) -> Mapping[str, CompiledColumn]:
    return {column.name: column for column in columns}


def _renamed(gone: Iterable[CompiledColumn], come: list[CompiledColumn]) -> dict[str, str]:
    """Pairs of the same meaning, in order, each column in one pair at most."""
    waiting = list(come)
    pairs: dict[str, str] = {}
    for column in gone:
        match = next((other for other in waiting if _same(column, other)), None)
        if match:
            waiting.remove(match)
            pairs[column.name] = match.name
    return pairs


def _same(one: CompiledColumn, other: CompiledColumn) -> bool:
    return bool(one.meaning) and one.meaning == other.meaning and not _retyped(one, other)


def _retyped(one: CompiledColumn, other: CompiledColumn) -> bool:
    return None not in (one.type, other.type) and one.type != other.type


def _changed(before: CompiledColumn, after: CompiledColumn) -> Iterator[ColumnRetyped | ColumnRedefined]:
    if before.type is not None and after.type is not None and _retyped(before, after):
        yield ColumnRetyped(after.name, before.type, after.type)
    if before.meaning != after.meaning:
        measure = after.measure if after.measure == before.measure else ""
        yield ColumnRedefined(after.name, before.meaning, after.meaning, measure)
