"""The temporary folder in which a server of our own lives, and which takes everything of it along when it goes.

    mvc-x1y2z3/            ours; others may pass through it, not look into it
        log                written through a descriptor that we open
        installation/      only where the server's account cannot execute PostgreSQL's programs where they are
        run/               the server account's alone: the socket
            data/          and the data

We may be root, so nothing here writes in `run/`, where the server's account could have laid a link.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mvc.engines.postgres.server.processes import Account, ServerStartError, succeeds

PORT: Final = 5432  # names the socket file; nothing listens on a network
SOCKET_PATH_LIMIT: Final = 103  # bytes; Linux takes 107, macOS 103


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """Where things are. `account` is whom the server runs as; None: as ourselves."""

    root: Path
    account: Account | None

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def data(self) -> Path:
        return self.run / "data"

    def state(self) -> str:
        """The server's own word for its state (the eighth line of postmaster.pid), or nothing while there is none."""
        lines = read(self.data / "postmaster.pid").splitlines()
        return lines[7].strip() if len(lines) >= 8 else ""

    def log_tail(self, lines: int) -> str:
        """The last lines of the log, as the end of an error message."""
        tail = read(self.log).strip().splitlines()[-lines:]
        return "\n".join(["Its log ends with:", *(f"  {line}" for line in tail)]) if tail else "Its log is empty."


@contextmanager
def server_folder(directory: Path | None, account: Account | None) -> Iterator[ServerFolder]:
    """A new folder in `directory`, else in the system's place for temporary files. It is removed in any case."""
    root = _make(directory, account)
    try:
        yield ServerFolder(root, account)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def executable_bindir(bindir: Path, folder: ServerFolder) -> Path:
    """`bindir`, or that of a copy in the folder where the account cannot execute the programs where they are.

    A wheel often lies below a home folder that others may not enter.
    """
    if folder.account is None or _executes(bindir, folder):
        return bindir
    if not (bindir / "postgres").is_file():
        raise ServerStartError(f"there is no PostgreSQL server in {bindir}")
    copied = _copy(bindir, folder.root / "installation")
    if not _executes(copied, folder):
        raise ServerStartError(f"the account `nobody` can execute neither {bindir / 'postgres'} nor a copy of it")
    return copied


def read(path: Path) -> str:
    """A text file that may not be there (yet)."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _make(directory: Path | None, account: Account | None) -> Path:
    for parent in [directory.absolute()] if directory else [Path(tempfile.gettempdir()), Path("/tmp")]:  # noqa: S108
        try:
            root = Path(tempfile.mkdtemp(prefix="mvc-", dir=parent))
        except OSError:
            continue
        if _prepared(root, account):
            return root
        shutil.rmtree(root)
    raise ServerStartError(
        f"{directory or tempfile.gettempdir()} cannot hold the server's folder: it must be writable, "
        "open to the account that runs the server (`nobody`, if you are root), and its path short (below 80 bytes)"
    )


def _prepared(root: Path, account: Account | None) -> bool:
    """Whether the folder is fit for use. Entering is tried, since mode bits of its parents are only half the story."""
    run = root / "run"
    run.mkdir(mode=0o700)
    if account:
        root.chmod(0o711)
        os.chown(run, account.uid, account.gid)
    fits = len(os.fsencode(run / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT
    return fits and succeeds(["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(run)], account, Path("/"))


def _copy(bindir: Path, target: Path) -> Path:
    """The copied folder of programs. The shared libraries that a wheel's programs load lie in `PACKAGE.libs` beside it."""
    prefix, package = bindir.parent, bindir.parent.parent
    left_out = shutil.ignore_patterns("include", "doc", "man", "*.a")
    copied = target / package.name / prefix.name
    shutil.copytree(prefix, copied, symlinks=True, ignore=left_out)
    if package.name and (libraries := package.with_name(f"{package.name}.libs")).is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    _let_read(target)
    return copied / bindir.name


def _executes(bindir: Path, folder: ServerFolder) -> bool:
    return all(succeeds([bindir / name, "--version"], folder.account, Path("/")) for name in ("postgres", "initdb"))


def _let_read(folder: Path) -> None:
    """Our copy is readable for all, whatever the original's modes were."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for path in (Path(parent, name) for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
