"""Explain a diagnostic: the rule behind it, why it exists, a wrong and a right example. Without a code: all of them, one a line.

Words in the place of a code are looked for in the rules: what is found is listed, and a single one explained.

Examples:
  mvc explain MV301
  mvc explain time zone
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvc.cli.candidates import rule_codes
from mvc.cli.command import command
from mvc.cli.failure import Failure
from mvc.cli.options import argument

if TYPE_CHECKING:
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options:
    """The command line."""

    code: tuple[str, ...]


@command(Options)
@argument("code", "[CODE …]", "e.g. MV204, or words to look for", nargs=-1, shell_complete=rule_codes)
def execute(options: Options, context: Context) -> int:
    """Prints one rule, or a line for each. Raises Failure where nothing is found."""
    from mvc.diagnostics import did_you_mean
    from mvc.diagnostics.rules import all_codes, looks_like_a_code, matching, rule
    from mvc.report.findings.explain import render_rule

    asked = " ".join(options.code)
    found = rule(asked.upper()) if asked else None
    if found is None and looks_like_a_code(asked):
        raise Failure(f"there is no rule `{asked}`", did_you_mean(asked.upper(), all_codes(), "rules"))
    rules = (found,) if found else matching(options.code)
    if not rules:
        raise Failure(f"no rule speaks of `{asked}`", "`mvc explain` lists all of them")
    if len(rules) == 1:
        context.data(render_rule(rules[0], context.data_style))
    else:
        context.data("\n".join(f"{item.code}  {item.title}" for item in rules))
    return 0
