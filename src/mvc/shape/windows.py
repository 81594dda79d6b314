"""A window as a call over rows of the view: its partition, its order, its frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mvc.model.view import OrderTerm
from mvc.model.window import Step, Windowed
from mvc.model.window_functions import Over
from mvc.shape.measures import finished
from mvc.shape.records import AuthorExpression, Bound, ColumnOf, Ordering, PartOf, PeriodOf, Value, WindowCall

_Frame = tuple[Bound, Bound]
_HERE: Final = Bound(0)
_UP_TO_HERE: Final = (Bound(None), _HERE)
_ALL: Final = (Bound(None), Bound(None, later=True))


@dataclass(frozen=True, slots=True)
class Made:
    """A column, the names of the columns that it reads, and its value over these; `windowed`, it looks at other rows."""

    name: str
    reads: frozenset[str]
    value: Value
    windowed: bool = True


def window_columns(item: Windowed, taken: Iterable[str]) -> tuple[Made, ...]:
    """The column, and before it what it is computed from besides columns of the view; `taken` are names that there are."""
    if item.known.over is not Over.FILLED:
        return (Made(item.name, _reads(item), finished(_value(item), item)),)
    return _carried(item, taken)


def _reads(item: Windowed) -> frozenset[str]:
    return frozenset(ref.name for expression in item.expressions for ref in expression.columns)


def _value(item: Windowed) -> Value:
    values: tuple[Value, ...] = (AuthorExpression(item.value.expression),) if item.value else ()
    if item.known.over is Over.PLACE:
        return WindowCall(item.known.call, (), _partition(item), _order(item), number=item.buckets)
    if item.known.over is Over.ALL:
        return PartOf(values[0], WindowCall(item.known.call, values, _partition(item)))
    if item.known.over is Over.STEP:
        return _step(item, values)
    where = (AuthorExpression(item.where.expression),) if item.where else ()
    return WindowCall(item.known.call, values, _partition(item), _order(item), _frame(item), where=where)


def _step(item: Windowed, values: tuple[Value, ...]) -> WindowCall:
    """The value of the row so many rows away, or of the one that stands a period away, and no other."""
    call = item.known.call
    if not item.by.unit:
        return WindowCall(
            call, values, _partition(item), _order(item), number=item.by.count if item.by.count != 1 else None
        )
    there = Bound(item.by.count, item.by.unit, later=call == "lead")
    return WindowCall("first_value", values, _partition(item), _order(item), (there, there))


def _partition(item: Windowed) -> tuple[Value, ...]:
    own: tuple[Value, ...] = tuple(AuthorExpression(sql.expression) for sql in item.within)
    if item.frame and item.frame.unit:
        return (*own, PeriodOf(AuthorExpression(item.order[0].ordered.expression), item.frame.unit))
    return own


def _order(item: Windowed) -> tuple[Ordering, ...]:
    return tuple(_ordering(term) for term in item.order)


def _ordering(term: OrderTerm) -> Ordering:
    return Ordering(AuthorExpression(term.ordered.expression), term.ordered.descending, term.ordered.nulls_first)


def _frame(item: Windowed) -> _Frame | None:
    """None for the whole partition without an order, which needs none."""
    if not item.order:
        return None
    if item.frame is None or item.frame.unit:
        return _UP_TO_HERE
    return _last(item.frame.last) if item.frame.last else _ALL


def _last(step: Step) -> _Frame:
    """So many rows with this one; or those of so much time, at whose end this one stands."""
    return (Bound(step.count, step.unit, open=True) if step.unit else Bound(step.count - 1), _HERE)


def _carried(item: Windowed, taken: Iterable[str]) -> tuple[Made, ...]:
    """How many values there were up to a row tells which of them is the last: that of the first row with as many."""
    value: tuple[Value, ...] = (AuthorExpression(item.value.expression),) if item.value else ()
    number = _free(f"{item.name}_number", {*taken, *_reads(item)})
    partition, order = _partition(item), _order(item)
    counted = WindowCall("count", value, partition, order, _UP_TO_HERE)
    first = WindowCall(item.known.call, value, (*partition, ColumnOf("", number)), order, _UP_TO_HERE)
    return (
        Made(number, _reads(item), counted),
        Made(item.name, _reads(item) | {number}, finished(first, item)),
    )


def _free(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "_"
    return wanted
