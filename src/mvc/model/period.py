"""A period of time as a dimension."""

from __future__ import annotations

from dataclasses import dataclass, field

from mvc.model.origin import Origin


@dataclass(frozen=True, slots=True)
class CalendarPeriod:
    """The `unit` of time that a date or time lies in, by the clock of `zone`; `given` is where that was said, None where it is the project's."""

    unit: str
    zone: str
    origin: Origin = field(compare=False, repr=False)
    given: Origin | None = field(default=None, compare=False, repr=False)
