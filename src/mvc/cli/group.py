"""`mvc` as click has it: a group whose commands are modules, each imported only when it is asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from mvc.cli.commands import ALIASES, COMMANDS, USAGE, module_of
from mvc.cli.ending import finish
from mvc.cli.failure import UsageMistake
from mvc.cli.options import project, quiet, verbose
from mvc.cli.settings import CommandSettings
from mvc.version import VERSION


class Commands(click.Group):
    """The commands of `mvc.cli.commands`, with the other names that some of them have."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, those of aliases too, in the order of the help text."""
        del ctx
        return [*COMMANDS, *ALIASES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or the one that an alias stands for."""
        del ctx
        name = ALIASES.get(cmd_name, (cmd_name,))[0]
        if name not in COMMANDS:
            return None
        found: click.Command = import_module(f"mvc.cli.{module_of(name)}").execute
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words begin with, under its own name, and what is left for it. Raises Usage for none."""
        first, *rest = args
        if first == "help" and not ctx.resilient_parsing:
            if not rest:
                click.echo(self.get_help(ctx))
                ctx.exit()
            first, rest = rest[0], ["--help"]
        name, *more = ALIASES.get(first, (first,))
        found = self.get_command(ctx, name)
        if found is None and not ctx.resilient_parsing:
            from mvc.diagnostics.suggest import did_you_mean

            raise UsageMistake(f"there is no command `{name}`", did_you_mean(name, self.list_commands(ctx), "commands"))
        return name, found, [*more, *rest]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Names with what they do, from the table: not one command is imported for it."""
        from click.shell_completion import CompletionItem

        texts = COMMANDS | {name: f"mvc {' '.join(words)}" for name, words in ALIASES.items()}
        found = [CompletionItem(name, help=text) for name, text in texts.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def get_help(self, ctx: click.Context) -> str:
        """The text that `mvc --help` has without click."""
        del ctx
        return USAGE.rstrip()

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> Any:
        """Runs as the console script does, and ends the process: what click's CliRunner calls."""
        sys.exit(finish(lambda: answer(sys.argv[1:] if args is None else args)))


@click.group(
    "mvc",
    cls=Commands,
    invoke_without_command=True,
    context_settings={"auto_envvar_prefix": "MVC", "help_option_names": ["-h", "--help"]},
)
@project
@quiet
@verbose
@click.version_option(VERSION, "-V", "--version", prog_name="mvc", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """All commands. Raises Usage where none is named."""
    if ctx.invoked_subcommand is None:
        raise UsageMistake("no command is given", "mvc --help lists them")


def answer(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code. What goes wrong is said in words; an interruption and a reader that has gone are passed on."""
    settings = CommandSettings()
    if not arguments:
        sys.stderr.write(USAGE)
        return 2
    began = time.monotonic()
    try:
        with cli.make_context("mvc", list(arguments), obj=settings) as context:
            code = int(cli.invoke(context) or 0)
        settings.context.detail(f"it took {time.monotonic() - began:.2f} s")
    except click.exceptions.Exit as end:  # after --help and --version
        return end.exit_code
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as problem:  # noqa: BLE001 - the last stop before a user would see a traceback
        from mvc.cli.exit_codes import exit_code_of

        return exit_code_of(problem, settings.context)
    return code
