"""Columns whose values the rows do not determine: what depends on an order that nothing gives. Two computations may differ in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from mvc.analysis.declared.after import NOTHING
from mvc.analysis.declared.computed import reads_columns
from mvc.analysis.declared.measures import Measure
from mvc.analysis.resolved import DeclaredQuery
from mvc.model.aggregates import Form, Order, called


@dataclass(frozen=True, slots=True)
class Undetermined:
    """`unordered` columns are arrays that hold the same items each time; `other` ones may be anything."""

    unordered: tuple[str, ...]
    other: tuple[str, ...]


def undetermined(query: DeclaredQuery) -> Undetermined:
    """Those of a declared view."""
    measures = [measure for block in query.blocks for measure in block.measures]
    unordered = tuple(measure.name for measure in measures if _is_bag(measure))
    other = [measure.name for measure in measures if measure.name not in unordered and _is_open(measure, query)]
    for item in query.computed:
        if reads_columns(item) & {*unordered, *other}:
            other.append(item.name)
    hidden = query.after.hidden
    return Undetermined(*(tuple(name for name in names if name not in hidden) for names in (unordered, other)))


def chance_picks(query: DeclaredQuery) -> Iterator[str]:
    """Columns by which `having` and `keep` pick rows although the rows of the sources do not determine them."""
    found = undetermined(replace(query, after=NOTHING))
    read = {ref.name for condition in query.after.conditions for ref in condition.columns}
    yield from sorted(read & {*found.unordered, *found.other})


def ties(query: DeclaredQuery) -> Iterator[Measure]:
    """Measures with an order in which rows may be equal, of a source that has no key to tell them apart."""
    for block in query.blocks:
        for measure in block.measures:
            if measure.order and measure.function.order is not Order.NOTHING and _is_open(measure, query):
                yield measure


def _is_bag(measure: Measure) -> bool:
    aggregate = measure.aggregate
    return aggregate.function == "array_agg" and not measure.order and not aggregate.distinct


def _is_open(measure: Measure, query: DeclaredQuery) -> bool:
    aggregate = measure.aggregate
    if measure.function.form is Form.WRITTEN:
        return not _is_determined_call(measure)
    if measure.function.order is Order.NOTHING or aggregate.distinct:
        return False
    return not measure.order or (query.tree[measure.source].identity is None and not _orders_by_value(measure))


def _orders_by_value(measure: Measure) -> bool:
    """Whether rows that are equal in the order have equal values."""
    return measure.argument is not None and measure.argument.text in {term.text for term, _ in measure.order}


def _is_determined_call(measure: Measure) -> bool:
    """Of one call of an aggregate in SQL: by its name, or since it says an order itself."""
    if measure.argument is None:
        return True
    call = next((call for call in measure.argument.calls if call.start == 0), None)
    known = called(call.name) if call is not None and call.schema in (None, "pg_catalog") else None
    return (known is not None and known.order is Order.NOTHING) or measure.argument.ast.find(exp.Order) is not None
