"""The GitHub Action and the pre-commit hooks: read as their runners read them, the script run with a `gh` and an `mvc` of ours."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mvc.cli.commands import COMMANDS
from mvc.comparison.changes import ViewRemoved
from mvc.comparison.difference import Classified, Difference, Effect, ViewDifference
from mvc.report.diff.markdown import diff_markdown
from servers import ROOT

SCRIPT = ROOT / "action" / "review.sh"
GONE = ViewDifference(
    "v", "public", "v.yml", "removed", (Classified(ViewRemoved(), (Effect("breaking", "gone"),)),), ()
)
CHANGED = diff_markdown(Difference((GONE,), ()), "shop")
EMPTY = diff_markdown(Difference((), ()), "shop")

MVC = """#!{python}
import json, os, sys
assert "GH_TOKEN" not in os.environ, "whoever wrote the files has no business with it"
open("mvc.json", "w").write(json.dumps(sys.argv[1:]))
sys.stdout.write(os.environ["SAYS"])
sys.exit(int(os.environ["CODE"]))
"""
# Keeps its comments in a file. What `--jq` would pick, it picks itself.
GH = """#!{python}
import json, os, sys
from pathlib import Path
arguments, state = sys.argv[1:], Path("comments.json")
comments = json.loads(state.read_text()) if state.exists() else []
with open("gh.log", "a") as log:
    log.write(json.dumps(arguments) + "\\n")
assert os.environ["GH_TOKEN"] == "secret"
if "graphql" in arguments:
    found = [c["id"] for c in comments if c["ours"] and c["body"].startswith(os.environ["MARKER"])]
    sys.stdout.write("".join(f"{{number}}\\n" for number in found))
    sys.exit()
if os.environ.get("FORK"):
    sys.exit("gh: Resource not accessible by integration (HTTP 403)\\n100%")
method = arguments[arguments.index("--method") + 1]
path = next(item for item in arguments if item.startswith("repos/"))
body = Path(arguments[arguments.index("-F") + 1].removeprefix("body=@")).read_text()
if method == "POST":
    assert path == "repos/acme/shop/issues/7/comments", path
    comments.append({{"id": len(comments) + 1, "ours": True, "body": body}})
else:
    number = int(path.removeprefix("repos/acme/shop/issues/comments/"))
    next(c for c in comments if c["id"] == number)["body"] = body
state.write_text(json.dumps(comments))
"""


@dataclass
class Runner:
    """A GitHub runner with the script on it."""

    folder: Path

    def run(self, says: str = CHANGED, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        own = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "RUNNER_TEMP": str(self.folder),
            "GH_TOKEN": "secret",
            "PULL_REQUEST": "7",
            "BASE": "abc",
            "SAYS": says,
            "CODE": str(code),
        }
        return subprocess.run(
            [str(SCRIPT)], cwd=self.folder, env={**own, **env}, capture_output=True, text=True, check=False, timeout=60
        )

    @property
    def comments(self) -> list[dict[str, Any]]:
        path = self.folder / "comments.json"
        return json.loads(path.read_text()) if path.exists() else []

    @comments.setter
    def comments(self, comments: list[dict[str, Any]]) -> None:
        (self.folder / "comments.json").write_text(json.dumps(comments))

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text()

    @property
    def asked(self) -> list[str]:
        """The arguments of `mvc`."""
        return json.loads((self.folder / "mvc.json").read_text())


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    (tmp_path / "bin").mkdir()
    for name, text in (("mvc", MVC), ("gh", GH)):
        program = tmp_path / "bin" / name
        program.write_text(text.format(python=sys.executable))
        program.chmod(0o755)
    return Runner(tmp_path)


class TestScript:
    def test_the_first_run_writes_a_comment(self, runner):
        done = runner.run()
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert [item["body"] for item in runner.comments] == [CHANGED]
        assert runner.summary == CHANGED
        assert runner.asked == ["--project", ".", "diff", "--format", "markdown", "--", "abc...HEAD"]

    def test_later_ones_keep_it_up_to_date(self, runner):
        runner.run()
        assert runner.run(CHANGED + "more\n").returncode == 0
        assert [item["body"] for item in runner.comments] == [CHANGED + "more\n"]
        assert runner.run(EMPTY).returncode == 0
        assert [item["body"] for item in runner.comments] == [EMPTY]

    def test_without_a_difference_no_comment_is_begun(self, runner):
        assert runner.run(EMPTY).returncode == 0
        assert runner.comments == []
        assert runner.summary == EMPTY

    def test_what_others_wrote_is_left_alone(self, runner):
        runner.comments = [
            {"id": 1, "ours": False, "body": CHANGED},
            {"id": 2, "ours": True, "body": diff_markdown(Difference((GONE,), ()), "shop2")},
        ]
        before = runner.comments
        runner.run()
        assert runner.comments[:2] == before
        assert len(runner.comments) == 3

    def test_the_exit_code_comes_last(self, runner):
        done = runner.run(code=3, FAIL_ON="breaking,access-loosened", PROJECT="a b")
        assert done.returncode == 3
        assert "::error title=mvc diff::there are differences that must not be: breaking,access-loosened" in done.stdout
        assert runner.asked[:2] == ["--project", "a b"]
        assert runner.asked[-4:] == ["--fail-on", "breaking,access-loosened", "--", "abc...HEAD"]
        assert [item["body"] for item in runner.comments] == [CHANGED]

    @pytest.mark.parametrize("code", [1, 2, 130])
    def test_a_comparison_that_fails_is_not_published(self, runner, code):
        done = runner.run(code=code)
        assert done.returncode == code
        assert f"exit code {code}" in done.stdout
        assert runner.comments == []
        assert not (runner.folder / "summary.md").exists()

    @pytest.mark.parametrize("code", [0, 3])
    def test_a_token_that_only_reads_leaves_the_summary(self, runner, code):
        done = runner.run(code=code, FORK="1")
        assert done.returncode == code
        assert runner.summary == CHANGED
        (warning,) = [line for line in done.stdout.splitlines() if line.startswith("::warning")]
        assert warning.endswith("GitHub said: gh: Resource not accessible by integration (HTTP 403)%0A100%25")

    def test_comments_can_be_turned_off(self, runner):
        assert runner.run(COMMENT="false").returncode == 0
        assert not (runner.folder / "gh.log").exists()

    def test_without_a_pull_request_there_is_the_summary(self, runner):
        done = runner.run(PULL_REQUEST="")
        assert (done.returncode, runner.summary) == (0, CHANGED)
        assert done.stdout.startswith("::notice")

    def test_without_a_base_it_says_so(self, runner):
        done = runner.run(BASE="")
        assert done.returncode == 2
        assert "the input base" in done.stdout

    def test_no_variable_is_ever_run(self, runner):
        text = "$(touch pwned)`touch pwned`';touch pwned;\""
        runner.run(code=3, BASE=text, PROJECT=text, FAIL_ON=text)
        assert f"{text}...HEAD" in runner.asked
        assert not (runner.folder / "pwned").exists()

    def test_the_filter_picks_our_comment(self):
        """gh's --jq and jq speak the same language."""
        if not shutil.which("jq"):
            pytest.skip("needs jq")
        (expression,) = re.findall(r"^readonly ours='(.*?)'$", SCRIPT.read_text(), re.MULTILINE | re.DOTALL)
        bodies = [(False, CHANGED), (True, "other"), (True, CHANGED)]
        nodes = [
            {"url": f"https://github.com/a/b/pull/7#issuecomment-{number}", "viewerDidAuthor": ours, "body": body}
            for number, (ours, body) in enumerate(bodies)
        ]
        answer = {"data": {"repository": {"pullRequest": {"comments": {"nodes": nodes}}}}}
        env = {**os.environ, "MARKER": CHANGED.splitlines()[0]}
        done = subprocess.run(
            ["jq", "-r", expression], input=json.dumps(answer), env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout == "2\n"


class TestAction:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

    @property
    def steps(self) -> list[dict[str, Any]]:
        return self.action["runs"]["steps"]

    def test_is_composite(self):
        assert self.action["runs"]["using"] == "composite"
        assert all(step["shell"] == "bash" for step in self.steps if "run" in step)

    def test_puts_nothing_into_a_script(self):
        assert [step["run"] for step in self.steps if "${{" in step.get("run", "")] == []

    def test_names_others_actions_by_commit(self):
        used = [step["uses"] for step in self.steps if "uses" in step]
        assert used
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", item) for item in used)

    def test_every_input_is_described_and_used(self):
        used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(self.steps)))
        assert used == set(self.action["inputs"])
        assert all(item["description"] and "default" in item for item in self.action["inputs"].values())

    def test_gives_the_script_all_that_it_reads(self):
        runner_has = {"RUNNER_TEMP", "GITHUB_REPOSITORY", "GITHUB_STEP_SUMMARY", "GH_TOKEN", "MARKER"}
        read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", SCRIPT.read_text())) - runner_has
        (given,) = [set(step["env"]) for step in self.steps if "review.sh" in step.get("run", "")]
        assert given == read | {"GH_TOKEN"}

    @pytest.mark.slow
    def test_installing_runs_nothing_of_the_pull_request(self, tmp_path):
        """What it has checked out is the current folder, where `python -m` looks for modules first."""
        for module in ("venv", "pip", "ensurepip", "logging"):
            (tmp_path / module).mkdir()
            for name in ("__init__.py", "__main__.py"):
                (tmp_path / module / name).write_text("open('ran', 'w').close()\n")
        (script,) = [step["run"] for step in self.steps if "pip install" in step.get("run", "")]
        env = {
            **os.environ,
            "PYTHON": sys.executable,
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "VERSION": str(tmp_path / "nothing"),
        }
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert not (tmp_path / "ran").exists(), done.stderr
        assert "nothing" in done.stderr  # it came as far as the package, which is not there

    def test_the_script_can_be_run(self):
        assert os.access(SCRIPT, os.X_OK)
        assert subprocess.run(["bash", "-n", str(SCRIPT)], check=False).returncode == 0


class TestHooks:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    @pytest.mark.parametrize("hook", hooks, ids=lambda hook: hook["id"])
    def test_runs_a_command_that_there_is(self, hook):
        program, command, *_ = shlex.split(hook["entry"])
        assert program == "mvc"
        assert command in COMMANDS
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False

    @pytest.mark.parametrize("hook", hooks, ids=lambda hook: hook["id"])
    def test_its_options_are_known(self, hook, capsys):
        from mvc.cli.main import main

        _, command, *options = [*shlex.split(hook["entry"]), *hook.get("args", [])]
        main([command, "--help"])
        told = capsys.readouterr().out
        assert [option for option in options if option.startswith("-") and option not in told] == []
