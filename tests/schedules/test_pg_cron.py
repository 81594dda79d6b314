"""Schedules as jobs of pg_cron, which only Debian's PostgreSQL 15 has here: planned, made, mended, and run by it for real."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.plan.jobs import Place, elsewhere_sql, is_utc, promise_line
from mvc.engines.postgres.server.apply import plan
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.status import status
from mvc.report.deploy.deployment import plan_text
from mvc.report.text.style import PLAIN
from schedules.conftest import Shop, write
from schedules.projects import HOURLY, NOTIFYING, PROMISE, age, deploy, log, project, tables
from servers import installations, need, new_server

HOME = "jobs"
SETTINGS = {"shared_preload_libraries": "pg_cron", "cron.database_name": HOME}
# The server listens on its socket only, whose folder pg_cron is told for each job. With cron.use_background_workers, this version would
# wait for one job before it looks at the next.
BY_SOCKET = """
CREATE FUNCTION cron.by_socket() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN NEW.nodename := trim(current_setting('unix_socket_directories'), '"'); RETURN NEW; END $$;
CREATE TRIGGER by_socket BEFORE INSERT ON cron.job FOR EACH ROW EXECUTE FUNCTION cron.by_socket()"""
OWNER = "cron_owner"


@pytest.fixture(scope="module")
def cron_server() -> Iterator[EmbeddedServer]:
    found = installations().get(15)
    need(found and found.origin, "PostgreSQL 15 (Debian's package postgresql-15)")
    assert found
    need((found.bindir.parent / "lib" / "pg_cron.so").is_file(), "pg_cron (Debian's package postgresql-15-cron)")
    with new_server(found, SETTINGS) as server:
        server.create_database(HOME)
        with psycopg.connect(server.url(HOME), autocommit=True) as connection:
            connection.execute(
                f"CREATE EXTENSION pg_cron; CREATE ROLE {OWNER} LOGIN; GRANT USAGE ON SCHEMA cron TO {OWNER}"
            )
            connection.execute(BY_SOCKET)
        yield server


@pytest.fixture
def admin(cron_server) -> Iterator[psycopg.Connection[Any]]:
    """A superuser in the database of pg_cron, with the base table; all is gone afterwards."""
    with psycopg.connect(cron_server.url(HOME), autocommit=True) as connection:
        yield from prepared(connection)
    with psycopg.connect(cron_server.url(HOME), autocommit=True) as connection:
        connection.execute(
            "DELETE FROM cron.job; DELETE FROM cron.job_run_details; DROP SCHEMA IF EXISTS mvc CASCADE; DROP TABLE t CASCADE"
        )


def prepared(connection: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    tables(connection)
    connection.execute(
        f"ALTER TABLE t OWNER TO {OWNER}; GRANT CREATE ON DATABASE {HOME} TO {OWNER}; GRANT CREATE ON SCHEMA public TO {OWNER}"
    )
    connection.execute(f"ALTER ROLE {OWNER} LOGIN; GRANT USAGE ON SCHEMA cron TO {OWNER}")
    yield connection


@pytest.fixture
def owner(admin, cron_server) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cron_server.url(HOME), user=OWNER, autocommit=True) as connection:
        yield connection


def jobs(connection: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    return connection.execute("SELECT jobname, schedule, command FROM cron.job ORDER BY jobname").fetchall()


def settled(connection: psycopg.Connection[Any], compiled: Any) -> bool:
    return plan(connection, compiled).empty


TAKEN = """
CREATE SCHEMA mvc; CREATE TABLE ran (who name); GRANT ALL ON ran TO PUBLIC; GRANT USAGE ON SCHEMA mvc TO PUBLIC;
CREATE FUNCTION mvc.evil() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN INSERT INTO public.ran VALUES (session_user); RETURN 1; END $$;
CREATE PROCEDURE mvc.run_schedule(text, text, boolean) LANGUAGE sql AS 'SELECT mvc.evil()';
CREATE FUNCTION mvc.stop_overdue(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT mvc.evil()';
CREATE FUNCTION mvc.alert_broken_promises() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT mvc.evil()';
CREATE FUNCTION public.same(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN mvc.evil() = 1; END $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);
ALTER DATABASE "else; where" SET search_path = public, pg_catalog;
"""
COMMAND = "CALL mvc.run_schedule('shop', 'hourly', true)"


class TestPlan:
    def test_jobs_that_refresh_what_is_taken_over_are_named(self, owner, admin):
        """By the name, or through a function; of others only what the server shows."""
        owner.execute("CREATE MATERIALIZED VIEW d AS SELECT id, n FROM t")
        owner.execute(
            "CREATE FUNCTION renew() RETURNS void LANGUAGE plpgsql AS $$ BEGIN REFRESH MATERIALIZED VIEW public.d; END $$"
        )
        commands = {
            "named": "REFRESH MATERIALIZED VIEW CONCURRENTLY public.d",
            "quoted": 'VACUUM t; refresh materialized view "d" ;',
            "called": "SELECT public.renew()",
            "another": "REFRESH MATERIALIZED VIEW d2",
            "mentioned": "SELECT renewed() FROM d",
        }
        for name, command in commands.items():
            owner.execute("SELECT cron.schedule(%s, '0 0 * * *', %s)", (name, command))
        admin.execute("SELECT cron.schedule('theirs', '0 0 * * *', 'REFRESH MATERIALIZED VIEW d')")
        notes = [note for note in plan(owner, project(HOURLY)).notes if "of pg_cron" in note]
        ids = dict(owner.execute("SELECT jobname, jobid FROM cron.job").fetchall())
        expected = [
            f"the job {ids[name]} ({name}) of pg_cron, of the role {OWNER}, refreshes public.d and fails"
            for name in ("named", "quoted", "called")
        ]
        assert [note.partition(" from then on")[0] for note in notes] == expected
        assert [
            f"SELECT cron.unschedule({ids[name]})" in note
            for name, note in zip(("named", "quoted", "called"), notes, strict=True)
        ] == [True] * 3
        owner.execute("SELECT cron.unschedule(jobid) FROM cron.job; DROP MATERIALIZED VIEW d; DROP FUNCTION renew()")

    def test_a_job_for_each_schedule(self, owner):
        compiled = project(HOURLY, PROMISE)
        shown = plan_text(plan(owner, compiled), HOME, PLAIN)
        assert "create job: mvc:shop:hourly is missing in pg_cron: 0 * * * *" in shown
        deploy(owner, compiled)
        assert jobs(owner) == [
            ("mvc:shop:fresh", "*/3 * * * *", "CALL mvc.run_schedule('shop', 'fresh', true)"),
            ("mvc:shop:hourly", "0 * * * *", COMMAND),
        ]
        assert owner.execute("SELECT DISTINCT database, username, active FROM cron.job").fetchall() == [
            (HOME, OWNER, True)
        ]
        assert settled(owner, compiled)

    def test_changed_removed_and_switched_off(self, owner):
        deploy(owner, project(HOURLY, PROMISE))
        changed = project(
            "{schedule: hourly, refresh: all, every: '30 * * * *'}", PROMISE.replace("1h}", "1h, enabled: false}")
        )
        shown = plan_text(plan(owner, changed), HOME, PLAIN)
        assert "change job: mvc:shop:hourly: it runs at 0 * * * * instead of 30 * * * *" in shown
        assert "remove job: no schedule asks for mvc:shop:fresh" in shown
        deploy(owner, changed)
        assert jobs(owner) == [("mvc:shop:hourly", "30 * * * *", COMMAND)]
        assert settled(owner, changed)

    def test_those_of_others_are_left_alone(self, owner, admin):
        owner.execute(
            "SELECT cron.schedule('nightly', '0 0 * * *', 'VACUUM'), cron.schedule('mvc:shop2:hourly', '0 0 * * *', 'SELECT 2')"
        )
        admin.execute("SELECT cron.schedule('mvc:shop:hourly', '0 0 * * *', 'SELECT 3')")
        deploy(owner, project())
        deploy(owner, project(PROMISE))
        owner_names = [name for name, *_ in jobs(owner)]
        assert owner_names == ["mvc:shop2:hourly", "mvc:shop:fresh", "nightly"]
        assert ("mvc:shop:hourly", "0 0 * * *", "SELECT 3") in jobs(admin)

    def test_a_rollback_brings_them_back(self, owner):
        deploy(owner, project())
        deploy(owner, project(PROMISE))
        rollback(owner, project(PROMISE))
        assert [name for name, *_ in jobs(owner)] == ["mvc:shop:hourly"]

    def test_one_that_stops_what_takes_too_long(self, owner):
        deploy(owner, project("{schedule: hourly, refresh: all, every: '0 * * * *', timeout: 10m}"))
        assert jobs(owner)[0] == ("mvc:shop", "* * * * *", "SELECT mvc.stop_overdue('shop')")

    def test_one_that_tells_of_broken_promises(self, owner, admin):
        """Only where there is a channel and a promise that is on; no schedule's name gives a job that name."""
        told = project(PROMISE, "{schedule: alerts, refresh: [a], within: 1h}", **NOTIFYING)
        deploy(owner, told)
        command = "SELECT mvc.alert_broken_promises()"
        assert [job for job in jobs(owner) if not job[0].startswith("mvc:shop:")] == [
            ("mvc:shop%alerts", "* * * * *", command)
        ]
        assert len(jobs(owner)) == 3
        age(owner, "d", 7200)
        assert owner.execute(command.encode()).fetchone() == (1,)
        admin.execute("UPDATE cron.job SET active = false WHERE jobname = 'mvc:shop%alerts'")
        assert [(item.kind, item.subject) for item in status(owner, told).drift] == [("job changed", "mvc:shop%alerts")]
        for fewer in (
            project(HOURLY, **NOTIFYING),
            project(HOURLY, PROMISE.replace("1h}", "1h, enabled: false}"), **NOTIFYING),
            project(HOURLY, PROMISE),
        ):
            deploy(owner, told)
            assert settled(owner, told)
            assert any(job[2] == command for job in jobs(owner))
            deploy(owner, fewer)
            assert not any(job[2] == command for job in jobs(owner))
            assert settled(owner, fewer)

    def test_names_that_look_like_another_project_s(self, owner):
        compiled = project(
            "{schedule: 'b:c', refresh: all, every: '0 * * * *'}",
            **{"mvc.yml": "project: 'a:b''s'\ncatalog: schema.sql\n"},
        )
        deploy(owner, compiled)
        assert jobs(owner) == [("mvc:a%3Ab's:b:c", "0 * * * *", "CALL mvc.run_schedule('a:b''s', 'b:c', true)")]
        assert settled(owner, compiled)

    def test_long_names(self, owner):
        names = ["x" * 70, "x" * 71]
        compiled = project(*(f"{{schedule: {name}, refresh: all, every: '0 * * * *'}}" for name in names))
        deploy(owner, compiled)
        assert [len(name) for name, *_ in jobs(owner)] == [63, 63]
        assert settled(owner, compiled)

    def test_a_line_of_another_zone_asks_each_quarter_of_an_hour(self, owner):
        deploy(owner, project("{schedule: hourly, refresh: all, every: '10 2 * * *', timezone: Europe/Berlin}"))
        assert jobs(owner)[0][1] == "10,25,40,55 * * * *"


class TestDrift:
    @pytest.mark.parametrize(
        ("hand", "kind"),
        [
            ("DELETE FROM cron.job", "job missing"),
            ("UPDATE cron.job SET schedule = '5 * * * *'", "job changed"),
            ("UPDATE cron.job SET command = 'SELECT 1'", "job changed"),
            ("UPDATE cron.job SET active = false", "job changed"),
            ("UPDATE cron.job SET jobname = 'mvc:shop:what'", "job missing"),
            ("INSERT INTO cron.job (schedule, command, nodeport, username, jobname) VALUES ('* * * * *', 'x', 1, 'cron_owner', 'mvc:shop:old')",
             "job unknown"),
        ],
    )  # fmt: skip
    def test_is_found_and_mended(self, owner, admin, hand, kind):
        deploy(owner, project())
        admin.execute(hand)
        assert kind in [item.kind for item in status(owner, project()).drift]
        assert not settled(owner, project())
        deploy(owner, project())
        assert jobs(owner) == [("mvc:shop:hourly", "0 * * * *", COMMAND)]
        assert owner.execute("SELECT active FROM cron.job").fetchone() == (True,)
        assert status(owner, project()).drift == ()
        assert settled(owner, project())


class TestWhereItCannotBe:
    def notes(self, connection):
        return plan(connection, project()).notes

    def test_in_another_database(self, owner, cron_server):
        cron_server.create_database("elsewhere")
        try:
            with psycopg.connect(cron_server.url("elsewhere"), autocommit=True) as connection:
                tables(connection)
                found = plan(connection, project())
                assert found.notes == (
                    "the schedules have no jobs: pg_cron lives in the database jobs; mvc schedule pg_cron prints what to run there",
                )
                assert found.notes[0] in plan_text(found, "elsewhere", PLAIN)
                deploy(connection, project())
                assert settled(connection, project())
        finally:
            cron_server.drop_database("elsewhere")
        assert jobs(owner) == []

    def test_jobs_from_elsewhere_run_in_that_database_and_in_none_that_takes_its_name(self, admin, cron_server):
        """Whoever owns it and may create databases puts another in its place, where the same words call what is his."""
        admin.execute("CREATE ROLE cron_base LOGIN CREATEDB")
        timed = "{schedule: hourly, refresh: all, every: '0 * * * *', timeout: 10m}"
        compiled = project(timed, PROMISE, **NOTIFYING)
        try:
            admin.execute('CREATE DATABASE "else; where" OWNER cron_base')
            with psycopg.connect(cron_server.url("else; where"), autocommit=True) as connection:
                tables(connection)
                connection.execute(f"ALTER TABLE t OWNER TO {OWNER}; GRANT CREATE ON SCHEMA public TO {OWNER}")
                connection.execute(f'GRANT CREATE ON DATABASE "else; where" TO {OWNER}')
            with psycopg.connect(cron_server.url("else; where"), user=OWNER, autocommit=True) as connection:
                deploy(connection, compiled)
                state = observe(connection, compiled)
            for statement in elsewhere_sql(compiled, Place(state.database, state.database_number, OWNER), "GMT"):
                admin.execute(statement)
            query = "SELECT command FROM cron.job WHERE database = 'else; where' AND username = 'cron_owner' ORDER BY jobname"
            commands = [command for (command,) in admin.execute(query)]
            assert len(commands) == 4
            with psycopg.connect(cron_server.url("else; where"), user=OWNER, autocommit=True) as connection:
                connection.execute("UPDATE mvc.schedule_run SET seen = now() - interval '2 hours'")
                for command in commands:
                    connection.execute(command.encode())
                assert ("d", "completed", "hourly") in log(connection, "view_name, status, schedule")
            with psycopg.connect(cron_server.url("postgres"), user="cron_base", autocommit=True) as mean:
                mean.execute('ALTER DATABASE "else; where" RENAME TO elsewhere_former')
                mean.execute('CREATE DATABASE "else; where"')
            with psycopg.connect(cron_server.url("else; where"), user="cron_base", autocommit=True) as mean:
                mean.execute(TAKEN)
                with psycopg.connect(cron_server.url("else; where"), user=OWNER, autocommit=True) as connection:
                    for command in commands:
                        with pytest.raises(
                            psycopg.errors.RaiseException, match="this is not the database else; where that"
                        ):
                            connection.execute(command.encode())
                assert mean.execute("SELECT who FROM ran").fetchall() == []
        finally:
            for name in ("else; where", "elsewhere_former"):
                cron_server.drop_database(name)
            admin.execute("DROP ROLE cron_base")

    def test_without_the_right(self, owner, admin):
        admin.execute(f"REVOKE USAGE ON SCHEMA cron FROM {OWNER}")
        deploy(owner, project())
        assert self.notes(owner) == (
            f"the schedules have no jobs: GRANT USAGE ON SCHEMA cron TO {OWNER}, then mvc apply once more",
        )
        admin.execute(f"GRANT USAGE ON SCHEMA cron TO {OWNER}")
        deploy(owner, project())
        assert len(jobs(owner)) == 1

    def test_with_an_owner_who_cannot_log_in(self, owner, admin):
        admin.execute(f"ALTER ROLE {OWNER} NOLOGIN")
        assert "who may not log in" in self.notes(owner)[0]

    def test_a_member_deploys_as_the_owner(self, owner, admin, cron_server):
        admin.execute(f"CREATE ROLE cron_member LOGIN IN ROLE {OWNER}")
        try:
            deploy(owner, project())
            with psycopg.connect(cron_server.url(HOME), user="cron_member", autocommit=True) as connection:
                assert settled(connection, project())
                deploy(connection, project(PROMISE))
            assert [name for name, *_ in jobs(owner)] == ["mvc:shop:fresh"]
        finally:
            admin.execute("DROP ROLE cron_member")


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        (30, "* * * * *"),
        (1200, "* * * * *"),
        (3600, "*/3 * * * *"),
        (7 * 1200, "*/6 * * * *"),
        (43_200, "*/30 * * * *"),
        (7 * 86_400, "0 * * * *"),
    ],
)
def test_how_often_a_promise_is_looked_at(seconds, line):
    assert promise_line(seconds) == line


@pytest.mark.parametrize(
    ("zone", "same"), [("UTC", True), ("Etc/UTC", True), ("GMT", True), ("Europe/London", False), ("Etc/GMT+1", False)]
)
def test_zones_that_are_utc(zone, same):
    assert is_utc(zone) is same


@pytest.mark.slow
class TestForReal:
    """Minutes pass here: pg_cron wakes up at the full minute."""

    def test_jobs_fire_log_fail_overlap_and_recover(self, owner, admin, cron_server):
        owner.execute("CREATE TABLE u (id int PRIMARY KEY); INSERT INTO t VALUES (3, 0)")
        compiled = project(
            "{schedule: good, refresh: [d], every: '* * * * *'}",
            "{schedule: bad, refresh: [a, b, d], every: '* * * * *', mode: full}",
            "{schedule: far, refresh: [d], every: '* * * * *', timezone: Asia/Kathmandu}",
            "{schedule: slow, refresh: [w], every: '* * * * *', timeout: 5s}",
            **OTHER_TABLE,
        )
        deploy_unfilled(owner, compiled)
        with psycopg.connect(cron_server.url(HOME)) as blocking:
            blocking.execute("LOCK TABLE u IN ACCESS EXCLUSIVE MODE")
            self.see_the_first_minute(owner, admin)
            details = runs_until(admin, lambda found: "slow" in found)
            assert details["slow"][0] == "failed"
            assert ("w", "slow", "failed", "57014") in log(owner, "view_name, schedule, status, sqlstate")
        crash(cron_server, owner)
        with psycopg.connect(cron_server.url(HOME), autocommit=True) as again:
            again.execute("DELETE FROM t WHERE n = 0; DELETE FROM cron.job_run_details; DELETE FROM mvc.refresh_log")
            details = runs_until(again, lambda found: {"good", "bad"} <= found.keys())
            assert (details["good"][0], details["bad"][0]) == ("succeeded", "succeeded")
            assert ("b", "completed") in log(again)
            again.execute("DROP TABLE u CASCADE")

    def see_the_first_minute(self, owner, admin):
        details = runs_until(admin, lambda found: {"good", "bad", "far"} <= found.keys())
        assert details["good"][0] == "succeeded"
        assert details["bad"][0] == "failed"
        assert "refreshing failed: a" in details["bad"][1]
        found = log(owner, "view_name, schedule, status, error, refreshed_by")
        assert ("a", "bad", "failed", "division by zero", OWNER) in found
        assert ("b", "bad", "skipped", "reads a, which failed", OWNER) in found
        # three schedules, one view, one minute: each that comes second finds it fresh or being refreshed
        of_d = [row for row in found if row[0] == "d"]
        assert {row[1] for row in of_d} >= {"good", "bad", "far"}
        assert {row[2] for row in of_d} == {"completed", "skipped"}


def test_a_worker_outlives_a_crash_of_its_server(cron_server, tmp_path):
    cron_server.create_database("elsewhere")  # where pg_cron does not run the schedules
    with psycopg.connect(cron_server.url("elsewhere"), autocommit=True) as connection:
        tables(connection)
        deploy(connection, project("{schedule: quick, refresh: [d], within: 4s}"))
        shop = Shop(tmp_path, cron_server.url("elsewhere"), connection)
        write(tmp_path, "{schedule: quick, refresh: [d], within: 4s}")
        try:
            worker = shop.worker()
            worker.says("✓ d  2 rows")
            crash(cron_server, connection)
            worker.says("cannot work")
            worker.log.write_text("")
            worker.says("✓ d  2 rows")
        finally:
            shop.started[0].kill()
            shop.started[0].wait()
    cron_server.drop_database("elsewhere")


OTHER_TABLE = {
    "schema.sql": "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); CREATE TABLE u (id int PRIMARY KEY);\n",
    "views/w.yml": "view: w\nsources: {u: {table: u}}\ndimensions: {id: u.id}\naggregates: {n: {count: u}}\n",
}


def deploy_unfilled(connection, compiled) -> None:
    """As an apply over good rows, after which one went bad."""
    connection.execute("UPDATE t SET n = 1 WHERE n = 0")
    deploy(connection, compiled)
    connection.execute("UPDATE t SET n = 0 WHERE id = 3")


def runs_until(connection, enough) -> dict[str, tuple[str, str]]:
    """(status, message) of the ended runs by schedule, when there are enough."""
    query = "SELECT split_part(j.jobname, ':', 3), r.status, r.return_message FROM cron.job_run_details r JOIN cron.job j USING (jobid) WHERE r.end_time IS NOT NULL AND j.jobname LIKE 'mvc:shop:%'"
    until = time.monotonic() + 150
    while time.monotonic() < until:
        found = {name: (state, message) for name, state, message in connection.execute(query)}
        if enough(found):
            return found
        time.sleep(1)
    raise AssertionError(f"only {found}")


def crash(server, connection) -> None:
    """A backend is killed, so the server stops all others and recovers."""
    (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    os.kill(pid, signal.SIGKILL)
    for _ in range(100):
        time.sleep(0.2)
        try:
            with psycopg.connect(server.url(HOME)):
                return
        except psycopg.OperationalError:
            continue
    raise AssertionError("the server did not come back")
