"""Waits until nobody can look at newly built tables with a snapshot that is older than their rows.

REPEATABLE READ keeps its first snapshot, while what a view reads is looked up anew by each statement: such a transaction would
find the table, and nothing in it. Rows of a materialized view are frozen and seen by all.
"""

from __future__ import annotations

import time
from typing import Final

import psycopg

from mvc.engines.postgres.server.blockers import session_words
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.read_state import ledger
from mvc.quoting import qualified

PAUSE: Final = 0.05
MOST_NAMED: Final = 3

# Transactions whose snapshot may be older than the rows of the tables, the ones that were running when we first looked: a
# snapshot of now may hold back to an old transaction as well, and sees the rows. Everyone sees backend_xmin.
_QUERY: Final = """
SELECT l.virtualtransaction || ' ' || l.pid, l.pid, a.usename, a.application_name,
  extract(epoch FROM clock_timestamp() - a.xact_start)::float8, a.state
FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.datid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock' AND l.pid <> pg_backend_pid() AND age(a.backend_xmin) >= (
  SELECT min(age(s.filled_by::xid)) FROM {stored_relation} AS s WHERE s.stored_name = ANY (%(tables)s))
  AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
  AND (%(older)s::text[] IS NULL OR l.virtualtransaction || ' ' || l.pid = ANY (%(older)s))
ORDER BY a.xact_start NULLS LAST, l.pid"""


def await_snapshots(
    connection: psycopg.Connection, storage_schema: str, tables: tuple[str, ...], patience: float
) -> None:
    """Returns once every snapshot in use sees the rows of `tables`; holds no lock meanwhile.

    Raises ServerError with who is waited for after `patience` seconds.
    """
    deadline = time.monotonic() + patience
    found = _older(connection, storage_schema, tables, None) if tables else []
    while found:
        if time.monotonic() > deadline:
            raise _gave_up(found, patience)
        time.sleep(PAUSE)
        found = _older(connection, storage_schema, tables, [row[0] for row in found])


def _older(
    connection: psycopg.Connection, storage_schema: str, tables: tuple[str, ...], among: list[str] | None
) -> list[tuple[str, str]]:
    """The transactions that are too old, with the words for each; `among` limits them to those that were seen before."""
    query = _QUERY.replace("{stored_relation}", qualified(storage_schema, "stored_relation").replace("%", "%%"))
    with ledger(connection, storage_schema):
        rows = connection.execute(query.encode(), {"tables": list(tables), "older": among}).fetchall()
    return [(row[0], session_words(*row[1:])) for row in rows]


def _gave_up(found: list[tuple[str, str]], patience: float) -> ServerError:
    who = "; ".join(words for _, words in found[:MOST_NAMED])
    message = f"transactions that began before the build was done are still open after {patience:g} s: {who}"
    hint = (
        "with their older snapshot they would find the new tables empty. Wait longer with --wait SECONDS, or end them. "
        "Nothing was switched, and what was built is kept for the next apply"
    )
    return ServerError(message, hint)
