"""`python bench/run.py [NAME…]`: measures, and prints Markdown. With --check, ends with 1 where a limit is broken."""

from __future__ import annotations

import platform
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "src")]

import build  # noqa: E402
import compile as compiling  # noqa: E402
import diffing  # noqa: E402
import measure  # noqa: E402
import refreshing  # noqa: E402
import startup  # noqa: E402
import switch  # noqa: E402

BENCHMARKS = {
    "startup": startup,
    "compile": compiling,
    "build": build,
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
    for benchmark in BENCHMARKS.values():
        benchmark.options(parser.add_argument_group(benchmark.TITLE))
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout` ends it so
    try:
        chosen = [benchmark for name, benchmark in BENCHMARKS.items() if not arguments.names or name in arguments.names]
        kept = [_measured(benchmark, arguments) for benchmark in chosen]
    except KeyboardInterrupt:
        print("Stopped: the last part is as far as it went.", flush=True)
        return 130
    return 1 if arguments.check and not all(kept) else 0


def _measured(benchmark: Any, arguments: Namespace) -> bool:
    """Whether all limits of a benchmark hold. What it has found is printed, however it ends."""
    result = measure.Result(benchmark.TITLE)
    try:
        benchmark.measure(arguments, result)
    finally:
        print(result.markdown, end="\n\n", flush=True)
    return all(limit.holds for limit in result.limits)


if __name__ == "__main__":
    sys.exit(main())
