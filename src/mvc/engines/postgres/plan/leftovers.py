"""Stored relations that no reader uses: kept for a rollback, or left by a deployment that was interrupted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mvc.compiled.called import called
from mvc.engines.postgres.deploy.naming import arm_names
from mvc.engines.postgres.plan.orphans import orphans
from mvc.engines.postgres.plan.state import Name, RelationState, State, StoredState

LeftoverKind = Literal["replaced", "unused", "former", "arm", "unknown"]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A relation of the stored schema that is not in use. `replaced` ones were; `unused` ones never were; a `former` one bore the name of a view before that took it; an `arm` is a part
    of an exposure, or what was beside a table, that is no more; what is `unknown` nobody but its maker knows. Size in bytes, time
    in seconds since 1970. A table goes with its `companions`, name and relkind of each; without a `relkind` it is gone already.
    """

    name: str
    view: str
    kind: LeftoverKind
    relkind: str
    bytes: int
    built_at: float
    companions: tuple[tuple[str, str], ...] = ()


def find_leftovers(state: State, storage_schema: str, replaced: frozenset[str] = frozenset()) -> tuple[Leftover, ...]:
    """What could be pruned, and what is unknown, in an order in which it can be dropped: what was built last comes first.

    `replaced` names stored relations that readers once used.
    """
    state = replace(state, stored={**state.stored, **dict(orphans(state, storage_schema))})
    live = {view.stored_name for view in state.views.values()}
    arms = {arm for view in state.views.values() for arm in view.arms}
    there = {name for name in state.stored if name in live or (storage_schema, name) in state.relations}
    beside = {companion for item in state.stored.values() for companion in item.companions}
    found = [orphaned for name in state.stored.keys() - there if (orphaned := _orphans(state, storage_schema, name))]
    found += [
        _leftover((schema, name), relation, state, replaced)
        for (schema, name), relation in state.relations.items()
        if schema == storage_schema and name not in live | arms | beside and not _is_log(name, relation)
    ]
    return tuple(sorted(found, key=lambda item: (item.kind != "arm", -item.built_at, item.relkind == "r", item.name)))


def _is_log(name: str, relation: RelationState) -> bool:
    """A log of changes goes by itself once nobody writes to it and nothing that is kept reads it."""
    first = next((column.name for column in relation.columns), "")
    return relation.kind == "r" and name.startswith(("changes_", "kept_")) and first == "mvc_at"


def _orphans(state: State, storage_schema: str, table: str) -> Leftover | None:
    """What is still there of the companions of a table that is gone: they read each other, so they go together."""
    known = state.stored[table]
    parts = _companions(state, storage_schema, known)
    if not parts:
        return None
    size = sum(state.relations[storage_schema, name].bytes for name, _ in parts)
    return Leftover(table, _called(known.view, state), "arm", "", size, known.built_at, parts)


def _companions(state: State, schema: str, known: StoredState) -> tuple[tuple[str, str], ...]:
    """Those that are there: name and relkind."""
    found = ((name, state.relations.get((schema, name))) for name in known.companions)
    return tuple((name, part.kind) for name, part in found if part)


def _leftover(named: Name, relation: RelationState, state: State, replaced: frozenset[str]) -> Leftover:
    (schema, name), relkind, size = named, relation.kind, relation.bytes
    known = state.stored.get(name)
    if former := state.taken_names.formers.get(name):
        return Leftover(name, _called(former.view, state), "former", relkind, size, former.taken_at)
    if known:
        kind: LeftoverKind = "replaced" if name in replaced else "unused"
        return Leftover(
            name, _called(known.view, state), kind, relkind, size, known.built_at, _companions(state, schema, known)
        )
    owner = next((of for of in state.stored if name in arm_names(of)), "")
    if owner:
        of, built_at = state.stored[owner].view, state.stored[owner].built_at
        return Leftover(name, _called(of, state), "arm", relkind, size, built_at)
    return Leftover(name, "", "unknown", relkind, size, 0.0)


def _called(name: Name, state: State) -> str:
    """What the view is called of which something is left, though it may be deployed no more."""
    if name in state.views:
        return state.views[name].called(name)
    others = {*state.views, *(known.view for known in state.stored.values())} - {name}
    return called(*name, apart=any(other[1] == name[1] for other in others))
