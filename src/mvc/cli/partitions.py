"""Make the partitions that are due, retire old ones, and refresh the views whose rows have gone with them.

What is due follows from partitions/*.yml as it was deployed last, the server's clock, and what is there. Each partition is a
transaction of its own and a row of the log; a second run finds nothing to do. Readers and writers of the table go on.

Examples:
  mvc partitions --dry-run
  mvc partitions --database postgresql:///shop
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvc.cli.command import command
from mvc.cli.options import database, dry_run, form, project

if TYPE_CHECKING:
    import psycopg

    from mvc.cli.context import Context
    from mvc.compiled.project import Compiled


@dataclass(frozen=True)
class Options:
    """The command line."""

    database: str | None
    dry_run: bool
    format: str


@command(Options)
@database()
@dry_run("show what is due and stop")
@form(("text", "json"), "json: versioned, see docs/json.md")
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where something failed, or nothing can be done for a table."""
    compiled = context.deployed()
    with context.connect(options.database) as connection:
        run = _show_due if options.dry_run else _maintain
        return run(connection, compiled, context, as_json=options.format == "json")


def _show_due(connection: psycopg.Connection, compiled: Compiled, context: Context, *, as_json: bool) -> int:
    from mvc.engines.postgres.server.partitions import due_partitions
    from mvc.report.deploy.partitions import due_json, due_text

    tasks = due_partitions(connection, compiled)
    if as_json:
        context.json(due_json(tasks))
    else:
        context.data(due_text(tasks))
    return int(any(task.action == "fail" for task in tasks))


def _maintain(connection: psycopg.Connection, compiled: Compiled, context: Context, *, as_json: bool) -> int:
    from mvc.engines.postgres.server.partitions import maintain_partitions
    from mvc.report.deploy.partitions import maintained_json, maintained_text

    done = maintain_partitions(connection, compiled)
    if as_json:
        context.json(maintained_json(done))
    else:
        context.talk(maintained_text(done, context.style), trouble=done.failed)
    return int(done.failed)
