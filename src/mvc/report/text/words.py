"""Sentences that can be shown anywhere: our own words, and between them Quoted names and expressions of a project.

Whoever shows them says how a quotation looks and what must be escaped; who writes them need not know.
"""

from __future__ import annotations

from collections.abc import Callable


class Quoted(str):
    """A name or an expression of the project, among words of ours."""

    __slots__ = ()


Words = tuple[str, ...]


def spoken(words: Words, quote: Callable[[str], str], plain: Callable[[str], str] = str) -> str:
    """The words as one text: names and expressions as `quote` shows them, the rest as `plain` does."""
    return "".join(quote(word) if isinstance(word, Quoted) else plain(word) for word in words)


def quoted_in(text: str) -> Words:
    """A sentence whose names stand between backticks, as words. One that does not come out even stays as it is."""
    if text.count("`") % 2 or "``" in text:
        return (text,)
    return tuple(Quoted(part) if at % 2 else part for at, part in enumerate(text.split("`")) if part)


def one_line(text: str) -> str:
    """The text with a space for each line break and the white space around it."""
    return " ".join(line.strip() for line in text.splitlines()) if len(text.splitlines()) > 1 else text


def counted(count: int, noun: str) -> str:
    """`1 view`, `1,200 views`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
