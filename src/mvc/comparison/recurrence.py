"""How long a cron line lets pass between two of its times. Rule source: crontab(5).

Computed on calendar days of a cycle of 28 years, after which dates and weekdays repeat: exact until the year 2100. Clock changes
are left out: on the day that a clock is set back, a gap may be an hour longer.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import sub
from typing import Final

from mvc.compiled.schedule import CronTimes

_CYCLE: Final = range(2001, 2029)
_CYCLE_DAYS: Final = 28 * 365 + 7
_DAY: Final = 24 * 60


def longest_gap(times: CronTimes) -> int | None:
    """The longest time between two firings of a cron line, in seconds; None if it never fires."""
    days = _longest_days(times.days, times.months, times.weekdays, either=times.either_day)
    if days is None:
        return None
    minutes = [hour * 60 + minute for hour in times.hours for minute in times.minutes]
    return 60 * max(days * _DAY + minutes[0] - minutes[-1], _widest(minutes))


@lru_cache(maxsize=256)
def _longest_days(
    days: tuple[int, ...], months: tuple[int, ...], weekdays: tuple[int, ...], *, either: bool
) -> int | None:
    """The most days from one on which it fires to the next."""
    dates = list(_dates(set(months), _day_test(set(days), set(weekdays), either=either)))
    if not dates:
        return None
    return max(dates[0] + _CYCLE_DAYS - dates[-1], _widest(dates))


def _widest(numbers: list[int]) -> int:
    return max(map(sub, numbers[1:], numbers), default=0)


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
