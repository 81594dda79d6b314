"""Whether a text is an interval.

Rule source: PostgreSQL manual, "Interval Input"; the tables of datetime.c.
"""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[a-z]+")
_INTERVAL_UNITS: Final = frozenset(
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
        "mil",
        "mils",
        "millennia",
        "millennium",
        "millisecond",
        "milliseconds",
        "min",
        "mins",
        "minute",
        "minutes",
        "mon",
        "mons",
        "month",
        "months",
        "ms",
        "msec",
        "msecs",
        "msecond",
        "mseconds",
        "q",
        "qtr",
        "quarter",
        "s",
        "sec",
        "second",
        "seconds",
        "secs",
        "us",
        "usec",
        "usecs",
        "usecond",
        "useconds",
        "w",
        "week",
        "weeks",
        "y",
        "year",
        "years",
        "yr",
        "yrs",
        "ago",
        "infinity",
    ]
)
_WITHOUT_NUMBER: Final = re.compile(
    r"[+-]?infinity|pt"
)  # of all words these are intervals; infinity came with PostgreSQL 17


def interval_problem(text: str, _: str) -> str:
    """Why a text is no interval."""
    if not text:
        return "it is empty"
    if not any(sign.isdigit() for sign in text) and not _WITHOUT_NUMBER.fullmatch(text.strip().lower()):
        return "an interval is written '3 days'"
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
        return "it is a date: an interval is written '3 days'"
    if text[:1] in "Pp" or (words := _WORD.findall(text.lower())) == []:
        return ""
    strange = next((word for word in words if word not in _INTERVAL_UNITS and word != "t"), None)
    return f"`{strange}` is no unit of time" if strange else ""
