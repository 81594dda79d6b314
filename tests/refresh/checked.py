"""A refresh that is checked at its own snapshot: what is stored, against the view's query, row by row as text.

The check runs in the transaction of the refresh, so no writer can come between, and trusts nothing that the refresh says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.refresh.companions import companions

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Run:
    """What the log says of one refresh, and what is really stored after it: `wrong` rows are missing, or too many."""

    view: str
    status: str
    mode: str
    changed: int | None
    groups: int | None
    detail: str | None
    error: str | None
    wrong: list[str] = field(default_factory=list)


def stored(view: CompiledView) -> sql.Identifier:
    return sql.Identifier(*view.storage)


def beside(view: CompiledView, purpose: str) -> sql.Identifier:
    """One of the relations beside a stored table: `query`, `moved`, `dirty`, `groups` or `keys`."""
    name = next(item.name for item in companions(view) if item.purpose == purpose)
    return sql.Identifier(view.storage[0], name)


def wrong_rows(connection: Connection, view: CompiledView, timezone: str = "UTC") -> list[str]:
    """Each row that is stored and should not be (`-`), or is not stored and should be (`+`), at the transaction's snapshot."""
    query = sql.SQL(
        "(SELECT '-' || has_::text FROM {0} AS has_ EXCEPT ALL SELECT '-' || should_::text FROM {1} AS should_)"
        " UNION ALL (SELECT '+' || should_::text FROM {1} AS should_ EXCEPT ALL SELECT '+' || has_::text FROM {0} AS has_)"
    ).format(stored(view), beside(view, "query"))
    with connection.transaction():
        connection.execute("SELECT set_config('TimeZone', %s, true)", (timezone,))
        return [row for (row,) in connection.execute(query)]


def begin(connection: Connection, view: str, mode: str | None = None) -> int:
    row = connection.execute("SELECT mvc.refresh_begin('public', %s, %s)", (view, mode)).fetchone()
    assert row is not None
    return int(row[0])


def work(connection: Connection, run: int) -> str:
    """The work of a run, in the caller's transaction."""
    row = connection.execute("SELECT mvc.refresh_run(%s)", (run,)).fetchone()
    assert row is not None
    return str(row[0])


def end(connection: Connection, run: int) -> None:
    connection.execute("SELECT mvc.refresh_end(%s)", (run,))


def log_of(connection: Connection, run: int, wrong: list[str] | None = None) -> Run:
    row = connection.execute(
        "SELECT view_name, status, mode, changed, groups, detail, error FROM mvc.refresh_log WHERE id = %s", (run,)
    ).fetchone()
    assert row is not None
    return Run(*row, wrong or [])


def last_run(connection: Connection, view: str) -> Run:
    row = connection.execute(
        "SELECT id FROM mvc.refresh_log WHERE view_name = %s ORDER BY id DESC LIMIT 1", (view,)
    ).fetchone()
    assert row is not None
    return log_of(connection, row[0])


def refresh(
    connection: Connection,
    view: CompiledView,
    mode: str | None = None,
    timezone: str = "UTC",
    meanwhile: Callable[[], object] = lambda: None,
    also: Callable[[Connection], object] = lambda connection: None,
) -> Run:
    """One refresh as the procedure does it, its result compared before it commits. `meanwhile` is done by others between its
    work and its commit; `also` looks on in its transaction.
    """
    run = begin(connection, view.name, mode)
    wrong: list[str] = []
    for _ in range(3):
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            ended = work(connection, run)
            if ended == "completed":
                wrong = wrong_rows(connection, view, timezone)
                also(connection)
            meanwhile()
        if ended != "again":
            break
    end(connection, run)
    return log_of(connection, run, wrong)


def wrong_now(connection: Connection, compiled: Compiled) -> dict[str, list[str]]:
    """The wrong rows of every stored view, as they are at this moment."""
    found = {view.name: wrong_rows(connection, view) for view in compiled.views if view.stored_as == "table"}
    return {name: rows for name, rows in found.items() if rows}
