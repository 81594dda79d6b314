"""Whether a text is a point, a line, a box and the like. Rule source: PostgreSQL manual, "Geometric Types"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan", re.IGNORECASE)
FIGURES: Final[
    Mapping[str, tuple[tuple[int, ...], str]]
] = {  # how many numbers, and within which brackets; any even number
    "line": ((3, 4), r"\[\](){}"),
    "lseg": ((4,), r"\[\]()"),
    "box": ((4,), "()"),
    "path": ((), r"\[\]()"),
    "polygon": ((), "()"),
    "circle": ((3,), "()<>"),
}
_POINT: Final = re.compile(rf"\(?\s*(?:{_NUMBER.pattern})\s*,\s*(?:{_NUMBER.pattern})\s*\)?", re.IGNORECASE)


def point_problem(text: str, _: str) -> str:
    """Why a text is no point."""
    return "" if _POINT.fullmatch(text) else "a point is written '(1,2)'"


def figure_problem(text: str, type_: str) -> str:
    """Brackets and numbers, as many as the figure has."""
    numbers = re.sub(rf"({_NUMBER.pattern})", "0", text.lower(), flags=re.IGNORECASE)
    counts, brackets = FIGURES[type_]
    count = numbers.count("0")
    fits = "00" not in numbers and (count in counts or (not counts and count and count % 2 == 0))
    return "" if fits and re.fullmatch(rf"[0,\s{brackets}]+", numbers) else f"it is no {type_}"
