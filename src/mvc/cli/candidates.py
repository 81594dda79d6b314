"""What a shell offers for the value of an option or argument. Specs are searched, not compiled: a key is asked after at every press of Tab.

Only plain words are offered. A name may come from a stranger's project, and what a shell puts on its command line, it would run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

Candidates = Callable[["click.Context", "click.Parameter", str], "list[str | CompletionItem]"]

# Searched for by `re` itself, which compiles a pattern when it is first needed: a command's help needs none.
_PLAIN: Final = r"\+?\w[\w.:-]*(,[\w-]+)*"
_VIEW: Final = r"(?m)^view:(.*)"
_SCHEMA: Final = r"(?m)^schema:(.*)"
_TAGS: Final = r"(?m)^tags:(\s*\[[^\]]*\]|(?:\s*\n\s*-.*)+|.*)"
_BETWEEN_TAGS: Final = r"[\[\],]|\n\s*-\s"
_SCHEDULE: Final = r"(?m)(?:^|[\s{,-])schedule:([^,}\n]*)"


def view_names(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """Views, `all` and tags, as a command takes them; after a `+` as well."""
    sign = "+" if begun.startswith("+") else ""
    texts = list(_texts(ctx, "views"))
    places = [(_first(_VIEW, text), _first(_SCHEMA, text)) for text in texts]
    alike = [name for name, _ in places]
    names = [f"{schema}.{name}" if schema and alike.count(name) > 1 else name for name, schema in places if name]
    lists = [found for text in texts for found in re.findall(_TAGS, text)]
    tags = [_scalar(tag) for found in lists for tag in re.split(_BETWEEN_TAGS, found)]
    tagged = [f"tag:{tag}" for tag in tags if tag]
    return _that_go_on((f"{sign}{name}" for name in (*names, "all", *tagged)), begun)


def _first(pattern: str, text: str) -> str:
    """What the first line of that key says, empty where there is none."""
    found = re.search(pattern, text)
    return _scalar(found[1]) if found else ""


def schedules(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """Schedules by name."""
    texts = _texts(ctx, "schedules")
    return _that_go_on((_scalar(name) for text in texts for name in re.findall(_SCHEDULE, text)), begun)


def columns(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """The tables that views read and their columns, by the compiled project: the only candidates that a catalog has to be read for."""
    from mvc.diagnostics import ProjectError

    try:
        compiled = ctx.find_root().obj.context.compile_silently()
    except ProjectError:
        return []
    tables = compiled.believed.relations
    names = [f"{table.schema}.{table.name}" for table in tables]
    names += [f"{table.schema}.{table.name}.{column.name}" for table in tables for column in table.columns]
    short = [name.removeprefix("public.") for name in names]
    return _that_go_on(sorted({*short, *(names if "." in begun else ())}), begun)


def rule_codes(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """Codes of diagnostics."""
    from mvc.diagnostics.rules import all_codes

    return _that_go_on(all_codes(), begun.upper())


def hazards(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """Hazards, with commas between them."""
    from mvc.engines.postgres.plan.steps import HAZARDS

    return _after_comma(HAZARDS, begun)


def classes(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """Classes of changes, with commas between them."""
    from mvc.comparison.difference import CLASSES

    return _after_comma(CLASSES, begun)


def files(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """Any file: the shell knows better."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def folders(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str | CompletionItem]:
    """Any folder: the shell knows better."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="dir")]


def _texts(ctx: click.Context, folder: str) -> Iterator[str]:
    """The specs in a folder of the project; none where there is no project, and without those that cannot be read."""
    from pathlib import Path

    from mvc.cli.failure import Failure
    from mvc.cli.project_folder import project_folder
    from mvc.workspace.folder import Folder, spec_paths

    named = ctx.find_root().obj.project
    try:
        found = Folder(project_folder(None if named is None else Path(named)))
    except Failure:
        return
    for path in spec_paths(found, folder):
        with suppress(OSError, UnicodeDecodeError):
            yield found[path]


def _scalar(text: str) -> str:
    """What a short YAML scalar means: without quotes, and without a comment after it."""
    return text.partition(" #")[0].strip().strip("\"'")


def _that_go_on(names: Iterable[str], begun: str) -> list[str | CompletionItem]:
    return [name for name in dict.fromkeys(names) if name.startswith(begun) and re.fullmatch(_PLAIN, name)]


def _after_comma(names: Iterable[str], begun: str) -> list[str | CompletionItem]:
    before, comma, _ = begun.rpartition(",")
    given = before.split(",")
    return _that_go_on((f"{before}{comma}{name}" for name in names if name not in given), begun)
