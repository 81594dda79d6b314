"""Rows that come from no table: values that stand in the spec, and calendars. They are subqueries of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from mvc.analysis.relation import SourceRelation
from mvc.analysis.row_lineage import NO_ROWS, Origin
from mvc.catalog.types import Column
from mvc.expression import parse_expression
from mvc.model.relations import Cell, GivenColumn, SpineRef, ValuesRef
from mvc.quoting import constant, identifier, literal, qualified

_STEPS: Final[Mapping[str, str]] = {"quarter": "3 months"}
_GIVEN: Final = "given"


def of_values(alias: str, ref: ValuesRef) -> SourceRelation:
    """The rows of a spec as what a source reads."""
    names = ", ".join(identifier(column.name) for column in ref.columns)
    rows = ", ".join(f"({', '.join(map(_cell, row, ref.columns))})" for row in ref.rows)
    outputs = ", ".join(qualified(_GIVEN, column.name) for column in ref.columns)
    columns = (Column(item.name, item.type, item.nullable and item.name not in ref.key) for item in ref.columns)
    sql = f"SELECT {outputs} FROM (VALUES {rows}) AS {_GIVEN} ({names})"
    return _made(f"the values {alias}", "values", columns, ref.key, sql)


def _cell(cell: Cell, column: GivenColumn) -> str:
    """A value as PostgreSQL would take it; of a type that was said, by its text."""
    if not column.said:
        return "NULL" if cell is None else constant(cell)
    text = str(cell).lower() if isinstance(cell, bool) else str(cell)
    return f"{'NULL' if cell is None else literal(text)}::{column.type}"


def of_spine(alias: str, ref: SpineRef) -> SourceRelation:
    """The periods of a calendar. They are counted without a zone, so that a day has its hours once."""
    period = qualified("periods", "period")
    output = f"{period} AS {ref.unit}" if ref.unit == "hour" else f"{period}::date AS {ref.unit}"
    step = literal(_STEPS.get(ref.unit, f"1 {ref.unit}"))
    sql = f"SELECT {output} FROM generate_series({_first(ref)}, {_last(ref)}, {step}::interval) AS periods (period)"
    column = Column(ref.unit, "timestamp without time zone" if ref.unit == "hour" else "date", nullable=False)
    made = _made(f"a calendar of {ref.unit}s", f"{ref.unit}s", (column,), (ref.unit,), sql)
    own = qualified(alias, ref.unit)
    until = f"{own} < {_today(ref)} + 1" if ref.unit == "hour" else f"{own} <= {_today(ref)}"
    begins = "it begins today, so that its rows go by themselves" if ref.first is None else ""
    return _in_time(made, until if ref.last is None else "", begins)


def _in_time(made: SourceRelation, until: str, unwatched: str) -> SourceRelation:
    """The rows with the condition by which time adds to them, and with why they cannot be followed."""
    return replace(made, until=parse_expression(until) if until else None, unwatched=unwatched)


def _made(described: str, label: str, columns: Iterable[Column], key: tuple[str, ...], sql: str) -> SourceRelation:
    known = {column.name: column for column in columns}
    nothing: dict[str, frozenset[Origin]] = dict.fromkeys(known, frozenset())
    return SourceRelation(
        described=described,
        columns=known,
        keys=(key,),
        sql=sql,
        written=sql,
        lineage=nothing,
        within=NO_ROWS,
        label=label,
        constant=True,
    )


def _first(ref: SpineRef) -> str:
    if ref.first is None:
        return f"date_trunc('{ref.unit}', {_today(ref)}::timestamp)"
    return f"{literal(_begin(ref.first, ref.unit).isoformat())}::timestamp"


def _last(ref: SpineRef) -> str:
    """The last hour of the day, or the day itself: the periods are counted from the beginning of the first."""
    day = f"{_today(ref)}::timestamp" if ref.last is None else ""
    if ref.last is not None:
        return f"{literal(ref.last.isoformat() + (' 23:00' if ref.unit == 'hour' else ''))}::timestamp"
    return f"{day} + '23 hours'::interval" if ref.unit == "hour" else day


def _today(ref: SpineRef) -> str:
    return f"(now() AT TIME ZONE {literal(ref.zone)})::date" if ref.zone else "CURRENT_DATE"


def _begin(day: date, unit: str) -> date:
    """The first day of the period that holds a day, as date_trunc has it."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1) if unit == "year" else day
