"""`mvc prune` on a real server: what nobody reads goes, and nothing else does."""

from __future__ import annotations

import pytest

from mvc.engines.postgres.runtime import runtime_views
from mvc.quoting import literal
from servers import newest

from .projects import CHANGES, SALES, edit, observed

pytestmark = newest

STORED = (
    "SELECT relname::text FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relkind IN ('m', 'v')"
    f" AND relname NOT IN ({', '.join(map(literal, sorted(runtime_views())))}) ORDER BY 1"
)
LIVE = "SELECT stored_name::text FROM mvc.deployed_view ORDER BY 1"
KNOWN = "SELECT stored_name::text FROM mvc.stored_relation ORDER BY 1"


def names(connection, query: str) -> list[str]:
    return [row[0] for row in connection.execute(query)]


@pytest.fixture
def changed(mvc, sales, deployed_sales):
    """`sales` and what reads it were replaced; what was replaced is kept."""
    CHANGES["column added"].make(sales)
    assert mvc("apply", "--yes").code == 0
    return deployed_sales


def test_drops_what_was_kept_for_a_rollback(mvc, changed):
    before = observed(changed)
    kept = set(names(changed, STORED)) - set(names(changed, LIVE))
    assert len(kept) == 3
    done = mvc("prune", "--yes")
    assert done.code == 0
    assert all(f"  {name}  " in done.out for name in kept)
    assert done.out.count("kept for a rollback") == 3
    assert "dropped 3 relations" in done.err
    assert names(changed, STORED) == names(changed, LIVE) == names(changed, KNOWN)
    assert observed(changed) == before
    done = mvc("prune", "--yes")
    assert (done.code, done.out, done.err) == (0, "nothing to drop\n", "")
    assert "nothing to do" in mvc("apply", "--dry-run").out


def test_dry_run_only_lists(mvc, changed):
    before = names(changed, STORED)
    done = mvc("prune", "--dry-run")
    assert done.code == 0
    assert done.out.count("kept for a rollback") == 3
    assert names(changed, STORED) == before


def test_asks_first(console, sales, changed):
    before = names(changed, STORED)
    done = console("prune", cwd=sales)
    assert done.code == 2
    assert "--yes" in done.err
    assert names(changed, STORED) == before


def test_nothing_is_deployed(mvc, base):
    done = mvc("prune", "--yes")
    assert (done.code, done.out, done.err) == (0, "nothing to drop\n", "")


def test_what_a_view_that_was_dropped_left(mvc, sales, deployed_sales):
    (sales / "views" / "now.yml").unlink()
    edit(sales, "policies/all.yml", "[top, now]", "[top]")
    assert mvc("apply", "--yes", "--allow", "drop-view").code == 0
    assert "dropped 1 relation" in mvc("prune", "--yes").err
    assert names(deployed_sales, STORED) == names(deployed_sales, LIVE)


def test_what_was_built_and_never_used(mvc, sales, deployed_sales):
    """An apply that was refused after its builds leaves them for the next one."""
    deployed_sales.execute("INSERT INTO o SELECT g, g::text, 10, '2024-01-01' FROM generate_series(1000, 1200) AS g")
    mvc("refresh", "--all")
    edit(sales, "views/sales.yml", "indexes:", "where: o.amount < 10\nindexes:")
    done = mvc("apply", "--yes", "--allow", "loosen-access")
    assert done.code == 1
    assert "row-count" in done.err
    before = observed(deployed_sales)
    done = mvc("prune", "--yes")
    assert done.code == 0
    assert done.out.count("built, never used") == 3
    assert names(deployed_sales, STORED) == names(deployed_sales, LIVE)
    assert observed(deployed_sales) == before


class TestArms:
    """`all rows for some, some rows for the others` makes two arms of an exposure, which are views in the stored schema too."""

    RULE = "using: \"total > 15 OR current_setting('app.role', true) = 'admin'\""

    @pytest.fixture
    def with_arms(self, mvc, sales, deployed_sales):
        edit(sales, "policies/all.yml", "using: total > 15", self.RULE)
        done = mvc("apply", "--yes", "--allow", "loosen-access")
        assert done.code == 0, done.err
        return deployed_sales

    def test_in_use_stay(self, mvc, with_arms):
        arms = set(names(with_arms, STORED)) - set(names(with_arms, KNOWN))
        assert arms, "the rule was meant to make arms"
        assert mvc("prune", "--yes").out == "nothing to drop\n"
        assert arms <= set(names(with_arms, STORED))

    def test_out_of_use_go(self, mvc, sales, with_arms):
        before = names(with_arms, KNOWN)
        edit(sales, "policies/all.yml", self.RULE, "using: total > 15")
        assert mvc("apply", "--yes", "--allow", "loosen-access").code == 0
        done = mvc("prune", "--yes")
        assert done.code == 0, done.err
        assert "part of a view that is no more" in done.out
        assert names(with_arms, STORED) == before
        done = mvc("rollback", "--yes", "--allow", "loosen-access")
        assert done.code == 0, done.err
        assert set(names(with_arms, STORED)) > set(before)

    def test_of_what_was_replaced_go_with_it(self, mvc, sales, with_arms):
        CHANGES["column added"].make(sales)
        assert mvc("apply", "--yes", "--allow", "loosen-access").code == 0
        state = observed(with_arms)
        done = mvc("prune", "--yes")
        assert done.code == 0, done.err
        assert len(set(names(with_arms, STORED)) - set(names(with_arms, KNOWN))) == len(self.arms(with_arms))
        assert observed(with_arms) == state
        assert "nothing to do" in mvc("apply", "--dry-run").out

    @staticmethod
    def arms(connection) -> list[str]:
        return names(connection, "SELECT jsonb_object_keys(recorded -> 'arms') FROM mvc.deployed_view")


class TestInTheWay:
    def test_a_reader_who_still_reads_it(self, mvc, sales, deployed_sales, database):
        """A transaction that began before the switch may go on with what was replaced; only that one is kept."""
        reader = database.connect(autocommit=False, application_name="long report")
        old = names(deployed_sales, "SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'top'")[0]
        CHANGES["column added"].make(sales)
        assert mvc("apply", "--yes").code == 0
        reader.execute(f'SELECT count(*) FROM mvc."{old}"')
        done = mvc("prune", "--yes", "--wait", "0.2")
        assert done.code == 1
        assert f"kept {old}: " in done.err
        assert "dropped 1 relation" in done.err  # `now`, the plain view on it; `sales` feeds it
        assert reader.execute(f'SELECT count(*) FROM mvc."{old}"').fetchone() == (2,)
        reader.rollback()
        done = mvc("prune", "--yes")
        assert done.code == 0, done.err
        assert names(deployed_sales, STORED) == names(deployed_sales, LIVE)

    def test_a_view_of_somebody_s_on_what_is_stored(self, mvc, changed):
        """Nobody but the owner could make one; it is no reason to drop it with CASCADE."""
        old = next(name for name in set(names(changed, STORED)) - set(names(changed, LIVE)) if name.startswith("top"))
        changed.execute(f'CREATE VIEW mine AS SELECT * FROM mvc."{old}"')
        done = mvc("prune", "--yes", "--wait", "1")
        assert done.code == 1
        assert f"kept {old}: public.mine reads it" in done.err
        assert changed.execute("SELECT count(*) FROM mine").fetchone() == (2,)


class TestUnknown:
    def test_relations_stay(self, mvc, changed):
        changed.execute("CREATE VIEW mvc.mine AS SELECT 1 AS x; CREATE MATERIALIZED VIEW mvc.mine_too AS SELECT 1 AS x")
        changed.execute("CREATE TABLE mvc.notes (x int)")
        done = mvc("prune", "--yes")
        assert done.code == 0, done.err
        assert (done.out.count("not made by mvc"), done.err.count("not made by mvc")) == (3, 3)  # each listed, and kept
        assert set(names(changed, STORED)) - set(names(changed, LIVE)) == {"mine", "mine_too"}
        assert changed.execute("SELECT to_regclass('mvc.notes') IS NOT NULL").fetchone() == (True,)

    def test_alone_are_no_reason_to_ask(self, console, sales, deployed_sales):
        deployed_sales.execute("CREATE VIEW mvc.mine AS SELECT 1 AS x")
        done = console("prune", cwd=sales)
        assert done.code == 0
        assert "mine  0 B  not made by mvc" in done.out


def test_what_another_project_deployed_is_in_use(mvc, sales, changed, tmp_path):
    other = tmp_path / "other"
    for path, text in SALES.items():
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_text(
            text.replace("project: sales", "project: other")
            .replace("view: sales", "view: takings")
            .replace("view: top", "view: best")
            .replace("view: now", "view: ever")
            .replace("[top, now]", "[best, ever]")
        )
    done = mvc("--project", other, "apply", "--yes")
    assert done.code == 0, done.err
    before = observed(changed)
    assert mvc("prune", "--yes").code == 0
    assert observed(changed) == before
    assert len(names(changed, STORED)) == len(names(changed, LIVE)) == 6
    for project in (sales, other):  # nor does one of them undo what the other has said of itself
        assert "nothing to do" in mvc("--project", project, "apply", "--dry-run").out


def test_with_quiet_a_plan_that_was_agreed_to_is_not_shown(mvc, changed):
    """One that nobody agreed to is shown before somebody is asked, and --dry-run asks for it."""
    for command in ("rollback", "apply", "prune"):
        assert mvc(command, "--dry-run", "-q").out != ""
        done = mvc(command, "--yes", "-q")
        assert (done.code, done.out, done.err) == (0, "", ""), command
    assert "nothing to do" in mvc("apply", "--dry-run").out


def test_a_rollback_says_what_readers_go_back_to(mvc, changed):
    """Nothing is built for it."""
    shown = mvc("rollback", "--dry-run").out
    assert "switch readers sales: readers move back to what they had before" in shown
    assert "built" not in shown
