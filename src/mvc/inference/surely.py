"""What PostgreSQL takes and nobody means: comparisons with NULL, division by zero or by what may be zero, ratios of integers that are cut.

Rule source: PostgreSQL manual, "Comparison Functions and Operators" (NULL), "Mathematical Functions and Operators" (integer division), and
"Conditional Expressions" (only CASE keeps an expression from being evaluated).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mvc.inference.site import TypedText, parts_of
from mvc.sql.parser import Node

_COMPARED: Final = {"=": "IS NULL", "<>": "IS NOT NULL", "<": "", ">": "", "<=": "", ">=": ""}
_INTEGERS: Final = frozenset({"smallint", "integer", "bigint"})


@dataclass(frozen=True)
class Surroundings:
    """What stands around a node: conditions of CASE, and whether a result is made an integer anyhow. `grouped` tells a query with GROUP BY,
    whose groups have rows.
    """

    conditions: tuple[Node, ...] = ()
    cut: bool = False
    grouped: bool = False


def look(node: Node, text: TypedText, zero: Mapping[int, str], around: Surroundings = Surroundings()) -> None:
    """Findings for a tree; `zero` says of columns, by offset, why they may be zero."""
    kind, inner = next(iter(node.items()))
    if kind == "A_Expr":
        _expression(inner, text, zero, around)
    elif kind == "TypeCast":
        _check_setting(inner, text)
    for part, its in _below(kind, inner, around):
        look(part, text, zero, its)


def _below(kind: str, inner: Node, around: Surroundings) -> Iterator[tuple[Node, Surroundings]]:
    if kind == "CaseExpr":
        conditions = tuple(item["CaseWhen"]["expr"] for item in inner.get("args", []))
        around = replace(
            around, conditions=(*around.conditions, *conditions, *([inner["arg"]] if "arg" in inner else []))
        )
    elif kind == "TypeCast":
        names = inner["typeName"].get("names", [{}])
        around = replace(around, cut=names[-1].get("String", {}).get("sval", "") in ("int2", "int4", "int8"))
    elif kind == "FuncCall":
        around = replace(around, cut=inner["funcname"][-1]["String"]["sval"] in ("floor", "trunc", "make_interval"))
    elif kind == "SelectStmt":
        having = (inner["havingClause"],) if "havingClause" in inner else ()
        around = Surroundings(conditions=having, grouped=bool(inner.get("groupClause")))
    return ((part, around) for part in parts_of(inner))


def _expression(inner: Node, text: TypedText, zero: Mapping[int, str], around: Surroundings) -> None:
    name = inner["name"][-1]["String"].get("sval", "")
    if inner["kind"] == "AEXPR_IN":
        _check_list(name, inner, text)
    elif inner["kind"] == "AEXPR_OP" and "lexpr" in inner:
        if name in _COMPARED:
            _check_null(name, inner, text)
            _check_itself(name, inner, text)
        elif name in ("/", "%"):
            _check_divisor(name, inner, text, zero, around)


def _check_setting(inner: Node, text: TypedText) -> None:
    """A setting that is missing raises, and one that was set for a transaction is empty after it."""
    call = inner["arg"].get("FuncCall", {})
    target = inner["typeName"].get("names", [{}])[-1].get("String", {}).get("sval", "")
    if not call or call["funcname"][-1]["String"]["sval"] != "current_setting" or target in ("text", "varchar"):
        return
    name = text.written(call["args"][0])
    title = f"a reader for whom {name} is not set, or is empty, gets an error and no rows"
    help_line = f"write nullif(current_setting({name}, true), '')::{target}: it is NULL then"
    text.report(
        "MV424", call["location"], title, label="raises where it is missing", help=help_line, severity="warning"
    )


def _is_null(node: Node) -> bool:
    return bool(node.get("A_Const", {}).get("isnull"))


def _check_null(name: str, inner: Node, text: TypedText) -> None:
    left, right = inner["lexpr"], inner["rexpr"]
    if not (_is_null(left) or _is_null(right)):
        return
    other = text.written(left if _is_null(right) else right)
    help_line = (
        f"write {other} {_COMPARED[name]}"
        if _COMPARED[name]
        else "NULL is neither smaller nor larger than anything: leave the comparison out"
    )
    text.report(
        "MV421",
        inner["location"],
        f"`{name} NULL` is never true, whatever the value",
        label="never true",
        help=help_line,
        severity="warning",
    )


def _check_itself(name: str, inner: Node, text: TypedText) -> None:
    """A column is equal to itself in every row that has a value, so the comparison picks nothing and ties nothing."""
    left, right = inner["lexpr"], inner["rexpr"]
    if "ColumnRef" not in left or _same(left) != _same(right):
        return
    shown = text.written(left)
    title = f"`{shown}` is compared with itself"
    help_line = f"compare it with a column of another source; whether it has a value asks {shown} IS NOT NULL"
    text.report("MV425", inner["location"], title, label=f"{name} itself", help=help_line, severity="warning")


def _check_list(name: str, inner: Node, text: TypedText) -> None:
    items = inner["rexpr"].get("List", {}).get("items", [])
    nulls = [item for item in items if _is_null(item)]
    if nulls and name == "<>":
        title = "NOT IN with a NULL in its list is never true"
        help_line = "take NULL out of the list; rows without a value are left out already"
        text.report(
            "MV421", nulls[0]["A_Const"]["location"], title, label="never true", help=help_line, severity="warning"
        )


def _check_divisor(name: str, inner: Node, text: TypedText, zero: Mapping[int, str], around: Surroundings) -> None:
    left, right = inner["lexpr"], inner["rexpr"]
    at = inner["location"]
    if _is_zero(right):
        text.report("MV422", at, "this divides by zero", label="always fails", help="divide by something else")
        return
    divisor = _bare(right)
    why = _why_zero(divisor, text, zero, around)
    if why and not any(_same(divisor) in _same(item) for item in around.conditions):
        shown = text.written(right)
        title = f"this fails where the divisor is 0: {why}"
        text.report(
            "MV422",
            at,
            title,
            label="may divide by zero",
            help=f"write {name} nullif({shown}, 0): the result is NULL there",
            severity="warning",
        )
    if name == "/":
        _check_ratio(left, right, text, at, around)


def _is_zero(node: Node) -> bool:
    constant = node.get("A_Const", {})
    if "ival" in constant:
        return not constant["ival"].get("ival", 0)
    return "fval" in constant and not any(
        digit in "123456789" for digit in constant["fval"].get("fval", "").lower().partition("e")[0]
    )


def _bare(node: Node) -> Node:
    """Without casts around it, and without `coalesce(…, 0)`."""
    while True:
        if "TypeCast" in node:
            node = node["TypeCast"]["arg"]
        elif "CoalesceExpr" in node and _is_zero(node["CoalesceExpr"]["args"][-1]):
            node = node["CoalesceExpr"]["args"][0]
        else:
            return node


def _why_zero(divisor: Node, text: TypedText, zero: Mapping[int, str], around: Surroundings) -> str:
    if "ColumnRef" in divisor:
        return zero.get(text.character(divisor["ColumnRef"]["location"]), "")
    call = divisor.get("FuncCall", {})
    name = call["funcname"][-1]["String"]["sval"] if call else ""
    if name not in ("count", "sum") or "over" in call:
        return ""
    if name == "sum":
        return "a sum is 0 where its values are, or cancel out"
    if "agg_filter" in call:
        return "no row may pass its filter"
    if call.get("agg_star") or "A_Const" in (call.get("args") or [{}])[0]:
        return "" if around.grouped else "there may be no row"
    return "it counts values that are not NULL, and there may be none"


def _check_ratio(left: Node, right: Node, text: TypedText, at: int, around: Surroundings) -> None:
    aside = replace(text, problems=[], known={})
    types = [aside.world.base(aside.type_of(node)) for node in (left, right)]
    if (
        around.cut
        or any(type_ not in _INTEGERS for type_ in types)
        or not (_varies(left) and _varies(right))
        or _is_scaled(left)
    ):
        return
    title = f"a ratio of integers is cut to an integer: {text.written(left)} / {text.written(right)} is 0 wherever the first is smaller"
    help_line = f"write {text.written(left)}::numeric / {text.written(right)}; a whole number is meant: (…)::integer"
    text.report("MV423", at, title, label=f"{types[0]} / {types[1]}", help=help_line, severity="warning")


def _varies(node: Node) -> bool:
    return any(kind in ("ColumnRef", "FuncCall") for kind in _kinds(node))


def _is_scaled(node: Node) -> bool:
    """Whether it is a multiple of a constant, so that what is cut is a part of a per cent."""
    inner = node.get("A_Expr", {})
    name = inner["name"][-1]["String"].get("sval") if inner else ""
    return name == "*" and any("A_Const" in inner.get(side, {}) for side in ("lexpr", "rexpr"))


def _kinds(node: Node) -> Iterator[str]:
    yield from node
    for inner in node.values():
        for part in parts_of(inner):
            yield from _kinds(part)


def _same(node: Node) -> str:
    return json.dumps(_without_places(node), sort_keys=True)


def _without_places(node: object) -> object:
    if isinstance(node, dict):
        return {key: _without_places(value) for key, value in node.items() if key != "location"}
    return [_without_places(item) for item in node] if isinstance(node, list) else node
