"""Deploy the project: what is new is created, what changed is built beside the old and switched in an instant, what drifted is
mended. Readers go on all the time. What is replaced is kept: mvc rollback puts it back, mvc prune drops it.

The plan is shown on stdout and confirmed first; what is done then is told on stderr, step by step with the time of each. What a view relies on and the database does not have, or has otherwise than the project's catalog says, is
named where the spec uses it and refused (mvc explain MV805); so are missing rights, with the GRANT statements to paste. What loses data or lets somebody see more must be allowed by name:
  drop-view      a view is no longer in the project
  drop-column    readers lose a column, or find it under another name
  loosen-access  somebody may see rows that he could not see before
  row-count      a new definition gives less than half or more than twice the rows
  changed-rows   a view takes the name of what was made by hand, and gives other rows
  foreign-code   a view or rule runs a function, or reads a table, of somebody whom mvc.yml does not trust

The database is --database, else DATABASE_URL, else what libpq's own variables say (PGHOST, PGDATABASE, …).

Examples:
  mvc apply --dry-run
  mvc apply --database postgresql:///shop --yes
  mvc apply --yes --allow drop-column --wait 300
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mvc.cli.command import command
from mvc.cli.consent import Agreed, agreement, confirmed, shows_plan
from mvc.cli.failure import UsageMistake
from mvc.cli.options import NAMES, database, dry_run, form, names, project, yes
from mvc.cli.values import plan_id

if TYPE_CHECKING:
    import psycopg

    from mvc.cli.context import Context
    from mvc.compiled.project import Compiled
    from mvc.engines.postgres.plan.steps import Plan


@dataclass(frozen=True)
class Options(Agreed):
    """The command line."""

    names: tuple[str, ...]
    plan: str | None
    format: str


@command(Options)
@names(f"{NAMES} (default: all)")
@database("where to (default: DATABASE_URL, then libpq's variables)")
@dry_run("show the plan and stop")
@yes
@agreement
@click.option("--plan", type=plan_id, metavar="ID", allow_from_autoenv=False, help="refuse any plan but this one")
@form(("text", "json"), "json: the plan as data (with --dry-run)")
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where the plan is refused or not confirmed."""
    from mvc.cli.selection import chosen_names
    from mvc.engines.postgres.server.apply import apply, plan, refuse
    from mvc.report.deploy.deployment import applied_text
    from mvc.report.deploy.step_lines import step_lines

    if options.format == "json" and not options.dry_run:
        raise UsageMistake("--format json shows a plan", "give --dry-run as well")
    compiled = context.compile()
    names = chosen_names(compiled, options.names)
    with context.connect(options.database) as connection:
        made = plan(connection, compiled, names)
        if made.refusals or shows_plan(options, context):
            _show(made, connection, context, as_json=options.format == "json")
        if options.dry_run:
            return int(bool(made.refusals))
        agreed = options.for_plan(options.plan or made.id)
        if made.catalog and made.refusals:
            return _refuse(made, context)
        refuse(made, agreed)
        if not made.empty and not confirmed("deploy this?", options, context):
            return 1
        began = time.monotonic()
        with step_lines(context.progress, context.style) as begin:
            done = apply(connection, compiled, names, agreed, begin)
        took = time.monotonic() - began
        if due := _due(connection, compiled):
            context.talk(f"{due} partitions are to be made or retired: mvc partitions")
    context.talk(applied_text(done, took))
    return 0


def _refuse(made: Plan, context: Context) -> int:
    count = "the reason is" if len(made.refusals) == 1 else f"the {len(made.refusals)} reasons are"
    return context.fail(f"this cannot be deployed, {count} above; nothing was changed", "")


def _due(connection: psycopg.Connection, compiled: Compiled) -> int:
    """How many partitions are due, where the project looks after any."""
    from mvc.engines.postgres.server.partitions import due_partitions

    return len(due_partitions(connection, compiled)) if compiled.partitions else 0


def _show(made: Plan, connection: psycopg.Connection, context: Context, *, as_json: bool) -> None:
    from mvc.report.deploy.deployment import plan_json, plan_text
    from mvc.report.status.drift import drift_text

    if as_json:
        context.json(plan_json(made, connection.info.dbname))
        return
    context.show(item.diagnostic for item in made.catalog)
    if made.drift:
        context.data("not as the last deployment left it:")
        context.data(drift_text(made.drift, context.data_style))
    context.data(plan_text(made, connection.info.dbname, context.data_style))
