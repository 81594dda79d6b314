"""Print the project's schedules for a scheduler outside of the database, ready to be used:

  systemd      a service and a timer for each schedule
  kubernetes   CronJobs
  github       a workflow of GitHub Actions
  airflow      a module with DAGs
  cron         a line for any crontab
  pg_cron      SQL for the one database that pg_cron lives in, where that is another than --database

Where pg_cron is in the database itself, mvc apply makes its jobs, and mvc run needs no scheduler at all.

Examples:
  mvc schedule systemd --output /etc/systemd/system
  mvc schedule kubernetes | kubectl apply -f -
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mvc.cli.command import command
from mvc.cli.failure import UsageMistake
from mvc.cli.options import argument, database, output, project
from mvc.cli.output import refuse_way_out, write_within
from mvc.cli.values import OneOf

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.compiled.view import Target

KINDS: Final = ("systemd", "kubernetes", "github", "airflow", "cron", "pg_cron")


@dataclass(frozen=True)
class Options:
    """The command line."""

    kind: str
    output: str | None
    database: str | None


@command(Options)
@argument("kind", "KIND", "for which scheduler", type=OneOf(KINDS))
@output("DIR", "write the files into this folder")
@database("for pg_cron: where the views are")
@project
def execute(options: Options, context: Context) -> int:
    """0; the files on stdout, or in the folder."""
    from mvc.report.schedules.files import KINDS as MADE
    from mvc.report.schedules.files import printed

    compiled = context.compile()
    if options.database and options.kind != "pg_cron":
        raise UsageMistake(f"{options.kind} needs no --database", "the files say where its URL comes from")
    files = (
        {"jobs.sql": _jobs(compiled, options, context)} if options.kind == "pg_cron" else MADE[options.kind](compiled)
    )
    if options.output is None:
        context.data(printed(files), exact=True)
        return 0
    folder = Path(options.output)
    refuse_way_out(context, folder)
    for name, text in files.items():
        path = folder / name
        write_within(folder, path, text.encode())
        context.talk(str(path))
    return 0


def _jobs(target: Target, options: Options, context: Context) -> str:
    """SQL for the database of pg_cron, about the one that we are connected to."""
    from mvc.engines.postgres.plan.jobs import Place, elsewhere_sql
    from mvc.engines.postgres.server.read_state import read_state

    with context.connect(options.database) as connection:
        state = read_state(connection, target)
    zone = state.cron.zone if state.cron else "GMT"
    statements = elsewhere_sql(target, Place(state.database, state.database_number, state.owner or ""), zone)
    return "".join(f"{statement};\n" for statement in statements)
