"""Explain a diagnostic: the rule behind it, why it exists, a wrong and a right example. Without a code: all of them.

Example:
  mvc explain MV301
"""

from __future__ import annotations

import argparse

from mvc.cli.context import Context, Failure
from mvc.diagnostics import did_you_mean


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="e.g. MV204")


def execute(options: argparse.Namespace, context: Context) -> int:
    """Prints one rule, or a line for each."""
    from mvc.diagnostics.rules import all_codes, rule
    from mvc.report.explain import render_rule

    if options.code is None:
        context.data("\n".join(f"{code}  {found.title}" for code in all_codes() if (found := rule(code))))
        return 0
    found = rule(options.code.upper())
    if found is None:
        raise Failure(f"there is no rule `{options.code}`", did_you_mean(options.code.upper(), all_codes(), "rules"))
    context.data(render_rule(found, context.data_style))
    return 0
