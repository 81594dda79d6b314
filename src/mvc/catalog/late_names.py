"""What the body of a function reads by a name alone, which means something else to each caller: temporary tables of the session come before all
others unless the function's path names pg_temp, and without a path of its own the caller's says the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NAME: Final = r'("(?:[^"]|"")+"|[a-z_][\w$]*)'
_READ: Final = re.compile(rf"\b(?:from|join)\s+(?:only\s+)?{_NAME}(?![\w$]|\s*[.(])", re.IGNORECASE)
_OF_WITH: Final = re.compile(rf"{_NAME}\s+as\s+(?:(?:not\s+)?materialized\s+)?\(", re.IGNORECASE)
_IN_TEXT: Final = frozenset({"sql", "plpgsql"})


def late_names(language: str, body: str, path: Iterable[str] | None) -> tuple[str, ...]:
    """The names, as the server has them, without a schema, that stand after FROM and JOIN; `path` is the one that the function sets, None where it sets
    none. Words that are no names of relations are among them: only a name that the catalog has says something.
    """
    if language.lower() not in _IN_TEXT or "pg_temp" in (path or ()):
        return ()
    own = {_folded(name) for name in _OF_WITH.findall(body)}
    return tuple(sorted({_folded(name) for name in _READ.findall(body)} - own))


def _folded(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
