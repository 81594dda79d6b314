"""What a schedule's `mode` makes of each view that it selects, and schedules that look after partitions."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.jobs import wanted_jobs
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from schedules.projects import FILES, due_names, log, make_due, project, ran, tables
from servers import Database, newest

from .test_due import call

Connection = psycopg.Connection[Any]
ANYTHING = ApplyOptions(allow=frozenset(HAZARDS))
PARTLY = "{schedule: partly, refresh: all, every: '0 * * * *', mode: incremental}"
NIGHTLY = "{schedule: nightly, refresh: all, every: '0 2 * * *', mode: verify}"
WEEKLY = "{schedule: weekly, refresh: all, every: '0 3 * * 0'}"
DAYS = "{schedule: days, refresh: all, every: '0 4 * * *', mode: window, window: 2d}"
BY_DAY = {
    "schema.sql": f"{FILES['schema.sql']}CREATE TABLE u (id int PRIMARY KEY, day date NOT NULL);\n",
    "views/w.yml": "view: w\nsources: {u: {table: u}}\ndimensions: {day: u.day}\naggregates: {n: {count: u}}\n",
}


@pytest.fixture
def base(database: Database) -> Connection:
    connection = database.connect()
    tables(connection)
    connection.execute(
        "CREATE TABLE u (id int PRIMARY KEY, day date NOT NULL); INSERT INTO u VALUES (1, CURRENT_DATE - 1)"
    )
    return connection


def modes(connection: Connection) -> dict[str, str]:
    return {row[0]: row[1] for row in log(connection, "view_name, mode")}


@newest
@pytest.mark.parametrize("run", [call, ran], ids=["procedure", "client"])
@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("partly", {"a": "incremental", "b": "full", "d": "incremental", "w": "incremental"}),
        ("nightly", {"a": "verify", "b": "full", "d": "verify", "w": "verify"}),
        ("weekly", {"a": "full", "b": "full", "d": "full", "w": "full"}),
        ("days", {"a": "full", "b": "full", "d": "full", "w": "window"}),
    ],
)
def test_each_view_in_the_mode_that_it_can_have(base, run, schedule, expected):
    """The others as a whole, and as a whole also where a schedule says nothing."""
    compiled = project(PARTLY, NIGHTLY, WEEKLY, DAYS, **BY_DAY)
    apply(base, compiled, options=ANYTHING)
    if run is call:
        call(base, schedule)
    else:
        ran(base, compiled, schedule)
    assert {row[0] for row in log(base, "status")} == {"completed"}
    assert modes(base) == expected


def test_verify_is_stored_as_one_that_is_refreshed_incrementally():
    """So that a schedule more or less builds nothing anew."""
    verified, partly, both = (project(*items) for items in ((NIGHTLY,), (PARTLY,), (NIGHTLY, PARTLY)))
    for name in ("a", "d"):
        assert verified.view(name).increment
        assert verified.view(name) == partly.view(name) == both.view(name)
    assert verified.view("b").increment is None


def test_one_that_is_off_makes_no_increments():
    assert project(NIGHTLY.replace("verify}", "verify, enabled: false}")).view("a").increment is None


@newest
class TestVerify:
    @pytest.mark.parametrize("run", [call, ran], ids=["procedure", "client"])
    def test_heals_and_reports(self, base, run):
        compiled = project(NIGHTLY)
        apply(base, compiled, options=ANYTHING)
        base.execute(f"UPDATE mvc.{compiled.view('d').storage[1]} SET n = 7 WHERE id = 1".encode())
        make_due(base, "nightly", ago="25 hours")
        if run is call:
            call(base, "nightly", if_due=True)
        else:
            list(ran(base, compiled))
        (found,) = [row for row in log(base, "view_name, changed, detail") if row[0] == "d"]
        assert found[1] == 1
        assert found[2].startswith("1 of 2 groups compared were not as the query gives them")
        assert base.execute("SELECT n FROM d ORDER BY id").fetchall() == [(2,), (5,)]
        assert due_names(base) == []

    def test_is_no_substitute_for_what_else_is_due(self, base):
        """It compares a sample, so another schedule of the same time still refreshes; the other way round as well."""
        compiled = project(NIGHTLY, PARTLY)
        apply(base, compiled, options=ANYTHING)
        for first, second in (("nightly", "partly"), ("partly", "nightly")):
            base.execute("DELETE FROM mvc.refresh_log")
            make_due(base, first, ago="25 hours")
            make_due(base, second, ago="25 hours")
            call(base, first, if_due=True)
            call(base, second, if_due=True)
            assert {row[1] for row in log(base, "view_name, status") if row[0] == "d"} == {"completed"}


PARTED = (
    "CREATE TABLE events (id int NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);\n"
)


def parted(spec: str = "{table: events, by: month, ahead: 1}", *schedules: str) -> Compiled:
    files = {
        "mvc.yml": "project: shop\ncatalog: s.sql\nnames: {partitions: automate_partition_management_with_mv}\n",
        "s.sql": PARTED,
        "views/v.yml": "view: v\nsources: {e: {table: events}}\ndimensions: {day: e.at::date}\naggregates: {n: {count: e}}\n",
        "partitions/p.yml": f"partitions:\n  - {spec}\n",
        "schedules/s.yml": f"schedules: [{', '.join(schedules)}]\n",
    }
    return mvc.compile(mvc.load(files))


def test_partitions_are_a_schedule_of_their_own():
    (schedule,) = parted().schedules
    assert (schedule.name, schedule.mode, schedule.views, schedule.enabled) == (
        "partitions",
        "partitions",
        (),
        True,
    )
    (job,) = wanted_jobs(parted())
    assert (job.name, job.line) == ("mvc:shop:partitions", schedule.cron)
    assert job.command == "CALL mvc.run_schedule('shop', 'partitions', true)"


def test_partitions_beside_a_schedule_of_that_name():
    own = "{schedule: partitions, refresh: [v], every: '0 * * * *'}"
    assert [item.name for item in parted("{table: events, by: month, ahead: 1}", own).schedules] == [
        "partitions",
        "partitions (partitions)",
    ]


@newest
class TestPartitions:
    @pytest.fixture
    def events(self, database: Database) -> Connection:
        connection = database.connect()
        connection.execute(PARTED)
        apply(connection, parted())
        return connection

    def made(self, connection: Connection) -> list[str]:
        query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1"
        return [row[0] for row in connection.execute(query)]

    def expected(self) -> list[str]:
        now = datetime.now(timezone.utc)
        months = [now.year * 12 + now.month - 1 + more for more in range(2)]
        return [f"events_{month // 12}_{month % 12 + 1:02}" for month in months]

    def test_by_hand(self, events):
        events.execute("CALL mvc.run_schedule('shop', 'partitions')")
        assert self.made(events) == self.expected()
        row = events.execute(
            "SELECT failed, finished_at IS NOT NULL FROM mvc.schedule_run WHERE schedule = 'partitions' AND run_by <> ''"
        )
        assert row.fetchone() == ([], True)

    @pytest.mark.parametrize("run", [call, ran], ids=["procedure", "client"])
    def test_when_they_are_due(self, events, run):
        assert due_names(events) == []
        call(events, "partitions", if_due=True)
        assert self.made(events) == []
        make_due(events, "partitions", ago="2 days")
        assert due_names(events) == ["partitions"]
        if run is call:
            call(events, "partitions", if_due=True)
        else:
            (result,) = ran(events, parted())
            assert (result.view, result.status, result.detail) == ("partitions", "completed", "2 made or retired")
        assert self.made(events) == self.expected()
        assert due_names(events) == []

    def test_what_fails_is_told(self, events):
        events.execute(f"CREATE TABLE {self.expected()[0]} (); ALTER TABLE events RENAME COLUMN at TO moment")
        make_due(events, "partitions", ago="2 days")
        with pytest.raises(psycopg.Error):
            call(events, "partitions", if_due=True)
        make_due(events, "partitions", ago="2 days")
        (result,) = ran(events, parted())
        assert result.status == "failed"
        assert "events" in result.reason

    def test_under_a_name_of_the_project_s_own(self, events):
        events.execute("SELECT automate_partition_management_with_mv()")
        assert self.made(events) == self.expected()
        assert plan(events, parted()).empty
