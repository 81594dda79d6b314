"""MV426: rows that an outer join keeps and WHERE throws away again, because a condition is never true of what the join has filled with NULLs.

PostgreSQL's comparisons are strict: of a NULL they are NULL, and WHERE keeps what is true (manual, "Comparison Functions and Operators").
`IS NOT NULL` says by itself that only rows with a value are meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.scopes import FromItem, SelectScope, place_of, unwrapped
from mvc.analysis.declared.tree import JoinTree, may_be_missing
from mvc.analysis.lint.expressions import PlacedExpression, sites
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.expression.parse import folded
from mvc.model.view import Declared

CODE: Final = "MV426"
_COMPARISONS: Final = (
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.Like, exp.ILike, exp.SimilarTo),
    *(exp.RegexpLike, exp.RegexpILike),
)
# Of a NULL operand these are NULL.
_STRICT: Final = (
    *(exp.Paren, exp.Cast, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Lower, exp.Upper, exp.AtTimeZone),
    *(exp.TimestampTrunc, exp.DateTrunc, exp.Trim, exp.Length, exp.Extract, exp.Collate),
)

Of = Callable[[exp.Column], str | None]  # the alias that may lack a row, and that a column is of


def lint_outer(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings of one view, one for each source."""
    if isinstance(view.query, AnalysedBody):
        for scope in view.query.analysis.scopes:
            yield from _of_select(scope, view.query.analysis)
    elif isinstance(view.query, DeclaredQuery) and isinstance(view.view.body, Declared) and view.view.body.where:
        where = view.view.body.where.expression.ast
        site = next(site for site in sites(view) if site.ast is where)
        yield from _of_declared(view.query.tree, site)


def _of_declared(tree: JoinTree, site: PlacedExpression) -> Iterator[Diagnostic]:
    missing = may_be_missing(tree)

    def of(column: exp.Column) -> str | None:
        alias = folded(column.args.get("table"))
        found = (
            [alias] if alias else [item for item, node in tree.nodes.items() if column.name in node.readable.columns]
        )
        return found[0] if len(found) == 1 and found[0] in missing else None

    for alias, node in _thrown_away(site.ast, of).items():
        title = f"`where` leaves out the rows of `{tree.base.alias}` that have no `{alias}`"
        help_line = f"`required: true` at `{alias}` says that only rows with one are meant; to keep the others, add OR {alias}.… IS NULL"
        yield warning(CODE, site.span(node), title, label="never true without one", help=help_line)


def _of_select(scope: SelectScope, analysis: Analysis) -> Iterator[Diagnostic]:
    where = scope.select.args.get("where")
    if where is None or not scope.missing:
        return
    items: dict[str, FromItem] = {item.alias: item for item in scope.missing if not _is_made_sure(item, scope)}

    def of(column: exp.Column) -> str | None:
        ref = analysis.refs.get(id(column))
        return ref.item.alias if ref and ref.scope is scope and items.get(ref.item.alias) is ref.item else None

    for alias, node in _thrown_away(where.this, of).items():
        title = f"WHERE leaves out all rows that the outer join keeps without a row of `{alias}`"
        help_line = "put the condition into ON, where it only picks rows to join; or write JOIN, if only rows with one are meant"
        span = analysis.parsed.body.origin.part(*place_of(node))
        yield warning(CODE, span, title, label=f"never true without `{alias}`", help=help_line)


def _is_made_sure(item: FromItem, scope: SelectScope) -> bool:
    """Whether WHERE asks for a row of the item in so many words: `c.id IS NOT NULL`."""
    asked = scope.select.args["where"].this.find_all(exp.Is)
    sure = (node.this for node in asked if node.args.get("negate") or isinstance(node.parent, exp.Not))
    return any(folded(column.args.get("table")) == item.alias for node in sure for column in node.find_all(exp.Column))


def _thrown_away(condition: exp.Expr, of: Of) -> dict[str, exp.Expr]:
    """The aliases without whose rows a condition is never true, each with what says so."""
    node = unwrapped(condition)
    if isinstance(node, exp.And):
        return {**_thrown_away(node.args["expression"], of), **_thrown_away(node.this, of)}
    if isinstance(node, exp.Or):
        left, right = _thrown_away(node.this, of), _thrown_away(node.args["expression"], of)
        return {alias: place for alias, place in left.items() if alias in right}
    if isinstance(node, exp.Not):
        inner = unwrapped(node.this)
        return _compared(inner, of) if isinstance(inner, (*_COMPARISONS, exp.In, exp.Column)) else {}
    return _compared(node, of)


def _compared(node: exp.Expr, of: Of) -> dict[str, exp.Expr]:
    """The aliases of which a strict comparison reads a value."""
    operands = [node] if isinstance(node, exp.Column) else [node.this] if isinstance(node, exp.In) else []
    if isinstance(node, _COMPARISONS):
        operands = [part for part in node.iter_expressions() if not isinstance(part, exp.Any | exp.All)]
    found: dict[str, exp.Expr] = {}
    for operand in operands:
        found |= dict.fromkeys(_carried(operand, of), node)
    return found


def _carried(operand: exp.Expr, of: Of) -> Iterator[str]:
    """The aliases with whose NULLs an operand is NULL."""
    stack = [operand]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Column):
            alias = of(node)
            yield from (alias,) if alias else ()
        elif isinstance(node, _STRICT):
            stack.extend(node.iter_expressions())
