"""What each aggregate function answers for the rows it sees, in plain Python."""

from __future__ import annotations

import functools
import math
import operator
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from .expressions import Value
from .views import Aggregate, Order


@dataclass(frozen=True)
class Seen:
    """A row as an aggregate sees it: its argument, and the values it is ordered by."""

    argument: Value
    order: tuple[Value, ...] = ()


def answer(aggregate: Aggregate, seen: Sequence[Seen]) -> Value:
    """The function over the rows, `default` included."""
    if aggregate.distinct:
        seen = list(dict.fromkeys(seen))  # DISTINCT orders by its argument alone, so equal arguments are equal rows
    ordered = sorted(seen, key=functools.cmp_to_key(lambda a, b: compared(aggregate.order, a.order, b.order)))
    result = FUNCTIONS[aggregate.function](aggregate, [each.argument for each in ordered[: aggregate.limit]])
    return _typed(aggregate, aggregate.default if result is None else result)


def _typed(aggregate: Aggregate, result: Value) -> Value:
    """The result as `numeric(12,1)`; PostgreSQL rounds a half away from zero."""
    if aggregate.type is None or result is None:
        return result
    return Decimal(result).quantize(Decimal("0.1"), ROUND_HALF_UP)


def compared(order: Sequence[Order], left: Sequence[Value], right: Sequence[Value]) -> int:
    """Below zero where the left values come first in the order."""
    signs = (_sign(term, one, other) for term, one, other in zip(order, left, right, strict=True))
    return next((sign for sign in signs if sign), 0)


def _sign(term: Order, left: Value, right: Value) -> int:
    if left is None or right is None:
        return ((left is None) - (right is None)) * (-1 if term.nulls_first else 1)
    return ((left > right) - (left < right)) * (-1 if term.descending else 1)


Function = Callable[[Aggregate, list[Value]], Value]


def _over(function: Callable[[list[Value]], Value], least: int = 1) -> Function:
    """A function of the values that are not NULL; NULL below the least number of them."""

    def result(_: Aggregate, values: list[Value]) -> Value:
        given = [value for value in values if value is not None]
        return function(given) if len(given) >= least else None

    return result


def _mean(values: list[Value]) -> Decimal:
    return Decimal(sum(values)) / len(values)


def _variance(values: list[Value]) -> float:
    return float(statistics.variance([Decimal(value) for value in values]))


def _population_variance(values: list[Value]) -> float:
    return float(statistics.pvariance([Decimal(value) for value in values]))


def _at_or_above(values: list[Value], at: float) -> Value:
    return sorted(values)[max(0, math.ceil(at * len(values)) - 1)]


def _percentile(values: list[Value], at: float) -> float:
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return float(low) + (place - math.floor(place)) * float(high - low)


def _json(values: list[Value]) -> Value:
    return [value.isoformat() if isinstance(value, date) else value for value in values] or None


FUNCTIONS: dict[str, Function] = {
    "count": _over(len, least=0),
    "count_distinct": _over(lambda values: len(set(values)), least=0),
    "sum": _over(sum),
    "avg": _over(_mean),
    "min": _over(min),
    "max": _over(max),
    "bool_and": _over(all),
    "bool_or": _over(any),
    "stddev": _over(lambda values: math.sqrt(_variance(values)), least=2),
    "variance": _over(_variance, least=2),
    "every": _over(all),
    "bit_and": _over(lambda values: functools.reduce(operator.and_, values)),
    "bit_or": _over(lambda values: functools.reduce(operator.or_, values)),
    "bit_xor": _over(lambda values: functools.reduce(operator.xor, values)),
    "stddev_pop": _over(lambda values: math.sqrt(_population_variance(values))),
    "stddev_samp": _over(lambda values: math.sqrt(_variance(values)), least=2),
    "var_pop": _over(_population_variance),
    "var_samp": _over(_variance, least=2),
    "percentile_disc": lambda self, values: _over(lambda given: _at_or_above(given, self.at or 0))(self, values),
    "median": _over(lambda values: _percentile(values, 0.5)),
    "percentile": lambda self, values: _over(lambda given: _percentile(given, self.at or 0))(self, values),
    "string_agg": lambda self, values: _over(_separator(self).join)(self, values),
    "array_agg": lambda _, values: values or None,
    "json_agg": lambda _, values: _json(values),
    "jsonb_agg": lambda _, values: _json(values),
    "first": lambda _, values: values[0] if values else None,
    "last": lambda _, values: values[-1] if values else None,
}


def _separator(self: Aggregate) -> str:
    return ", " if self.separator is None else self.separator
