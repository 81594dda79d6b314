"""The files of a project as a mapping of relative path → text. The only module that reads project files from disk.

Everything after this stage takes such a mapping, so a test, an editor or a git revision can stand in for a folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

PROJECT_FILE = "mvc.yml"
SUFFIXES = (".yml", ".yaml", ".sql", ".json")
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "dist", "build", "target"})
SPEC_FOLDERS = ("views", "policies", "schedules", "partitions")


class Folder(Mapping[str, str]):
    """A project folder on disk, read file by file when a file is asked for. Hidden and vendored folders are left out.

    Paths are relative, with `/`. Looking a file up raises OSError or UnicodeDecodeError as reading it does.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def __getitem__(self, path: str) -> str:
        if path not in self._paths:
            raise KeyError(path)
        return (self.root / path).read_text(encoding="utf-8-sig")

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


def is_selected(path: str) -> bool:
    """Whether a file at this relative path is one of the project's, as a folder on disk would have it."""
    *folders, name = path.split("/")
    return name.endswith(SUFFIXES) and not any(_is_skipped(folder) for folder in folders)


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED_FOLDERS


def spec_paths(files: Mapping[str, str], folder: str) -> list[str]:
    """The YAML files of one spec folder (`views`, `policies`, `schedules`, `partitions`), subfolders included."""
    return sorted(path for path in files if path.startswith(f"{folder}/") and path.endswith((".yml", ".yaml")))


def catalog_paths(files: Mapping[str, str], patterns: Iterable[str]) -> list[str]:
    """The files that `catalog:` names. Patterns are shell patterns; `*` also crosses folders."""
    wanted = tuple(patterns)
    return sorted(path for path in files if any(fnmatchcase(path, pattern.removeprefix("./")) for pattern in wanted))


def find_project(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds `mvc.yml`, or None."""
    return next((folder for folder in (start, *start.parents) if (folder / PROJECT_FILE).is_file()), None)
