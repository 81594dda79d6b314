"""Runs of deployed schedules: what is due, the server says; here the runs take turns, view by view, so that a long one does not keep
the short ones waiting.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psycopg

from mvc.compiled.schedule import PARTITIONS
from mvc.compiled.view import Target
from mvc.engines.postgres.server.door import ask
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.lock import Contender, contender
from mvc.engines.postgres.server.partitions import maintain_partitions
from mvc.engines.postgres.server.refresh import check_deployed
from mvc.engines.postgres.server.refresh_view import Refreshed, RefreshOptions, RefreshRequest, Status, refresh_view
from mvc.engines.postgres.server.search_path import own_names, placed

COMES_AGAIN = 5  # times for views that insist on a refresh in full while another one is at it


@dataclass
class ScheduleRun:
    """A run of a schedule that is under way: its number, and what it has still to do."""

    number: int
    schedule: str
    tasks: list[RefreshRequest]
    again: int = 0


def contend(connection: psycopg.Connection, target: Target) -> AbstractContextManager[Contender]:
    """A contender for who sees to the schedules of the project in this database."""
    return contender(connection, target)


def run_due(connection: psycopg.Connection, target: Target, only: str | None = None) -> Iterator[Refreshed]:
    """Refreshes what is due, or what is due of the schedule `only`, until nothing is. Raises ServerError."""
    with server_errors():
        check_deployed(connection, target)
        if only is not None:
            _check_schedule(connection, target, only)
        runs = _more(connection, target, {}, only)
        while runs:
            yield _turn(connection, target, runs)
            runs = _more(connection, target, runs, only)


def run_schedule(connection: psycopg.Connection, target: Target, schedule: str) -> Iterator[Refreshed]:
    """Refreshes all views of a schedule, whether it is due or not. Raises ServerError, also where there is no such schedule."""
    with server_errors():
        check_deployed(connection, target)
        runs = _begun(connection, target, schedule, if_due=False)
        while runs:
            yield _turn(connection, target, runs)


def refresh_due(
    connection: psycopg.Connection, target: Target, schedule: str | None = None
) -> tuple[Refreshed, ...] | None:
    """What `run_due` does, by whoever is the only one at it; None where another one is.

    The connection must be in autocommit mode. Raises ServerError, also where nothing is deployed.
    """
    with contend(connection, target) as contender:
        return tuple(run_due(connection, target, schedule)) if contender.leads() else None


def refresh_schedule(connection: psycopg.Connection, target: Target, schedule: str) -> tuple[Refreshed, ...]:
    """What `run_schedule` does, at once. The connection must be in autocommit mode. Raises ServerError."""
    return tuple(run_schedule(connection, target, schedule))


@server_errors()
def seconds_to_next(connection: psycopg.Connection, target: Target) -> float:
    """How long to wait before something may be due."""
    query = f"SELECT {placed(target.stored, 'seconds_to_next')}(%s)"
    row = connection.execute(query.encode(), (target.project,)).fetchone()
    return float(row[0]) if row else 0.0


def _check_schedule(connection: psycopg.Connection, target: Target, schedule: str) -> None:
    """Raises ServerError for one that is not deployed: it would never be due, and nobody would hear of the slip."""
    query = f"SELECT FROM {placed(target.stored, 'schedules')} WHERE project = %s AND schedule = %s"
    with own_names(connection):
        found = connection.execute(query.encode(), (target.project, schedule)).rowcount
    if not found:
        raise ServerError(f"no schedule {schedule} of the project {target.project} is deployed", "deploy it: mvc apply")


def _more(
    connection: psycopg.Connection, target: Target, runs: dict[str, ScheduleRun], only: str | None
) -> dict[str, ScheduleRun]:
    """The runs with those that are due now in front."""
    query = f"SELECT * FROM {placed(target.stored, 'due')}(%s)"
    for (name,) in connection.execute(query.encode(), (target.project,)).fetchall():
        if name not in runs and only in (None, name):
            runs = {**_begun(connection, target, name, if_due=True), **runs}
    return runs


def _begun(connection: psycopg.Connection, target: Target, schedule: str, *, if_due: bool) -> dict[str, ScheduleRun]:
    """The run by its schedule's name; nothing where another session of the same role was faster."""
    said = {"project": target.project, "schedule": schedule, "if_due": if_due}
    rows = ask(connection, target.stored, "begin schedule", said) or []
    tasks = [_task(row, schedule) for row in rows]
    return {schedule: ScheduleRun(rows[0]["run"], schedule, tasks)} if tasks else {}


def _task(row: Mapping[str, Any], schedule: str) -> RefreshRequest:
    options = RefreshOptions(
        row["mode"], timeout=row["timeout_seconds"] or 0, lock_timeout=row["lock_timeout_seconds"] or 0
    )
    return RefreshRequest(
        row["view_schema"], row["view_name"], options, schedule, row["run"], row["insists"], row["called"]
    )


def _turn(connection: psycopg.Connection, target: Target, runs: dict[str, ScheduleRun]) -> Refreshed:
    """The next view of the run whose turn it is, which is then the last in the queue."""
    run = runs.pop(next(iter(runs)))
    task = run.tasks.pop(0)
    if task.options.mode == PARTITIONS:
        result = _look_after_partitions(connection, target, run.schedule)
    else:
        result = refresh_view(connection, target.stored, task, ())
    if result.busy and task.insists and run.again < COMES_AGAIN:
        run.tasks.append(task)
        run.again += 1
        time.sleep(0 if runs or len(run.tasks) > 1 else 2**run.again)
    if run.tasks:
        runs[run.schedule] = run
    else:
        _end(connection, target, run)
    return result


def _look_after_partitions(connection: psycopg.Connection, target: Target, schedule: str) -> Refreshed:
    began = time.monotonic()
    done = maintain_partitions(connection, target)
    failed = [f"{item.schema}.{item.table}: {item.error}" for item in done.partitions if item.error]
    failed += [f"{item.view}: {item.error}" for item in done.views if item.status == "failed"]
    seconds = time.monotonic() - began
    detail = f"{len(done.partitions)} made or retired" if done.partitions and not failed else ""
    status: Status = "failed" if failed else "completed"
    return Refreshed(PARTITIONS, status, seconds, None, "; ".join(failed), schedule, detail=detail)


def _end(connection: psycopg.Connection, target: Target, run: ScheduleRun) -> None:
    """What became of it, the server finds in its logs."""
    ask(connection, target.stored, "end schedule", {"run": run.number})
