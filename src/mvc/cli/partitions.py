"""Make the partitions that are due, retire old ones, and refresh the views whose rows have gone with them.

What is due follows from partitions/*.yml as it was deployed last, the server's clock, and what is there. Each partition is a
transaction of its own and a row of the log; a second run finds nothing to do. Readers and writers of the table go on.

Examples:
  mvc partitions --dry-run
  mvc partitions --database postgresql:///shop
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from mvc.cli.context import Context
from mvc.cli.values import database_url

if TYPE_CHECKING:
    import psycopg

    from mvc.compiled import Compiled


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--database", type=database_url, metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what is due and stop")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: versioned, see docs/json.md")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Exit code 1 where something failed, or nothing can be done for a table."""
    from mvc.postgres.connection import connect

    compiled = context.deployed()
    with connect(options.database) as connection:
        run = _show_due if options.dry_run else _maintain
        return run(connection, compiled, context, as_json=options.format == "json")


def _show_due(connection: psycopg.Connection, compiled: Compiled, context: Context, *, as_json: bool) -> int:
    from mvc.postgres.partitions import due_partitions
    from mvc.report.partitions import due_json, due_text

    tasks = due_partitions(connection, compiled)
    context.data(
        json.dumps(due_json(tasks), indent=2, ensure_ascii=False) if as_json else due_text(tasks), exact=as_json
    )
    return int(any(task.action == "fail" for task in tasks))


def _maintain(connection: psycopg.Connection, compiled: Compiled, context: Context, *, as_json: bool) -> int:
    from mvc.postgres.partitions import maintain_partitions
    from mvc.report.partitions import maintained_json, maintained_text

    done = maintain_partitions(connection, compiled)
    if as_json:
        context.data(json.dumps(maintained_json(done), indent=2, ensure_ascii=False), exact=True)
    else:
        context.talk(maintained_text(done, context.style))
    return int(done.failed)
