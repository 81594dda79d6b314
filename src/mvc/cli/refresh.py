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

import argparse
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from mvc.cli.context import Context, Failure, Usage
from mvc.cli.selection import NAMES, chosen_names
from mvc.cli.values import database_url, moment, seconds

if TYPE_CHECKING:
    import psycopg

    from mvc.compiled import Compiled
    from mvc.postgres.refresh_view import How, OnView, Refreshed


MODES: Final = ("full", "incremental", "window", "verify")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to refresh: {NAMES}")
    parser.add_argument("--all", action="store_true", help="every materialized view of the project")
    parser.add_argument("--due", action="store_true", help="what the schedules say is due")
    parser.add_argument("--schedule", metavar="SCHEDULE", help="what this schedule refreshes")
    parser.add_argument("--mode", choices=MODES, help="default: the one that a view is deployed for")
    parser.add_argument("--verify", action="store_const", dest="mode", const="verify", help="the same as --mode verify")
    parser.add_argument("--since", type=moment, metavar="TIME", help="where a window begins: a date, or a time")
    parser.add_argument("--until", type=moment, metavar="TIME", help="before what it ends")
    parser.add_argument(
        "--database", type=database_url, metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)"
    )
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="the longest that one view may take")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: results on stdout")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where a refresh failed."""
    from mvc.postgres.connection import connect
    from mvc.postgres.refresh import refresh
    from mvc.report.refreshes import refreshed_json, refreshed_text

    _check_usage(options)
    scheduled = _is_scheduled(options)
    compiled = context.deployed() if scheduled else context.compile_silently()
    names = _materialized(compiled, options.names)
    window = _window(options, compiled.timezone)
    results: list[Refreshed] = []

    def hear(result: Refreshed) -> None:
        results.append(result)
        if options.format != "json":
            context.talk(refreshed_text(result, context.style))

    with connect(options.database) as connection:
        if scheduled:
            _by_schedule(connection, compiled, options, context, hear)
        else:
            refresh(connection, compiled, names or _having(compiled, options.mode), hear, _how(options, window))
    if options.format == "json":
        context.data(json.dumps(refreshed_json(results), indent=2), exact=True)
    return int(any(result.status == "failed" for result in results))


def _is_scheduled(options: argparse.Namespace) -> bool:
    return bool(options.due or options.schedule)


def _check_usage(options: argparse.Namespace) -> None:
    """Raises Usage for options that do not go together."""
    scheduled = _is_scheduled(options)
    if [bool(options.names), options.all, scheduled].count(True) != 1:
        raise Usage("name the views to refresh, or give --all, --due or --schedule", "mvc refresh --all")
    if scheduled and (options.timeout or options.mode):
        raise Usage("a schedule has its own mode and time limit", "mode: full, timeout: 10m, in schedules/")
    if (options.since or options.until) and options.mode != "window":
        raise Usage(
            "--since and --until are the bounds of a window", "mvc refresh NAME --mode window --since 2026-10-01"
        )


def _how(options: argparse.Namespace, window: tuple[datetime | None, datetime | None]) -> How:
    from mvc.postgres.refresh_view import How

    return How(options.mode, *window, timeout=options.timeout or 0, of_all=options.all)


def _having(compiled: Compiled, mode: str | None) -> list[str]:
    """The views that are deployed for a mode; every one for the mode that it is deployed for. Raises Failure where there is none."""
    needed = "incremental" if mode == "verify" else mode
    names = [view.name for view in compiled.views if needed in view.modes or (needed is None and view.modes)]
    if not names and mode:
        raise Failure(
            f"no view is deployed for --mode {mode}", "give one a schedule of that mode; see mvc check --modes"
        )
    return names


def _window(options: argparse.Namespace, zone: str) -> tuple[datetime | None, datetime | None]:
    """From when until when. Raises Usage where nothing can lie in between."""
    lower, upper = _in_zone(options.since, zone), _in_zone(options.until, zone)
    if lower and upper and lower >= upper:
        raise Usage("the window ends before it begins: --until must be later than --since", "")
    return lower, upper


def _in_zone(time: datetime | None, zone: str) -> datetime | None:
    """A time without an offset is one of the project's zone."""
    return time.replace(tzinfo=ZoneInfo(zone)) if time and time.tzinfo is None else time


def _by_schedule(
    connection: psycopg.Connection,
    compiled: Compiled,
    options: argparse.Namespace,
    context: Context,
    hear: OnView,
) -> None:
    from mvc.postgres.schedule_runs import contend, run_due, run_schedule

    if not options.due:
        for result in run_schedule(connection, compiled, options.schedule):
            hear(result)
        return
    with contend(connection, compiled) as contender:
        if not contender.leads():
            context.talk("another mvc refresh --due, or mvc run, is at it")
            return
        for result in run_due(connection, compiled, options.schedule):
            hear(result)


def _materialized(compiled: Compiled, asked: Sequence[str]) -> list[str]:
    """The views that are asked for, but for plain ones that a tag or `all` takes. Raises Failure for one that is named, and where none is left."""
    names = chosen_names(compiled, asked)
    plain = [name for name in names if compiled.view(name).kind == "plain"]
    left = [name for name in names if name not in plain]
    if refused := plain if names and not left else [name for name in plain if name in asked]:
        hint = "it holds no rows of its own: whoever reads it reads what it is made of"
        raise Failure(f"{', '.join(refused)}: a plain view has nothing to refresh", hint)
    return left
