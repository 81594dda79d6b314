"""The type of an aggregate's result by the type of what it takes, both as the catalog writes them; None where only a server knows.

Rule source: PostgreSQL manual, "Aggregate Functions"; min and max of varchar are text, and no aggregate keeps a type modifier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

ResultType = Callable[[str], str | None]

NUMBERS: Final = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
_ORDERED: Final = NUMBERS | {
    "text",
    "date",
    "time without time zone",
    "time with time zone",
    "timestamp without time zone",
    "timestamp with time zone",
    "interval",
    "money",
}
# Whose arrays have the name of the element and `[]`. Not so: character (`bpchar[]`), bit, domains over arrays, and names that
# a search path or quotes change.
_ELEMENTS: Final = _ORDERED | {
    "boolean",
    "uuid",
    "json",
    "jsonb",
    "bytea",
    "character varying",
    "bit varying",
    "inet",
    "cidr",
    "macaddr",
    "point",
    "tsvector",
}
_SUMS: Final = {
    "smallint": "bigint",
    "integer": "bigint",
    "bigint": "numeric",
    "numeric": "numeric",
    "real": "real",
    "double precision": "double precision",
    "interval": "interval",
    "money": "money",
}
_MEANS: Final = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric"), "numeric"),
    **dict.fromkeys(("real", "double precision"), "double precision"),
}
_MULTIRANGES: Final = {f"{kind}range": f"{kind}multirange" for kind in ("int4", "int8", "num", "ts", "tstz", "date")}


def always(result: str) -> ResultType:
    """One type, whatever the function takes."""
    return lambda _: result


def sum_type(argument: str) -> str | None:
    return _SUMS.get(argument)


def mean_type(argument: str) -> str | None:
    return "interval" if argument == "interval" else _MEANS.get(argument)


def spread_type(argument: str) -> str | None:
    """Of the standard deviation and the variance, which intervals have not."""
    return _MEANS.get(argument)


def extreme_type(argument: str) -> str | None:
    return "text" if argument == "character varying" else argument if argument in _ORDERED else None


def array_type(argument: str) -> str | None:
    element = argument.removesuffix("[]")
    return f"{element}[]" if element in _ELEMENTS else None


def same_type(argument: str) -> str | None:
    """Of what gives one of its values."""
    return argument if argument in _ORDERED or argument in ("uuid", "boolean", "jsonb", "character varying") else None


def bits_type(argument: str) -> str | None:
    return argument if argument in ("smallint", "integer", "bigint") else None


def percentile_type(argument: str) -> str | None:
    return "interval" if argument == "interval" else "double precision" if argument in NUMBERS else None


def ranges_type(argument: str) -> str | None:
    return _MULTIRANGES.get(argument)


def range_type(argument: str) -> str | None:
    return argument if argument in _MULTIRANGES else None
