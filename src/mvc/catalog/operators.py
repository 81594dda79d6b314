"""The types, casts, operators and operator classes that every PostgreSQL has, from `operators.txt` (`tests/catalog/make_operators.py` writes it).

Types are spelled as `format_type()` spells them. A type that came after PostgreSQL 15 is in the list as well: what is not in it is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class BuiltinType(NamedTuple):
    """`category` is `pg_type.typcategory`; a preferred type is what PostgreSQL rather takes of a category; `element` is an array's."""

    spelled: str
    category: str
    preferred: bool
    element: str


class Operator(NamedTuple):
    """An operator and its operand types; `left` is empty for one that stands before its operand."""

    name: str
    left: str
    right: str
    result: str

    @property
    def arguments(self) -> tuple[str, ...]:
        return (self.left, self.right) if self.left else (self.right,)


@dataclass(frozen=True)
class Builtins:
    """`names` are types by `pg_type.typname` (`int4`), `types` by their spelling (`integer`); `classes` are (method, class) → types."""

    names: Mapping[str, BuiltinType]
    types: Mapping[str, BuiltinType]
    ranges: Mapping[str, tuple[str, str]]
    casts: Mapping[tuple[str, str], str]
    operators: Mapping[str, tuple[Operator, ...]]
    classes: Mapping[tuple[str, str], tuple[str, ...]]
    default_classes: frozenset[tuple[str, str]]


@cache
def builtin_types() -> Builtins:
    """All that the file says."""
    lines = [line.split("\t") for line in _text().splitlines()]
    rows = [tuple((*line, "", "", "", "", "")[1:6]) for line in lines]
    kinds = [line[0] for line in lines]
    of = {kind: [row for row, its in zip(rows, kinds, strict=True) if its == kind] for kind in set(kinds)}
    names = {row[0]: BuiltinType(row[1], row[2], row[3] == "!", row[4]) for row in of["type"]}
    operators: dict[str, list[Operator]] = {}
    for row in of["operator"]:
        operators.setdefault(row[0], []).append(Operator(*row[:4]))
    classes: dict[tuple[str, str], list[str]] = {}
    for row in of["class"]:
        classes.setdefault((row[0], row[1]), []).append(row[2])
    return Builtins(
        names,
        {item.spelled: item for item in names.values()},
        {row[1]: (row[2], row[3]) for row in of["range"]},
        {(row[1], row[2]): row[3] for row in of["cast"]},
        {name: tuple(found) for name, found in operators.items()},
        {key: tuple(found) for key, found in classes.items()},
        frozenset((row[0], row[2]) for row in of["class"] if row[3] == "!"),
    )


def _text() -> str:
    return files("mvc.catalog").joinpath("operators.txt").read_text(encoding="utf-8")
