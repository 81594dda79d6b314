"""Keys, foreign keys and NOT NULLs, inline or at the table, in CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mvc.catalog.draft import Draft, DraftKey, DraftReference, DraftRelation
from mvc.catalog.tokens import Token, cut
from mvc.catalog.written import Written, strings
from mvc.sql.parser import Node


def read_table_constraint(draft: Draft, relation: DraftRelation, written: Written, node: Node) -> None:
    """`[CONSTRAINT name] PRIMARY KEY (…) | UNIQUE (…) | FOREIGN KEY (…) REFERENCES … | NOT NULL column | …`."""
    name, kind = node.get("conname", ""), node["contype"]
    if kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"):
        _table_key(draft, relation, written, node)
    elif kind == "CONSTR_FOREIGN":
        columns = strings(node["fk_attrs"])
        if known_columns(draft, relation, columns, lambda: _listed(written, node)):
            valid = bool(node.get("is_enforced")) and not node.get("skip_validation")
            read_reference(draft, relation, written, node, (name, columns, valid))
    elif kind == "CONSTR_NOTNULL":
        column = _after_not_null(written, node)
        if draft.has_column(relation, column):
            for item in relation.family():
                set_nullable(item, column.text, nullable=bool(node.get("skip_validation")))


def add_key(relation: DraftRelation, key: DraftKey) -> None:
    """Gives the relation a key, and its partitions too; a primary key's columns become NOT NULL."""
    name = key.name or cut(_default_name(relation, key.columns, "pkey" if key.primary else "key"))
    relation.keys.append(replace(key, name=name, columns=list(key.columns)))
    for column in key.columns if key.primary else ():
        set_nullable(relation, column, nullable=False)
    for child in relation.children if relation.kind != "table" else ():
        add_key(child, replace(key, name=""))


def add_reference(relation: DraftRelation, reference: DraftReference) -> None:
    """Gives the relation a foreign key, and its partitions too."""
    name = reference.name or cut(_default_name(relation, reference.columns, "fkey"))
    relation.references.append(replace(reference, name=name, columns=list(reference.columns)))
    for child in relation.children if relation.kind != "table" else ():
        add_reference(child, replace(reference, name=""))


def set_nullable(relation: DraftRelation, column: str, *, nullable: bool) -> None:
    if column in relation.columns:
        relation.columns[column] = replace(relation.columns[column], nullable=nullable)


def known_columns(draft: Draft, relation: DraftRelation, names: list[str], places: Callable[[], list[Token]]) -> bool:
    """Whether all columns are there; each that is not gives a finding, at one of the `places` of the names."""
    if all(name in relation.columns for name in names):
        return True
    for token in places():
        draft.has_column(relation, token)
    return False


def read_reference(
    draft: Draft, relation: DraftRelation, written: Written, node: Node, found: tuple[str, list[str], bool]
) -> None:
    """`REFERENCES target [(columns)] …`, of a constraint's name and columns; whether the server vouches for the rows that are there."""
    name, columns, valid = found
    if node.get("fk_with_period"):
        return
    target = written.name(node["pktable"])
    targets, place = strings(node.get("pk_attrs", [])), draft.span(target)
    reference = DraftReference(name, columns, target, targets, draft.path, place, valid, draft.lookup(target))
    add_reference(relation, reference)


def _table_key(draft: Draft, relation: DraftRelation, written: Written, node: Node) -> None:
    """NULLS NOT DISTINCT changes nothing here: a key speaks of its non-null values."""
    key = DraftKey(node.get("conname", ""), [], primary=node["contype"] == "CONSTR_PRIMARY")
    if index := node.get("indexname"):
        _use_index(relation, index, key)
        return
    columns = strings(node["keys"])
    if known_columns(draft, relation, columns, lambda: _listed(written, node)):
        add_key(relation, replace(key, columns=columns))


def _listed(written: Written, node: Node) -> list[Token]:
    return written.bracketed(node.get("location")).names()


def _after_not_null(written: Written, node: Node) -> Token:
    cursor = written.cursor(node.get("location"))
    if cursor.take("constraint"):
        cursor.name()
    cursor.expect("not", "null")
    return cursor.name()


def _use_index(relation: DraftRelation, index: str, key: DraftKey) -> None:
    found = next((item for item in relation.keys if item.name == index), None)
    if found:
        relation.keys.remove(found)
        add_key(relation, replace(key, name=key.name or index, columns=found.columns))


def _default_name(relation: DraftRelation, columns: list[str], suffix: str) -> str:
    middle = "" if suffix == "pkey" else "_".join(columns) + "_"
    return f"{relation.name}_{middle}{suffix}"
