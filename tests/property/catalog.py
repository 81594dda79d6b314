"""Tables and their rows, as data, with DDL and INSERTs as text. Some are no base tables: their rows are made of what a spec says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from .expressions import Row, Value, literal

Rows = Mapping[str, Sequence[Row]]  # table → its rows

FROM_TABLE = "from_table"


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    nullable: bool = True


@dataclass(frozen=True)
class Reference:
    """Columns that point to a key of a table; `declared` when there is a foreign key, so that rows obey it."""

    columns: tuple[str, ...]
    table: str
    key: tuple[str, ...]
    declared: bool = True


@dataclass(frozen=True)
class Values:
    """Rows that stand in the spec, with the table's columns; by name alone, or with the types that are `said`. A `mapping` is of the first
    column's values to the others.
    """

    rows: tuple[tuple[Value, ...], ...]
    said: bool = False
    mapping: bool = False


@dataclass(frozen=True)
class Several:
    """All rows of base tables, with the columns that all of these have; `schema` where the spec says in which one they are."""

    tables: tuple[str, ...]
    schema: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What `from_table` says."""
        return tuple(f"{self.schema}{table}" for table in self.tables)


@dataclass(frozen=True)
class Spine:
    """A row for each period, from the one that holds the day `first` to the one that holds `last`; None is today."""

    unit: str
    first: date
    last: date | None
    zone: str = ""


@dataclass(frozen=True)
class Table:
    """One that is `made` is no base table."""

    name: str
    columns: tuple[Column, ...]
    primary: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()
    hidden: tuple[str, ...] = ()  # a key that the rows obey though the DDL does not say so (`one: true`)
    made: Values | Several | Spine | None = None

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The declared keys: the compiler knows these and no others."""
        return ((self.primary,) if self.primary else ()) + self.uniques

    @property
    def arms(self) -> tuple[str, ...]:
        """The base tables that are read as one."""
        return self.made.tables if isinstance(self.made, Several) else ()

    @property
    def is_open(self) -> bool:
        """Time adds rows."""
        return isinstance(self.made, Spine) and self.made.last is None

    @property
    def identity(self) -> tuple[str, ...]:
        """A declared key none of whose columns can be NULL, or () when there is none."""
        required = {column.name for column in self.columns if not column.nullable} | set(self.primary)
        return next((key for key in self.keys if required.issuperset(key)), ())

    def type_of(self, column: str) -> str:
        return next(each.type for each in self.columns if each.name == column)


def table(name: str, columns: str, **keys: object) -> Table:
    """`table("t", "id int!, n int", primary="id")`: `!` is NOT NULL; several columns of a key stand with spaces."""
    given: dict[str, object] = {"primary": tuple(str(keys.pop("primary", "")).split()), **keys}
    given["uniques"] = tuple(tuple(unique.split()) for unique in given.pop("uniques", ()))  # type: ignore[union-attr]
    return Table(name, tuple(_column(text) for text in columns.split(", ")), **given)  # type: ignore[arg-type]


def _column(text: str) -> Column:
    name, kind = text.removesuffix("!").split(" ")
    return Column(
        name, {"num": "numeric(8,2)", "bool": "boolean", "int": "integer"}.get(kind, kind), not text.endswith("!")
    )


def ddl(tables: Sequence[Table]) -> str:
    """CREATE TABLEs, then the foreign keys, as pg_dump has them."""
    return "\n".join([*map(_create, based(tables)), *foreign_keys(tables)]) + "\n"


def setup(tables: Sequence[Table], rows: Rows) -> str:
    """The same with rows in between, so that rows may point to each other."""
    inserts = (_insert(each, rows.get(each.name, ())) for each in based(tables))
    return "\n".join([*map(_create, based(tables)), *filter(None, inserts), *foreign_keys(tables)])


def based(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Those that the database has."""
    return tuple(table for table in tables if table.made is None)


def _create(self: Table) -> str:
    lines = [f"{each.name} {each.type}{'' if each.nullable else ' NOT NULL'}" for each in self.columns]
    lines += [f"PRIMARY KEY ({', '.join(self.primary)})"] if self.primary else []
    lines += [f"UNIQUE ({', '.join(key)})" for key in self.uniques]
    return f"CREATE TABLE public.{self.name} (\n    " + ",\n    ".join(lines) + "\n);"


def _insert(self: Table, rows: Sequence[Row]) -> str:
    values = ",\n    ".join(_tuple([row[column.name] for column in self.columns]) for row in rows)
    return f"INSERT INTO public.{self.name} VALUES\n    {values};" if rows else ""


def _tuple(values: Sequence[Value]) -> str:
    return f"({', '.join(map(literal, values))})"


def foreign_keys(tables: Sequence[Table]) -> list[str]:
    return [
        f"ALTER TABLE public.{each.name} ADD FOREIGN KEY ({', '.join(ref.columns)})"
        f" REFERENCES public.{ref.table} ({', '.join(ref.key)});"
        for each in tables
        for ref in each.references
        if ref.declared
    ]


def pruned(self: Table, used: frozenset[str]) -> Table:
    """Only the columns that are used or belong to a key: a failing example should be short."""
    if isinstance(self.made, Values):
        return self
    keep = used.union(self.hidden, *self.keys, (FROM_TABLE,))
    return replace(
        self,
        columns=tuple(column for column in self.columns if column.name in keep),
        references=tuple(ref for ref in self.references if keep.issuperset(ref.columns)),
    )
