"""What can be seen of the views in SQL, who may see it, who is told of failures, and how long the log is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.errors import ServerError
from servers import Database, newest

Connection = psycopg.Connection[Any]
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, note text);\n"
VIEW = (
    "view: v\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {x: {max: 10 / t.n}, note: {max: t.note}}\n"
)
SETTINGS = "notify: alerts\nlog: {keep: 30d}\nrefresh_roles: [mo_refresher]\nmonitor_roles: [mo_monitor]\n"
PROMISE = "schedules:\n  - {schedule: soon, refresh: all, within: 1h}\n  - {schedule: off, refresh: all, within: 1m, enabled: false}\n"
ROLES = ("mo_refresher", "mo_monitor", "mo_plain")


def project(settings: str = SETTINGS, **more: str) -> Compiled:
    files = {"mvc.yml": f"project: seen\ncatalog: s.sql\n{settings}", "s.sql": SCHEMA, "views/v.yml": VIEW}
    return mvc.compile(mvc.load({**files, "schedules/s.yml": PROMISE, **more}))


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


def status(connection: Connection, *columns: str) -> Any:
    row = connection.execute(f"SELECT {', '.join(columns)} FROM mvc.view_status WHERE view_name = 'v'").fetchone()
    return row[0] if row and len(columns) == 1 else row


def refresh(connection: Connection) -> None:
    connection.execute("CALL mvc.refresh('public', 'v')")


def fail(connection: Connection) -> None:
    connection.execute("INSERT INTO t VALUES (99, 0)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        refresh(connection)
    connection.execute("DELETE FROM t WHERE id = 99")


class TestStatus:
    def test_of_a_view_that_was_never_refreshed(self, deployed):
        assert status(deployed, "storage", "rows", "populated", "age_seconds < 60", "last_status", "last_error") == (
            "materialized view",
            2,
            True,
            True,
            None,
            None,
        )

    def test_last_success_and_last_error_each_stay_until_the_next(self, deployed):
        fail(deployed)
        refresh(deployed)
        columns = (
            "last_status",
            "last_error",
            "last_sqlstate",
            "last_error_at < last_success_at",
            "last_success_seconds > 0",
        )
        assert status(deployed, *columns) == ("completed", "division by zero", "22012", True, True)
        fail(deployed)
        assert status(deployed, "last_status", "last_error_at > last_success_at") == ("failed", True)

    @newest
    def test_today_is_the_projects_day(self, base):
        """In a zone whose day began an hour ago, what ended two hours ago was yesterday."""
        hour = base.execute("SELECT extract(hour FROM now() AT TIME ZONE 'UTC')::int").fetchone()[0]
        offset = hour - 1 if hour <= 13 else hour - 25
        apply(base, project(SETTINGS + f"timezone: Etc/GMT{offset:+d}\n"))
        for ago in ("10 minutes", "20 minutes", "2 hours", "30 hours"):
            base.execute(
                "INSERT INTO mvc.refresh_log (view_schema, view_name, status, started_at, finished_at)"
                f" VALUES ('public', 'v', 'completed', now() - interval '{ago}', now())"
            )
        fail(base)
        assert status(base, "completed_today", "failed_today", "skipped_today", "lost_today") == (2, 1, 0, 0)

    def test_sizes_add_up_with_the_toast_and_its_index(self, deployed):
        deployed.execute(
            "INSERT INTO t SELECT g, 1, (SELECT string_agg(md5(g::text || i), '') FROM generate_series(1, 400) AS i) FROM generate_series(3, 90) AS g"
        )
        refresh(deployed)
        named = deployed.execute("SELECT 'mvc.' || stored_name FROM mvc.deployed_view").fetchone()[0]
        truth = deployed.execute(
            "SELECT pg_relation_size(c.oid), pg_indexes_size(c.oid), pg_total_relation_size(c.reltoastrelid), pg_total_relation_size(c.oid)"
            " FROM pg_class AS c WHERE c.oid = %s::regclass",
            (named,),
        ).fetchone()
        found = status(deployed, "table_bytes", "index_bytes", "toast_bytes", "total_bytes")
        assert found[1:] == truth[1:]
        assert found[0] >= truth[0]
        assert sum(found[:3]) == found[3]
        assert found[2] > 100_000

    def test_does_not_wait_for_who_holds_the_view(self, deployed, database):
        named = deployed.execute("SELECT 'mvc.' || stored_name FROM mvc.deployed_view").fetchone()[0]
        holding = database.connect(autocommit=False)
        holding.execute(f"ALTER MATERIALIZED VIEW {named} ALTER COLUMN note SET STORAGE PLAIN")
        deployed.execute("SET statement_timeout = '5s'")
        assert status(deployed, "rows", "total_bytes") == (2, None)
        holding.rollback()
        assert status(deployed, "total_bytes") > 0

    def test_a_refresh_under_way(self, deployed, database):
        blocking = database.connect(autocommit=False)
        blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=refresh, args=(deployed,))
        thread.start()
        watching = database.connect()
        while watching.execute("SELECT count(*) FROM mvc.refresh_log").fetchone() == (0,):
            pass
        assert status(watching, "running_since < clock_timestamp()", "last_status", "lost_today") == (True, None, 0)
        blocking.rollback()
        thread.join()
        assert status(watching, "running_since", "last_status") == (None, "completed")

    def test_a_run_whose_session_is_gone_is_lost(self, deployed, database):
        with psycopg.connect(database.url, autocommit=True) as gone:
            gone.execute("SELECT mvc.refresh_begin('public', 'v')")
            query = "SELECT status, seconds >= 0 FROM mvc.refreshes"
            assert gone.execute(query).fetchall() == [("started", True)]
        waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = (SELECT pid FROM mvc.refresh_log)"
        while deployed.execute(waits).fetchone() != (0,):
            pass
        assert deployed.execute(query).fetchall() == [("lost", None)]
        assert status(deployed, "last_status", "lost_today", "running_since") == ("lost", 1, None)

    def test_a_process_id_that_another_session_has_by_now_is_no_sign_of_life(self, deployed):
        deployed.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, pid, started_at)"
            " VALUES ('public', 'v', pg_backend_pid(), now() - interval '1 day')"
        )
        assert deployed.execute("SELECT status FROM mvc.refreshes").fetchall() == [("lost",)]

    def test_a_run_that_was_cut_off_between_its_transactions_is_lost(self, deployed, database):
        """The session goes on with other work, and is not cancelled for what it left."""
        session = database.connect()
        session.execute("SELECT mvc.refresh_begin('public', 'v')")
        session.execute("SELECT 'other work'")
        assert deployed.execute("SELECT status FROM mvc.refreshes").fetchall() == [("started",)]
        (text,) = deployed.execute("SELECT pg_get_functiondef('mvc.is_lost'::regproc)").fetchone()
        deployed.execute(text.replace("1 minute", "0.1 seconds"))
        session.execute("SELECT pg_sleep(0.2)")
        assert deployed.execute("SELECT status FROM mvc.refreshes").fetchall() == [("lost",)]
        assert status(deployed, "last_status", "lost_today", "running_since") == ("lost", 1, None)
        refresh(deployed)
        log = "SELECT status, error FROM mvc.refresh_log ORDER BY id"
        assert deployed.execute(log).fetchall() == [
            ("lost", "the session that did it is gone, or was cut off before its end"),
            ("completed", None),
        ]

    def test_a_run_goes_on_in_another_session_than_it_began_in(self, deployed, database):
        """As behind a pooler: whoever does it has its row locked."""
        with psycopg.connect(database.url, autocommit=True) as gone:
            run = gone.execute("SELECT mvc.refresh_begin('public', 'v')").fetchone()
        other = database.connect(autocommit=False)
        assert other.execute("SELECT mvc.refresh_run(%s)", run).fetchone() == ("completed",)
        deployed.execute("SELECT pg_sleep(0.1)")
        assert deployed.execute("SELECT status FROM mvc.refreshes").fetchall() == [("started",)]
        refresh(deployed)
        assert deployed.execute("SELECT status FROM mvc.refreshes ORDER BY id").fetchall() == [
            ("started",),
            ("skipped",),
        ]
        other.commit()
        assert deployed.execute("SELECT status FROM mvc.refreshes ORDER BY id").fetchall() == [
            ("completed",),
            ("skipped",),
        ]

    @newest
    def test_dead_rows_and_no_queue(self, deployed):
        deployed.execute("UPDATE t SET n = n + 1")
        refresh(deployed)
        deployed.execute("SELECT pg_stat_force_next_flush()")
        dead, share, queued = status(deployed, "dead_rows", "dead_share", "queued_groups")
        assert (dead, queued) == (2, None)
        assert 0 < share <= 0.5

    @newest
    def test_the_queue_is_what_the_moved_view_of_the_storage_holds(self, deployed):
        deployed.execute("CREATE VIEW mvc.v_moved AS SELECT g FROM generate_series(1, 7) AS g")
        deployed.execute('UPDATE mvc.stored_relation SET companions = \'{"moved": "v_moved"}\'')
        assert status(deployed, "queued_groups") == 7


class TestPromises:
    def age(self, connection: Connection, interval: str) -> None:
        connection.execute(f"UPDATE mvc.stored_relation SET filled_at = now() - interval '{interval}'")

    def test_are_those_of_schedules_that_are_on(self, deployed):
        self.age(deployed, "59 minutes")
        query = (
            "SELECT view_schema, view_name, schedule, promised_seconds, round(age_seconds), broken FROM mvc.promises"
        )
        assert deployed.execute(query).fetchall() == [("public", "v", "soon", 3600, 3540, False)]
        self.age(deployed, "61 minutes")
        assert deployed.execute("SELECT broken FROM mvc.promises").fetchall() == [(True,)]
        assert status(deployed, "broken_promises") == 1

    @newest
    def test_are_broken_without_data(self, deployed):
        deployed.execute("UPDATE mvc.stored_relation SET filled_at = NULL")
        assert deployed.execute("SELECT age_seconds, broken FROM mvc.promises").fetchall() == [(None, True)]

    def test_that_are_broken_are_told_once_until_they_are_mended(self, deployed, database):
        listening = database.connect()
        listening.execute("LISTEN alerts")
        told = "SELECT mvc.alert_broken_promises()"
        assert deployed.execute(told).fetchone() == (0,)
        self.age(deployed, "2 hours")
        assert [deployed.execute(told).fetchone() for _ in range(2)] == [(1,), (0,)]
        self.age(deployed, "1 minute")
        assert deployed.execute(told).fetchone() == (0,)
        self.age(deployed, "3 hours")
        assert deployed.execute(told).fetchone() == (1,)
        said = [json.loads(item.payload) for item in listening.notifies(timeout=5, stop_after=2)]
        assert [round(item.pop("age_seconds")) for item in said] == [7200, 10800]
        assert (
            said[0]
            == said[1]
            == {
                "project": "seen",
                "event": "promise broken",
                "schema": "public",
                "view": "v",
                "schedule": "soon",
                "promised_seconds": 3600,
            }
        )


class TestNotify:
    def test_of_a_failure_without_what_tables_hold(self, deployed, database):
        listening = database.connect()
        listening.execute("LISTEN alerts")
        refresh(deployed)
        fail(deployed)
        (item,) = listening.notifies(timeout=5, stop_after=1)
        said = json.loads(item.payload)
        assert said.pop("at")
        assert said == {
            "project": "seen",
            "event": "refresh failed",
            "schema": "public",
            "view": "v",
            "run": 2,
            "mode": "full",
            "schedule": None,
            "status": "failed",
            "sqlstate": "22012",
        }

    @newest
    def test_of_nothing_where_no_channel_is_set(self, base, database):
        apply(base, project(""))
        listening = database.connect()
        listening.execute("LISTEN alerts")
        fail(base)
        base.execute("NOTIFY alerts, 'the end'")
        assert [item.payload for item in listening.notifies(timeout=5, stop_after=1)] == ["the end"]

    @newest
    def test_a_promise_that_broke_before_there_was_a_channel(self, base):
        apply(base, project(""))
        base.execute("UPDATE mvc.stored_relation SET filled_at = now() - interval '2 hours'")
        assert base.execute("SELECT mvc.alert_broken_promises()").fetchone() == (0,)
        apply(base, project("notify: alerts\n"))
        assert base.execute("SELECT mvc.alert_broken_promises()").fetchone() == (1,)


class TestLog:
    def add(self, connection: Connection, status: str, days: int, count: int = 1) -> None:
        connection.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, status, started_at, finished_at) SELECT 'public', 'v', %s,"
            " now() - make_interval(days => %s), now() FROM generate_series(1, %s)",
            (status, days, count),
        )

    def kept(self, connection: Connection) -> list[tuple[str, int]]:
        return connection.execute(
            "SELECT status, extract(day FROM now() - started_at)::int FROM mvc.refresh_log ORDER BY id"
        ).fetchall()

    def test_keeps_what_is_young_and_the_last_of_each_kind(self, deployed):
        for kind, days in (
            ("completed", 50),
            ("failed", 45),
            ("failed", 40),
            ("completed", 35),
            ("skipped", 34),
            ("started", 33),
            ("skipped", 3),
        ):
            self.add(deployed, kind, days)
        assert deployed.execute("SELECT mvc.trim_log('seen')").fetchone() == (4,)
        assert self.kept(deployed) == [("failed", 40), ("completed", 35), ("skipped", 3)]

    @newest
    def test_is_trimmed_now_and_then_by_itself(self, deployed):
        self.add(deployed, "skipped", 40, count=98)
        assert len(self.kept(deployed)) == 98
        refresh(deployed)
        refresh(deployed)
        assert [row[0] for row in self.kept(deployed)] == ["completed", "completed"]

    @newest
    def test_of_another_project_is_left_alone(self, deployed):
        self.add(deployed, "skipped", 40)
        deployed.execute(
            "INSERT INTO mvc.deployment (project, action, target, compiler)"
            " SELECT 'other', 'apply', jsonb_set(target, '{project}', '\"other\"'), compiler FROM mvc.deployment"
        )
        assert deployed.execute("SELECT mvc.trim_log('other')").fetchone() == (0,)
        assert deployed.execute("SELECT mvc.trim_log('seen')").fetchone() == (1,)


class TestWhoMay:
    QUERIES = (
        "SELECT * FROM mvc.view_status",
        "SELECT * FROM mvc.refreshes",
        "SELECT * FROM mvc.promises",
        "SELECT * FROM mvc.usage()",
    )

    @pytest.mark.parametrize("query", QUERIES)
    def test_look(self, deployed, database, query):
        refresh(deployed)
        for role in ("mo_refresher", "mo_monitor"):
            assert len(database.connect(user=role).execute(query).fetchall()) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.connect(user="mo_plain").execute(query)

    @newest
    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT mvc.alert_broken_promises()",
            "CALL mvc.alert()",
            "CALL mvc.refresh('public', 'v')",
            "CALL mvc.refresh_project('seen')",
            "SELECT mvc.trim_log('seen')",
            "SELECT * FROM mvc.refresh_log",
            "SELECT * FROM mvc.told_promise",
        ],
    )
    def test_only_look_where_they_only_monitor(self, deployed, database, statement):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.connect(user="mo_monitor").execute(statement)

    @newest
    def test_stay_those_of_another_project(self, deployed, database):
        other = {
            "views/v.yml": VIEW.replace("view: v", "view: w"),
            "mvc.yml": "project: second\ncatalog: s.sql\nmonitor_roles: [mo_plain]\n",
        }
        apply(
            deployed,
            mvc.compile(mvc.load({"s.sql": SCHEMA, **other})),
            options=ApplyOptions(allow=frozenset({"loosen-access"})),
        )
        for role in ("mo_refresher", "mo_monitor", "mo_plain"):
            assert len(database.connect(user=role).execute("SELECT * FROM mvc.view_status").fetchall()) == 2

    @newest
    def test_must_be_allowed_where_a_role_is_new(self, deployed):
        more = SETTINGS.replace("[mo_monitor]", "[mo_monitor, mo_plain]")
        with pytest.raises(ServerError, match="mo_plain may see sizes, freshness, usage and the log"):
            apply(deployed, project(more))
