"""How PostgreSQL itself reads a text (libpg_query by postgast), beside how sqlglot reads it.

What is asked: is it SQL at all; do both cut it into the same tokens; do both see the same structure. For the last the tree of
sqlglot is printed twice, as it is and with brackets around every operation. PostgreSQL must find no difference between the two.
"""

from __future__ import annotations

import re
from typing import Final

import postgast
from sqlglot import exp

from mvc.compiled.view import CompiledView
from mvc.expression import Expression
from mvc.expression.tokens import POSTGRES
from mvc.quoting import qualified

_PLACE: Final = re.compile(
    r"\n\s*(?:location|list_start|list_end|rexpr_list_start|rexpr_list_end|stmt_len|stmt_location): -?\d+"
)
_OPERATIONS: Final = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod,
    exp.Neg, exp.Like, exp.ILike, exp.In, exp.Between, exp.Is, exp.DPipe, exp.NullSafeEQ, exp.NullSafeNEQ, exp.AtTimeZone,
    exp.ArrayContainsAll, exp.ArrayContainedBy, exp.ArrayOverlaps, exp.JSONExtract, exp.JSONExtractScalar, exp.Operator,
    exp.RegexpLike, exp.RegexpILike, exp.Pow, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot,
)  # fmt: skip


def refusal(sql: str) -> str:
    """Why PostgreSQL cannot read a statement, or an empty string."""
    try:
        parsed = postgast.parse(sql)
    except postgast.PgQueryError as problem:
        return str(problem)
    return "" if len(parsed.stmts) == 1 else f"{len(parsed.stmts)} statements"


def statements(view: CompiledView) -> list[str]:
    """What the author's text of one view ends up in."""
    made = [view.query, view.stored_query, view.exposure.query, *(arm.query for arm in view.exposure.arms)]
    return [*made, *(f"CREATE INDEX ON {qualified(*view.storage)} {index.definition}" for index in view.indexes)]


def disagreement(expression: Expression) -> str:
    """What PostgreSQL reads otherwise in an accepted expression, or an empty string."""
    sql = f"SELECT ({expression.source}\n)"
    if problem := refusal(sql):
        return f"refused: {problem}"
    if other := _other_tokens(expression.made.text if expression.made else expression.source):
        return f"token: {other}"
    return "" if _same_structure(expression.ast) else "structure"


def _other_tokens(text: str) -> str:
    """The first place where one of the two begins or ends a token and the other does not."""
    offsets = _offsets(text)
    theirs = {
        (offsets[token.start], offsets[token.end])
        for token in postgast.scan(text).tokens
        if token.token not in (275, 276)
    }
    ours = {(token.start, token.end + 1) for token in POSTGRES.tokenize(text)}
    starts = {start for start, end in ours ^ theirs if not _may_differ(text, start, end)}
    return repr(text[min(starts) :][:12]) if starts else ""


def _may_differ(text: str, start: int, end: int) -> bool:
    """A number without a digit before its point, operators that are NOT and another, `n'x'`: both mean the same."""
    around = text[max(0, start - 3) : end + 3]
    return "operator(" in text.lower() or bool(re.search(r"\.[0-9]|[nN]'|!~|<<|>>", around))


def _offsets(text: str) -> dict[int, int]:
    """Byte offsets in UTF-8 → characters."""
    at = 0
    found = {}
    for index, character in enumerate(text):
        found[at] = index
        at += len(character.encode())
    return {**found, at: len(text)}


def _same_structure(ast: exp.Expression) -> bool:
    plain = POSTGRES.generate(exp.select(exp.Paren(this=ast.copy())))
    bracketed = POSTGRES.generate(exp.select(exp.Paren(this=ast.copy().transform(_bracketed))))
    return _tree(plain) == _tree(bracketed)


def _bracketed(node: exp.Expression) -> exp.Expression:
    if type(node) in _OPERATIONS and not isinstance(node.parent, exp.Interval | exp.Escape):
        return exp.Paren(this=node)
    return node


def _tree(sql: str) -> str:
    try:
        return _PLACE.sub("", str(postgast.parse(sql)))
    except postgast.PgQueryError as problem:
        return f"{problem}: {sql}"
