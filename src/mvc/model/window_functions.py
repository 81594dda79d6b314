"""The functions over rows of a view: one row for each key of `spec/window.py`, with all that the compiler knows of it.

Rule source: PostgreSQL manual, "Window Functions" and "Window Function Calls".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mvc.model.aggregate_types import NUMBERS, ResultType, always, extreme_type, mean_type, sum_type


class Over(Enum):
    """Which rows a function looks at, and how it is written."""

    PLACE = auto()  # f() over rows in an order, which is what it is about
    ALL = auto()  # x as a part of what the partition sums up to
    FRAME = auto()  # f(x) over a frame; without an order, over the partition
    END = auto()  # f(x) over a frame, which needs an order
    STEP = auto()  # f(x, n): so many rows away; or what stands a period away
    FILLED = auto()  # the last x that is not NULL


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFunction:
    """What is known of a function. `call` is PostgreSQL's name of it, `ties` says that rows which are equal in the order have equal
    results, `options` are those that it takes besides what all take, `never_null` that its result is none.
    """

    call: str
    over: Over
    result: ResultType
    ties: bool = False
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    never_null: bool = False

    @property
    def around(self) -> tuple[str, str]:
        """What stands before and behind the value in a call of it that a type is asked of."""
        if self.over is Over.FRAME:
            return f"{self.call}(", ")"
        return ("1.0 * (", ")") if self.over is Over.ALL else ("", "")

    @property
    def takes(self) -> tuple[str, ...]:
        """The options that mean something for it, besides those of each."""
        return (*self.needs, *self.options)


def _place(call: str, result: str, *, ties: bool, needs: tuple[str, ...] = ()) -> WindowFunction:
    return WindowFunction(call=call, over=Over.PLACE, result=always(result), ties=ties, needs=needs, never_null=True)


def _frame(call: str, result: ResultType, *, never_null: bool = False) -> WindowFunction:
    return WindowFunction(
        call=call, over=Over.FRAME, result=result, options=("order", "frame", "where"), never_null=never_null
    )


def _end(call: str) -> WindowFunction:
    return WindowFunction(call=call, over=Over.END, result=itself, needs=("order",), options=("frame",))


def _step(call: str) -> WindowFunction:
    return WindowFunction(call=call, over=Over.STEP, result=itself, needs=("order",), options=("by",))


def itself(argument: str) -> str | None:
    """The type of what gives one of its values."""
    return argument or None


def share_type(argument: str) -> str | None:
    """Of a value by a sum: whatever is no floating point number becomes numeric."""
    if argument not in NUMBERS:
        return None
    return "double precision" if argument in ("real", "double precision") else "numeric"


WINDOWS: Final[Mapping[str, WindowFunction]] = {
    "rank": _place("rank", "bigint", ties=True),
    "dense_rank": _place("dense_rank", "bigint", ties=True),
    "row_number": _place("row_number", "bigint", ties=False),
    "percent_rank": _place("percent_rank", "double precision", ties=True),
    "cume_dist": _place("cume_dist", "double precision", ties=True),
    "ntile": _place("ntile", "integer", ties=False, needs=("buckets",)),
    "share": WindowFunction(call="sum", over=Over.ALL, result=share_type),
    "sum": _frame("sum", sum_type),
    "avg": _frame("avg", mean_type),
    "min": _frame("min", extreme_type),
    "max": _frame("max", extreme_type),
    "count": _frame("count", always("bigint"), never_null=True),
    "first": _end("first_value"),
    "last": _end("last_value"),
    "lag": _step("lag"),
    "lead": _step("lead"),
    "carry": WindowFunction(call="first_value", over=Over.FILLED, result=itself, needs=("order",)),
}
