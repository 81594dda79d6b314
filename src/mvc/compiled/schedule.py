"""What is done again and again: refreshes by schedule, the upkeep of partitions. Plain data, as all that the compiler makes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Literal

PARTITIONS: Final = "partitions"  # the mode, and the name, of the schedules that look after partitions


@dataclass(frozen=True, slots=True)
class CronTimes:
    """A cron line, read: the numbers of each field in order, Sunday as 0.

    With `either_day` a day of the month or a weekday is enough, else both must fit. `fixed` lines name their hours and minutes: where
    clocks are changed, each of their times happens once. The others go by how much time has passed.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool
    fixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When something is refreshed, and how: by `cron` in `timezone`, which means `times`, or by a promise of `within_seconds`.

    `mode` is how rows are computed, None for the default. Durations are in seconds, None for what the database says.
    """

    timezone: str
    cron: str | None = None
    times: CronTimes | None = None
    within_seconds: int | None = None
    mode: str | None = None
    window_seconds: int | None = None
    timeout_seconds: int | None = None
    lock_timeout_seconds: int | None = None
    enabled: bool = True
    description: str | None = None

    def as_cadence(self) -> dict[str, Any]:
        """Its fields by name, for another record that has them."""
        return {item.name: getattr(self, item.name) for item in fields(Cadence)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSchedule(Cadence):
    """A schedule with its selectors resolved to views, upstream first. One of the mode `PARTITIONS` looks after the partitions of base
    tables instead.
    """

    name: str
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledPartitioning:
    """The partitions that a base table has at any time: those of the current period `by` and of `ahead` next ones.

    Bounds are midnights in `timezone`, in which `cron` says when to look as well. `kind` is the type of `column`. What lies
    before `keep` (an interval as PostgreSQL reads it; None: nothing) is detached or dropped, as `retire` says.
    """

    table_schema: str
    table: str
    column: str
    kind: Literal["date", "timestamp", "timestamptz"]
    by: str
    ahead: int
    keep: str | None
    retire: str
    timezone: str
    cron: str
