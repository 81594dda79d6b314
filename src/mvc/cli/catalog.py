"""Take a snapshot of a database's tables, columns, keys and functions, for `catalog:` in mvc.yml.

The snapshot is a JSON file with a line per column and key, to be committed: its diff says what changed in the database.
It is read in one read-only transaction, without locks that anyone waits for. Rows are never read.

--check compares a snapshot that is there with the database, says what differs, and writes nothing: exit code 3 where it is stale.

Examples:
  mvc catalog pull --database postgresql:///shop --output catalog.json
  mvc catalog pull --check
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mvc.cli.command import command
from mvc.cli.failure import Failure
from mvc.cli.options import argument, database, output, project
from mvc.cli.output import refuse_links, refuse_way_out
from mvc.cli.values import OneOf

if TYPE_CHECKING:
    from mvc.catalog.types import Catalog
    from mvc.cli.context import Context
    from mvc.model.project import Project

DEFAULT: Final = "catalog.json"
STALE: Final = 3  # the exit code where the snapshot is not as the database


@dataclass(frozen=True)
class Options:
    """The command line."""

    action: str
    database: str | None
    output: str | None
    check: bool
    schema: tuple[str, ...]


@command(Options)
@argument("action", "pull", "read the database, write the snapshot", type=OneOf(("pull",)))
@database("which (default: DATABASE_URL, then libpq's variables)")
@output("FILE", f"default: the project's {DEFAULT}")
@click.option("--check", is_flag=True, help="write nothing; exit with 3 where the snapshot is stale")
@click.option("--schema", multiple=True, metavar="NAME", help="only this schema; may be given again")
@project
def execute(options: Options, context: Context) -> int:
    """Writes the snapshot, or compares it."""
    from mvc.catalog.snapshot import dump_snapshot
    from mvc.library.catalogs import pull_catalog

    with context.connect(options.database) as connection:
        catalog = pull_catalog(connection, _project(context), options.schema)
    target = Path(options.output) if options.output else _default(context)
    refuse_way_out(context, target)
    if options.check:
        return _check(target, catalog, context)
    if not options.output:
        refuse_links(target.parent, target)
    target.write_text(dump_snapshot(catalog), encoding="utf-8")
    context.talk(f"wrote {target}: {len(catalog.relations)} relations, {len(catalog.functions)} functions")
    if not options.output and not _is_read(context):
        context.talk(f"mvc.yml does not read it yet: write catalog: {DEFAULT} there, instead of the DDL")
    return 0


def _check(target: Path, catalog: Catalog, context: Context) -> int:
    """Says what the snapshot has otherwise than the database."""
    from mvc.catalog.changes import catalog_changes
    from mvc.catalog.snapshot import load_snapshot
    from mvc.report.deploy.catalog import changes_text

    if not target.is_file():
        hint = "mvc catalog pull takes one; where the catalog is DDL, mvc diff --database compares it with a database"
        return context.fail(f"there is no snapshot {target}", hint)
    text = target.read_text(encoding="utf-8")
    snapshot, found = load_snapshot(text, str(target))
    if found:
        context.files = {str(target): text}
        return context.refuse(found)
    changes = catalog_changes(snapshot, catalog)
    if not changes:
        context.talk(f"{target} is as the database")
        return 0
    context.data(changes_text(changes, context.data_style))
    context.talk(f"{target} is stale: mvc catalog pull makes it anew")
    return STALE


def _default(context: Context) -> Path:
    try:
        return context.folder() / DEFAULT
    except Failure:
        return Path(DEFAULT)


def _is_read(context: Context) -> bool:
    """Whether the project, if there is one, has the snapshot for its catalog."""
    from mvc.workspace.folder import Folder
    from mvc.workspace.inputs import described_paths

    try:
        return DEFAULT in described_paths(Folder(context.folder()))
    except (Failure, OSError, KeyError, UnicodeDecodeError):
        return True


def _project(context: Context) -> Project | None:
    """What can be read of the project, if there is one; its faults do not matter here."""
    from mvc.diagnostics import ProjectError
    from mvc.pipeline.load import load_files
    from mvc.workspace.folder import Folder

    try:
        return load_files(Folder(context.folder())).project()
    except (Failure, ProjectError):
        return None
