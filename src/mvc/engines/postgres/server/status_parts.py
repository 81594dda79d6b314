"""Parts of a status: what a view's last refresh came to, what was promised, who reads it, what ran."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LastRefresh:
    """The log's last row of a view. `age` and `seconds` are seconds; a run that has not ended has no `seconds`."""

    status: str
    age: float
    seconds: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Promise:
    """A schedule's promise: the data is no older than `seconds`. `age` is None without data, which breaks it. It is that of what is read of the view
    `upstream`, where that stands still.
    """

    schedule: str
    seconds: float
    age: float | None
    broken: bool
    upstream: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Reads of a view by statements of their own, since `counted_since` (seconds since 1970), and scans of what stores it.

    None is not known: without pg_stat_statements there are no `calls`, `last_scan` needs PostgreSQL 16.
    """

    calls: int | None
    mean_seconds: float | None
    total_seconds: float | None
    calls_per_day: float | None
    counted_since: float | None
    sequential_scans: int | None
    index_scans: int | None
    last_scan: float | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A row of the log. `called` is what the project calls the view. `started_at` is in seconds since 1970; `seconds` of a run under way are those so far."""

    view: str
    status: str
    mode: str
    schedule: str | None
    started_at: float
    seconds: float | None
    changed: int | None
    rows: int | None
    error: str | None
    called: str = ""
