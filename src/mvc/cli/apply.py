"""Deploy the project: what is new is created, what changed is built beside the old and switched in an instant, what drifted is
mended. Readers go on all the time. What is replaced is kept: mvc rollback puts it back, mvc prune drops it.

The plan is shown on stdout and confirmed first; what is done then is told on stderr, step by step with the time of each. What a view relies on and the database does not have, or has otherwise than the project's catalog says, is
named where the spec uses it and refused (mvc explain MV805); so are missing rights, with the GRANT statements to paste. What loses data or lets somebody see more must be allowed by name:
  drop-view      a view is no longer in the project
  drop-column    readers lose a column, or find it under another name
  loosen-access  somebody may see rows that he could not see before
  row-count      a new definition gives less than half or more than twice the rows
  foreign-code   a view or rule runs a function, or reads a table, of somebody whom mvc.yml does not trust

The database is --database, else DATABASE_URL, else what libpq's own variables say (PGHOST, PGDATABASE, …).

Examples:
  mvc apply --dry-run
  mvc apply --database postgresql:///shop --yes
  mvc apply --yes --allow drop-column --wait 300
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from mvc.cli.context import Context, Usage
from mvc.cli.selection import NAMES, chosen_names
from mvc.cli.values import database_url, hazards, plan_id, seconds

if TYPE_CHECKING:
    import psycopg

    from mvc.compiled import Compiled
    from mvc.planning.steps import Plan
    from mvc.postgres.apply import Terms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{NAMES} (default: all)")
    parser.add_argument(
        "--database", type=database_url, metavar="URL", help="where to (default: DATABASE_URL, then libpq's variables)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    add_terms(parser)
    parser.add_argument("--plan", type=plan_id, metavar="ID", help="refuse any plan but this one")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: the plan as data (with --dry-run)"
    )


def add_terms(parser: argparse.ArgumentParser) -> None:
    """What deploying and going back have in common."""
    parser.add_argument("--allow", type=hazards, default=frozenset(), metavar="HAZARD,…", help="accept these hazards")
    parser.add_argument(
        "--wait",
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long to retry while readers are in the way (60)",
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="the longest that building one view may take"
    )


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where the plan is refused or not confirmed."""
    from mvc.postgres.apply import apply, plan, refuse
    from mvc.postgres.connection import connect
    from mvc.report.deployment import applied_text
    from mvc.report.step_lines import step_lines

    if options.format == "json" and not options.dry_run:
        raise Usage("--format json shows a plan", "give --dry-run as well")
    compiled = context.compile()
    names = chosen_names(compiled, options.names)
    with connect(options.database) as connection:
        made = plan(connection, compiled, names)
        _show(made, connection, context, as_json=options.format == "json")
        if options.dry_run:
            return int(bool(made.refusals))
        terms = terms_of(options, options.plan or made.id)
        if made.catalog and made.refusals:
            count = "the reason is" if len(made.refusals) == 1 else f"the {len(made.refusals)} reasons are"
            return context.fail(f"this cannot be deployed, {count} above; nothing was changed", "")
        refuse(made, terms)
        if not made.empty and not options.yes and not confirmed("deploy this?", context):
            context.talk("nothing was changed")
            return 1
        began = time.monotonic()
        with step_lines(context.stderr, context.style) as begin:
            done = apply(connection, compiled, names, terms, begin)
        took = time.monotonic() - began
        if due := _due(connection, compiled):
            context.talk(f"{due} partitions are to be made or retired: mvc partitions")
    context.talk(applied_text(done, took))
    return 0


def _due(connection: psycopg.Connection, compiled: Compiled) -> int:
    """How many partitions are due, where the project looks after any."""
    from mvc.postgres.partitions import due_partitions

    return len(due_partitions(connection, compiled)) if compiled.partitions else 0


def _show(made: Plan, connection: psycopg.Connection, context: Context, *, as_json: bool) -> None:
    from mvc.report.deployment import plan_json, plan_text
    from mvc.report.drift import drift_text

    if as_json:
        context.data(json.dumps(plan_json(made, connection.info.dbname), indent=2, ensure_ascii=False), exact=True)
        return
    context.show(item.diagnostic for item in made.catalog)
    if made.drift:
        context.data("not as the last deployment left it:")
        context.data(drift_text(made.drift, context.data_style))
    context.data(plan_text(made, connection.info.dbname, context.data_style))


def terms_of(options: argparse.Namespace, plan_id: str) -> Terms:
    """What the command line agrees to: hazards, time, and one plan."""
    from mvc.postgres.apply import Terms
    from mvc.postgres.run_steps import Pace

    return Terms(options.allow, plan_id, Pace(options.wait, options.timeout))


def confirmed(question: str, context: Context) -> bool:
    """Whether a person says yes. Raises Usage where there is none to ask."""
    context.stdout.flush()  # what is asked about comes first
    if sys.stdin is None or not sys.stdin.isatty():
        raise Usage(
            "nobody is there to confirm the plan", "give --yes to go on without asking, --dry-run to see the plan"
        )
    context.stderr.write(f"{question} [y/N] ")
    context.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
