"""Calls of functions: which one PostgreSQL takes for the types of its arguments, and the finding where it has none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from mvc.catalog import builtins
from mvc.catalog.operators import builtin_types
from mvc.catalog.types import Function
from mvc.diagnostics import did_you_mean
from mvc.inference.agreement import take, truth
from mvc.inference.choose import Candidate, choose, result_of
from mvc.inference.masks import check_mask
from mvc.inference.mends import LETTERS, MOMENTS, NUMBERS, TEXTS, cast
from mvc.inference.moments import EXTRACTED, TRUNCATED
from mvc.inference.site import Handlers, TypedText, location_of
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_UNITS: Final = {"date_trunc": (TRUNCATED, 0), "date_part": (EXTRACTED, 0), "extract": (EXTRACTED, 0)}
_USUAL: Final = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_OVER_NUMBERS: Final = frozenset(
    {"sum", "avg", "stddev", "variance", "stddev_pop", "stddev_samp", "var_pop", "var_samp"}
)
_WANTS: Final = {
    "extract": "takes a date, a time or an interval; of seconds since 1970 to_timestamp(…) makes one",
    "timezone": "takes the name of a zone: AT TIME ZONE 'Europe/Berlin'",
}
_SHOWN: Final = {"timezone": "AT TIME ZONE", "btrim": "trim", "similar_to_escape": "SIMILAR TO", "like_escape": "LIKE"}


def _call(inner: Node, text: TypedText) -> str | None:
    names = [item["String"]["sval"] for item in inner["funcname"]]
    nodes = list(inner.get("args", []))
    ordered = [item["SortBy"]["node"] for item in inner.get("agg_order", [])]
    if "agg_filter" in inner:
        truth(inner["agg_filter"], text, "FILTER (WHERE …)")
    types = [text.type_of(node) for node in nodes]
    ordered_types = [text.type_of(node) for node in ordered]
    if inner.get("agg_within_group"):
        nodes, types = [*nodes, *ordered], [*types, *ordered_types]
    for part in inner.get("over", {}).get("partitionClause", []) + [
        item["SortBy"]["node"] for item in inner.get("over", {}).get("orderClause", [])
    ]:
        text.type_of(part)
    _check_unit(names[-1], nodes, text)
    check_mask(names[-1], nodes, text)
    if names[-1] in ("like_escape", "similar_to_escape") and len(nodes) > 1:
        _check_escape(nodes[1], text)
    if names[-1] == "timezone" and nodes:
        _check_zone(nodes[0], text)
    if inner.get("agg_star"):
        return "bigint" if names[-1] == "count" else None
    if (
        inner.get("func_variadic")
        or any("NamedArgExpr" in node for node in nodes)
        or (len(names) > 1 and names[-2] != "pg_catalog")
    ):
        return None
    return _resolved(names[-1], nodes, [text.world.base(item) for item in types], text, inner["location"])


def _resolved(name: str, nodes: list[Node], types: list[str | None], text: TypedText, at: int) -> str | None:
    own = text.world.catalog.functions_named(name)
    functions = (*builtins.builtin(name), *own)
    if len(nodes) == 1 and types[0] == UNKNOWN and name in builtin_types().names:
        take(nodes[0], builtin_types().names[name].spelled, text)  # date('2026-01-31') is a cast
        return builtin_types().names[name].spelled
    listed = [taken for item in functions if (taken := _candidate(item, len(nodes)))]
    known = [item for item in types if item is not None]
    if not listed or len(known) < len(types):
        return _only_result(listed)
    found = choose(listed, known, text.world)
    if len(found) != 1:
        cast = _cast_by_name(name, known, text) if not found else None
        own_unknown = bool(own) and not _are_all_known(own, text)
        if found and not own and text.world.extensions <= {"plpgsql"}:
            _several(name, nodes, known, text, at)
        elif not found and cast is None and not own_unknown:
            _missing(name, nodes, known, text, at)
        return cast
    for node, type_, asked in zip(nodes, known, found[0].arguments, strict=True):
        if type_ == UNKNOWN:
            take(node, asked, text)
    return result_of(found[0], known, text.world) or None


def _only_result(listed: Iterable[Candidate]) -> str | None:
    """What a call gives whichever of the functions is meant."""
    results = {item.result for item in listed}
    only = results.pop() if len(results) == 1 else ""
    return only if only and not only.startswith("any") else None


def _cast_by_name(name: str, known: list[str], text: TypedText) -> str | None:
    """A call by the name of a type is a cast."""
    target = builtin_types().names[name].spelled if len(known) == 1 and name in builtin_types().names else ""
    return target if target and text.world.becomes(known[0], target, "iae") else None


def _are_all_known(own: Iterable[Function], text: TypedText) -> bool:
    """Whether functions of the catalog take types only of which everything is known, so that no other can be meant."""
    return not text.world.extensions - {"plpgsql"} and all(
        text.world.base(argument) is not None for item in own for argument in item.arguments
    )


def _candidate(function: Function, count: int) -> Candidate | None:
    """The function as it takes so many arguments."""
    if not function.takes(count) or function.kind == "procedure":
        return None
    arguments = function.arguments
    if function.variadic and count >= len(arguments):
        last = arguments[-1].removesuffix("[]") if arguments[-1] != '"any"' else '"any"'
        last = {"anyarray": "anyelement", "anycompatiblearray": "anycompatible"}.get(last, last)
        arguments = (*arguments[:-1], *[last] * (count - len(arguments) + 1))
    return Candidate(arguments[:count], function.returns if not function.returns_set else "")  # a set is no value


def _missing(name: str, nodes: list[Node], types: list[str], text: TypedText, at: int) -> None:
    shown = _SHOWN.get(name, name)
    listed = ", ".join("text in quotes" if item == UNKNOWN else item for item in types)
    title = f"`{shown}` does not take {listed or 'no argument'}"
    text.report("MV120", at, title, label=f"of {listed}", help=_mend(name, nodes, types, text))


def _several(name: str, nodes: list[Node], types: list[str], text: TypedText, at: int) -> None:
    listed = ", ".join("text in quotes" if item == UNKNOWN else item for item in types)
    number = types.index(UNKNOWN) if UNKNOWN in types else 0
    moment = name in ("to_char", "date_trunc", "date_part", "extract", "age", "timezone")
    help_line = f"give the literal its type, e.g. {cast(text.written(nodes[-1 if moment and len(nodes) > 1 and name != 'to_char' else number]), 'timestamptz' if moment else 'text')}"
    title = f"PostgreSQL cannot choose between the functions `{_SHOWN.get(name, name)}` for {listed}"
    text.report("MV120", at, title, label="not unique", help=help_line)


def _mend(name: str, nodes: list[Node], types: list[str], text: TypedText) -> str:
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
        return f"{_SHOWN.get(name, name)} {_WANTS[name]}"
    taken = sorted({", ".join(item.arguments) for item in builtins.builtin(name) if item.takes(len(types))})
    return f"it takes {' or '.join(taken[:4])}{', …' if len(taken) > 4 else ''}".replace("anyarray", "an array")


def _special_mend(name: str, nodes: list[Node], types: list[str], text: TypedText) -> str:
    """Of functions that are often called in one wrong way."""
    shown = text.written(nodes[0]) if nodes else "x"
    if name == "date_trunc" and len(types) == 2 and types[0] in MOMENTS:
        return f"the unit stands first: write date_trunc({text.written(nodes[1])}, {shown})"
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


def _check_escape(node: Node, text: TypedText) -> None:
    """ESCAPE takes one character, or none."""
    written = node.get("A_Const", {}).get("sval", {}).get("sval", "")
    if len(written) > 1:
        text.report(
            "MV121", location_of(node), f"'{written}' is no ESCAPE: it is one character", help="write ESCAPE '!'"
        )


def _check_zone(node: Node, text: TypedText) -> None:
    """Says so where a literal is the name of no time zone; abbreviations and POSIX rules are not judged."""
    literal = node.get("A_Const", {}).get("sval")
    name = literal.get("sval", "") if literal else ""
    if not _zones() or "/" not in name or name.startswith(("<", "posix/", "right/")) or name.lower() in _zones():
        return
    near = did_you_mean(name, available_timezones(), "time zones", lambda zone: f"'{zone}'").split(" (")[0]
    help_line = near if near.startswith("did you mean") else "a zone is named as in the IANA database: 'Europe/Berlin'"
    text.report("MV121", location_of(node), f"'{name}' is no time zone", label="no such zone", help=help_line)


@cache
def _zones() -> frozenset[str]:
    return frozenset(name.lower() for name in available_timezones())


def _of_numbers(name: str, type_: str, shown: str) -> str:
    if type_ == "boolean":
        return f"a boolean is a number by a cast: {name} of {cast(shown, 'int')}; how many are true counts `where: {shown}`"
    if type_ in TEXTS:
        return f"{name} is of numbers; cast the text: {cast(shown, 'numeric')}"
    return f"{name} is of numbers and intervals" + (", e.g. of the difference of two times" if type_ in MOMENTS else "")


def _check_unit(name: str, nodes: list[Node], text: TypedText) -> None:
    """Says so where what is cut from a time is none of its parts."""
    if name not in _UNITS or not nodes:
        return
    known, place = _UNITS[name]
    if bare := _bare_unit(name, nodes[place], known, text):
        title = f"no source has a column `{bare}`: the unit stands in quotes"
        help_line = f"write {name}('{bare}', …)"
        text.report("MV204", location_of(nodes[place]), title, label="no such column", help=help_line)
        return
    literal = nodes[place].get("A_Const", {}).get("sval")
    if literal is None or literal.get("sval", "").lower() in known:
        return
    written = literal.get("sval", "")
    near = did_you_mean(
        written.lower(),
        _USUAL if name == "date_trunc" else (*_USUAL, "dow", "doy", "epoch", "isodow"),
        "units",
        lambda unit: f"'{unit}'" if name != "extract" else unit,
    )
    text.report(
        "MV121", location_of(nodes[place]), f"`{written}` is no unit that {name} knows", label="no such unit", help=near
    )


def _bare_unit(name: str, node: Node, known: frozenset[str], text: TypedText) -> str:
    """A unit without quotes, as BigQuery and Snowflake have it; empty for a column, and for what is none."""
    fields = node.get("ColumnRef", {}).get("fields", [])
    word = str(fields[0].get("String", {}).get("sval", "")) if len(fields) == 1 else ""
    return word if name != "extract" and word in known and text.type_of(node) is None else ""


HANDLERS: Final[Handlers] = {"FuncCall": _call}
