"""Write a small project that compiles: a view of daily revenue over two tables, who may read it, how fresh it is.

Nothing that exists is overwritten.

Example:
  mvc init shop && cd shop && mvc check && mvc compile
"""

from __future__ import annotations

import argparse
import os
from importlib.resources import files
from pathlib import Path

from mvc.cli.context import Context, Failure

STARTER = ("mvc.yml", "schema/shop.sql", "views/daily_revenue.yml", "policies/shop.yml", "schedules/refresh.yml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where to (default: this folder)")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Writes the files, or none."""
    folder = Path(options.folder)
    taken = dict.fromkeys(str(path) for name in STARTER for path in _in_the_way(folder / name))
    if taken:
        raise Failure(f"nothing was written: in the way: {', '.join(taken)}", "name an empty folder: mvc init shop")
    texts = {folder / name: files("mvc.cli").joinpath("starter", *name.split("/")).read_bytes() for name in STARTER}
    for path in texts:
        path.parent.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_bytes(text)
        context.talk(f"wrote {path}")
    into = "" if options.folder == "." else f"cd {options.folder} && "
    context.talk(f"next: {into}mvc check")
    return 0


def _in_the_way(path: Path) -> list[Path]:
    """What is there already, links to nowhere included, and what stands where a folder is needed."""
    folders = [parent for parent in path.parents if os.path.lexists(parent) and not parent.is_dir()]
    return [path] if os.path.lexists(path) else folders
