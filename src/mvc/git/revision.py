"""A revision as a mapping of path → text, with the same files and the same decoding as a folder (`mvc.workspace.Folder`).

One `ls-tree` lists it. Contents are read with `cat-file --batch`, which knows nothing of filters: those of the specs at once,
those of any other folder (the catalog's) when one of them is asked for, so that a large dump beside the project is not.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mvc.git.command import GitError, incomplete_hint, read
from mvc.git.resolve import commit_of
from mvc.workspace import SPEC_FOLDERS, is_selected

_FILES: Final = ("100644", "100755")
_LINK: Final = "120000"
Contents = dict[str, bytes | None]  # by what `cat-file` was asked for; None where there is no such file
_LFS: Final = b"version https://git-lfs.github.com/spec/"


class Revision(Mapping[str, str]):
    """A project folder as it was committed; empty where it did not exist. `name` is what the user called the revision.

    Paths are relative to the folder, with `/`. Looking a file up raises OSError or UnicodeDecodeError as reading it from disk
    would, and GitError where the repository lacks its content.
    """

    def __init__(self, folder: Path, name: str, commit: str, contents: Contents | None = None) -> None:
        self.folder = folder
        self.name = name
        self.commit = commit
        self._objects = dict(sorted(_listed(folder, commit)))
        self._contents: Contents = {} if contents is None else contents

    def __getitem__(self, path: str) -> str:
        if path not in self._objects:
            raise KeyError(path)
        if self._objects[path] not in self._contents:
            self._read([other for other in self._objects if _batch(other) == _batch(path)])
        content = self._contents[self._objects[path]]
        if content is None:
            raise FileNotFoundError(errno.ENOENT, "the link leads nowhere in this revision", path)
        if content.startswith(_LFS):
            raise GitError(f"`{path}` is kept in Git LFS: the revision {self.name} holds only a pointer to it")
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")

    def __contains__(self, path: object) -> bool:
        """Whether it is there; Mapping's own way would read it."""
        return path in self._objects

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def _read(self, paths: list[str]) -> None:
        wanted = {self._objects[path]: path for path in paths if self._objects[path] not in self._contents}
        given = b"".join(os.fsencode(asked) + b"\n" for asked in wanted)
        printed = read(self.folder, "cat-file", "--batch", "--buffer", "--follow-symlinks", given=given)
        for (asked, path), content in zip(wanted.items(), _contents(printed), strict=True):
            if content is None and ":" not in asked:
                raise GitError(f"this clone lacks `{path}` of {self.name}", incomplete_hint(self.folder))
            self._contents[asked] = content


def open_revision(folder: Path, revision: str, contents: Contents | None = None) -> Revision:
    """The project in `folder` as it was in a revision of the repository around it. Raises GitError.

    Revisions of one repository that are given the same `contents` read what they have in common once.
    """
    return Revision(folder, revision, commit_of(folder, revision), contents)


def _listed(folder: Path, commit: str) -> Iterator[tuple[str, str]]:
    """The files of the folder, each with what to ask `cat-file` for. A submodule is another repository's."""
    for entry in read(folder, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]:
        about, _, name = entry.partition(b"\t")
        mode, _, identity = about.decode("ascii").split(" ")
        path = os.fsdecode(name)
        if not is_selected(path):
            continue
        if mode in _FILES:
            yield path, identity
        elif mode == _LINK and "\n" not in path:  # by its path, so that it is followed
            yield path, f"{commit}:./{path}"


def _batch(path: str) -> str:
    folder = path.partition("/")[0] if "/" in path else ""
    return "" if folder in SPEC_FOLDERS else folder


def _contents(printed: bytes) -> Iterator[bytes | None]:
    """The contents that `cat-file --batch` prints, each after `ID blob SIZE`; None for what is no file."""
    at = 0
    while at < len(printed):
        end = printed.index(b"\n", at)
        words = printed[at:end].split(b" ")
        at = end + 1
        if words[-1] in (b"missing", b"ambiguous"):
            yield None
            continue
        size = int(words[-1])
        yield printed[at : at + size] if words[1] == b"blob" else None
        at += size + 1
