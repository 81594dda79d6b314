"""What docs/reviewing.md and docs/migrations.md tell people to paste: it parses, and what it names is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from servers import ROOT

REVIEWING = (ROOT / "docs" / "reviewing.md").read_text(encoding="utf-8")
MIGRATIONS = (ROOT / "docs" / "migrations.md").read_text(encoding="utf-8")
MARK = "<!-- mvc diff: shop -->\n\n"
CURL = """#!{python}
import json, sys
arguments = sys.argv[1:]
with open("curl.log", "a") as log:
    log.write(json.dumps(arguments) + "\\n")
(url,) = [item for item in arguments if item.startswith("https:")]
print(json.dumps({{"id": 5}}) if url.endswith("/user") else open("notes.json").read())
"""


def fences(text: str, language: str, heading: str = "") -> list[str]:
    """The fences of a language, under a heading or anywhere."""
    part = re.split(r"^## ", text.partition(f"## {heading}\n")[2], flags=re.MULTILINE)[0] if heading else text
    return re.findall(rf"^```{language}\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


def read(heading: str) -> Any:
    (text,) = fences(REVIEWING, "yaml", heading)
    return yaml.safe_load(text)


def test_the_workflow_gives_the_action_what_it_takes():
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    checkout, ours = read("GitHub")["jobs"]["diff"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0
    assert set(ours["with"]) <= set(action["inputs"])
    (table,) = [
        set(re.findall(r"^\| `([a-z-]+)` \|", part, re.MULTILINE)) for part in [REVIEWING.split("| input |")[1]]
    ]
    assert table == set(action["inputs"])


def test_the_hooks_are_there():
    known = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    (repository,) = read("pre-commit")["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == known


@pytest.mark.parametrize("code", fences(MIGRATIONS, "python"))
def test_python_is_python(code):
    compile(code, "recipe.py", "exec")


class TestGitLab:
    @pytest.fixture
    def job(self, tmp_path: Path):
        if not shutil.which("jq"):
            pytest.skip("needs jq")
        (script,) = read("GitLab")["views"]["script"]
        (tmp_path / "bin").mkdir()
        mvc = f"#!/bin/sh\nprintf '%s' '{MARK}'\nexit $CODE\n"
        for name, text in (("mvc", mvc), ("curl", CURL.format(python=sys.executable))):
            (tmp_path / "bin" / name).write_text(text)
            (tmp_path / "bin" / name).chmod(0o755)

        def run(notes: list[dict[str, Any]], **env: str) -> tuple[int, list[list[str]]]:
            (tmp_path / "notes.json").write_text(json.dumps(notes))
            given = {
                "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
                "CODE": "0",
                "MVC_TOKEN": "secret",
                "CI_API_V4_URL": "https://gitlab.example/api/v4",
                "CI_PROJECT_ID": "1",
                "CI_MERGE_REQUEST_IID": "2",
                "CI_MERGE_REQUEST_DIFF_BASE_SHA": "abc",
                **env,
            }
            done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=given, check=False)
            log = tmp_path / "curl.log"
            return done.returncode, [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

        return run

    def test_writes_a_note(self, job):
        others = [{"id": 8, "author": {"id": 6}, "body": MARK}, {"id": 9, "author": {"id": 5}, "body": "hello"}]
        code, asked = job(others, CODE="3")
        assert code == 3
        assert asked[-1][-5:] == ["--request", "POST", asked[-1][-3], "--data-urlencode", "body@diff.md"]
        assert asked[-1][-3] == "https://gitlab.example/api/v4/projects/1/merge_requests/2/notes"

    def test_updates_its_own(self, job):
        code, asked = job([{"id": 9, "author": {"id": 5}, "body": f"{MARK}old"}])
        assert code == 0
        assert asked[-1][-4:-2] == ["PUT", "https://gitlab.example/api/v4/projects/1/merge_requests/2/notes/9"]

    def test_without_a_token_it_asks_nobody(self, job):
        assert job([], MVC_TOKEN="", CODE="3") == (3, [])

    def test_a_comparison_that_fails_ends_the_job(self, job):
        assert job([], CODE="1") == (1, [])
