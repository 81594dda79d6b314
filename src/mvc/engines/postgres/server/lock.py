"""One deployment of a database at a time, and one who sees to its schedules: a lock on a relation of the stored schema, on which nobody but
its owner has a right, in an open transaction of a connection of its own. An advisory lock would be anybody's who can log in.

That holds behind a transaction pooler as well, where a lock of the session would be lost with the first commit, and it ends
with the process, however that ends. It takes no transaction number, so it keeps nothing from being vacuumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from mvc.compiled.view import Target
from mvc.engines.postgres.server.blockers import deployer
from mvc.engines.postgres.server.connection import settings_of
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.limits import own_limits
from mvc.engines.postgres.server.owner import acting_as, check_may_refresh, standing
from mvc.quoting import identifier, literal, qualified

_RELATION: Final = "deploying"  # engines/postgres/runtime/turns.sql
_GONE: Final = (errors.UndefinedTable, errors.UndefinedFunction, errors.InvalidSchemaName)


@contextmanager
def deployment_lock(connection: psycopg.Connection, storage_schema: str) -> Iterator[Callable[[], None]]:
    """Holds the lock of the stored schema of the database that `connection` is to; yields a check that raises ServerError once it is lost.

    Where there is no such schema yet, only one can make it; the check takes the lock then. Raises ServerError where somebody else
    holds it.
    """
    with server_errors():
        lock = _DeploymentLock(connection, second_connection(connection), storage_schema)
    try:
        with server_errors():
            lock.take()
        yield lock.check
    finally:
        _release(lock.holder)


@dataclass
class _DeploymentLock:
    """The lock, and the connection whose transaction has it once it is `held`."""

    connection: psycopg.Connection
    holder: psycopg.Connection
    storage_schema: str
    held: bool = False

    def take(self) -> None:
        """Locks the relation, where there is one that we may lock. Raises ServerError where somebody else has. Whoever may not deploy will be
        told so without.
        """
        with acting_as(self.connection, None):
            found = standing(self.connection, self.storage_schema)
        if found.owner is None:
            self._prove_same_start()
        if found.owner is None or not found.may_become:
            return
        try:
            self._lock(found.role)
        except _GONE:
            self._make(found.role)
            self._lock_what_was_made(found.role)
        self.held = True
        self._prove_same_server(found.role)

    def _lock(self, role: str | None) -> None:
        try:
            _free_of_limits(self.holder)
            become = f"SET LOCAL ROLE {identifier(role)}; " if role else ""
            self.holder.execute(become.encode() + self._statement)
        except errors.LockNotAvailable:
            self.holder.rollback()
            raise self._under_way() from None
        except _GONE:
            self.holder.rollback()
            raise

    def _lock_what_was_made(self, role: str | None) -> None:
        try:
            self._lock(role)
        except _GONE:
            raise _on_another_server() from None

    def _make(self, role: str | None) -> None:
        """Makes the relation in a schema that an earlier revision left without it."""
        create = f"CREATE TABLE IF NOT EXISTS {qualified(self.storage_schema, _RELATION)} ()"
        with suppress(errors.UniqueViolation, errors.DuplicateTable), acting_as(self.connection, role):
            self.connection.execute(create.encode())  # else somebody else was faster

    @server_errors()
    def check(self) -> None:
        """Raises ServerError where the lock is lost, or cannot be had now that there is something to lock."""
        if not self.held:
            self.take()
            return
        try:
            self.holder.execute("SELECT")
        except psycopg.Error:
            hint = "nothing was switched since then; run mvc apply again"
            raise ServerError("the connection that held the deployment's lock was lost", hint) from None

    @property
    def _statement(self) -> bytes:
        return f"LOCK TABLE {qualified(self.storage_schema, _RELATION)} IN EXCLUSIVE MODE NOWAIT".encode()

    def _under_way(self) -> ServerError:
        who = deployer(self.holder, (self.storage_schema, _RELATION))
        said = "another deployment of this database is under way" + (f": {who}" if who else "")
        return ServerError(said, "try again when it has ended")

    def _prove_same_server(self, role: str | None) -> None:
        """What is locked over there must be locked here as well: a pooler or proxy may lead each connection elsewhere."""
        with suppress(errors.LockNotAvailable), acting_as(self.connection, role):
            self.connection.execute(self._statement)
            raise _on_another_server()

    def _prove_same_start(self) -> None:
        """The same where there is nothing to lock: by when the server was started."""
        query = "SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time())::pg_catalog.float8, pg_catalog.inet_server_port(), pg_catalog.current_database()"
        _free_of_limits(self.holder)  # its transaction is open from here on
        if self.holder.execute(query).fetchone() != self.connection.execute(query).fetchone():
            raise _on_another_server()


def _on_another_server() -> ServerError:
    hint = "connect to one server, without a proxy that spreads connections over several"
    return ServerError("the deployment's lock was taken on another server than the one to deploy to", hint)


@dataclass
class Contender:
    """One of those who would see to the schedules of a project, which only one of a role should."""

    holder: psycopg.Connection
    target: Target
    led: bool = False

    @server_errors()
    def leads(self) -> bool:
        """Whether it does, from now on or still. Raises ServerError where the connection is lost, and the lock with it."""
        if self.led:
            self.holder.execute("SELECT")
        else:
            self.led = self._take()
        return self.led

    def _take(self) -> bool:
        """Where nothing is deployed, or we may not refresh, there is nothing to lock: whoever begins to work is told so. Of an owner who is
        not to be trusted nothing is called.
        """
        query = f"SELECT {qualified(self.target.stored, 'lead')}({literal(self.target.project)})"
        try:
            if standing(self.holder, self.target.stored).owner is None:
                self.holder.rollback()
                return True
            check_may_refresh(self.holder, self.target)
            row = self.holder.execute(query.encode()).fetchone()
        except (*_GONE, errors.InsufficientPrivilege):
            self.holder.rollback()
            return True
        return bool(row and row[0])


@contextmanager
def contender(connection: psycopg.Connection, target: Target) -> Iterator[Contender]:
    """One more contender for the schedules of a project, in the database that `connection` is to."""
    with server_errors():
        holder = second_connection(connection)
        _free_of_limits(holder)
    try:
        yield Contender(holder, target)
    finally:
        _release(holder)


def second_connection(connection: psycopg.Connection) -> psycopg.Connection:
    """Another connection to the same server, with the same settings of libpq."""
    holder = psycopg.connect(make_conninfo("", **settings_of(connection)), prepare_threshold=None)
    holder.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # keeps no snapshot while it is idle
    return holder


def _free_of_limits(holder: psycopg.Connection) -> None:
    """Begins the transaction, in which nobody minds that it is idle."""
    holder.execute(own_limits(holder).encode())


def _release(holder: psycopg.Connection) -> None:
    """Gives the lock back before whoever comes next: a connection that is just closed may hold it for a moment longer."""
    with suppress(psycopg.Error):
        holder.rollback()
    holder.close()
