"""Show what is deployed: rows, sizes, the age of the data beside what was promised, the last refreshes, reads of each view; what is
not as the last deployment left it; what no reader uses any more.

Examples:
  mvc status --database postgresql:///shop
  mvc status sales tag:finance
  mvc status --html status.html
  mvc status --check --alert        from cron: exit code 1 and a NOTIFY where a promise is broken
  mvc status --format prometheus > /var/lib/node_exporter/mvc.prom
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mvc.cli.candidates import files
from mvc.cli.command import command
from mvc.cli.options import NAMES, database, form, names, project
from mvc.cli.output import refuse_way_out
from mvc.compiled.called import spellings

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.compiled.project import Compiled
    from mvc.engines.postgres.server.status import Status


@dataclass(frozen=True)
class Options:
    """The command line."""

    names: tuple[str, ...]
    database: str | None
    format: str
    json: bool
    html: str | None
    check: bool
    alert: bool


@command(Options)
@names(f"{NAMES} (default: all)")
@database()
@form(("text", "json", "prometheus"), "json: versioned, see docs/json.md")
@click.option("--json", is_flag=True, allow_from_autoenv=False, help="the same as --format json")
@click.option(
    "--html", metavar="FILE", shell_complete=files, help="write a page with graphs, one file that needs no other"
)
@click.option(
    "--check",
    is_flag=True,
    help="exit code 1 where a promise is broken, the last refresh failed, a view is broken, or nothing is deployed",
)
@click.option("--alert", is_flag=True, help="NOTIFY the project's channel of newly broken promises and views")
@project
def execute(options: Options, context: Context) -> int:
    """0 where the database answers; with --check 1 where something is wrong with the views."""
    from mvc.cli.selection import names_among
    from mvc.engines.postgres.server.status import alert, status

    compiled = context.deployed()
    with context.connect(options.database) as connection:
        found = status(connection, compiled)
        if options.names and found.deployment:
            declared = {view.called: view for view in compiled.views}
            known = {view.called: declared.get(view.called, view) for view in found.views}
            places = spellings({(view.schema, view.view): view.called for view in found.views})
            found = found.of(set(names_among(known, options.names, places)))
        told = alert(connection, compiled) if options.alert and found.deployment else 0
    if options.html:
        _write_page(Path(options.html), found, compiled, context)
    else:
        _show(found, "json" if options.json else options.format, context)
    if told:
        context.talk(f"told of {told} broken {'promise or view' if told == 1 else 'promises or views'}")
    return int(options.check and found.troubled)


def _show(found: Status, form: str, context: Context) -> None:
    from mvc.report.status.prometheus import prometheus_text
    from mvc.report.status.text import status_json, status_text

    if form == "json":
        context.json(status_json(found))
    elif form == "prometheus":
        context.data(prometheus_text(found), exact=True)
    else:
        context.data(status_text(found, context.data_style))


def _write_page(path: Path, found: Status, compiled: Compiled, context: Context) -> None:
    from mvc.report.status.html.page import status_page

    refuse_way_out(context, path)
    path.write_text(status_page(found, compiled.project, compiled.timezone), encoding="utf-8")
    context.talk(f"written: {path}")
