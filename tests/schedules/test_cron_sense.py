"""Cron lines that never come, or do otherwise than they read: found, at their place, with a mend that is none of these."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mvc.comparison.recurrence import longest_gap
from mvc.model.cron import cron_problem, cron_times
from mvc.model.cron_sense import cron_surprises

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def marked(line):
    """The part of the line that each finding is about."""
    return [line[odd.start : odd.end] for odd in cron_surprises(line)]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("0 0 30 2 *", "30 2"),
        ("0 0 31 feb *", "31 feb"),
        ("0 0 31 4,6,9,11 *", "31 4,6,9,11"),
        ("0  0  30-31  2  */3", "30-31  2"),
    ],
)
def test_a_day_that_no_month_has(line, part):
    assert [odd.kind for odd in cron_surprises(line)] == ["never"]
    assert marked(line) == [part]
    assert longest_gap(cron_times(line)) is None


@pytest.mark.parametrize(
    "line", ["0 0 29 2 *", "0 0 31 * *", "0 0 30 2 1", "0 0 31 2-3 *", "0 0 29-31 2 *", "0 0 29 2 */3"]
)
def test_a_day_that_comes_at_times(line):
    assert cron_surprises(line) == []
    assert longest_gap(cron_times(line)) is not None


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("*/90 * * * *", ["*/90"]),
        ("*/7 * * * *", ["*/7"]),
        ("0 */5 * * *", ["*/5"]),
        ("0 0 */2 * *", ["*/2"]),
        ("0 0 * */5 *", ["*/5"]),
        ("0 0 * * */2", ["*/2"]),
        ("3,*/7 */36 * * *", ["*/7", "*/36"]),
    ],
)
def test_a_step_that_begins_anew(line, parts):
    assert marked(line) == parts
    assert all(odd.kind == "step" for odd in cron_surprises(line))


@pytest.mark.parametrize(
    "line",
    [
        "*/15 */6 * */3 *",
        "*/60 * * * *",
        "0 */24 * * *",
        "0-59/7 * * * *",
        "0 8-18/4 * * *",
        "0 0 1-31/2 * *",
        "0 0 */100,1-7 * 1",  # on the first Monday: cron takes both, since one begins with a star
        "0 3 */2 * 1",
        "0 0 1-7 * */7",
        "*/1 * * * *",
        "0 0 * * 0-7",
    ],
)
def test_a_step_that_says_what_it_does(line):
    assert cron_surprises(line) == []


def test_the_words():
    (odd,) = cron_surprises("*/90 * * * *")
    assert odd.title == "`*/90` is minute 0 of each hour: no step of 90 fits into it"
    assert odd.help == "write `0 * * * *` for once in each hour"
    assert odd.within == "90m"
    (odd,) = cron_surprises("0 0 * * */2")
    assert odd.title == "`*/2` begins anew with each week: after Saturday comes Sunday"
    assert odd.label == "1 day until the next one"
    (odd,) = cron_surprises("30 4 30 2 *")
    assert odd.title == "this cron line never comes: no February has a day 30"
    assert odd.help == "write `30 4 28 2 *`, or `30 4 1 3 *` for the day after the month has ended"


def parts(least, most):
    number = st.integers(least, most)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.tuples(st.just("*") | span, st.integers(1, 99)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.lists(st.just("*") | number.map(str) | span | step, min_size=1, max_size=2).map(",".join)


LINES = st.tuples(*(parts(*limits) for limits in FIELDS)).map(" ".join)


@given(line=LINES)
def test_never_is_what_has_no_gap(line):
    found = cron_surprises(line)
    assert any(odd.kind == "never" for odd in found) == (longest_gap(cron_times(line)) is None)


@given(line=LINES)
def test_each_mend_is_a_line_without_this_finding(line):
    found = cron_surprises(line)
    assume(found)
    for odd in found:
        for mend in (text for text in re.findall(r"`([^`]+)`", odd.help) if len(text.split()) == 5):
            assert cron_problem(mend) == ""
            assert len(cron_surprises(mend)) < len(found) or odd.kind == "never"
            assert not any(other.kind == "never" for other in cron_surprises(mend))


@given(line=LINES)
def test_what_is_written_out_is_what_a_step_does(line):
    for odd in cron_surprises(line):
        if odd.kind == "step":
            mend = re.findall(r"`([^`]+)`", odd.help)[0]
            assert numbers(mend) == numbers(line)


def numbers(line):
    times = cron_times(line)
    return times.minutes, times.hours, times.days, times.months, times.weekdays
