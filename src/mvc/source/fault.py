"""Where libyaml stopped, and what may be said of it. A mend is shown only if the mended text can be read further."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mvc.diagnostics import Span
from mvc.source.compose import NEVER, stops_at
from mvc.source.words import yaml_text

_COMMENT: Final = re.compile(r"\s+#.*\Z")
_KEY: Final = re.compile(r"(?P<indent>\s*(?:- +)*)(?P<key>[^\s:#,\[\]{}\"'][^:#,\[\]{}\"']*?)\s*:(?=\s|\Z)")
_OPENS: Final = "([{"
_CLOSES: Final = ")]}"


@dataclass(frozen=True)
class YamlFault:
    """A text that is not YAML. `line` and `column`, from 0, are where reading stopped; `start` is where that began which was read."""

    path: str
    text: str
    line: int
    column: int
    problem: str
    context: str
    start: tuple[int, int] | None

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def here(self) -> str:
        """The line where reading stopped."""
        return self.at(self.line)

    def at(self, number: int) -> str:
        """A line, empty where there is none."""
        lines = self.lines
        return lines[number] if 0 <= number < len(lines) else ""

    def span(self, line: int, start: int, end: int) -> Span:
        """Characters of one line."""
        return Span(self.path, line + 1, start + 1, line + 1, max(end, start + 1) + 1)

    def above(self, number: int) -> Iterator[tuple[int, str]]:
        """The lines above one that hold something, from the nearest on."""
        for index in range(number - 1, -1, -1):
            if (line := self.at(index)).strip() and not line.lstrip().startswith("#"):
                yield index, line

    def is_mended(self, edits: Mapping[int, str]) -> bool:
        """Whether the text can be read beyond what is edited and beyond where reading stopped; one line is to be read by itself, too."""
        if len(edits) == 1 and any(stops_at(line.strip()) != NEVER for line in edits.values()):
            return False
        lines = self.lines
        for number, line in edits.items():
            lines[number] = line
        return stops_at("\n".join(lines)) > max(self.line, *edits)


def indent_of(line: str) -> int:
    """How many spaces a line begins with."""
    return len(line) - len(line.lstrip(" "))


def key_of(line: str) -> re.Match[str] | None:
    """The key that a line begins with (`indent`, `key`), or None."""
    return _KEY.match(line)


def depth_before(line: str, end: int) -> int:
    """How many `{` and `[` of a line are open at a column. What stands in quotes counts too: a guess, for what is no YAML."""
    part = line[:end]
    return sum(part.count(sign) for sign in "[{") - sum(part.count(sign) for sign in "]}")


def value_end(line: str, start: int) -> int:
    """Where the value that begins at a column ends, as its author meant it: SQL's quotes and brackets hold it together."""
    if depth_before(line, start) <= 0:
        return len(_COMMENT.sub("", line).rstrip())
    depth, quote = 0, ""
    for at in range(start, len(line)):
        sign = line[at]
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
        elif depth == 0 and sign in ",}]":
            return len(line[:at].rstrip())
        else:
            depth += (sign in _OPENS) - (sign in _CLOSES)
    return len(line.rstrip())


def with_quotes(line: str, start: int) -> tuple[str, str]:
    """The line with the value that begins at a column in quotes, and that value as it then stands."""
    end = value_end(line, start)
    value = yaml_text(line[start:end])
    return f"{line[:start]}{value}{line[end:]}", value


def key_before(line: str, start: int) -> str:
    """`key: ` before a value, so that a help line shows both; empty where there is none."""
    found = re.search(r"([\w-]+:\s+)\Z", line[:start])
    return found[1] if found else ""
