"""One refresh of one view: begun, run and logged by the runtime; here it gets its limits, and an end whatever happens to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg

from mvc.engines.postgres.server.door import ask, cancelled_after, works_as_owner
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.limits import own_limits
from mvc.engines.postgres.server.search_path import own_names, placed
from mvc.quoting import qualified

Status = Literal["completed", "failed", "skipped"]
INTERRUPTED = "57014"
ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """A mode (None: as the view was deployed), the bounds of a window, and the most seconds for the work and for a wait for a lock
    (0: none). `of_all` says that all views are meant that can have the mode.
    """

    mode: str | None = None
    lower: datetime | None = None
    upper: datetime | None = None
    timeout: float = 0
    lock_timeout: float = 0
    of_all: bool = False


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """A view that is to be refreshed, perhaps in the run of that number of a schedule. One that `insists` is refreshed in full while others
    may do less. `called` is what the project calls it, where that is not its name alone.
    """

    schema: str
    view: str
    options: RefreshOptions = RefreshOptions()
    schedule: str | None = None
    run: int | None = None
    insists: bool = False
    called: str = ""

    @property
    def said(self) -> str:
        """What results call the view."""
        return self.called or self.view


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One refresh. `seconds` is the server's own measure; `rows` those of the view afterwards; `reason` why it did not run.

    `busy` says that another refresh of the view was under way. `mode` is the one that it came to, and `detail` says why where that
    is another than was asked for; `changed` rows were written (None: the server does not say), `groups` were computed (None: all).
    """

    view: str
    status: Status
    seconds: float
    rows: int | None
    reason: str
    schedule: str | None = None
    busy: bool = False
    mode: str | None = None
    changed: int | None = None
    groups: int | None = None
    detail: str = ""


OnView = Callable[[Refreshed], None]


def refresh_view(
    connection: psycopg.Connection, storage_schema: str, task: RefreshRequest, failed: Iterable[str]
) -> Refreshed:
    """Refreshes one view, unless one of the views `failed` feeds it. Raises ServerError where the connection is lost; what else
    goes wrong is a result.
    """
    try:
        run, reason = _begin(connection, storage_schema, task, failed)
    except psycopg.Error as problem:
        reason, hint = _said(connection, problem), problem.diag.message_hint
        return Refreshed(task.said, "failed", 0.0, None, f"{reason} ({hint})" if hint else reason, task.schedule)
    if run is None and task.run is None:  # somebody asked for this very view
        return Refreshed(task.said, "failed", 0.0, None, f"{reason} (mvc apply deploys it)", task.schedule)
    if run is None or reason:
        return Refreshed(task.said, "skipped", 0.0, None, reason or "", task.schedule)
    try:
        _work(connection, storage_schema, run, task.options)
    except psycopg.Error as problem:
        said = _said(connection, problem)
        _abandon(connection, storage_schema, run, (said, problem.sqlstate or ""))
        return Refreshed(task.said, "failed", 0.0, None, said, task.schedule)
    except KeyboardInterrupt:
        with suppress(psycopg.Error):
            _abandon(connection, storage_schema, run, ("interrupted", INTERRUPTED))
        raise
    return _outcome(connection, storage_schema, run, task)


def _work(connection: psycopg.Connection, storage_schema: str, run: int, options: RefreshOptions) -> None:
    """In one snapshot, and once more where another refresh committed just before it was taken. A time limit that the server keeps needs a
    transaction of ours, in which none but the owner may work.
    """
    if not works_as_owner(connection, storage_schema):
        call = f"CALL {placed(storage_schema, 'refresh_work')}({run}, %s::pg_catalog.float8, NULL)"
        with cancelled_after(connection, options.timeout):
            connection.execute(call.encode(), (options.lock_timeout or None,))
        return
    for _ in range(ATTEMPTS):
        with _writing(connection, options, "REPEATABLE READ"):
            row = connection.execute(f"SELECT {qualified(storage_schema, 'refresh_run')}({run})".encode()).fetchone()
        if row != ("again",):
            break
    ask(connection, storage_schema, "end", {"run": run})


def _begin(
    connection: psycopg.Connection, storage_schema: str, task: RefreshRequest, failed: Iterable[str]
) -> tuple[int | None, str | None]:
    view = {"view_schema": task.schema, "view_name": task.view}
    if task.run is None:
        options = task.options
        said = {**view, "mode": options.mode, "failed": list(failed), "since": options.lower, "until": options.upper}
        found = ask(connection, storage_schema, "step", said)
    else:
        found = ask(connection, storage_schema, "step of schedule", {**view, "run": task.run})
    return found["run"], found["reason"]


def _said(connection: psycopg.Connection, problem: psycopg.Error) -> str:
    """The first line of what the server says. Raises ServerError where there is no server to say more."""
    first = (str(problem).strip().splitlines() or ["no reason given"])[0]
    if connection.closed:
        raise ServerError(f"the connection was lost: {first}") from None
    return first


def _abandon(connection: psycopg.Connection, storage_schema: str, run: int, said: tuple[str, str]) -> None:
    """Ends in the log what has not ended itself."""
    ask(connection, storage_schema, "abandon", {"run": run, "reason": said[0], "state": said[1]})


@contextmanager
def _writing(connection: psycopg.Connection, limits: RefreshOptions, isolation: str) -> Iterator[None]:
    """A transaction with limits of its own: those of the session would stay behind in a pooler."""
    mode = f"SET TRANSACTION ISOLATION LEVEL {isolation}, READ WRITE"
    times = own_limits(connection, math.ceil(limits.timeout * 1000), math.ceil(limits.lock_timeout * 1000))
    with connection.transaction():
        settings = [times, "SET LOCAL standard_conforming_strings = on", "SET LOCAL quote_all_identifiers = off"]
        connection.execute("; ".join([mode, *settings]).encode())
        yield


def _outcome(connection: psycopg.Connection, storage_schema: str, run: int, task: RefreshRequest) -> Refreshed:
    query = (
        "SELECT status, extract(epoch FROM finished_at - started_at)::float8, rows, coalesce(error, ''), mode, changed, groups,"
        " coalesce(detail, '')"
        f" FROM {qualified(storage_schema, 'refresh_log')} WHERE id = {run}"
    )
    with own_names(connection):
        row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise ServerError(f"the refresh of {task.said} left no trace in the log")
    status, seconds, rows, reason, mode, changed, groups, detail = row
    busy = status == "skipped"
    return Refreshed(
        task.said, status, seconds or 0.0, rows, reason, task.schedule, busy, mode, changed, groups, detail
    )
