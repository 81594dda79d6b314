"""SQL expressions of a spec: parsed, proven to be the one expression they claim to be, and kept in the author's words."""

from mvc.expression.expression import Call, ColumnRef, Expression, ExpressionError
from mvc.expression.ordered import Ordered, parse_ordered
from mvc.expression.parse import parse_expression

__all__ = ["Call", "ColumnRef", "Expression", "ExpressionError", "Ordered", "parse_expression", "parse_ordered"]
