"""The small nodes that all statements of an outline are made of: names, relations, types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mvc.catalog.cursor import Cursor
from mvc.catalog.type_names import read_type
from mvc.sql.parser import Node


def strings_node(texts: Iterable[str]) -> list[Node]:
    return [{"String": {"sval": text}} for text in texts]


def names_node(cursor: Cursor) -> list[Node]:
    """A name with its schema, if one is written."""
    name = cursor.qualified()
    return strings_node(part for part in (name.schema, name.name) if part)


def relation_node(cursor: Cursor, persistence: str = "p") -> Node:
    """A relation, with all that inherits from it."""
    name = cursor.qualified()
    node: dict[str, Any] = {"relname": name.name, "location": name.start, "inh": True, "relpersistence": persistence}
    return {**node, "schemaname": name.schema} if name.schema else node


def collation_node(cursor: Cursor) -> Node:
    """The COLLATE among the tokens, if there is one."""
    for index, token in enumerate(cursor.tokens):
        if token[:2] == ("word", "collate"):
            after = Cursor(cursor.tokens[index + 1 :])
            return {"collClause": {"collname": names_node(after)}}
    return {}


def type_node(cursor: Cursor) -> Node:
    """A type, which is passed over and read again at its place. Raises Unreadable where there is none."""
    setof = cursor.take("setof")
    start = cursor.peek().start
    read_type(cursor)
    parts = [token.text for token in cursor.tokens if start <= token.start and token.kind in ("word", "name")][:2]
    names = parts if len(parts) > 1 and _is_qualified(cursor, start) else parts[:1]
    return {"names": strings_node(names), "typmods": [], "setof": setof, "location": start}


def _is_qualified(cursor: Cursor, start: int) -> bool:
    index = next(index for index, token in enumerate(cursor.tokens) if token.start == start)
    return index + 1 < len(cursor.tokens) and cursor.tokens[index + 1].text == "."
