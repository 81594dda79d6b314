"""Validate the project: YAML, names, types, grain, access rules, schedules, indexes; all findings in one run.

With --server a real PostgreSQL also takes every generated statement, over the catalog's tables, empty: an embedded server, else the
one that URL leads to, which keeps nothing. It does so in a database made for the check, as a role without any right, and runs no
query, so it is safe on a stranger's project. A URL's role that may not make databases and roles is confined to what it may do
itself: give one that owns an empty database and has no other rights.

With --data what the specs claim without a key to prove it (`one: true`, a subquery's `key`) is held against the rows of a
real database, which is only read. The specs' own expressions run there as your role: not for a stranger's project.

With --modes it says for each view whether it can be refreshed incrementally (at the cost of what changed) or by a window of
time, why not, and what such refreshes do not notice.

With --format it writes the findings as other tools read them, paths relative to the folder that the command runs in.

Examples:
  mvc check --server
  mvc check --watch
  mvc check --format sarif > findings.sarif
  mvc check sales --modes
  mvc check --data postgresql:///shop
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from mvc.cli.command import command
from mvc.cli.options import NAMES, form, names, project, url_or_usual
from mvc.cli.values import USUAL, usual_or

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.compiled.project import Compiled
    from mvc.compiled.view import CompiledView
    from mvc.diagnostics import Diagnostic

FORMATS: Final = ("github", "sarif", "gitlab", "junit")
EMBEDDED: Final = "embedded"
UNPROVEN: Final = "PostgreSQL's own grammar was not asked, since its parser (postgast) has no build for this platform: mvc check --server asks a server"


@dataclass(frozen=True)
class Options:
    """The command line."""

    names: tuple[str, ...]
    server: str | None
    data: str | None
    modes: bool
    strict: bool
    format: str
    watch: bool


@command(Options)
@names(f"show what is found in these views: {NAMES}")
@url_or_usual("--server", EMBEDDED, "prove it on a server as well; safe on a stranger's project")
@url_or_usual("--data", USUAL, "hold claims against the data (default: DATABASE_URL)")
@click.option("--modes", is_flag=True, help="say how each view can be refreshed, and why not otherwise")
@click.option("--strict", is_flag=True, help="warnings are errors")
@form(
    ("text", "json", *FORMATS),
    "findings on stdout: as JSON, GitHub's annotations, SARIF 2.1.0, GitLab's code quality report, JUnit's XML",
)
@click.option("--watch", is_flag=True, help="check again after each change of a file, until interrupted")
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where there are errors."""
    if options.watch:
        from mvc.cli.watching import watch

        return watch(context.folder(), lambda: _once_more(options, context))
    return _once(options, context)


def _once_more(options: Options, context: Context) -> int:
    context.talk(f"\n{time.strftime('%H:%M:%S')} checking")
    return _once(options, context)


def _once(options: Options, context: Context) -> int:
    from mvc.report.findings.modes import engine_json, modes_json, modes_text
    from mvc.report.findings.text import summary
    from mvc.sql.parser import is_available

    found, said, views = _findings(options, context)
    failed = any(item.severity == "error" or options.strict for item in found)
    if options.format == "json":
        from mvc.report.text.json_output import diagnostics_json

        document = {"format": "mvc.diagnostics", "version": 1, "diagnostics": diagnostics_json(found)}
        if options.modes:
            document["modes"] = modes_json(views)
            document["engine"] = engine_json()
        context.json(document)
        return int(failed)
    if options.format in FORMATS:
        from mvc.report.findings.for_tools import findings_text

        context.data(findings_text(options.format, found, os.path.relpath(context.folder()).replace(os.sep, "/")))
        return int(failed)
    context.show(found, every=options.strict)
    if options.modes and views:
        context.data(modes_text(views, context.data_style))
    if not is_available():
        context.talk(UNPROVEN)
    for line in _remarks(options, views, failed=failed):
        context.talk(line)
    context.talk(f"{said}: {summary(found) if found else 'no errors, no warnings'}")
    return int(failed)


def _remarks(options: Options, views: Sequence[CompiledView], *, failed: bool) -> Iterator[str]:
    """What is no fault and worth a line: that there is no view, views that nobody may read, what only a server knows."""
    if failed:
        return
    if not views:
        yield "no view was found: each is a file of its own, views/NAME.yml"
    unread = [view.called for view in views if not view.readers]
    if unread:
        more = f" and {len(unread) - 5} more" if len(unread) > 5 else ""
        yield f"no policy names {', '.join(unread[:5])}{more}: only their owner reads them"
    if views and not options.server:
        yield "not proven: what only a server knows, such as functions of your own and what is in the data; mvc check --server asks one"


def _findings(options: Options, context: Context) -> tuple[tuple[Diagnostic, ...], str, tuple[CompiledView, ...]]:
    from mvc.diagnostics import ProjectError
    from mvc.library.checks import check_compiled

    try:
        compiled = context.compile_silently(tell=True)
    except ProjectError as problem:
        return problem.diagnostics, "checked", ()
    said = f"checked {_counts(compiled)}"
    if not options.server and options.data is None:
        return _chosen(compiled.diagnostics, said, compiled, options.names)
    with ExitStack() as stack:
        data = stack.enter_context(context.connect(usual_or(options.data))) if options.data is not None else None
        checked = check_compiled(context.load(), compiled, server=options.server, data=data)
        if checked.server:
            said += f", on PostgreSQL {checked.server}"
        if data:
            said += f", and {sum(len(view.claims) for view in compiled.views)} claims on {data.info.dbname}"
    return _chosen(checked.diagnostics, said, compiled, options.names)


def _chosen(
    found: tuple[Diagnostic, ...], said: str, compiled: Compiled, names: Sequence[str]
) -> tuple[tuple[Diagnostic, ...], str, tuple[CompiledView, ...]]:
    """What was found in the files of the views that are asked for; the whole project is checked all the same."""
    if not names:
        return found, said, compiled.views
    from mvc.cli.selection import chosen_names

    wanted = set(chosen_names(compiled, names))
    views = tuple(view for view in compiled.views if view.called in wanted)
    paths = {view.path for view in views}
    return tuple(item for item in found if item.span.path in paths), f"{said}; of {', '.join(sorted(wanted))}", views


def _counts(compiled: Compiled) -> str:
    from mvc.compiled.schedule import PARTITIONS

    schedules = [schedule for schedule in compiled.schedules if schedule.mode != PARTITIONS]
    counted = ((len(compiled.views), "view"), (compiled.policies, "polic"), (len(schedules), "schedule"))
    endings = {"polic": ("y", "ies")}
    return ", ".join(f"{count} {word}{endings.get(word, ('', 's'))[count != 1]}" for count, word in counted)
