"""The commands by name, and the text of `mvc --help`. Nothing heavy is imported here, so that it is printed at once; the click group is built from it."""

from __future__ import annotations

from mvc.version import VERSION

# What a command is for → its name → what it does. A command's module bears its name; `import` is a word of Python's, so that one's ends in a `_`.
GROUPS = {
    "write": {
        "init": "write a small project that compiles",
        "import": "write a project for materialized views that were made by hand",
        "check": "validate the project; --server proves it on a real PostgreSQL",
        "compile": "print the SQL; --output writes it to a file or folder",
        "catalog": "pull: take a snapshot of a database's tables, keys and functions",
        "schema": "print the JSON Schema of the language, for editors",
        "completion": "print the script that completes mvc's words in a shell",
    },
    "deploy": {
        "apply": "deploy the project to a database, while readers go on",
        "around": "run a migration of base tables past the views that read them",
        "release": "release the views in its way, for a tool that runs it itself",
        "rollback": "undo the last deployment",
        "prune": "drop what no reader uses any more",
    },
    "keep fresh": {
        "refresh": "refresh deployed views",
        "run": "a worker that keeps views fresh, as the schedules say",
        "schedule": "print the schedules for systemd, Kubernetes, GitHub Actions, Airflow, cron",
        "partitions": "make the next partitions of base tables, retire old ones",
    },
    "look": {
        "diff": "what changes between two revisions, or from what is deployed",
        "status": "what is deployed, how fresh, how large; --html, --check",
        "explain": "explain a diagnostic's code, with examples",
        "demo": "the reference project on a PostgreSQL of its own, end to end",
    },
}
COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}

# Names that people type first → the command and the options that they stand for.
ALIASES = {"plan": ("apply", "--dry-run"), "deploy": ("apply",), "lint": ("check",)}


COMPLETING = "_MVC_COMPLETE"  # the variable by which a shell asks how a word goes on
SHELLS = ("bash", "zsh", "fish")


def _listed(names: dict[str, str]) -> str:
    return "\n".join(f"  {name:<12}{text}" for name, text in names.items())


USAGE = f"""\
usage: mvc [OPTION …] COMMAND [OPTION …]

Materialized views, declared in YAML: what a view is, who may read it, how fresh it must be.

{chr(10).join(f"{group}:{chr(10)}{_listed(names)}{chr(10)}" for group, names in GROUPS.items())}
the same by another name:
{_listed({name: f"mvc {' '.join(words)}" for name, words in ALIASES.items()})}

options:
  -C, --project DIR   the folder with mvc.yml (default: this one, or the nearest above it)
  -q, --quiet         say nothing but errors and what was asked for
  -v, --verbose       say what is read and connected to, and how long it takes
  -V, --version       print the version
  -h, --help          print this, or after a command its help: mvc compile --help

a first view:
  mvc init shop && cd shop
  mvc check
  mvc compile
"""


def module_of(name: str) -> str:
    """The module of a command, within this package."""
    return f"{name}_" if name == "import" else name


def at_once(arguments: list[str]) -> str:
    """What answers a command line that asks for no command; empty where it has to be read in full."""
    if arguments in (["--help"], ["-h"], ["help"]):
        return USAGE
    return f"mvc {VERSION}\n" if arguments in (["--version"], ["-V"]) else ""
