"""Repositories of the test's own, away from the machine's git configuration."""

from __future__ import annotations

import subprocess
from itertools import count
from pathlib import Path

import pytest

PERSON = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ISOLATED = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}

NUMBERS = count(1)  # no two commits are one, whatever the clock says


class Repository:
    """A git repository with a work tree."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for path, text in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, files: dict[str, str | bytes] | None = None) -> str:
        self.write(files or {})
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"a change: {next(NUMBERS)}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def isolated(monkeypatch):
    for name, value in (PERSON | ISOLATED).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repository(tmp_path) -> Repository:
    made = Repository(tmp_path / "repo")
    made.root.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    return made
