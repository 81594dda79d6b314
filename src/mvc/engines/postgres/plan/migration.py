"""Two compiled projects → one SQL script that brings a database from the first to the second, for any migration tool.

The same planner as for a live database makes it, for a database that is exactly as the first project describes it; the
script's first statements refuse any other. It holds no BEGIN and no COMMIT, and locks what readers use at its end only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.project_names import NamedObject, mark_of, named_objects
from mvc.engines.postgres.deploy.script import closing_sql, settings_sql, terminated, title
from mvc.engines.postgres.deploy.statements import (
    deployment_sql,
    expect_exactly_sql,
    expect_settings_sql,
    expect_sql,
    target_of,
)
from mvc.engines.postgres.plan.change_log_steps import watched_by
from mvc.engines.postgres.plan.drift import exposure_options, kind_of
from mvc.engines.postgres.plan.make_plan import make_plan
from mvc.engines.postgres.plan.state import (
    ColumnState,
    DeployedView,
    Grant,
    IndexState,
    Name,
    RelationState,
    RoutineState,
    State,
    StoredState,
    WatchState,
)
from mvc.engines.postgres.plan.steps import Plan, Step
from mvc.engines.postgres.refresh.companions import companions
from mvc.engines.postgres.runtime import runtime_sql, runtime_version
from mvc.quoting import literal

PATIENCE: Final = "30s"  # for the tables that a build reads
READERS_WAIT: Final = "60ms"  # at most, before the script gives up
KEPT_SETTINGS: Final = tuple(
    """
    search_path TimeZone DateStyle IntervalStyle standard_conforming_strings client_min_messages
    check_function_bodies lock_timeout row_security
    """.split()
)


def migration(before: Compiled, after: Compiled) -> str:
    """The script from `before` to `after`; empty where nothing is to be done."""
    made = make_plan(assumed(before, after), after)
    return "" if made.empty else _script(before, after, made)


def statements_by_view(before: Compiled, after: Compiled) -> dict[str, str]:
    """The statements that concern each view, for a reader: without the runtime and the ledger."""
    made = make_plan(assumed(before, after), after)
    found: dict[str, list[str]] = {}
    for step in made.steps:
        if step.view and step.action != "record" and step.statements:
            found.setdefault(step.view, []).extend(terminated(step.statements))
    return {view: "\n\n".join(statements) for view, statements in found.items()}


def assumed(project: Compiled, wanted: Compiled) -> State:
    """A database in which the project is deployed, untouched, and that has the roles and extensions that either side needs."""
    both = (*project.views, *wanted.views)
    roles = frozenset(role for view in both for role in view.readers) | project.guests | wanted.guests
    roles |= {*project.trusted_roles, *wanted.trusted_roles}
    extensions = frozenset(extension for view in both for extension in view.requires)
    views = {(view.schema, view.name): _deployed(project, view) for view in project.views}
    relations: dict[Name, RelationState] = {}
    for view in project.views:
        relations[view.schema, view.name] = _exposure(view)
        relations[view.storage] = _storage(view)
        arms = {(view.storage[0], arm.name): RelationState("v", "", ()) for arm in view.exposure.arms}
        beside = {(view.storage[0], it.name): RelationState(it.relkind, "", ()) for it in companions(view)}
        relations |= arms | beside
    relations |= _named_views(project)
    return State(
        database="",
        deployment=1 if views else 0,
        runtime=runtime_version(),
        targets={project.project: target_of(project)} if views else {},
        views=views,
        stored={view.storage[1]: _built(project, view) for view in project.views},
        relations=relations,
        routines=_named_functions(project),
        storage_grants=tuple(Grant(role, "USAGE") for role in sorted(project.guests)),
        roles=roles,
        extensions=extensions,
        watched={item.log: WatchState((item.schema, item.table), item.columns) for item in watched_by(project.views)},
    )


def _built(project: Compiled, view: CompiledView) -> StoredState:
    names = tuple(it.name for it in companions(view))
    return StoredState((view.schema, view.name), companions=names, proven=frozenset(project.trusted_roles))


def _deployed(project: Compiled, view: CompiledView) -> DeployedView:
    return DeployedView(project.project, view.storage[1], view)


def _named_views(project: Compiled) -> dict[Name, RelationState]:
    return {
        item.place: RelationState(
            "v", "", (), grants=_granted(item, "SELECT"), comment=_stated(item, project), printed=""
        )
        for item in named_objects(project)
        if item.kind == "view"
    }


def _named_functions(project: Compiled) -> dict[Name, tuple[RoutineState, ...]]:
    found: dict[Name, tuple[RoutineState, ...]] = {}
    for item in named_objects(project):
        if item.kind == "function":
            there = RoutineState(item.arguments, "", _stated(item, project), "", _granted(item, "EXECUTE"))
            found[item.place] = (*found.get(item.place, ()), there)
    return found


def _granted(item: NamedObject, privilege: str) -> tuple[Grant, ...]:
    return tuple(Grant(role, privilege) for role in item.users)


def _stated(item: NamedObject, project: Compiled) -> str:
    return f"{mark_of(project.project)}{item.fingerprint} )"


def _exposure(view: CompiledView) -> RelationState:
    columns = tuple(ColumnState(column.name, column.type or "", column.description) for column in view.columns)
    grants = tuple(Grant(role, "SELECT") for role in view.readers)
    return RelationState("v", "", columns, exposure_options(view), grants, view.description)


def _storage(view: CompiledView) -> RelationState:
    options = tuple(f"{name}={value}" for name, value in view.options)
    indexes = tuple(IndexState(index.name, "") for index in view.indexes)
    return RelationState(kind_of(view), "", (), options, indexes=indexes)


def _script(before: Compiled, after: Compiled, made: Plan) -> str:
    parts = [
        _head(after),
        title("Settings of this transaction; the last lines put them back"),
        *terminated(
            [_keep_settings(), *settings_sql(after), f"SET LOCAL lock_timeout = '{PATIENCE}'", _in_transaction()]
        ),
        title("Runtime"),
        *terminated([*runtime_sql(after.stored), closing_sql(after)]),
        title("Only a database in the state that this was made for"),
        *terminated(_expectations(before, after)),
        *_steps("Beside the readers", made.prepare),
        title("The switch: readers wait from here to the commit"),
        *terminated([f"SET LOCAL lock_timeout = '{READERS_WAIT}'", deployment_sql(after)]),
        *(text for switch in made.switches for text in _steps("", switch.steps)),
        *_steps("Afterwards", made.finish),
        title("Settings as they were"),
        *terminated([_restore_settings()]),
    ]
    return "\n\n".join(parts) + "\n"


def _head(after: Compiled) -> str:
    project = " ".join(after.project.split())
    return (
        f"-- Migration of the materialized views of {project}, written by mvc {after.compiler}.\n"
        "-- Run it in one transaction (psql -1 -v ON_ERROR_STOP=1 -f FILE); it contains none itself. It is refused by a database\n"
        "-- in another state, and may then be made again. What it replaces is kept: mvc rollback, mvc prune."
    )


def _keep_settings() -> str:
    pairs = ", ".join(f"{literal(name)}, pg_catalog.current_setting({literal(name)})" for name in KEPT_SETTINGS)
    return f"SELECT pg_catalog.set_config('mvc.kept_settings', pg_catalog.json_build_object({pairs})::text, true)"


def _restore_settings() -> str:
    return (
        "SELECT pg_catalog.set_config(kept.key, kept.value, true)"
        " FROM pg_catalog.json_each_text(pg_catalog.current_setting('mvc.kept_settings')::json) AS kept"
    )


def _in_transaction() -> str:
    """Without a transaction, SET LOCAL has no effect; that is how the script finds out. psql goes on after an error, unless it is told not to: past
    what proves whose code is about to run, too. So the session ends.
    """
    return (
        "DO $$ BEGIN\n"
        f"  IF pg_catalog.current_setting('lock_timeout') OPERATOR(pg_catalog.<>) '{PATIENCE}' THEN\n"
        "    RAISE WARNING 'this migration must run in one transaction: the session is ended before anything is done' USING HINT = 'psql -1 -f FILE';\n"
        "    PERFORM pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid());\n"
        "    RAISE EXCEPTION 'this migration must run in one transaction';\n"
        "  END IF;\n"
        "END $$"
    )


def _expectations(before: Compiled, after: Compiled) -> Iterator[str]:
    """What changes must be as it was in all that a migration sets; of the rest it must be the same storage."""
    old = {(view.schema, view.name): view for view in before.views}
    for view in after.views:
        there = old.pop((view.schema, view.name), None)
        if there is None or there == view:
            yield expect_sql(after, view, there, may_be_new=there is None)
        else:
            yield expect_exactly_sql(after, view, there)
    for view in old.values():
        yield expect_exactly_sql(after, view, view)
    if before.views and target_of(before) != replace(target_of(after), compiler=before.compiler):
        yield expect_settings_sql(after, before)


def _steps(heading: str, steps: Iterable[Step]) -> Iterator[str]:
    listed = [step for step in steps if step.statements]
    if heading and listed:
        yield title(heading)
    for step in listed:
        subject = " ".join(step.view.split()) or "the project"
        yield f"-- {subject}: {step.action}, since {' '.join(step.reason.split())}"
        yield from terminated(step.statements)
