"""The expressions of a view or policy, as lints see them: a tree, where it stands, and what its columns are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.scopes import place_of
from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.diagnostics import Span
from mvc.expression import Expression
from mvc.expression.parse import folded
from mvc.model.origin import Origin
from mvc.model.policy import AllOf, AnyOf, Condition
from mvc.model.view import Aggregate, Declared, Sql

_SHIFT: Final = len("SELECT (")  # what `parse_expression` puts before a text, and sqlglot counts

TypeOf = Callable[[exp.Column], str | None]


@dataclass(frozen=True)
class PlacedExpression:
    """`type_of` gives a column's exact type where it is known."""

    ast: exp.Expr
    origin: Origin
    shift: int
    type_of: TypeOf

    def span(self, node: exp.Expr) -> Span:
        """Where a node of the tree stands."""
        start, end = place_of(node)
        return self.origin.part(start - self.shift, end - self.shift) if end > self.shift else self.origin.span


def sites(view: ResolvedView) -> Iterator[PlacedExpression]:
    """All expressions of a view."""
    if isinstance(view.query, AnalysedBody):
        analysis = view.query.analysis
        parsed = analysis.calls.parsed
        yield PlacedExpression(parsed.query, parsed.body.origin, 0, _body_types(analysis))
    elif isinstance(view.query, DeclaredQuery) and isinstance(view.view.body, Declared):
        types = tree_types(view.query.tree)
        yield from (_site(expression, origin, types) for expression, origin in _source_expressions(view.view.body))
        for measure in view.view.body.measures:
            if not isinstance(measure, Aggregate):
                yield _site(measure.sql.expression, measure.sql.origin, output_types(view))
                continue
            yield from (_site(sql.expression, sql.origin, types) for sql in (*measure.values, measure.where) if sql)
            yield from (_site(term.ordered.expression, term.origin, types) for term in measure.order)
        yield from _sites_after(view, view.view.body)


def _sites_after(view: ResolvedView, body: Declared) -> Iterator[PlacedExpression]:
    """Of windows and of what picks rows of the view."""
    terms = (Sql(term.ordered.expression, term.origin) for window in body.windows for term in window.order)
    for sql in (*(sql for window in body.windows for sql in window.sqls), *terms, body.having, body.keep):
        if sql:
            yield _site(sql.expression, sql.origin, output_types(view))


def condition_sites(condition: Condition, view: ResolvedView) -> Iterator[PlacedExpression]:
    """All expressions of a policy's condition."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from condition_sites(part, view)
    elif isinstance(condition, Sql):
        yield _site(condition.expression, condition.origin, output_types(view))


def output_types(view: ResolvedView) -> TypeOf:
    """Of the view's own columns."""

    def type_of(column: exp.Column) -> str | None:
        known = view.any_column(folded(column.this))
        return known.type if known else None

    return type_of


def _source_expressions(body: Declared) -> Iterator[tuple[Expression, Origin]]:
    sqls = [sql for source in body.sources for sql in (source.on, source.where)]
    sqls += [body.where, *(dimension.sql for dimension in body.dimensions)]
    return ((sql.expression, sql.origin) for sql in sqls if sql)


def _site(expression: Expression, origin: Origin, types: TypeOf) -> PlacedExpression:
    return PlacedExpression(expression.ast, origin, _SHIFT, types)


def _body_types(analysis: Analysis) -> TypeOf:
    def type_of(column: exp.Column) -> str | None:
        ref = analysis.refs.get(id(column))
        return ref.field.type if ref and ref.field else None

    return type_of


def tree_types(tree: JoinTree) -> TypeOf:
    def type_of(column: exp.Column) -> str | None:
        alias, name = folded(column.args.get("table")), folded(column.this)
        nodes = [tree[alias]] if alias in tree.nodes else [] if alias else list(tree.nodes.values())
        found = [node.readable for node in nodes if name in node.readable.columns]
        return found[0].type_of(name) if len(found) == 1 else None

    return type_of
