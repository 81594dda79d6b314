"""The time limits of a session and its transactions. A role or a database may have some that are meant for its applications, as hosted servers
do: what is done here has its own, or none.
"""

from __future__ import annotations

from typing import Final

import psycopg

from mvc.engines.postgres.server.errors import server_errors

_OF_TRANSACTIONS: Final = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
_SINCE_17: Final = "transaction_timeout"


def _known(connection: psycopg.Connection) -> tuple[str, ...]:
    return (*_OF_TRANSACTIONS, _SINCE_17) if connection.info.server_version >= 170_000 else _OF_TRANSACTIONS


def own_limits(connection: psycopg.Connection, statement_ms: int = 0, lock_ms: int = 0) -> str:
    """The statements with which a transaction begins, so that it has these limits alone (0: none)."""
    given = {"statement_timeout": statement_ms, "lock_timeout": lock_ms}
    return "; ".join(f"SET LOCAL {name} = {given.get(name, 0)}" for name in _known(connection))


@server_errors()
def lift_limits(connection: psycopg.Connection) -> None:
    """Sets those of the session to none. A pooler tells a process id that it made up, and keeps what is set for whoever comes next: nothing is
    set there.
    """
    names = ", ".join(f"('{name}')" for name in (*_known(connection), "idle_session_timeout"))
    connection.execute(
        f"SELECT pg_catalog.set_config(limits.name, '0', false) FROM (VALUES {names}) AS limits (name)"
        f" WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) {connection.info.backend_pid}".encode()
    )
