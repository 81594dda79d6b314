"""`mvc refresh --due` and `--schedule`, and `mvc run`: killed, restarted, without its server, and two at once."""

from __future__ import annotations

import json
import signal
import time

import pytest

from mvc.engines.postgres.server.schedule_runs import contend
from schedules.conftest import write
from schedules.projects import HOURLY, NOTIFYING, PROMISE, age, deploy, log, make_due, project
from servers import newest

pytestmark = newest

FINISHED = "SELECT FROM mvc.schedule_run WHERE finished_at IS NOT NULL"


class TestDue:
    def test_nothing(self, shop):
        done = shop.mvc("refresh", "--due")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_what_is_due(self, shop):
        make_due(shop.connection)
        done = shop.mvc("refresh", "--due")
        assert done.returncode == 0, done.stderr
        assert all(f"✓ {name}  2 rows in " in done.stderr for name in "abd")
        assert "(hourly)" in done.stderr
        assert shop.mvc("refresh", "--due").stderr == ""

    def test_a_failure(self, shop):
        shop.connection.execute("INSERT INTO t VALUES (3, 0)")
        make_due(shop.connection)
        done = shop.mvc("refresh", "--due", "--format", "json")
        assert (done.returncode, done.stderr) == (1, "")
        found = {item["view"]: (item["status"], item["schedule"]) for item in json.loads(done.stdout)["views"]}
        assert found == {"a": ("failed", "hourly"), "b": ("skipped", "hourly"), "d": ("completed", "hourly")}

    def test_one_at_a_time(self, shop, database):
        make_due(shop.connection)
        with contend(database.connect(), project()) as other:
            assert other.leads()
            done = shop.mvc("refresh", "--due")
        assert (done.returncode, log(shop.connection)) == (0, [])
        assert "another mvc refresh --due, or mvc run, is at it" in done.stderr

    def test_goes_by_what_is_deployed(self, shop):
        """Not by a file that was changed and not applied."""
        write(shop.folder, PROMISE)
        make_due(shop.connection)
        assert shop.mvc("refresh", "--due").returncode == 0
        assert len(log(shop.connection)) == 3


class TestSchedule:
    def test_runs_now(self, shop):
        assert shop.mvc("refresh", "--schedule", "hourly").returncode == 0
        assert log(shop.connection, "schedule, status") == [("hourly", "completed")] * 3

    def test_only_if_it_is_due(self, shop):
        assert shop.mvc("refresh", "--due", "--schedule", "hourly").returncode == 0
        assert log(shop.connection) == []

    def test_only_this_one(self, shop):
        deploy(shop.connection, project(HOURLY, PROMISE))
        make_due(shop.connection)
        age(shop.connection, "d", 2000)
        assert shop.mvc("refresh", "--due", "--schedule", "fresh").returncode == 0
        assert log(shop.connection) == [("d", "completed")]

    def test_an_unknown_one(self, shop):
        for arguments in (["--schedule", "hurly"], ["--due", "--schedule", "hurly"]):
            done = shop.mvc("refresh", *arguments)
            assert done.returncode == 1
            assert "no schedule hurly of the project shop is deployed" in done.stderr

    @pytest.mark.parametrize(
        "arguments", [["--all", "--due"], ["d", "--schedule", "hourly"], ["--due", "--timeout", "3"]]
    )
    def test_not_with_what_makes_no_sense(self, shop, arguments):
        assert shop.mvc("refresh", *arguments).returncode == 2


class TestWorker:
    def test_does_not_try_again_what_is_no_address(self, shop):
        done = shop.mvc("run", "--database", "shop://nowhere")
        assert (done.returncode, done.stderr.splitlines()[0]) == (
            1,
            "error: what --database gives is not a database URL",
        )

    def test_refreshes_what_is_due_and_stops_when_asked(self, shop, until):
        make_due(shop.connection)
        worker = shop.worker()
        worker.says("✓ d  2 rows in ")
        until(FINISHED)
        assert "sees to the schedules of shop in the database" in worker.log.read_text()
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(10) == 0
        assert len(log(shop.connection)) == 3

    def test_a_new_deployment_takes_effect(self, shop, until):
        """A worker that sleeps looks again within a minute: here at once, since the promise is short."""
        deploy(shop.connection, project("{schedule: quick, refresh: [d], within: 4s}"))
        worker = shop.worker()
        worker.says("✓ d  2 rows")
        deploy(shop.connection, project("{schedule: quicker, refresh: [a], within: 4s}"))
        worker.says("✓ a  2 rows")
        assert "(quicker)" in worker.log.read_text()

    def test_keeps_a_promise(self, shop, until):
        deploy(shop.connection, project("{schedule: quick, refresh: [d], within: 6s}"))
        shop.worker()
        until("SELECT FROM mvc.refresh_log WHERE status = 'completed'")
        for _ in range(60):
            assert shop.connection.execute("SELECT broken FROM mvc.promises").fetchone() == (False,)
            time.sleep(0.2)
        assert 2 <= len(log(shop.connection)) <= 6

    def test_tells_of_a_broken_promise(self, shop, database):
        """Also of one that no refresh can keep."""
        told = project(PROMISE, "{schedule: quick, refresh: [a], within: 4s}", **NOTIFYING)
        deploy(shop.connection, told)
        shop.connection.execute("INSERT INTO t VALUES (3, 0)")
        listening = database.connect()
        listening.execute("LISTEN alerts")
        shop.worker()
        said = (json.loads(item.payload) for item in listening.notifies(timeout=20))
        assert next(item["view"] for item in said if item["event"] == "promise broken") == "a"

    def test_two_have_one_leader(self, shop, until):
        first = shop.worker()
        first.says("sees to the schedules")
        second = shop.worker()
        second.says("stands by")
        first.process.kill()
        make_due(shop.connection)
        until(FINISHED)
        second.says("✓ d  2 rows")
        assert len(log(shop.connection)) == 3

    def test_killed_in_the_middle_another_goes_on(self, shop, until, database):
        """The view that was being refreshed is begun again, what was done before is not done twice."""
        blocking = database.connect(autocommit=False)
        blocking.execute("SELECT pg_advisory_xact_lock(1)")
        make_due(shop.connection)
        stored = shop.connection.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'b'").fetchone()[
            0
        ]
        blocking.execute(f"COMMENT ON MATERIALIZED VIEW mvc.{stored} IS 'a lock that a refresh waits for'")
        first = shop.worker()
        until("SELECT FROM mvc.refresh_log WHERE view_name = 'b' AND status = 'started'")
        first.process.kill()
        first.process.wait()
        blocking.rollback()
        until("SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity a, mvc.schedule_run r WHERE a.pid = r.pid)")
        second = shop.worker()
        second.says("✓ b  2 rows")
        until(FINISHED)
        assert [row for row in log(shop.connection) if row == ("a", "completed")] == [("a", "completed")]

    def test_loses_its_connection(self, shop, until, database):
        """Lost sessions are the same to it, whatever took them."""
        deploy(shop.connection, project("{schedule: quick, refresh: [d], within: 4s}"))
        worker = shop.worker()
        until("SELECT FROM mvc.refresh_log")
        shop.connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mvc'")
        worker.says("cannot work")
        before = len(log(shop.connection))
        until(f"SELECT FROM mvc.refresh_log WHERE status = 'completed' OFFSET {before}")
        assert worker.log.read_text().count("sees to the schedules") == 2

    def test_says_what_to_do_where_nothing_is_deployed(self, shop):
        shop.connection.execute("DROP SCHEMA mvc CASCADE")
        worker = shop.worker()
        worker.says("cannot work: nothing of this project is deployed here (deploy it first: mvc apply)")
        assert "sees to the schedules" not in worker.log.read_text()

    def test_waits_for_a_database_that_is_not_there_yet(self, shop):
        url, shop.url = shop.url, "postgresql://localhost:1/none"
        worker = shop.worker()
        worker.says("cannot work: cannot connect")
        assert worker.process.poll() is None
        shop.url = url

    def test_interrupted_it_cancels_what_runs(self, shop, until, database):
        blocking = database.connect(autocommit=False)
        stored = shop.connection.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'd'").fetchone()[
            0
        ]
        blocking.execute(f"COMMENT ON MATERIALIZED VIEW mvc.{stored} IS 'a lock that a refresh waits for'")
        make_due(shop.connection)
        worker = shop.worker()
        until("SELECT FROM mvc.refresh_log WHERE view_name = 'd' AND status = 'started'")
        worker.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert worker.process.poll() is None  # it is asked to stop, and waits for the view
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(10) == 130
        assert ("d", "failed", "57014") in log(shop.connection, "view_name, status, sqlstate")

    def test_asked_to_stop_it_ends_the_view_first(self, shop, until, database):
        blocking = database.connect(autocommit=False)
        stored = shop.connection.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'a'").fetchone()[
            0
        ]
        blocking.execute(f"COMMENT ON MATERIALIZED VIEW mvc.{stored} IS 'a lock that a refresh waits for'")
        make_due(shop.connection)
        worker = shop.worker()
        until("SELECT FROM mvc.refresh_log WHERE view_name = 'a' AND status = 'started'")
        worker.process.send_signal(signal.SIGTERM)
        blocking.rollback()
        assert worker.process.wait(10) == 0
        assert log(shop.connection)[-1] == ("a", "completed")


class TestFiles:
    def test_are_printed(self, shop):
        done = shop.mvc("schedule", "systemd")
        assert (done.returncode, done.stderr) == (0, "")
        assert "# ─── mvc-shop-hourly.service\n" in done.stdout
        assert "OnCalendar=*-*-* *:00:00 UTC\n" in done.stdout

    def test_are_written(self, shop):
        done = shop.mvc("schedule", "github", "--output", "made")
        assert (done.returncode, done.stdout) == (0, "")
        assert "mvc refresh --due" in (shop.folder / "made/.github/workflows/refresh.yml").read_text()

    def test_jobs_for_the_database_of_pg_cron(self, shop, database):
        done = shop.mvc("schedule", "pg_cron", "--database", shop.url)
        name = f"'mvc:shop:hourly@{database.name}'"
        assert done.stdout.startswith(f"SELECT cron.schedule_in_database({name}, '0 * * * *', 'DO LANGUAGE plpgsql ")
        assert done.stdout.endswith(f", '{database.name}', 'postgres');\n")
        number = (
            database.connect().execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()[0]
        )
        assert f"{number}::pg_catalog.oid" in done.stdout, "the job runs in the database of this number alone"
        assert "CALL mvc.run_schedule(''''shop'''', ''''hourly'''', true)" in done.stdout

    @pytest.mark.parametrize("arguments", [["anacron"], ["systemd", "--database", "x"], []])
    def test_of_something_else(self, shop, arguments):
        assert shop.mvc("schedule", *arguments).returncode == 2
