"""ALTER TABLE (and VIEW, and so on): a table of what each action does to the draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from mvc.catalog.constraints import read_table_constraint, set_nullable, starts_constraint
from mvc.catalog.create_table import add_column, become_partition, inherit
from mvc.catalog.cursor import Cursor
from mvc.catalog.draft import Draft, DraftKey, DraftReference, DraftRelation, Missing
from mvc.catalog.tokens import Token
from mvc.catalog.type_names import read_type


def alter_relation(draft: Draft, cursor: Cursor) -> None:
    """What follows `ALTER TABLE`. Raises Missing when there is no such table."""
    quiet = cursor.if_exists()
    only = cursor.take("only")
    name = cursor.qualified()
    cursor.take("*")
    relation = draft.lookup(name)
    if relation is None:
        if quiet or not any(_matters(action) for action in cursor.items()):
            return  # pg_dump gives the owner of a sequence with ALTER TABLE
        raise Missing(name)
    for action in cursor.items():
        _act(draft, relation, action, only=only)


def _matters(action: Cursor) -> bool:
    return any(action.sees(*words) for words in (*_ACTIONS, *_INHERITED))


def _act(draft: Draft, relation: DraftRelation, action: Cursor, *, only: bool) -> None:
    for words, read in _ACTIONS.items():
        if action.take(*words):
            read(draft, relation, action)
            return
    for words, read in _INHERITED.items():
        if action.take(*words):
            start = action.index
            for item in relation.family(only=only):
                action.index = start
                read(draft, item, action)
            return


def _add(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    action.take("column")
    quiet = action.if_not_exists()
    if not (quiet and action.peek().text in relation.columns):
        add_column(draft, relation, action)


def _drop_column(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    action.take("column")
    quiet = action.if_exists()
    column = action.name()
    if column.text not in relation.columns:
        _ = quiet or draft.has_column(relation, column)
        return
    del relation.columns[column.text]
    relation.keys = [key for key in relation.keys if column.text not in key.columns]
    relation.references = [item for item in relation.references if column.text not in item.columns]


def _drop_constraint(_: Draft, relation: DraftRelation, action: Cursor) -> None:
    action.if_exists()
    name = action.name().text
    relation.keys = [key for key in relation.keys if key.name != name]
    relation.references = [item for item in relation.references if item.name != name]


def _alter_column(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    action.take("column")
    column = action.name()
    if not draft.has_column(relation, column):
        return
    if action.take("set", "not", "null"):
        set_nullable(relation, column.text, nullable=False)
    elif action.take("drop", "not", "null"):
        set_nullable(relation, column.text, nullable=True)
    elif action.take("type") or action.take("set", "data", "type"):
        written = read_type(action)
        collation = draft.folds(action.qualified()) if action.take("collate") else draft.collation_of(written)
        retyped = replace(relation.columns[column.text], type=draft.spell(written), collation=collation)
        relation.columns[column.text] = retyped


def _rename_column(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    action.take("column")
    old = action.name()
    action.expect("to")
    new = action.name()
    if draft.has_column(relation, old):
        _replace_column(draft, relation, old, new)


def _replace_column(draft: Draft, relation: DraftRelation, old: Token, new: Token) -> None:
    def renamed(names: list[str]) -> list[str]:
        return [new.text if name == old.text else name for name in names]

    columns = relation.columns.values()
    relation.columns = {
        item.name: item
        for item in (replace(column, name=new.text) if column.name == old.text else column for column in columns)
    }
    relation.partition_by = renamed(relation.partition_by)
    for key in relation.keys:
        key.columns = renamed(key.columns)
    for reference in relation.references:
        reference.columns = renamed(reference.columns)
    for reference in (item for other in draft.relations.values() for item in other.references):
        if reference.found is relation:
            reference.target_columns = renamed(reference.target_columns)


def _rename_constraint(_: Draft, relation: DraftRelation, action: Cursor) -> None:
    old = action.name().text
    action.expect("to")
    new = action.name().text
    constraints: list[DraftKey | DraftReference] = [*relation.keys, *relation.references]
    for item in constraints:
        item.name = new if item.name == old else item.name


def _rename(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    draft.rename(relation, relation.schema, action.name().text)


def _set_schema(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    draft.rename(relation, action.name().text, relation.name)


def _attach(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    become_partition(draft.find(action.qualified()), relation)


def _detach(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    child = draft.find(action.qualified())
    if child in relation.children:
        relation.children.remove(child)
        child.kind = "partitioned table" if child.partition_by else "table"


def _inherit(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    inherit(relation, draft.find(action.qualified()))


def _disinherit(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    parent = draft.find(action.qualified())
    parent.children = [child for child in parent.children if child is not relation]


def _enable_row_security(_: Draft, relation: DraftRelation, __: Cursor) -> None:
    relation.row_security = True


def _disable_row_security(_: Draft, relation: DraftRelation, __: Cursor) -> None:
    relation.row_security = False


def _nothing(_: Draft, __: DraftRelation, ___: Cursor) -> None:
    """Whether a constraint may be deferred is nothing that the catalog holds."""


def _validate(_: Draft, relation: DraftRelation, action: Cursor) -> None:
    name = action.name().text
    for reference in relation.references:
        reference.valid = reference.valid or reference.name == name


def _add_constraint(draft: Draft, relation: DraftRelation, action: Cursor) -> None:
    if starts_constraint(action):
        read_table_constraint(draft, relation, action)
    else:
        for item in relation.family():
            again = Cursor(action.tokens[action.index :])
            _add(draft, item, again)


_Action = Callable[[Draft, DraftRelation, Cursor], None]

# The first entry whose words come next is taken, so longer ones stand before shorter ones.
_ACTIONS: Final[dict[tuple[str, ...], _Action]] = {
    ("add",): _add_constraint,
    ("drop", "constraint"): _drop_constraint,
    ("alter", "constraint"): _nothing,
    ("rename", "constraint"): _rename_constraint,
    ("rename", "to"): _rename,
    ("set", "schema"): _set_schema,
    ("attach", "partition"): _attach,
    ("detach", "partition"): _detach,
    ("inherit",): _inherit,
    ("no", "inherit"): _disinherit,
    ("enable", "row", "level", "security"): _enable_row_security,
    ("disable", "row", "level", "security"): _disable_row_security,
    ("validate", "constraint"): _validate,
}
# These go down to partitions and inheriting tables, unless ALTER TABLE ONLY is said.
_INHERITED: Final[dict[tuple[str, ...], _Action]] = {
    ("drop",): _drop_column,
    ("alter",): _alter_column,
    ("rename",): _rename_column,
}
