"""Rows for the base tables of the real views: few values of each type, so that joins find rows and values tie; NULL wherever it may stand.

What a table is, the catalog of the server says: keys turn away what they forbid, all else may be there twice. Values that a view asks for by
name, and orders that must have no ties, stand in `values`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from mvc.quoting import literal, qualified

from .values import ASKED_FOR, SETTLED, WITHOUT_TIES

NULLS = 0.15
DAYS_AGO = (0, 1, 2, 5, 6, 8, 20, 31, 33, 64, 95, 200, 340, 390, 720, 800)
HOURS = ("00:00", "01:30", "12:00", "22:30", "23:59:59.5")
SHAPES = ("POINT(1 1)", "POINT(2 3)", "POLYGON((0 0, 0 4, 4 4, 4 0, 0 0))", "POLYGON((2 2, 2 9, 9 9, 9 2, 2 2))")

COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT (a.attnotnull OR t.typnotnull),
  format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, NULL),
  ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
  (SELECT format('SELECT %I::text FROM %s', fa.attname, k.confrelid::regclass) FROM pg_constraint k
    JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = k.confkey[1]
    WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.conkey[1] = a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind = 'r' AND n.nspname NOT IN ('information_schema', 'mvc') AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid, a.attnum
"""  # in the order of the file, where a parent stands before its children


@dataclass(frozen=True)
class Column:
    """A column to be filled; `base` is its type without length and domain, `parents` asks for the values of a foreign key."""

    name: str
    type: str
    may_be_null: bool
    base: str
    labels: Sequence[str]
    parents: str | None


@dataclass(frozen=True)
class Table:
    """A base table with its columns."""

    schema: str
    name: str
    columns: Sequence[Column]


def tables_of(connection: psycopg.Connection[Any]) -> Sequence[Table]:
    """The tables of the file."""
    found: dict[tuple[str, str], list[Column]] = {}
    for schema, table, *column in connection.execute(COLUMNS):
        found.setdefault((schema, table), []).append(Column(*column))
    return [Table(*name, columns) for name, columns in found.items()]


def fill(connection: psycopg.Connection[Any], number: str, seed: int, rows: int) -> None:
    """Empty all tables and give each up to that many rows: the same ones for the same seed, times as far back from today."""
    dice = random.Random(f"{number} {seed} {rows}")
    tables = tables_of(connection)
    connection.execute(f"TRUNCATE {', '.join(qualified(table.schema, table.name) for table in tables)}".encode())
    for table in tables:
        statement = f"INSERT INTO {qualified(table.schema, table.name)} VALUES %s ON CONFLICT DO NOTHING"
        made = _rows(dice, number, table, _pools(connection, number, table, rows), rows)
        connection.execute(";\n".join(statement % row for row in made).encode())
    for statement in SETTLED.get(number, ()):
        connection.execute(statement.encode())


def _pools(connection: psycopg.Connection[Any], number: str, table: Table, rows: int) -> dict[str, Sequence[str]]:
    """By column the SQL of the values that it may have."""
    return {
        column.name: ASKED_FOR.get((number, table.name, column.name)) or _pool(connection, column, rows)
        for column in table.columns
    }


def _pool(connection: psycopg.Connection[Any], column: Column, rows: int) -> Sequence[str]:
    if column.parents:
        return [literal(row[0]) for row in connection.execute(column.parents.encode())]
    if column.base.startswith(("date", "timestamp")):
        return [f"CURRENT_DATE - {days} + TIME '{hour}'" for days in DAYS_AGO for hour in HOURS]
    return [literal(text) for text in column.labels or _texts(column.base, max(4, rows))]


def _texts(base: str, rows: int) -> Sequence[str]:
    """Values of a type as text; of those that may be keys so many that keys can be told apart, and yet meet."""
    numbers = range(1, rows + 1)
    by_type = {
        "boolean": ("true", "true", "false"),
        "uuid": [f"00000000-0000-0000-0000-{number:012}" for number in numbers],
        "jsonb": ("{}", '{"a": 1}', "null"),
        "geometry": SHAPES,
        "geography": SHAPES,
    }
    if base in by_type:
        return by_type[base]
    if base.endswith("[]"):
        return ("{}", "{1}", "{1,2}", "{2,1,2}")
    if base in {"integer", "bigint", "smallint"}:
        return [str(number) for number in numbers]
    if base in {"numeric", "double precision", "real"}:
        return ("0", "0.25", "1", "1.5", "2", "3", "7", "12.75")
    return ["".join(chr(97 + int(digit)) for digit in str(number)) for number in numbers]


def _rows(dice: random.Random, number: str, table: Table, pools: dict[str, Sequence[str]], rows: int) -> Iterator[str]:
    """Each as `(value, …)`; none where a column that needs a value has none to choose from."""
    for place in dice.sample(range(rows), rows):
        values = [
            _value(
                dice, column, pools[column.name], place if (number, table.name, column.name) in WITHOUT_TIES else None
            )
            for column in table.columns
        ]
        if None not in values:
            yield f"({', '.join(map(str, values))})"


def _value(dice: random.Random, column: Column, pool: Sequence[str], place: int | None) -> str | None:
    """The SQL of one value; of a column without ties each place has another one."""
    if place is not None:
        return f"({_of_its_own(column.base, place)})::{column.type}"
    if column.may_be_null and (not pool or dice.random() < NULLS):
        return "NULL"
    return f"({dice.choice(pool)})::{column.type}" if pool else None


def _of_its_own(base: str, place: int) -> str:
    if base.startswith(("date", "timestamp")):
        return f"CURRENT_DATE - {place} * INTERVAL '199 hours'"
    return literal(f"00000000-0000-0000-0000-{place + 1:012}" if base == "uuid" else str(place + 1))
