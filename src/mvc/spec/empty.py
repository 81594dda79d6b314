"""Keys that stand there without a value. YAML reads them as nothing, and nothing would be read as if the key were not there: another view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from mvc.diagnostics import Diagnostic, error
from mvc.source import Document, Path

# What leaving a key out means, where an empty one is taken for that.
_ABSENT: Final[Mapping[str, str]] = {
    "dimensions": "without dimensions the view has one row, over everything",
    "where": "without `where` no row is left out",
    "on": "the one source without `on` is the base",
    "grain": "a body without a grain has no unique index",
    "order": "without an order any may be the first",
    "key": "the key tells the rows of a subquery apart",
    "schema": "without it, the view stands in the first exposed schema",
    "was": "without it, nothing is renamed",
    "window": "without it, a refresh reaches back over everything",
    "type": "without it, the result is of the type that PostgreSQL gives it",
    "limit": "without it, all rows count",
    "zone": "without it, the project's zone counts",
    "of": "without it, the only source that reads the measure's table is meant",
    "keep": "without it, nothing is retired",
}


def empty_keys(document: Document) -> Iterator[Diagnostic]:
    """A finding for each, at its key."""
    yield from _empty(document, document.data, ())


def _empty(document: Document, data: object, at: Path) -> Iterator[Diagnostic]:
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(data, Mapping):
        items = data.items()
    elif isinstance(data, list | tuple):
        items = enumerate(data)
    for key, value in items:
        if value is None and key in _ABSENT and _is_ours(at) and _is_left_out(document, (*at, key)):
            title = f"`{key}` has no value"
            help_lines = (f"write its value, or take the key away: {_ABSENT[key]}",)
            yield error("MV012", document.key_span((*at, key)), title, label="empty", help=help_lines)
        elif isinstance(value, Mapping | list | tuple):
            yield from _empty(document, value, (*at, key))


def _is_ours(at: Path) -> bool:
    """Whether the keys of a mapping are words of the language, and no names of columns or sources."""
    return not at or at[-1] not in (
        "dimensions",
        "sources",
        "aggregates",
        "measures",
        "windows",
        "columns",
        "accept",
        "with",
        "predicates",
        "names",
    )


def _is_left_out(document: Document, at: Path) -> bool:
    """Whether nothing stands behind the key. What is there and could not be read has a finding of its own."""
    span = document.key_span(at)
    lines = document.text.split("\n")
    rest = (
        lines[span.end_line - 1][span.end_column - 1 :].partition(":")[2].lstrip()
        if span.end_line <= len(lines)
        else ""
    )
    return not rest or rest[0] in ",}]#~" or rest.lower().startswith("null")
