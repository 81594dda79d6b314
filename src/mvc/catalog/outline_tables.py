"""The outlines of CREATE TABLE, CREATE VIEW and CREATE UNIQUE INDEX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.outline_nodes import collation_node, relation_node, strings_node, type_node
from mvc.sql.parser import Node

_STARTS: Final = (
    ("constraint",),
    ("primary", "key"),
    ("unique",),
    ("check",),
    ("foreign", "key"),
    ("exclude", "using"),
    ("exclude", "("),
    ("not", "null"),
)
_AFTER_DEFAULT: Final = frozenset(
    {"constraint", "not", "null", "primary", "unique", "references", "check", "generated", "collate"}
)
_LIKE_INDEXES: Final = 1 << 6
_QUERY: Final[Node] = {"SelectStmt": {}}


def create_table(cursor: Cursor, persistence: str) -> tuple[str, Node]:
    quiet = cursor.if_not_exists()
    node: Node = {"relation": relation_node(cursor, persistence), "if_not_exists": quiet}
    if cursor.take("partition", "of"):
        node |= {"inhRelations": [{"RangeVar": relation_node(cursor)}], "partbound": {}}
    elif cursor.take("of"):
        node["ofTypename"] = type_node(cursor)
    if cursor.sees("("):
        group = cursor.group()
        if cursor.sees("as"):
            return _created_as(node, [item.name().text for item in group.items()])
        typed = not node.keys() & {"partbound", "ofTypename"}
        node["tableElts"] = [_element(item, typed=typed) for item in group.items()]
    return _with_tail(cursor, node)


def _with_tail(cursor: Cursor, node: Node) -> tuple[str, Node]:
    while not cursor.at_end():
        if cursor.take("inherits"):
            node["inhRelations"] = [{"RangeVar": relation_node(item)} for item in cursor.group().items()]
        elif cursor.take("partition", "by"):
            node["partspec"] = _partition_by(cursor)
        elif cursor.sees("as"):
            return _created_as(node, [])
        else:
            cursor.skip_one()
    return "CreateStmt", node


def _created_as(node: Node, listed: list[str]) -> tuple[str, Node]:
    into = {"rel": node["relation"], "colNames": strings_node(listed)}
    quiet = node["if_not_exists"]
    return "CreateTableAsStmt", {"into": into, "query": _QUERY, "objtype": "OBJECT_TABLE", "if_not_exists": quiet}


def create_view(cursor: Cursor) -> Node:
    """The parts of CREATE VIEW and CREATE MATERIALIZED VIEW."""
    quiet = cursor.if_not_exists()
    relation = relation_node(cursor)
    listed = strings_node(part.text for part in cursor.group().names()) if cursor.sees("(") else []
    if not any(token[:2] == ("word", "as") for token in cursor.tokens[cursor.index :]):
        raise cursor.unreadable("expected AS")
    into = {"rel": relation, "colNames": listed}
    return {"view": relation, "aliases": listed, "into": into, "objtype": "OBJECT_MATVIEW", "if_not_exists": quiet}


def create_index(cursor: Cursor, *, unique: bool = False) -> tuple[str, Node]:
    """What follows CREATE INDEX."""
    cursor.take("concurrently")
    cursor.if_not_exists()
    name = "" if cursor.sees("on") else cursor.name().text
    cursor.expect("on")
    cursor.take("only")
    node: Node = {"unique": unique, "idxname": name, "relation": relation_node(cursor)}
    if cursor.take("using"):
        node["accessMethod"] = cursor.name().text
    node["indexParams"] = [_index_element(item) for item in cursor.group().items()]
    while not cursor.at_end():
        if cursor.take("where"):
            node["whereClause"] = {}
        cursor.skip_one()
    return "IndexStmt", node


def _index_element(item: Cursor) -> Node:
    first, second = item.peek(), item.peek(1)
    plain = first.kind in ("word", "name") and not (second.kind == "symbol" and second.text)
    collated = any(token[:2] == ("word", "collate") for token in item.tokens)
    return {"IndexElem": {"name": first.text, **({"collation": []} if collated else {})} if plain else {}}


def _partition_by(cursor: Cursor) -> Node:
    method = cursor.name().text
    parts = []
    for item in cursor.group().items():
        plain = item.peek(1).text not in ("(", ".", "::")
        parts.append({"PartitionElem": {"name": item.peek().text} if plain else {}})
    return {"strategy": f"PARTITION_STRATEGY_{method.upper()}", "partParams": parts}


def _element(item: Cursor, *, typed: bool) -> Node:
    if item.take("like"):
        return {"TableLikeClause": {"relation": relation_node(item), "options": _like_options(item)}}
    if starts_constraint(item):
        return {"Constraint": constraint(item)}
    typed = typed and (item.peek(1).text, item.peek(2).text) != ("with", "options")
    return {"ColumnDef": column(item, typed=typed)}


def _like_options(item: Cursor) -> int:
    options = 0
    while word := item.take_any("including", "excluding"):
        if item.name().text in ("indexes", "all"):
            options = _LIKE_INDEXES if word == "including" else 0
    return options


def starts_constraint(cursor: Cursor) -> bool:
    """Whether a constraint of the table comes next, not a column."""
    return any(cursor.sees(*words) for words in _STARTS)


def constraint(item: Cursor) -> Node:
    """A constraint of the table."""
    node: Node = {"location": item.peek().start, "contype": ""}
    if item.take("constraint"):
        node["conname"] = item.name().text
    if item.take("primary", "key"):
        node |= {"contype": "CONSTR_PRIMARY", **_key(item)}
    elif item.take("unique"):
        node |= {"contype": "CONSTR_UNIQUE", **_key(item)}
    elif item.take("foreign", "key"):
        columns = [part.text for part in item.group().names()]
        node |= {"contype": "CONSTR_FOREIGN", "fk_attrs": strings_node(columns), **_reference(item)}
        node |= _validity(item)
    elif item.take("not", "null"):
        node |= {"contype": "CONSTR_NOTNULL", "keys": strings_node([item.name().text]), **_validity(item)}
    return node


def _key(item: Cursor) -> Node:
    if item.take("using", "index"):
        return {"indexname": item.name().text}
    while not (item.at_end() or item.sees("(")):
        item.token()  # NULLS NOT DISTINCT
    return {"keys": strings_node(part.text for part in item.group().names())}


def _reference(item: Cursor) -> Node:
    item.expect("references")
    node: Node = {"pktable": relation_node(item)}
    listed = list(item.group().items()) if item.sees("(") else []
    node["fk_with_period"] = any(column.sees("period") and len(column.tokens) > 1 for column in listed)
    node["pk_attrs"] = strings_node(column.token().text for column in listed)
    return node


def _validity(item: Cursor) -> Node:
    """What follows a constraint of the table says whether it holds for the rows that are there."""
    node: Node = {"is_enforced": True, "skip_validation": False}
    while not item.at_end():
        if item.take("not", "valid"):
            node["skip_validation"] = True
        elif item.take("not", "enforced"):
            node["is_enforced"] = False
        else:
            item.skip_one()
    return node


def column(item: Cursor, *, typed: bool) -> Node:
    """A column with its constraints; `typed` says whether its type is written."""
    name = item.name()
    node: Node = {"colname": name.text, "location": name.start}
    if typed:
        node |= {"typeName": type_node(item), **collation_node(item)}
    return {**node, "constraints": [{"Constraint": found} for found in _column_constraints(item)]}


def _column_constraints(item: Cursor) -> Iterator[Node]:
    while not item.at_end():
        node: Node = {"location": item.peek().start}
        if item.take("constraint"):
            node["conname"] = item.name().text
        found = next((words for words in _COLUMN_CONSTRAINTS if item.sees(*words)), None)
        if found:
            if found != ("references",):
                item.take(*found)
            yield {**node, **_COLUMN_CONSTRAINTS[found](item)}
        else:
            item.skip_one()


def _default(item: Cursor) -> Node:
    """A default value ends where a constraint starts; its first token is never one."""
    item.skip_one()
    while not item.at_end() and item.peek().text not in _AFTER_DEFAULT:
        item.skip_one()
    return {"contype": "CONSTR_DEFAULT"}


def _generated(item: Cursor) -> Node:
    while not item.at_end() and not item.take("as"):
        item.token()
    return {"contype": "CONSTR_IDENTITY" if item.take("identity") else "CONSTR_GENERATED"}


def _of_kind(kind: str) -> Callable[[Cursor], Node]:
    return lambda _: {"contype": kind}


_COLUMN_CONSTRAINTS: Final[Mapping[tuple[str, ...], Callable[[Cursor], Node]]] = {
    ("not", "null"): _of_kind("CONSTR_NOTNULL"),
    ("not", "enforced"): _of_kind("CONSTR_ATTR_NOT_ENFORCED"),
    ("deferrable",): _of_kind("CONSTR_ATTR_DEFERRABLE"),
    ("not", "deferrable"): _of_kind("CONSTR_ATTR_NOT_DEFERRABLE"),
    ("initially", "deferred"): _of_kind("CONSTR_ATTR_DEFERRED"),
    ("initially", "immediate"): _of_kind("CONSTR_ATTR_IMMEDIATE"),
    ("primary", "key"): _of_kind("CONSTR_PRIMARY"),
    ("unique",): _of_kind("CONSTR_UNIQUE"),
    ("references",): lambda item: {"contype": "CONSTR_FOREIGN", **_reference(item)},
    ("default",): _default,
    ("generated",): _generated,
}
