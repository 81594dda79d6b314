"""The logs of changes: what every view has seen goes, and nothing sooner, whoever else is at work; and what a log says on one server
means nothing on another.
"""

from __future__ import annotations

import subprocess
import threading

import pytest

from mvc.artifacts import CompiledView
from mvc.postgres.apply import apply
from servers import NEWEST, Database, Servers, new_database

from .checked import Connection, begin, end, last_run, refresh, work, wrong_now, wrong_rows
from .projects import ANYTHING, build_shop, never_whole, shop
from .waiting import meanwhile, until, waits

BY_ORG, BY_STATUS = shop().view("by_org"), shop().view("by_status")
LOGS = {item.table: item.log for item in (BY_ORG.increment.watched if BY_ORG.increment else ())}


def logged(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM mvc.{LOGS[table]}").fetchone()
    assert row is not None
    return int(row[0])


def test_goes_when_every_view_has_seen_it(shop_database: Database):
    connection = shop_database.connect()
    never_whole(connection)
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id < 20")
    connection.execute("UPDATE pay SET amount = amount + 1 WHERE id < 20")
    before = logged(connection, "res")
    assert before
    assert refresh(connection, BY_ORG).wrong == []
    assert logged(connection, "res") == before  # the other view reads it, too
    assert logged(connection, "pay") == 0
    for _ in range(3):
        assert refresh(connection, BY_ORG).groups == 0
    assert logged(connection, "res") == before
    run = refresh(connection, BY_STATUS)
    assert (run.mode, run.wrong) == ("incremental", [])
    assert (run.groups or 0) > 0
    assert logged(connection, "res") == 0


def test_stays_for_a_view_whose_refresh_failed(shop_database: Database):
    connection = shop_database.connect()
    never_whole(connection)
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id < 20")
    run = begin(connection, "by_org")
    with connection.transaction(force_rollback=True):
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(connection, run) == "completed"
    end(connection, run)
    refresh(connection, BY_STATUS)
    run_again = refresh(connection, BY_ORG)
    assert (run_again.mode, run_again.wrong) == ("incremental", [])
    assert (run_again.groups or 0) > 0


def test_an_older_open_transaction_keeps_its_change(shop_database: Database):
    """Written before, committed after a refresh and its tidying up."""
    connection, writer = shop_database.connect(), shop_database.connect()
    never_whole(connection)
    writer.execute("BEGIN; UPDATE res SET amount = amount + 1 WHERE id = 7")
    for view in (BY_ORG, BY_STATUS):
        assert refresh(connection, view).groups == 0
    writer.execute("COMMIT")
    for view in (BY_ORG, BY_STATUS):
        run = refresh(connection, view)
        assert (run.mode, run.wrong) == ("incremental", [])
        assert (run.groups or 0) > 0


def test_what_is_written_while_it_is_tidied_up_stays(shop_database: Database):
    """The tidying up waits at the first log; what is then written to another one is newer than anything that it knows of."""
    connection, writer, holder = (shop_database.connect() for _ in range(3))
    never_whole(connection)
    connection.execute("UPDATE org SET name = name || '!' WHERE id = 3")
    run = begin(connection, "by_org")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(connection, run) == "completed"
    with holder.transaction():
        holder.execute(f"SELECT FROM mvc.{LOGS['org']} FOR UPDATE")
        with meanwhile(lambda: end(connection, run)):
            until(lambda: waits(writer, connection))
            writer.execute("UPDATE res SET amount = amount + 1000 WHERE id = 7")
            holder.execute("SELECT pg_advisory_xact_lock(1)")
            holder.execute("COMMIT; BEGIN")
    assert logged(connection, "res") > 0
    again = refresh(connection, BY_ORG)
    assert (again.mode, again.wrong) == ("incremental", [])


def test_a_view_that_is_being_built_misses_nothing(rough_servers: Servers):
    """A second view is deployed while the first one goes on being refreshed, and changes come in between all steps."""
    server = rough_servers.get(NEWEST)
    more = shop(
        again="view: again\nsources: {p: {table: pay}}\ndimensions: {res_id: p.res_id}\naggregates: {n: {count: p}, s: {sum: p.amount}}\n"
    )
    with new_database(server, rough_servers.template(server, "refresh_shop", build_shop)) as database:
        connection, refresher = database.connect(), database.connect()
        stop = threading.Event()

        def write() -> None:
            writer = database.connect()
            number = 10_000
            while not stop.is_set():
                number += 1
                writer.execute("INSERT INTO pay SELECT %s, 1 + floor(random() * 400)::int, 1", (number,))
                writer.execute(
                    "UPDATE pay SET res_id = 1 + floor(random() * 400)::int WHERE id = 1 + floor(random() * 600)::int"
                )
                refresher.execute("CALL mvc.refresh('public', 'by_org')")

        with meanwhile(write):
            try:
                for _ in range(4):
                    apply(connection, more, terms=ANYTHING)
                    run = refresh(connection, more.view("again"))
                    assert (run.status, run.wrong) == ("completed", []), run
                    apply(connection, shop(), terms=ANYTHING)
                    connection.execute("DROP TABLE IF EXISTS mvc.nothing")
                apply(connection, more, terms=ANYTHING)
            finally:
                stop.set()
        never_whole(connection)
        for view in (more.view("again"), more.view("by_org")):
            run = refresh(connection, view)
            assert (run.mode, run.wrong) == ("incremental", []), run
        assert wrong_now(connection, more) == {}


def _copied(source: Database, target: Database) -> None:
    bindir = source.server.installation.bindir
    dump = subprocess.run([str(bindir / "pg_dump"), "-d", source.url], capture_output=True, check=True, timeout=60)
    load = [str(bindir / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", target.url]
    subprocess.run(load, input=dump.stdout, capture_output=True, check=True, timeout=60)


def _goes_on(connection: Connection, view: CompiledView) -> None:
    first = refresh(connection, view)
    assert (first.status, first.mode, first.wrong) == ("completed", "full", []), first
    assert first.detail
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id = 7")
    second = refresh(connection, view)
    assert (second.status, second.mode, second.wrong) == ("completed", "incremental", []), second
    assert (second.groups or 0) > 0


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same server", "another server"])
def test_a_restored_dump_begins_anew(rough_servers: Servers, servers, elsewhere: bool):
    """The data of the dump has changes that no refresh has seen, and loses some that a refresh has seen."""
    server = rough_servers.get(NEWEST)
    other = servers.get(NEWEST) if elsewhere else server
    with (
        new_database(server, rough_servers.template(server, "refresh_shop", build_shop)) as source,
        new_database(other) as target,
    ):
        connection = source.connect()
        connection.execute("UPDATE res SET amount = amount + 5 WHERE id < 9")
        _copied(source, target)
        restored = target.connect()
        restored.execute("UPDATE pay SET amount = amount + 5 WHERE id < 9")
        for view in (BY_ORG, BY_STATUS):
            _goes_on(restored, view)
        assert refresh(restored, BY_ORG).wrong == []
        assert logged(restored, "res") == 0


def test_a_copy_of_the_database_on_the_same_server_may_go_on(rough_servers: Servers):
    """CREATE DATABASE … TEMPLATE: the transactions are the server's, so the cursors hold."""
    server = rough_servers.get(NEWEST)
    with new_database(server, rough_servers.template(server, "refresh_shop", build_shop)) as source:
        with source.connect() as connection:
            connection.execute("UPDATE res SET amount = amount + 5 WHERE id < 9")
        source.close()
        with new_database(server, source.name) as target:
            restored = target.connect()
            restored.execute("UPDATE pay SET amount = amount + 5 WHERE id < 9")
            run = refresh(restored, BY_ORG)
            assert (run.status, run.wrong) == ("completed", []), run
            assert wrong_rows(restored, BY_ORG) == []
            assert last_run(restored, "by_org").mode == run.mode
