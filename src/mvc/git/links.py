"""Symbolic links of a revision, followed by their text alone, as a folder on disk has them followed (`mvc.workspace.folder`).

A link out of the project's folder, or to what a listing leaves out, is refused in both, with the same words.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping

from mvc.workspace.folder import OUTSIDE, is_left_out, outside

_MOST = 40  # links on the way to one file, as the kernel follows them


def followed(path: str, links: Mapping[str, str]) -> str:
    """The path that a link leads to. Raises OSError where that is not within the folder, or nowhere."""
    done: list[str] = []
    left, count = path.split("/"), 0
    while left:
        part = left.pop(0)
        target = links.get("/".join((*done, part)))
        if part == "..":
            _leave(done)
        elif part in ("", "."):
            continue
        elif target is None:
            done.append(part)
        else:
            count += 1
            left = [*_steps(target, count), *left]
    if is_left_out("/".join(done)):
        raise outside("it is a link to what is no part of the project")
    return "/".join(done)


def _leave(done: list[str]) -> None:
    """One folder up, which the project's own is the last one for."""
    if not done:
        raise outside(OUTSIDE)
    done.pop()


def _steps(target: str, count: int) -> list[str]:
    """The parts of what a link says, which is the one of that number on the way."""
    if count > _MOST:
        raise OSError(errno.ELOOP, "it is a link that leads to itself")
    if target.startswith("/"):
        raise outside(OUTSIDE)
    return target.split("/")
