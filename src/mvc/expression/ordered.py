"""`expression [asc|desc] [nulls first|last]`, as indexes and ordered aggregates write it."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.expression.expression import Expression
from mvc.expression.lexemes import lexemes
from mvc.expression.parse import parse_expression


@dataclass(frozen=True, slots=True)
class Ordered:
    """An expression with a direction. `desc` means DESC NULLS LAST: a list "largest first" begins with values."""

    expression: Expression
    descending: bool = False
    nulls_first: bool = False

    @property
    def suffix(self) -> str:
        """The direction as SQL; empty for PostgreSQL's default, ASC NULLS LAST."""
        return direction(descending=self.descending, nulls_first=self.nulls_first)


def direction(*, descending: bool, nulls_first: bool) -> str:
    """What stands behind a term of an order; empty for PostgreSQL's default, ASC NULLS LAST."""
    if descending:
        return " DESC" if nulls_first else " DESC NULLS LAST"
    return " NULLS FIRST" if nulls_first else ""


def says_direction(text: str) -> bool:
    """Whether an ordered term names its direction."""
    words = [item.text.lower() if item.kind == "word" else "" for item in lexemes(text)]
    cut = len(words) - (2 if words[-2:] in (["nulls", "first"], ["nulls", "last"]) else 0)
    return cut > 1 and words[cut - 1] in ("asc", "desc")


def parse_ordered(text: str) -> Ordered:
    """An ordered term. Raises ExpressionError."""
    found = lexemes(text)
    words = [item.text.lower() if item.kind == "word" else "" for item in found]
    nulls_first = words[-2:] == ["nulls", "first"]
    cut = len(found) - (2 if words[-2:] in (["nulls", "first"], ["nulls", "last"]) else 0)
    descending = cut > 1 and words[cut - 1] == "desc"
    if cut > 1 and words[cut - 1] in ("asc", "desc"):
        cut -= 1
    end = found[max(cut, 1) - 1].end if found else len(text)
    return Ordered(parse_expression(text[:end]), descending, nulls_first)
