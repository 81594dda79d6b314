"""`mvc rollback` on a real server: what the last deployment replaced is back, whole; and the way forward is open again."""

from __future__ import annotations

import re
import time

import pytest

from servers import newest

from .projects import CHANGES, edit, observed

pytestmark = newest


def allowed(hazards: str) -> list[str]:
    return ["--allow", hazards] if hazards else []


def settled(mvc) -> bool:
    done = mvc("apply", "--dry-run")
    assert done.code == 0, done.err
    return "nothing to do" in done.out


UNREAD = ("column gone",)  # nothing that is deployed reads a column of the base table any more


@pytest.mark.parametrize("kind", CHANGES)
def test_there_and_back_and_there_again(mvc, sales, deployed_sales, kind):
    change = CHANGES[kind]
    before = observed(deployed_sales)
    change.make(sales)
    done = mvc("apply", "--yes", *allowed(change.there))
    assert done.code == 0, done.err
    after = observed(deployed_sales)
    assert after != before
    started = time.monotonic()
    done = mvc("rollback", "--yes", *allowed(change.back))
    assert done.code == 0, done.err
    assert "undoes deployment 2" in done.out
    if kind in UNREAD:  # what was replaced would have stood in the way of dropping the column
        assert "build aside sales" in done.out
    else:
        assert "build aside" not in done.out  # what was replaced is still there
    assert time.monotonic() - started < 5
    assert observed(deployed_sales) == before
    assert not settled(mvc)
    done = mvc("apply", "--yes", *allowed(change.there))
    assert done.code == 0, done.err
    assert observed(deployed_sales) == after
    assert settled(mvc)


def test_a_project_that_does_not_compile_is_no_obstacle(mvc, sales, deployed_sales):
    before = observed(deployed_sales)
    CHANGES["formula"].make(sales)
    assert mvc("apply", "--yes").code == 0
    (sales / "views" / "sales.yml").write_text("view: [")
    done = mvc("rollback", "--yes")
    assert done.code == 0, done.err
    assert "the project does not compile" in done.err
    assert observed(deployed_sales) == before
    assert mvc("status").code == 0
    assert mvc("prune", "--yes").code == 0


def test_a_view_that_was_dropped_comes_back(mvc, sales, deployed_sales):
    before = observed(deployed_sales)
    (sales / "views" / "now.yml").unlink()
    (sales / "views" / "top.yml").unlink()
    edit(sales, "policies/all.yml", "- {policy: everything, view: [top, now], to: [cli_reader], using: true}\n", "")
    assert mvc("apply", "--yes", "--allow", "drop-view").code == 0
    assert [row[0] for row in observed(deployed_sales)["views"]] == ["sales"]
    done = mvc("rollback", "--yes", "--allow", "loosen-access")
    assert done.code == 0, done.err
    assert "build aside" not in done.out
    assert observed(deployed_sales) == before


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW", "TABLE"])
def test_what_somebody_else_has_put_in_its_place_is_not_touched(mvc, sales, deployed_sales, kind):
    (sales / "views" / "now.yml").unlink()
    edit(sales, "policies/all.yml", "[top, now]", "[top]")
    mvc("apply", "--yes", "--allow", "drop-view")
    deployed_sales.execute(f"CREATE {kind} now AS SELECT 'mine' AS city, 1::numeric AS total")
    done = mvc("rollback", "--yes", "--allow", "loosen-access")
    assert done.code == 1
    assert "not ours, and in the way: public.now" in done.err
    assert deployed_sales.execute("TABLE now").fetchall() == [("mine", 1)]


def test_looser_access_must_be_allowed_on_the_way_back_too(mvc, sales, deployed_sales):
    CHANGES["a reader less"].make(sales)
    mvc("apply", "--yes")
    after = observed(deployed_sales)
    done = mvc("rollback", "--yes")
    assert done.code == 1
    assert "loosen-access" in done.err
    assert observed(deployed_sales) == after


class TestTwice:
    def test_undoes_the_deployment_before(self, mvc, sales, deployed_sales):
        first = observed(deployed_sales)
        CHANGES["formula"].make(sales)
        mvc("apply", "--yes")
        second = observed(deployed_sales)
        CHANGES["column added"].make(sales)
        mvc("apply", "--yes")
        for number, expected in ((3, second), (2, first)):
            done = mvc("rollback", "--yes")
            assert f"undoes deployment {number}\n" in done.out
            assert observed(deployed_sales) == expected
        ledger = "SELECT id, action, undone_by FROM mvc.deployment ORDER BY id"
        assert deployed_sales.execute(ledger).fetchall() == [
            (1, "apply", None),
            (2, "apply", 5),
            (3, "apply", 4),
            (4, "rollback", None),
            (5, "rollback", None),
        ]

    def test_a_deployment_after_it_is_the_next_one_to_undo(self, mvc, sales, deployed_sales):
        first = observed(deployed_sales)
        CHANGES["formula"].make(sales)
        mvc("apply", "--yes")
        mvc("rollback", "--yes")
        CHANGES["column added"].make(sales)
        mvc("apply", "--yes")
        done = mvc("rollback", "--yes")
        assert "undoes deployment 4\n" in done.out
        assert observed(deployed_sales) == first

    def test_until_there_is_nothing_left(self, mvc, deployed_sales):
        """Once more than was meant must not take every view from its readers."""
        before = observed(deployed_sales)
        done = mvc("rollback", "--yes")
        assert done.code == 1
        assert "--allow drop-view" in done.err
        assert observed(deployed_sales) == before
        done = mvc("rollback", "--yes", "--allow", "drop-view")
        assert done.code == 0, done.err
        assert observed(deployed_sales)["views"] == []
        done = mvc("rollback", "--yes")
        assert (done.code, done.out) == (1, "")
        assert "there is no deployment left to undo" in done.err
        done = mvc("apply", "--yes")
        assert done.code == 0, done.err
        assert len(observed(deployed_sales)["views"]) == 3

    def test_what_only_mended_something_is_passed_over(self, mvc, sales, deployed_sales):
        """Undoing it would do nothing, and look like a way back."""
        before = observed(deployed_sales)
        CHANGES["formula"].make(sales)
        mvc("apply", "--yes")
        deployed_sales.execute("REVOKE SELECT ON sales FROM cli_reader")
        assert mvc("apply", "--yes").code == 0
        done = mvc("rollback", "--yes")
        assert "undoes deployment 2\n" in done.out
        assert observed(deployed_sales) == before


class TestNothing:
    def test_is_deployed(self, mvc, base):
        done = mvc("rollback", "--yes")
        assert (done.code, done.out) == (1, "")
        assert "nothing of this project is deployed here" in done.err
        assert "mvc apply" in done.err

    def test_is_changed_by_a_dry_run(self, mvc, sales, deployed_sales):
        CHANGES["column gone"].make(sales)
        mvc("apply", "--yes", "--allow", "drop-column")
        after = observed(deployed_sales)
        done = mvc("rollback", "--dry-run")
        assert done.code == 0
        assert "undoes deployment 2" in done.out
        assert "ACCESS EXCLUSIVE on public.sales, for an instant" in done.out
        assert observed(deployed_sales) == after

    def test_without_consent(self, console, mvc, sales, deployed_sales):
        CHANGES["formula"].make(sales)
        mvc("apply", "--yes")
        after = observed(deployed_sales)
        done = console("rollback", cwd=sales)
        assert done.code == 2
        assert "--yes" in done.err
        assert observed(deployed_sales) == after


class TestAfterPrune:
    def test_it_builds_again(self, mvc, sales, deployed_sales):
        before = observed(deployed_sales)
        CHANGES["formula"].make(sales)
        mvc("apply", "--yes")
        assert mvc("prune", "--yes").code == 0
        done = mvc("rollback", "--yes")
        assert done.code == 0, done.err
        assert "build aside sales" in done.out
        assert observed(deployed_sales) == before

    def test_a_view_that_was_dropped_is_built_again(self, mvc, sales, deployed_sales):
        before = observed(deployed_sales)
        (sales / "views" / "now.yml").unlink()
        edit(sales, "policies/all.yml", "[top, now]", "[top]")
        mvc("apply", "--yes", "--allow", "drop-view")
        mvc("prune", "--yes")
        done = mvc("rollback", "--yes", "--allow", "loosen-access")
        assert done.code == 0, done.err
        assert observed(deployed_sales) == before


def test_rows_are_those_of_the_last_refresh_of_what_comes_back(mvc, sales, deployed_sales):
    before = observed(deployed_sales)
    CHANGES["formula"].make(sales)
    mvc("apply", "--yes")
    deployed_sales.execute("INSERT INTO o VALUES (100, 'city 9', 50, '2024-01-01')")
    mvc("refresh", "--all")
    mvc("rollback", "--yes")
    assert observed(deployed_sales) == before
    assert mvc("refresh", "--all").code == 0
    assert ("city 9", 50) in deployed_sales.execute("SELECT city, total FROM top").fetchall()


def test_what_others_put_on_it_is_carried(mvc, sales, deployed_sales):
    deployed_sales.execute("GRANT SELECT ON sales TO cli_other WITH GRANT OPTION")
    deployed_sales.execute("GRANT SELECT (city) ON top TO cli_other")
    deployed_sales.execute("COMMENT ON COLUMN sales.n IS 'by hand'")
    deployed_sales.execute("CREATE SCHEMA report; CREATE VIEW report.v AS SELECT city, n FROM sales")
    deployed_sales.execute("GRANT USAGE ON SCHEMA report TO cli_other; GRANT SELECT ON report.v TO cli_other")
    before = observed(deployed_sales)
    CHANGES["column gone"].make(sales)
    mvc("apply", "--yes", "--allow", "drop-column")
    done = mvc("rollback", "--yes")
    assert done.code == 0, done.err
    assert observed(deployed_sales) == before
    with deployed_sales.transaction(force_rollback=True):
        deployed_sales.execute("SET LOCAL ROLE cli_other")
        assert len(deployed_sales.execute("TABLE report.v").fetchall()) == 2


def test_it_needs_no_project_that_compiles_the_same(mvc, sales, deployed_sales):
    """What comes back is what the ledger holds; the YAML may be anything by now."""
    before = observed(deployed_sales)
    CHANGES["formula"].make(sales)
    mvc("apply", "--yes")
    for path in ("views/now.yml", "views/top.yml"):
        (sales / path).unlink()
    (sales / "policies" / "all.yml").unlink()
    done = mvc("rollback", "--yes")
    assert done.code == 0, done.err
    assert observed(deployed_sales) == before


def test_while_another_deploys(mvc, sales, deployed_sales, database):
    CHANGES["formula"].make(sales)
    mvc("apply", "--yes")
    after = observed(deployed_sales)
    database.connect(autocommit=False).execute("LOCK TABLE mvc.deploying IN EXCLUSIVE MODE")
    for command in ("rollback", "prune", "apply"):
        done = mvc(command, "--yes")
        assert done.code == 1
        assert "another deployment of this database is under way" in done.err
    assert observed(deployed_sales) == after


def test_a_reader_in_the_way_is_waited_for_and_named(mvc, sales, deployed_sales, database):
    CHANGES["formula"].make(sales)
    mvc("apply", "--yes")
    after = observed(deployed_sales)
    reader = database.connect(autocommit=False, application_name="report 7")
    reader.execute("SELECT count(*) FROM sales")
    done = mvc("rollback", "--yes", "--wait", "0.2")
    assert done.code == 1
    assert re.search(r"report 7", done.err)
    reader.rollback()
    assert observed(deployed_sales) == after
    assert mvc("rollback", "--yes").code == 0


@pytest.mark.bare
def test_by_a_member_of_the_owner_who_does_not_inherit(mvc, sales, base, database, monkeypatch):
    """As docs/deploying.md has it, and where the role has to be taken on."""
    from psycopg.conninfo import make_conninfo

    for statement in (
        "CREATE ROLE cli_owner NOLOGIN",
        "CREATE ROLE cli_deployer LOGIN NOINHERIT",
        "GRANT cli_owner TO cli_deployer",
        "CREATE SCHEMA mvc AUTHORIZATION cli_owner",
        "GRANT USAGE, CREATE ON SCHEMA public TO cli_owner",
        "GRANT SELECT ON o TO cli_owner",
    ):
        base.execute(statement)
    monkeypatch.setenv("DATABASE_URL", make_conninfo(database.url, user="cli_deployer"))
    try:
        assert mvc("apply", "--yes").code == 0
        before = observed(base)
        CHANGES["column added"].make(sales)
        assert mvc("apply", "--yes").code == 0
        for arguments in (("status",), ("prune", "--dry-run"), ("rollback", "--dry-run"), ("rollback", "--yes")):
            done = mvc(*arguments)
            assert done.code == 0, done.err
        assert observed(base) == before
        done = mvc("prune", "--yes")
        assert done.code == 0, done.err
        assert "dropped 3 relations" in done.err
        assert base.execute("SELECT undone_by FROM mvc.deployment WHERE id = 2").fetchone() == (3,)
    finally:
        base.execute("DROP OWNED BY cli_owner, cli_deployer CASCADE; DROP ROLE cli_deployer, cli_owner")
