"""How long a cron line lets pass between two of its times. Rule source: crontab(5).

Computed on calendar days of a cycle of 28 years, after which dates and weekdays repeat: exact until the year 2100. Clock changes
are left out: on the day that a clock is set back, a gap may be an hour longer.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import sub
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 7, _WEEKDAYS))
_PART: Final = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")
_CYCLE: Final = range(2001, 2029)
_CYCLE_DAYS: Final = 28 * 365 + 7
_DAY: Final = 24 * 60


def longest_gap(line: str) -> int | None:
    """The longest time between two firings of a valid five-field cron line, in seconds; None if it never fires."""
    minutes, hours, *dates = line.split()
    days = _longest_days(*dates)
    if days is None:
        return None
    times = [hour * 60 + minute for hour in _sorted(hours, 1) for minute in _sorted(minutes, 0)]
    return 60 * max(days * _DAY + times[0] - times[-1], _widest(times))


@lru_cache(maxsize=256)
def _longest_days(day: str, month: str, weekday: str) -> int | None:
    """The most days from one on which it fires to the next."""
    either = not (day.startswith("*") or weekday.startswith("*"))  # both restricted: one of them is enough
    weekdays = {number % 7 for number in _values(weekday, _FIELDS[4])}
    fires = _day_test(_values(day, _FIELDS[2]), weekdays, either=either)
    dates = list(_dates(_values(month, _FIELDS[3]), fires))
    if not dates:
        return None
    return max(dates[0] + _CYCLE_DAYS - dates[-1], _widest(dates))


def _widest(numbers: list[int]) -> int:
    return max(map(sub, numbers[1:], numbers), default=0)


def _sorted(field: str, number: int) -> list[int]:
    return sorted(_values(field, _FIELDS[number]))


def _values(field: str, limits: tuple[int, int, tuple[str, ...]]) -> set[int]:
    return {value for part in field.split(",") for value in _range(part, *limits)}


def _range(part: str, least: int, most: int, words: tuple[str, ...]) -> range:
    """The values of `*`, `a`, `a-b`, each with a step. A step after a single number is none in crontab(5); pg_cron ignores it."""
    found = _PART.fullmatch(part)
    if not found:
        raise ValueError(part)
    if found["low"] is None:
        return range(least, most + 1, int(found["step"] or 1))
    low = _number(found["low"], least, words)
    if found["high"] is None:
        return range(low, low + 1)
    return range(low, _number(found["high"], least, words) + 1, int(found["step"] or 1))


def _number(text: str, least: int, words: tuple[str, ...]) -> int:
    return int(text) if text.isdigit() else words.index(text.lower()) + least


def _day_test(days: set[int], weekdays: set[int], *, either: bool) -> Callable[[int, int], bool]:
    if either:
        return lambda day, weekday: day in days or weekday in weekdays
    return lambda day, weekday: day in days and weekday in weekdays


def _dates(months: set[int], fires: Callable[[int, int], bool]) -> Iterator[int]:
    """The days of the cycle on which it fires, counted from its first. Months of one shape are computed once."""
    shapes: dict[tuple[int, int], list[int]] = {}
    start = 0
    for year in _CYCLE:
        for month in range(1, 13):
            monday_based, length = monthrange(year, month)
            if month in months:
                shape = ((monday_based + 1) % 7, length)
                if shape not in shapes:
                    shapes[shape] = [day for day in range(1, length + 1) if fires(day, (shape[0] + day - 1) % 7)]
                yield from (start + day for day in shapes[shape])
            start += length
