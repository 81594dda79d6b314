"""The type that a column's result is cast to."""

from __future__ import annotations

from dataclasses import dataclass, field

from mvc.model.origin import Origin


@dataclass(frozen=True, slots=True)
class ResultType:
    """`name` is the type as PostgreSQL spells it, with its length; `written` is the author's text."""

    name: str
    written: str = field(compare=False)
    origin: Origin = field(compare=False, repr=False)
