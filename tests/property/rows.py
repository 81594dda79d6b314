"""What is said of the rows of a view once they exist, by brute force: each window looks at every row for each row."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from .expressions import OUTPUT, Row, Value, columns_read, holds, value
from .functions import compared
from .views import Aggregate, View, Window

Rows = list[dict[str, Value]]


def finished(view: View, rows: Rows) -> Rows:
    """The rows of the view, of its groups: `expr` columns and windows, in any order of writing, with `having` before the first window."""
    waiting = [*(each for each in view.aggregates if each.function == "expr"), *view.after.windows]
    waiting = _settled(rows, waiting, Aggregate)
    rows = [row for row in rows if holds(view.after.having, {OUTPUT: row})]
    while waiting:
        before = len(waiting)
        waiting = _settled(rows, _settled(rows, waiting, Window), Aggregate)
        assert len(waiting) < before, "columns in a circle"
    return [row for row in rows if holds(view.after.keep, {OUTPUT: row})]


def _settled(rows: Rows, waiting: Sequence[Aggregate | Window], kind: type) -> list[Aggregate | Window]:
    """What still waits after all of one kind that can be computed have been."""
    left = list(waiting)
    while ready := [
        each for each in left if isinstance(each, kind) and not _reads(each) & {other.name for other in left}
    ]:
        for each in ready:
            found = [_value(each, rows, row) for row in rows]
            for row, item in zip(rows, found, strict=True):
                row[each.name] = item
        left = [each for each in left if each not in ready]
    return left


def _reads(item: Aggregate | Window) -> frozenset[str]:
    return item.reads if isinstance(item, Window) else frozenset(name for _, name in columns_read(item.argument))


def _value(item: Aggregate | Window, rows: Rows, row: Row) -> Value:
    if isinstance(item, Window):
        return computed(item, rows, row)
    assert item.argument is not None
    found = value(item.argument, {OUTPUT: row})
    return item.default if found is None else found


def computed(window: Window, rows: Sequence[Row], row: Row) -> Value:
    """The window's value for a row; NULL becomes its default."""
    peers = [each for each in rows if all(each[name] == row[name] for name in window.within)]
    ordered = sorted(peers, key=functools.cmp_to_key(lambda one, other: _compared(window, one, other)))
    at = next(place for place, each in enumerate(ordered) if each is row)
    found = FUNCTIONS[window.function](window, ordered, at)
    return window.default if found is None else found


def _compared(window: Window, one: Row, other: Row) -> int:
    return compared(
        window.order, *([value(term.expr, {OUTPUT: each}) for term in window.order] for each in (one, other))
    )


def _values(window: Window, rows: Iterable[Row]) -> list[Value]:
    seen = (row for row in rows if holds(window.where, {OUTPUT: row}))
    return [True if window.argument is None else value(window.argument, {OUTPUT: row}) for row in seen]


def _frame(window: Window, rows: Sequence[Row], at: int) -> Sequence[Row]:
    if not window.order or window.last < 0:
        return rows
    return rows[max(at + 1 - window.last, 0) if window.last else 0 : at + 1]


def _before(window: Window, rows: Sequence[Row], at: int) -> int:
    return sum(_compared(window, row, rows[at]) < 0 for row in rows)


def _dense(window: Window, rows: Sequence[Row], at: int) -> int:
    earlier = [row for row in rows if _compared(window, row, rows[at]) < 0]
    return 1 + sum(
        not any(_compared(window, row, other) == 0 for other in earlier[:place]) for place, row in enumerate(earlier)
    )


def _bucket(window: Window, rows: Sequence[Row], at: int) -> int:
    """The first buckets have one row more."""
    least, more = divmod(len(rows), window.buckets or 1)
    ends = [number * least + min(number, more) for number in range(1, (window.buckets or 1) + 1)]
    return 1 + sum(at >= end for end in ends)


def _share(window: Window, rows: Sequence[Row], at: int) -> Value:
    own = _values(window, [rows[at]])[0]
    there = [item for item in _values(window, rows) if item is not None]
    return None if own is None or not sum(there) else Decimal(own) / Decimal(sum(there))


def _away(window: Window, rows: Sequence[Row], at: int) -> Value:
    place = at + (window.by if window.function == "lead" else -window.by)
    return _values(window, [rows[place]])[0] if 0 <= place < len(rows) else None


def _over(function: Callable[[list[Value]], Value]) -> Callable[[Window, Sequence[Row], int], Value]:
    def result(window: Window, rows: Sequence[Row], at: int) -> Value:
        there = [item for item in _values(window, _frame(window, rows, at)) if item is not None]
        return function(there) if there or function is len else None

    return result


FUNCTIONS: dict[str, Callable[[Window, Sequence[Row], int], Any]] = {
    "rank": lambda window, rows, at: 1 + _before(window, rows, at),
    "dense_rank": _dense,
    "row_number": lambda _, __, at: at + 1,
    "percent_rank": lambda window, rows, at: _before(window, rows, at) / (len(rows) - 1) if len(rows) > 1 else 0.0,
    "cume_dist": lambda window, rows, at: sum(_compared(window, row, rows[at]) <= 0 for row in rows) / len(rows),
    "ntile": _bucket,
    "share": _share,
    "sum": _over(sum),
    "avg": _over(lambda values: Decimal(sum(values)) / len(values)),
    "min": _over(min),
    "max": _over(max),
    "count": _over(len),
    "first": lambda window, rows, at: _values(window, _frame(window, rows, at))[0],
    "last": lambda window, rows, at: _values(window, _frame(window, rows, at))[-1],
    "lag": _away,
    "lead": _away,
    "carry": lambda window, rows, at: next(
        (item for item in reversed(_values(window, rows[: at + 1])) if item is not None), None
    ),
}
