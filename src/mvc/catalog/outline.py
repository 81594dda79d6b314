"""A statement of DDL as a tree, from its tokens, where PostgreSQL's parser has no build for the platform.

The nodes are those of PostgreSQL's parser, as far as the DDL reader asks for them, so there is one reader. What stands where nothing was asked for is
passed over: whether the statement is one of PostgreSQL's is not known here, and `mvc check` says so. Places are those in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.outline_alter import alter_table
from mvc.catalog.outline_nodes import names_node, relation_node, strings_node
from mvc.catalog.outline_tables import create_index, create_table, create_view
from mvc.catalog.outline_types import (
    alter_domain,
    alter_enum,
    create_aggregate,
    create_collation,
    create_domain,
    create_function,
    create_type,
    function_with_arguments,
)
from mvc.catalog.tokens import Token
from mvc.sql.parser import Node

Outline = tuple[str, Node]


def outline(tokens: list[Token]) -> Outline | None:
    """The kind of the statement's node and what is in it; None where the catalog does not depend on it. Raises Unreadable."""
    cursor = Cursor(tokens)
    verb = cursor.take_any(*_VERBS)
    return _VERBS[verb](cursor) if verb else None


def _create(cursor: Cursor) -> Outline | None:
    replaces = cursor.take("or", "replace")
    cursor.take_any("global", "local")
    persistence = "t" if cursor.take_any("temp", "temporary") else "p"
    cursor.take_any("unlogged", "recursive", "trusted")
    for words, read in _CREATES.items():
        if cursor.take(*words):
            found = read(cursor)
            if found and replaces:
                found[1]["replace"] = True
            return found
    if cursor.take("view"):
        return None if persistence == "t" else ("ViewStmt", {**create_view(cursor), "replace": replaces})
    return create_table(cursor, persistence) if cursor.take("table") else None


def _create_schema(cursor: Cursor) -> Outline:
    quiet = cursor.if_not_exists()
    schema = cursor.peek(1 if cursor.take("authorization") else 0).text if not cursor.at_end() else cursor.name().text
    starts = [index for index, token in enumerate(cursor.tokens) if index > 2 and token[:2] == ("word", "create")]
    elements = (outline(cursor.tokens[start:end]) for start, end in pairwise([*starts, len(cursor.tokens)]))
    listed = [{found[0]: found[1]} for found in elements if found]
    return "CreateSchemaStmt", {"schemaname": schema, "if_not_exists": quiet, "schemaElts": listed}


def _create_extension(cursor: Cursor) -> Outline:
    cursor.if_not_exists()
    return "CreateExtensionStmt", {"extname": cursor.name().text}


def _alter(cursor: Cursor) -> Outline | None:
    for word in ("type", "domain"):
        if cursor.take(word):
            return _alter_type(cursor, f"OBJECT_{word.upper()}")
    kind = next((kind for words, kind in _RELATIONS.items() if cursor.take(*words)), "")
    return _alter_relation(cursor, kind) if kind else None


def _alter_type(cursor: Cursor, kind: str) -> Outline | None:
    name = names_node(cursor)
    if cursor.take("rename", "to"):
        return "RenameStmt", {"renameType": kind, "object": {"List": {"items": name}}, "newname": cursor.name().text}
    if cursor.take("set", "schema"):
        moved = {"objectType": kind, "object": {"List": {"items": name}}, "newschema": cursor.name().text}
        return "AlterObjectSchemaStmt", moved
    return (alter_enum if kind == "OBJECT_TYPE" else alter_domain)(cursor, name)


def _alter_relation(cursor: Cursor, kind: str) -> Outline:
    quiet = cursor.if_exists()
    only = cursor.take("only")
    node = {"relation": {**relation_node(cursor), "inh": not only}, "missing_ok": quiet}
    cursor.take("*")
    if cursor.take("set", "schema"):
        return "AlterObjectSchemaStmt", {**node, "objectType": kind, "newschema": cursor.name().text}
    if cursor.take("rename", "to"):
        return "RenameStmt", {**node, "renameType": kind, "newname": cursor.name().text}
    if cursor.take("rename"):
        of_constraint = cursor.take("constraint")
        cursor.take("column")
        old = cursor.name().text
        cursor.expect("to")
        renamed = {"subname": old, "newname": cursor.name().text, "relationType": kind}
        return "RenameStmt", {
            **node,
            **renamed,
            "renameType": f"OBJECT_{'TABCONSTRAINT' if of_constraint else 'COLUMN'}",
        }
    return "AlterTableStmt", {
        **node,
        "objtype": kind,
        "cmds": [{"AlterTableCmd": alter_table(item)} for item in cursor.items()],
    }


def _drop(cursor: Cursor) -> Outline | None:
    kind = next((kind for words, kind in _DROPS.items() if cursor.take(*words)), "")
    if not kind:
        return None
    cursor.take("concurrently")
    cursor.if_exists()
    read = function_with_arguments if kind in _FUNCTIONS else lambda item: {"List": {"items": names_node(item)}}
    return "DropStmt", {"removeType": kind, "objects": [read(item) for item in cursor.items()]}


def _set(cursor: Cursor) -> Outline | None:
    cursor.take_any("session", "local")
    if not (cursor.take("search_path") and cursor.take_any("to", "=")):
        return None
    if cursor.sees("default"):
        return "VariableSetStmt", {"name": "search_path", "kind": "VAR_SET_DEFAULT"}
    values = [{"A_Const": {"sval": {"sval": item.token().text}}} for item in cursor.items()]
    return "VariableSetStmt", {"name": "search_path", "kind": "VAR_SET_VALUE", "args": values}


def _reset(cursor: Cursor) -> Outline | None:
    return ("VariableSetStmt", {"name": "search_path", "kind": "VAR_RESET"}) if cursor.sees("search_path") else None


def _select(cursor: Cursor) -> Outline | None:
    cursor.take("pg_catalog", ".")
    if not cursor.take("set_config"):
        return None
    values = [{"A_Const": {"sval": {"sval": item.token().text}}} for item in cursor.group().items()]
    call = {"funcname": strings_node(["set_config"]), "args": values}
    return "SelectStmt", {"targetList": [{"ResTarget": {"val": {"FuncCall": call}}}]}


_RELATIONS: Final[Mapping[tuple[str, ...], str]] = {
    ("table",): "OBJECT_TABLE",
    ("foreign", "table"): "OBJECT_FOREIGN_TABLE",
    ("materialized", "view"): "OBJECT_MATVIEW",
    ("view",): "OBJECT_VIEW",
    ("index",): "OBJECT_INDEX",
}
_FUNCTIONS: Final = ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE")
_DROPS: Final[Mapping[tuple[str, ...], str]] = {
    **_RELATIONS,
    ("type",): "OBJECT_TYPE",
    ("domain",): "OBJECT_DOMAIN",
    ("schema",): "OBJECT_SCHEMA",
    ("extension",): "OBJECT_EXTENSION",
    **{(kind.removeprefix("OBJECT_").lower(),): kind for kind in _FUNCTIONS},
}
_VERBS: Final[Mapping[str, Callable[[Cursor], Outline | None]]] = {
    "create": _create,
    "alter": _alter,
    "drop": _drop,
    "set": _set,
    "reset": _reset,
    "select": _select,
}
_CREATES: Final[Mapping[tuple[str, ...], Callable[[Cursor], Outline | None]]] = {
    ("foreign", "table"): lambda cursor: ("CreateForeignTableStmt", {"base": create_table(cursor, "p")[1]}),
    ("materialized", "view"): lambda cursor: ("CreateTableAsStmt", create_view(cursor)),
    ("unique", "index"): lambda cursor: create_index(cursor, unique=True),
    ("index",): create_index,
    ("type",): create_type,
    ("domain",): create_domain,
    ("collation",): create_collation,
    ("schema",): _create_schema,
    ("extension",): _create_extension,
    ("function",): create_function,
    ("procedure",): lambda cursor: create_function(cursor, procedure=True),
    ("aggregate",): create_aggregate,
}
