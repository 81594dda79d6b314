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

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from mvc.cli.context import Context
from mvc.cli.output import refuse_way_out
from mvc.cli.selection import NAMES, names_among
from mvc.cli.values import database_url

if TYPE_CHECKING:
    from mvc.compiled import Compiled
    from mvc.postgres.status import Status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{NAMES} (default: all)")
    parser.add_argument(
        "--database", type=database_url, metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)"
    )
    formats = ("text", "json", "prometheus")
    parser.add_argument("--format", choices=formats, default="text", help="json: versioned, see docs/json.md")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    parser.add_argument(
        "--html", metavar="FILE", type=Path, help="write a page with graphs, one file that needs no other"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit code 1 where a promise is broken, the last refresh failed, a view is broken, or nothing is deployed",
    )
    parser.add_argument(
        "--alert", action="store_true", help="NOTIFY the project's channel of newly broken promises and views"
    )


def execute(options: argparse.Namespace, context: Context) -> int:
    """0 where the database answers; with --check 1 where something is wrong with the views."""
    from mvc.postgres.connection import connect
    from mvc.postgres.status import alert, status

    compiled = context.deployed()
    with connect(options.database) as connection:
        found = status(connection, compiled)
        if options.names and found.deployment:
            declared = {view.name: view for view in compiled.views}
            known = {view.view: declared.get(view.view, view) for view in found.views}
            found = found.of(set(names_among(known, options.names)))
        told = alert(connection, compiled) if options.alert and found.deployment else 0
    if options.html:
        _write_page(options.html, found, compiled, context)
    else:
        context.data(_shown(found, options.format, context), exact=options.format != "text")
    if told:
        context.talk(f"told of {told} broken {'promise or view' if told == 1 else 'promises or views'}")
    return int(options.check and found.troubled)


def _shown(found: Status, form: str, context: Context) -> str:
    from mvc.report.prometheus import prometheus_text
    from mvc.report.status import status_json, status_text

    if form == "json":
        return json.dumps(status_json(found), indent=2, ensure_ascii=False)
    return prometheus_text(found) if form == "prometheus" else status_text(found, context.data_style)


def _write_page(path: Path, found: Status, compiled: Compiled, context: Context) -> None:
    from mvc.report.html.page import status_page

    refuse_way_out(context, path)
    path.write_text(status_page(found, compiled.project, compiled.timezone), encoding="utf-8")
    context.talk(f"written: {path}")
