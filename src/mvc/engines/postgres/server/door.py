"""The runtime's door for those who refresh: each call is a transaction that the server itself commits (engines/postgres/runtime/door.sql). Whoever works
through a pooler or with a role's own settings needs none of his own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg

from mvc.engines.postgres.server.search_path import placed


def ask(connection: psycopg.Connection, storage_schema: str, what: str, said: Mapping[str, Any] | None = None) -> Any:
    """Has `what` done and committed; its answer, as JSON has it. The connection must be in autocommit mode."""
    call = f"CALL {placed(storage_schema, 'committed')}(%s::pg_catalog.text, %s::pg_catalog.jsonb, NULL)"
    row = connection.execute(call.encode(), (what, json.dumps(said or {}, default=_plain))).fetchone()
    return row[0] if row else None


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def works_as_owner(connection: psycopg.Connection, storage_schema: str) -> bool:
    """Whether what is behind the door is open to whoever is connected."""
    query = "SELECT pg_catalog.has_function_privilege(pg_catalog.format('%%I.refresh_run(bigint)', %s::pg_catalog.text), 'EXECUTE')"
    row = connection.execute(query, (storage_schema,)).fetchone()
    return bool(row and row[0])


@contextmanager
def cancelled_after(connection: psycopg.Connection, seconds: float) -> Iterator[None]:
    """Cancels what runs for longer (0: never). A statement_timeout that is set within a CALL comes too late for it, and one that is set
    before would stay behind in a pooler.
    """
    timer = threading.Timer(seconds, connection.cancel)
    if seconds:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if seconds and timer.finished.is_set():
            timer.join()
            _take_late_cancel(connection)


def _take_late_cancel(connection: psycopg.Connection) -> None:
    """One that was sent when all was done already must not meet what comes next."""
    with suppress(psycopg.errors.QueryCanceled):
        connection.execute("SELECT pg_catalog.pg_sleep(0.01)")
