"""One broken view blinds nobody: whatever is dropped behind our back, everything that is asked of the database is answered for all others,
the broken one is named with what to do, and that mends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.partitions import maintain_partitions
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.schedule_runs import run_due, seconds_to_next
from mvc.engines.postgres.server.status import Status, alert, status
from mvc.report.status.html.page import status_page
from mvc.report.status.prometheus import prometheus_text
from mvc.report.status.text import status_json, status_text
from mvc.report.text.style import PLAIN
from servers import NEWEST, Database, Servers, new_database

from .projects import ANYTHING, assert_settled, create_roles

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, n int NOT NULL);
CREATE TABLE u (id int PRIMARY KEY, k text NOT NULL);
CREATE TABLE ev (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE FUNCTION mine() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.mine', true) $$;
GRANT EXECUTE ON FUNCTION mine() TO PUBLIC;
"""
TABLE_T = "CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, n int NOT NULL)"
ROWS = """
INSERT INTO t SELECT g, 'k' || g % 4, g FROM generate_series(1, 20) AS g;
INSERT INTO u SELECT g, 'k' || g % 4 FROM generate_series(1, 20) AS g;
"""
FILES = {
    "mvc.yml": "project: shop\ncatalog: s.sql\nnotify: alerts\n",
    "s.sql": SCHEMA,
    "views/broken.yml": "view: broken\nsources: {t: {table: t}}\ndimensions: {k: t.k}\naggregates: {s: {sum: twice(t.n)}}\n",
    "views/whole.yml": "view: whole\nsources: {t: {table: t}}\ndimensions: {k: t.k}\naggregates: {s: {sum: t.n}}\n",
    "views/fine.yml": "view: fine\nsources: {u: {table: u}}\ndimensions: {k: u.k}\naggregates: {n: {count: u}}\n",
    "policies/p.yml": "policies:\n  - {policy: own, view: broken, to: [bv_reader], using: k = mine()}\n"
    "  - {policy: all, view: [whole, fine], to: [bv_reader], using: true}\n",
    "schedules/s.yml": "schedules:\n  - {schedule: often, refresh: [broken, fine], every: '* * * * *', mode: incremental}\n"
    "  - {schedule: soon, refresh: [whole, fine], within: 1h}\n",
    "partitions/p.yml": "partitions: [{table: ev, by: month, ahead: 1}]\n",
}
VIEWS = {"broken", "whole", "fine"}


@cache
def project(summed: str = "twice(t.n)") -> Compiled:
    view = FILES["views/broken.yml"].replace("twice(t.n)", summed)
    return mvc.compile(mvc.load({**FILES, "views/broken.yml": view}))


TABLE = project().view("broken").storage[1]
STORED = project().view("whole").storage[1]
LOG = project().view("broken").increment.watched[0].log  # type: ignore[union-attr]


@dataclass(frozen=True)
class Case:
    """What is dropped; the words that name each view that is broken by it; which of them a refresh still serves; and what has to be there
    again before anything can be mended.
    """

    drop: str
    problems: dict[str, str]
    refreshed: tuple[str, ...] = ()
    missing: str = ""
    undo: str = ""


EXPOSED = "the view public.{0}, which readers use, is gone: mvc apply puts it back"
BESIDE = "which its refreshes read, is gone: mvc apply puts it back"
BROKEN = EXPOSED.format("broken")
WHOLE = EXPOSED.format("whole")
CASES = {
    "an exposure": Case("DROP VIEW broken CASCADE", {"broken": BROKEN}, ("broken",)),
    "an exposure of a materialized view": Case("DROP VIEW whole CASCADE", {"whole": WHOLE}, ("whole",)),
    "what stores a table": Case(f'DROP TABLE mvc."{TABLE}" CASCADE', {"broken": BROKEN}),
    "what stores a materialized view": Case(f'DROP MATERIALIZED VIEW mvc."{STORED}" CASCADE', {"whole": WHOLE}),
    "what stores it, renamed": Case(f'ALTER TABLE mvc."{TABLE}" RENAME TO other', {"broken": "which stores it, is gone"}),
    "a companion": Case(f'DROP VIEW mvc."{TABLE}_query" CASCADE', {"broken": BESIDE}, ("broken",)),
    "a base table": Case("DROP TABLE t CASCADE", {"broken": BESIDE, "whole": WHOLE}, missing=f"{TABLE_T}; {ROWS.split(';', maxsplit=1)[0]}"),
    "a base column": Case(
        "ALTER TABLE t DROP COLUMN n CASCADE", {"broken": BESIDE, "whole": WHOLE}, missing="ALTER TABLE t ADD COLUMN n int NOT NULL DEFAULT 3"
    ),
    "a log of changes": Case(f'DROP TABLE mvc."{LOG}" CASCADE', {"broken": BESIDE}, ("broken",)),
    "a column of a log": Case(f'ALTER TABLE mvc."{LOG}" DROP COLUMN mvc_at CASCADE', {"broken": BESIDE}, ("broken",)),
    "the part of a log that is kept": Case(
        f'DROP TABLE mvc."{LOG.replace("changes_", "kept_")}"', {"broken": "the log of changes of public.t, is gone: mvc apply puts it back"}, ("broken",)
    ),
    "what writes a log": Case(f'DROP FUNCTION mvc."{LOG}" CASCADE', {}),
    "a function that a view calls": Case(
        "DROP FUNCTION twice CASCADE", {"broken": BESIDE}, missing="CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n'"
    ),
    "a function that a rule calls": Case(
        "DROP FUNCTION mine CASCADE",
        {"broken": BROKEN},
        ("broken",),
        missing="CREATE FUNCTION mine() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.mine', true) $$",
    ),
    "the ledger's row of what stores it": Case(
        "DELETE FROM mvc.stored_relation WHERE view_name = 'broken'", {"broken": "its row of mvc.stored_relation is gone"}
    ),
    "the ledger's row of a log": Case(
        "DELETE FROM mvc.watched_table", dict.fromkeys(("broken", "fine"), "of mvc.watched_table is gone"), ("broken", "fine")
    ),
    "a table with partitions": Case("DROP TABLE ev CASCADE", {}),
    "the rows of schedules": Case("DELETE FROM mvc.schedule_run; DELETE FROM mvc.turn", {}),
    "values that cannot be computed": Case("UPDATE t SET n = 2000000000 WHERE id = 1", {}, undo="UPDATE t SET n = 1 WHERE id = 1"),
}  # fmt: skip


def build(connection: Connection) -> None:
    create_roles(connection, ["bv_reader"])
    connection.execute(SCHEMA + ROWS)
    apply(connection, project(), options=ApplyOptions(ANYTHING))


@pytest.fixture(params=[15, NEWEST], ids=lambda major: f"pg{major}")
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "broken_views", build)) as created:
        yield created


def heard(database: Database, connection: Connection) -> list[dict[str, Any]]:
    """What the project's channel is told by an alert."""
    with database.connect() as listener:
        listener.execute("LISTEN alerts")
        alert(connection, project())
        return [json.loads(item.payload) for item in listener.notifies(timeout=1, stop_after=1)]


def shown(found: Status) -> dict[str, str]:
    """Every format of the status."""
    return {
        "text": status_text(found, PLAIN),
        "json": json.dumps(status_json(found)),
        "html": status_page(found, "shop", "UTC"),
        "prometheus": prometheus_text(found),
    }


def check_status(connection: Connection, case: Case) -> None:
    found = status(connection, project())
    assert {view.view for view in found.views} == VIEWS
    problems = {view.view: view.problem for view in found.views if view.problem}
    assert set(problems) == set(case.problems)
    assert all(case.problems[name] in said for name, said in problems.items())
    assert found.troubled == bool(problems)
    for form, text in shown(found).items():
        assert all(name in text for name in VIEWS), form
        for name, problem in problems.items():
            assert (
                f'mvc_view_broken{{schema="public",view="{name}"}} 1' in text
                if form == "prometheus"
                else problem in text
            )
    for name in VIEWS - set(problems):
        assert f'mvc_view_broken{{schema="public",view="{name}"}} 0' in shown(found)["prometheus"]


ON_BOTH = (
    "what stores a table",
    "a base table",
    "a log of changes",
    "a function that a rule calls",
    "the ledger's row of what stores it",
)


@pytest.mark.parametrize("name", CASES)
def test_who_asks_is_answered(database: Database, name: str) -> None:
    if database.major != NEWEST and name not in ON_BOTH:
        pytest.skip("shown on the newest")
    case, connection = CASES[name], database.connect()
    failing = (set(case.problems) - set(case.refreshed)) | ({"broken"} if case.undo else set())
    connection.execute("UPDATE mvc.schedule_run SET seen = seen - interval '2 days'")
    connection.execute("UPDATE mvc.deployment SET applied_at = applied_at - interval '2 days'")
    connection.execute(case.drop.encode())
    check_status(connection, case)
    for view in ("view_status", "usage()"):
        assert {row[0] for row in connection.execute(f"SELECT view_name FROM mvc.{view}".encode())} == VIEWS
    told = heard(database, connection) if case.problems else [{"event": "view broken"}]
    assert told[0]["event"] == "view broken"
    assert alert(connection, project()) == 0
    assert seconds_to_next(connection, project()) >= 0
    assert connection.execute("SELECT * FROM mvc.due('shop')").fetchall() == [("often",), ("partitions",)]
    assert maintain_partitions(connection, project()).failed == (name == "a table with partitions")
    connection.execute("INSERT INTO u VALUES (30, 'k9')")
    with suppress(psycopg.errors.UndefinedTable):
        connection.execute("UPDATE t SET k = 'k2' WHERE id = 3")
    due = [item for item in run_due(connection, project()) if item.schedule == "often"]
    assert {item.view: item.status for item in due} == {
        "fine": "completed",
        "broken": "failed" if "broken" in failing else "completed",
    }
    results = {item.view: item for item in refresh(connection, project())}
    for view in failing & {"whole"}:
        assert results[view].status == "failed"
        assert results[view].reason.endswith(f"({case.problems[view]})")
    assert results["fine"].status == "completed"
    if failing:
        with pytest.raises(psycopg.errors.RaiseException, match="refreshing failed: ") as raised:
            connection.execute("CALL mvc.refresh_project('shop')")
        assert "public.fine" not in str(raised.value)
    assert connection.execute("SELECT n FROM fine WHERE k = 'k9'").fetchall() == [(1,)]
    mended(connection, case)


def mended(connection: Connection, case: Case) -> None:
    """By `mvc apply`, which says what it lacks."""
    if case.undo:
        connection.execute(case.undo.encode())
    made = plan(connection, project())
    assert len(made.refusals) == sum(item.refuses for item in made.catalog)
    assert bool(made.refusals) <= bool(case.missing)
    if case.missing:
        with pytest.raises(
            ServerError, match=r"does not exist|is gone|has no (table|column|function)|reasons"
        ) as refused:
            apply(connection, project(), options=ApplyOptions(ANYTHING))
        assert made.refusals or refused.value.hint.startswith("create it again, or ")
        apply(connection, project(), ["fine"], options=ApplyOptions(ANYTHING))
        connection.execute(case.missing.encode())
    apply(connection, project(), options=ApplyOptions(ANYTHING))
    assert_settled(connection, project())
    assert not any(view.problem for view in status(connection, project()).views)
    for mode in ("incremental", "full"):
        connection.execute("CALL mvc.refresh('public', 'broken', %s)", (mode,))
    right = connection.execute("SELECT count(*), sum(twice(n)) FROM t").fetchone()
    stored = f'SELECT sum(s) FROM mvc."{TABLE}"'
    assert connection.execute(stored.encode()).fetchone() == (right[1],) if right else False


LOST_ROWS = {
    "of the view": "DELETE FROM mvc.deployed_view WHERE view_name = 'broken'",
    "of all views": "DELETE FROM mvc.deployed_view",
    "of the view and of what stores it": "DELETE FROM mvc.deployed_view; DELETE FROM mvc.stored_relation",
    "all": "TRUNCATE mvc.deployed_view, mvc.stored_relation, mvc.watched_table, mvc.deployment, mvc.replaced_view",
}


@pytest.mark.parametrize("lost", LOST_ROWS)
def test_what_the_ledger_has_lost_is_still_ours(database: Database, lost: str) -> None:
    """As after a schema-only dump. Grants and what reads the views stay as they are."""
    connection = database.connect()
    create_roles(connection, ["bv_other"])
    connection.execute("CREATE VIEW outside AS SELECT * FROM broken; GRANT SELECT ON fine TO bv_other")
    connection.execute(LOST_ROWS[lost].encode())
    apply(connection, project(), options=ApplyOptions(ANYTHING))
    assert_settled(connection, project())
    assert connection.execute(
        "SELECT has_table_privilege('bv_other', 'fine', 'SELECT'), count(*) >= 0 FROM outside"
    ).fetchone() == (True, True)
    assert {item.status for item in refresh(connection, project())} == {"completed"}


def test_what_never_was_ours_is_taken_over_or_refused(database: Database) -> None:
    """A view of somebody else, which asks for consent, a view of the owner that reads something else, a table without the columns."""
    connection = database.connect()
    create_roles(connection, ["bv_other"])
    connection.execute("DELETE FROM mvc.deployed_view")
    connection.execute("DROP VIEW broken; CREATE VIEW broken AS SELECT 1 AS k")
    connection.execute("ALTER VIEW whole OWNER TO bv_other")
    connection.execute("DROP VIEW fine; CREATE TABLE fine ()")
    made = plan(connection, project())
    assert {item.message for item in made.refusals} == {"not ours, and in the way: public.fine"}
    assert {step.view for step in made.steps if step.action == "take over"} == set(VIEWS)
    assert [danger.hazard for danger in made.dangers if "bv_other" in danger.reason] == ["foreign-code"]
    connection.execute("DROP OWNED BY bv_other")


LOST_TABLES = (
    ("refresh_log", "turn", "told_promise", "partition_log"),
    ("unknown_change", "schedule_run", "deploying", "replaced_view"),
    ("watched_table", "stored_relation"),
    ("deployed_view",),
    ("deployment", "installation"),
)
RUNTIME = {
    **{", ".join(names): "; ".join(f"DROP TABLE mvc.{name} CASCADE" for name in names) for names in LOST_TABLES},
    "columns of tables": "ALTER TABLE mvc.refresh_log DROP COLUMN detail CASCADE; ALTER TABLE mvc.refresh_log DROP COLUMN id CASCADE;"
    " ALTER TABLE mvc.stored_relation DROP COLUMN missed CASCADE; ALTER TABLE mvc.schedule_run DROP COLUMN schedule CASCADE;"
    " ALTER TABLE mvc.watched_table DROP COLUMN columns CASCADE; ALTER TABLE mvc.stored_relation DROP COLUMN companions CASCADE",
    "sequence, index and key": "DROP SEQUENCE mvc.schedule_run_number CASCADE; DROP INDEX mvc.refresh_log_latest; ALTER TABLE mvc.turn DROP CONSTRAINT turn_pkey",
    "views": "DROP VIEW mvc.view_status, mvc.problems, mvc.refreshes, mvc.promises CASCADE",
    "functions": "DROP FUNCTION mvc.queued_groups CASCADE; DROP FUNCTION mvc.refresh_stored CASCADE; DROP PROCEDURE mvc.committed CASCADE",
}  # fmt: skip
ASKED: dict[str, Callable[[Connection], object]] = {
    "status": lambda connection: status(connection, project()),
    "refresh": lambda connection: refresh(connection, project()),
    "due": lambda connection: list(run_due(connection, project())),
    "alert": lambda connection: alert(connection, project()),
}


def refusal(ask: Callable[[Connection], object], connection: Connection) -> ServerError | None:
    try:
        ask(connection)
    except ServerError as problem:
        return problem
    return None


@pytest.mark.parametrize("part", RUNTIME)
def test_a_part_of_the_runtime_is_put_back(servers: Servers, part: str) -> None:
    server = servers.get(NEWEST if len(part) % 2 else 15)
    with new_database(server, servers.template(server, "broken_views", build)) as database:
        connection = database.connect()
        connection.execute(RUNTIME[part].encode())
        unanswered = [problem for ask in ASKED.values() if (problem := refusal(ask, connection))]
        assert all("mvc apply" in problem.hint for problem in unanswered), unanswered
        apply(connection, project(), options=ApplyOptions(ANYTHING))
        assert_settled(connection, project())
        assert {item.status for item in refresh(connection, project())} == {"completed"}
        assert {view.view for view in status(connection, project()).views} == VIEWS
        assert [item.status for item in run_due(connection, project()) if item.status == "failed"] == []


def test_a_deployment_that_fails_or_is_cut_off_breaks_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mvc.engines.postgres.server import apply as module

    connection = database.connect()
    with pytest.raises(ServerError, match="division by zero"):
        apply(connection, project("t.n / (t.n - 5)"), options=ApplyOptions(ANYTHING))
    check_status(connection, Case("", {}))

    def stopped(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_switch", stopped)
    with pytest.raises(KeyboardInterrupt):
        apply(connection, project("t.n"), options=ApplyOptions(ANYTHING))
    monkeypatch.undo()
    check_status(connection, Case("", {}))
    assert {item.status for item in refresh(connection, project())} == {"completed"}
    apply(connection, project("t.n"), options=ApplyOptions(ANYTHING))
    assert_settled(connection, project("t.n"))


def test_a_table_that_is_in_use_is_named(database: Database) -> None:
    connection = database.connect()
    connection.execute("DELETE FROM mvc.watched_table")
    with psycopg.connect(database.url) as writer:
        writer.execute("INSERT INTO t VALUES (50, 'k', 1)")
        with pytest.raises(ServerError, match=r"^public\.t was in use for 0.3 s"):
            apply(connection, project(), options=ApplyOptions(ANYTHING, pace=Timeouts(0.3)))
