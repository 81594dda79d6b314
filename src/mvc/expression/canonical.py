"""Canonical text of SQL: equal for two texts that differ in layout, comments, the case of key words, needless quotes or in spelling only
(`mvc.expression.normal`).

It is made of the author's tokens, never of a parser's tree, so that texts which mean something else stay different. Columns
stay apart as pieces, so that what an alias stands for can be written in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from sqlglot import Token

from mvc.catalog.tokens import lowered
from mvc.expression.brackets import Piece, flat
from mvc.expression.expression import Expression
from mvc.expression.normal import normal
from mvc.expression.normal_query import query_items, without_list
from mvc.expression.tokens import tokens_of
from mvc.quoting import is_plain

_TIGHT_BEFORE: Final = frozenset({",", ")", "]", ".", "::", ";"})
_TIGHT_AFTER: Final = frozenset({"(", "[", ".", "::"})
_WORDS_BEFORE_BRACKETS: Final = frozenset(
    [
        "all",
        "and",
        "any",
        "as",
        "between",
        "by",
        "case",
        "distinct",
        "else",
        "end",
        "except",
        "exists",
        "filter",
        "from",
        "group",
        "having",
        "ilike",
        "in",
        "intersect",
        "is",
        "join",
        "like",
        "not",
        "on",
        "or",
        "order",
        "over",
        "partition",
        "select",
        "similar",
        "some",
        "then",
        "union",
        "using",
        "values",
        "when",
        "where",
        "with",
        "within",
    ]
)


def canonical(expression: Expression, write: Callable[[str, str], str]) -> str:
    """The expression's canonical text, with each column as `write(qualifier, name)` has it."""
    return "".join(piece if isinstance(piece, str) else write(*piece) for piece in _pieces(expression))


def canonical_text(text: str) -> str:
    """The canonical text of a query or an expression."""
    return canonical_tokens(text, tokens_of(text), lambda _: None)


def canonical_tokens(
    text: str, tokens: Iterable[Token], renamed: Callable[[Token], str | None], *, listed: bool = True
) -> str:
    """The canonical text of tokens of `text`; `renamed` may give another text for one of them. `listed=False` leaves the columns of
    a query's outermost SELECT away.
    """
    words: list[Piece] = []
    for token in tokens:
        other = renamed(token)
        words += [other] if other else _folded(text[token.start : token.end + 1])
    items = query_items(normal(words))
    return "".join(str(piece) for piece in _joined(flat(items if listed else without_list(items))))


@lru_cache(maxsize=16384)
def _pieces(expression: Expression) -> tuple[Piece, ...]:
    only = expression.columns[0] if len(expression.columns) == 1 else None
    if only and (only.start, only.end) == (0, len(expression.source)):
        return ((only.qualifier or "", only.name),)
    columns = {ref.start: ref for ref in expression.columns}
    items: list[Piece] = []
    skipped_to = 0
    for token in tokens_of(expression.source):
        if token.start < skipped_to:
            continue
        ref = columns.get(token.start)
        if ref is not None:
            skipped_to = ref.end
        word = expression.source[token.start : token.end + 1]
        items += [(ref.qualifier or "", ref.name)] if ref else _folded(word)
    return tuple(_joined(flat(normal(items))))


def _folded(word: str) -> list[str]:
    """A token as PostgreSQL reads it: strings as they are, words in lower case, quotes only where they are needed. What is one token to
    sqlglot may be several words (`GROUP BY`).
    """
    if word[0] == '"' and is_plain(word[1:-1]):
        return [word[1:-1]]
    return [word] if "'" in word or word[0] in '"$' else lowered(word).split()


def _joined(items: list[Piece]) -> list[Piece]:
    """The items with one space between two where there must be one, whatever the author had there."""
    spaced: list[Piece] = []
    last: Piece = "("
    for item in items:
        if not _tight(last, item):
            spaced.append(" ")
        spaced.append(item)
        last = item
    return spaced


def _tight(last: Piece, item: Piece) -> bool:
    if last in _TIGHT_AFTER or item in _TIGHT_BEFORE:
        return True
    if item not in ("(", "["):
        return False
    return isinstance(last, str) and (last[-1].isalnum() or last[-1] in '_"') and last not in _WORDS_BEFORE_BRACKETS
