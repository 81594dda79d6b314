"""Logs of changes of base tables, as deployments begin, share, mend and end them, and what becomes of the next refresh."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.migration import migration
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.partitions import maintain_partitions
from mvc.engines.postgres.server.prune import prune
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.report.status.drift import drift_text
from mvc.report.text.style import PLAIN
from servers import NEWEST, Database, Servers, new_database, newest

from .projects import (
    ANYTHING,
    BASE,
    Connection,
    Edit,
    Files,
    aggregate,
    assert_settled,
    build_shop,
    compiled,
    deploy,
    drift_of,
    edited,
    rows_of,
)

pytestmark = pytest.mark.by_turns

WHOLE = compiled(edited())


def incremental(*names: str) -> Edit:
    def edit(files: Files) -> None:
        item = {"schedule": "partly", "refresh": [*names], "every": "0 * * * *", "mode": "incremental"}
        files["schedules/partly.yml"] = {"schedules": [item]}

    return edit


BOTH = compiled(edited(incremental("sales", "alone")))
SALES_ONLY = compiled(edited(incremental("sales")))
ALONE_ONLY = compiled(edited(incremental("alone")))
LOGS = {item.table: item.log for view in BOTH.views if view.increment for item in view.increment.watched}


def build(connection: Connection) -> None:
    build_shop(connection)
    deploy(connection, BOTH)


@pytest.fixture
def deployed(servers: Servers) -> Iterator[Connection]:
    server = servers.get(NEWEST)
    with new_database(server, servers.template(server, "watching_template", build)) as database:
        yield database.connect()


@pytest.fixture
def bare(servers: Servers) -> Iterator[Connection]:
    with new_database(servers.get(NEWEST)) as database:
        connection = database.connect()
        build_shop(connection)
        yield connection


def about_logs(connection: Connection, project: Compiled) -> list[tuple[str, str]]:
    """The steps of a plan that are about logs of changes, with the words that they begin with."""
    made = plan(connection, project)
    steps = [*made.prepare, *made.finish]
    return [(step.action, step.view or step.reason) for step in steps if step.action in ("watch", "follow", "unwatch")]


def triggers(connection: Connection) -> dict[str, int]:
    query = "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger WHERE tgname LIKE 'mvc\\_log\\_%' GROUP BY 1 ORDER BY 1"
    return dict(connection.execute(query.encode()).fetchall())


def logs(connection: Connection) -> set[str]:
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relname LIKE 'changes\\_%' AND relkind = 'r'"
    return {row[0] for row in connection.execute(query.encode())}


def refreshed(connection: Connection, view: str) -> tuple[Any, ...]:
    """What a refresh came to: mode, groups that were computed, why as a whole."""
    connection.execute(f"CALL mvc.refresh('public', '{view}')".encode())
    query = "SELECT status, mode, groups, detail FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    assert row[0] == "completed"
    return row[1:]


def is_right(connection: Connection, view: str, project: Compiled = BOTH) -> None:
    """What is stored is what the query gives."""
    stored = project.view(view).storage[1]
    difference = f"(TABLE mvc.{stored} EXCEPT TABLE mvc.{stored}_query) UNION ALL (TABLE mvc.{stored}_query EXCEPT TABLE mvc.{stored})"
    assert connection.execute(difference.encode()).fetchall() == []


class TestModes:
    def test_views_become_incremental(self, bare: Connection):
        deploy(bare, WHOLE)
        assert (triggers(bare), logs(bare)) == ({}, set())
        before = rows_of(bare, WHOLE)
        assert about_logs(bare, BOTH) == [
            ("watch", "changes of public.customers are to be logged for sales"),
            ("watch", "changes of public.orders are to be logged for alone, sales"),
            ("follow", "alone"),
            ("follow", "sales"),
        ]
        deploy(bare, BOTH)
        assert triggers(bare) == {"customers": 5, "orders": 5}
        assert logs(bare) == set(LOGS.values())
        assert rows_of(bare, BOTH) == before
        bare.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 3")
        assert refreshed(bare, "sales") == ("incremental", 1, None)
        is_right(bare, "sales")

    def test_and_stop_being_so(self, deployed: Connection):
        assert about_logs(deployed, WHOLE) == [
            ("unwatch", "nobody reads the log of changes of public.customers any more"),
            ("unwatch", "nobody reads the log of changes of public.orders any more"),
        ]
        deploy(deployed, WHOLE)
        assert triggers(deployed) == {}
        assert deployed.execute("SELECT count(*) FROM mvc.watched_table").fetchone() == (0,)
        deployed.execute("UPDATE orders SET amount = amount + 1; TRUNCATE orders")
        prune(deployed, WHOLE, Timeouts())
        assert_settled(deployed, WHOLE)
        assert logs(deployed) == set()

    def test_what_another_view_reads_stays(self, deployed: Connection):
        assert about_logs(deployed, ALONE_ONLY) == [
            ("unwatch", "nobody reads the log of changes of public.customers any more")
        ]
        deploy(deployed, ALONE_ONLY)
        assert triggers(deployed) == {"orders": 5}
        deployed.execute("UPDATE orders SET status = 'sent' WHERE id = 1")
        assert refreshed(deployed, "alone")[0] == "incremental"
        is_right(deployed, "alone", ALONE_ONLY)

    def test_another_view_joins(self, bare: Connection):
        """It needs columns that the log does not have; what the first view has not seen yet is not lost."""
        deploy(bare, ALONE_ONLY)
        bare.execute("UPDATE orders SET status = 'sent' WHERE id = 1")
        assert about_logs(bare, BOTH) == [
            ("watch", "changes of public.customers are to be logged for sales"),
            ("watch", "changes of public.orders are to be logged with customer_id"),
            ("follow", "sales"),
        ]
        deploy(bare, BOTH)
        assert refreshed(bare, "alone") == ("incremental", 2, None)
        bare.execute("UPDATE orders SET customer_id = 5 WHERE customer_id = 4")
        assert refreshed(bare, "sales") == ("incremental", 2, None)
        for view in ("sales", "alone"):
            is_right(bare, view)

    def test_a_view_goes(self, deployed: Connection):
        fewer = compiled(edited(incremental("sales"), lambda files: files.pop("views/alone.yml")))
        assert about_logs(deployed, fewer) == []
        deploy(deployed, fewer)
        assert triggers(deployed) == {"customers": 5, "orders": 5}

    def test_from_groups_to_a_period_and_back(self, bare: Connection):
        """Both are tables."""

        def daily(mode: str) -> Edit:
            def edit(files: Files) -> None:
                view = {"view": "daily", "sources": {"o": {"table": "orders"}}, "dimensions": {"day": "o.placed::date"}}
                files["views/daily.yml"] = {**view, "aggregates": {"n": {"count": "o"}}}
                files["schedules/partly.yml"] = json.loads(
                    f'{{"schedules": [{{"schedule": "partly", "refresh": "daily", "every": "0 * * * *", {mode}}}]}}'
                )

            return edit

        groups = compiled(edited(daily('"mode": "incremental"')))
        period = compiled(edited(daily('"mode": "window", "window": "3d"')))
        for project in (groups, period, groups):
            deploy(bare, project)
            assert triggers(bare) == ({"orders": 5} if project is groups else {})
            refreshed(bare, "daily")
            bare.execute(
                "UPDATE orders SET placed = now() WHERE id = (SELECT max(id) FROM orders WHERE placed < now() - interval '1 day')"
            )
            mode = refreshed(bare, "daily")[0]
            assert mode == ("incremental" if project is groups else "window")


class TestTheWayBack:
    def test_to_an_incremental_definition(self, deployed: Connection):
        """Nobody logged changes in the meantime, so the next refresh is a whole one, and says so."""
        deploy(deployed, WHOLE)
        deployed.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 3")
        rollback(deployed, WHOLE, ApplyOptions(ANYTHING))
        assert_settled(deployed, BOTH)
        assert triggers(deployed) == {"customers": 5, "orders": 5}
        deployed.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 4")
        mode, groups, detail = refreshed(deployed, "sales")
        assert (mode, groups) == ("full", None)
        assert detail == "changes of public.orders may have gone unnoticed: its changes are not logged yet"
        is_right(deployed, "sales")
        deployed.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 5")
        assert refreshed(deployed, "sales") == ("incremental", 1, None)
        is_right(deployed, "sales")

    def test_to_another_incremental_definition(self, deployed: Connection):
        """The logs were kept up, but not for this one."""
        changed = compiled(edited(incremental("sales", "alone"), aggregate("pieces", {"sum": "o.pieces"})))
        deploy(deployed, changed)
        deployed.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 3")
        assert refreshed(deployed, "sales") == ("incremental", 1, None)
        rollback(deployed, changed, ApplyOptions(ANYTHING))
        assert_settled(deployed, BOTH)
        deployed.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 4")
        refreshed(deployed, "sales")
        is_right(deployed, "sales")

    def test_to_no_increments(self, bare: Connection):
        deploy(bare, WHOLE)
        deploy(bare, BOTH)
        rollback(bare, BOTH, ApplyOptions(ANYTHING))
        assert_settled(bare, WHOLE)
        assert triggers(bare) == {}


def test_a_log_that_another_project_reads_stays(deployed: Connection):
    """What a migration says of it, made where nobody knew of that project."""
    files = edited(incremental("alone"))
    files["views/alone.yml"]["view"] = "theirs"
    for path in [path for path in files if path.startswith(("views/", "policies/")) and path != "views/alone.yml"]:
        del files[path]
    files["schedules/partly.yml"]["schedules"][0]["refresh"] = ["theirs"]
    other = compiled({**files, "mvc.yml": {**BASE["mvc.yml"], "project": "other"}})
    deploy(deployed, other)
    with deployed.transaction():
        deployed.execute(migration(BOTH, WHOLE).encode())
    assert triggers(deployed) == {"orders": 5}
    assert_settled(deployed, WHOLE)
    deployed.execute("UPDATE orders SET status = 'sent' WHERE id = 1")
    assert refreshed(deployed, "theirs") == ("incremental", 2, None)


class TestInterrupted:
    @pytest.mark.parametrize("after", ["watch", "follow", "build"])
    def test_the_next_one_goes_on(self, bare: Connection, after: str):
        """What was written meanwhile is in the log."""
        deploy(bare, WHOLE)

        class Interrupted(Exception):
            pass

        def on_step(step: Any) -> None:
            if step.action == after:
                seen.append(step)
            elif seen:
                raise Interrupted

        seen: list[Any] = []
        with pytest.raises(Interrupted):
            apply(bare, BOTH, options=ApplyOptions(ANYTHING), on_step=on_step)
        bare.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 3")
        deploy(bare, BOTH)
        for view in ("sales", "alone"):
            assert refreshed(bare, view)[0] == "incremental"
            is_right(bare, view)

    def test_nobody_goes_on(self, bare: Connection):
        """A plan that wants nothing of it takes the triggers away."""
        deploy(bare, WHOLE)
        made = plan(bare, BOTH)
        for step in made.prepare:
            if step.action == "watch":
                for statement in step.statements:
                    bare.execute(statement.encode())
        assert triggers(bare) == {"customers": 5, "orders": 5}
        assert not plan(bare, WHOLE).empty
        deploy(bare, WHOLE)
        assert (triggers(bare), logs(bare)) == ({}, set())


def trigger(connection: Connection, relation: str = "orders") -> str:
    row = connection.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'mvc\\_log\\_insert%%'", (relation,)
    ).fetchone()
    assert row is not None
    return str(row[0])


UNLOGGED = (("changes unlogged", "alone"), ("changes unlogged", "sales"))


class TestDrift:
    @pytest.mark.parametrize(
        "part",
        [
            "TABLE mvc.{log}",
            "TABLE mvc.{kept}",
            "TABLE mvc.unknown_change",
            "SEQUENCE mvc.lost_change",
            "FUNCTION mvc.{log}()",
        ],
    )
    def test_whose_code_would_run_is_told(self, deployed: Connection, part: str):
        """Only the owner or a superuser can have given it away, and nobody but the new owner has done anything wrong until it is told."""
        part = part.format(log=LOGS["orders"], kept=LOGS["orders"].replace("changes_", "kept_"))
        deployed.execute(f"ALTER {part} OWNER TO dm_other".encode())
        said = f"its log, or what writes to it, belongs to another role: mvc.{part.partition('mvc.')[2]} is of dm_other"
        assert {item.found.partition(", whose")[0] for item in drift_of(deployed, BOTH)} == {said}
        assert said in drift_text(drift_of(deployed, BOTH), PLAIN)
        assert "whose triggers, rules and defaults run as postgres whenever somebody writes to the table" in drift_text(
            drift_of(deployed, BOTH), PLAIN
        )
        assert said in about_logs(deployed, BOTH)[0][1]
        deploy(deployed, BOTH)
        assert drift_of(deployed, BOTH) == ()

    @pytest.mark.parametrize(
        "statement",
        [
            "DROP TRIGGER {trigger} ON orders",
            "ALTER TABLE orders DISABLE TRIGGER {trigger}",
            "ALTER TABLE orders ENABLE TRIGGER {trigger}",
            "CREATE TABLE more () INHERITS (orders)",
            "DROP FUNCTION mvc.{log} CASCADE",
            "ALTER TABLE mvc.{log} OWNER TO dm_other",
        ],
    )
    def test_is_found_and_mended(self, deployed: Connection, statement: str):
        deployed.execute(statement.format(trigger=trigger(deployed), log=LOGS["orders"]).encode())
        found = drift_of(deployed, BOTH)
        assert sorted((item.kind, item.view) for item in found) == sorted(UNLOGGED)
        assert {item.subject for item in found} == {"public.orders"}
        assert plan(deployed, BOTH).drift == found
        [(step, reason)] = about_logs(deployed, BOTH)
        assert (step, reason.partition(": its ")[0]) == (
            "watch",
            "changes of public.orders are not logged as they were",
        )
        deployed.execute("INSERT INTO orders SELECT 1000, 3, 7, 1, 'paid', now()")
        deploy(deployed, BOTH)
        mode, _, detail = refreshed(deployed, "sales")
        assert mode == "full", detail
        assert detail.startswith("changes of public.orders may have gone unnoticed: its ")
        is_right(deployed, "sales")
        deployed.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 5")
        assert refreshed(deployed, "sales") == ("incremental", 1, None)
        is_right(deployed, "sales")

    def test_a_refresh_mends_it_too(self, deployed: Connection):
        deployed.execute(f"DROP TRIGGER {trigger(deployed)} ON orders".encode())
        deployed.execute("INSERT INTO orders SELECT 1000, 3, 7, 1, 'paid', now()")
        mode, _, detail = refreshed(deployed, "sales")
        assert mode == "full"
        assert "public.orders" in detail
        assert drift_of(deployed, BOTH) == ()
        is_right(deployed, "sales")
        mode, _, detail = refreshed(deployed, "alone")  # it did not see that row either
        assert mode == "full"
        is_right(deployed, "alone")


def test_prune_keeps_a_log_that_somebody_reads(deployed: Connection):
    changed = compiled(edited(incremental("sales", "alone"), aggregate("pieces", {"sum": "o.pieces"})))
    deploy(deployed, changed)
    assert prune(deployed, changed, Timeouts()).kept == ()
    assert logs(deployed) == set(LOGS.values())
    assert_settled(deployed, changed)
    deployed.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 3")
    assert refreshed(deployed, "sales") == ("incremental", 1, None)
    is_right(deployed, "sales", changed)


def test_the_compiled_script_is_a_deployment(bare: Connection):
    bare.execute(BOTH.sql.encode())
    bare.execute(BOTH.sql.encode())
    mode, _, _ = refreshed(bare, "sales")
    assert mode == "full"
    bare.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 3")
    assert refreshed(bare, "sales") == ("incremental", 1, None)
    is_right(bare, "sales")
    assert refreshed(bare, "alone")[0] == "full"
    for view in ("by_city", "top"):
        bare.execute(f"CALL mvc.refresh('public', '{view}')".encode())
    assert_settled(bare, BOTH)


PARTS = """
CREATE TABLE events (id bigint NOT NULL, at timestamptz NOT NULL, kind text NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
"""


@newest
class TestPartitions:
    @pytest.fixture
    def events(self, database: Database) -> Connection:
        connection = database.connect()
        connection.execute(PARTS)
        apply(connection, self.project())
        return connection

    def project(self) -> Compiled:
        files = {
            "mvc.yml": "project: parts\ncatalog: s.sql\n",
            "s.sql": PARTS,
            "views/v.yml": "view: v\nsources: {e: {table: events}}\ndimensions: {kind: e.kind}\naggregates: {n: {count: e}}\n",
            "partitions/p.yml": "partitions:\n  - {table: events, by: month, ahead: 2}\n",
            "schedules/s.yml": "schedules: [{schedule: often, refresh: v, every: '* * * * *', mode: incremental}]\n",
        }
        return mvc.compile(mvc.load(files))

    def fill(self, connection: Connection, kinds: str = "'kind ' || g % 50") -> None:
        connection.execute(f"INSERT INTO events SELECT g, now(), {kinds} FROM generate_series(1, 200) AS g".encode())

    def test_new_ones_are_watched_from_their_first_row_on(self, events: Connection):
        project = self.project()
        assert not maintain_partitions(events, project).failed
        assert len(triggers(events)) == 4
        assert drift_of(events, project) == ()
        assert plan(events, project).empty
        self.fill(events)
        refreshed(events, "v")
        row = events.execute("SELECT tableoid::regclass::text FROM events LIMIT 1").fetchone()
        assert row is not None
        events.execute(f"UPDATE {row[0]} SET kind = 'kind 7' WHERE kind = 'kind 8'".encode())
        assert refreshed(events, "v") == ("incremental", 2, None)
        is_right(events, "v", project)

    def test_one_that_is_detached_makes_a_whole_refresh(self, events: Connection):
        project = self.project()
        maintain_partitions(events, project)
        self.fill(events)
        refreshed(events, "v")
        row = events.execute("SELECT tableoid::regclass::text FROM events LIMIT 1").fetchone()
        assert row is not None
        events.execute(f"ALTER TABLE events DETACH PARTITION {row[0]}".encode())
        assert [item.kind for item in drift_of(events, project)] == ["changes unlogged"]
        mode, _, detail = refreshed(events, "v")
        assert mode == "full"
        assert "partitions" in detail
        assert events.execute("SELECT count(*) FROM v").fetchone() == (0,)
        assert drift_of(events, project) == ()

    def test_one_that_is_attached_by_hand_is_found(self, events: Connection):
        project = self.project()
        events.execute("CREATE TABLE old PARTITION OF events FOR VALUES FROM ('2000-01-01') TO ('2001-01-01')")
        events.execute("INSERT INTO old VALUES (1, '2000-05-05', 'x')")
        assert [item.kind for item in drift_of(events, project)] == ["changes unlogged"]
        deploy(events, project)
        mode, _, _ = refreshed(events, "v")
        assert mode == "full"
        assert events.execute("SELECT kind, n FROM v").fetchall() == [("x", 1)]
