"""The logs of changes: what every view has seen goes, and nothing sooner, whoever else is at work; and what a log says on one server
means nothing on another.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable

import pytest

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.status import status
from mvc.report.status.prometheus import prometheus_text
from mvc.report.status.text import status_json, status_text
from mvc.report.text.style import PLAIN
from servers import NEWEST, Database, Servers, new_database

from .checked import Connection, begin, beside, end, last_run, log_of, refresh, work, wrong_now, wrong_rows
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


def test_publishing_all_tables_stops_no_refresh(shop_database: Database):
    """As tools that listen to changes do: PostgreSQL lets nobody delete rows of what is published and has no key, if they are not identified as a whole."""
    connection = shop_database.connect()
    never_whole(connection)
    connection.execute("CREATE PUBLICATION all_of_it FOR ALL TABLES")
    for number in range(3, 6):
        connection.execute("UPDATE pay SET amount = amount + 1, res_id = %s WHERE id < 20", (number,))
        connection.execute("DELETE FROM res WHERE id = %s", (number,))
        for view in (BY_ORG, BY_STATUS):
            connection.execute("CALL mvc.refresh('public', %s)", (view.name,))
            assert last_run(connection, view.name).status == "completed"
        assert wrong_now(connection, shop()) == {}
    assert last_run(connection, "by_org").mode == "incremental"
    assert logged(connection, "pay") == 0


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


KEPT = LOGS["res"].replace("changes_", "kept_")
MANY = "DO $$ BEGIN FOR i IN 1..25 LOOP UPDATE res SET amount = amount + 1; END LOOP; END $$"  # 10,000 changes


def make_long(connection: Connection) -> None:
    """The log grows, and a view has not read it for long."""
    connection.execute(MANY)
    connection.execute("UPDATE mvc.stored_relation SET as_of = as_of - interval '1 hour' WHERE view_name = 'by_status'")


def kept(connection: Connection) -> int:
    row = connection.execute(f"SELECT count(*) FROM mvc.{KEPT}").fetchone()
    assert row is not None
    return int(row[0])


def test_what_some_have_read_is_kept_out_of_their_way(shop_database: Database):
    """A view that is refreshed often does not go through what waits for another one, which still finds all of it."""
    connection = shop_database.connect()
    never_whole(connection)
    refresh(connection, BY_STATUS)
    make_long(connection)
    connection.execute("UPDATE res SET status = 'waits' WHERE id < 30")
    assert refresh(connection, BY_ORG).wrong == []
    assert kept(connection) > 10_000
    assert logged(connection, "res") == kept(connection)
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id = 7")
    run = refresh(connection, BY_ORG)
    assert (run.mode, run.groups, run.wrong) == ("incremental", 1, [])
    late = refresh(connection, BY_STATUS)
    assert (late.mode, late.wrong) == ("incremental", [])
    assert (late.groups or 0) > 4
    assert logged(connection, "res") == 0


def test_one_change_is_found_by_its_position(shop_database: Database):
    """However many wait for another view: they are not even looked at."""
    connection = shop_database.connect()
    make_long(connection)
    refresh(connection, BY_ORG)
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id = 7")
    rows = connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF) TABLE {beside(BY_ORG, 'moved').as_string()}").fetchall()
    lines = [line for (line,) in rows if KEPT in line]
    assert lines
    assert all("Index" in line or "Bitmap" in line for line in lines), lines
    read = [int(float(found[1])) for line in lines for found in [re.search(r"actual rows=([0-9.]+)", line)] if found]
    assert sum(read) == 0, lines


def test_what_an_open_transaction_has_logged_is_not_moved(shop_database: Database):
    connection, writer = shop_database.connect(), shop_database.connect()
    never_whole(connection)
    refresh(connection, BY_STATUS)
    writer.execute("BEGIN; INSERT INTO res VALUES (901, 3, 'open', 5, now(), 1)")
    make_long(connection)
    for view in (BY_ORG, BY_ORG):
        assert refresh(connection, view).wrong == []
    writer.execute("COMMIT")
    for view in (BY_ORG, BY_STATUS, BY_ORG, BY_STATUS):
        run = refresh(connection, view)
        assert (run.mode, run.wrong) == ("incremental", []), run


def test_what_is_moved_during_a_refresh_is_neither_missed_nor_twice(shop_database: Database):
    """Its snapshot is older than the moving, and what it has not seen is newer."""
    connection, other = shop_database.connect(), shop_database.connect()
    never_whole(connection)
    refresh(connection, BY_STATUS)
    make_long(connection)
    run = begin(connection, "by_status")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        other.execute("UPDATE res SET status = 'meanwhile' WHERE id < 9")
        assert refresh(other, BY_ORG).wrong == []
        assert kept(other) > 10_000
        assert work(connection, run) == "completed"
        assert wrong_rows(connection, BY_STATUS) == []
    end(connection, run)
    again = refresh(connection, BY_STATUS)
    assert (again.mode, again.wrong) == ("incremental", [])
    assert (again.groups or 0) > 0


def limit(connection: Connection, size: int) -> None:
    connection.execute(
        "UPDATE mvc.deployment SET target = jsonb_set(target, '{operations,change_bytes}', to_jsonb(%s::int))", (size,)
    )


def test_a_log_that_is_too_long_gives_up_its_last_reader(shop_database: Database):
    """The others go on at the cost of what changed; the one that is given up reads all anew, and says why."""
    connection = shop_database.connect()
    never_whole(connection)
    refresh(connection, BY_STATUS)
    limit(connection, 200_000)
    for _ in range(3):
        make_long(connection)
        assert refresh(connection, BY_ORG).mode == "incremental"
    assert logged(connection, "res") < 5_000
    late = refresh(connection, BY_STATUS)
    assert (late.mode, late.wrong) == ("full", [])
    assert "the log of changes of public.res had grown to" in (late.detail or "")
    assert "more than 195 kB, before they were read" in (late.detail or "")
    for view in (BY_ORG, BY_STATUS):
        run = refresh(connection, view)
        assert (run.mode, run.wrong) == ("incremental", []), run


def test_below_its_limit_it_gives_up_nobody(shop_database: Database):
    connection = shop_database.connect()
    never_whole(connection)
    refresh(connection, BY_STATUS)
    for _ in range(3):
        make_long(connection)
        assert refresh(connection, BY_ORG).mode == "incremental"
    assert logged(connection, "res") >= 30_000
    assert refresh(connection, BY_STATUS).mode == "incremental"


def test_who_is_at_it_is_not_given_up(shop_database: Database):
    connection, other = shop_database.connect(), shop_database.connect()
    never_whole(connection)
    refresh(connection, BY_STATUS)
    make_long(connection)
    limit(connection, 100_000)
    run = begin(connection, "by_status")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(connection, run) == "completed"
        other.execute("SET lock_timeout = '5s'")
        assert refresh(other, BY_ORG).mode == "incremental"
    end(connection, run)
    assert log_of(connection, run).mode == "incremental"
    assert [refresh(connection, view).wrong for view in (BY_ORG, BY_STATUS)] == [[], []]


def give_up_for_length(connection: Connection) -> None:
    make_long(connection)
    limit(connection, 100_000)
    assert refresh(connection, BY_ORG).mode == "incremental"
    limit(connection, 100_000_000)


def give_up_for_triggers(connection: Connection) -> None:
    connection.execute("ALTER TABLE res DISABLE TRIGGER USER; ALTER TABLE res ENABLE TRIGGER USER")
    other = refresh(connection, BY_ORG)
    assert "may have gone unnoticed" in (other.detail or "")


@pytest.mark.parametrize("give_up", [give_up_for_length, give_up_for_triggers])
def test_who_is_given_up_between_its_beginning_and_its_snapshot_misses_nothing(
    shop_database: Database, give_up: Callable[[Connection], None]
):
    """What its snapshot does not see stays in the log, though others have read it and tidy up meanwhile."""
    connection, other, writer = (shop_database.connect() for _ in range(3))
    never_whole(connection)
    refresh(connection, BY_STATUS)
    run = begin(connection, "by_status")
    give_up(other)
    for attempt in range(3):
        writer.execute(f"BEGIN; UPDATE res SET status = 'late {attempt}', amount = 5000 WHERE id = 5")
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.execute("SELECT")
            writer.execute("COMMIT")
            ended = work(connection, run)
            for _ in range(2):
                assert refresh(other, BY_ORG).mode == "incremental"
        if ended != "again":
            break
    end(connection, run)
    assert log_of(connection, run).mode == "full"
    last = refresh(connection, BY_STATUS)
    assert (last.mode, last.wrong) == ("incremental", [])


def test_what_took_longer_than_changes_are_kept_for_is_computed_once_more(shop_database: Database):
    """Who has no cursor has changes kept for a day. What others drop after that, its snapshot may not have seen."""
    connection, other, writer = (shop_database.connect() for _ in range(3))
    never_whole(connection)
    refresh(connection, BY_STATUS)
    give_up_for_triggers(other)
    run = begin(connection, "by_status")
    connection.execute(
        "UPDATE mvc.stored_relation SET held_at = now() - interval '25 hours' WHERE view_name = 'by_status'"
    )
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        writer.execute("UPDATE res SET status = 'late', amount = 5000 WHERE id = 5")
        for _ in range(2):
            assert refresh(other, BY_ORG).wrong == []
        assert work(connection, run) == "completed"
    end(connection, run)
    last = refresh(connection, BY_STATUS)
    assert (last.mode, last.wrong) == ("full", [])
    assert "not kept for as long" in (last.detail or "")
    assert refresh(connection, BY_STATUS).mode == "incremental"


def test_how_long_the_logs_are_is_told(shop_database: Database):
    connection = shop_database.connect()
    refresh(connection, BY_STATUS)
    make_long(connection)
    refresh(connection, BY_ORG)
    query = "SELECT bytes > 300000, allowed_bytes, view_name FROM mvc.change_logs WHERE table_name = 'res'"
    assert connection.execute(query).fetchone() == (True, 2**30, "by_status")
    limit(connection, 500_000)
    found = status(connection, shop())
    assert "long logs of changes:\n  public.res: " in status_text(found, PLAIN)
    assert " is the last to read it" in status_text(found, PLAIN)
    assert 'mvc_change_log_allowed_bytes{schema="public",table="res"} 500000' in prometheus_text(found)
    assert [log["table"] for log in status_json(found)["change_logs"]] == ["org", "pay", "res"]


def test_where_nobody_refreshes_it_is_told_and_kept_short(shop_database: Database):
    """Whoever tells of broken promises tells of logs, too, once; and gives up who does not read them."""
    connection = shop_database.connect()
    never_whole(connection)
    connection.execute(
        "UPDATE mvc.deployment SET target = jsonb_set(target, '{operations,notify}', '\"logs\"'); LISTEN logs"
    )
    heard: list[str] = []
    connection.add_notify_handler(lambda notify: heard.append(notify.payload))
    make_long(connection)
    limit(connection, 700_000)
    connection.execute("SELECT pg_stat_force_next_flush()")
    for expected in (1, 0):
        assert connection.execute("SELECT mvc.alert_broken_promises()").fetchone() == (expected,)
    connection.execute("SELECT")
    [told] = [json.loads(text) for text in heard]
    assert (told["event"], told["table"], told["allowed_bytes"]) == ("change log long", "res", 700_000)
    assert logged(connection, "res") == 10_000
    limit(connection, 200_000)
    for _ in range(4):
        connection.execute("SELECT mvc.alert_broken_promises()")
    assert logged(connection, "res") == 0
    for view in (BY_ORG, BY_STATUS):
        run = refresh(connection, view)
        assert (run.mode, run.wrong) == ("full", []), run
        assert "the log of changes of public.res had grown to" in (run.detail or "")


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
                    apply(connection, more, options=ANYTHING)
                    run = refresh(connection, more.view("again"))
                    assert (run.status, run.wrong) == ("completed", []), run
                    apply(connection, shop(), options=ANYTHING)
                    connection.execute("DROP TABLE IF EXISTS mvc.nothing")
                apply(connection, more, options=ANYTHING)
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
        new_database(other, bare=True) as target,
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
