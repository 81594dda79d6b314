"""Windows as text: what stands in OVER, and the frame. The texts of the values in them come from `printing`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mvc.model.window import UNITS
from mvc.shape.records import Bound

_LEAST: Final = " -1 microsecond"  # what is open at its end begins with the next moment; no date lies between


def over(call: str, partition: Iterable[str], order: Iterable[str], frame: tuple[Bound, Bound] | None) -> str:
    """The call over its window."""
    parts = [
        f"{word} {', '.join(items)}"
        for word, items in (("PARTITION BY", list(partition)), ("ORDER BY", list(order)))
        if items
    ]
    return f"{call} OVER ({' '.join((*parts, *((_frame(*frame),) if frame else ())))})"


def _frame(start: Bound, end: Bound) -> str:
    unit = "RANGE" if start.unit or end.unit else "ROWS"
    if (start.count, end) == (None, Bound(0)):
        return f"{unit} UNBOUNDED PRECEDING"
    return f"{unit} BETWEEN {_bound(start)} AND {_bound(end)}"


def _bound(bound: Bound) -> str:
    direction = "FOLLOWING" if bound.later else "PRECEDING"
    if bound.count is None:
        return f"UNBOUNDED {direction}"
    if bound.unit:
        return f"INTERVAL '{interval(bound)}' {direction}"
    return f"{bound.count} {direction}" if bound.count else "CURRENT ROW"


def interval(bound: Bound) -> str:
    """So much time, as PostgreSQL writes it."""
    each, unit = UNITS[bound.unit].split()
    count = (bound.count or 0) * int(each)
    plural = "" if count == 1 or unit.endswith("s") else "s"
    return f"{count} {unit}{plural}{_LEAST if bound.open else ''}"
