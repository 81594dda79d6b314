"""CREATE TABLE in all its forms, and the column definitions that ALTER TABLE shares with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Final

from mvc.catalog.constraints import add_key, add_reference, read_reference, read_table_constraint, set_nullable
from mvc.catalog.create_view import query_of
from mvc.catalog.draft import TEMPORARY, Draft, DraftKey, DraftRelation
from mvc.catalog.foreign_types import GivenType
from mvc.catalog.tokens import Token, Unreadable
from mvc.catalog.type_names import TypeName
from mvc.catalog.types import Column, CompositeType, DomainType, PartitionMethod, RelationKind
from mvc.catalog.written import Written, items, strings
from mvc.sql.parser import Node

_METHODS: Final[Mapping[str, PartitionMethod]] = {
    "PARTITION_STRATEGY_RANGE": "range",
    "PARTITION_STRATEGY_LIST": "list",
    "PARTITION_STRATEGY_HASH": "hash",
}
_LIKE_INDEXES: Final = 1 << 6  # CREATE_TABLE_LIKE_INDEXES


def create_table(draft: Draft, written: Written) -> None:
    """Raises Missing when a table that it copies from is not there."""
    foreign = written.kind == "CreateForeignTableStmt"
    node = written.node["base"] if foreign else written.node
    table = new_table(draft, written, node["relation"], "foreign table" if foreign else "table")
    if node.get("if_not_exists") and (table.schema, table.name) in draft.relations:
        return
    if "partbound" in node:
        _partition_of(draft, table, written, node)
    else:
        _columns(draft, table, written, node)
    for kind, element in items(node.get("tableElts", [])):
        if kind == "Constraint":
            read_table_constraint(draft, table, written, element)
    if "partspec" in node:
        _partition_by(table, node["partspec"])
    draft.add(table)


def create_table_as(draft: Draft, written: Written) -> None:
    """`CREATE TABLE … AS query`; the table takes over no NOT NULL."""
    into = written.node["into"]
    table = new_table(draft, written, into["rel"], "table")
    if written.node.get("if_not_exists") and (table.schema, table.name) in draft.relations:
        return
    if "SelectStmt" in written.node["query"]:  # and no EXECUTE
        columns = query_of(draft, written, into["rel"], strings(into.get("colNames", [])))
        table.columns = {name: replace(column, nullable=True) for name, column in columns.items()}
    draft.add(table)


def new_table(draft: Draft, written: Written, relation: Node, kind: RelationKind) -> DraftRelation:
    """A relation without columns, of the name that a `RangeVar` gives."""
    name = written.name(relation)
    schema, bare = draft.home(name)
    return DraftRelation(TEMPORARY if relation.get("relpersistence") == "t" else schema, bare, kind, draft.span(name))


def add_column(draft: Draft, table: DraftRelation, written: Written, node: Node) -> None:
    """A column definition with its constraints. A column that the table has already gives a finding."""
    column = written.column(node)
    if column.text in table.columns:
        draft.twice(f"column `{column.text}` of `{table.title}`", draft.span(column))
        return
    type_ = written.type(node["typeName"])
    at = written.cursor(node["typeName"].get("location")).token()
    draft.given.append(GivenType(column.text, type_, draft.span(at)))
    nullable = not (type_.serial or _never_null(draft, type_))
    table.columns[column.text] = Column(
        column.text, draft.spell(type_), nullable, written.collation(draft, node, type_)
    )
    _column_constraints(draft, table, written, node, column)


def inherit(table: DraftRelation, parent: DraftRelation) -> None:
    """Takes the parent's columns; keys are not inherited, and those of the parent no longer hold for all its rows."""
    table.columns = {**parent.columns, **table.columns}
    if table.schema != TEMPORARY:
        parent.children.append(table)


def become_partition(table: DraftRelation, parent: DraftRelation) -> None:
    """Gives a table what every partition has from its parent."""
    table.kind = "partition"
    parent.children.append(table)
    for key in parent.keys:
        add_key(table, replace(key, name=""))
    for reference in parent.references:
        add_reference(table, replace(reference, name=""))


def _columns(draft: Draft, table: DraftRelation, written: Written, node: Node) -> None:
    """All columns, before the constraints that speak of them."""
    if "ofTypename" in node:
        _of_type(draft, table, written, node["ofTypename"])
    for kind, element in items(node.get("tableElts", [])):
        if kind == "TableLikeClause":
            _like(draft, table, written, element)
        elif kind == "ColumnDef" and "typeName" in element:
            add_column(draft, table, written, element)
        elif kind == "ColumnDef":
            _options(draft, table, written, element)
    for _, parent in items(node.get("inhRelations", [])):
        inherit(table, draft.find(written.name(parent)))


def _options(draft: Draft, table: DraftRelation, written: Written, node: Node) -> None:
    """`column [WITH OPTIONS] …` of a typed table or a partition names a column that is there already."""
    column = written.column(node)
    if draft.has_column(table, column):
        _column_constraints(draft, table, written, node, column)


def _partition_by(table: DraftRelation, node: Node) -> None:
    """Columns only: a partition key that is an expression constrains no column by itself."""
    table.partition_method = _METHODS.get(node["strategy"], "expression")
    if table.kind == "table":
        table.kind = "partitioned table"
    for _, part in items(node["partParams"]):
        if part.get("name") in table.columns:
            table.partition_by.append(part["name"])
        else:
            table.partition_method = "expression"


def _partition_of(draft: Draft, table: DraftRelation, written: Written, node: Node) -> None:
    ((_, parent_node),) = items(node["inhRelations"])
    parent = draft.find(written.name(parent_node))
    table.columns = dict(parent.columns)
    become_partition(table, parent)
    for kind, element in items(node.get("tableElts", [])):
        if kind == "ColumnDef":
            _options(draft, table, written, element)


def _of_type(draft: Draft, table: DraftRelation, written: Written, node: Node) -> None:
    name = written.name(node)
    place = draft.resolve(TypeName(name.schema, name.name))
    composite = draft.types.get(place) if place else None
    if not isinstance(composite, CompositeType):
        raise Unreadable(f"the type {name.name} of this table is not known", name.start, name.end)
    table.columns = {column.name: column for column in composite.columns}


def _like(draft: Draft, table: DraftRelation, written: Written, node: Node) -> None:
    """`LIKE other [INCLUDING …]`: columns and NOT NULLs always, keys only with INDEXES or ALL."""
    other = draft.find(written.name(node["relation"]))
    table.columns.update(other.columns)
    for key in other.keys if node.get("options", 0) & _LIKE_INDEXES else ():
        add_key(table, replace(key, name=""))
    if node.get("options", 0) & _LIKE_INDEXES:
        table.indexes += [replace(index, name="") for index in other.indexes]


def _column_constraints(draft: Draft, table: DraftRelation, written: Written, node: Node, column: Token) -> None:
    constraints = [constraint for _, constraint in items(node.get("constraints", []))]
    for number, constraint in enumerate(constraints):
        name, kind = constraint.get("conname", ""), constraint["contype"]
        if kind in ("CONSTR_NOTNULL", "CONSTR_IDENTITY"):
            set_nullable(table, column.text, nullable=False)
        elif kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"):
            add_key(table, DraftKey(name, [column.text], primary=kind == "CONSTR_PRIMARY"))
        elif kind == "CONSTR_FOREIGN":
            read_reference(
                draft, table, written, constraint, (name, [column.text], _is_enforced(constraints[number + 1 :]))
            )


def _is_enforced(following: list[Node]) -> bool:
    """Whether the attributes that follow a column's constraint leave it in force."""
    attributes = takewhile(lambda name: name.startswith("CONSTR_ATTR_"), (item["contype"] for item in following))
    return "CONSTR_ATTR_NOT_ENFORCED" not in attributes


def _never_null(draft: Draft, written: TypeName) -> bool:
    """Whether the type is a domain that forbids NULL."""
    place = draft.resolve(written)
    domain = draft.types.get(place) if place and not written.array else None
    return isinstance(domain, DomainType) and not domain.nullable
