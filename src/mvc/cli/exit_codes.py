"""What went wrong in words, and the exit code that it has."""

from __future__ import annotations

import os
import traceback
from typing import Final

import click
from click.core import ParameterSource

from mvc.cli.context import Context
from mvc.cli.failure import Failure, UsageMistake
from mvc.cli.values import Unusable
from mvc.diagnostics import ProjectError
from mvc.diagnostics.suggest import nearest
from mvc.version import install

_EXTRAS: Final = {"psycopg": "postgres", "rich": "demo"}


def exit_code_of(problem: Exception, context: Context) -> int:
    """Says what a command was ended by. Returns the exit code: 2 where the command line is at fault, else 1."""
    match problem:
        case click.UsageError():
            return _usage(problem, context)
        case ProjectError():
            return context.refuse(problem.diagnostics)
        case Failure():
            return context.fail(str(problem), problem.hint, code=2 if isinstance(problem, UsageMistake) else 1)
        case ModuleNotFoundError():
            return _missing_extra(problem, context)
        case OSError():
            return context.fail(f"{problem.filename or 'the output'}: {problem.strerror or problem}", "")
    return _unexpected(problem, context)


def _usage(problem: click.UsageError, context: Context) -> int:
    """One style for all that a command line can have wrong: what, and below it what is meant, or where it is written."""
    asked = problem.ctx.command_path if problem.ctx else "mvc"
    return context.fail(_what(problem, asked), _meant(problem) or f"{asked} --help", code=2)


def _what(problem: click.UsageError, asked: str) -> str:
    match problem:
        case click.NoSuchOption():
            return f"{asked} has no option `{problem.option_name}`"
        case click.MissingParameter() if problem.param:
            return f"{_called(problem.param, problem.ctx)} is missing"
        case click.BadParameter() if problem.param:
            message = problem.message if isinstance(problem, Unusable) else _lowered(problem.message)
            return f"{_called(problem.param, problem.ctx)}: {message}"
    return _lowered(problem.format_message())


def _meant(problem: click.UsageError) -> str:
    if isinstance(problem, click.NoSuchOption) and problem.ctx:
        options = [name for parameter in problem.ctx.command.get_params(problem.ctx) for name in parameter.opts]
        near = nearest(problem.option_name, [name for name in options if name.startswith("--")])
        return f"did you mean `{near}`?" if near else ""
    return str(getattr(problem, "hint", ""))


def _called(parameter: click.Parameter, ctx: click.Context | None) -> str:
    """A parameter as it was given: an option, a variable of the environment, or what stands without a name."""
    if ctx and isinstance(parameter, click.Option):
        variable = ctx.get_parameter_source(parameter.name or "") is ParameterSource.ENVIRONMENT
        return _variable(parameter, ctx) if variable else max(parameter.opts, key=len)
    name = (parameter.metavar or parameter.name or "").replace(" …", "")
    return name[1:-1] if name.startswith("[") else name


def _variable(option: click.Option, ctx: click.Context) -> str:
    return str(option.envvar or f"{ctx.auto_envvar_prefix}_{(option.name or '').upper()}")


def _lowered(message: str) -> str:
    """Words of click in our style: no capital, no full stop, names as everywhere."""
    text = message.strip().rstrip(".").replace("'", "`")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _missing_extra(problem: ModuleNotFoundError, context: Context) -> int:
    extra = _EXTRAS.get((problem.name or "").partition(".")[0])
    if extra is None:
        return _unexpected(problem, context)
    return context.fail(f"this needs the package {problem.name}", install(extra))


def _unexpected(problem: Exception, context: Context) -> int:
    """A server's refusal carries its own words; anything else is a fault of ours, and is called that."""
    if diagnostic := getattr(problem, "diagnostic", None):
        return context.refuse(
            (diagnostic,), "readers have what they had, and what was built is kept for the next apply"
        )
    if type(problem).__module__.startswith("mvc."):
        return context.fail(str(problem), getattr(problem, "hint", ""))
    if _of_server(problem):
        return context.fail(f"the server: {(str(problem).strip().splitlines() or ['no reason given'])[0]}", "")
    if os.environ.get("MVC_DEBUG"):
        context.complain("".join(traceback.format_exception(problem)))
    hint = "this is a fault of mvc, not of your project; MVC_DEBUG=1 shows where. Nothing half-done was kept"
    return context.fail(f"internal error: {type(problem).__name__}: {problem}", hint)


def _of_server(problem: Exception) -> bool:
    """Whether the driver passes on what a server said, or that it has gone. Asked by name: the driver is an extra."""
    lost = any(kind.__name__ == "OperationalError" for kind in type(problem).__mro__)
    return type(problem).__module__.startswith("psycopg") and (lost or bool(getattr(problem, "sqlstate", None)))
