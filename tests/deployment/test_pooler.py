"""Ways to a server: through PgBouncer, over TLS, by a list of hosts. What cannot work is refused in words."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.connection import connect
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.lock import deployment_lock, second_connection
from mvc.engines.postgres.server.processes import server_account, start, succeeds
from mvc.engines.postgres.server.prune import prune
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.schedule_runs import contend
from mvc.engines.postgres.server.status import status
from servers import ROOT, Database, Servers, installations, need, new_server, newest

PGBOUNCER = Path("/usr/sbin/pgbouncer")
SCHEMA = "CREATE TABLE o (id int PRIMARY KEY, amount int NOT NULL)"
VIEW = "view: v\nsources: {{o: {{table: o}}}}\ndimensions: {{id: o.id}}\naggregates: {{{0}: {{sum: o.amount}}}}\n"
ANYTHING = frozenset({"drop-column", "drop-view", "loosen-access", "row-count"})


def project(column: str = "total") -> Compiled:
    return mvc.compile(mvc.load(files(column)))


def files(column: str = "total") -> dict[str, str]:
    return {"mvc.yml": "project: shop\ncatalog: s.sql\n", "s.sql": SCHEMA + ";", "views/v.yml": VIEW.format(column)}


def go(connection: psycopg.Connection[Any], compiled: Compiled, patience: float = 5.0) -> None:
    apply(connection, compiled, options=ApplyOptions(ANYTHING, pace=Timeouts(patience)))
    assert plan(connection, compiled).empty


class Pooler:
    """A running PgBouncer before the server of a database."""

    def __init__(self, folder: Path, name: str) -> None:
        self.url = f"postgresql://postgres@/{name}?host={folder}&port=6432"

    def connect(self) -> psycopg.Connection[Any]:
        return connect(self.url)


def version() -> tuple[int, int]:
    need(PGBOUNCER.is_file(), "PgBouncer (Debian's package pgbouncer)")
    said = subprocess.run([PGBOUNCER, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = said.split()[1].split(".")[:2]
    return int(major), int(minor)


@contextmanager
def pooler(database: Database, **settings: object) -> Iterator[Pooler]:
    version()
    inside = database.server._running_in()
    folder = inside.root / f"pool{random.randrange(10**6)}"
    folder.mkdir()
    (folder / "users").write_text('"postgres" ""\n')
    said = {
        "unix_socket_dir": folder,
        "listen_port": 6432,
        "listen_addr": "",
        "auth_type": "trust",
        "auth_file": folder / "users",
        "pool_mode": "transaction",
        "default_pool_size": 4,
        **settings,
    }
    lines = "".join(f"{name} = {value}\n" for name, value in said.items())
    (folder / "ini").write_text(f"[databases]\n* = host={inside.run} port=5432\n[pgbouncer]\n{lines}")
    if inside.account:
        os.chown(folder, inside.account.uid, inside.account.gid)
    with (folder / "log").open("wb") as log:
        process = start([PGBOUNCER, folder / "ini"], inside.account, folder, log)
    try:
        wait_for_socket(folder / ".s.PGSQL.6432", process)
        yield Pooler(folder, database.name)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def wait_for_socket(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        assert process.poll() is None, (path.parent / "log").read_text()
        assert time.monotonic() < deadline
        with socket.socket(socket.AF_UNIX) as client:
            if not client.connect_ex(str(path)):
                return
        time.sleep(0.02)


@pytest.fixture
def shop(database: Database) -> Database:
    database.connect().execute(SCHEMA + "; INSERT INTO o SELECT g, g FROM generate_series(1, 20) AS g")
    return database


def settings_left(pool: Pooler) -> set[tuple[str, ...]]:
    """What sessions behind the pooler have that a new one would not: (search_path, role, statement_timeout, lock_timeout)."""
    names = ("search_path", "role", "statement_timeout", "lock_timeout", "timezone", "row_security")
    query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    connections = [pool.connect() for _ in range(3)]
    try:
        found = set()
        for connection in connections:  # held open, so that each is another session of the server
            connection.execute("BEGIN")
            found.add(connection.execute(query.encode()).fetchone())
        return found  # type: ignore[return-value]
    finally:
        for connection in connections:
            connection.close()


class TestTransactionMode:
    @newest
    @pytest.mark.parametrize("prepared", [0, 50])
    def test_everything_works(self, shop, prepared):
        more = {"max_prepared_statements": prepared} if version() >= (1, 21) else {}
        if prepared and not more:
            pytest.skip("max_prepared_statements came with PgBouncer 1.21")
        with pooler(shop, **more) as pool:
            before = settings_left(pool)
            with pool.connect() as connection:
                for column in ("total", "amount", "total", "amount"):
                    go(connection, project(column))
                shop.connect().execute("UPDATE o SET amount = 7 WHERE id = 1")
                for _ in range(7):  # more often than psycopg waits before it prepares a statement
                    (result,) = refresh(connection, project("amount"))
                    assert result.status == "completed"
                assert connection.execute("SELECT amount FROM v WHERE id = 1").fetchone() == (7,)
                rollback(connection, project("amount"))
                assert status(connection, project("total")).deployment
                assert prune(connection, project("total"), Timeouts(5.0)).kept == ()
            assert settings_left(pool) == before

    @newest
    def test_only_one_deploys(self, shop):
        go(shop.connect(), project())
        with (
            pooler(shop) as pool,
            pool.connect() as first,
            deployment_lock(first, "mvc"),
            pool.connect() as second,
            pytest.raises(ServerError, match="another deployment of this database is under way"),
        ):
            go(second, project())

    @newest
    def test_a_deployment_beside_the_pooler_counts(self, shop):
        go(shop.connect(), project())
        with (
            pooler(shop) as pool,
            pool.connect() as connection,
            deployment_lock(shop.connect(), "mvc"),
            pytest.raises(ServerError, match="another deployment of this database is under way"),
        ):
            go(connection, project())

    @newest
    def test_a_pool_of_one(self, shop):
        with pooler(shop, default_pool_size=1, query_wait_timeout=2) as pool, pool.connect() as connection:
            with pytest.raises(ServerError, match="query_wait_timeout") as caught:
                go(connection, project())
            assert "two connections at once" in caught.value.hint
        go(shop.connect(), project())

    @newest
    def test_the_time_limit_of_a_refresh_stays_with_it(self, shop, tmp_path):
        for name, text in files().items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        with pooler(shop) as pool:
            before = settings_left(pool)
            with pool.connect() as connection:
                go(connection, project())
            done = cli(
                "--project",
                str(tmp_path),
                "refresh",
                "--all",
                "--timeout",
                "77",
                "--database",
                pool.url,
                "--format",
                "json",
            )
            assert json.loads(done.stdout)
            assert settings_left(pool) == before


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from mvc.cli.main import run; run()", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


@newest
def test_who_sees_to_the_schedules(shop):
    """The lead ends with its session, though the pooler keeps the server's; a lock of the session would stay behind."""
    go(shop.connect(), project())
    with pooler(shop) as pool:
        for _ in range(3):
            with pool.connect() as connection, contend(connection, project()) as first:
                assert first.leads()
                with pool.connect() as other, contend(other, project()) as second:
                    assert not second.leads()


def test_session_mode(shop):
    with pooler(shop, pool_mode="session") as pool, pool.connect() as connection:
        go(connection, project())


@newest
def test_statement_mode_is_refused(shop):
    with (
        pooler(shop, pool_mode="statement") as pool,
        pool.connect() as connection,
        pytest.raises(ServerError, match="statement pooling") as caught,
    ):
        go(connection, project())
    assert "a pool in transaction or session mode" in caught.value.hint


@newest
def test_options_that_a_pooler_does_not_take(shop):
    with pooler(shop) as pool:
        with pytest.raises(ServerError, match="unsupported startup parameter") as caught:
            connect(f"{pool.url}&options=-c%20geqo%3Doff")
        assert "leave them out of the URL" in caught.value.hint


class TestSameServer:
    def test_the_second_connection_follows_the_first(self, servers: Servers):
        """A list of two servers, in an order that libpq draws anew each time."""
        both = [servers.get(major) for major in sorted(installations())[:2]]
        need(len(both) == 2, "two PostgreSQL servers")
        hosts = ",".join(str(server._running_in().run) for server in both)
        reached = set()
        for _ in range(12):
            with connect(
                f"host={hosts} port=5432,5432 dbname=postgres user=postgres load_balance_hosts=random"
            ) as first:
                with second_connection(first) as second:
                    assert second.info.server_version == first.info.server_version
                    assert second.info.host == first.info.host
                reached.add(first.info.server_version)
        assert len(reached) == 2

    @newest
    @pytest.mark.bare
    @pytest.mark.parametrize("before", [False, True], ids=["nothing to lock", "locked there"])
    def test_a_lock_on_another_server_is_found_out(self, shop, servers, monkeypatch, before):
        elsewhere, connection = servers.get(min(installations())), shop.connect()
        with psycopg.connect(elsewhere.url(), autocommit=True) as there:
            if before:
                go(connection, project())
                there.execute("CREATE SCHEMA mvc")
            monkeypatch.setattr(
                "mvc.engines.postgres.server.lock.second_connection",
                lambda _: psycopg.connect(elsewhere.url(), prepare_threshold=None),
            )
            try:
                with pytest.raises(ServerError, match="taken on another server"):
                    go(connection, project())
            finally:
                there.execute("DROP SCHEMA IF EXISTS mvc CASCADE")
        assert connection.execute("SELECT to_regnamespace('mvc') IS NOT NULL").fetchone() == (before,)

    @newest
    def test_the_settings_of_the_first(self, shop):
        url = f"{shop.url}&application_name=nightly&connect_timeout=7&options=-c%20geqo%3Doff&keepalives_idle=11"
        with connect(url) as first, second_connection(first) as second:
            assert second.execute("SHOW geqo").fetchone() == ("off",)
            assert second.execute("SHOW application_name").fetchone() == ("nightly",)
            assert second.info.get_parameters()["connect_timeout"] == "7"
            assert second.info.get_parameters()["keepalives_idle"] == "11"


class Secure:
    """A server that takes nothing but TLS and a password, and the folder with its certificates."""

    def __init__(self, server: EmbeddedServer, address: str, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.url = f"host={address} dbname=postgres user=tls_deployer"


HBA = "local all all trust\nhostssl all all 0.0.0.0/0 scram-sha-256\n"
PASSWORD = "a:\\b"


@pytest.fixture(scope="module")
def secure() -> Iterator[Secure]:
    need(succeeds(["openssl", "version"], None, Path("/")), "the program openssl")
    need(15 in installations(), "Debian's package postgresql-15: a wheel has no TLS")
    address = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        make_certificates(folder, address)
        (folder / "hba").write_text(HBA)
        files = {"ssl_cert_file": "server.crt", "ssl_key_file": "server.key", "hba_file": "hba"}
        settings = {key: str(folder / file) for key, file in files.items()}
        settings |= {"listen_addresses": address, "ssl": "on"}
        with new_server(installations()[15], settings) as server:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(f"{SCHEMA}; CREATE ROLE tls_deployer LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
            yield Secure(server, address, folder)


def make_certificates(folder: Path, address: str) -> None:
    """A certificate authority, and a certificate of it for the address."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test CA", "-days", "2")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (folder / "names").write_text(f"subjectAltName=IP:{address}\n")
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.crt", *signed)
    (folder / "server.key").chmod(0o600)
    if account := server_account():
        os.chown(folder / "server.key", account.uid, account.gid)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


class TestTls:
    """libpq's own settings count for both connections, wherever they come from."""

    def test_in_the_url(self, secure):
        quoted = PASSWORD.replace("\\", "\\\\")
        url = f"{secure.url} sslmode=verify-full sslrootcert={secure.folder}/ca.crt password='{quoted}'"
        self.deploys(secure, lambda: connect(url))

    def test_in_the_environment_and_files(self, secure, monkeypatch):
        passwords = secure.folder / "pgpass"
        passwords.write_text(f"*:*:*:tls_deployer:{escaped(PASSWORD)}\n")
        passwords.chmod(0o600)
        services = secure.folder / "services"
        services.write_text(f"[shop]\nsslrootcert={secure.folder}/ca.crt\n{secure.url.replace(' ', chr(10))}\n")
        monkeypatch.setenv("PGPASSFILE", str(passwords))
        monkeypatch.setenv("PGSERVICEFILE", str(services))
        monkeypatch.setenv("PGSSLMODE", "verify-full")
        self.deploys(secure, lambda: connect("service=shop"))

    def test_an_authority_that_is_not_known(self, secure):
        with pytest.raises(ServerError, match=r"cannot connect: .*(certificate|root)"):
            connect(f"{secure.url} sslmode=verify-full sslrootcert={secure.folder}/server.crt password=x")

    def deploys(self, secure: Secure, connecting: Callable[[], psycopg.Connection[Any]]) -> None:
        with connecting() as connection:
            with second_connection(connection) as second:
                for either in (connection, second):
                    encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                    assert either.execute(encrypted).fetchone() == (True,)
                    assert either.info.get_parameters()["sslmode"] == "verify-full"
            go(connection, project())
            go(connection, project("amount"))
