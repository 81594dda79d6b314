"""Tables that are no base tables: how they are drawn, which rows they have, and what stands for them in YAML and in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from .catalog import FROM_TABLE, Column, Rows, Several, Spine, Table
from .expressions import PERIOD, STRICT, Value, literal


def with_made(tables: Mapping[str, Table], rows: Rows) -> Rows:
    """The rows of base tables with those that are made."""
    return {**rows, **{name: made_rows(table, rows) for name, table in tables.items() if table.made}}


def several(name: str, arms: Sequence[Table], schema: str) -> Table:
    """Base tables read as one: the columns that all have, and the keys together with the table that a row is from."""
    columns = [Column(FROM_TABLE, "text", nullable=False)]
    for column in arms[0].columns:
        alike = [each for arm in arms for each in arm.columns if (each.name, each.type) == (column.name, column.type)]
        if len(alike) == len(arms):
            columns.append(replace(column, nullable=any(each.nullable for each in alike)))
    names = {column.name for column in columns}
    keys = [key for key in arms[0].keys if all(key in arm.keys for arm in arms)]
    pointing = {ref.columns: replace(ref, declared=False) for arm in arms for ref in arm.references}
    return Table(
        name,
        tuple(columns),
        uniques=tuple((FROM_TABLE, *key) for key in keys if names.issuperset(key)),
        references=tuple(ref for ref in pointing.values() if names.issuperset(ref.columns)),
        made=Several(tuple(arm.name for arm in arms), schema),
    )


def made_rows(table: Table, rows: Rows) -> list[dict[str, Value]]:
    names = [column.name for column in table.columns]
    if isinstance(table.made, Several):
        return [
            {column: label if column == FROM_TABLE else row[column] for column in names}
            for arm, label in zip(table.made.tables, table.made.names, strict=True)
            for row in rows[arm]
        ]
    if isinstance(table.made, Spine):
        return [{table.made.unit: day} for day in periods(table.made)]
    assert table.made is not None
    return [dict(zip(names, row, strict=True)) for row in table.made.rows]


def periods(spine: Spine) -> list[date]:
    """The first day of each period that some day is in."""
    assert spine.last is not None, "what is until today has no rows here"
    days = [spine.first + timedelta(days=number) for number in range((spine.last - spine.first).days + 1)]
    return list(dict.fromkeys(STRICT[f"{PERIOD}{spine.unit}"](day) for day in days))


# --- in YAML ----------------------------------------------------------------------------------------------------------


def written(table: Table) -> dict[str, object]:
    """What says in a spec which rows a source has."""
    if table.made is None:
        return {"table": table.name}
    if isinstance(table.made, Several):
        return {"table": list(table.made.names)}
    if isinstance(table.made, Spine):
        last = "today" if table.made.last is None else table.made.last.isoformat()
        zone = {"zone": table.made.zone} if table.made.zone else {}
        return {"spine": table.made.unit, "from": table.made.first.isoformat(), "to": last, **zone}
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
    if isinstance(table.made, Several):
        listed = ", ".join(column.name for column in table.columns if column.name != FROM_TABLE)
        return " UNION ALL ".join(
            f"SELECT '{arm} ' || ctid AS tid, '{label}'::text AS {', '.join(filter(None, (FROM_TABLE, listed)))} FROM public.{arm}"
            for arm, label in zip(table.made.tables, table.made.names, strict=True)
        )
    if isinstance(table.made, Spine):
        unit, days = table.made.unit, f"'{table.made.first}'::timestamp, '{table.made.last}'::timestamp"
        days = f"SELECT DISTINCT date_trunc('{unit}', day)::date AS {unit} FROM generate_series({days}, '1 day') AS day"
        return f"SELECT {unit} AS tid, {unit} FROM ({days}) AS days"
    names = ", ".join(column.name for column in table.columns)
    types = [column.type for column in table.columns]
    rows = (
        ", ".join((str(number), *(f"{literal(value)}::{type_}" for value, type_ in zip(row, types, strict=True))))
        for number, row in enumerate(table.made.rows)
    )
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) AS given (tid, {names})"
