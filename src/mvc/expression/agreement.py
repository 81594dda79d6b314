"""Whether sqlglot and PostgreSQL cut a text into the same tokens. Where they do not, nothing that is known of it would be true.

Both differ in what is a space, a digit or a letter beyond ASCII, in operators (`a <@> b`), in numbers (`0x1f`) and in key words
that only other databases have. A text with such a token is refused at its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from unicodedata import category

from sqlglot import Token, TokenType

from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED, VALUES
from mvc.expression.expression import ExpressionError
from mvc.expression.lexemes import Lexeme, is_number, lexemes

_SEVERAL: Final = frozenset(
    {"!~", "!~*", "!~~", "!~~*", "<<", ">>"}
)  # operators that sqlglot takes in parts, and rightly
_OTHERS: Final = {"==": "=", "<=>": "IS NOT DISTINCT FROM", "~~~": "~~"}  # operators of other databases → PostgreSQL's
_OTHERS_WORDS: Final = {"rlike": "~", "regexp": "~", "glob": "LIKE", "div": "/", "xor": "<>"}
_NO_VALUES: Final = (RESERVED | FUNCTIONS_AND_TYPES) - VALUES - {"end"}
_UNSEEN: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs"})
_SIGNS: Final = frozenset(
    {"(", ")", "[", "]", ",", ";", ":", ".", "::", ":=", "$"}
)  # of a parameter: refused elsewhere


Piece = tuple[list[Lexeme], list[Token]]  # the least that begins and ends at the same places for both


def check_agreement(text: str, tokens: Sequence[Token]) -> None:
    """Raises ExpressionError at the first token that the two read differently."""
    before: list[Lexeme] = []
    for theirs, ours in _pieces(text, tokens):
        if len(theirs) == len(ours) == 1:
            _check_one(theirs[0], ours[0], before)
        elif (len(ours) > 1 and not _is_in_parts(theirs, ours, before)) or (
            len(theirs) > 1 and any(lexeme.kind != "word" for lexeme in theirs)
        ):
            raise _otherwise(theirs[0])
        before = [*before[-8:], *theirs]


def _pieces(text: str, tokens: Sequence[Token]) -> Iterator[Piece]:
    theirs, ours = iter(lexemes(text)), iter(tokens)
    for lexeme in theirs:
        token = next(ours, None)
        if token is None or token.start != lexeme.start:
            raise _otherwise(lexeme)
        piece: Piece = ([lexeme], [token])
        while (end := piece[1][-1].end + 1) != piece[0][-1].end:
            more = next(ours, None) if end < piece[0][-1].end else next(theirs, None)
            if more is None:
                raise _otherwise(lexeme)
            if isinstance(more, Lexeme):
                piece[0].append(more)
            else:
                piece[1].append(more)
        yield piece


def _check_one(lexeme: Lexeme, token: Token, before: Sequence[Lexeme]) -> None:
    if lexeme.kind == "word":
        _check_word(lexeme, token, qualified=bool(before) and before[-1].text == ".")
    elif lexeme.kind == "number" and not (is_number(lexeme.text) and token.token_type is TokenType.NUMBER):
        help_line = "write it in decimal digits, with a space or an operator before what follows"
        raise ExpressionError(
            "MV101", f"`{lexeme.text[:40]}` is no number to every PostgreSQL", lexeme.start, lexeme.end, help_line
        )
    elif lexeme.text in _OTHERS:
        raise _foreign(lexeme, f"`{_OTHERS[lexeme.text]}`")
    elif lexeme.kind == "sign" and lexeme.text not in _SIGNS:
        raise _otherwise(lexeme)


def _check_word(lexeme: Lexeme, token: Token, *, qualified: bool) -> None:
    word = lexeme.text
    if not word.isascii():
        plain = token.token_type is TokenType.VAR and not word.upper().isascii() and not word.lower().isascii()
        if not plain or any(category(character) in _UNSEEN for character in word):
            raise _otherwise(lexeme)
    elif not qualified and word.lower() in _OTHERS_WORDS and token.token_type is not TokenType.VAR:
        raise _foreign(lexeme, f"`{_OTHERS_WORDS[word.lower()]}`, or the name in double quotes")


def _is_in_parts(theirs: Sequence[Lexeme], ours: Sequence[Token], before: Sequence[Lexeme]) -> bool:
    """Whether several tokens of sqlglot's mean what one of PostgreSQL's does."""
    if len(theirs) > 1:
        return False
    lexeme = theirs[0]
    if lexeme.kind == "number":  # `.5`, where it cannot be taken for a field of what stands before it
        begins = not before or not ends_a_value(before[-1])
        return begins and len(ours) == 2 and ours[0].token_type is TokenType.DOT and is_number(lexeme.text)
    if lexeme.kind != "operator":
        return False
    return (lexeme.text in _SEVERAL and bool(before) and ends_a_value(before[-1])) or is_named(before)


def ends_a_value(lexeme: Lexeme) -> bool:
    """Whether an operator after it has a left side."""
    if lexeme.kind == "word":
        return lexeme.text.lower() not in _NO_VALUES
    return lexeme.kind in ("name", "string", "number") or lexeme.text in (")", "]")


def is_named(before: Sequence[Lexeme]) -> bool:
    """Whether an operator stands in `OPERATOR(schema.…)`."""
    words = [lexeme.text.lower() for lexeme in before]
    while len(words) > 2 and words[-1] == ".":
        words = words[:-2]
    return words[-2:] == ["operator", "("]


def _foreign(lexeme: Lexeme, instead: str) -> ExpressionError:
    title = f"PostgreSQL has no operator `{lexeme.text}`"
    return ExpressionError("MV101", title, lexeme.start, lexeme.end, f"write {instead}")


def _otherwise(lexeme: Lexeme) -> ExpressionError:
    """What looks like one thing and is another; the odd character itself, where there is one."""
    odd = next((index for index, character in enumerate(lexeme.text) if category(character) in _UNSEEN), None)
    if odd is not None and lexeme.kind in ("word", "sign"):
        at = lexeme.start + odd
        name = f"U+{ord(lexeme.text[odd]):04X}"
        title = f"the character {name} is no space to PostgreSQL"
        return ExpressionError("MV101", title, at, at + 1, "put a plain space there, or nothing")
    title = f"`{lexeme.text[:40]}` cannot be read: PostgreSQL takes it for something else than it looks like"
    help_line = f"write it by its whole name: OPERATOR(pg_catalog.{lexeme.text[:40]})"
    return ExpressionError("MV101", title, lexeme.start, lexeme.end, help_line if lexeme.kind == "operator" else "")
