"""The rights that a plan needs and the role in whose name it works does not have: all of them at once, with what grants them; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mvc.catalog.types import Function
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.named_code import signature
from mvc.engines.postgres.plan.live import Live, MissingRight
from mvc.engines.postgres.plan.state import Name, State
from mvc.engines.postgres.plan.steps import Refusal, Step
from mvc.quoting import identifier, qualified

MOST_NAMED: Final = 3  # views, where many need the same


def missing_rights(state: State, views: Iterable[CompiledView], steps: Iterable[Step]) -> tuple[MissingRight, ...]:
    """What is missing for these steps; `views` are those of the plan. Empty where rights were not asked about."""
    live = state.live
    if live is None:
        return ()
    taken = tuple(steps)
    busy = {step.view for step in taken}
    chosen = [view for view in views if view.called in busy]
    found = [
        *_of_database(state, live, taken),
        *_of_schemas(live, chosen, taken),
        *_of_relations(live, chosen),
        *_of_triggers(live, chosen, taken),
        *_of_functions(live, chosen),
    ]
    return tuple(dict.fromkeys(found))


def absent_schemas(state: State, views: Iterable[CompiledView]) -> Iterator[Refusal]:
    """Schemas in which views are to be exposed, and which nobody has made."""
    chosen = tuple(views)
    for schema in sorted(state.live.rights.absent if state.live else ()):
        if names := [view.called for view in chosen if view.schema == schema]:
            message = f"there is no schema {schema}, in which {', '.join(names[:MOST_NAMED])} {'is' if len(names) == 1 else 'are'} to be"
            yield Refusal(
                message,
                f"CREATE SCHEMA {identifier(schema)}, or name another: schema: NAME in a view, schemas: {{exposed: NAME}} in mvc.yml",
            )


def reader_notes(state: State, views: Iterable[CompiledView]) -> Iterator[str]:
    """Readers who may read a view and not look into its schema: which is theirs to grant whose schema it is."""
    shut_out = state.live.rights.shut_out if state.live else frozenset()
    for schema, role in sorted(shut_out):
        if names := [view.called for view in views if view.schema == schema and role in view.readers]:
            grant = f"GRANT USAGE ON SCHEMA {identifier(schema)} TO {identifier(role)}"
            named = "everybody" if role == "public" else role
            yield f"{named} may read {', '.join(names[:MOST_NAMED])} and not look into the schema {schema}: {grant}"


def rights_refusal(missing: tuple[MissingRight, ...]) -> Iterator[Refusal]:
    """One refusal for all of them, whose help can be pasted."""
    if missing:
        listed = ", ".join(f"{item.privilege} on {item.on}{_for(item)}" for item in missing)
        count = "a right" if len(missing) == 1 else f"{len(missing)} rights"
        message = f"the role {missing[0].role} lacks {count} that this needs: {listed}"
        yield Refusal(message, "; ".join(item.statement for item in missing))


def _for(item: MissingRight) -> str:
    more = len(item.needed_for) - MOST_NAMED
    names = ", ".join(item.needed_for[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f" (for {names})" if names else ""


def _of_database(state: State, live: Live, steps: tuple[Step, ...]) -> Iterator[MissingRight]:
    """A schema of its own, where nobody has made it."""
    installs = any(step.action in ("runtime", "upgrade") for step in steps)
    if installs and state.owner is None and not live.rights.makes_schemas:
        yield MissingRight("CREATE", f"DATABASE {identifier(state.database)}", live.rights.role)


def _of_schemas(live: Live, views: list[CompiledView], steps: tuple[Step, ...]) -> Iterator[MissingRight]:
    schemas = {view.called: view.schema for view in views}
    exposed = {schemas[step.view] for step in steps if step.action in ("expose", "take over") and step.view in schemas}
    for schema in sorted(exposed & live.rights.closed):
        names = tuple(view.called for view in views if view.schema == schema)
        yield MissingRight("CREATE", f"SCHEMA {identifier(schema)}", live.rights.role, names)
    for schema in sorted(live.rights.unusable):
        if names := tuple(view.called for view in views if any(_is_in(schema, name) for name in view.named)):
            yield MissingRight("USAGE", f"SCHEMA {identifier(schema)}", live.rights.role, names)


def _is_in(schema: str, name: str) -> bool:
    return name.startswith(f"{identifier(schema)}.")


def _of_relations(live: Live, views: list[CompiledView]) -> Iterator[MissingRight]:
    for relation, columns in sorted(live.rights.unreadable.items()):
        names = tuple(view.called for view in views if _may_not_read(view, relation, columns, live))
        if names:
            yield MissingRight("SELECT", qualified(*relation), live.rights.role, names)


def _may_not_read(view: CompiledView, relation: Name, columns: frozenset[str], live: Live) -> bool:
    """Whether it reads a column without a right to; of what only its rules read, the columns are not known."""
    if qualified(*relation) not in view.named:
        return False
    prefix = f"{'.'.join(relation)}."
    read = {name.removeprefix(prefix) for name in view.reads if name.startswith(prefix)}
    there = live.catalog.by_name.get(relation)
    every = there is not None and len(columns) == len(there.columns)
    return bool(read & columns) or (every and not read)


def _of_triggers(live: Live, views: list[CompiledView], steps: tuple[Step, ...]) -> Iterator[MissingRight]:
    for step in steps:
        table = step.lock.relation if step.lock and step.action == "watch" else None
        if table in live.rights.untriggerable:
            names = tuple(view.called for view in views if table in _watched(view))
            yield MissingRight("TRIGGER", qualified(*table), live.rights.role, names)


def _watched(view: CompiledView) -> set[Name]:
    return {(item.schema, item.table) for item in view.increment.watched} if view.increment else set()


def _of_functions(live: Live, views: list[CompiledView]) -> Iterator[MissingRight]:
    """Functions that a build calls; of several of one name, only where it may call none, since which one is meant the server decides."""
    for function in live.catalog.functions:
        names = tuple(view.called for view in views if _calls(view, function))
        others = (item for item in live.catalog.functions if _name(item) == _name(function))
        if names and all(signature(item) in live.rights.uncallable for item in others):
            kind = "PROCEDURE" if function.kind == "procedure" else "FUNCTION"
            yield MissingRight("EXECUTE", f"{kind} {signature(function)}", live.rights.role, names)


def _name(function: Function) -> Name:
    return function.schema, function.name


def _calls(view: CompiledView, function: Function) -> bool:
    """Whether its query or an index calls it; what its rules call, readers run with rights of their own."""
    word = re.compile(rf'(?<!\w)"?{re.escape(function.name)}"?\s*\(')
    texts = (view.stored_query, *(index.definition for index in view.indexes))
    return signature(function) in view.named and any(word.search(text) for text in texts)
