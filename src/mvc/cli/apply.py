"""Deploy the views: what is new is created, what is there unchanged stays, all in one transaction or nothing.

The plan is shown and confirmed first. New views hold no data until their first refresh. A view that is deployed with another
definition is refused: this version does not replace what readers use.

The database is --database, else DATABASE_URL, else what libpq's own variables say (PGHOST, PGDATABASE, …).

Example:
  mvc apply --database postgresql:///shop --yes && mvc refresh --all
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mvc.cli.context import Context, Usage
from mvc.cli.selection import check_names

if TYPE_CHECKING:
    from mvc.postgres.apply import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="views, with what they read (default: all)")
    parser.add_argument("--database", metavar="URL", help="where to (default: DATABASE_URL, then libpq's variables)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where the plan is not confirmed."""
    from mvc.postgres.apply import apply, plan
    from mvc.postgres.connection import connect
    from mvc.report.deployment import applied_text, plan_text

    compiled = context.compile()
    check_names(compiled, options.names)
    with connect(options.database) as connection:
        steps = plan(connection, compiled, options.names)
        context.talk(plan_text(steps, connection.info.dbname, context.style))
        if options.dry_run:
            return 0
        if steps.created and not options.yes and not _confirmed(steps, context):
            context.talk("nothing was changed")
            return 1
        applied = apply(connection, compiled, options.names)
    context.talk(applied_text(applied))
    return 0


def _confirmed(steps: Plan, context: Context) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise Usage(
            "nobody is there to confirm the plan", "give --yes to deploy without asking, --dry-run to see the plan"
        )
    new = len(steps.created)
    context.stderr.write(f"deploy {new} new view{'s' if new != 1 else ''}? [y/N] ")
    context.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
