"""Whoever writes and has views refreshed in one transaction: what he writes after a refresh is not seen by it, and what he wrote before is not lost to the
other views of the table. The server leaves a transaction out of its own snapshot, and its number may be the newest there is.
"""

from __future__ import annotations

import pytest

from servers import Database

from .checked import Connection, last_run, refresh
from .projects import never_whole, shop

VIEWS = BY_ORG, BY_STATUS = shop().view("by_org"), shop().view("by_status")
ONE = "SELECT mvc.refresh_named('shop', 'by_org')"


@pytest.fixture
def connection(shop_database: Database) -> Connection:
    """Both views are fresh, and their refreshes never whole for the number of groups alone."""
    connection = shop_database.connect()
    never_whole(connection)
    assert [refresh(connection, view).mode for view in VIEWS] == ["incremental"] * 2
    return connection


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
@pytest.mark.parametrize("change", ["UPDATE res SET status = 'own', amount = 1 WHERE id < 9", "TRUNCATE res"])
def test_what_was_written_before_is_there_for_other_views(connection: Connection, isolation: str, change: str):
    with connection.transaction():
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
        connection.execute(change.encode())
        connection.execute(ONE)
        assert last_run(connection, "by_org").status == "completed"
    for view in reversed(VIEWS):
        run = refresh(connection, view)
        assert (run.status, run.wrong) == ("completed", [])
        assert run.changed != 0 or view is BY_ORG
    assert [(run.mode, run.groups) for run in (refresh(connection, view) for view in VIEWS)] == [("incremental", 0)] * 2


@pytest.mark.parametrize("change", ["UPDATE res SET status = 'own', amount = 1 WHERE id < 9", "TRUNCATE res"])
@pytest.mark.parametrize(
    "numbered", ["UPDATE pay SET amount = 7 WHERE id = 1", "LOCK TABLE pay IN ACCESS EXCLUSIVE MODE"]
)
def test_what_is_written_afterwards_is_there_for_the_next(
    connection: Connection, shop_database: Database, change: str, numbered: str
):
    """Others with later numbers have ended before the refresh looks, so its snapshot ends behind its own number."""
    others = shop_database.connect()
    isolation = "REPEATABLE READ" if numbered.startswith("LOCK") else "READ COMMITTED"
    with connection.transaction():
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
        connection.execute(numbered.encode())
        for _ in range(3):
            others.execute("UPDATE org SET name = name || 'x' WHERE id = 1")
        for view in VIEWS:
            connection.execute("SELECT mvc.refresh_named('shop', %s)", (view.name,))
        connection.execute(change.encode())
    for view in VIEWS:
        run = refresh(connection, view)
        assert (run.status, run.wrong) == ("completed", [])
        assert run.changed != 0


def test_a_transaction_that_is_prepared_is_not_different(connection: Connection):
    connection.execute("BEGIN; UPDATE res SET status = 'own' WHERE id < 9")
    connection.execute(ONE)
    connection.execute("PREPARE TRANSACTION 'own'")
    connection.execute("COMMIT PREPARED 'own'")
    run = refresh(connection, BY_STATUS)
    assert (run.status, run.wrong, run.changed != 0) == ("completed", [], True)


def test_changes_of_a_later_time_go_all_the_same(connection: Connection):
    """They are from another server, as after a restore."""
    log = next(item.log for item in (BY_ORG.increment.watched if BY_ORG.increment else ()) if item.table == "res")
    connection.execute(
        f"INSERT INTO mvc.{log} (mvc_at) SELECT (pg_current_xact_id()::text::bigint + 1000)::text::xid8".encode()
    )
    refresh(connection, BY_ORG)
    assert connection.execute(f"SELECT count(*) FROM mvc.{log}".encode()).fetchone() == (0,)
