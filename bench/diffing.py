"""What `mvc diff` costs: two revisions of a large project with one changed view, and a deployed project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from measure import Limit, Result, cpu_seconds, environment, progress
from projects import write_project

TITLE: Final = "Comparing"
MOST_COLD: Final = 1.5  # seconds of CPU time, the whole process
MOST_WARM: Final = 0.4
MOST_DATABASE: Final = 0.5
MVC: Final = "from mvc.cli.main import run; run()"
_GIT: Final = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--diff-views", type=int, default=1000, help="views of the project in git (default: 1000)")
    parser.add_argument("--deployed-views", type=int, default=100, help="views in the database (default: 100)")
    parser.add_argument("--diffs", type=int, default=7, help="how often each is run (default: 7)")


def measure(arguments: Namespace, result: Result) -> None:
    """CPU time of whole processes, Python's own start included; the server's is not."""
    with TemporaryDirectory() as root:
        os.environ["XDG_CACHE_HOME"] = str(Path(root) / "cache")
        rows = result.rows(("`mvc diff` of", "CPU, s"))
        cold, warm = _revisions(Path(root) / "git", arguments)
        rows.append((f"two revisions, {arguments.diff_views} views, one changed, cold", cold))
        rows.append(("the same with a cache", warm))
        deployed = _deployed(Path(root) / "deployed", arguments)
        rows.append((f"a database with {arguments.deployed_views} views, nothing changed, with a cache", deployed))
    result.limits += [
        Limit("a cold diff of two revisions", cold, MOST_COLD, " s"),
        Limit("a warm one", warm, MOST_WARM, " s"),
        Limit("one against a database", deployed, MOST_DATABASE, " s"),
    ]


def _mvc(project: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-c", MVC, "--project", str(project), *arguments]


def _revisions(project: Path, arguments: Namespace) -> tuple[float, float]:
    progress(f"diff: {arguments.diff_views} views in git")
    write_project(project, arguments.diff_views)
    _commit(project)
    view = sorted((project / "views").iterdir())[arguments.diff_views // 2]
    text = view.read_text()
    view.write_text(text.replace("aggregates:\n", "aggregates:\n  counted_again: {count: " + _base(text) + "}\n", 1))
    _commit(project)
    command = _mvc(project, "diff", "HEAD~1", "HEAD")
    cold = median(_with_empty_cache(command) for _ in range(arguments.diffs))
    return cold, median(cpu_seconds(command) for _ in range(arguments.diffs))


def _base(text: str) -> str:
    """The alias of the first source."""
    return text.partition("sources:\n")[2].strip().partition(":")[0]


def _commit(project: Path) -> None:
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "bench")):
        subprocess.run([*_GIT, *command], cwd=project, check=True)


def _with_empty_cache(command: list[str]) -> float:
    shutil.rmtree(Path(os.environ["XDG_CACHE_HOME"]), ignore_errors=True)
    return cpu_seconds(command)


def _deployed(project: Path, arguments: Namespace) -> float:
    from mvc.engines.postgres.server.embedded import EmbeddedServer, choose_installation

    progress(f"diff: {arguments.deployed_views} views in a database")
    write_project(project, arguments.deployed_views)
    with EmbeddedServer(choose_installation()) as server:
        import psycopg

        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE ROLE reporting")
            for script in sorted((project / "schema").iterdir()):
                connection.execute(script.read_text())
        apply = _mvc(project, "apply", "--database", server.url(), "--yes")
        subprocess.run(apply, check=True, env=environment(), stderr=subprocess.DEVNULL)
        command = _mvc(project, "diff", "--database", server.url(), "--exit-code")
        return median(cpu_seconds(command) for _ in range(arguments.diffs))
