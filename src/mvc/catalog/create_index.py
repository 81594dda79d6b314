"""CREATE UNIQUE INDEX: a key where it is full and on plain columns."""

from __future__ import annotations

from mvc.catalog.constraints import add_key, known_columns
from mvc.catalog.cursor import Cursor
from mvc.catalog.draft import Draft, DraftKey
from mvc.catalog.tokens import Token, cut


def create_index(draft: Draft, cursor: Cursor) -> None:
    """What follows `CREATE UNIQUE INDEX`. Raises Missing when there is no such table."""
    cursor.take("concurrently")
    cursor.if_not_exists()
    name = "" if cursor.sees("on") else cursor.name().text
    cursor.expect("on")
    cursor.take("only")
    relation = draft.find(cursor.qualified())
    if cursor.take("using"):
        cursor.name()
    columns = [_column(item) for item in cursor.group().items()]
    plain = [column for column in columns if column]
    if len(plain) < len(columns) or _is_partial(cursor):
        return
    if known_columns(draft, relation, plain) and not any(key.name == name for key in relation.keys):
        names = [column.text for column in plain]
        add_key(relation, DraftKey(name or cut("_".join([relation.name, *names, "idx"])), names))


def drop_index(draft: Draft, item: Cursor) -> None:
    """One item of `DROP INDEX name, …`."""
    name = item.qualified()
    for relation in draft.relations.values():
        if name.schema in (None, relation.schema):
            relation.keys = [key for key in relation.keys if key.primary or key.name != name.name]


def _column(item: Cursor) -> Token | None:
    """The column of an index, or None for an expression."""
    first, second = item.peek(), item.peek(1)
    is_name = first.kind in ("word", "name")
    return first if is_name and not (second.kind == "symbol" and second.text) else None


def _is_partial(cursor: Cursor) -> bool:
    while not cursor.at_end():
        if cursor.take("where"):
            return True
        cursor.skip_one()
    return False
