"""DROP of whatever the catalog holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mvc.catalog.create_function import drop_function
from mvc.catalog.create_index import drop_index
from mvc.catalog.create_type import drop_type
from mvc.catalog.cursor import Name
from mvc.catalog.draft import Draft
from mvc.catalog.written import Written, strings
from mvc.sql.parser import Node

RELATIONS: Final = ("OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE")
TYPES: Final = ("OBJECT_TYPE", "OBJECT_DOMAIN")
_FUNCTIONS: Final = ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE")


def drop(draft: Draft, written: Written) -> None:
    """Raises Unreadable for a type of an argument that cannot be read."""
    if read := _DROPS.get(written.node["removeType"]):
        for item in written.node["objects"]:
            read(draft, written, item)


def _names(item: Node) -> list[str]:
    """The parts of a name that a statement drops, whatever node it is written as."""
    ((kind, node),) = item.items()
    if kind == "String":
        return [node["sval"]]
    return strings(node["items"] if kind == "List" else node["names"])


def _name(item: Node) -> Name:
    names = _names(item)
    return Name(names[-2] if len(names) > 1 else None, names[-1], 0, 0)


def _drop_relation(draft: Draft, _: Written, item: Node) -> None:
    if found := draft.lookup(_name(item)):
        draft.drop(found)


def _drop_schema(draft: Draft, _: Written, item: Node) -> None:
    (schema,) = _names(item)
    draft.relations = {place: found for place, found in draft.relations.items() if place[0] != schema}
    draft.types = {place: kept for place, kept in draft.types.items() if place[0] != schema}
    draft.functions = {place: called for place, called in draft.functions.items() if place[0] != schema}


_DROPS: Final[Mapping[str, Callable[[Draft, Written, Node], None]]] = {
    **dict.fromkeys(RELATIONS, _drop_relation),
    **dict.fromkeys(TYPES, lambda draft, _, item: drop_type(draft, _names(item))),
    **dict.fromkeys(_FUNCTIONS, lambda draft, written, item: drop_function(draft, written, item["ObjectWithArgs"])),
    "OBJECT_INDEX": lambda draft, _, item: drop_index(draft, _name(item)),
    "OBJECT_SCHEMA": _drop_schema,
    "OBJECT_EXTENSION": lambda draft, _, item: draft.extensions.discard(_names(item)[0]),
}
