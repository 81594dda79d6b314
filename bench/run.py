"""`python bench/run.py [NAME…]`: measures, and prints Markdown. With --check, ends with 1 where a limit is broken."""

from __future__ import annotations

import platform
import sys
from argparse import ArgumentParser
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "src")]

import build  # noqa: E402
import compile as compiling  # noqa: E402
import diffing  # noqa: E402
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
    broken = False
    for name, benchmark in BENCHMARKS.items():
        if not arguments.names or name in arguments.names:
            result = benchmark.measure(arguments)
            print(result.markdown, end="\n\n", flush=True)
            broken |= not all(limit.holds for limit in result.limits)
    return 1 if broken and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
