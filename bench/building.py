"""Timing of queries on a server: each one built as a temporary table, in turns, by the backend's CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

# One process, no just-in-time compiler: what is compared is the work that the queries ask for.
SESSION = (
    "SET timezone = 'UTC'",
    "SET search_path = public",
    "SET max_parallel_workers_per_gather = 0",
    "SET jit = off",
    "SET client_min_messages = warning",
)


class Builder:
    """A session that builds queries and says how long that took."""

    def __init__(self, url: str, work_mem: str) -> None:
        self.connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)
        for setting in (*SESSION, f"SET work_mem = '{work_mem}'"):
            self.connection.execute(setting)  # type: ignore[call-overload]
        self._cpu_file = Path(f"/proc/{self.connection.info.backend_pid}/schedstat")

    @property
    def clock(self) -> str:
        return "CPU time of the backend" if self._cpu() is not None else "wall-clock time"

    def seconds(self, query: str) -> float:
        """How long it takes to build the query's rows, once."""
        self._execute("DROP TABLE IF EXISTS pg_temp.built")
        return self.execution(f"CREATE TEMP TABLE built AS {query}")

    def execution(self, statement: str) -> float:
        """How long a statement takes."""
        return self.work(lambda: self._execute(statement))

    def work(self, do: Callable[[], object]) -> float:
        """How long the server works for what is done on the connection meanwhile."""
        cpu, wall = self._cpu(), time.perf_counter()
        do()
        taken = time.perf_counter() - wall
        after = self._cpu()
        return taken if cpu is None or after is None else after - cpu

    def rows(self) -> int:
        """How many rows the last one had."""
        row = self._execute("SELECT count(*) FROM pg_temp.built").fetchone()
        return int(row[0])

    def difference(self, first: str, second: str) -> int:
        """How many rows are only in one of two queries, counted as often as they are there."""
        row = self._execute(
            f"WITH a AS MATERIALIZED ({first}), b AS MATERIALIZED ({second}) "
            "SELECT (SELECT count(*) FROM (TABLE a EXCEPT ALL TABLE b) AS x) + (SELECT count(*) FROM (TABLE b EXCEPT ALL TABLE a) AS y)"
        ).fetchone()
        return int(row[0])

    def columns(self, query: str) -> list[tuple[str, int]]:
        """Names and type OIDs of a query's columns."""
        described = self._execute(f"SELECT * FROM ({query}) AS q LIMIT 0").description or ()
        return [(column.name, column.type_code) for column in described]

    def in_turns(self, queries: Mapping[str, str], times: int) -> dict[str, list[float]]:
        """Each query once without counting, then all of them in turns, backwards every other time."""
        for query in queries.values():
            self.seconds(query)
        taken: dict[str, list[float]] = {name: [] for name in queries}
        for number in range(times):
            names = list(queries)
            for name in reversed(names) if number % 2 else names:
                taken[name].append(self.seconds(queries[name]))
        return taken

    def _cpu(self) -> float | None:
        try:
            return int(self._cpu_file.read_text().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            return None

    def _execute(self, statement: str) -> psycopg.Cursor[Any]:
        return self.connection.execute(statement)  # type: ignore[call-overload,no-any-return]
