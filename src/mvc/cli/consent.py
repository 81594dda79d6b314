"""What somebody agrees to before something is deployed: hazards by name, for how long, and a yes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mvc.cli import candidates
from mvc.cli.failure import UsageMistake
from mvc.cli.options import timeout, wait
from mvc.cli.values import hazards

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.engines.postgres.plan.steps import Hazard
    from mvc.engines.postgres.server.apply import ApplyOptions

Function = TypeVar("Function", bound=Callable[..., Any])
IN_THE_WAY = "how long to retry while readers are in the way"


@dataclass(frozen=True)
class Confirmable:
    """The options of a command that asks before it changes a database."""

    database: str | None
    dry_run: bool
    yes: bool


@dataclass(frozen=True)
class Agreed(Confirmable):
    """The same, with the options of `agreement`."""

    allow: frozenset[Hazard]
    wait: float
    timeout: float | None

    def for_plan(self, plan_id: str) -> ApplyOptions:
        """The same for the library, for one plan; for any where the id is empty."""
        from mvc.engines.postgres.server.apply import ApplyOptions
        from mvc.engines.postgres.server.run_steps import Timeouts

        return ApplyOptions(self.allow, plan_id, Timeouts(self.wait, self.timeout))


def agreement(function: Function) -> Function:
    """What deploying and going back have in common."""
    allow = click.option(
        "--allow",
        type=hazards,
        default="",
        metavar="HAZARD,…",
        allow_from_autoenv=False,
        shell_complete=candidates.hazards,
        help="accept these hazards",
    )
    return allow(wait(60, IN_THE_WAY)(timeout("the longest that building one view may take")(function)))


def shows_plan(options: Confirmable, context: Context) -> bool:
    """Whether what is about to be done is shown: always, but with --quiet where it was agreed to beforehand."""
    return options.dry_run or not (options.yes and context.quiet)


def confirmed(question: str, options: Confirmable, context: Context) -> bool:
    """Whether somebody agrees, by --yes or when asked. Raises UsageMistake where nobody is there to ask."""
    if options.yes:
        return True
    context.stdout.flush()  # what is asked about comes first
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageMistake(
            "nobody is there to confirm the plan", "give --yes to go on without asking, --dry-run to see the plan"
        )
    context.stderr.write(f"{question} [y/N] ")
    context.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    context.talk("nothing was changed")
    return False
