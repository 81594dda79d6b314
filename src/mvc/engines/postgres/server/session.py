"""Asks questions as one user of the application or as the owner, and measures what they take.

A user is what hosted platforms make of one: a role, and who is asking as a setting. Both are set for one transaction that
is rolled back, so the connection comes out as it went in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import psycopg

from mvc.engines.postgres.server.connection import connect
from mvc.quoting import identifier

CLAIM: Final = "request.jwt.claim.sub"
RUNS: Final = 5
LONG_ENOUGH: Final = 2.0  # seconds: a question that has taken so long is not asked once more

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A user of the application: the role, and the id that a token would carry (empty: nobody in particular)."""

    role: str
    claim: str


def open_session(url: str) -> psycopg.Connection:
    """An autocommit connection that ignores the zone, the schemas and the compiling of queries that this machine prefers."""
    connection = connect(url)
    connection.execute("SET timezone = 'UTC'")
    connection.execute("SET search_path = public")
    connection.execute("SET jit = off")
    return connection


def run_script(connection: psycopg.Connection, script: str) -> None:
    """Statements without parameters, as a whole or not at all."""
    connection.execute(script.encode())


def answer(
    connection: psycopg.Connection, question: str, values: Mapping[str, str] | None = None, user: User | None = None
) -> list[Row] | None:
    """The rows, or None where the user may not ask. Without a user the owner asks."""
    with _acting_as(connection, user):
        try:
            return connection.execute(question.encode(), values).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            return None


def seconds(
    connection: psycopg.Connection, question: str, values: Mapping[str, str] | None = None, user: User | None = None
) -> float:
    """What the server needs to plan and execute the question: the median of some runs; ask once before, to warm up."""
    found: list[float] = []
    started = time.monotonic()
    with _acting_as(connection, user):
        while len(found) < RUNS and (not found or time.monotonic() - started < LONG_ENOUGH):
            found.append(_one_run(connection, question, values))
    return median(found)


@contextmanager
def _acting_as(connection: psycopg.Connection, user: User | None) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        if user:
            connection.execute("SELECT set_config(%s, %s, true)", (CLAIM, user.claim))
            connection.execute(f"SET LOCAL ROLE {identifier(user.role)}".encode())
        yield


def _one_run(connection: psycopg.Connection, question: str, values: Mapping[str, str] | None) -> float:
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {question}"
    row = connection.execute(explain.encode(), values).fetchone()
    plan: Mapping[str, float] = row[0][0] if row else {}
    return (plan["Planning Time"] + plan["Execution Time"]) / 1000
