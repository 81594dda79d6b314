"""Release the views that stand in the way of a change of base tables, for a tool that runs its migrations itself: Alembic, Django, Flyway, Supabase.

What reads the columns is released, and what stood in the way dropped: readers go on with a copy of the last rows that depends on no base table; a stored
table stays and is not refreshed for a while; a view whose rules read a column shows no rows. Then the tool can change the tables, and mvc apply builds anew
what was released, be the tables changed or not. A table without a column is for what drops or swaps the table as a whole.

--sql prints the same as statements for a migration of its own before the one that changes the table; it asks no database.

Examples:
  mvc release orders.amount --yes && alembic upgrade head && mvc apply --yes
  mvc release public.orders.amount public.orders.status --sql
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mvc.cli.candidates import columns
from mvc.cli.command import command
from mvc.cli.consent import IN_THE_WAY, Confirmable, confirmed, shows_plan
from mvc.cli.options import argument, database, dry_run, project, wait, yes
from mvc.cli.values import Unusable

if TYPE_CHECKING:
    from mvc.catalog.altered import AlteredName
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options(Confirmable):
    """The command line."""

    names: tuple[AlteredName, ...]
    sql: bool
    wait: float


def _name(text: str) -> AlteredName:
    from mvc.catalog.altered import written_name
    from mvc.catalog.tokens import Unreadable

    try:
        return written_name(text)
    except Unreadable as problem:
        raise Unusable(f"`{text}`: {problem.reason}") from None


@command(Options)
@argument(
    "names",
    "TABLE[.COLUMN] …",
    "what is to change, with or without a schema",
    nargs=-1,
    required=True,
    type=_name,
    shell_complete=columns,
)
@database()
@click.option("--sql", is_flag=True, help="print statements for a migration, and release nothing")
@dry_run("show what would be released and stop")
@yes
@wait(60, IN_THE_WAY)
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where it is not confirmed."""
    from mvc.engines.postgres.server.apply import ApplyOptions
    from mvc.engines.postgres.server.release import find_altered, plan_release, release
    from mvc.engines.postgres.server.run_steps import Timeouts
    from mvc.report.deploy.release import release_text, released_text
    from mvc.report.deploy.step_lines import step_lines

    compiled = context.deployed()
    if options.sql:
        context.data(_sql(compiled.stored, options.names, context), exact=True)
        return 0
    with context.connect(options.database) as connection:
        altered = find_altered(connection, options.names, strict=True)
        found = plan_release(connection, compiled, altered)
        if shows_plan(options, context):
            context.data(release_text(found, compiled.project, context.data_style))
        if options.dry_run or found.empty:
            return 0
        if not confirmed("release these?", options, context):
            return 1
        agreed = ApplyOptions(pace=Timeouts(options.wait))
        with step_lines(context.progress, context.style) as begin:
            done = release(connection, compiled, altered, agreed, begin)
    context.talk(released_text(done))
    return 0


def _sql(storage_schema: str, names: Iterable[AlteredName], context: Context) -> str:
    """Where a catalog is at hand, it says which of two parts is the table."""
    from mvc.engines.postgres.plan.release import release_sql

    return "\n".join(release_sql(storage_schema, _placed(names, context)))


def _placed(names: Iterable[AlteredName], context: Context) -> list[AlteredName]:
    from mvc.diagnostics import ProjectError
    from mvc.engines.postgres.plan.release import placed_name

    try:
        catalog = context.load().catalog
    except ProjectError:
        return list(names)
    return [placed_name(name, catalog) for name in names]
