"""Runs of one schedule by one role that go on at the same time, as those of pg_cron and of somebody at a prompt do: none fails for the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.server.door import ask
from refresh.waiting import until
from schedules.projects import deploy, log, project, tables

BOTH = "{schedule: hourly, refresh: [a, d], every: '0 * * * *'}"


@pytest.fixture
def base(database) -> psycopg.Connection[Any]:
    connection = database.connect()
    tables(connection)
    deploy(connection, project(BOTH))
    return connection


def call(connection, schedule="hourly", if_due=False):
    connection.execute("CALL mvc.run_schedule('shop', %s, %s)", (schedule, if_due))


def test_two_runs_of_one_schedule_by_one_role_both_end(base, database):
    """The first one goes on with its views while the second is at its own; what fails is told to each."""
    first, second = database.connect(), database.connect()
    said = {"project": "shop", "schedule": "hourly", "if_due": False}
    begun = [ask(connection, "mvc", "begin schedule", said) for connection in (first, second)]
    numbers = [rows[0]["run"] for rows in begun]
    assert [[row["view_name"] for row in rows] for rows in begun] == [["a", "d"], ["a", "d"]]
    for connection, rows in ((first, begun[0]), (second, begun[1])):
        for row in rows:
            step = ask(connection, "mvc", "step of schedule", {**row, "schedule": "hourly"})
            assert step["reason"] is None
            base.execute(
                "UPDATE mvc.refresh_log SET status = %s WHERE id = %s",
                ("failed" if row["view_name"] == "d" and connection is first else "completed", step["run"]),
            )
    assert ask(first, "mvc", "end schedule", {"run": numbers[0]}) == ["d"]
    assert ask(second, "mvc", "end schedule", {"run": numbers[1]}) == []
    assert base.execute("SELECT count(*) FROM mvc.earlier_run").fetchone() == (0,)
    with pytest.raises(psycopg.Error, match="has not begun, or has ended"):
        ask(first, "mvc", "step of schedule", {**begun[0][0], "schedule": "hourly"})


def test_a_run_that_was_cut_off_is_forgotten(base, database):
    said = {"project": "shop", "schedule": "hourly", "if_due": False}
    with psycopg.connect(database.url, autocommit=True) as first:
        ask(first, "mvc", "begin schedule", said)
        ask(database.connect(), "mvc", "begin schedule", said)
        assert base.execute("SELECT count(*) FROM mvc.earlier_run").fetchone() == (1,)
    sessions = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    until(lambda: base.execute(sessions).fetchone() == (2,))
    call(database.connect())
    assert base.execute("SELECT count(*) FROM mvc.earlier_run WHERE run = 1").fetchone() == (0,)


def test_runs_at_once_do_not_fail(base, database):
    connections = [database.connect() for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        for _ in range(8):
            list(pool.map(call, connections))
    assert {row[0] for row in log(base, "status")} <= {"completed", "skipped"}
