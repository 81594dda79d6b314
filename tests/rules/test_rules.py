"""Every code has a rule, and each rule's examples do what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import mvc
from mvc import ProjectError
from mvc.diagnostics import Diagnostic
from mvc.diagnostics.rules import Rule, all_codes, completed, parse_rule, rule
from mvc.engines.postgres.server.data_check import check_data
from mvc.engines.postgres.server.server_check import check_on_server
from mvc.report.findings.explain import render_rule
from servers import Database, newest

SOURCE = Path(mvc.__file__).parent
ON_A_SERVER = ("MV801", "MV802")
ON_DATA = "MV804"
ON_TABLES = "MV805"
NEVER = "MV803"  # only a fault of the compiler gives it
OFFLINE = [code for code in all_codes() if code not in (*ON_A_SERVER, ON_DATA, ON_TABLES, NEVER)]


def emitted() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    return {code for text in texts for code in re.findall(r'"(MV[0-9]{3})"', text)}


def found_in(files: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    try:
        return mvc.compile(mvc.load(completed(files))).diagnostics
    except ProjectError as problem:
        return problem.diagnostics


def known(code: str) -> Rule:
    found = rule(code)
    assert found is not None
    return found


def test_every_code_has_a_rule_and_every_rule_a_code() -> None:
    assert set(all_codes()) == emitted()


@pytest.mark.parametrize("code", all_codes())
def test_rule_is_complete(code: str) -> None:
    found = known(code)
    assert found.code == code
    assert 1 < len(found.prose.splitlines()) < 12 or len(found.prose) > 80
    assert not found.title.endswith(".")


@pytest.mark.parametrize("code", OFFLINE)
def test_wrong_example_is_wrong_in_this_way(code: str) -> None:
    found = found_in(known(code).wrong.files)
    codes = {item.code for item in found}
    assert codes == {code, *known(code).also}, [f"{item.code} {item.title}" for item in found]


@pytest.mark.parametrize("code", OFFLINE)
def test_right_example_is_right(code: str) -> None:
    found = found_in(known(code).right.files)
    assert not [f"{item.code} {item.title}" for item in found]


@newest
@pytest.mark.parametrize("code", [*ON_A_SERVER, NEVER])
def test_examples_for_a_server(code: str, database: Database) -> None:
    for example, expected in ((known(code).wrong, {code} - {NEVER}), (known(code).right, set())):
        project = mvc.load(completed(example.files))
        found = check_on_server(database.connect(), project, mvc.compile(project))
        assert {item.code for item in found} == expected


@newest
@pytest.mark.parametrize(("side", "expected"), [("wrong", {ON_DATA}), ("right", set())])
def test_examples_for_data(side: str, expected: set[str], database: Database) -> None:
    files = completed(getattr(known(ON_DATA), side).files)
    project = mvc.load(files)
    connection = database.connect()
    connection.execute(files["schema.sql"].encode())
    assert {item.code for item in check_data(connection, project, mvc.compile(project))} == expected


@newest
@pytest.mark.parametrize(("side", "expected"), [("wrong", [(ON_TABLES, 4, 27)]), ("right", [])])
def test_examples_for_tables(side: str, expected: list[tuple[str, int, int]], database: Database) -> None:
    files = completed(getattr(known(ON_TABLES), side).files)
    connection = database.connect()
    connection.execute(files["database.sql"].encode())
    found = [item.diagnostic for item in mvc.plan(connection, mvc.compile(mvc.load(files))).catalog]
    assert [(item.code, item.span.line, item.span.column) for item in found] == expected


@pytest.mark.parametrize("code", all_codes())
def test_rule_can_be_shown(code: str) -> None:
    found = known(code)
    shown = render_rule(found)
    assert shown.startswith(f"{code}: {found.title}\n")
    assert "\x1b" not in shown
    assert all(path in shown for path in (*found.wrong.files, *found.right.files))


def test_unknown_codes_have_no_rule() -> None:
    assert rule("MV999") is None
    assert rule("../../secret") is None


@pytest.mark.parametrize("text", ["# MV001 · title\nprose", "# MV001\n\n## Wrong\n\n## Right\n"])
def test_incomplete_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a rule has|an example has"):
        parse_rule(text)
