"""What it means to others that a view takes the name of what was made by hand, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.plan.orphans import was_ours
from mvc.engines.postgres.plan.state import RELATION_KINDS, RelationState, State
from mvc.engines.postgres.plan.taken_names import NameHolder
from mvc.quoting import literal, qualified

WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE"})


@dataclass(frozen=True, slots=True)
class Takeover:
    """A view of the project that takes the name of a relation made by hand: what that is (`kind`), whose, how large in bytes; what `reads` it
    and reads the view then, and `notes` for whoever refreshes it, writes to it, or may read it no longer.
    """

    view: str
    relation: str
    kind: str
    owner: str
    bytes: int
    reads: tuple[str, ...]
    notes: tuple[str, ...]


def in_the_way(view: CompiledView, state: State) -> tuple[NameHolder, RelationState] | None:
    """What bears the view's name and was made by hand."""
    name = (view.schema, view.name)
    found, relation = state.taken_names.in_the_way.get(name), state.relations.get(name)
    if found is None or relation is None or name in state.views or was_ours(view, relation, state):
        return None
    return found, relation


def takeovers(views: Iterable[CompiledView], state: State, storage_schema: str) -> Iterator[Takeover]:
    """All of these views that take over a name."""
    for view in views:
        if pair := in_the_way(view, state):
            found, relation = pair
            notes = (*_of_refreshes(view, found, relation, storage_schema), *_of_rights(view, relation, state))
            place, kind = f"{view.schema}.{view.name}", kind_words(relation)
            yield Takeover(view.called, place, kind, relation.owner, relation.bytes, found.repointed, notes)


def kind_words(relation: RelationState) -> str:
    """`materialized view`, for a text."""
    return RELATION_KINDS.get(relation.kind, "relation").lower()


def gone_columns(view: CompiledView, relation: RelationState | None) -> list[str]:
    """The columns that the relation has and the view has not."""
    wanted = {column.name for column in view.columns}
    return [item.name for item in relation.columns if item.name not in wanted] if relation else []


def takeover_reason(view: CompiledView, found: NameHolder, relation: RelationState, state: State) -> str:
    """What becomes of the relation and of those who read it."""
    parts = [f"it takes the place of the {kind_words(relation)} of that name, which is kept for mvc rollback"]
    if found.repointed:
        parts.append(f"{', '.join(found.repointed)} read it then")
    if lost := shut_out(view, relation, state):
        parts.append(f"{', '.join(lost)} may not read it then")
    return "; ".join(parts)


def readers_by_hand(relation: RelationState) -> set[str]:
    """The roles that may read the relation, beside its owner."""
    return {grant.role for grant in relation.grants if grant.privilege == "SELECT"}


def shut_out(view: CompiledView, relation: RelationState, state: State) -> list[str]:
    """Those who may read the relation, and whom no policy lets read the view, whose owner is the stored schema's. Without policies all grants are
    carried along.
    """
    if not view.readers or "public" in view.readers:
        return []
    owner = state.owner or (state.live.rights.role if state.live else relation.owner)
    return sorted((readers_by_hand(relation) | {relation.owner}) - {*view.readers, owner})


def _of_refreshes(view: CompiledView, found: NameHolder, relation: RelationState, storage_schema: str) -> Iterator[str]:
    place = f"{view.schema}.{view.name}"
    if relation.kind == "m":
        call = f"CALL {qualified(storage_schema, 'refresh')}({literal(view.schema)}, {literal(view.name)})"
        yield f"{place} is a view from then on: what says REFRESH MATERIALIZED VIEW {place} fails; say {call} or mvc refresh {view.called}"
    for job in found.jobs:
        named = f" ({job.name})" if job.name != f"job {job.id}" else ""
        yield (
            f"the job {job.id}{named} of pg_cron, of the role {job.owner}, refreshes {place} and fails from then on:"
            f" SELECT cron.unschedule({job.id}), and a schedule of the project instead"
        )
    for function in found.refreshers:
        yield f"the function {function} refreshes {place} and fails from then on: have it call the refresh of mvc"


def _of_rights(view: CompiledView, relation: RelationState, state: State) -> Iterator[str]:
    place = f"{view.schema}.{view.name}"
    if lost := shut_out(view, relation, state):
        yield f"{', '.join(lost)} may read {place} by hand, and no policy names them: they may not read it then; name them in `to:` of a policy if they should"
    if relation.kind == "r":
        writers = sorted({grant.role for grant in relation.grants if grant.privilege in WRITES} | {relation.owner})
        yield f"{place} is a view from then on: INSERT, UPDATE, DELETE and TRUNCATE of it fail ({', '.join(writers)} may write to it now)"
