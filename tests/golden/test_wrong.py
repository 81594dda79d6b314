"""Wrong projects as people write them, by kind: `wrong/<kind>.md` holds each with all that is printed of it, `right/` what must not fire.

A case is as everywhere in this folder, with one `error` fence. Fences above the first heading belong to every case of the file, and an
input without text takes a file away. `pytest tests/golden/test_wrong.py --update` rewrites what is expected.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mvc
from mvc import ProjectError
from mvc.report.findings.text import render_diagnostics, summary
from servers import IN_CI

from .cases import Case, read_cases, rewrite

HERE = Path(__file__).parent
_SHARED = re.compile(r"^```\w+ (\S+\.\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _cases(folder: str) -> list[Case]:
    return [case for path in sorted((HERE / folder).glob("*.md")) for case in read_cases(path)]


def _id(case: Case) -> str:
    return f"{case.path.stem}-{case.name}"


def _files(case: Case) -> dict[str, str]:
    above = case.path.read_text(encoding="utf-8").partition("\n## ")[0]
    given = dict(_SHARED.findall(above))
    files = {**case.files, **{path: text for path, text in given.items() if not _says(case, path)}}
    return {path: text for path, text in files.items() if text}


def _says(case: Case, path: str) -> bool:
    return any(fence.target == path for fence in case.fences)


def _found(case: Case) -> str:
    """Every finding as it is printed, and the count."""
    files = _files(case)
    try:
        compiled = mvc.compile(mvc.load(files))
    except ProjectError as problem:
        found, outcome = problem.diagnostics, "nothing was compiled"
    else:
        found, outcome = compiled.diagnostics, "compiled"
    return f"{render_diagnostics(found, files)}\n\n{summary(found, outcome)}\n" if found else ""


def _expected(case: Case) -> str:
    fence = case.first("error")
    assert fence is not None, f"{case.path.name}: {case.heading} has no `error` fence"
    return fence.text


@pytest.mark.parametrize("case", _cases("wrong"), ids=_id)
def test_what_is_wrong_is_found(case: Case, request: pytest.FixtureRequest) -> None:
    found = _found(case)
    assert found, f"{case.path.name}: nothing is found in `{case.heading}`"
    if request.config.getoption("--update", default=False) and found != _expected(case):
        assert not IN_CI, "CI does not update expectations"
        fence = case.first("error")
        assert fence is not None
        rewrite(case, fence, found)
        return
    assert found == _expected(case), f"{case.path.name}: {case.heading}"


@pytest.mark.parametrize("case", _cases("right"), ids=_id)
def test_what_is_right_and_unusual_gets_no_finding(case: Case) -> None:
    assert _found(case) == _expected(case) == "", f"{case.path.name}: {case.heading}"
