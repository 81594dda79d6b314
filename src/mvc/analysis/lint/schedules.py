"""MV409: a stored view that nothing refreshes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mvc.analysis.resolved import ResolvedView
from mvc.analysis.selection import Tagged, select
from mvc.diagnostics import Diagnostic, warning
from mvc.model.schedule import Schedule
from mvc.source.words import yaml_name

CODE: Final = "MV409"


def lint_schedules(views: Iterable[ResolvedView], schedules: Iterable[Schedule]) -> Iterator[Diagnostic]:
    """One finding per materialized view that no enabled schedule selects."""
    by_name = {item.view.called: item for item in views}
    selectable = {name: Tagged(item.view.tags, item.upstream) for name, item in by_name.items()}
    refreshed: set[str] = set()
    for schedule in schedules:
        if schedule.enabled:
            for selector in schedule.selectors:
                refreshed |= select(selector, selectable)
    for name, item in by_name.items():
        if item.view.kind == "materialized" and name not in refreshed:
            span = item.view.origin.at("view").span
            title = f"no schedule refreshes `{name}`: it stays as it is when it is first filled"
            called, view = yaml_name(f"refresh-{name}"), yaml_name(name)
            help_line = f"add to schedules/: - {{schedule: {called}, refresh: [{view}], every: '0 * * * *'}}"
            yield warning(CODE, span, title, label="no schedule", help=help_line)
