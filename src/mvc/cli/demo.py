"""The reference project, seven views of a booking platform, on a PostgreSQL of its own: no server, no Docker, nothing that
stays. It creates the base tables and a year of data, compiles, deploys, refreshes, asks each view a typical question as three
users, and sets the answers and times beside those of the base tables.

Example:
  mvc demo --scale 0.2
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mvc.cli.command import command
from mvc.cli.values import Unusable
from mvc.version import install

if TYPE_CHECKING:
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options:
    """The command line."""

    scale: float
    keep: bool


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= 100:
        raise Unusable(f"{text} is not a number above 0 and up to 100")
    return number


@command(Options, epilog=f"It needs the extra `demo`: {install('demo')}")
@click.option("--scale", type=_positive, default=1, show_default=True, metavar="N", help="1 is 200,000 reservations")
@click.option("--keep", is_flag=True, help="keep the server running afterwards, until Ctrl-C")
def execute(options: Options, context: Context) -> int:
    """Runs it."""
    from mvc.report.demo.narration import show_demo

    show_demo(options.scale, context.stdout, keep=options.keep)
    return 0
