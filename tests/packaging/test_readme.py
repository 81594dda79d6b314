"""README.md's shell blocks work as they stand: all are pasted into one shell, in order, and what they print is what is said of them.

What changes the machine is stood in for: `apt-get` and `service` do nothing, `su postgres` asks a server of our own. So the blocks
run as the role that the first of them makes, which may create databases and roles and nothing more. bare.py does it all for real.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bare import blocks, clone, pasted

from servers import ROOT, installations, need, new_server

README = blocks((ROOT / "README.md").read_text(encoding="utf-8"))
LOGIN = "someone"
STAND_INS = {
    "apt-get": "exit 0",
    "service": '[ "$*" = "postgresql start" ]',
    "su": '[ "$1 $2 $3" = "- postgres -c" ] && PGUSER=postgres exec bash -c "$4"',
}


@pytest.fixture
def machine(tmp_path: Path):
    """Runs a script in a clone, beside a server, with a home of its own."""
    need(15 in installations(), "PostgreSQL 15 with its programs (Debian's package postgresql-15)")
    need(shutil.which("git") and shutil.which("make"), "git and make")
    clone(tmp_path / "clone")
    for name, text in STAND_INS.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/bash\n{text}\n")
        program.chmod(0o755)
    with new_server(installations()[15]) as server:
        env = {
            "HOME": str(tmp_path),
            "PATH": f"{tmp_path / 'bin'}:{server.installation.bindir}:{Path(sys.executable).resolve().parent}:/usr/bin:/bin",
            "PGHOST": str(server.folder / "run"),
            "PGUSER": LOGIN,
            "SUDO_USER": LOGIN,
            "PIP_NO_COMPILE": "1",
            "PIP_REQUIRE_VIRTUALENV": "1",  # as Debian's and Ubuntu's pip, which would not touch the system's Python
            "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
            "ARGS": "--scale 0.002",  # of `make demo`, whose numbers tests/demo looks at
            **{name: text for name, text in os.environ.items() if name.startswith(("PIP_", "LC_", "LANG"))},
        }

        def run(script: str) -> subprocess.CompletedProcess[str]:
            how = {"cwd": tmp_path / "clone", "env": env, "timeout": 500, "text": True}
            return subprocess.run(["bash", "-e"], input=script, capture_output=True, check=False, **how)

        yield run


@pytest.mark.slow
@pytest.mark.server
def test_the_blocks_work_as_they_stand(machine) -> None:
    done = machine(f"exec 2>&1\n{pasted(README)}")
    need(not re.search("connection broken by|No matching distribution", done.stdout), "the package index")
    assert done.returncode == 0, done.stdout[-3000:]
    _, prepared, demo, first, own, changed = re.split(r"^=== block .*\n", done.stdout, flags=re.MULTILINE)
    assert prepared == ""
    assert "mv_organization_dashboard" in demo
    assert "CREATE MATERIALIZED VIEW" in first
    assert own.count("INSERT 0 ") == 4
    assert "deployment 1: 1 view created, 0 unchanged" in own
    assert "ERROR" not in own
    assert rows(own) == [
        [["2026-03-01", "NL", "2", "1", "61.25"], ["2026-03-02", "FR", "1", "1", "20.00"]],
        [
            ["2026-03-01", "NL", "2", "1", "61.25"],
            ["2026-03-02", "FR", "1", "1", "20.00"],
            ["2026-03-03", "FR", "1", "1", "0"],
        ],
    ]
    assert "another filter: `orders.status <> 'cancelled'` → `orders.status = 'paid'`" in changed
    assert "1 view changed; 1 change: 1 breaking" in changed
    assert [int(number) for number in re.findall(r"^deployment (\d+): 1 view changed", changed, re.MULTILINE)] == [2, 3]
    assert "dropped 1 relation" in changed


def rows(printed: str) -> list[list[list[str]]]:
    """What psql has shown: of each table the rows, without the average, whose digits are the server's choice."""
    tables = re.findall(r"^-+\+.*\n((?: .*\n)*)\(\d+ rows?\)$", printed, re.MULTILINE)
    return [[[cell.strip() for cell in line.split("|")][:5] for line in table.splitlines()] for table in tables]


def test_the_first_block_is_all_that_asks_for_root() -> None:
    assert [
        index for index, block in enumerate(README) if re.search(r"\b(?:apt|apt-get|service|su|sudo)\b", block)
    ] == [0]


@pytest.mark.parametrize("block", README)
def test_no_block_waits_for_an_answer(block: str) -> None:
    """Whatever asked would read the next pasted line as the answer."""
    asking = re.findall(r"\bmvc (?:apply|rollback|prune|partitions)\b(?![^\n#]* --(?:yes|dry-run)\b).*", block)
    assert asking == []
