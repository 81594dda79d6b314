"""What the benchmarks share: CPU time of child processes, medians, Markdown tables, limits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Any, Final

SRC: Final = Path(__file__).resolve().parent.parent / "src"


@dataclass(frozen=True)
class Limit:
    """A promise about a measured number."""

    what: str
    value: float
    most: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.value <= self.most

    def __str__(self) -> str:
        verdict = "ok" if self.holds else "BROKEN"
        return f"{verdict}: {self.what} is {self.value:.3g}{self.unit}, limit {self.most:g}{self.unit}"


Row = tuple[object, ...]


@dataclass
class Result:
    """What a benchmark has found so far: Markdown to read, limits to check. A table is put in first and filled row by row."""

    title: str
    parts: list[str | tuple[Sequence[str], list[Row]]] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    def rows(self, head: Sequence[str]) -> list[Row]:
        """The rows of a new table, which is shown once it has one."""
        found: list[Row] = []
        self.parts.append((head, found))
        return found

    @property
    def record(self) -> dict[str, Any]:
        """The same as data, for `bench/results/`: its tables, what is said of them, its limits."""
        tables = [
            {"head": list(part[0]), "rows": [list(row) for row in part[1]]}
            for part in self.parts
            if not isinstance(part, str)
        ]
        return {
            "title": self.title,
            "tables": tables,
            "notes": [part for part in self.parts if isinstance(part, str)],
            "limits": [
                {"what": item.what, "value": item.value, "most": item.most, "holds": item.holds} for item in self.limits
            ],
        }

    @property
    def markdown(self) -> str:
        return "\n\n".join(
            [
                f"### {self.title}",
                *(
                    part if isinstance(part, str) else table(*part)
                    for part in self.parts
                    if isinstance(part, str) or part[1]
                ),
                *(["\n".join(f"- {limit}" for limit in self.limits)] if self.limits else []),
            ]
        )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def environment(src: Path = SRC) -> dict[str, str]:
    """Ours, with these sources first, so that they are what is measured."""
    path = os.pathsep.join(filter(None, (str(src), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"}


def cpu_seconds(command: Sequence[str | Path]) -> float:
    """CPU time (user and system) of a process and of those that it waited for. Raises CalledProcessError."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=environment(), stdout=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def paired_ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """The median of a / b over measurements that were taken side by side."""
    return median(a / b for a, b in pairs)


def progress(text: str) -> None:
    """A line for whoever waits, on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
