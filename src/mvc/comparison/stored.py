"""What stores a view, before and after: indexes, storage parameters, and whether it has to be stored anew at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from mvc.comparison.changes import (
    IndexAdded,
    IndexRemoved,
    OptionChanged,
    ShapeChanged,
)
from mvc.comparison.upstream import UpstreamRebuilt
from mvc.compiled.view import CompiledIndex, CompiledView, StoredAs

_KEPT_IN: Final[dict[StoredAs, str]] = {
    "table": "it is kept in a table now, so that a part of it can be refreshed",
    "materialized view": "it is kept in a materialized view now, since it is always refreshed as a whole",
    "view": "nothing of it is stored now",
}


def moved(before: CompiledView, after: CompiledView) -> bool:
    """Whether another relation stores the view; the schema of the stored relations is a setting of the project."""
    return before.kind != after.kind or before.storage[1] != after.storage[1]


def stored_anew(before: CompiledView, after: CompiledView) -> bool:
    """Whether rows are computed and stored anew; a plain view stores none."""
    return after.kind == "materialized" and moved(before, after)


def shape_change(
    before: CompiledView, after: CompiledView, moved_views: Collection[str], setting: str
) -> ShapeChanged | UpstreamRebuilt | None:
    """Why another relation stores the view although everything said of it is the same. `setting` is one of the project's that
    differs, or empty.
    """
    if not moved(before, after):
        return None
    upstream = tuple(name for name in after.upstream if name in moved_views)
    if upstream:
        return UpstreamRebuilt(upstream)
    if before.stored_as != after.stored_as:
        return ShapeChanged(_KEPT_IN[after.stored_as])
    return ShapeChanged(f"the project's {setting} differs" if setting else "the compiler or the keys of the catalog")


def index_changes(before: Iterable[CompiledIndex], after: Iterable[CompiledIndex]) -> list[IndexAdded | IndexRemoved]:
    """Indexes by what they are: names, origins and order do not count."""
    old, new = _counted(before), _counted(after)
    return [
        *(IndexRemoved(text) for text in (old - new).elements()),
        *(IndexAdded(text) for text in (new - old).elements()),
    ]


def _counted(indexes: Iterable[CompiledIndex]) -> Counter[str]:
    return Counter(f"unique {item.definition}" if item.unique else item.definition for item in indexes)


def option_changes(before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]) -> list[OptionChanged]:
    """Storage parameters, by name."""
    old, new = dict(before), dict(after)
    names = sorted({*old, *new})
    return [OptionChanged(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
