"""Cron lines and time zone names: what is wrong with them, and what they mean. Rule source: crontab(5), the five fields.

The only place where a cron line is read. Everything else works with its `CronTimes`: `tick_before` in the runtime, which says when a
schedule is due, how long it lets pass between two runs, and the lines that other schedulers are given.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from mvc.compiled.schedule import CronTimes

_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_PART: Final = re.compile(r"(\*|\w{1,9}(?:-\w{1,9})?)(?:/([0-9]{1,4}))?\Z", re.ASCII)


def cron_problem(line: str) -> str:
    """What is wrong with a cron line, or an empty string."""
    fields = line.split()
    if line.startswith("@"):
        return (
            f"`{line}` is a nickname that not every scheduler knows: write the five fields, e.g. 0 0 * * * for @daily"
        )
    if len(fields) != len(_FIELDS):
        return (
            f"a cron line has five fields (minute, hour, day of month, month, day of week); this one has {len(fields)}"
        )
    problems = (_field_problem(field, *limits) for field, limits in zip(fields, _FIELDS, strict=True))
    return next((problem for problem in problems if problem), "")


def _field_problem(field: str, name: str, least: int, most: int, words: tuple[str, ...]) -> str:
    for part in field.split(","):
        found = _PART.match(part)
        if not found or found.group(2) == "0":
            return f"the {name} `{part}` is none of `*`, a number, a range `a-b`, each with an optional step `/n`"
        if found.group(1) == "*":
            continue
        if found.group(2) and "-" not in found.group(1):
            return f"the {name} `{part}` means different times to different schedulers: write a range, e.g. {found.group(1)}-{most}/{found.group(2)}"
        numbers = [_number(text, least, words) for text in found.group(1).split("-")]
        if any(number is None or not least <= number <= most for number in numbers):
            return f"the {name} `{part}` is not within {least} to {most}"
        if len(numbers) > 1 and (numbers[0] or 0) > (numbers[1] or 0):
            return f"the {name} range `{part}` runs backwards"
    return ""


def cron_times(line: str) -> CronTimes:
    """The numbers that each field of a valid line stands for; Sunday is 0."""
    minutes, hours, days, months, weekdays = (
        _values(field, *limits) for field, limits in zip(line.split(), _FIELDS, strict=True)
    )
    minute, hour, day, _, weekday = line.split()
    return CronTimes(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=tuple(sorted(days)),
        months=tuple(sorted(months)),
        weekdays=tuple(sorted({number % 7 for number in weekdays})),
        either_day=not (day.startswith("*") or weekday.startswith("*")),
        fixed=not (minute.startswith("*") or hour.startswith("*")),
    )


def _values(field: str, _: str, least: int, most: int, words: tuple[str, ...]) -> set[int]:
    return {value for part in field.split(",") for value in _range(part, least, most, words)}


def _range(part: str, least: int, most: int, words: tuple[str, ...]) -> range:
    span, _, step = part.partition("/")
    low, _, high = (f"{least}-{most}" if span == "*" else span).partition("-")
    numbers = [_number(text, least, words) for text in (low, high or low)]
    return range(numbers[0] or 0, (numbers[1] or 0) + 1, int(step or 1))


def _number(text: str, least: int, words: tuple[str, ...]) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text)
    return words.index(text.lower()) + least if text.lower() in words else None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_names() -> frozenset[str]:
    """The time zones that are known here; none without a zone database."""
    return frozenset(_zones())


def zone_problem(name: str) -> str:
    """What is wrong with a time zone's name, or an empty string. Without a zone database every name passes."""
    zones = _zones()
    if not zones or name in zones:
        return ""
    return f"no time zone is named `{name}`; names look like UTC or Europe/Berlin"
