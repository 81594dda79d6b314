"""Whoever refreshes has settings of his own, and a role that may only refresh sets what it likes: nothing that is stored follows from them. What a view's own
text asks for, and the server's settings of text search, money and the like, is told (test_dependencies.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .projects import schedule

Connection = psycopg.Connection[Any]
SCHEMA = """CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, tags int[] NOT NULL, list text NOT NULL, at text NOT NULL, day text NOT NULL, span interval NOT NULL,
  size double precision NOT NULL, bits bytea NOT NULL);
CREATE INDEX tags ON t USING gin (tags)"""
ROWS = """INSERT INTO t SELECT g, 'k' || g % 5, ARRAY[1, g], '{a,NULL}', '2026-01-01 00:00:00 EST', '01/02/2026', make_interval(hours => g), g / 3.0, decode('ff', 'hex')
FROM generate_series(1, 20000) AS g"""
VALUES = {
    "items": "cardinality(array_remove(t.list::text[], NULL))",
    "at": "t.at::timestamptz",
    "day": "t.day::date",
    "local": "(t.day || ' 12:00')::timestamptz",
    "span": "t.span::text",
    "size": "t.size::text",
    "bits": "t.bits::text",
}
FILES = {
    "mvc.yml": "project: p\ncatalog: s.sql\nrefresh_roles: [ss_refresher]\n",
    "s.sql": SCHEMA,
    "views/found.yml": "view: found\ngrain: [k]\nsql: SELECT k, count(*) AS n FROM t WHERE tags @> ARRAY[1] GROUP BY k\n",
    "views/v.yml": "view: v\nsources: {t: {table: t}}\ndimensions: {k: t.k}\naggregates:\n"
    + "".join(f'  {name}: {{max: "{value}"}}\n' for name, value in VALUES.items()),
    "schedules/s.yml": schedule(["v"]),
}  # fmt: skip
SETTINGS = (
    "gin_fuzzy_search_limit = 20",
    "array_nulls = off",
    "timezone_abbreviations = 'Australia'",
    "transform_null_equals = on",
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'iso_8601'",
    "TimeZone = 'Asia/Kathmandu'",
    "extra_float_digits = -10",
    "bytea_output = 'escape'",
    "quote_all_identifiers = on",
    "standard_conforming_strings = off",
    "search_path = pg_temp",
    "row_security = on",
)
QUERIES = {
    name: f"SELECT md5(string_agg({name}::text, '|' ORDER BY {name}::text)) FROM {name}" for name in ("found", "v")
}


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    connection = database.connect()
    with suppress(psycopg.errors.DuplicateObject):
        connection.execute("CREATE ROLE ss_refresher LOGIN")
    connection.execute(f"{SCHEMA}; {ROWS}; ANALYZE t")
    apply(connection, mvc.compile(mvc.load(FILES)))
    yield connection


def held(connection: Connection) -> dict[str, Any]:
    return {name: connection.execute(query.encode()).fetchall() for name, query in QUERIES.items()}


def test_nothing_that_is_stored_follows_from_them(owner: Connection, database: Database):
    for name in QUERIES:
        owner.execute("CALL mvc.refresh('public', %s, 'full')", (name,))
    before = held(owner)
    assert owner.execute("SELECT sum(n) FROM found").fetchone() == (20_000,)
    refresher = database.connect(user="ss_refresher")
    refresher.execute("SET enable_seqscan = off")
    for setting in SETTINGS:
        refresher.execute(f"SET {setting}".encode())
        for name in QUERIES:
            refresher.execute("CALL mvc.refresh('public', %s, 'full')", (name,))
        assert held(owner) == before, setting
