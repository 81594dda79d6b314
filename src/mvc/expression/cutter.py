"""Cuts a text where nothing binds less: at brackets, commas, AND, OR and the words of clauses. What sqlglot reads of it stays; what it cannot
read becomes a passage, where PostgreSQL takes it for one value and nothing in it would go unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED, VALUES
from mvc.expression.agreement import ends_a_value
from mvc.expression.as_read import Passage, ReadPart, as_read
from mvc.expression.inside import Inside
from mvc.expression.marks import Marks
from mvc.expression.trees import value_tree

IsRead = Callable[[str], bool]
_CUTS: Final = frozenset(
    [
        "and",
        "or",
        "not",
        "case",
        "when",
        "then",
        "else",
        "end",
        "select",
        "distinct",
        "all",
        "from",
        "where",
        "on",
        "using",
        "group",
        "order",
        "by",
        "having",
        "limit",
        "offset",
        "union",
        "except",
        "intersect",
        "as",
        "with",
        "lateral",
        "join",
        "partition",
        "over",
        "filter",
        "asc",
        "desc",
        "nulls",
        "returning",
        "window",
    ]
)
_WORDS: Final = (RESERVED | FUNCTIONS_AND_TYPES) - VALUES


@dataclass(frozen=True)
class Cutter:
    """What of a text is read, and what is not. Tokens are meant by their numbers. `_asked` are the parts that are being read now: one that
    leads to itself cannot be.
    """

    marks: Marks
    is_read: IsRead
    _asked: set[tuple[int, int]] = field(default_factory=set, compare=False, repr=False)

    def passages(self, low: int, high: int) -> list[Passage]:
        """What cannot be read between two lexemes, which are a whole or stand within brackets."""
        return [passage for item in self._items(low, high) for passage in self._of_item(*item)]

    def _items(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """The lexemes between commas and words of clauses, outside of brackets. The AND of a BETWEEN is none of these."""
        start, at, between = low, low, 0
        while at < high:
            word = self.marks.found[at].text.lower() if self.marks.found[at].kind != "name" else ""
            between += word == "between"
            if word == "and" and between:
                between -= 1
            elif word in (",", "=>", ":=") or (word in _CUTS and self._cuts(at)):
                if start < at:
                    yield start, at
                start, between = at + 1, 0
            at = self.marks.closing.get(at, at) + 1
        if start < high:
            yield start, high

    def _cuts(self, at: int) -> bool:
        """Whether a word is one of a clause: no name after a point, and no NOT that belongs to what stands before it."""
        word, before = self.marks.found[at], self.marks.found[at - 1] if at else None
        if word.kind != "word" or self.marks.is_field(at):
            return False
        return word.text.lower() != "not" or before is None or not (ends_a_value(before) or before.text.lower() == "is")

    def _of_item(self, low: int, high: int) -> list[Passage]:
        if self.is_read(self.marks.said(low, high)):
            return []
        inner = [passage for at, end in self.marks.brackets(low, high) for passage in self.passages(at + 1, end)]
        if inner and self._is_read_with(low, high, inner):
            return inner
        whole = self.passage(low, high)
        return [whole] if whole else inner

    def _is_read_with(self, low: int, high: int, passages: Sequence[Passage]) -> bool:
        start = self.marks.found[low].start
        moved = [_moved(passage, -start) for passage in passages]
        return self.is_read(as_read(self.marks.said(low, high), moved).text)

    def passage(self, low: int, high: int) -> Passage | None:
        """The lexemes as one passage: they are one value, and nothing in it goes unseen that an analysis looks for."""
        start, end = self.marks.found[low].start, self.marks.found[high - 1].end
        tree = value_tree(self.marks.text[start:end])
        if tree is None:
            return None
        inside = Inside(self.marks, tree, start, self.part)
        parts = [part for part in self._parts(low, high) if inside.has(part)]
        more = inside.rest(parts)
        if more is None:
            return None
        return Passage(start, end, tuple(sorted((*parts, *more), key=lambda part: part.start)))

    def _parts(self, low: int, high: int) -> Iterator[ReadPart]:
        """The operands of a passage that can be read, as long as they can be: what stands between its operators and words."""
        for at, end in self._operands(low, high):
            if (at, end) == (low, high):
                continue
            if (part := self.part(at, end)) is not None:
                yield part
            elif self.marks.found[at].text == "(" and self.marks.closing.get(at) == end - 1:
                yield from self._parts(at + 1, end - 1)

    def _operands(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        start, at = low, low
        while at < high:
            lexeme = self.marks.found[at]
            word = lexeme.kind == "word" and lexeme.text.lower() in _WORDS and not self.marks.is_field(at)
            if lexeme.kind == "operator" or lexeme.text == "," or word:
                if start < at:
                    yield start, at
                start = at + 1
            at = self.marks.closing.get(at, at) + 1
        if start < high:
            yield start, high

    def part(self, low: int, high: int) -> ReadPart | None:
        """The lexemes as one thing that can be read, or can with passages in it."""
        start, end = self.marks.found[low].start, self.marks.found[high - 1].end
        if value_tree(self.marks.text[start:end]) is None:
            return None
        if self.is_read(self.marks.text[start:end]):
            return ReadPart(start, end)
        if (low, high) in self._asked:
            return None
        self._asked.add((low, high))
        inner = [item for at, stop in self.marks.brackets(low, high) for item in self.passages(at + 1, stop)]
        self._asked.discard((low, high))
        return ReadPart(start, end, tuple(inner)) if inner and self._is_read_with(low, high, inner) else None


def _moved(passage: Passage, by: int) -> Passage:
    parts = (
        ReadPart(part.start + by, part.end + by, tuple(_moved(item, by) for item in part.passages))
        for part in passage.parts
    )
    return Passage(passage.start + by, passage.end + by, tuple(parts))
