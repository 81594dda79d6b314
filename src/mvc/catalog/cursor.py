"""A place in one statement's tokens, and the small steps that every DDL statement is read with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from mvc.catalog.tokens import Token, Unreadable

_END: Final = Token("symbol", "", 0, 0)
_OPENERS: Final = frozenset("([")
_CLOSERS: Final = frozenset(")]")


class Name(NamedTuple):
    """A name with its schema, if one was written, and its place in the file."""

    schema: str | None
    name: str
    start: int
    end: int


class Cursor:
    """Reads tokens one after the other; the methods that take something return whether (or what) they took."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or an empty symbol at the end."""
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else _END

    def at_end(self) -> bool:
        return self.index >= len(self.tokens)

    def sees(self, *words: str) -> bool:
        """Whether the key words (or symbols) come next; a quoted name is never one."""
        first = self.peek()
        if first.text != words[0] or first.kind not in ("word", "symbol"):
            return False
        return len(words) == 1 or all(self._is(self.peek(ahead), word) for ahead, word in enumerate(words))

    def take(self, *words: str) -> bool:
        """Passes over the key words if all of them come next."""
        if not self.sees(*words):
            return False
        self.index += len(words)
        return True

    def take_any(self, *words: str) -> str:
        """Passes over one of the key words and returns it, or an empty string."""
        token = self.peek()
        if token.kind in ("word", "symbol") and token.text in words:
            self.index += 1
            return token.text
        return ""

    def expect(self, *words: str) -> None:
        if not self.take(*words):
            raise self.unreadable(f"expected {' '.join(words).upper()}")

    def unreadable(self, reason: str) -> Unreadable:
        token = self.peek() if not self.at_end() else (self.tokens[-1] if self.tokens else _END)
        return Unreadable(reason, token.start, token.end)

    def token(self) -> Token:
        """The next token, whatever it is."""
        token = self.peek()
        self.index += 1
        return token

    def name(self) -> Token:
        """One name, bare or quoted."""
        if self.peek().kind not in ("word", "name"):
            raise self.unreadable("expected a name")
        return self.token()

    def qualified(self) -> Name:
        """`name`, `schema.name` or `database.schema.name`."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        schema = parts[-2].text if len(parts) > 1 else None
        return Name(schema, parts[-1].text, parts[0].start, parts[-1].end)

    def if_exists(self) -> bool:
        return self.take("if", "exists")

    def if_not_exists(self) -> bool:
        return self.take("if", "not", "exists")

    def group(self) -> Cursor:
        """What stands in the brackets that open here."""
        self.expect("(")
        start = self.index
        depth = 1
        while depth:
            if self.at_end():
                raise self.unreadable("a bracket is not closed")
            token = self.token()
            if token.kind == "symbol":
                depth += (token.text in _OPENERS) - (token.text in _CLOSERS)
        return Cursor(self.tokens[start : self.index - 1])

    def skip_one(self) -> None:
        """Passes over one token, or over a whole group of brackets."""
        if self.sees("("):
            self.group()
        else:
            self.index += 1

    def skip_to(self, word: str) -> None:
        """Passes over what stands before a key word or symbol, brackets as a whole. Raises Unreadable where it is not there."""
        while not self.sees(word):
            if self.at_end():
                raise self.unreadable(f"expected {word.upper()}")
            self.skip_one()

    def items(self) -> Iterator[Cursor]:
        """What remains, cut at its commas; commas in brackets do not count."""
        start, depth = self.index, 0
        while not self.at_end():
            token = self.token()
            if token.kind != "symbol":
                continue
            depth += (token.text in _OPENERS) - (token.text in _CLOSERS)
            if token.text == "," and depth == 0:
                yield Cursor(self.tokens[start : self.index - 1])
                start = self.index
        if start < self.index:
            yield Cursor(self.tokens[start : self.index])

    def names(self) -> list[Token]:
        """A list of names with commas between; what follows a name within its item is passed over."""
        return [item.name() for item in self.items()]

    @staticmethod
    def _is(token: Token, word: str) -> bool:
        return token.text == word and token.kind in ("word", "symbol")
