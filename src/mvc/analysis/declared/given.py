"""What all rows of a group share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Given:
    """The rows of some sources, and some columns (alias, name) of others."""

    rows: frozenset[str] = frozenset()
    columns: frozenset[tuple[str, str]] = frozenset()


NOTHING_GIVEN: Final = Given()
