"""The functions that every PostgreSQL has, 15 to 18, from `builtins.txt` (which `tests/catalog/make_builtins.py` writes).

The first line of that file holds names that nobody calls on purpose (what implements operators and types). Each further
line is a name and its signatures: `flags|arguments|result`. Flags are the kind (f a w p), the volatility (i s v), `*` for a
set, `+` for variadic, the number of defaults, `>16` for new in 16, `<16` for gone after 16.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final, NamedTuple

from mvc.catalog.types import Function, FunctionKind, Volatility

_KINDS: Final[Mapping[str, FunctionKind]] = {"f": "function", "a": "aggregate", "w": "window", "p": "procedure"}
_VOLATILITIES: Final[Mapping[str, Volatility]] = {"i": "immutable", "s": "stable", "v": "volatile"}
_FLAGS: Final = re.compile(
    r"(?P<kind>.)(?P<volatility>.)(?P<set>\*?)(?P<variadic>\+?)(?P<defaults>\d*)(?:>(?P<since>\d+))?"
)


class SyntaxFunction(NamedTuple):
    """What the grammar knows and `pg_proc` does not: how many arguments it takes (`most` None: any number), since when, and its kind."""

    least: int
    most: int | None
    since: int = 0
    kind: FunctionKind = "function"


SYNTAX_FUNCTIONS: Final[Mapping[str, SyntaxFunction]] = {
    **dict.fromkeys(("coalesce", "greatest", "least", "xmlconcat", "xmlforest"), SyntaxFunction(1, None)),
    **dict.fromkeys(("all", "any", "some", "array", "exists", "cast", "treat", "xmlpi"), SyntaxFunction(1, None)),
    **dict.fromkeys(("current_time", "current_timestamp", "localtime", "localtimestamp"), SyntaxFunction(0, 1)),
    **dict.fromkeys(("current_date", "current_role", "current_catalog"), SyntaxFunction(0, 0)),
    **dict.fromkeys(("session_user", "user"), SyntaxFunction(0, 0)),
    **dict.fromkeys(("json_array", "json_object"), SyntaxFunction(0, None, 16)),
    **dict.fromkeys(("json_arrayagg", "json_objectagg"), SyntaxFunction(1, None, 16, "aggregate")),
    **dict.fromkeys(("json_exists", "json_query", "json_value", "json_table"), SyntaxFunction(2, None, 17)),
    **dict.fromkeys(("json", "json_scalar", "json_serialize"), SyntaxFunction(1, 1, 17)),
    "extract": SyntaxFunction(1, 2),
    "grouping": SyntaxFunction(1, None, kind="aggregate"),  # it speaks of groups, and stands where aggregates do
    "nullif": SyntaxFunction(2, 2),
    "overlay": SyntaxFunction(1, 4),
    "position": SyntaxFunction(1, 2),
    "row": SyntaxFunction(0, None),
    "substring": SyntaxFunction(1, 3),
    "trim": SyntaxFunction(1, 3),
    "xmlelement": SyntaxFunction(1, None),
    "xmlexists": SyntaxFunction(1, 2),
    "xmlparse": SyntaxFunction(1, 1),
    "xmlroot": SyntaxFunction(2, 3),
    "xmlserialize": SyntaxFunction(1, 1),
    "xmltable": SyntaxFunction(2, None),
}


@functools.cache
def builtin(name: str) -> tuple[Function, ...]:
    """All overloads of a function of `pg_catalog`, none for an unknown name. An aggregate that only the grammar knows has one."""
    syntax = SYNTAX_FUNCTIONS.get(name)
    if syntax and syntax.kind == "aggregate":
        return (Function("pg_catalog", name, ('"any"',), "", "aggregate", variadic=True),)
    return tuple(_function(name, item) for item in _texts(name))


def is_known(name: str) -> bool:
    """Whether a call of that name (in lower case) can mean something on some version from 15 to 18."""
    return name in _signatures() or name in SYNTAX_FUNCTIONS or name in _hidden()


def takes(name: str, count: int) -> bool:
    """Whether some form of the function takes so many arguments; of a hidden one that is not known, so it may.

    What an ordered-set aggregate sorts by (`WITHIN GROUP (ORDER BY x)`) counts as arguments too.
    """
    syntax = SYNTAX_FUNCTIONS.get(name)
    if syntax and syntax.least <= count and (syntax.most is None or count <= syntax.most):
        return True
    return any(function.takes(count) for function in builtin(name)) or name in _hidden()


def since(name: str) -> int:
    """The major version that brought the function, or 0 where 15 has it already (or nobody has it)."""
    syntax = SYNTAX_FUNCTIONS.get(name)
    versions = [int(match["since"] or 0) for match in map(_FLAGS.match, _texts(name)) if match]
    return min([*versions, syntax.since] if syntax else versions, default=0)


@functools.cache
def all_names() -> frozenset[str]:
    """The names that a suggestion may offer."""
    return frozenset(_signatures()) | frozenset(SYNTAX_FUNCTIONS)


def _texts(name: str) -> list[str]:
    text = _signatures().get(name)
    return text.split("\t") if text else []


@functools.cache
def _file() -> tuple[str, str]:
    text = files("mvc.catalog").joinpath("builtins.txt").read_text(encoding="utf-8")
    hidden, _, signatures = text.partition("\n")
    return hidden, signatures


@functools.cache
def _hidden() -> frozenset[str]:
    return frozenset(_file()[0].split(" "))


@functools.cache
def _signatures() -> Mapping[str, str]:
    return dict(line.split("\t", 1) for line in _file()[1].splitlines())


def _function(name: str, text: str) -> Function:
    flags, arguments, returns = text.split("|")
    match = _FLAGS.match(flags)
    if match is None:
        raise ValueError(f"builtins.txt is damaged at {name}: {flags}")
    return Function(
        "pg_catalog",
        name,
        tuple(arguments.split(",")) if arguments else (),
        returns,
        _KINDS[match["kind"]],
        bool(match["set"]),
        _VOLATILITIES[match["volatility"]],
        int(match["defaults"] or 0),
        bool(match["variadic"]),
    )
