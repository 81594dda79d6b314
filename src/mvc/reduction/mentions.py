"""Which names a YAML file mentions, judged by its words: quick, and never too few.

A name is mentioned where all of its words stand in the text, in any case: YAML may fold a space of it into a line break, and
SQL may write it in capitals. What a text only seems to mention costs time, no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from mvc.reduction.part import Unclear
from mvc.source import read

_WORD: Final = re.compile(r"\w+")
_ESCAPE: Final = re.compile(r"\\.")
_HIDING_ESCAPE: Final = re.compile("\\\\[xuU\n]")  # within double quotes: a letter by its number, a word over two lines


def words(text: str) -> frozenset[str]:
    """The words of a name or a text. A backslash may mean itself, or take the next letter with it: both are looked at."""
    folded = text.casefold()
    found = _WORD.findall(folded)
    return frozenset(found + _WORD.findall(_ESCAPE.sub(" ", folded)) if "\\" in folded else found)


def plain(path: str, text: str) -> str:
    """A text that mentions what a YAML file mentions: its own, or where escapes hide letters, its values. Raises Unclear."""
    return values(content(path, text)) if "\\" in text and _HIDING_ESCAPE.search(text) else text


def values(data: Any) -> str:
    """All keys and values, one to a line."""
    return "\n".join(_scalars(data))


def content(path: str, text: str) -> Any:
    """The data of a YAML file. Raises Unclear where there are findings."""
    document, found = read(path, text)
    if document is None or found:
        raise Unclear(path)
    return document.data


def _scalars(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _scalars(value)
    elif isinstance(data, tuple):
        for value in data:
            yield from _scalars(value)
    else:
        yield str(data)


class MentionedNames:
    """Names to look for, many at a time."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_word: dict[str, set[str]] = {}
        self._others: dict[str, frozenset[str]] = {}
        for name in names:
            parts = words(name)
            if len(parts) == 1:
                self._by_word.setdefault(next(iter(parts)), set()).add(name)
            else:
                self._others[name] = parts

    def among(self, found: frozenset[str]) -> set[str]:
        """The names that a text of these words mentions."""
        single = (name for word in found & self._by_word.keys() for name in self._by_word[word])
        return {*single, *(name for name, parts in self._others.items() if parts <= found)}
