"""Files that a command writes into a folder that it was given. What a repository holds there must not lead it elsewhere."""

from __future__ import annotations

from pathlib import Path

from mvc.cli.context import Failure


def write_within(folder: Path, path: Path, content: bytes) -> None:
    """Writes one file of `folder`, whose own place the user has named. Raises Failure where something below it is a link."""
    refuse_links(folder, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def refuse_links(folder: Path, path: Path) -> None:
    """Raises Failure where a file of `folder` is a link, or lies in a linked folder; `folder` itself may be one, or the file."""
    if path == folder:
        return
    below = [path, *path.parents[: len(path.relative_to(folder).parts) - 1]]
    linked = next((part for part in reversed(below) if part.is_symlink()), None)
    if linked is not None:
        raise Failure(f"{linked} is a link, and what it leads to would be overwritten", "remove the link")
