"""Refresh deployed views, upstream first. Each is one transaction with a log row of its own; one failure does not stop the
others, but what reads a failed view is skipped.

A first fill is a plain refresh; after that readers go on while it runs (CONCURRENTLY). A view that is being refreshed by
someone else is skipped.

--due is for any cron, each minute: it refreshes what the schedules say is due, as they are deployed and by the database's clock, and does
nothing where another one, or mvc run, is at it. --schedule refreshes what one schedule names, now, or with --due if it is due.

Examples:
  mvc refresh --all
  mvc refresh mv_financial_summary --timeout 600
  mvc refresh --due
  mvc refresh --schedule refresh-all-views-weekly
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mvc.cli.context import Context, Failure, Usage
from mvc.cli.selection import check_names
from mvc.cli.values import seconds

if TYPE_CHECKING:
    import psycopg

    from mvc.compiled import Compiled
    from mvc.postgres.refresh_view import Refreshed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="views to refresh")
    parser.add_argument("--all", action="store_true", help="every materialized view of the project")
    parser.add_argument("--due", action="store_true", help="what the schedules say is due")
    parser.add_argument("--schedule", metavar="SCHEDULE", help="what this schedule refreshes")
    parser.add_argument("--database", metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)")
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="the longest that one view may take")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: results on stdout")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where a refresh failed."""
    from mvc.postgres.connection import connect
    from mvc.report.refreshes import refreshed_json, refreshed_text

    scheduled = bool(options.due or options.schedule)
    if [bool(options.names), options.all, scheduled].count(True) != 1:
        raise Usage("name the views to refresh, or give --all, --due or --schedule", "mvc refresh --all")
    if scheduled and options.timeout:
        raise Usage("a schedule has its own time limit", "timeout: 10m, in schedules/")
    compiled = context.deployed() if scheduled else context.compile()
    check_names(compiled, options.names)
    _refuse_plain(compiled, options.names)
    results: list[Refreshed] = []

    def hear(result: Refreshed) -> None:
        results.append(result)
        if options.format != "json":
            context.talk(refreshed_text(result, context.style))

    with connect(options.database) as connection:
        if scheduled:
            _by_schedule(connection, compiled, options, context, hear)
        else:
            _by_name(connection, compiled, options, hear)
    if options.format == "json":
        context.data(json.dumps(refreshed_json(results), indent=2))
    return int(any(result.status == "failed" for result in results))


def _by_name(
    connection: psycopg.Connection, compiled: Compiled, options: argparse.Namespace, hear: Callable[[Refreshed], None]
) -> None:
    from mvc.postgres.refresh import refresh
    from mvc.postgres.refresh_view import How

    refresh(connection, compiled, options.names, hear, How(timeout=options.timeout or 0))


def _by_schedule(
    connection: psycopg.Connection,
    compiled: Compiled,
    options: argparse.Namespace,
    context: Context,
    hear: Callable[[Refreshed], None],
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


def _refuse_plain(compiled: Compiled, names: Iterable[str]) -> None:
    if plain := [name for name in names if compiled.view(name).kind == "plain"]:
        hint = "it holds no rows of its own: whoever reads it reads what it is made of"
        raise Failure(f"{', '.join(plain)}: a plain view has nothing to refresh", hint)
