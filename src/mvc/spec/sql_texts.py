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


_NAMES: Final = ("column", "field", "dimension", "member", "name", "left", "col")
_SIGNS: Final = ("op", "operator", "comparison", "operation")
_VALUES: Final = ("value", "values", "right", "val")
_OPERATORS: Final = {
    "equals": "=",
    "eq": "=",
    "==": "=",
    "ne": "<>",
    "not_equals": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
}


def compared(alias: str, items: tuple[Any, ...]) -> str | None:
    """`[{column: status, op: "=", value: paid}]` as a condition, None where it is not surely one."""
    made = [_comparison(alias, item) if isinstance(item, Mapping) else None for item in items]
    return " AND ".join(text for text in made if text) if made and None not in made else None


def _comparison(alias: str, item: Mapping[str, Any]) -> str | None:
    name, sign, value = (next((item[key] for key in keys if key in item), None) for keys in (_NAMES, _SIGNS, _VALUES))
    operator = _OPERATORS.get(str(sign).lower(), str(sign or "=").upper())
    values = value if isinstance(value, tuple) else (value,)
    plain = (
        isinstance(name, str)
        and re.fullmatch(r"\w+(\.\w+)?", name)
        and all(isinstance(its, str | int | float) for its in values)
    )
    if not plain or operator not in ("=", "<>", "!=", "<", ">", "<=", ">=", "IN", "NOT IN", "LIKE"):
        return None
    shown = ", ".join(map(_literal, values))
    left = name if "." in str(name) or not alias else f"{alias}.{name}"
    return f"{left} {operator} ({shown})" if "IN" in operator else f"{left} {operator} {shown}"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
