"""What changes of the content do: which columns and rows there are, and what they mean.

Nearly all of it is `breaking`: a query that names a lost column fails, and one that reads other values under an old name is wrong
without a word. A source that is only read as well is not (`mvc.comparison.sources`).
"""

from __future__ import annotations

from mvc.comparison.alike import named_alike
from mvc.comparison.changes import (
    BodyChanged,
    ColumnAdded,
    ColumnChange,
    ColumnRedefined,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    ContentChange,
    FilterChanged,
    GrainChanged,
    KindChanged,
    RowChange,
    SourceAdded,
    SourceChanged,
    SourceRemoved,
)
from mvc.comparison.difference import Effect
from mvc.comparison.picked import PickChanged
from mvc.comparison.sources import is_required, same_rows
from mvc.comparison.upstream import ReadFrom, UpstreamChanged


def content_effect(change: ContentChange) -> Effect:
    """What it does to readers; that rows are stored anew comes on top."""
    if isinstance(change, KindChanged):
        return _of_kind(change)
    if isinstance(change, UpstreamChanged):
        return _of_upstream(change)
    return _of_column(change) if isinstance(change, ColumnChange) else _of_rows(change)


def _of_upstream(change: UpstreamChanged) -> Effect:
    columns = ", ".join(f"`{column}`" for column in change.columns)
    parts = [f"values change under the same names ({columns})"] if columns else []
    parts += ["it has other rows"] if change.rows else []
    may = "perhaps " if change.undecided else ""
    read = ", ".join(_read(item) for item in change.through)
    return Effect("breaking", f"{may}{' and '.join(parts)}, since it reads {read}", undecided=change.undecided)


def _read(item: ReadFrom) -> str:
    return f"the rows of `{item.view}`" if item.column is None else f"`{item.view}.{item.column}`"


def _of_kind(change: KindChanged) -> Effect:
    if change.after == "materialized":
        return Effect("freshness-loosened", "readers see the rows of the last refresh, no longer those of now")
    return Effect("safe", "the same rows, computed at every question: always fresh, and slower to ask")


def _of_column(change: ColumnChange) -> Effect:
    match change:
        case ColumnAdded(column=column):
            return Effect(
                "safe",
                f"`{column}` is added, the other columns stay; a prepared `SELECT *` fails once (prepared-statements)",
            )
        case ColumnRemoved(column=column):
            return Effect("breaking", f"`{column}` is gone: whatever reads it fails")
        case ColumnRenamed(before=before, after=after):
            return Effect("breaking", f"`{before}` is called `{after}` now: whatever reads it by the old name fails")
        case ColumnRetyped(column=column, before=before, after=after):
            return Effect(
                "breaking", f"`{column}` is {after}, no longer {before}: readers may compare or sort it otherwise"
            )
        case ColumnRedefined(column=column, before=before, after=after) if named_alike(before, after):
            reason = f"`{column}` is written otherwise; whether it still holds the same values is not decided"
            return Effect("breaking", reason, undecided=True)
        case ColumnRedefined(column=column, measure=measure):
            since = f", as the measure `{measure}` does" if measure else ""
            return Effect("breaking", f"`{column}` holds other values under the same name{since}")


def _of_rows(change: RowChange) -> Effect:
    match change:
        case GrainChanged(after=after):
            return Effect("breaking", f"a row stands for something else: {_grain(after)}")
        case FilterChanged(before=before, after=after) if named_alike(" and ".join(before), " and ".join(after)):
            reason = "the filter is written otherwise; whether the same rows count is not decided"
            return Effect("breaking", reason, undecided=True)
        case FilterChanged():
            return Effect("breaking", "other rows count: values change under the same names")
        case PickChanged():
            return _of_pick(change)
        case BodyChanged():
            reason = "the SELECT has changed: other rows may count, and values change under the same names"
            return Effect("breaking", reason, undecided=True)
        case SourceAdded() | SourceRemoved() | SourceChanged():
            return _of_source(change)


def _of_source(change: SourceAdded | SourceRemoved | SourceChanged) -> Effect:
    match change:
        case SourceAdded(relation=relation, meaning=meaning) if is_required(meaning):
            return Effect(
                "breaking", f"only rows with a match in {relation} count now: values change under the same names"
            )
        case SourceAdded(relation=relation):
            return Effect("safe", f"{relation} is read as well; it takes no row away from what was there")
        case SourceRemoved(relation=relation):
            return Effect("breaking", f"{relation} is no longer read: values change under the same names")
        case SourceChanged(relation=relation, before=before, after=after) if same_rows(before, after):
            return Effect("safe", f"the same rows, as long as what is claimed of {relation} holds")
        case SourceChanged(relation=relation, before=before, after=after) if named_alike(before, after):
            reason = f"what picks rows of {relation} is written otherwise; whether the same ones count is not decided"
            return Effect("breaking", reason, undecided=True)
        case SourceChanged(relation=relation):
            return Effect("breaking", f"other rows of {relation} count: values change under the same names")


def _of_pick(change: PickChanged) -> Effect:
    if named_alike(" and ".join(change.before), " and ".join(change.after)):
        reason = f"`{change.key}` is written otherwise; whether the same rows are left is not decided"
        return Effect("breaking", reason, undecided=True)
    what = "other groups are left" if change.key == "having" else "other rows are kept"
    columns = ", ".join(f"`{name}`" for name in change.windowed)
    also = f", and values change under the same names ({columns})" if columns else ""
    return Effect("breaking", f"{what}: rows come and go{also}")


def _grain(columns: tuple[str, ...]) -> str:
    return f"one row for each {', '.join(f'`{item}`' for item in columns)}" if columns else "no column identifies it"
