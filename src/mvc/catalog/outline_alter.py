"""The outlines of the actions of ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.outline_nodes import collation_node, relation_node, type_node
from mvc.catalog.outline_tables import column, constraint, starts_constraint
from mvc.sql.parser import Node


def alter_table(item: Cursor) -> Node:
    """One action."""
    for words, (kind, read) in _ACTIONS.items():
        if item.take(*words):
            return {"subtype": kind, **read(item)}
    return {"subtype": ""}


def _add(item: Cursor) -> Node:
    if starts_constraint(item):
        return {"subtype": "AT_AddConstraint", "def": {"Constraint": constraint(item)}}
    item.take("column")
    quiet = item.if_not_exists()
    return {"missing_ok": quiet, "def": {"ColumnDef": column(item, typed=True)}}


def _alter_column(item: Cursor) -> Node:
    item.take("column")
    node: Node = {"name": item.name().text}
    if item.take("set", "not", "null"):
        return {**node, "subtype": "AT_SetNotNull"}
    if item.take("drop", "not", "null"):
        return {**node, "subtype": "AT_DropNotNull"}
    if item.take("type") or item.take("set", "data", "type"):
        return {
            **node,
            "subtype": "AT_AlterColumnType",
            "def": {"ColumnDef": {"typeName": type_node(item), **collation_node(item)}},
        }
    return node


def _alter_constraint(item: Cursor) -> Node:
    name = item.name().text
    off = item.sees("not", "enforced")
    return {
        "def": {
            "ATAlterConstraint": {
                "conname": name,
                "alterEnforceability": off or item.sees("enforced"),
                "is_enforced": not off,
            }
        }
    }


def _drop_column(item: Cursor) -> Node:
    item.take("column")
    return {"missing_ok": item.if_exists(), "name": item.name().text}


def _drop_constraint(item: Cursor) -> Node:
    item.if_exists()
    return {"name": item.name().text}


def _partition(item: Cursor) -> Node:
    return {"def": {"PartitionCmd": {"name": relation_node(item)}}}


def _parent(item: Cursor) -> Node:
    return {"def": {"RangeVar": relation_node(item)}}


# The first entry whose words come next is taken, so longer ones stand before shorter ones.
_ACTIONS: Final[Mapping[tuple[str, ...], tuple[str, Callable[[Cursor], Node]]]] = {
    ("add",): ("AT_AddColumn", _add),
    ("drop", "constraint"): ("AT_DropConstraint", _drop_constraint),
    ("drop",): ("AT_DropColumn", _drop_column),
    ("alter", "constraint"): ("AT_AlterConstraint", _alter_constraint),
    ("alter",): ("", _alter_column),
    ("attach", "partition"): ("AT_AttachPartition", _partition),
    ("detach", "partition"): ("AT_DetachPartition", _partition),
    ("inherit",): ("AT_AddInherit", _parent),
    ("no", "inherit"): ("AT_DropInherit", _parent),
    ("enable", "row", "level", "security"): ("AT_EnableRowSecurity", lambda _: {}),
    ("disable", "row", "level", "security"): ("AT_DisableRowSecurity", lambda _: {}),
    ("validate", "constraint"): ("AT_ValidateConstraint", _drop_constraint),
}
