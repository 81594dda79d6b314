"""Whether PostgreSQL's own grammar takes an author's text as what it claims to be. Asked last: our own findings say more."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from mvc.expression.expression import ExpressionError
from mvc.expression.lexemes import lexemes
from mvc.sql.parser import GrammarError, parse

# A text that breaks out of one kind of bracket does not break out of the other.
_BRACKETS: Final = (("SELECT (", "\n)"), ("SELECT ARRAY[", "\n]"))


def check_value(text: str) -> None:
    """Raises ExpressionError where `text` is no expression of PostgreSQL's."""
    for opening, closing in _BRACKETS:
        _check_between(opening, text, closing)


def _check_between(opening: str, text: str, closing: str) -> None:
    try:
        parse(f"{opening}{text}{closing}")
    except GrammarError as problem:
        raise _error(text, problem, len(opening), "expression") from None


def check_query(text: str) -> None:
    """Raises ExpressionError where `text` is no query of PostgreSQL's."""
    try:
        statements = parse(text)
    except GrammarError as problem:
        raise _error(text, problem, 0, "query") from None
    if statements is not None and [item.kind for item in statements] != ["SelectStmt"]:
        raise ExpressionError("MV102", "a body is one query, and nothing else", 0, len(text))


def _meant(text: str, at: int) -> str:
    """What is written instead of the call that the grammar stopped in."""
    found = lexemes(text)
    opened = [item for item, after in pairwise(found) if after.text == "(" and item.start < at]
    name = opened[-1].text.lower() if opened else ""
    if name in ("try_cast", "safe_cast"):
        return "PostgreSQL has CAST(x AS type) only; test the value first: CASE WHEN x ~ '^\\d+$' THEN x::integer END"
    if name == "count":
        return "count the distinct values of a column: count(DISTINCT o.id)"
    if name == "any" and text[at : at + 1] == ",":
        return "ANY takes an array: x LIKE ANY (ARRAY['a%', 'b%'])"
    return ""


def _error(text: str, problem: GrammarError, before: int, kind: str) -> ExpressionError:
    at = len(text) if problem.at is None else problem.at - before
    token = next((item for item in lexemes(text) if item.start <= at < item.end), None)
    if token is None:  # the bracket that is ours, or the end
        last = lexemes(text)[-1] if lexemes(text) else None
        start, end = (last.start, last.end) if last else (0, len(text))
        return ExpressionError("MV101", f"this {kind} is not complete", start, end, "something is missing after this")
    title = f"PostgreSQL cannot read this {kind} near `{token.text}`"
    if help_line := _meant(text, token.start):
        return ExpressionError("MV101", title, token.start, token.end, help_line)
    said = "" if problem.message.startswith("syntax error") else problem.message
    return ExpressionError("MV101", title, token.start, token.end, said)
