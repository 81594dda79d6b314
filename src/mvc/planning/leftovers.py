"""Stored relations that no reader uses: kept for a rollback, or left by a deployment that was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mvc.planning.state import State
from mvc.sqlgen.naming import arm_names


@dataclass(frozen=True, slots=True)
class Leftover:
    """A relation of the stored schema that is not in use. `replaced` ones were; `unused` ones never were; an `arm` is a part
    of an exposure that is no more; what is `unknown` nobody but its maker knows. Size in bytes, time in seconds since 1970.
    """

    name: str
    view: str
    kind: Literal["replaced", "unused", "arm", "unknown"]
    relkind: str
    bytes: int
    built_at: float


def find_leftovers(state: State, stored: str, replaced: frozenset[str] = frozenset()) -> tuple[Leftover, ...]:
    """What could be pruned, and what is unknown, in an order in which it can be dropped: what was built last comes first.

    `replaced` names stored relations that readers once used.
    """
    live = {view.stored_name for view in state.views.values()}
    arms = {arm for view in state.views.values() for arm in view.arms}
    found = [
        _leftover(name, relation.kind, relation.bytes, state, replaced)
        for (schema, name), relation in state.relations.items()
        if schema == stored and name not in live | arms
    ]
    return tuple(sorted(found, key=lambda item: (item.kind != "arm", -item.built_at, item.name)))


def _leftover(name: str, relkind: str, size: int, state: State, replaced: frozenset[str]) -> Leftover:
    known = state.stored.get(name)
    if known:
        return Leftover(
            name, known.view[1], "replaced" if name in replaced else "unused", relkind, size, known.built_at
        )
    owner = next((stored for stored in state.stored if name in arm_names(stored)), "")
    if owner:
        return Leftover(name, state.stored[owner].view[1], "arm", relkind, size, state.stored[owner].built_at)
    return Leftover(name, "", "unknown", relkind, size, 0.0)
