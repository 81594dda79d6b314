"""The type of an expression, from the types of its columns up. Whatever is not known stays unknown, and is never a finding.

Rule source: PostgreSQL's parse_expr.c, parse_coerce.c (select_common_type).
"""

from __future__ import annotations

from typing import Final

from mvc.catalog import builtins
from mvc.inference.agreement import common_type, take, truth
from mvc.inference.mends import TEXTS, cast_mend
from mvc.inference.named_types import named_type
from mvc.inference.operations import between, compare
from mvc.inference.site import Handlers, TypedText, location_of, parts_of
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_VALUE_FUNCTIONS: Final = {
    "CURRENT_DATE": "date",
    "CURRENT_TIME": "time with time zone",
    "CURRENT_TIMESTAMP": "timestamp with time zone",
    "LOCALTIME": "time without time zone",
    "LOCALTIMESTAMP": "timestamp without time zone",
}

_SUBSCRIPTED: Final = frozenset(
    {"name", "point", "lseg", "line", "box", "oidvector", "int2vector"}
)  # arrays of a fixed length inside


def _constant(inner: Node, _: TypedText) -> str | None:
    if "ival" in inner:
        return "integer"
    if "fval" in inner:
        written = inner["fval"].get("fval", "")
        return "numeric" if not written.isdigit() or int(written) >= 2**63 else "bigint"
    return "boolean" if "boolval" in inner else "bit" if "bsval" in inner else UNKNOWN


def _column(inner: Node, text: TypedText) -> str | None:
    return text.type_at(inner["location"])


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


def _array(inner: Node, text: TypedText) -> str | None:
    elements = inner.get("elements", [])
    element = common_type(elements, text, "ARRAY") if elements else None
    if element and element.endswith("[]"):
        return element  # an array of arrays is one with another dimension
    return f"{element}[]" if element else None


def _indirection(inner: Node, text: TypedText) -> str | None:
    """`(x).field`, `x[1]`, `x[1:2]`, one after the other."""
    type_ = text.type_of(inner["arg"])
    for step in inner.get("indirection", []):
        for part in parts_of(step):
            text.type_of(part)
        _check_number(step, text.world.base(type_), text)
        base = text.world.base(type_)
        if base is None:
            return None
        if "A_Indices" not in step:
            _check_field(base, step, inner, text)
            return None
        type_ = _subscripted(base, inner, text)
    if base == "point" and len(inner["indirection"]) == 1:
        return "double precision"
    slices = [step for step in inner["indirection"] if step.get("A_Indices", {}).get("is_slice")]
    return None if slices and type_ != "jsonb" else type_


def _check_number(step: Node, base: str | None, text: TypedText) -> None:
    """A literal as the subscript of an array is a whole number."""
    for part in parts_of(step):
        if base and base.endswith("[]") and "sval" in part.get("A_Const", {}):
            take(part, "integer", text)


def _subscripted(base: str, inner: Node, text: TypedText) -> str | None:
    """The element; a second subscript of an array is one of another dimension."""
    if base == "jsonb":
        return base
    element = text.world.element(base) if base.endswith("[]") else None
    several = len(inner["indirection"]) > 1
    if element:
        return None if several else element
    if base not in _SUBSCRIPTED:
        at, shown = location_of(inner["arg"]), text.written(inner["arg"])
        title = f"a value of type {base} has no elements: only arrays and jsonb have"
        help_line = (
            f"write substring({shown}, 1, 1) for a letter of a text" if base in TEXTS else "leave the subscript out"
        )
        text.report("MV120", at, title, label=f"of type {base}", help=help_line)
    return None


def _check_field(base: str, step: Node, inner: Node, text: TypedText) -> None:
    """`(x).name` is a field of a composite type, or a call of `name(x)`."""
    name = step.get("String", {}).get("sval")
    if name is None or base == "record" or builtins.takes(name, 1) or text.world.catalog.functions_named(name):
        return
    title = f"a value of type {base} has no field `{name}`"
    help_line = (
        f"write {text.written(inner['arg'])} ->> '{name}'" if base in ("json", "jsonb") else f"leave .{name} out"
    )
    text.report("MV120", location_of(inner["arg"]), title, label=f"of type {base}", help=help_line)


def _row(inner: Node, text: TypedText) -> str:
    for part in inner.get("args", []):
        text.type_of(part)
    return "record"


def _xml(inner: Node, text: TypedText) -> str:
    for part in parts_of(inner):
        text.type_of(part)
    return "boolean" if inner.get("op") == "IS_DOCUMENT" else "xml"


def _collated(inner: Node, text: TypedText) -> str | None:
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
    "A_Indirection": _indirection,
    "BoolExpr": _logic,
    "BooleanTest": _boolean_test,
    "CaseExpr": _case,
    "CoalesceExpr": _coalesce,
    "CollateClause": _collated,
    "ColumnRef": _column,
    **dict.fromkeys(("JsonArrayConstructor", "JsonArrayQueryConstructor", "JsonObjectConstructor"), _json),
    "MinMaxExpr": _extreme,
    "NullTest": _null_test,
    "RowExpr": _row,
    "SQLValueFunction": _value_function,
    "SubLink": _sublink,
    "TypeCast": _cast,
    "XmlExpr": _xml,
}
