"""What an author meant by a call that no function takes, as a text that can be pasted."""

from __future__ import annotations

from typing import Final

from mvc.catalog import builtins
from mvc.inference.mends import LETTERS, MOMENTS, NUMBERS, TEXTS, cast
from mvc.inference.site import TypedText
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_OVER_NUMBERS: Final = frozenset(
    {"sum", "avg", "stddev", "variance", "stddev_pop", "stddev_samp", "var_pop", "var_samp"}
)
_WANTS: Final = {
    "extract": "takes a date, a time or an interval; of seconds since 1970 to_timestamp(…) makes one",
    "timezone": "takes the name of a zone: AT TIME ZONE 'Europe/Berlin'",
}
SHOWN: Final = {"timezone": "AT TIME ZONE", "btrim": "trim", "similar_to_escape": "SIMILAR TO", "like_escape": "LIKE"}


def call_mend(name: str, nodes: list[Node], types: list[str], text: TypedText) -> str:
    shown = text.written(nodes[0]) if nodes else "x"
    if name in _OVER_NUMBERS and types[0] not in NUMBERS:
        return _of_numbers(name, types[0], shown)
    if special := _special_mend(name, nodes, types, text):
        return special
    if name in ("date_trunc", "date_part", "extract", "age", "to_char", "timezone") and any(
        item in TEXTS for item in types
    ):
        number = next(number for number, item in enumerate(types) if item in TEXTS)
        return f"cast the text: {text.written(nodes[number])}::timestamptz"
    if (
        types
        and types[0] not in (*TEXTS, UNKNOWN)
        and "A_Const" not in nodes[0]
        and any(item.arguments[:1] == ("text",) for item in builtins.builtin(name))
    ):
        return f"cast it to text: {shown}::text"
    if name == "extract" or (name == "timezone" and types[0] not in LETTERS):
        return f"{SHOWN.get(name, name)} {_WANTS[name]}"
    taken = sorted({", ".join(item.arguments) for item in builtins.builtin(name) if item.takes(len(types))})
    return f"it takes {' or '.join(taken[:4])}{', …' if len(taken) > 4 else ''}".replace("anyarray", "an array")


def _special_mend(name: str, nodes: list[Node], types: list[str], text: TypedText) -> str:
    """Of functions that are often called in one wrong way."""
    shown = text.written(nodes[0]) if nodes else "x"
    if name == "date_trunc" and len(types) == 2 and types[0] in MOMENTS:
        return f"the unit stands first: write date_trunc({text.written(nodes[1])}, {shown})"
    if name == "percentile_cont" and any(item in TEXTS for item in types):
        return "it lies between values, so it is of numbers and intervals; of texts the value at the place: sql: percentile_disc(0.5) WITHIN GROUP (ORDER BY …)"
    if name == "trunc" and types[0] in MOMENTS:
        return f"write date_trunc('day', {shown})"
    if name == "extract" and types[1:] == ["integer"] and _is_days(nodes[1], text):
        return "a date minus a date is a number of days already: take extract away, or multiply it, e.g. by 86400"
    if name == "round" and types[:1] == ["double precision"] and len(types) == 2:
        return f"write round({shown}::numeric, {text.written(nodes[1])})"
    return ""


def _is_days(node: Node, text: TypedText) -> bool:
    """Whether a number is that of the days between two dates."""
    inner = node.get("A_Expr", {})
    left = inner.get("lexpr", {})
    return left.keys() <= {"ColumnRef", "SQLValueFunction", "TypeCast"} and bool(left) and text.type_of(left) == "date"


def _of_numbers(name: str, type_: str, shown: str) -> str:
    if type_ == "boolean":
        return f"a boolean is a number by a cast: {name} of {cast(shown, 'int')}; how many are true counts `where: {shown}`"
    if type_ in TEXTS:
        return f"{name} is of numbers; cast the text: {cast(shown, 'numeric')}"
    return f"{name} is of numbers and intervals" + (", e.g. of the difference of two times" if type_ in MOMENTS else "")
