"""What a person sees who looks on: tables that fit the window, a bar while views are refreshed."""

from __future__ import annotations

import os
import re

import pytest

from .test_cli_command import on_terminal

SIGNS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@pytest.fixture
def shown(deployed_chain, chain):
    def run(*arguments: str, **env: str) -> str:
        env = {"DATABASE_URL": os.environ["DATABASE_URL"], "COLUMNS": "60", **env}
        return on_terminal(list(arguments), chain, env, stdout=True, stderr=True)["tty"]

    return run


def test_the_table_of_the_status_fits(shown):
    lines = [SIGNS.sub("", line) for line in shown("status").splitlines()]
    at = next(number for number, line in enumerate(lines) if line.split()[:2] == ["view", "rows"])
    table = lines[at : lines.index("", at)]
    assert max(map(len, table)) <= 60
    assert [line.split()[0] for line in table if re.match(r" +[abcd] ", line)] == ["a", "b", "c", "d"]
    plain = shown("status", NO_COLOR="1")
    assert "\x1b" not in plain
    assert [line.split()[0] for line in plain.splitlines() if re.match(r"  [abcd] ", line)] == ["a", "b", "c", "d"]


def test_refreshes_are_told_beside_a_bar(shown, deployed_chain):
    deployed_chain.execute("UPDATE t SET n = 0 WHERE id = 1")  # which makes `a` fail
    said = shown("refresh", "--all")
    assert "refreshing" in said
    assert "0/4" in said
    unpainted = re.sub(r"\x1b\[[0-9;]*m", "", said)
    lines = [line.strip() for line in SIGNS.sub("\n", unpainted).splitlines()]
    assert [line for line in lines if line.startswith("✗ a  failed")]
    assert [line for line in lines if line.startswith("✓ d  2 rows")]
    assert said.rfind("\x1b[?25h") > said.rfind("\x1b[?25l")  # the cursor is seen again


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet_leaves_what_failed(shown, deployed_chain, option):
    deployed_chain.execute("UPDATE t SET n = 0 WHERE id = 1")
    said = shown("refresh", "--all", option)
    assert "failed" in said
    assert "✓" not in said
    assert "refreshing" not in said
