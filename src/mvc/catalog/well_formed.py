"""Whether the texts of a catalog are what they claim to be: a type is the name of a type and nothing more, a name can be one.

A snapshot is a file that anybody may have written, and its types become SQL as they stand. So nothing but the grammar of type
names passes: no comment, no second statement, no expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from mvc.catalog.cursor import Cursor
from mvc.catalog.tokens import Token, Unreadable, next_token
from mvc.catalog.type_names import read_type
from mvc.catalog.types import Catalog, Column, Function, Relation
from mvc.quoting import identifier, is_plain, unusable

_SYMBOLS: Final = frozenset("(),.[]-")


class Malformed(NamedTuple):
    """A text that is not what it should be, why, and where in the catalog it stands."""

    value: str
    problem: str
    place: str


def malformed(catalog: Catalog) -> Iterator[Malformed]:
    """Every text of the catalog that cannot be what it claims to be."""
    yield from _names(catalog.extensions, "extensions")
    yield from _names(catalog.search_path, "search_path")
    for index, relation in enumerate(catalog.relations):
        yield from _relation(relation, f"relations[{index}]")
    for index, function in enumerate(catalog.functions):
        yield from _function(function, f"functions[{index}]")
    for index, enum in enumerate(catalog.enums):
        yield from _names((enum.schema, enum.name), f"enums[{index}]")
        yield from _names(filter(None, enum.labels), f"enums[{index}].labels")
    for index, domain in enumerate(catalog.domains):
        yield from _names((domain.schema, domain.name), f"domains[{index}]")
        yield from _types((domain.base,), f"domains[{index}].base")
    for index, composite in enumerate(catalog.composites):
        yield from _names((composite.schema, composite.name), f"composites[{index}]")
        yield from _columns(composite.columns, f"composites[{index}].columns")
    for index, kind in enumerate(catalog.ranges):
        yield from _names((kind.schema, kind.name), f"ranges[{index}]")
        yield from _types((kind.subtype,), f"ranges[{index}].subtype")


def _relation(relation: Relation, place: str) -> Iterator[Malformed]:
    yield from _names((relation.schema, relation.name, *relation.partition_by), place)
    yield from _columns(relation.columns, f"{place}.columns")
    for key in relation.keys:
        yield from _names(key.columns, f"{place}.keys")
    for columns in relation.indexes:
        yield from _names(columns, f"{place}.indexes")
    for reference in relation.foreign_keys:
        names = (*reference.columns, *reference.target, *reference.target_columns)
        yield from _names(names, f"{place}.foreign_keys")


def _function(function: Function, place: str) -> Iterator[Malformed]:
    yield from _names((function.schema, function.name, *filter(None, function.argument_names)), place)
    yield from _types((function.returns, *function.arguments), place)
    yield from _columns(function.columns, f"{place}.columns")
    if function.argument_names and len(function.argument_names) != len(function.arguments):
        yield Malformed(function.name, "has not as many names as arguments", place)


def _columns(columns: Iterable[Column], place: str) -> Iterator[Malformed]:
    for index, column in enumerate(columns):
        yield from _names((column.name,), f"{place}[{index}].name")
        if column.type is not None:
            yield from _types((column.type,), f"{place}[{index}].type")


def _names(names: Iterable[str], place: str) -> Iterator[Malformed]:
    for name in names:
        if problem := unusable(name) or ("" if _encodes(name) else "a name is Unicode text"):
            yield Malformed(name, f"is no name: {problem}", place)


def _types(types: Iterable[str], place: str) -> Iterator[Malformed]:
    return (Malformed(text, "is no type", place) for text in types if not is_type(text))


@lru_cache(maxsize=4096)
def is_type(text: str) -> bool:
    """Whether the text is the name of a type as `format_type()` writes them, with its length and array bounds, and no more."""
    try:
        tokens = _plain_tokens(text)
        cursor = Cursor(tokens)
        written = read_type(cursor)
    except Unreadable:
        return False
    if written.row_of or not cursor.at_end():
        return False
    return written.own or written.schema is not None or tokens[0].kind == "name" or is_plain(written.name)


def spelled_type(text: str) -> str:
    """The type as `format_type()` spells it, where it is one of PostgreSQL's own; else as it is written, with its schema."""
    written = read_type(Cursor(_plain_tokens(text)))
    return f"{identifier(written.schema)}.{written.spelled()}" if written.schema else written.spelled()


def _plain_tokens(text: str) -> list[Token]:
    """The tokens, with at most one blank between two, so that PostgreSQL cannot see more in the text. Raises Unreadable."""
    tokens: list[Token] = []
    position = 0
    while (token := next_token(text, position)) is not None:
        if text[position : token.start] not in ("", " ") or not _is_plain(token, text):
            break
        tokens.append(token)
        position = token.end
    return tokens if tokens and position == len(text) and _encodes(text) else []


def _is_plain(token: Token, text: str) -> bool:
    if token.kind == "symbol":
        return token.text in _SYMBOLS
    if token.kind == "number":
        return token.text.isdecimal() and token.text.isascii()
    return token.kind == "word" or (token.kind == "name" and text[token.start] == '"' and not unusable(token.text))


def _encodes(text: str) -> bool:
    """Whether no half of a surrogate pair is in it."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
