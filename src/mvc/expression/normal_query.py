"""One spelling for what a query may write in two ways: a label with and without AS, GROUP BY by place and by expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED
from mvc.expression.brackets import Group, Item

# The words that are a label behind AS only, since they go on with an expression elsewhere (AS_LABEL in PostgreSQL's kwlist.h).
_NEED_AS: Final = frozenset(
    [
        "array",
        "as",
        "char",
        "character",
        "create",
        "day",
        "except",
        "fetch",
        "filter",
        "for",
        "from",
        "grant",
        "group",
        "having",
        "hour",
        "intersect",
        "into",
        "isnull",
        "limit",
        "minute",
        "month",
        "notnull",
        "offset",
        "on",
        "order",
        "over",
        "overlaps",
        "precision",
        "returning",
        "second",
        "to",
        "union",
        "varying",
        "where",
        "window",
        "with",
        "within",
        "without",
        "year",
    ]
)
_WORD: Final = re.compile(r'\w+\Z|".*"\Z', re.DOTALL)
_PLACE: Final = re.compile(r"[1-9][0-9]{0,3}\Z")
_AFTER_LIST: Final = frozenset(
    {"from", "where", "group", "having", "window", "order", "limit", "offset", "fetch", "union", "intersect", "except"}
)
_AFTER_GROUP: Final = _AFTER_LIST - {"from", "where", "group"}
_SETS: Final = frozenset({"union", "intersect", "except"})


def query_items(items: Sequence[Item]) -> list[Item]:
    """The items of a text with every SELECT in it in one spelling."""
    inner = [Group(item.opening, tuple(query_items(item.inner))) if isinstance(item, Group) else item for item in items]
    found: list[Item] = []
    for part in _selects(inner):
        found += _select(part) if "select" in part else part
    return found


def without_list(items: Sequence[Item]) -> list[Item]:
    """The items of a query without the columns of its one outermost SELECT; all of them where that is not plain."""
    kinds = [item for item in items if item in ("select", "from", "distinct")]
    if kinds[:2] != ["select", "from"] or kinds.count("select") != 1:
        return list(items)
    listed = list(items)
    return [*listed[: listed.index("select") + 1], *listed[listed.index("from") :]]


def _selects(items: list[Item]) -> Iterator[list[Item]]:
    """What stands before, between and behind the words that join queries."""
    part: list[Item] = []
    for item in items:
        if item in _SETS:
            yield part
            yield [item]
            part = []
        else:
            part.append(item)
    yield part


def _select(items: list[Item]) -> list[Item]:
    begin = items.index("select") + 1
    if begin < len(items) and items[begin] in ("distinct", "all"):
        begin += 1
        if begin < len(items) and items[begin] == "on":
            begin += 2
    end = _end(items, begin, _AFTER_LIST)
    shown = [_labelled(part) for part in _split(items[begin:end])]
    return [*items[:begin], *_joined(shown), *_grouped(items[end:], shown)]


def _grouped(items: list[Item], shown: list[list[Item]]) -> list[Item]:
    """GROUP BY with each number as the expression that stands in that place."""
    for at in range(len(items) - 2):
        if items[at : at + 2] == ["group", "by"]:
            end = _end(items, at + 2, _AFTER_GROUP)
            terms = [_at(term, shown) for term in _split(items[at + 2 : end])]
            return [*items[: at + 2], *_joined(terms), *items[end:]]
    return items


def _at(term: list[Item], shown: list[list[Item]]) -> list[Item]:
    """What a number stands for; itself where columns before it cannot be counted."""
    number = term[0] if len(term) == 1 and isinstance(term[0], str) and _PLACE.match(term[0]) else ""
    place = int(number or 0)
    if not 1 <= place <= len(shown) or any("*" in (part[-1:] or [""]) for part in shown[:place]):
        return term
    part = shown[place - 1]
    value = part[:-2] if part[-2:-1] == ["as"] else part
    literal = len(value) == 1 and isinstance(value[0], str) and (value[0][0] == "'" or value[0].isdigit())
    return term if literal or not value else value


def _labelled(part: list[Item]) -> list[Item]:
    """With AS before the label."""
    if len(part) < 2 or not _is_label(part[-1]) or not _ends_value(part[-2]):
        return part
    return [*part[:-1], "as", part[-1]]


def _is_label(item: Item) -> bool:
    return isinstance(item, str) and bool(_WORD.match(item)) and item not in _NEED_AS and not item[0].isdigit()


def _ends_value(item: Item) -> bool:
    if isinstance(item, Group) or not isinstance(item, str):
        return True
    if item[0] == "'" or item[0].isdigit():
        return True
    return bool(_WORD.match(item)) and item not in RESERVED | FUNCTIONS_AND_TYPES | _NEED_AS


def _end(items: list[Item], begin: int, words: frozenset[str]) -> int:
    return next((at for at in range(begin, len(items)) if items[at] in words), len(items))


def _split(items: list[Item]) -> list[list[Item]]:
    parts: list[list[Item]] = [[]]
    for item in items:
        if item == ",":
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def _joined(parts: list[list[Item]]) -> list[Item]:
    return [item for part in parts for item in (",", *part)][1:]
