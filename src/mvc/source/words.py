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
UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
)  # that YAML, or its lines, do not take as it is


def yaml_name(name: str) -> str:
    """A name as a scalar, also within brackets: as it is where that is no other value, else within double quotes."""
    if _PLAIN.match(name) and name.lower() not in _MEANS_SOMETHING:
        return name
    return _escaped(name)


def yaml_text(text: str) -> str:
    """A text in quotes: double ones, or single ones where it holds `"` or a backslash."""
    if UNPRINTABLE.search(text):
        return _escaped(text)
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def yaml_value(text: str) -> str:
    """A text as a scalar that may stand anywhere, also within brackets: as it is where that is the same text, else in quotes."""
    other = UNPRINTABLE.search(text) or _NUMBER.match(text) or text.lower() in {*_MEANS_SOMETHING, "~"}
    return text if _PLAIN_TEXT.match(text) and not other else yaml_text(text)


def _escaped(text: str) -> str:
    """Within double quotes, with escapes."""
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


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
