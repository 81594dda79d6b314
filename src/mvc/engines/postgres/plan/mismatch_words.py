"""A mismatch in words: what is wrong, and what would mend it on either side. Statements are meant to be pasted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mvc.catalog.types import Function
from mvc.engines.postgres.plan.mismatches import (
    ColumnMayBeNull,
    ColumnMissing,
    ColumnTypeDiffers,
    ColumnUnknown,
    ForeignKeyMissing,
    FunctionDiffers,
    FunctionMissing,
    KeyMissing,
    Mismatch,
    RelationKindDiffers,
    RelationMissing,
)
from mvc.quoting import identifier, qualified

# PostgreSQL refuses it as long as a view reads the column.
_AROUND: Final = "write that into a file, and mvc around FILE takes it past the views that are deployed; a plain ALTER is refused while they read it"


def title_of(mismatch: Mismatch) -> str:
    """What is wrong."""
    said: str = _TITLES[type(mismatch)](mismatch)
    return said


def mends_of(mismatch: Mismatch) -> tuple[str, ...]:
    """What makes the database as the project believes it to be, and what has the project believe what is so."""
    database, catalog = _MENDS[type(mismatch)](mismatch)
    lines = [f"if the database is to be changed: {database}"] if database else []
    if isinstance(mismatch, ColumnTypeDiffers):
        lines.append(_AROUND)
    return (*lines, f"if the catalog is to be changed: mvc catalog pull, or in its DDL {catalog}")


def _relation(mismatch: Any) -> str:
    return qualified(*mismatch.relation)


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(map(identifier, names))


def _signature(function: Function) -> str:
    return f"{qualified(function.schema, function.name)}({', '.join(function.arguments)})"


def _given(function: Function) -> str:
    rows = "SETOF " if function.returns_set else ""
    article = "an" if function.volatility == "immutable" else "a"
    return f"{article} {function.volatility} {function.kind} that returns {rows}{function.returns}"


_TITLES: Final[dict[type, Callable[[Any], str]]] = {
    RelationMissing: lambda it: f"the database has no {it.believed.kind} `{_relation(it)}`",
    RelationKindDiffers: lambda it: f"`{_relation(it)}` is a {it.there} in the database, not a {it.believed}",
    ColumnMissing: lambda it: f"`{_relation(it)}` has no column `{it.believed.name}` in the database",
    ColumnUnknown: lambda it: (
        f"`{_relation(it)}` has a column `{it.there.name}` in the database that the catalog does not know of"
    ),
    ColumnTypeDiffers: lambda it: (
        f"`{_relation(it)}.{identifier(it.column)}` is {it.there} in the database, not {it.believed}"
    ),
    ColumnMayBeNull: lambda it: f"`{_relation(it)}.{identifier(it.column)}` may be NULL in the database",
    KeyMissing: lambda it: (
        f"`{_relation(it)}` has no {_key_word(it)} on ({_columns(it.believed.columns)}) in the database"
    ),
    ForeignKeyMissing: lambda it: (
        f"`{_relation(it)}` has no foreign key on ({_columns(it.believed.columns)}) in the database"
    ),
    FunctionMissing: lambda it: f"the database has no function `{_signature(it.believed)}`",
    FunctionDiffers: lambda it: (
        f"`{_signature(it.believed)}` is {_given(it.there)} in the database, not {_given(it.believed)}"
        if _given(it.there) != _given(it.believed)
        else f"`{_signature(it.believed)}` takes or gives columns of other names in the database"
    ),
}


def _key_word(mismatch: KeyMissing) -> str:
    return "primary key" if mismatch.believed.primary else "unique key"


def _create_table(mismatch: RelationMissing) -> str:
    columns = (
        f"{identifier(column.name)} {column.type}{'' if column.nullable else ' NOT NULL'}"
        for column in mismatch.believed.columns
    )
    keys = (f"{'PRIMARY KEY' if key.primary else 'UNIQUE'} ({_columns(key.columns)})" for key in mismatch.believed.keys)
    return f"CREATE TABLE {_relation(mismatch)} ({', '.join((*columns, *keys))})"


def _of_relation(mismatch: RelationMissing) -> tuple[str, str]:
    table = mismatch.believed.kind == "table"
    made = _create_table(mismatch) if table else f"create the {mismatch.believed.kind} {_relation(mismatch)}"
    return made, f"take {_relation(mismatch)} out, and what reads it out of the views"


def _of_key(mismatch: KeyMissing) -> tuple[str, str]:
    kind = "PRIMARY KEY" if mismatch.believed.primary else "UNIQUE"
    add = f"ALTER TABLE {_relation(mismatch)} ADD {kind} ({_columns(mismatch.believed.columns)})"
    return add, f"take the {_key_word(mismatch)} out"


def _of_foreign_key(mismatch: ForeignKeyMissing) -> tuple[str, str]:
    key = mismatch.believed
    target = f"{qualified(*key.target)} ({_columns(key.target_columns)})"
    add = f"ALTER TABLE {_relation(mismatch)} ADD FOREIGN KEY ({_columns(key.columns)}) REFERENCES {target}"
    return add, "take the foreign key out"


def _of_column(mismatch: ColumnMissing) -> tuple[str, str]:
    table, column = f"ALTER TABLE {_relation(mismatch)}", mismatch.believed
    never_null = "" if column.nullable else " NOT NULL"
    add = f"{table} ADD COLUMN {identifier(column.name)} {column.type or 'TYPE'}{never_null}"
    return add, f"{table} DROP COLUMN {identifier(column.name)}, and take it out of the view"


def _of_type(mismatch: ColumnTypeDiffers) -> tuple[str, str]:
    column = f"ALTER TABLE {_relation(mismatch)} ALTER COLUMN {identifier(mismatch.column)} TYPE"
    return f"{column} {mismatch.believed}", f"{column} {mismatch.there}"


def _of_null(mismatch: ColumnMayBeNull) -> tuple[str, str]:
    column = f"ALTER TABLE {_relation(mismatch)} ALTER COLUMN {identifier(mismatch.column)}"
    return f"{column} SET NOT NULL", f"{column} DROP NOT NULL"


def _of_unknown(mismatch: ColumnUnknown) -> tuple[str, str]:
    column = f"{identifier(mismatch.there.name)} {mismatch.there.type}"
    return "", f"ALTER TABLE {_relation(mismatch)} ADD COLUMN {column}"


def _of_function(mismatch: FunctionMissing | FunctionDiffers) -> tuple[str, str]:
    believed = mismatch.believed
    made = f"create {_signature(believed)} as {_given(believed)}"
    there = f"write it as {_given(mismatch.there)}" if isinstance(mismatch, FunctionDiffers) else "take it out"
    return made, there


_MENDS: Final[dict[type, Callable[[Any], tuple[str, str]]]] = {
    RelationMissing: _of_relation,
    RelationKindDiffers: lambda it: (f"make {_relation(it)} a {it.believed}", f"write it as a {it.there}"),
    ColumnMissing: _of_column,
    ColumnUnknown: _of_unknown,
    ColumnTypeDiffers: _of_type,
    ColumnMayBeNull: _of_null,
    KeyMissing: _of_key,
    ForeignKeyMissing: _of_foreign_key,
    FunctionMissing: _of_function,
    FunctionDiffers: _of_function,
}
