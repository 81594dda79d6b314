"""The author's text as tokens. Comments end here; what is left can be put inside parentheses without hiding anything."""

from __future__ import annotations

from typing import Final

from sqlglot import Token, TokenType
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError

from mvc.catalog.tokens import SUBSCRIPTS, too_deep, too_many_subscripts
from mvc.expression.agreement import check_agreement
from mvc.expression.expression import ExpressionError, SettledError
from mvc.expression.lexemes import Lexeme, lexemes


class _Dialect(Postgres):  # type: ignore[misc, unused-ignore]
    """PostgreSQL's, with what sqlglot leaves out of it: `1_000` is a number."""

    NUMBERS_CAN_BE_UNDERSCORE_SEPARATED = True


POSTGRES = _Dialect()

_OPENING = {TokenType.L_PAREN: TokenType.R_PAREN, TokenType.L_BRACKET: TokenType.R_BRACKET}
_CLOSING = frozenset(_OPENING.values())

MOST: Final = (
    20_000  # tokens; a list of 10,000 values takes a second or two to compile, and the time grows faster than it
)

_STEPS = {
    **dict.fromkeys((*_OPENING, TokenType.CASE), 1),
    **dict.fromkeys((*_CLOSING, TokenType.END), -1),
}


_KINDS: Final = {
    "string": TokenType.STRING,
    "number": TokenType.NUMBER,
    "name": TokenType.IDENTIFIER,
}  # what it is by its kind


def tokenize(text: str) -> list[Token]:
    """The tokens of an expression. Raises ExpressionError for what cannot be one: statements, loose brackets, NULs."""
    if "\x00" in text:
        raise ExpressionError("MV101", "SQL cannot hold the character NUL", text.index("\x00"), text.index("\x00") + 1)
    try:
        tokens = list(POSTGRES.tokenize(text))
    except SqlglotError:
        raise ExpressionError("MV101", "a quote or comment is opened and never closed", 0, len(text)) from None
    if not tokens:
        raise ExpressionError("MV101", "there is no SQL here", 0, len(text))
    if len(tokens) > MOST:
        title = f"this SQL has {len(tokens):,} words and signs: {MOST:,} are the most"
        help_line = "put a long list of values into a table, and join it"
        raise SettledError("MV101", title, *_place(tokens[MOST]), help_line)
    _check_brackets(tokens)
    _check_depth(tokens, len(text))
    check_agreement(text, tokens)
    return tokens


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text that has been accepted: PostgreSQL's, where sqlglot would cut it otherwise. Raises ExpressionError."""
    try:
        return tokenize(text)
    except ExpressionError as problem:
        try:
            return [_token(lexeme) for lexeme in lexemes(text)]
        except SqlglotError:
            raise problem from None


def _token(lexeme: Lexeme) -> Token:
    kind = _KINDS.get(lexeme.kind)
    if kind is None:
        alone = list(POSTGRES.tokenize(lexeme.text))
        kind = alone[0].token_type if len(alone) == 1 else TokenType.OPERATOR
    text = lexeme.text.strip('"').replace('""', '"') if lexeme.kind == "name" else lexeme.text
    return Token(kind, text, 1, 1, lexeme.start, lexeme.end - 1)


def _check_brackets(tokens: list[Token]) -> None:
    open_: list[Token] = []
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            raise ExpressionError(
                "MV102", "`;` would end the statement: one expression is allowed here", *_place(token)
            )
        if token.token_type in _OPENING:
            open_.append(token)
        elif token.token_type in _CLOSING and (not open_ or _OPENING[open_.pop().token_type] is not token.token_type):
            raise ExpressionError(
                "MV102", f"`{token.text}` closes a bracket that this expression did not open", *_place(token)
            )
    if open_:
        raise ExpressionError("MV101", f"`{open_[-1].text}` is never closed", *_place(open_[-1]))


def _check_depth(tokens: list[Token], end: int) -> None:
    at = too_deep(_STEPS.get(token.token_type, 0) for token in tokens)
    if at is not None:
        help_line = "a `sql:` body can give its parts names: WITH part AS (…)"
        raise SettledError("MV101", "this expression is nested too deep", tokens[at].start, end, help_line)
    at = too_many_subscripts(token.text for token in tokens)
    if at is not None:
        title = f"this is subscript {SUBSCRIPTS + 1} in a row: {SUBSCRIPTS} are the most"
        raise SettledError("MV101", title, *_place(tokens[at]), "a path into JSON is one operator: value #>> '{a,b,c}'")


def _place(token: Token) -> tuple[int, int]:
    return token.start, token.end + 1


def one_line(text: str, tokens: list[Token]) -> str:
    """The tokens as they were written, with one space wherever there was a gap, a line break or a comment."""
    parts: list[str] = []
    last = 0
    for token in tokens:
        if parts and token.start > last:
            parts.append(" ")
        parts.append(text[token.start : token.end + 1])
        last = token.end + 1
    return "".join(parts)
