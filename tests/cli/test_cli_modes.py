"""How views can be refreshed, and refreshes in each of the modes: `mvc check --modes`, `mvc refresh --mode`, `--verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.engine import POSTGRES
from servers import newest

from .projects import edit, write

PARTS = {
    "mvc.yml": "project: parts\ncatalog: schema.sql\ntimezone: America/New_York\n",
    "schema.sql": "CREATE TABLE e (id int PRIMARY KEY, at timestamptz NOT NULL, kind text NOT NULL, n int NOT NULL);\n",
    "schedules/all.yml": """\
schedules:
  - {schedule: kinds, refresh: kinds, every: '0 * * * *', mode: incremental}
  - {schedule: days, refresh: daily, every: '0 * * * *', mode: window, window: 3d}
  - {schedule: odd, refresh: odd, every: '0 * * * *'}
""",
    "views/daily.yml": "view: daily\nsources: {e: {table: e}}\ndimensions: {day: e.at::date}\naggregates: {n: {sum: e.n}}\n",
    "views/kinds.yml": "view: kinds\nsources: {e: {table: e}}\ndimensions: {kind: e.kind}\naggregates: {n: {sum: e.n}}\n",
    "views/odd.yml": "view: odd\nsql: SELECT e.id, e.n FROM e WHERE e.n % 2 = 1\ngrain: [id]\n",
    "views/plain.yml": "view: plain\nmaterialized: false\nsources: {e: {table: e}}\ndimensions: {id: e.id}\n",
}
UNNOTICED = {mode.name: mode.unnoticed for mode in POSTGRES.modes}
UNTRACED = "its body is SQL, in which groups are not traced: declare sources, dimensions and aggregates"


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write(tmp_path / "parts", PARTS)
    monkeypatch.chdir(folder)
    return folder


class TestCheck:
    def test_says_how_each_view_can_be_refreshed_and_why_not_otherwise(self, mvc, parts):
        done = mvc("check", "--modes")
        assert done.code == 0
        assert done.out.splitlines() == [
            "  daily: full ✓, incremental, window ✓",
            "  kinds: full ✓, incremental ✓",
            "    not window: no column of its grain is a date or a time",
            "  odd: full ✓",
            f"    not incremental: {UNTRACED}",
            "    not window: no column of its grain is a date or a time",
            "",
            "A refresh with `mode: incremental` does not notice what was",
            *(f"  · {what}" for what in UNNOTICED["incremental"]),
            "A schedule that compares a sample of groups and mends what is wrong finds it:",
            "",
            "schedules:",
            '  - {schedule: verified, refresh: [kinds], every: "30 3 * * *", mode: verify}',
            "",
            "A refresh with `mode: window` does not notice what was",
            *(f"  · {what}" for what in UNNOTICED["window"]),
            "A schedule that computes everything finds it:",
            "",
            "schedules:",
            '  - {schedule: whole, refresh: [daily], every: "30 3 * * 0"}',
            "",
            "PostgreSQL 15 to 18",
            "  · who may see which rows is enforced by the server",
            "  · the grain is proven at each refresh, by a unique index",
            "  · lists come in the order that was asked for",
            "  · readers have the old or the new of all views that change together",
            "  · sums of exact numbers are exact",
            "  · dates are computed in the project's zone",
            f"  · schedules are run by {', '.join(POSTGRES.schedules)}",
            f"  · functions are {', '.join(POSTGRES.functions)}",
        ]
        assert "4 views" in done.err

    def test_the_schedules_that_it_proposes_can_be_pasted(self, mvc, parts):
        proposed = mvc("check", "--modes").out.split("schedules:\n")[1:]
        for number, text in enumerate(proposed):
            write(parts, {f"schedules/proposed_{number}.yml": "schedules:\n" + text.partition("\n")[0] + "\n"})
        assert len(proposed) == 2
        done = mvc("check", "--modes", "--strict")
        assert (done.code, done.out.count("✓")) == (0, 5)

    def test_as_json(self, mvc, parts):
        data = json.loads(mvc("check", "--modes", "--format", "json").out)
        assert data["modes"] == [
            {
                "view": "daily",
                "modes": ["full", "incremental", "window"],
                "used": ["window", "full"],
                "not_incremental_because": [],
                "window_column": "day",
                "not_noticed": [*UNNOTICED["window"]],
            },
            {
                "view": "kinds",
                "modes": ["full", "incremental"],
                "used": ["incremental", "full"],
                "not_incremental_because": [],
                "window_column": None,
                "not_noticed": [*UNNOTICED["incremental"]],
            },
            {
                "view": "odd",
                "modes": ["full"],
                "used": ["full"],
                "not_incremental_because": [UNTRACED],
                "window_column": None,
                "not_noticed": [],
            },
        ]
        assert data["engine"]["modes"] == ["full", "incremental", "window", "verify"]
        assert (data["engine"]["name"], data["engine"]["versions"]) == ("postgres", [15, 18])
        assert "modes" not in json.loads(mvc("check", "--format", "json").out)

    def test_of_a_project_that_does_not_compile(self, mvc, parts):
        edit(parts, "views/daily.yml", "{table: e}", "{table: f}")
        done = mvc("check", "--modes")
        assert (done.code, done.out) == (1, "")
        assert "no table is named `f`" in done.err
        assert json.loads(mvc("check", "--modes", "--format", "json").out)["modes"] == []


@newest
class TestRefresh:
    @pytest.fixture
    def deployed(self, mvc, parts, database, monkeypatch) -> psycopg.Connection[Any]:
        """At 20:30 in New York of each day, which is the next day in UTC."""
        connection = database.connect()
        connection.execute(PARTS["schema.sql"].encode())
        connection.execute(
            "INSERT INTO e SELECT g, '2024-05-01 20:30-04'::timestamptz + g % 5 * interval '1 day', 'kind ' || g % 50, 1"
            " FROM generate_series(1, 200) AS g"
        )
        monkeypatch.setenv("DATABASE_URL", database.url)
        done = mvc("apply", "--yes")
        assert done.code == 0, done.err
        return connection

    def refreshed(self, mvc, *arguments: str) -> dict[str, dict[str, Any]]:
        done = mvc("refresh", *arguments, "--format", "json")
        assert (done.code, done.err) == (0, "")
        return {item["view"]: item for item in json.loads(done.out)["views"]}

    def test_each_in_the_mode_that_it_is_deployed_for(self, mvc, deployed):
        deployed.execute("UPDATE e SET n = 2 WHERE kind = 'kind 7'")
        found = self.refreshed(mvc, "--all")
        assert {name: item["mode"] for name, item in found.items()} == {
            "daily": "window",
            "kinds": "incremental",
            "odd": "full",
        }
        kinds = found["kinds"]
        assert (kinds["changed"], kinds["groups"], kinds["rows"], kinds["detail"]) == (1, 1, 50, "")
        assert (found["odd"]["changed"], found["odd"]["groups"]) == (None, None)

    def test_in_words(self, mvc, deployed):
        deployed.execute("UPDATE e SET n = 2 WHERE kind IN ('kind 7', 'kind 8')")
        said = mvc("refresh", "kinds").err
        assert said.startswith("  ✓ kinds  50 rows in ")
        assert said.endswith(" s, incremental, 2 groups computed, 2 written\n")

    def test_everything_whatever_the_schedule_says(self, mvc, deployed):
        found = self.refreshed(mvc, "--all", "--mode", "full")
        assert {item["mode"] for item in found.values()} == {"full"}
        assert set(found) == {"daily", "kinds", "odd"}

    def test_why_it_computed_everything(self, mvc, deployed):
        deployed.execute("TRUNCATE e")
        (item,) = self.refreshed(mvc, "kinds").values()
        assert (item["mode"], item["groups"], item["rows"], item["detail"]) == (
            "full",
            None,
            0,
            "public.e: it was truncated",
        )
        deployed.execute("INSERT INTO e VALUES (1, now(), 'x', 1); TRUNCATE e")
        assert mvc("refresh", "kinds").err.splitlines()[1] == "      public.e: it was truncated"

    @pytest.mark.parametrize("arguments", [["--verify"], ["--mode", "verify"]])
    def test_verify_takes_only_views_that_can(self, mvc, deployed, arguments):
        deployed.execute("SET session_replication_role = replica")
        deployed.execute("ALTER TABLE e DISABLE TRIGGER USER; UPDATE e SET n = 3 WHERE kind = 'kind 9'")
        deployed.execute(
            "UPDATE mvc.watched_table SET triggers = mvc.triggers_of('e', log, columns)"
        )  # as if nobody had seen it
        found = self.refreshed(mvc, "--all", *arguments)
        assert set(found) == {"kinds"}
        assert (found["kinds"]["mode"], found["kinds"]["changed"]) == ("verify", 1)
        assert "1 of 50 groups compared were not as the query gives them" in found["kinds"]["detail"]
        found = self.refreshed(mvc, "kinds", *arguments)
        assert found["kinds"]["detail"] == "50 groups compared: all as the query gives them"

    def test_all_where_no_view_is_deployed_for_it(self, mvc, parts, deployed):
        (parts / "schedules" / "all.yml").unlink()
        done = mvc("refresh", "--all", "--verify")
        assert (done.code, done.out) == (1, "")
        assert "no view is deployed for --mode verify" in done.err
        assert "mvc check --modes" in done.err

    @pytest.mark.parametrize(
        ("view", "mode"), [("odd", "incremental"), ("daily", "verify"), ("kinds", "window"), ("odd", "window")]
    )
    def test_a_mode_that_a_view_is_not_deployed_for(self, mvc, deployed, view, mode):
        done = mvc("refresh", view, "--mode", mode)
        assert (done.code, done.out) == (1, "")
        assert f"✗ {view}  failed: the view public.{view} was not deployed for refreshes of the mode {mode}" in done.err
        assert "(give it a schedule of that mode and apply: " in done.err
        assert deployed.execute("SELECT count(*) FROM mvc.refresh_log").fetchone() == (0,)

    def test_a_window_in_the_zone_of_the_project(self, mvc, deployed):
        """Its days begin at midnight in New York, whatever the session's zone."""
        deployed.execute("UPDATE e SET n = n + 1")
        (item,) = self.refreshed(
            mvc, "daily", "--mode", "window", "--since", "2024-05-02", "--until", "2024-05-04"
        ).values()
        assert (item["mode"], item["changed"]) == ("window", 2)
        assert deployed.execute("SELECT day::text, n FROM daily ORDER BY 1").fetchall() == [
            ("2024-05-01", 40),
            ("2024-05-02", 80),
            ("2024-05-03", 80),
            ("2024-05-04", 40),
            ("2024-05-05", 40),
        ]
        query = "SELECT window_start, window_end FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
        deployed.execute("SET TimeZone = 'UTC'")
        assert [str(time) for time in deployed.execute(query).fetchone()] == [
            "2024-05-02 04:00:00+00:00",
            "2024-05-04 04:00:00+00:00",
        ]

    def test_a_time_with_an_offset_is_taken_as_it_is(self, mvc, deployed):
        """In New York it is still the first of May then, and that day is refreshed as a whole."""
        self.refreshed(mvc, "daily", "--mode", "window", "--since", "2024-05-02T00:00:00+02:00")
        query = "SELECT window_start AT TIME ZONE 'UTC', window_end FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
        start, end = deployed.execute(query).fetchone()
        assert (str(start), end) == ("2024-05-01 04:00:00", None)

    @pytest.mark.parametrize(
        "arguments",
        [
            ["daily", "--since", "2024-05-01"],
            ["daily", "--mode", "full", "--until", "2024-05-01"],
            ["daily", "--mode", "window", "--since", "yesterday"],
            ["daily", "--mode", "window", "--since", "2024-05-02", "--until", "2024-05-01"],
            ["daily", "--mode", "window", "--since", "2024-05-01T00:00-04:00", "--until", "2024-05-01"],
            ["--due", "--mode", "full"],
            ["--schedule", "days", "--verify"],
            ["daily", "--mode", "partial"],
        ],
    )
    def test_what_makes_no_sense(self, mvc, deployed, arguments):
        done = mvc("refresh", *arguments)
        assert (done.code, done.out) == (2, "")
        assert deployed.execute("SELECT count(*) FROM mvc.refresh_log").fetchone() == (0,)

    def test_changes_that_are_not_logged_are_told_and_mended(self, mvc, deployed):
        (name,) = deployed.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'mvc\\_log\\_update%'").fetchone()
        deployed.execute(f'DROP TRIGGER "{name}" ON e')
        deployed.execute("UPDATE e SET n = 2 WHERE kind = 'kind 7'")
        said = "kinds: changes of a table that it reads are not logged as they were (public.e, found its triggers, columns,"
        assert said in mvc("diff", "--database").out
        assert said in mvc("status").out
        done = mvc("apply", "--yes")
        assert done.code == 0
        assert "changes of public.e are not logged as they were: its triggers" in done.out
        assert mvc("diff", "--database", "--exit-code").code == 0
        (item,) = self.refreshed(mvc, "kinds").values()
        assert (item["mode"], item["changed"]) == ("full", 1)
        assert item["detail"].startswith("changes of public.e may have gone unnoticed: its triggers, ")


def test_what_is_found_in_some_views(mvc, parts):
    edit(parts, "schedules/all.yml", "refresh: kinds,", "refresh: daily,")
    done = mvc("check", "kinds", "--modes")
    assert "MV409" in done.err
    assert "kinds" in done.out
    assert "odd" not in done.out
    assert "MV409" not in mvc("check", "daily", "odd").err
    assert mvc("check", "kind").code == 1
    assert "did you mean `kinds`" in mvc("check", "kind").err
