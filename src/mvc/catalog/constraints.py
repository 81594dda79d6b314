"""Keys, foreign keys and NOT NULLs, inline or at the table, in CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.draft import Draft, DraftKey, DraftReference, DraftRelation
from mvc.catalog.tokens import Token, cut

_STARTS: Final = (
    ("constraint",),
    ("primary", "key"),
    ("unique",),
    ("check",),
    ("foreign", "key"),
    ("exclude", "using"),
    ("exclude", "("),
    ("not", "null"),
)


def starts_constraint(cursor: Cursor) -> bool:
    """Whether a constraint of the table comes next, not a column."""
    return any(cursor.sees(*words) for words in _STARTS)


def read_table_constraint(draft: Draft, relation: DraftRelation, cursor: Cursor) -> None:
    """`[CONSTRAINT name] PRIMARY KEY (…) | UNIQUE (…) | FOREIGN KEY (…) REFERENCES … | NOT NULL column | …`."""
    name = cursor.name().text if cursor.take("constraint") else ""
    if cursor.take("primary", "key"):
        _table_key(draft, relation, cursor, DraftKey(name, [], primary=True))
    elif cursor.take("unique"):
        _table_key(draft, relation, cursor, DraftKey(name, []))
    elif cursor.take("foreign", "key"):
        columns = cursor.group().items()
        read_reference(draft, relation, cursor, (name, [item.token() for item in columns]))
    elif cursor.take("not", "null"):
        column = cursor.name()
        if draft.has_column(relation, column):
            nullable = _follows(cursor, "not", "valid")
            for item in relation.family():
                set_nullable(item, column.text, nullable=nullable)


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


def known_columns(draft: Draft, relation: DraftRelation, columns: list[Token]) -> bool:
    """Whether all columns are there; each that is not gives a finding."""
    return all([draft.has_column(relation, column) for column in columns])  # noqa: C419  all of them are to be reported


def read_reference(draft: Draft, relation: DraftRelation, cursor: Cursor, named: tuple[str, list[Token]]) -> None:
    """`REFERENCES target [(columns)] …`, for the constraint's name and columns that were read before it."""
    name, columns = named
    cursor.expect("references")
    target = cursor.qualified()
    listed = list(cursor.group().items()) if cursor.sees("(") else []
    over_time = any(item.sees("period") and len(item.tokens) > 1 for item in listed)
    target_columns = [item.token().text for item in listed]
    valid = _end_of_reference(cursor)
    if over_time or not known_columns(draft, relation, columns):
        return
    place = draft.span(target)
    names = [column.text for column in columns]
    reference = DraftReference(name, names, target, target_columns, draft.path, place, valid, draft.lookup(target))
    add_reference(relation, reference)


def _table_key(draft: Draft, relation: DraftRelation, cursor: Cursor, key: DraftKey) -> None:
    if cursor.take("using", "index"):
        _use_index(relation, cursor.name().text, key)
        return
    take_nulls(cursor)
    columns = cursor.names()
    if known_columns(draft, relation, columns):
        add_key(relation, replace(key, columns=[column.text for column in columns]))


def take_nulls(cursor: Cursor) -> None:
    """`NULLS [NOT] DISTINCT` changes nothing here: a key speaks of its non-null values."""
    if cursor.take("nulls"):
        cursor.take("not")
        cursor.take("distinct")


def _use_index(relation: DraftRelation, index: str, key: DraftKey) -> None:
    found = next((item for item in relation.keys if item.name == index), None)
    if found:
        relation.keys.remove(found)
        add_key(relation, replace(key, name=key.name or index, columns=found.columns))


def _end_of_reference(cursor: Cursor) -> bool:
    """Passes over MATCH, ON DELETE and so on; whether the server vouches for the rows that are there."""
    valid = True
    while not cursor.at_end():
        if cursor.take("match"):
            cursor.token()
        elif cursor.take("on"):
            cursor.token()
            _action(cursor)
        elif cursor.take("not", "valid") or cursor.take("not", "enforced"):
            valid = False
        elif not _deferral(cursor):
            break
    return valid


def _action(cursor: Cursor) -> None:
    if cursor.take("no", "action") or not cursor.take("set"):
        cursor.take_any("cascade", "restrict")
        return
    cursor.token()
    if cursor.sees("("):
        cursor.group()


def _deferral(cursor: Cursor) -> bool:
    return (
        cursor.take("not", "deferrable")
        or cursor.take("deferrable")
        or cursor.take("initially", "deferred")
        or cursor.take("initially", "immediate")
        or cursor.take("enforced")
    )


def _follows(cursor: Cursor, *words: str) -> bool:
    while not cursor.at_end():
        if cursor.take(*words):
            return True
        cursor.skip_one()
    return False


def _default_name(relation: DraftRelation, columns: list[str], suffix: str) -> str:
    middle = "" if suffix == "pkey" else "_".join(columns) + "_"
    return f"{relation.name}_{middle}{suffix}"
