"""Run a migration of base tables past the views that read them.

PostgreSQL refuses to retype or drop a column that a view reads. So what stands in the way, and only that, is released: readers go on with a copy of its
last rows that depends on no base table; a stored table stays and is not refreshed for a while; a view whose rules read the column shows no rows. Then the
migration runs, in one transaction, as whoever is connected; then the project is deployed, which is to be as it should be after the migration. Grants, and
what others built on the views, stay.

A migration that fails, or after which the project could not be deployed, is undone, and what was released is taken back. What is broken off later, the next
mvc apply mends. Hazards must be allowed as for mvc apply. FILE is plain SQL, without commands of psql; `-` is standard input.

A tool that runs its migrations itself: mvc release before it, mvc apply after it.

Examples:
  mvc around migrations/0007_amount_bigint.sql --dry-run
  mvc around migrations/0007_amount_bigint.sql --yes
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mvc.cli.candidates import files
from mvc.cli.command import command
from mvc.cli.consent import Agreed, agreement, confirmed, shows_plan
from mvc.cli.failure import Failure
from mvc.cli.options import argument, database, dry_run, project, yes
from mvc.workspace.folder import read_file

if TYPE_CHECKING:
    from mvc.catalog.altered import Migration
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options(Agreed):
    """The command line."""

    file: str


@command(Options)
@argument("file", "FILE", "the migration, plain SQL; - is standard input", shell_complete=files)
@database()
@dry_run("show what would be released and stop")
@yes
@agreement
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where the migration is refused, or not confirmed."""
    from mvc.engines.postgres.server.around import around, plan_around
    from mvc.report.deploy.deployment import applied_text
    from mvc.report.deploy.release import release_text
    from mvc.report.deploy.step_lines import step_lines

    text = _text(options.file)
    migration = _read(options.file, text)
    compiled = context.compile()
    with context.connect(options.database) as connection:
        found = plan_around(connection, compiled, text)
        if shows_plan(options, context):
            context.data(release_text(found, compiled.project, context.data_style, len(migration.statements)))
        if options.dry_run:
            return 0
        if not confirmed("run this migration?", options, context):
            return 1
        agreed = options.for_plan("")
        began = time.monotonic()
        with step_lines(context.progress, context.style) as begin:
            done = around(connection, compiled, text, agreed, begin)
    context.talk(applied_text(done.applied, time.monotonic() - began))
    return 0


def _text(file: str) -> str:
    """Raises Failure for what is no text."""
    try:
        return sys.stdin.read() if file == "-" else read_file(Path(file))
    except UnicodeDecodeError:
        raise Failure(f"{file} is not UTF-8", "save it as UTF-8") from None


def _read(file: str, text: str) -> Migration:
    from mvc.catalog.altered import UnusableMigration, read_migration

    try:
        return read_migration(text)
    except UnusableMigration as problem:
        raise Failure(f"{file}:{problem.line}: {problem}", problem.hint) from None
