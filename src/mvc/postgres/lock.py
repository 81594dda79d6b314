"""One deployment of a database at a time, and one who sees to its schedules: an advisory lock in an open transaction of a connection
of its own.

That holds behind a transaction pooler as well, where a lock of the session would be lost with the first commit, and it ends
with the process, however that ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from mvc.postgres.blockers import deployer
from mvc.postgres.errors import ServerError, server_errors

LOCK = 0x6D766321  # `mvc!`
_TRY = "SELECT pg_catalog.pg_try_advisory_xact_lock(%s)"


@contextmanager
def deployment_lock(connection: psycopg.Connection) -> Iterator[Callable[[], None]]:
    """Holds the lock of the database that `connection` is to; yields a check that raises ServerError once it is lost.

    Raises ServerError where somebody else holds it.
    """
    with server_errors():
        holder = second_connection(connection)
    try:
        with server_errors():
            _free_of_limits(holder)
            if not _take(holder, LOCK):
                raise _under_way(holder)
            _prove_same_server(connection)
        yield lambda: _check(holder)
    finally:
        _release(holder)


@dataclass
class Contender:
    """One of those who would see to something that only one should, under a lock of this number."""

    holder: psycopg.Connection
    key: int
    led: bool = False

    @server_errors()
    def leads(self) -> bool:
        """Whether it does, from now on or still. Raises ServerError where the connection is lost, and the lock with it."""
        if self.led:
            self.holder.execute("SELECT")
        else:
            self.led = _take(self.holder, self.key)
        return self.led


@contextmanager
def contender(connection: psycopg.Connection, what: str) -> Iterator[Contender]:
    """One more contender for `what`, in the database that `connection` is to."""
    with server_errors():
        holder = second_connection(connection)
        _free_of_limits(holder)
    try:
        yield Contender(holder, int.from_bytes(sha256(what.encode()).digest()[:8], "big", signed=True))
    finally:
        _release(holder)


def second_connection(connection: psycopg.Connection) -> psycopg.Connection:
    """Another connection, with the same settings of libpq, to the very server that a list of hosts or addresses led to."""
    info = connection.info
    settings = conninfo_to_dict(info.dsn)
    settings |= {"host": info.host, "port": str(info.port), "dbname": info.dbname, "user": info.user}
    if info.hostaddr:
        settings["hostaddr"] = info.hostaddr
    if info.password:
        settings["password"] = info.password
    holder = psycopg.connect(make_conninfo("", **settings), prepare_threshold=None)
    holder.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # keeps no snapshot while it is idle
    return holder


def _free_of_limits(holder: psycopg.Connection) -> None:
    """Begins the transaction, in which nobody minds that it is idle."""
    limits = ["idle_in_transaction_session_timeout", "statement_timeout"]
    limits += ["transaction_timeout"] if holder.info.server_version >= 170_000 else []
    holder.execute("; ".join(f"SET LOCAL {limit} = 0" for limit in limits).encode())


def _release(holder: psycopg.Connection) -> None:
    """Gives the lock back before whoever comes next: a connection that is just closed may hold it for a moment longer."""
    with suppress(psycopg.Error):
        holder.rollback()
    holder.close()


def _take(holder: psycopg.Connection, key: int) -> bool:
    row = holder.execute(_TRY, (key,)).fetchone()
    return bool(row and row[0])


def _under_way(holder: psycopg.Connection) -> ServerError:
    who = deployer(holder, LOCK)
    said = "another deployment of this database is under way" + (f": {who}" if who else "")
    return ServerError(said, "try again when it has ended")


def _prove_same_server(connection: psycopg.Connection) -> None:
    """What is locked over there must be locked here as well: a pooler or proxy may lead each connection elsewhere."""
    row = connection.execute(_TRY, (LOCK,)).fetchone()
    if row and row[0]:
        hint = "connect to one server, without a proxy that spreads connections over several"
        raise ServerError("the deployment's lock was taken on another server than the one to deploy to", hint)


def _check(holder: psycopg.Connection) -> None:
    try:
        holder.execute("SELECT")
    except psycopg.Error:
        hint = "nothing was switched since then; run mvc apply again"
        raise ServerError("the connection that held the deployment's lock was lost", hint) from None
