"""Conditions as logic: what one set of rules lets through, another lets through as well.

Conditions are opaque texts that hold or do not, so only AND and OR count. That is sound whatever the texts mean: an implication
found here holds for every truth of every condition. Nothing here knows of roles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

Term = tuple[str, ...]  # conditions joined by AND; none: always
Alternatives = tuple[Term, ...]  # terms joined by OR; none: never
Terms = tuple[frozenset[str], ...]  # alternatives of which none implies another

LIMIT: Final = 1024  # terms; a product of more is not compared
_OR: Final = re.compile(r"\bor\b", re.IGNORECASE)


class TooManyTermsError(Exception):
    """The rules have more than `LIMIT` combinations."""


@lru_cache(maxsize=256)
def product(factors: tuple[Alternatives, ...]) -> Terms:
    """All factors at once, as alternatives. Raises TooManyTermsError."""
    terms: Terms = (frozenset(),)
    for factor in factors:
        if len(terms) * len(factor) > LIMIT:
            raise TooManyTermsError
        terms = _least(term.union(more) for term in terms for more in factor)
    return terms


def _least(terms: Iterable[frozenset[str]]) -> Terms:
    """The terms without those that another one makes superfluous: `a OR (a AND b)` is `a`."""
    kept: list[frozenset[str]] = []
    for term in sorted(dict.fromkeys(terms), key=len):
        if not any(other <= term for other in kept):
            kept.append(term)
    return tuple(kept)


def beyond(some: Terms, others: Terms) -> Terms:
    """The terms of `some` that `others` do not let through; none means that `some` implies `others`."""
    return tuple(term for term in some if not any(other <= term for other in others))


def shown(factors: Iterable[Alternatives]) -> str:
    """The factors as text: `(a OR b) AND c`, `all rows`, `no rows`."""
    asked = [tuple(dict.fromkeys(factor)) for factor in factors if () not in factor]
    if () in asked:
        return "no rows"
    texts = dict.fromkeys(_alternatives(factor, alone=len(asked) == 1) for factor in asked)
    return " AND ".join(texts) or "all rows"


def _alternatives(factor: Alternatives, *, alone: bool) -> str:
    if len(factor) == 1:
        return shown_term(factor[0], alone=alone)
    text = " OR ".join(shown_term(term) if len(term) == 1 else f"({shown_term(term)})" for term in factor)
    return text if alone else f"({text})"


def shown_term(term: Iterable[str], *, alone: bool = True) -> str:
    """`a AND b`; a condition that holds an OR of its own stands in parentheses beside others."""
    conditions = list(term)
    if alone and len(conditions) == 1:
        return conditions[0]
    return " AND ".join(f"({item})" if _OR.search(item) else item for item in conditions) or "all rows"
