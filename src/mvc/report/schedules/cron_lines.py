"""Cron lines as other schedulers take them: not every one knows names of weekdays, or starts as often as it is told."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Final

from mvc.compiled.schedule import CompiledSchedule, CronTimes
from mvc.engines.postgres.plan.jobs import promise_line
from mvc.model.cron import cron_times

_GITHUB_LEAST: Final = 5  # minutes between two starts of a workflow


def portable_line(schedule: CompiledSchedule) -> str:
    """The cron line with Sunday as 0 and weekdays as numbers, since not every scheduler knows others."""
    if schedule.cron is None or schedule.times is None:
        return promise_line(schedule.within_seconds or 0)
    *fields, weekday = schedule.cron.split()
    numbers = weekday if weekday.startswith("*") else ",".join(map(str, schedule.times.weekdays))
    return " ".join([*fields, numbers])


def github_entry(line: str) -> str:
    """An entry of a workflow. A line that comes more often than GitHub starts anything asks at the last minutes of five: none of its
    times is then asked for later than four minutes, nor in another hour or on another day.
    """
    if _closest(cron_times(line)) >= _GITHUB_LEAST:
        return f"    - cron: {json.dumps(line)}"
    asks = " ".join([f"{_GITHUB_LEAST - 1}-59/{_GITHUB_LEAST}", *line.split()[1:]])
    return f"    - cron: {json.dumps(asks)}  # GitHub starts nothing more often; `mvc run` would be on time"


def _closest(times: CronTimes) -> int:
    """The least minutes between two times of a day, or of the end of one and the start of the next."""
    minutes = [hour * 60 + minute for hour in times.hours for minute in times.minutes]
    return min(after - before for before, after in pairwise([*minutes, minutes[0] + 24 * 60]))
