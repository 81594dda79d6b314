"""A revision as a mapping of path → text, with the same files and the same decoding as a folder (`mvc.workspace.folder.Folder`).

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
from mvc.git.links import followed
from mvc.git.resolve import commit_of
from mvc.workspace.folder import MAX_BYTES, SPEC_FOLDERS, is_selected, too_large

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
        self._contents: Contents = {} if contents is None else contents
        listed = list(_listed(folder, commit))
        self._refused: dict[str, OSError] = {}
        self._objects = self._selected(listed)

    def __getitem__(self, path: str) -> str:
        if path not in self._objects:
            raise KeyError(path)
        if path in self._refused:
            raise self._refused[path]
        if self._objects[path] not in self._contents:
            self._read([other for other in self._objects if _batch(other) == _batch(path)])
        content = self._contents[self._objects[path]]
        if content is None:
            raise GitError(f"this clone lacks `{path}` of {self.name}", incomplete_hint(self.folder))
        if len(content) > MAX_BYTES:
            raise too_large()
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

    def _selected(self, listed: list[tuple[str, str, str]]) -> dict[str, str]:
        """The project's files → the objects that hold them, links followed."""
        files = {path: identity for path, mode, identity in listed if mode in _FILES}
        links = {path: identity for path, mode, identity in listed if mode == _LINK}
        self._ask(dict.fromkeys(links.values(), "a link"))
        targets = {path: os.fsdecode(self._contents[identity] or b"") for path, identity in links.items()}
        found = {path: identity for path, identity in files.items() if is_selected(path)}
        found |= {path: self._followed(path, targets, files) or links[path] for path in filter(is_selected, links)}
        return dict(sorted(found.items()))

    def _followed(self, path: str, targets: Mapping[str, str], files: Mapping[str, str]) -> str | None:
        try:
            return _at(followed(path, targets), files)
        except OSError as problem:
            self._refused[path] = problem
            return None

    def _read(self, paths: list[str]) -> None:
        self._ask({self._objects[path]: path for path in paths})

    def _ask(self, wanted: Mapping[str, str]) -> None:
        """Reads the objects that are not known yet; `wanted` says what each is called in a message."""
        unknown = {identity: path for identity, path in wanted.items() if identity not in self._contents}
        if not unknown:
            return
        given = b"".join(identity.encode() + b"\n" for identity in unknown)
        printed = read(self.folder, "cat-file", "--batch", "--buffer", given=given)
        for (identity, path), content in zip(unknown.items(), _contents(printed), strict=True):
            if content is None:
                raise GitError(f"this clone lacks `{path}` of {self.name}", incomplete_hint(self.folder))
            self._contents[identity] = content


def _at(path: str, files: Mapping[str, str]) -> str:
    if path not in files:
        raise FileNotFoundError(errno.ENOENT, "the link leads nowhere in this revision", path)
    return files[path]


def open_revision(folder: Path, revision: str, contents: Contents | None = None) -> Revision:
    """The project in `folder` as it was in a revision of the repository around it. Raises GitError.

    Revisions of one repository that are given the same `contents` read what they have in common once.
    """
    return Revision(folder, revision, commit_of(folder, revision), contents)


def _listed(folder: Path, commit: str) -> Iterator[tuple[str, str, str]]:
    """Path, mode and object of everything in the folder. A submodule is another repository's."""
    for entry in read(folder, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]:
        about, _, name = entry.partition(b"\t")
        mode, _, identity = about.decode("ascii").split(" ")
        yield os.fsdecode(name), mode, identity


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
