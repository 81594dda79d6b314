"""Runs PostgreSQL's own programs: as whom, and never longer than this process lives.

PostgreSQL refuses to run as root. Where we are root its programs run as `nobody`: no user is added and no permission of
anybody's folder is changed. What a data folder or a setting is, these functions do not know.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

# The shell waits on a pipe that closes with us, whatever ended us. `read` is its own, so no process outlives it.
_LAST_WILL: Final = """
read -r pid
read -r never
[ -z "$pid" ] || kill -QUIT "$pid"
for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" && sleep 0.2 || break; done
rm -rf -- "$1"
"""


class ServerStartError(Exception):
    """A server of our own could not be started. The message says why, for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Account:
    """Another account than ours."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Whom the server runs as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerStartError(
            "PostgreSQL does not run as root, and this machine has no account `nobody` to run it as; "
            "please run the command as an ordinary user"
        ) from None
    account = Account(entry.pw_uid, entry.pw_gid)
    if not succeeds(["/bin/sh", "-c", ":"], account, Path("/")):
        raise ServerStartError(
            "PostgreSQL does not run as root, and root may not run it as `nobody` here; "
            "please run the command as an ordinary user"
        )
    return account


def start(
    command: Sequence[str | Path], account: Account | None, folder: Path, output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """A program started in `folder`, in a session of its own so that Ctrl-C reaches us and not it."""
    try:
        return subprocess.Popen(  # noqa: S603 - the commands are ours, the programs PostgreSQL's
            command,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=() if account else None,
        )
    except OSError as error:
        raise ServerStartError(f"{command[0]} cannot be run: {error.strerror}") from error


def within_memory(limit: int, command: Sequence[str | Path]) -> list[str | Path]:
    """The command so that it, and each process that it starts, gets no more than `limit` bytes, where the system can see to that."""
    return ["/bin/sh", "-c", 'ulimit -v "$0" 2>/dev/null; exec "$@"', str(limit // 1024), *command]


def complete(command: Sequence[str | Path], account: Account | None, folder: Path, output: IO[bytes]) -> int:
    """The exit code of a program that was run to its end. Interrupted, it is killed with all that it started."""
    process = start(command, account, folder, output)
    try:
        return process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def succeeds(command: Sequence[str | Path], account: Account | None, folder: Path) -> bool:
    """Whether the account can run the command, and it ends well."""
    try:
        with Path(os.devnull).open("wb") as nowhere:
            return complete(command, account, folder, nowhere) == 0
    except ServerStartError:
        return False


@contextmanager
def last_will(folder: Path) -> Iterator[Callable[[int], None]]:
    """Should this process die without cleaning up, a small shell ends the server and removes `folder`.

    Yields a function that tells it the server's process id.
    """
    with subprocess.Popen(  # noqa: S603 - a constant script; the folder is an argument
        ["/bin/sh", "-c", _LAST_WILL, "sh", str(folder)],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    ) as shell:
        try:
            yield lambda pid: _tell(shell, pid)
        finally:
            shell.kill()


def _tell(shell: subprocess.Popen[bytes], pid: int) -> None:
    if shell.stdin is not None:
        shell.stdin.write(f"{pid}\n".encode())


def _environment() -> dict[str, str]:
    """Ours, without what would reach into the server (PGDATA, PGPORT, …), and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}
