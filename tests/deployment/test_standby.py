"""A hot standby: a transaction there whose snapshot is older than a newly built table sees rows all the same, never an empty view."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.processes import complete, start
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import installations, new_server

from .projects import MAJORS, Connection

SETTINGS = {"max_standby_streaming_delay": "1s", "wal_receiver_status_interval": "1s"}
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL, v int NOT NULL, w text NOT NULL);"
ROWS = "INSERT INTO t SELECT g, g % 50, g, (SELECT string_agg(md5((g * n)::text), '') FROM generate_series(1, 100) AS n) FROM generate_series(1, 500) AS g"
READ = "SELECT count(*), sum(x), sum(length(w)) FROM v"  # `w` is stored apart, compressed or not
OLD, NEW = (50, 125250, 160000), (50, 250500, 160000)


@cache
def project(value: str) -> Compiled:
    files = {
        "mvc.yml": "project: p\ncatalog: s.sql\n",
        "s.sql": SCHEMA,
        "views/v.yml": f"view: v\nsources: {{t: {{table: t}}}}\ndimensions: {{k: t.k}}\naggregates: {{x: {{sum: {value}}}, w: {{max: t.w}}}}\n",
        "schedules/s.yml": "schedules: [{schedule: s, refresh: v, within: 1h, mode: incremental}]\n",
    }
    return mvc.compile(mvc.load(files))


def terms(patience: float = 20.0) -> ApplyOptions:
    return ApplyOptions(frozenset(HAZARDS), pace=Timeouts(patience=patience))


@dataclass
class Pair:
    """A primary, and a standby that follows it."""

    primary: Connection
    standby_url: str
    folder: Path

    def older(self) -> Connection:
        """A transaction on the standby that has its snapshot, and has not looked at the view."""
        connection = psycopg.connect(self.standby_url)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT count(*) FROM t")
        return connection

    def catch_up(self) -> None:
        """Waits until the standby has replayed all that was written, or goes on to do so once an older snapshot has ended."""
        row = self.primary.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        assert row
        deadline = time.monotonic() + 20
        with psycopg.connect(self.standby_url, autocommit=True) as asking:
            while time.monotonic() < deadline:
                done, waits = asking.execute(
                    "SELECT pg_last_wal_replay_lsn() >= %s, EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'RecoveryConflictSnapshot')",
                    row,
                ).fetchone() or (False, False)
                if done or waits:
                    return
                self.primary.execute(
                    "SELECT pg_switch_wal()"
                )  # what was committed without waiting for the disk is sent
                time.sleep(0.1)
        raise AssertionError("the standby does not follow")


@contextmanager
def standby_of(server: EmbeddedServer, database: str) -> Iterator[str]:
    """The address of `database` on a standby of the server, which gives no feedback until it is told to."""
    folder = server._running_in()
    bindir, socket = server.installation.bindir, folder.run / "s"
    with (folder.root / "standby").open("wb") as log:
        copy = [bindir / "pg_basebackup", "-D", socket / "data", "-R", "-c", "fast", "-d", server.url()]
        assert complete(["/bin/mkdir", "-m", "700", socket], folder.account, folder.run, log) == 0
        assert complete(copy, folder.account, folder.run, log) == 0
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        command = [
            bindir / "postgres",
            "-D",
            socket / "data",
            f"--unix_socket_directories={socket}",
            "--listen_addresses=",
            *options,
        ]
        process = start(command, folder.account, folder.run, log)
    try:
        url = f"postgresql://postgres@/{database}?host={socket}&port=5432"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), psycopg.connect(url):
                break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"pg{major}")
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with ExitStack() as stack:
        server = stack.enter_context(new_server(installations()[request.param]))
        server.create_database("b")
        primary = stack.enter_context(psycopg.connect(server.url("b"), autocommit=True))
        primary.execute((SCHEMA + ROWS).encode())
        apply(primary, project("t.v"), options=terms())
        yield Pair(primary, stack.enter_context(standby_of(server, "b")), server.folder)


CANCELLED = "the server says so"


def read(connection: Connection) -> object:
    """What the view has. A standby cancels what keeps it from following for too long, as ever; that is no wrong answer."""
    try:
        return connection.execute(READ).fetchone()
    except psycopg.OperationalError as problem:
        if "conflict with recovery" not in str(problem):
            raise
        if not connection.closed:
            connection.rollback()
        return CANCELLED


def assert_shown(pair: Pair, expected: object) -> None:
    """That a new transaction on the standby comes to see it."""
    deadline = time.monotonic() + 20
    with psycopg.connect(pair.standby_url, autocommit=True) as newer:
        while (found := read(newer)) != expected and time.monotonic() < deadline:
            pair.catch_up()
            time.sleep(0.1)
    assert found == expected


@pytest.mark.server
@pytest.mark.slow
def test_an_older_snapshot_on_a_standby_is_served(pair: Pair):
    with closing(pair.older()) as older:
        apply(pair.primary, project("2 * t.v"), options=terms())
        pair.catch_up()
        assert read(older) in (OLD, NEW, CANCELLED)
    assert_shown(pair, NEW)


@pytest.mark.server
@pytest.mark.slow
def test_one_that_the_standby_has_told_of_is_waited_for(pair: Pair):
    with psycopg.connect(pair.standby_url, autocommit=True) as setting:
        setting.execute("ALTER SYSTEM SET hot_standby_feedback = on")
        setting.execute("SELECT pg_reload_conf()")
    with closing(pair.older()) as older:
        deadline = time.monotonic() + 20
        while not pair.primary.execute("SELECT 1 FROM pg_stat_replication WHERE backend_xmin IS NOT NULL").fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        before = read(older)
        with pytest.raises(ServerError, match=r"still in use after 0.5 s, on a standby") as refused:
            apply(pair.primary, project("3 * t.v"), options=terms(0.5))
        assert "--wait SECONDS" in refused.value.hint
        pair.catch_up()
        assert read(older) == before
    apply(pair.primary, project("3 * t.v"), options=terms())
    assert_shown(pair, (50, 375750, 160000))
