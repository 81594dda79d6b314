"""An expression taken apart at its top: conjuncts, disjuncts, the two sides of an equation.

The pieces are cut from the author's tokens and accepted only if they parse to exactly the branches of the parsed whole, so
BETWEEN … AND and CASE … END cannot be cut by mistake; what cannot be cut stays in one piece.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import Token, TokenType, exp

from mvc.expression.expression import Expression, ExpressionError
from mvc.expression.parse import parse_expression
from mvc.expression.tokens import tokens_of

_OPEN = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE)
_CLOSE = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END)


@lru_cache(maxsize=8192)
def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """The parts that AND joins; the expression itself where there is no AND at its top."""
    inner = without_parentheses(expression)
    return _cut(inner, exp.And, TokenType.AND) if isinstance(inner.ast, exp.And) else (expression,)


@lru_cache(maxsize=8192)
def disjuncts(expression: Expression) -> tuple[Expression, ...]:
    """The parts that OR joins; the expression itself where there is no OR at its top."""
    inner = without_parentheses(expression)
    return _cut(inner, exp.Or, TokenType.OR) if isinstance(inner.ast, exp.Or) else (expression,)


def equation(expression: Expression) -> tuple[Expression, Expression] | None:
    """Both sides of `a = b`, or None."""
    return compared(expression) if isinstance(without_parentheses(expression).ast, exp.EQ) else None


_COMPARISONS = (
    (exp.EQ, TokenType.EQ),
    (exp.LT, TokenType.LT),
    (exp.LTE, TokenType.LTE),
    (exp.GT, TokenType.GT),
    (exp.GTE, TokenType.GTE),
)


@lru_cache(maxsize=8192)
def compared(expression: Expression) -> tuple[Expression, Expression] | None:
    """Both sides of `=`, `<`, `<=`, `>` or `>=`, or None."""
    inner = without_parentheses(expression)
    for node, separator in _COMPARISONS:
        if type(inner.ast) is node:
            sides = _cut(inner, node, separator)
            return (sides[0], sides[1]) if len(sides) == 2 else None
    return None


@lru_cache(maxsize=8192)
def between(expression: Expression) -> tuple[Expression, Expression, Expression] | None:
    """The three parts of `a BETWEEN b AND c`, or None."""
    inner = without_parentheses(expression)
    if not isinstance(inner.ast, exp.Between) or inner.ast.args.get("symmetric"):
        return None
    first = _pieces(inner.text, TokenType.BETWEEN, 2)
    bounds = _pieces(first[-1], TokenType.AND, 2)
    try:
        parts = tuple(parse_expression(piece) for piece in (first[0], *bounds))
    except ExpressionError:
        return None
    meant = [inner.ast.this, inner.ast.args["low"], inner.ast.args["high"]]
    return (parts[0], parts[1], parts[2]) if [part.ast for part in parts] == meant else None


def without_parentheses(expression: Expression) -> Expression:
    """The expression inside of any parentheses around the whole."""
    while isinstance(expression.ast, exp.Paren):
        text = expression.text.strip()
        expression = parse_expression(text[1:-1].strip())
    return expression


def _cut(expression: Expression, joined: type[exp.Expression], separator: TokenType) -> tuple[Expression, ...]:
    branches = _branches(expression.ast, joined)
    pieces = _pieces(expression.text, separator, len(branches))
    try:
        parts = tuple(parse_expression(piece) for piece in pieces)
    except ExpressionError:
        return (expression,)
    same = len(parts) == len(branches) and all(part.ast == branch for part, branch in zip(parts, branches, strict=True))
    return parts if same else (expression,)


def _branches(node: exp.Expression, joined: type[exp.Expression]) -> list[exp.Expression]:
    """Left-deep chains only: `a AND (b AND c)` has two branches, the second in parentheses."""
    branches: list[exp.Expression] = []
    while type(node) is joined:
        branches.append(node.args["expression"])
        node = node.this
    return [node, *reversed(branches)]


def _pieces(text: str, separator: TokenType, wanted: int) -> list[str]:
    """The text cut at its top-level separators; the ANDs of a BETWEEN do not count."""
    cuts = _cuts(list(tokens_of(text)), separator)
    if len(cuts) != wanted - 1:
        return [text]
    starts = [0, *(token.end + 1 for token in cuts)]
    ends = [*(token.start for token in cuts), len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _cuts(tokens: list[Token], separator: TokenType) -> list[Token]:
    cuts: list[Token] = []
    depth, between = 0, 0
    for token in tokens:
        kind = token.token_type
        depth += (kind in _OPEN) - (kind in _CLOSE)
        if depth == 0 and kind is TokenType.BETWEEN and separator is not kind:
            between += 1
        elif depth == 0 and kind is separator and between and separator is TokenType.AND:
            between -= 1
        elif depth == 0 and kind is separator:
            cuts.append(token)
    return cuts
