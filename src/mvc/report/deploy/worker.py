"""What a worker does, a line each for its log."""

from __future__ import annotations

from datetime import datetime

from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.engines.postgres.server.worker import BecameLeader, ConnectionLost, Event, OnStandby
from mvc.report.deploy.refreshes import refreshed_text
from mvc.report.text.sanitize import visible
from mvc.report.text.style import Style


def event_text(event: Event, project: str, at: datetime, style: Style) -> str:
    """One line, which begins with the time in UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ} {_said(event, project, style)}"


def is_trouble(event: Event) -> bool:
    """Whether somebody has to hear of it who wants to hear of nothing else."""
    return isinstance(event, ConnectionLost) or (isinstance(event, Refreshed) and event.status == "failed")


def _said(event: Event, project: str, style: Style) -> str:
    match event:
        case BecameLeader(database):
            return f"sees to the schedules of {visible(project)} in the database {visible(database)}"
        case OnStandby(database):
            return f"stands by: another worker sees to the schedules of {visible(project)} in {visible(database)}"
        case ConnectionLost(reason, hint, pause):
            mend = f" ({visible(hint)})" if hint else ""
            return f"{style.paint('warning', 'cannot work')}: {visible(reason)}{mend}; tries again in {pause:g} s"
        case Refreshed():
            return refreshed_text(event, style).strip()
