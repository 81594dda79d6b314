"""What is known of one SQL expression without a catalog. Offsets count characters of the author's text, ends exclusive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from mvc.expression.as_read import AsRead


class ExpressionError(Exception):
    """The text is not the one expression that it claims to be. `code` names the rule, `start:end` the offending part.

    What is `settled` is an error even where PostgreSQL's grammar takes the text.
    """

    settled = False

    def __init__(self, code: str, title: str, start: int = 0, end: int = 0, help: str = "") -> None:
        super().__init__(title)
        self.code, self.title, self.start, self.end, self.help = code, title, start, end, help


class SettledError(ExpressionError):
    """The text is too long, too deep, or surely not what its author means."""

    settled = True


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column as written: `qualifier.name`, names folded as PostgreSQL folds them."""

    qualifier: str | None
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function call as written. `open` and `close` are the offsets of its parentheses; `count` its arguments."""

    schema: str | None
    name: str
    count: int
    start: int
    open: int
    close: int
    in_subquery: bool
    over: bool  # a window function call
    in_from: bool = False  # a function read like a table
    within_group: bool = False  # as PostgreSQL's tree has it: false where there is none


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. `text` is the author's, on one line and without comments; `source` is exactly what was written.

    `columns` and `calls` are those outside and inside of subqueries; `subquery` is the offset of the first one, or None.
    `made` is what `ast` was read from, where that is not the author's text; the places in `ast` are those of the author's text.
    """

    text: str
    source: str = field(compare=False)
    ast: exp.Expression = field(compare=False, repr=False)
    columns: tuple[ColumnRef, ...] = field(compare=False, repr=False)
    calls: tuple[Call, ...] = field(compare=False, repr=False)
    subquery: int | None = field(compare=False, repr=False, default=None)
    made: AsRead | None = field(compare=False, repr=False, default=None)

    def edited(self, edits: Iterable[tuple[int, int, str]]) -> str:
        """`source` with each (start, end, replacement) put in place. Edits must not overlap; equal starts keep their order."""
        parts: list[str] = []
        at = 0
        for start, end, replacement in sorted(edits, key=lambda edit: edit[:2]):
            parts += (self.source[at:start], replacement)
            at = end
        return "".join((*parts, self.source[at:]))
