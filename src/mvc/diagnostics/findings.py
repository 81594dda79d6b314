"""Findings as they are made: whoever looks for faults is given these, and adds to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvc.diagnostics.diagnostic import Diagnostic


class Findings:
    """Diagnostics in the order of their discovery."""

    def __init__(self, items: Iterable[Diagnostic] = ()) -> None:
        self.items = list(items)

    def add(self, diagnostic: Diagnostic) -> None:
        """One more."""
        self.items.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Several more."""
        self.items.extend(diagnostics)

    def __iadd__(self, diagnostics: Iterable[Diagnostic]) -> Findings:  # noqa: PYI034 - typing.Self came with Python 3.11
        self.extend(diagnostics)
        return self

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return bool(self.items)

    def has_errors(self, since: int = 0) -> bool:
        """Whether one of them stops the compile, of those that came after the first `since`."""
        return any(item.severity == "error" for item in self.items[since:])
