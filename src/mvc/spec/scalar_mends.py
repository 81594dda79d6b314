"""A value of one kind → the value of another that is meant: a word for true or false, a text for a number, a list in one text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mvc.spec.sql_texts import parts

_TRUE: Final = frozenset({"true", "yes", "on", "y", "1", "table", "materialized_view", "materialized", "incremental"})
_FALSE: Final = frozenset({"false", "no", "off", "n", "0", "view", "ephemeral"})
_LISTS: Final = frozenset({"to", "tags", "grain", "key", "requires", "include", "columns", "refresh", "search_path", "refresh_roles", "trusted_roles", "monitor_roles", "catalog", "all", "any"})  # fmt: skip


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


def as_text(key: str, value: Any) -> Any:
    """A value as the text of it, None where it is none."""
    if key == "catalog" or isinstance(value, Mapping) or value is None:
        return None
    if isinstance(value, tuple):
        return value[0] if len(value) == 1 and isinstance(value[0], str) else None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _too_large(key: str, value: Any) -> Any:
    return value / 100 if key == "at" and 1 < value <= 100 else None


KINDS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "bool_type": _bool,
    "int_type": _number,
    "float_type": _number,
    "tuple_type": _list,
    "string_type": as_text,
    "less_than_equal": _too_large,
}
