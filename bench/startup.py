"""How much CPU time `mvc --help` and `mvc --version` take, against a Python that does nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from statistics import median
from typing import Final

from measure import SRC, Limit, Result, cpu_seconds, environment, paired_ratio, progress

TITLE: Final = "Start-up"
MOST: Final = 3.0  # times `python -c pass`


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
    for option in ("--version", "--help"):
        progress(f"startup: mvc {option}")
        cpu_seconds((*mvc, option))  # writes the bytecode
        pairs = [(cpu_seconds((*mvc, option)), cpu_seconds(bare)) for _ in range(arguments.starts)]
        ratio = paired_ratio(pairs)
        rows.append((f"`mvc {option}`", 1000 * median(a for a, _ in pairs), 1000 * median(b for _, b in pairs), ratio))
        result.limits.append(Limit(f"`mvc {option}` against a bare Python", ratio, MOST, "×"))
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
