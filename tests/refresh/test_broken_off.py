"""A refresh that is broken off, by whatever: what is stored is as it was, the log says what became of it, and the next one is right."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg import sql

from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.refresh import refresh as client_refresh
from mvc.engines.postgres.server.refresh_view import RefreshOptions
from servers import NEWEST, Database, Servers, new_server, restart

from .checked import Connection, begin, end, last_run, refresh, stored, work, wrong_now
from .projects import build_shop, never_whole, shop
from .waiting import meanwhile, until, waits

BY_ORG, BY_STATUS = shop().view("by_org"), shop().view("by_status")
STORED = f'SELECT s::text FROM mvc."{BY_ORG.storage[1]}" AS s ORDER BY 1'


@pytest.fixture
def changed(shop_database: Database) -> Connection:
    """Both views are fresh, and then something has changed."""
    connection = shop_database.connect()
    never_whole(connection)
    for view in (BY_ORG, BY_STATUS):
        assert refresh(connection, view).mode == "incremental"
    connection.execute("UPDATE res SET amount = amount + 1000, status = 'changed' WHERE id < 20")
    return connection


@contextmanager
def at_work(database: Database, observer: Connection, call: Callable[[Connection], object]) -> Iterator[Connection]:
    """A session whose refresh has begun its work, and has come to a table that somebody else has locked."""
    session, holder = database.connect(), database.connect()
    holder.execute(f'BEGIN; LOCK TABLE mvc."{BY_ORG.storage[1]}" IN EXCLUSIVE MODE')

    def run() -> None:
        with suppress(psycopg.Error, ServerError):
            call(session)

    with meanwhile(run):
        until(lambda: waits(observer, session))
        yield session
        if not holder.closed:
            with suppress(psycopg.Error):
                holder.execute("ROLLBACK")


def by_procedure(connection: Connection) -> None:
    connection.execute("CALL mvc.refresh('public', 'by_org')")


def by_client(connection: Connection) -> None:
    client_refresh(connection, shop(), ["by_org"])


CALLS = pytest.mark.parametrize("call", [by_procedure, by_client])


def goes_on(connection: Connection, mode: str = "incremental") -> None:
    """Nothing is lost: the next refresh is a usual one, and right."""
    for view in (BY_ORG, BY_STATUS):
        run = refresh(connection, view)
        assert (run.status, run.mode, run.wrong) == ("completed", mode, []), run
        assert (run.groups or 0) > 0
    assert wrong_now(connection, shop()) == {}


@CALLS
def test_a_session_that_is_terminated_is_lost(
    shop_database: Database, changed: Connection, call: Callable[[Connection], None]
):
    before = changed.execute(STORED).fetchall()
    with at_work(shop_database, changed, call) as session:
        changed.execute("SELECT pg_terminate_backend(%s)", (session.info.backend_pid,))
    assert last_run(changed, "by_org").status == "started"
    until(
        lambda: (
            changed.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (session.info.backend_pid,)).fetchone()
            is None
        )
    )
    assert changed.execute(STORED).fetchall() == before
    goes_on(changed)
    row = changed.execute(
        "SELECT count(*) FROM mvc.refresh_log WHERE view_name = 'by_org' AND status = 'lost' AND finished_at IS NOT NULL"
    ).fetchone()
    assert row == (1,)


@CALLS
def test_a_cancelled_refresh_has_failed(
    shop_database: Database, changed: Connection, call: Callable[[Connection], None]
):
    before = changed.execute(STORED).fetchall()
    with at_work(shop_database, changed, call) as session:
        changed.execute("SELECT pg_cancel_backend(%s)", (session.info.backend_pid,))
        until(lambda: last_run(changed, "by_org").status != "started")
    run = last_run(changed, "by_org")
    assert (run.status, run.error) == ("failed", "canceling statement due to user request")
    assert changed.execute(STORED).fetchall() == before
    goes_on(changed)


@pytest.mark.parametrize(
    ("limited", "said"),
    [
        (
            lambda c: c.execute("SET lock_timeout = '100ms'") and by_procedure(c),
            "canceling statement due to lock timeout",
        ),
        (
            lambda c: c.execute("SET statement_timeout = '300ms'") and by_procedure(c),
            "canceling statement due to statement timeout",
        ),
        (
            lambda c: client_refresh(c, shop(), ["by_org"], options=RefreshOptions(timeout=0.3)),
            "canceling statement due to statement timeout",
        ),
    ],
    ids=["lock_timeout", "statement_timeout", "the client's timeout"],
)
def test_a_refresh_that_takes_too_long_has_failed(shop_database: Database, changed: Connection, limited, said: str):
    before = changed.execute(STORED).fetchall()
    with at_work(shop_database, changed, limited):
        until(lambda: last_run(changed, "by_org").status != "started")
    run = last_run(changed, "by_org")
    assert (run.status, run.error) == ("failed", said)
    assert changed.execute(STORED).fetchall() == before
    goes_on(changed)


@pytest.mark.parametrize("mode", ["incremental", "full", "verify"])
def test_a_server_that_crashes_at_any_point(shop_database: Database, changed: Connection, mode: str):
    """One of its processes is killed: all sessions end, and it recovers from its log. The table of keys, which is not logged, is empty."""
    session, writer = shop_database.connect(), shop_database.connect()
    run = begin(session, "by_org", mode)
    writer.execute("BEGIN; UPDATE pay SET amount = amount + 1; PREPARE TRANSACTION 'through the crash'")
    session.execute("BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    assert work(session, run) == "completed"
    os.kill(session.info.backend_pid, signal.SIGKILL)
    until(lambda: _ended(changed))
    shop_database.close()
    connection = _reconnected(shop_database)
    connection.execute("COMMIT PREPARED 'through the crash'")
    goes_on(connection)
    rows = connection.execute("SELECT status, error FROM mvc.refresh_log WHERE id = %s", (run,)).fetchall()
    assert rows == [("lost", "the session that did it is gone, or was cut off before its end")]


def _ended(connection: Connection) -> bool:
    try:
        connection.execute("SELECT")
    except psycopg.OperationalError:
        return True
    return False


def _reconnected(database: Database) -> Connection:
    found: list[Connection] = []

    def there() -> bool:
        with suppress(psycopg.OperationalError):
            found.append(database.connect())
        return bool(found)

    until(there)
    return found[0]


def test_a_server_that_is_restarted(rough_servers: Servers):
    """In order, while a refresh is at work: what was logged before and during that is refreshed in part afterwards."""
    installation = rough_servers.get(NEWEST).installation
    with new_server(installation) as server:
        server.create_database("shop")
        database = Database(server, "shop")
        connection = database.connect()
        build_shop(connection)
        never_whole(connection)
        for view in (BY_ORG, BY_STATUS):
            refresh(connection, view)
        connection.execute("UPDATE res SET amount = amount + 1000, status = 'changed' WHERE id < 20")
        with at_work(database, connection, by_procedure):
            revived = restart(server, signal.SIGINT)
        try:
            connection = _reconnected(database)
            lost = "SELECT view_name FROM mvc.refreshes WHERE status = 'lost'"
            assert connection.execute(lost).fetchall() == [("by_org",)]
            goes_on(connection)
        finally:
            database.close()
            revived.send_signal(signal.SIGQUIT)
            revived.wait()


def test_a_crash_between_the_work_and_the_tidying_up(shop_database: Database, changed: Connection):
    session = shop_database.connect()
    run = begin(session, "by_org")
    with session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(session, run) == "completed"
    session.execute("CHECKPOINT")
    os.kill(session.info.backend_pid, signal.SIGKILL)
    until(lambda: _ended(changed))
    shop_database.close()
    connection = _reconnected(shop_database)
    assert last_run(connection, "by_org").status == "completed"
    assert wrong_now(connection, shop()).keys() == {"by_status"}
    connection.execute("UPDATE res SET amount = amount + 1000, status = 'changed again' WHERE id < 5")
    goes_on(connection)
    end(connection, run)
    assert wrong_now(connection, shop()) == {}


def test_a_crash_empties_a_table_that_was_unlogged_for_a_while(shop_database: Database, changed: Connection):
    """When a refresh looks, it is logged again. A table that was rewritten without a crash is as it was."""
    session, connection = shop_database.connect(), changed
    for table in ("pay", "res"):  # so that they are watched since the last crash of this server
        connection.execute(
            f"ALTER TABLE {table} DISABLE TRIGGER USER; ALTER TABLE {table} ENABLE TRIGGER USER".encode()
        )
    for view in (BY_ORG, BY_STATUS):
        assert refresh(connection, view).wrong == []
    connection.execute("VACUUM FULL pay")
    connection.execute("CLUSTER pay USING pay_pkey")
    run = refresh(connection, BY_ORG)
    assert (run.mode, run.groups, run.wrong, run.detail) == ("incremental", 0, [], None)
    connection.execute("ALTER TABLE pay SET UNLOGGED")
    connection.execute(sql.SQL("ALTER TABLE {} SET UNLOGGED").format(stored(BY_STATUS)))  # what is stored as well
    connection.execute("CHECKPOINT")
    os.kill(session.info.backend_pid, signal.SIGKILL)
    until(lambda: _ended(connection))
    shop_database.close()
    connection = _reconnected(shop_database)
    never_whole(connection)
    connection.execute("ALTER TABLE pay SET LOGGED")
    assert connection.execute("SELECT count(*) FROM pay").fetchone() == (0,)
    connection.execute(sql.SQL("ALTER TABLE {} SET LOGGED").format(stored(BY_STATUS)))
    assert wrong_now(connection, shop()).keys() == {"by_org", "by_status"}
    for mode in ("full", "incremental"):
        runs = [refresh(connection, view) for view in (BY_ORG, BY_STATUS)]
        assert [(run.mode, run.wrong) for run in runs] == [(mode, [])] * 2
    connection.execute("VACUUM FULL pay")
    assert refresh(connection, BY_ORG).mode == "incremental"


def test_a_crash_empties_unlogged_tables(shop_database: Database, changed: Connection):
    """Which no trigger hears of; each time, and for the log of every one of them."""
    changed.execute(
        "ALTER TABLE pay SET UNLOGGED; CREATE UNLOGGED TABLE res_5 PARTITION OF res_rest FOR VALUES FROM (5) TO (6)"
    )
    session, connection = shop_database.connect(), changed
    for _ in range(2):
        connection.execute(
            "INSERT INTO pay VALUES (9000, 5, 1000); INSERT INTO res VALUES (9000, 5, 'passing', 1, now(), 5)"
        )
        for view in (BY_ORG, BY_STATUS, BY_ORG, BY_STATUS):
            assert refresh(connection, view).wrong == []
        assert last_run(connection, "by_org").mode == "incremental"
        connection.execute("CHECKPOINT")
        os.kill(session.info.backend_pid, signal.SIGKILL)
        until(lambda gone=connection: _ended(gone))
        shop_database.close()
        connection, session = _reconnected(shop_database), shop_database.connect()
        never_whole(connection)
        assert connection.execute("SELECT count(*) FROM pay").fetchone() == (0,)
        assert wrong_now(connection, shop()).keys() == {"by_org", "by_status"}
        for view in (BY_ORG, BY_STATUS):
            run = refresh(connection, view)
            assert (run.mode, run.wrong) == ("full", [])
