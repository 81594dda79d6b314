"""A YAML document: its data, and the span of every key path in it.

Spans are worked out when they are asked for; a project without errors never pays for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from mvc.diagnostics import Span

Path = tuple[str | int, ...]

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as libyaml counts lines


Nodes = Mapping[Path, tuple[yaml.Node | None, yaml.Node]]


def nothing(path: str) -> Nodes:
    """The places of a file of which nothing is known: its start."""
    start = yaml.Mark(path, 0, 0, 0, None, 0)
    return {(): (None, yaml.ScalarNode("tag:yaml.org,2002:null", "", start, start))}


class Part(NamedTuple):
    """A value that is the characters `start:end` of the text at `path`; what stands for its key are the characters `key`."""

    path: Path
    start: int
    end: int
    key: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """`data` is made of dict, tuple, str, int, float, bool and None. `nodes` maps a key path to its key and value nodes.

    `parts` has the key paths of values that one text says together with others.
    """

    path: str
    text: str
    data: Any
    nodes: Nodes
    parts: Mapping[Path, Part] = field(default_factory=dict, kw_only=True)

    def span(self, path: Path = ()) -> Span:
        """Where the value at `path` stands; the nearest enclosing value where there is none at `path`."""
        if part := self.parts.get(path):
            return self.inside(part.path, part.start, part.end)
        return _span(self.path, self.nodes[self._known(path)][1])

    def key_span(self, path: Path) -> Span:
        """Where the key at the end of `path` stands (its value's place for an item of a list)."""
        if part := self.parts.get(path):
            return self.inside(part.path, *part.key)
        key, value = self.nodes[self._known(path)]
        return _span(self.path, key or value)

    def inside(self, path: Path, start: int, end: int) -> Span:
        """The characters `start:end` of the string at `path`, wherever quotes, escapes and folding have put them."""
        if part := self.parts.get(path):
            return self.inside(part.path, part.start + start, min(part.start + end, part.end))
        node = self.nodes[self._known(path)][1]
        if path not in self.nodes or not isinstance(node, yaml.ScalarNode) or not node.value:
            return _span(self.path, node)
        places = _character_places(self.text, node)
        first = places[min(start, len(places) - 1)]
        last = places[min(max(end - 1, start), len(places) - 1)]
        return Span(self.path, first[0] + 1, first[1] + 1, last[0] + 1, last[1] + 2)

    def _known(self, path: Path) -> Path:
        while path and path not in self.nodes:
            path = path[:-1]
        return path


@lru_cache(maxsize=8)
def _character_places(text: str, node: yaml.ScalarNode) -> list[tuple[int, int]]:
    """The (line, column) of each character of a scalar's value, found by walking its raw text alongside. Many findings may be of one."""
    lines = _LINE_BREAK.split(text)
    line, column = node.start_mark.line, node.start_mark.column + (1 if node.style in ("'", '"') else 0)
    if node.style in ("|", ">"):
        line, column = line + 1, 0
    places: list[tuple[int, int]] = []
    for character in node.value:
        at = _find(lines, line, column, character, node.end_mark.line)
        if at is not None:
            line, column = at
        places.append((line, column))
        if at is not None:
            column += 1
    return places


def _find(lines: list[str], line: int, column: int, character: str, last_line: int) -> tuple[int, int] | None:
    """The next place of `character` at or after (line, column). A folded line break has none: None."""
    if character in "\n ":
        here = lines[line] if line < len(lines) else ""
        return (line, column) if here[column : column + 1] == character else None
    while line <= last_line and line < len(lines):
        found = lines[line].find(character, column)
        if found >= 0:
            return line, found
        line, column = line + 1, 0
    return None


def _span(path: str, node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    end_line, end_column = end.line, end.column
    if isinstance(node, yaml.CollectionNode) and end_line > start.line:
        end_line, end_column = start.line, start.column + 1
    return Span(path, start.line + 1, start.column + 1, end_line + 1, end_column + 1)
