"""How long the first answers take, as whole processes, each in a pair with a Python that does nothing, so that both meet the same machine."""

from __future__ import annotations

import os
import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

import pytest

from .conftest import SCRIPT

SLOWER = 1.5  # than on a machine that does nothing else; `make bench` has the promises themselves
COMPLETE = {"_MVC_COMPLETE": "bash_complete", "COMP_WORDS": "mvc ch", "COMP_CWORD": "1"}


def cpu(*command: str, **env: str) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **env})
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "env", "most"),
    [(["--help"], {}, 3), (["--version"], {}, 3), (["check", "--help"], {}, 6), ([], COMPLETE, 6)],
    ids=["--help", "--version", "check --help", "a word completed"],
)
def test_the_first_answers_come_at_once(arguments, env, most):
    cpu(str(SCRIPT), *arguments, **env)  # writes the bytecode
    pairs = [(cpu(str(SCRIPT), *arguments, **env), cpu(sys.executable, "-c", "pass")) for _ in range(9)]
    assert median(ours / bare for ours, bare in pairs) <= most * SLOWER
