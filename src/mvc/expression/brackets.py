"""Tokens in their brackets, and which brackets bind nothing: by the precedence of PostgreSQL's gram.y, and only where all of it is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

Column = tuple[str, str]  # the qualifier, empty where there is none, and the name
Piece = str | Column

CLOSING: Final = {"(": ")", "[": "]", "case": "end"}
_LEVELS: Final = {  # how tight operators bind (gram.y), loosest first; any other operator binds as `||` does
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys(("is", "isnull", "notnull"), 4),
    **dict.fromkeys(("<", ">", "=", "<=", ">=", "<>"), 5),
    **dict.fromkeys(("between", "in", "like", "ilike", "similar"), 6),
    **dict.fromkeys(("+", "-"), 9),
    **dict.fromkeys(("*", "/", "%"), 10),
    "^": 11,
    "::": 15,
}
_OTHER: Final = 8
_SIGN: Final = 14  # `-` and `+` before a value
_ATOM: Final = 99
_OPERATOR: Final = re.compile(r"[-+*/<>=~!@#%^&|`?]+\Z")
_OPENS: Final = frozenset(
    {"(", "[", ",", "by", "case", "distinct", "else", "having", "on", "select", "then", "when", "where"}
)
_CLOSES: Final = frozenset(
    {",", ")", "]", "as", "asc", "desc", "else", "end", "from", "group", "having", "order", "then", "when", "where"}
)
_KEEP: Final = (
    frozenset(  # words that make brackets more than brackets, or whose place among operators is not told above
        [
            "all",
            "any",
            "array",
            "as",
            "at",
            "collate",
            "cross",
            "escape",
            "except",
            "for",
            "from",
            "full",
            "group",
            "having",
            "in",
            "inner",
            "intersect",
            "is",
            "join",
            "lateral",
            "left",
            "limit",
        ]
    )
    | frozenset(
        [
            "natural",
            "offset",
            "operator",
            "order",
            "overlaps",
            "right",
            "row",
            "select",
            "similar",
            "some",
            "table",
            "union",
            "using",
            "values",
            "variadic",
            "where",
            "with",
        ]
    )
)
_ALONE: Final = _KEEP - frozenset({"is", "in", "similar", "at", "collate", "escape", "left", "right"})


@dataclass(frozen=True, slots=True)
class Group:
    """Brackets, or CASE … END, with what is in them."""

    opening: str
    inner: tuple[Item, ...]

    @property
    def pieces(self) -> list[Piece]:
        """Everything, the brackets included."""
        return [self.opening, *flat(self.inner), CLOSING[self.opening]]


Item = Piece | Group


def flat(items: Sequence[Item]) -> list[Piece]:
    """Groups written out."""
    return [piece for item in items for piece in (item.pieces if isinstance(item, Group) else [item])]


def is_needless(group: Group, before: Sequence[Item], after: Sequence[Item], around: Sequence[Item]) -> bool:
    """Whether brackets group what would be grouped without them."""
    words = {item for item in group.inner if isinstance(item, str)}
    if not group.inner or "," in words or _ALONE & words:
        return False
    left, right = _left(before), _right(after)
    if left is None or right is None:
        return False
    if left == right == 0:
        return True
    inner = [level for _, level in _operators(group.inner)]
    least = min(inner, default=_ATOM)
    if _KEEP & words or (least < _ATOM and ("between" in around or "between" in words)):
        return False
    chained = least in (1, 2)  # AND and OR may be regrouped; other operators of one level go from left to right
    return (least > left or (chained and least == left)) and (
        least > right or (least == right and least in (1, 2, 9, 10, _OTHER))
    )


def _left(before: Sequence[Item]) -> int | None:
    """How tight what stands before binds a value; 0 where one begins; None where brackets are more than that."""
    if not before:
        return 0
    last = before[-1]
    if not isinstance(last, str):
        return None
    if last in _OPENS:
        return None if last == "on" and before[-2:-1] == ["distinct"] else 0
    if last in ("in", "is", "isnull", "notnull", "similar", "::"):
        return None
    level = _level(last)
    return level and (_SIGN if last in ("-", "+") and _begins(before[:-1]) else level)


def _right(after: Sequence[Item]) -> int | None:
    if not after:
        return 0
    following = after[0]
    if not isinstance(following, str):
        return None
    if following in _CLOSES:
        return 0
    if following == "not":
        return 6
    return _level(following)


def _level(word: str) -> int | None:
    if word in _LEVELS:
        return _LEVELS[word]
    return _OTHER if _OPERATOR.match(word) else None


def _begins(before: Sequence[Item]) -> bool:
    """Whether a value begins here, so that a sign is one of its own."""
    last = before[-1] if before else "("
    return isinstance(last, str) and (last in _OPENS or _level(last) is not None)


def _operators(items: Sequence[Item]) -> Iterator[tuple[int, int]]:
    """The operators at the top, by place, with how tight they bind."""
    for number, item in enumerate(items):
        level = _level(item) if isinstance(item, str) else None
        if level is not None:
            yield number, _SIGN if item in ("-", "+") and _begins(items[:number]) else level
