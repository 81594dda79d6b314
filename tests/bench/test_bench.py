"""What the measurements stand on: generated projects that a server takes, and numbers that a stopped run does not lose."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mvc.engines.postgres.server.apply import apply, plan
from mvc.engines.postgres.server.server_check import check_on_server
from mvc.pipeline.compile import compile_files
from mvc.pipeline.load import load_files
from mvc.quoting import is_plain
from mvc.workspace.folder import Folder
from servers import ROOT, newest

SPEC = importlib.util.spec_from_file_location("bench_projects", ROOT / "bench" / "projects.py")
assert SPEC
assert SPEC.loader
projects = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = projects  # its dataclasses look for themselves there
SPEC.loader.exec_module(projects)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    projects.write_project(tmp_path / "generated", 30)  # two domains
    return Folder(tmp_path / "generated")


def test_no_name_of_a_generated_project_is_a_word_of_sql():
    """Where a name needs quotes, a table of it cannot be created: the views quote it, the DDL does not."""
    words = (*projects._NOUNS, *projects._KINDS, *projects._AMOUNTS, *projects._MOMENTS)
    assert [word for word in words if not is_plain(word)] == []


@newest
def test_a_server_takes_a_generated_project(database, folder):
    compiled = compile_files(folder)
    connection = database.connect()
    assert check_on_server(connection, load_files(folder).project(), compiled) == ()
    connection.execute("".join(text for path, text in folder.items() if path.startswith("schema/")).encode())
    connection.execute(
        "DO $$ BEGIN CREATE ROLE reporting; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )  # one for all databases
    assert len(apply(connection, compiled).created) == 30
    assert plan(connection, compiled).empty


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_keeps_what_it_measured(tmp_path, how):
    said = tmp_path / "said"
    with said.open("w") as stderr:
        command = [sys.executable, ROOT / "bench" / "run.py", "compile", "--views", "20", "--compiles", "1000"]
        run = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=stderr, text=True)
        deadline = time.monotonic() + 120
        while "run 3 of" not in said.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        run.send_signal(how)
        out, _ = run.communicate(timeout=60)
    assert run.returncode == 130, out
    assert "| 20 | " in out
    assert "Stopped" in out
    assert "Traceback" not in said.read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "bench" / "results").glob("*.json")), ids=lambda path: path.name)
def test_what_is_kept_is_as_the_page_says(path):
    kept = json.loads(path.read_text(encoding="utf-8"))
    page = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^`--keep`.*?^$", page, re.MULTILINE | re.DOTALL)
    assert (kept["format"], kept["version"]) == ("mvc.bench", 1)
    assert kept.keys() <= set(re.findall(r"`(\w+)`", told))
    assert {key for limit in kept["limits"] for key in limit} <= {"what", "value", "most", "holds"}
    assert f"| `{path.stem}` |" in page
