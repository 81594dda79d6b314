"""Selectors → views. `+name` takes what it reads as well; the order is always upstream first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mvc.analysis.order import places_of, upstream_names
from mvc.compiled.schedule import CompiledSchedule
from mvc.compiled.view import PARTIAL, CompiledView
from mvc.model.project import Project
from mvc.model.schedule import Schedule, Selector


def resolve_schedules(project: Project, views: tuple[CompiledView, ...]) -> tuple[CompiledSchedule, ...]:
    """The schedules with the materialized views that they refresh."""
    return tuple(_resolve(schedule, views) for schedule in project.schedules)


@dataclass(frozen=True, slots=True)
class Asked:
    """A schedule that refreshes a part of a view; `by_name` says whether it names this view, or it is one of many."""

    schedule: Schedule
    by_name: bool


def partly_refreshed(project: Project) -> Mapping[str, tuple[Asked, ...]]:
    """The schedules that refresh parts of a view (`incremental`, `window`), by the view's name."""
    places = places_of(project.views)
    views = {view.called: Tagged(view.tags, tuple(upstream_names(view, places))) for view in project.views}
    asked: dict[str, tuple[Asked, ...]] = {}
    for schedule in project.schedules:
        for selector in schedule.selectors if schedule.enabled and schedule.mode in PARTIAL else ():
            for name in sorted(select(selector, views)):
                by_name = selector.kind == "name" and selector.value == name
                asked[name] = (*asked.get(name, ()), Asked(schedule, by_name))
    return asked


class Selectable(Protocol):
    """What selectors ask of a view."""

    @property
    def tags(self) -> tuple[str, ...]: ...

    @property
    def upstream(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Tagged:
    """A view that is not compiled yet."""

    tags: tuple[str, ...]
    upstream: tuple[str, ...]


def _resolve(schedule: Schedule, views: tuple[CompiledView, ...]) -> CompiledSchedule:
    by_name = {view.called: view for view in views}
    wanted = {name for selector in schedule.selectors for name in select(selector, by_name)}
    return CompiledSchedule(
        name=schedule.name,
        views=tuple(view.called for view in views if view.called in wanted and view.kind == "materialized"),
        **schedule.as_cadence(),
    )


def select(selector: Selector, views: Mapping[str, Selectable]) -> set[str]:
    """The names of the views that it selects, none where it names what is not there."""
    if selector.kind == "all":
        chosen = set(views)
    elif selector.kind == "tag":
        chosen = {name for name, view in views.items() if selector.value in view.tags}
    else:
        chosen = {selector.value} & set(views)
    return chosen | _upstream(chosen, views) if selector.upstream else chosen


def _upstream(names: Iterable[str], views: Mapping[str, Selectable]) -> set[str]:
    found: set[str] = set()
    waiting = [upstream for name in names for upstream in views[name].upstream]
    while waiting:
        name = waiting.pop()
        if name not in found and name in views:
            found.add(name)
            waiting += views[name].upstream
    return found
