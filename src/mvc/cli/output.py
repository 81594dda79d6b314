"""Files that a command writes into a folder that it was given. What a repository holds there must not lead it elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mvc.cli.failure import Failure

if TYPE_CHECKING:
    from mvc.cli.context import Context


def write_within(folder: Path, path: Path, content: bytes) -> None:
    """Writes one file of `folder`, whose own place the user has named. Raises Failure where something below it is a link."""
    refuse_links(folder, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_together(texts: Mapping[Path, bytes]) -> None:
    """Writes all files or, where one of them cannot be written, none: each is written beside its place first."""
    beside = {path: path.with_name(f".{path.name}.new") for path in texts}
    try:
        for path, content in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside[path].write_bytes(content)
    except OSError:
        for path in beside.values():
            path.unlink(missing_ok=True)
        raise
    for path, written in beside.items():
        written.replace(path)


def in_the_way(path: Path) -> list[Path]:
    """What is there already, links to nowhere included, and what stands where a folder is needed."""
    folders = [parent for parent in path.parents if os.path.lexists(parent) and not parent.is_dir()]
    return [path] if os.path.lexists(path) else folders


def refuse_way_out(context: Context, path: Path) -> None:
    """Raises Failure where what the user has named lies in the project's folder, and a link there leads out of it: whoever wrote the project
    would have a file read or overwritten that is none of it.
    """
    try:
        root = context.folder()
    except Failure:
        return
    named, project = os.path.abspath(path), os.path.abspath(root)  # noqa: PTH100 - as they are named: no link is followed
    inside = Path(named).is_relative_to(project)
    if inside and not path.resolve().is_relative_to(root.resolve()):
        raise Failure(
            f"{path} leads out of the project's folder, to {path.resolve()}",
            "remove the link, or name that place itself",
        )


def refuse_links(folder: Path, path: Path) -> None:
    """Raises Failure where a file of `folder` is a link, or lies in a linked folder; `folder` itself may be one, or the file."""
    if path == folder:
        return
    below = [path, *path.parents[: len(path.relative_to(folder).parts) - 1]]
    linked = next((part for part in reversed(below) if part.is_symlink()), None)
    if linked is not None:
        raise Failure(f"{linked} is a link, and what it leads to would be overwritten", "remove the link")
