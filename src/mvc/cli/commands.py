"""One command's life: its arguments parsed, its module called, every expected failure turned into words."""

from __future__ import annotations

import argparse
import os
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from mvc.cli.context import Context, Failure, Usage
from mvc.diagnostics import ProjectError, did_you_mean
from mvc.version import install


def execute(project: str | None, arguments: Sequence[str], commands: Mapping[str, str]) -> int:
    """Runs `COMMAND …` on the project in a folder (None: the nearest). Returns the exit code."""
    context = Context.of_process(None if project is None else Path(project))
    if not arguments:
        return context.fail("no command is given", "mvc --help lists them", code=2)
    name, *own = arguments
    if name not in commands:
        return context.fail(f"there is no command `{name}`", did_you_mean(name, commands, "commands"), code=2)
    return _run(name, own, context)


def _run(name: str, arguments: list[str], context: Context) -> int:
    try:
        module = import_module(f"mvc.cli.{name}")
        options = _parser(name, module).parse_args(arguments)
        return int(module.execute(options, context))
    except SystemExit as stop:  # how argparse ends after --help, and after a mistake
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except ProjectError as problem:
        return context.refuse(problem.diagnostics)
    except Usage as problem:
        return context.fail(str(problem), problem.hint, code=2)
    except Failure as problem:
        return context.fail(str(problem), problem.hint)
    except ModuleNotFoundError as problem:
        return _missing_extra(problem, context)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except OSError as problem:
        return context.fail(f"{problem.filename or 'the output'}: {problem.strerror or problem}", "")
    except Exception as problem:  # noqa: BLE001 - the last stop before a user would see a traceback
        return _unexpected(problem, context)


def _parser(name: str, module: ModuleType) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"mvc {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return parser


_EXTRAS = {"psycopg": "postgres", "rich": "demo"}


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
        context.talk(traceback.format_exc())
    hint = "this is a fault of mvc, not of your project; MVC_DEBUG=1 shows where. Nothing half-done was kept"
    return context.fail(f"internal error: {type(problem).__name__}: {problem}", hint)


def _of_server(problem: Exception) -> bool:
    """Whether the driver passes on what a server said, or that it has gone. Asked by name: the driver is an extra."""
    lost = any(kind.__name__ == "OperationalError" for kind in type(problem).__mro__)
    return type(problem).__module__.startswith("psycopg") and (lost or bool(getattr(problem, "sqlstate", None)))
