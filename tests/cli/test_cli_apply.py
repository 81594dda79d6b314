"""`mvc apply` on a real server: what is new comes, what changed is replaced, and a refusal changes nothing at all."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from psycopg.conninfo import make_conninfo

from servers import newest

from .projects import CHANGES, create_shop, edit, observed

OBJECTS = """
SELECT n.nspname || '.' || c.relname || ':' || c.relkind::text || ':' || c.oid
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^(pg_|information_schema)' ORDER BY 1"""


def objects(connection) -> list[str]:
    return [row[0] for row in connection.execute(OBJECTS)]


def test_deploys_fills_and_then_has_nothing_to_do(mvc, shop, database):
    connection = create_shop(database, shop)
    done = mvc("apply", "--yes", "--database", database.url)
    assert done.code == 0, done.err
    assert re.search(rf"^plan [0-9a-f]{{12}} for the database {database.name}:$", done.out, re.MULTILINE)
    assert "build aside daily_revenue: it is new" in done.out
    told = done.err.splitlines()
    assert re.fullmatch(r"  build aside daily_revenue  \d+\.\d\d s", told[0])
    assert all(re.fullmatch(r"  \S.*  \d+\.\d\d s", line) for line in told[:-1]), told
    assert re.fullmatch(r"deployment 1: 1 view created, 0 unchanged, in \d+\.\d\d s", told[-1])
    assert connection.execute("SELECT country, orders, revenue FROM daily_revenue").fetchall() == [("NO", 1, 25)]
    before = objects(connection)
    done = mvc("apply", "--database", database.url)  # nothing to confirm
    assert done.code == 0
    assert f"nothing to do in the database {database.name}: 1 view, nothing differs" in done.out
    assert "nothing changed, 1 unchanged" in done.err
    assert objects(connection) == before
    assert mvc("refresh", "--all", "--database", database.url).code == 0
    assert connection.execute("SELECT count(*) FROM daily_revenue").fetchone() == (1,)
    assert "nothing to do" in mvc("apply", "--dry-run", "--database", database.url).out


@newest
class TestPlan:
    @pytest.fixture
    def url(self, shop, database, monkeypatch):
        create_shop(database, shop)
        monkeypatch.setenv("DATABASE_URL", database.url)
        return database.url

    def test_dry_run_changes_nothing(self, mvc, url, database):
        before = objects(database.connect())
        done = mvc("apply", "--dry-run")
        assert (done.code, done.err) == (0, "")
        assert "build aside daily_revenue: it is new" in done.out
        assert objects(database.connect()) == before

    def test_nobody_there_to_confirm(self, console, shop, url, database):
        before = objects(database.connect())
        done = console("apply", cwd=shop)
        assert done.code == 2
        assert "--yes" in done.err
        assert "build aside daily_revenue" in done.out
        assert objects(database.connect()) == before

    def test_nobody_there_at_all(self, shop, url):
        """A closed standard input, as some schedulers give it."""
        done = subprocess.run(
            ["bash", "-c", "mvc apply <&-"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        assert done.returncode == 2, done.stderr
        assert "--yes" in done.stderr

    @pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("ye", 1), ("y", 0), ("Yes", 0)])
    def test_is_confirmed(self, mvc, url, database, answer, code, monkeypatch):
        class Terminal:
            isatty = staticmethod(lambda: True)
            readline = staticmethod(lambda: f"{answer}\n" if answer else "")

        monkeypatch.setattr("mvc.cli.consent.sys", SimpleNamespace(stdin=Terminal()))
        done = mvc("apply")
        assert done.code == code
        assert ("nothing was changed" in done.err) == bool(code)
        assert any("daily_revenue" in item for item in objects(database.connect())) == (not code)

    def test_of_one_view_with_what_it_reads(self, mvc, chain, database):
        connection = database.connect()
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)")
        assert mvc("apply", "b", "--yes", "--database", database.url).code == 0
        names = {item.split(":")[0] for item in objects(connection)}
        assert {"public.a", "public.b"} <= names
        assert not {"public.c", "public.d"} & names
        done = mvc("apply", "--yes", "--database", database.url)
        assert "build aside c: it is new" in done.out
        assert "unchanged: a, b\n" in done.out
        assert "deployment 2: 2 views created, 2 unchanged" in done.err


@newest
class TestRefusals:
    """Each leaves the database exactly as it was."""

    @pytest.fixture
    def refused(self, mvc, shop, database):
        def check(*words: str) -> None:
            connection = database.connect()
            before = objects(connection)
            for options in ((), ("--dry-run",)):
                done = mvc("apply", "--yes", "--database", database.url, *options)
                assert done.code == 1
                assert all(word in done.err + done.out for word in words), done
                assert "internal error" not in done.err
            assert objects(connection) == before

        return check

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TABLE daily_revenue (x int)",
            "CREATE VIEW daily_revenue AS SELECT 1 AS x",
            "CREATE MATERIALIZED VIEW daily_revenue AS SELECT 1 AS x",
            "CREATE SEQUENCE daily_revenue",
        ],
    )
    def test_a_foreign_relation_in_the_way(self, shop, database, refused, statement):
        create_shop(database, shop).execute(statement)
        refused("public.daily_revenue", "not ours")

    def test_a_foreign_type_in_the_way(self, mvc, shop, database):
        """A view makes a type of its name as well, so the server refuses; that is a refusal, not a fault of ours."""
        create_shop(database, shop).execute("CREATE TYPE daily_revenue AS ENUM ('a')")
        done = mvc("apply", "--yes", "--database", database.url)
        assert done.code == 1
        assert "internal error" not in done.err
        assert "daily_revenue" in done.err

    def test_a_role_that_is_missing(self, shop, database, refused):
        create_shop(database, shop)
        policy = shop / "policies" / "shop.yml"
        policy.write_text(policy.read_text().replace("[shop_staff]", "[shop_staff, 'No Such Role']"))
        refused("No Such Role")

    @pytest.mark.bare
    def test_a_base_table_that_is_missing(self, mvc, shop, database):
        """Found out before anything is done, at each place that reads it."""
        connection = create_shop(database, shop)
        connection.execute("DROP TABLE order_lines")
        before = objects(connection)
        done = mvc("apply", "--yes", "--database", database.url)
        assert done.code == 1
        assert "error[MV805]: the database has no table `public.order_lines`" in done.err
        assert "views/daily_revenue.yml:" in done.err
        assert done.err.endswith("above; nothing was changed\n")
        assert objects(connection) == before

    @pytest.mark.bare
    def test_a_role_that_may_not_create(self, mvc, shop, database):
        connection = create_shop(database, shop)
        connection.execute("DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        before = objects(connection)
        done = mvc("apply", "--yes", "--database", make_conninfo(database.url, user="nobody"))
        assert done.code == 1
        database_name = connection.info.dbname
        assert (
            f"GRANT CREATE ON DATABASE {database_name} TO nobody; GRANT CREATE ON SCHEMA public TO nobody;" in done.err
        )
        assert "GRANT SELECT ON public.customers TO nobody; GRANT SELECT ON public.order_lines TO nobody;" in done.err
        assert "internal error" not in done.err
        assert objects(connection) == before

    def test_another_deployment_under_way(self, shop, database, mvc):
        connection = create_shop(database, shop)
        assert mvc("apply", "--yes", "--database", database.url).code == 0
        connection.execute("BEGIN; LOCK TABLE mvc.deploying IN EXCLUSIVE MODE")
        before = objects(connection)
        done = mvc("apply", "--yes", "--database", database.url)
        assert done.code == 1
        assert "another deployment of this database is under way" in done.err
        assert str(connection.info.backend_pid) in done.err
        assert objects(connection) == before

    @pytest.mark.bare
    def test_a_schema_mvc_that_someone_else_owns(self, mvc, shop, database):
        """Who owns the schema owns what is in it and could put functions there that the deploying superuser would run."""
        connection = create_shop(database, shop)
        connection.execute("DO $$ BEGIN CREATE ROLE mallory; EXCEPTION WHEN duplicate_object THEN END $$")
        connection.execute("CREATE SCHEMA mvc AUTHORIZATION mallory")
        try:
            done = mvc("apply", "--yes", "--database", database.url)
            assert done.code == 1, "a deployment went into a schema of mallory's"
            assert "internal error" not in done.err
        finally:
            connection.execute("DROP SCHEMA mvc CASCADE")


@newest
class TestChanges:
    @pytest.mark.parametrize("kind", [kind for kind, change in CHANGES.items() if not change.there])
    def test_are_made_and_then_there_is_nothing_to_do(self, mvc, sales, deployed_sales, kind):
        CHANGES[kind].make(sales)
        done = mvc("apply", "--yes")
        assert done.code == 0, done.err
        after = observed(deployed_sales)
        done = mvc("apply")
        assert done.code == 0
        assert "nothing to do" in done.out
        assert observed(deployed_sales) == after

    def test_the_plan_says_what_is_locked_and_what_is_not(self, mvc, sales, deployed_sales):
        CHANGES["formula"].make(sales)
        done = mvc("apply", "--dry-run")
        assert (done.code, done.err) == (0, "")
        lines = done.out.splitlines()
        building = (
            "its definition changed; readers go on with the old one until the switch  [ACCESS SHARE on what it reads]"
        )
        switching = "readers move to what was built  [ACCESS EXCLUSIVE on public.{}, for an instant]"
        assert re.fullmatch(r"plan [0-9a-f]{12} for the database test_\d+:", lines[0])
        assert lines[1:] == [
            *(f"  build aside {view}: {building}" for view in ("sales", "top", "now")),
            "  in one short transaction:",
            *(f"    switch readers {view}: {switching.format(view)}" for view in ("sales", "top", "now")),
        ]

    def test_of_an_index_locks_no_reader(self, mvc, sales, deployed_sales):
        CHANGES["index added"].make(sales)
        done = mvc("apply", "--yes")
        assert done.code == 0
        assert re.search(
            r"create index sales: \(n\) is missing  \[SHARE on mvc\.sales_\w+: a refresh waits, readers do not\]",
            done.out,
        )
        assert "ACCESS EXCLUSIVE" not in done.out
        assert "deployment 2: 1 view changed, 2 unchanged" in done.err

    def test_of_some_views_only(self, mvc, sales, deployed_sales):
        """A name takes what it reads along, and leaves the rest as it is."""
        CHANGES["descriptions"].make(sales)
        edit(sales, "views/now.yml", "view: now\n", "view: now\ndescription: Later.\n")
        assert mvc("apply", "sales", "--yes").code == 0
        done = mvc("apply", "--dry-run")
        assert "describe now" in done.out
        assert "describe sales" not in done.out


@newest
class TestConsent:
    """What loses data or lets somebody see more must be allowed by name, all of it."""

    @pytest.fixture
    def dangerous(self, sales, deployed_sales):
        CHANGES["column gone"].make(sales)
        CHANGES["another reader"].make(sales)
        (sales / "views" / "now.yml").unlink()
        edit(sales, "policies/all.yml", "[top, now]", "[top]")
        return deployed_sales

    def test_the_plan_names_every_danger(self, mvc, dangerous):
        done = mvc("apply", "--dry-run")
        assert done.code == 0
        assert "  ! drop-view: now goes\n" in done.out
        assert "  ! drop-column: sales.first goes\n" in done.out
        assert "  ! loosen-access: sales: `cli_other` may read the view now" in done.out

    @pytest.mark.parametrize(
        "allowed", ["", "drop-view", "drop-column,loosen-access", "drop-view,drop-column,row-count"]
    )
    def test_part_of_it_is_not_enough(self, mvc, dangerous, allowed):
        before, there = observed(dangerous), objects(dangerous)
        done = mvc("apply", "--yes", *(["--allow", allowed] if allowed else []))
        assert done.code == 1
        missing = sorted({"drop-view", "drop-column", "loosen-access"} - set(allowed.split(",")))
        assert f"= help: --allow {','.join(missing)}\n" in done.err
        refusal = done.err[done.err.index("error: this must be allowed") :]
        assert [hazard for hazard in ("drop-view", "drop-column", "loosen-access") if f"({hazard})" in refusal] == [
            hazard for hazard in ("drop-view", "drop-column", "loosen-access") if hazard in missing
        ]
        assert observed(dangerous) == before
        assert objects(dangerous) == there

    def test_all_of_it_is(self, mvc, dangerous):
        done = mvc(
            "apply", "--yes", "--allow", "drop-view, drop-column", "--allow", "drop-column,drop-view,loosen-access"
        )
        assert done.code == 0, done.err
        assert "1 view dropped" in done.err
        assert {row[0] for row in observed(dangerous)["views"]} == {"sales", "top"}
        assert "nothing to do" in mvc("apply").out

    def test_it_may_be_asked_for_on_a_terminal_and_still_needs_the_names(self, mvc, dangerous, monkeypatch):
        class Terminal:
            isatty = staticmethod(lambda: True)
            readline = staticmethod(lambda: pytest.fail("asked before it was refused"))

        monkeypatch.setattr("mvc.cli.consent.sys", SimpleNamespace(stdin=Terminal()))
        assert mvc("apply").code == 1

    @pytest.mark.parametrize("hazards", ["everything", "drop-view,droop-column", "DROP-VIEW", "drop_view"])
    def test_an_unknown_hazard_is_a_usage_error(self, mvc, dangerous, hazards):
        before = observed(dangerous)
        done = mvc("apply", "--yes", "--allow", hazards)
        assert (done.code, done.out) == (2, "")
        assert "is no hazard; there are drop-view, drop-column, loosen-access, foreign-code, row-count" in done.err
        assert observed(dangerous) == before

    def test_far_fewer_rows(self, mvc, sales, deployed_sales):
        deployed_sales.execute(
            "INSERT INTO o SELECT g, g::text, 10, '2024-01-01' FROM generate_series(1000, 1300) AS g"
        )
        mvc("refresh", "--all")
        before = observed(deployed_sales)
        edit(sales, "views/sales.yml", "indexes:", "where: o.amount < 10\nindexes:")
        done = mvc("apply", "--yes", "--allow", "loosen-access")
        assert done.code == 1
        assert "sales has 3 rows instead of 304" in done.err
        assert "--allow row-count" in done.err
        assert observed(deployed_sales) == before
        assert mvc("apply", "--yes", "--allow", "row-count,loosen-access").code == 0
        assert "nothing to do" in mvc("apply").out


@newest
class TestPlanId:
    @pytest.fixture
    def shown(self, mvc, sales, deployed_sales):
        CHANGES["column added"].make(sales)
        return re.findall(r"^plan (\w+) for", mvc("apply", "--dry-run").out, re.MULTILINE)[0]

    def test_is_the_same_as_long_as_nothing_changes(self, mvc, sales, deployed_sales, shown):
        edit(sales, "views/top.yml", "view: top\n", "# a remark\nview: top\n")
        done = mvc("apply", "--yes", "--plan", shown)
        assert done.code == 0, done.err
        assert "deployment 2" in done.err

    @pytest.mark.parametrize("given", ["", " "])
    def test_that_is_empty_agrees_to_nothing(self, mvc, sales, deployed_sales, shown, given):
        """As of a variable of a pipeline that was not set."""
        done = mvc("apply", "--yes", f"--plan={given}")
        assert done.code == 2
        assert "--plan: the id of a plan, as mvc apply --dry-run shows it, not nothing" in done.err
        assert shown in mvc("apply", "--dry-run").out

    @pytest.mark.parametrize("kind", ["the project", "the database", "another deployment"])
    def test_of_another_state_is_refused(self, mvc, sales, deployed_sales, shown, kind):
        if kind == "the project":
            CHANGES["index added"].make(sales)
        elif kind == "the database":
            deployed_sales.execute("REVOKE SELECT ON sales FROM cli_reader")
        else:
            mvc("apply", "--yes")
            CHANGES["formula"].make(sales)
        before = observed(deployed_sales)
        done = mvc("apply", "--yes", "--plan", shown)
        assert done.code == 1
        assert f"the plan {shown} was made for another state of the database or the project" in done.err
        now = re.findall(r"^plan (\w+) for", done.out, re.MULTILINE)[0]
        assert f"look at the plan again: it is {now} now" in done.err
        assert observed(deployed_sales) == before

    def test_what_changes_between_the_question_and_the_answer(self, mvc, sales, deployed_sales, database, monkeypatch):
        CHANGES["column added"].make(sales)
        other = database.connect()

        class Terminal:
            isatty = staticmethod(lambda: True)

            @staticmethod
            def readline() -> str:
                other.execute("REVOKE SELECT ON sales FROM cli_reader")
                return "y\n"

        monkeypatch.setattr("mvc.cli.consent.sys", SimpleNamespace(stdin=Terminal()))
        done = mvc("apply")
        assert done.code == 1
        assert "was made for another state" in done.err
        assert other.execute("SELECT max(id) FROM mvc.deployment").fetchone() == (1,)


@newest
class TestJson:
    STEP = frozenset({"action", "view", "reason", "lock", "dangers", "statements"})

    def test_has_the_documented_shape(self, mvc, sales, deployed_sales, database):
        CHANGES["column gone"].make(sales)
        CHANGES["index added"].make(sales)
        deployed_sales.execute("REVOKE SELECT ON top FROM cli_reader")
        text = mvc("apply", "--dry-run")
        done = mvc("apply", "--dry-run", "--format", "json")
        assert (done.code, done.err) == (0, "")
        data = json.loads(done.out)
        documented = (
            (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8").partition("`mvc.plan`")[2]
        )
        assert set(data) == {"format", "version"} | set(
            re.findall(r"^\| `(\w+)` \|", documented.partition("## A status")[0], re.MULTILINE)
        )
        assert (data["format"], data["version"], data["database"]) == ("mvc.plan", 1, database.name)
        assert f"plan {data['id']} for" in text.out
        steps = [*data["prepare"], *(step for switch in data["switches"] for step in switch["steps"])]
        assert all(set(step) == self.STEP for step in steps)
        assert [step["action"] for step in data["prepare"]] == ["build"] * 3
        assert [set(switch) for switch in data["switches"]] == [{"views", "steps"}]
        first, *others = data["dangers"]
        assert first == {"hazard": "drop-column", "reason": "sales.first goes"}
        assert [item["hazard"] for item in others] == ["prepared-statements"]
        assert data["drift"] == [
            {
                "kind": "grant missing",
                "view": "top",
                "subject": "cli_reader",
                "expected": "SELECT",
                "found": "",
                "kept": False,
            }
        ]
        assert (data["unchanged"], data["left_out"], data["refusals"]) == ([], [], [])

    def test_of_nothing_to_do(self, mvc, deployed_sales):
        data = json.loads(mvc("apply", "--dry-run", "--format", "json").out)
        assert (data["prepare"], data["switches"]) == ([], [])
        assert set(data["unchanged"]) == {"sales", "top", "now"}

    def test_of_what_is_refused(self, mvc, sales, deployed_sales):
        edit(sales, "policies/all.yml", "to: [cli_reader], using: true", "to: [cli_nobody], using: true")
        done = mvc("apply", "--dry-run", "--format", "json")
        assert (done.code, done.err) == (1, "")
        (refusal,) = json.loads(done.out)["refusals"]
        assert set(refusal) == {"message", "hint"}
        assert "cli_nobody" in refusal["message"]

    def test_goes_with_a_dry_run_only(self, mvc, sales, deployed_sales):
        done = mvc("apply", "--yes", "--format", "json")
        assert (done.code, done.out) == (2, "")
        assert "--dry-run" in done.err


@newest
class TestPatience:
    def test_a_reader_in_the_way_is_named_and_nothing_is_switched(self, mvc, sales, deployed_sales, database):
        CHANGES["column added"].make(sales)
        before = observed(deployed_sales)
        reader = database.connect(autocommit=False, application_name="a long report")
        reader.execute("SELECT count(*) FROM top")
        started = time.monotonic()
        done = mvc("apply", "--yes", "--wait", "0.3")
        assert time.monotonic() - started < 10
        assert done.code == 1
        assert "a long report" in done.err
        assert str(reader.info.backend_pid) in done.err
        assert "--wait SECONDS" in done.err
        reader.rollback()
        assert observed(deployed_sales) == before
        done = mvc("apply", "--yes")
        assert done.code == 0
        assert "build aside" not in done.out  # it is built already

    @pytest.mark.parametrize("option", ["--wait", "--timeout"])
    @pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e12", "soon", ""])
    def test_must_be_a_time(self, mvc, sales, database, option, seconds):
        done = mvc("apply", "--yes", f"{option}={seconds}", "--database", database.url)
        assert (done.code, done.out) == (2, "")
        assert "a number of seconds" in done.err

    def test_a_build_that_takes_too_long(self, mvc, sales, deployed_sales):
        deployed_sales.execute(
            "INSERT INTO o SELECT g, g::text, 1, '2024-01-01' FROM generate_series(1000, 200000) AS g"
        )
        before = observed(deployed_sales)
        CHANGES["rows"].make(sales)
        done = mvc("apply", "--yes", "--allow", "loosen-access", "--timeout", "0.01")
        assert done.code == 1
        assert re.search(r"^  build aside sales  failed after \d+\.\d\d s$", done.err, re.MULTILINE)
        assert "statement timeout" in done.err
        assert observed(deployed_sales) == before


@newest
class TestDrift:
    def test_is_shown_and_mended(self, mvc, sales, deployed_sales):
        before = observed(deployed_sales)
        stored = deployed_sales.execute(
            "SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'sales'"
        ).fetchone()[0]
        deployed_sales.execute("REVOKE SELECT ON sales FROM cli_reader; COMMENT ON VIEW sales IS 'mine'; DROP VIEW now")
        deployed_sales.execute(
            f'DROP INDEX mvc."{stored}_total"' if self.index(deployed_sales, f"{stored}_total") else "SELECT 1"
        )
        done = mvc("apply", "--dry-run")
        assert (done.code, done.err) == (0, "")
        head, plan = done.out.split("plan ", 1)
        assert head.startswith("not as the last deployment left it:\n")
        assert "≠ sales: a reader lost the right to read (cli_reader, expected SELECT)" in head
        assert "≠ sales: a description was changed (public.sales, expected What each city bought., found mine)" in head
        assert "≠ now: the view that readers use is gone (public.now)" in head
        assert "set readers sales: cli_reader may read it" in plan
        assert mvc("apply", "--yes").code == 0
        assert observed(deployed_sales) == before
        assert mvc("apply").out.startswith("nothing to do")

    @staticmethod
    def index(connection, name: str) -> bool:
        return connection.execute("SELECT to_regclass(format('mvc.%%I', %s::text)) IS NOT NULL", (name,)).fetchone()[0]

    def test_what_is_kept_is_told_and_no_reason_to_deploy(self, mvc, sales, deployed_sales):
        deployed_sales.execute("GRANT SELECT ON sales TO cli_other")
        done = mvc("apply")
        assert done.code == 0
        assert "· sales: a right was granted by hand (cli_other, found SELECT); it is kept" in done.out
        assert "nothing to do" in done.out


@newest
class TestRemovedViews:
    @pytest.fixture
    def removed(self, sales, deployed_sales):
        (sales / "views" / "now.yml").unlink()
        edit(sales, "policies/all.yml", "[top, now]", "[top]")
        return deployed_sales

    def test_must_be_allowed(self, mvc, removed):
        before = observed(removed)
        done = mvc("apply", "--yes")
        assert done.code == 1
        assert "this must be allowed: now goes (drop-view)" in done.err
        assert observed(removed) == before

    def test_are_asked_about_even_then(self, console, removed, sales):
        before = observed(removed)
        done = console("apply", "--allow", "drop-view", cwd=sales)
        assert done.code == 2
        assert "--yes" in done.err
        assert observed(removed) == before

    def test_go_in_the_switch(self, mvc, removed):
        done = mvc("apply", "--yes", "--allow", "drop-view")
        assert done.code == 0
        assert "deployment 2: 1 view dropped, 2 unchanged" in done.err
        assert {row[0] for row in observed(removed)["views"]} == {"sales", "top"}
        assert "nothing to do" in mvc("apply").out

    def test_are_not_touched_where_views_are_named(self, mvc, removed):
        before = observed(removed)
        assert mvc("apply", "sales", "--yes").code == 0
        assert observed(removed) == before

    def test_that_somebody_reads_stay(self, mvc, removed):
        removed.execute("CREATE VIEW mine AS SELECT * FROM now")
        before = observed(removed)
        done = mvc("apply", "--yes", "--allow", "drop-view")
        assert done.code == 1
        assert "is read by public.mine" in done.err
        assert observed(removed) == before


class TestDatabase:
    @pytest.mark.parametrize("url", ["nonsense", "http://example.com", "postgresql://h/x?no_such=1"])
    def test_a_wrong_url(self, mvc, shop, url):
        done = mvc("apply", "--yes", "--database", url)
        assert (done.code, done.out) == (1, "")
        assert "is not a database URL" in done.err
        assert "postgresql://" in done.err

    @pytest.mark.parametrize("command", [["apply", "--yes"], ["refresh", "--all"], ["catalog", "pull"]])
    def test_a_server_that_is_down(self, mvc, shop, command):
        done = mvc(*command, "--database", "postgresql://127.0.0.1:1/x")
        assert (done.code, done.out) == (1, "")
        assert "cannot connect" in done.err
        assert "refused" in done.err

    def test_a_password_is_not_repeated(self, mvc, shop):
        for url in ("postgresql://u:s3cret@127.0.0.1:1/x", "postgresql://u:s3cret@h:notaport/x", "u:s3cret@h/x"):
            done = mvc("apply", "--yes", "--database", url)
            assert done.code == 1
            assert "s3cret" not in done.err + done.out

    @newest
    def test_a_database_that_is_not_there(self, mvc, shop, postgres_server):
        done = mvc("apply", "--yes", "--database", postgres_server.url("no_such_database"))
        assert done.code == 1
        assert 'database "no_such_database" does not exist' in done.err

    @newest
    def test_libpq_s_own_variables(self, mvc, shop, database, monkeypatch):
        info = create_shop(database, shop).info
        for name, value in (("PGHOST", info.host), ("PGPORT", info.port), ("PGDATABASE", info.dbname)):
            monkeypatch.setenv(name, str(value))
        monkeypatch.setenv("PGUSER", info.user)
        assert mvc("apply", "--yes").code == 0

    @newest
    def test_a_wish_of_the_session_changes_nothing(self, mvc, shop, database, monkeypatch):
        """Zone, path, quoting and read-only defaults of the role or database that deploys."""
        connection = create_shop(database, shop)
        name = database.name
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
        connection.execute(f"ALTER DATABASE {name} SET search_path = nowhere")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
        assert mvc("apply", "--yes", "--database", database.url).code == 0
        assert mvc("refresh", "--all", "--database", database.url).code == 0
        assert database.connect().execute("SELECT day::text FROM public.daily_revenue").fetchall() == [("2024-05-01",)]
