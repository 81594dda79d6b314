"""Show what is deployed: rows, sizes, the age of the data, the last refresh of each view; what is not as the last deployment
left it; what no reader uses any more.

Example:
  mvc status --database postgresql:///shop
"""

from __future__ import annotations

import argparse
import json

from mvc.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--database", metavar="URL", help="where (default: DATABASE_URL, then libpq's variables)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: versioned, see docs/json.md")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Always 0 where the database answers."""
    from mvc.postgres.connection import connect
    from mvc.postgres.status import status
    from mvc.report.status import status_json, status_text

    compiled = context.deployed()
    with connect(options.database) as connection:
        found = status(connection, compiled)
    if options.format == "json":
        context.data(json.dumps(status_json(found), indent=2, ensure_ascii=False))
    else:
        context.data(status_text(found, context.data_style))
    return 0
