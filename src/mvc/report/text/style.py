"""Colour as data: what a piece of text is, and how a terminal is told. Whether there is colour at all, the CLI decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["error", "warning", "related", "frame", "help", "strong", "heading"]

_CODES: Final[Mapping[Role, str]] = {
    "error": "1;31",
    "warning": "1;33",
    "related": "36",
    "frame": "34",
    "help": "32",
    "strong": "1",
    "heading": "1;4",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How text is painted; without colour it stays as it is."""

    color: bool = False

    def paint(self, role: Role, text: str) -> str:
        """The text in the colour of its role."""
        return f"\x1b[{_CODES[role]}m{text}\x1b[0m" if self.color and text else text


PLAIN: Final = Style()
