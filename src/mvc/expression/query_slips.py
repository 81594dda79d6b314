"""Rewritings of a query that cannot be read, one slip each; those of expressions are in `slips`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mvc.expression.slips import LEFT_OPEN, WORDS


def _comma_before(text: str) -> str:
    """A comma before FROM, WHERE or the end of a list of columns."""
    return re.sub(r",(\s+)(?=(?:from|where|group|order|having)\b)", r"\1", text, flags=re.IGNORECASE)


def _top(text: str) -> str:
    """`SELECT TOP 10 …` of SQL Server."""
    found = re.match(r"(\s*select)\s+top\s*\(?\s*(\d+)\s*\)?\s+(.*?)(\s*;?\s*)\Z", text, re.IGNORECASE | re.DOTALL)
    return f"{found[1]} {found[3]} LIMIT {found[2]}{found[4]}" if found else text


def _clauses(text: str) -> str:
    """Clauses of MySQL, Oracle and SQL Server that PostgreSQL has other words for."""
    for pattern, made in _CLAUSES:
        text = pattern.sub(made, text)
    return text


_CLAUSES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), made)
    for pattern, made in (
        (r"\blimit\s+(\d+)\s*,\s*(\d+)", r"LIMIT \2 OFFSET \1"),
        (r"\bminus(\s+(?:all\s+)?select\b)", r"EXCEPT\1"),
        (r"\s+with\s*\(\s*nolock\s*\)", ""),
        (r"\s+from\s+dual\b", ""),
        (r"\bout+er\s+(?=join\b)", "OUTER "),
        (r"\bouter\s+apply\s*(\((?:[^()]|\([^()]*\))*\)\s*(?:as\s+)?\w+)", r"LEFT JOIN LATERAL \1 ON true"),
        (r"\bcross\s+apply\b", "CROSS JOIN LATERAL"),
    )
)


def _comma_at_line_end(text: str) -> str:
    """A comma that is missing between two columns, each on a line of its own."""
    return re.sub(
        r"(\bselect\b[^;]*?[\w)'\"])([ \t]*\n\s*)(?=[\w.]+(?:[ \t]*,|[ \t]*\n\s*from\b|[ \t]+as\b|\())",
        r"\1,\2",
        text,
        count=1,
        flags=re.IGNORECASE,
    )


QUERY_SLIPS: Final[tuple[Callable[[str], str], ...]] = (
    *WORDS,
    _comma_before,
    _top,
    _clauses,
    _comma_at_line_end,
    *LEFT_OPEN,
)
