"""How much CPU time the first answers of `mvc` take (help, version, a word that a shell completes), against a Python that does nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

from measure import SRC, Limit, Result, cpu_seconds, environment, paired_ratio, progress

TITLE: Final = "Start-up"
COMPLETING: Final = ("env", "_MVC_COMPLETE=bash_complete", "COMP_WORDS=mvc ch", "COMP_CWORD=1")
# What is answered → what goes before the command, its arguments, and the most times `python -c pass` that it may take.
ANSWERS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...], float]]] = {
    "`mvc --version`": ((), ("--version",), 3.0),
    "`mvc --help`": ((), ("--help",), 3.0),
    "`mvc check --help`": ((), ("check", "--help"), 6.0),
    "the Tab after `mvc ch`": (COMPLETING, (), 6.0),
}


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--starts", type=int, default=31, help="how often each command is started (default: 31)")


def measure(arguments: Namespace, result: Result) -> None:
    """Pairs of the command and a bare Python, one after the other, so that both meet the same machine."""
    mvc = _command()
    if mvc is None:
        result.parts.append("Not measured: there is no `mvc` command yet (`src/mvc/cli/main.py`).")
        return
    bare = (sys.executable, "-c", "pass")
    rows = result.rows(("command", "CPU ms", "bare Python, CPU ms", "ratio"))
    for name, (before, words, most) in ANSWERS.items():
        progress(f"startup: {name}")
        command = (*before, *mvc, *words)
        cpu_seconds(command)  # writes the bytecode
        pairs = [(cpu_seconds(command), cpu_seconds(bare)) for _ in range(arguments.starts)]
        ratio = paired_ratio(pairs)
        rows.append((name, 1000 * median(a for a, _ in pairs), 1000 * median(b for _, b in pairs), ratio))
        result.limits.append(Limit(f"{name} against a bare Python", ratio, most, "×"))
    result.parts.append(f"Started as `{' '.join(Path(part).name if '/' in part else part for part in mvc)}`.")


def _command() -> tuple[str, ...] | None:
    """The installed script if it runs the sources beside us, else the module; None where there is no command."""
    script = Path(sys.executable).with_name("mvc")
    if script.is_file() and _works((str(script),)):
        return (str(script),)
    if (SRC / "mvc" / "__main__.py").is_file() or importlib.util.find_spec("mvc.__main__") is not None:
        module = (sys.executable, "-m", "mvc")
        return module if _works(module) else None
    called = (
        sys.executable,
        "-c",
        "import re, sys; from mvc.cli.main import run; sys.exit(run())",
    )  # as pip's script does
    return called if _works(called) else None


def _works(command: tuple[str, ...]) -> bool:
    return subprocess.run((*command, "--version"), capture_output=True, env=environment(), check=False).returncode == 0
