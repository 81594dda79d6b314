"""Refresh deployed views, upstream first. Each is one transaction with a log row of its own; one failure does not stop the
others, but what reads a failed view is skipped.

A first fill is a plain refresh; after that readers go on while it runs (CONCURRENTLY). A view that is being refreshed by
someone else is skipped.

Examples:
  mvc refresh --all
  mvc refresh mv_financial_summary --timeout 600
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mvc.cli.context import Context, Failure, Usage
from mvc.cli.selection import check_names
from mvc.cli.values import seconds

if TYPE_CHECKING:
    from mvc.compiled import Compiled


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="views to refresh")
    parser.add_argument("--all", action="store_true", help="every materialized view of the project")
    parser.add_argument("--database", metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)")
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="the longest that one view may take")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: results on stdout")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where a refresh failed."""
    from mvc.postgres.connection import connect
    from mvc.postgres.refresh import refresh
    from mvc.report.refreshes import refreshed_json, refreshed_text

    if bool(options.names) == options.all:
        raise Usage("name the views to refresh, or give --all", "mvc refresh --all")
    compiled = context.compile()
    check_names(compiled, options.names)
    _refuse_plain(compiled, options.names)
    with connect(options.database) as connection:
        talk = None if options.format == "json" else lambda result: context.talk(refreshed_text(result, context.style))
        results = refresh(connection, compiled, options.names, talk, options.timeout or 0)
    if options.format == "json":
        context.data(json.dumps(refreshed_json(results), indent=2))
    return int(any(result.status == "failed" for result in results))


def _refuse_plain(compiled: Compiled, names: Iterable[str]) -> None:
    if plain := [name for name in names if compiled.view(name).kind == "plain"]:
        hint = "it holds no rows of its own: whoever reads it reads what it is made of"
        raise Failure(f"{', '.join(plain)}: a plain view has nothing to refresh", hint)
