"""Values that are written as SQL or as data and are the other here: `day, total desc`, `CREATE INDEX …`, `{status: paid}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_CREATE_INDEX: Final = re.compile(
    r"\s*create\s+(unique\s+)?index\b.*?\bon\s+[\w.\"]+\s*(?:using\s+(\w+)\s*)?\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)


def of_statement(text: str) -> dict[str, Any] | None:
    """The index that a CREATE INDEX without conditions makes, None for another text."""
    found = _CREATE_INDEX.match(text)
    if found is None:
        return None
    method = (found[2] or "btree").lower()
    unique = {"unique": True} if found[1] else {}
    return {"columns": parts(found[3]), **unique, **({"using": method} if method != "btree" else {})}


def parts(text: str) -> tuple[str, ...]:
    """A list of columns written as one text."""
    if re.fullmatch(r"\([^()]*\)", text.strip()):
        text = text.strip()[1:-1]
    cut = re.split(r",(?![^()]*\))", text)
    return tuple(part.strip() for part in cut if part.strip())


def equations(alias: str, values: Mapping[str, Any]) -> str | None:
    """`{status: paid}` as a condition on columns of a source, None where it is none."""
    fits = all(isinstance(item, str | int | float) and re.fullmatch(r"\w+", str(name)) for name, item in values.items())
    before = f"{alias}." if alias else ""
    made = " AND ".join(f"{before}{name} = {_literal(item)}" for name, item in values.items())
    return made if values and fits else None


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
