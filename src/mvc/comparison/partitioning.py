"""What can change about the partitions of base tables; a part of the closed union in `changes`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartitionsAdded:
    """A table whose partitions are looked after now, as `rule` says in words; `keep` is None where nothing is retired."""

    table: str
    rule: str
    keep: str | None


@dataclass(frozen=True, slots=True)
class PartitionsRemoved:
    """A table whose partitions nobody looks after any longer."""

    table: str


@dataclass(frozen=True, slots=True)
class PartitionsChanged:
    """One setting of a table's partitions: `by`, `ahead`, `keep`, `retire`, `timezone`, `every`. None: keeps everything."""

    table: str
    setting: str
    before: str | None
    after: str | None
    less: bool  # whether rows are retired that were kept, or are gone where they were set aside


PartitionChange = PartitionsAdded | PartitionsRemoved | PartitionsChanged
