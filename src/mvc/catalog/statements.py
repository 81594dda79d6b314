"""A DDL file cut into statements. Bodies, COPY data and psql's own commands are passed over here, once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mvc.catalog.tokens import Token, Unreadable, next_token

_BYTE_ORDER_MARK: Final = "\ufeff"  # psql passes over it at the start of a file; elsewhere it is a letter
_END_OF_COPY: Final = re.compile(r"^\\\.\r?$", re.MULTILINE)
_SENDS: Final = ("\\g", "\\crosstabview", "\\watch")  # psql commands that run what was typed, like a semicolon
_OPENS_BODY: Final = frozenset({"begin", "case"})
_IN_BRACKETS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}


def statements(text: str) -> Iterator[list[Token]]:
    """The statements of a file in order, without their semicolons. Raises Unreadable where the tokens end badly."""
    position = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
    while position < len(text):
        found, position = _statement(text, position)
        if found:
            yield found
        if _reads_rows(found):
            position = _after_rows(text, position)


@dataclass
class _Nesting:
    """How deep the reader is in brackets, and in `BEGIN ATOMIC … END`, whose semicolons end nothing."""

    brackets: int = 0
    body: int = 0

    def ends(self, token: Token) -> bool:
        """Whether a statement ends with this token."""
        return token.kind == "symbol" and token.text == ";" and self.brackets == self.body == 0

    def enter(self, found: list[Token], token: Token) -> None:
        """Passes a token that stands behind those that were found."""
        if token.kind == "symbol":
            self.brackets = max(0, self.brackets + _IN_BRACKETS.get(token.text, 0))
        elif token.kind == "word" and (self.body or token.text == "atomic"):
            self.body = _body_depth(found, token, self.body)


def _statement(text: str, position: int) -> tuple[list[Token], int]:
    found: list[Token] = []
    nesting = _Nesting()
    while (token := next_token(text, position)) is not None:
        position = token.end
        if nesting.ends(token):
            return found, position
        if token.kind == "psql":
            if token.text.startswith(_SENDS):
                return [], position
            continue
        nesting.enter(found, token)
        found.append(token)
    if found:
        _complain_of_open_end(found, nesting.brackets)
    return found, len(text)


def _complain_of_open_end(found: list[Token], depth: int) -> None:
    """A last statement may lack its semicolon, not its closing bracket: all that follows would be lost unseen."""
    if depth:
        raise Unreadable("this statement never ends: a bracket is not closed", found[0].start, found[0].end)


def _body_depth(found: list[Token], token: Token, depth: int) -> int:
    """How deep the reader is in `BEGIN ATOMIC … END`, whose semicolons end nothing."""
    if depth == 0:
        opens = token.text == "atomic" and bool(found) and found[-1].text == "begin"
        return 1 if opens and found[0].text == "create" else 0
    if token.text in _OPENS_BODY:
        return depth + 1
    return depth - 1 if token.text == "end" else depth


def _reads_rows(found: list[Token]) -> bool:
    if not found or found[0].text != "copy":
        return False
    words = [token.text for token in found if token.kind == "word"]
    return ("from", "stdin") in pairwise(words)


def _after_rows(text: str, position: int) -> int:
    end = _END_OF_COPY.search(text, position)
    return end.end() if end else len(text)
