"""One statement of DDL: PostgreSQL's tree of it, and its tokens. The tree says what was said; the tokens, where each part ends.

Places in a tree are bytes from the start of the text that was parsed, and starts only.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Final

from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft, SourceText
from mvc.catalog.tokens import Token
from mvc.catalog.type_names import TypeName, read_type
from mvc.sql.parser import Node

_START: Final = attrgetter("start")
_MORE_THAN_A_NAME: Final = frozenset({"typmods", "arrayBounds", "pct_type"})
_NOT_LINE_END: Final = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Written:
    """A statement: the kind of its node, what is in it, and the tokens that it is made of. `text` is what was parsed."""

    source: SourceText
    text: str
    tokens: list[Token]
    start: int
    kind: str
    node: Node

    @cached_property
    def _encoded(self) -> bytes | None:
        return None if self.text.isascii() else self.text.encode()

    def offset(self, location: int) -> int:
        """The place in the file of a place in the tree."""
        if self._encoded is None:
            return self.start + location
        return self.start + len(self._encoded[:location].decode(errors="replace"))

    def cursor(self, location: int | None) -> Cursor:
        """A cursor at the token that stands at a place in the tree; the tree leaves out a place of 0."""
        found = Cursor(self.tokens)
        found.index = bisect_left(self.tokens, self.offset(location or 0), key=_START)
        return found

    def name(self, relation: Node) -> Name:
        """The name of a relation (`RangeVar`), with its place."""
        return self.cursor(relation.get("location")).qualified()

    def named(self, parts: list[Node], before: int = 0) -> Name:
        """A name whose node has no place of its own: the first in the statement that has these parts. `before` is where to begin."""
        names = strings(parts)
        at = before
        for index in range(before, len(self.tokens)):
            cursor = Cursor(self.tokens)
            cursor.index = index
            if self.tokens[index].text == names[0] and self.tokens[index].kind in ("word", "name"):
                at = index
                if (found := cursor.qualified()).name == names[-1]:
                    return found
        return Name(names[-2] if len(names) > 1 else None, names[-1], self.tokens[at].start, self.tokens[at].end)

    def type(self, node: Node) -> TypeName:
        """A type (`TypeName`). Raises Unreadable for a length that is no number."""
        if node.keys() & _MORE_THAN_A_NAME:
            return read_type(self.cursor(node.get("location")))
        return _plain_type(tuple(strings(node["names"])))

    def collation(self, draft: Draft, node: Node, written: TypeName) -> str:
        """The collation of a column or domain of that type, where it calls different texts equal; else nothing."""
        if "collClause" not in node:
            return draft.collation_of(written)
        names = strings(node["collClause"]["collname"])
        return draft.folds(Name(names[-2] if len(names) > 1 else None, names[-1], 0, 0))

    def column(self, node: Node) -> Token:
        """The name of a column (`ColumnDef`)."""
        return self.cursor(node.get("location")).name()

    def bracketed(self, location: int | None) -> Cursor:
        """What stands in the first brackets at or after a place."""
        cursor = self.cursor(location)
        cursor.skip_to("(")
        return cursor.group()

    def within(self, element: Node) -> Written:
        """An element of CREATE SCHEMA, which begins at its own CREATE and ends at the next one."""
        ((kind, node),) = element.items()
        at = self.cursor((node.get("relation") or node.get("view") or {}).get("location")).index
        starts = [index for index, token in enumerate(self.tokens) if index and token[:2] == ("word", "create")]
        bounds = pairwise([*starts, len(self.tokens)])
        start, end = next(((start, end) for start, end in bounds if start <= at < end), (0, len(self.tokens)))
        return Written(self.source, self.text, self.tokens[start:end], self.start, kind, node)


@lru_cache(maxsize=1024)
def _plain_type(names: tuple[str, ...]) -> TypeName:
    dot = Token("symbol", ".", 0, 0)
    tokens = [part for name in names for part in (dot, Token("name", name, 0, 0))]
    return read_type(Cursor(tokens[1:]))


def statement_text(source: SourceText, tokens: list[Token]) -> str:
    """The text of a statement, blank where psql's commands stand in it."""
    start, end = tokens[0].start, tokens[-1].end
    text = source.text[start:end]
    if "\\" not in text:
        return text
    parts = [source.text[tokens[0].start : tokens[0].end]]
    for before, token in pairwise(tokens):
        gap = source.text[before.end : token.start]
        parts += (_NOT_LINE_END.sub(" ", gap) if "\\" in gap else gap, source.text[token.start : token.end])
    return "".join(parts)


def strings(nodes: list[Node]) -> list[str]:
    """The texts of a list of `String` nodes."""
    return [node["String"].get("sval", "") for node in nodes]


def items(nodes: list[Node]) -> Iterator[tuple[str, Node]]:
    """The kind of each node of a list, and what is in it."""
    return ((kind, inner) for node in nodes for kind, inner in node.items())
