"""Which rows a view has, before and after: its grain, sources, filters and body. Aliases and order do not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mvc.artifacts import CompiledColumn, CompiledSource, CompiledView
from mvc.comparison.changes import (
    BodyChanged,
    FilterChanged,
    GrainChanged,
    SourceAdded,
    SourceChange,
    SourceChanged,
    SourceRemoved,
)

RowChange = GrainChanged | SourceChange | FilterChanged | BodyChanged


def row_changes(before: CompiledView, after: CompiledView, renamed: Mapping[str, str]) -> list[RowChange]:
    """What changed. `renamed` columns, old → new, are the same columns in the grain."""
    changes: list[RowChange] = []
    if {renamed.get(name, name) for name in before.grain} != set(after.grain):
        changes.append(GrainChanged(before.grain, after.grain))
    changes += source_changes(before.sources, after.sources)
    if Counter(before.filters) != Counter(after.filters):
        changes.append(FilterChanged(before.filters, after.filters))
    if before.body != after.body:
        changes.append(BodyChanged())
    return changes


def of_other_rows(before: CompiledView, after: CompiledView, changes: Iterable[RowChange]) -> Mapping[str, str]:
    """The columns whose text stayed and whose values may not have, since other rows are behind them, with what happened."""
    columns = (*before.columns, *after.columns)
    return {column.name: said for change in changes for column in columns if (said := _other_values(column, change))}


def _other_values(column: CompiledColumn, change: RowChange) -> str:
    match change:
        case BodyChanged():
            return "may hold other values, since the SELECT has changed"
        case SourceChanged(relation=relation) if _comes_of(column, relation):
            return f"comes of {relation}, of which other rows count"
        case FilterChanged() | GrainChanged() if _is_aggregate(column):
            return "is computed from other rows"
    return ""


def _is_aggregate(column: CompiledColumn) -> bool:
    """Whether the value may depend on which rows there are, as far as its text tells: a call may be an aggregate."""
    return "(" in column.meaning


def _comes_of(column: CompiledColumn, relation: str) -> bool:
    """A count has no lineage, and a subquery (which is told by its text) none of its own."""
    subquery = " " in relation
    return subquery or not column.lineage or any(item.startswith(f"{relation}.") for item in column.lineage)


def source_changes(before: Iterable[CompiledSource], after: Iterable[CompiledSource]) -> list[SourceChange]:
    """Sources paired by relation and meaning, then by relation alone, in order; what is left is gone or new."""
    old, new = _unpaired(before, after), _unpaired(after, before)
    waiting = list(new)
    changed: list[SourceChange] = []
    gone: list[SourceChange] = []
    for relation, meaning in old:
        match = next((item for item in waiting if item[0] == relation), None)
        if match:
            waiting.remove(match)
            changed.append(SourceChanged(relation, meaning, match[1]))
        else:
            gone.append(SourceRemoved(relation, meaning))
    return [*gone, *changed, *(SourceAdded(*item) for item in waiting)]


def _unpaired(some: Iterable[CompiledSource], others: Iterable[CompiledSource]) -> list[tuple[str, str]]:
    """Relation and meaning of those that have no equal on the other side."""
    equal = Counter((item.relation, item.meaning) for item in others)
    left: list[tuple[str, str]] = []
    for item in some:
        key = (item.relation, item.meaning)
        if equal[key]:
            equal[key] -= 1
        else:
            left.append(key)
    return left
