"""A view takes the name of a relation that was made by hand: what refuses that, the step that compares the rows, what it means to those who read
and refresh the relation, and the way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.takeover import compare_former_sql, give_back_sql
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.state import DeployedView, Name, RelationState, State
from mvc.engines.postgres.plan.steps import Danger, Lock, Refusal, Step
from mvc.engines.postgres.plan.taken_names import FormerRelation, NameHolder
from mvc.engines.postgres.plan.takeover_words import gone_columns, kind_words, readers_by_hand
from mvc.quoting import identifier, qualified

RENAME: Final = "rename or drop it, or give the view another name or schema"


def takeover_refusals(view: CompiledView, site: PlanContext, planned: frozenset[Name]) -> Iterator[Refusal]:
    """Why a view cannot take a name over, all of it; `planned` are the views that the plan deploys."""
    found, relation = site.in_the_way(view), site.exposure(view)
    if found is None or relation is None:
        return
    named = f"not ours, and in the way: {view.schema}.{view.name}"
    if found.bound:
        yield Refusal(f"{named}: {', '.join(found.bound)}, which a view cannot have", f"drop that first; or {RENAME}")
    elif not {item.name for item in relation.columns} & {column.name for column in view.columns}:
        yield Refusal(named, RENAME)
    elif not found.acts:
        yield _may_not(named, relation, site)
    else:
        yield from _lost_of_a_table(view, relation, named)
        yield from _left_behind(view, found, site, planned)


def _may_not(named: str, relation: RelationState, site: PlanContext) -> Refusal:
    role = site.state.owner or (site.state.live.rights.role if site.state.live else "who deploys")
    message = f"{named}: it belongs to the role {relation.owner}, and {role} may not do what that role can"
    return Refusal(message, f"GRANT {identifier(relation.owner)} TO {identifier(role)}; or {RENAME}")


def _lost_of_a_table(view: CompiledView, relation: RelationState, named: str) -> Iterator[Refusal]:
    """Columns of a table were filled by somebody, who would lose them."""
    if relation.kind == "r" and (lost := gone_columns(view, relation)):
        yield Refusal(
            f"{named}: a table with the columns {', '.join(lost)}, which the view has not",
            f"have the view give them, or drop them; or {RENAME}",
        )


def _left_behind(
    view: CompiledView, found: NameHolder, site: PlanContext, planned: frozenset[Name]
) -> Iterator[Refusal]:
    """What reads the relation and would go on reading what nobody refreshes any more."""
    place = f"{view.schema}.{view.name}"
    left = [".".join(name) for name in found.readers if name not in planned or name not in site.taken]
    if left:
        message = f"{place} cannot be taken over while the materialized view {', '.join(left)} reads it"
        yield Refusal(message, "take that over in the same apply, as a view of the project, or drop it first")
    if found.unfit:
        message = f"{place} is read by {', '.join(found.unfit)}, which cannot be made to read another relation"
        yield Refusal(message, "change or drop it first, and create it again afterwards")
    gone = set(gone_columns(view, site.exposure(view)))
    for item in site.state.dependents.get((view.schema, view.name), ()):
        if lost := sorted(gone & set(item.columns)):
            columns = ", ".join(f"{view.called}.{name}" for name in lost)
            yield Refusal(
                f"{item.described} reads {columns}, which goes", "change or drop it first, or keep the column"
            )


def compare_steps(view: CompiledView, site: PlanContext) -> Iterator[Step]:
    """Before the switch, the rows of both are compared."""
    found, relation = site.in_the_way(view), site.exposure(view)
    if found is None or relation is None:
        return
    size = f" of {relation.bytes:,} bytes" if relation.bytes else ""
    reason = (
        f"rows of the {kind_words(relation)} {view.schema}.{view.name}{size}, made by hand, against the new ones: each is read once; where they differ"
        " this stops, unless changed-rows is allowed"
    )
    allowed = (qualified(view.schema, view.name),) if not found.trusted else ()
    statement = compare_former_sql(site.target, view, (*site.agreed(view), *allowed))
    dangers = tuple(_foreign_owner(view, relation)) if allowed else ()
    yield Step("compare", view.called, reason, (statement,), Lock("ACCESS SHARE", (view.schema, view.name)), dangers)


def _foreign_owner(view: CompiledView, relation: RelationState) -> Iterator[Danger]:
    yield Danger(
        "foreign-code",
        f"the rows of {view.schema}.{view.name} are read once for {view.called}, and the role {relation.owner} can have code run as whoever reads them",
    )


def takeover_dangers(view: CompiledView, site: PlanContext) -> Iterator[Danger]:
    """Who may see what he could not see before. Columns that go are told as of any view that the ledger does not know."""
    found, relation = site.in_the_way(view), site.exposure(view)
    if found is None or relation is None:
        return
    before = readers_by_hand(relation)
    if more := [role for role in view.readers if role not in before and "public" not in before]:
        yield Danger("loosen-access", f"{view.called}: {', '.join(more)} may read it, and could not before")
    if not found.trusted and not view.readers:
        carried = ", ".join(sorted({*before, relation.owner}))
        reason = f"{view.called}: {carried} may read it, by grants of the role {relation.owner}, whom nobody trusts"
        yield Danger("loosen-access", reason)
    if found.secured:
        yield Danger(
            "loosen-access", f"{view.called}: the table that it takes the place of has row security, which ends"
        )
    if relation.option("security_invoker") in ("true", "on"):
        yield Danger(
            "loosen-access",
            f"{view.called}: readers had to have rights of their own on what it reads, and need none then",
        )
    if [item.name for item in relation.columns] != [column.name for column in view.columns]:
        reason = f"{view.called} has other columns then: a connection that has prepared SELECT * of it gets `cached plan must not change result type`"
        yield Danger("prepared-statements", reason)


def in_switch_order(group: Iterable[CompiledView], site: PlanContext) -> list[CompiledView]:
    """What reads another relation that is taken over goes before that one: it goes on reading what it read."""
    return sorted(group, key=lambda view: _rank((view.schema, view.name), site))


def _rank(name: Name, site: PlanContext) -> int:
    readers = [reader for reader in site.readers_of_taken(name) if reader != name]
    return 1 + max(_rank(reader, site) for reader in readers) if readers else 0


def closing_steps(steps: Iterable[Step], site: PlanContext) -> Iterator[Step]:
    """What was put aside in the switches, or is left open since one was interrupted, is closed, and dropped where nothing needs it."""
    state, home = site.state, site.target.stored
    moved = any(step.action in ("take over", "give back") for step in steps)
    kept = [(state.relations.get((home, name)), item) for name, item in state.taken_names.formers.items()]
    if moved or any(relation and (relation.grants or not item.kind) for relation, item in kept):
        reason = "what views have taken the place of is its owner's alone, as all that is stored"
        yield Step("close", "", reason, (f"SELECT {qualified(home, 'close_formers')}()",))


def give_back_step(name: Name, view: DeployedView, state: State, storage_schema: str) -> Step:
    """Takes a view from its readers, and puts before them what it was taken over from."""
    found = state.taken_names.former(name)
    assert found is not None  # noqa: S101 - which is why it is among those that give way
    kept, former = found
    reason = f"the {former.kind.lower()} that it was taken over from, kept as {kept}, is in its place again, with the rows of then"
    lock = Lock("ACCESS EXCLUSIVE", name, brief=True)
    dangers = tuple(_seen_again(view.called(name), name, former, state))
    return Step("give back", view.called(name), reason, (give_back_sql(storage_schema, name),), lock, dangers)


def _seen_again(called: str, name: Name, former: FormerRelation, state: State) -> Iterator[Danger]:
    """Who may read what no rule is on."""
    deployed, exposure = state.views[name].definition, state.relations.get(name)
    readers = readers_by_hand(exposure) if exposure else set()
    held_back = deployed is not None and deployed.exposure.barrier
    seeing = {role for role in former.readers if held_back or not {role, "public"} & readers}
    if more := sorted(seeing):
        yield Danger("loosen-access", f"{called}: {', '.join(more)} may read all rows of what is put back")
