"""What picks rows of a view when they are there, and what depends on which others there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Picked:
    """`having` picks groups and `keep` rows: conditions joined by AND, each a meaning; empty for all. `windowed` are the columns that are
    computed over the rows which `having` leaves.
    """

    having: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    windowed: tuple[str, ...] = ()

    def written(self, write: Callable[[str], str]) -> Picked:
        """The same with other names in its texts."""
        return replace(self, having=tuple(map(write, self.having)), keep=tuple(map(write, self.keep)))


ALL: Final = Picked()
