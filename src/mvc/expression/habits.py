"""What other databases and programming languages would have meant by two neighbours, as PostgreSQL writes it."""

from __future__ import annotations

import re
from typing import Final

from mvc.expression.lexemes import Lexeme

_DATE: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?")
_LENGTH: Final = re.compile(r"(-?\d+)\s+([A-Za-z]+)")
_UNITS: Final = frozenset({"second", "minute", "hour", "day", "week", "month", "year"})


def mend(text: str, first: Lexeme, second: Lexeme) -> str:
    """The text to write instead of two neighbours; empty where nothing is known."""
    word, rest = first.text.lower(), text[second.start :]
    if second.kind == "number" and word in ("date", "timestamp", "timestamptz") and (day := _DATE.match(rest)):
        return f"write {first.text} '{day[0]}'"
    if second.kind == "number" and word == "interval":
        length = _LENGTH.match(rest)
        unit = length[2].lower().removesuffix("s") if length else ""
        return (
            f"write INTERVAL '{length[1]} {unit}{'' if length[1] == '1' else 's'}'" if length and unit in _UNITS else ""
        )
    if word == "in" and second.kind in ("string", "number"):
        return f"write {first.text} ({second.text})"
    if word == "in" and second.kind in ("word", "name"):
        return f"of a list that a column holds: x = ANY ({_name(text, second)})"
    if first.text == "," and second.text in (")", "]"):
        return "take the last comma away"
    return ""


def _name(text: str, lexeme: Lexeme) -> str:
    found = re.match(r'[\w."]+', text[lexeme.start :])
    return found[0] if found else lexeme.text
