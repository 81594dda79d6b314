"""Drop what no reader uses any more: stored relations that were kept for mvc rollback, and what interrupted deployments left.

Nothing that is in use is touched. A rollback is possible afterwards too, but has to build again what was dropped.

Example:
  mvc prune --dry-run
"""

from __future__ import annotations

import argparse

from mvc.cli.apply import confirmed
from mvc.cli.context import Context
from mvc.cli.values import database_url, seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--database", type=database_url, metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)"
    )
    parser.add_argument("--dry-run", action="store_true", help="list it and stop")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument(
        "--wait", type=seconds, default=10.0, metavar="SECONDS", help="how long to retry while somebody reads one (10)"
    )


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where something that should go could not be dropped."""
    from mvc.postgres.connection import connect
    from mvc.postgres.prune import leftovers, prune
    from mvc.postgres.run_steps import Pace
    from mvc.report.deployment import leftovers_text, pruned_text

    compiled = context.deployed()
    with connect(options.database) as connection:
        found = leftovers(connection, compiled)
        context.data(leftovers_text(found) if found else "nothing to drop")
        if options.dry_run or not any(item.kind != "unknown" for item in found):
            return 0
        if not options.yes and not confirmed("drop these?", context):
            context.talk("nothing was changed")
            return 1
        done = prune(connection, compiled, Pace(options.wait))
    context.talk(pruned_text(done))
    return int(any(item.kind != "unknown" for item, _ in done.kept))
