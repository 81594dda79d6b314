"""The type of an expression, from the types of its columns up. Whatever is not known stays unknown, and is never a finding.

Rule source: PostgreSQL's parse_expr.c, parse_coerce.c (select_common_type).
"""

from __future__ import annotations

from typing import Final

from mvc.inference.agreement import common_type, take, truth
from mvc.inference.comparing import check_sorted
from mvc.inference.indirections import indirection
from mvc.inference.mends import cast_mend
from mvc.inference.named_types import check_collation, check_row, named_type
from mvc.inference.operations import between, compare
from mvc.inference.site import Cast, Handlers, TypedText, location_of, parts_of
from mvc.inference.windows import check_window
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_VALUE_FUNCTIONS: Final = {
    "CURRENT_DATE": "date",
    "CURRENT_TIME": "time with time zone",
    "CURRENT_TIMESTAMP": "timestamp with time zone",
    "LOCALTIME": "time without time zone",
    "LOCALTIMESTAMP": "timestamp without time zone",
}


def _constant(inner: Node, _: TypedText) -> str | None:
    if "ival" in inner:
        return "integer"
    if "fval" in inner:
        written = inner["fval"].get("fval", "")
        return "numeric" if not written.isdigit() or int(written) >= 2**63 else "bigint"
    return "boolean" if "boolval" in inner else "bit" if "bsval" in inner else UNKNOWN


def _column(inner: Node, text: TypedText) -> str | None:
    return text.type_at(inner["location"]) or text.derived.type_of(inner["fields"])


def _logic(inner: Node, text: TypedText) -> str:
    for part in inner.get("args", []):
        truth(
            part,
            text,
            {"AND_EXPR": "what AND joins", "OR_EXPR": "what OR joins"}.get(inner["boolop"], "what NOT turns round"),
        )
    return "boolean"


def _cast(inner: Node, text: TypedText) -> str | None:
    target = named_type(inner["typeName"], text)
    element = text.world.element(text.world.base(target) or "") if target and target.endswith("[]") else None
    if element and "A_ArrayExpr" in inner["arg"]:
        return _cast_array(inner["arg"]["A_ArrayExpr"], element, target, text)
    source = text.world.base(text.type_of(inner["arg"]))
    base = text.world.base(target)
    if base is None or source is None:
        check_row(inner, source, text)
        return target
    text.casts.append(Cast(source, base, max(inner["location"], location_of(inner["arg"]))))
    if source == UNKNOWN:
        take(inner["arg"], base, text)
    elif not text.world.becomes(source, base, "iae"):
        help_line = cast_mend(source, base, text.written(inner["arg"]))
        at = inner["location"] if inner["location"] >= 0 else location_of(inner["arg"])
        text.report(
            "MV120", at, f"a value of type {source} cannot be cast to {base}", label="no such cast", help=help_line
        )
    return target


def _cast_array(inner: Node, element: str, target: str | None, text: TypedText) -> str | None:
    """`ARRAY['a']::text[]` casts each of its elements."""
    for item in inner.get("elements", []):
        source = text.world.base(text.type_of(item))
        if source == UNKNOWN:
            take(item, element, text)
        elif source and not source.endswith("[]") and not text.world.becomes(source, element, "iae"):
            title = f"a value of type {source} cannot be cast to {element}"
            help_line = cast_mend(source, element, text.written(item))
            text.report("MV120", location_of(item), title, label="no such cast", help=help_line)
    return target


def _case(inner: Node, text: TypedText) -> str | None:
    whens = [item["CaseWhen"] for item in inner.get("args", [])]
    if "arg" in inner:
        for item in whens:
            compare("=", inner["arg"], item["expr"], text, location_of(item["expr"]))
    else:
        for item in whens:
            truth(item["expr"], text, "what stands after WHEN")
    default = [inner["defresult"]] if "defresult" in inner else []
    return common_type([*(item["result"] for item in whens), *default], text, "CASE")


def _coalesce(inner: Node, text: TypedText) -> str | None:
    return common_type(inner.get("args", []), text, "coalesce")


def _extreme(inner: Node, text: TypedText) -> str | None:
    return common_type(inner.get("args", []), text, "greatest" if inner.get("op") == "IS_GREATEST" else "least")


def _null_test(inner: Node, text: TypedText) -> str:
    text.type_of(inner["arg"])
    return "boolean"


def _boolean_test(inner: Node, text: TypedText) -> str:
    truth(inner["arg"], text, "what IS TRUE asks of")
    return "boolean"


def _value_function(inner: Node, _: TypedText) -> str | None:
    name = inner["op"].removeprefix("SVFOP_").removesuffix("_N")
    return _VALUE_FUNCTIONS.get(name, "name")


def _json(inner: Node, text: TypedText) -> str | None:
    """What SQL's constructors of JSON give where RETURNING does not say it."""
    for part in parts_of(inner):
        text.type_of(part)
    returned = inner.get("output", {}).get("typeName")
    return named_type(returned, text) if returned else "json"


def _check_path(path: Node | None, text: TypedText) -> None:
    type_ = text.world.base(text.type_of(path)) if path else None
    if path and type_ and not text.world.becomes(type_, "jsonpath", "iae"):
        title = f"the path into JSON is a jsonpath, and this is of type {type_}"
        text.report("MV120", location_of(path), title, label=f"of type {type_}", help="write it in quotes: '$.a'")


def _json_read(inner: Node, text: TypedText) -> str | None:
    """JSON(), JSON_SERIALIZE, JSON_QUERY and the like read JSON, or texts that hold it."""
    for part in parts_of(inner):
        text.type_of(part)
    _check_path(inner.get("pathspec"), text)
    read: Node = inner.get("context_item") or inner.get("expr") or {}
    item = read.get("raw_expr", {})
    type_ = (text.world.base(text.type_of(item)) if item else None) or UNKNOWN
    if type_ not in (UNKNOWN, "json", "jsonb", "bytea") and text.world.category(type_) != "S":
        title = f"JSON is read from json, jsonb or a text, and this is of type {type_}"
        help_line = f"make it JSON: to_jsonb({text.written(item)})"
        text.report("MV120", location_of(item), title, label=f"of type {type_}", help=help_line)
    return None


def _json_aggregate(inner: Node, text: TypedText) -> str | None:
    """`JSON_ARRAYAGG` and `JSON_OBJECTAGG`."""
    own = inner["constructor"]
    truth(own.get("agg_filter"), text, "FILTER (WHERE …)")
    check_sorted(own.get("agg_order", []), "the order of an aggregate", text)
    check_window(own.get("over", {}), text)
    for key in ("arg", "func"):
        for part in parts_of(inner.get(key, {})):
            text.type_of(part)
    returned = own.get("output", {}).get("typeName")
    return named_type(returned, text) if returned else "json"


def _grouping(inner: Node, text: TypedText) -> str:
    for part in inner.get("args", []):
        text.type_of(part)
    return "integer"


def _array(inner: Node, text: TypedText) -> str | None:
    elements = inner.get("elements", [])
    element = common_type(elements, text, "ARRAY") if elements else None
    if element and element.endswith("[]"):
        return element  # an array of arrays is one with another dimension
    return f"{element}[]" if element else None


def _row(inner: Node, text: TypedText) -> str:
    for part in inner.get("args", []):
        text.type_of(part)
    return "record"


def _xml(inner: Node, text: TypedText) -> str:
    for part in parts_of(inner):
        type_ = text.world.base(text.type_of(part))
        if inner.get("op") == "IS_XMLCONCAT" and type_ not in (None, UNKNOWN, "xml"):
            title, help_line = f"xmlconcat joins values of xml, and this is of type {type_}", "write xmlforest(…) of it"
            text.report("MV120", location_of(part), title, label=f"of type {type_}", help=help_line)
    return "boolean" if inner.get("op") == "IS_DOCUMENT" else "xml"


def _collated(inner: Node, text: TypedText) -> str | None:
    type_ = text.type_of(inner["arg"])
    base = text.world.base(type_)
    check_collation(inner, text)
    letters = base is None or base == UNKNOWN or text.world.category(text.world.element(base) or base) == "S"
    if not letters:
        text.report(
            "MV120",
            inner["location"],
            f"{base} has no collation",
            help="leave COLLATE out: only text has an order of letters",
        )
    return type_


def _sublink(inner: Node, text: TypedText) -> str | None:
    columns = text.columns_of(inner["subselect"])
    left = text.world.base(text.type_of(inner["testexpr"])) if "testexpr" in inner else None
    if inner["subLinkType"] in ("ANY_SUBLINK", "ALL_SUBLINK") and len(columns) == 1 and "testexpr" in inner:
        right = text.world.base(columns[0])
        name = inner["operName"][-1]["String"]["sval"] if "operName" in inner else "="
        between(name, (inner["testexpr"], left), (inner["subselect"], right), text, inner["location"])
    if inner["subLinkType"] == "EXPR_SUBLINK":
        return columns[0] if len(columns) == 1 else None
    return "boolean" if inner["subLinkType"] in ("ANY_SUBLINK", "ALL_SUBLINK", "EXISTS_SUBLINK") else None


HANDLERS: Final[Handlers] = {
    "A_Const": _constant,
    "A_ArrayExpr": _array,
    "A_Indirection": indirection,
    "BoolExpr": _logic,
    "BooleanTest": _boolean_test,
    "CaseExpr": _case,
    "CoalesceExpr": _coalesce,
    "CollateClause": _collated,
    "ColumnRef": _column,
    **dict.fromkeys(("JsonArrayConstructor", "JsonArrayQueryConstructor", "JsonObjectConstructor"), _json),
    "GroupingFunc": _grouping,
    **dict.fromkeys(("JsonArrayAgg", "JsonObjectAgg"), _json_aggregate),
    **dict.fromkeys(("JsonFuncExpr", "JsonParseExpr", "JsonSerializeExpr"), _json_read),
    "MinMaxExpr": _extreme,
    "NullTest": _null_test,
    "RowExpr": _row,
    "SQLValueFunction": _value_function,
    "SubLink": _sublink,
    "TypeCast": _cast,
    "XmlExpr": _xml,
}
