"""Text that comes from files, made harmless for a terminal: what would move the cursor, hide or reorder text is spelled out.

Widths are in terminal cells. Rule source: Unicode Standard Annex #11 (East Asian Width), UTS #36 on bidirectional controls.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, combining, east_asian_width

_PAINTED: Final = re.compile(r"(\x1b\[(?:0|1|1;3[13]|3[246]|1;4)m)")  # what `mvc.report.text.style` writes, and no more
_PLAIN_LINES: Final = re.compile(r"[^\n\t -~]+")
# What services that run jobs take for a command where it stands in the log: GitHub's at the start of a line (a cast may stand there, too), the older
# `##[add-path]`, Azure's `##vso[task.setvariable]` and TeamCity's `##teamcity[` anywhere.
_OF_GITHUB: Final = "add-|debug|echo|endgroup|error|group|internal-|notice|remove-|save-|set-|stop-|warning"
_COMMAND: Final = re.compile(
    rf"^(?P<before>[^\S\n]*)(?P<sign>:)(?=:(?:{_OF_GITHUB}))|(?P<hash>#)(?=#\w*\[)", re.MULTILINE | re.IGNORECASE
)
TAB_STOP: Final = 4
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})
_JOINERS: Final = frozenset("\u200c\u200d")  # part of how Persian, Hindi and emoji are written


def visible(text: str) -> str:
    """The text with every control character spelled out in hexadecimal; line breaks included."""
    return "".join(map(_shown, text))


def for_terminal(text: str) -> str:
    """Whole output for a terminal or a log: lines, tabs and the colours of `mvc.report.text.style` stay, the rest as `visible` has it, and so has
    what a job's log would take for a command.
    """
    parts = _PAINTED.split(text)
    shown = "".join(part if number % 2 else _PLAIN_LINES.sub(_spelled, part) for number, part in enumerate(parts))
    return _COMMAND.sub(_spelled_command, shown)


def has_command(text: str) -> bool:
    """Whether a job's log would take something of it for a command."""
    return _COMMAND.search(text) is not None


def _spelled_command(found: re.Match[str]) -> str:
    return f"{found['before']}\\x3a" if found["sign"] else "\\x23"


def _spelled(found: re.Match[str]) -> str:
    return visible(found.group())


def cells(line: str) -> list[str]:
    """What to print for each character of one line: tabs as spaces up to the next stop, the rest as `visible` gives it."""
    shown: list[str] = []
    at = 0
    for character in line:
        text = " " * (TAB_STOP - at % TAB_STOP) if character == "\t" else _shown(character)
        shown.append(text)
        at += width(text)
    return shown


def width(text: str) -> int:
    """How many cells a terminal needs for text that is visible."""
    return sum(map(_width, text))


def _shown(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if category(character) not in _HIDDEN or character in _JOINERS:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _width(character: str) -> int:
    if combining(character) or category(character) in ("Mn", "Me") or character in _JOINERS:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
