"""Partitions of base tables: how long each is, how many are made ahead, what is retired."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mvc.model.length import Length
from mvc.model.origin import Origin
from mvc.model.view import TableRef

Unit = Literal["day", "week", "month", "quarter", "year"]
Retirement = Literal["detach", "drop"]


@dataclass(frozen=True, slots=True)
class Partitioning:
    """One table's partitions. `cron` and the bounds are in `timezone`; without `keep` nothing is retired."""

    table: TableRef
    by: Unit
    ahead: int
    keep: Length | None
    retire: Retirement
    timezone: str
    cron: str
    origin: Origin = field(compare=False, repr=False)
