"""Beside a database, a file gives a view its author's words, where the server proves that they mean the same."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import mvc

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, at timestamptz NOT NULL);
CREATE SCHEMA other; CREATE TABLE other.t (id int PRIMARY KEY, n int NOT NULL, at timestamptz NOT NULL);
"""


def taken(connection: psycopg.Connection[Any], there: str, written: str) -> mvc.ImportedView:
    connection.execute(f"{TABLES} CREATE MATERIALIZED VIEW v AS {there}; CREATE UNIQUE INDEX ON v (id)")
    imported = mvc.import_views(connection, sql={"v.sql": f"CREATE MATERIALIZED VIEW v AS {written};"})
    (view,) = imported.views
    assert (written in imported.files[view.path].replace("\n  ", "\n")) is view.authored
    assert connection.execute("SELECT count(*) FROM pg_class WHERE relname ~ 'mvc_in'").fetchone() == (0,)
    return view


@pytest.mark.parametrize(
    ("there", "written"),
    [
        ("SELECT id, n FROM t", "select id,\n n -- how many\nfrom t"),
        ("SELECT * FROM t", "SELECT * FROM public.t"),
        ("SELECT id, n FROM t WHERE n IN (1, 2)", "SELECT t.id, t.n FROM t WHERE n = ANY (ARRAY[1, 2])"),
        ("SELECT id, at FROM t WHERE at > '2024-01-01 00:00+00'", "SELECT id, at FROM t WHERE at > '2024-01-01'"),
    ],
)  # fmt: skip
def test_its_author_s_words(database, there, written):
    view = taken(database.connect(options="-c TimeZone=UTC"), there, written)
    assert view.authored
    assert not [text for text in view.remarks if "prints" in text]


@pytest.mark.parametrize(
    ("there", "written", "reason"),
    [
        ("SELECT id, n FROM t", "SELECT id, n FROM t WHERE n > 0", "means something else"),
        ("SELECT id, n FROM t", "SELECT id, n FROM other.t", "means something else"),
        ("SELECT id, n FROM t", "SELECT id, m FROM t", 'column "m" does not exist'),
        ("SELECT id, n FROM t", "SELECT id FROM t", "more column names than columns"),
        ("SELECT id, at FROM t WHERE at > '2024-01-01 00:00+00'", "SELECT id, at FROM t WHERE at > '2024-01-01 00:00+02'", "means something else"),
    ],
)  # fmt: skip
def test_other_words(database, there, written, reason):
    view = taken(database.connect(options="-c TimeZone=UTC"), there, written)
    assert not view.authored
    assert any("as the server prints it" in text and reason in text for text in view.remarks), view.remarks


def test_constants_are_read_in_the_project_s_zone(database):
    """As a deployment will: what was made in another zone is another moment."""
    connection = database.connect(options="-c TimeZone=Asia/Tokyo")
    connection.execute(TABLES)
    with connection.transaction():
        connection.execute("SET LOCAL TimeZone = 'UTC'")
        connection.execute("CREATE MATERIALIZED VIEW v AS SELECT id FROM t WHERE at > '2024-01-01'")
    sql = {"v.sql": "CREATE MATERIALIZED VIEW v AS SELECT id FROM t WHERE at > '2024-01-01'"}
    assert not mvc.import_views(connection, sql=sql).views[0].authored
    project = {"mvc.yml": "catalog: catalog.json\ntimezone: UTC\n"}
    assert mvc.import_views(connection, sql=sql, project=project).views[0].authored


def test_a_column_list(database):
    connection = database.connect()
    text = "CREATE MATERIALIZED VIEW v (a, b) AS SELECT id, n FROM t"
    connection.execute(f"{TABLES} {text}")
    imported = mvc.import_views(connection, sql={"v.sql": text})
    assert imported.views[0].authored
    assert "SELECT id AS a, n AS b FROM t" in imported.files["views/v.yml"]
