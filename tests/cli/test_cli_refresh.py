"""`mvc refresh` on a real server: one failure does not stop the others, and the log keeps what happened."""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from servers import newest

from .projects import edit

pytestmark = newest

LOG = "SELECT view_name, status, coalesce(sqlstate, '') FROM mvc.refresh_log ORDER BY id"


def test_all(mvc, deployed_chain):
    done = mvc("refresh", "--all")
    assert (done.code, done.out) == (0, "")
    assert all(f"✓ {name}  2 rows in " in done.err for name in "abcd")
    assert [row[:2] for row in deployed_chain.execute(LOG)] == [
        (name, "completed") for name in sorted("abcd", key="adbc".index)
    ]


def test_names(mvc, deployed_chain):
    assert mvc("refresh", "d", "a").code == 0
    assert sorted(row[0] for row in deployed_chain.execute(LOG)) == ["a", "d"]


def test_what_one_reads_and_a_tag(mvc, chain, deployed_chain):
    assert mvc("refresh", "+b").code == 0
    assert [row[0] for row in deployed_chain.execute(LOG)] == ["a", "b"]
    view = chain / "views" / "d.yml"
    view.write_text(view.read_text() + "tags: [finance]\n")
    assert mvc("apply", "tag:finance", "--yes").code == 0
    assert mvc("refresh", "tag:finance").code == 0
    assert [row[0] for row in deployed_chain.execute(LOG)] == ["a", "b", "d"]


def test_plain_views_of_a_tag_are_passed_over(mvc, chain, deployed_chain):
    for name, more in (("a", ""), ("d", "materialized: false\n")):
        view = chain / "views" / f"{name}.yml"
        view.write_text(f"{view.read_text()}tags: [both]\n{more}")
    assert mvc("refresh", "tag:both").code == 0
    assert [row[0] for row in deployed_chain.execute(LOG)] == ["a"]


@pytest.mark.parametrize("arguments", [[], ["d", "--all"]])
def test_names_or_all(mvc, deployed_chain, arguments):
    done = mvc("refresh", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "--all" in done.err


def test_an_unknown_name(mvc, deployed_chain):
    done = mvc("refresh", "dd")
    assert (done.code, done.out) == (1, "")
    assert "no view of the project is named `dd`" in done.err
    assert deployed_chain.execute(LOG).fetchall() == []


def test_a_plain_view_has_nothing_to_refresh(mvc, chain, deployed_chain):
    """Silence would look like a refresh."""
    view = chain / "views" / "d.yml"
    view.write_text(view.read_text() + "materialized: false\n")
    done = mvc("refresh", "d")
    assert (done.code, done.out) == (1, "")
    assert "d: a plain view has nothing to refresh" in done.err


class TestFailure:
    @pytest.fixture
    def failing(self, mvc, deployed_chain):
        assert mvc("refresh", "--all").code == 0
        deployed_chain.execute("INSERT INTO t VALUES (3, 0); DELETE FROM mvc.refresh_log")
        return deployed_chain

    def test_does_not_stop_the_others(self, mvc, failing):
        done = mvc("refresh", "--all")
        assert (done.code, done.out) == (1, "")
        assert "✗ a  failed: division by zero" in done.err
        assert "– b  skipped: reads a, which failed" in done.err
        assert "– c  skipped: reads a, which failed" in done.err
        assert "✓ d  3 rows" in done.err

    def test_leaves_what_was_there(self, mvc, failing):
        mvc("refresh", "--all")
        assert failing.execute("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM c)").fetchone() == (2, 2)

    def test_is_in_the_log(self, mvc, failing):
        mvc("refresh", "--all")
        assert failing.execute(LOG).fetchall() == [
            ("a", "failed", "22012"),
            ("d", "completed", ""),
            ("b", "skipped", ""),
            ("c", "skipped", ""),
        ]
        query = "SELECT error, finished_at >= started_at, refreshed_by = session_user FROM mvc.refresh_log ORDER BY id"
        assert failing.execute(query).fetchone() == ("division by zero", True, True)

    def test_as_json(self, mvc, failing):
        done = mvc("refresh", "--all", "--format", "json")
        assert (done.code, done.err) == (1, "")
        data = json.loads(done.out)
        assert (data["format"], data["version"]) == ("mvc.refresh", 1)
        assert {item["view"]: item["status"] for item in data["views"]} == {
            "a": "failed",
            "b": "skipped",
            "c": "skipped",
            "d": "completed",
        }
        assert next(item["rows"] for item in data["views"] if item["view"] == "d") == 3

    def test_a_view_that_reads_it_may_still_be_refreshed_alone(self, mvc, failing):
        assert mvc("refresh", "b").code == 0

    def test_of_an_assertion_is_in_the_log(self, mvc, chain, deployed_chain):
        """`EXCEPTION WHEN OTHERS` takes all but a cancel and a failed ASSERT."""
        mvc("refresh", "--all")
        deployed_chain.execute("DELETE FROM mvc.refresh_log")
        deployed_chain.execute("ALTER TABLE t RENAME TO kept")
        deployed_chain.execute(
            "CREATE FUNCTION broken() RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN ASSERT false; RETURN 1; END $$"
        )
        stored = deployed_chain.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = 'd'").fetchone()[0]
        deployed_chain.execute(f'DROP MATERIALIZED VIEW mvc."{stored}" CASCADE')
        deployed_chain.execute(f'CREATE MATERIALIZED VIEW mvc."{stored}" AS SELECT broken() AS id WITH NO DATA')
        done = mvc("refresh", "d")
        assert done.code == 1
        assert [row[1] for row in deployed_chain.execute(LOG)] == ["failed"]


class TestTimeout:
    @pytest.fixture
    def slow(self, mvc, deployed_chain, database):
        """A lock on the base table makes the refresh wait for longer than it may."""
        blocking = database.connect(autocommit=False)
        blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        return deployed_chain

    def test_is_said_and_logged(self, mvc, slow):
        done = mvc("refresh", "d", "--timeout", "0.2")
        assert done.code == 1
        assert "✗ d  failed: canceling statement due to statement timeout" in done.err
        assert slow.execute(LOG).fetchall() == [("d", "failed", "57014")]

    @pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "1e12", "x"])
    def test_must_be_a_time(self, mvc, deployed_chain, seconds):
        done = mvc("refresh", "d", f"--timeout={seconds}")
        assert done.code == 2
        assert "internal error" not in done.err
        assert deployed_chain.execute(LOG).fetchall() == []


class TestWhere:
    def test_nothing_is_deployed(self, mvc, chain, database):
        done = mvc("refresh", "--all", "--database", database.url)
        assert (done.code, done.out) == (1, "")
        assert "mvc apply" in done.err

    def test_a_view_that_is_not_deployed_yet(self, mvc, chain, deployed_chain):
        (chain / "views" / "e.yml").write_text((chain / "views" / "d.yml").read_text().replace("view: d", "view: e"))
        done = mvc("refresh", "--all")
        assert done.code == 1
        assert "e  failed: not deployed here (mvc apply deploys it)" in done.err
        assert all(f"{name}  completed" in done.err or f"{name}  " in done.err for name in "abcd")
        assert mvc("refresh", "e").code == 1
        assert mvc("refresh", "d").code == 0

    def test_a_view_that_this_database_cannot_hold(self, mvc, chain, deployed_chain):
        """`mvc apply` has left it out and ended well; so does a refresh of all, but not one of that very view."""
        view = (chain / "views" / "d.yml").read_text().replace("view: d", "view: e")
        (chain / "views" / "e.yml").write_text(f"{view}requires: [no_such_extension]\n")
        done = mvc("refresh", "--all")
        assert done.code == 0
        lacks = "e  skipped: left out: it needs the extension no_such_extension, which this database does not have"
        assert lacks in done.err
        assert mvc("refresh", "e").code == 1

    def test_someone_else_is_at_it(self, mvc, deployed_chain, database):
        database.connect(autocommit=False).execute(
            "SELECT FROM mvc.turn WHERE work = (SELECT 'refresh ' || stored_name FROM mvc.deployed_view WHERE view_name = 'd') FOR UPDATE"
        )
        done = mvc("refresh", "d")
        assert done.code == 0
        assert "– d  skipped: another refresh of this view is under way" in done.err

    def test_a_server_that_goes_away_is_no_fault_of_ours(self, mvc, deployed_chain, database, monkeypatch):
        from mvc.engines.postgres.server import refresh as module

        monkeypatch.setattr(
            module, "refresh_view", lambda *_, **__: (_ for _ in ()).throw(psycopg.OperationalError("gone"))
        )
        done = mvc("refresh", "d")
        assert done.code == 1
        assert "this is a fault of mvc" not in done.err

    def test_a_role_without_rights_hears_so(self, mvc, deployed_chain, database, monkeypatch):
        deployed_chain.execute("DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        monkeypatch.setenv("DATABASE_URL", make_conninfo(database.url, user="nobody"))
        for arguments in (["d"], ["--all"], ["--due"], ["--schedule", "all"]):
            done = mvc("refresh", *arguments)
            assert (done.code, done.err.splitlines()) == (
                1,
                [
                    "error: the role nobody may not refresh what is deployed here",
                    "  = help: name it in mvc.yml, and mvc apply: refresh_roles: [nobody]",
                ],
            )
        assert "the role nobody may not see what is deployed here" in mvc("status").err

    def test_a_warning_was_told_when_it_was_deployed(self, mvc, chain, deployed_chain):
        """Cron sends what a job says by mail, each minute."""
        edit(chain, "schedules/all.yml", "refresh: all", "refresh: [a, b, c]")
        assert "MV409" in mvc("check").err
        for arguments in (["refresh", "--all"], ["refresh", "--due"], ["status", "--check"]):
            done = mvc(*arguments)
            assert (done.code, "MV409" in done.err) == (0, False)
