"""Numbers that are added, subtracted and multiplied without a loss: whose sums come out the same in any order."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from mvc.analysis.declared.tree import JoinTree
from mvc.catalog.types import plain_type
from mvc.expression import Expression
from mvc.expression.parse import folded

_TYPES: Final = ("smallint", "integer", "bigint", "numeric")  # of two of them, an operation gives the later one


def exact_number(expression: Expression, tree: JoinTree) -> str | None:
    """The type of a column, or of what is computed of some, as far as it is such a number; else None.

    Rule source: PostgreSQL manual, Mathematical Functions and Operators, and Lexical Structure (Numeric Constants).
    """
    return _type(expression.ast, tree)


def _type(node: exp.Expr, tree: JoinTree) -> str | None:
    if isinstance(node, exp.Column):
        column = tree[folded(node.args["table"])].readable.columns.get(folded(node.this))
        found = plain_type(column.type) if column else None
        return found if found in _TYPES else None
    if isinstance(node, exp.Literal) and not node.is_string:
        return "integer" if node.this.isdecimal() and int(node.this) < 2**31 else "numeric"
    if isinstance(node, exp.Paren | exp.Neg):
        return _type(node.this, tree)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul):
        left, right = _type(node.left, tree), _type(node.right, tree)
        return max(left, right, key=_TYPES.index) if left and right else None
    return None
