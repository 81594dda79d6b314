"""Print the SQL that deploys the project: one script for psql that applies as a whole, and may be run again.

NAME selects views, with what they read. --output FILE writes one file, --output DIR/ one file per view and a deploy.sql
that runs them. --check writes nothing and exits with 3 where the output that is there is not what would be written.

Examples:
  mvc compile > deploy.sql
  mvc compile mv_financial_summary --output build/
  mvc compile --output sql/ --check          # in CI, for committed SQL
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mvc.cli.command import command
from mvc.cli.failure import UsageMistake
from mvc.cli.options import NAMES, form, names, output, project
from mvc.cli.output import refuse_links, refuse_way_out, write_within

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.compiled.project import Compiled


@dataclass(frozen=True)
class Options:
    """The command line."""

    names: tuple[str, ...]
    output: str | None
    format: str
    check: bool


@command(Options)
@names(f"{NAMES} (default: all)")
@output("PATH", "a file, or a folder (existing, or ending in /)")
@form(("sql", "json"), "json: versioned, see docs/json.md")
@click.option("--check", is_flag=True, help="compare with --output instead of writing; exit code 3 if stale")
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 3 where --check finds a difference."""
    from mvc.cli.selection import chosen_views

    _refuse_nonsense(options)
    compiled = context.compile()
    views = chosen_views(compiled, options.names)
    texts = _texts(options, replace(compiled, views=views))
    if not options.output:
        context.data(texts[""], exact=True)
        return 0
    target = Path(options.output)
    refuse_way_out(context, target)
    leftovers = [] if options.names else _leftovers(target, texts)
    files = {target / name if name else target: text.encode() for name, text in texts.items()}
    return _compare(files, leftovers, context) if options.check else _write(target, files, leftovers, context)


def _refuse_nonsense(options: Options) -> None:
    if options.check and not options.output:
        raise UsageMistake("--check compares with what --output names", "give --output PATH as well")
    if options.format == "json" and options.output and _is_folder(options.output):
        raise UsageMistake(
            f"the JSON is one file, and {options.output} is a folder", "give a file: --output compiled.json"
        )


def _is_folder(path: str) -> bool:
    return path.endswith("/") or Path(path).is_dir()


def _texts(options: Options, compiled: Compiled) -> dict[str, str]:
    """What is to be printed or written: relative path → text; a single text has no path."""
    if options.format == "json":
        import json

        from mvc.report.text.json_output import compiled_json

        return {"": json.dumps(compiled_json(compiled), indent=2, ensure_ascii=False) + "\n"}
    from mvc.engines.postgres.deploy.script import script, script_files

    if options.output and _is_folder(options.output):
        return script_files(compiled, compiled.views)
    return {"": script(compiled, compiled.views)}


def _write(target: Path, files: Mapping[Path, bytes], leftovers: list[Path], context: Context) -> int:
    for path in files:
        refuse_links(target, path)
    for path, content in files.items():
        write_within(target, path, content)
    for path in leftovers:
        path.unlink()
        context.talk(f"removed {path}: its view is gone")
    context.talk(f"wrote {len(files)} file{'s' if len(files) > 1 else ''} to {target}")
    return 0


def _compare(files: Mapping[Path, bytes], leftovers: list[Path], context: Context) -> int:
    stale = [path for path, content in files.items() if not path.is_file() or path.read_bytes() != content]
    for path in (*stale, *leftovers):
        context.complain(f"stale: {path}")
    if stale or leftovers:
        context.complain("  = help: run the same command without --check, and commit what it writes")
        return 3
    return 0


def _leftovers(target: Path, texts: Mapping[str, str]) -> list[Path]:
    """Views' files that an earlier compile of this project wrote and this one would not. What bears another mark than
    ours, or none, is someone else's and left alone.
    """
    if "" in texts:
        return []
    mark = texts["runtime.sql"].splitlines()[0].encode()
    others = (path for path in sorted(target.glob("views/*.sql")) if f"views/{path.name}" not in texts)
    return [path for path in others if path.is_file() and _first_line(path) == mark]


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline().rstrip(b"\r\n")
