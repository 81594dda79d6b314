"""Plain data → YAML text that a person would have written, and that `read` reads back as the same data.

Texts of lines are blocks, short lists and mappings stand on one line. Rule source: YAML 1.2.2, sections 5.7 (escapes) and 8.1 (blocks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mvc.source.words import UNPRINTABLE, yaml_flow, yaml_name

_WIDEST: Final = 110  # columns of a list or mapping on one line
_STEP: Final = 2
_NO_BLOCK: Final = re.compile(r"[ \t\n]|\Z")  # how a text begins that a block would not give back


def write(data: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """The text of a file. `comments` are lines that stand before a key of the first level; those of a key that is not there come last."""
    lines: list[str] = []
    left = dict(comments or {})
    for key, value in data.items():
        lines += _comment(left.pop(key, ""))
        lines += _entry(key, value, 0)
    for text in left.values():
        lines += _comment(text)
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}".rstrip() for line in text.splitlines()]


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    """The lines of one key with its value."""
    lead = f"{' ' * indent}{yaml_name(key)}:"
    short = _on_one_line(value, len(lead) + 1)
    if short is not None:
        yield f"{lead} {short}"
    elif isinstance(value, str):
        yield f"{lead} |{'' if value.endswith(chr(10)) else '-'}"
        yield from _block(value, indent + _STEP)
    else:
        yield lead
        yield from _nested(value, indent + _STEP)


def _nested(value: Mapping[str, Any] | Sequence[Any], indent: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(str(key), item, indent)
        return
    for item in value:
        yield from _item(item, indent)


def _item(item: Any, indent: int) -> Iterator[str]:
    """The lines of one entry of a list."""
    lead = f"{' ' * indent}-"
    short = _on_one_line(item, len(lead) + 1)
    if short is not None:
        yield f"{lead} {short}"
    elif isinstance(item, str):
        yield f"{lead} |{'' if item.endswith(chr(10)) else '-'}"
        yield from _block(item, indent + _STEP)
    else:
        first, *rest = _nested(item, indent + _STEP)
        yield f"{lead} {first.lstrip()}"
        yield from rest


def _block(text: str, indent: int) -> Iterator[str]:
    for line in text.removesuffix("\n").split("\n"):
        yield f"{' ' * indent}{line}" if line else ""


def _on_one_line(value: Any, before: int) -> str | None:
    """The value as it stands behind its key; None where it takes lines of its own."""
    if isinstance(value, str):
        return None if _is_block(value) else yaml_flow(value)
    if not isinstance(value, Mapping | list | tuple):
        return yaml_flow(value)
    if value and any(map(_is_apart, value.values() if isinstance(value, Mapping) else value)):
        return None
    short = yaml_flow(value)
    return short if len(short) + before <= _WIDEST or not value else None


def _is_apart(item: Any) -> bool:
    """Whether a part of a list or mapping takes lines of its own: a text of several, or a mapping, or what holds one."""
    if isinstance(item, str):
        return _is_block(item)
    return isinstance(item, Mapping) or (isinstance(item, list | tuple) and any(map(_is_apart, item)))


def _is_block(text: str) -> bool:
    """Whether a text is written as a block: it has lines, be it one that is ended, and a block gives it back as it is."""
    lines = "\n" in text and not text.endswith("\n\n")
    return lines and not _NO_BLOCK.match(text) and not UNPRINTABLE.search(text.replace("\n", "").replace("\t", ""))
