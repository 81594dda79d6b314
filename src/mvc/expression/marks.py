"""PostgreSQL's tokens of a text, and where its brackets, names and calls end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mvc.expression.lexemes import Lexeme, lexemes

_OPENING: Final = frozenset("([")
_CLOSING: Final = frozenset(")]")
_LIKE_TYPES: Final = frozenset({"xmlparse", "xmlserialize"})  # `DOCUMENT 'x'` in them is no constant of a type
_TAILS: Final = frozenset({"within", "filter", "over"})


@dataclass(frozen=True)
class Marks:
    """The tokens of `text`, by their numbers; ends are exclusive."""

    text: str

    @cached_property
    def found(self) -> tuple[Lexeme, ...]:
        return lexemes(self.text)

    @cached_property
    def closing(self) -> dict[int, int]:
        """The number of the lexeme that closes a bracket, by that of the one which opens it."""
        pairs: dict[int, int] = {}
        open_: list[int] = []
        for number, lexeme in enumerate(self.found):
            if lexeme.text in _OPENING:
                open_.append(number)
            elif lexeme.text in _CLOSING and open_:
                pairs[open_.pop()] = number
        return pairs

    def said(self, low: int, high: int) -> str:
        """The text of some tokens."""
        return self.text[self.found[low].start : self.found[high - 1].end]

    def is_field(self, at: int) -> bool:
        """Whether a token is a name because a point stands before it."""
        return at > 0 and self.found[at - 1].text == "."

    def brackets(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """The numbers of brackets that stand in no other ones, but for those in which a word of syntax would look like a type."""
        at = low
        while at < high:
            end = self.closing.get(at, at)
            if end > at and (at == 0 or self.found[at - 1].text.lower() not in _LIKE_TYPES):
                yield at, end
            at = end + 1

    def number(self, byte: int) -> int | None:
        """The number of the lexeme that begins at a byte."""
        at = byte if self.text.isascii() else len(self.text.encode()[:byte].decode(errors="ignore"))
        return next((number for number, item in enumerate(self.found) if item.start == at), None)

    def end_of_name(self, number: int) -> int:
        """The number after the last lexeme of a name with points in it."""
        while number + 2 < len(self.found) and self.found[number + 1].text == ".":
            number += 2
        return number + 1

    def end_of_call(self, number: int) -> int | None:
        """The number after the last lexeme of a call, with FILTER, WITHIN GROUP and OVER."""
        at = self.end_of_name(number)
        if at not in self.closing:
            return None
        at = self.closing[at] + 1
        while at + 1 < len(self.found) and self.found[at].text.lower() in _TAILS:
            at += 2 if self.found[at].text.lower() == "within" else 1
            at = self.closing.get(at, at) + 1
        return at
