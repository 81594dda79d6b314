"""A refresh that one bad value makes fail says which row holds it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import mvc
from mvc.engines.postgres.server.refresh import refresh
from servers import Database, newest

from .projects import ANYTHING, apply

SCHEMA = """
CREATE TABLE shop (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE sale (no int, part int, shop_id int NOT NULL, amount text, state text NOT NULL, PRIMARY KEY (part, no)) PARTITION BY LIST (part);
CREATE TABLE sale_1 PARTITION OF sale FOR VALUES IN (1);
CREATE TABLE sale_rest PARTITION OF sale DEFAULT PARTITION BY LIST (part);
CREATE TABLE sale_2 PARTITION OF sale_rest FOR VALUES IN (2);
CREATE TABLE loose (amount text);
CREATE FUNCTION numbered(value text) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT value::numeric';
"""
ROWS = """
INSERT INTO shop SELECT g, 'shop ' || g FROM generate_series(1, 10) AS g;
INSERT INTO sale SELECT g, g % 2 + 1, g % 10 + 1, g::text, CASE g % 5 WHEN 0 THEN 'void' ELSE 'paid' END FROM generate_series(1, 3000) AS g;
INSERT INTO loose SELECT g::text FROM generate_series(1, 2000) AS g;
"""
VIEW = """\
view: v
sources:
  s: {table: shop}
  a: {table: sale, on: a.shop_id = s.id}
dimensions: {id: s.id, name: s.name}
aggregates:
  total: {sum: "a.amount::numeric", where: a.state = 'paid'}
"""
FILTERED = VIEW.replace("on: a.shop_id = s.id", "on: a.shop_id = s.id, where: \"a.state = 'paid'\"").replace(
    ", where: a.state = 'paid'}\n", "}\n"
)
CALLING = VIEW.replace("a.amount::numeric", "numbered(a.amount)")
KEYLESS = (
    "view: v\nsources: {l: {table: loose}}\ndimensions: {even: l.amount::int % 2 = 0}\naggregates: {n: {count: l}}\n"
)
DETAIL = "in public.sale_2 with part = 2, no = 1501: a.amount::numeric"
pytestmark = newest


def deployed(database: Database, view: str = VIEW, mode: str = "") -> tuple[psycopg.Connection[Any], Any]:
    connection = database.connect()
    connection.execute((SCHEMA + ROWS).encode())
    schedule = f"schedules: [{{schedule: often, refresh: v, every: '* * * * *'{mode}}}]\n"
    files = {"mvc.yml": "catalog: s.sql\n", "s.sql": SCHEMA, "views/v.yml": view, "schedules/s.yml": schedule}
    compiled = mvc.compile(mvc.load(files))
    apply(connection, compiled, options=ANYTHING)
    return connection, compiled


def spoil(connection: psycopg.Connection[Any], row: int = 1501, value: str = "12,50") -> None:
    connection.execute("UPDATE sale SET amount = %s WHERE no = %s", (value, row))


def outcome(connection: psycopg.Connection[Any]) -> tuple[Any, ...] | None:
    """What the log has of a refresh, whose caller hears the same."""
    raised = None
    try:
        connection.execute("CALL mvc.refresh('public', 'v')")
    except psycopg.Error as problem:
        raised = problem
    found = connection.execute(
        "SELECT status, error, sqlstate, detail FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert found is not None
    assert found[2] == (raised.sqlstate if raised else None)
    assert raised is None or f"the refresh of public.v failed: {found[1]}" in str(raised)
    return found


@pytest.mark.parametrize("mode", ["", ", mode: incremental"])
@pytest.mark.parametrize("view", [VIEW, FILTERED])
def test_it_is_named_by_its_key_and_its_partition(database, view, mode):
    connection, compiled = deployed(database, view, mode)
    spoil(connection)
    said = 'invalid input syntax for type numeric: "12,50"'
    assert outcome(connection) == ("failed", said, "22P02", DETAIL)
    (result,) = refresh(connection, compiled)
    assert (result.status, result.reason, result.detail) == ("failed", said, DETAIL)
    spoil(connection, value="12.50")
    assert outcome(connection) == ("completed", None, None, None)


@pytest.mark.parametrize("view", [VIEW, FILTERED])
def test_rows_that_are_filtered_out_are_not_blamed(database, view):
    """They come first, and hold the same value."""
    connection, _ = deployed(database, view)
    connection.execute("UPDATE sale SET amount = '12,50' WHERE state = 'void'")
    assert outcome(connection) == ("completed", None, None, None)
    spoil(connection)
    found = outcome(connection)
    assert found is not None
    assert (found[0], found[3]) == ("failed", DETAIL)


def test_another_value_is_not_blamed(database):
    """What fails in another way is not what the refresh failed of."""
    connection, _ = deployed(database)
    spoil(connection, 1501, "1e")
    spoil(connection, 1502, "12,50")
    found = outcome(connection)
    assert found is not None
    of_row = {'"1e"': "no = 1501", '"12,50"': "no = 1502"}
    (named,) = [row for value, row in of_row.items() if value in found[1]]
    assert named in found[3]


def test_a_table_without_a_key(database):
    connection, _ = deployed(database, KEYLESS)
    place = connection.execute("UPDATE loose SET amount = 'x' WHERE amount = '1999' RETURNING ctid::text").fetchone()
    found = outcome(connection)
    assert found is not None
    assert place is not None
    assert (found[0], found[3]) == ("failed", f"in public.loose with ctid = {place[0]}: l.amount::int % 2 = 0")


def test_a_function_of_somebody_else_is_not_called_for_it(database):
    """It may do anything, so it is not tried row by row; the failure is logged as any."""
    connection, _ = deployed(database, CALLING)
    spoil(connection)
    assert outcome(connection) == ("failed", 'invalid input syntax for type numeric: "12,50"', "22P02", None)
    assert connection.execute("SELECT count(*), sum(total) IS NOT NULL FROM v").fetchone() == (10, True)
