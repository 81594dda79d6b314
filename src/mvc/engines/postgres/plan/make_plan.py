"""State + project → Plan: every step there is to take, in an order that readers do not notice; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain

from mvc.comparison.changes import RefresherAdded
from mvc.comparison.compare import compare
from mvc.comparison.difference import Difference
from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView, Operations
from mvc.engines.postgres.deploy.script import closing_sql
from mvc.engines.postgres.deploy.statements import target_of
from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.change_log_steps import unwatch_steps, watch_steps
from mvc.engines.postgres.plan.context import PlanContext, views_set_aside
from mvc.engines.postgres.plan.drift import find_drift
from mvc.engines.postgres.plan.exposure_steps import exposure_steps
from mvc.engines.postgres.plan.index_steps import unwanted_indexes
from mvc.engines.postgres.plan.job_steps import job_notes, job_steps
from mvc.engines.postgres.plan.name_steps import name_steps
from mvc.engines.postgres.plan.refusals import catalog_refusals, find_refusals
from mvc.engines.postgres.plan.removal import removal_step, removed_views
from mvc.engines.postgres.plan.renames import alias_notes, find_renames, history_statements, renamed_state, stored_steps
from mvc.engines.postgres.plan.rights import absent_schemas, missing_rights, reader_notes, rights_refusal
from mvc.engines.postgres.plan.state import DeployedView, Grant, Name, State
from mvc.engines.postgres.plan.steps import Danger, LeftOut, Plan, Step, Switch
from mvc.engines.postgres.plan.storage_steps import storage_steps
from mvc.engines.postgres.plan.takeover import closing_steps, compare_steps, in_switch_order
from mvc.engines.postgres.plan.takeover_words import takeovers
from mvc.engines.postgres.plan.together import together
from mvc.engines.postgres.plan.unneeded import unneeded_steps
from mvc.engines.postgres.plan.upgrade import adopted, runtime_step
from mvc.engines.postgres.runtime import runtime_version
from mvc.quoting import qualified


def make_plan(
    state: State,
    wanted: Compiled,
    names: Iterable[str] = (),
    *,
    refill: bool = True,
    catalog: tuple[CatalogFinding, ...] = (),
) -> Plan:
    """What brings the database into the wanted state; with `names`, those views and what they read.

    `refill=False` takes stored relations that are still there as they are, which makes a rollback an instant. `catalog` is where the
    database is not as the project's catalog says, for the views that are to be deployed. Raises KeyError for a name that no view has.
    """
    chosen = tuple(names)
    views, left_out = planned_views(state, wanted, chosen)
    site = _site_of(adopted(state, wanted.project), wanted, views, everything=not chosen, refill=refill)
    state, renames = site.state, site.renames
    removed = [] if chosen else removed_views(state, wanted)
    prepare = [
        *_runtime(site),
        *stored_steps(renames),
        *watch_steps(views, site),
        *(step for view in views for step in (*storage_steps(view, site), *compare_steps(view, site))),
    ]
    exposed = {view.called: tuple(exposure_steps(view, unwanted_indexes(view, site), site)) for view in views}
    dropped = tuple(removal_step(name, view, state, wanted.stored) for name, view in removed)
    busy = {step.view for step in prepare} | {name for name, steps in exposed.items() if steps}
    missing = missing_rights(state, views, (*prepare, *chain.from_iterable(exposed.values())))
    refusals = (*find_refusals(site, views, removed), *absent_schemas(state, views), *rights_refusal(missing))
    return Plan(
        state=state.deployment,
        prepare=tuple(prepare),
        switches=tuple(_switches(views, exposed, dropped, site, _project_steps(site, chosen))),
        created=tuple(view.called for view in views if site.deployed(view) is None),
        unchanged=tuple(view.called for view in views if view.called not in busy),
        left_out=left_out,
        refusals=(*refusals, *catalog_refusals(catalog)),
        drift=site.drift,
        compared=tuple(_compared(views, site)),
        finish=(
            *closing_steps((*chain.from_iterable(exposed.values()), *dropped), site),
            *unwatch_steps(views, _replaced(views, removed, site), site),
            *unneeded_steps(views, _replaced(views, removed, site), site),
        ),
        notes=tuple(_notes(views, site)),
        catalog=catalog,
        missing_rights=missing,
    )


def _notes(views: tuple[CompiledView, ...], site: PlanContext) -> Iterator[str]:
    yield from job_notes(site.state, site.target)
    yield from alias_notes(site.state, views)
    yield from reader_notes(site.state, views)
    yield from chain.from_iterable(item.notes for item in takeovers(views, site.state, site.target.stored))


def _site_of(
    state: State, wanted: Compiled, views: tuple[CompiledView, ...], *, everything: bool, refill: bool
) -> PlanContext:
    """What the views are planned by: the state once they are renamed."""
    renames = find_renames(state, wanted, views, everything=everything)
    then = renamed_state(renames)
    difference, drift = difference_of(then, wanted), find_drift(then, wanted.project)
    return PlanContext(then, target_of(wanted), difference, drift, refill, views_set_aside(then, wanted.views), renames)


def planned_views(
    state: State, wanted: Compiled, names: tuple[str, ...] = ()
) -> tuple[tuple[CompiledView, ...], tuple[LeftOut, ...]]:
    """The views that a plan is for, and those of them that the database cannot hold. Raises KeyError for a name that no view has."""
    if names:  # what is closed is opened together: the rules of one may ask what another one does not have
        closed = {place for place, view in state.views.items() if view.closed}
        names += tuple(view.called for view in wanted.views if (view.schema, view.name) in closed)
    return split_deployable(state.extensions, wanted.with_upstream(names) if names else wanted.views)


def _replaced(
    views: Iterable[CompiledView], removed: Iterable[tuple[Name, DeployedView]], site: PlanContext
) -> list[CompiledView]:
    """The definitions that are deployed now and will not be."""
    before = [*(site.deployed(view) for view in views), *(view for _, view in removed)]
    return [view.definition for view in before if view and view.definition]


def difference_of(state: State, wanted: Compiled) -> Difference:
    """What is deployed of the project, against what is wanted, as a semantic difference."""
    return compare(deployed_project(state, wanted), wanted)


def deployed_project(state: State, wanted: Compiled) -> Compiled:
    """The project as the ledger has it. Views of other projects, and what another version wrote, are not in it."""
    there = state.targets.get(wanted.project)
    target = there or target_of(wanted)
    views = [view.definition for view in state.views.values() if view.definition and view.project == wanted.project]
    return Compiled(
        wanted.project,
        target.compiler,
        target.stored,
        target.search_path,
        target.timezone,
        there.refresh_roles if there else (),
        there.schedules if there else (),
        there.partitions if there else (),
        tuple(views),
        (),
        operations=there.operations if there else Operations(),
        trusted_roles=target.trusted_roles,
    )


def split_deployable(
    extensions: AbstractSet[str], views: Iterable[CompiledView]
) -> tuple[tuple[CompiledView, ...], tuple[LeftOut, ...]]:
    """The views that this database can hold, and those whose extension it lacks, with what reads them."""
    chosen: list[CompiledView] = []
    left_out: dict[str, str] = {}
    for view in views:
        lacking = [extension for extension in view.requires if extension not in extensions]
        gone = [name for name in view.upstream if name in left_out]
        if lacking:
            left_out[view.called] = f"needs the extension {', '.join(lacking)}, which this database does not have"
        elif gone:
            left_out[view.called] = f"reads {', '.join(gone)}, which is left out"
        else:
            chosen.append(view)
    return tuple(chosen), tuple(LeftOut(name, reason) for name, reason in left_out.items())


def _runtime(site: PlanContext) -> Iterator[Step]:
    state, target = site.state, site.target
    beside = state.guests_beside(target.project) & state.roles
    expected = {Grant(role, "USAGE") for role in target.guests | beside}
    dangers = tuple(_new_guests(site)) if state.deployment else ()
    close = closing_sql(target)
    if state.runtime != runtime_version():
        yield runtime_step(state, target, dangers)
    elif set(state.storage_grants) != expected or dangers:
        reason = "only the owner and those who refresh or monitor have rights on the stored schema"
        yield Step("close", "", reason, (close,), dangers=dangers)


def _new_guests(site: PlanContext) -> Iterator[Danger]:
    added = [item.change.role for item in site.difference.project if isinstance(item.change, RefresherAdded)]
    yield from (Danger("loosen-access", f"{role} may refresh every view") for role in added)
    there = site.state.targets.get(site.target.project)
    known = there.guests if there else frozenset()
    for role in sorted(site.target.guests - known - {*added}):
        yield Danger("loosen-access", f"{role} may see sizes, freshness, usage and the log of every view")


def _project_steps(site: PlanContext, chosen: tuple[str, ...]) -> tuple[Step, ...]:
    """A change of what holds for the whole project is a deployment of its own; the switch that carries it says so. Its own names and
    the jobs of its schedules change with it.
    """
    if chosen:
        return ()
    there = site.state.targets.get(site.target.project)
    besides = (*name_steps(site.state, site.target), *job_steps(site.state, site.target))
    if there and replace(there, compiler=site.target.compiler) == site.target:
        return besides
    return (Step("record", "", "settings and schedules of the project", ()), *besides)


def _compared(views: Iterable[CompiledView], site: PlanContext) -> Iterator[tuple[Name, str, str]]:
    for view in views:
        before = site.before(view)
        same_rows = before is not None and before.kind == view.kind == "materialized" and before.grain == view.grain
        if before and same_rows and before.storage != view.storage:
            yield (view.schema, view.name), before.storage[1], view.storage[1]


def _switches(
    views: Iterable[CompiledView],
    exposed: dict[str, tuple[Step, ...]],
    dropped: tuple[Step, ...],
    site: PlanContext,
    project: tuple[Step, ...],
) -> Iterator[Switch]:
    """Views that read each other move together; so do all of them, as long as that is an instant."""
    groups = together([view for view in views if exposed[view.called]], site)
    first = True
    for group in groups:
        steps = (
            *_history(group, site),
            *(step for view in in_switch_order(group, site) for step in exposed[view.called]),
        )
        extra = (*project, *dropped) if first else ()
        awaits = tuple(view.storage[1] for view in group if _is_new_table(view, site))
        yield Switch(tuple(view.called for view in group), (*extra, *steps), awaits)
        first = False
    if first and (project or dropped):
        yield Switch((), (*project, *dropped))


def _history(group: Iterable[CompiledView], site: PlanContext) -> Iterator[Step]:
    names = [(view.schema, view.name) for view in group]
    if statements := tuple(history_statements(site.renames, names)):
        yield Step("record", "", "what is told of a view is told under its name", statements)


def _is_new_table(view: CompiledView, site: PlanContext) -> bool:
    return view.stored_as == "table" and (not site.is_live(view) or site.storage(view) is None)


def switch_opening(storage_schema: str, deployment: int) -> str:
    """Goes on with a deployment in its second and later switches."""
    return f"SELECT {qualified(storage_schema, 'continue_deployment')}({deployment})"
