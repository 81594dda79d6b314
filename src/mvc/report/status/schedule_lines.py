"""The schedules of a project that is deployed, a line each."""

from __future__ import annotations

from mvc.compiled.schedule import PARTITIONS, CompiledSchedule
from mvc.engines.postgres.server.status import Status
from mvc.report.text.sanitize import visible


def schedule_lines(status: Status) -> list[str]:
    """Which views a schedule refreshes, when, and how."""
    return [f"  {visible(item.name)}: {_line(item)}" for item in status.schedules if item.mode != PARTITIONS]


def _line(item: CompiledSchedule) -> str:
    when = f"{item.cron} ({item.timezone})" if item.cron else "when a promise asks for it"
    mode = f", {item.mode}" if item.mode else ""
    return f"{visible(when)}{mode}: {', '.join(visible(name) for name in item.views) or 'no view'}"
