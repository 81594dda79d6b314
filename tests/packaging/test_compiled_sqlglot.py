"""sqlglot is also sold compiled (`sqlglot[c]`, our extra `fast`): with it the compiler says and writes the same, to the byte.

Compiled classes differ where one would not look: what a class is asked for is a descriptor, nothing may be subclassed or patched, and
deep recursion is not counted, so that it ends the process where Python raises RecursionError.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest
from made_once import made_once

from servers import ROOT, need

pytestmark = pytest.mark.slow

COMPILES = """
import json, sys
from pathlib import Path
import sqlglot.generator
import mvc
from mvc.diagnostics.rules import all_codes, completed, rule
from mvc.report.findings.text import render_diagnostics
from mvc.report.text.json_output import compiled_json
from mvc.workspace.folder import Folder

sys.path.insert(0, sys.argv[1])
from golden.cases import read_cases

def said(files):
    try:
        compiled = mvc.compile(mvc.load(files))
    except mvc.ProjectError as problem:
        return render_diagnostics(problem.diagnostics, files)
    return [compiled_json(compiled), render_diagnostics(compiled.diagnostics, files)]

cases = {"the reference project": said(Folder(Path(sys.argv[1]).parent))}
for path in sorted((Path(sys.argv[1]) / "golden").glob("*.md")):
    for case in read_cases(path):
        cases[f"{path.name}: {case.heading}"] = said(case.files)
        if case.after:
            cases[f"{path.name}: {case.heading}, after"] = said(case.after)
for code in all_codes():
    for kind in ("wrong", "right"):
        cases[f"{code}: {kind}"] = said(completed(getattr(rule(code), kind).files))
print(json.dumps({"sqlglot": sqlglot.generator.__file__, "cases": cases}))
"""

NESTED = """
import mvc
inner = {deep!r}
for files in (
    {{"views/v.yml": "view: v\\nsources: {{t: {{table: t}}}}\\nwhere: " + inner.format("true") + "\\ndimensions: {{id: t.id}}\\n"}},
    {{"views/v.yml": "view: v\\nkey: [id]\\nsql: |\\n  SELECT id FROM " + inner.format("t") + " AS x\\n"}},
    {{"views.sql": "CREATE VIEW w AS SELECT id FROM " + inner.format("t") + ";"}},
):
    base = {{"mvc.yml": "project: p\\ncatalog: ['*.sql']\\n", "t.sql": "CREATE TABLE t (id int PRIMARY KEY);"}}
    try:
        mvc.compile(mvc.load({{**base, **files}}))
    except mvc.ProjectError as problem:
        print(*(item.code for item in problem.diagnostics))
"""


def install(folder: Path) -> None:
    """Both forms of the newest version that there is compiled, up to the one installed here: a release may come before its builds do."""
    _install(folder / "compiled", f"sqlglot[c]>=30.0,<={version('sqlglot')}")
    (made,) = (folder / "compiled").glob("sqlglot-*.dist-info")
    _install(folder / "plain", f"sqlglot=={made.name.split('-')[1].removesuffix('.dist')}")


def _install(folder: Path, what: str) -> None:
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")
    done = subprocess.run((*pip, "--target", str(folder), what), capture_output=True, text=True, check=False)
    need(done.returncode == 0, f"{what} from the package index ({done.stderr.strip()[-200:]})")


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder with sqlglot as Python, and one with the same version compiled."""
    folder = made_once(tmp_path_factory, "compiled", install)
    return folder / "plain", folder / "compiled"


def answer(code: str, *folders: Path) -> str:
    """What Python prints with these folders first on its path."""
    path = os.pathsep.join(map(str, (*folders, ROOT / "src", ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "tests")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


def cases_of(*folders: Path) -> tuple[str, Mapping[str, object]]:
    document = json.loads(answer(COMPILES, *folders))
    return document["sqlglot"], document["cases"]


def test_says_and_writes_the_same(forms):
    (slow, expected), (fast, found) = map(cases_of, forms)
    assert slow.endswith(".py")
    assert Path(fast).suffix in (".so", ".pyd")
    assert len(expected) > 350
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.mark.parametrize("depth", [80, 50_000])
def test_deep_nesting_is_a_finding(forms, depth):
    """The parser, compiled, survives some hundreds of brackets and crashes at some thousands."""
    code = NESTED.format(deep="(" * depth + "{}" + ")" * depth)
    said = answer(code, forms[1])
    assert [line.split()[0][:2] for line in said.splitlines()] == ["MV", "MV", "MV"]
    assert said == answer(code, forms[0])
