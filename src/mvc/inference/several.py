"""One value against several: IN, ANY, ALL, BETWEEN. And which kind of operation each node is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mvc.inference.agreement import take
from mvc.inference.choose import binary
from mvc.inference.operations import (
    Operand,
    between,
    missing,
    not_unique,
    nullif,
    operator_of,
    pattern,
    plain,
    rows,
    same_or_not,
)
from mvc.inference.site import Handlers, TypedText, location_of
from mvc.inference.world import POLYMORPHIC, UNKNOWN
from mvc.sql.parser import Node


def _in(inner: Node, text: TypedText) -> str:
    left = (inner["lexpr"], text.world.base(text.type_of(inner["lexpr"])))
    items = inner["rexpr"].get("List", {}).get("items", [])
    for item in items:
        if rows(operator_of(inner), inner["lexpr"], item, text):
            continue
        right = (item, text.world.base(text.type_of(item)))
        at = inner["location"] if len(items) == 1 else location_of(item)
        between(operator_of(inner), left, right, text, at)
    return "boolean"


def _any(inner: Node, text: TypedText) -> str:
    left, right = inner["lexpr"], inner["rexpr"]
    types = text.world.base(text.type_of(left)), text.world.base(text.type_of(right))
    element = text.world.element(types[1]) if types[1] else None
    result: str | None = None
    if types[1] == UNKNOWN:
        result = _any_of_literal(inner, (left, types[0]), text)
    elif types[1] and element is None:
        title = f"ANY and ALL take an array, and this is of type {types[1]}"
        help_line = f"write {text.written(left)} {operator_of(inner)} {text.written(right)}"
        text.report("MV120", location_of(right), title, label=f"of type {types[1]}", help=help_line)
    else:
        one = {"Element": {"location": location_of(right)}}
        result = between(operator_of(inner), (left, types[0]), (one, element), text, inner["location"])
    if result not in (None, "boolean"):
        title = f"ANY and ALL take an operator that yields a boolean, and `{operator_of(inner)}` yields {result}"
        text.report("MV120", inner["location"], title, label=f"yields {result}", help="compare: = ANY (…), < ALL (…)")
    return "boolean"


def _any_of_literal(inner: Node, left: Operand, text: TypedText) -> str | None:
    """`x = ANY ('{a,b}')`: the literal is an array of what the operator takes."""
    name, right = operator_of(inner), (inner["rexpr"], UNKNOWN)
    if left[1] in (None, UNKNOWN):
        return None
    found = binary(name, left[1] or "", UNKNOWN, text.world)
    if not found:
        missing(name, left, right, text, inner["location"])
    elif len(found) > 1:
        not_unique(name, left, right, text, inner["location"])
    else:
        asked = found[0].arguments[1]
        take(inner["rexpr"], f"{left[1] if asked in POLYMORPHIC else asked}[]", text)
        return found[0].result
    return None


def _between(inner: Node, text: TypedText) -> str:
    left = (inner["lexpr"], text.world.base(text.type_of(inner["lexpr"])))
    for node, name in zip(inner["rexpr"]["List"]["items"], (">=", "<="), strict=True):
        between(name, left, (node, text.world.base(text.type_of(node))), text, location_of(node))
    return "boolean"


_KINDS: Final[Mapping[str, Callable[[Node, TypedText], str | None]]] = {
    "AEXPR_OP": plain,
    "AEXPR_OP_ANY": _any,
    "AEXPR_OP_ALL": _any,
    "AEXPR_DISTINCT": same_or_not,
    "AEXPR_NOT_DISTINCT": same_or_not,
    "AEXPR_NULLIF": nullif,
    "AEXPR_IN": _in,
    "AEXPR_LIKE": pattern,
    "AEXPR_ILIKE": pattern,
    "AEXPR_SIMILAR": pattern,
    "AEXPR_BETWEEN": _between,
    "AEXPR_NOT_BETWEEN": _between,
    "AEXPR_BETWEEN_SYM": _between,
    "AEXPR_NOT_BETWEEN_SYM": _between,
}


def _expression(inner: Node, text: TypedText) -> str | None:
    *schemas, _ = inner["name"]
    if schemas and schemas[-1]["String"]["sval"] != "pg_catalog":  # somebody's own
        for side in ("lexpr", "rexpr"):
            if side in inner:
                text.type_of(inner[side])
        return None
    return _KINDS[inner["kind"]](inner, text)


HANDLERS: Final[Handlers] = {"A_Expr": _expression}
