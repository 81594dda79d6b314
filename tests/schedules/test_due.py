"""What is due, who runs it, and what is logged: the runtime's procedure and the client do the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

import mvc
from mvc.engines.postgres.server.door import ask
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.schedule_runs import contend, run_due
from schedules.projects import HOURLY, PROMISE, TURN_OF_D, age, deploy, due_names, log, make_due, project, ran, tables
from servers import newest

pytestmark = newest


@pytest.fixture
def base(database) -> psycopg.Connection[Any]:
    connection = database.connect()
    tables(connection)
    return connection


@pytest.fixture
def hourly(base):
    deploy(base, project())
    return base


def call(connection, schedule="hourly", if_due=False):
    connection.execute("CALL mvc.run_schedule('shop', %s, %s)", (schedule, if_due))


def by_client(connection, schedule="hourly", if_due=False):
    found = list(run_due(connection, project(), schedule)) if if_due else ran(connection, project(), schedule)
    if failed := [item.view for item in found if item.status == "failed"]:
        raise psycopg.errors.RaiseException(f"refreshing failed: {', '.join(failed)}")


@pytest.fixture(params=[call, by_client], ids=["procedure", "client"])
def run(request) -> Callable[..., None]:
    return request.param


class TestRun:
    def test_each_view_upstream_first_with_its_schedule(self, hourly, run):
        run(hourly)
        assert log(hourly, "view_name, status, schedule, mode") == [
            (name, "completed", "hourly", "full") for name in sorted("abd", key=[v.name for v in project().views].index)
        ]

    def test_a_failure_does_not_stop_the_others_and_is_raised_in_the_end(self, hourly, run):
        hourly.execute("INSERT INTO t VALUES (3, 0)")
        with pytest.raises(psycopg.errors.RaiseException, match="refreshing failed: a"):
            run(hourly)
        assert sorted(log(hourly, "view_name, status, error")) == [
            ("a", "failed", "division by zero"),
            ("b", "skipped", "reads a, which failed"),  # through a plain view
            ("d", "completed", None),
        ]
        row = hourly.execute(
            "SELECT failed::text, finished_at >= started_at FROM mvc.schedule_run WHERE run_by <> ''"
        ).fetchone()
        assert row == ("{a}", True)

    def test_each_view_commits_by_itself(self, hourly, run, database):
        """While the second view waits for a lock, the first is there for everybody."""
        first, second = [v.name for v in project().views if v.kind == "materialized"][:2]
        other = database.connect(autocommit=False)
        stored = hourly.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = %s", (second,)).fetchone()[
            0
        ]
        other.execute(f"COMMENT ON MATERIALIZED VIEW mvc.{stored} IS 'a lock that a refresh waits for'")
        runner = database.connect()
        thread = threading.Thread(target=run, args=(runner,))
        thread.start()
        try:
            wait_for(hourly, f"SELECT FROM mvc.refresh_log WHERE view_name = '{second}'")
            assert log(hourly) == [(first, "completed"), (second, "started")]
        finally:
            other.rollback()
            thread.join()

    def test_an_overlap_is_skipped_and_logged(self, hourly, run, database):
        database.connect(autocommit=False).execute(TURN_OF_D)
        run(hourly)
        assert ("d", "skipped", "another refresh of this view is under way") in log(hourly, "view_name, status, error")

    def test_a_schedule_that_is_not_there(self, hourly, run):
        with pytest.raises((psycopg.Error, ServerError), match="no schedule other of the project shop is deployed"):
            run(hourly, "other")

    def test_a_lock_timeout(self, base, run, database):
        deploy(base, project("{schedule: hourly, refresh: [d], every: '0 * * * *', lock_timeout: 1s}"))
        database.connect(autocommit=False).execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg.errors.RaiseException):
            run(base)
        assert log(base, "status, sqlstate") == [("failed", "55P03")]

    def test_nothing_that_is_not_due(self, hourly, run):
        run(hourly, if_due=True)
        assert log(hourly) == []


class TestCron:
    def test_is_not_due_for_what_was_before_its_first_deployment(self, hourly):
        assert due_names(hourly) == []

    def test_nor_because_of_another_deployment(self, hourly):
        make_due(hourly)
        deploy(hourly, project(HOURLY, PROMISE))
        assert due_names(hourly) == ["hourly"]

    def test_many_missed_times_are_one_run(self, hourly, run):
        make_due(hourly, ago="3 days")
        assert due_names(hourly) == ["hourly"]
        run(hourly, if_due=True)
        run(hourly, if_due=True)
        assert len(log(hourly)) == 3
        assert due_names(hourly) == []

    def test_two_at_once_run_it_once(self, hourly, database):
        make_due(hourly)
        sessions = [database.connect() for _ in range(4)]
        threads = [threading.Thread(target=call, args=(session, "hourly", True)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(log(hourly)) == 3

    def test_a_disabled_one_is_never_due(self, base):
        deploy(base, project("{schedule: hourly, refresh: all, every: '0 * * * *', enabled: false}"))
        make_due(base)
        assert due_names(base) == []

    def test_a_failed_one_waits_for_its_next_time(self, hourly, run):
        hourly.execute("INSERT INTO t VALUES (3, 0)")
        make_due(hourly)
        with pytest.raises(psycopg.errors.RaiseException):
            run(hourly, if_due=True)
        assert due_names(hourly) == []

    def test_a_schedule_that_went_leaves_nothing(self, hourly):
        deploy(hourly, project(PROMISE))
        assert hourly.execute("SELECT DISTINCT schedule FROM mvc.schedule_run").fetchall() == [("fresh",)]


OFTEN_IN_PART = "{schedule: often, refresh: [d], every: '* * * * *', mode: incremental}"


class TestTwoOnOneView:
    WEEKLY = "{schedule: weekly, refresh: [d], every: '0 * * * *', mode: full}"

    def test_what_the_other_has_refreshed_since_is_fresh(self, base, run):
        deploy(base, project(HOURLY, "{schedule: too, refresh: [d], every: '0 * * * *'}"))
        make_due(base, "hourly")
        make_due(base, "too")
        run(base, if_due=True)
        run(base, "too", if_due=True)
        reason = "it is fresh already: it was refreshed since this schedule was due"
        assert log(base, "view_name, schedule, status, error")[-1] == ("d", "too", "skipped", reason)

    def test_but_not_for_one_that_wants_it_in_full(self, base, run):
        deploy(base, project(HOURLY, self.WEEKLY))
        base.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, mode, status) VALUES ('public', 'd', 'incremental', 'completed')"
        )
        make_due(base, "weekly")
        run(base, "weekly", if_due=True)
        assert log(base, "schedule, mode, status")[-1] == ("weekly", "full", "completed")

    def test_one_that_wants_it_in_full_waits_for_the_other(self, base, run, database):
        """Which may do less; the weekly one would else come again in a week."""
        deploy(base, project(OFTEN_IN_PART, self.WEEKLY))
        other = database.connect(autocommit=False)
        other.execute(TURN_OF_D)
        timer = threading.Timer(1.0, other.rollback)
        timer.start()
        run(base, "weekly")
        timer.join()
        assert log(base, "schedule, status") == [("weekly", "skipped"), ("weekly", "completed")]

    def test_by_hand_all_is_refreshed(self, hourly, run):
        run(hourly)
        run(hourly)
        assert [status for _, status in log(hourly)] == ["completed"] * 6

    def test_a_long_run_lets_the_others_have_their_turn(self, base):
        deploy(base, project(HOURLY, "{schedule: quick, refresh: [d], every: '* * * * *'}"))
        make_due(base, "hourly")
        steps = run_due(base, project())
        assert next(steps).schedule == "hourly"
        make_due(base, "quick")
        assert next(steps).schedule == "quick"
        assert {item.schedule for item in steps} == {"hourly"}


class TestPromise:
    @pytest.fixture
    def fresh(self, base):
        deploy(base, project(PROMISE))
        return base

    def promise(self, connection):
        query = "SELECT view_name, promised_seconds, round(age_seconds), broken, refresh_at_seconds FROM mvc.promises"
        return connection.execute(query).fetchone()

    @pytest.mark.parametrize(("seconds", "due"), [(1700, []), (1801, ["fresh"]), (9000, ["fresh"])])
    def test_is_due_at_half_of_it(self, fresh, seconds, due):
        age(fresh, "d", seconds)
        assert due_names(fresh) == due

    @pytest.mark.parametrize(("took", "at"), [(0, 1800), (899, 1800), (1200, 1200), (1700, 360), (5000, 360)])
    def test_or_earlier_where_refreshes_take_long(self, fresh, took, at):
        fresh.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, status, started_at, finished_at)"
            " VALUES ('public', 'd', 'completed', now() - interval '2 days', now() - interval '2 days' + make_interval(secs => %s))",
            (took,),
        )
        assert self.promise(fresh)[-1] == at

    @pytest.mark.parametrize(("seconds", "broken"), [(3500, False), (3700, True)])
    def test_is_an_alert_when_broken(self, fresh, seconds, broken):
        age(fresh, "d", seconds)
        assert self.promise(fresh) == ("d", 3600, seconds, broken, 1800)

    def test_a_view_without_data_breaks_it(self, fresh):
        fresh.execute("UPDATE mvc.stored_relation SET filled_at = NULL")
        assert self.promise(fresh)[2:4] == (None, True)
        assert due_names(fresh) == ["fresh"]

    def test_is_kept(self, fresh, run):
        age(fresh, "d", 2000)
        run(fresh, "fresh", if_due=True)
        assert due_names(fresh) == []
        assert self.promise(fresh)[2:4] == (0, False)

    def test_a_failure_is_tried_again_after_a_tenth_of_it(self, fresh, run):
        stored = fresh.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'd'").fetchone()[0]
        fresh.execute(f'DROP INDEX mvc."{index_of(fresh, stored)}"')  # without it, it cannot be refreshed concurrently
        age(fresh, "d", 2000)
        with pytest.raises(psycopg.errors.RaiseException):
            run(fresh, "fresh", if_due=True)
        assert due_names(fresh) == []
        fresh.execute("UPDATE mvc.refresh_log SET started_at = started_at - interval '361 seconds'")
        assert due_names(fresh) == ["fresh"]

    def test_only_the_views_that_are_old(self, base, run):
        deploy(base, project("{schedule: hourly, refresh: all, within: 1h}"))
        age(base, "a", 2000)
        run(base, if_due=True)
        assert log(base) == [("a", "completed")]

    def test_when_to_look_again(self, fresh):
        def seconds():
            return fresh.execute("SELECT mvc.seconds_to_next('shop')").fetchone()[0]

        assert 0 <= seconds() <= 60
        age(fresh, "d", 1799)
        assert 0 <= seconds() <= 1
        fresh.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, status, started_at) VALUES ('public', 'd', 'failed', now() - interval '358 s')"
        )
        assert 0 <= seconds() <= 2


class TestBrokenOff:
    """A run whose session went away, as by a restart, is gone on with; what it has done by then is fresh."""

    @pytest.fixture
    def broken_off(self, hourly, database):
        make_due(hourly)
        other = database.connect()
        steps = run_due(other, project())
        self.done = next(steps).view
        steps.close()
        assert due_names(hourly) == []  # who began it may still be at it
        other.close()
        wait_for(
            hourly, "SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity a, mvc.schedule_run r WHERE a.pid = r.pid)"
        )
        return hourly

    def test_is_due_again(self, broken_off, run):
        assert due_names(broken_off) == ["hourly"]
        run(broken_off, if_due=True)
        first, *others = log(broken_off)[-3:]
        assert first == (self.done, "skipped")
        assert {status for _, status in others} == {"completed"}

    def test_but_only_once(self, broken_off, database):
        other = database.connect()
        next(run_due(other, project()))
        other.close()
        wait_for(
            broken_off,
            "SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity a, mvc.schedule_run r WHERE a.pid = r.pid)",
        )
        assert due_names(broken_off) == []


LATER = {
    "mvc.yml": "project: later\ncatalog: schema.sql\n",
    "schema.sql": "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);",
    "views/later.yml": "view: later\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {max: t.n}}\n",
}


class TestLeader:
    def test_is_one(self, hourly):
        with contend(hourly, project()) as second:
            with contend(hourly, project()) as first:
                assert first.leads()
                assert first.leads()
                assert not second.leads()
            wait_for(
                hourly,
                "SELECT WHERE NOT EXISTS (SELECT FROM pg_locks WHERE mode = 'ExclusiveLock' AND locktype = 'relation')",
            )
            assert second.leads()

    def test_is_one_of_a_project_that_came_second_too(self, hourly):
        """The runtime was there when it was deployed."""
        other = mvc.compile(mvc.load(LATER))
        deploy(hourly, other)
        with contend(hourly, other) as first, contend(hourly, other) as second:
            assert first.leads()
            assert not second.leads()

    def test_hears_that_it_no_longer_is(self, hourly):
        with contend(hourly, project()) as first:
            assert first.leads()
            hourly.execute("SELECT pg_terminate_backend(%s)", (first.holder.info.backend_pid,))
            with pytest.raises(ServerError):
                first.leads()

    def test_of_each_project(self, hourly):
        other = project(**{"mvc.yml": "project: other\ncatalog: schema.sql\n"})
        with contend(hourly, project()) as first, contend(hourly, other) as second:
            assert first.leads()
            assert second.leads()


class TestRights:
    @pytest.fixture
    def refresher(self, base, database):
        base.execute("DO $$ BEGIN CREATE ROLE sched_refresher LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        deploy(
            base,
            project(
                HOURLY, PROMISE, **{"mvc.yml": "project: shop\ncatalog: schema.sql\nrefresh_roles: [sched_refresher]\n"}
            ),
        )
        yield database.connect(user="sched_refresher")
        base.execute("DROP OWNED BY sched_refresher")

    def test_a_refresher_may_run_schedules(self, refresher, base, run):
        make_due(base)
        run(refresher, if_due=True)
        run(refresher, "fresh")
        assert {row[0] for row in log(base, "status")} == {"completed"}
        assert refresher.execute("SELECT count(*) FROM mvc.promises").fetchone() == (1,)

    def test_and_not_write_what_became_of_them(self, refresher):
        for statement in (
            "UPDATE mvc.schedule_run SET seen = now()",
            "INSERT INTO mvc.refresh_log (view_schema, view_name) VALUES ('public', 'd')",
            "SELECT mvc.follow_schedules('{}')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                refresher.execute(statement)

    def test_nor_end_the_runs_of_others(self, refresher, base):
        (run,) = base.execute("SELECT mvc.refresh_begin('public', 'd')").fetchone()
        said = {"run": run, "reason": "x", "state": "x"}
        ask(refresher, "mvc", "abandon", said)
        assert log(base, "status") == [("started",)]

    def test_others_may_nothing(self, refresher, base, database):
        base.execute("DO $$ BEGIN CREATE ROLE sched_nobody LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        nobody = database.connect(user="sched_nobody")
        for statement in (
            "CALL mvc.run_schedule('shop', 'hourly')",
            "SELECT * FROM mvc.promises",
            "SELECT mvc.due('shop')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                nobody.execute(statement)


def test_a_refresh_that_takes_too_long_is_stopped(base, database):
    """What a CALL cannot do to itself."""
    deploy(base, project("{schedule: hourly, refresh: [d], every: '0 * * * *', timeout: 1s}"))
    blocking = database.connect(autocommit=False)
    blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    failures = []

    def run():
        try:
            call(runner)
        except psycopg.Error as problem:
            failures.append(str(problem))

    runner = database.connect()
    thread = threading.Thread(target=run)
    thread.start()
    wait_for(base, "SELECT FROM mvc.refresh_log WHERE status = 'started'")
    assert base.execute("SELECT mvc.stop_overdue('shop')").fetchone() == (0,)
    base.execute("SELECT pg_sleep(1)")
    assert base.execute("SELECT mvc.stop_overdue('shop')").fetchone() == (1,)
    thread.join()
    assert "refreshing failed: d" in failures[0]
    assert log(base, "status, sqlstate") == [("failed", "57014")]


def test_what_a_session_does_after_a_refresh_that_was_cut_off_is_not_stopped(base, database):
    """The row of the log stays, and the session goes on."""
    deploy(base, project("{schedule: hourly, refresh: [d], every: '0 * * * *', timeout: 1s}"))
    session = database.connect()
    session.execute("SELECT mvc.refresh_begin('public', 'd', NULL, 'hourly')")
    slept = []
    thread = threading.Thread(target=lambda: slept.append(session.execute("SELECT 1 FROM pg_sleep(2)").fetchone()))
    thread.start()
    base.execute("SELECT pg_sleep(1.2)")
    assert base.execute("SELECT mvc.stop_overdue('shop')").fetchone() == (0,)
    thread.join()
    assert slept == [(1,)]


def index_of(connection, stored):
    return (
        connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indrelid = to_regclass(format('mvc.%%I', %s::text))",
            (stored,),
        )
        .fetchone()[0]
        .removeprefix("mvc.")
        .strip('"')
    )


def wait_for(connection, query):
    for _ in range(200):
        if connection.execute(query).rowcount:
            return
        connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError(f"never: {query}")
