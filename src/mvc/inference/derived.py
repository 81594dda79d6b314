"""The columns of queries that a query reads: of subqueries in FROM, of the parts of WITH, of functions. Tables are known by the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mvc.inference.world import UNKNOWN
from mvc.sql.outputs import select_names
from mvc.sql.parser import Node

Columns = Mapping[str, str | None]


@dataclass
class Frame:
    """What one SELECT reads, by alias. `has_others` tells that it reads something else, too, which may have any column."""

    sources: dict[str, Columns] = field(default_factory=dict)
    has_others: bool = False


@dataclass
class Derived:
    """The SELECTs around a place, outermost first, and the parts of WITH that can be read there."""

    frames: list[Frame] = field(default_factory=list)
    parts: list[dict[str, Columns]] = field(default_factory=list)

    def type_of(self, fields: Sequence[Node]) -> str | None:
        """Of a column that is read by its name, or by that of its source and its own."""
        names = [item.get("String", {}).get("sval", "") for item in fields]
        if len(names) == 2:
            holder = next((frame.sources[names[0]] for frame in reversed(self.frames) if names[0] in frame.sources), {})
            return holder.get(names[1])
        return self._by_name(names[0]) if len(names) == 1 else None

    def _by_name(self, name: str) -> str | None:
        for frame in reversed(self.frames):
            found = [columns[name] for columns in frame.sources.values() if name in columns]
            if found or frame.has_others:
                return found[0] if len(found) == 1 else None
        return None

    def part(self, name: str) -> Columns | None:
        """The columns of a part of WITH, None where none has the name."""
        return next((parts[name] for parts in reversed(self.parts) if name in parts), None)


def columns(query: Node, types: Sequence[str | None], given: Sequence[Node] = ()) -> Columns:
    """The columns of a query by name; `given` are the names that its alias gives to the first of them."""
    names = list(select_names(query.get("SelectStmt", query)))
    if len(names) != len(types) or None in names:
        return {}
    for number, item in enumerate(given[: len(names)]):
        names[number] = item["String"]["sval"]
    return {name: "text" if type_ == UNKNOWN else type_ for name, type_ in zip(names, types, strict=True) if name}
