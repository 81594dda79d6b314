"""Drops what no reader uses any more: what was kept for a rollback, and what interrupted deployments left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import psycopg

from mvc.compiled.project import Compiled
from mvc.compiled.view import Target
from mvc.engines.postgres.plan.leftovers import Leftover, find_leftovers
from mvc.engines.postgres.plan.state import RELATION_KINDS, State
from mvc.engines.postgres.plan.steps import Lock, Step
from mvc.engines.postgres.server.errors import ServerError, StatementRefused, server_errors
from mvc.engines.postgres.server.lock import deployment_lock
from mvc.engines.postgres.server.owner import working_role
from mvc.engines.postgres.server.read_state import ledger, read_state
from mvc.engines.postgres.server.run_steps import Session, Timeouts, run_step
from mvc.engines.postgres.server.search_path import OWN_NAMES
from mvc.quoting import literal, qualified

PATIENT: Final = 10.0  # seconds to wait for readers of what is to be dropped
_DEPENDED_ON: Final = "2BP01"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was dropped, and what could not be, with the reason."""

    dropped: tuple[Leftover, ...]
    kept: tuple[tuple[Leftover, str], ...]


@server_errors()
def leftovers(connection: psycopg.Connection, target: Target) -> tuple[Leftover, ...]:
    """What is there and not in use. Writes nothing."""
    return leftovers_of(connection, read_state(connection, target), target.stored)


def leftovers_of(connection: psycopg.Connection, state: State, storage_schema: str) -> tuple[Leftover, ...]:
    """The same, of a state that was read already."""
    if not state.deployment and not state.stored:
        return ()
    query = f"SELECT definition #>> '{{storage,1}}' FROM {qualified(storage_schema, 'replaced_view')} WHERE definition IS NOT NULL"
    there = f"SELECT to_regclass({literal(qualified(storage_schema, 'replaced_view'))})"  # somebody may have dropped it
    with ledger(connection, storage_schema):
        kept = connection.execute(there.encode()).fetchone() != (None,)
        replaced = frozenset(row[0] for row in connection.execute(query.encode())) if kept else frozenset()
    return find_leftovers(state, storage_schema, replaced)


@server_errors()
def prune(
    connection: psycopg.Connection,
    compiled: Compiled,
    pace: Timeouts | None = None,
    on_drop: Callable[[Leftover], None] | None = None,
) -> Pruned:
    """Drops every leftover that is known; each is a transaction of its own, and `on_drop` hears of it. Raises ServerError while another deploys.

    `pace` says how long to wait for whoever reads one, 10 seconds by default. The connection must be in autocommit mode.
    """
    dropped: list[Leftover] = []
    with deployment_lock(connection, compiled.stored) as still_locked:
        session = Session(connection, OWN_NAMES, working_role(connection, compiled.stored), pace or Timeouts(PATIENT))
        found = leftovers(connection, compiled)
        waiting = [item for item in found if item.kind != "unknown"]
        refused: list[tuple[Leftover, ServerError]] = []
        while waiting:  # what reads another one may come after it, where nothing says what was built last
            refused = []
            for item in waiting:
                still_locked()
                try:
                    run_step(session, _drop(item, compiled.stored))
                except ServerError as problem:
                    refused.append((item, problem))
                else:
                    dropped.append(item)
                    if on_drop:
                        on_drop(item)
            waiting = [item for item, _ in refused] if len(refused) < len(waiting) else []
        kept = [(item, _why_kept(connection, item, compiled.stored, problem)) for item, problem in refused]
    kept += [(item, "it was not made by mvc") for item in found if item.kind == "unknown"]
    return Pruned(tuple(dropped), tuple(kept))


def _why_kept(connection: psycopg.Connection, item: Leftover, storage_schema: str, problem: ServerError) -> str:
    if not isinstance(problem, StatementRefused) or problem.refusal.sqlstate != _DEPENDED_ON:
        return str(problem)
    names = [item.name, *(name for name, _ in item.companions)]
    query = f"""SELECT DISTINCT pg_catalog.format('%%I.%%I', n.nspname, r.relname) FROM pg_catalog.pg_class AS c
        CROSS JOIN {qualified(storage_schema, "readers_of")}(c.oid) AS reader (oid) JOIN pg_catalog.pg_class AS r ON r.oid = reader.oid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
        WHERE c.relnamespace = pg_catalog.to_regnamespace(%s) AND c.relname = ANY (%s) AND NOT (r.relnamespace = c.relnamespace AND r.relname = ANY (%s))
        ORDER BY 1"""
    with ledger(connection, storage_schema):
        found = [
            row[0] for row in connection.execute(query.encode(), (qualified(storage_schema), names, names)).fetchall()
        ]
    if not found:
        return "something that mvc did not make depends on it"
    return f"{', '.join(found)} reads it: drop that, or have it read the view that readers use, and prune again"


def _drop(item: Leftover, storage_schema: str) -> Step:
    forget = f"DELETE FROM {qualified(storage_schema, 'stored_relation')} WHERE stored_name = {literal(item.name)}"
    former = f"DELETE FROM {qualified(storage_schema, 'former_relation')} WHERE stored_name = {literal(item.name)}"
    turn = f"DELETE FROM {qualified(storage_schema, 'turn')} WHERE work = {literal(f'refresh {item.name}')}"
    logs = f"SELECT {qualified(storage_schema, 'drop_unused_logs')}()"
    lock = Lock("ACCESS EXCLUSIVE", (storage_schema, item.name), brief=True)
    return Step(
        "drop view", item.view, "nobody reads it", (*_drops(item, storage_schema), forget, former, turn, logs), lock
    )


def _drops(item: Leftover, storage_schema: str) -> Iterator[str]:
    """One statement for each kind, since views may read each other; what may read a table goes first."""
    parts = [*item.companions, (item.name, item.relkind)]
    for relkind, kind in RELATION_KINDS.items():
        if names := [qualified(storage_schema, name) for name, of in parts if of == relkind]:
            yield f"DROP {kind} {', '.join(names)}"
