"""Functions that return sets of rows where PostgreSQL takes one value only.

Rule source: PostgreSQL's parse_func.c (check_srf_call_placement).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mvc.catalog import builtins
from mvc.catalog.types import Function
from mvc.inference.choose import Candidate, choose
from mvc.inference.site import TypedText
from mvc.inference.world import POLYMORPHIC
from mvc.sql.parser import Node

_CLAUSES: Final = {
    "whereClause": "WHERE",
    "havingClause": "HAVING",
    "limitCount": "LIMIT",
    "limitOffset": "OFFSET",
    "valuesLists": "VALUES",
    "quals": "a join condition",
    "agg_filter": "FILTER",
    "over": "",  # PARTITION BY and ORDER BY of a window are as those of a query
}
_WITHIN: Final = {
    "CaseExpr": "CASE",
    "CoalesceExpr": "coalesce",
    "JsonArrayAgg": "an aggregate",
    "JsonObjectAgg": "an aggregate",
    "SelectStmt": "",
}


def check_sets(node: Node, text: TypedText, where: str = "") -> None:
    """Findings for a tree that stands in `where`; empty where a set may be."""
    kind, inner = next(iter(node.items()))
    if kind == "FuncCall" and where and _returns_set(inner, text):
        name = inner["funcname"][-1]["String"]["sval"]
        title = f"`{name}` returns a set of rows, and {where} takes one value"
        help_line = (
            f"read it like a table: … FROM …, LATERAL {name}(…) AS item; or ask EXISTS (SELECT … FROM {name}(…))"
        )
        text.report("MV108", inner["location"], title, label="set-returning", help=help_line)
    for part, its in _below(kind, inner, where, text):
        check_sets(part, text, its)


def _below(kind: str, inner: Node, where: str, text: TypedText) -> Iterator[tuple[Node, str]]:
    where = _WITHIN.get(kind, where)
    if kind == "FuncCall" and ("over" in inner or _is_aggregate(inner, text)):
        where = "a window function" if "over" in inner else "an aggregate"
    return _parts(inner, where)


def _parts(value: Any, where: str) -> Iterator[tuple[Node, str]]:
    """The nodes below one, each with the clause that it stands in. The sides of a UNION are no nodes, and have clauses."""
    if isinstance(value, list):
        for item in value:
            yield from _parts_of_value(item, where)
        return
    for key, item in value.items():
        yield from _parts_of_value(item, "" if key in ("larg", "rarg") else _CLAUSES.get(key, where))


def _parts_of_value(value: Any, where: str) -> Iterator[tuple[Node, str]]:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value))[:1].isupper():
        yield value, where
    elif isinstance(value, dict | list):
        yield from _parts(value, where)


def _returns_set(inner: Node, text: TypedText) -> bool:
    functions = _functions(inner, text)
    return bool(functions) and all(item.returns_set for item in functions)


def columns_of_set(inner: Node, text: TypedText) -> list[str | None]:
    """The types of the columns of a function that is read like a table; none where its forms differ, or rows of a composite type come from it."""
    count = len(inner.get("args", ()))
    forms = [item for item in _functions(inner, text) if item.takes(count) and not item.variadic]
    types = [text.world.base(text.type_of(node)) for node in inner.get("args", ())]
    known = [type_ for type_ in types if type_ is not None]
    if len(forms) > 1 and len(known) == len(types):
        chosen = choose((Candidate(item.arguments[:count], item.returns) for item in forms), known, text.world)
        forms = [item for item in forms if Candidate(item.arguments[:count], item.returns) in chosen]
    if len({(item.returns, item.columns) for item in forms}) != 1:
        return []
    if forms[0].columns:
        return [column.type for column in forms[0].columns]
    base = text.world.base(forms[0].returns)
    return [] if base is None or base in (*POLYMORPHIC, "record", "void") else [base]


def _is_aggregate(inner: Node, text: TypedText) -> bool:
    return any(item.kind == "aggregate" for item in _functions(inner, text))


def _functions(inner: Node, text: TypedText) -> tuple[Function, ...]:
    *schema, name = (item["String"]["sval"] for item in inner["funcname"])
    own = text.world.catalog.functions_named(name, schema[-1] if schema else None)
    return own if schema and schema[-1] != "pg_catalog" else (*builtins.builtin(name), *own)
