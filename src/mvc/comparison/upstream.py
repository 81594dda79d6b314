"""Changes of a view that come of the views it reads, and of nothing that is said of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpstreamRebuilt:
    """Views that it reads are stored anew, so it moves with them."""

    views: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadFrom:
    """What is read of another view: a column, or its rows (None)."""

    view: str
    column: str | None


@dataclass(frozen=True, slots=True)
class UpstreamChanged:
    """What it reads of other views (`through`) is not what it was: so neither are these `columns`, or which `rows` it has. `undecided`
    says that all of it only may be otherwise.
    """

    columns: tuple[str, ...]
    rows: bool
    through: tuple[ReadFrom, ...]
    undecided: bool


@dataclass(frozen=True, slots=True)
class UpstreamOlder:
    """Rows of views that it reads may be older than before, so its own may."""

    views: tuple[str, ...]
