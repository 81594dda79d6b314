"""The type of an expression, from the types of its columns up. Whatever is not known stays unknown, and is never a finding.

Rule source: PostgreSQL's parse_expr.c, parse_coerce.c (select_common_type).
"""

from __future__ import annotations

from typing import Final

from mvc.inference.agreement import common_type, take, truth
from mvc.inference.mends import cast_mend
from mvc.inference.named_types import named_type
from mvc.inference.operations import between, compare
from mvc.inference.site import Handlers, Text, location_of
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_VALUE_FUNCTIONS: Final = {
    "CURRENT_DATE": "date",
    "CURRENT_TIME": "time with time zone",
    "CURRENT_TIMESTAMP": "timestamp with time zone",
    "LOCALTIME": "time without time zone",
    "LOCALTIMESTAMP": "timestamp without time zone",
}


def _constant(inner: Node, _: Text) -> str | None:
    if "ival" in inner:
        return "integer"
    if "fval" in inner:
        written = inner["fval"].get("fval", "")
        return "numeric" if not written.isdigit() or int(written) >= 2**63 else "bigint"
    return "boolean" if "boolval" in inner else "bit" if "bsval" in inner else UNKNOWN


def _column(inner: Node, text: Text) -> str | None:
    return text.type_at(inner["location"])


def _logic(inner: Node, text: Text) -> str:
    for part in inner.get("args", []):
        truth(
            part,
            text,
            {"AND_EXPR": "what AND joins", "OR_EXPR": "what OR joins"}.get(inner["boolop"], "what NOT turns round"),
        )
    return "boolean"


def _cast(inner: Node, text: Text) -> str | None:
    target = named_type(inner["typeName"], text)
    source = text.world.base(text.type_of(inner["arg"]))
    base = text.world.base(target)
    if base is None or source is None:
        return target
    if source == UNKNOWN:
        take(inner["arg"], base, text)
    elif not text.world.becomes(source, base, "iae"):
        help_line = cast_mend(source, base, text.written(inner["arg"]))
        at = inner["location"] if inner["location"] >= 0 else location_of(inner["arg"])
        text.report(
            "MV120", at, f"a value of type {source} cannot be cast to {base}", label="no such cast", help=help_line
        )
    return target


def _case(inner: Node, text: Text) -> str | None:
    whens = [item["CaseWhen"] for item in inner.get("args", [])]
    if "arg" in inner:
        for item in whens:
            compare("=", inner["arg"], item["expr"], text, location_of(item["expr"]))
    else:
        for item in whens:
            truth(item["expr"], text, "what stands after WHEN")
    default = [inner["defresult"]] if "defresult" in inner else []
    return common_type([*(item["result"] for item in whens), *default], text, "CASE")


def _coalesce(inner: Node, text: Text) -> str | None:
    return common_type(inner.get("args", []), text, "coalesce")


def _extreme(inner: Node, text: Text) -> str | None:
    return common_type(inner.get("args", []), text, "greatest" if inner.get("op") == "IS_GREATEST" else "least")


def _null_test(inner: Node, text: Text) -> str:
    text.type_of(inner["arg"])
    return "boolean"


def _boolean_test(inner: Node, text: Text) -> str:
    truth(inner["arg"], text, "what IS TRUE asks of")
    return "boolean"


def _value_function(inner: Node, _: Text) -> str | None:
    name = inner["op"].removeprefix("SVFOP_").removesuffix("_N")
    return _VALUE_FUNCTIONS.get(name, "name")


def _array(inner: Node, text: Text) -> str | None:
    elements = inner.get("elements", [])
    element = common_type(elements, text, "ARRAY") if elements else None
    return f"{element}[]" if element and not element.endswith("[]") else None


def _subscript(inner: Node, text: Text) -> str | None:
    type_ = text.world.base(text.type_of(inner["arg"]))
    steps = inner.get("indirection", [])
    if type_ == "jsonb":
        return "jsonb"
    one = len(steps) == 1 and "A_Indices" in steps[0] and not steps[0]["A_Indices"].get("is_slice")
    return text.world.element(type_) if type_ and one and type_.endswith("[]") else None


def _collated(inner: Node, text: Text) -> str | None:
    type_ = text.type_of(inner["arg"])
    base = text.world.base(type_)
    letters = base is None or base == UNKNOWN or text.world.category(text.world.element(base) or base) == "S"
    if not letters:
        text.report(
            "MV120",
            inner["location"],
            f"{base} has no collation",
            help="leave COLLATE out: only text has an order of letters",
        )
    return "text" if base == UNKNOWN else type_


def _sublink(inner: Node, text: Text) -> str | None:
    columns = text.columns_of(inner["subselect"])
    if inner["subLinkType"] in ("ANY_SUBLINK", "ALL_SUBLINK") and len(columns) == 1 and "testexpr" in inner:
        left = text.world.base(text.type_of(inner["testexpr"]))
        right = text.world.base(columns[0])
        name = inner["operName"][-1]["String"]["sval"] if "operName" in inner else "="
        between(name, (inner["testexpr"], left), (inner["subselect"], right), text, inner["location"])
    if inner["subLinkType"] == "EXPR_SUBLINK":
        return columns[0] if len(columns) == 1 else None
    return "boolean" if inner["subLinkType"] in ("ANY_SUBLINK", "ALL_SUBLINK", "EXISTS_SUBLINK") else None


HANDLERS: Final[Handlers] = {
    "A_Const": _constant,
    "A_ArrayExpr": _array,
    "A_Indirection": _subscript,
    "BoolExpr": _logic,
    "BooleanTest": _boolean_test,
    "CaseExpr": _case,
    "CoalesceExpr": _coalesce,
    "CollateClause": _collated,
    "ColumnRef": _column,
    "MinMaxExpr": _extreme,
    "NullTest": _null_test,
    "SQLValueFunction": _value_function,
    "SubLink": _sublink,
    "TypeCast": _cast,
}
