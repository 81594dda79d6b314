"""When a cron line is due: what the runtime says, against cronsim, which says what Debian's cron does, and against clocks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from cronsim import CronSim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mvc
from mvc.compiled.serialize import to_record
from mvc.engines.postgres.server.apply import apply
from mvc.model.cron import cron_problem, cron_times
from servers import newest

pytestmark = newest

EMPTY = {
    "mvc.yml": "catalog: s.sql\n",
    "s.sql": "CREATE TABLE t (id int PRIMARY KEY);\n",
    "views/v.yml": "view: v\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {count: t}}\n",
}
# Clocks go from 2:00 to 3:00 and back; by half an hour; from midnight on; not at all; by 45 minutes past the hour.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Asia/Tokyo",
    "Pacific/Chatham",
    "UTC",
)


@pytest.fixture
def server(database) -> psycopg.Connection[Any]:
    connection = database.connect()
    connection.execute(EMPTY["s.sql"])
    apply(connection, mvc.compile(mvc.load(EMPTY)))
    return connection


def latest(server: psycopg.Connection[Any], line: str, zone: str, seen: datetime, until: datetime) -> datetime | None:
    assert cron_problem(line) == ""
    times = json.dumps(to_record(cron_times(line)))
    row = server.execute("SELECT mvc.latest_tick(%s, %s, %s, %s)", (times, zone, seen, until)).fetchone()
    return row[0].astimezone(timezone.utc) if row and row[0] else None


def by_cronsim(line: str, zone: str, seen: datetime, until: datetime) -> datetime | None:
    found = None
    for tick in CronSim(line, seen.astimezone(ZoneInfo(zone))):
        at = tick.astimezone(timezone.utc)
        if at > until:
            return found
        found = at if at > seen else found
    return found


def by_minutes(line: str, zone: str, seen: datetime, until: datetime) -> datetime | None:
    """What clocks show, minute by minute, for lines of hours and minutes. cronsim passes over minutes of an hour that begins anew at 2:45."""
    times, at = cron_times(line), until.replace(second=0)
    while at > seen:
        local = at.astimezone(ZoneInfo(zone))
        if local.minute in times.minutes and local.hour in times.hours:
            return at
        at -= timedelta(minutes=1)
    return None


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


class TestClockChanges:
    """Germany: 2024-03-31 2:00 became 3:00 at 1:00 UTC, 2024-10-27 3:00 became 2:00 at 1:00 UTC."""

    @pytest.mark.parametrize(
        ("line", "ticks"),
        [
            ("30 2 * * *", ["2024-03-30 01:30", "2024-03-31 01:00", "2024-04-01 00:30"]),  # as soon as clocks moved on
            ("0 3 * * *", ["2024-03-30 02:00", "2024-03-31 01:00", "2024-04-01 01:00"]),
            ("30 1,2 * * 0", ["2024-03-31 00:30", "2024-03-31 01:00"]),
        ],
    )
    def test_a_time_that_does_not_exist_happens_once(self, server, line, ticks):
        assert self.all_ticks(server, line, "2024-03-29 12:00", "2024-04-01 12:00") == list(map(utc, ticks))

    @pytest.mark.parametrize(
        ("line", "ticks"),
        [
            ("30 2 * * *", ["2024-10-26 00:30", "2024-10-27 00:30", "2024-10-28 01:30"]),  # the first of the two
            ("0 3 * * *", ["2024-10-26 01:00", "2024-10-27 02:00", "2024-10-28 02:00"]),
        ],
    )
    def test_a_time_that_is_twice_happens_once(self, server, line, ticks):
        assert self.all_ticks(server, line, "2024-10-25 12:00", "2024-10-28 12:00") == list(map(utc, ticks))

    def test_what_happens_hourly_goes_on_hourly(self, server):
        for start in ("2024-10-26 22:00", "2024-03-30 22:00"):
            found = self.all_ticks(server, "30 * * * *", start, str(utc(start) + timedelta(hours=6))[:16])
            assert found == [utc(start) + timedelta(minutes=30 + 60 * n) for n in range(6)]

    def all_ticks(self, server, line, seen, until):
        found, at = [], utc(until)
        while tick := latest(server, line, "Europe/Berlin", utc(seen), at):
            found.insert(0, tick)
            at = tick - timedelta(seconds=1)
        return found


def test_an_earlier_hour_that_is_shown_later(server):
    """Chatham's clocks went from 3:45 to 2:45 at 14:00 UTC."""
    found = latest(server, "* * * * *", "Pacific/Chatham", utc("2024-04-06 14:00"), utc("2024-04-06 14:01"))
    assert found == utc("2024-04-06 14:01")


def test_the_last_of_many_that_were_missed(server):
    assert latest(server, "*/15 * * * *", "UTC", utc("2024-01-01 00:00"), utc("2024-01-05 10:20")) == utc(
        "2024-01-05 10:15"
    )


def test_what_was_seen_is_not_due_again(server):
    assert latest(server, "0 3 * * 0", "UTC", utc("2024-01-07 03:00"), utc("2024-01-14 02:59")) is None


def test_a_leap_day(server):
    assert latest(server, "0 0 29 2 *", "UTC", utc("2020-03-01 00:00"), utc("2026-01-01 00:00")) == utc(
        "2024-02-29 00:00"
    )


def parts(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    ends = st.tuples(number, number).filter(lambda it: it[0] < it[1])  # cronsim takes 5-5/10 for 5/10
    span = st.tuples(ends, st.integers(1, 9)).map(lambda it: f"{it[0][0]}-{it[0][1]}/{it[1]}")
    return st.one_of(st.just("*"), st.integers(2, 20).map("*/{}".format), number.map(str), span)


LINES = st.tuples(parts(0, 59), parts(0, 23), parts(1, 28), parts(1, 12), parts(0, 7)).map(" ".join)
DAILY = st.tuples(parts(0, 59), parts(0, 4)).map(lambda it: f"{it[0]} {it[1]} * * *")
CHANGES = ("2024-03-31 01:00", "2024-10-27 01:00", "2024-03-10 07:00", "2024-11-03 06:00", "2024-04-06 15:00", "2024-10-05 15:30",
           "2024-04-25 22:00", "2024-10-31 21:00", "2024-04-06 14:00", "2024-09-28 14:00")  # fmt: skip


class TestAgainstCronsim:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(LINES, st.sampled_from(ZONES), st.integers(0, 400 * 1440), st.integers(1, 90 * 1440))
    def test_any_line(self, server, line, zone, start, length):
        seen = utc("2024-01-01 00:00") + timedelta(minutes=start)
        until = seen + timedelta(minutes=length)
        found = latest(server, line, zone, seen, until)
        assert found == by_cronsim(line, zone, seen, until)

    @settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(DAILY, st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-300, 300), st.integers(1, 600))
    def test_around_clock_changes(self, server, line, zone, change, before, length):
        seen = utc(change) + timedelta(minutes=before)
        until = seen + timedelta(minutes=length)
        expected = by_cronsim if cron_times(line).fixed else by_minutes
        assert latest(server, line, zone, seen, until) == expected(line, zone, seen, until)
