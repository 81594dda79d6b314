"""The runtime that is installed beside the views: as a script, as functions, and against those who mean no good."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.deploy.script import script_files
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.refresh import refresh
from servers import ROOT, Database, need, newest

pytestmark = pytest.mark.by_turns

SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL, n int NOT NULL);\n"
ROWS = "INSERT INTO t SELECT g, '2024-05-01 23:30+00'::timestamptz, g FROM generate_series(1, 3) AS g"
VIEW = """\
view: v
description: What is in t.
sources: {t: {table: t}}
dimensions: {day: t.at::date}
aggregates: {n: {count: t}}
"""
PROJECT = {"mvc.yml": "catalog: s.sql\n", "s.sql": SCHEMA, "views/v.yml": VIEW}


def project(**changed: str) -> Compiled:
    return mvc.compile(mvc.load({**PROJECT, **changed}))


def settings(text: str) -> dict[str, str]:
    return {"mvc.yml": f"catalog: s.sql\n{text}"}


@pytest.fixture
def base(database: Database) -> psycopg.Connection[Any]:
    """The base table with three rows."""
    connection = database.connect()
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    return connection


@pytest.fixture
def deployed(base: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """The one view `v`, deployed over three rows."""
    apply(base, project())
    return base


@pytest.fixture
def unfilled(base: psycopg.Connection[Any], database: Database) -> psycopg.Connection[Any]:
    """The same, as the script leaves it: without data until the first refresh."""
    done = psql(database, input=project().sql)
    assert (done.returncode, done.stderr) == (0, "")
    return base


def call(connection: psycopg.Connection[Any], view: str = "v") -> None:
    connection.execute("CALL mvc.refresh('public', %s)", (view,))


def log(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT status, concurrent, rows, sqlstate FROM mvc.refresh_log ORDER BY id").fetchall()


def role(connection: psycopg.Connection[Any], name: str) -> str:
    with suppress(psycopg.errors.DuplicateObject):  # roles belong to the server, which other tests use as well
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
    return name


def psql(database: Database, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
    program = database.server.installation.bindir / "psql"
    need(program.is_file(), f"psql beside PostgreSQL {database.major}")
    run = [str(program), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url, *options]
    return subprocess.run(run, capture_output=True, text=True, check=False, timeout=60, **more)


class TestScript:
    def test_applies_in_one_go_and_again(self, database, tmp_path):
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        script = tmp_path / "deploy.sql"
        script.write_text(project().sql, encoding="utf-8")
        for _ in range(2):
            done = psql(database, "-f", str(script))
            assert (done.returncode, done.stderr) == (0, "")
            call(connection)
            assert connection.execute("SELECT day::text, n FROM v").fetchall() == [("2024-05-01", 3)]
        assert [row[:2] for row in log(connection)] == [("completed", False), ("completed", True)]

    def test_of_the_reference_project(self, postgis_database, tmp_path):
        """With PostGIS, from standard input."""
        connection = postgis_database.connect()
        connection.execute((ROOT / "schema" / "booking.sql").read_text(encoding="utf-8"))
        compiled = mvc.compile(mvc.load(ROOT))
        for _ in range(2):
            done = psql(postgis_database, input=compiled.sql)
            assert (done.returncode, done.stderr) == (0, "")
        assert {item.status for item in refresh(connection, compiled)} == {"completed"}

    def test_in_files(self, database, tmp_path):
        connection = database.connect()
        connection.execute(SCHEMA)
        for name, text in script_files(project(), project().views).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        for _ in range(2):
            done = psql(database, "-f", str(tmp_path / "deploy.sql"), cwd="/")
            assert (done.returncode, done.stderr) == (0, "")
        call(connection)
        assert connection.execute("SELECT count(*) FROM v").fetchone() == (0,)

    @newest
    @pytest.mark.parametrize(
        "name", ["two words", "quo'te", 'dou"ble', "per%cent", "back\\slash", "ünï/cöde", "..", "a;b"]
    )
    def test_in_files_whatever_a_view_is_called(self, database, tmp_path, name):
        database.connect().execute(SCHEMA)
        compiled = project(**{"views/v.yml": VIEW.replace("view: v", f"view: {yaml_text(name)}")})
        files = script_files(compiled, compiled.views)
        for path, text in files.items():
            target = (tmp_path / path).resolve()
            assert target.is_relative_to(tmp_path)
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
        done = psql(database, "-f", str(tmp_path / "deploy.sql"))
        assert (done.returncode, done.stderr) == (0, "")
        assert exists(database, "public", name)

    @pytest.mark.bare
    def test_that_fails_leaves_nothing(self, database):
        """The base table is missing."""
        done = psql(database, input=project().sql)
        assert done.returncode != 0
        assert 'relation "public.t" does not exist' in done.stderr
        query = "SELECT nspname FROM pg_namespace WHERE nspname = 'mvc'"
        assert database.connect().execute(query).fetchall() == []

    @newest
    def test_works_whatever_the_database_prefers(self, database):
        """Old settings, which a database that came through many upgrades may still have."""
        connection = database.connect()
        connection.execute(SCHEMA)
        for setting in (
            "search_path = ''",
            "timezone = 'Asia/Tokyo'",
            "check_function_bodies = on",
            "datestyle = 'SQL, DMY'",
        ):
            connection.execute(f"ALTER DATABASE {database.name} SET {setting}")
        if database.major < 19:  # gone with 19
            connection.execute(f"ALTER DATABASE {database.name} SET standard_conforming_strings = off")
        view = (
            VIEW.replace("What is in t.", r"back\slash and quo''te")
            .replace("description: ", "description: '")
            .replace("te\n", "te'\n", 1)
        )
        done = psql(database, input=project(**{"views/v.yml": view}).sql)
        assert done.returncode == 0, done.stderr
        found = database.connect().execute("SELECT obj_description('public.v'::regclass)").fetchone()
        assert found == (r"back\slash and quo'te",)

    @newest
    def test_replaces_no_view_of_someone_else(self, database):
        """`apply` refuses it; the script must not quietly do what `apply` will not."""
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute("CREATE VIEW v AS SELECT current_date AS day, 1::bigint AS n")
        done = psql(database, input=project().sql)
        assert done.returncode != 0
        assert connection.execute("SELECT n FROM v").fetchall() == [(1,)]

    @newest
    def test_takes_no_data_from_readers(self, deployed, database):
        """What the script creates has no data, so it does not change a definition; `apply` does."""
        changed = project(**{"views/v.yml": VIEW + "where: t.n > 1\n"})
        done = psql(database, input=changed.sql)
        assert done.returncode != 0
        assert deployed.execute("SELECT n FROM v").fetchall() == [(3,)]


def yaml_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def exists(database: Database, schema: str, name: str) -> bool:
    query = "SELECT count(*) FROM pg_views WHERE schemaname = %s AND viewname = %s"
    row = database.connect().execute(query, (schema, name)).fetchone()
    return row == (1,)


FOR_MONITORS = {"held_back", "is_locked", "is_lost", "queued_groups", "sizes_at_once", "usage"}


# What refreshers call works with the owner's rights, but for procedures, which commit, and what only looks at their own sessions.
FOR_REFRESHERS = {
    "act",
    "alert",
    "committed",
    "lead",
    "partition_work",
    "through",
    "refresh",
    "run_schedule",
    "due",
    "seconds_to_next",
    "stop_overdue",
    "refresh_work",
    "say_outcome",
    "maintain_partitions",
    "partition_log_end",
    "partition_tasks",
    "shrunk_views",
    "refresh_order",
    "refresh_project",
}
CALLED_AS_ONESELF = {  # procedures that commit, and what looks at the caller's own sessions
    "refresh",
    "refresh_project",
    "refresh_work",
    "say_outcome",
    "run_schedule",
    "stop_overdue",
    "maintain_partitions",
    "partition_work",
    "alert",
    "committed",
    "through",
}


class TestFunctions:
    def test_nobody_else_is_given_anything(self, deployed):
        found = deployed.execute(
            "SELECT 'schema' FROM pg_namespace AS n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS a"
            " WHERE nspname = 'mvc' AND a.grantee <> nspowner"
            " UNION ALL SELECT relname::text FROM pg_class AS c, aclexplode(coalesce(relacl, acldefault('r', relowner))) AS a"
            " WHERE relnamespace = 'mvc'::regnamespace AND relkind IN ('r', 'v', 'm', 'S') AND a.grantee <> relowner"
            " UNION ALL SELECT proname::text FROM pg_proc AS p, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a"
            " WHERE pronamespace = 'mvc'::regnamespace AND a.grantee <> proowner"
        ).fetchall()
        assert found == []


class TestRefresh:
    def test_first_plain_then_concurrent(self, unfilled):
        call(unfilled)
        call(unfilled)
        assert log(unfilled) == [("completed", False, 1, None), ("completed", True, 1, None)]

    def test_concurrent_where_a_deployment_filled_it(self, deployed):
        call(deployed)
        assert log(deployed) == [("completed", True, 1, None)]

    def test_is_known_as_the_last_fill(self, deployed):
        """By which a deployment decides whether what it built earlier is still as fresh as what readers have."""
        query = "SELECT rows, filled_at, fill_seconds > 0 FROM mvc.stored_relation"
        before = deployed.execute(query).fetchone()
        deployed.execute("INSERT INTO t VALUES (4, '2024-05-03', 4)")
        call(deployed)
        after = deployed.execute(query).fetchone()
        assert before is not None
        assert after is not None
        assert (before[0], after[0], after[2]) == (1, 2, True)
        assert before[1] < after[1]

    def test_an_unknown_view(self, deployed):
        with pytest.raises(psycopg.errors.UndefinedTable, match=r"no materialized view public\.nope is deployed"):
            call(deployed, "nope")
        assert log(deployed) == []

    def test_outside_of_the_ledger_nothing_is_refreshed(self, deployed):
        deployed.execute("CREATE MATERIALIZED VIEW other AS SELECT 1 AS x")
        with pytest.raises(psycopg.errors.UndefinedTable):
            call(deployed, "other")

    def test_a_failure_is_logged_with_its_code_and_keeps_the_data(self, deployed):
        call(deployed)
        deployed.execute("ALTER TABLE t RENAME COLUMN at TO at_")
        deployed.execute("DROP INDEX mvc." + index_of(deployed))
        with pytest.raises(
            psycopg.errors.ObjectNotInPrerequisiteState, match=r"the refresh of public\.v failed: cannot refresh"
        ):
            call(deployed)
        assert log(deployed)[-1] == ("failed", True, None, "55000")
        row = deployed.execute(
            "SELECT error, finished_at > started_at FROM mvc.refresh_log ORDER BY id DESC"
        ).fetchone()
        assert row is not None
        assert "cannot refresh materialized view" in row[0]
        assert row[1]
        assert deployed.execute("SELECT n FROM v").fetchall() == [(3,)]

    def test_overlap_is_skipped_and_logged(self, deployed, database):
        other = database.connect(autocommit=False)
        other.execute("SELECT mvc.refresh_run(mvc.refresh_begin('public', 'v'))")  # holds its lock until the end
        notices: list[str] = []
        deployed.add_notice_handler(lambda said: notices.append(said.message_primary or ""))
        call(deployed)
        other.commit()
        assert notices == ["the refresh of public.v was skipped: another refresh of this view is under way"]
        assert sorted(row[0] for row in log(deployed)) == ["completed", "skipped"]
        row = deployed.execute("SELECT error, finished_at FROM mvc.refresh_log WHERE status = 'skipped'").fetchone()
        assert row is not None
        assert row[0] == "another refresh of this view is under way"
        assert row[1] is not None

    def test_a_statement_timeout_is_logged(self, deployed, database):
        blocking = database.connect(autocommit=False)
        blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        deployed.execute("SET statement_timeout = '200ms'")
        with pytest.raises(psycopg.errors.QueryCanceled, match="due to statement timeout") as raised:
            call(deployed)
        assert "SET statement_timeout = 0 before the CALL" in str(raised.value.diag.message_hint)
        blocking.rollback()
        assert log(deployed) == [("failed", True, None, "57014")]

    def test_a_lock_timeout_is_logged(self, deployed, database):
        blocking = database.connect(autocommit=False)
        blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        deployed.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            call(deployed)
        blocking.rollback()
        assert log(deployed) == [("failed", True, None, "55P03")]

    def test_a_cancel_is_logged(self, deployed, database):
        blocking = database.connect(autocommit=False)
        blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        watching = database.connect()
        raised: list[psycopg.Error] = []

        def called() -> None:
            try:
                call(deployed)
            except psycopg.Error as problem:
                raised.append(problem)

        thread = threading.Thread(target=called)
        thread.start()
        waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        while watching.execute(waits, (deployed.info.backend_pid,)).fetchone() != (True,):
            time.sleep(0.02)
        watching.execute("SELECT pg_cancel_backend(%s)", (deployed.info.backend_pid,))
        thread.join(20)
        blocking.rollback()
        assert log(watching) == [("failed", True, None, "57014")]
        assert [problem.sqlstate for problem in raised] == ["57014"]

    def test_a_run_is_done_once(self, deployed):
        run = deployed.execute("SELECT mvc.refresh_begin('public', 'v')").fetchone()
        assert run is not None
        assert deployed.execute("SELECT mvc.refresh_run(%s)", run).fetchone() == ("completed",)
        with pytest.raises(psycopg.errors.RaiseException, match="has not begun, or has ended"):
            deployed.execute("SELECT mvc.refresh_run(%s)", run)

    def test_in_a_transaction_is_refused(self, deployed):
        """Its log row could not outlive a failure."""
        with pytest.raises(psycopg.errors.InvalidTransactionTermination), deployed.transaction():
            call(deployed)

    def test_computes_dates_in_the_zone_of_the_project(self, database):
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        apply(connection, project(**settings("timezone: Asia/Tokyo\n")))
        for zone in ("UTC", "America/New_York"):
            connection.execute(f"SET timezone = '{zone}'")
            call(connection)
            assert connection.execute("SELECT day::text FROM v").fetchall() == [("2024-05-02",)]
            assert connection.execute("SHOW timezone").fetchone() == (zone,)

    @newest
    def test_does_not_depend_on_how_the_caller_likes_dates(self, database):
        """Who may refresh could otherwise decide what `text` and `date` mean in what others read."""
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        view = VIEW.replace("t.at::date", "t.at::date::text").replace(
            "n: {count: t}", "d: {min: \"('01/02/2024')::text::date\"}"
        )
        apply(connection, project(**{"views/v.yml": view.replace("description: What is in t.\n", "")}))
        call(connection)
        before = connection.execute("SELECT day, d::text FROM v").fetchall()
        connection.execute("SET datestyle = 'German, DMY'")
        call(connection)
        connection.execute("RESET datestyle")
        assert connection.execute("SELECT day, d::text FROM v").fetchall() == before

    def test_rather_fails_than_loses_rows_to_row_security(self, deployed):
        """The owner of the view is not the owner of the table, whose policies hide rows from it."""
        owner = role(deployed, "mv_owner")
        stored = deployed.execute("SELECT stored_name FROM mvc.deployed_view").fetchone()
        assert stored is not None
        deployed.execute("GRANT SELECT ON t TO mv_owner; GRANT CREATE, USAGE ON SCHEMA mvc TO mv_owner")
        deployed.execute(
            sql.SQL("ALTER MATERIALIZED VIEW mvc.{} OWNER TO {}").format(
                sql.Identifier(stored[0]), sql.Identifier(owner)
            )
        )
        call(deployed)
        deployed.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY one_row ON t USING (id = 1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            call(deployed)
        assert [(row[0], row[3]) for row in log(deployed)] == [("completed", None), ("failed", "42501")]
        deployed.execute("DROP OWNED BY mv_owner CASCADE")


def index_of(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'mvc' AND indexname LIKE 'v_%%grain'"
    ).fetchone()
    assert row is not None
    return str(row[0])


class TestWhoMayRefresh:
    @pytest.fixture
    def refresher(self, database: Database) -> Iterator[psycopg.Connection[Any]]:
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        role(connection, "Re fresher")
        role(connection, "ordinary")
        apply(connection, project(**settings("refresh_roles: ['Re fresher']\n")))
        yield database.connect(user="Re fresher")
        connection.execute('DROP OWNED BY "Re fresher"')

    def test_a_named_role(self, refresher, database):
        call(refresher)
        owner = database.connect()
        assert log(owner) == [("completed", True, 1, None)]
        assert owner.execute("SELECT refreshed_by::text FROM mvc.refresh_log").fetchone() == ("Re fresher",)

    @pytest.mark.parametrize(
        "statement",
        [
            "TABLE v",
            "DELETE FROM mvc.refresh_log",
            "UPDATE mvc.deployed_view SET stored_name = 'x'",
            "INSERT INTO mvc.refresh_log (view_schema, view_name) VALUES ('public', 'v')",
            "SELECT mvc.set_readers('public', 'v', ARRAY['Re fresher']::name[])",
            "SELECT mvc.close_storage(ARRAY['Re fresher']::name[], 'shop')",
            "SELECT mvc.revoke_all('TABLE', 'public.t', 10, NULL)",
            "SELECT mvc.require_extension('x', 'v')",
            "CREATE TABLE mvc.x ()",
        ],
    )
    @newest
    def test_and_it_may_nothing_else(self, refresher, statement):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            refresher.execute(statement)

    @newest
    def test_it_may_read_what_is_deployed_and_what_became_of_it(self, refresher):
        call(refresher)
        assert refresher.execute("SELECT view_name FROM mvc.deployed_view").fetchall() == [("v",)]
        assert refresher.execute("SELECT status FROM mvc.refresh_log").fetchall() == [("completed",)]

    @newest
    def test_not_even_the_stored_rows(self, refresher, database):
        call(refresher)
        row = database.connect().execute("SELECT stored_name FROM mvc.deployed_view").fetchone()
        assert row is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            refresher.execute(sql.SQL("TABLE mvc.{}").format(sql.Identifier(row[0])))

    def test_an_ordinary_role_may_nothing(self, refresher, database):
        connection = database.connect(user="ordinary")
        for statement in (
            "CALL mvc.refresh('public', 'v')",
            "SELECT mvc.refresh_begin('public', 'v')",
            "SELECT mvc.refresh_run(1)",
            "TABLE mvc.refresh_log",
            "TABLE mvc.deployed_view",
            "TABLE v",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())

    @newest
    @pytest.mark.parametrize("who", ["ordinary", "Re fresher"])
    def test_neither_calls_what_the_owner_calls(self, refresher, database, who):
        """Whoever deploys is often a superuser; what runs statements for him must not run them for anybody else."""
        owner = database.connect()
        owner.execute(
            "GRANT USAGE ON SCHEMA mvc TO ordinary"
        )  # by hand: the functions must not rely on the schema alone
        routines = owner.execute(
            "SELECT p.oid::regprocedure::text, p.proname, p.prokind, ARRAY(SELECT format_type(a, NULL) FROM unnest(p.proargtypes) AS a)"
            " FROM pg_proc AS p WHERE p.pronamespace = 'mvc'::regnamespace ORDER BY 1"
        ).fetchall()
        allowed = {*FOR_REFRESHERS, *FOR_MONITORS} if who == "Re fresher" else set()
        assert {name for _, name, _, _ in routines} > {
            "expose",
            "recreate",
            "run_as_project",
            "dress",
            "refresh_stored",
            "seal",
            *allowed,
        }
        connection = database.connect(user=who)
        for signature, name, kind, types in routines:
            if name in allowed:
                continue
            values = ", ".join(f"NULL::{item.replace('anyelement', 'text')}" for item in types)
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"permission denied for .* {name}"):
                connection.execute(f"{'CALL' if kind == 'p' else 'SELECT'} mvc.{name}({values})")
            query = "SELECT has_function_privilege(%s, %s, 'EXECUTE')"
            assert owner.execute(query, (who, signature)).fetchone() == (False,)

    @newest
    def test_nobody_writes_the_ledger(self, refresher, database):
        """Whoever could write a definition there would have a rollback run it as the owner."""
        found = database.connect().execute(
            "SELECT r.rolname, c.relname, p.privilege FROM pg_roles AS r, pg_class AS c,"
            " unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)"
            " WHERE r.rolname IN ('ordinary', 'Re fresher') AND c.relnamespace = 'mvc'::regnamespace AND c.relkind IN ('r', 'v', 'm')"
            " AND has_table_privilege(r.oid, c.oid, p.privilege)"
        )
        assert found.fetchall() == []

    @newest
    def test_what_was_granted_on_it_by_hand_is_taken_back(self, refresher, database):
        """Also on what is built later: a stored relation has the rows of all readers in it."""
        owner = database.connect()
        owner.execute("GRANT USAGE ON SCHEMA mvc TO ordinary; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mvc TO ordinary")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA mvc TO ordinary")
        owner.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA mvc GRANT SELECT ON TABLES TO ordinary")
        changed = {"views/v.yml": f"{VIEW}where: t.n > 1\n", **settings("refresh_roles: ['Re fresher']\n")}
        apply(owner, project(**changed))
        stored = owner.execute("SELECT stored_name FROM mvc.deployed_view").fetchone()
        connection = database.connect(user="ordinary")
        for statement in (
            f"TABLE mvc.{stored and stored[0]}",
            "TABLE mvc.refresh_log",
            "SELECT mvc.refresh_stored('x', 'UTC')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        owner.execute("DROP OWNED BY ordinary")

    def test_what_the_database_grants_by_default_is_taken_back(self, database):
        """As on hosted platforms, where everything new is everyone's."""
        connection = database.connect()
        connection.execute(SCHEMA)
        name = role(connection, "anyone")
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS", "SCHEMAS"):
            connection.execute(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {kind} TO {name}, PUBLIC")
        apply(connection, project())
        TestFunctions().test_nobody_else_is_given_anything(connection)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.connect(user=name).execute("TABLE v")
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS", "SCHEMAS"):
            connection.execute(f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM {name}, PUBLIC")

    def test_a_role_that_is_named_no_longer_may_no_longer(self, refresher, database):
        apply(database.connect(), project())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            call(refresher)


# Each shadows something that our functions use, in a schema that comes before or beside pg_catalog.
SHADOWS = {
    "a function": "CREATE FUNCTION {s}.format(text, text, text) RETURNS text LANGUAGE plpgsql AS {body}",
    "a better match": "CREATE FUNCTION {s}.pg_try_advisory_xact_lock(int) RETURNS boolean LANGUAGE plpgsql AS {body}",
    "a variadic": "CREATE FUNCTION {s}.quote_ident(anyelement) RETURNS text LANGUAGE plpgsql AS {body}",
    "set_config": "CREATE FUNCTION {s}.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS {body}",
    "clock": "CREATE FUNCTION {s}.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS {body}",
    "hash": "CREATE FUNCTION {s}.hashtextextended(text, int) RETURNS bigint LANGUAGE plpgsql AS {body}",
    "a table": "CREATE VIEW {s}.pg_class AS SELECT {s}.pwn()::oid AS oid, true AS relispopulated",
    "an operator": "CREATE OPERATOR {s}.= (LEFTARG = name, RIGHTARG = text, FUNCTION = {s}.equals)",
    "another operator": "CREATE OPERATOR {s}.= (LEFTARG = name, RIGHTARG = name, FUNCTION = {s}.equals)",
}
BODY = "$$ BEGIN INSERT INTO public.pwned VALUES (current_user); RETURN NULL; END $$"


def shadow(connection: psycopg.Connection[Any]) -> None:
    """What someone may have put into `public`; each writes down who ran it."""
    connection.execute("CREATE TABLE public.pwned (who text); GRANT ALL ON public.pwned TO PUBLIC")
    connection.execute(f"CREATE FUNCTION public.pwn() RETURNS int LANGUAGE plpgsql AS {BODY}")
    for left in ("name, name", "name, text"):
        connection.execute(f"CREATE FUNCTION public.equals({left}) RETURNS boolean LANGUAGE plpgsql AS {BODY}")
    for statement in SHADOWS.values():
        connection.execute(statement.format(s="public", body=BODY).encode())


class TestAttack:
    """Someone who may create objects in `public` must not have them run by whoever deploys, refreshes or reads."""

    @pytest.fixture
    def connection(self, database: Database) -> psycopg.Connection[Any]:
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        return connection

    def test_on_who_deploys_and_refreshes(self, connection):
        """What runs before search_path is set runs along the path of the session, where `public` is."""
        shadow(connection)
        compiled = project()
        with suppress(ServerError):  # a function of the attacker's may well make it fail
            apply(connection, compiled)
            refresh(connection, compiled)
        assert connection.execute("SELECT * FROM public.pwned").fetchall() == []
        assert log(connection) == [("completed", True, 1, None)]

    def test_on_who_refreshes_what_is_deployed(self, connection):
        compiled = project()
        apply(connection, compiled)
        shadow(connection)
        call(connection)
        connection.execute("SET search_path = public, pg_catalog")
        call(connection)
        assert connection.execute("SELECT * FROM public.pwned").fetchall() == []
        assert [row[0] for row in log(connection)] == ["completed"] * 2

    def test_from_the_path_and_temporary_schema_of_a_refresher(self, connection, database):
        role(connection, "refresher")
        apply(connection, project(**settings("refresh_roles: [refresher]\n")))
        shadow(connection)
        mean = database.connect(user="refresher")
        for name in ("pg_class", "deployed_view", "refresh_log", "t"):
            mean.execute(f"CREATE TEMP TABLE {name} (id int)")
        mean.execute("SET search_path = pg_temp, public, pg_catalog")
        call(mean)
        assert connection.execute("SELECT * FROM public.pwned").fetchall() == []
        assert log(connection) == [("completed", True, 1, None)]
        connection.execute("DROP OWNED BY refresher CASCADE")

    @pytest.mark.parametrize(
        "function",
        [
            "pg_has_role(text, text)",
            "pg_has_role(text, privilege text)",
        ],
    )
    def test_on_the_access_rule_of_a_view(self, connection, database, function):
        """A call with bare constants prefers `text`: pg_has_role('x', 'USAGE') finds public.pg_has_role(text, text) first."""
        connection.execute(f"CREATE FUNCTION public.{function} RETURNS boolean LANGUAGE sql AS 'SELECT true'")
        for name in ("one", "two"):
            role(connection, name)
        policies = "policies:\n- {policy: p, view: v, to: [one], using: n > 100}\n- {policy: q, view: v, to: [two], using: true}\n"
        compiled = project(**{"policies/p.yml": policies})
        apply(connection, compiled)
        call(connection)
        assert database.connect(user="two").execute("SELECT n FROM v").fetchall() == [(3,)]
        assert database.connect(user="one").execute("SELECT n FROM v").fetchall() == []
        connection.execute("DROP OWNED BY one, two CASCADE")


HOSTILE_SCHEMAS = [
    "my\"schem'a",
    "percent%s %I",
    "dollar$$quote",
    "$fn$",
    "back\\slash",
    "{name}",
    "Ünï",
    "select",
    "x" * 63,
]


class TestNames:
    @newest
    @pytest.mark.parametrize("schema", HOSTILE_SCHEMAS)
    def test_of_the_stored_schema(self, database, schema):
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        role(connection, "Re fresher")
        compiled = project(**settings(f"schemas: {{stored: {yaml_text(schema)}}}\nrefresh_roles: ['Re fresher']\n"))
        done = psql(database, input=compiled.sql)
        assert (done.returncode, done.stderr) == (0, "")
        apply(connection, compiled)
        assert [item.status for item in refresh(connection, compiled)] == ["completed"]
        query = sql.SQL("CALL {}('public', 'v')").format(sql.Identifier(schema, "refresh"))
        database.connect(user="Re fresher").execute(query)
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, "refresh_log"))
        ).fetchone()
        assert row == (2,)
        connection.execute('DROP OWNED BY "Re fresher" CASCADE')

    @newest
    @pytest.mark.parametrize(
        "name",
        ['Wéird "name"', "v" * 63, "ü" * 31, "select", "user", "it's", "100% %s", "a.b c", "$1", "back\\slash", "-- x"],
    )
    @pytest.mark.parametrize("schema", ["public", "Sch\"em'a"])
    def test_of_a_view(self, database, name, schema):
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        view = VIEW.replace("view: v", f"view: {yaml_text(name)}").replace("day:", f"{yaml_text(name)}:")
        files = {"views/v.yml": view, **settings(f"schemas: {{exposed: {yaml_text(schema)}}}\n")}
        compiled = project(**files)
        apply(connection, compiled)
        results = refresh(connection, compiled) + refresh(connection, compiled)
        assert [item.status for item in results] == ["completed"] * 2
        row = connection.execute(
            sql.SQL("SELECT {} FROM {}").format(sql.Identifier(name), sql.Identifier(schema, name))
        ).fetchone()
        assert row is not None
        assert apply(connection, compiled).unchanged == (name,)

    @newest
    @pytest.mark.parametrize(
        "name", ['ro"le', "it's", "Group", "PUBLIC", "100%s", "ü" * 31, "$do$", "back\\slash", "a, b"]
    )
    def test_of_a_reader(self, database, name):
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        role(connection, name)
        role(connection, "other")
        policy = f"policies: [{{policy: 'p -- \" '' x', view: v, to: [{yaml_text(name)}], using: n > 0}}]\n"
        compiled = project(**{"policies/p.yml": policy})
        apply(connection, compiled)
        call(connection)
        assert database.connect(user=name).execute("SELECT n FROM v").fetchall() == [(3,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.connect(user="other").execute("TABLE v")
        connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))


class TestText:
    """What stands in quotes is data, and comes to the server as it was written."""

    @newest
    @pytest.mark.parametrize(
        "text", ["a\n    b", "a\n\n\n", "\n", "a -- b", "/* a */", "a;b", "$$", "%s {x} {{y}}", "\\n", "tab\there"]
    )
    def test_in_every_place(self, database, text):
        constant = mvc_literal(text)
        files = {
            "views/v.yml": "view: v\nsources: {t: {table: t}}\n"
            f"dimensions: {{id: t.id, x: {double(f'{constant}::text')}}}\n"
            f"aggregates: {{n: {{count: t, where: {double(f'{constant} <> t.id::text')}}}}}\n"
            f"where: {double(f'{constant} <> t.id::text')}\n"
            f"indexes: [{{columns: [n], where: {double(f'x = {constant}')}}}]\n",
            "policies/p.yml": f"policies: [{{policy: p, view: v, to: [reader], using: {double(f'x = {constant}')}}}]\n",
        }
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        role(connection, "reader")
        apply(connection, project(**files))
        call(connection)
        assert database.connect(user="reader").execute("SELECT DISTINCT x FROM v").fetchall() == [(text,)]
        stored = connection.execute(
            "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indpred IS NOT NULL"
            " AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relkind = 'm')"
        ).fetchone()
        assert stored is not None
        assert connection.execute(
            f"SELECT {constant}::text = {stored[0].split('= ', 1)[1].rstrip(')')}"
        ).fetchone() == (True,)

    @newest
    def test_in_a_subquery_and_a_body(self, database):
        connection = database.connect()
        connection.execute(SCHEMA)
        connection.execute(ROWS)
        query = "SELECT id,\n  'a\n     b' AS x\nFROM t"
        files = {
            "views/v.yml": f"view: v\ngrain: [id]\nsql: {double(query)}\n",
            "views/w.yml": "view: w\nsources:\n  t: {table: t}\n"
            f"  q: {{sql: {double(query)}, key: [id], on: q.id = t.id}}\ndimensions: {{id: t.id, x: q.x}}\n",
        }
        compiled = project(**files)
        apply(connection, compiled)
        refresh(connection, compiled)
        for name in ("v", "w"):
            assert connection.execute(f"SELECT DISTINCT x FROM {name}").fetchall() == [("a\n     b",)]


def mvc_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def double(text: str) -> str:
    """A YAML scalar in double quotes."""
    return json.dumps(text)


def test_the_files_are_all_installed():
    """A file that is not in the list would be tested by nobody and installed by nobody."""
    from mvc.engines.postgres import runtime

    folder = Path(runtime.__file__).parent
    assert {path.name for path in folder.glob("*.sql")} == set(runtime.FILES)
