"""Bring materialized views that were made by hand: their queries, indexes, readers, comments and what else is on them, as a project.

They come from a database or, without --database, from files of SQL: a dump, or migrations in the order in which they apply (a folder is read whole, by name),
with the tables among them or in the project that there is. With both, a view is written in its author's words where the server proves that they mean the same.

A name may have `*` in it, and a schema before it; without a name, all are taken, with the plain views that stand between two of them. Each becomes a file
with its query (`sql:`) and the columns that tell its rows apart (`grain:`), as its unique index or its query says; where neither does, the file asks. Who
may read them becomes policies, jobs of pg_cron become schedules. What the language has no word for is listed, by name and reason.

The database is only read, and none of its rows are. What there is in the project's folder stays: a file in the way ends it, and nothing is written.

Examples:
  mvc import --database postgresql:///shop
  mvc import --database postgresql:///shop 'reports.*' mv_daily migrations/
  mvc import schema.sql views.sql
  mvc import --format markdown > import.md
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mvc.cli.candidates import files as offered
from mvc.cli.command import command
from mvc.cli.failure import Failure
from mvc.cli.options import argument, database, dry_run, form, project
from mvc.cli.output import in_the_way, refuse_links, write_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mvc.cli.context import Context
    from mvc.importing.imported import Imported


@dataclass(frozen=True)
class Options:
    """The command line."""

    what: tuple[str, ...]
    database: str | None
    format: str
    force: bool
    dry_run: bool


@command(Options)
@argument(
    "what",
    "[NAME|FILE …]",
    "views, where `*` stands for any letters (default: all); files that end in .sql, and folders with a /",
    nargs=-1,
    shell_complete=offered,
)
@database("which (default, where no file is named: DATABASE_URL, then libpq's variables)")
@form(("text", "markdown", "json"), "of the report")
@click.option("--force", is_flag=True, allow_from_autoenv=False, help="write over files that are in the way")
@dry_run("write nothing, and show the report")
@project
def execute(options: Options, context: Context) -> int:
    """Writes all files, or none."""
    from mvc.workspace.folder import Folder

    folder = _folder(context)
    existing = Folder(folder)
    found = _imported(options, existing, folder.resolve().name or "project", context)
    changed = _changed(found.files, existing, folder, force=options.force)
    if not options.dry_run:
        write_together({folder / path: text.encode() for path, text in changed.items()})
    _show(found, options.format, context)
    _talk(found, len(changed), folder, options, context)
    return 0


def _imported(options: Options, existing: Mapping[str, str], name: str, context: Context) -> Imported:
    from mvc.library.importing import import_views

    patterns = [word for word in options.what if not _is_file(word)]
    sql = dict(_texts(word for word in options.what if _is_file(word)))
    if sql and options.database is None:
        return import_views(None, patterns, sql=sql, project=existing, name=name)
    with context.connect(options.database) as connection:
        return import_views(connection, patterns, sql=sql, project=existing, name=name)


def _is_file(word: str) -> bool:
    return word.endswith(".sql") or "/" in word


def _texts(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The files that are named, and those of folders. Raises Failure where there is none, or one cannot be read."""
    yield from ((str(path), _text(path)) for word in words for path in _paths(Path(word)))


def _text(path: Path) -> str:
    from mvc.workspace.folder import read_file

    try:
        return read_file(path)
    except UnicodeDecodeError:
        raise Failure(f"{path} is not UTF-8 text") from None


def _paths(path: Path) -> list[Path]:
    if not path.exists():
        raise Failure(f"there is no file {path}", "files end in .sql; views are named as reports.* or mv_daily")
    if not path.is_dir():
        return [path]
    found = sorted(item for item in path.rglob("*.sql") if not item.name.endswith(".down.sql"))
    if not found:
        raise Failure(f"there is no .sql file in {path}")
    return found


def _folder(context: Context) -> Path:
    """Where the project is, or will be."""
    from mvc.workspace.folder import find_project

    return context.project_folder or find_project(Path.cwd()) or Path()


def _changed(files: Mapping[str, str], existing: Mapping[str, str], folder: Path, *, force: bool) -> dict[str, str]:
    """The files that are not as they are to be. Raises Failure where that would write over something of the user's."""
    changed = {path: text for path, text in files.items() if not _is_there(path, text, existing)}
    for path in changed:
        refuse_links(folder, folder / path)
    taken = dict.fromkeys(str(item) for path in changed for item in in_the_way(folder / path))
    if taken and not (force and all(Path(item).is_file() for item in taken)):
        hint = "--force writes over files; -C DIR names another folder"
        raise Failure(f"nothing was written: in the way: {', '.join(taken)}", hint)
    return changed


def _is_there(path: str, text: str, existing: Mapping[str, str]) -> bool:
    try:
        return existing[path] == text
    except (KeyError, OSError, UnicodeDecodeError):
        return False


def _show(found: Imported, form: str, context: Context) -> None:
    if form == "json":
        from mvc.report.importing.data import import_json

        context.json(import_json(found))
    elif form == "markdown":
        from mvc.report.importing.markdown import import_markdown

        context.data(import_markdown(found))
    else:
        from mvc.report.importing.text import import_text

        context.data(import_text(found, context.data_style))


def _talk(found: Imported, files: int, folder: Path, options: Options, context: Context) -> None:
    from mvc.report.text.words import counted

    taken = f"{counted(len(found.views), 'view')} in {counted(files, 'file')}"
    if options.dry_run:
        context.talk(f"{taken} would be written to {folder}")
        return
    context.talk(f"{taken} written to {folder}")
    asked = sum(view.asks for view in found.views)
    where = "" if context.project_folder is None else f" -C {folder}"
    first = f"say the grain of {counted(asked, 'view')}, then " if asked else ""
    context.talk(f"next: {first}mvc{where} check")
