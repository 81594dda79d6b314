"""Undo the last deployment: what it replaced is put before readers again, in one short transaction, as long as it was not pruned.

What comes back holds the rows of its last refresh; mvc refresh brings it up to date. Columns and views that the deployment
added go again. Once more undoes the deployment before that one; before the first one there were no views, and that needs
--allow drop-view. The YAML is left as it is: the next mvc apply would deploy it.

Examples:
  mvc rollback --dry-run
  mvc rollback --yes && mvc refresh --all
"""

from __future__ import annotations

import argparse
import time

from mvc.cli.apply import add_terms, confirmed, terms_of
from mvc.cli.context import Context
from mvc.cli.values import database_url


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--database", type=database_url, metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    add_terms(parser)


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where there is nothing to undo, or it is not confirmed."""
    from mvc.postgres.connection import connect
    from mvc.postgres.rollback import plan_rollback, rollback
    from mvc.report.deployment import applied_text, plan_text
    from mvc.report.step_lines import step_lines

    compiled = context.deployed()
    with connect(options.database) as connection:
        found = plan_rollback(connection, compiled)
        context.data(f"undoes deployment {found.deployment}")
        context.data(plan_text(found.plan, connection.info.dbname, context.data_style))
        if options.dry_run:
            return int(bool(found.plan.refusals))
        if not options.yes and not confirmed("go back?", context):
            context.talk("nothing was changed")
            return 1
        terms = terms_of(options, found.plan.id)
        began = time.monotonic()
        with step_lines(context.stderr, context.style) as begin:
            done = rollback(connection, compiled, terms, begin)
    context.talk(applied_text(done, time.monotonic() - began))
    return 0
