"""What makes a click command of a function, and how its help reads.

A command's file has a record of its options, `Options`, and a function that takes it with the surroundings. click's decorators say how each
field is written on the command line; their names are those of the fields.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mvc.cli.options import quiet, verbose

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.cli.settings import CommandSettings

Record = TypeVar("Record")
WIDEST = 100  # columns of a help text


class Command(click.Command):
    """A command whose help is its module's docstring, with examples as they stand there."""

    def __init__(
        self, name: str, callback: Callable[..., int], params: list[click.Parameter], help: str, epilog: str
    ) -> None:
        for parameter in params:
            if isinstance(parameter, click.Option):
                parameter.show_envvar = parameter.allow_from_autoenv or bool(parameter.envvar)
        settings = {"help_option_names": ["-h", "--help"]}
        super().__init__(name, settings, callback, params, help, epilog, options_metavar="[OPTION …]")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Every mistake says which command it was made in; click leaves that out of some."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as problem:
            problem.ctx = problem.ctx or ctx
            raise

    def get_help(self, ctx: click.Context) -> str:
        """The help text, as wide as the terminal, up to a width that reads well."""
        ctx.terminal_width = max(40, min(_columns(), WIDEST))
        return super().get_help(ctx)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The one of click, in our words."""
        option = super().get_help_option(ctx)
        if option:
            option.help = "print this"
        return option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """`usage: mvc check [OPTION …] [NAME …]`."""
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="usage: ")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How it is called, what it does, each argument, each option."""
        self.format_usage(ctx, formatter)
        formatter.write("\n" + "\n".join(_wrapped(self.help or "", formatter.width)) + "\n")
        for title, kind in (("arguments", click.Argument), ("options", click.Option)):
            parameters = (parameter for parameter in self.get_params(ctx) if isinstance(parameter, kind))
            if records := [record for parameter in parameters if (record := parameter.get_help_record(ctx))]:
                formatter.write(f"\n{title}:\n")
                with formatter.indentation():
                    formatter.write_dl(records)
        if self.epilog:
            formatter.write(f"\n{self.epilog}\n")


def _columns() -> int:
    """What shutil.get_terminal_size finds, whose module takes longer to import than the help to print."""
    with suppress(ValueError, OSError, AttributeError):
        return int(os.environ.get("COLUMNS", "")) if os.environ.get("COLUMNS") else os.get_terminal_size(1).columns
    return 80


def _wrapped(text: str, width: int) -> Iterator[str]:
    from textwrap import wrap

    for sentences, group in groupby(text.splitlines(), key=lambda line: bool(line[:1].strip())):
        lines = list(group)
        yield from wrap(" ".join(lines), width, break_long_words=False, break_on_hyphens=False) if sentences else lines


def command(record: type[Record], epilog: str = "") -> Callable[[Callable[[Record, Context], int]], Command]:
    """The click command of a function that takes a `record` of the options and returns the exit code. Its name is its module's last."""

    def make(function: Callable[[Record, Context], int]) -> Command:
        @click.pass_obj
        def call(settings: CommandSettings, /, **values: Any) -> int:
            return function(record(**values), settings.context)

        declared: list[click.Parameter] = []  # the last first, as click's decorators leave them
        for decorated in (quiet(verbose(call)), function):
            declared += getattr(decorated, "__click_params__", ())
        module = sys.modules[function.__module__]
        name = function.__module__.rpartition(".")[2].removesuffix("_")
        return Command(name, call, declared[::-1], help=module.__doc__ or "", epilog=epilog)

    return make
