"""sqlglot's trees of a text. Where its parser stumbles over itself (`date_part('', x)` is a ValueError there), the text is one that it cannot read."""

from __future__ import annotations

from typing import Final

from sqlglot import Dialect, Token, exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError

_POSTGRES: Final = Postgres()
_ACCIDENTS: Final = (ValueError, TypeError, AttributeError, LookupError, AssertionError)


def trees(text: str, dialect: Dialect, tokens: list[Token] | None = None) -> list[exp.Expr | None]:
    """The statements of a text. Raises SqlglotError and RecursionError, and nothing else."""
    try:
        return dialect.parser().parse(dialect.tokenize(text) if tokens is None else tokens, text)
    except _ACCIDENTS as problem:
        raise ParseError("this SQL cannot be read") from problem


def first_tree(text: str) -> exp.Expr | None:
    """The first statement of a text of PostgreSQL's."""
    return next(iter(trees(text, _POSTGRES)), None)
