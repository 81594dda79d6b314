"""What a view would be called, and what it would read, without the renames that the project tells of (`was:`).

From that follows the name that the same rows were stored under, as a digest: what is stored under it is what the view says, and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mvc.analysis.relation import SourceRelation
from mvc.compiled.former import Renamed
from mvc.quoting import identifier, is_plain, qualified


@dataclass(frozen=True, slots=True)
class Before:
    """The renames that concern one view: of what it reads, by name, and of its own columns (now → then)."""

    read: Mapping[str, Renamed] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)

    def relation(self, readable: SourceRelation) -> str:
        """What a source reads: of another view of the project, its stored relation."""
        if readable.arms:
            return " and ".join(sorted(self.relation(arm.relation) for arm in readable.arms))
        if readable.reference is None:
            return self.text(f"{readable.sql}")
        found = self._of(readable)
        return qualified(*((found.storage[0], found.former.stored) if found else readable.reference))

    def column(self, readable: SourceRelation, name: str) -> str:
        """A column of a source."""
        found = self._of(readable)
        return dict(found.former.columns).get(name, name) if found else name

    def own(self, names: Iterable[str]) -> list[str]:
        """Columns of the view itself."""
        return [self.columns.get(name, name) for name in names]

    def body(self, sql: str) -> str:
        """The view's own query, where its text gives its columns their names."""
        for now, then in self.columns.items():
            named = rf"\b(AS\s+){re.escape(identifier(now))}(?![\w$])"
            sql = re.sub(named, lambda found, then=then: f"{found[1]}{identifier(then)}", sql, flags=re.IGNORECASE)  # type: ignore[misc]
        return self.text(sql)

    def text(self, sql: str) -> str:
        """A query in which storage stands in the place of views. Columns that were renamed keep their names in it."""
        for found in self.read.values():
            now, then = identifier(found.storage[1]), identifier(found.former.stored)
            name, was = identifier(found.name), identifier(found.former.name)
            sql = sql.replace(f"{now} AS {name}", f"{then} AS {was}").replace(now, then)
            if is_plain(found.name):
                sql = re.sub(rf"(?<![\w$.\"']){re.escape(name)}(?=\s*\.)", lambda _, was=was: was, sql)  # type: ignore[misc]
        return sql

    def _of(self, readable: SourceRelation) -> Renamed | None:
        return self.read.get(readable.views[0]) if readable.reference and len(readable.views) == 1 else None


NOTHING: Final = Before()
