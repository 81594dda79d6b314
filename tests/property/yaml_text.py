"""YAML text in many layouts that all mean the same."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass

SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*( [=<>+*|-]+ [A-Za-z0-9_.]+)*")
RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True)
class Layout:
    """How to write. Without a seed: plainly. With one: keys shuffled, styles, quotes and comments at random."""

    seed: int | None = None
    shuffle_sources: bool = False


PLAIN = Layout()
# Their entries are columns, or rows, in the order of writing.
ORDERED = ("sources", "dimensions", "aggregates", "windows", "columns", "values")


def write(document: dict[str, object], layout: Layout = PLAIN) -> str:
    return "".join(line + "\n" for line in _Writer(layout, random.Random(layout.seed or 0)).block(document, "", ""))


@dataclass(frozen=True)
class _Writer:
    layout: Layout
    dice: random.Random

    def block(self, mapping: dict[str, object], indent: str, within: str) -> list[str]:
        """The lines of a mapping in block style."""
        lines: list[str] = []
        for key, value in self._entries(mapping, within):
            lines += self._noise(indent)
            lines += self._entry(key, value, indent)
        return lines

    def _entry(self, key: str, value: object, indent: str) -> list[str]:
        if isinstance(value, dict) and value and not self._chance(3):
            return [f"{indent}{self._key(key)}:{self._comment()}", *self.block(value, indent + "  ", key)]
        if isinstance(value, str) and value and value == value.strip() and self._chance(5):
            return [f"{indent}{self._key(key)}: |-", f"{indent}    {value}"]
        return [f"{indent}{self._key(key)}: {self._flow(value, key)}{self._comment()}"]

    def _entries(self, mapping: dict[str, object], within: str) -> list[tuple[str, object]]:
        entries = list(mapping.items())
        fixed = within in ORDERED and not (within == "sources" and self.layout.shuffle_sources)
        if self.layout.seed is not None and not fixed:
            self.dice.shuffle(entries)
        return entries

    def _flow(self, value: object, within: str) -> str:
        if isinstance(value, dict):
            return (
                "{"
                + ", ".join(f"{self._key(key)}: {self._flow(each, key)}" for key, each in self._entries(value, within))
                + "}"
            )
        if isinstance(value, list):
            return "[" + ", ".join(self._flow(each, "") for each in value) + "]"
        return self._text(value) if isinstance(value, str) else json.dumps(value)

    def _text(self, value: str) -> str:
        plain = SAFE.fullmatch(value) and value.lower() not in RESERVED
        if plain and not self._chance(3):
            return value
        return "'" + value.replace("'", "''") + "'" if self._chance(2) else json.dumps(value)

    def _key(self, key: str) -> str:
        return json.dumps(key) if not key or self._chance(5) else key

    def _comment(self) -> str:
        return "  # a comment: with {braces}" if self._chance(5) else ""

    def _noise(self, indent: str) -> list[str]:
        return [f"{indent}# a line", ""] if self._chance(8) else []

    def _chance(self, sides: int) -> bool:
        return self.layout.seed is not None and self.dice.randrange(sides) == 0
