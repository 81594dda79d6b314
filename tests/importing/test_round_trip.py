"""Imported, compiled and applied elsewhere, views have the same rows, columns, types, comments, indexes and readers."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import mvc
from mvc.quoting import identifier, qualified

from .shop import GRANTS, MATERIALIZED, ROLES, TABLES, VIEWS

COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.oid = %s::regclass AND a.attnum > 0 ORDER BY a.attnum
"""


def rows_of(connection: psycopg.Connection[Any], *view: str) -> list[str]:
    found = connection.execute(f"SELECT v::text FROM {qualified(*view)} v".encode()).fetchall()
    return sorted(row[0] for row in found)


def columns_of(connection: psycopg.Connection[Any], *view: str) -> list[Any]:
    return connection.execute(COLUMNS, [qualified(*view)]).fetchall()


def comment_of(connection: psycopg.Connection[Any], *view: str) -> Any:
    return connection.execute("SELECT obj_description(%s::regclass)", [qualified(*view)]).fetchone()


def readers_of(connection: psycopg.Connection[Any], *view: str) -> list[bool]:
    query = "SELECT has_table_privilege(%s, %s::regclass, 'SELECT')"
    return [connection.execute(query, [role, qualified(*view)]).fetchone()[0] for role in (*ROLES, "public")]


INDEXES = """
SELECT regexp_replace(pg_get_indexdef(indexrelid), '^CREATE (UNIQUE )?INDEX .*? ON .*? USING ', '\\1')
FROM pg_index WHERE indrelid = %s::regclass ORDER BY 1
"""


def indexes_of(connection: psycopg.Connection[Any], name: str) -> list[str]:
    return [row[0] for row in connection.execute(INDEXES, [name]).fetchall()]


@pytest.fixture(params=["database", "files", "both"])
def applied(request, by_hand, elsewhere) -> mvc.Compiled:
    """What was imported, from wherever, and is deployed in another database."""
    connection = None if request.param == "files" else by_hand
    sql = {} if request.param == "database" else {"shop.sql": TABLES + VIEWS + GRANTS}
    imported = mvc.import_views(connection, sql=sql)
    assert all(view.authored == bool(sql) for view in imported.views), imported.views
    compiled = mvc.compile(mvc.load(imported.files))
    mvc.apply(elsewhere, compiled)
    mvc.refresh(elsewhere, compiled)
    return compiled


def test_views_are_the_same_elsewhere(by_hand, elsewhere, applied):
    by_hand.execute("SET timezone = 'UTC'")
    elsewhere.execute("SET timezone = 'UTC'")
    assert sorted(view.name for view in applied.views if view.kind == "materialized") == sorted(MATERIALIZED)
    for view in applied.views:
        for read in (rows_of, columns_of, comment_of, readers_of):
            assert read(elsewhere, view.name) == read(by_hand, view.name), (view.name, read.__name__)


def test_indexes_are_the_same_elsewhere(by_hand, elsewhere, applied):
    """Behind each view; where no unique index told the grain, its own is there besides."""
    checked = 0
    for view in applied.views:
        if view.kind == "materialized":
            before = indexes_of(by_hand, identifier(view.name))
            after = indexes_of(elsewhere, qualified(*view.storage))
            if view.name == "single_tags":  # a column may be NULL, for which something stands in the unique index
                before = [item.removeprefix("UNIQUE ") for item in before]
            assert [item for item in before if item not in after] == [], view.name
            assert len(after) >= max(len(before), 1)
            checked += len(before)
    assert checked == 17


def test_storage_parameters_are_the_same_elsewhere(elsewhere, applied):
    query = "SELECT reloptions FROM pg_class WHERE oid = %s::regclass"
    (options,) = elsewhere.execute(query, [qualified(*applied.view("order_sizes").storage)]).fetchone()
    assert options == ["autovacuum_enabled=false", "fillfactor=70"]


def test_they_are_taken_over_where_they_are(by_hand):
    """Imported and applied in one database, under the same names, with nothing allowed."""
    by_hand.execute("SET timezone = 'UTC'")
    reads = (rows_of, columns_of, comment_of, readers_of)
    names = [*MATERIALIZED, "best"]
    before = {(name, read.__name__): read(by_hand, name) for name in names for read in reads}
    compiled = mvc.compile(mvc.load(mvc.import_views(by_hand).files))
    mvc.apply(by_hand, compiled)
    after = {(name, read.__name__): read(by_hand, name) for name in names for read in reads}
    assert [key for key, value in after.items() if value != before[key]] == []
    assert by_hand.execute("SELECT count(*) FROM pg_matviews WHERE schemaname = 'public'").fetchone() == (0,)
    assert mvc.plan(by_hand, compiled).steps == ()
