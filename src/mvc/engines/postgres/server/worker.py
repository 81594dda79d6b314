"""A worker that sees to the schedules of a project for as long as it lives. It keeps nothing: what is deployed, what is due and what
was done, the database says in each round, so it can be killed and started at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg

from mvc.compiled.view import Target
from mvc.engines.postgres.server.connection import connect
from mvc.engines.postgres.server.errors import NoAddress, ServerError
from mvc.engines.postgres.server.lock import Contender
from mvc.engines.postgres.server.refresh import check_deployed
from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.engines.postgres.server.schedule_runs import contend, run_due, seconds_to_next
from mvc.engines.postgres.server.status import alert

STANDBY: Final = 5.0  # seconds between two attempts to become the leader
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
LOOKS: Final = 0.2  # seconds between two looks whether to stop


@dataclass(frozen=True, slots=True)
class BecameLeader:
    """The worker now sees to the schedules."""

    database: str


@dataclass(frozen=True, slots=True)
class OnStandby:
    """Another worker does; this one waits until that one has gone."""

    database: str


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The database cannot be worked with, for this reason; the worker tries again in so many seconds. `hint` says what to do, or nothing."""

    reason: str
    hint: str
    pause: float


Event = BecameLeader | OnStandby | ConnectionLost | Refreshed


@dataclass
class Worker:
    """What a worker goes by: the database's URL, the project, who hears what happens, whether to stop after what runs now."""

    url: str | None
    target: Target
    hear: Callable[[Event], None]
    stopping: Callable[[], bool]
    pause: float = FIRST_PAUSE


def work(worker: Worker) -> None:
    """Works until it is to stop. A lost connection is made again, with longer and longer pauses. Raises NoAddress."""
    while not worker.stopping():
        _connected(worker)


def _connected(worker: Worker) -> None:
    """For as long as one connection lasts, and the pause after it."""
    try:
        with connect(worker.url) as connection, contend(connection, worker.target) as contender:
            if _become_leader(contender, worker):
                _serve(connection, contender, worker)
    except NoAddress:
        raise
    except (ServerError, psycopg.Error) as problem:
        reason = (str(problem).strip().splitlines() or ["no reason given"])[0]
        worker.hear(ConnectionLost(reason, problem.hint if isinstance(problem, ServerError) else "", worker.pause))
        _sleep(worker.pause, worker)
        worker.pause = min(worker.pause * 2, LONGEST_PAUSE)


def _become_leader(contender: Contender, worker: Worker) -> bool:
    """Waits for it; False where the worker is to stop before."""
    told = False
    while not worker.stopping():
        if contender.leads():
            return True
        if not told:
            worker.hear(OnStandby(contender.holder.info.dbname))
            told = True
        worker.pause = FIRST_PAUSE
        _sleep(STANDBY, worker)
    return False


def _serve(connection: psycopg.Connection, contender: Contender, worker: Worker) -> None:
    check_deployed(connection, worker.target)
    worker.hear(BecameLeader(connection.info.dbname))
    while not worker.stopping() and contender.leads():
        for result in run_due(connection, worker.target):
            worker.hear(result)
            alert(connection, worker.target)
            if worker.stopping() or not contender.leads():
                return
        alert(connection, worker.target)
        worker.pause = FIRST_PAUSE
        _sleep(max(FIRST_PAUSE, seconds_to_next(connection, worker.target)), worker)


def _sleep(seconds: float, worker: Worker) -> None:
    until = time.monotonic() + seconds
    while not worker.stopping() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, LOOKS))
