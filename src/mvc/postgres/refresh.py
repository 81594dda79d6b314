"""Refreshes deployed views, each in a transaction and a log row of its own; what a failed view feeds is skipped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import psycopg

from mvc.artifacts import CompiledView
from mvc.compiled import Compiled
from mvc.postgres.errors import ServerError, server_errors
from mvc.postgres.own_names import own_names
from mvc.postgres.owner import standing
from mvc.quoting import literal, qualified

ATTEMPTS: Final = 3  # so often a refresh begins again where another one committed just before its snapshot
Status = Literal["completed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One refresh. `seconds` is the server's own measure; `rows` those of the view afterwards; `reason` why it did not run."""

    view: str
    status: Status
    seconds: float
    rows: int | None
    reason: str


@server_errors()
def refresh(
    connection: psycopg.Connection,
    compiled: Compiled,
    names: Iterable[str] = (),
    on_view: Callable[[Refreshed], None] | None = None,
    timeout: float = 0,
) -> tuple[Refreshed, ...]:
    """Refreshes the materialized views `names` (none means all), upstream first; `on_view` hears of each as it ends, and
    none takes longer than `timeout` seconds (0: as long as the role's settings allow).

    The connection must be in autocommit mode. Raises ServerError if nothing of the project is deployed, and KeyError for an
    unknown name; a view's own failure is a result.
    """
    with own_names(connection):
        standing(connection, compiled.stored)
        ledger = _deployed(connection, compiled.stored)
    if not ledger:
        raise ServerError("nothing of this project is deployed here", "deploy it first: mvc apply")
    wanted = {compiled.view(name).name for name in names} or {view.name for view in compiled.views}
    results: list[Refreshed] = []
    unusable: dict[str, str] = {}
    for view in compiled.views:
        if any(name in unusable for name in view.upstream):
            unusable[view.name] = f"reads {', '.join(name for name in view.upstream if name in unusable)}"
        if view.name not in wanted or view.kind == "plain":
            continue
        if (view.schema, view.name) in ledger:
            result = _one(connection, compiled, view, unusable, timeout)
        else:
            result = Refreshed(view.name, "skipped", 0.0, None, "not deployed here")
        if result.status == "failed":
            unusable[view.name] = "failed"
        results.append(result)
        if on_view:
            on_view(result)
    return tuple(results)


def _deployed(connection: psycopg.Connection, stored: str) -> set[tuple[str, str]]:
    """The (schema, view) names in the ledger; none in a database that has no such thing."""
    exists = connection.execute("SELECT to_regclass(format('%%I.deployed_view', %s::text))", (stored,)).fetchone()
    if exists is None or exists[0] is None:
        return set()
    query = f"SELECT view_schema, view_name FROM {qualified(stored, 'deployed_view')}"
    return {(schema, view) for schema, view in connection.execute(query.encode())}


def _one(
    connection: psycopg.Connection, compiled: Compiled, view: CompiledView, unusable: dict[str, str], timeout: float
) -> Refreshed:
    if view.name in unusable:
        return Refreshed(view.name, "skipped", 0.0, None, f"{unusable[view.name]}, which failed")
    begin = f"SELECT {qualified(compiled.stored, 'refresh_begin')}({literal(view.schema)}, {literal(view.name)})"
    try:
        with _writing(connection, 0):
            row = connection.execute(begin.encode()).fetchone()
        run = row[0] if row else 0
        for _ in range(ATTEMPTS):
            with _writing(connection, timeout, "REPEATABLE READ"):
                work = f"SELECT {qualified(compiled.stored, 'refresh_run')}({run})"
                ended = connection.execute(work.encode()).fetchone()
            if ended != ("again",):
                break
        with _writing(connection, 0):
            connection.execute(f"SELECT {qualified(compiled.stored, 'refresh_end')}({run})".encode())
    except psycopg.Error as problem:
        return Refreshed(view.name, "failed", 0.0, None, (str(problem).strip().splitlines() or ["no reason given"])[0])
    return _last_run(connection, compiled, view)


@contextmanager
def _writing(connection: psycopg.Connection, timeout: float, isolation: str = "READ COMMITTED") -> Iterator[None]:
    """A transaction with a limit of its own, in seconds (0 is none): one of the session would stay behind in a pooler."""
    with connection.transaction():
        mode = f"SET TRANSACTION ISOLATION LEVEL {isolation}, READ WRITE"
        limit = f"; SET LOCAL statement_timeout = {math.ceil(timeout * 1000)}" if timeout else ""
        connection.execute(f"{mode}{limit}".encode())
        yield


def _last_run(connection: psycopg.Connection, compiled: Compiled, view: CompiledView) -> Refreshed:
    query = (
        "SELECT status, extract(epoch FROM finished_at - started_at)::float8, rows, coalesce(error, '')"
        f" FROM {qualified(compiled.stored, 'refresh_log')}"
        f" WHERE view_schema = {literal(view.schema)} AND view_name = {literal(view.name)} ORDER BY id DESC LIMIT 1"
    )
    with own_names(connection):
        row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise ServerError(f"the refresh of {view.name} left no trace in the log")
    return Refreshed(view.name, row[0], row[1] or 0.0, row[2], row[3])
