"""What is stored in tables: drift of a table and of the view that gives its rows, refreshes that touch only what differs, the
way back, what is left over, and readers whose snapshot is older than a table.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import Switch
from mvc.engines.postgres.refresh.companions import companions
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.prune import leftovers, prune
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.status import status
from servers import NEWEST, Database, Servers, need, new_database, on_major

from .projects import (
    ANYTHING,
    Connection,
    Files,
    aggregate,
    assert_settled,
    build_shop,
    compiled,
    deploy,
    drift_of,
    edited,
    in_tables,
    rows_of,
)
from .projects import sales as sales_key
from .test_drift import Hand, drifting, is_found_and_mended

pytestmark = pytest.mark.by_turns

PROJECT = compiled(edited(drifting, in_tables))
CHANGED = compiled(edited(drifting, in_tables, aggregate("pieces", {"sum": "o.pieces"})))
LARGEST = compiled(edited(drifting, in_tables, aggregate("largest", {"max": "o.amount"})))  # reads no column more
STORED = {view.name: view.storage[1] for view in PROJECT.views}
QUERIES = {view.name: it.name for view in PROJECT.views for it in companions(view) if it.purpose == "query"}
BESIDE = {it.purpose: f"mvc.{it.name}" for it in companions(PROJECT.view("alone"))}
SALES, QUERY = f"mvc.{STORED['sales']}", f"mvc.{QUERIES['sales']}"
ALONE, ALONE_QUERY = f"mvc.{STORED['alone']}", f"mvc.{QUERIES['alone']}"
INDEX = next(index.name for index in PROJECT.view("sales").indexes if index.origin == "spec")
EMPTIED = "TRUNCATE {0}; UPDATE mvc.stored_relation SET filled_at = NULL WHERE stored_name = '{1}'"

HANDS = [
    Hand("table dropped", f"DROP TABLE {ALONE} CASCADE", (("exposure missing", "alone"), ("storage missing", "alone"))),
    Hand("table dropped, its query another one", f"DROP TABLE {ALONE} CASCADE; DROP VIEW {ALONE_QUERY}; CREATE VIEW {ALONE_QUERY} AS SELECT 1 AS x",
         (("exposure missing", "alone"), ("storage missing", "alone"))),
    Hand("table and query dropped", f"DROP TABLE {SALES} CASCADE; DROP VIEW {QUERY}",
         tuple((kind, view) for view in ("sales", "by_city", "top", "now") for kind in ("exposure missing", "storage missing"))),
    Hand("table renamed", f"ALTER TABLE {ALONE} RENAME TO other", (("exposure changed", "alone"), ("storage missing", "alone"))),
    Hand("a column added", f"ALTER TABLE {ALONE} ADD COLUMN more int", (("storage changed", "alone"),)),
    Hand("a column of another type", f"DROP TABLE {ALONE} CASCADE; CREATE TABLE {ALONE} AS SELECT 'x'::varchar AS status, 1::bigint AS n",
         (("exposure missing", "alone"), ("index missing", "alone"), ("storage changed", "alone"))),
    Hand("storage of another kind", f"DROP TABLE {ALONE} CASCADE; CREATE MATERIALIZED VIEW {ALONE} AS TABLE {ALONE_QUERY}",
         (("exposure missing", "alone"), ("storage missing", "alone"))),
    Hand("the query replaced", f"CREATE OR REPLACE VIEW {ALONE_QUERY} AS SELECT o.status, 1::bigint AS n FROM orders AS o GROUP BY 1", (("storage changed", "alone"),)),
    Hand("the query dropped", f"DROP VIEW {ALONE_QUERY}", (("storage changed", "alone"),)),
    Hand("the keys of all rows dropped", f"DROP VIEW {BESIDE['keys']}", (("storage changed", "alone"),)),
    Hand("the rows of some keys dropped", f"DROP VIEW {BESIDE['groups']}", (("storage changed", "alone"),)),
    Hand("what has moved replaced", f"CREATE OR REPLACE VIEW {BESIDE['moved']} AS SELECT NULL::text AS status WHERE false", (("storage changed", "alone"),)),
    Hand("the keys put aside dropped", f"DROP TABLE {BESIDE['dirty']} CASCADE", (("storage changed", "alone"),)),
    Hand("not filled", EMPTIED.format(SALES, STORED["sales"]), (("storage unpopulated", "sales"),)),
    Hand("the table opened", f"GRANT SELECT ON {SALES} TO dm_bob", (("storage open", "sales"),)),
    Hand("the query opened", f"GRANT SELECT (id) ON {QUERY} TO dm_bob", (("storage open", "sales"),)),
    Hand("another owner of the table", f"ALTER TABLE {SALES} OWNER TO dm_analyst", (("owner changed", "sales"),)),
    Hand("another owner of the query", f"ALTER VIEW {QUERY} OWNER TO dm_analyst", (("owner changed", "sales"),)),
    Hand("an index dropped", f'DROP INDEX mvc."{INDEX}"', (("index missing", "sales"),)),
    Hand("an option changed", f"ALTER TABLE {SALES} SET (fillfactor = 50)", (("option changed", "sales"),)),
]  # fmt: skip


def build(connection: Connection) -> None:
    build_shop(connection)
    deploy(connection, PROJECT)


@pytest.fixture(scope="module")
def standing(servers: Servers) -> Iterator[Database]:
    """A deployed database that each test leaves as it was."""
    yield from _deployed(servers)


@pytest.fixture
def deployed(servers: Servers) -> Iterator[Database]:
    """A deployed database of the test's own."""
    yield from _deployed(servers)


def _deployed(servers: Servers) -> Iterator[Database]:
    server = servers.get(NEWEST)
    with new_database(server, servers.template(server, "tables_template", build)) as database:
        yield database


@pytest.mark.parametrize("hand", HANDS, ids=str)
def test_drift_is_found_and_mended(hand: Hand, standing: Database):
    is_found_and_mended(hand, standing.connect(), PROJECT)


def changed(connection: Connection, project: Compiled, view: str) -> int:
    """Rows that a refresh touched."""
    refresh(connection, project, [view])
    row = connection.execute(
        "SELECT changed, status FROM mvc.refresh_log WHERE view_name = %s ORDER BY id DESC LIMIT 1", (view,)
    ).fetchone()
    assert row is not None
    assert row[1] == "completed"
    return int(row[0])


def test_a_refresh_touches_what_differs(deployed: Database):
    connection = deployed.connect()
    assert changed(connection, PROJECT, "sales") == 0
    connection.execute("UPDATE orders SET amount = amount + 1 WHERE customer_id = 3")
    connection.execute("DELETE FROM orders WHERE customer_id = 5; INSERT INTO customers VALUES (99, 'new', NULL, 1)")
    assert changed(connection, PROJECT, "sales") == 3
    connection.execute("DELETE FROM orders WHERE customer_id = 7; DELETE FROM customers WHERE id = 7")
    assert changed(connection, PROJECT, "sales") == 1
    connection.execute("UPDATE orders SET amount = amount::numeric(9, 2) WHERE customer_id = 8")  # 1 becomes 1.00
    assert changed(connection, PROJECT, "sales") == 1
    assert {item.status for item in refresh(connection, PROJECT)} == {"completed"}
    as_fresh(connection, PROJECT)


def as_fresh(connection: Connection, project: Compiled) -> None:
    for view in project.views:
        for name in (it.name for it in companions(view) if it.purpose == "query"):
            stored = connection.execute(
                f"SELECT t::text FROM mvc.{view.storage[1]} AS t ORDER BY 1".encode()
            ).fetchall()
            wanted = connection.execute(f"SELECT t::text FROM mvc.{name} AS t ORDER BY 1".encode()).fetchall()
            assert stored == wanted, view.name


def test_values_of_a_unique_index_may_change_places(deployed: Database):
    project = compiled(edited(drifting, in_tables, sales_key("indexes", [{"columns": ["name"], "unique": True}])))
    connection = deployed.connect()
    deploy(connection, project)
    swap = "UPDATE customers SET name = CASE id WHEN 1 THEN 'c2' ELSE 'c1' END WHERE id IN (1, 2)"
    connection.execute(swap)
    assert changed(connection, project, "sales") == 2
    refresh(connection, project)
    as_fresh(connection, project)


@on_major(15)
def test_a_key_of_another_equality(database: Database):
    """`=` of citext is no operator of pg_catalog, along which names are looked up in a refresh: there `a` would not be `A`."""
    connection = database.connect()
    found = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'").fetchone()
    need(found and found[0], "citext (comes with Debian's postgresql-15)")
    connection.execute("CREATE EXTENSION citext; CREATE TABLE t (word citext NOT NULL, n int NOT NULL)")
    connection.execute("INSERT INTO t VALUES ('a', 1), ('b', 1), ('c', 1)")
    files: Files = {
        "mvc.yml": {"project": "words", "catalog": "s.sql"},
        "s.sql": "CREATE EXTENSION citext; CREATE TABLE t (word citext NOT NULL, n int NOT NULL);",
        "views/sales.yml": {
            "view": "sales",
            "sources": {"t": {"table": "t"}},
            "dimensions": {"word": "t.word"},
            "aggregates": {"n": {"max": "t.n"}},
        },
    }
    in_tables(files)
    project = compiled(files)
    merge = project.view("sales").merge
    assert merge is not None
    deploy(connection, project)
    connection.execute("UPDATE t SET word = 'A' WHERE word = 'a'; UPDATE t SET n = 2 WHERE word = 'b'")
    assert changed(connection, project, "sales") == 2
    connection.execute("UPDATE t SET word = 'B' WHERE word = 'b'; DELETE FROM t WHERE word = 'c'")
    assert connection.execute(merge.anew.encode()).fetchone() == (2, -1)
    as_fresh(connection, project)


def test_the_first_refresh_fills_what_a_script_left_empty(deployed: Database):
    connection = deployed.connect()
    connection.execute(EMPTIED.format(SALES, STORED["sales"]))
    assert changed(connection, PROJECT, "sales") == 40
    assert_settled(connection, PROJECT)


def test_status_of_a_table(deployed: Database):
    found = {view.view: view for view in status(deployed.connect(), PROJECT).views}
    assert (found["sales"].storage, found["sales"].rows, found["sales"].populated) == ("table", 40, True)
    assert found["sales"].bytes > 0
    assert found["now"].storage == "view"


def test_the_way_back_and_what_is_left(deployed: Database):
    connection = deployed.connect()
    before = rows_of(connection, PROJECT)
    deploy(connection, LARGEST)
    rollback(connection, LARGEST, ApplyOptions(ANYTHING))
    assert_settled(connection, PROJECT)
    assert rows_of(connection, PROJECT) == before
    left = {item.name: item.companions for item in leftovers(connection, PROJECT)}
    sales = LARGEST.view("sales")
    assert set(left[sales.storage[1]]) == {(it.name, it.relkind) for it in companions(sales)}
    assert not set(left) & {*QUERIES.values(), *STORED.values()}
    connection.execute(f'CREATE VIEW "Of others" AS TABLE mvc."{sales.storage[1]}"'.encode())
    ((kept, why),) = prune(connection, PROJECT, Timeouts()).kept
    assert (kept.name, why) == (
        sales.storage[1],
        'public."Of others" reads it: drop that, or have it read the view that readers use, and prune again',
    )
    connection.execute('DROP VIEW "Of others"')
    assert prune(connection, PROJECT, Timeouts()).kept == ()
    assert leftovers(connection, PROJECT) == ()
    assert_settled(connection, PROJECT)
    assert {item.status for item in refresh(connection, PROJECT)} == {"completed"}


def test_a_query_without_its_table_is_left_over(deployed: Database):
    connection = deployed.connect()
    deploy(connection, CHANGED)
    connection.execute(f"DROP TABLE {SALES} CASCADE")
    (left,) = (item for item in leftovers(connection, PROJECT) if item.kind == "arm")
    assert QUERIES["sales"] in {name for name, _ in left.companions}
    assert prune(connection, CHANGED, Timeouts()).kept == ()
    assert drift_of(connection, CHANGED) == ()


class TestOlderSnapshots:
    def test_are_waited_for(self, deployed: Database):
        connection, older = deployed.connect(), deployed.connect()
        older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT count(*) FROM customers")
        seen: list[object] = []

        def end() -> None:
            seen.append(older.execute("SELECT sum(customers) FROM by_city").fetchone())
            older.execute("COMMIT")

        until = threading.Timer(2.0, end)
        until.start()
        began = time.monotonic()
        deploy(connection, CHANGED)
        until.join()
        assert time.monotonic() - began > 1.5
        assert seen == [(40,)]

    def test_are_named_when_there_is_no_patience_left(self, deployed: Database):
        connection, older = deployed.connect(), deployed.connect()
        older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT count(*) FROM customers")
        with pytest.raises(ServerError, match=f"pid {older.info.backend_pid} .*in a transaction for [0-9]+ s"):
            apply(connection, CHANGED, options=ApplyOptions(ANYTHING, pace=Timeouts(patience=0.3)))
        assert older.execute("SELECT sum(customers) FROM by_city").fetchone() == (40,)
        assert any(switch.awaits for switch in plan(connection, CHANGED).switches)
        with pytest.raises(ServerError, match="still open"):  # what was built is there; it is as old as it was
            apply(connection, CHANGED, options=ApplyOptions(ANYTHING, pace=Timeouts(patience=0.3)))
        older.execute("COMMIT")
        deploy(connection, CHANGED)

    def test_that_are_newer_than_the_build_are_not_waited_for(self, deployed: Database):
        """Nor is an open transaction without a snapshot."""
        connection, idle, writer, newer = (deployed.connect() for _ in range(4))
        idle.execute("BEGIN")
        idle.execute("SELECT count(*) FROM customers")
        apply(connection, CHANGED, options=ApplyOptions(ANYTHING))
        writer.execute("BEGIN; CREATE TABLE w ()")
        newer.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        newer.execute("SELECT count(*) FROM customers")
        rollback(connection, CHANGED, ApplyOptions(ANYTHING, pace=Timeouts(patience=2.0)))
        assert newer.execute("SELECT sum(customers) FROM by_city").fetchone() == (40,)

    def test_materialized_views_wait_for_none(self, deployed: Database):
        made = plan(deployed.connect(), compiled(edited(drifting)))
        assert made.switches
        assert [switch.awaits for switch in made.switches] == [()] * len(made.switches)
        assert Switch((), ()).awaits == ()
