"""What the compiler knows of the database below the views. Immutable; equal content is equal.

Types are spelled as `format_type()` spells them (`timestamp with time zone`, `numeric(12,2)`), whatever the DDL said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from mvc.quoting import qualified

_MODIFIER: Final = re.compile(r"\(\d+(?:,\s*-?\d+)?\)")

RelationKind = Literal["table", "partitioned table", "partition", "view", "materialized view", "foreign table"]
PartitionMethod = Literal["", "range", "list", "hash", "expression"]
Volatility = Literal["immutable", "stable", "volatile"]
FunctionKind = Literal["function", "aggregate", "window", "procedure"]


def plain_type(type_: str | None) -> str | None:
    """The type without its modifier: `numeric(12,2)` → `numeric`."""
    return _MODIFIER.sub("", type_) if type_ else None


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `type` is None where it cannot be known without a server (an expression in a view's DDL). `collation` is named only where it calls
    texts equal that are not the same (`deterministic = false`).
    """

    name: str
    type: str | None
    nullable: bool = True
    collation: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key, unique constraint or full unique index on plain columns: at most one row per non-null value.

    Partial and expression indexes are no keys. A primary key's columns are also NOT NULL in `Relation.columns`.
    """

    columns: tuple[str, ...]
    primary: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` refer to `target_columns` of the relation `target` (schema, name)."""

    columns: tuple[str, ...]
    target: tuple[str, str]
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of the database. `partition_by` holds the columns of the partition key, in order.

    `indexes` are the plain columns with which each of its other B-tree indexes on all rows begins: a hint for how a query is written, by which
    no two relations differ. `partition_method` is empty where there is none, `expression` where a part of the key is more than a column.
    """

    schema: str
    name: str
    kind: RelationKind
    columns: tuple[Column, ...]
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    partition_by: tuple[str, ...] = ()
    row_security: bool = False
    partition_method: PartitionMethod = ""
    indexes: tuple[tuple[str, ...], ...] = field(default=(), compare=False)

    def column(self, name: str) -> Column | None:
        """The column of that exact name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Function:
    """A function: `arguments` are the input types; the last `defaults` of them may be left out; `variadic` takes more.

    `argument_names` is empty where no argument has a name, else as long as `arguments` (with "" for those without).
    `columns` are those of `RETURNS TABLE (…)` and of OUT arguments, where there are several (a procedure's always). `extension` names the
    extension that it came with, if any (only a live database tells). `late` are relations that its body reads by names which mean something else to each
    caller, by which no two functions differ.
    """

    schema: str
    name: str
    arguments: tuple[str, ...]
    returns: str
    kind: FunctionKind = "function"
    returns_set: bool = False
    volatility: Volatility = "volatile"
    defaults: int = 0
    variadic: bool = False
    argument_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    extension: str = ""
    late: tuple[str, ...] = field(default=(), compare=False)

    def takes(self, count: int) -> bool:
        """Whether a call with `count` arguments can mean this function; a variadic one wants at least one for its last."""
        least = len(self.arguments) - self.defaults
        return least <= count and (self.variadic or count <= len(self.arguments))


@dataclass(frozen=True, slots=True)
class EnumType:
    """`CREATE TYPE … AS ENUM`."""

    schema: str
    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainType:
    """`CREATE DOMAIN`: `base` is a type as in `Column.type`; `checks` are the texts of its CHECK expressions."""

    schema: str
    name: str
    base: str
    nullable: bool = True
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompositeType:
    """`CREATE TYPE … AS (…)`; every table has a row type of its own name besides."""

    schema: str
    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class RangeType:
    """`CREATE TYPE … AS RANGE`."""

    schema: str
    name: str
    subtype: str


def _constructor(item: RangeType) -> Function:
    """The function that makes a range of two bounds; it is there with the type."""
    arguments = (item.subtype, item.subtype, "text")
    returns = f"{item.schema}.{item.name}"
    return Function(item.schema, item.name, arguments, returns, volatility="immutable", defaults=1)


@dataclass(frozen=True)
class Catalog:
    """Everything known of one database. `search_path` resolves names that are written without a schema. `operators` are those that are neither
    PostgreSQL's nor an extension's, and `cast` for casts: with them texts may mean more than the lists say.
    """

    relations: tuple[Relation, ...] = ()
    functions: tuple[Function, ...] = ()
    enums: tuple[EnumType, ...] = ()
    domains: tuple[DomainType, ...] = ()
    extensions: tuple[str, ...] = ()
    search_path: tuple[str, ...] = field(default=("public",))
    composites: tuple[CompositeType, ...] = ()
    ranges: tuple[RangeType, ...] = ()
    operators: tuple[str, ...] = ()
    unread: tuple[str, ...] = field(default=(), compare=False)  # relations whose definition is an error of its own

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], Relation]:
        """Relations by (schema, name)."""
        return {(relation.schema, relation.name): relation for relation in self.relations}

    def relation(self, name: str, schema: str | None = None) -> Relation | None:
        """The relation that `schema.name`, or `name` looked up along the search path, means; None when there is none."""
        schemas = (schema,) if schema else self.search_path
        return next((found for item in schemas if (found := self.by_name.get((item, name)))), None)

    @cached_property
    def _bases(self) -> Mapping[str, str]:
        """What domains are made of, by every name that a column may spell one by."""
        return {
            name: item.base
            for item in self.domains
            for name in (qualified(item.name), qualified(item.schema, item.name))
        }

    def base_of(self, type_: str | None) -> str | None:
        """The type without its modifier, and of a domain that of its values: `code` → `character varying`."""
        for _ in range(len(self.domains) + 1):
            type_ = self._bases.get(type_ or "", type_)
        return plain_type(type_)

    @cached_property
    def enums_by_name(self) -> Mapping[str, EnumType]:
        """Enums by their names as a text may write them: with the schema, and without it where the search path leads there."""
        return {name: item for item in self.enums for name in self._written(item.schema, item.name)}

    @cached_property
    def domains_by_name(self) -> Mapping[str, DomainType]:
        """Domains by their names, as enums."""
        return {name: item for item in self.domains for name in self._written(item.schema, item.name)}

    @cached_property
    def other_types(self) -> frozenset[str]:
        """The names of all other types: composites, ranges, the rows of relations."""
        items: tuple[CompositeType | RangeType | Relation, ...] = (*self.composites, *self.ranges, *self.relations)
        return frozenset(name for item in items for name in self._written(item.schema, item.name))

    def _written(self, schema: str, name: str) -> tuple[str, ...]:
        return (f"{schema}.{name}", name) if schema in self.search_path else (f"{schema}.{name}",)

    @cached_property
    def _functions_by_name(self) -> Mapping[str, tuple[Function, ...]]:
        grouped: dict[str, tuple[Function, ...]] = {}
        for function in (*self.functions, *map(_constructor, self.ranges)):
            grouped[function.name] = (*grouped.get(function.name, ()), function)
        return grouped

    def functions_named(self, name: str, schema: str | None = None) -> tuple[Function, ...]:
        """All overloads of a function of the database (built-in ones are in `mvc.catalog.builtins`)."""
        found = self._functions_by_name.get(name, ())
        schemas: Iterable[str] = (schema,) if schema else self.search_path
        return tuple(function for function in found if function.schema in schemas)


def counts_taken(functions: Iterable[Function]) -> str:
    """How many arguments the overloads of a function take, in words: `1`, `2 or 3`, `1 or more`."""
    return " or ".join(sorted({_count_taken(function) for function in functions}))


def _count_taken(function: Function) -> str:
    most = len(function.arguments)
    if function.variadic:
        return f"{most - function.defaults} or more"
    return str(most) if not function.defaults else f"{most - function.defaults} to {most}"
