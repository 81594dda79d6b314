"""What a source may read: relations of the database, another view, a subquery, rows that stand in the spec, a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mvc.model.written import Setting


@dataclass(frozen=True, slots=True)
class TableRef:
    """A relation of the database."""

    schema: str | None
    name: str


@dataclass(frozen=True, slots=True)
class ViewRef:
    """Another view of the project."""

    name: str


@dataclass(frozen=True, slots=True)
class SubqueryRef:
    """A SELECT with the key that its author claims for it."""

    sql: str
    key: tuple[str, ...]


Cell = Setting | None


@dataclass(frozen=True, slots=True)
class GivenColumn:
    """A column of values that stand in the spec. Its `type` is as `format_type()` spells it; it is `said`, or follows from the values."""

    name: str
    type: str
    said: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class ValuesRef:
    """Rows that stand in the spec."""

    columns: tuple[GivenColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpineRef:
    """The periods of a length, from the one that holds the day `first` to the one that holds `last`; None is today, in the `zone`."""

    unit: str
    first: date | None
    last: date | None
    zone: str


@dataclass(frozen=True, slots=True)
class UnionRef:
    """Several relations of the database, read as one; `names` are what they are called in the spec."""

    tables: tuple[TableRef, ...]
    names: tuple[str, ...]


Relation = TableRef | ViewRef | SubqueryRef | ValuesRef | SpineRef | UnionRef
