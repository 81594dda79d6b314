"""The demo's rows: the same each time, some in every table, and consistent though no trigger checked them."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from mvc.demo.data import DemoStep, fill, generation_steps, prepare
from servers import BOOKING_ANCHOR, BOOKING_SCALE, BOOKING_SCHEMA, Database, newest

TABLES = (
    "organizations",
    "users",
    "organization_users",
    "services",
    "locations",
    "pricing_plans",
    "availabilities",
    "reservations",
    "reservation_services",
    "payments",
    "reviews",
)
ANCHOR = date(2024, 2, 29)  # long gone: its months are not among those that the schema makes
GOLDEN = {"availabilities": "44c03ac2", "payments": "5f7c607f", "reviews": "42e958be"}  # scale 0.002, 40 days


def digests(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """One value per table that depends on every row and on nothing else."""
    query = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} AS t"
    connection.execute("SET timezone = 'UTC'")
    rows = {table: connection.execute(query.format(table)).fetchone() for table in TABLES}
    return {table: row[0] for table, row in rows.items() if row}


def structure(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Every index there is, and every constraint."""
    return connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " UNION ALL SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
    ).fetchall()


def orphans(connection: psycopg.Connection[Any], child: str, columns: str, parent: str) -> int:
    query = f"SELECT count(*) FROM {child} AS c WHERE ({columns}) IS NOT NULL AND NOT EXISTS (SELECT FROM {parent} AS p WHERE p.id = c.{columns})"
    row = connection.execute(query).fetchone()
    assert row
    return int(row[0])


@newest
def test_same_scale_and_anchor_same_rows(booking: Database, database: Database) -> None:
    connection = database.connect()
    connection.execute(BOOKING_SCHEMA.read_text())
    fill(connection, BOOKING_SCALE, BOOKING_ANCHOR)
    assert digests(connection) == digests(booking.connect())


def test_same_rows_on_every_server_and_in_every_zone(database: Database) -> None:
    connection = database.connect(options="-c timezone=Pacific/Auckland -c datestyle=German,DMY")
    connection.execute(BOOKING_SCHEMA.read_text())
    fill(connection, 0.002, ANCHOR, days=40)
    found = digests(connection)
    assert {table: found[table][:8] for table in ("availabilities", "payments", "reviews")} == GOLDEN


def test_every_table_has_rows(booking: Database) -> None:
    connection = booking.connect()
    for table in TABLES:
        assert connection.execute(f"SELECT count(*) > 0 FROM {table}").fetchone() == (True,), table


@newest
def test_foreign_keys_hold(booking: Database) -> None:
    connection = booking.connect()
    declared = connection.execute(
        "SELECT conrelid::regclass::text, (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]),"
        " confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"
        " AND connamespace = 'public'::regnamespace"
    ).fetchall()
    meant = [(child, "reservation_id", "reservations") for child in ("reservation_services", "payments", "reviews")]
    assert len(declared) == 14
    for child, column, parent in declared + meant:
        assert orphans(connection, child, column, parent) == 0, (child, column)


@newest
def test_indexes_and_keys_come_back(booking: Database, database: Database) -> None:
    connection = database.connect()
    connection.execute(BOOKING_SCHEMA.read_text())
    assert structure(booking.connect()) == structure(connection)


@newest
def test_what_views_must_cope_with_is_there(booking: Database) -> None:
    connection = booking.connect()
    for there_is in (
        "organizations AS o WHERE NOT EXISTS (SELECT FROM services WHERE organization_id = o.id)",
        "organizations AS o WHERE NOT EXISTS (SELECT FROM locations WHERE organization_id = o.id)",
        "organizations WHERE NOT address ? 'coordinates'",
        "reservations WHERE location_id IS NULL",
        "reviews WHERE reservation_id IS NULL",
        "availabilities WHERE service_id IS NULL",
        "reservations AS r WHERE (SELECT count(*) FROM reviews WHERE reservation_id = r.id) > 1",
        "reservations AS r WHERE (SELECT count(*) FROM payments WHERE reservation_id = r.id) > 1",
    ):
        assert connection.execute(f"SELECT count(*) > 0 FROM {there_is}").fetchone() == (True,), there_is


@newest
def test_nothing_lies_in_the_future(booking: Database) -> None:
    connection = booking.connect()
    for table in ("reservations", "payments", "reviews"):
        query = f"SELECT max(created_at) < date_trunc('day', now(), 'UTC') FROM {table}"
        assert connection.execute(query).fetchone() == (True,), table


@newest
def test_the_session_is_left_as_it_was(database: Database) -> None:
    connection = database.connect()
    connection.execute(BOOKING_SCHEMA.read_text())
    connection.execute("SET timezone = 'Asia/Tokyo'")
    seen: list[DemoStep] = []
    fill(connection, 0.002, ANCHOR, on_step=seen.append)
    assert tuple(seen) == generation_steps()
    assert connection.execute(
        "SELECT current_setting('timezone'), current_setting('session_replication_role'),"
        " (SELECT count(*) FROM pg_class WHERE relpersistence = 't')"
    ).fetchone() == ("Asia/Tokyo", "origin", 0)


@newest
def test_a_failure_leaves_no_rows_and_all_indexes(database: Database) -> None:
    connection = database.connect()
    connection.execute(BOOKING_SCHEMA.read_text())
    before = structure(connection)

    def fail(step: DemoStep) -> None:
        if step.title == "Payments":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(connection, 0.002, BOOKING_ANCHOR, on_step=fail)
    assert structure(connection) == before
    assert connection.execute("SELECT count(*) FROM organizations").fetchone() == (0,)


@newest
@pytest.mark.parametrize(("scale", "days"), [(0.0, 1), (-1.0, 1), (float("nan"), 1), (1e9, 1), (1.0, 0)])
def test_what_cannot_be_made(database: Database, scale: float, days: int) -> None:
    with pytest.raises(ValueError, match="must"):
        prepare(database.connect(), scale, ANCHOR, days)


@newest
def test_needs_autocommit(database: Database) -> None:
    with pytest.raises(ValueError, match="autocommit"):
        prepare(database.connect(autocommit=False), 1.0, ANCHOR)


def test_titles() -> None:
    steps = generation_steps()
    assert [step.title for step in steps][:2] == ["Preparing", "Organizations and what they offer"]
    assert len(steps) == 9
