"""`python bench/run.py [NAME…]`: measures, and prints Markdown. With --check, ends with 1 where a limit is broken."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "src")]

import build  # noqa: E402
import compile as compiling  # noqa: E402
import diffing  # noqa: E402
import measure  # noqa: E402
import recipe_builds  # noqa: E402
import refreshing  # noqa: E402
import startup  # noqa: E402
import switch  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results"
BENCHMARKS: dict[str, Any] = {
    "startup": startup,
    "compile": compiling,
    "build": build,
    "recipes": recipe_builds,
    "diff": diffing,
    "switch": switch,
    "refresh": refreshing,
}


def main() -> int:
    """Run what is named, or everything."""
    parser = ArgumentParser(
        prog="bench/run.py", description="Measures start-up, compiling, building and refreshing; prints Markdown."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a limit is broken")
    parser.add_argument(
        "--keep", action="store_true", help=f"write what was measured to {RESULTS.parent.name}/{RESULTS.name}/NAME.json"
    )
    for benchmark in BENCHMARKS.values():
        benchmark.options(parser.add_argument_group(benchmark.TITLE))
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout` ends it so
    try:
        chosen = [name for name in BENCHMARKS if not arguments.names or name in arguments.names]
        kept = [_measured(name, arguments) for name in chosen]
    except KeyboardInterrupt:
        print("Stopped: the last part is as far as it went.", flush=True)
        return 130
    return 1 if arguments.check and not all(kept) else 0


def _measured(name: str, arguments: Namespace) -> bool:
    """Whether all limits of a benchmark hold. What it has found is printed, however it ends, and kept where it came to its end."""
    result = measure.Result(BENCHMARKS[name].TITLE)
    try:
        BENCHMARKS[name].measure(arguments, result)
    finally:
        print(result.markdown, end="\n\n", flush=True)
    if arguments.keep:
        RESULTS.mkdir(exist_ok=True)
        record = {"format": "mvc.bench", "version": 1, **_where(), **result.record}
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n"
        (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    return all(limit.holds for limit in result.limits)


def _where() -> dict[str, Any]:
    """When, of what, and on what it was measured."""
    command = ["git", "-C", str(RESULTS.parent), "describe", "--always", "--dirty", "--abbrev=12"]
    revision = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "revision": revision or None,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "busy": [round(load, 1) for load in os.getloadavg()],
    }


if __name__ == "__main__":
    sys.exit(main())
