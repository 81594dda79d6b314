"""The options and arguments that several commands take, each declared once, as decorators.

Every option reads a variable of the environment too, MVC_COMMAND_OPTION, but for those by which somebody agrees to something (--yes, --allow,
--plan, --force): what lingers in an environment is no consent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.core import ParameterSource

from mvc.cli.candidates import Candidates, files, folders, view_names
from mvc.cli.values import OneOf, database_url, folder, seconds

if TYPE_CHECKING:
    from mvc.cli.settings import CommandSettings

Function = TypeVar("Function", bound=Callable[..., Any])

NAMES: Final = "view names, `all`, `tag:NAME`; `+NAME` takes what it reads first"
WHERE: Final = "where (default: DATABASE_URL, then libpq's variables)"


class Argument(click.Argument):
    """A positional argument with a line of help, which click itself has from 8.5 on."""

    def __init__(self, declarations: Sequence[str], help: str = "", **attributes: Any) -> None:
        super().__init__(declarations, **attributes)
        self.help = help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Its line in the section of arguments."""
        return self.make_metavar(ctx), self.help or ""


def argument(name: str, metavar: str, text: str, **attributes: Any) -> Callable[[Function], Function]:
    """What stands without a name of its own."""
    return click.argument(name, cls=Argument, metavar=metavar, help=text, **attributes)


def names(text: str) -> Callable[[Function], Function]:
    """Views, and how they may be selected. Field `names`."""
    return argument("names", "[NAME …]", text, nargs=-1, shell_complete=view_names)


def database(text: str = WHERE) -> Callable[[Function], Function]:
    """The database to work on; None for the usual one."""
    return click.option("--database", type=database_url, metavar="URL", help=text)


def url_or_usual(name: str, usual: str, text: str) -> Callable[[Function], Function]:
    """An option whose URL may be left out; it is then the `usual` one."""
    return click.option(name, is_flag=False, flag_value=usual, type=database_url, metavar="[URL]", help=text)


def dry_run(text: str) -> Callable[[Function], Function]:
    """Show what would be done and stop."""
    return click.option("--dry-run", is_flag=True, help=text)


def yes(function: Function) -> Function:
    """Do not ask."""
    return click.option("--yes", "-y", is_flag=True, allow_from_autoenv=False, help="do not ask")(function)


def wait(usual: int, text: str) -> Callable[[Function], Function]:
    """For how many seconds what is in the way is waited for."""
    return click.option("--wait", type=seconds, default=usual, show_default=True, metavar="SECONDS", help=text)


def timeout(text: str) -> Callable[[Function], Function]:
    """How many seconds a piece of work may take; None for any time."""
    return click.option("--timeout", type=seconds, metavar="SECONDS", help=text)


def output(metavar: str, text: str) -> Callable[[Function], Function]:
    """Where to write, instead of printing."""
    offered: Candidates = folders if metavar == "DIR" else files
    return click.option("--output", "-o", metavar=metavar, shell_complete=offered, help=text)


def form(choices: Sequence[str], text: str) -> Callable[[Function], Function]:
    """How the answer is written; the first is the default. Field `format`."""
    return click.option("--format", type=OneOf(choices), default=choices[0], show_default=True, help=text)


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """What is said of the whole run, before the command or after it; the environment only where the command line is silent."""
    settings: CommandSettings = ctx.obj
    name = parameter.name or ""
    said = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    if value and (said or not getattr(settings, name)):
        setattr(settings, name, value)
    if settings.quiet and settings.verbose:
        raise click.UsageError("--quiet and --verbose cannot both be meant", ctx)


def project(function: Function) -> Function:
    """The project's folder, kept in the settings."""
    return click.option(
        "--project",
        "-C",
        type=folder,
        metavar="DIR",
        envvar="MVC_PROJECT",
        allow_from_autoenv=False,
        expose_value=False,
        callback=_keep,
        shell_complete=folders,
        help="the folder with mvc.yml (default: this one, or the nearest above it)",
    )(function)


def quiet(function: Function) -> Function:
    """Less talk, kept in the settings."""
    return _switch("--quiet", "-q", "say nothing but errors and what was asked for")(function)


def verbose(function: Function) -> Function:
    """More talk, kept in the settings."""
    return _switch("--verbose", "-v", "say what is read and connected to, and how long it takes")(function)


def _switch(name: str, letter: str, text: str) -> Callable[[Function], Function]:
    variable = f"MVC_{name.removeprefix('--').upper()}"
    return click.option(
        name,
        letter,
        is_flag=True,
        envvar=variable,
        allow_from_autoenv=False,
        expose_value=False,
        callback=_keep,
        help=text,
    )
