"""The way back: what the last deployment replaced is put before readers again. Where it is still stored, that is a switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import psycopg

from mvc.compiled.project import Compiled
from mvc.compiled.serialize import RecordError
from mvc.compiled.view import CompiledView, Operations, Target
from mvc.engines.postgres.plan.make_plan import deployed_project, make_plan
from mvc.engines.postgres.plan.state import Name, State
from mvc.engines.postgres.plan.steps import Hazard, Plan
from mvc.engines.postgres.server.apply import (
    Applied,
    ApplyOptions,
    ApplyRun,
    OnStep,
    applied_of,
    carry_out,
    refuse,
    undone_sql,
)
from mvc.engines.postgres.server.earlier_records import read_target, read_view
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.lock import deployment_lock
from mvc.engines.postgres.server.read_state import ledger, read_state
from mvc.model.cron import cron_problem, cron_times
from mvc.quoting import qualified
from mvc.retired import retired_parameter

MEANT: frozenset[Hazard] = frozenset({"drop-view", "drop-column", "row-count"})  # what a way back is for
TOO_FAR: frozenset[Hazard] = frozenset({"drop-view"})  # where no view would be left


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """A deployment that can be undone: its number, and what the project was before it."""

    deployment: int
    project: Compiled
    plan: Plan


@server_errors()
def plan_rollback(connection: psycopg.Connection, compiled: Compiled) -> RollbackPlan:
    """What undoing the last deployment of this project would do. Raises ServerError where there is none to undo.

    `compiled` only names the project and its stored schema.
    """
    state = read_state(connection, compiled)
    if not state.deployment:
        raise ServerError("nothing of this project is deployed here", "deploy it first: mvc apply")
    number, target, before = _last(connection, compiled)
    if not before.keys() <= state.views.keys():  # others may have taken the name of a view that was dropped
        state = read_state(connection, compiled, before)
    state = _without_takeovers(state, number, before)
    current = deployed_project(state, compiled)
    project = _returned(current, target or replace(current, operations=Operations()), before)
    return RollbackPlan(number, project, make_plan(state, project, refill=False))


def _without_takeovers(state: State, number: int, before: Mapping[Name, CompiledView | None]) -> State:
    """The state in which a name is only given back, to what a deployment that is undone has taken it from."""
    latest = {name: state.taken_names.former(name) for name, view in before.items() if view is None}
    returning = (name for name, found in latest.items() if found and found[1].deployment == number)
    return replace(state, taken_names=replace(state.taken_names, in_the_way={}, returning=frozenset(returning)))


@retired_parameter("terms", "options", "0.3")
@server_errors()
def rollback(
    connection: psycopg.Connection,
    compiled: Compiled,
    options: ApplyOptions | None = None,
    on_step: OnStep | None = None,
) -> Applied:
    """Undoes the last deployment that was not undone yet. Raises ServerError as `apply` does.

    That views and columns go again is what a way back is for and needs no consent; that access is loosened does, and that
    all views go, as before the first deployment.
    """
    with deployment_lock(connection, compiled.stored) as still_locked:
        found = plan_rollback(connection, compiled)
        agreed = _consented(options or ApplyOptions(), found.project)
        refuse(found.plan, agreed)
        conduct = ApplyRun(agreed, still_locked, on_step, undoes=found.deployment)
        number = carry_out(connection, found.project, found.plan, conduct)
        if not number:  # nothing differs, so there was no switch that would have said so
            with ledger(connection, compiled.stored):
                connection.execute(undone_sql(compiled, found.deployment).encode())
    return applied_of(found.plan, number)


def _consented(options: ApplyOptions, project: Compiled) -> ApplyOptions:
    return replace(options, allow=options.allow | (MEANT if project.views else MEANT - TOO_FAR))


def _last(
    connection: psycopg.Connection, compiled: Compiled
) -> tuple[int, Target | None, Mapping[Name, CompiledView | None]]:
    """The last deployment that was not undone: its number, the target before it, what it replaced.

    One that only mended drift took the place of nothing; undoing it would be none.
    """
    deployment, replaced = qualified(compiled.stored, "deployment"), qualified(compiled.stored, "replaced_view")
    query = f"""
        WITH applied AS (
          SELECT d.id, d.target, lag(d.target) OVER (ORDER BY d.id) AS before FROM {deployment} AS d
          WHERE d.project = %(project)s AND d.action = 'apply' AND d.undone_by IS NULL)
        SELECT a.id, a.before,
          (SELECT json_agg(json_build_array(r.view_schema, r.view_name, r.definition)) FROM {replaced} AS r WHERE r.deployment = a.id)
        FROM applied AS a
        WHERE a.target - 'compiler' IS DISTINCT FROM a.before - 'compiler'
          OR EXISTS (SELECT FROM {replaced} AS r WHERE r.deployment = a.id)
        ORDER BY a.id DESC LIMIT 1"""
    with ledger(connection, compiled.stored):
        row = connection.execute(query.encode(), {"project": compiled.project}).fetchone()
    if row is None:
        raise ServerError("there is no deployment left to undo", "change the project and apply it")
    try:
        before = {
            (schema, name): read_view(definition) if definition else None for schema, name, definition in row[2] or ()
        }
        return row[0], _timed(read_target(row[1])) if row[1] else None, before
    except RecordError:
        hint = "check out the project as it was then, and apply it"
        raise ServerError("another version of mvc wrote what is to be restored", hint) from None


def _timed(target: Target) -> Target:
    """The target as the database must have it: the compiler of generation 2 left reading cron lines to others, and what has no times
    is never due.
    """
    schedules = (
        replace(item, times=cron_times(item.cron))
        if item.cron and not item.times and not cron_problem(item.cron)
        else item
        for item in target.schedules
    )
    return replace(target, schedules=tuple(schedules))


def _returned(current: Compiled, target: Target, before: Mapping[Name, CompiledView | None]) -> Compiled:
    """The project with what was replaced in its place again."""
    views = {(view.schema, view.name): view for view in current.views}
    for name, view in before.items():
        views.pop(name, None)
        if view is not None:
            views[name] = view
    return Compiled(
        project=current.project,
        compiler=target.compiler,
        stored=target.stored,
        search_path=target.search_path,
        timezone=target.timezone,
        refresh_roles=target.refresh_roles,
        trusted_roles=target.trusted_roles,
        schedules=target.schedules,
        partitions=target.partitions,
        operations=target.operations,
        views=_in_order(views),
        diagnostics=(),
    )


def _in_order(views: Mapping[Name, CompiledView]) -> tuple[CompiledView, ...]:
    """Upstream first."""
    waiting = {view.called: view for view in views.values()}
    ordered: list[CompiledView] = []
    while waiting:
        ready = [view for view in waiting.values() if not any(name in waiting for name in view.upstream)]
        ordered += [waiting.pop(view.called) for view in ready or list(waiting.values())]
    return tuple(ordered)
