"""Whether PostgreSQL groups an expression as sqlglot does: `a = 1 && b` is `a = (1 && b)` to the one, `(a = 1) && b` to the other.

Every operation of sqlglot's tree that stands without brackets inside of another one must be one that PostgreSQL's precedences
put there. Rule source: the %left, %right and %nonassoc lines of src/backend/parser/gram.y, 15 to 18, lowest first.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from mvc.expression.expression import SettledError

_NOT: Final = 3
_IS: Final = 4
_COMPARED: Final = 5
_RANGE: Final = 6
_OTHER: Final = 7  # every operator that has no line of its own
_SIGNED: Final = 13
_ONE_SIDED: Final = frozenset((_IS, _COMPARED, _RANGE))  # a < b < c is none
_LEVELS: Final[dict[type[exp.Expr], int]] = {
    exp.Or: 1,
    exp.And: 2,
    exp.Not: _NOT,
    **dict.fromkeys((exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ), _IS),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _COMPARED),
    **dict.fromkeys((exp.Between, exp.In, exp.Like, exp.ILike, exp.SimilarTo, exp.Escape), _RANGE),
    **dict.fromkeys((exp.Add, exp.Sub), 8),
    **dict.fromkeys((exp.Mul, exp.Div, exp.Mod), 9),
    exp.Pow: 10,
    exp.AtTimeZone: 11,
    exp.Collate: 12,
    exp.Neg: _SIGNED,
    exp.BitwiseNot: _OTHER,
}
_NO_OPERATORS: Final = (exp.Dot, exp.Slice, exp.Kwarg, exp.PropertyEQ, exp.Overlaps, exp.Connector)
_PATTERNS: Final = (exp.Like, exp.ILike, exp.SimilarTo)
_PREFIXES: Final = (exp.Not, exp.Neg, exp.BitwiseNot)


def check_precedence(text: str, ast: exp.Expr, shift: int) -> None:
    """Raises ExpressionError where PostgreSQL would group it otherwise. Places in `meta` are `shift` characters too high."""
    for node in ast.walk():
        level = _level(node)
        if level is None:
            continue
        for inner in _operands(node):
            if not _fits(node, level, inner):
                raise _grouped_otherwise(text, inner, shift)


def _level(node: exp.Expr | None) -> int | None:
    """How tightly an operation binds; None for what is none, calls of functions with a node of their own included."""
    if node is None or (isinstance(node, exp.Func) and "start" in node.meta):
        return None
    if isinstance(node, exp.Not) and isinstance(node.this, exp.RegexpLike | exp.RegexpILike) and node.arg_key != "this":
        return _NOT
    known = _LEVELS.get(type(node))
    if known is None and isinstance(node, exp.Binary) and not isinstance(node, _NO_OPERATORS):
        return _OTHER
    return known


def _operands(node: exp.Expr) -> list[exp.Expr]:
    parts = (node.args.get(name) for name in ("this", "expression", "zone", "low", "high"))
    return [part for part in parts if isinstance(part, exp.Expr)]


def _fits(node: exp.Expr, level: int, inner: exp.Expr) -> bool:
    own = _level(inner)
    if own is None:
        return True
    if isinstance(node, _PREFIXES):
        return own >= level or isinstance(inner, _PREFIXES)
    if isinstance(node, exp.Escape) and isinstance(inner, _PATTERNS) and inner.arg_key == "this":
        return True  # `a LIKE b ESCAPE c` is one operation of three
    if inner.arg_key == "this":
        bound = own > level or (own == level and level not in _ONE_SIDED)
        return bound and not _swallows(inner, level)
    return own > level or isinstance(inner, _PREFIXES)


def _swallows(left: exp.Expr, level: int) -> bool:
    """Whether a left side ends in a prefix that would have taken what follows: `x || NOT a = b`."""
    last: exp.Expr | None = left
    while last is not None and (own := _level(last)) is not None:
        if isinstance(last, _PREFIXES) and own < level:
            return True
        last = last.this if isinstance(last, _PREFIXES) else last.args.get("high") or last.args.get("expression")
    return False


def _grouped_otherwise(text: str, inner: exp.Expr, shift: int) -> SettledError:
    places = [node.meta for node in inner.find_all(exp.Identifier) if "start" in node.meta]
    start = min((meta["start"] - shift for meta in places), default=0)
    end = max((meta["end"] + 1 - shift for meta in places), default=len(text))
    title = "PostgreSQL groups this otherwise than it is read here"
    mend = "put brackets around what belongs together"
    if "||" in text:
        mend += "; || joins texts, and conditions are joined with OR"
    return SettledError("MV101", title, start, end, mend)
