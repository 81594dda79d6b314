"""What `mvc diff [BASE] [HEAD]` compares: two revisions, or one and the work tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mvc.git.command import GitError
from mvc.git.resolve import merge_base
from mvc.git.revision import Contents, Revision, open_revision
from mvc.workspace.folder import Folder


@dataclass(frozen=True, slots=True)
class Range:
    """`head` is None for the work tree. `forked`: what is compared with is the commit where `head` left `base`."""

    base: str
    head: str | None
    forked: bool = False


def parse_range(base: str | None = None, head: str | None = None) -> Range:
    """The range that is meant. Raises GitError.

    Nothing is HEAD against the work tree; `BASE` and `BASE..` are BASE against the work tree; `BASE HEAD` and `BASE..HEAD` are
    two revisions; `BASE...HEAD` is what HEAD did since it left BASE (what a pull request shows), `BASE...` the same with the
    work tree.
    """
    if base is None or ".." not in base:
        if head is not None and ".." in head:
            raise GitError(f"`{head}` names two revisions, and `{base}` a third", "give two of them")
        return Range("HEAD" if base is None else base, head)
    if head is not None:
        raise GitError(f"`{base}` names two revisions, and `{head}` a third", "give two of them")
    dots = "..." if "..." in base else ".."
    first, _, second = base.partition(dots)
    return Range(first or "HEAD", second or None, dots == "...")


def open_range(folder: Path, range_: Range) -> tuple[Revision, Mapping[str, str]]:
    """The project in `folder` before and after: a revision, and another one or the folder itself. Raises GitError."""
    shared: Contents = {}
    after: Mapping[str, str] = Folder(folder) if range_.head is None else open_revision(folder, range_.head, shared)
    if not range_.forked:
        return open_revision(folder, range_.base, shared), after
    head = range_.head or "HEAD"
    return Revision(folder, f"{range_.base}...{head}", merge_base(folder, range_.base, head), shared), after
