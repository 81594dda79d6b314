"""The records of a query. The author's expressions stand in them as they were parsed, with the names that their columns go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mvc.analysis.relation import SourceRelation
from mvc.expression import Expression
from mvc.model.aggregates import AggregateFunction
from mvc.model.view import Setting


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """A column of what goes by `alias`; without an alias, of the only thing that is read."""

    alias: str
    name: str


@dataclass(frozen=True, slots=True)
class AuthorExpression:
    """An author's expression, of which the columns `renamed` go by other names where it stands."""

    expression: Expression
    renamed: Mapping[ColumnOf, ColumnOf] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Present:
    """Whether a source has a row: `column` is one of its columns that is never NULL there."""

    column: ColumnOf


@dataclass(frozen=True, slots=True)
class Equal:
    """All of the pairs are equal; of those that are `nullable`, NULL equals NULL."""

    pairs: tuple[tuple[Value, Value, bool], ...]


@dataclass(frozen=True, slots=True)
class SomeRow:
    """Whether a row of `source` fulfils the conditions (EXISTS), or none does."""

    source: ReadSource
    where: tuple[Condition, ...]
    none: bool = False


@dataclass(frozen=True, slots=True)
class Ordering:
    """A term of an order."""

    value: Value
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """A function over the rows of a group of which `where` holds. `at` is the percentile, `separator` stands between texts;
    of a `limit`, only so many rows count, the first in the order.
    """

    function: AggregateFunction
    values: tuple[Value, ...]
    order: tuple[Ordering, ...] = ()
    distinct: bool = False
    separator: str | None = None
    at: float | None = None
    where: tuple[Condition, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows; with a `key`, how many different values that it has without NULLs, or `once`, rows where it has one."""

    key: tuple[ColumnOf, ...] = ()
    once: bool = False
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a frame begins or ends: `count` rows, or of a `unit` of time, away; None is the end of the partition, 0 this row. An `open` one is
    not in the frame itself.
    """

    count: int | None
    unit: str = ""
    later: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class WindowCall:
    """A function over rows that share `partition`, in an order. Without `values` it takes all rows (`count`), or none (`rank`). `frame` are its two
    ends, `number` what stands behind the value.
    """

    call: str
    values: tuple[Value, ...] = ()
    partition: tuple[Value, ...] = ()
    order: tuple[Ordering, ...] = ()
    frame: tuple[Bound, Bound] | None = None
    number: int | None = None
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class PartOf:
    """A value as a part of what stands for all."""

    value: Value
    all: Value


@dataclass(frozen=True, slots=True)
class PeriodOf:
    """The beginning of the period of a moment; `unit` says which."""

    value: Value
    unit: str


@dataclass(frozen=True, slots=True)
class AnyHolds:
    """Whether a condition holds for one of the rows."""

    condition: AuthorExpression


@dataclass(frozen=True, slots=True)
class Otherwise:
    """`value`, and `default` where that is NULL."""

    value: Value
    default: Setting | AuthorExpression | CastTo


@dataclass(frozen=True, slots=True)
class CastTo:
    """A value as one of the type."""

    value: Value | Setting
    type: str


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of the result; without a name, one that is known by its place."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class ReadSource:
    """What is read under an alias: a relation, an author's subquery, or a query of ours. Of several relations only `columns` are read."""

    alias: str
    rows: SourceRelation | Select
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """A source beside those before it. Without conditions an inner one takes all pairs of rows. One that is `lateral` reads these, too."""

    source: ReadSource
    kind: Literal["inner", "left", "cross"]
    on: tuple[Condition, ...] = ()
    lateral: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """FROM and WHERE: the first source, those that are joined to it in order, and the conditions for a row."""

    source: ReadSource | None = None
    joins: tuple[Join, ...] = ()
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Select:
    """A query. `groups` are the positions, counted from 0, of the outputs by which it groups; none where it does not. Of its rows it gives the
    first `limit` in the `order`, or the first for each value of `once_per`.
    """

    outputs: tuple[ResultColumn, ...]
    reading: Reading
    groups: tuple[int, ...] = ()
    order: tuple[Ordering, ...] = ()
    once_per: tuple[Value, ...] = ()
    limit: int | None = None


Value = (
    ColumnOf
    | AuthorExpression
    | Present
    | AggregateCall
    | RowCount
    | WindowCall
    | PartOf
    | PeriodOf
    | CastTo
    | AnyHolds
    | Otherwise
)
Condition = ColumnOf | AuthorExpression | Present | Equal | SomeRow
