"""A value of the wrong kind → the value that is meant, which is shown as a mend and goes on being checked.

Where it is not sure what is meant there is none: no mend is better than one that leads astray.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mvc.source import Path
from mvc.spec import shorthand
from mvc.spec.aggregate import PAIRS
from mvc.spec.scalar_mends import KINDS, as_text
from mvc.spec.sql_texts import compared, equations, of_statement, parts
from mvc.spec.taken import base_alias

Data = Mapping[str, Any]

_EXPRESSIONS: Final = frozenset({"expression", "expr", "sql", "formula", "calculation"})
_CONDITIONS: Final = frozenset({"where", "on", "using", "having", "keep"})
OF_A_SOURCE: Final = frozenset({"table", "view", "sql", "on"})
_LENGTHS: Final = frozenset({"within", "timeout", "lock_timeout"})
_QUERY: Final = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


def mended(data: Data, at: Path, value: Any, wanted: str) -> Any | None:
    """What is meant by the value at `at`, where Pydantic wanted another kind (`bool_type`, …); None where that is not sure."""
    if value is None:
        return _beside(data) if len(at) == 2 and at[0] == "sources" else None
    by_place = _PLACES.get(_place(at))
    if by_place and (made := by_place(data, value)) is not None:
        return made
    key = next((part for part in reversed(at) if isinstance(part, str)), "")
    if key in _CONDITIONS and wanted == "string_type":
        return _condition(str(at[1]) if at[:1] == ("sources",) and len(at) > 1 else base_alias(data), value)
    if key in ("all", "any") and isinstance(value, str) and not re.fullmatch(r"[\w, ]+", value):
        return ({"sql": value},)
    if key in _LENGTHS and type(value) is int:
        return f"{value}s"
    if key == "order" and isinstance(value, Mapping):
        return _order(value)
    by_kind = KINDS.get(wanted)
    return by_kind(key, value) if by_kind else None


def _condition(alias: str, value: Any) -> Any | None:
    """A condition that is written as a list of texts or comparisons, or as a mapping of values."""
    if isinstance(value, Mapping):
        return equations(alias, value)
    if not isinstance(value, tuple) or not value:
        return as_text("where", value)
    if all(isinstance(item, str) for item in value):
        return " AND ".join(f"({item})" if re.search(r"\bor\b", item, re.IGNORECASE) else item for item in value)
    return compared(alias, value)


def _beside(data: Data) -> dict[str, str] | None:
    """What stands beside a source without a value since its indent is missing: `o:`, and below it at the same depth `table: orders`."""
    sources = data.get("sources")
    pairs = sources.items() if isinstance(sources, Mapping) else ()
    return {key: item for key, item in pairs if key in OF_A_SOURCE and isinstance(item, str)} or None


def meant_value(model: str, data: Data, key: str, value: Any) -> Any | None:
    """What is meant by a value under another name of a view's key, None where it fits as it is, or nothing is sure."""
    if model != "ViewSpec" or key not in _SHAPES:
        return None
    shape, wanted = _SHAPES[key]
    if isinstance(value, Mapping) and key in ("dimensions", "aggregates") and isinstance(value.get("name"), str):
        value = (value,)  # `dimension: {name: day, sql: …}` of LookML is one of them
    return None if isinstance(value, shape) else mended(data, (key,), value, wanted)


_SHAPES: Final[Mapping[str, tuple[type, str]]] = {
    **dict.fromkeys(("sources", "dimensions", "aggregates", "windows"), (Mapping, "")),
    "indexes": (tuple, ""),
    **dict.fromkeys(("grain", "tags", "requires"), (tuple, "tuple_type")),
    "where": (str, "string_type"),
    "materialized": (bool, "bool_type"),
}


def _place(at: Path) -> tuple[str, ...]:
    """A key path with `*` for names of the author and numbers of entries."""
    named = at[:1] and at[0] in ("sources", "dimensions", "aggregates", "windows")
    return tuple("*" if isinstance(part, int) or (named and number == 1) else part for number, part in enumerate(at))


def _aggregate(data: Data, value: Any) -> Any:
    return shorthand.aggregate(value, base_alias(data)) if isinstance(value, str) else None


def _counted(data: Data, value: Any) -> Any:
    """`count: 1` counts rows."""
    return base_alias(data) or None if value in (1, True) and not isinstance(value, str) else None


def _pair(_data: Data, value: Any) -> Any:
    return shorthand.pair(value) if isinstance(value, str) else None


def _aggregates(data: Data, value: Any) -> Any:
    made = shorthand.by_name(value, ("name",), ()) if isinstance(value, tuple) else None
    if made is None:
        return None
    read = {name: _entry(data, item) for name, item in made.items()}
    return None if None in read.values() else read


def _entry(data: Data, item: Any) -> Any:
    if isinstance(item, str):
        return _aggregate(data, item)
    if isinstance(item, Mapping) and item.keys() == {"type"} and item["type"] == "count":
        return {"count": base_alias(data)} if base_alias(data) else None
    if not isinstance(item, Mapping):
        return None
    texts = [text for key, text in item.items() if key in _EXPRESSIONS and isinstance(text, str)]
    meant = shorthand.aggregate(texts[0], base_alias(data)) if len(item) == len(texts) == 1 else None
    return shorthand.typed(item) or (meant if meant and "expr" not in meant else item)


def _dimensions(_data: Data, value: Any) -> Any:
    if isinstance(value, tuple):
        value = tuple(_plain_dimension(item) for item in value)
    return shorthand.by_name(value, ("name",), ("expr", "sql", "column")) if isinstance(value, str | tuple) else None


def _plain_dimension(item: Any) -> Any:
    """`{name: day, type: date, sql: "${TABLE}.day"}` without what follows by itself: its type, and the name of the source."""
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        return item
    kept = {key: value for key, value in item.items() if key not in ("type", "data_type", "primary_key")}
    return {key: value.replace("${TABLE}.", "") if isinstance(value, str) else value for key, value in kept.items()}


def _source(_data: Data, value: Any) -> Any:
    if not isinstance(value, str) or _QUERY.match(value) or not re.fullmatch(r"[\w.\"]+", value):
        return None
    return {"table": value}


def _sources(data: Data, value: Any) -> Any:
    made = shorthand.by_name(value, ("alias", "name", "as"), ()) if isinstance(value, str | tuple) else None
    if made is None:
        return None
    read = {alias: item if isinstance(item, Mapping) else _source(data, item) for alias, item in made.items()}
    return None if None in read.values() else read


def _is_bare(item: Any) -> bool:
    """Whether a source in a list says no alias."""
    return (
        isinstance(item, Mapping) and isinstance(item.get("table"), str) and not item.keys() & {"alias", "name", "as"}
    )


def _alias_of(data: Data, item: Data, count: int) -> str:
    """The alias that the texts of the view use for the only source, else the table's own name."""
    texts = [text for key in ("dimensions", "aggregates") for text in _texts(data.get(key))]
    used = {found for text in texts for found in re.findall(r"(?<![\w.])([A-Za-z_]\w*)\.[A-Za-z_]", text)}
    return used.pop() if count == 1 and len(used) == 1 else str(item["table"]).rpartition(".")[2]


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def _indexes(_data: Data, value: Any) -> Any:
    if isinstance(value, str):
        return ({"columns": parts(value)},)
    if isinstance(value, Mapping) and "columns" in value:
        return (dict(value),)
    if isinstance(value, Mapping) and all(isinstance(item, Mapping) for item in value.values()):
        return tuple({"name": name, **item} for name, item in value.items())
    return None


def _index(_data: Data, value: Any) -> Any:
    if isinstance(value, str) and (made := of_statement(value)):
        return made
    if isinstance(value, str):
        return {"columns": parts(value)}
    return {"columns": value} if isinstance(value, tuple) else None


def _named_list(key: str) -> Callable[[Data, Any], Any]:
    """`{nightly: {refresh: all}}` for `[{schedule: nightly, refresh: all}]`."""

    def made(_data: Data, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return None
        if key in value:
            return (dict(value),)
        if value and all(isinstance(item, Mapping) for item in value.values()):
            return tuple({key: name, **item} for name, item in value.items())
        return None

    return made


def _version(_data: Data, value: Any) -> Any:
    found = re.match(r"\d{2}", str(value))
    return int(found.group()) if found and not isinstance(value, bool | int) else None


def _accept(_data: Data, value: Any) -> Any:
    codes = (value,) if isinstance(value, str) else value
    known = isinstance(codes, tuple) and codes and all(isinstance(item, str) for item in codes)
    return dict.fromkeys(codes, "why it is meant so") if known else None


def _columns(_data: Data, value: Any) -> Any:
    return dict.fromkeys(value, "what it says") if isinstance(value, tuple) and value else None


_PLACES: Final[Mapping[tuple[str, ...], Callable[[Data, Any], Any]]] = {
    ("aggregates", "*"): _aggregate,
    ("aggregates",): _aggregates,
    ("aggregates", "*", "count"): _counted,
    **{("aggregates", "*", function): _pair for function in PAIRS},
    ("dimensions",): _dimensions,
    ("sources", "*"): _source,
    ("sources",): _sources,
    ("indexes",): _indexes,
    ("indexes", "*"): _index,
    ("accept",): _accept,
    ("version",): _version,
    ("columns",): _columns,
    ("schedules",): _named_list("schedule"),
    ("policies",): _named_list("policy"),
    ("partitions",): _named_list("table"),
}


def _order(value: Data) -> Any:
    fits = all(str(way).lower() in ("asc", "desc") for way in value.values())
    terms = tuple(f"{name} {way}" for name, way in value.items()) if fits else ()
    return terms[0] if len(terms) == 1 else terms or None
