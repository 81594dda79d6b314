"""One spelling for what PostgreSQL's grammar reads as one: `!=`, CAST, brackets that bind nothing, the order of an IN list.

It works on tokens by the precedence of gram.y and changes only what it knows. Two texts of one normal form have one meaning; two of another
may have one as well. What stands in brackets that a name, a key word or a query gives a meaning stays in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mvc.expression.brackets import CLOSING, Group, Item, Piece, is_needless

_TYPES: Final = {
    "integer": "int",
    "int4": "int",
    "int8": "bigint",
    "int2": "smallint",
    "decimal": "numeric",
    "dec": "numeric",
    "boolean": "bool",
}
_LITERAL: Final = re.compile(r"'[^']*'\Z")
_WHOLE: Final = re.compile(r"[0-9]{1,9}\Z")


def normal(pieces: Sequence[Piece]) -> tuple[Item, ...]:
    """The pieces (tokens and columns) in their normal spelling, as groups."""
    plain = tuple("<>" if piece == "!=" else piece for piece in pieces)
    if not any(piece in ("(", "::") for piece in plain):
        return plain
    items, rest = _grouped(plain, 0, "")
    return _simple(items) if rest == len(plain) else plain


def _grouped(pieces: Sequence[Piece], at: int, closing: str) -> tuple[tuple[Item, ...], int]:
    """What stands up to a closing bracket, and where that is."""
    items: list[Item] = []
    while at < len(pieces) and (piece := pieces[at]) != closing:
        if isinstance(piece, str) and piece in CLOSING and not (items and items[-1] == "."):
            inner, end = _grouped(pieces, at + 1, CLOSING[piece])
            items.append(Group(piece, inner) if end < len(pieces) else piece)
            at = end + 1 if end < len(pieces) else at + 1
        else:
            items.append(piece)
            at += 1
    return tuple(items), at


def _simple(items: Sequence[Item]) -> tuple[Item, ...]:
    """All that can be done, inner groups first."""
    done = [Group(item.opening, _simple(item.inner)) if isinstance(item, Group) else item for item in items]
    done = _listed(_cast(done))
    for number, item in enumerate(done):
        if item == "::" and number + 1 < len(done) and (number + 2 == len(done) or done[number + 2] != "."):
            done[number + 1] = _type(done[number + 1])
    found: list[Item] = []
    for number, item in enumerate(done):
        bare = isinstance(item, Group) and item.opening == "(" and is_needless(item, found, done[number + 1 :], done)
        found += item.inner if bare and isinstance(item, Group) else [item]
    return tuple(found)


def _type(item: Item) -> Item:
    return _TYPES.get(item, item) if isinstance(item, str) else item


def _cast(items: list[Item]) -> list[Item]:
    """`CAST(x AS t)` as `(x)::t`, unless what follows would become a part of the type."""
    found: list[Item] = []
    at = 0
    while at < len(items):
        group = items[at + 1] if at + 1 < len(items) else None
        follows = items[at + 2] if at + 2 < len(items) else None
        open_type = isinstance(follows, Group) or follows == "."
        if items[at] == "cast" and isinstance(group, Group) and not open_type and not (found and found[-1] == "."):
            places = [number for number, item in enumerate(group.inner) if item == "as"]
            if len(places) == 1:
                value, type_ = group.inner[: places[0]], group.inner[places[0] + 1 :]
                found += [Group("(", value), "::", *type_]
                at += 2
                continue
        found.append(items[at])
        at += 1
    return found


def _listed(items: list[Item]) -> list[Item]:
    """IN lists of nothing but strings, or of nothing but whole numbers, in order: each of the values counts as it did."""
    for number, item in enumerate(items[:-1]):
        group = items[number + 1]
        if item == "in" and isinstance(group, Group):
            values, commas = group.inner[::2], group.inner[1::2]
            for kind in (_LITERAL, _WHOLE):
                if values and all(isinstance(value, str) and kind.match(value) for value in values):
                    parts: list[Item] = [part for value in sorted(map(str, values)) for part in (",", value)]
                    if all(comma == "," for comma in commas) and len(values) == len(commas) + 1:
                        items[number + 1] = Group("(", tuple(parts[1:]))
    return items
