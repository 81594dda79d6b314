"""A view's own query, restricted to a window: the bounds reach the rows of the base, so that an index or partitions can serve.

The column of the view is a period of a column of the base. Around the query, the bounds would be compared with each row's period.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mvc.analysis.declared.tree import may_be_missing
from mvc.analysis.refresh.modes import Period
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.columns import never_null
from mvc.engines.postgres.deploy.storage import query_text, stored_query_text
from mvc.engines.postgres.query.period_bounds import periods
from mvc.expression import Expression, parse_expression

# Parameters are no part of an expression. As identifiers they pass the proof; the server must see parameters, since it plans for
# the values that these have: by a subquery's, it would take any window for half a percent of all rows.
_PARAMETERS: Final = {'"$1"': "$1", '"$2"': "$2"}


def window_query(view: ResolvedView, period: Period) -> str:
    """The rows of the view with all those of the window among them, and others; nothing where the period is no such thing. The
    window is told by the parameters `$1` and `$2`, which is not in it; NULL is no bound.
    """
    if not isinstance(view.query, DeclaredQuery):
        return ""
    expression = next(item.expression for item in view.query.dimensions if item.name == period.column)
    first = f"COALESCE(\"$1\"::{period.type}, '-infinity')"
    last = f"COALESCE(\"$2\"::{period.type}, 'infinity')"
    tests = periods(expression, view.query.tree, first, last)
    if not tests or not never_null(expression, view.query.tree, may_be_missing(view.query.tree)):
        return ""
    if any(name in query_text(view) for name in _PARAMETERS):
        return ""
    query = replace(view.query, where=(*view.query.where, *map(_condition, tests)))
    restricted = replace(view, query=query)
    text = stored_query_text(restricted, query_text(restricted))
    for name, parameter in _PARAMETERS.items():
        text = text.replace(name, parameter)
    return text


def _condition(text: str) -> Expression:
    """The condition, of which the view's own column alone is a column."""
    parsed = parse_expression(text)
    return replace(parsed, columns=tuple(ref for ref in parsed.columns if ref.qualifier))
