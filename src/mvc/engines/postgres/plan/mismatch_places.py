"""Where the spec of a view uses what a mismatch is about, for what the compiler itself does not complain of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mvc.diagnostics import Span
from mvc.engines.postgres.plan.mismatches import (
    ColumnMayBeNull,
    ColumnMissing,
    ColumnTypeDiffers,
    ColumnUnknown,
    ForeignKeyMissing,
    FunctionDiffers,
    FunctionMissing,
    Mismatch,
    about,
)
from mvc.model.places import place_of_word
from mvc.model.policy import Policy
from mvc.model.view import Declared, Source, TableRef, View


def place_of_use(mismatch: Mismatch, spec: View, policies: Iterable[Policy]) -> Span:
    """The first place in the texts of the view and of its policies, else the source that reads the relation, else the view's name."""
    listed = tuple(policies)
    words = [*_words(mismatch, spec), rf"(?<![\w.]){re.escape(about(mismatch)[1])}(?!\w)"]
    found = next(filter(None, (place_of_word(spec, listed, word) for word in words)), None)
    joined = mismatch.believed.target if isinstance(mismatch, ForeignKeyMissing) else about(mismatch)
    return found or _source_place(spec, joined) or spec.origin.at("view").span


def column_of(mismatch: Mismatch) -> str:
    """The column that a mismatch is about, empty where it is about something else."""
    if isinstance(mismatch, ColumnTypeDiffers | ColumnMayBeNull):
        return mismatch.column
    if isinstance(mismatch, ColumnMissing):
        return mismatch.believed.name
    return mismatch.there.name if isinstance(mismatch, ColumnUnknown) else ""


def _words(mismatch: Mismatch, spec: View) -> Iterator[str]:
    """Regular expressions for what the view's texts say where they use it, the surest first."""
    if isinstance(mismatch, FunctionMissing | FunctionDiffers):
        yield rf"(?<!\w){re.escape(mismatch.believed.name)}(?=\s*\()"
        return
    if column := re.escape(column_of(mismatch)):
        aliases = [source.alias for source in _sources(spec, about(mismatch))]
        yield from (rf'(?<![\w."]){re.escape(alias)}\s*\.\s*"?{column}"?(?!\w)' for alias in aliases)
        yield rf"(?<!\w){column}(?!\w)"


def _sources(spec: View, relation: tuple[str, str]) -> list[Source]:
    if not isinstance(spec.body, Declared):
        return []
    tables = [(source, source.relation) for source in spec.body.sources]
    return [
        source
        for source, table in tables
        if isinstance(table, TableRef) and table.name == relation[1] and table.schema in (None, relation[0])
    ]


def _source_place(spec: View, relation: tuple[str, str]) -> Span | None:
    """Of the source that reads it: its condition, where it has one."""
    found = _sources(spec, relation)
    joined = next((source.on.origin.span for source in found if source.on), None)
    return joined or next((source.origin.at("table").span for source in found), None)
