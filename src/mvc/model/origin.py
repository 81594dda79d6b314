"""Where a part of the model was written. Never part of its meaning: a moved line changes no model."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.diagnostics import Span
from mvc.source import Document, Path


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
