"""How much each view is used: which statements read it, and what pg_stat_statements of each version says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import mvc
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.embedded import EmbeddedServer
from servers import Database, installations, need, new_database, new_server, newest

Connection = psycopg.Connection[Any]
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);\n"
FILES = {
    "mvc.yml": "project: used\ncatalog: s.sql\n",
    "s.sql": SCHEMA,
    "views/a.yml": "view: mv_a\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {max: t.n}}\n",
    "views/b.yml": "view: mv_a_b\nsources: {t: {table: t}}\ndimensions: {id: t.id}\n",
    "views/c.yml": "view: 'Mv C'\nsources: {t: {table: t}}\ndimensions: {id: t.id}\n",
}


def deploy(database: Database) -> Connection:
    connection = database.connect()
    connection.execute(SCHEMA + "INSERT INTO t VALUES (1, 2), (2, 5)")
    apply(connection, mvc.compile(mvc.load(FILES)))
    return connection


@pytest.fixture
def deployed(database: Database) -> Connection:
    return deploy(database)


@pytest.fixture(scope="module")
def counting_server() -> Iterator[EmbeddedServer]:
    """A server that counts statements; only Debian's PostgreSQL brings the extension."""
    need(15 in installations(), "Debian's package postgresql-15")
    with new_server(installations()[15], {"shared_preload_libraries": "pg_stat_statements"}) as server:
        yield server


@pytest.fixture
def counted(counting_server: EmbeddedServer) -> Iterator[Connection]:
    with new_database(counting_server) as database:
        connection = deploy(database)
        connection.execute('CREATE SCHEMA "of it"; CREATE EXTENSION pg_stat_statements SCHEMA "of it"')
        connection.execute('SELECT "of it".pg_stat_statements_reset()')
        yield connection


READ = {
    "SELECT * FROM mv_x WHERE a = $1": {"mv_x"},
    "select count(*) from PUBLIC.MV_X": {"public.mv_x"},
    'SELECT * FROM public."Mv X" AS v': {"public.Mv X"},
    'SELECT * FROM "a""b"': {'a"b'},
    "SELECT * FROM db.public.mv_x": {"public.mv_x"},
    "SELECT * FROM été_x": {"été_x"},
    "SELECT mv_x FROM t": {"t"},
    "SELECT mv_x.n FROM t AS mv_x": {"t"},
    "SELECT a, mv_x FROM t GROUP BY b, mv_x ORDER BY c, mv_x": {"t"},
    "SELECT * FROM mv_x_old": {"mv_x_old"},
    "SELECT * FROM mv_x() AS f": set(),
    "SELECT 'FROM mv_x' FROM t -- FROM mv_x\n": {"t"},
    "SELECT 1 /* FROM mv_x /* it's */ FROM mv_y */ FROM t": {"t"},
    r"SELECT E'it\' FROM mv_x' FROM t": {"t"},
    "SELECT * FROM a, mv_x AS b, LATERAL f(b.c) AS g JOIN d ON d.x = f(b.y, mv_z)": {"a", "mv_x", "d"},
    "SELECT * FROM (SELECT * FROM mv_x) AS s WHERE b IN (SELECT c FROM d)": {"mv_x", "d"},
    "SELECT * FROM (mv_x JOIN t USING (id))": {"mv_x", "t"},
    "SELECT (SELECT max(a) FROM mv_x), b FROM t": {"mv_x", "t"},
    "SELECT 1 FROM t CROSS JOIN LATERAL (SELECT 2) AS u, mv_x": {"t", "mv_x"},
    "WITH mv_x AS (SELECT * FROM t) SELECT * FROM mv_x": {"t"},
    "WITH q AS NOT MATERIALIZED (SELECT * FROM mv_x) SELECT * FROM q": {"mv_x"},
    "SELECT extract(epoch FROM mv_x) FROM t WHERE a IS DISTINCT FROM mv_x": {"t"},
    "SELECT substring(a FROM 1 FOR 2) FROM mv_x FOR UPDATE OF mv_y": {"mv_x"},
    "TABLE mv_x": {"mv_x"},
    "(TABLE mv_x) UNION SELECT * FROM ONLY t": {"mv_x", "t"},
    "INSERT INTO t SELECT * FROM mv_x": {"mv_x"},
    "UPDATE t SET a = v.b, c = mv_y FROM mv_x AS v": {"mv_x"},
    "MERGE INTO t USING mv_x ON true WHEN MATCHED THEN DO NOTHING": {"mv_x"},
    "REFRESH MATERIALIZED VIEW mv_x": set(),
    "CREATE TABLE t AS SELECT * FROM mv_x": set(),
    "": set(),
}


@newest
def test_what_a_statement_reads(deployed):
    for statement, expected in READ.items():
        rows = deployed.execute("SELECT relation_schema, relation_name FROM mvc.relations_read(%s)", (statement,))
        assert {f"{schema}.{name}" if schema else name for schema, name in rows} == expected, statement


class TestCounted:
    def usage(self, connection: Connection, columns: str) -> dict[str, Any]:
        rows = connection.execute(f"SELECT view_name, {columns} FROM mvc.usage()").fetchall()
        return {name: rest[0] if len(rest) == 1 else tuple(rest) for name, *rest in rows}

    def test_are_reads_of_the_view_and_nothing_else(self, counted):
        for query in (
            "SELECT * FROM mv_a WHERE id = 1",
            "SELECT * FROM mv_a WHERE id = 2",
            "SELECT x.n FROM public.mv_a AS x, mv_a AS y",
            'SELECT count(*) FROM "Mv C"',
            "SELECT 'mv_a', 1 AS mv_a FROM t",
        ):
            counted.execute(query)
        for name in ("mv_a", "mv_a_b"):
            counted.execute("CALL mvc.refresh('public', %s)", (name,))
        counted.execute(
            "REFRESH MATERIALIZED VIEW "
            + counted.execute(
                "SELECT 'mvc.' || stored_name FROM mvc.deployed_view WHERE view_name = 'mv_a'"
            ).fetchone()[0]
        )
        assert self.usage(counted, "calls") == {"mv_a": 3, "mv_a_b": 0, "Mv C": 1}
        assert self.usage(counted, "hint") == dict.fromkeys(("mv_a", "mv_a_b", "Mv C"))

    def test_figures_are_those_of_the_statements(self, counted):
        for _ in range(5):
            counted.execute("SELECT pg_sleep(0.01) FROM mv_a LIMIT 1")
        truth = counted.execute(
            "SELECT total_exec_time, rows FROM \"of it\".pg_stat_statements WHERE query LIKE 'SELECT pg_sleep%'"
        ).fetchone()
        columns = "calls, total_milliseconds, mean_milliseconds, returned_rows, calls_per_day, counted_since <= now(), within_days_back"
        calls, total, mean, rows, per_day, since, within = self.usage(counted, columns)["mv_a"]
        assert (calls, total, rows, since, within) == (5, truth[0], truth[1], True, True)
        assert mean == pytest.approx(total / 5)
        assert mean >= 10
        assert per_day == pytest.approx(120)  # of an hour at least: nothing is known of a day

    def test_of_other_databases_are_none(self, counted, counting_server):
        with new_database(counting_server) as other:
            deploy(other).execute("SELECT * FROM mv_a")
        assert self.usage(counted, "calls")["mv_a"] == 0

    def test_by_an_owner_who_may_not_see_other_statements_is_said(self, counted):
        counted.execute(
            "CREATE ROLE us_owner; ALTER FUNCTION mvc.usage(int) OWNER TO us_owner; GRANT USAGE ON SCHEMA mvc TO us_owner;"
            "GRANT SELECT ON ALL TABLES IN SCHEMA mvc TO us_owner; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mvc TO us_owner;"
            'GRANT USAGE ON SCHEMA "of it" TO us_owner'
        )
        counted.execute("SELECT * FROM mv_a")
        assert set(self.usage(counted, "hint").values()) == {
            "only statements of us_owner are counted, whose views these are: GRANT pg_read_all_stats TO us_owner"
        }
        assert self.usage(counted, "calls")["mv_a"] == 0
        counted.execute("GRANT pg_read_all_stats TO us_owner")
        assert self.usage(counted, "calls, hint")["mv_a"] == (1, None)
        counted.execute("DROP OWNED BY us_owner CASCADE; DROP ROLE us_owner")

    def test_nothing_without_the_preloaded_library_is_said(self, postgis_database):
        connection = deploy(postgis_database)
        connection.execute("CREATE EXTENSION pg_stat_statements")
        (hint,) = set(self.usage(connection, "hint").values())
        assert hint.startswith("statements are not counted: pg_stat_statements must be loaded")

    def test_nothing_without_the_extension_is_said(self, deployed):
        rows = deployed.execute(
            "SELECT calls, mean_milliseconds, calls_per_day, counted_since, hint FROM mvc.usage()"
        ).fetchall()
        assert len(rows) == 3
        assert all(row[:4] == (None,) * 4 and "lacks the extension pg_stat_statements" in row[4] for row in rows)

    @newest
    @pytest.mark.parametrize("days", ["0", "-1", "NULL"])
    def test_days_must_be_some(self, deployed, days):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="days_back must be 1 or more"):
            deployed.execute(f"SELECT * FROM mvc.usage({days})")


@newest
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            "2.5 AS total_exec_time, 1.5 AS shared_blk_read_time, timestamptz '2024-05-01Z' AS stats_since",
            "2024-05-01",
        ),  # 17
        ("2.5 AS total_exec_time, 1.5 AS blk_read_time", None),  # 14 to 16
        ("2.5 AS total_time, 1.5 AS blk_read_time", None),  # the extension was never updated
    ],
)
def test_columns_of_every_version(deployed, columns, expected):
    deployed.execute(
        "CREATE VIEW statements AS SELECT d.oid AS dbid, 'SELECT * FROM mv_a'::text AS query, 3::bigint AS calls, 7::bigint AS rows,"
        f" {columns} FROM pg_database AS d"
    )
    row = deployed.execute(
        "SELECT statement, calls, milliseconds, rows, read_milliseconds, since::date::text FROM mvc.statements_in('statements')"
    )
    assert row.fetchall() == [("SELECT * FROM mv_a", 3, 2.5, 7, 1.5, expected)]
    counted = deployed.execute("SELECT mvc.reads_of_views('statements')").fetchone()[0]
    assert [(item["view_name"], item["calls"], item["milliseconds"]) for item in counted] == [("mv_a", 3, 2.5)]


@newest
def test_the_last_scan_is_that_of_a_reader(deployed):
    """PostgreSQL 16 says when a table was scanned last; a refresh scans as well."""
    query = "SELECT last_scan FROM mvc.usage() WHERE view_name = 'mv_a'"
    deployed.execute("CALL mvc.refresh('public', 'mv_a')")
    deployed.execute("SELECT pg_stat_force_next_flush()")
    assert deployed.execute(query).fetchone() == (None,)
    deployed.execute("UPDATE mvc.stored_relation SET filled_at = filled_at - interval '1 minute'")
    deployed.execute("SELECT * FROM mv_a")
    deployed.execute("SELECT pg_stat_force_next_flush()")
    row = deployed.execute(
        f"SELECT last_scan > (SELECT max(finished_at) FROM mvc.refresh_log) FROM ({query}) AS q"
    ).fetchone()
    assert row == (True,)
