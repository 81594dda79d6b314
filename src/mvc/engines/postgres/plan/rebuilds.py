"""What building a view anew will cost, as far as the last build of it tells."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.comparison.difference import Difference
from mvc.engines.postgres.plan.state import State


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A view that is deployed and will be built anew. Rows and bytes are those of now, seconds those of its last fill."""

    view: str
    rows: int | None
    bytes: int
    seconds: float | None


def rebuilds_of(state: State, difference: Difference) -> tuple[Rebuild, ...]:
    """Every deployed view that a difference has built anew."""
    anew = [view for view in difference.views if "rebuild" in view.classes and (view.schema, view.view) in state.views]
    return tuple(_rebuild(view.called, state.views[view.schema, view.view].stored_name, state) for view in anew)


def _rebuild(view: str, stored_name: str, state: State) -> Rebuild:
    stored = state.stored.get(stored_name)
    size = sum(relation.bytes for (_, name), relation in state.relations.items() if name == stored_name)
    return Rebuild(view, stored.rows if stored else None, size, stored.fill_seconds if stored else None)
