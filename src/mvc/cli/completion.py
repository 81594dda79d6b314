"""Print the script that completes mvc's words in bash (4.4 or newer), zsh or fish: commands, options, and values such as the project's
views, tags and schedules.

Examples:
  source <(mvc completion bash)                                    # this shell; in ~/.bashrc: each
  mvc completion bash > ~/.local/share/bash-completion/completions/mvc
  mvc completion zsh > ~/.zfunc/_mvc                               # a folder of fpath
  mvc completion fish > ~/.config/fish/completions/mvc.fish
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvc.cli.command import command
from mvc.cli.commands import SHELLS
from mvc.cli.options import argument
from mvc.cli.values import OneOf

if TYPE_CHECKING:
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options:
    """The command line."""

    shell: str


@command(Options)
@argument("shell", "SHELL", "bash, zsh or fish", type=OneOf(SHELLS))
def execute(options: Options, context: Context) -> int:
    """Prints it."""
    from mvc.cli.shells import script

    context.data(script(options.shell), exact=True)
    return 0
