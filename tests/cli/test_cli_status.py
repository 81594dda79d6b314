"""`mvc status` on a real server: what is deployed, how fresh it is, what is not as it was left. It writes nothing."""

from __future__ import annotations

import json
import re

import pytest

from mvc.report.status.text import age_text
from servers import newest

from .projects import CHANGES, edit, observed

pytestmark = newest

KEYS = {
    "schedules",
    "change_logs",
    "format",
    "version",
    "database",
    "deployment",
    "at",
    "views",
    "runs",
    "drift",
    "leftovers",
}
VIEW_KEYS = {
    *("view", "schema", "kind", "stored", "rows", "bytes", "data_age", "populated", "last_refresh", "storage"),
    *("table_bytes", "index_bytes", "toast_bytes", "last_status", "last_success_age", "last_success_seconds"),
    *("last_error", "last_error_age", "today", "running_seconds", "dead_rows", "dead_share", "queued_groups"),
    *("promises", "usage", "upstream", "tables", "problem", "tags", "called", "behind"),
}
RUN_KEYS = {"view", "called", "status", "mode", "schedule", "started_at", "seconds", "changed", "rows", "error"}
DRIFT_KEYS = {"kind", "view", "subject", "expected", "found", "kept"}
LEFTOVER_KEYS = {"name", "view", "kind", "relkind", "bytes", "built_at", "companions"}


def status(mvc) -> dict:
    done = mvc("status", "--json")
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert set(data) == KEYS
    assert (data["format"], data["version"]) == ("mvc.status", 1)
    assert all(set(item) == VIEW_KEYS for item in data["views"])
    assert all(set(item) == RUN_KEYS for item in data["runs"])
    assert all(set(item) == DRIFT_KEYS for item in data["drift"])
    assert all(set(item) == LEFTOVER_KEYS for item in data["leftovers"])
    return data


class TestViews:
    def test_as_text(self, mvc, deployed_sales, database):
        done = mvc("status")
        assert (done.code, done.err) == (0, "")
        head, columns, *lines = done.out.partition("\n\n")[0].splitlines()
        assert head == f"database {database.name}, deployment 1"
        assert columns.split() == ["view", "rows", "size", "data", "from", "last", "refresh"]
        assert [line.split()[0] for line in lines] == ["now", "sales", "top"]
        assert "whenever it is read" in lines[0]
        assert re.fullmatch(r"  sales +3  +\d+ kB  \d+ s ago", lines[1])

    def test_after_a_refresh(self, mvc, deployed_sales):
        deployed_sales.execute("INSERT INTO o VALUES (100, 'city 9', 50, '2024-01-01')")
        assert mvc("refresh", "--all").code == 0
        assert re.search(r"  sales +4 .*  completed \d s ago in \d\.\d\d s\n", mvc("status").out)

    def test_after_one_that_failed(self, mvc, deployed_sales):
        deployed_sales.execute(
            "ALTER TABLE o ADD CHECK (true); UPDATE mvc.stored_relation SET filled_at = filled_at - interval '26 hours'"
        )
        deployed_sales.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, status, error, started_at, finished_at)"
            " VALUES ('public', 'sales', 'failed', 'division by zero', now() - interval '90 minutes', now())"
        )
        text = mvc("status").out
        assert re.search(r"sales .* 1 d 2 h ago +failed 1 h 30 min ago: division by zero\n", text)

    def test_without_data(self, mvc, deployed_sales):
        stored = deployed_sales.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'top'").fetchone()
        deployed_sales.execute(f'REFRESH MATERIALIZED VIEW mvc."{stored[0]}" WITH NO DATA')
        text = mvc("status").out
        assert re.search(r"  top .* no data\n", text)
        assert "it holds no data" in text

    def test_as_json(self, mvc, deployed_sales, database):
        mvc("refresh", "sales")
        data = status(mvc)
        assert (data["database"], data["deployment"]) == (database.name, 1)
        assert (data["drift"], data["leftovers"]) == ([], [])
        views = {item["view"]: item for item in data["views"]}
        assert set(views) == {"sales", "top", "now"}
        found = views["sales"]
        assert (found["schema"], found["kind"], found["rows"], found["populated"]) == (
            "public",
            "materialized",
            3,
            True,
        )
        assert found["bytes"] > 8000
        assert 0 <= found["data_age"] < 60
        assert found["last_refresh"]["status"] == "completed"
        assert (views["top"]["last_refresh"], views["now"]["kind"]) == (None, "plain")
        assert (found["upstream"], found["tables"], views["top"]["upstream"], views["top"]["tables"]) == (
            [],
            ["public.o"],
            ["sales"],
            [],
        )
        assert found["bytes"] == found["table_bytes"] + found["index_bytes"] + found["toast_bytes"]
        assert found["today"] == {"completed": 1, "failed": 0, "skipped": 0, "lost": 0}
        assert [(run["view"], run["status"], run["rows"]) for run in data["runs"]] == [("sales", "completed", 3)]

    def test_format_is_the_same_as_json(self, mvc, deployed_sales):
        one, other = json.loads(mvc("status", "--format", "json").out), status(mvc)
        one["at"] = other["at"]
        for item in (*one["views"], *other["views"]):
            item["data_age"] = 0
        assert one == other


class TestNothing:
    def test_is_deployed(self, mvc, base, database):
        done = mvc("status")
        assert (done.code, done.err) == (0, "")
        assert done.out == f"nothing of this project is deployed in the database {database.name}\n"
        assert mvc("status", "--check").code == 1
        assert status(mvc)["deployment"] == 0

    def test_of_this_project_beside_another(self, mvc, sales, deployed_sales):
        edit(sales, "mvc.yml", "project: sales", "project: other")
        assert "nothing of this project is deployed" in mvc("status").out
        assert status(mvc)["views"] == []

    def test_is_changed_by_asking(self, mvc, deployed_sales):
        deployed_sales.execute(
            "ALTER DATABASE " + deployed_sales.info.dbname + " SET default_transaction_read_only = on"
        )
        assert mvc("status").code == 0


class TestSomeViews:
    def test_by_name_and_by_tag(self, mvc, sales, deployed_sales):
        lines = mvc("status", "sales").out.partition("\n\n")[0].splitlines()[2:]
        assert [line.split()[0] for line in lines] == ["sales"]
        assert [view["view"] for view in json.loads(mvc("status", "+top", "--json").out)["views"]] == ["sales", "top"]
        edit(sales, "views/top.yml", "view: top\n", "view: top\ntags: [first]\n")
        assert mvc("apply", "--yes").code == 0
        assert [view["view"] for view in json.loads(mvc("status", "tag:first", "--json").out)["views"]] == ["top"]

    def test_of_no_such_name(self, mvc, deployed_sales):
        done = mvc("status", "sale")
        assert (done.code, done.out) == (1, "")
        assert "no view of the project is named `sale`" in done.err
        assert "`sales`" in done.err


class TestSchedules:
    def test_are_told_with_what_they_promise(self, mvc, sales, deployed_sales):
        edit(
            sales,
            "schedules/all.yml",
            "every: '0 * * * *'}",
            "every: '0 * * * *'}, {schedule: soon, refresh: [sales], within: 2h}",
        )
        assert mvc("apply", "--yes").code == 0
        text = mvc("status").out
        assert "\nschedules:\n  all: 0 * * * * (UTC): sales, top\n  soon: when a promise asks for it: sales" in text
        assert re.search(
            r"\npromises:\n  sales: no older than 2 h 0 min was promised, the data is \d+ s old \(soon\)\n", text
        )
        assert [item["schedule"] for item in status(mvc)["schedules"]] == ["all", "soon"]


class TestAfterAFailure:
    def test_a_rebuild_makes_it_well(self, mvc, sales, deployed_sales):
        deployed_sales.execute(
            "INSERT INTO mvc.refresh_log (view_schema, view_name, status, error, started_at, finished_at)"
            " VALUES ('public', 'sales', 'failed', 'division by zero', now() - interval '1 minute', now())"
        )
        deployed_sales.execute("UPDATE mvc.stored_relation SET filled_at = filled_at - interval '1 hour'")
        assert mvc("status", "--check").code == 1
        CHANGES["column added"].make(sales)
        assert mvc("apply", "--yes").code == 0
        assert mvc("status", "--check").code == 0


class TestLeftovers:
    def test_of_a_deployment(self, mvc, sales, deployed_sales):
        CHANGES["column added"].make(sales)
        mvc("apply", "--yes")
        text = mvc("status").out
        assert "no reader uses these (mvc prune drops them):" in text
        assert text.count("kept for a rollback") == 3
        assert {item["kind"] for item in status(mvc)["leftovers"]} == {"replaced"}
        mvc("prune", "--yes")
        assert status(mvc)["leftovers"] == []

    @pytest.fixture
    def stops_before_the_switch(self, monkeypatch):
        from mvc.engines.postgres.server import apply as module

        def stopped(*_: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(module, "run_switch", stopped)
        yield
        monkeypatch.undo()

    def test_of_the_first_one_when_it_is_interrupted(self, mvc, base, stops_before_the_switch, monkeypatch, database):
        assert mvc("apply", "--yes").code != 0
        text = mvc("status").out
        assert f"nothing of this project is deployed in the database {database.name}" in text
        assert text.count("built, never used") == 3
        monkeypatch.undo()
        monkeypatch.setenv("DATABASE_URL", database.url)
        assert len(status(mvc)["leftovers"]) == 3

    def test_of_an_interrupted_one_are_taken_up_by_the_next(self, mvc, sales, deployed_sales, stops_before_the_switch):
        before = observed(deployed_sales)
        CHANGES["column added"].make(sales)
        assert mvc("apply", "--yes").code != 0
        assert observed(deployed_sales) == before
        assert [item["kind"] for item in status(mvc)["leftovers"]] == ["unused"] * 3
        plan = mvc("apply", "--dry-run").out
        assert "build aside" not in plan
        assert "switch readers sales" in plan


class TestDrift:
    def test_is_listed(self, mvc, deployed_sales):
        deployed_sales.execute("REVOKE SELECT ON sales FROM cli_reader; GRANT SELECT ON sales TO cli_other")
        text = mvc("status").out
        assert "not as the last deployment left it (mvc apply mends it):" in text
        assert "≠ sales: a reader lost the right to read (cli_reader, expected SELECT)" in text
        assert (
            text.index("(mvc apply mends it):")
            < text.index("≠ sales")
            < text.index("done by hand, and kept:")
            < text.index("· sales")
        )
        assert "· sales: a right was granted by hand (cli_other, found SELECT); it is kept" in text
        assert {(item["kind"], item["kept"]) for item in status(mvc)["drift"]} == {
            ("grant missing", False),
            ("grant by hand", True),
        }
        mvc("apply", "--yes")
        assert [item["kind"] for item in status(mvc)["drift"]] == ["grant by hand"]

    def test_names_cannot_write_to_the_terminal(self, mvc, deployed_sales):
        deployed_sales.execute('CREATE INDEX "\x1b[31mred" ON mvc."' + self.stored(deployed_sales) + '" (n)')
        done = mvc("status")
        assert "\x1b" not in done.out
        assert "red" in done.out

    @staticmethod
    def stored(connection) -> str:
        row = connection.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'sales'").fetchone()
        return str(row[0])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 0 min"),
        (86_399, "23 h 59 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_ages_for_people(seconds, text, postgres_server):
    assert age_text(seconds) == text


def test_a_role_that_may_not_read_the_ledger_hears_so(mvc, deployed_sales, database):
    from psycopg.conninfo import make_conninfo

    done = mvc("status", "--database", make_conninfo(database.url, user="cli_other"))
    assert (done.code, done.out) == (1, "")
    assert "the role cli_other may not see what is deployed here" in done.err
    assert "monitor_roles: [cli_other]" in done.err
    assert "internal error" not in done.err


def test_a_refresher_sees_what_became_of_his_runs(mvc, sales, deployed_sales, database):
    from psycopg.conninfo import make_conninfo

    CHANGES["who may refresh"].make(sales)
    assert mvc("apply", "--yes", "--allow", "loosen-access").code == 0
    url = make_conninfo(database.url, user="cli_other")
    assert mvc("refresh", "sales", "--database", url).code == 0
    done = mvc("status", "--database", url)
    assert (done.code, done.err) == (0, "")
    assert "sales" in done.out
    assert "completed" in done.out


def test_a_refresher_changes_nothing_that_is_deployed(mvc, sales, deployed_sales, database):
    from psycopg.conninfo import make_conninfo

    CHANGES["who may refresh"].make(sales)
    CHANGES["column added"].make(sales)
    assert mvc("apply", "--yes", "--allow", "loosen-access").code == 0
    CHANGES["index added"].make(sales)
    before, leftovers = observed(deployed_sales), status(mvc)["leftovers"]
    for command in ("apply", "rollback", "prune"):
        done = mvc(command, "--yes", "--database", make_conninfo(database.url, user="cli_other"))
        assert done.code == 1
        assert "internal error" not in done.err
    assert (observed(deployed_sales), status(mvc)["leftovers"]) == (before, leftovers)


class TestWatching:
    """For cron and dashboards: exit codes, alerts, a page, metrics."""

    @pytest.fixture
    def promised(self, mvc, sales, deployed_sales):
        edit(sales, "schedules/all.yml", "every: '0 * * * *'", "within: 1h")
        edit(sales, "mvc.yml", "", "notify: cli_alerts\n")
        assert mvc("apply", "--yes").code == 0
        return deployed_sales

    def test_all_is_well(self, mvc, promised):
        assert mvc("status", "--check").code == 0

    def test_a_broken_promise(self, mvc, promised, database):
        promised.execute(
            "UPDATE mvc.stored_relation SET filled_at = now() - interval '2 hours' WHERE view_name = 'top'"
        )
        listening = database.connect()
        listening.execute("LISTEN cli_alerts")
        done = mvc("status", "--check", "--alert")
        assert (done.code, done.err) == (1, "told of 1 broken promise or view\n")
        assert (
            "broken promises:\n  top: no older than 1 h 0 min was promised, the data is 2 h 0 min old (all)" in done.out
        )
        assert mvc("status", "--check", "--alert").err == ""
        assert [json.loads(item.payload)["view"] for item in listening.notifies(timeout=5, stop_after=1)] == ["top"]
        assert mvc("status").code == 0

    def test_a_refresh_that_failed(self, mvc, promised):
        promised.execute("ALTER TABLE o RENAME TO p; ALTER TABLE p ADD CONSTRAINT later CHECK (true)")
        promised.execute("SET statement_timeout = 0")
        promised.execute("INSERT INTO p VALUES (200, 'x', 2147483647, '2024-01-01')")
        promised.execute("DROP INDEX mvc." + index_of(promised))
        assert mvc("refresh", "sales").code == 1
        assert mvc("status", "--check").code == 1

    def test_as_a_page(self, mvc, promised, tmp_path):
        page = tmp_path / "status.html"
        done = mvc("status", "--html", page)
        assert (done.code, done.out, done.err) == (0, "", f"written: {page}\n")
        text = page.read_text(encoding="utf-8")
        assert text.startswith("<!DOCTYPE html>")
        assert "<h1>sales in " in text

    def test_for_prometheus(self, mvc, promised):
        done = mvc("status", "--format", "prometheus")
        assert (done.code, done.err) == (0, "")
        assert 'mvc_view_rows{schema="public",view="sales"} 3\n' in done.out
        assert 'mvc_view_promised_age_seconds{schema="public",view="sales",schedule="all"} 3600\n' in done.out

    def test_by_a_role_that_only_monitors(self, mvc, sales, promised, database):
        from psycopg.conninfo import make_conninfo

        edit(sales, "mvc.yml", "", "monitor_roles: [cli_other]\n")
        assert mvc("apply", "--yes", "--allow", "loosen-access").code == 0
        url = make_conninfo(database.url, user="cli_other")
        done = mvc("status", "--format", "prometheus", "--database", url)
        assert (done.code, done.err) == (0, "")
        assert 'mvc_view_rows{schema="public",view="sales"} 3\n' in done.out
        refused = mvc("status", "--alert", "--database", url)
        assert refused.code == 1
        assert "internal error" not in refused.err

    def test_of_another_versions_runtime(self, mvc, promised):
        promised.execute("DROP VIEW mvc.view_status")
        done = mvc("status")
        assert done.code == 1
        assert "the runtime that is installed here is another version's" in done.err
        assert mvc("apply", "--yes").code == 0
        assert mvc("status", "--check").code == 0


def index_of(connection) -> str:
    query = "SELECT indexname FROM pg_indexes WHERE schemaname = 'mvc' AND indexname LIKE 'sales%grain%'"
    return connection.execute(query).fetchone()[0]
