"""Changes of partitions in plain words."""

from __future__ import annotations

from mvc.comparison.partitioning import PartitionChange, PartitionsAdded, PartitionsChanged, PartitionsRemoved
from mvc.report.diff.phrase import Phrase, values
from mvc.report.text.words import Quoted, Words


def partition_words(change: PartitionChange) -> Phrase:
    """One change of the partitions of a table."""
    match change:
        case PartitionsAdded():
            return Phrase(("partitions of ", Quoted(change.table), " are looked after"), (": ", Quoted(change.rule)))
        case PartitionsRemoved():
            return Phrase(("partitions of ", Quoted(change.table), " are no longer looked after"))
        case PartitionsChanged():
            short: Words = ("partitions of ", Quoted(change.table), ": ", Quoted(change.setting))
            return Phrase(short, values(change.before, change.after, "everything"))
