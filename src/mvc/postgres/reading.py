"""What is deployed, read by whoever may: one who can only become the owner, without having his rights, becomes him for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from mvc.planning.state import Name, State
from mvc.postgres.blockers import blockers
from mvc.postgres.errors import Denied, InUse, ServerError
from mvc.postgres.generation import Installed, refuse_older
from mvc.postgres.observe import observe
from mvc.postgres.own_names import own_names
from mvc.postgres.owner import acting_as, standing, working_role
from mvc.postgres.run_steps import PATIENCE


def read_state(
    connection: psycopg.Connection,
    stored: str,
    exposed: Iterable[Name] = (),
    patience: float = PATIENCE,
    *,
    to_upgrade: bool = False,
) -> State:
    """What is there. Takes no lock above ACCESS SHARE and writes nothing. Raises ServerError, also where an older mvc has deployed,
    unless it is read `to_upgrade` it.

    `patience` is in seconds: the server prints definitions, which waits for whoever alters what they read.
    """
    names = tuple(exposed)
    try:
        state = _observed(connection, stored, names, None, patience)
    except Denied:
        role = working_role(connection, stored)
        if not role:
            raise
        state = _observed(connection, stored, names, role, patience)
    if state.generation and not to_upgrade:
        refuse_older(Installed(state.generation))
    return state


def _observed(
    connection: psycopg.Connection, stored: str, exposed: tuple[Name, ...], role: str | None, patience: float
) -> State:
    try:
        with acting_as(connection, role, patience):
            return observe(connection, stored, exposed)
    except InUse as problem:
        who = blockers(connection, ()) or ["look for ALTER TABLE and the like in pg_stat_activity"]
        message = f"what a view reads was in use for {patience:g} s: {problem}"
        raise ServerError(message, f"{'; '.join(who)}. Nothing was changed") from None


@contextmanager
def ledger(connection: psycopg.Connection, stored: str, mode: str = "") -> Iterator[None]:
    """A transaction in which the ledger can be read, and by who may deploy also written. `mode` is what it begins with."""
    found = standing(connection, stored)
    with acting_as(connection, found.role if found.may_become else None, mode=mode), own_names(connection):
        yield
