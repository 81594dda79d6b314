"""What a view holds against what its oracle says, group by group and column by column.

An oracle (oracle/<view>.sql) is written from the YAML's meaning alone, with a correlated subquery for each aggregate.
Nothing of the compiler may enter it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from psycopg import sql
from psycopg.types.string import TextLoader

from .conftest import HERE

ORACLES = HERE / "oracle"
VIEWS = tuple(sorted(path.stem for path in ORACLES.glob("*.sql")))
NEEDS_POSTGIS = {"mv_search_index"}
GRAIN = {
    "mv_customer_lifetime_value": ("customer_id",),
    "mv_financial_summary": ("month", "organization_id"),
    "mv_location_availability": ("location_id",),
    "mv_organization_dashboard": ("organization_id",),
    "mv_realtime_availability": ("organization_id", "location_id", "service_id", "date"),
    "mv_search_index": ("organization_id",),
    "mv_service_performance": ("service_id",),
}


@dataclass(frozen=True)
class Groups:
    """The rows of a view by their grain, and the type of each column."""

    types: dict[str, int]
    rows: dict[tuple, dict[str, object]]


def oracle(view: str) -> sql.SQL:
    return sql.SQL((ORACLES / f"{view}.sql").read_text(encoding="utf-8"))


def read_oracle(connection, view: str) -> Groups:
    """The oracle's rows, with the dates of UTC."""
    with connection.transaction():
        connection.execute("SET LOCAL timezone = 'UTC'")
        connection.execute("SET LOCAL jit = off")
        return _groups(connection, oracle(view), GRAIN[view])


def read_relation(connection, relation: sql.Composable, view: str, columns) -> Groups:
    """The named columns of all rows of a relation."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return _groups(connection, sql.SQL("SELECT {} FROM {}").format(names, relation), GRAIN[view])


def _groups(connection, query: sql.Composable, grain: tuple[str, ...]) -> Groups:
    cursor = connection.cursor()
    cursor.adapters.register_loader("time", TextLoader)  # Python has no 24:00
    cursor.execute(query)
    types = {column.name: column.type_code for column in cursor.description}
    rows = {}
    for values in cursor:
        row = dict(zip(types, values, strict=True))
        key = tuple(row[name] for name in grain)
        assert key not in rows, f"two rows of one group: {_named(grain, key)}"
        rows[key] = row
    return Groups(types, rows)


def differences(view: str, stored: Groups, expected: Groups) -> list[str]:
    """One line for each column that differs, and for groups that are missing or too many; none when all is equal."""
    return [
        *_lost("has no row for", view, expected.rows.keys() - stored.rows.keys()),
        *_lost("has a row too many for", view, stored.rows.keys() - expected.rows.keys()),
        *(line for column in expected.types for line in _column(view, column, stored, expected)),
    ]


def _lost(what: str, view: str, keys: set[tuple]) -> Iterator[str]:
    if keys:
        examples = "; ".join(_named(GRAIN[view], key) for key in islice(sorted(keys, key=str), 3))
        yield f"{view} {what} {len(keys)} groups, such as {examples}"


def _column(view: str, column: str, stored: Groups, expected: Groups) -> Iterator[str]:
    if stored.types[column] != expected.types[column]:
        yield f"{view}.{column} is of type {stored.types[column]}, the oracle's of type {expected.types[column]}"
    both = sorted(expected.rows.keys() & stored.rows.keys(), key=str)
    wrong = [key for key in both if stored.rows[key][column] != expected.rows[key][column]]
    if wrong:
        examples = "; ".join(
            f"{_named(GRAIN[view], key)}: {stored.rows[key][column]!r}, not {expected.rows[key][column]!r}"
            for key in wrong[:3]
        )
        yield f"{view}.{column} differs in {len(wrong)} of {len(both)} groups: {examples}"


def _named(grain: tuple[str, ...], key: tuple) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(grain, key, strict=True))
