"""A project's own names for the runtime's things: put in place, kept as they are, taken away; what they do for jobs that call them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.migration import migration
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import Applied, ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.status import status
from servers import ROOT, Database, newest

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
ANYTHING = ApplyOptions(allow=frozenset(HAZARDS))
ROLES = ("nm_refresher", "nm_monitor", "nm_plain")
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); CREATE SCHEMA elsewhere;\n"
NAMES = """\
names:
  refresh_all: refresh_everything
  refresh_one: refresh_it
  refresh_views: {'Refresh "a"': a}
  usage: usage_of_views
  status: view_figures
  log: refresh_logs
"""
GUESTS = "refresh_roles: [nm_refresher]\nmonitor_roles: [nm_monitor]\n"
FUNCTIONS = ("refresh_everything()", "refresh_it('a')", 'public."Refresh ""a"""()')


def project(settings: str = NAMES + GUESTS) -> Compiled:
    return mvc.compile(
        mvc.load(
            {
                "mvc.yml": f"project: own\ncatalog: s.sql\n{settings}",
                "s.sql": SCHEMA,
                "views/a.yml": "view: a\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {x: {max: 10 / t.n}}\n",
                "views/b.yml": "view: b\nsources: {a: {view: a}}\ndimensions: {id: a.id}\naggregates: {x: {max: a.x}}\n",
                "views/now.yml": "view: now\nmaterialized: false\nsources: {b: {view: b}}\ndimensions: {id: b.id}\n",
                "views/c.yml": "view: c\nsources: {n: {view: now}}\ndimensions: {id: n.id}\n",
                "views/d.yml": "view: Dd\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {max: t.n}}\n",
            }
        )
    )


@pytest.fixture
def base(database: Database) -> Iterator[Connection]:
    connection = database.connect()
    for role in ROLES:
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute(f"CREATE ROLE {role} LOGIN")
    connection.execute(SCHEMA + "INSERT INTO t VALUES (1, 2), (2, 5)")
    yield connection
    connection.execute(f"DROP OWNED BY {', '.join(ROLES)}")


@pytest.fixture
def deployed(base: Connection) -> Connection:
    apply(base, project())
    return base


def statuses(connection: Connection) -> list[tuple[str, str, str | None]]:
    return connection.execute("SELECT view_name, status, error FROM mvc.refresh_log ORDER BY id").fetchall()


def kinds(connection: Connection, compiled: Compiled) -> list[tuple[str, str]]:
    return [(item.kind, item.subject) for item in status(connection, compiled).drift]


class TestDeployment:
    def test_of_all_of_them_is_one_step_each_and_then_nothing(self, base):
        steps = [step for step in plan(base, project()).steps if step.action == "name"]
        assert [step.reason.split()[0] for step in steps] == [
            "public.refresh_everything",
            "public.refresh_it",
            "public.usage_of_views",
            "public.view_figures",
            "public.refresh_logs",
            "public.Refresh",
        ]
        apply(base, project())
        assert plan(base, project()).empty
        assert status(base, project()).drift == ()

    @newest
    def test_by_the_script_is_the_same(self, base):
        compiled = project()
        base.execute(compiled.sql.encode())
        assert not any(step.action in ("name", "drop name") for step in plan(base, compiled).steps)
        base.execute(compiled.sql.encode())
        base.execute("SELECT refresh_everything()")
        assert [row[:2] for row in statuses(base)] == [(name, "completed") for name in ("Dd", "a", "b", "c")]

    @newest
    def test_by_a_migration_is_the_same(self, base):
        apply(base, project(GUESTS))
        there, back = migration(project(GUESTS), project()), migration(project(), project(GUESTS))
        base.execute(f"BEGIN; {there} COMMIT".encode())
        assert plan(base, project()).empty
        base.execute(f"BEGIN; {back} COMMIT".encode())
        assert plan(base, project(GUESTS)).empty
        assert base.execute("SELECT to_regclass('view_figures'), to_regproc('refresh_everything')").fetchone() == (
            None,
            None,
        )

    @newest
    def test_without_one_takes_it_away_once_that_is_allowed(self, deployed):
        fewer = project(
            NAMES.replace("  refresh_all: refresh_everything\n", "").replace("  log: refresh_logs\n", "") + GUESTS
        )
        with pytest.raises(
            ServerError, match=r"refresh_everything goes \(drop-view\); the view public\.refresh_logs goes"
        ):
            apply(deployed, fewer)
        assert apply(deployed, fewer, options=ANYTHING).deployment == 2
        assert deployed.execute("SELECT to_regproc('refresh_everything'), to_regclass('refresh_logs')").fetchone() == (
            None,
            None,
        )
        assert plan(deployed, fewer).empty
        back = rollback(deployed, fewer)
        assert isinstance(back, Applied)
        assert plan(deployed, project()).empty
        deployed.execute("SELECT refresh_everything()")

    @newest
    def test_undone_leaves_none(self, deployed):
        rollback(deployed, project(), ANYTHING)
        assert deployed.execute(
            "SELECT to_regclass('view_figures'), to_regproc('refresh_everything'), to_regprocedure('refresh_it(text)')"
        ).fetchone() == (None, None, None)

    @newest
    def test_for_something_else_puts_that_in_its_place(self, deployed):
        swapped = NAMES.replace("'Refresh \"a\"': a", "'Refresh \"a\"': Dd") + GUESTS
        assert apply(deployed, project(swapped)).deployment == 2
        deployed.execute('SELECT "Refresh ""a"""()')
        assert [row[0] for row in statuses(deployed)] == ["Dd"]

    @newest
    @pytest.mark.parametrize(
        ("stranger", "named"),
        [
            (
                "CREATE FUNCTION refresh_everything() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                r"function public\.refresh_everything\(\)",
            ),
            ("CREATE PROCEDURE refresh_it(x text) LANGUAGE sql AS 'SELECT 1'", r"function public\.refresh_it\(text\)"),
            ("CREATE VIEW view_figures AS SELECT 1 AS x", r"view public\.view_figures"),
            ("CREATE TABLE refresh_logs (id int)", r"view public\.refresh_logs"),
        ],
    )
    @pytest.mark.bare
    def test_takes_the_place_of_nothing_that_is_not_ours(self, base, stranger, named):
        base.execute(stranger)
        with pytest.raises(ServerError, match=f"not ours, and in the way: the {named}"):
            apply(base, project())
        with pytest.raises(psycopg.errors.RaiseException, match="not ours, and in the way"):
            base.execute(project().sql.encode())
        base.execute("ROLLBACK")
        assert base.execute("SELECT to_regclass('mvc.deployment')").fetchone() == (None,)

    @newest
    def test_overloads_of_others_stay(self, base):
        base.execute("CREATE FUNCTION refresh_it(n int) RETURNS int LANGUAGE sql AS 'SELECT n'")
        apply(base, project())
        assert plan(base, project()).empty
        assert base.execute("SELECT refresh_it(3)").fetchone() == (3,)


CHANGES = {
    "DROP FUNCTION refresh_everything()": "name missing",
    "DROP VIEW view_figures": "name missing",
    "GRANT EXECUTE ON FUNCTION refresh_everything() TO PUBLIC": "name changed",
    "REVOKE SELECT ON view_figures FROM nm_monitor": "name changed",
    "GRANT INSERT ON refresh_logs TO nm_plain": "name changed",
    "GRANT SELECT (id) ON refresh_logs TO nm_plain": "name changed",
    "ALTER FUNCTION refresh_everything() SECURITY INVOKER": "name changed",
    "ALTER FUNCTION refresh_everything() RESET search_path": "name changed",
    "ALTER FUNCTION refresh_everything() OWNER TO nm_plain": "name changed",
    "CREATE OR REPLACE FUNCTION refresh_it(view_name text) RETURNS void LANGUAGE sql AS ''": "name changed",
    "DROP FUNCTION refresh_it(text); CREATE FUNCTION refresh_it(view_name text) RETURNS int LANGUAGE sql AS 'SELECT 1'": "name changed",
    "COMMENT ON FUNCTION refresh_it(text) IS 'made by mvc for the project own (mvc 0 0)'": "name changed",
    "DROP VIEW view_figures; CREATE VIEW view_figures AS SELECT 1 AS x;"
    " COMMENT ON VIEW view_figures IS 'made by mvc for the project own (mvc 0 0)'": "name changed",
}


@newest
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_found_and_mended(deployed, change):
    deployed.execute("GRANT CREATE ON SCHEMA public TO nm_plain")
    if "RETURNS int" in change:
        change += "; COMMENT ON FUNCTION refresh_it(text) IS 'made by mvc for the project own (mvc 0 0)'"
    deployed.execute(change)
    assert [kind for kind, _ in kinds(deployed, project())] == [CHANGES[change.partition("; COMMENT ON FUNCTION")[0]]]
    apply(deployed, project())
    assert kinds(deployed, project()) == []
    assert plan(deployed, project()).empty


class TestRefreshing:
    def test_everything_upstream_first(self, deployed):
        deployed.execute("INSERT INTO t VALUES (3, 1)")
        deployed.execute("SELECT refresh_everything()")
        assert statuses(deployed) == [(name, "completed", None) for name in ("Dd", "a", "b", "c")]
        assert deployed.execute("SELECT count(*) FROM c").fetchone() == (3,)

    @newest
    def test_a_failure_stops_only_what_reads_it_and_stays_in_the_log(self, deployed):
        notices: list[str] = []
        deployed.add_notice_handler(lambda notice: notices.append(f"{notice.severity}: {notice.message_primary}"))
        deployed.execute("INSERT INTO t VALUES (3, 0)")
        deployed.execute("SELECT refresh_everything()")
        blocked = "reads a, which failed"
        assert statuses(deployed) == [
            ("Dd", "completed", None),
            ("a", "failed", "division by zero"),
            ("b", "skipped", blocked),
            ("c", "skipped", blocked),
        ]
        assert notices == ["WARNING: the refresh of public.a failed: division by zero"]

    @newest
    def test_by_procedure_commits_each(self, deployed, database):
        deployed.execute("INSERT INTO t VALUES (3, 0)")
        connection = database.connect(user="nm_refresher")
        with pytest.raises(psycopg.errors.RaiseException, match=r"refreshing failed: public\.a \(division by zero\)"):
            connection.execute("CALL mvc.refresh_project('own')")
        assert [row[:2] for row in statuses(deployed)] == [
            ("Dd", "completed"),
            ("a", "failed"),
            ("b", "skipped"),
            ("c", "skipped"),
        ]
        times = deployed.execute("SELECT count(DISTINCT xmin::text) FROM mvc.refresh_log").fetchone()
        assert times == (4,)

    @newest
    @pytest.mark.parametrize("named", ["Dd", '"Dd"', 'public."Dd"', 'PUBLIC."Dd"'])
    def test_one_by_whatever_way_its_name_is_written(self, deployed, named):
        deployed.execute("SELECT refresh_it(view_name => %s)", (named,))
        assert statuses(deployed) == [("Dd", "completed", None)]

    @newest
    @pytest.mark.parametrize("named", ["dd", "nope", "elsewhere.a", "a.b.c", "now", "t", "a; DROP TABLE t", "", None])
    def test_one_that_is_none_is_an_error(self, deployed, named):
        with pytest.raises(psycopg.errors.UndefinedTable, match="no materialized view"):
            deployed.execute("SELECT refresh_it(%s)", (named,))

    @newest
    def test_one_view_of_the_settings(self, deployed):
        deployed.execute('SELECT "Refresh ""a"""()')
        assert statuses(deployed) == [("a", "completed", None)]


class TestWhoMay:
    @pytest.mark.parametrize("call", FUNCTIONS)
    def test_refresh(self, deployed, database, call):
        database.connect(user="nm_refresher").execute(f"SELECT {call}")
        for role in ("nm_monitor", "nm_plain"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"):
                database.connect(user=role).execute(f"SELECT {call}")

    @pytest.mark.parametrize(
        "query", ["SELECT * FROM view_figures", "SELECT * FROM refresh_logs", "SELECT * FROM usage_of_views(3)"]
    )
    def test_look(self, deployed, database, query):
        deployed.execute("SELECT refresh_everything()")
        for role in ("nm_refresher", "nm_monitor"):
            assert database.connect(user=role).execute(query).fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            database.connect(user="nm_plain").execute(query)

    @newest
    @pytest.mark.parametrize("role", ["nm_refresher", "nm_monitor"])
    @pytest.mark.parametrize(
        "relation",
        ["refresh_logs", "view_figures", "mvc.refreshes", "mvc.refresh_log", "mvc.view_status", "mvc.told_promise"],
    )
    def test_forge_nothing(self, deployed, database, role, relation):
        column = deployed.execute(f"SELECT * FROM {relation} LIMIT 0").description[-1].name
        for statement in (
            f"INSERT INTO {relation} DEFAULT VALUES",
            f"DELETE FROM {relation}",
            f"UPDATE {relation} SET {column} = NULL",
        ):
            with pytest.raises(psycopg.Error, match=r"permission denied|cannot (insert into|delete from|update) view"):
                database.connect(user=role).execute(statement)

    @newest
    def test_nothing_that_the_caller_has_is_run_with_more_rights(self, deployed, database):
        """D25: what a caller puts into his path or his temporary schema is not found."""
        connection = database.connect(user="nm_refresher")
        deployed.execute("CREATE SCHEMA trap AUTHORIZATION nm_refresher")
        connection.execute(
            "CREATE FUNCTION trap.quote_ident(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'caught as %', current_user; END $$;"
            "CREATE FUNCTION trap.parse_ident(text) RETURNS text[] LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'caught as %', current_user; END $$;"
            "CREATE TEMP TABLE deployed_view (x int); CREATE TEMP TABLE pg_class (x int); CREATE TEMP TABLE a (x int);"
            "SET search_path = trap, pg_temp, pg_catalog, public"
        )
        for call in ("public.refresh_everything()", "public.refresh_it('a')", "public.usage_of_views()"):
            connection.execute(f"SELECT {call}")
        connection.execute("SELECT * FROM public.view_figures")
        assert {row[1] for row in statuses(deployed)} == {"completed"}


@newest
def test_the_log_has_the_columns_that_dashboards_read(deployed):
    deployed.execute("SELECT refresh_it('a')")
    deployed.execute("CALL mvc.refresh('public', 'Dd', schedule => 'nightly')")
    cursor = deployed.execute(
        "SELECT id::text, view_name, refresh_type, duration_ms >= 0, rows_affected, status, error_message, created_at <= now()"
        " FROM refresh_logs ORDER BY created_at"
    )
    assert cursor.fetchall() == [
        ("00000000-0000-0000-0000-000000000001", "a", "full", True, 2, "completed", None, True),
        ("00000000-0000-0000-0000-000000000002", "Dd", "scheduled", True, 2, "completed", None, True),
    ]


@newest
def test_the_figures_have_the_columns_that_dashboards_read(deployed):
    deployed.execute("SELECT refresh_it('a')")
    rows = deployed.execute("SELECT * FROM view_figures ORDER BY matviewname").fetchall()
    found = {row[1]: row for row in rows}
    assert set(found) == {"a", "b", "c", "Dd"}
    schema, _, total, own, indexes, last, today = found["a"]
    sizes = deployed.execute(
        "SELECT pg_size_pretty(pg_total_relation_size(c)), pg_size_pretty(pg_table_size(c)), pg_size_pretty(pg_indexes_size(c))"
        " FROM mvc.deployed_view AS d, LATERAL (SELECT ('mvc.' || d.stored_name)::regclass) AS s (c) WHERE view_name = 'a'"
    ).fetchone()
    assert (total, own, indexes) == sizes
    assert (schema, today) == ("public", 1)
    assert last is not None
    assert found["b"][5:] == (None, 0)


def test_those_of_the_reference_project_do_as_the_design_says(postgis_database):
    """`SELECT name()` as its jobs call it, the result columns as its dashboards read them."""
    connection = postgis_database.connect()
    connection.execute((ROOT / "schema" / "booking.sql").read_text(encoding="utf-8"))
    apply(connection, mvc.compile(mvc.load(ROOT)))
    connection.execute("SELECT refresh_all_materialized_views()")
    connection.execute("SELECT refresh_materialized_view('mv_search_index')")
    connection.execute("SELECT refresh_realtime_availability_incremental()")
    logged = connection.execute(
        "SELECT view_name, count(*) FROM materialized_view_refresh_logs WHERE status = 'completed' GROUP BY view_name"
    ).fetchall()
    assert len(logged) == 7
    assert {name for name, count in logged if count == 2} == {"mv_search_index", "mv_realtime_availability"}
    columns = "schemaname, matviewname, total_size, relation_size, index_size, last_refresh, refreshes_today"
    assert len(connection.execute(f"SELECT {columns} FROM mv_monitoring").fetchall()) == 7
    columns = "view_name, estimated_queries_per_day, avg_query_time_ms, last_used"
    assert len(connection.execute(f"SELECT {columns} FROM get_mv_usage_stats(days_back => 7)").fetchall()) == 7
    columns = "id, view_name, refresh_type, duration_ms, rows_affected, status, error_message, created_at"
    connection.execute(f"SELECT {columns} FROM materialized_view_refresh_logs")
