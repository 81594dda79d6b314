"""Tables that are no base tables: how they are drawn, which rows they have, and what stands for them in YAML and in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .catalog import Rows, Table
from .expressions import Value, literal


def with_made(tables: Mapping[str, Table], rows: Rows) -> Rows:
    """The rows of base tables with those that are made."""
    return {**rows, **{name: made_rows(table) for name, table in tables.items() if table.made}}


def made_rows(table: Table) -> list[dict[str, Value]]:
    names = [column.name for column in table.columns]
    assert table.made is not None
    return [dict(zip(names, row, strict=True)) for row in table.made.rows]


# --- in YAML ----------------------------------------------------------------------------------------------------------


def written(table: Table) -> dict[str, object]:
    """What says in a spec which rows a source has."""
    if table.made is None:
        return {"table": table.name}
    names = [column.name for column in table.columns]
    columns: object = {column.name: column.type for column in table.columns} if table.made.said else names
    cells = [[_cell(value) for value in row] for row in table.made.rows]
    if not table.made.mapping:
        return {"values": cells, "columns": columns, "key": list(table.primary)}
    return {"values": {str(first): rest[0] if len(rest) == 1 else rest for first, *rest in cells}, "columns": columns}


def _cell(value: Value) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, int | str) else value.isoformat()


# --- in SQL -----------------------------------------------------------------------------------------------------------


def relation(table: Table) -> str:
    """The rows with a `tid` that tells them apart, for the oracle in SQL."""
    if table.made is None:
        return f"SELECT ctid AS tid, * FROM public.{table.name}"
    names = ", ".join(column.name for column in table.columns)
    types = [column.type for column in table.columns]
    rows = (
        ", ".join((str(number), *(f"{literal(value)}::{type_}" for value, type_ in zip(row, types, strict=True))))
        for number, row in enumerate(table.made.rows)
    )
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) AS given (tid, {names})"
