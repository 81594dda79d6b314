"""Words of systemd's unit files: a name of the project cannot become a specifier, a variable or another line.

Rule source: systemd.service(5), systemd.syntax(7).
"""

from __future__ import annotations

import json
import re

from mvc.report.text.sanitize import visible


def quoted(text: str) -> str:
    """A word of ExecStart: in quotes, with `%` and `$` doubled, and what is not seen written by its code."""
    escaped = json.dumps(text, ensure_ascii=False).replace("%", "%%").replace("$", "$$")
    plain = escaped[1:-1] == text and re.fullmatch(r"[\w./=-]+", text)
    return text if plain else "".join(map(_coded, escaped))


def unit_text(text: str) -> str:
    """The value of a key that is shown to people. A backslash at its end would go on in the next line."""
    return visible(" ".join(text.split())).replace("\\", "\\\\").replace("%", "%%")


def _coded(character: str) -> str:
    return character if visible(character) == character else f"\\U{ord(character):08x}"
