"""MV403: what depends on the time zone of the session that reads.

Not for materialized views: they are refreshed with the project's zone pinned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.lint.expressions import PlacedExpression, TypeOf, condition_sites, sites
from mvc.analysis.resolved import ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.expression.as_read import is_passage
from mvc.model.policy import Policy

CODE: Final = "MV403"
_LOCAL: Final = (exp.CurrentDate, exp.Localtimestamp, exp.Localtime)
_LOCAL_TYPES: Final = frozenset({"DATE", "TIMESTAMP", "TIME"})
_THROUGH: Final = (exp.Paren, exp.Coalesce, exp.Min, exp.Max, exp.TimestampTrunc, exp.DateTrunc)
_AWARE: Final = "timestamp with time zone"


def lint_zones(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings in the query of a plain view."""
    if view.view.kind == "plain":
        yield from _findings(sites(view), f"`{view.view.called}`")


def lint_policy_zones(view: ResolvedView, policy: Policy) -> Iterator[Diagnostic]:
    """The findings in a policy of the view."""
    return _findings(condition_sites(policy.condition, view), f"the policy `{policy.name}`")


def _findings(places: Iterable[PlacedExpression], named: str) -> Iterator[Diagnostic]:
    for site in places:
        for node in site.ast.walk():
            if what := _depends(node, site.type_of):
                title = f"{named} depends on the session's time zone: {what}"
                help_lines = (
                    "name the zone: (now() AT TIME ZONE 'Europe/Berlin')::date, date_trunc('day', at, 'UTC')",
                )
                yield warning(CODE, site.span(node), title, label="differs between sessions", help=help_lines)


def _depends(node: exp.Expr, type_of: TypeOf) -> str:
    """What a node asks of the session's zone, or nothing."""
    if isinstance(node, _LOCAL):
        return f"{node.sql_name()} is the date or time there" if isinstance(node, exp.Func) else ""
    if is_passage(node) and " at local" in f"{node.expressions[0].name} ":
        return "AT LOCAL is a time there"
    if isinstance(node, exp.Cast) and _type(node) in _LOCAL_TYPES and _is_aware(node.this, type_of):
        return f"a moment has another {_type(node).lower()} in each zone"
    if (
        isinstance(node, exp.TimestampTrunc | exp.DateTrunc)
        and not node.args.get("zone")
        and _is_aware(node.this, type_of)
    ):
        return "date_trunc cuts at that zone's midnight"
    return ""


def _type(node: exp.Cast) -> str:
    return str(getattr(node.args["to"].this, "name", ""))


def _is_aware(node: exp.Expr, type_of: TypeOf) -> bool:
    """Whether a value is known to be a moment (timestamptz)."""
    while isinstance(node, _THROUGH):
        node = node.this
    if isinstance(node, exp.CurrentTimestamp):
        return True
    if isinstance(node, exp.Cast):
        return _type(node) == "TIMESTAMPTZ"
    if isinstance(node, exp.Add | exp.Sub):
        interval = isinstance(node.args["expression"], exp.Interval)
        return interval and _is_aware(node.this, type_of)
    return isinstance(node, exp.Column) and type_of(node) == _AWARE
