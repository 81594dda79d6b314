"""The folder of the cache: one that nobody but this user can have put anything into, or none.

What lies there is deployed without being compiled again, so whoever can write there is the compiler. What is checked is what is
used: the folder is held open, and its files are reached from there, never through a link. Where a system knows no owners of
files there is no such folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

_OWNERS: Final = hasattr(os, "geteuid") and os.open in os.supports_dir_fd
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_DIRECTORY: Final = getattr(os, "O_DIRECTORY", 0)


class NotOwn(OSError):
    """Somebody else may have made this, or may change it."""


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """The open folder. Every method raises OSError as the system does."""

    descriptor: int

    def read(self, name: str) -> bytes:
        """What a file of this user's holds. Raises NotOwn for another one."""
        with os.fdopen(os.open(name, os.O_RDONLY | _NO_LINK, dir_fd=self.descriptor), "rb") as file:
            _must_be_own(file.fileno(), stat.S_ISREG)
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """Puts a whole file in the place of what has that name, if anything."""
        draft = f"{token_hex(8)}.tmp"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600, dir_fd=self.descriptor)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(draft, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        finally:
            self.remove(draft)  # it is there still if one of the two has failed

    def remove(self, name: str) -> None:
        """Without a word where there is no such file."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def newest_first(self, suffix: str) -> list[str]:
        """The names of the files that end so."""
        with os.scandir(self.descriptor) as found:
            aged = [(entry.stat(follow_symlinks=False).st_mtime, entry.name) for entry in found]
        return [name for _, name in sorted(aged, reverse=True) if name.endswith(suffix)]


@contextmanager
def cache_folder(path: Path, *, make: bool = False) -> Iterator[CacheFolder]:
    """The folder at `path`, made for this user alone if asked. Raises NotOwn, or OSError as the system does."""
    if not _OWNERS:
        raise OSError("this system does not tell the owners of files")
    if make:
        _make(path)
    descriptor = _open(path)
    try:
        _must_be_own(descriptor, stat.S_ISDIR)
        yield CacheFolder(descriptor)
    finally:
        os.close(descriptor)


def refused(path: Path) -> str:
    """Why what is at `path` is no cache of ours; empty where it is one, or where there is nothing."""
    try:
        with cache_folder(path):
            return ""
    except NotOwn as problem:
        return str(problem)
    except OSError:
        return ""


def _make(path: Path) -> None:
    """The folder and those above it that are missing, as the XDG base directory specification has them: for the user alone."""
    for folder in (*reversed(path.parents), path):
        with suppress(FileExistsError):
            if not folder.is_dir():
                folder.mkdir(mode=0o700)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | _DIRECTORY | _NO_LINK)
    except OSError:
        if path.is_symlink():
            raise NotOwn("it is a link to another place") from None
        raise


def _must_be_own(descriptor: int, is_kind: Callable[[int], bool]) -> None:
    found = os.fstat(descriptor)
    if not is_kind(found.st_mode):
        raise NotOwn("it is something else")
    if found.st_uid != os.geteuid():
        raise NotOwn("it belongs to another user")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise NotOwn("other users may write there")
