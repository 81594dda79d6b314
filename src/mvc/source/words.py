"""Names and texts as YAML has them: what a help line says can be pasted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)
_MEANS_SOMETHING: Final = frozenset({"null", "true", "false"})
_PLAIN_TEXT: Final = re.compile(r"[\w(][^#:,\[\]{}\n]*[^\s#:,\[\]{}]\Z|\w\Z")
_NUMBER: Final = re.compile(r"[-+.0-9]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def yaml_name(name: str) -> str:
    """A name as a scalar, also within brackets: as it is where that is no other value, else within double quotes."""
    if _PLAIN.match(name) and name.lower() not in _MEANS_SOMETHING:
        return name
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\x7f")


def yaml_text(text: str) -> str:
    """A text in quotes: double ones, or single ones where it holds `"` or a backslash."""
    if '"' not in text and "\\" not in text and not _CONTROL.search(text):
        return f'"{text}"'
    if _CONTROL.search(text):
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def yaml_value(text: str) -> str:
    """A text as a scalar that may stand anywhere, also within brackets: as it is where that is the same text, else in quotes."""
    plain = _PLAIN_TEXT.match(text) and not _NUMBER.match(text) and text.lower() not in {*_MEANS_SOMETHING, "~"}
    return text if plain else yaml_text(text)


def columns_flow(columns: Mapping[str, Any]) -> str:
    """Entries of a mapping, one after the other: `n: {count: o}, total: {sum: o.amount}`."""
    return ", ".join(f"{yaml_name(name)}: {yaml_flow(item)}" for name, item in columns.items())


def yaml_flow(value: Any) -> str:
    """Data on one line: `{sum: o.amount}`."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{yaml_name(str(key))}: {yaml_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(yaml_flow, value))}]"
    if value is None:
        return "~"
    return yaml_value(value) if isinstance(value, str) else str(value).lower()
