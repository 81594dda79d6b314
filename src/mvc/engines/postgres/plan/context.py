"""What the planning of one view goes by: the database's state, the project's target, and what changed about the view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mvc.comparison.difference import Difference, ViewDifference
from mvc.compiled.view import CompiledView, Target
from mvc.engines.postgres.plan.drift import differs, kind_of, named_roles
from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.plan.obstacles import unfit_columns
from mvc.engines.postgres.plan.renames import Renames
from mvc.engines.postgres.plan.state import DeployedView, Name, RelationState, State
from mvc.engines.postgres.plan.taken_names import NameHolder
from mvc.engines.postgres.plan.takeover_words import in_the_way


@dataclass(frozen=True)
class PlanContext:
    """A plan's surroundings. `refill` says that a stored relation which is not in use is filled anew before it is.

    `set_aside` names the views whose stored relation is not what was built, or reads such a one. The state is that
    after the `renames`.
    """

    state: State
    target: Target
    difference: Difference
    drift: tuple[Drift, ...]
    refill: bool
    set_aside: frozenset[str]
    renames: Renames

    def deployed(self, view: CompiledView) -> DeployedView | None:
        """The view as the ledger has it."""
        return self.state.views.get((view.schema, view.name))

    def until_switch(self, view: CompiledView) -> CompiledView:
        """The view under the name that readers know until the switch."""
        pair = self.renames.pairs.get((view.schema, view.name))
        return replace(view, schema=pair.was[0], name=pair.was[1]) if pair else view

    def before(self, view: CompiledView) -> CompiledView | None:
        """The definition that is deployed."""
        deployed = self.deployed(view)
        return deployed.definition if deployed else None

    def readers_before(self, view: CompiledView) -> set[str]:
        """Those who may read by what is deployed, as they are called now."""
        deployed = self.deployed(view)
        readers = deployed.definition.readers if deployed and deployed.definition else ()
        return {now for role in readers if deployed and (now := self.state.role_now(role, deployed))}

    def knows_roles(self, view: CompiledView) -> bool:
        """Whether the ledger has the numbers of the roles that the view's policies name, as they are on this server."""
        deployed, state = self.deployed(view), self.state
        if deployed is None or not state.server:
            return True
        numbers = deployed.roles if deployed.server == state.server else {}
        return all(state.role_numbers.get(numbers.get(role, "")) == role for role in named_roles(view))

    def exposure(self, view: CompiledView) -> RelationState | None:
        """What readers use now."""
        return self.state.relations.get((view.schema, view.name))

    def in_the_way(self, view: CompiledView) -> NameHolder | None:
        """What bears the view's name and was made by hand."""
        pair = in_the_way(view, self.state)
        return pair[0] if pair else None

    @property
    def taken(self) -> Mapping[Name, NameHolder]:
        """What bears names of views and was made by hand, by its names."""
        return self.state.taken_names.in_the_way

    def readers_of_taken(self, name: Name) -> tuple[Name, ...]:
        """The relations that are taken over as well, and that read the one of that name."""
        found = self.taken.get(name)
        return tuple(reader for reader in (*found.readers, *found.views) if reader in self.taken) if found else ()

    def storage(self, view: CompiledView) -> RelationState | None:
        """The stored relation of this definition, if it is there as it was built."""
        return None if view.called in self.set_aside else self.state.relations.get(view.storage)

    def foreign(self, view: CompiledView) -> dict[str, str]:
        """The code that the catalog names, the view may run, and somebody owns whom nobody trusts: name → owner."""
        owners = ((name, self.state.strangers.get(name)) for name in view.named)
        return {name: owner for name, owner in owners if owner and owner not in self.target.trusted_roles}

    def foreign_tables(self, view: CompiledView) -> dict[str, list[str]]:
        """The tables and views that the catalog names and the view may read, by the owners of them, or of what they read, whom nobody trusts."""
        found: dict[str, list[str]] = {}
        for name in view.named:
            for owner in self.state.strange_tables.get(name, ()):
                if owner not in self.target.trusted_roles:
                    found.setdefault(owner, []).append(name)
        return found

    def agreed(self, view: CompiledView) -> tuple[str, ...]:
        """What of others a view may use, once its hazards are accepted."""
        tables = (name for names in self.foreign_tables(view).values() for name in names)
        return tuple(dict.fromkeys((*self.foreign(view), *tables)))

    def reads_set_aside(self, view: CompiledView) -> bool:
        """Whether a view that it reads is stored anew under the name that it has."""
        return not self.set_aside.isdisjoint(view.upstream)

    def is_live(self, view: CompiledView) -> bool:
        """Whether readers read this very storage."""
        deployed = self.deployed(view)
        return deployed is not None and deployed.stored_name == view.storage[1]

    def is_released(self, view: CompiledView) -> bool:
        """Whether readers have what they were given while base tables change."""
        deployed = self.deployed(view)
        return deployed is not None and deployed.released

    def is_closed(self, view: CompiledView) -> bool:
        """Whether readers are shown no rows meanwhile."""
        deployed = self.deployed(view)
        return deployed is not None and deployed.closed

    def changes(self, view: CompiledView) -> ViewDifference | None:
        """What changed about the view."""
        return self.by_view.get((view.schema, view.name))

    def made_anew(self, view: CompiledView) -> bool:
        """Whether what readers use is dropped and created, since PostgreSQL does not let it be replaced."""
        changes = self.changes(view)
        return changes is not None and self.exposure(view) is not None and bool(unfit_columns(changes))

    @cached_property
    def by_view(self) -> Mapping[Name, ViewDifference]:
        """The differences by the view's name."""
        return {(item.schema, item.view): item for item in self.difference.views}

    def drifted(self, view: CompiledView, *kinds: str) -> tuple[Drift, ...]:
        """What of these kinds is not as it was left."""
        before = self.before(view)  # where another view of the name has come since, it is called otherwise now
        called = before.called if before else view.called
        return tuple(item for item in self.drift if item.view == called and item.kind in kinds)


def views_set_aside(state: State, views: Iterable[CompiledView]) -> frozenset[str]:
    """The views, of which what is read comes first, under whose stored name there is something else than was built, or what reads other
    tables than those of the names.
    """
    found: set[str] = set()
    for view in views:
        relation = state.relations.get(view.storage)
        if relation and (not found.isdisjoint(view.upstream) or not _as_built(view, relation, state)):
            found.add(view.called)
    return frozenset(found)


def _as_built(view: CompiledView, relation: RelationState, state: State) -> bool:
    known = state.stored.get(view.storage[1])
    if known is None or relation.kind != kind_of(view) or known.replaced or known.frozen:
        return False
    return not differs(relation.printed, known.printed)
