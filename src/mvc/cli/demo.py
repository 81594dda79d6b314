"""The reference project, seven views of a booking platform, on a PostgreSQL of its own: no server, no Docker, nothing that
stays. It creates the base tables and a year of data, compiles, deploys, refreshes, asks each view a typical question as three
users, and sets the answers and times beside those of the base tables.

Example:
  mvc demo --scale 0.2
"""

from __future__ import annotations

import argparse

from mvc.cli.context import Context
from mvc.version import install


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.epilog = f"It needs the extra `demo`: {install('demo')}"
    parser.add_argument("--scale", type=_positive, default=1.0, metavar="N", help="1 is 200,000 reservations (default)")
    parser.add_argument("--keep", action="store_true", help="keep the server running afterwards, until Ctrl-C")


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0 and up to 100")
    return number


def execute(options: argparse.Namespace, context: Context) -> int:
    """Runs it."""
    from mvc.report.demo import show_demo

    show_demo(options.scale, context.stdout, keep=options.keep)
    return 0
