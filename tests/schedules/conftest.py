"""The command and the worker as processes of their own, with a project in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from emitted import every_script_parses  # noqa: F401
from schedules.projects import FILES, deploy, project, tables

COMMAND = (sys.executable, "-c", "import sys; from mvc.cli.main import run; sys.argv[0] = 'mvc'; run()")


@dataclass
class Shop:
    """The project in a folder and deployed in a database; processes that were started end with the test."""

    folder: Path
    url: str
    connection: Any
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**kept, "DATABASE_URL": self.url, "XDG_CACHE_HOME": str(self.folder / ".cache")}

    def mvc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def worker(self) -> Worker:
        path = self.folder / f"worker{len(self.started)}.log"
        with path.open("w") as log:
            process = subprocess.Popen([*COMMAND, "run"], cwd=self.folder, env=self.environment(), stderr=log)
        self.started.append(process)
        return Worker(process, path)


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    log: Path

    def says(self, text: str, within: float = 20.0) -> str:
        """Its log, when it holds the text."""
        until = time.monotonic() + within
        while text not in (said := self.log.read_text()):
            assert time.monotonic() < until, f"never said {text!r}: {said}"
            time.sleep(0.05)
        return said


@pytest.fixture
def shop(database, tmp_path) -> Iterator[Shop]:
    connection = database.connect()
    tables(connection)
    deploy(connection, project())
    made = Shop(tmp_path, database.url, connection)
    write(tmp_path, "{schedule: hourly, refresh: all, every: '0 * * * *'}")
    yield made
    for process in made.started:
        process.kill()
        process.wait()


def write(folder: Path, *schedules: str) -> None:
    for name, text in {**FILES, "schedules/s.yml": f"schedules: [{', '.join(schedules)}]\n"}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


Waits = Callable[[str], None]


@pytest.fixture
def until(shop) -> Waits:
    """Waits until a query gives a row."""

    def wait(query: str) -> None:
        for _ in range(400):
            if shop.connection.execute(query).rowcount:
                return
            time.sleep(0.05)
        raise AssertionError(f"never: {query}")

    return wait
