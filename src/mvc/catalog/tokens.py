"""PostgreSQL's tokens, with the offset of each: what the DDL reader reads.

sqlglot's tokenizer is not used here, since files of DDL hold what it does not know: psql's backslash commands, COPY data,
`U&"…"` names. One regular expression also reads a dump of thousands of tables in a blink.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from mvc.quoting import MAX_IDENTIFIER_BYTES

TokenKind = Literal["word", "name", "string", "number", "psql", "symbol"]


class Token(NamedTuple):
    """A piece of SQL. `text` is folded for a bare word, unquoted for a name and a string; `end` is exclusive."""

    kind: TokenKind
    text: str
    start: int
    end: int


class Unreadable(Exception):
    """The text from `start` to `end` cannot be read, for the reason given."""

    def __init__(self, reason: str, start: int, end: int) -> None:
        super().__init__(reason)
        self.reason, self.start, self.end = reason, start, end


DEEPEST: Final = (
    64  # brackets within brackets; nobody writes more, and beyond it sqlglot gives up, or crashes where it is compiled
)
SUBSCRIPTS: Final = 50  # in a row

_LETTER: Final = r"A-Za-z_\u0080-\U0010ffff"
_TOKEN: Final = re.compile(
    rf"""
    (?P<comment>/\*)
    | (?P<name>(?:[uU]&)?"(?:[^"]|"")*")
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*' | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*' | \$(?P<tag>(?:[{_LETTER}][{_LETTER}0-9]*)?)\$.*?\$(?P=tag)\$)
    | (?P<open>(?:[eEbBxXnN]|[uU]&)?['"] | \$(?:[{_LETTER}][{_LETTER}0-9]*)?\$)
    | (?P<word>[{_LETTER}][{_LETTER}0-9$]*)
    | (?P<number>[0-9][{_LETTER}0-9.]* | \.[0-9][{_LETTER}0-9]*)
    | (?P<psql>\\[^\n]*)
    | (?P<symbol>::|:=|=>|[^ \t\n\r\f\v])
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE: Final = re.compile(r"(?:[ \t\n\r\f\v]+|--[^\n\r]*)*")  # U+00A0 and its like are letters
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_UNICODE_ESCAPE: Final = re.compile(r"\\(?:(\\)|\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))")
_UNSOUND: Final = re.compile("[\x00\ud800-\udfff]")
_AS_IT_STANDS: Final = frozenset({"symbol", "number", "psql"})
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def next_token(text: str, position: int) -> Token | None:
    """The first token at or after `position`, or None at the end. Raises Unreadable for a quote that never ends."""
    while True:
        start = space.end() if (space := _SPACE.match(text, position)) else position
        match = _TOKEN.match(text, start)
        if match is None:
            return None
        if match.lastgroup != "comment":
            return _token(match)
        position = _end_of_comment(text, start)


def too_deep(steps: Iterable[int]) -> int | None:
    """The number of the token where brackets are within more than DEEPEST others; `steps` are what `step` says of each. Asked
    before any text is handed to sqlglot.
    """
    return next((at for at, depth in enumerate(accumulate(steps)) if depth > DEEPEST), None)


def step(token: Token) -> int:
    """1 for what opens a bracket or CASE, -1 for what closes one, else 0."""
    if token.kind not in ("symbol", "word"):
        return 0
    return (token.text in ("(", "[", "case")) - (token.text in (")", "]", "end"))


def too_many_subscripts(texts: Iterable[str]) -> int | None:
    """The number of the token that begins more than SUBSCRIPTS subscripts in a row (`a[1][2]`), of a text's tokens. Asked before the text is handed
    to sqlglot, whose time grows with the third power of them.
    """
    open_: list[int] = []
    ended, former = 0, ""
    for number, text in enumerate(texts):
        if text == "[":
            open_.append(ended + 1 if former == "]" else 1)
            if open_[-1] > SUBSCRIPTS:
                return number
        elif text == "]" and open_:
            ended = open_.pop()
        former = text
    return None


def is_too_deep(text: str) -> bool:
    """Whether `too_deep` would say so of a text that the server has read. Raises Unreadable as reading does."""
    return too_deep(map(step, all_tokens(text))) is not None


def all_tokens(text: str) -> Iterator[Token]:
    """The tokens of a text. Raises Unreadable for a quote that never ends."""
    position = 0
    while (token := next_token(text, position)) is not None:
        yield token
        position = token.end


def fold(word: str) -> str:
    """A bare name as the server reads it: ASCII letters in lower case, no more bytes than it keeps."""
    return cut(lowered(word))


def lowered(word: str) -> str:
    """ASCII letters in lower case and no others, as the server does it to what stands without quotes."""
    return word.lower() if word.isascii() else word.translate(_LOWER)


def cut(name: str) -> str:
    """A name shortened to what the server keeps, never inside a character."""
    if len(name) * 4 <= MAX_IDENTIFIER_BYTES:
        return name
    return name.encode("utf-8", "surrogatepass")[:MAX_IDENTIFIER_BYTES].decode("utf-8", "ignore")


def _token(match: re.Match[str]) -> Token:
    """The commonest kinds first: a dump has 100,000 tokens."""
    kind, raw, (start, end) = match.lastgroup, match.group(), match.span()
    if kind == "word":
        plain = len(raw) <= MAX_IDENTIFIER_BYTES and raw.isascii()
        return Token("word", raw.lower() if plain else fold(raw), start, end)
    if kind in _AS_IT_STANDS:
        return Token(kind, raw, start, end)  # type: ignore[arg-type]
    if kind == "string":
        return Token("string", _sound(_unquoted_string(raw), match), start, end)
    if kind == "name":
        if not (name := _unquoted_name(raw)):
            raise Unreadable("a quoted name is empty", start, end)
        return Token("name", cut(_sound(name, match)), start, end)
    raise Unreadable(f"the quote {raw} is never closed", start, end)


def _sound(text: str, match: re.Match[str]) -> str:
    """The text, which escapes may have given what no server takes: the character NUL, half of a surrogate pair."""
    if "\\" in match.group() and _UNSOUND.search(text):
        raise Unreadable("an escape stands for no character", match.start(), match.end())
    return text


def _end_of_comment(text: str, start: int) -> int:
    """Comments nest in PostgreSQL, which no regular expression can follow."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise Unreadable("the comment /* is never closed", start, start + 2)


def _unquoted_name(raw: str) -> str:
    if raw[0] == '"':
        return raw[1:-1].replace('""', '"')
    return _UNICODE_ESCAPE.sub(_character, raw[3:-1].replace('""', '"'))


def _character(escape: re.Match[str]) -> str:
    return escape[1] or chr(min(int(escape[2] or escape[3], 16), 0x10FFFF))


def _unquoted_string(raw: str) -> str:
    if raw[0] == "$":
        edge = raw.index("$", 1) + 1
        return raw[edge:-edge]
    body = raw[raw.index("'") + 1 : -1].replace("''", "'")
    if raw[0] in "uU":
        return _UNICODE_ESCAPE.sub(_character, body)
    return _ESCAPE.sub(_escaped, body) if raw[0] in "eE" else body


_ESCAPE: Final = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
_CONTROL: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _escaped(escape: re.Match[str]) -> str:
    octal, *hexadecimal, single = escape.groups()
    if octal:
        return chr(int(octal, 8))
    digits = next((item for item in hexadecimal if item), None)
    return chr(min(int(digits, 16), 0x10FFFF)) if digits else _CONTROL.get(single, single)
