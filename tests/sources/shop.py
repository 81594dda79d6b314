"""A chain of stores with visits, tickets and orders: tables, rows by a formula, and changes of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply
from servers import Database

Connection = psycopg.Connection[Any]

TABLES = """
CREATE TABLE stores (id int PRIMARY KEY, name text NOT NULL, country text, opened_on date);
CREATE TABLE staff (id int PRIMARY KEY, name text);
CREATE TABLE visits (
  id int PRIMARY KEY, store_id int, staff_id int REFERENCES staff, visited_at timestamptz, spent numeric(8,2), kind text
);
CREATE TABLE tickets (id int PRIMARY KEY, store_id int REFERENCES stores, state text);
CREATE TABLE notes (id int PRIMARY KEY, ticket_id int REFERENCES tickets, body text);
CREATE TABLE orders_2024 (id int PRIMARY KEY, store_id int NOT NULL, amount numeric(8,2), placed_on date NOT NULL);
CREATE TABLE orders_2025 (id int PRIMARY KEY, placed_on date NOT NULL, store_id int NOT NULL, amount numeric(10,2), channel text);
"""
INDEX = "CREATE INDEX visits_by_store ON visits (store_id, visited_at);\n"

ROWS = """
INSERT INTO stores SELECT g, 'store ' || g, (ARRAY['DE', 'FR', NULL, 'IT'])[g % 4 + 1], DATE '2024-01-01' + g * 7 FROM generate_series(1, 30) AS g;
INSERT INTO staff SELECT g, 'person ' || g % 5 FROM generate_series(1, 8) AS g;
INSERT INTO visits
SELECT g, g * 7 % 33, nullif(g % 9, 0), CASE WHEN g % 6 > 0 THEN TIMESTAMPTZ '2024-01-01 10:00+00' + g * 13 % 40 * INTERVAL '11 hours' END,
       nullif(g * 31 % 47, 3), (ARRAY['online', 'shop', NULL])[g % 3 + 1]
FROM generate_series(1, 200) AS g WHERE g * 7 % 33 NOT BETWEEN 20 AND 23;
INSERT INTO tickets SELECT g, g * 5 % 29 + 1, (ARRAY['open', 'closed', 'closed'])[g % 3 + 1] FROM generate_series(1, 40) AS g;
INSERT INTO notes SELECT g, g * 3 % 40 + 1, 'note' FROM generate_series(1, 25) AS g;
INSERT INTO orders_2024 SELECT g, g * 11 % 31 + 1, nullif(g * 17 % 90, 5), DATE '2024-03-01' + g * 5 % 300 FROM generate_series(1, 80) AS g;
INSERT INTO orders_2025
SELECT g, DATE '2025-01-01' + g * 5 % 300, g * 13 % 31 + 1, g * 19 % 70, (ARRAY['web', 'shop'])[g % 2 + 1] FROM generate_series(40, 110) AS g;
"""

# Each by itself, so that every refresh has something to do; together they touch every table in every way.
CHANGES = (
    "INSERT INTO visits VALUES (901, 3, 2, '2030-01-01', 5, 'online'), (902, 21, 4, NULL, 9, 'shop'), (903, 4, NULL, '2030-01-01', 1, NULL)",
    "UPDATE visits SET visited_at = '2031-01-01' WHERE id % 17 = 0; DELETE FROM visits WHERE id IN (901, 14, 15)",
    "UPDATE visits SET store_id = store_id % 30 + 1 WHERE id % 11 = 0; UPDATE visits SET kind = 'online' WHERE id % 13 = 0",
    "DELETE FROM notes WHERE id % 4 = 0; UPDATE tickets SET state = 'open' WHERE id % 5 = 0",
    "UPDATE tickets SET store_id = store_id % 30 + 1 WHERE id % 7 = 0; INSERT INTO notes VALUES (900, 1, 'late'), (901, 2, 'late')",
    "DELETE FROM stores WHERE id = 30; INSERT INTO stores VALUES (31, 'new', 'DE', '2025-01-01'); UPDATE stores SET country = 'FR' WHERE id % 6 = 0",
    "UPDATE staff SET name = 'nobody' WHERE id IN (2, 3); UPDATE visits SET staff_id = 5 WHERE id % 8 = 0",
    "INSERT INTO orders_2024 VALUES (900, 31, 50, '2024-12-31'); UPDATE orders_2025 SET amount = amount + 1 WHERE id % 9 = 0",
    "DELETE FROM orders_2024 WHERE id % 10 = 0; UPDATE orders_2025 SET store_id = 2, id = id + 1000 WHERE id % 20 = 0",
)
NEVER_TOO_MANY = """
CREATE OR REPLACE FUNCTION mvc.over_threshold(stored mvc.stored_relation, groups bigint)
RETURNS text LANGUAGE sql STABLE AS $$ SELECT NULL::text $$
"""


def project(view: str, tables: str = TABLES, mode: str = "incremental") -> Compiled:
    """The view `v`, refreshed in part."""
    schedule = f"schedules: [{{schedule: s, refresh: all, within: 1h, mode: {mode}}}]\n"
    files = {
        "mvc.yml": "catalog: s.sql\ntimezone: Europe/Berlin\n",
        "s.sql": tables,
        "views/v.yml": view,
        "schedules/s.yml": schedule,
    }
    return mvc.compile(mvc.load(files))


def deployed(database: Database, compiled: Compiled, tables: str = TABLES) -> Connection:
    """A database with the rows, and the view over them."""
    connection = database.connect()
    connection.execute(f"SET TimeZone = 'Europe/Berlin'; {tables}; {ROWS}".encode())
    apply(connection, compiled)
    connection.execute(NEVER_TOO_MANY)
    return connection


def refresh(connection: Connection) -> str:
    """Refreshes the view, and says how."""
    connection.execute("CALL mvc.refresh('public', 'v')")
    row = connection.execute(
        "SELECT mode, status, error, detail FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    assert row[1:] == ("completed", None, None), row
    return str(row[0])


def rows(connection: Connection, query: str) -> Counter[tuple[Any, ...]]:
    return Counter(connection.execute(query.encode()).fetchall())


def assert_as_by_hand(connection: Connection, compiled: Compiled, by_hand: str) -> None:
    """Now, and after each change, the view's rows are those of the query that somebody wrote; by their groups alone where it says so."""
    in_part = compiled.view("v").increment is not None
    columns = ", ".join(column.name for column in compiled.view("v").columns)
    assert rows(connection, f"SELECT {columns} FROM v") == rows(connection, by_hand)
    assert rows(connection, by_hand)
    seen = {str(rows(connection, by_hand))}
    for change in CHANGES:
        connection.execute(change.encode())
        assert refresh(connection) == ("incremental" if in_part else "full")
        assert rows(connection, f"SELECT {columns} FROM v") == rows(connection, by_hand), change
        seen.add(str(rows(connection, by_hand)))
    assert len(seen) > 1, "no change changed anything"
