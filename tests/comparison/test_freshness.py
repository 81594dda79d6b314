"""How fresh a view is kept: cron lines, schedules, and what changes about them."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views import of, only, project, schedule, view

from mvc.comparison.changes import CadenceChanged, FreshnessChanged, KindChanged
from mvc.comparison.compare import compare
from mvc.comparison.freshness import spelled
from mvc.comparison.recurrence import _longest_days, longest_gap
from mvc.model.cron import cron_problem, cron_times

MINUTE, HOUR, DAY = 60, 3600, 86_400


class TestLongestGap:
    @pytest.mark.parametrize(
        ("line", "seconds"),
        [
            ("* * * * *", MINUTE),
            ("*/15 * * * *", 15 * MINUTE),
            ("*/25 * * * *", 25 * MINUTE),
            ("0 * * * *", HOUR),
            ("0,10 * * * *", 50 * MINUTE),
            ("0 */6 * * *", 6 * HOUR),
            ("0 */7 * * *", 7 * HOUR),
            ("0 9-17 * * *", 16 * HOUR),
            ("0 2 * * *", DAY),
            ("*/5 8-18 * * mon-fri", 2 * DAY + 13 * HOUR + 5 * MINUTE),
            ("0 3 * * 0", 7 * DAY),
            ("0 3 * * 7", 7 * DAY),
            ("0 3 * * SUN", 7 * DAY),
            ("0 3 * * 5-7", 5 * DAY),
            ("0 3 * * 0,7", 7 * DAY),
            ("0 0 1 * *", 31 * DAY),
            ("0 0 31 * *", 61 * DAY),
            ("0 0 31 4 *", None),
            ("0 0 30 2 *", None),
            ("0 0 29 2 *", 1461 * DAY),
            ("0 0 1 jan *", 366 * DAY),
            ("0 0 1 Jan,jul *", 184 * DAY),
            ("0 0 1 1-12/3 *", 92 * DAY),
            ("0 0 1,15 * 1", 7 * DAY),  # a Monday or one of the dates
            ("0 0 */2 * 1", 21 * DAY),  # a Monday with an odd date: a star restricts nothing by itself
            ("0 0 30 2 1", 350 * DAY),  # no such date, so the Mondays of February
            ("0 0 29 2 */7", (28 * 365 + 7) * DAY),  # a leap day on a Sunday
        ],
    )
    def test_is(self, line, seconds):
        assert cron_problem(line) == ""
        assert longest_gap(cron_times(line)) == seconds

    def test_is_fast(self):
        """The slowest of three is below 5 ms on a quiet machine; the limit leaves room for a busy one."""
        lines = ["* * * * *", "*/7 */3 1-15 1-11 1-5", "59 23 29 2 6"]
        _longest_days.cache_clear()
        start = time.process_time()
        for line in lines:
            longest_gap(cron_times(line))
        assert time.process_time() - start < 0.05


def fires(line: str, at: datetime) -> bool:
    """crontab(5), word by word."""
    minute, hour, day, month, weekday = line.split()
    in_month = matches(day, at.day, 1)
    in_week = matches(weekday, at.isoweekday() % 7, 0) or matches(weekday, at.isoweekday(), 0)
    both = day[0] != "*" and weekday[0] != "*"
    on_day = in_month or in_week if both else in_month and in_week
    return matches(minute, at.minute, 0) and matches(hour, at.hour, 0) and matches(month, at.month, 1) and on_day


def matches(field: str, value: int, least: int) -> bool:
    for part in field.split(","):
        body, _, step = part.partition("/")
        low, _, high = body.partition("-")
        if body == "*":
            found = (value - least) % int(step or 1) == 0
        else:
            found = int(low) <= value <= int(high or low) and (value - int(low)) % int(step or 1) == 0
        if found:
            return True
    return False


def gap_by_minutes(line: str, start: datetime, days: int) -> int | None:
    """The longest gap in a stretch of time, minute by minute."""
    times = [at for number in range(days * 1440) if fires(line, at := start + timedelta(minutes=number))]
    return max((int((b - a).total_seconds()) for a, b in pairwise(times)), default=None)


def gap_by_days(line: str) -> int | None:
    """The longest gap in forty years, of which each day is tried, with the times of one day tried minute by minute."""
    minute, hour, *_ = line.split()
    times = [n for n in range(1440) if matches(minute, n % 60, 0) and matches(hour, n // 60, 0)]
    probe = f"* * {' '.join(line.split()[2:])}"
    start = datetime(2001, 1, 1, tzinfo=timezone.utc)
    days = [n for n in range(40 * 366) if fires(probe, start + timedelta(days=n))]
    if not days or not times:
        return None
    within = [b - a for a, b in pairwise(times)]
    across = [(b - a) * 1440 + times[0] - times[-1] for a, b in pairwise(days)]
    return 60 * max(within + across)


def fields(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    steps = st.one_of(st.just(""), st.integers(1, most).map(lambda step: f"/{step}"))
    star = steps.map(lambda step: f"*{step}")
    span = st.tuples(number, number, steps).map(lambda it: f"{min(it[:2])}-{max(it[:2])}{it[2]}")
    return st.one_of(
        st.just("*"), st.lists(st.one_of(number.map(str), span, star), min_size=1, max_size=3).map(",".join)
    )


minutes, hours, dates, months, weekdays = fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 7)


@pytest.mark.slow
class TestAgainstBruteForce:
    @settings(max_examples=40, deadline=None)
    @given(st.tuples(minutes, hours, dates, months, weekdays).map(" ".join))
    def test_by_days_over_forty_years(self, line):
        assert cron_problem(line) == ""
        assert longest_gap(cron_times(line)) == gap_by_days(line)

    @settings(max_examples=40, deadline=None)
    @given(st.tuples(minutes, hours, weekdays).map(lambda it: f"{it[0]} {it[1]} * * {it[2]}"))
    def test_by_minutes_over_three_weeks(self, line):
        assert longest_gap(cron_times(line)) == gap_by_minutes(line, datetime(2024, 2, 26, tzinfo=timezone.utc), 22)


class TestBound:
    def bounds(self, before, after):
        found = compare(project(view(), schedules=before), project(view(), schedules=after))
        return [item.change for item in only(found) if isinstance(item.change, FreshnessChanged)]

    def test_the_least_of_several(self):
        slow, fast = schedule(cron="0 0 * * *"), schedule(cron=None, within_seconds=900)
        assert self.bounds((slow,), (slow, fast)) == [FreshnessChanged(DAY, 900)]
        assert self.bounds((fast,), (slow, fast)) == []

    def test_a_disabled_one_does_not_count(self):
        assert self.bounds((schedule(),), (schedule(enabled=False),)) == [FreshnessChanged(HOUR, None)]

    def test_one_that_never_fires_does_not_count(self):
        assert self.bounds((schedule(),), (schedule(cron="0 0 30 2 *"),)) == [FreshnessChanged(HOUR, None)]

    def test_a_view_that_it_no_longer_names(self):
        before = project(view("a"), view("b"), schedules=(schedule("a", "b"),))
        after = project(view("a"), view("b"), schedules=(schedule("a"),))
        found = compare(before, after)
        assert [item.view for item in found.views] == ["b"]
        assert of(found, "b").changes[0].change == FreshnessChanged(HOUR, None)


class TestCadence:
    def lines(self, before, after):
        found = compare(project(view(), schedules=before), project(view(), schedules=after))
        return [item.change for item in only(found)]

    def test_the_same_bound_at_other_times(self):
        assert self.lines((schedule(),), (schedule(cron="30 * * * *"),)) == [
            CadenceChanged(("0 * * * * (UTC)",), ("30 * * * * (UTC)",))
        ]

    def test_everything_that_is_said(self):
        after = schedule(
            cron="0  *  * * *",
            timezone="Asia/Tokyo",
            mode="full",
            timeout_seconds=90,
            lock_timeout_seconds=5,
            enabled=False,
        )
        (_, found) = self.lines((schedule(),), (after,))
        assert found.after == ("0 * * * * (Asia/Tokyo), mode full, timeout 1 min 30 s, lock timeout 5 s, disabled",)

    def test_the_zone_of_a_promise_means_nothing(self):
        before = schedule(cron=None, within_seconds=900)
        assert self.lines((before,), (schedule(cron=None, within_seconds=900, timezone="Asia/Tokyo"),)) == []
        assert self.lines((), (before,))[1] == CadenceChanged((), ("within 15 min",))

    def test_space_and_order_mean_nothing(self):
        one, other = schedule(), schedule(cron="0 2 * * *")
        assert self.lines((one, other), (other, schedule(cron="0  * * * *"))) == []

    def test_a_plain_view_has_none(self):
        before = project(view(), schedules=(schedule(),))
        found = compare(before, project(view(kind="plain"), schedules=()))
        assert [item.change for item in only(found)] == [KindChanged("materialized", "plain")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (900, "15 min"), (108_000, "1 d 6 h"), (90_061, "1 d 1 h 1 min 1 s")],
)
def test_spelled(seconds, text):
    assert spelled(seconds) == text
