"""How fresh a view is kept: the longest time between two refreshes that its schedules allow, and the schedules in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mvc.comparison.changes import CadenceChanged, FreshnessChanged
from mvc.comparison.recurrence import longest_gap
from mvc.compiled.schedule import CompiledSchedule


@dataclass(frozen=True, slots=True)
class Freshness:
    """How a view is refreshed. `bound` is in seconds, None where nothing refreshes it; one line for each schedule."""

    bound: int | None
    lines: tuple[str, ...]


_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
NEVER: Final = Freshness(None, ())


def freshness(schedules: Iterable[CompiledSchedule]) -> Mapping[str, Freshness]:
    """How each view that a schedule names is refreshed."""
    by_view: dict[str, list[CompiledSchedule]] = {}
    for schedule in schedules:
        for view in schedule.views:
            by_view.setdefault(view, []).append(schedule)
    return {view: Freshness(_bound(found), tuple(sorted(map(_line, found)))) for view, found in by_view.items()}


def freshness_changes(before: Freshness, after: Freshness) -> list[FreshnessChanged | CadenceChanged]:
    """What changed between two ways to refresh a view."""
    changes: list[FreshnessChanged | CadenceChanged] = []
    if before.bound != after.bound:
        changes.append(FreshnessChanged(before.bound, after.bound))
    if before.lines != after.lines:
        changes.append(CadenceChanged(before.lines, after.lines))
    return changes


def loosened(before: int | None, after: int | None) -> bool:
    """Whether rows may be older than before: more time between two refreshes, or none at all."""
    return before != after and (after is None or (before is not None and after > before))


def spelled(seconds: int) -> str:
    """`1 d 6 h`, `15 min`, `0 s`."""
    parts: list[str] = []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts) or "0 s"


def _bound(schedules: Iterable[CompiledSchedule]) -> int | None:
    """The least of the schedules' gaps: several together can only be better."""
    return min((gap for item in schedules if item.enabled and (gap := _gap(item)) is not None), default=None)


def _gap(schedule: CompiledSchedule) -> int | None:
    gaps = (schedule.within_seconds, longest_gap(schedule.times) if schedule.times else None)
    return min((gap for gap in gaps if gap is not None), default=None)


def _line(schedule: CompiledSchedule) -> str:
    """The schedule without its name and description."""
    parts = [
        f"{' '.join(schedule.cron.split())} ({schedule.timezone})" if schedule.cron else "",
        f"within {spelled(schedule.within_seconds)}" if schedule.within_seconds is not None else "",
        f"mode {schedule.mode}" if schedule.mode else "",
        f"timeout {spelled(schedule.timeout_seconds)}" if schedule.timeout_seconds is not None else "",
        f"lock timeout {spelled(schedule.lock_timeout_seconds)}" if schedule.lock_timeout_seconds is not None else "",
        "" if schedule.enabled else "disabled",
    ]
    return ", ".join(part for part in parts if part)
