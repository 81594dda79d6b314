"""Calls in expressions against the functions there are: PostgreSQL's own, the catalog's, and those of named extensions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from sqlglot import exp

from mvc.catalog import builtins
from mvc.catalog.extensions import GROWING, are_known, extensions, functions_of
from mvc.catalog.types import Catalog, Function, counts_taken
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.expression import Call
from mvc.expression.mends import mended_call
from mvc.inference.world import World
from mvc.model.origin import Origin
from mvc.model.view import Sql
from mvc.source.words import columns_flow
from mvc.spec.shorthand import aggregate, several
from mvc.spec.taken import base_alias
from mvc.sql.parser import is_available


@dataclass(frozen=True, slots=True)
class ExpressionPlace:
    """What may stand where an expression stands; `named` says it in messages (`a dimension`)."""

    named: str
    aggregates: bool = False
    subqueries: bool = False


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions that a view may call; `requires` are the extensions, of which some are known, and others may have any function."""

    catalog: Catalog
    requires: tuple[str, ...] = ()
    version: int = 15
    version_is_said: bool = False

    @property
    def world(self) -> World:
        """The types that there are."""
        return World(self.catalog, self.requires, self.version, self.version_is_said)

    def overloads(self, call: Call) -> tuple[Function, ...]:
        """Every function of that name."""
        own = self.catalog.functions_named(call.name, call.schema)
        if call.schema not in (None, "pg_catalog"):
            return own
        return (*builtins.builtin(call.name), *own)


def check_calls(sql: Sql, place: ExpressionPlace, functions: Functions, found: Findings) -> None:
    """Findings for calls of unknown functions, with a wrong number of arguments, or of a kind that cannot stand here."""
    said = Findings()
    for call in sql.expression.calls:
        check_call(call, place, sql.origin, functions, said)
    misplaced = [item for item in said if item.code == "MV104"]
    found.extend(item for item in said if item not in misplaced[1:])  # what is to be done is one thing
    _check_windows(sql, place, found)


def check_call(call: Call, place: ExpressionPlace, origin: Origin, functions: Functions, found: Findings) -> None:
    """A finding if one call is wrong. Its offsets are those of the text at `origin`."""
    overloads = functions.overloads(call)
    problem = _wrong_count(call, overloads) if overloads else _unknown(call, functions)
    problem = (
        problem or _without_over(call, overloads) or ("" if call.in_subquery else _wrong_kind(call, overloads, place))
    )
    if problem:
        found.add(_finding(problem, call, origin, functions))


def is_aggregate(overloads: Iterable[Function]) -> bool:
    """Whether a name means an aggregate function."""
    return any(function.kind == "aggregate" for function in overloads)


def _unknown(call: Call, functions: Functions) -> str:
    if builtins.is_known(call.name) and call.schema in (None, "pg_catalog"):
        return ""
    theirs = functions_of(functions.requires)
    if call.name in theirs or (functions.requires and not are_known(functions.requires)):
        return ""
    grows = GROWING & set(functions.requires)
    return "MV106" if not grows or get_close_matches(call.name, theirs, 1, 0.9) else ""


def _near(name: str, functions: Functions) -> str:
    """A function that may be meant."""
    own = (function.name for function in functions.catalog.functions)
    near = did_you_mean(name, [*builtins.all_names(), *own, *functions_of(functions.requires)], "functions")
    return near.split(" (")[0] if near.startswith("did you mean") else ""


def _wrong_count(call: Call, overloads: tuple[Function, ...]) -> str:
    by_syntax = builtins.is_known(call.name) and builtins.takes(call.name, call.count)
    # `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`: pg_proc counts the ordered argument too.
    may_sort = call.within_group or not is_available()
    ordered_set = may_sort and is_aggregate(overloads) and any(function.takes(call.count + 1) for function in overloads)
    return "" if by_syntax or ordered_set or any(function.takes(call.count) for function in overloads) else "MV107"


def _without_over(call: Call, overloads: tuple[Function, ...]) -> str:
    """`row_number()` alone: what only windows have. `rank(1) WITHIN GROUP (…)` is an aggregate."""
    window = any(function.kind == "window" for function in overloads)
    return "MV105" if window and not (call.over or call.within_group) else ""


def _wrong_kind(call: Call, overloads: tuple[Function, ...], place: ExpressionPlace) -> str:
    if any(function.kind == "procedure" for function in overloads):
        return "MV106"
    if overloads and all(function.returns_set for function in overloads):
        return "MV108"
    if not place.aggregates and is_aggregate(overloads) and not call.over:
        return "MV104"
    return ""


def _finding(code: str, call: Call, origin: Origin, functions: Functions) -> Diagnostic:
    span = origin.part(call.start, call.open)
    name = f"{call.schema}.{call.name}" if call.schema else call.name
    if foreign := _foreign(code, name, call, origin):
        return foreign
    if code == "MV106":
        owner = next((item for item, its in extensions().items() if call.name in its.functions), "")
        mend = (
            f"the extension {owner} has it: `requires: [{owner}]`"
            if owner
            else "if an extension has it, name that: `requires: [postgis]`; if the database has it, add its DDL to the catalog"
        )
        return error(
            code,
            span,
            f"no function is named `{name}`",
            label="unknown function",
            help=(_near(call.name, functions) if not owner else "", mend),
        )
    if code == "MV107":
        title = f"`{name}` does not take {_arguments(call.count)}"
        return error(
            code,
            span,
            title,
            label="wrong number of arguments",
            help=f"it takes {counts_taken(functions.overloads(call))}",
        )
    if code == "MV108":
        title = f"`{name}` returns a set of rows: it would multiply the rows of the view"
        return error(code, span, title, label="set-returning", help="make it a source: `sql:` with its `key`")
    if code == "MV105":
        title = f"`{name}` is a window function, and stands before OVER"
        help_line = f"in a body write {origin.text[call.start : call.close + 1]} OVER (PARTITION BY … ORDER BY …); elsewhere no window can stand"
        return error(code, span, title, label="without OVER", help=help_line)
    title = f"the aggregate `{name}` cannot stand in this place"
    return error(code, span, title, label="an aggregate", help=_where_aggregates_stand(origin))


def _foreign(code: str, name: str, call: Call, origin: Origin) -> Diagnostic | None:
    """The finding for a function of another database, None where nothing is known of it."""
    mend = mended_call(origin.text, call) if code in ("MV106", "MV107") else ""
    if not mend:
        return None
    named = f"no function is named `{name}`"
    title = named if code == "MV106" else f"`{name}` does not take {_arguments(call.count)}"
    span = origin.part(call.start, call.open)
    return error(code, span, title, label="a function of another database", help=f"write {mend}")


def _where_aggregates_stand(origin: Origin) -> str:
    if origin.path[:1] == ("where",):
        return "rows are picked here; groups by a column of the view: aggregates: {n: {count: o}} and having: n > 5"
    if origin.path[:1] in (("having",), ("keep",), ("windows",)):
        return "give it a column under aggregates, hidden: true where only this reads it, and write that name here"
    if origin.path[:1] == ("aggregates",) and origin.path[-1:] == ("expr",):
        return "make each aggregate a column of its own, e.g. total: {sum: o.amount}, and write their names here: total / nullif(n, 0)"
    if origin.path[:1] == ("aggregates",) and origin.path[-1:] == ("where",):
        return "rows are picked here; what all rows of a group add up to is asked in a column of its own: is_large: {expr: total > 5}"
    columns = _as_columns(origin) if origin.path[:1] == ("dimensions",) else ""
    if columns:
        return f"write it under aggregates: {columns}"
    return "aggregates belong under `aggregates:`; here stands what one row says"


def _as_columns(origin: Origin) -> str:
    """A dimension of aggregates as the columns that they are; empty where that is not sure."""
    name, base = str(origin.path[1]), base_alias(origin.document.data)
    meant = aggregate(origin.text, base)
    if meant and "expr" not in meant:
        return columns_flow({name: meant})
    columns = several(origin.text, base)
    return columns_flow({its or name: made for its, made in columns.items()}) if columns else ""


def _arguments(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"


def _check_windows(sql: Sql, place: ExpressionPlace, found: Findings) -> None:
    window = sql.expression.ast.find(exp.Window)
    if window is None or (place.subqueries and window.find_ancestor(exp.Query)):
        return
    over_view = "over rows of the view, it has a column under windows, as in place: {rank: total desc, within: [month]}"
    over_source = "over rows of a source, give the view a `sql:` body, or make a source with `sql:` and its `key`"
    title = f"a window function cannot stand in {place.named}"
    found.add(error("MV105", sql.origin.span, title, label="a window function", help=(over_view, over_source)))
