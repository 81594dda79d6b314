"""MV427 and MV428: what a `sql:` body is surely not meant to say: NOT IN over values that may be NULL, a grain that is less than GROUP BY."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.equations import conditions
from mvc.analysis.body.scopes import Output, Ref, SelectScope, columns_under, place_of, unwrapped
from mvc.analysis.resolved import ResolvedView
from mvc.diagnostics import Diagnostic, warning

NULLS: Final = "MV427"
GRAIN: Final = "MV428"


def lint_bodies(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings of a body."""
    if not isinstance(view.query, AnalysedBody):
        return
    analysis = view.query.analysis
    by_select = {id(scope.select): scope for scope in analysis.scopes}
    for node in analysis.parsed.query.walk():
        query = _excluded(node)
        scope = by_select.get(id(query)) if query is not None else None
        if scope and query is not None and (name := _nullable(scope, analysis)):
            yield _null_among(node, name, analysis)
    outermost = by_select.get(id(analysis.parsed.select))
    if view.grain and not view.proven and outermost is not None:
        yield from _less_than_grouped(view, outermost, analysis)


def _excluded(node: exp.Expr) -> exp.Expr | None:
    """The SELECT of `x NOT IN (SELECT …)` or `x <> ALL (SELECT …)`."""
    inner = unwrapped(node.this) if isinstance(node, exp.Not) else None
    query = inner.args.get("query") if isinstance(inner, exp.In) else None
    if isinstance(node, exp.NEQ) and isinstance(node.args["expression"], exp.All):
        query = node.args["expression"].this
    return query.unnest() if isinstance(query, exp.Query) else None


def _nullable(scope: SelectScope, analysis: Analysis) -> str:
    """The name of the one column of a query, if it is a table's that may be NULL and no condition leaves NULLs out."""
    output = scope.outputs[0] if len(scope.outputs) == 1 and not scope.grouping else None
    if output is None or output.ref is None or output.ref.field is None or not scope.nullable(output.ref):
        return ""
    ref = output.ref
    if ref.scope is not scope or any(_reads(condition, ref, analysis) for condition in conditions(scope)):
        return ""
    return f"{ref.item.alias}.{ref.field.name}" if ref.field else ""


def _reads(condition: exp.Expr, wanted: Ref, analysis: Analysis) -> bool:
    """Whether a condition reads the column: whatever it asks, it may leave NULLs out."""
    refs = (analysis.refs.get(id(column)) for column in columns_under(condition))
    return any(ref is not None and ref.item is wanted.item and ref.field == wanted.field for ref in refs)


def _null_among(node: exp.Expr, name: str, analysis: Analysis) -> Diagnostic:
    asked = node.this if isinstance(node, exp.Not) else node
    span = analysis.parsed.body.origin.part(*place_of(asked.this if isinstance(asked, exp.In) else asked))
    title = f"NOT IN is never true once `{name}` is NULL in one row of the query"
    help_line = f"leave these out: WHERE {name} IS NOT NULL; or write NOT EXISTS (SELECT … WHERE {name} = …)"
    return warning(NULLS, span, title, label="compared with all of them", help=help_line)


def _less_than_grouped(view: ResolvedView, scope: SelectScope, analysis: Analysis) -> Iterator[Diagnostic]:
    """GROUP BY makes a row of each combination; where `grain` names some of its columns only, nothing says that these tell the rows apart."""
    if scope.sets or scope.select.args.get("distinct") or scope.open:
        return
    grouped = [
        next((item for item in scope.outputs if _is_term(item, term, analysis)), None) for term in scope.grouping
    ]
    names = {item.field.name for item in grouped if item}
    grain = view.grain or ()
    if not set(grain) <= names or not (more := [item for item in grouped if item and item.field.name not in grain]):
        return
    whole = ", ".join((*grain, *dict.fromkeys(item.field.name for item in more)))
    title = f"two rows can share the grain ({', '.join(grain)}): the query groups by `{more[0].field.name}` as well"
    help_line = f"write grain: [{whole}]; or, if one follows from the other, aggregate it: min({more[0].field.name})"
    yield warning(GRAIN, view.view.origin.at("grain").span, title, label="less than GROUP BY", help=help_line)


def _is_term(output: Output, term: exp.Expr, analysis: Analysis) -> bool:
    """Whether an output column is what is grouped by."""
    if output.node is not None and unwrapped(output.node) is term:
        return True
    ref = analysis.refs.get(id(term))
    return ref is not None and output.ref is not None and ref.item is output.ref.item and ref.field == output.ref.field
