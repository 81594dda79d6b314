"""Expressions of a spec with their places: what every part of the model is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from mvc.expression import Expression, Ordered
from mvc.model.origin import Origin

Setting = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Sql:
    """An expression of the spec and its place."""

    expression: Expression
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One term of `order`, or one key column of an index."""

    ordered: Ordered
    origin: Origin = field(compare=False, repr=False)
