"""What sqlglot is given to read in the place of a text that only PostgreSQL can read: `@ a` becomes a call of `a`, nothing else changes.

The part that sqlglot cannot read (a *passage*) becomes a call of a function of our own, whose arguments are what it can read of it: columns,
calls, queries. So all that looks for names, calls and clocks finds them, and all that knows operators takes the passage for one that
it does not know. The author's text is emitted; the stand-in never is. That both mean the same is proven by PostgreSQL's own trees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import Token, exp

from mvc.engines.postgres.engine import DIALECT
from mvc.expression.lexemes import Lexeme, lexemes

AS_WRITTEN: Final = "mvc_as_written"


@dataclass(frozen=True, slots=True)
class ReadPart:
    """What can be read of a passage, from `start` to `end`; `passages` are those within it."""

    start: int
    end: int
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text that sqlglot cannot read, and what it can read in there."""

    start: int
    end: int
    parts: tuple[ReadPart, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters `start:end` of the stand-in and where they come from. `copied` ones are the author's."""

    start: int
    end: int
    source: tuple[int, int]
    copied: bool


@dataclass(frozen=True, slots=True)
class AsRead:
    """A stand-in. `passages` are all those in it, in the order in which their calls begin."""

    text: str
    passages: tuple[Passage, ...]
    pieces: tuple[_Piece, ...]
    calls: tuple[str, ...]  # what stands in the place of each passage

    def start(self, at: int) -> int:
        """Where in the author's text that stands which begins at an offset of the stand-in."""
        piece = self._piece(at)
        return piece.source[0] + (at - piece.start if piece.copied else 0)

    def end(self, at: int) -> int:
        """The same of an end, which is exclusive."""
        piece = self._piece(at - 1)
        return piece.source[0] + at - piece.start if piece.copied else piece.source[1]

    def _piece(self, at: int) -> _Piece:
        return next((piece for piece in self.pieces if piece.start <= at < piece.end), self.pieces[-1])

    def is_copied(self, at: int) -> bool:
        """Whether the character is the author's."""
        return self._piece(at).copied

    def place(self, tree: exp.Expr, shift: int) -> None:
        """Turns the places in the tree's `meta`, which are `shift` too high, into those of the author's text. A passage has none of its own."""
        for node in tree.walk():
            if "start" not in node.meta:
                continue
            if isinstance(node, exp.Anonymous) and node.name == AS_WRITTEN:
                del node.meta["start"], node.meta["end"]
                continue
            start, end = node.meta["start"] - shift, node.meta["end"] - shift + 1
            node.meta["start"], node.meta["end"] = self.start(start) + shift, self.end(end) - 1 + shift

    def placed(self, tokens: Sequence[Token]) -> list[Token]:
        """The author's tokens among those of the stand-in."""
        return [
            Token(
                token.token_type,
                token.text,
                token.line,
                token.col,
                self.start(token.start),
                self.end(token.end + 1) - 1,
            )
            for token in tokens
            if self.is_copied(token.start)
        ]


class _Writer:
    def __init__(self, source: str) -> None:
        self.source = source
        self.texts: list[str] = []
        self.pieces: list[_Piece] = []
        self.passages: list[Passage] = []
        self.calls: dict[int, str] = {}
        self.at = 0

    def add(self, text: str, source: tuple[int, int], *, copied: bool) -> None:
        if text:
            self.texts.append(text)
            self.pieces.append(_Piece(self.at, self.at + len(text), source, copied))
            self.at += len(text)

    def write(self, start: int, end: int, passages: Sequence[Passage]) -> None:
        for passage in passages:
            self.add(self.source[start : passage.start], (start, passage.start), copied=True)
            self._passage(passage)
            start = passage.end
        self.add(self.source[start:end], (start, end), copied=True)

    def _passage(self, passage: Passage) -> None:
        number, begun = len(self.passages), len(self.texts)
        self.passages.append(passage)
        place = (passage.start, passage.end)
        said = pattern(self.source, passage).replace("'", "''")
        self.add(f"{AS_WRITTEN}('{said}'", place, copied=False)
        for part in passage.parts:
            self.add(", ", place, copied=False)
            self.write(part.start, part.end, part.passages)
        self.add(")", place, copied=False)
        self.calls[number] = "".join(self.texts[begun:])


def as_read(text: str, passages: Sequence[Passage]) -> AsRead:
    """The stand-in for a text with such passages."""
    writer = _Writer(text)
    writer.write(0, len(text), passages)
    return AsRead(
        "".join(writer.texts),
        tuple(writer.passages),
        tuple(writer.pieces),
        tuple(map(writer.calls.__getitem__, range(len(writer.calls)))),
    )


def pattern(text: str, passage: Passage) -> str:
    """What a passage does with its parts: `@ $1`. Two passages of one pattern and equal parts mean the same."""
    return " ".join(_words(text, passage))


def _words(text: str, passage: Passage) -> Iterator[str]:
    starts = {part.start: number for number, part in enumerate(passage.parts, 1)}
    skipped = passage.start
    for lexeme in lexemes(text):
        if lexeme.start < skipped or lexeme.end > passage.end:
            continue
        number = starts.get(lexeme.start)
        if number is not None:
            skipped = passage.parts[number - 1].end
        yield f"${number}" if number is not None else _said(lexeme)


def _said(lexeme: Lexeme) -> str:
    return lexeme.text.lower() if lexeme.kind == "word" else lexeme.text


def written_out(tree: exp.Expr) -> exp.Expr:
    """A copy of the tree that prints each passage as its author has it, more or less: for people."""
    return tree.transform(lambda node: exp.Var(this=_for_people(node)) if is_passage(node) else node)


def is_passage(node: exp.Expr) -> bool:
    """Whether a node stands for a passage."""
    return isinstance(node, exp.Anonymous) and node.name == AS_WRITTEN


def _for_people(node: exp.Expr) -> str:
    said, *parts = node.expressions
    text = str(said.name)
    for number, part in reversed(list(enumerate(parts, 1))):
        text = text.replace(
            f"${number}", written_out(part).sql(dialect=DIALECT, comments=False, normalize_functions="lower")
        )
    return text
