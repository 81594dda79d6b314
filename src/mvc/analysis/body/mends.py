"""What to write where a body cannot be read: the line with its slip mended, if PostgreSQL's grammar takes the body then."""

from __future__ import annotations

import re
from typing import Final

from mvc.expression.mends import query_mended

_CREATE: Final = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:materialized\s+)?(?:view|table)\b.*?\bas\b", re.IGNORECASE | re.DOTALL
)
_BUT: Final = re.compile(r"\*\s*(except|exclude|replace|rename)\s*\(\s*(?!select\b|\()", re.IGNORECASE)
_MOST: Final = 3  # changed lines that are shown


def body_help(sql: str, said: str) -> tuple[str, ...]:
    """Help lines for a body; `said` is what helps where no slip is found."""
    if found := _CREATE.match(sql):
        head = " ".join(found.group().split())
        return (f"leave out `{head}`: the compiler writes it, and a body starts with SELECT",)
    if found := _BUT.search(sql):
        word = found[1].upper()
        said_of = (
            "the columns that are meant, one by one"
            if word != "REPLACE"
            else "each column, the changed ones as expression AS name"
        )
        return (f"PostgreSQL has no `* {word}`: write {said_of}",)
    mended = query_mended(sql)
    if not mended:
        return (said,)
    before, after = sql.split("\n"), mended.split("\n")
    changed = [line.strip() for old, line in zip(before, after, strict=False) if old != line]
    if len(before) != len(after) or not 0 < len(changed) <= _MOST:
        return (said,)
    return (f"write {changed[0]}",) if len(changed) == 1 else ("write", *changed)
