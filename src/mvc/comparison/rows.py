"""Which rows a view has, before and after: its grain, sources, filters and body. Aliases and order do not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from mvc.comparison.changes import (
    BodyChanged,
    ColumnChange,
    ColumnRedefined,
    ColumnRetyped,
    FilterChanged,
    GrainChanged,
    RowChange,
    SourceAdded,
    SourceChange,
    SourceChanged,
    SourceRemoved,
)
from mvc.comparison.picked import PickChanged, pick_changes
from mvc.comparison.sources import is_required, same_rows
from mvc.compiled.view import CompiledColumn, CompiledSource, CompiledView


def row_changes(before: CompiledView, after: CompiledView, renamed: Mapping[str, str]) -> list[RowChange]:
    """What changed. `renamed` columns, old → new, are the same columns in the grain."""
    changes: list[RowChange] = []
    if {renamed.get(name, name) for name in before.grain} != set(after.grain):
        changes.append(GrainChanged(before.grain, after.grain))
    changes += source_changes(before.sources, after.sources)
    if Counter(before.filters) != Counter(after.filters):
        changes.append(FilterChanged(before.filters, after.filters))
    changes += pick_changes(before.picked, after.picked)
    if before.body != after.body:
        changes.append(BodyChanged())
    return changes


def of_other_rows(
    before: CompiledView, after: CompiledView, changes: Iterable[RowChange], columns: Iterable[ColumnChange] = ()
) -> Mapping[str, str]:
    """The columns whose text stayed and whose values may not have, since other rows are behind them, with what happened."""
    both = (*before.columns, *after.columns)
    key = next(_regrouped(before, after, columns), "")
    said = {column.name: f"is grouped by another `{key}`" for column in both if key and column.rows.relations}
    return said | {
        column.name: told for change in changes for column in both if (told := _other_values(column, change))
    }


def _regrouped(before: CompiledView, after: CompiledView, columns: Iterable[ColumnChange]) -> Iterator[str]:
    """The columns of the grain that are computed from something else: the rows are of other groups then."""
    grain = {*before.grain, *after.grain}
    changed = (item for item in columns if isinstance(item, ColumnRedefined | ColumnRetyped))
    yield from (item.column for item in changed if item.column in grain)


def other_rows(
    before: CompiledView, after: CompiledView, changes: Iterable[RowChange], columns: Iterable[ColumnChange]
) -> bool:
    """Whether the view may have other rows than before, and not only other values in them."""
    if any(_regrouped(before, after, columns)):
        return True
    sides = (before, after)
    relations = {relation for side in sides for relation in side.rows.relations}
    relations |= {source.relation for side in sides for source in side.sources[:1]}  # the base
    return any(_moves_rows(change, relations) for change in changes)


def _moves_rows(change: RowChange, relations: Collection[str]) -> bool:
    match change:
        case SourceChanged(relation=relation, before=before, after=after):
            required = is_required(before) or is_required(after)
            return _lets_others_count(change) and (required or _is_subquery(relation) or relation in relations)
        case SourceAdded(meaning=meaning) | SourceRemoved(meaning=meaning):
            return is_required(meaning) or change.relation in relations
    return True


def _lets_others_count(change: RowChange) -> bool:
    return not (isinstance(change, SourceChanged) and same_rows(change.before, change.after))


def _other_values(column: CompiledColumn, change: RowChange) -> str:
    match change:
        case BodyChanged():
            return "may hold other values, since the SELECT has changed"
        case SourceChanged(relation=relation) if _lets_others_count(change) and _comes_of(column, relation):
            return f"comes of {relation}, of which other rows count"
        case SourceAdded(relation=relation, meaning=meaning) if is_required(meaning) and column.rows.relations:
            return f"is computed from rows with a match in {relation} only"
        case SourceRemoved(relation=relation) if _comes_of(column, relation):
            return f"came of {relation}, which is no longer read"
        case FilterChanged() | GrainChanged() if column.rows.relations:
            return "is computed from other rows"
        case PickChanged(windowed=windowed) if column.name in windowed:
            return "is computed over other rows"
    return ""


def _comes_of(column: CompiledColumn, relation: str) -> bool:
    """Whether it is computed over a relation's rows. A subquery is told by its text, and its lineage goes through it."""
    return bool(column.rows.relations) if _is_subquery(relation) else relation in column.rows.relations


def _is_subquery(relation: str) -> bool:
    return " " in relation


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
