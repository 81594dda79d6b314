"""The files of a project as a mapping of relative path → text. The only module that reads project files from disk.

Everything after this stage takes such a mapping, so a test, an editor or a git revision can stand in for a folder.

A project may come from a stranger's pull request, and what it holds is quoted in findings. So a link that leads out of the folder, or to
what a listing leaves out (`.git/config`, `.env`), is refused by name, and so is what is no file, or far too large for one.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

PROJECT_FILE = "mvc.yml"
SUFFIXES = (".yml", ".yaml", ".sql", ".json")
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "dist", "build", "target"})
MAX_BYTES = 64 * 1024 * 1024  # of one file; a dump of 10,000 tables has some 20 MB
OUTSIDE = "it is a link out of the project's folder"
SPEC_FOLDERS = ("views", "policies", "schedules", "partitions", "measures")


class Folder(Mapping[str, str]):
    """A project folder on disk, read file by file when a file is asked for. Hidden and vendored folders are left out.

    Paths are relative, with `/`. Looking a file up raises OSError or UnicodeDecodeError as reading it does, and OSError for what is
    not a file of the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def __getitem__(self, path: str) -> str:
        if path not in self._paths:
            raise KeyError(path)
        return _read(self.root, path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")

    def __contains__(self, path: object) -> bool:
        """Whether it is there; Mapping's own way would read it, and fail where it cannot be read."""
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    @cached_property
    def _paths(self) -> dict[str, None]:
        found: list[str] = []
        for folder, subfolders, files in os.walk(self.root):
            subfolders[:] = sorted(name for name in subfolders if not _is_skipped(name))
            prefix = os.path.relpath(folder, self.root).replace(os.sep, "/")
            found += [name if prefix == "." else f"{prefix}/{name}" for name in files if name.endswith(SUFFIXES)]
        return dict.fromkeys(sorted(found))


def _target(root: Path, path: str) -> Path:
    try:
        target = (root / path).resolve(strict=True)
    except RuntimeError:
        raise OSError(errno.ELOOP, "it is a link that leads to itself") from None
    if target != root.resolve() / path:
        _check_place(root.resolve(), target)
    if not stat.S_ISREG(target.stat().st_mode):  # before it is opened, which some devices notice
        raise OSError(errno.EINVAL, "it is no file, but a device, a pipe or a folder")
    return target


def _read(root: Path, path: str) -> bytes:
    """The content of a file of the project. Opened without waiting, since a pipe would never begin."""
    target = _target(root, path)
    with os.fdopen(
        os.open(target, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)), "rb"
    ) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise too_large()
    return content


def read_file(path: Path) -> str:
    """The text of a file that somebody names, be it of the project or not. Raises OSError, and UnicodeDecodeError for what is not UTF-8."""
    return path.read_text(encoding="utf-8-sig")


def too_large() -> OSError:
    """What is raised for a file over MAX_BYTES."""
    return OSError(errno.EFBIG, f"it has more than {MAX_BYTES // 1024**2} MB, which no file of a project needs")


def _check_place(root: Path, target: Path) -> None:
    """Raises OSError for a link that leads to where no file of the project can be."""
    if not target.is_relative_to(root):
        raise outside(OUTSIDE)
    if is_left_out(target.relative_to(root).as_posix()):
        raise outside("it is a link to what is no part of the project")


def outside(reason: str) -> OSError:
    """What is raised for a link that is not followed."""
    return OSError(errno.EXDEV, f"{reason}; put the file itself there")


def is_left_out(path: str) -> bool:
    """Whether a path within the folder is one that no link may lead to: hidden, or in a folder that is not listed."""
    *folders, name = path.split("/")
    return name.startswith(".") or any(_is_skipped(folder) for folder in folders)


def is_selected(path: str) -> bool:
    """Whether a file at this relative path is one of the project's, as a folder on disk would have it."""
    *folders, name = path.split("/")
    return name.endswith(SUFFIXES) and not any(_is_skipped(folder) for folder in folders)


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED_FOLDERS


def spec_paths(files: Mapping[str, str], folder: str) -> list[str]:
    """The YAML files of one spec folder (`views`, `policies`, `schedules`, `partitions`, `measures`), subfolders included."""
    return sorted(path for path in files if path.startswith(f"{folder}/") and path.endswith((".yml", ".yaml")))


def catalog_paths(files: Mapping[str, str], patterns: Iterable[str]) -> list[str]:
    """The files that `catalog:` names. Patterns are shell patterns; `*` also crosses folders."""
    wanted = tuple(patterns)
    return sorted(path for path in files if any(fnmatchcase(path, pattern.removeprefix("./")) for pattern in wanted))


def find_project(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds `mvc.yml`, or None."""
    return next((folder for folder in (start, *start.parents) if (folder / PROJECT_FILE).is_file()), None)
