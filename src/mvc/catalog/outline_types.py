"""The outlines of types, domains, functions and aggregates."""

from __future__ import annotations

from typing import Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.outline_nodes import collation_node, names_node, relation_node, strings_node, type_node
from mvc.catalog.tokens import Token, Unreadable
from mvc.sql.parser import Node

_MODES: Final = ("in", "out", "inout", "variadic")
_VOLATILITIES: Final = ("immutable", "stable", "volatile")


def create_type(cursor: Cursor) -> tuple[str, Node] | None:
    """What follows CREATE TYPE; None for base types and shells, which need C code."""
    start = cursor.index
    name = names_node(cursor)
    if cursor.take("as", "enum"):
        return "CreateEnumStmt", {"typeName": name, "vals": _labels(cursor)}
    if cursor.take("as", "range"):
        return "CreateRangeStmt", {"typeName": name, "params": _options(cursor.group())}
    if not cursor.take("as"):
        return None
    columns = [
        {"ColumnDef": {"colname": item.name().text, "typeName": type_node(item)}} for item in cursor.group().items()
    ]
    cursor.index = start
    return "CompositeTypeStmt", {"typevar": relation_node(cursor), "coldeflist": columns}


def create_domain(cursor: Cursor) -> tuple[str, Node]:
    name = names_node(cursor)
    cursor.take("as")
    node: Node = {"domainname": name, "typeName": type_node(cursor), "constraints": [], **collation_node(cursor)}
    while not cursor.at_end():
        node["constraints"] += _domain_constraint(cursor)
    return "CreateDomainStmt", node


def alter_enum(cursor: Cursor, name: list[Node]) -> tuple[str, Node] | None:
    """`ADD VALUE label [BEFORE | AFTER label]`, `RENAME VALUE label TO label`."""
    node: Node = {"typeName": name}
    if cursor.take("add", "value"):
        cursor.if_not_exists()
        node["newVal"] = cursor.token().text
        if side := cursor.take_any("before", "after"):
            node |= {"newValNeighbor": cursor.token().text, "newValIsAfter": side == "after"}
        return "AlterEnumStmt", node
    if cursor.take("rename", "value"):
        node["oldVal"] = cursor.token().text
        cursor.expect("to")
        return "AlterEnumStmt", {**node, "newVal": cursor.token().text}
    return None


def alter_domain(cursor: Cursor, name: list[Node]) -> tuple[str, Node] | None:
    if cursor.take("set", "not", "null"):
        return "AlterDomainStmt", {"typeName": name, "subtype": "O"}
    if cursor.take("drop", "not", "null"):
        return "AlterDomainStmt", {"typeName": name, "subtype": "N"}
    while cursor.sees("add") or cursor.sees("constraint"):
        cursor.token()
        if found := _domain_constraint(cursor) or _domain_constraint(cursor):
            return "AlterDomainStmt", {"typeName": name, "subtype": "C", "def": found[0]}
    return None


def create_collation(cursor: Cursor) -> tuple[str, Node]:
    cursor.if_not_exists()
    name = names_node(cursor)
    places = [item.peek().start for item in cursor.group().items()] if cursor.sees("(") else []
    return "DefineStmt", {
        "kind": "OBJECT_COLLATION",
        "defnames": name,
        "definition": [{"DefElem": {"location": place}} for place in places],
    }


def create_function(cursor: Cursor, *, procedure: bool = False) -> tuple[str, Node]:
    """What follows CREATE FUNCTION or CREATE PROCEDURE."""
    node: Node = {"funcname": names_node(cursor), "is_procedure": procedure}
    node["parameters"] = [_parameter(item) for item in cursor.group().items()]
    if cursor.take("returns"):
        if cursor.take("table"):
            columns = [(item.name().text, type_node(item)) for item in cursor.group().items()]
            if not columns:
                raise cursor.unreadable("the table that is returned has no columns")
            node["parameters"] += [_made("FUNC_PARAM_TABLE", name, type_) for name, type_ in columns]
        else:
            node["returnType"] = type_node(cursor)
    return "CreateFunctionStmt", {**node, "options": list(_function_options(cursor))}


def create_aggregate(cursor: Cursor) -> tuple[str, Node]:
    name = names_node(cursor)
    arguments = _without_order(cursor.group())
    if not cursor.sees("("):  # as it was written before PostgreSQL 8.2
        return "DefineStmt", {"kind": "OBJECT_AGGREGATE", "defnames": name, "definition": _options(arguments)}
    listed = [] if arguments.take("*") else [_parameter(item) for item in arguments.items()]
    options = _options(cursor.group())
    node = {"kind": "OBJECT_AGGREGATE", "defnames": name, "args": [{"List": {"items": listed}}], "definition": options}
    return "DefineStmt", node


def function_with_arguments(item: Cursor) -> Node:
    """One item of `DROP FUNCTION name [(arguments)], …`."""
    node: Node = {"objname": names_node(item), "args_unspecified": not item.sees("(")}
    if item.sees("("):
        group = _without_order(item.group())
        parameters = [] if group.take("*") else [_parameter(part)["FunctionParameter"] for part in group.items()]
        inputs = (parameter for parameter in parameters if parameter["mode"] != "FUNC_PARAM_OUT")
        node["objargs"] = [{"TypeName": parameter["argType"]} for parameter in inputs]
    return {"ObjectWithArgs": node}


def _labels(cursor: Cursor) -> list[Node]:
    return strings_node(item.token().text for item in cursor.group().items())


def _domain_constraint(cursor: Cursor) -> list[Node]:
    """The constraint that comes next; else nothing, and one token is passed over."""
    start = cursor.peek().start
    if cursor.take("not", "null"):
        return [{"Constraint": {"contype": "CONSTR_NOTNULL"}}]
    if cursor.take("check"):
        cursor.group()
        return [{"Constraint": {"contype": "CONSTR_CHECK", "location": start}}]
    cursor.skip_one()
    return []


def _made(mode: str, name: str, type_: Node) -> Node:
    return {"FunctionParameter": {"mode": mode, "name": name, "argType": type_}}


def _parameter(item: Cursor) -> Node:
    """`[mode] [name] [mode] type [DEFAULT value]`."""
    mode = item.take_any(*_MODES)
    name = "" if _is_type(item) else item.name().text
    mode = mode or item.take_any(*_MODES)
    if mode == "in" and item.take("out"):
        mode = "inout"
    node = _made(f"FUNC_PARAM_{mode.upper() or 'DEFAULT'}", name, type_node(item))
    if item.take_any("default", "=", ":="):
        node["FunctionParameter"]["defexpr"] = {}
    return node


def _is_type(item: Cursor) -> bool:
    """Whether the argument has no name: all of it, up to a default, reads as a type."""
    start = item.index
    try:
        type_node(item)
        return item.at_end() or bool(item.take_any("default", "=", ":="))
    except Unreadable:
        return False
    finally:
        item.index = start


def _function_options(cursor: Cursor) -> list[Node]:
    """Volatility and WINDOW, wherever they stand among the options; a body and a SET value are no options."""
    found: list[Node] = []
    while not cursor.at_end():
        if cursor.take_any("as", "set"):
            cursor.skip_one()
        elif cursor.sees("begin", "atomic") or cursor.sees("return"):
            break
        elif cursor.take("window"):
            found.append({"DefElem": {"defname": "window"}})
        elif word := cursor.take_any(*_VOLATILITIES):
            found.append({"DefElem": {"defname": "volatility", "arg": {"String": {"sval": word}}}})
        else:
            cursor.skip_one()
    return found


def _options(group: Cursor) -> list[Node]:
    """`name = type, …`; what is no type is nothing that the catalog asks for."""
    found: list[Node] = []
    for item in group.items():
        name = item.name().text
        if item.take("="):
            try:
                found.append({"DefElem": {"defname": name, "arg": {"TypeName": type_node(item)}}})
            except Unreadable:
                continue
    return found


def _without_order(group: Cursor) -> Cursor:
    """The arguments of an ordered-set aggregate: `(a ORDER BY b)` takes a and b."""
    tokens: list[Token] = []
    while not group.at_end():
        if group.take("order", "by"):
            if tokens:
                tokens.append(group.peek()._replace(kind="symbol", text=","))
            continue
        tokens.append(group.token())
    return Cursor(tokens)
