"""The shape in which a change is told, for all kinds of changes."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.report.text.words import Quoted, Words


@dataclass(frozen=True, slots=True)
class Phrase:
    """A change in words: `short` says what changed, `rest` continues it to a whole sentence with the values."""

    short: Words
    rest: Words = ()

    @property
    def whole(self) -> Words:
        """The whole sentence."""
        return self.short + self.rest


def values(before: str | None, after: str | None, nothing: str = "") -> Words:
    """`: before → after`, with `nothing` for what is not there."""
    sides = [nothing if side is None else Quoted(side) for side in (before, after)]
    return (": ", sides[0], " → ", sides[1])
