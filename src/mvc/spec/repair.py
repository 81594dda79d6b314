"""Data with a fault → data without it, so that one fault does not hide the next. What comes of repaired data is checked, never compiled.

A part that is lost leaves a stand-in of its name, so that nothing which reads it is blamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from mvc.source import Document, Path

STAND_IN: Final = "\N{REPLACEMENT CHARACTER}"  # the view that a source reads of which nothing is known
ANY_DDL: Final = "*.sql"  # in the place of a `catalog` that cannot be read

_LOST: Final[Mapping[str, Any]] = {
    "dimensions": "NULL",
    "aggregates": {"expr": "NULL"},
    "windows": {"sum": "NULL"},
    "sources": {"view": STAND_IN},
}
_OPTIONS: Final = frozenset({"where", "of", "distinct", "order", "separator", "at", "limit", "type", "default", "description", "was", "on", "required", "one", "within", "frame", "by", "buckets", "hidden", "zone"})  # fmt: skip
_OF_NO_OTHER: Final = frozenset({"sources", "dimensions", "sql"})  # without which a view says nothing


def with_value(document: Document, at: Path, value: Any) -> Document:
    """The document with another value at a key path."""
    return replace(document, data=_set(document.data, at, value))


def without(document: Document, at: Path) -> Document:
    """The document without a key."""
    return replace(document, data=_set(document.data, at, _NOTHING))


def moved(document: Document, at: Path, key: str) -> Document:
    """The document with another key for the value at a key path; its places go with it."""
    to = (*at[:-1], key)
    data = _set(_set(document.data, to, value_at(document.data, at)), at, _NOTHING)
    nodes = dict(document.nodes)
    nodes.update({(*to, *path[len(at) :]): node for path, node in document.nodes.items() if path[: len(at)] == at})
    return replace(document, data=data, nodes=nodes)


def lost(document: Document, model: str, at: Path) -> Document | None:
    """The document without what stands at a key path, or with a stand-in for it; None where nothing can be said without it."""
    if model == "ProjectSpec":
        return with_value(document, ("catalog",), ANY_DDL) if at in ((), ("catalog",)) else without(document, at)
    if model == "MeasureFile" and at[:1] == ("measures",) and len(at) > 1:
        return with_value(document, at[:2], _LOST["aggregates"])
    if model != "ViewSpec" or not at:
        return None
    if at == ("view",):
        return with_value(document, at, PurePosixPath(document.path).stem)
    if len(at) == 1:
        return None if at[0] in _OF_NO_OTHER else without(document, at)
    if at[0] in _LOST:
        optional = len(at) > 2 and at[2] in _OPTIONS
        return without(document, at[:3]) if optional else with_value(document, at[:2], _LOST[str(at[0])])
    return without(document, at[:1])


def value_at(data: Any, at: Path) -> Any:
    """The value at a key path, None where there is none."""
    for part in at:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, tuple) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def whole_value(document: Document, at: Path) -> tuple[Path, str] | None:
    """The key path and the text of a value of which the key at a path is the rest: a comma has cut it. None where there is none."""
    parent = value_at(document.data, at[:-1])
    keys = list(parent) if isinstance(parent, Mapping) else []
    if at[-1] not in keys:
        return None
    pieces = [str(at[-1])]
    for key in reversed(keys[: keys.index(str(at[-1]))]):
        if parent[key] is not None:
            text = ", ".join([str(parent[key]), *pieces])
            return ((*at[:-1], key), text) if text.count("(") == text.count(")") else None
        pieces.insert(0, key)
    return None


def rejoined(document: Document, at: Path) -> Document:
    """The document with a value whole again that a comma has cut, or without its rest."""
    whole = whole_value(document, at)
    if whole is None:
        return without(document, at)
    keys = list(value_at(document.data, at[:-1]))
    for key in keys[keys.index(whole[0][-1]) + 1 : keys.index(at[-1]) + 1]:
        document = without(document, (*at[:-1], key))
    nodes = {
        path: node for path, node in document.nodes.items() if path != whole[0]
    }  # its places are of one piece only
    return replace(with_value(document, *whole), nodes=nodes)


class _Nothing:
    """What takes a key away."""


_NOTHING: Final = _Nothing()


def _set(data: Any, at: Path, value: Any) -> Any:
    if not at:
        return data if isinstance(value, _Nothing) else value
    part = at[0]
    if isinstance(data, tuple):
        return tuple(_set(item, at[1:], value) if number == part else item for number, item in enumerate(data))
    if not isinstance(data, Mapping):
        return data
    if len(at) == 1 and isinstance(value, _Nothing):
        return {key: item for key, item in data.items() if key != part}
    return {**data, part: _set(data.get(part), at[1:], value)}
