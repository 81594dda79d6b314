"""The steps that see to it that the changes of base tables are logged, for views that are refreshed at the cost of what changed.

Logging begins, and is committed, before a view is built: what changes during the build is in the log then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mvc.compiled.refresh import Watched
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.statements import names_array, watch_sql
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.state import WatchState
from mvc.engines.postgres.plan.steps import Lock, Step
from mvc.quoting import literal, qualified

WRITERS_WAIT = "writers of the table wait, readers do not"


def watch_steps(views: Sequence[CompiledView], site: PlanContext) -> Iterator[Step]:
    """Tables whose changes are not logged as these views need it."""
    names: dict[str, list[str]] = {}
    for view in views:
        for log in logs_of(view):
            names.setdefault(log, []).append(view.called)
    for watched in watched_by(views):
        known = site.state.watched.get(watched.log)
        reason = _why_watched(watched, known, names[watched.log])
        if reason:
            lock = Lock("SHARE ROW EXCLUSIVE", (watched.schema, watched.table), brief=True, note=WRITERS_WAIT)
            yield Step("watch", "", reason, (watch_sql(site.target, watched),), lock)


def watched_by(views: Iterable[CompiledView]) -> list[Watched]:
    """Each table once, with the columns that any of the views needs."""
    columns: dict[tuple[str, str, str], set[str]] = {}
    for view in views:
        for item in view.increment.watched if view.increment else ():
            columns.setdefault((item.schema, item.table, item.log), set()).update(item.columns)
    return [Watched(*table, tuple(sorted(found))) for table, found in sorted(columns.items())]


def _why_watched(watched: Watched, known: WatchState | None, names: Iterable[str]) -> str:
    table = f"{watched.schema}.{watched.table}"
    if known is None:
        return f"changes of {table} are to be logged for {', '.join(names)}"
    if known.broken:
        return f"changes of {table} are not logged as they were: {known.broken}"
    missing = sorted(set(watched.columns) - set(known.columns))
    return f"changes of {table} are to be logged with {', '.join(missing)}" if missing else ""


def follow_step(view: CompiledView, site: PlanContext) -> Iterator[Step]:
    """Keeps the changes from now on for a view that is about to be filled."""
    if view.increment:
        values = (site.target.project, view.schema, view.name, view.storage[1])
        logs = names_array(item.log for item in view.increment.watched)
        function = qualified(site.target.stored, "keep_changes")
        statement = f"SELECT {function}({', '.join(map(literal, values))}, {logs})"
        yield Step("follow", view.called, "changes of its sources are kept from here on", (statement,))


def unwatch_steps(wanted: Iterable[CompiledView], gone: Iterable[CompiledView], site: PlanContext) -> Iterator[Step]:
    """Logs that no view reads any longer: `gone` are the deployed views that this plan replaces or takes away."""
    replaced = {(view.schema, view.name) for view in gone}
    deployed = (item.definition for name, item in site.state.views.items() if name not in replaced)
    needed = {log for view in (*wanted, *deployed) if view for log in logs_of(view)}
    for log, known in sorted(site.state.watched.items()):
        if log not in needed:
            table = ".".join(known.table)
            statement = f"SELECT {qualified(site.target.stored, 'unwatch')}({literal(log)})"
            lock = Lock("ACCESS EXCLUSIVE", known.table, brief=True)
            yield Step("unwatch", "", f"nobody reads the log of changes of {table} any more", (statement,), lock)


def logs_of(view: CompiledView) -> frozenset[str]:
    """The logs of changes that a view's refreshes read."""
    return frozenset(item.log for item in view.increment.watched) if view.increment else frozenset()
