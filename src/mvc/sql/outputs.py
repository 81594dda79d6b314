"""The names that PostgreSQL gives to the columns of a query. Rule source: FigureColname in PostgreSQL's parse_target.c, 15 to 18."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from mvc.sql.parser import GrammarError, Node, parse

UNNAMED: Final = "?column?"

# What stands first in the text of a SELECT, whose parts the tree has in another order; before all of it stands WITH.
_FIRST: Final = ("larg", "rarg", "distinctClause", "targetList", "fromClause")

# A name is a good one, or it is only that of a type or of CASE, which gives way to others.
_Named = tuple[str, bool]
_NOTHING: Final[_Named] = ("", False)

_FIXED: Final[Mapping[str, str]] = {
    "GroupingFunc": "grouping",
    "MergeSupportFunc": "merge_action",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "CoalesceExpr": "coalesce",
    "XmlSerialize": "xmlserialize",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
}
_BY_OPERATOR: Final[Mapping[str, str]] = {
    "AEXPR_NULLIF": "nullif",
    "IS_GREATEST": "greatest",
    "IS_LEAST": "least",
    "IS_XMLCONCAT": "xmlconcat",
    "IS_XMLELEMENT": "xmlelement",
    "IS_XMLFOREST": "xmlforest",
    "IS_XMLPARSE": "xmlparse",
    "IS_XMLPI": "xmlpi",
    "IS_XMLROOT": "xmlroot",
    "JSON_EXISTS_OP": "json_exists",
    "JSON_QUERY_OP": "json_query",
    "JSON_VALUE_OP": "json_value",
    "EXISTS_SUBLINK": "exists",
    "ARRAY_SUBLINK": "array",
}


def query_names(sql: str) -> tuple[str | None, ...] | None:
    """The names of a query's columns, None for a star; of a set operation, those of its first SELECT. None where there is no tree."""
    select = _query(sql)
    return select_names(select) if select else None


def output_names(sql: str) -> tuple[tuple[str | None, ...], ...] | None:
    """The names of the items of each SELECT list of a query, None for a star: the lists in the order of the text, but those of WITH first.

    None where there is no tree.
    """
    select = _query(sql)
    return tuple(_lists(select)) if select else None


def _query(sql: str) -> Node | None:
    try:
        statements = parse(sql)
    except GrammarError:
        return None
    return statements[0].node if statements and statements[0].kind == "SelectStmt" else None


def _lists(node: Any) -> Iterator[tuple[str | None, ...]]:
    if isinstance(node, list):
        for item in node:
            yield from _lists(item)
    elif isinstance(node, dict):
        yield from _lists(node.get("withClause"))
        if "targetList" in node and "larg" not in node:
            yield select_names(node)
        for key in (*_FIRST, *(key for key in node if key not in (*_FIRST, "withClause"))):
            if key in node:
                yield from _lists(node[key])


def select_names(select: Node) -> tuple[str | None, ...]:
    """The names of one SELECT's items; of a set operation, of its first SELECT."""
    while "larg" in select:
        select = select["larg"]
    if "valuesLists" in select:
        width = len(select["valuesLists"][0]["List"]["items"])
        return tuple(f"column{number + 1}" for number in range(width))
    return tuple(_target(item["ResTarget"]) for item in select.get("targetList", []))


def _target(node: Node) -> str | None:
    if name := node.get("name"):
        return str(name)
    ((kind, inner),) = node["val"].items()
    fields = {"ColumnRef": "fields", "A_Indirection": "indirection"}.get(kind)
    if fields and "A_Star" in inner[fields][-1]:
        return None
    return _figure(node["val"])[0] or UNNAMED


def _figure(node: Node) -> _Named:
    ((kind, inner),) = node.items() if node else (("", {}),)
    if kind in _FIXED:
        return _FIXED[kind], True
    if kind in _READ:
        return _READ[kind](inner)
    operator = inner.get("kind") or inner.get("op") or inner.get("subLinkType")
    return (_BY_OPERATOR[operator], True) if operator in _BY_OPERATOR else _NOTHING


def _last(names: list[Node]) -> str:
    """The last name of a path, whatever subscripts and stars are in it."""
    return next((item["String"]["sval"] for item in reversed(names) if "String" in item), "")


def _path(inner: Node) -> _Named:
    name = _last(inner["indirection"])
    return (name, True) if name else _figure(inner["arg"])


def _cast(inner: Node) -> _Named:
    name = _figure(inner["arg"])
    return name if name[1] else (_last(inner["typeName"]["names"]), False)


def _case(inner: Node) -> _Named:
    name = _figure(inner.get("defresult", {}))
    return name if name[1] else ("case", False)


def _subquery(inner: Node) -> _Named:
    kind = inner["subLinkType"]
    if kind == "EXPR_SUBLINK":
        names = select_names(inner["subselect"]["SelectStmt"])
        return (names[0], True) if names and names[0] else _NOTHING
    return (_BY_OPERATOR[kind], True) if kind in _BY_OPERATOR else _NOTHING


def _value(inner: Node) -> _Named:
    """`SVFOP_CURRENT_TIMESTAMP_N` → `current_timestamp`."""
    return inner["op"].removeprefix("SVFOP_").removesuffix("_N").lower(), True


_READ: Final[Mapping[str, Callable[[Node], _Named]]] = {
    "ColumnRef": lambda inner: (_last(inner["fields"]), True),
    "FuncCall": lambda inner: (_last(inner["funcname"]), True),
    "A_Indirection": _path,
    "TypeCast": _cast,
    "CollateClause": lambda inner: _figure(inner["arg"]),
    "CaseExpr": _case,
    "SubLink": _subquery,
    "SQLValueFunction": _value,
}
