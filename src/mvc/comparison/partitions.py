"""What changed about the partitions of base tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mvc.comparison.partitioning import PartitionChange, PartitionsAdded, PartitionsChanged, PartitionsRemoved
from mvc.compiled.schedule import CompiledPartitioning
from mvc.model.length import read_length

_SETTINGS: Final = (("by", "by"), ("ahead", "ahead"), ("timezone", "timezone"), ("cron", "every"))


def partition_changes(
    before: Iterable[CompiledPartitioning], after: Iterable[CompiledPartitioning]
) -> Iterator[PartitionChange]:
    """The changes by table: those that are new, changed, gone."""
    old = {(item.table_schema, item.table): item for item in before}
    new = {(item.table_schema, item.table): item for item in after}
    for key, item in sorted(new.items()):
        if key not in old:
            yield PartitionsAdded(".".join(key), _rule(item), item.keep)
        elif old[key] != item:
            yield from _changes(".".join(key), old[key], item)
    yield from (PartitionsRemoved(".".join(key)) for key in sorted(old.keys() - new.keys()))


def _rule(item: CompiledPartitioning) -> str:
    kept = f", {item.retire} after {item.keep}" if item.keep else ""
    return f"by {item.by}, {item.ahead} ahead, in {item.timezone}{kept}"


def _changes(table: str, old: CompiledPartitioning, new: CompiledPartitioning) -> Iterator[PartitionsChanged]:
    for field, setting in _SETTINGS:
        before, after = str(getattr(old, field)), str(getattr(new, field))
        if before != after:
            yield PartitionsChanged(table, setting, before, after, less=False)
    if old.keep != new.keep:
        yield PartitionsChanged(table, "keep", old.keep, new.keep, less=_is_less(old.keep, new.keep))
    if new.keep and old.retire != new.retire:
        yield PartitionsChanged(table, "retire", old.retire, new.retire, less=new.retire == "drop")


def _is_less(before: str | None, after: str | None) -> bool:
    """Whether less is kept, or cannot be told to be no less: so many days against so many months."""
    if after is None:
        return False
    return before is None or not read_length(after).covers(read_length(before))
