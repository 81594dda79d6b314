"""MV405: results that depend on the order of rows where nothing gives them one. MV412: an order in which rows are equal. MV406: `*`, whose
columns come and go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.scopes import SelectScope, own_nodes
from mvc.analysis.refresh.undetermined import ties
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.expression.calls import is_window
from mvc.expression.parse import folded
from mvc.model.aggregates import Order, called
from mvc.model.view import Aggregate, Declared

UNORDERED: Final = "MV405"
STAR: Final = "MV406"
TIES: Final = "MV412"
_WINDOWS: Final = frozenset({"row_number", "first_value", "last_value", "nth_value", "lag", "lead", "ntile"})


def lint_order(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings of one view."""
    if isinstance(view.query, AnalysedBody):
        for scope in view.query.analysis.scopes:
            yield from _Select(scope, view.query.analysis).findings()
    elif isinstance(view.view.body, Declared):
        for measure in view.view.body.measures:
            if isinstance(measure, Aggregate) and _is_unordered(measure):
                title = f"the order within `{measure.name}` is left to chance"
                yield warning(
                    UNORDERED,
                    measure.origin.key_span,
                    title,
                    label="no `order`",
                    help="add `order`, or `distinct: true`",
                )


def lint_ties(view: ResolvedView) -> Iterator[Diagnostic]:
    """Values of rows that an order does not tell apart, and nor does a key, which else stands behind the order."""
    if not isinstance(view.query, DeclaredQuery):
        return
    for measure in ties(view.query):
        source = view.query.tree[measure.source]
        title = f"rows that are equal in the `order` of `{measure.name}` come in an order left to chance"
        yield warning(
            TIES,
            measure.aggregate.origin.key_span,
            title,
            label=f"`{source.readable.described}` has no key that would tell them apart",
            help="add to `order` what tells its rows apart, or give the table a PRIMARY KEY",
        )


def lint_stars(view: ResolvedView) -> Iterator[Diagnostic]:
    """A `*` through which a new column of a table would become one of the view."""
    if not isinstance(view.query, AnalysedBody):
        return
    origin = view.query.analysis.calls.parsed.body.origin
    fields = view.query.analysis.output.fields
    for at in sorted({item.star for item in fields if item.star is not None}):
        names = ", ".join(item.name for item in fields if item.star == at)
        title = "`*` takes whatever columns the table has when the view is built"
        yield warning(STAR, origin.part(at, at + 1), title, label="not a list", help=f"write the columns: {names}")


def _is_unordered(measure: Aggregate) -> bool:
    if measure.function != "sql":
        return measure.known.order is Order.DECIDES and not measure.order and not measure.distinct
    expression = measure.argument.expression if measure.argument else None
    if expression is None or any(isinstance(node, exp.Order | exp.Distinct) for node in own_nodes(expression.ast)):
        return False
    is_list = any(_needs_order(call.name) for call in expression.calls)
    return is_list or expression.ast.find(exp.GroupConcat) is not None


def _needs_order(name: str) -> bool:
    known = called(name)
    return known is not None and known.order is Order.DECIDES


class _Select:
    """One SELECT of a body."""

    def __init__(self, scope: SelectScope, analysis: Analysis) -> None:
        self.scope, self.calls = scope, analysis.calls
        self.origin = analysis.calls.parsed.body.origin

    def findings(self) -> Iterator[Diagnostic]:
        """Aggregates, windows, DISTINCT ON."""
        select = self.scope.select
        order = select.args.get("order")
        for node in own_nodes(*select.expressions, select.args.get("having"), *(order.expressions if order else ())):
            if isinstance(node, exp.Window):
                yield from self._window(node)
            elif self.calls.aggregates(node) and _needs_order(self.calls.name(node)) and not is_window(node):
                yield from self._aggregate(node)
        distinct = select.args.get("distinct")
        if distinct and distinct.args.get("on"):
            yield from self._distinct_on(distinct.args["on"], len(order.expressions) if order else 0)

    def _aggregate(self, node: exp.Expr) -> Iterator[Diagnostic]:
        ordered_source = len(self.scope.items) == 1 and self.scope.items[0].rows.ordered
        if ordered_source or any(isinstance(part, exp.Order | exp.Distinct) for part in own_nodes(node)):
            return
        name = self.calls.name(node)
        help_line = f"order it: {name}(… ORDER BY …)"
        yield self._finding(self.calls.place(node), f"the order within `{name}` is left to chance", help_line)

    def _window(self, node: exp.Window) -> Iterator[Diagnostic]:
        function = node.this
        while isinstance(function, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
            function = function.this
        name = self.calls.name(function)
        if name in _WINDOWS and not self._window_order(node):
            yield self._finding(
                self.calls.place(function),
                f"`{name}` counts rows in an order left to chance",
                "add ORDER BY to its OVER (…)",
            )

    def _window_order(self, node: exp.Expr) -> bool:
        """Whether a window, or the named one that it builds on, has an order."""
        if node.args.get("order"):
            return True
        base = folded(node.args.get("alias"))
        named = (item for item in self.scope.select.args.get("windows") or () if folded(item.this) == base)
        found = next(named, None) if base else None
        return found is not None and self._window_order(found)

    def _distinct_on(self, on: exp.Expr, ordered: int) -> Iterator[Diagnostic]:
        """The row that stays must be chosen by a term of ORDER BY that DISTINCT ON does not have."""
        if ordered <= len(on.expressions):
            place = self.calls.place(on)
            help_line = (
                "add ORDER BY with the same terms first, then what chooses: ORDER BY customer_id, created_at DESC"
            )
            yield self._finding(place, "which row DISTINCT ON keeps is left to chance", help_line)

    def _finding(self, place: tuple[int, int], title: str, help_line: str) -> Diagnostic:
        return warning(UNORDERED, self.origin.part(*place), title, label="no order", help=help_line)
