"""A column computed over rows of the view, as its author means it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mvc.expression import Expression
from mvc.model.origin import Origin
from mvc.model.result import ResultType
from mvc.model.window_functions import WINDOWS, WindowFunction
from mvc.model.written import OrderTerm, Setting, Sql

# Units of a step or a frame, and how PostgreSQL writes one as an interval.
UNITS: Final = {
    "minute": "1 minute",
    "hour": "1 hour",
    "day": "1 day",
    "week": "1 week",
    "month": "1 month",
    "quarter": "3 months",
    "year": "1 year",
}


@dataclass(frozen=True, slots=True)
class Step:
    """So many rows, or so many of a unit of time."""

    count: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The rows that are looked at: `all` of the partition, the `last` ones up to this row, or those of the same `unit` of time up to this row."""

    last: Step | None = None
    unit: str = ""

    @property
    def all(self) -> bool:
        return self.last is None and not self.unit


@dataclass(frozen=True, slots=True)
class Windowed:
    """`function` of `value`, over the rows of the view that share `within`. What is no value is None: a rank is about its order alone.

    Without a `frame`, rows up to this one are looked at where there is an order.
    """

    name: str
    function: str
    value: Sql | None
    within: tuple[Sql, ...]
    order: tuple[OrderTerm, ...]
    frame: Frame | None
    by: Step
    buckets: int | None
    where: Sql | None
    type: ResultType | None
    default: Setting | Sql | None
    description: str | None
    hidden: bool
    origin: Origin = field(compare=False, repr=False)

    @property
    def known(self) -> WindowFunction:
        """What is known of the function."""
        return WINDOWS[self.function]

    @property
    def sqls(self) -> Iterator[Sql]:
        """What it reads, as it was written."""
        yield from (item for item in (self.value, *self.within, self.where) if item)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Everything that it reads, its order included."""
        return (*(item.expression for item in self.sqls), *(term.ordered.expression for term in self.order))
