"""Views that are deployed under other names: what the database will be once they are renamed, and the steps that rename them.

What stores them comes first, beside the readers, who notice nothing: nothing is built anew. The views themselves are renamed in the switch, so
that a deployment which fails before it leaves every one under the name that readers know. All else is planned for what is there then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mvc.comparison.renamed import FormerNames, Pair, pairs_of
from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.renaming import renamed_view
from mvc.engines.postgres.deploy.statements import json_text, storage_comment
from mvc.engines.postgres.plan.drift import differs, kind_of
from mvc.engines.postgres.plan.renamed_state import followed_state
from mvc.engines.postgres.plan.state import DeployedView, Name, State
from mvc.engines.postgres.plan.steps import Danger, Lock, Refusal, Step
from mvc.engines.postgres.refresh.companions import companions
from mvc.quoting import literal, qualified

_STORED: Final = "what stores it is called after it; readers and refreshes go on"


@dataclass(frozen=True)
class Renames:
    """The renames of a plan: views by what they are called then, as they are `deployed` now; `names` of relations and indexes of the stored
    schema, from → to; `aliases` are former names that a view takes back, `staying` those that stay.
    """

    pairs: Mapping[Name, Pair]
    names: Mapping[str, str]
    aliases: frozenset[Name]
    staying: frozenset[Name]
    state: State
    stored: str

    @property
    def moving(self) -> list[Pair]:
        """Those whose stored relation gets another name."""
        return [pair for pair in self.pairs.values() if pair.goes_along]


def find_renames(state: State, wanted: Compiled, views: Iterable[CompiledView], *, everything: bool) -> Renames:
    """What is to be renamed for the sake of `views`. With not `everything`, of the others only what stores what reads them."""
    ours = {key: item for key, item in state.views.items() if item.project == wanted.project and item.definition}
    found = pairs_of([item.definition for item in ours.values() if item.definition], wanted.views)
    views = tuple(views)
    aliases = {key for key, item in ours.items() if item.definition and item.definition.alias}
    pairs = [_possible(pair, state) for pair in found if pair.was == pair.now or _is_free(pair.now, state, aliases)]
    if not everything:
        pairs = _concerned(pairs, views)
    chosen = {pair.now: pair for pair in pairs if pair.goes_along or pair.was != pair.now}
    taken = frozenset(pair.now for pair in chosen.values() if pair.now in aliases and pair.was != pair.now)
    staying = frozenset((view.schema, view.name) for view in views if view.alias)
    return Renames(chosen, dict(_names(chosen.values())), taken, staying, state, wanted.stored)


def _is_free(name: Name, state: State, aliases: set[Name]) -> bool:
    return name in aliases or (name not in state.relations and name not in state.views)


def _concerned(pairs: Iterable[Pair], views: Iterable[CompiledView]) -> list[Pair]:
    """The chosen ones, and what reads them under the name that it has."""
    chosen = {(view.schema, view.name): view.called for view in views}
    reached = set(chosen.values())
    kept: list[Pair] = []
    for pair in pairs:  # upstream first
        if pair.now in chosen or (pair.was == pair.now and not reached.isdisjoint(pair.after.upstream)):
            reached.add(pair.after.called)
            kept.append(pair)
    return kept


def _possible(pair: Pair, state: State) -> Pair:
    """Without what stores it, where that is not there as it was built, or what is to be is there already."""
    there, known = state.relations.get(pair.before.storage), state.stored.get(pair.before.storage[1])
    deployed = state.views.get(pair.was)
    as_built = (
        there is not None
        and known is not None
        and there.kind == kind_of(pair.before)
        and not known.replaced
        and not differs(there.printed, known.printed)
        and deployed is not None
        and deployed.stored_name == pair.before.storage[1]
    )
    return replace(pair, may_go_along=as_built and pair.after.storage not in state.relations)


def _names(pairs: Iterable[Pair]) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        if pair.goes_along:
            before, after = pair.before, pair.after
            beside = {it.purpose: it.name for it in companions(after)}
            yield before.storage[1], after.storage[1]
            yield from ((it.name, beside[it.purpose]) for it in companions(before) if it.purpose in beside)
            arms = zip(before.exposure.arms, after.exposure.arms, strict=False)
            yield from ((arm.name, other.name) for arm, other in arms)
            yield from ((name, index.name) for name, index in pair.indexes.items() if name != index.name)


def renamed_state(found: Renames) -> State:
    """The state once all is renamed: what the rest of a plan is made for."""
    if not found.pairs:
        return found.state
    views: dict[Name, DeployedView] = {}
    called = {pair.was: pair for pair in found.pairs.values()}
    names = FormerNames(tuple(called.values()))
    for key, item in found.state.views.items():
        pair = called.get(key)
        if key not in found.aliases:
            views[pair.now if pair else key] = _deployed(item, pair, names, found)
    return followed_state(
        replace(found.state, views=views), {pair.was: pair for pair in called.values()}, found.names, found.aliases
    )


def _deployed(item: DeployedView, pair: Pair | None, names: FormerNames, found: Renames) -> DeployedView:
    if item.definition is None:
        return item
    definition = _meanwhile(item.definition, pair, found)
    stored = found.names.get(item.stored_name, item.stored_name)
    return replace(item, stored_name=stored, definition=names.view(definition, pair) if pair else definition)


def _meanwhile(view: CompiledView, pair: Pair | None, found: Renames) -> CompiledView:
    """A definition between the two parts of a deployment: what stores it has the names of then, readers have those of now."""
    called = renamed_view(view, found.names) if found.names else view
    if pair is None or not pair.goes_along:
        return called
    after = pair.after
    return replace(
        called,
        query=after.query,
        stored_query=after.stored_query,
        merge=after.merge,
        increment=after.increment,
        window=after.window,
        probes=after.probes,
        claims=after.claims,
        former=after.former,
    )


def stored_steps(found: Renames) -> Iterator[Step]:
    """One transaction beside the readers: relations, columns and indexes of the stored schema get their names."""
    moving = found.moving
    if not moving:
        return
    called = {pair.was: pair for pair in found.pairs.values()}
    definitions = [
        _meanwhile(item.definition, called.get(key), found)
        for key, item in found.state.views.items()
        if item.definition and renamed_view(item.definition, found.names) != item.definition
    ]
    stored = {pair.before.storage[1]: {it.purpose: it.name for it in companions(pair.after)} for pair in moving}
    columns = {name: dict(pair.columns) for pair in moving if pair.columns for name in _with_columns(pair)}
    texts = (json_text(dict(found.names)), json_text(columns), json_text(stored), json_text(tuple(definitions)))
    statement = f"SELECT {qualified(found.stored, 'rename_stored')}({', '.join(texts)})"
    comments = (storage_comment(pair.after) for pair in moving)
    subject = moving[0].before.called if len(moving) == 1 else ""
    lock = Lock("ACCESS EXCLUSIVE", moving[0].before.storage, brief=True)
    reason = (
        _STORED
        if subject
        else f"what stores {', '.join(pair.before.called for pair in moving)} is called after what they are then"
    )
    yield Step("rename", subject, reason, (statement, *comments), lock)


def _with_columns(pair: Pair) -> Iterator[str]:
    yield pair.before.storage[1]
    yield from (it.name for it in companions(pair.before))
    yield from (arm.name for arm in pair.before.exposure.arms)


def history_statements(found: Renames, views: Iterable[Name]) -> Iterator[str]:
    """What is told of the views, and what they take the place of: before anything of a switch makes readers wait."""
    for name in views:
        pair = found.pairs.get(name)
        if pair is None:
            continue
        if pair.was != pair.now:
            yield f"SELECT {qualified(found.stored, 'rename_history')}({_both(pair)})"
        before = found.state.views[pair.was].definition
        values = f"{literal(pair.now[0])}, {literal(pair.now[1])}, {json_text(before)}"
        yield f"SELECT {qualified(found.stored, 'note_replaced')}({values})"


def rename_steps(found: Renames, view: CompiledView) -> Iterator[Step]:
    """Gives the view that readers use its name, in the switch."""
    pair = found.pairs.get((view.schema, view.name))
    if pair is None or pair.was == pair.now:
        return
    was, now = ".".join(pair.was), ".".join(pair.now)
    statements = [f"SELECT {qualified(found.stored, 'rename_view')}({_both(pair)})"]
    if pair.now in found.aliases:
        forget = f"SELECT {qualified(found.stored, 'forget')}({literal(pair.now[0])}, {literal(pair.now[1])})"
        dropped = [f"DROP VIEW {qualified(*pair.now)}"] if pair.now in found.state.relations else []
        statements = [*dropped, forget, *statements]
    dangers = () if pair.was in found.staying else (Danger("drop-view", f"{was} is called {now} then"),)
    lock = Lock("ACCESS EXCLUSIVE", pair.was, brief=True)
    yield Step("rename", view.called, f"it was called {was}; what reads it follows", tuple(statements), lock, dangers)


def _both(pair: Pair) -> str:
    return ", ".join(literal(text) for text in (*pair.was, *pair.now))


def alias_notes(state: State, views: Iterable[CompiledView]) -> Iterator[str]:
    """Former names whose time is over: nothing goes by itself."""
    for view in views:
        if view.alias and state.today and view.alias.until < state.today:
            named = f"the former name {view.schema}.{view.name} was to stay until {view.alias.until}"
            yield f"{named}: take `alias_until` out of {view.path}, and the next mvc apply drops it"


def rename_refusals(found: Renames) -> Iterator[Refusal]:
    """A former name that a view takes back while others read the view which stands for it."""
    for name in sorted(found.aliases):
        if readers := [item.described for item in found.state.dependents.get(name, ()) if item.kind != "mention"]:
            message = f"{'.'.join(name)} becomes the view itself again, and is read by {', '.join(readers)}"
            yield Refusal(message, "change or drop what reads it first")
