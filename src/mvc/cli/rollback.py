"""Undo the last deployment: what it replaced is put before readers again, in one short transaction, as long as it was not pruned.

What comes back holds the rows of its last refresh; mvc refresh brings it up to date. Columns and views that the deployment
added go again. Once more undoes the deployment before that one; before the first one there were no views, and that needs
--allow drop-view. The YAML is left as it is: the next mvc apply would deploy it.

Examples:
  mvc rollback --dry-run
  mvc rollback --yes && mvc refresh --all
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvc.cli.command import command
from mvc.cli.consent import Agreed, agreement, confirmed, shows_plan
from mvc.cli.options import database, dry_run, project, yes

if TYPE_CHECKING:
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options(Agreed):
    """The command line."""


@command(Options)
@database()
@dry_run("show the plan and stop")
@yes
@agreement
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where there is nothing to undo, or it is not confirmed."""
    from mvc.engines.postgres.server.rollback import plan_rollback, rollback
    from mvc.report.deploy.deployment import applied_text, plan_text
    from mvc.report.deploy.step_lines import step_lines

    compiled = context.deployed()
    with context.connect(options.database) as connection:
        found = plan_rollback(connection, compiled)
        if shows_plan(options, context):
            context.data(f"undoes deployment {found.deployment}")
            context.data(plan_text(found.plan, connection.info.dbname, context.data_style))
        if options.dry_run:
            return int(bool(found.plan.refusals))
        if not confirmed("go back?", options, context):
            return 1
        agreed = options.for_plan(found.plan.id)
        began = time.monotonic()
        with step_lines(context.progress, context.style) as begin:
            done = rollback(connection, compiled, agreed, begin)
    context.talk(applied_text(done, time.monotonic() - began))
    return 0
