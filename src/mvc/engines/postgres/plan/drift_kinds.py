"""What there may be to tell of a database that is not as it was left. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# fmt: off
DriftKind = Literal[
    "exposure missing", "exposure changed", "exposure option", "storage missing", "storage changed", "released",
    "storage unpopulated", "storage outdated", "storage open", "source replaced", "source renamed",
    "index missing", "index invalid", "index changed", "index by hand", "grant missing", "grant by hand",
    "role missing", "role renamed", "owner changed", "option changed", "option by hand", "rule by hand",
    "comment changed", "runtime changed", "changes unlogged", "job missing", "job changed", "job unknown",
    "name missing", "name changed",
]
# fmt: on
KEPT: Final[frozenset[DriftKind]] = frozenset(
    {"index by hand", "grant by hand", "option by hand", "rule by hand", "source renamed"}
)


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is not as it was left. `subject` is the object, `expected` and `found` are short texts."""

    kind: DriftKind
    view: str
    subject: str
    expected: str = ""
    found: str = ""

    @property
    def kept(self) -> bool:
        """Whether it stays, and is carried along, instead of being mended."""
        return self.kind in KEPT
