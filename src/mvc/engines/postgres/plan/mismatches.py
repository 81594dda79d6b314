"""Where a database is not as a project believes it to be: a closed union of mismatches, plain data."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.catalog.types import Column, ForeignKey, Function, Key, Relation, RelationKind
from mvc.engines.postgres.plan.state import Name


@dataclass(frozen=True, slots=True)
class RelationMissing:
    """The database has no such table or view."""

    relation: Name
    believed: Relation


@dataclass(frozen=True, slots=True)
class RelationKindDiffers:
    """It is a view instead of a table, or the like."""

    relation: Name
    believed: RelationKind
    there: RelationKind


@dataclass(frozen=True, slots=True)
class ColumnMissing:
    """The relation has no column of that name."""

    relation: Name
    believed: Column


@dataclass(frozen=True, slots=True)
class ColumnUnknown:
    """The relation has a column that the project does not know of."""

    relation: Name
    there: Column


@dataclass(frozen=True, slots=True)
class ColumnTypeDiffers:
    """The column has another type."""

    relation: Name
    column: str
    believed: str
    there: str


@dataclass(frozen=True, slots=True)
class ColumnMayBeNull:
    """The column is not NOT NULL."""

    relation: Name
    column: str


@dataclass(frozen=True, slots=True)
class KeyMissing:
    """No primary key, unique constraint or full unique index makes these columns unique."""

    relation: Name
    believed: Key


@dataclass(frozen=True, slots=True)
class ForeignKeyMissing:
    """No valid foreign key says that a row of the other relation is there."""

    relation: Name
    believed: ForeignKey


@dataclass(frozen=True, slots=True)
class FunctionMissing:
    """The database has no function that takes these arguments."""

    believed: Function


@dataclass(frozen=True, slots=True)
class FunctionDiffers:
    """A function that takes these arguments gives something else, or is of another kind or volatility."""

    believed: Function
    there: Function


RelationMismatch = (
    RelationMissing
    | RelationKindDiffers
    | ColumnMissing
    | ColumnUnknown
    | ColumnTypeDiffers
    | ColumnMayBeNull
    | KeyMissing
    | ForeignKeyMissing
)
Mismatch = RelationMismatch | FunctionMissing | FunctionDiffers


def about(mismatch: Mismatch) -> Name:
    """The relation or function that a mismatch is about."""
    if isinstance(mismatch, FunctionMissing | FunctionDiffers):
        return mismatch.believed.schema, mismatch.believed.name
    return mismatch.relation
