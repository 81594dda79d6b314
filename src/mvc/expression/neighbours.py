"""Tokens that PostgreSQL's grammar never puts beside each other and that sqlglot lets pass: `concat(x, )`, `DATE 2026-01-01`.

Not a grammar: a table of neighbours that no expression has. What the tree shows is for `mvc.expression.nodes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED, VALUES
from mvc.expression.agreement import ends_a_value, is_named
from mvc.expression.expression import ExpressionError
from mvc.expression.habits import mend, no_fields
from mvc.expression.lexemes import Lexeme, lexemes

_START: Final = Lexeme("sign", "(", -1, 0)
_BAD_ESCAPE: Final = re.compile(r"\\(?![0-9a-fA-F]{4}|\+[0-9a-fA-F]{6})")
_KEPT: Final = RESERVED | FUNCTIONS_AND_TYPES
_BEFORE_A_NUMBER: Final = (_KEPT - VALUES) | frozenset(
    ("between", "by", "rows", "range", "groups", "first", "next", "escape", "zone", "values", "sets")
)
_BEFORE_A_QUERY: Final = (_KEPT - VALUES) | frozenset(
    ("exists", "materialized", "except", "intersect", "setof", "values")
)
_NEGATED: Final = frozenset(("in", "like", "ilike", "between", "similar", "materialized", "distinct", "valid"))
_AFTER_MORE: Final = frozenset(
    ("from", "union", "intersect", "except", "is", "in", "like", "ilike", "overlaps", "and", "or")
)
_BETWEEN_VALUES: Final = frozenset("=<>*/^")  # how operators begin that have no form with one side
_TRIMS: Final = frozenset(("trim", "substring", "overlay"))
_QUERY: Final = frozenset(("select", "with", "values"))
_EMPTY: Final = frozenset((("(", ","), ("[", ","), (",", ","), (",", ")"), (",", "]")))


def check_neighbours(text: str) -> None:
    """Raises ExpressionError for two tokens of an expression that cannot stand beside each other."""
    found = lexemes(text)
    _check_negations(found)
    own = _of_position(found)
    for first, second in pairwise((_START, *found)):
        if first not in own and (problem := _problem(first, second)):
            raise ExpressionError("MV101", problem, max(first.start, 0), second.end, mend(text, first, second))
    for lexeme in found:
        if problem := _alone(lexeme):
            raise ExpressionError("MV101", problem, lexeme.start, lexeme.end)
    _check_operators(found)
    _check_fields(found)
    _check_brackets(found)


def _of_position(found: Sequence[Lexeme]) -> set[Lexeme]:
    """The IN of each `position(x IN y)`, which takes a value."""
    own: set[Lexeme] = set()
    open_: list[str] = []
    for before, lexeme in pairwise((_START, *found)):
        if lexeme.text in ("(", "["):
            open_.append(before.text.lower())
        elif lexeme.text in (")", "]") and open_:
            open_.pop()
        elif lexeme.text.lower() == "in" and open_[-1:] == ["position"]:
            own.add(lexeme)
    return own


def check_ends(text: str) -> None:
    """Raises ExpressionError for an expression whose first or last word wants a neighbour."""
    first, last = lexemes(text)[0], lexemes(text)[-1]
    if first.text == "," or (
        first.kind == "word" and first.text.lower() in ("from", "as", "variadic", "union", "intersect", "except")
    ):
        raise ExpressionError("MV101", f"something is missing before `{first.text}`", first.start, first.end)
    if last.kind == "word" and last.text.lower() in _KEPT - VALUES - {"end"}:
        raise ExpressionError("MV101", f"something is missing after `{last.text}`", last.start, last.end)


def _check_negations(found: Sequence[Lexeme]) -> None:
    """NOT after a value belongs to what follows: `x NOT NULL` is no condition."""
    for before, word, after in zip(found, found[1:], found[2:], strict=False):
        if word.text.lower() == "not" and ends_a_value(before) and after.text.lower() not in _NEGATED:
            raise ExpressionError("MV101", "`NOT` cannot stand here", word.start, after.end, "write x IS NOT NULL")


def _alone(lexeme: Lexeme) -> str:
    if lexeme.kind == "name" and lexeme.text.endswith('""') and len(lexeme.text.lstrip("uU&")) == 2:
        return "a name in quotes cannot be empty"
    if lexeme.kind == "operator" and "`" in lexeme.text:
        return "PostgreSQL puts names in double quotes, and has no use for backticks"
    if lexeme.text[:2] in ("u&", "U&") and _BAD_ESCAPE.search(lexeme.text.replace("\\\\", "")):
        return "a backslash stands before four hexadecimal digits here, or `+` and six"
    return ""


def _problem(first: Lexeme, second: Lexeme) -> str:
    """What is wrong with two neighbours, in the words of the first rule that they break; empty for none."""
    if (first.text, second.text) in _EMPTY:
        return "there is no value between these two"
    return _between(first, second) or _before(first, second) or _after(first, second)


def _between(first: Lexeme, second: Lexeme) -> str:
    """What is missing between two values or two operators."""
    if second.kind == "number" and first.kind in ("word", "name") and _word(first) not in _BEFORE_A_NUMBER:
        return f"`{first.text} {second.text}` is no value: put the number in quotes, or an operator between the two"
    if first.kind == second.kind == "operator" and first.text != "*" and second.text[0] in _BETWEEN_VALUES:
        return f"a value is missing between `{first.text}` and `{second.text}`"
    if second.kind in ("number", "string") and first.kind in ("number", "string"):
        return "an operator is missing between these two values"
    return ""


def _before(first: Lexeme, second: Lexeme) -> str:
    """What a word wants before it."""
    word = _word(second)
    if word in _AFTER_MORE and _opens(first, word):
        return f"something is missing before `{second.text}`"
    if word == "variadic" and first.text not in ("(", ","):
        return "`variadic` stands before an argument only"
    if word in ("any", "some") and first.kind != "operator" and first.text.lower() not in (*_COMPARING, "."):
        return f"`{second.text}` stands after an operator only, as in x = ANY (…)"
    return ""


def _after(first: Lexeme, second: Lexeme) -> str:
    """What a word wants after it."""
    fits, said = _WANTS.get(_word(first), (_anything, ""))
    return "" if fits(second) else said.format(first.text)


def _opens(lexeme: Lexeme, word: str) -> bool:
    """Whether nothing that has ended stands before a word: FROM may be first in brackets, of TRIM."""
    if lexeme.text == "(":
        return word != "from"
    return lexeme.text == "," or (lexeme.kind == "operator" and lexeme.text != "*")


def _word(lexeme: Lexeme) -> str:
    return lexeme.text.lower() if lexeme.kind == "word" else ""


def _anything(_: Lexeme) -> bool:
    return True


def _is_bracket(lexeme: Lexeme) -> bool:
    return lexeme.text == "("


def _is_name(lexeme: Lexeme) -> bool:
    return lexeme.kind in ("word", "name")


_COMPARING: Final = ("like", "ilike", "as")
_WANTS: Final[Mapping[str, tuple[Callable[[Lexeme], bool], str]]] = {
    "as": (lambda after: _is_name(after) or _is_bracket(after), "a name or a type is missing after `as`"),
    "overlaps": (_is_bracket, "OVERLAPS stands between two rows: (a, b) OVERLAPS (c, d)"),
    "in": (_is_bracket, "`IN` takes a list or a query in brackets"),
    "collate": (_is_name, "the name of a collation is missing"),
    "array": (lambda after: after.text in ("[", "("), "an array is written ARRAY[…]"),
    "any": (_is_bracket, "`{}` stands before brackets only"),
    "some": (_is_bracket, "`{}` stands before brackets only"),
}


def _check_operators(found: Sequence[Lexeme]) -> None:
    """An operator has a right side; FROM begins what is in brackets for TRIM alone."""
    for number, (lexeme, after) in enumerate(pairwise(found)):
        lone = lexeme.kind == "operator" and lexeme.text != "*" and not is_named(found[:number])
        if lone and after.text in (")", "]", ","):
            raise ExpressionError("MV101", f"a value is missing after `{lexeme.text}`", lexeme.start, after.end)
        trims = number > 0 and found[number - 1].text.lower() in _TRIMS
        if lexeme.text == "(" and after.text.lower() == "from" and not trims:
            raise ExpressionError("MV101", "something is missing before `FROM`", lexeme.start, after.end)


def _check_fields(found: Sequence[Lexeme]) -> None:
    """A point stands between names, or between what is in brackets and a name."""
    for number, lexeme in enumerate(found):
        if lexeme.text != ".":
            continue
        after = found[number + 1] if number + 1 < len(found) else lexeme
        if after.kind == "operator" and is_named(found[: number + 1]):
            continue
        if after.kind not in ("word", "name") and after.text != "*":
            raise ExpressionError("MV101", "a name is missing after this point", lexeme.start, after.end)
        if number == 0 or not _may_have_fields(found, number - 1):
            raise no_fields(found, number)


def _may_have_fields(found: Sequence[Lexeme], at: int) -> bool:
    lexeme = found[at]
    if lexeme.text == ")":
        opening = _opening(found, at)
        return opening == 0 or not _names_a_call(found, opening - 1)
    if lexeme.kind == "word":
        qualified = at > 0 and found[at - 1].text == "."
        return qualified or lexeme.text.lower() not in _KEPT
    return lexeme.kind == "name" or lexeme.text == "]"


def _opening(found: Sequence[Lexeme], closing: int) -> int:
    depth = 0
    for at in range(closing, -1, -1):
        depth += (found[at].text == ")") - (found[at].text == "(")
        if depth == 0:
            return at
    return 0


def _names_a_call(found: Sequence[Lexeme], at: int) -> bool:
    qualified = at > 0 and found[at - 1].text == "."
    return qualified or found[at].kind == "name" or (found[at].kind == "word" and found[at].text.lower() not in _KEPT)


def _check_brackets(found: Sequence[Lexeme]) -> None:
    """`[` follows a value or ARRAY, or stands within brackets that do; a query in brackets is no argument."""
    open_: list[str] = []
    for number, lexeme in enumerate(found):
        before = found[number - 1] if number else None
        if lexeme.text in ("(", "["):
            if lexeme.text == "[" and not _may_be_subscripted(before, open_):
                raise ExpressionError("MV101", "an array is written ARRAY[…]", lexeme.start, lexeme.end)
            if lexeme.text == "(":
                _check_query(found, number)
            open_.append(lexeme.text)
        elif lexeme.text in (")", "]") and open_:
            open_.pop()


def _may_be_subscripted(before: Lexeme | None, open_: Sequence[str]) -> bool:
    if before is None:
        return False
    if before.text in (",", "["):
        return bool(open_) and open_[-1] == "["
    if before.kind == "word":
        return before.text.lower() == "array" or before.text.lower() not in _KEPT
    return before.kind == "name" or before.text in (")", "]")


def _check_query(found: Sequence[Lexeme], at: int) -> None:
    before = found[at - 1] if at else _START
    starts = at + 1 < len(found) and found[at + 1].kind == "word" and found[at + 1].text.lower() in _QUERY
    if before.text.lower() == "array" and not starts and found[at + 1].text != "(":
        raise ExpressionError("MV101", "ARRAY(…) takes a query", before.start, found[at].end, "write ARRAY[…]")
    if starts and (before.kind == "name" or (before.kind == "word" and before.text.lower() not in _BEFORE_A_QUERY)):
        title = f"a query is an argument of `{before.text}` in brackets of its own only"
        raise ExpressionError("MV101", title, before.start, found[at].end, f"{before.text}((SELECT …))")
