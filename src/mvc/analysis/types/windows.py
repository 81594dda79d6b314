"""The columns that windows make: their types and whether they may be NULL, where that follows without asking a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mvc.analysis.declared.after import bare_names, windows_of
from mvc.analysis.resolved import DeclaredQuery, OutputColumn
from mvc.catalog.types import plain_type
from mvc.model.window import Windowed

# Of these and the constant of a `default` the result is of the same type.
_TAKES_INTEGERS: Final = frozenset({"integer", "bigint", "numeric", "double precision"})
_TAKES_FRACTIONS: Final = frozenset({"numeric", "double precision"})


def window_columns(query: DeclaredQuery, others: Iterable[OutputColumn]) -> Mapping[str, OutputColumn]:
    """By name; `others` are the columns that are no windows."""
    known = {item.name: item for item in others}
    made: dict[str, OutputColumn] = {}
    for item in windows_of(query.computed):
        never = item.known.never_null or item.default is not None
        made[item.name] = OutputColumn(item.name, _type(item, known), not never, item.description)
        known[item.name] = made[item.name]
    return made


def _type(item: Windowed, known: Mapping[str, OutputColumn]) -> str | None:
    if item.type:
        return None
    name = next(bare_names((item.value,)), "") if item.value else ""
    result = item.known.result(plain_type(known[name].type) or "" if name in known else "")
    return result if _holds(result, item.default) else None


def _holds(type_: str | None, default: object) -> bool:
    """Whether the type stays what it is where the default stands for NULL."""
    if isinstance(default, bool) or default is None or isinstance(default, str):
        return True
    if not isinstance(default, int | float):
        return False
    return type_ in (_TAKES_INTEGERS if isinstance(default, int) and abs(default) < 2**31 else _TAKES_FRACTIONS)
