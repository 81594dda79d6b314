"""One text that is asked for its types: its tree, where things stand in it, and what has been found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from mvc.diagnostics import Severity
from mvc.expression.lexemes import Lexeme, lexemes
from mvc.inference.derived import Derived
from mvc.inference.world import World
from mvc.sql.parser import Node


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding about the characters `start:end` of a text."""

    code: str
    severity: Severity
    start: int
    end: int
    title: str
    label: str = ""
    help: str = ""


class Cast(NamedTuple):
    """A cast from one type to another, at a place of the tree."""

    source: str
    target: str
    location: int


Handlers = Mapping[str, Callable[[Node, "TypedText"], "str | None"]]


@dataclass(frozen=True)
class Rules:
    """What is asked for the type of each kind of node, and for the types of a query's columns."""

    values: Handlers
    query: Callable[[Node, TypedText], list[str | None]]


@dataclass
class TypedText:
    """`before` bytes stand before the text in what was parsed; `types` are those of the columns, by the offset where each begins."""

    text: str
    before: int
    types: Mapping[int, str | None]
    world: World
    rules: Rules
    problems: list[Problem] = field(default_factory=list)
    derived: Derived = field(default_factory=Derived)
    casts: list[Cast] = field(default_factory=list)
    known: dict[int, tuple[Node, str | None]] = field(
        default_factory=dict
    )  # so that no node is asked twice, however deep it stands

    @cached_property
    def _offsets(self) -> list[int]:
        """The byte at which each character starts."""
        offsets, at = [], 0
        for character in self.text:
            offsets.append(at)
            at += len(character.encode(errors="surrogatepass"))
        return offsets

    @cached_property
    def lexemes(self) -> tuple[Lexeme, ...]:
        return lexemes(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [item.start for item in self.lexemes]

    @cached_property
    def columns(self) -> frozenset[str]:
        """The words that columns are read by."""
        ends = (self.lexemes[self._whole_name(bisect_right(self._starts, at) - 1)] for at in self.types)
        return frozenset(item.text for item in ends)

    def _whole_name(self, number: int) -> int:
        texts = [item.text for item in self.lexemes]
        while texts[number + 1 : number + 2] == ["."] and number + 2 < len(texts):
            number += 2
        return number

    def character(self, location: int) -> int:
        """The offset in the text of a place in the tree, which counts bytes."""
        byte = max(location - self.before, 0)  # what stands before is ours
        return byte if self.text.isascii() else max(bisect_right(self._offsets, byte) - 1, 0)

    def token(self, location: int) -> tuple[int, int]:
        """From where to where the token at a place of the tree goes."""
        at = self.character(location)
        number = bisect_right(self._starts, at) - 1
        return (at, self.lexemes[number].end) if number >= 0 and self.lexemes[number].end > at else (at, at + 1)

    def type_of(self, node: Node) -> str | None:
        """The type of an expression; `unknown` for a literal, None where it is not known."""
        known = self.known.get(id(node))
        if known is None:
            known = self.known[id(node)] = (node, self._type_of(node))
        return known[1]

    def _type_of(self, node: Node) -> str | None:
        kind, inner = next(iter(node.items()))
        handler = self.rules.values.get(kind)
        if handler is not None:
            return handler(inner, self)
        for part in parts_of(inner):
            self.type_of(part)
        return None

    def columns_of(self, query: Node) -> list[str | None]:
        """The types of the columns of a query."""
        return self.rules.query(query, self)

    def type_at(self, location: int) -> str | None:
        """Of a column."""
        return self.types.get(self.character(location))

    def written(self, node: Node) -> str:
        """An operand as its author wrote it, where that can be pasted; else a name for it."""
        places = [found for found in _locations(node) if found >= self.before]
        if not places or "SelectStmt" in node:  # a query has no text that could be cut out
            return "x"
        numbers = [bisect_right(self._starts, self.character(place)) - 1 for place in (min(places), max(places))]
        first, last = numbers[0], self._closed(numbers[0], self._whole(numbers[1]))
        shown = self.text[self.lexemes[first].start : self.lexemes[last].end]
        signs = [item.text for item in self.lexemes[first : last + 1]]
        closed = signs.count("(") == signs.count(")") and signs[0] != "(" and signs[-1] not in ("::", "(")
        return shown if first >= 0 and closed and len(shown) <= 40 and "\n" not in shown else "x"

    def _closed(self, first: int, last: int) -> int:
        """The token where the brackets that were opened from the first one on are closed."""
        texts = [item.text for item in self.lexemes]
        while last + 1 < len(texts) and texts[first : last + 1].count("(") > texts[first : last + 1].count(")"):
            last += 1
        return last

    def _whole(self, number: int) -> int:
        """The last token of a name or call that begins with the token of that number."""
        texts, number = [item.text for item in self.lexemes], self._whole_name(number)
        if texts[number + 1 : number + 2] != ["("]:
            return number
        depth = 0
        for place in range(number + 1, len(texts)):
            depth += (texts[place] == "(") - (texts[place] == ")")
            if depth == 0:
                return place
        return number

    def report(  # noqa: PLR0913 - the parts of a finding
        self, code: str, location: int, title: str, *, label: str = "here", help: str = "", severity: Severity = "error"
    ) -> None:
        """A finding at the token of a place."""
        start, end = self.token(location)
        self.problems.append(Problem(code, severity, start, end, title, label, help))


def location_of(node: object) -> int:
    """Where a tree begins; -1 where nothing in it has a place."""
    return min((found for found in _locations(node) if found >= 0), default=-1)


def _locations(node: object) -> Iterator[int]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "location" and isinstance(value, int):
                yield value
            else:
                yield from _locations(value)
    elif isinstance(node, list):
        for item in node:
            yield from _locations(item)


def parts_of(inner: Any) -> Iterator[Node]:
    """The nodes below one."""
    values = inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
    for value in values:
        if isinstance(value, dict) and len(value) == 1 and _is_node(*next(iter(value.items()))):
            yield value
        elif isinstance(value, dict | list):
            yield from parts_of(value)


def _is_node(kind: str, inner: object) -> bool:
    return kind[:1].isupper() and isinstance(inner, dict)
