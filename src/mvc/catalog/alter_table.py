"""ALTER TABLE (and VIEW, and so on): a table of what each action does to the draft."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from mvc.catalog.constraints import read_table_constraint, set_nullable
from mvc.catalog.create_table import add_column, become_partition, inherit
from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft, DraftKey, DraftReference, DraftRelation, Missing
from mvc.catalog.written import Written, items
from mvc.sql.parser import Node

_TABLES: Final = ("OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE")


def alter_relation(draft: Draft, written: Written) -> None:
    """`ALTER TABLE … action, …`. Raises Missing when there is no such table."""
    node = written.node
    actions = [action for _, action in items(node["cmds"]) if action["subtype"] in _ACTIONS]
    relation = _altered(draft, written) if node["objtype"] in _TABLES and actions else None
    if relation is None:
        return  # pg_dump gives the owner of a sequence with ALTER TABLE
    for number, (_, action) in enumerate(items(node["cmds"])):
        if action["subtype"] in _ACTIONS:
            _ACTIONS[action["subtype"]](draft, relation, _Action(written, action, number))


def rename_relation(draft: Draft, written: Written) -> None:
    """`ALTER TABLE … RENAME …`, whatever is renamed. Raises Missing when there is no such table."""
    node, kind = written.node, written.node["renameType"]
    if kind == "OBJECT_INDEX":
        _rename_index(draft, written)
        return
    if kind not in _RENAMES or (kind == "OBJECT_COLUMN" and node["relationType"] not in _TABLES):
        return
    if relation := _altered(draft, written):
        _RENAMES[kind](draft, relation, _Action(written, node, 0))


def move_relation(draft: Draft, written: Written) -> None:
    """`ALTER TABLE … SET SCHEMA …`. Raises Missing when there is no such table."""
    if relation := _altered(draft, written):
        draft.rename(relation, written.node["newschema"], relation.name)


class _Action(NamedTuple):
    """One action of a statement: its node and its number."""

    written: Written
    node: Node
    number: int

    def has_column(self, draft: Draft, relation: DraftRelation, column: str) -> bool:
        """Whether the column is there; if not, a finding says so where the action names it."""
        if column in relation.columns:
            return True
        tokens = _places(self.written)[self.number].tokens
        return draft.has_column(
            relation, next(item for item in tokens if (item.text, item.kind in ("word", "name")) == (column, True))
        )

    def relation(self) -> Name:
        """The other relation that the action names."""
        inner = self.node["def"]
        return self.written.name(inner["PartitionCmd"]["name"] if "PartitionCmd" in inner else inner["RangeVar"])


def _altered(draft: Draft, written: Written) -> DraftRelation | None:
    """The relation, or None where it need not be there."""
    name = written.name(written.node["relation"])
    relation = draft.lookup(name)
    if relation is None and not written.node.get("missing_ok"):
        raise Missing(name)
    return relation


def _places(written: Written) -> list[Cursor]:
    """The tokens of each action."""
    cursor = written.cursor(written.node["relation"].get("location"))
    cursor.qualified()
    cursor.take("*")
    cursor.take(")")  # ONLY (name)
    return list(cursor.items())


def _family(relation: DraftRelation, action: _Action) -> Iterator[DraftRelation]:
    """The relation and all below it, unless ALTER TABLE ONLY is said."""
    return relation.family(only=not action.written.node["relation"].get("inh"))


def _add_column(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    column = action.node["def"]["ColumnDef"]
    for item in relation.family():
        if not (action.node.get("missing_ok") and column["colname"] in item.columns):
            add_column(draft, item, action.written, column)


def _add_constraint(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    read_table_constraint(draft, relation, action.written, action.node["def"]["Constraint"])


def _drop_column(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    for item in _family(relation, action):
        _drop_column_of(draft, item, action)


def _drop_column_of(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    column = action.node["name"]
    if column not in relation.columns:
        _ = action.node.get("missing_ok") or action.has_column(draft, relation, column)
        return
    del relation.columns[column]
    relation.keys = [key for key in relation.keys if column not in key.columns]
    relation.indexes = [item for item in relation.indexes if column not in item.columns]
    relation.references = [item for item in relation.references if column not in item.columns]


def _drop_constraint(_: Draft, relation: DraftRelation, action: _Action) -> None:
    name = action.node["name"]
    relation.keys = [key for key in relation.keys if key.name != name]
    relation.references = [item for item in relation.references if item.name != name]


def _set_not_null(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    column = action.node["name"]
    for item in _family(relation, action):
        if action.has_column(draft, item, column):
            set_nullable(item, column, nullable=action.node["subtype"] == "AT_DropNotNull")


def _retype(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    column = action.node["name"]
    for item in _family(relation, action):
        if action.has_column(draft, item, column):
            node = action.node["def"]["ColumnDef"]
            type_ = action.written.type(node["typeName"])
            collation = action.written.collation(draft, node, type_)
            item.columns[column] = replace(item.columns[column], type=draft.spell(type_), collation=collation)


def _rename_column(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    old, new = action.node["subname"], action.node["newname"]
    for item in _family(relation, action):
        if action.has_column(draft, item, old):
            _replace_column(draft, item, old, new)


def _replace_column(draft: Draft, relation: DraftRelation, old: str, new: str) -> None:
    def renamed(names: list[str]) -> list[str]:
        return [new if name == old else name for name in names]

    columns = relation.columns.values()
    relation.columns = {
        item.name: item for item in (replace(column, name=new) if column.name == old else column for column in columns)
    }
    relation.partition_by = renamed(relation.partition_by)
    for key in (*relation.keys, *relation.indexes):
        key.columns = renamed(key.columns)
    for reference in relation.references:
        reference.columns = renamed(reference.columns)
    for reference in (item for other in draft.relations.values() for item in other.references):
        if reference.found is relation:
            reference.target_columns = renamed(reference.target_columns)


def _rename_constraint(_: Draft, relation: DraftRelation, action: _Action) -> None:
    constraints: list[DraftKey | DraftReference] = [*relation.keys, *relation.references]
    for item in constraints:
        item.name = action.node["newname"] if item.name == action.node["subname"] else item.name


def _rename(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    draft.rename(relation, relation.schema, action.node["newname"])


def _rename_index(draft: Draft, written: Written) -> None:
    """Of a key as well: its index has its name."""
    name = written.name(written.node["relation"])
    for relation in draft.relations.values():
        for key in (*relation.keys, *relation.indexes) if name.schema in (None, relation.schema) else ():
            key.name = written.node["newname"] if key.name == name.name else key.name


def _attach(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    become_partition(draft.find(action.relation()), relation)


def _detach(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    child = draft.find(action.relation())
    if child in relation.children:
        relation.children.remove(child)
        child.kind = "partitioned table" if child.partition_by else "table"


def _inherit(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    inherit(relation, draft.find(action.relation()))


def _disinherit(draft: Draft, relation: DraftRelation, action: _Action) -> None:
    parent = draft.find(action.relation())
    parent.children = [child for child in parent.children if child is not relation]


def _row_security(_: Draft, relation: DraftRelation, action: _Action) -> None:
    relation.row_security = action.node["subtype"] == "AT_EnableRowSecurity"


def _alter_constraint(_: Draft, relation: DraftRelation, action: _Action) -> None:
    """Whether a constraint may be deferred is nothing that the catalog holds; whether it is enforced is."""
    altered = action.node["def"]["ATAlterConstraint"]
    for reference in relation.references if altered.get("alterEnforceability") else ():
        if reference.name == altered["conname"]:
            reference.valid = bool(altered.get("is_enforced"))


def _validate(_: Draft, relation: DraftRelation, action: _Action) -> None:
    for reference in relation.references:
        reference.valid = reference.valid or reference.name == action.node["name"]


_Act = Callable[[Draft, DraftRelation, _Action], None]

_ACTIONS: Final[dict[str, _Act]] = {
    "AT_AddColumn": _add_column,
    "AT_AddConstraint": _add_constraint,
    "AT_DropColumn": _drop_column,
    "AT_DropConstraint": _drop_constraint,
    "AT_AlterConstraint": _alter_constraint,
    "AT_SetNotNull": _set_not_null,
    "AT_DropNotNull": _set_not_null,
    "AT_AlterColumnType": _retype,
    "AT_AttachPartition": _attach,
    "AT_DetachPartition": _detach,
    "AT_AddInherit": _inherit,
    "AT_DropInherit": _disinherit,
    "AT_EnableRowSecurity": _row_security,
    "AT_DisableRowSecurity": _row_security,
    "AT_ValidateConstraint": _validate,
}
_RENAMES: Final[dict[str, _Act]] = {
    "OBJECT_COLUMN": _rename_column,
    "OBJECT_TABCONSTRAINT": _rename_constraint,
    **dict.fromkeys(_TABLES, _rename),
}
