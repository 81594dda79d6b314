"""MV409: a stored view that nothing refreshes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mvc.analysis.resolved import ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.model.schedule import Schedule, Selector

CODE: Final = "MV409"


def lint_schedules(views: Iterable[ResolvedView], schedules: Iterable[Schedule]) -> Iterator[Diagnostic]:
    """One finding per materialized view that no enabled schedule selects."""
    by_name = {item.view.name: item for item in views}
    refreshed: set[str] = set()
    for schedule in schedules:
        if schedule.enabled:
            for selector in schedule.selectors:
                refreshed |= _selected(selector, by_name)
    for name, item in by_name.items():
        if item.view.kind == "materialized" and name not in refreshed:
            span = item.view.origin.at("view").span
            title = f"no schedule refreshes `{name}`: it stays as it is when it is first filled"
            help_line = f"add to schedules/: - {{schedule: refresh-{name}, refresh: [{name}], every: '0 * * * *'}}"
            yield warning(CODE, span, title, label="no schedule", help=help_line)


def _selected(selector: Selector, views: Mapping[str, ResolvedView]) -> set[str]:
    if selector.kind == "all":
        return set(views)
    if selector.kind == "tag":
        chosen = {name for name, item in views.items() if selector.value in item.view.tags}
    else:
        chosen = {selector.value} & views.keys()
    return chosen | _upstream(chosen, views) if selector.upstream else chosen


def _upstream(names: Iterable[str], views: Mapping[str, ResolvedView]) -> set[str]:
    found: set[str] = set()
    waiting = [upstream for name in names for upstream in views[name].upstream]
    while waiting:
        name = waiting.pop()
        if name not in found and name in views:
            found.add(name)
            waiting += views[name].upstream
    return found
