"""What SQL text calls by name, where that alone could have a constant become a value of somebody else's type.

The server picks a function or an operator while it parses the text, and then reads the constants among the arguments as what that one
takes, or as what it returns. For a row, an array or a range it reads the parts as well, by the checks of their domains: before anything
could look at what was picked. A constant that is none of these begins otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mvc.sqlgen.words import Token, constants, tokens, unquoted

_OF_PARTS: Final = re.compile(r"\s*[{(\[]")


def call_words(texts: Iterable[str]) -> tuple[str, ...]:
    """The names of functions and schemas in the texts that hold a constant which may have parts, each once, in the order of the alphabet."""
    return tuple(sorted({name for text in texts if _may_have_parts(text) for name in _called_in(tokens(text))}))


def _may_have_parts(text: str) -> bool:
    """An escape may stand for any sign."""
    return any("\\" in value or _OF_PARTS.match(value) for value in constants(text))


def _called_in(found: list[Token]) -> Iterator[str]:
    """Words with a parenthesis after them, or a dot at either side: `s.name` calls a function where there is no such column."""
    for place, (kind, text) in enumerate(found):
        if kind == "name" and (found[place + 1][1] in ("(", ".") or found[place - 1][1] == "."):
            yield unquoted(text)
