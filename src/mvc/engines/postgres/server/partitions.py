"""Makes the partitions that are due and retires old ones, by the spec that was deployed last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import errors

from mvc.compiled.view import Target
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.generation import check_generation
from mvc.engines.postgres.server.owner import check_may_refresh, standing
from mvc.engines.postgres.server.search_path import own_names
from mvc.quoting import literal, qualified

Action = Literal["create", "detach", "drop", "fail"]


@dataclass(frozen=True, slots=True)
class DuePartition:
    """Something to do for a table. `lower` and `upper` are bounds as the table's key spells them; for `fail` there is nothing
    to be done, and `note` says why.
    """

    action: Action
    schema: str
    table: str
    partition: str | None
    lower: str | None
    upper: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class PartitionDone:
    """What became of it; `error` where it failed."""

    action: Literal["created", "detached", "dropped", "failed"]
    schema: str
    table: str
    partition: str | None
    lower: str | None
    upper: str | None
    note: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ShrunkView:
    """A view that was refreshed since its rows have gone with a partition; `status` is that of the refresh."""

    schema: str
    view: str
    status: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Maintained:
    """One run. Partitions in the order in which they were done, views upstream first."""

    partitions: tuple[PartitionDone, ...]
    views: tuple[ShrunkView, ...]

    @property
    def failed(self) -> bool:
        """Whether something is not as the spec wants it."""
        return any(item.error for item in self.partitions) or any(item.status == "failed" for item in self.views)


@server_errors()
def due_partitions(connection: psycopg.Connection, compiled: Target) -> tuple[DuePartition, ...]:
    """What is due now. Writes nothing. Raises ServerError where nothing of the project is deployed."""
    with _deployed(connection, compiled):
        query = f"""SELECT action, table_schema, table_name, partition_name, lower, upper, note
            FROM {qualified(compiled.stored, "partition_tasks")}({literal(compiled.project)})"""
        return tuple(DuePartition(*row) for row in connection.execute(query.encode()))


@server_errors()
def maintain_partitions(connection: psycopg.Connection, compiled: Target) -> Maintained:
    """Does what is due, each partition in a transaction of its own, and refreshes the views whose rows have gone.

    The connection must be in autocommit mode. Raises ServerError where nothing of the project is deployed; what fails of
    single partitions is a result.
    """
    with _deployed(connection, compiled):
        marks = _marks(connection, compiled.stored)
    call = f"CALL {qualified(compiled.stored, 'maintain_partitions')}({literal(compiled.project)})"
    with suppress(errors.RaiseException):  # it names what failed, as the log does
        connection.execute(call.encode())
    with own_names(connection):
        return Maintained(_done(connection, compiled, marks[0]), _shrunk(connection, compiled.stored, marks[1]))


@contextmanager
def _deployed(connection: psycopg.Connection, compiled: Target) -> Iterator[None]:
    """A transaction with names of our own, where something of the project is deployed. Raises ServerError."""
    with own_names(connection):
        there = standing(connection, compiled.stored).owner is not None
        if there:  # else whoever makes it now is not known to be trusted
            check_may_refresh(connection, compiled)
            check_generation(connection, compiled.stored)
        if not there or not _is_there(connection, compiled):
            raise ServerError("nothing of this project is deployed here", "deploy it first: mvc apply")
        yield


def _is_there(connection: psycopg.Connection, compiled: Target) -> bool:
    query = "SELECT to_regclass(format('%%I.partition_log', %s::text)) IS NOT NULL"
    if connection.execute(query, (compiled.stored,)).fetchone() != (True,):
        return False
    deployed = f"SELECT FROM {qualified(compiled.stored, 'deployment')} WHERE project = %s LIMIT 1"
    return connection.execute(deployed.encode(), (compiled.project,)).fetchone() is not None


def _marks(connection: psycopg.Connection, storage_schema: str) -> tuple[int, int]:
    """The last rows of both logs."""
    logs = (qualified(storage_schema, "partition_log"), qualified(storage_schema, "refresh_log"))
    query = "SELECT " + ", ".join(f"(SELECT coalesce(max(id), 0) FROM {log})" for log in logs)
    row = connection.execute(query.encode()).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _done(connection: psycopg.Connection, compiled: Target, since: int) -> tuple[PartitionDone, ...]:
    query = f"""SELECT action, table_schema, table_name, partition_name, lower, upper, note, error
        FROM {qualified(compiled.stored, "partition_log")}
        WHERE id > {since} AND project = {literal(compiled.project)} ORDER BY id"""
    return tuple(PartitionDone(*row) for row in connection.execute(query.encode()))


def _shrunk(connection: psycopg.Connection, storage_schema: str, since: int) -> tuple[ShrunkView, ...]:
    query = f"""SELECT view_schema, view_name, status, error FROM {qualified(storage_schema, "refresh_log")}
        WHERE id > {since} AND schedule = 'partitions' ORDER BY id"""
    return tuple(ShrunkView(*row) for row in connection.execute(query.encode()))
