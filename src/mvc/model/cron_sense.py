"""Cron lines that can be read and mean something else than they say: they never come, or their steps begin anew too early.

The line has no fault by crontab(5), so it is valid; what its author meant is surely something else. A step over a range that
is written out (`0-59/7`) says what it does, and is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from mvc.model.cron import cron_times

_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # the most that each month has
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_STEP: Final = re.compile(r"\*/([0-9]+)", re.ASCII)
_MONTHLY: Final = 2  # the fields of a line by number
_WEEKDAY: Final = 4


@dataclass(frozen=True, slots=True)
class _Unit:
    """What a field counts: `least` to `last`, `most` of them in the next larger unit; None where that differs, as in months."""

    name: str
    larger: str
    least: int
    last: int
    most: int | None
    names: tuple[str, ...] = ()

    def named(self, value: int) -> str:
        """`minute 5`, `March`, `Sunday`."""
        return self.names[value - self.least] if self.names else f"{self.name} {value}"


_UNITS: Final = (
    _Unit("minute", "hour", 0, 59, 60),
    _Unit("hour", "day", 0, 23, 24),
    _Unit("day", "month", 1, 31, None),
    _Unit("month", "year", 1, 12, 12, _MONTHS),
    _Unit("day", "week", 0, 6, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class CronSurprise:
    """What is odd about the characters `start:end` of a line; `never` says that no time ever fits it. `within` is a freshness promise
    that would say what the step seems to, or empty.
    """

    kind: Literal["never", "step"]
    start: int
    end: int
    title: str
    label: str
    help: str
    within: str = ""


def cron_surprises(line: str) -> list[CronSurprise]:
    """What is odd about a line that `cron_problem` finds nothing wrong with, by place."""
    fields = [(found.group(), found.start(), found.end()) for found in re.finditer(r"\S+", line)]
    never = _never(line, fields)
    return [never] if never else list(_steps(fields))


def _never(line: str, fields: list[tuple[str, int, int]]) -> CronSurprise | None:
    """A day that none of the months has. All dates fall on every weekday within 28 years, so weekdays never hinder."""
    times = cron_times(line)
    longest = max(_DAYS[month - 1] for month in times.months)
    if times.either_day or times.days[0] <= longest:
        return None
    named = " or ".join(_MONTHS[month - 1] for month in times.months)
    start, end = fields[_MONTHLY][1], fields[_MONTHLY + 1][2]
    minute, hour, _, month, weekday = (text for text, _, _ in fields)
    nearest = " ".join((minute, hour, str(longest if longest > 29 else 28), month, weekday))
    first = " ".join((minute, hour, "1", str(times.months[-1] % 12 + 1), weekday))
    return CronSurprise(
        "never",
        start,
        end,
        f"this cron line never comes: no {named} has a day {times.days[0]}",
        "no such day",
        f"write `{nearest}`, or `{first}` for the day after the month has ended",
    )


def _steps(fields: list[tuple[str, int, int]]) -> Iterator[CronSurprise]:
    texts = [text for text, _, _ in fields]
    for number, (unit, (text, start, _)) in enumerate(zip(_UNITS, fields, strict=True)):
        other = {_MONTHLY: _WEEKDAY, _WEEKDAY: _MONTHLY}.get(number)
        if other is not None and not texts[other].startswith("*"):
            continue  # `*/100,1-7 * 1` and `1-7 * */7` are how cron is told that both must fit
        for found in _STEP.finditer(text):
            ends = (
                " ".join([*texts[:number], text[: found.start()]]),
                " ".join([text[found.end() :], *texts[number + 1 :]]),
            )
            if surprise := _step(unit, int(found.group(1)), start + found.start(), ends):
                yield surprise


def _step(unit: _Unit, step: int, at: int, ends: tuple[str, str]) -> CronSurprise | None:
    """`ends` are what stands before the step in the line, and behind it."""
    text = f"*/{step}"
    values = range(unit.least, unit.last + 1, step)
    if step == 1 or (unit.most and not unit.most % step):
        return None
    within = f"{step}{unit.name[0]}" if unit.name in ("minute", "hour", "day") else ""
    if len(values) == 1:
        title = f"`{text}` is {unit.named(values[0])} of each {unit.larger}: no step of {step} fits into it"
        help_line = f"write `{ends[0]}{values[0]}{ends[1]}` for once in each {unit.larger}"
        return CronSurprise("step", at, at + len(text), title, f"only {unit.named(values[0])}", help_line, within)
    spelled = f"{unit.least}-{unit.last}/{step}"
    then = unit.last + 1 - values[-1]
    last = f"{then} {unit.name}{'s' if then > 1 else ''}" if unit.most else "fewer"
    order = f"after {unit.named(values[-1])} comes {unit.named(values[0])}"
    title = f"`{text}` begins anew with each {unit.larger}: {order}"
    divisors = [str(item) for item in range(2, unit.last + 1) if unit.most and not unit.most % item]
    even = f", or a step that divides {unit.most}: {', '.join(divisors)}" if divisors else ""
    help_line = f"write `{ends[0]}{spelled}{ends[1]}` if that is meant{even}"
    return CronSurprise("step", at, at + len(text), title, f"{last} until the next one", help_line, within)
