"""CREATE TABLE in all its forms, and the column definitions that ALTER TABLE shares with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mvc.catalog.constraints import (
    add_key,
    add_reference,
    read_reference,
    read_table_constraint,
    set_nullable,
    starts_constraint,
    take_nulls,
)
from mvc.catalog.create_view import read_query
from mvc.catalog.cursor import Cursor
from mvc.catalog.draft import TEMPORARY, Draft, DraftKey, DraftRelation
from mvc.catalog.tokens import Token
from mvc.catalog.type_names import TypeName, read_type
from mvc.catalog.types import Column, CompositeType, DomainType, PartitionMethod, RelationKind

_AFTER_DEFAULT: Final = frozenset(
    {"constraint", "not", "null", "primary", "unique", "references", "check", "generated", "collate"}
)
_METHODS: Final[Mapping[str, PartitionMethod]] = {"range": "range", "list": "list", "hash": "hash"}
_COPIES_KEYS: Final = frozenset({"indexes", "all"})


def create_table(draft: Draft, cursor: Cursor, *, temporary: bool = False, foreign: bool = False) -> None:
    """What follows `CREATE … TABLE`. Raises Missing when a table that it copies from is not there."""
    quiet = cursor.if_not_exists()
    name = cursor.qualified()
    schema = TEMPORARY if temporary else draft.home(name)[0]
    kind: RelationKind = "foreign table" if foreign else "table"
    table = DraftRelation(schema, name.name, kind, draft.span(name))
    if quiet and (schema, name.name) in draft.relations:
        return
    if cursor.take("partition", "of"):
        _partition_of(draft, table, cursor)
    else:
        _read_body(draft, table, cursor)
    draft.add(table)


def add_column(draft: Draft, table: DraftRelation, cursor: Cursor) -> None:
    """A column definition with its constraints. A column that the table has already gives a finding."""
    column = cursor.name()
    if column.text in table.columns:
        draft.twice(f"column `{column.text}` of `{table.title}`", draft.span(column))
        return
    written = read_type(cursor)
    nullable = not (written.serial or _never_null(draft, written))
    table.columns[column.text] = Column(column.text, draft.spell(written), nullable, draft.collation_of(written))
    _column_constraints(draft, table, cursor, column)


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


def _read_body(draft: Draft, table: DraftRelation, cursor: Cursor) -> None:
    if cursor.take("of"):
        _of_type(draft, table, cursor)
    elif cursor.sees("("):
        group = cursor.group()
        if cursor.sees("as"):
            listed = [item.name().text for item in group.items()]
            table.columns = _filled(read_query(draft, cursor, listed))
            return
        _elements(draft, table, group)
    _tail(draft, table, cursor)


def _elements(draft: Draft, table: DraftRelation, group: Cursor) -> None:
    """The columns first, then the constraints that speak of them."""
    constraints = []
    for item in group.items():
        if item.take("like"):
            _like(draft, table, item)
        elif starts_constraint(item):
            constraints.append(item)
        elif _has_options(item):
            _column_constraints(draft, table, item, item.name())
        else:
            add_column(draft, table, item)
    for item in constraints:
        read_table_constraint(draft, table, item)


def _has_options(item: Cursor) -> bool:
    """`column WITH OPTIONS …` of a typed table or a partition names a column that is there already."""
    return item.peek(1).text == "with" and item.peek(2).text == "options"


def _tail(draft: Draft, table: DraftRelation, cursor: Cursor) -> None:
    while not cursor.at_end():
        if cursor.take("inherits"):
            for item in cursor.group().items():
                inherit(table, draft.find(item.qualified()))
        elif cursor.take("partition", "by"):
            _partition_by(table, cursor)
        elif cursor.sees("as"):
            table.columns = _filled(read_query(draft, cursor, []))
            return
        else:
            cursor.skip_one()


def _filled(columns: dict[str, Column]) -> dict[str, Column]:
    """The columns of a table made from a query: the table takes over no NOT NULL."""
    return {name: replace(column, nullable=True) for name, column in columns.items()}


def _partition_by(table: DraftRelation, cursor: Cursor) -> None:
    """Columns only: a partition key that is an expression constrains no column by itself."""
    table.partition_method = _METHODS.get(cursor.name().text, "expression")
    if table.kind == "table":
        table.kind = "partitioned table"
    for item in cursor.group().items():
        column = item.peek()
        if item.peek(1).text not in ("(", ".", "::") and column.text in table.columns:
            table.partition_by.append(column.text)
        else:
            table.partition_method = "expression"


def _partition_of(draft: Draft, table: DraftRelation, cursor: Cursor) -> None:
    parent = draft.find(cursor.qualified())
    table.columns = dict(parent.columns)
    become_partition(table, parent)
    if cursor.sees("("):
        for item in cursor.group().items():
            _partition_option(draft, table, item)
    _tail(draft, table, cursor)


def _partition_option(draft: Draft, table: DraftRelation, item: Cursor) -> None:
    if starts_constraint(item):
        read_table_constraint(draft, table, item)
        return
    column = item.name()
    if draft.has_column(table, column):
        _column_constraints(draft, table, item, column)


def _of_type(draft: Draft, table: DraftRelation, cursor: Cursor) -> None:
    name = cursor.qualified()
    place = draft.resolve(TypeName(name.schema, name.name))
    composite = draft.types.get(place) if place else None
    if not isinstance(composite, CompositeType):
        raise cursor.unreadable(f"the type {name.name} of this table is not known")
    table.columns = {column.name: column for column in composite.columns}
    if cursor.sees("("):
        _elements(draft, table, cursor.group())


def _like(draft: Draft, table: DraftRelation, item: Cursor) -> None:
    """`LIKE other [INCLUDING …]`: columns and NOT NULLs always, keys only with INDEXES or ALL."""
    other = draft.find(item.qualified())
    table.columns.update(other.columns)
    copies = False
    while word := item.take_any("including", "excluding"):
        if item.name().text in _COPIES_KEYS:
            copies = word == "including"
    for key in other.keys if copies else ():
        add_key(table, replace(key, name=""))


def _column_constraints(draft: Draft, table: DraftRelation, cursor: Cursor, column: Token) -> None:
    while not cursor.at_end():
        name = cursor.name().text if cursor.take("constraint") else ""
        if cursor.take("not", "null"):
            set_nullable(table, column.text, nullable=False)
        elif cursor.take("primary", "key"):
            add_key(table, DraftKey(name, [column.text], primary=True))
        elif cursor.take("unique"):
            take_nulls(cursor)
            add_key(table, DraftKey(name, [column.text]))
        elif cursor.sees("references"):
            read_reference(draft, table, cursor, (name, [column]))
        elif cursor.take("default"):
            _expression(cursor)
        elif cursor.take("collate"):
            collation = draft.folds(cursor.qualified())
            table.columns[column.text] = replace(table.columns[column.text], collation=collation)
        elif cursor.take("generated"):
            _generated(table, cursor, column.text)
        else:
            cursor.skip_one()


def _expression(cursor: Cursor) -> None:
    """A default value ends where a constraint starts; its first token is never one."""
    cursor.skip_one()
    while not cursor.at_end() and cursor.peek().text not in _AFTER_DEFAULT:
        cursor.skip_one()


def _generated(table: DraftRelation, cursor: Cursor, column: str) -> None:
    while not cursor.at_end() and not cursor.take("as"):
        cursor.token()
    if cursor.take("identity"):
        set_nullable(table, column, nullable=False)
    if cursor.sees("("):
        cursor.group()


def _never_null(draft: Draft, written: TypeName) -> bool:
    """Whether the type is a domain that forbids NULL."""
    place = draft.resolve(written)
    domain = draft.types.get(place) if place and not written.array else None
    return isinstance(domain, DomainType) and not domain.nullable
