"""The repository's own habits: workflows, issue templates and decisions say what is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mvc.cli.commands import COMMANDS
from mvc.engines.postgres.engine import POSTGRES
from mvc.engines.postgres.server.connection import OLDEST
from mvc.spec.project import ProjectSpec
from servers import ROOT

WORKFLOWS = {path.name: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}
TEMPLATES = {path.name: path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")}
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # as it is written: `on` is no boolean


def steps(workflow: Any) -> list[Any]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", WORKFLOWS)
class TestWorkflow:
    def test_runs_nothing_that_could_become_something_else(self, name):
        used = [step["uses"] for step in steps(read(WORKFLOWS[name])) if "uses" in step]
        assert used
        assert [item for item in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", item)] == []

    def test_puts_nothing_from_outside_into_the_text_of_a_script(self, name):
        scripts = [step["run"] for step in steps(read(WORKFLOWS[name])) if "run" in step]
        assert [text for text in scripts if "${{" in text] == []

    def test_has_no_more_rights_and_no_more_time_than_it_needs(self, name):
        workflow = read(WORKFLOWS[name])
        assert workflow["permissions"] in ({"contents": "read"}, {})
        assert all(int(job["timeout-minutes"]) <= 120 for job in workflow["jobs"].values())
        checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


def test_every_python_and_postgresql_that_is_supported_is_tested():
    text = WORKFLOWS["ci.yml"].read_text(encoding="utf-8")
    (oldest,) = re.findall(r'^requires-python = ">=3\.(\d+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    pythons = read(WORKFLOWS["ci.yml"])["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert pythons == [f"3.{minor}" for minor in range(int(oldest), int(oldest) + len(pythons))]
    newest = next(limit.le for limit in ProjectSpec.model_fields["version"].metadata if hasattr(limit, "le"))
    majors = [str(major) for major in range(OLDEST, newest + 1)]
    assert f"PostgreSQL {', '.join(majors[:-1])} and {majors[-1]}" in text
    assert POSTGRES.versions[0] == OLDEST


def test_what_a_release_builds_is_what_is_published():
    jobs = read(WORKFLOWS["release.yml"])["jobs"]
    assert [
        job
        for job, told in jobs.items()
        if "contents" in told.get("permissions", {}) and told["permissions"]["contents"] == "write"
    ] == ["announce"]
    assert jobs["publish"]["needs"] == "build"
    assert not any("run" in step for step in jobs["publish"]["steps"])  # who may publish runs nothing of the project


@pytest.mark.parametrize("name", sorted(TEMPLATES.keys() - {"config.yml"}))
def test_a_template_asks_what_we_need(name):
    template = read(TEMPLATES[name])
    assert template.keys() == {"name", "description", "body"}
    ids = [part["id"] for part in template["body"]]
    assert len(ids) == len(set(ids))
    assert {part["type"] for part in template["body"]} <= {"textarea", "input"}
    named = set(re.findall(r"\bmvc ([a-z]+)", str(template)))
    assert named <= COMMANDS.keys()


class TestDecisions:
    def test_are_all_listed(self):
        index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
        for number, path in enumerate(DECISIONS, 1):
            title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix(f"# {number}. ")
            assert f"| {number} | [{title}]({path.name}) |" in index

    @pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
    def test_have_the_same_parts(self, path):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
            "The problem",
            "The decision",
            "What it costs",
            "What else there was",
            "What would change it",
        ]
        assert re.search(r"^Status: (accepted|replaced by \[\d+\]\(\d{4}-[\w-]+\.md\))\.$", text, re.MULTILINE)

    @pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
    def test_name_what_is_there(self, path):
        """A file of the product that a decision names."""
        for name in re.findall(r"`(mvc/[\w/]+\.(?:py|sql))`", path.read_text(encoding="utf-8")):
            assert (ROOT / "src" / name).is_file()
