"""Waits for locks, as the server itself measures and tells them, and what of them the machine is to blame for.

PostgreSQL tells a session that it has waited for a lock for longer than `deadlock_timeout`, and for how long in the end. Whoever holds the
lock works meanwhile, and others on the machine may not let him: his own statistics say for how long he neither worked nor waited for a
lock. Nor does a session go on at once that has got its lock: one that does nothing but sleep tells by how much it oversleeps. What a deployment
works while it holds locks takes longer on a slow machine, and so may a wait: by as much as a piece of work whose time elsewhere is known.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

LONGEST: Final = 100  # milliseconds that nobody may wait for a lock on a machine that does `_WORK` in `USUAL`
USUAL: Final = 15.0
_WAITS: Final = re.compile(r"process \d+ (still waiting for|acquired) (?P<what>.*) after (?P<ms>[\d.]+) ms")
_USAGE: Final = re.compile(r"(?P<user>[\d.]+) s user, (?P<system>[\d.]+) s system, (?P<elapsed>[\d.]+) s elapsed")
_NAP: Final = (
    "SELECT extract(epoch FROM clock_timestamp() - began)::float8 * 1000 - 10"
    " FROM (SELECT clock_timestamp() AS began OFFSET 0) AS b, LATERAL (SELECT pg_sleep(0.01 + 0 * extract(epoch FROM b.began))) AS slept"
)
_WORK: Final = (
    "SELECT extract(epoch FROM clock_timestamp() - b.began)::float8 * 1000 FROM (SELECT clock_timestamp() AS began OFFSET 0) AS b,"
    " LATERAL (SELECT sum(length(g::text || b.began::text)) AS n FROM generate_series(1, 50000) AS g OFFSET 0) AS w,"
    " LATERAL (SELECT w.n IS NULL OFFSET 0) AS done"
)


@dataclass
class Wait:
    """Somebody's wait for a lock, in milliseconds."""

    who: str
    what: str
    ms: float


@dataclass
class LockWaits:
    """The waits of some sessions that were longer than `LONGEST`; in milliseconds how long each switch worked, or waited for a lock itself, how long
    the machine kept it from that, and sleepers from waking up; and by how much it is slower than the one that `LONGEST` is meant for.
    """

    waits: list[Wait] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    stalls: list[float] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)
    slowness: float = 1.0

    def listen(self, connection: psycopg.Connection[Any], who: str) -> None:
        """Hears of the waits of a session, which must be a superuser's now and may be somebody else's later."""

        def told(notice: psycopg.errors.Diagnostic) -> None:
            found = _WAITS.match(notice.message_primary or "")
            if found and found[1] == "acquired" and self.waits:
                last = next(item for item in reversed(self.waits) if (item.who, item.what) == (who, found["what"]))
                last.ms = float(found["ms"])
            elif found:
                self.waits.append(Wait(who, found["what"], float(found["ms"])))

        settings = f"SET deadlock_timeout = '{LONGEST}ms'; SET log_lock_waits = on; SET client_min_messages = log"
        connection.execute(settings.encode())
        connection.add_notice_handler(told)

    @contextmanager
    def deploying(self, connection: psycopg.Connection[Any], url: str) -> Iterator[None]:
        """Watches the session that deploys, and the machine, while that is done."""
        done = threading.Event()
        running: list[str] = []
        waited: list[float] = []

        def told(notice: psycopg.errors.Diagnostic) -> None:
            if (wait := _WAITS.match(notice.message_primary or "")) and wait[1] == "acquired":
                waited.append(float(wait["ms"]))
            if (used := _USAGE.search(notice.message_detail or "")) and "".join(running[-1:]).rstrip().endswith(
                "COMMIT;"
            ):
                worked = 1000 * (float(used["user"]) + float(used["system"])) + sum(waited)
                self.stalls.append(1000 * float(used["elapsed"]) - worked)
                self.worked.append(worked)

        def execute(query: Any, *rest: Any, **options: Any) -> Any:
            running.append(query.decode() if isinstance(query, bytes) else str(query))
            waited.clear()
            return original(query, *rest, **options)

        def nap() -> None:
            with psycopg.connect(url, autocommit=True) as sleeper:
                while not done.is_set():
                    row = sleeper.execute(_NAP).fetchone()
                    self.naps.append(row[0] if row else 0.0)

        self.slowness = _slowness(connection)
        connection.execute(
            "SET log_statement_stats = on; SET client_min_messages = log; SET log_lock_waits = on; SET deadlock_timeout = '5ms'"
        )
        original = connection.execute
        connection.add_notice_handler(told)
        connection.execute = execute  # type: ignore[method-assign]
        thread = threading.Thread(target=nap)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            connection.remove_notice_handler(told)
            connection.execute = original  # type: ignore[method-assign]
            connection.execute(
                "RESET log_statement_stats; RESET client_min_messages; RESET log_lock_waits; RESET deadlock_timeout"
            )

    @property
    def machine(self) -> float:
        """The longest that it kept somebody from going on, who could have."""
        return max(self.stalls, default=0.0) + max(self.naps, default=0.0)

    def ours(self, *besides: str) -> list[Wait]:
        """The waits that are too long, and not for the machine; those of some sessions left out."""
        return [
            item for item in self.waits if item.who not in besides and item.ms > LONGEST * self.slowness + self.machine
        ]


def _slowness(connection: psycopg.Connection[Any]) -> float:
    """The quickest of some runs counts: others on the machine make none quicker."""
    rows = [connection.execute(_WORK).fetchone() for _ in range(4)]
    return max(1.0, min(row[0] for row in rows if row) / USUAL)
