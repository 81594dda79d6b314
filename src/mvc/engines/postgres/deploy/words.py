"""The words of SQL text, without what stands in comments and constants: cheap, for texts that are known to be well-formed."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s+|--[^\n\r]*|/\*.*?\*/|(?P<name>"(?:[^"]|"")+")|(?P<constant>[eE]'(?:[^'\\]|\\.|'')*'|(?:[uU]&)?'(?:[^']|'')*'|(?P<tag>\$\w*\$).*?(?P=tag))"""
    r"|(?P<word>[^\W\d][\w$]*)|(?P<mark>::|\d[\w.]*|.)",
    re.DOTALL,
)

Token = tuple[str, str]  # what it is (name, constant, mark), and its text: of a word in lower case
_NOTHING: Final[Token] = ("", "")


def tokens(text: str) -> list[Token]:
    """The words, constants and signs of a text; before and after them stands nothing, a few times."""
    return [(kind, "" if kind == "constant" else said) for kind, said in whole_tokens(text)]


def whole_tokens(text: str) -> list[Token]:
    """The same, each constant as it stands in the text."""
    found = [_NOTHING] * 2
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "word":
            found.append(("name", match[0].lower()))
        elif kind in ("name", "mark"):
            found.append((kind, match[0]))
        elif kind:
            found.append(("constant", match[0]))
    return [*found, *[_NOTHING] * 3]


def end_of_name(found: list[Token], place: int) -> int:
    """Where a name ends that begins at `place`: its parts stand at every second token, with dots between."""
    after = place + 1
    while found[after][1] == "." and found[after + 1][0] == "name":
        after += 2
    return after


def unquoted(word: str) -> str:
    """A word as the server keeps it."""
    return word[1:-1].replace('""', '"') if word.startswith('"') else word
