"""What is deployed, read by whoever may: one who can only become the owner, without having his rights, becomes him for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from mvc.catalog.types import Catalog
from mvc.compiled.view import Target
from mvc.engines.postgres.plan.state import Name, State
from mvc.engines.postgres.server.blockers import blockers
from mvc.engines.postgres.server.errors import Denied, InUse, ServerError
from mvc.engines.postgres.server.generation import Installed, refuse_older
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.owner import acting_as, standing, working_role
from mvc.engines.postgres.server.run_steps import PATIENCE
from mvc.engines.postgres.server.search_path import own_names


def read_state(  # noqa: PLR0913 - all that is asked about
    connection: psycopg.Connection,
    target: Target,
    exposed: Iterable[Name] = (),
    patience: float = PATIENCE,
    *,
    to_upgrade: bool = False,
    believed: Catalog | None = None,
    readers: Iterable[str] = (),
) -> State:
    """What is there, also of the relations and functions that are `believed` to be. Takes no lock above ACCESS SHARE and writes nothing. Raises ServerError, also where an older mvc has deployed,
    unless it is read `to_upgrade` it.

    `patience` is in seconds: the server prints definitions, which waits for whoever alters what they read.
    """
    asked = _Asked(target, tuple(exposed), believed, tuple(readers))
    try:
        state = _observed(connection, asked, None, patience)
    except Denied:
        role = working_role(connection, target.stored)
        if not role:
            raise
        state = _observed(connection, asked, role, patience)
    if state.generation and not to_upgrade:
        refuse_older(Installed(state.generation))
    return state


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked about."""

    target: Target
    exposed: tuple[Name, ...]
    believed: Catalog | None
    readers: tuple[str, ...]


def _observed(connection: psycopg.Connection, asked: _Asked, role: str | None, patience: float) -> State:
    try:
        with acting_as(connection, role, patience):
            return observe(connection, asked.target, asked.exposed, asked.believed, asked.readers)
    except InUse as problem:
        who = blockers(connection, ()) or ["look for ALTER TABLE and the like in pg_stat_activity"]
        message = f"what a view reads was in use for {patience:g} s: {problem}"
        raise ServerError(message, f"{'; '.join(who)}. Nothing was changed") from None


@contextmanager
def ledger(connection: psycopg.Connection, storage_schema: str, mode: str = "") -> Iterator[None]:
    """A transaction in which the ledger can be read, and by who may deploy also written. `mode` is what it begins with."""
    found = standing(connection, storage_schema)
    with acting_as(connection, found.role if found.may_become else None, mode=mode), own_names(connection):
        yield
