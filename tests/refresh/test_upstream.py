"""A view is no fresher than what it reads: where a view that it goes back to stands still, its refresh, its promise and the status say so, and where
that has no rows at all, the refresh is refused instead of taking its own rows away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.engines.postgres.server.release import release
from mvc.engines.postgres.server.status import ViewStatus, status
from mvc.report.deploy.refreshes import refreshed_text
from mvc.report.status.text import status_text
from mvc.report.text.style import PLAIN
from servers import Database, Servers, new_database

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
TERMS = ApplyOptions(frozenset(HAZARDS))
TABLES = """
CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, amt int NOT NULL, day date NOT NULL);
CREATE TABLE m (who text NOT NULL, k text NOT NULL, PRIMARY KEY (who, k));
CREATE TABLE u (id int PRIMARY KEY, n int NOT NULL);
"""
ROWS = """
INSERT INTO t SELECT g, 'k' || g % 7, g, '2026-01-01'::date + g % 30 FROM generate_series(1, 500) AS g;
INSERT INTO u VALUES (1, 2);
INSERT INTO m VALUES ('a', 'k1'), ('b', 'k2');
"""
SUM = "view: {0}\ngrain: [one]\nsql: SELECT 1 AS one, sum(total) AS total FROM {1}\n"
FILES = {
    "mvc.yml": "project: p\ncatalog: [s.sql, outside.sql]\n",
    "s.sql": TABLES,
    "outside.sql": "CREATE VIEW outside AS SELECT k, total FROM inc;\n",
    "views/inc.yml": "view: inc\nsources: {t: {table: t}}\ndimensions: {k: t.k}\naggregates: {total: {sum: t.amt}}\n",
    "views/win.yml": "view: win\nsources: {t: {table: t}}\ndimensions: {day: t.day}\naggregates: {total: {sum: t.amt}}\n",
    "views/f.yml": "view: f\nsources: {u: {table: u}}\ndimensions: {id: u.id}\naggregates: {total: {sum: 10 / u.n}}\n",
    "views/plain.yml": "view: plain\nmaterialized: false\ngrain: [k]\nsql: SELECT k, total FROM inc\n",
    "views/up_inc.yml": SUM.format("up_inc", "inc"),
    "views/up_win.yml": SUM.format("up_win", "win"),
    "views/up_f.yml": SUM.format("up_f", "f"),
    "views/up_plain.yml": SUM.format("up_plain", "plain"),
    "views/up_twice.yml": SUM.format("up_twice", "up_inc"),
    "views/up_outside.yml": SUM.format("up_outside", "outside"),
    "policies/p.yml": "policies:\n  - {policy: b, view: inc, to: public, using: k IN (SELECT m.k FROM m WHERE length(m.who) = 1)}\n",
    "schedules/s.yml": """\
schedules:
  - {schedule: i, refresh: [inc], every: "*/5 * * * *", mode: incremental}
  - {schedule: w, refresh: [win], every: "*/5 * * * *", mode: window, window: 3d}
  - {schedule: hour, refresh: [up_inc, up_win, up_f, up_plain, up_twice, up_outside], within: 1h}
  - {schedule: soon, refresh: [f], within: 10m}
""",
}  # fmt: skip
WITHOUT_OUTSIDE = {name: text for name, text in FILES.items() if name not in ("outside.sql", "views/up_outside.yml")} | {
    "mvc.yml": "project: p\ncatalog: [s.sql]\n",
    "schedules/s.yml": FILES["schedules/s.yml"].replace(", up_outside", ""),
}  # fmt: skip
READ_INC = {"up_inc", "up_plain", "up_twice", "up_outside"}


def compiled(files: dict[str, str]) -> Compiled:
    return mvc.compile(mvc.load(files))


def deployed(connection: Connection) -> None:
    connection.execute(TABLES + ROWS)
    apply(connection, compiled(WITHOUT_OUTSIDE), options=TERMS)
    connection.execute("CREATE VIEW outside AS SELECT k, total FROM inc")
    apply(connection, compiled(FILES), options=TERMS)


@pytest.fixture
def connection(servers: Servers, postgres_server: Any) -> Iterator[Connection]:
    with new_database(postgres_server, servers.template(postgres_server, "upstream", deployed)) as created:
        connection = created.connect()
        apply(connection, compiled(FILES), options=TERMS)
        assert behind(connection) == {}
        yield connection


def outcomes(connection: Connection, *names: str) -> dict[str, Refreshed]:
    return {item.view: item for item in refresh(connection, compiled(FILES), names)}


def views(connection: Connection) -> dict[str, ViewStatus]:
    return {view.view: view for view in status(connection, compiled(FILES)).views}


def behind(connection: Connection) -> dict[str, str]:
    return {name: view.behind for name, view in views(connection).items() if view.behind and view.kind != "plain"}


def unkept(connection: Connection) -> set[str]:
    return {name for name, view in views(connection).items() for promise in view.promises if promise.broken}


def older(connection: Connection, view: str, by: str) -> None:
    connection.execute(
        "UPDATE mvc.stored_relation SET filled_at = filled_at - %(by)s::interval, windowed_at = windowed_at - %(by)s::interval WHERE view_name = %(view)s",
        {"by": by, "view": view},
    )


class TestReleased:
    def test_whoever_reads_it_says_so_in_every_place(self, connection: Connection) -> None:
        release(connection, compiled(FILES), ["t.amt"])
        connection.execute("UPDATE t SET amt = amt + 1000")
        done = outcomes(connection)
        for name, item in done.items():
            if name in READ_INC | {"up_win"}:
                read = "win" if name == "up_win" else "inc"
                assert item.status == "completed"
                assert item.detail.startswith(f"not fresh: what it reads of public.{read} is of 20"), item
                assert item.detail.endswith("since it was released for a change of its base tables")
                assert "not fresh: " in refreshed_text(item, PLAIN)
        assert done["up_f"].detail == ""
        assert set(behind(connection)) == READ_INC | {"up_win"}
        shown = status_text(status(connection, compiled(FILES)), PLAIN)
        assert "views that read what stands still:\n" in shown
        assert "up_twice: what it reads of public.inc is of 20" in shown
        log = connection.execute("SELECT view_name FROM mvc.refreshes WHERE detail LIKE 'not fresh: %'").fetchall()
        assert {name for (name,) in log} == READ_INC | {"up_win"}

    def test_its_promise_is_the_reader_s(self, connection: Connection) -> None:
        release(connection, compiled(FILES), ["t.amt"])
        older(connection, "inc", "59 minutes")
        assert unkept(connection) == set()
        older(connection, "inc", "2 minutes")
        older(connection, "win", "50 minutes")
        outcomes(connection, *READ_INC, "up_win")
        assert unkept(connection) == READ_INC
        [promise] = views(connection)["up_twice"].promises
        assert (promise.upstream, round(promise.age or 0) // 60) == ("public.inc", 61)
        assert "up_twice: no older than 1 h 0 min was promised, what it reads of public.inc is 1 h 1 min old (hour)" in status_text(
            status(connection, compiled(FILES)), PLAIN
        )  # fmt: skip
        found = connection.execute("SELECT count(*) FROM mvc.promises WHERE broken AND own_seconds < 60").fetchone()
        assert found == (4,)
        assert (
            connection.execute("SELECT * FROM mvc.due('p') AS d WHERE d = 'hour'").fetchall() == []
        )  # it would not help

    def test_a_call_gives_notice(self, connection: Connection) -> None:
        notices: list[str] = []
        connection.add_notice_handler(lambda found: notices.append(found.message_primary or ""))
        connection.execute("CALL mvc.refresh('public', 'up_inc')")
        assert notices == []
        release(connection, compiled(FILES), ["t.amt"])
        connection.execute("CALL mvc.refresh('public', 'up_inc')")
        assert [text for text in notices if text.startswith("the refresh of public.up_inc was completed, not fresh: ")]

    def test_nothing_is_left_of_it_after_the_deployment(self, connection: Connection) -> None:
        release(connection, compiled(FILES), ["t.amt"])
        outcomes(connection)
        apply(connection, compiled(FILES), options=TERMS)
        assert behind(connection) == {}
        assert {item.detail for item in outcomes(connection).values() if item.view in READ_INC} == {""}


class TestWithoutRows:
    def test_what_is_closed_is_not_read_as_if_it_were_empty(self, connection: Connection) -> None:
        """A view of somebody else's goes by what readers use."""
        before = connection.execute("TABLE up_outside").fetchall()
        assert before != [(1, None)]
        release(connection, compiled(FILES), ["m.who"])
        assert connection.execute("SELECT count(*) FROM outside").fetchone() == (0,)
        done = outcomes(connection, *READ_INC)
        assert done["up_outside"].status == "failed"
        assert "goes back to public.inc: it was released" in done["up_outside"].reason
        assert "shows no rows" in done["up_outside"].reason
        assert connection.execute("TABLE up_outside").fetchall() == before
        assert unkept(connection) >= {"up_outside"}

    def test_what_was_never_filled_is_not_either(self, connection: Connection) -> None:
        before = connection.execute("TABLE up_win").fetchall()
        connection.execute(f"TRUNCATE mvc.{stored(connection, 'win')}".encode())
        connection.execute(
            "UPDATE mvc.stored_relation SET filled_at = NULL, windowed_at = NULL WHERE view_name = 'win'"
        )
        done = outcomes(connection, "up_win")
        assert (done["up_win"].status, done["up_win"].reason) == (
            "failed",
            "public.up_win goes back to public.win: it holds no data yet",
        )
        assert connection.execute("TABLE up_win").fetchall() == before
        assert {item.status for item in outcomes(connection, "win", "up_win").values()} == {"completed"}
        assert behind(connection) == {}


def stored(connection: Connection, view: str) -> str:
    [(name,)] = connection.execute("SELECT stored_name FROM mvc.deployed_view WHERE view_name = %s", (view,)).fetchall()
    return str(name)


class TestOld:
    def test_what_failed_last(self, connection: Connection) -> None:
        connection.execute("UPDATE u SET n = 0")
        assert outcomes(connection, "f")["f"].status == "failed"
        assert "since its last refresh failed" in outcomes(connection, "up_f")["up_f"].detail
        assert set(behind(connection)) == {"up_f"}
        connection.execute("UPDATE u SET n = 5")
        assert {item.status for item in outcomes(connection, "f", "up_f").values()} == {"completed"}
        assert behind(connection) == {}

    def test_what_is_older_than_its_own_promise(self, connection: Connection) -> None:
        older(connection, "f", "11 minutes")
        assert "since it is older than the schedule soon promises" in outcomes(connection, "up_f")["up_f"].detail
        assert unkept(connection) == {"f"}
        older(connection, "f", "50 minutes")
        assert unkept(connection) == {"f", "up_f"}

    def test_one_without_a_promise_is_as_old_as_it_likes(self, connection: Connection) -> None:
        older(connection, "inc", "3 days")
        assert outcomes(connection, "up_inc")["up_inc"].detail == ""
        assert behind(connection) == {}


def test_who_monitors_may_ask(database: Database) -> None:
    connection = database.connect()
    connection.execute("DO $$ BEGIN CREATE ROLE up_monitor; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    connection.execute(TABLES + ROWS)
    files = {**WITHOUT_OUTSIDE, "mvc.yml": "project: p\ncatalog: [s.sql]\nmonitor_roles: [up_monitor]\n"}
    apply(connection, compiled(files), options=TERMS)
    release(connection, compiled(files), ["t.amt"])
    connection.execute("SET ROLE up_monitor")
    assert connection.execute("SELECT count(*) FROM mvc.promises").fetchone() == (6,)
    assert connection.execute("SELECT count(*) FROM mvc.view_status WHERE behind IS NOT NULL").fetchone() == (5,)
