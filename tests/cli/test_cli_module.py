"""`python -m mvc` is the command, to the last word and exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .projects import write

FILES = {
    "mvc.yml": "project: shop\ncatalog: schema.sql\n",
    "schema.sql": "CREATE TABLE t (id int PRIMARY KEY, n int);\n",
    "views/a.yml": "view: a\nsources: {t: {table: t}}\ndimensions: {n: t.n}\naggregates: {rows: {count: t}}\n",
    "broken/mvc.yml": "project: shop\ncatalog: nothing.sql\n",
    "out.sql": "-- stale\n",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--version", 0),
        ("--help", 0),
        ("compile --help", 0),
        ("", 2),
        ("check", 0),
        ("--project broken check", 1),
        ("nonsense", 2),
        ("check --nonsense", 2),
        ("compile --output out.sql --check", 3),
    ],
)
def test_it_answers_as_the_command_does(console, tmp_path, arguments, code):
    write(tmp_path, FILES)
    command = console(*arguments.split(), cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mvc", *arguments.split()],
        cwd=tmp_path,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (command.code, command.out, command.err)
    assert done.returncode == code
    assert "__main__" not in done.stdout + done.stderr
