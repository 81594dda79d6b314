"""One git command, kept from everything that writes, asks, or runs what a repository's configuration names.

Only commands that read objects and references belong here: none of them looks at the index or the work tree, so no filter,
hook or file system monitor has a part in them. A partial clone would fetch what it lacks; it is not let. Files of a repository may make up
another one (HEAD, objects/, refs/), which git would take for the repository of a folder below it; such a folder is refused.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

# Set for hooks, where they name the repository that the hook is of; ours is the one that the folder lies in.
_OF_A_HOOK: Final = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"}
)
_OURS: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # the same for versions before 2.45
    "LC_ALL": "C",  # its messages are told apart by their words
}
_EXCEPTION: Final = re.compile(r"git config --global --add safe\.directory .+")


class GitError(Exception):
    """Git cannot give what was asked for; the message and the hint are for a user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def ask(folder: Path, *arguments: str) -> str | None:
    """What git answers, or None where it says no. Raises GitError where no question can be answered."""
    if any("\0" in argument for argument in arguments):
        return None
    done = _run(folder, arguments, b"")
    return None if done.returncode else os.fsdecode(done.stdout).rstrip("\n")


def read(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints. Raises GitError where it fails."""
    done = _run(folder, arguments, given)
    if done.returncode:
        raise GitError(f"git {arguments[0]}: {_reason(done.stderr)}", incomplete_hint(folder))
    return done.stdout


def incomplete_hint(folder: Path) -> str:
    """What to do where objects are missing, which in a partial clone is no fault; empty elsewhere."""
    if not ask(folder, "config", "--get-regexp", r"^remote\..*\.partialclonefilter$"):
        return ""
    return (
        "this is a partial clone, which lacks files of other revisions: `git fetch --refetch --no-filter` brings them"
    )


def _run(folder: Path, arguments: tuple[str, ...], given: bytes) -> subprocess.CompletedProcess[bytes]:
    git = shutil.which("git")
    if git is None:
        raise GitError(
            "git is not installed, or not on PATH", "revisions are read with it: https://git-scm.com/downloads"
        )
    _check_place(folder)
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    command = (git, "--no-pager", "--literal-pathspecs", "-c", "safe.bareRepository=explicit", *arguments)
    done = subprocess.run(command, cwd=folder, input=given, env=kept | _OURS, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        _check_repository(folder, done.stderr.decode("utf-8", "replace"))
    return done


def _check_place(folder: Path) -> None:
    """Raises GitError where git would find a repository that is made of files of the one that is meant. Since 2.38 it can be told not to."""
    for place in (folder.resolve(), *folder.resolve().parents):
        if (place / ".git").exists():
            return
        if os.path.lexists(place / "HEAD") and any(os.path.lexists(place / name) for name in ("objects", "commondir")):
            raise GitError(
                f"{place} is made to look like a git repository of its own, which would be compared instead",
                "take HEAD, objects and refs out of it",
            )


def _check_repository(folder: Path, said: str) -> None:
    """Raises GitError where git said that it cannot work here at all."""
    if "not a git repository" in said:
        raise GitError(f"{folder} is in no git repository", "only what is committed to one can be compared with")
    if "safe.directory" in said:
        found = _EXCEPTION.search(said)
        command = found[0].strip() if found else "git config --global --add safe.directory DIRECTORY"
        raise GitError("git refuses this repository, since it belongs to another user", f"trust it with `{command}`")


def _reason(said: bytes) -> str:
    """The line that says why, without the warnings before it."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if not line.startswith("warning: ")]
    return lines[0].removeprefix("fatal: ").removeprefix("error: ") if lines else "it failed and did not say why"
