"""What was found of views that somebody made by hand, wherever it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mvc.catalog.types import Catalog
from mvc.spec.base import Setting

Kind = Literal["materialized view", "view"]
Place = tuple[str, str]  # schema, name


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that the language has no word for: what it is, and why it is not carried."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key of an index: a column by its name, or an expression as SQL."""

    column: str | None
    expression: str
    descending: bool = False
    nulls_first: bool = False
    opclass: str = ""
    collation: str = ""


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """An index. `is_valid` is false for one that a failed CREATE INDEX CONCURRENTLY left; `definition` is its whole text."""

    name: str
    unique: bool
    method: str
    keys: tuple[FoundKey, ...]
    include: tuple[str, ...] = ()
    where: str = ""
    parameters: Mapping[str, Setting] = field(default_factory=dict)
    nulls_not_distinct: bool = False
    is_valid: bool = True
    definition: str = ""
    lost: tuple[Lost, ...] = ()

    @property
    def identifying(self) -> tuple[str, ...]:
        """The columns of which no two rows of the view share the values; none where the index does not say so of all rows."""
        is_whole = self.unique and self.is_valid and not self.where and self.method == "btree"
        columns = tuple(key.column for key in self.keys if key.column is not None)
        return columns if is_whole and len(columns) == len(self.keys) else ()


@dataclass(frozen=True, slots=True)
class FoundView:
    """A view as it is. `columns` are its output's names in order, none where they are not known; `readers` are the roles that may read it, None among them for
    PUBLIC. `upstream` are the relations that it reads.
    """

    schema: str
    name: str
    kind: Kind
    sql: str
    columns: tuple[str, ...] = ()
    description: str = ""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    indexes: tuple[FoundIndex, ...] = ()
    readers: tuple[str | None, ...] = ()
    parameters: Mapping[str, Setting] = field(default_factory=dict)
    owner: str = ""
    extensions: tuple[str, ...] = ()
    upstream: tuple[Place, ...] = ()
    lost: tuple[Lost, ...] = ()
    authored: bool = False  # the text is its author's, not what a server made of it
    unproven: str = ""  # why it is not, though a file has one

    @property
    def place(self) -> Place:
        """Its schema and its name."""
        return self.schema, self.name


@dataclass(frozen=True, slots=True)
class FoundJob:
    """A job that refreshes views: when, in which zone, and which. `others` is what it does besides. pg_cron knows it by `number`, and
    `owner` is the role that it runs as.
    """

    name: str
    line: str
    zone: str = "UTC"
    active: bool = True
    refreshes: tuple[Place, ...] = ()
    others: tuple[str, ...] = ()
    number: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """All that was found. `version` is the major of the server, None where there is none; `zone` is that in which its dates are computed."""

    views: tuple[FoundView, ...]
    catalog: Catalog
    jobs: tuple[FoundJob, ...] = ()
    version: int | None = None
    zone: str = "UTC"
    user: str = ""
    lost: tuple[Lost, ...] = ()
