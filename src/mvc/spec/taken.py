"""Shorthand that is taken: a text in the place of a mapping that surely means one, read as that mapping before the models see it.

`total: sum(o.amount)` is `total: {sum: o.amount}`, and an entry `day` of `indexes` is `{columns: [day]}`. Each value keeps its place in the
text. What is not surely one thing stays as it is: the models refuse it, with the mend that is near.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from mvc.source import Document, Path
from mvc.source.document import Part
from mvc.spec.call_text import AGGREGATE_CALL, CallParts, Piece, call_parts
from mvc.spec.shorthand import percentile
from mvc.spec.sql_texts import parts

_NAME: Final = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class _Taken(NamedTuple):
    """What a text stands for, and the place of each value in it by its key path below the text's."""

    value: Any
    places: Mapping[Path, tuple[int, int, tuple[int, int]]]


def taken(document: Document) -> Document:
    """The document of a view with its shorthand read."""
    found = _found(document.data)
    if not found:
        return document
    data, places = document.data, dict(document.parts)
    for at, made in found.items():
        data = _with(data, at, made.value)
        places |= {(*at, *below): Part(at, *place) for below, place in made.places.items()}
    return replace(document, data=data, parts=places)


def taken_data(data: Any) -> Any:
    """The same of data without places."""
    for at, made in _found(data).items():
        data = _with(data, at, made.value)
    return data


def _found(data: Any) -> dict[Path, _Taken]:
    if not isinstance(data, Mapping):
        return {}
    found: dict[Path, _Taken] = {}
    for key, read in (("aggregates", _aggregate), ("indexes", _index)):
        entries = data.get(key)
        pairs = (
            entries.items()
            if isinstance(entries, Mapping)
            else enumerate(entries)
            if isinstance(entries, tuple)
            else ()
        )
        for name, value in pairs:
            made = read(value, str(name), data) if isinstance(value, str) else _fraction_first(value)
            if made:
                found[key, name] = made
    return found


def _aggregate(text: str, name: str, data: Mapping[str, Any]) -> _Taken | None:
    if call := call_parts(text, base_alias(data)):
        return _Taken(call.mapping, _places(call))
    if not _is_computed(text, name, data):
        return None
    return _Taken({"expr": text}, {("expr",): (0, len(text), (0, len(text)))})


def _fraction_first(given: Any) -> _Taken | None:
    """`{percentile: 0.9, of: o.amount}`: the fraction is a number, so `of` is no source."""
    made = percentile(given) if isinstance(given, Mapping) and "of" in given else None
    return _Taken(made, {}) if made else None


def _places(call: CallParts) -> dict[Path, tuple[int, int, tuple[int, int]]]:
    places: dict[Path, tuple[int, int, tuple[int, int]]] = {}
    for number, (key, value) in enumerate(call.keys.items()):
        pieces = [value] if isinstance(value, Piece) else list(value)
        start, end = pieces[0].start, pieces[-1].end
        own = call.name if number == 0 else (start, end)
        places[key,] = (start, end, own)
        if not isinstance(value, Piece):
            places |= {(key, at): (item.start, item.end, (item.start, item.end)) for at, item in enumerate(pieces)}
    return places


def _is_computed(text: str, name: str, data: Mapping[str, Any]) -> bool:
    """Whether it is an expression over other columns of the view: a column alone, or an operation that reads one."""
    if "." in re.sub(r"'[^']*'|[0-9]*\.[0-9]+|[0-9]+\.", "", text) or AGGREGATE_CALL.search(text):
        return False
    columns = {other for key in ("dimensions", "aggregates") for other in data.get(key) or () if other != name}
    read = columns & set(_WORD.findall(re.sub(r"'[^']*'", "", text)))
    return bool(read) and (_NAME.match(text.strip()) is None or text.strip() in columns)


def _index(text: str, _number: str, _data: Mapping[str, Any]) -> _Taken | None:
    """One index by one or more columns."""
    columns = parts(text)
    if not columns or re.match(r"\s*create\b", text, re.IGNORECASE):
        return None
    places: dict[Path, tuple[int, int, tuple[int, int]]] = {}
    at = 0
    for number, column in enumerate(columns):
        at = text.index(column, at)
        places["columns", number] = (at, at + len(column), (at, at + len(column)))
        at += len(column)
    return _Taken({"columns": columns}, {("columns",): (0, len(text), (0, len(text))), **places})


def base_alias(data: Mapping[str, Any]) -> str:
    """The alias of the one source without `on`, empty where there is not one."""
    sources = data.get("sources")
    if not isinstance(sources, Mapping):
        return ""
    without = [alias for alias, given in sources.items() if not _has_on(given)]
    return without[0] if len(without) == 1 else ""


def _has_on(given: Any) -> bool:
    return "on" in given if isinstance(given, Mapping) else getattr(given, "on", None) is not None


def _with(data: Any, at: Path, value: Any) -> Any:
    if not at:
        return value
    if isinstance(data, Mapping):
        return {key: _with(item, at[1:], value) if key == at[0] else item for key, item in data.items()}
    return tuple(_with(item, at[1:], value) if number == at[0] else item for number, item in enumerate(data))
