"""A length of time as a calendar counts it. Imports nothing, since a comparison of compiled projects reads it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time as a calendar counts it: months and days are not convertible."""

    months: int = 0
    days: int = 0

    def __add__(self, other: Length) -> Length:
        return Length(self.months + other.months, self.days + other.days)

    def __mul__(self, count: int) -> Length:
        return Length(count * self.months, count * self.days)

    def covers(self, other: Length) -> bool:
        """Whether `other` is surely no longer, whatever the months in it."""
        if other.months <= self.months and other.days <= self.days:
            return True
        return other._most_days <= self._least_days

    @property
    def _least_days(self) -> int:
        years, months = divmod(self.months, 12)
        return years * 365 + months * 28 + self.days

    @property
    def _most_days(self) -> int:
        years, months = divmod(self.months, 12)
        return years * 366 + months * 31 + self.days

    def __str__(self) -> str:
        parts = ((self.months, "month"), (self.days, "day"))
        return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count) or "0 days"


UNITS: Final[Mapping[str, Length]] = {
    "day": Length(days=1),
    "week": Length(days=7),
    "month": Length(months=1),
    "quarter": Length(months=3),
    "year": Length(months=12),
}


def read_length(text: str) -> Length:
    """The length that prints as `text`."""
    words = text.split()
    counts = {unit.removesuffix("s"): int(count) for count, unit in zip(words[::2], words[1::2], strict=True)}
    return Length(counts.get("month", 0), counts.get("day", 0))
