"""Drift of what stands beside the views: rights on the stored schema, names, jobs, the logging of changes."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.compiled.refresh import Watched
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.project_names import named_objects
from mvc.engines.postgres.plan.drift_kinds import Drift, DriftKind
from mvc.engines.postgres.plan.jobs import differing_jobs
from mvc.engines.postgres.plan.project_names import find_object, is_intact, is_ours
from mvc.engines.postgres.plan.state import Grant, State, WatchState


def of_schema(state: State, project: str) -> Iterator[Drift]:
    """Rights on the stored schema itself: nobody's but the owner's and those of who may refresh or monitor."""
    target = state.targets.get(project)
    if target is None:
        return
    beside = state.guests_beside(project) & state.roles
    expected = {Grant(role, "USAGE") for role in target.guests | beside}
    for grant in sorted(expected - set(state.storage_grants), key=str):
        if grant.role in state.roles:
            yield Drift("grant missing", "", target.stored, grant.role)
        else:
            yield Drift("role missing", "", grant.role)
    if more := sorted({grant.role for grant in set(state.storage_grants) - expected}):
        yield Drift("storage open", "", target.stored, "nobody", ", ".join(more))


def of_jobs(state: State, project: str) -> Iterator[Drift]:
    target = state.targets.get(project)
    if target is None or state.cron is None or not state.cron.usable:
        return
    for name, expected, found in differing_jobs(state.cron, target):
        kind: DriftKind = "job changed" if expected and found else "job missing" if expected else "job unknown"
        yield Drift(kind, "", name, expected, found)


def of_names(state: State, project: str) -> Iterator[Drift]:
    """The project's own names, as they were given last."""
    target = state.targets.get(project)
    for item in named_objects(target) if target else ():
        found = find_object(item, state)
        if found is None:
            yield Drift("name missing", "", ".".join(item.place))
        elif not is_ours(found, project) or not is_intact(item, found, state):
            yield Drift("name changed", "", ".".join(item.place))


def unlogged(view: CompiledView, state: State) -> list[tuple[str, str]]:
    """The tables whose changes are not logged as the view's refreshes need it, each with why, where the server says so."""
    needed = {item.log: item for item in (view.increment.watched if view.increment else ())}
    return [
        (f"{item.schema}.{item.table}", known.broken or "" if known else "")
        for log, item in needed.items()
        if not _is_logged(item, known := state.watched.get(log))
    ]


def _is_logged(item: Watched, known: WatchState | None) -> bool:
    return known is not None and not known.broken and set(item.columns) <= set(known.columns)
