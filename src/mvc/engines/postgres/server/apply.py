"""Deploys a compiled project: what can be done beside the readers first, then short switches.

Every step is a transaction, so an interruption anywhere leaves readers with the old or the new, whole; the next deployment
plans from what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import psycopg

from mvc.compiled.project import Compiled
from mvc.engines.postgres.deploy.script import settings_sql
from mvc.engines.postgres.deploy.statements import deployment_sql
from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.make_plan import make_plan, planned_views, switch_opening
from mvc.engines.postgres.plan.state import State
from mvc.engines.postgres.plan.steps import ONLY_TOLD, Hazard, LeftOut, Plan, Step, Switch
from mvc.engines.postgres.server.errors import ServerError, StatementRefused, server_errors
from mvc.engines.postgres.server.lock import deployment_lock
from mvc.engines.postgres.server.owner import working_role
from mvc.engines.postgres.server.read_state import ledger, read_state
from mvc.engines.postgres.server.refused_view import placed
from mvc.engines.postgres.server.run_steps import PATIENCE, Session, Timeouts, run_step, run_switch
from mvc.engines.postgres.server.snapshots import await_snapshots
from mvc.engines.postgres.server.standbys import freeze_for_standbys
from mvc.pipeline.consequences import catalog_findings
from mvc.quoting import dollar_quoted, literal, qualified
from mvc.retired import retired_parameter

FEWEST_ROWS = 100  # views with fewer rows than this, before and after, are not compared
CHANGED_ROWS = "MVROW"  # the SQLSTATE of a comparison that found others (takeover.sql)
BAND = 2.0  # a new definition may give half to double the rows of the old one


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """What somebody has agreed to: hazards, and the plan that he has seen (its id; empty means any)."""

    allow: frozenset[Hazard] = frozenset()
    plan_id: str = ""
    pace: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a deployment did: names of views. `deployment` is its number in the ledger, 0 where nothing was to be done."""

    deployment: int
    created: tuple[str, ...]
    changed: tuple[str, ...]
    dropped: tuple[str, ...]
    unchanged: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


OnStep = Callable[[Step | Switch], None]


@server_errors()
def plan(
    connection: psycopg.Connection, compiled: Compiled, names: Iterable[str] = (), patience: float = PATIENCE
) -> Plan:
    """What `apply` would do. Takes no lock above ACCESS SHARE and writes nothing. Raises ServerError, KeyError.

    `patience` is in seconds: the server prints definitions, which waits for whoever alters what they read.
    """
    working_role(connection, compiled.stored)  # of a schema that is somebody else's nothing is read
    exposed = [(view.schema, view.name) for view in compiled.views]
    exposed += [(item.schema, item.name) for item in compiled.operations.names]
    chosen = tuple(names)
    readers = {role for view in compiled.views for role in view.readers}
    state = read_state(
        connection, compiled, exposed, patience, to_upgrade=True, believed=compiled.believed, readers=readers
    )
    return make_plan(state, compiled, chosen, catalog=findings_of(state, compiled, chosen))


def findings_of(state: State, compiled: Compiled, names: tuple[str, ...] = ()) -> tuple[CatalogFinding, ...]:
    """Where the database is not as the project's catalog says, for the views that can be deployed. Raises KeyError for an unknown name."""
    views, _ = planned_views(state, compiled, names)
    return catalog_findings(compiled, state.live.catalog, views) if state.live else ()


@retired_parameter("terms", "options", "0.3")
@server_errors()
def apply(
    connection: psycopg.Connection,
    compiled: Compiled,
    names: Iterable[str] = (),
    options: ApplyOptions | None = None,
    on_step: OnStep | None = None,
) -> Applied:
    """Deploys the project, or the views `names` with what they read; `on_step` hears of each step before it begins.

    The connection must be in autocommit mode. Raises ServerError; readers then have what they had, and what was built stays
    for the next deployment.
    """
    agreed = options or ApplyOptions()
    with deployment_lock(connection, compiled.stored) as still_locked:
        made = plan(connection, compiled, names, agreed.pace.patience)
        refuse(made, agreed)
        number = carry_out(connection, compiled, made, ApplyRun(agreed, still_locked, on_step))
    return applied_of(made, number)


@dataclass(frozen=True, slots=True)
class ApplyRun:
    """How a plan is carried out: with which options, under which lock, who hears of it, and which deployment it undoes (0: none)."""

    options: ApplyOptions
    still_locked: Callable[[], None]
    on_step: OnStep | None = None
    undoes: int = 0

    def begin(self, part: Step | Switch) -> None:
        """Before each part: the lock must be there still."""
        self.still_locked()
        if self.on_step:
            self.on_step(part)


def refuse(made: Plan, options: ApplyOptions) -> None:
    """Raises ServerError for a plan that cannot or must not be carried out, with all reasons."""
    if made.refusals:
        messages = "\n".join(f"  {item.message}\n    = help: {item.hint}" for item in made.refusals)
        if len(made.refusals) == 1:
            raise ServerError(made.refusals[0].message, made.refusals[0].hint)
        raise ServerError(f"this cannot be deployed:\n{messages}")
    if options.plan_id and options.plan_id != made.id:
        hint = f"look at the plan again: it is {made.id} now"
        raise ServerError(f"the plan {options.plan_id} was made for another state of the database or the project", hint)
    dangers = [danger for danger in made.dangers if danger.hazard not in options.allow | ONLY_TOLD]
    if dangers:
        listed = "; ".join(f"{danger.reason} ({danger.hazard})" for danger in dangers)
        hazards = ",".join(sorted({danger.hazard for danger in dangers}))
        raise ServerError(f"this must be allowed: {listed}", f"--allow {hazards}")


def carry_out(connection: psycopg.Connection, compiled: Compiled, made: Plan, conduct: ApplyRun) -> int:
    """Does what a plan says. Returns the number of the deployment, 0 where none was opened."""
    owner = working_role(connection, compiled.stored)
    session = Session(connection, (*settings_sql(compiled), *_accepted_sql(made, conduct)), owner, conduct.options.pace)
    try:
        return _carried_out(session, compiled, made, conduct)
    except StatementRefused as problem:
        if problem.refusal.sqlstate == CHANGED_ROWS:
            raise ServerError(problem.refusal.message, problem.refusal.hint) from None
        raise placed(problem, compiled) from None


def _accepted_sql(made: Plan, conduct: ApplyRun) -> tuple[str, ...]:
    """Tells the comparisons of rows what somebody agreed to, whatever the role's or the database's settings say."""
    if all(step.action != "compare" for step in made.prepare):
        return ()
    return (f"SET LOCAL mvc.accepted = {literal(','.join(sorted(conduct.options.allow)))}",)


def _carried_out(session: Session, compiled: Compiled, made: Plan, conduct: ApplyRun) -> int:
    for step in made.prepare:
        conduct.begin(step)
        run_step(session, step)
    _compare_rows(session, compiled, made, conduct.options)
    number = 0
    for switch in made.switches:
        conduct.begin(switch)
        await_snapshots(session.connection, compiled.stored, switch.awaits, session.pace.patience)
        freeze_for_standbys(session, compiled.stored, switch.awaits)
        opened = run_switch(session, switch, _opening(compiled, made, conduct, number))
        number = number or opened
    for step in made.finish:
        conduct.begin(step)
        run_step(session, step)
    return number


def _opening(compiled: Compiled, made: Plan, conduct: ApplyRun, number: int) -> list[str]:
    """What a switch begins with: nothing else was deployed since the plan was made, or since the switch before."""
    if number:
        return [switch_opening(compiled.stored, number)]
    expected = f"{qualified(compiled.stored, 'continue_deployment')}({made.state or 'NULL'})"
    guarded = dollar_quoted(f"BEGIN PERFORM {expected}; END", "plan")
    opening = [f"DO {guarded}", deployment_sql(compiled, "rollback" if conduct.undoes else "apply")]
    return [*opening, undone_sql(compiled, conduct.undoes)] if conduct.undoes else opening


def undone_sql(compiled: Compiled, number: int) -> str:
    """Marks a deployment as undone by the latest one."""
    deployment = qualified(compiled.stored, "deployment")
    return f"UPDATE {deployment} SET undone_by = (SELECT max(id) FROM {deployment}) WHERE id = {number}"


def _compare_rows(session: Session, compiled: Compiled, made: Plan, options: ApplyOptions) -> None:
    """Refuses a definition that gives far more or fewer rows than the one that readers have."""
    if not made.compared or "row-count" in options.allow:
        return
    with ledger(session.connection, compiled.stored):
        query = f"SELECT stored_name, rows FROM {qualified(compiled.stored, 'stored_relation')} WHERE rows IS NOT NULL"
        rows: dict[str, int] = dict(session.connection.execute(query.encode()).fetchall())
    odd = [
        f"{name[1]} has {rows[new]:,} rows instead of {rows[old]:,}"
        for name, old, new in made.compared
        if old in rows and new in rows and not _within_band(rows[old], rows[new])
    ]
    if odd:
        hint = "look at it; --allow row-count if it is meant. Nothing was switched, and what was built is kept"
        raise ServerError("; ".join(odd), hint)


def _within_band(before: int, after: int) -> bool:
    if max(before, after) < FEWEST_ROWS:
        return True
    return before / BAND <= after <= before * BAND


def applied_of(made: Plan, number: int) -> Applied:
    """What a plan that was carried out has done."""
    dropped = tuple(step.view for step in made.steps if step.action == "drop view")
    touched = dict.fromkeys(step.view for step in made.steps if step.view and step.view not in dropped)
    return Applied(
        number,
        made.created,
        tuple(name for name in touched if name not in made.created),
        dropped,
        made.unchanged,
        made.left_out,
    )
