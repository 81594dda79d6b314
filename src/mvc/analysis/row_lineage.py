"""Which rows are behind something: of which relations, and by which columns they are picked, joined and grouped.

Lineage by columns says what a value is computed from; this says what decides which rows that computation sees. A count has the one
without the other. Only data and its sums live here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Origin = tuple[str, str]  # (described relation, column)


@dataclass(frozen=True, slots=True)
class RowLineage:
    """`relations` of whose rows it depends which there are, and `columns` that decide which of them count."""

    relations: frozenset[str] = frozenset()
    columns: frozenset[Origin] = frozenset()

    def __or__(self, other: RowLineage) -> RowLineage:
        return RowLineage(self.relations | other.relations, self.columns | other.columns)


NO_ROWS = RowLineage()  # of a value that depends on its own row only


def together(parts: Iterable[RowLineage]) -> RowLineage:
    """All that any of them depends on."""
    found = NO_ROWS
    for part in parts:
        found |= part
    return found
