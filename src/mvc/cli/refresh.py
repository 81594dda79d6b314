"""Refresh deployed views, upstream first. Each is one transaction with a log row of its own; one failure does not stop the
others, but what reads a failed view is skipped.

A first fill is a plain refresh; after that readers go on while it runs (CONCURRENTLY). A view that is being refreshed by
someone else is skipped.

A view that a schedule refreshes in part has more than one mode: --mode incremental computes the groups that changed, --mode window the
rows of a period (--since, --until), --mode full everything. --verify is an incremental refresh that then compares a sample of
groups with the query, mends what is wrong and says so; with --all it takes the views that can be.

--due is for any cron, each minute: it refreshes what the schedules say is due, as they are deployed and by the database's clock, and does
nothing where another one, or mvc run, is at it. --schedule refreshes what one schedule names, now, or with --due if it is due.

Examples:
  mvc refresh --all
  mvc refresh mv_financial_summary --timeout 600
  mvc refresh mv_financial_summary --mode window --since 2026-10-01 --until 2026-11-01
  mvc refresh --all --verify
  mvc refresh --due
  mvc refresh --schedule refresh-all-views-weekly
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from mvc.cli.candidates import schedules
from mvc.cli.command import command
from mvc.cli.failure import Failure, UsageMistake
from mvc.cli.options import NAMES, database, form, names, project, timeout
from mvc.cli.values import OneOf, moment
from mvc.engines.postgres.engine import POSTGRES

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

    from mvc.cli.context import Context
    from mvc.compiled.project import Compiled
    from mvc.engines.postgres.server.refresh_view import OnView, Refreshed, RefreshOptions

MODES: Final = tuple(mode.name for mode in POSTGRES.modes)


@dataclass(frozen=True)
class Options:
    """The command line."""

    names: tuple[str, ...]
    all: bool
    due: bool
    schedule: str | None
    mode: str | None
    verify: bool
    since: datetime | None
    until: datetime | None
    database: str | None
    timeout: float | None
    format: str

    @property
    def scheduled(self) -> bool:
        """Whether schedules say what is refreshed, and how."""
        return self.due or bool(self.schedule)


@command(Options)
@names(f"what to refresh: {NAMES}")
@click.option("--all", is_flag=True, help="every materialized view of the project")
@click.option("--due", is_flag=True, help="what the schedules say is due")
@click.option("--schedule", metavar="SCHEDULE", shell_complete=schedules, help="what this schedule refreshes")
@click.option("--mode", type=OneOf(MODES), help="default: the one that a view is deployed for")
@click.option("--verify", is_flag=True, allow_from_autoenv=False, help="the same as --mode verify")
@click.option("--since", type=moment, metavar="TIME", help="where a window begins: a date, or a time")
@click.option("--until", type=moment, metavar="TIME", help="before what it ends")
@database()
@timeout("the longest that one view may take")
@form(("text", "json"), "json: results on stdout")
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where a refresh failed."""
    from mvc.engines.postgres.server.refresh import refresh
    from mvc.report.deploy.refreshes import refreshed_json, refreshed_text

    _check_usage(options)
    mode = "verify" if options.verify else options.mode
    compiled = context.deployed() if options.scheduled else context.compile_silently()
    names = _materialized(compiled, options.names)
    window = _window(options, compiled.timezone)
    results: list[Refreshed] = []
    names = [] if options.scheduled else names or _having(compiled, mode)

    with context.connect(options.database) as connection, context.bar("refreshing", len(names) or None) as step:

        def hear(result: Refreshed) -> None:
            results.append(result)
            with step():
                if options.format != "json":
                    context.talk(refreshed_text(result, context.style), trouble=result.status == "failed")

        if not options.scheduled:
            refresh(connection, compiled, names, hear, _how(mode, options, window))
        led = not options.scheduled or _by_schedule(connection, compiled, options, hear)
    if not led:
        context.talk("another mvc refresh --due, or mvc run, is at it")
    if options.format == "json":
        context.json(refreshed_json(results))
    return int(any(result.status == "failed" for result in results))


def _check_usage(options: Options) -> None:
    """Raises Usage for options that do not go together."""
    if [bool(options.names), options.all, options.scheduled].count(True) != 1:
        raise UsageMistake("name the views to refresh, or give --all, --due or --schedule", "mvc refresh --all")
    if options.verify and options.mode not in (None, "verify"):
        raise UsageMistake(f"--verify is --mode verify, and not --mode {options.mode}", "leave one of them out")
    if options.scheduled and (options.timeout or options.mode or options.verify):
        raise UsageMistake("a schedule has its own mode and time limit", "mode: full, timeout: 10m, in schedules/")
    if (options.since or options.until) and options.mode != "window":
        raise UsageMistake(
            "--since and --until are the bounds of a window", "mvc refresh NAME --mode window --since 2026-10-01"
        )


def _how(mode: str | None, options: Options, window: tuple[datetime | None, datetime | None]) -> RefreshOptions:
    from mvc.engines.postgres.server.refresh_view import RefreshOptions

    return RefreshOptions(mode, *window, timeout=options.timeout or 0, of_all=options.all)


def _having(compiled: Compiled, mode: str | None) -> list[str]:
    """The views that are deployed for a mode; every one for the mode that it is deployed for. Raises Failure where there is none."""
    needed = "incremental" if mode == "verify" else mode
    names = [view.called for view in compiled.views if needed in view.modes or (needed is None and view.modes)]
    if not names and mode:
        raise Failure(
            f"no view is deployed for --mode {mode}", "give one a schedule of that mode; see mvc check --modes"
        )
    return names


def _window(options: Options, zone: str) -> tuple[datetime | None, datetime | None]:
    """From when until when. Raises Usage where nothing can lie in between."""
    lower, upper = _in_zone(options.since, zone), _in_zone(options.until, zone)
    if lower and upper and lower >= upper:
        raise UsageMistake("the window ends before it begins: --until must be later than --since", "")
    return lower, upper


def _in_zone(time: datetime | None, zone: str) -> datetime | None:
    """A time without an offset is one of the project's zone."""
    from zoneinfo import ZoneInfo

    return time.replace(tzinfo=ZoneInfo(zone)) if time and time.tzinfo is None else time


def _by_schedule(connection: psycopg.Connection, compiled: Compiled, options: Options, hear: OnView) -> bool:
    """Whether it was for us to refresh, and not for another one that is at it."""
    from mvc.engines.postgres.server.schedule_runs import contend, run_due, run_schedule

    if options.schedule and not options.due:
        for result in run_schedule(connection, compiled, options.schedule):
            hear(result)
        return True
    with contend(connection, compiled) as contender:
        if not contender.leads():
            return False
        for result in run_due(connection, compiled, options.schedule):
            hear(result)
    return True


def _materialized(compiled: Compiled, asked: Sequence[str]) -> list[str]:
    """The views that are asked for, but for plain ones that a tag or `all` takes. Raises Failure for one that is named, and where none is left."""
    from mvc.cli.selection import chosen_names

    names = chosen_names(compiled, asked)
    plain = [name for name in names if compiled.view(name).kind == "plain"]
    left = [name for name in names if name not in plain]
    if refused := plain if names and not left else [name for name in plain if name in asked]:
        hint = "it holds no rows of its own: whoever reads it reads what it is made of"
        raise Failure(f"{', '.join(refused)}: a plain view has nothing to refresh", hint)
    return left
