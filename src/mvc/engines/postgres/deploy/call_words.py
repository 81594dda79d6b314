"""What SQL text calls by name, where that alone could have a constant become a value of somebody else's type.

The server picks a function or an operator while it parses the text, and then reads the constants among the arguments as what that one
takes, or as what it returns. For a row, an array or a range it reads the parts as well, by the checks of their domains: before anything
could look at what was picked. A constant that is none of these begins otherwise, `{}` and `[]` have no parts, and one whose type stands beside
it is read as that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mvc.engines.postgres.deploy.type_words import OWN_TYPES
from mvc.engines.postgres.deploy.words import Token, tokens, unquoted, whole_tokens

_OF_PARTS: Final = re.compile(r"(?:[eE]?'|\$\w*\$)\s*[{(\[](?!(?<=\{)\s*\}\s*['$]|(?<=\[)\s*\]\s*['$])")
_ESCAPES: Final = re.compile(r"[eE]'.*\\|[uU]&", re.DOTALL)  # which may stand for any sign


def reads_parts(texts: Iterable[str]) -> bool:
    """Whether a constant of a text may be read as the parts of a row, an array or a range of a type that the server picks."""
    return any(_reads_parts(whole_tokens(text)) for text in texts)


def call_words(texts: Iterable[str]) -> tuple[str, ...]:
    """The names of functions and schemas in the texts that hold such a constant, each once, in the order of the alphabet."""
    return tuple(sorted({name for text in texts if reads_parts([text]) for name in _called_in(tokens(text))}))


def _reads_parts(found: list[Token]) -> bool:
    return any(
        kind == "constant" and (_OF_PARTS.match(text) or _ESCAPES.match(text)) and not _is_typed(found, place)
        for place, (kind, text) in enumerate(found)
    )


def _is_typed(found: list[Token], place: int) -> bool:
    """Whether a type of PostgreSQL's own stands before the constant, or behind it."""
    if found[place - 1][1] in OWN_TYPES and found[place - 2][1] != ".":
        return True
    is_cast = found[place + 1][1] == "as" and found[place - 1][1] == "(" and found[place - 2][1] == "cast"
    return (is_cast or found[place + 1][1] == "::") and found[place + 2][1] in OWN_TYPES and found[place + 3][1] != "."


def _called_in(found: list[Token]) -> Iterator[str]:
    """Words with a parenthesis after them, or a dot at either side: `s.name` calls a function where there is no such column."""
    for place, (kind, text) in enumerate(found):
        if kind == "name" and (found[place + 1][1] in ("(", ".") or found[place - 1][1] == "."):
            yield unquoted(text)
