"""docs/cli.md, made from click's tree: every command, argument, option, variable of the environment and default."""

# ruff: noqa: INP001  beside a script, not in a package
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import click

from mvc.cli.commands import ALIASES, GROUPS, USAGE
from mvc.cli.group import cli

_HEAD: Final = """# The command line

This page is made from the commands themselves by `docs/check.py --write`; `mvc COMMAND --help` prints the same.

```text
{usage}```

## What all commands have in common

`-C DIR`, `-q` and `-v` are written before the command or after it. Data goes to standard output, all else to standard error, in colour
where that is a terminal and `NO_COLOR` is not set. `--quiet` leaves the errors, and the warnings of `mvc check --strict`.

| exit code | meaning |
| --- | --- |
| 0 | fine |
| 1 | the project or the operation is at fault |
| 2 | the command line is at fault |
| 3 | there are differences, where they were asked for: `mvc diff --exit-code`, `mvc compile --check`, `mvc catalog pull --check` |
| 130 | interrupted |

**Variables.** An option that is not given is read from the environment: `--timeout` of `mvc refresh` is `MVC_REFRESH_TIMEOUT`. A switch is on
for `1`, `true`, `yes` or `on`; a variable that is empty counts as not set; words of a list are separated by spaces. What agrees to something
(`--yes`, `--allow`, `--plan`, `--force`) is read from the command line only. `DATABASE_URL` is the database where `--database` and its variable say nothing, and
`MVC_DEBUG=1` adds a traceback to what `mvc` calls an error of its own.

**Completion.** `mvc completion` prints a script for bash (4.4 or newer), zsh or fish. It completes commands, options and their values: the
project's views, tags and schedules, formats, classes of changes, hazards, rules, and the tables and columns of `mvc release`. Views, tags and
schedules are found in the specs without a compile; columns are those of the compiled project. Only plain words are offered.

```text
source <(mvc completion bash)                                           # in ~/.bashrc
mvc completion bash > ~/.local/share/bash-completion/completions/mvc    # or once, where bash-completion is installed
mvc completion zsh > ~/.zfunc/_mvc                                      # a folder of fpath, before compinit
mvc completion fish > ~/.config/fish/completions/mvc.fish
```
"""


def cli_text() -> str:
    """The page."""
    top = click.Context(cli, info_name="mvc", auto_envvar_prefix="MVC")
    parts = [_HEAD.format(usage=USAGE)]
    for names in GROUPS.values():
        parts += ["\n".join(_section(name, top)) for name in names]
    return "\n".join(parts)


def _section(name: str, top: click.Context) -> Iterator[str]:
    found = cli.get_command(top, name)
    if found is None:
        raise LookupError(name)
    context = click.Context(found, info_name=name, parent=top)
    yield f"## mvc {name}\n"
    yield f"```text\n{found.get_usage(context)}\n\n{(found.help or '').strip()}\n```\n"
    if others := [f"`mvc {alias}` is `mvc {' '.join(words)}`." for alias, words in ALIASES.items() if words[0] == name]:
        yield f"{' '.join(others)}\n"
    yield from _table(("argument", "meaning"), _arguments(found, context))
    yield from _table(("option", "variable", "default", "meaning"), _options(found, context))
    if found.epilog:
        yield f"{found.epilog}\n"


def _arguments(found: click.Command, context: click.Context) -> Iterator[tuple[str, ...]]:
    for parameter in found.params:
        if isinstance(parameter, click.Argument):
            yield f"`{parameter.make_metavar(context)}`", str(getattr(parameter, "help", ""))


def _options(found: click.Command, context: click.Context) -> Iterator[tuple[str, ...]]:
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            facts = parameter.get_help_extra(context)
            value = "" if parameter.is_flag else f" {parameter.make_metavar(context)}"
            variables = ", ".join(f"`{name}`" for name in facts.get("envvars", ()))
            usual = f"`{facts['default']}`" if facts.get("default") else ""
            yield f"`{', '.join(sorted(parameter.opts, key=len))}{value}`", variables, usual, parameter.help or ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    if lines:
        yield "\n".join((f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines)) + "\n"
