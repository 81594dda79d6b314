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
from mvc.spec.sql_texts import equations, of_statement, parts
from mvc.spec.taken import base_alias

Data = Mapping[str, Any]

_TRUE: Final = frozenset({"true", "yes", "on", "y", "1", "table", "materialized_view", "materialized", "incremental"})
_FALSE: Final = frozenset({"false", "no", "off", "n", "0", "view", "ephemeral"})
_LISTS: Final = frozenset({"to", "tags", "grain", "key", "requires", "include", "columns", "refresh", "search_path", "refresh_roles", "trusted_roles", "monitor_roles", "catalog", "all", "any"})  # fmt: skip
_CONDITIONS: Final = frozenset({"where", "on", "using", "having", "keep"})
_LENGTHS: Final = frozenset({"within", "timeout", "lock_timeout"})
_QUERY: Final = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


def mended(data: Data, at: Path, value: Any, wanted: str) -> Any | None:
    """What is meant by the value at `at`, where Pydantic wanted another kind (`bool_type`, …); None where that is not sure."""
    by_place = _PLACES.get(_place(at))
    if by_place and (made := by_place(data, value)) is not None:
        return made
    key = next((part for part in reversed(at) if isinstance(part, str)), "")
    if key in _CONDITIONS and isinstance(value, tuple) and value and all(isinstance(item, str) for item in value):
        return " AND ".join(f"({item})" if re.search(r"\bor\b", item, re.IGNORECASE) else item for item in value)
    if key in _CONDITIONS and isinstance(value, Mapping) and wanted == "string_type":
        return equations(str(at[1]) if at[:1] == ("sources",) and len(at) > 1 else base_alias(data), value)
    if key in ("all", "any") and isinstance(value, str) and not re.fullmatch(r"[\w, ]+", value):
        return ({"sql": value},)
    if key in _LENGTHS and type(value) is int:
        return f"{value}s"
    if key == "order" and isinstance(value, Mapping):
        return _order(value)
    by_kind = _KINDS.get(wanted)
    return by_kind(key, value) if by_kind else None


def meant_value(model: str, data: Data, key: str, value: Any) -> Any | None:
    """What is meant by a value under another name of a view's key, None where it fits as it is, or nothing is sure."""
    shapes = {"sources": Mapping, "dimensions": Mapping, "aggregates": Mapping, "windows": Mapping, "indexes": tuple}
    if model != "ViewSpec" or isinstance(value, shapes.get(key, object)):
        return None
    return mended(data, (key,), value, "")


def _place(at: Path) -> tuple[str, ...]:
    """A key path with `*` for names of the author and numbers of entries."""
    named = at[:1] and at[0] in ("sources", "dimensions", "aggregates", "windows")
    return tuple("*" if isinstance(part, int) or (named and number == 1) else part for number, part in enumerate(at))


def _aggregate(data: Data, value: Any) -> Any:
    return shorthand.aggregate(value, base_alias(data)) if isinstance(value, str) else None


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
    return shorthand.typed(item) or item if isinstance(item, Mapping) else None


def _dimensions(_data: Data, value: Any) -> Any:
    return shorthand.by_name(value, ("name",), ("expr", "sql", "column")) if isinstance(value, str | tuple) else None


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


def _bool(_key: str, value: Any) -> Any:
    word = str(value).lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _number(_key: str, value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,9}\.\d{1,9}", text) else None


def _list(key: str, value: Any) -> Any:
    return (parts(value) or None) if isinstance(value, str) and key in _LISTS else None


def _text(key: str, value: Any) -> Any:
    if key == "catalog" or isinstance(value, Mapping) or value is None:
        return None
    if isinstance(value, tuple):
        return value[0] if len(value) == 1 and isinstance(value[0], str) else None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _too_large(key: str, value: Any) -> Any:
    return value / 100 if key == "at" and 1 < value <= 100 else None


_KINDS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "bool_type": _bool,
    "int_type": _number,
    "float_type": _number,
    "tuple_type": _list,
    "string_type": _text,
    "less_than_equal": _too_large,
}
