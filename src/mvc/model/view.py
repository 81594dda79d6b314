"""A view of the project. Equal views mean the same; where they were written is left out of the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mvc.compiled.called import called
from mvc.expression import Expression
from mvc.model.aggregates import AggregateFunction, aggregate_function
from mvc.model.origin import Origin
from mvc.model.period import CalendarPeriod
from mvc.model.relations import Relation as Relation  # noqa: PLC0414
from mvc.model.relations import SubqueryRef as SubqueryRef  # noqa: PLC0414
from mvc.model.relations import TableRef as TableRef  # noqa: PLC0414
from mvc.model.relations import ViewRef as ViewRef  # noqa: PLC0414
from mvc.model.result import ResultType
from mvc.model.window import Windowed
from mvc.model.written import OrderTerm as OrderTerm  # noqa: PLC0414 - this module hands these on
from mvc.model.written import Setting as Setting  # noqa: PLC0414
from mvc.model.written import Sql as Sql  # noqa: PLC0414


@dataclass(frozen=True, slots=True)
class Source:
    """A source: `on` is None for the base. `one` claims that at most one row matches a row of the parent; where there is an `order`, the
    first row in it is the only one. `required` keeps rows of the parent that have a row here, `absent` those that have none.
    """

    alias: str
    relation: Relation
    on: Sql | None
    where: Sql | None
    required: bool
    one: bool
    origin: Origin = field(compare=False, repr=False)
    absent: bool = False
    order: tuple[OrderTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column of the grain: `sql`, or the `period` that it lies in; cast to `type` where one is said."""

    name: str
    sql: Sql
    description: str | None
    origin: Origin = field(compare=False, repr=False)
    type: ResultType | None = None
    period: CalendarPeriod | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A measure: `function` of `argument`, and of `second` where it takes two values. For `count: alias` the argument is None and `alias`
    names the source. With `limit`, only the first rows in `order` count. `of` is the source whose rows are taken once each, where the spec
    names it. `measure` is the project's, where it is one.
    """

    name: str
    function: str
    argument: Sql | None
    second: Sql | None
    alias: str | None
    where: Sql | None
    order: tuple[OrderTerm, ...]
    distinct: bool
    separator: str
    at: float | None
    default: Setting | Sql | None
    description: str | None
    origin: Origin = field(compare=False, repr=False)
    hidden: bool = False
    type: ResultType | None = None
    limit: int | None = None
    of: str | None = None
    measure: str = ""

    @property
    def values(self) -> tuple[Sql, ...]:
        """What is aggregated."""
        return tuple(item for item in (self.argument, self.second) if item)

    @property
    def known(self) -> AggregateFunction:
        """What is known of the function."""
        return aggregate_function(self.function)


@dataclass(frozen=True, slots=True)
class Computed:
    """A column computed from other columns of the view (`expr`)."""

    name: str
    sql: Sql
    default: Setting | Sql | None
    description: str | None
    origin: Origin = field(compare=False, repr=False)
    hidden: bool = False
    type: ResultType | None = None
    measure: str = ""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Everything that it reads."""
        return (self.sql.expression,)


@dataclass(frozen=True, slots=True)
class Declared:
    """A body of sources, dimensions and aggregates. The order of sources means nothing; that of columns does.

    `having` picks groups, `windows` are columns over the rows that are left, `keep` picks rows of these. `required` are aliases of which a
    row must be there, and of all between them and the base.
    """

    sources: tuple[Source, ...]
    where: Sql | None
    dimensions: tuple[Dimension, ...]
    measures: tuple[Aggregate | Computed, ...]
    having: Sql | None = None
    windows: tuple[Windowed, ...] = ()
    keep: Sql | None = None
    required: tuple[str, ...] = ()

    @property
    def derived(self) -> tuple[Computed | Windowed, ...]:
        """The columns that are computed from columns of the view."""
        return (*(item for item in self.measures if isinstance(item, Computed)), *self.windows)


@dataclass(frozen=True, slots=True)
class Body:
    """A body given as a SELECT; `grain` is claimed (None only for a plain view)."""

    sql: str
    grain: tuple[str, ...] | None
    descriptions: Mapping[str, str]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IndexKey:
    """One key of an index: an expression over the view's columns, direction, operator class, collation."""

    term: OrderTerm
    opclass: str | None = None
    collate: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """An index on the stored relation. `name` is None where one is to be made from the columns' names."""

    keys: tuple[IndexKey, ...]
    name: str | None
    method: str
    where: Sql | None
    include: tuple[str, ...]
    unique: bool
    parameters: Mapping[str, Setting]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class View:
    """One view of the project, as its author means it.

    `was` is the (schema, name) that it had before; where `alias_until` is a date, that name stays. `former_columns` are the columns that had
    another name, with that one. `apart` says that another schema has a view of its name, so that it is told by its schema as well.
    """

    name: str
    schema: str
    description: str | None
    tags: tuple[str, ...]
    kind: Literal["materialized", "plain"]
    body: Declared | Body
    indexes: tuple[Index, ...]
    parameters: Mapping[str, Setting]
    requires: tuple[str, ...]
    accept: Mapping[str, str]
    origin: Origin = field(compare=False, repr=False)
    was: tuple[str, str] | None = None
    alias_until: str = ""
    former_columns: Mapping[str, str] = field(default_factory=dict)
    apart: bool = False

    @property
    def called(self) -> str:
        """What the rest of the project calls it: no other view is called so."""
        return called(self.schema, self.name, apart=self.apart)
