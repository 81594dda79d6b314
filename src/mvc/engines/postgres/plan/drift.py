"""What in a database is not as the last deployment left it. Each kind is mended by the next one, or kept and only told.

The spec decides what it speaks of: definitions, indexes, readers, descriptions, storage parameters, ownership. What it says
nothing about (a grant to another role, an index, an option, a comment that somebody added) is carried along.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.plan.drift_beside import of_jobs, of_names, of_schema, unlogged
from mvc.engines.postgres.plan.drift_kinds import Drift, DriftKind
from mvc.engines.postgres.plan.state import DeployedView, Grant, Name, RelationState, State, StoredState
from mvc.engines.postgres.refresh.companions import companions
from mvc.engines.postgres.runtime.generations import GENERATION

BARRIER: Final = ("security_barrier=true",)


def find_drift(state: State, project: str) -> tuple[Drift, ...]:
    """Everything in the database that differs from what the ledger says was deployed for a project."""
    found: list[Drift] = []
    of_another = 0 < state.generation < GENERATION  # nothing tells then whether its functions are as they were
    if state.deployment and state.runtime is None and not of_another:
        found.append(Drift("runtime changed", "", "the runtime's functions"))
    found += [*of_schema(state, project), *of_names(state, project), *of_jobs(state, project)]
    for name, deployed in state.views.items():
        if deployed.project == project and deployed.definition is not None:
            found += _of_view(name, deployed, deployed.definition, state)
            found += [
                Drift("changes unlogged", deployed.called(name), table, found=why)
                for table, why in unlogged(deployed.definition, state)
            ]
    return tuple(found)


def _of_view(name: Name, deployed: DeployedView, view: CompiledView, state: State) -> Iterator[Drift]:
    exposure = state.relations.get(name)
    if deployed.released and exposure is not None:  # all that differs is meant so, but for who may read it
        yield Drift("released", view.called, ".".join(name))
        yield from _of_grants(deployed, view, exposure, state)
        return
    if exposure is None:
        yield Drift("exposure missing", view.called, ".".join(name))
    else:
        yield from _of_exposure(deployed, view, exposure, state)
    stored = state.relations.get(view.storage)
    if stored is None or stored.kind != kind_of(view):
        yield Drift("storage missing", view.called, ".".join(view.storage))
        return
    known = state.stored.get(view.storage[1])
    if known and differs(stored.printed, known.printed):
        yield Drift("storage changed", view.called, ".".join(view.storage))
    yield from _of_sources(view, known)
    if known and known.outdated:
        yield Drift("storage outdated", view.called, ".".join(view.storage), "", known.outdated)
    yield from _of_storage(view, stored, state)
    yield from _of_indexes(deployed, view, stored)


def _of_sources(view: CompiledView, known: StoredState | None) -> Iterator[Drift]:
    """Tables that it goes on reading under another name than they had."""
    for source in known.renamed if known else ():
        kind: DriftKind = "source replaced" if source.replaced else "source renamed"
        yield Drift(kind, view.called, source.named, found=source.now)


def _of_exposure(deployed: DeployedView, view: CompiledView, exposure: RelationState, state: State) -> Iterator[Drift]:
    named = f"{view.schema}.{view.name}"
    if differs(exposure.printed, deployed.exposure) or exposure.kind != "v" or _arms_differ(deployed, view, state):
        yield Drift("exposure changed", view.called, named)
    parts = [(exposure, named, exposure_options(view))]
    parts += [(arm, f"{view.storage[0]}.{name}", BARRIER) for name, arm in _arms(view, state) if arm]
    for part, name, expected in parts:
        if set(part.options) != set(expected):
            yield Drift("exposure option", view.called, name, ", ".join(expected), ", ".join(part.options))
        if state.owner and part.owner != state.owner:
            yield Drift("owner changed", view.called, name, state.owner, part.owner)
        yield from (Drift("rule by hand", view.called, name, "", rule) for rule in part.rules)
    yield from _of_grants(deployed, view, exposure, state)
    yield from _of_comments(view, exposure)


def _arms(view: CompiledView, state: State) -> list[tuple[str, RelationState | None]]:
    return [(arm.name, state.relations.get((view.storage[0], arm.name))) for arm in view.exposure.arms]


def _arms_differ(deployed: DeployedView, view: CompiledView, state: State) -> bool:
    return any(arm is None or differs(arm.printed, deployed.arms.get(name)) for name, arm in _arms(view, state))


def _of_grants(deployed: DeployedView, view: CompiledView, exposure: RelationState, state: State) -> Iterator[Drift]:
    there = {grant.role for grant in exposure.grants if grant.privilege == "SELECT" and not grant.column}
    now = {role: state.role_now(role, deployed) for role in named_roles(view)}
    for role, found in now.items():
        if found is None:
            yield Drift("role missing", view.called, role)
        elif found != role:
            yield Drift("role renamed", view.called, role, role, found)
        elif role in view.readers and role not in there:
            yield Drift("grant missing", view.called, role, "SELECT")
    renamed = {
        Grant(found, "SELECT") for role, found in now.items() if found and found != role and role in view.readers
    }
    for grant in granted_by_hand(view, exposure):
        if grant in renamed:
            continue
        what = f"{grant.privilege} ({grant.column})" if grant.column else grant.privilege
        yield Drift("grant by hand", view.called, grant.role, "", what)


def named_roles(view: CompiledView) -> tuple[str, ...]:
    """The roles that a view's policies name, but for `public`."""
    named = [*view.readers, *(role for item in view.access.restrictions for role in item.roles)]
    return tuple(dict.fromkeys(role for role in named if role != "public"))


def granted_by_hand(view: CompiledView, exposure: RelationState) -> list[Grant]:
    """The privileges that no policy gives."""
    return [
        grant
        for grant in exposure.grants
        if grant.privilege != "SELECT" or grant.column or grant.role not in view.readers
    ]


def _of_comments(view: CompiledView, exposure: RelationState) -> Iterator[Drift]:
    if view.description and exposure.comment != view.description:
        yield Drift(
            "comment changed", view.called, f"{view.schema}.{view.name}", view.description, exposure.comment or ""
        )
    there = {column.name: column.comment for column in exposure.columns}
    for column in view.columns:
        if column.description and there.get(column.name) != column.description:
            yield Drift("comment changed", view.called, column.name, column.description, there.get(column.name) or "")


def _of_storage(view: CompiledView, stored: RelationState, state: State) -> Iterator[Drift]:
    named = ".".join(view.storage)
    if not stored.populated:
        yield Drift("storage unpopulated", view.called, named)
    home = view.storage[0]
    parts = [(named, stored), *((f"{home}.{it.name}", state.relations.get((home, it.name))) for it in companions(view))]
    for name, part in parts:
        if part and state.owner and part.owner != state.owner:
            yield Drift("owner changed", view.called, name, state.owner, part.owner)
    parts += _arms(view, state)
    open_to = {grant.role for _, part in parts if part for grant in part.grants}
    if open_to:
        yield Drift("storage open", view.called, named, "nobody", ", ".join(sorted(open_to)))
    for option, value in applicable_options(view, stored):
        if not same_option(stored.option(option), value):
            yield Drift("option changed", view.called, option, value, stored.option(option) or "")
    for option in options_by_hand(view, stored):
        yield Drift("option by hand", view.called, option.partition("=")[0], "", option.partition("=")[2])


def applicable_options(view: CompiledView, stored: RelationState) -> list[tuple[str, str]]:
    """The storage parameters that can be set: those of a toast table only where there is one."""
    return [item for item in view.options if stored.toasted or not item[0].startswith("toast.")]


def options_by_hand(view: CompiledView, stored: RelationState) -> list[str]:
    """`name=value` of storage parameters that the spec says nothing of."""
    spoken_of = {option for option, _ in view.options}
    return [option for option in stored.options if view.kind != "plain" and option.partition("=")[0] not in spoken_of]


def same_option(there: str | None, wanted: str) -> bool:
    """Whether a storage parameter has the value that a spec gives it; `TRUE` is stored as `true`."""
    return there is not None and there.lower() == wanted.strip("'").lower()


def _of_indexes(deployed: DeployedView, view: CompiledView, stored: RelationState) -> Iterator[Drift]:
    ours = {index.name for index in view.indexes}
    for index in view.indexes:
        there = stored.index(index.name)
        if there is None:
            yield Drift("index missing", view.called, index.name, index.definition)
        elif not there.valid:
            yield Drift("index invalid", view.called, index.name)
        elif index.name in deployed.indexes and there.definition != deployed.indexes[index.name]:
            yield Drift("index changed", view.called, index.name, deployed.indexes[index.name], there.definition)
    for other in stored.indexes:
        if other.name not in ours:
            yield Drift("index by hand", view.called, other.name, "", other.definition)


def exposure_options(view: CompiledView) -> tuple[str, ...]:
    """The options of the exposure, as pg_class.reloptions has them."""
    return BARRIER if view.exposure.barrier else ("security_barrier=false",)


def kind_of(view: CompiledView) -> str:
    """pg_class.relkind of what stores the view."""
    return {"materialized view": "m", "table": "r", "view": "v"}[view.stored_as]


def differs(printed: str | None, recorded: str | None) -> bool:
    """Whether a definition is another one than was recorded; what another major version printed cannot be compared."""
    if printed is None or recorded is None or printed.split()[0] != recorded.split()[0]:
        return False
    return printed != recorded
