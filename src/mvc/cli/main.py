"""`mvc`: finds the command, runs it, and turns what can go wrong into words and an exit code.

Exit codes: 0 fine; 1 the project or the operation is at fault; 2 usage; 3 there are differences; 130 interrupted.
Only the standard library is imported here, so that `mvc --help` answers at once.
"""

import os
import signal
import sys
from io import StringIO, TextIOWrapper

from mvc.version import VERSION

COMMANDS = {
    "init": "write a small project that compiles",
    "check": "validate the project; --server proves it on a real PostgreSQL",
    "compile": "print the SQL; --output writes it to a file or folder",
    "diff": "what changes between two revisions, or from what is deployed",
    "apply": "deploy the project to a database, while readers go on",
    "around": "run a migration of base tables past the views that read them",
    "release": "release the views in its way, for a tool that runs it itself",
    "refresh": "refresh deployed views",
    "partitions": "make the next partitions of base tables, retire old ones",
    "run": "a worker that keeps views fresh, as the schedules say",
    "schedule": "print the schedules for systemd, Kubernetes, GitHub Actions, Airflow, cron",
    "status": "what is deployed, how fresh, how large; --html, --check",
    "rollback": "undo the last deployment",
    "prune": "drop what no reader uses any more",
    "catalog": "pull: take a snapshot of a database's tables, keys and functions",
    "schema": "print the JSON Schema of the language, for editors",
    "explain": "explain a diagnostic's code, with examples",
    "demo": "the reference project on a PostgreSQL of its own, end to end",
}

USAGE = f"""\
usage: mvc [--project DIR] COMMAND [OPTION …]

Materialized views, declared in YAML: what a view is, who may read it, how fresh it must be.

commands:
{chr(10).join(f"  {name:<12}{text}" for name, text in COMMANDS.items())}

options:
  --project DIR   the folder with mvc.yml (default: this one, or the nearest above it)
  --version       print the version
  --help          print this, or after a command its help: mvc compile --help

a first view:
  mvc init shop && cd shop
  mvc check
  mvc compile
"""


def run() -> None:
    """The console script."""
    _prepare_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does: what runs in a server is cancelled
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Runs one command and returns the exit code."""
    code = 0
    try:
        code = _answer(arguments)
        sys.stdout.flush()  # what Python finds out at exit, it can only tell with a traceback
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:  # the reader has gone; nothing more can be said
        _drop_stdout()
    except OSError as problem:
        _drop_stdout()
        if not code:
            print(f"error: standard output: {problem.strerror or problem}", file=sys.stderr)  # noqa: T201
        return code or 1
    return code


def _answer(arguments: list[str]) -> int:
    project, rest = _global_options(arguments)
    if rest[:1] in (["--version"], ["-V"]):
        return _say(f"mvc {VERSION}\n")
    if rest[:1] in (["--help"], ["-h"], ["help"]):
        return _say(USAGE)
    if not arguments:
        return _say(USAGE, code=2)
    from mvc.cli.commands import execute

    return execute(project, rest, COMMANDS)


def _global_options(arguments: list[str]) -> tuple[str | None, list[str]]:
    rest = list(arguments)
    project: str | None = None
    while rest and rest[0].partition("=")[0] == "--project":
        value = rest.pop(0).partition("=")[2]
        project = value or (rest.pop(0) if rest else ".")
    return project, rest


def _say(text: str, code: int = 0) -> int:
    (sys.stderr if code else sys.stdout).write(text)
    return code


def _prepare_streams() -> None:
    """SQL is UTF-8 whatever the locale; a stream that is closed (`>&-`) takes what is written and forgets it."""
    sys.stdout = sys.stdout or StringIO()
    sys.stderr = sys.stderr or StringIO()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")


def _drop_stdout() -> None:
    """What is left in the buffer must not fail again when Python empties it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
