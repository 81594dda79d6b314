"""The aggregate functions: one row for each, with all that the compiler knows of it.

A key of the language has the row of its name; a call in SQL has the row of the function that it calls. A function that has a
row and a key in `spec/aggregate.py` needs nothing else: what is emitted, typed, checked for fan-out and for order follows from
here. Rule source: PostgreSQL manual, "Aggregate Functions"; whether NULLs are passed over is `pg_proc.proisstrict` of the
transition function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mvc.model.aggregate_types import (
    ResultType,
    always,
    array_type,
    bits_type,
    extreme_type,
    mean_type,
    percentile_type,
    range_type,
    ranges_type,
    same_type,
    spread_type,
    sum_type,
)


class Repeats(Enum):
    """What it does to the result when a row is seen twice."""

    NOTHING = auto()
    SHIFTS = auto()  # only where rows are repeated unevenly within a group: averages and the like
    COUNTS = auto()


class Order(Enum):
    """What the order of the rows does to the result."""

    NOTHING = auto()
    MAY_DECIDE = auto()  # where some of the values are equal, or it is said that any of them will do
    DECIDES = auto()


class Form(Enum):
    """How a call is written: `x` is what is aggregated, `…` the terms of `order`."""

    PLAIN = auto()  # f(x ORDER BY …)
    ONCE = auto()  # f(DISTINCT x)
    SORTED = auto()  # f(at) WITHIN GROUP (ORDER BY x)
    AMONG = auto()  # f(x) WITHIN GROUP (ORDER BY …): where x would stand, a constant
    FIRST = auto()  # (f(x ORDER BY …))[1]
    LAST = auto()  # the same by the opposite order
    WRITTEN = auto()  # as the author wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateFunction:
    """What is known of an aggregate function.

    `call` is PostgreSQL's name of it, `no_rows` the value of a group without rows (None for
    NULL), `pair` whether it takes two values, `needs` the options that it does not do without, `options` those besides
    `where`, and `writes_text` whether the result holds its values as text.
    """

    call: str
    result: ResultType | None
    repeats: Repeats = Repeats.COUNTS
    order: Order = Order.NOTHING
    form: Form = Form.PLAIN
    ignores_null: bool = True
    no_rows: int | None = None
    pair: bool = False
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    writes_text: bool = False

    @property
    def takes(self) -> tuple[str, ...]:
        """The options that mean something for it."""
        return ("where", "of", *self.needs, *self.options)

    def around(self, second: str | None = None) -> tuple[str, str]:
        """What stands before and behind one value in a call of it, where the other value is of the type `second`.

        Nothing where that is unknown, and where what is written is the call.
        """
        separator = ", ', '" if "separator" in self.options else ""
        if self.pair:
            return (f"{self.call}(", f", NULL::{second})") if second else ("", "")
        return {
            Form.PLAIN: (f"{self.call}(", f"{separator})"),
            Form.ONCE: (f"{self.call}(DISTINCT ", ")"),
            Form.SORTED: (f"{self.call}({'' if self.call == 'mode' else '0.5'}) WITHIN GROUP (ORDER BY ", ")"),
            Form.FIRST: (f"({self.call}(", "))[1]"),
            Form.LAST: (f"({self.call}(", "))[1]"),
        }.get(self.form, ("", ""))


def _once_does(call: str, result: ResultType) -> AggregateFunction:
    """Of what gives the same however often it sees a value."""
    return AggregateFunction(call=call, result=result, repeats=Repeats.NOTHING)


def _spread(call: str) -> AggregateFunction:
    return AggregateFunction(call=call, result=spread_type, repeats=Repeats.SHIFTS)


def _list(call: str, result: ResultType, *, writes_text: bool = False) -> AggregateFunction:
    return AggregateFunction(
        call=call,
        result=result,
        order=Order.DECIDES,
        ignores_null=False,
        options=("order", "distinct", "limit"),
        writes_text=writes_text,
    )


def _object(call: str, result: str, order: Order) -> AggregateFunction:
    return AggregateFunction(
        call=call,
        result=always(result),
        order=order,
        ignores_null=False,
        pair=True,
        options=("order",),
        writes_text=True,
    )


def _of_pairs(call: str) -> AggregateFunction:
    return AggregateFunction(call=call, result=always("double precision"), repeats=Repeats.SHIFTS, pair=True)


def _sorted(call: str, result: ResultType, *needs: str) -> AggregateFunction:
    return AggregateFunction(call=call, result=result, repeats=Repeats.SHIFTS, form=Form.SORTED, needs=needs)


def _place(call: str, result: str, no_rows: int) -> AggregateFunction:
    """Of a hypothetical-set aggregate: the place that a value would have among the rows."""
    return AggregateFunction(
        call=call,
        result=always(result),
        form=Form.AMONG,
        ignores_null=False,
        no_rows=no_rows,
        needs=("order",),
    )


def _end(form: Form) -> AggregateFunction:
    return AggregateFunction(
        call="array_agg",
        result=same_type,
        order=Order.DECIDES,
        form=form,
        ignores_null=False,
        needs=("order",),
    )


AGGREGATES: Final[Mapping[str, AggregateFunction]] = {
    "count": AggregateFunction(call="count", result=always("bigint"), no_rows=0, options=("distinct",)),
    "count_distinct": AggregateFunction(
        call="count", result=always("bigint"), repeats=Repeats.NOTHING, form=Form.ONCE, no_rows=0
    ),
    "sum": AggregateFunction(call="sum", result=sum_type, options=("distinct",)),
    "avg": AggregateFunction(call="avg", result=mean_type, repeats=Repeats.SHIFTS, options=("distinct",)),
    "min": _once_does("min", extreme_type),
    "max": _once_does("max", extreme_type),
    "array_agg": _list("array_agg", array_type),
    "string_agg": AggregateFunction(
        call="string_agg",
        result=always("text"),
        order=Order.DECIDES,
        options=("order", "distinct", "separator", "limit"),
        writes_text=True,
    ),
    "json_agg": _list("json_agg", always("json"), writes_text=True),
    "jsonb_agg": _list("jsonb_agg", always("jsonb"), writes_text=True),
    "json_object_agg": _object("json_object_agg", "json", Order.DECIDES),
    "jsonb_object_agg": _object("jsonb_object_agg", "jsonb", Order.MAY_DECIDE),
    "xmlagg": AggregateFunction(call="xmlagg", result=always("xml"), order=Order.DECIDES, options=("order",)),
    "bool_and": _once_does("bool_and", always("boolean")),
    "bool_or": _once_does("bool_or", always("boolean")),
    "every": _once_does("every", always("boolean")),
    "bit_and": _once_does("bit_and", bits_type),
    "bit_or": _once_does("bit_or", bits_type),
    "bit_xor": AggregateFunction(call="bit_xor", result=bits_type, options=("distinct",)),
    "any_value": AggregateFunction(
        call="any_value",
        result=same_type,
        repeats=Repeats.NOTHING,
        order=Order.MAY_DECIDE,
        options=("order",),
    ),
    "range_agg": _once_does("range_agg", ranges_type),
    "range_intersect_agg": _once_does("range_intersect_agg", range_type),
    "percentile": _sorted("percentile_cont", percentile_type, "at"),
    "percentile_disc": _sorted("percentile_disc", same_type, "at"),
    "median": _sorted("percentile_cont", percentile_type),
    "mode": _sorted("mode", same_type),
    "stddev": _spread("stddev"),
    "stddev_pop": _spread("stddev_pop"),
    "stddev_samp": _spread("stddev_samp"),
    "variance": _spread("variance"),
    "var_pop": _spread("var_pop"),
    "var_samp": _spread("var_samp"),
    "corr": _of_pairs("corr"),
    "covar_pop": _of_pairs("covar_pop"),
    "covar_samp": _of_pairs("covar_samp"),
    "regr_avgx": _of_pairs("regr_avgx"),
    "regr_avgy": _of_pairs("regr_avgy"),
    "regr_count": AggregateFunction(call="regr_count", result=always("bigint"), no_rows=0, pair=True),
    "regr_intercept": _of_pairs("regr_intercept"),
    "regr_r2": _of_pairs("regr_r2"),
    "regr_slope": _of_pairs("regr_slope"),
    "regr_sxx": AggregateFunction(call="regr_sxx", result=always("double precision"), pair=True),
    "regr_sxy": AggregateFunction(call="regr_sxy", result=always("double precision"), pair=True),
    "regr_syy": AggregateFunction(call="regr_syy", result=always("double precision"), pair=True),
    "rank_of": _place("rank", "bigint", 1),
    "dense_rank_of": _place("dense_rank", "bigint", 1),
    "percent_rank_of": _place("percent_rank", "double precision", 0),
    "cume_dist_of": _place("cume_dist", "double precision", 1),
    "first": _end(Form.FIRST),
    "last": _end(Form.LAST),
}

# One call of any aggregate in SQL: nothing is known before its name is looked up by `called`.
WRITTEN: Final = AggregateFunction(call="", result=None, order=Order.MAY_DECIDE, form=Form.WRITTEN, ignores_null=False)

_CALLED: Final[Mapping[str, AggregateFunction]] = {row.call: row for row in reversed(tuple(AGGREGATES.values()))}


def called(name: str) -> AggregateFunction | None:
    """The row of PostgreSQL's aggregate of that name, None for any other function."""
    return _CALLED.get(name)


def aggregate_function(key: str) -> AggregateFunction:
    """The row of a key of the language, or of `sql`. A key without one is a KeyError: nothing is assumed of it."""
    return WRITTEN if key == "sql" else AGGREGATES[key]
