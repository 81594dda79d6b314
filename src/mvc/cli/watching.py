"""`--watch`: a check after each change of the project's files, until somebody ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mvc.workspace.folder import Folder

PAUSE = 0.5  # seconds between two looks at the files

State = Mapping[str, tuple[int, int]]


def state_of(root: Path) -> State:
    """What tells whether a file of the project has changed: when it was written, and its size."""
    found: dict[str, tuple[int, int]] = {}
    for path in Folder(root):
        try:
            there = (root / path).stat()
        except OSError:  # gone meanwhile
            continue
        found[path] = (there.st_mtime_ns, there.st_size)
    return found


def watch(root: Path, check: Callable[[], int], wait: Callable[[float], None] = time.sleep) -> int:
    """Checks now and after each change. Ends with the last exit code when it is interrupted."""
    seen, code = state_of(root), check()
    try:
        while True:
            wait(PAUSE)
            now = state_of(root)
            if now != seen:
                seen, code = now, check()
    except KeyboardInterrupt:
        return code
