"""Steps → a server: each in a transaction of its own, a switch in one message; what has to wait for readers tries again.

A statement that waits for a strong lock makes everybody queue behind it. So it waits for some hundredths of a second only,
lets go, and comes back.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg import errors

from mvc.engines.postgres.plan.steps import Lock, Step, Switch, statements_of
from mvc.engines.postgres.server.blockers import blockers
from mvc.engines.postgres.server.errors import ServerError, StatementRefused, refusal_of
from mvc.engines.postgres.server.limits import own_limits
from mvc.quoting import identifier

T = TypeVar("T")

READER_WAIT_MS = 60  # what all locks of a switch together may make a reader wait
LEAST_WAIT_MS = 5
PATIENCE = 60.0
CLASHES = 3  # so often a long build is begun again after a deadlock, whatever the time
AGAIN = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)

# A build goes on in the server when its client was killed, unless the server looks whether anybody is still there.
NOTICE_LOSS = """DO $$ BEGIN
  PERFORM pg_catalog.set_config('client_connection_check_interval', '1s', true);
EXCEPTION WHEN invalid_parameter_value THEN NULL;
END $$"""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long things may take, in seconds: `patience` for a lock that others hold, `timeout` (None: any) for one statement
    of a build.
    """

    patience: float = PATIENCE
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A connection with what every transaction on it begins with: `preamble` statements, the owner's role."""

    connection: psycopg.Connection
    preamble: tuple[str, ...]
    owner: str | None
    pace: Timeouts

    def opening(self, lock_ms: int, statement_ms: int) -> str:
        """The first statements of a transaction: they undo what the role's or the database's settings say otherwise."""
        role = [f"SET LOCAL ROLE {identifier(self.owner)}"] if self.owner else []
        times = own_limits(self.connection, statement_ms, lock_ms)
        mode = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE"
        return _message([mode, *role, times, NOTICE_LOSS, *self.preamble])


def run_step(session: Session, step: Step) -> None:
    """One step as a transaction. Raises StatementRefused; then nothing of it was done."""
    statement_ms = int((session.pace.timeout or 0) * 1000)
    brief = step.lock is not None and step.lock.brief
    lock_ms = READER_WAIT_MS if brief else max(1, int(session.pace.patience * 1000))
    work = _Work(session, (step.view,) if step.view else (), _locks([step]), brief)
    work.patiently(lambda: _one_by_one(work, step, session.opening(lock_ms, statement_ms)))


def run_switch(session: Session, switch: Switch, opening: Iterable[str]) -> int:
    """All steps of a switch as one transaction, sent as one message: the locks are held for no round trip.

    Returns the number that the `opening` statements give, 0 for none.
    """
    locks = _locks(switch.steps)
    lock_ms = max(LEAST_WAIT_MS, READER_WAIT_MS // max(len(locks), 1))
    message = _message([*opening, *statements_of(switch.steps), "COMMIT"])
    work = _Work(session, switch.views, locks, brief=True)
    return work.patiently(lambda: _whole(work, session.opening(lock_ms, 0), message))


def _locks(steps: Iterable[Step]) -> tuple[Lock, ...]:
    return tuple(step.lock for step in steps if step.lock)


def _message(statements: Iterable[str]) -> str:
    return "".join(f"{statement.rstrip().removesuffix(';')};\n" for statement in statements)


def _one_by_one(work: _Work, step: Step, opening: str) -> None:
    connection = work.session.connection
    with work.words() as running, connection.transaction():
        running.append(opening)
        connection.execute(opening.encode(), prepare=False)
        for statement in step.statements:
            running.append(statement)
            connection.execute(statement.encode(), prepare=False)


def _whole(work: _Work, opening: str, message: str) -> int:
    """The settings go ahead in a message of their own, since one decides how the constants in the other are read."""
    connection = work.session.connection
    with work.words() as running:
        try:
            running.append(opening)
            connection.execute(f"BEGIN;\n{opening}".encode(), prepare=False)
            running.append(message)
            return _number(connection.execute(message.encode(), prepare=False))
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise


def _number(cursor: psycopg.Cursor) -> int:
    """The first number among the results of a message."""
    while True:
        row = cursor.fetchone() if cursor.description else None
        if row and isinstance(row[0], int):
            return row[0]
        if not cursor.nextset():
            return 0


@dataclass(frozen=True, slots=True)
class _Work:
    """What is being done, for which views, and with which locks. What is `brief` lets go of its locks and comes back."""

    session: Session
    views: tuple[str, ...]
    locks: tuple[Lock, ...]
    brief: bool

    @contextmanager
    def words(self) -> Iterator[list[str]]:
        """Turns what the server says into words; yields a list whose last item is the statement that is running."""
        running: list[str] = []
        try:
            yield running
        except AGAIN:
            raise
        except psycopg.Error as problem:
            said = refusal_of(problem)
            if self.session.connection.closed:
                hint = "readers have the old or the new, whole; the next mvc apply does what is left"
                raise ServerError(f"the connection was lost: {said.message}", hint) from None
            role = self.session.owner or self.session.connection.info.user
            raise StatementRefused(self.views, running[-1] if running else "", said, role) from None

    def patiently(self, attempt: Callable[[], T]) -> T:
        """Tries again as long as there is patience. Raises ServerError with who was in the way."""
        deadline = time.monotonic() + self.session.pace.patience
        pause, tries = 0.05, 1
        while True:
            try:
                return attempt()
            except AGAIN as problem:
                late = time.monotonic() + pause > deadline
                if self._is_vain(problem, tries, late=late):
                    raise self._gave_up(problem) from None
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - two that collide must not do so for ever
            pause, tries = min(pause * 2, 1.0), tries + 1

    def _is_vain(self, problem: psycopg.Error, tries: int, *, late: bool) -> bool:
        if self.brief:
            return late
        return isinstance(problem, errors.LockNotAvailable) or (late and tries >= CLASHES)

    def _gave_up(self, problem: psycopg.Error) -> ServerError:
        said = refusal_of(problem).message
        waited = f" for {self.session.pace.patience:g} s" if isinstance(problem, errors.LockNotAvailable) else ""
        found = blockers(self.session.connection, self.locks)
        who = "; ".join(found) or "look for long transactions in pg_stat_activity"
        hint = f"{who}. Wait longer with --wait SECONDS. Readers have what they had, and what was built is kept for the next apply"
        tables = ", ".join(dict.fromkeys(".".join(lock.relation) for lock in self.locks if lock.relation))
        return ServerError(f"{', '.join(self.views) or tables or 'the runtime'} was in use{waited}: {said}", hint)
