"""Whether a text is a date, a time or an interval, and what units of time there are.

Rule source: PostgreSQL manual, "Date/Time Types" and "Date/Time Input Interpretation"; the tables of datetime.c.
"""

from __future__ import annotations

import re
from calendar import monthrange
from typing import Final

_DAY: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(.+))?")
_SHORT: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")  # day first or month first, as DateStyle has it
_TIME: Final = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?(.*)")
_DURATION: Final = re.compile(r"p(\d+[ymwd])*(t(\d+[hms])+)?")  # of ISO 8601, which is an interval's
_WORD: Final = re.compile(r"[a-z]+")
_DAYS: Final = frozenset({"now", "today", "tomorrow", "yesterday", "epoch", "infinity"})
TRUNCATED: Final = frozenset(
    [
        "c",
        "cent",
        "centuries",
        "century",
        "d",
        "day",
        "days",
        "dec",
        "decade",
        "decades",
        "decs",
        "h",
        "hour",
        "hours",
        "hr",
        "hrs",
        "m",
        "microsecon",
        "microsecond",
        "microseconds",
        "us",
        "usec",
        "usecs",
        "usecond",
        "useconds",
        "mil",
        "mils",
        "millennia",
        "millennium",
        "millisecond",
        "milliseconds",
        "ms",
        "msec",
        "msecs",
        "msecond",
        "mseconds",
        "min",
        "mins",
        "minute",
        "minutes",
        "mon",
        "mons",
        "month",
        "months",
        "qtr",
        "quarter",
        "s",
        "sec",
        "second",
        "seconds",
        "secs",
        "w",
        "week",
        "weeks",
        "y",
        "year",
        "years",
        "yr",
        "yrs",
    ]
)
EXTRACTED: Final = TRUNCATED | frozenset(
    [
        "dow",
        "doy",
        "epoch",
        "isodow",
        "isoyear",
        "julian",
        "timezone",
        "timezone_h",
        "timezone_m",
        "timezone_hour",
        "timezone_minute",
    ]
)


_LENGTH: Final = re.compile(r"[+-]?\d+ ?(second|minute|hour|day|week|month|year)s?( ago)?")


_OTHER_FORMS: Final = (
    (re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"), "it is a time of day, and no date"),
    (re.compile(r"\d{1,4}|\d{1,3}\.\d{1,2}"), "a date is written '2026-01-31'"),
    (re.compile(r"\d{4}-\d{1,2}-?"), "a date has a day as well, e.g. '2026-01-31'"),
)


_CLOCK: Final = re.compile(r"\d:\d|\d\s*[ap]\.?m|^t?\d{4,6}(\.\d+)?(?![-\d./])|[\sT]\d{6}")
_OF_ANOTHER: Final = (
    re.compile(r"^[\[({].*,.*[\])}]$"),  # a range, an array, a figure
    re.compile(
        r"^(?!.*\d{4}-\d{1,2}-\d{1,2}).*[\[\]{}()<>$&\\|]"
    ),  # the like of it; beside a date, punctuation only parts
    re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE),  # a uuid
    re.compile(r"^\d{1,3}(\.\d{1,3}){3}(/\d+)?$"),  # a network
    re.compile(r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$", re.IGNORECASE),  # the address of a device
)


def moment_problem(text: str, type_: str) -> str:
    """Why a text is no date or time."""
    if said := _no_moment(text):
        return said
    if short := _SHORT.fullmatch(text):
        one, other, year = map(int, short.groups())
        return "" if _is_day(year, one, other) or _is_day(year, other, one) else "there is no such day"
    day = _DAY.fullmatch(text)
    if day is None:
        return ""
    if not _is_day(*(int(part) for part in day.groups()[:3])):
        return "there is no such day"
    return _time(day[4], type_) if day[4] and type_ != "date" else ""


def _no_moment(text: str) -> str:
    """Why a text is not even the form of a date."""
    word = text.lower()
    if not word:
        return "it is empty"
    if not any(sign.isalnum() for sign in word) or _DURATION.fullmatch(word):
        return "it is no date: write '2026-01-31'"
    if _WORD.fullmatch(word) and word not in _DAYS:
        return "it is no date: write '2026-01-31', 'today' or an expression such as CURRENT_DATE"
    if not re.search(r"\d", word) and _DAYS.isdisjoint(_WORD.findall(word)):
        return "it is no date: write '2026-01-31'"
    if _LENGTH.fullmatch(word):
        return f"it is a length of time: INTERVAL '{text}'"
    return next((why for form, why in _OTHER_FORMS if form.fullmatch(text)), "")


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and year > 0 and 1 <= day <= monthrange(min(year, 9999), month)[1]


def _time(text: str, _: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None:
        return ""
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if re.match(r"\s*[ap]m\b", found[4], re.IGNORECASE):
        return "" if 0 <= hour <= 12 and minute <= 59 and second <= 60 else "there is no such time of day"
    return (
        ""
        if minute <= 59 and second <= 60 and (hour < 24 or (hour, minute, second) == (24, 0, 0))
        else "there is no such time of day"
    )


def time_problem(text: str, _: str) -> str:
    """Why a text is no time of day."""
    word = text.lower()
    known = word in ("now", "allballs") or _CLOCK.search(word)
    return "" if known else "a time is written '14:30'"


def is_of_another(text: str) -> bool:
    """Whether a text has the form of another type's values, which no date, time or interval has."""
    return any(form.search(text) for form in _OF_ANOTHER)
