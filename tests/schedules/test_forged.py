"""What is fresh, and what became of a run, is what was done: no role that refreshes makes it look otherwise to the others, nor takes from them
what they have to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.door import ask
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.refresh_view import RefreshOptions
from mvc.engines.postgres.server.schedule_runs import run_due
from schedules.projects import age, due_names, log, make_due
from servers import NEWEST, Database, Servers, new_database

Connection = psycopg.Connection[Any]
FILES = {
    "mvc.yml": "project: shop\ncatalog: s.sql\nrefresh_roles: [sf_mean, sf_other]\n",
    "s.sql": "CREATE TABLE t (id int PRIMARY KEY, at date NOT NULL, n int NOT NULL);",
    "views/w.yml": "view: w\nsources: {t: {table: t}}\ndimensions: {day: t.at}\naggregates: {n: {sum: t.n}}\n",
    "views/i.yml": "view: i\nsources: {t: {table: t}}\ndimensions: {n: t.n}\naggregates: {c: {count: t}}\n",
    "schedules/s.yml": """schedules:
  - {schedule: recent, refresh: w, within: 1h, mode: window, window: 30d}
  - {schedule: all of it, refresh: [w, i], within: 2h}
  - {schedule: often, refresh: i, within: 1h, mode: incremental}
  - {schedule: hourly, refresh: [i, w], every: "0 * * * *"}
""",
}
LONG_AGO = "CALL mvc.refresh('public', 'w', 'window', NULL, '1990-01-01', '1990-02-01')"
RECENT = "CALL mvc.refresh('public', 'w', 'window')"


def project() -> Compiled:
    return mvc.compile(mvc.load(FILES))


def build(connection: Connection) -> None:
    for name in ("sf_mean", "sf_other"):
        with suppress(psycopg.errors.DuplicateObject):  # roles belong to the server, which other tests use as well
            connection.execute(f"CREATE ROLE {name} LOGIN".encode())
    connection.execute(FILES["s.sql"])
    connection.execute("INSERT INTO t SELECT g, current_date - g % 20, g % 3 FROM generate_series(1, 60) AS g")
    apply(connection, project())


@pytest.fixture(params=(15, NEWEST), ids=lambda major: f"pg{major}")
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "forged_freshness", build)) as created:
        yield created


@pytest.fixture
def owner(database: Database) -> Connection:
    return database.connect()


@pytest.fixture
def mean(database: Database) -> Connection:
    return database.connect(user="sf_mean")


@pytest.fixture
def other(database: Database) -> Connection:
    return database.connect(user="sf_other")


def old(connection: Connection) -> None:
    """All data are a day old."""
    for view in ("w", "i"):
        age(connection, view, 86400)


def broken(connection: Connection) -> list[tuple[str, str]]:
    query = "SELECT schedule, view_name::text FROM mvc.promises WHERE broken ORDER BY 1, 2"
    return connection.execute(query).fetchall()


ALL = [("all of it", "i"), ("all of it", "w"), ("often", "i"), ("recent", "w")]


class TestPromises:
    @pytest.mark.parametrize(
        ("statement", "renews"),
        [
            (LONG_AGO, []),
            ("CALL mvc.refresh('public', 'w', 'window', NULL, '1990-01-01')", [("recent", "w")]),
            ("CALL mvc.refresh('public', 'w', 'window', NULL, now() - interval '5 days')", []),
            (
                "CALL mvc.refresh('public', 'w', 'window', NULL, now() - interval '60 days', now() - interval '1 day')",
                [],
            ),
            (RECENT, [("recent", "w")]),
            ("CALL mvc.refresh('public', 'w', 'full')", [("all of it", "w"), ("recent", "w")]),
            ("CALL mvc.refresh('public', 'i', 'incremental')", [("all of it", "i"), ("often", "i")]),
            ("CALL mvc.refresh('public', 'i', 'verify')", []),
        ],
        ids=["1990", "since 1990", "too short", "but the end", "the window", "whole", "incremental", "verify"],
    )
    def test_are_renewed_by_what_they_are_about(self, owner, mean, statement, renews):
        old(owner)
        assert broken(owner) == ALL
        mean.execute(statement.encode())
        assert log(owner, "status")[-1] == ("completed",)
        assert broken(owner) == [promise for promise in ALL if promise not in renews]

    def test_of_a_window_are_shown_as_its_age(self, owner, mean):
        """A view whose refreshes all are of a window is as fresh as that."""
        old(owner)
        mean.execute(LONG_AGO)
        query = "SELECT age_seconds < 3600 FROM mvc.view_status WHERE view_name = 'w'"
        assert owner.execute(query).fetchone() == (False,)
        mean.execute(RECENT)
        assert owner.execute(query).fetchone() == (True,)

    def test_are_as_old_as_the_snapshot(self, owner):
        """Whoever may work in a transaction of his own may have begun it long ago."""
        owner.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_sleep(0.3)")
        owner.execute("SELECT mvc.refresh_run(mvc.refresh_begin('public', 'w', 'full'))")
        query = "SELECT filled_at < clock_timestamp() - interval '0.3 s' FROM mvc.stored_relation WHERE view_name = 'w'"
        assert owner.execute(query).fetchone() == (True,)
        owner.execute("COMMIT")

    @pytest.mark.parametrize("what", ["begins", "fails"])
    def test_are_kept_by_others_whatever_one_tries(self, owner, mean, other, what):
        """A refresh that was only begun, or that its session had fail, keeps no other role from its own."""
        old(owner)
        if what == "begins":
            ask(mean, "mvc", "refresh", {"view_schema": "public", "view_name": "i"})
        else:
            owner.execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            mean.execute("SET lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                mean.execute("CALL mvc.refresh('public', 'i', 'full')")
            owner.execute("COMMIT")
            assert log(owner, "status")[-1] == ("failed",)
        assert "often" in due_names(other)
        done = {item.view: item.status for item in run_due(other, project(), "often")}
        assert done == {"i": "completed"}
        assert ("often", "i") not in broken(owner)

    def test_a_window_of_1990_does_not_make_one_of_today_needless(self, owner, mean, other):
        owner.execute(
            "UPDATE mvc.deployment SET target = jsonb_set(target, '{schedules}', (SELECT jsonb_agg(CASE s ->> 'name' WHEN 'hourly'"
            " THEN s || '{\"mode\": \"window\"}' ELSE s END) FROM jsonb_array_elements(target -> 'schedules') AS s))"
        )
        make_due(owner, "hourly")
        mean.execute(LONG_AGO)
        assert {item.view: item.reason for item in run_due(other, project(), "hourly")}["w"] == ""
        make_due(owner, "hourly", "3 hours")
        reasons = {item.view: item.reason for item in run_due(owner, project(), "hourly")}
        assert "fresh already" in reasons["w"]


class TestRuns:
    def test_one_that_did_nothing_failed(self, owner, mean):
        make_due(owner)
        (task, *_) = ask(mean, "mvc", "begin schedule", {"project": "shop", "schedule": "hourly", "if_due": True})
        assert ask(mean, "mvc", "end schedule", {"run": task["run"]}) == ["i", "w"]
        row = owner.execute(
            "SELECT failed::text, run_by FROM mvc.schedule_run WHERE run = %s", (task["run"],)
        ).fetchone()
        assert row == ("{i,w}", "sf_mean")

    def test_and_leaves_it_to_the_others(self, owner, mean, other):
        make_due(owner)
        (task, *_) = ask(mean, "mvc", "begin schedule", {"project": "shop", "schedule": "hourly", "if_due": True})
        ask(mean, "mvc", "end schedule", {"run": task["run"]})
        assert "hourly" not in due_names(mean)
        assert "hourly" in due_names(other)
        assert "hourly" in due_names(owner)
        assert {item.view: item.status for item in run_due(other, project(), "hourly")} == {
            "i": "completed",
            "w": "completed",
        }

    def test_what_another_role_has_refreshed_is_fresh(self, owner, mean, other):
        make_due(owner)
        assert {item.status for item in run_due(mean, project(), "hourly")} == {"completed"}
        assert {item.reason for item in run_due(other, project(), "hourly")} == {
            "it is fresh already: it was refreshed since this schedule was due"
        }
        row = owner.execute("SELECT failed::text FROM mvc.schedule_run WHERE run_by = 'sf_other'").fetchone()
        assert row == ("{}",)

    def test_refreshes_by_hand_are_none_of_it(self, owner, mean):
        """Whatever name they give: the run's own number counts."""
        make_due(owner)
        (task, *_) = ask(mean, "mvc", "begin schedule", {"project": "shop", "schedule": "hourly", "if_due": True})
        mean.execute("CALL mvc.refresh('public', 'i', 'full', 'hourly')")
        mean.execute("CALL mvc.refresh('public', 'w', 'window', 'hourly', '1990-01-01', '1990-02-01')")
        assert ask(mean, "mvc", "end schedule", {"run": task["run"]}) == ["i", "w"]

    def test_a_step_does_what_the_schedule_says(self, owner, mean):
        make_due(owner)
        (task, *_) = ask(mean, "mvc", "begin schedule", {"project": "shop", "schedule": "hourly", "if_due": True})
        said = {
            **task,
            "view_name": "w",
            "mode": "window",
            "since": "1990-01-01",
            "until": "1990-02-01",
            "schedule": "x",
            "failed": ["i"],
        }
        step = ask(mean, "mvc", "step of schedule", said)
        assert step["reason"] is None
        ask(mean, "mvc", "run", {"run": step["run"]})
        assert log(owner, "view_name, mode, schedule, status")[-1] == ("w", "full", "hourly", "completed")
        assert ask(mean, "mvc", "end schedule", {"run": task["run"]}) == ["i"]

    def test_is_its_own_role_s(self, owner, mean, other):
        make_due(owner)
        (task, *_) = ask(mean, "mvc", "begin schedule", {"project": "shop", "schedule": "hourly", "if_due": True})
        with pytest.raises(psycopg.errors.RaiseException, match="has not begun, or has ended"):
            ask(other, "mvc", "step of schedule", {**task, "view_name": "i"})
        assert ask(other, "mvc", "end schedule", {"run": task["run"]}) is None
        row = owner.execute("SELECT finished_at FROM mvc.schedule_run WHERE run = %s", (task["run"],)).fetchone()
        assert row == (None,)

    @pytest.mark.parametrize("name", ["often", "recent", "partitions", "other", ""])
    def test_names_of_other_schedules_are_not_written(self, owner, mean, name):
        allowed = name == "recent"
        if allowed:
            mean.execute("CALL mvc.refresh('public', 'w', NULL, %s::text)", (name,))
        else:
            with pytest.raises(psycopg.errors.UndefinedObject, match=r"no schedule .* refreshes public\.w"):
                mean.execute("CALL mvc.refresh('public', 'w', NULL, %s::text)", (name,))
        assert log(owner, "schedule") == ([(name,)] if allowed else [])

    def test_nobody_cancels_what_another_role_does(self, owner, mean):
        owner.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, schedule, started_at) VALUES ('public', 'i', 'hourly', now() - interval '1 day')"
        )
        assert mean.execute("SELECT mvc.stop_overdue('shop')").fetchone() == (0,)


def test_what_an_earlier_revision_has_written_is_kept(owner, other):
    """Its table of runs knows no roles: what it has is when the schedules were seen to."""
    owner.execute(
        "DELETE FROM mvc.schedule_run WHERE run_by <> ''; ALTER TABLE mvc.schedule_run DROP CONSTRAINT schedule_run_pkey, DROP COLUMN run_by,"
        " DROP COLUMN run, DROP COLUMN views, ADD CONSTRAINT schedule_run_pkey PRIMARY KEY (project, schedule);"
        " ALTER TABLE mvc.stored_relation DROP COLUMN windowed_at CASCADE; ALTER TABLE mvc.refresh_log DROP COLUMN schedule_run;"
        " DROP TABLE mvc.turn, mvc.deploying; UPDATE mvc.installation SET runtime = 'earlier'"
    )
    owner.execute(
        "CREATE PROCEDURE mvc.refresh_work(run bigint, lock_timeout_seconds integer, INOUT outcome text) LANGUAGE plpgsql AS 'BEGIN END'"
    )
    owner.execute(
        "CREATE FUNCTION mvc.schedule_end(project text, schedule text, failed name[]) RETURNS void LANGUAGE sql AS ''"
    )
    seen = owner.execute("SELECT schedule, seen FROM mvc.schedule_run ORDER BY 1").fetchall()
    apply(owner, project())
    assert owner.execute("SELECT schedule, seen FROM mvc.schedule_run ORDER BY 1").fetchall() == seen
    assert owner.execute("SELECT count(*) FROM mvc.turn WHERE work LIKE 'refresh %'").fetchone() == (2,)
    make_due(owner)
    assert {item.status for item in run_due(other, project(), "hourly")} == {"completed"}
    assert {item.status for item in refresh(owner, project(), ["w"], options=RefreshOptions("window"))} == {"completed"}
    query = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'mvc'::regnamespace AND proname IN ('refresh_work', 'schedule_end')"
    assert owner.execute(query).fetchone() == (2,)
