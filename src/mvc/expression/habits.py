"""What other databases and programming languages would have meant by two neighbours, as PostgreSQL writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED
from mvc.expression.expression import ExpressionError
from mvc.expression.lexemes import Lexeme
from mvc.quoting import identifier

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


def no_fields(found: Sequence[Lexeme], number: int) -> ExpressionError:
    """The error for a point after what has no fields; the mend where that is a key word."""
    before = found[number - 1] if number else found[number]
    after = found[number + 1]
    if before.kind == "word" and before.text.lower() in RESERVED | FUNCTIONS_AND_TYPES:
        title = f"`{before.text}` is a key word of SQL: as an alias it stands in double quotes"
        help_line = f"write {identifier(before.text.lower())}.{after.text}, or call the source something else"
        return ExpressionError("MV101", title, before.start, after.end, help_line)
    return ExpressionError("MV101", "what stands before this point has no fields", found[number].start, after.end)
