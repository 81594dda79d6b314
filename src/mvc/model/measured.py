"""The measures of a project: what a number means, before any view shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mvc.model.origin import Origin
from mvc.model.view import Aggregate, Computed, TableRef


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure. `item` has columns of `table` by their names alone, or is computed from other measures; None where it cannot be read."""

    name: str
    table: TableRef | None
    item: Aggregate | Computed | None
    unit: str
    origin: Origin = field(compare=False, repr=False)

    @property
    def reads(self) -> frozenset[str]:
        """The measures that it is computed from, as they are named."""
        columns = self.item.sql.expression.columns if isinstance(self.item, Computed) else ()
        return frozenset(ref.name for ref in columns)


def _written_alike(one: TableRef, other: TableRef) -> bool:
    return one == other


@dataclass(frozen=True)
class Measures:
    """All of them by name, whether every file of them could be read, and how two names of tables are compared."""

    known: Mapping[str, Measured] = field(default_factory=dict)
    same_table: Callable[[TableRef, TableRef], bool] = _written_alike
    complete: bool = True

    def all_read(self, name: str) -> tuple[str, ...]:
        """A measure and all that it is computed from, each once; circles end."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            if (next_ := waiting.pop()) in self.known and next_ not in found:
                found[next_] = None
                waiting += sorted(self.known[next_].reads)
        return tuple(found)
