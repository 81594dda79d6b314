"""Types and NOT NULL of a view's columns, where they follow from the catalog without asking a server; else unknown.

`mvc check --server` compares these claims with what a server says. The types of aggregates are in `model/aggregates.py`.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from mvc.analysis.declared.grain import ResolvedDimension
from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.scope import bare_column
from mvc.catalog.types import Column, plain_type
from mvc.expression import Expression
from mvc.expression.parse import folded

_DATE, _LOCAL, _MOMENT = "date", "timestamp without time zone", "timestamp with time zone"
_CASTS: Final = {
    exp.DataType.Type.DATE: _DATE,
    exp.DataType.Type.TIMESTAMP: _LOCAL,
    exp.DataType.Type.TIMESTAMPTZ: _MOMENT,
}
TRUNCATING: Final = (exp.TimestampTrunc, exp.DateTrunc)  # date_trunc, as sqlglot reads it
_KEEPING_TIME: Final = (*TRUNCATING, exp.AtTimeZone, exp.Paren)
_IN_ZONE: Final = {_MOMENT: _LOCAL, _LOCAL: _MOMENT, _DATE: _LOCAL}
_TRUNCATED: Final = {_MOMENT: _MOMENT, _LOCAL: _LOCAL, _DATE: _MOMENT}


def column_of(expression: Expression, tree: JoinTree) -> Column | None:
    """The base-table column that an expression is, or None."""
    ref = bare_column(expression)
    return tree[ref.qualifier].readable.columns.get(ref.name) if ref and ref.qualifier else None


def expression_type(expression: Expression, tree: JoinTree) -> str | None:
    """The exact type of a column, and of a date or time that is computed in one of the usual ways; for anything else only a
    server knows it.
    """
    column = column_of(expression, tree)
    return column.type if column else _time_type(expression.ast, tree)


def dimension_type(item: ResolvedDimension, tree: JoinTree) -> str | None:
    """The exact type of a dimension: the one that it is cast to, else that of its expression."""
    return item.dimension.type.name if item.dimension.type else expression_type(item.expression, tree)


def _time_type(node: exp.Expression, tree: JoinTree) -> str | None:
    if isinstance(node, exp.Column):
        column = tree[folded(node.args["table"])].readable.columns.get(folded(node.this))
        return column.type if column and plain_type(column.type) in _TRUNCATED else None
    if isinstance(node, exp.Cast):
        return None if node.to.expressions else _CASTS.get(node.to.this)
    inner = _time_type(node.this, tree) if isinstance(node, _KEEPING_TIME) else None
    if isinstance(node, exp.AtTimeZone):
        return _IN_ZONE.get(plain_type(inner) or "")
    return _TRUNCATED.get(plain_type(inner) or "") if isinstance(node, TRUNCATING) else inner


def measure_type(measure: Measure, tree: JoinTree) -> str | None:
    """The type that PostgreSQL gives the aggregate, or None where it depends on more than a column."""
    argument = plain_type(expression_type(measure.argument, tree)) if measure.argument else None
    return measure.function.result(argument or "") if measure.function.result else None


# Operations that give NULL only for NULL.
_STRICT: Final = (
    exp.Paren,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Neg,
    exp.Not,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.And,
    exp.Or,
    exp.Cast,
    *TRUNCATING,
    exp.AtTimeZone,
    exp.Lower,
    exp.Upper,
    exp.Interval,
    exp.Extract,
    exp.Div,
)
_CLOCK: Final = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp)
_NEVER: Final = (exp.Literal, exp.Boolean, *_CLOCK, exp.DataType, exp.Var, exp.Is)


def never_null(expression: Expression, tree: JoinTree, missing: frozenset[str]) -> bool:
    """Whether the value cannot be NULL. `missing` are the aliases whose row may be absent."""
    return _never_null(expression.ast, tree, missing)


def _never_null(node: exp.Expression, tree: JoinTree, missing: frozenset[str]) -> bool:
    """A chain of a thousand ANDs is as deep, so what must hold of every operand is not asked recursively."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.Column):
            alias, name = folded(item.args["table"]), folded(item.this)
            if alias in missing or not tree[alias].readable.not_null((name,)):
                return False
        elif isinstance(item, exp.Coalesce):
            if not any(_never_null(part, tree, missing) for part in (item.this, *item.expressions)):
                return False
        elif isinstance(item, _NEVER):
            continue
        elif isinstance(item, _STRICT) and not _loses(item, tree):
            waiting.extend(item.iter_expressions())
        else:
            return False
    return True


def _loses(node: exp.Expression, tree: JoinTree) -> bool:
    """NULL for what is none: the day of infinity (manual, "Date/Time Functions"), and a jsonb null cast to a scalar since PostgreSQL 18."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Column):
        column = tree[folded(node.this.args["table"])].readable.columns.get(folded(node.this.this))
        return column is None or column.type == "jsonb"
    return isinstance(node, exp.Extract) and node.find(exp.Column) is not None
