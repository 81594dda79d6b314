"""Who is in the way: sessions that hold locks on what a step needs, from pg_locks. Asked only after waiting was in vain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import psycopg

from mvc.engines.postgres.plan.steps import Lock
from mvc.engines.postgres.server.search_path import own_names

MOST_NAMED: Final = 3

# Relations that a step's lock names, and the views that read them; for a build, whatever somebody alters now.
_QUERY: Final = """
WITH RECURSIVE wanted AS (
  SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm', 'r', 'p') AND (n.nspname || '.' || c.relname) = ANY (%(names)s)
  UNION
  SELECT r.ev_class FROM wanted JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = wanted.oid
    AND d.classid = 'pg_rewrite'::regclass JOIN pg_rewrite AS r ON r.oid = d.objid
), holding AS (
  SELECT l.pid, min(l.relation) AS relation
  FROM pg_locks AS l WHERE l.granted AND l.locktype = 'relation' AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND CASE WHEN %(building)s THEN l.mode = 'AccessExclusiveLock' AND l.relation >= 16384
             ELSE l.relation IN (SELECT w.oid FROM wanted AS w) END
  GROUP BY l.pid
)
SELECT h.pid, h.relation::regclass::text, a.usename, a.application_name, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::float8
FROM holding AS h LEFT JOIN pg_stat_activity AS a ON a.pid = h.pid ORDER BY a.xact_start NULLS LAST, h.pid LIMIT %(most)s"""

_DEPLOYER: Final = """
SELECT a.pid, a.usename, a.application_name, extract(epoch FROM clock_timestamp() - a.xact_start)::float8
FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'ExclusiveLock'
  AND l.relation = pg_catalog.to_regclass(pg_catalog.format('%%I.%%I', %s::text, %s::text))
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())"""


def blockers(connection: psycopg.Connection, locks: Iterable[Lock]) -> list[str]:
    """Sessions that hold what steps with these locks wait for, the longest transaction first, in words."""
    names = [".".join(lock.relation) for lock in locks if lock.relation]
    try:
        with own_names(connection):
            values = {"names": names, "building": not names, "most": MOST_NAMED}
            rows = connection.execute(_QUERY, values).fetchall()
    except psycopg.Error:  # it is only for the message
        return []
    return [
        f"{relation} is held by {session_words(pid, user, name, seconds, state)}"
        for pid, relation, user, name, state, seconds in rows
    ]


def deployer(connection: psycopg.Connection, relation: tuple[str, str]) -> str:
    """Who holds the deployment's lock, in words; empty where that is not to be seen."""
    try:
        with own_names(connection):
            row = connection.execute(_DEPLOYER, relation).fetchone()
    except psycopg.Error:
        return ""
    return session_words(row[0], row[1], row[2], row[3], None) if row else ""


def session_words(pid: int, user: str | None, name: str | None, seconds: float | None, state: str | None) -> str:
    """A session for a message: what is not to be seen is left out."""
    said = [f"`{name}`"] if name else []
    said += [f"user {user}"] if user else []
    said += [f"in a transaction for {seconds:,.0f} s"] if seconds is not None else []
    said += ["idle now"] if state and state.startswith("idle") else []
    return f"pid {pid}" + (f" ({', '.join(said)})" if said else "")
