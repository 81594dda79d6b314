"""Write a small project that compiles: a view of daily revenue over three tables, who may read it, how fresh it is.

Nothing that exists is overwritten.

Example:
  mvc init shop && cd shop && mvc check && mvc compile
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mvc.cli.candidates import folders
from mvc.cli.command import command
from mvc.cli.failure import Failure
from mvc.cli.options import argument
from mvc.cli.output import in_the_way

if TYPE_CHECKING:
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options:
    """The command line."""

    folder: str


@command(Options)
@argument("folder", "[DIR]", "where to (default: this folder)", default=".", shell_complete=folders)
def execute(options: Options, context: Context) -> int:
    """Writes the files, or none."""
    from mvc.library.starter import STARTER, starter

    folder = Path(options.folder)
    taken = dict.fromkeys(str(path) for name in STARTER for path in in_the_way(folder / name))
    if taken:
        raise Failure(f"nothing was written: in the way: {', '.join(taken)}", "name an empty folder: mvc init shop")
    texts = {folder / name: text.encode() for name, text in starter().items()}
    for path in texts:
        path.parent.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_bytes(text)
        context.talk(f"wrote {path}")
    into = "" if options.folder == "." else f"cd {options.folder} && "
    context.talk(f"next: {into}mvc check")
    return 0
