"""CREATE UNIQUE INDEX: a key where it is full and on plain columns."""

from __future__ import annotations

from mvc.catalog.constraints import add_key, known_columns
from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft, DraftKey
from mvc.catalog.tokens import cut
from mvc.catalog.written import Written, items


def create_index(draft: Draft, written: Written) -> None:
    """Raises Missing when there is no such table."""
    node = written.node
    if not node.get("unique"):
        return
    relation = draft.find(written.name(node["relation"]))
    names = [element.get("name", "") for _, element in items(node["indexParams"])]
    if "whereClause" in node or not all(names):
        return
    name = node.get("idxname", "")
    known = known_columns(draft, relation, names, lambda: _elements(written).names())
    if known and not any(key.name == name for key in relation.keys):
        add_key(relation, DraftKey(name or cut("_".join([relation.name, *names, "idx"])), names))


def drop_index(draft: Draft, name: Name) -> None:
    for relation in draft.relations.values():
        if name.schema in (None, relation.schema):
            relation.keys = [key for key in relation.keys if key.primary or key.name != name.name]


def _elements(written: Written) -> Cursor:
    """What stands in the brackets after the table's name."""
    cursor = written.cursor(written.node["relation"].get("location"))
    cursor.qualified()
    cursor.skip_to("(")
    return cursor.group()
