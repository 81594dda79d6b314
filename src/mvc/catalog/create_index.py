"""CREATE INDEX: a key where it is unique, full and on plain columns; else with which columns rows can be looked up."""

from __future__ import annotations

from itertools import takewhile

from mvc.catalog.constraints import add_key, known_columns
from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft, DraftKey
from mvc.catalog.tokens import cut
from mvc.catalog.written import Written, items


def create_index(draft: Draft, written: Written) -> None:
    """Raises Missing when there is no such table."""
    node = written.node
    names = [element.get("name", "") for _, element in items(node["indexParams"])]
    name = node.get("idxname", "")
    if not node.get("unique"):
        _add_index(draft, written, DraftKey(name, _leading(written)))
        return
    relation = draft.find(written.name(node["relation"]))
    if "whereClause" in node or not all(names):
        return
    known = known_columns(draft, relation, names, lambda: _elements(written).names())
    if known and not any(key.name == name for key in relation.keys):
        add_key(relation, DraftKey(name or cut("_".join([relation.name, *names, "idx"])), names))


def _add_index(draft: Draft, written: Written, index: DraftKey) -> None:
    """An index is a hint only: of a table that is not there, nothing is said."""
    relation = draft.lookup(written.name(written.node["relation"]))
    is_usable = "whereClause" not in written.node and written.node.get("accessMethod", "btree") == "btree"
    if relation and is_usable and index.columns:
        relation.indexes.append(index)


def _leading(written: Written) -> list[str]:
    """The columns before the first expression, or the first of another collation."""
    elements = (element for _, element in items(written.node["indexParams"]))
    plain = takewhile(lambda element: element.get("name") and "collation" not in element, elements)
    return [element["name"] for element in plain]


def drop_index(draft: Draft, name: Name) -> None:
    for relation in draft.relations.values():
        if name.schema in (None, relation.schema):
            relation.keys = [key for key in relation.keys if key.primary or key.name != name.name]
            relation.indexes = [index for index in relation.indexes if index.name != name.name]


def _elements(written: Written) -> Cursor:
    """What stands in the brackets after the table's name."""
    cursor = written.cursor(written.node["relation"].get("location"))
    cursor.qualified()
    cursor.skip_to("(")
    return cursor.group()
