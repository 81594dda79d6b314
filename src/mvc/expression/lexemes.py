"""Where PostgreSQL's own lexer begins and ends each token. sqlglot's tokenizer is held against it (`mvc.expression.agreement`).

Bytes from 0x80 on are letters to PostgreSQL, so U+00A0 is no space and `٣` no digit; a vertical tab is a space from version 16
on only, so it is none here; an operator is as long as its characters allow. Rule source: src/backend/parser/scan.l, 15 to 18.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple

LexemeKind = Literal["string", "name", "word", "number", "operator", "sign"]


class Lexeme(NamedTuple):
    """A token of PostgreSQL's. `end` is exclusive."""

    kind: LexemeKind
    text: str
    start: int
    end: int


LONGEST_OPERATOR: Final = 500  # PostgreSQL's have 62; what is none as a whole is looked at again from each of its signs
_LETTER: Final = r"A-Za-z_\u0080-\U0010ffff"
_SPACE: Final = re.compile(r"(?:[ \t\n\r\f]+|--[^\n\r]*)+")
_CONTINUED: Final = r"(?:[ \t\f]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f]|--[^\n\r]*[\n\r])*'(?:[^']|'')*')*"
_LEXEME: Final = re.compile(
    rf"""
    (?P<string>[eE]'(?:[^'\\]|\\.|'')*' | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'{_CONTINUED}
        | \$(?P<tag>(?:[{_LETTER}][{_LETTER}0-9]*)?)\$.*?\$(?P=tag)\$)
    | (?P<name>(?:[uU]&)?"(?:[^"]|"")*")
    | (?P<word>[{_LETTER}][{_LETTER}0-9$]*)
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[{_LETTER}0-9$]*)
    | (?P<operator>[~!@\#^&|`?+\-*/%<>=]{{1,{LONGEST_OPERATOR}}})
    | (?P<sign>::|:=|\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
LONGEST_NUMBER: Final = 1000  # digits; what numeric can be declared with, and far below what Python refuses to read
_MAY_END_IN_SIGN: Final = frozenset("~!@#^&|`?%")
_DIGITS: Final = r"[0-9]+(?:_[0-9]+)*"  # PostgreSQL 16 takes `1_000`; what is older is told of it elsewhere
_NUMBER: Final = re.compile(rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?\Z")


@lru_cache(maxsize=4096)
def lexemes(text: str) -> tuple[Lexeme, ...]:
    """The tokens of `text`. What opens and never ends is a sign of one character, which nothing else will agree with; of a comment, all is left out."""
    return tuple(_lexemes(text))


def _lexemes(text: str) -> Iterator[Lexeme]:
    at = _after_space(text, 0)
    while at < len(text):
        if text.startswith("/*", at):  # it never ends, so all behind it is in it
            yield Lexeme("operator", "/*", at, at + 2)
            return
        found = _LEXEME.match(text, at)
        if found is None:  # cannot be: a sign is any character
            break
        kind: LexemeKind = found.lastgroup if found.lastgroup != "tag" else "string"  # type: ignore[assignment]
        end = _operator_end(text, at, found.end()) if kind == "operator" else found.end()
        yield Lexeme(kind, text[at:end], at, end)
        at = _after_space(text, end)


def is_number(text: str) -> bool:
    """Whether a number is one for every version: `0x1f` is from 16 on only, `1x` is never."""
    return len(text) <= LONGEST_NUMBER and _NUMBER.match(text) is not None


def _after_space(text: str, at: int) -> int:
    while True:
        found = _SPACE.match(text, at)
        at = found.end() if found else at
        if not text.startswith("/*", at):
            return at
        end = _comment_end(text, at)
        if end == at:
            return at
        at = end


def _comment_end(text: str, start: int) -> int:
    """Comments nest. The start of one that never ends."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return start


def _operator_end(text: str, start: int, end: int) -> int:
    """An operator ends before a comment; `+` and `-` at its end are part of it beside certain other characters only."""
    comments = (text.find(mark, start + 1, end) for mark in ("--", "/*"))
    end = min((place for place in comments if place >= 0), default=end)
    if not _MAY_END_IN_SIGN.intersection(text[start : end - 1]):
        while end - start > 1 and text[end - 1] in "+-":
            end -= 1
    return end
