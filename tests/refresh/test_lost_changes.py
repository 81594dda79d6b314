"""A change that can be logged nowhere is not lost: where the disk is full, or both tables that could tell of it are locked, it is
counted, and every refresh is a whole one until none of those who counted can be open.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.processes import server_account
from servers import Database, Servers, need

from .checked import Connection, Run, begin, end, refresh, work, wrong_rows
from .projects import build_shop, never_whole, shop
from .waiting import meanwhile, until, waits

BY_ORG, BY_STATUS = shop().view("by_org"), shop().view("by_status")
LOGS = {item.table: item.log for item in (BY_ORG.increment.watched if BY_ORG.increment else ())}
LOST = "neither be logged nor noted"
DISK = 48  # megabytes: the database takes a quarter of it
FORGET = f"TRUNCATE {', '.join(f'mvc.{log}' for log in LOGS.values())}, mvc.unknown_change"


def counted(connection: Connection) -> int:
    row = connection.execute("SELECT mvc.lost_changes()").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def connection(shop_database: Database) -> Connection:
    """Both views are fresh, and their refreshes never whole for the number of groups alone."""
    connection = shop_database.connect()
    never_whole(connection)
    assert [refresh(connection, view).mode for view in (BY_ORG, BY_STATUS)] == ["incremental"] * 2
    return connection


def right(connection: Connection, mode: str) -> list[Run]:
    """Both views are as they should be after a refresh, which was of that mode."""
    runs = [refresh(connection, view) for view in (BY_ORG, BY_STATUS)]
    assert [(run.status, run.mode, run.wrong) for run in runs] == [("completed", mode, [])] * 2, runs
    return runs


# ---------- a full disk ----------


class Disk:
    """A small file system. What `fill` puts there leaves not a byte for anybody else."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._filler = place / "filler"

    def fill(self) -> None:
        with self._filler.open("wb") as filler, suppress(OSError):
            while True:
                os.write(filler.fileno(), bytes(2**20))
        with self._filler.open("ab") as filler, suppress(OSError):
            while True:
                os.write(filler.fileno(), bytes(512))
        assert shutil.disk_usage(self.place).free == 0

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "none", str(place)]
    made = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False, timeout=20).returncode == 0
    need(made, "the right to mount a small file system (root)")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=20)


@contextmanager
def on_disk(server: EmbeddedServer, template: str, disk: Disk) -> Iterator[Database]:
    """A copy of a database with all of its files on that disk."""
    account = server_account()
    folder = disk.place / "tablespace"
    folder.mkdir(mode=0o700)
    for above in folder.relative_to("/").parents:
        (Path("/") / above).chmod((Path("/") / above).stat().st_mode | 0o111)
    if account:
        os.chown(folder, account.uid, account.gid)
    database = Database(server, "test_on_small_disk")
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(folder))))
        admin.execute(
            f"CREATE DATABASE {database.name} TEMPLATE {template} TABLESPACE small STRATEGY FILE_COPY".encode()
        )
        try:
            yield database
        finally:
            disk.free()
            database.close()
            admin.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())
            admin.execute("DROP TABLESPACE small")


MOVED = "MERGE INTO res AS r USING (VALUES (4), (8)) AS w (id) ON r.id = w.id WHEN MATCHED THEN UPDATE SET month = 2"
ON_A_FULL_DISK = {
    "a value, in the same page": "UPDATE res SET amount = amount + 100 WHERE id = 7",
    "a key": "UPDATE res SET org_id = 30 WHERE id = 7",
    "a deeper key": "UPDATE pay SET res_id = 8 WHERE res_id = 7",
    "a row in": "INSERT INTO res VALUES (901, 3, 'new', 5, now(), 1)",
    "a row out": "DELETE FROM res WHERE id = 11",
    "straight to a partition": "UPDATE res_3 SET amount = 2 WHERE id < 9",
    "a merge to another partition": MOVED,
    "a cascade of deletes": "DELETE FROM org WHERE id = 3",
    "a cascade of keys": "UPDATE org SET id = 1004 WHERE id = 4",
    "more than one in a transaction": "BEGIN; UPDATE res SET amount = 0 WHERE id = 9; DELETE FROM res WHERE id = 10; COMMIT",
    "a savepoint": "BEGIN; UPDATE res SET amount = 0 WHERE id = 12; SAVEPOINT s; UPDATE res SET amount = 1 WHERE id = 13; ROLLBACK TO s; COMMIT",
    "two phases": "BEGIN; UPDATE res SET amount = 0 WHERE id = 14; PREPARE TRANSACTION 'full'; COMMIT PREPARED 'full'",
    "a serializable transaction": "BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE res SET amount = 0 WHERE id = 15; COMMIT",
}


def test_what_a_full_disk_lets_through_is_not_lost(rough_server: EmbeddedServer, rough_servers: Servers, disk: Disk):
    """The rows have room in their pages, and the log and what notes unknown changes have none."""
    template = rough_servers.template(rough_server, "refresh_shop", build_shop)
    with on_disk(rough_server, template, disk) as database:
        connection, writer = database.connect(), database.connect()
        never_whole(connection)
        right(connection, "incremental")
        for kind, text in ON_A_FULL_DISK.items():
            connection.execute(FORGET)
            right(connection, "full")
            before = counted(connection)
            disk.fill()
            for statement in text.split("; "):
                writer.execute(statement.encode())
            assert counted(connection) > before, f"{kind}: there was room for it, so this shows nothing"
            with suppress(psycopg.errors.DiskFull):  # there is no room for its row in the log either
                connection.execute("CALL mvc.refresh('public', 'by_org')")
            disk.free()
            runs = right(connection, "full")
            assert all(LOST in (run.detail or "") for run in runs), (kind, runs)
            right(connection, "incremental")


# ---------- both tables are locked ----------


@contextmanager
def all_locked(database: Database, more: str = "") -> Iterator[None]:
    with database.connect(autocommit=False) as holder:
        for table in (*LOGS.values(), "unknown_change"):
            holder.execute(f"LOCK TABLE mvc.{table} IN ACCESS EXCLUSIVE MODE".encode())
        if more:
            holder.execute(more.encode())
        yield
        holder.rollback()


def impatient(database: Database) -> Connection:
    writer = database.connect()
    writer.execute("SET lock_timeout = '20ms'")
    return writer


def test_a_lock_timeout_loses_nothing(shop_database: Database, connection: Connection):
    writer = impatient(shop_database)
    with all_locked(shop_database):
        writer.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
    assert all(LOST in (run.detail or "") for run in right(connection, "full"))
    right(connection, "incremental")


def test_one_that_is_still_open_is_found_when_it_has_ended(shop_database: Database, connection: Connection):
    """A refresh sees the count, and not the rows; these come later, when the count is an old one."""
    writer = impatient(shop_database)
    writer.execute("BEGIN")
    with all_locked(shop_database):
        writer.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
    right(connection, "full")
    right(connection, "full")
    writer.execute("COMMIT")
    assert wrong_rows(connection, BY_ORG)
    right(connection, "full")
    right(connection, "incremental")


def test_one_that_ends_after_the_snapshot_is_found_by_the_next(shop_database: Database, connection: Connection):
    writer = impatient(shop_database)
    run = begin(connection, "by_org")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        with all_locked(shop_database):
            writer.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
        assert work(connection, run) == "completed"
    end(connection, run)
    assert wrong_rows(connection, BY_ORG)
    right(connection, "full")
    right(connection, "incremental")


def test_one_that_ends_before_the_snapshot_is_seen_at_once(shop_database: Database, connection: Connection):
    """It was counted after the refresh began, and is in the snapshot of its work."""
    writer = impatient(shop_database)
    run = begin(connection, "by_org")
    with all_locked(shop_database):
        writer.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(connection, run) == "completed"
        assert wrong_rows(connection, BY_ORG) == []
    end(connection, run)
    right(connection, "full")
    right(connection, "incremental")


def test_a_view_that_is_refreshed_later_is_whole_as_well(shop_database: Database, connection: Connection):
    """Others have noted it, and tidied up, before."""
    writer = impatient(shop_database)
    writer.execute("BEGIN")
    with all_locked(shop_database):
        writer.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
    assert refresh(connection, BY_ORG).mode == "full"
    writer.execute("COMMIT")
    assert [refresh(connection, BY_ORG).mode for _ in range(3)] == ["full", "incremental", "incremental"]
    run = refresh(connection, BY_STATUS)
    assert (run.mode, run.wrong) == ("full", []), run


def test_one_that_is_rolled_back_costs_a_whole_refresh(shop_database: Database, connection: Connection):
    writer = impatient(shop_database)
    with all_locked(shop_database):
        writer.execute("BEGIN; UPDATE res SET amount = amount + 100 WHERE id = 7; ROLLBACK")
    right(connection, "full")
    right(connection, "incremental")


@pytest.mark.parametrize("limit", ["statement_timeout = '100ms'", "cancel"])
def test_who_is_cancelled_has_written_nothing(shop_database: Database, connection: Connection, limit: str):
    writer = shop_database.connect()
    write = "UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7"
    with all_locked(shop_database), pytest.raises(psycopg.errors.QueryCanceled):
        if limit != "cancel":
            writer.execute(f"SET {limit}".encode())
            writer.execute(write)
        else:
            with meanwhile(lambda: (until(lambda: waits(connection, writer)), writer.cancel())):
                writer.execute(write)
    assert [run.groups for run in right(connection, "incremental")] == [0, 0]


def test_other_failures_of_both_tables_are_counted(connection: Connection):
    """Whatever the reason: here as the server says it where memory is short."""
    connection.execute(
        "CREATE FUNCTION short() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53200'; END $$"
    )
    for table in (LOGS["res"], "unknown_change"):
        connection.execute(f"CREATE TRIGGER short BEFORE INSERT ON mvc.{table} EXECUTE FUNCTION short()".encode())
    connection.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
    connection.execute(f"DROP TRIGGER short ON mvc.{LOGS['res']}; DROP TRIGGER short ON mvc.unknown_change")
    right(connection, "full")
    right(connection, "incremental")


def test_a_write_fails_where_it_could_not_even_be_counted(shop_database: Database, connection: Connection):
    """Only the owner can hold the count: then there is no other way than to refuse the write."""
    writer = impatient(shop_database)
    with (
        all_locked(shop_database, "ALTER SEQUENCE mvc.lost_change CACHE 1"),
        pytest.raises(psycopg.errors.LockNotAvailable),
    ):
        writer.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
    assert [run.groups for run in right(connection, "incremental")] == [0, 0]


def test_a_new_log_begins_with_the_count_as_it_is(connection: Connection):
    """What was lost of other tables before has nothing to do with it."""
    connection.execute("SELECT nextval('mvc.lost_change')")
    connection.execute("CREATE TABLE extra (id int); SELECT mvc.watch('public', 'extra', 'changes_extra', '{id}')")
    assert connection.execute("SELECT lost_changes FROM mvc.watched_table WHERE log = 'changes_extra'").fetchone() == (
        1,
    )


def test_the_count_survives_a_crash(shop_database: Database, connection: Connection):
    """The server writes a record of its log for every 32nd count only; after a crash it counts on above all that were given out."""
    never_whole(connection)
    writer = impatient(shop_database)
    writer.execute("SET synchronous_commit = on")
    with all_locked(shop_database):
        writer.execute("UPDATE res SET amount = amount + 100, status = 'quiet' WHERE id = 7")
    right(connection, "full")
    connection.execute("SET synchronous_commit = on")
    right(connection, "incremental")
    with all_locked(shop_database):
        writer.execute("UPDATE res SET amount = amount + 100, status = 'quieter' WHERE id = 7")
    pid = writer.info.backend_pid
    os.kill(pid, signal.SIGKILL)
    shop_database.close()
    until(lambda: _crashed(pid))
    revived = _reconnected(shop_database)
    right(revived, "full")
    right(revived, "incremental")


def _crashed(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def _reconnected(database: Database) -> Connection:
    found: list[Connection] = []

    def there() -> bool:
        with suppress(psycopg.OperationalError):
            found.append(database.connect())
        return bool(found)

    until(there)
    return found[0]
