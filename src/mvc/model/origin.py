"""Where a part of the model was written. Never part of its meaning: a moved line changes no model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mvc.diagnostics import Span
from mvc.source import Document, Path

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Origin:
    """A key path of a document."""

    document: Document
    path: Path = ()

    def at(self, *parts: str | int) -> Origin:
        """A place further down."""
        return Origin(self.document, (*self.path, *parts))

    @property
    def text(self) -> str:
        """The value, where it is a text; else nothing."""
        data = self.document.data
        for part in self.path:
            known = (
                part in data
                if isinstance(data, dict)
                else isinstance(data, tuple) and isinstance(part, int) and part < len(data)
            )
            data = data[part] if known else None
        return data if isinstance(data, str) else ""

    @property
    def span(self) -> Span:
        """Of the value."""
        return self.document.span(self.path)

    @property
    def key_span(self) -> Span:
        """Of the key."""
        return self.document.key_span(self.path)

    def part(self, start: int, end: int) -> Span:
        """Of the characters `start:end` of a text value."""
        return self.document.inside(self.path, start, end)


@dataclass(frozen=True, slots=True)
class Composed(Origin):
    """The place of a text that is made of texts of the spec: each entry of `pieces` says from where on in it another text follows, which
    one, and from where on in that.
    """

    pieces: tuple[tuple[int, Origin, int], ...] = ()

    def part(self, start: int, end: int) -> Span:
        """Of the characters `start:end`, where they were written."""
        origin, first = self._written(start)
        other, last = self._written(max(start, end - 1))
        word = _WORD.match(origin.text, first)
        least = word.end() if word else first + 1  # what stands before a name was put there: the name is meant
        return origin.part(first, last + 1 if other == origin and last > first else least)

    def _written(self, at: int) -> tuple[Origin, int]:
        number = max(index for index, (start, _, _) in enumerate(self.pieces) if start <= at or index == 0)
        start, origin, first = self.pieces[number]
        following = self.pieces[number + 1] if number + 1 < len(self.pieces) else None
        last = following[2] - 1 if following and following[1] == origin else first + at - start
        return origin, max(first, min(first + at - start, last))
