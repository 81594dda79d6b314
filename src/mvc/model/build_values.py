"""Rows that stand in a spec: their columns, with the types that PostgreSQL would give such constants, and the key that tells them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.tokens import Unreadable, all_tokens
from mvc.catalog.type_names import read_type
from mvc.catalog.types import plain_type
from mvc.catalog.well_formed import is_type
from mvc.diagnostics import did_you_mean, error
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.relations import Cell, GivenColumn, ValuesRef
from mvc.spec import SourceSpec

_INTEGERS: Final = ((2**31, "integer"), (2**63, "bigint"))
_NUMBERS: Final = ("smallint", "integer", "bigint", "numeric")


def build_values(spec: SourceSpec, origin: Origin, findings: SpecReader) -> ValuesRef:
    """The rows, with findings for what makes no table."""
    types = dict(spec.columns) if isinstance(spec.columns, Mapping) else dict.fromkeys(spec.columns or (), "")
    if not isinstance(spec.columns, Mapping) and len(types) < len(spec.columns or ()):
        title = "a column stands twice in `columns`"
        findings.add(error("MV323", origin.at("columns").span, title, help="give one of them another name"))
    findings.names(origin.at("columns"), types)
    rows = tuple(_of_width(_rows(spec, origin), len(types), findings))
    cells = list(zip(*rows, strict=True)) or [() for _ in types]
    columns = tuple(
        _column(name, said, tuple(found), origin, findings)
        for (name, said), found in zip(types.items(), cells, strict=True)
    )
    key = spec.key or tuple(types)[:1]
    _check_key(key, columns, rows, origin, findings)
    return ValuesRef(columns, rows, key)


def _rows(spec: SourceSpec, origin: Origin) -> Iterator[tuple[tuple[Cell, ...], Origin]]:
    """Each row, with its place. A key of a mapping is a text to YAML; where all are whole numbers, they are meant as such."""
    if not isinstance(spec.values, Mapping):
        yield from ((row, origin.at("values", number)) for number, row in enumerate(spec.values or ()))
        return
    numbers = all(
        text.isascii() and text.removeprefix("-").isdecimal() and str(int(text)) == text for text in spec.values
    )
    for text, rest in spec.values.items():
        first: Cell = int(text) if numbers else text
        yield (first, *(rest if isinstance(rest, tuple) else (rest,))), origin.at("values", text)


def _of_width(
    rows: Iterator[tuple[tuple[Cell, ...], Origin]], width: int, findings: SpecReader
) -> Iterator[tuple[Cell, ...]]:
    for row, place in rows:
        if len(row) == width:
            yield row
        else:
            title = f"this row has {len(row)} value{'' if len(row) == 1 else 's'}, and `columns` names {width}"
            findings.add(error("MV323", place.span, title, help="write null for what a row does not have"))


def _column(name: str, said: str, cells: Sequence[Cell], origin: Origin, findings: SpecReader) -> GivenColumn:
    nullable = None in cells
    if said:
        return GivenColumn(name, _said(said, origin.at("columns", name), findings), said=True, nullable=nullable)
    kinds = {_kind(cell) for cell in cells if cell is not None}
    if not kinds:
        return GivenColumn(name, "text", said=False, nullable=nullable)
    if len(kinds) > 1 and not kinds <= set(_NUMBERS):
        shown = " and ".join(sorted(kinds))
        help_line = f"write all of them in quotes, or say what they are: columns: {{{name}: text}}"
        findings.add(
            error(
                "MV323",
                origin.at("columns").span,
                f"the values of `{name}` are of several types: {shown}",
                help=help_line,
            )
        )
    return GivenColumn(name, max(kinds, key=_rank), said=False, nullable=nullable)


def _rank(type_: str) -> int:
    return _NUMBERS.index(type_) if type_ in _NUMBERS else -1


def _kind(cell: Cell) -> str:
    """The type of a constant. Rule source: PostgreSQL manual, "Lexical Structure", numeric constants."""
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, int):
        return next((type_ for limit, type_ in _INTEGERS if -limit < cell < limit), "numeric")
    return "numeric" if isinstance(cell, float) else "text"


def _said(text: str, origin: Origin, findings: SpecReader) -> str:
    """The type as the server spells it; one that it does not have by itself as it was written."""
    try:
        written = read_type(Cursor(list(all_tokens(text))))
    except Unreadable:
        written = None
    if written is None or not is_type(written.spelled()):
        findings.add(
            error(
                "MV323",
                origin.span,
                f"`{text}` is no type",
                help='write a type of PostgreSQL: text, date, "numeric(5,2)"',
            )
        )
        return "text"
    return written.spelled()


def _check_key(
    key: Sequence[str],
    columns: Sequence[GivenColumn],
    rows: Sequence[Sequence[Cell]],
    origin: Origin,
    findings: SpecReader,
) -> None:
    names = [column.name for column in columns]
    place = origin.at("key") if "key" in _keys(origin) else origin.at("values")
    for name in key:
        if name not in names:
            near = did_you_mean(name, names, "columns")
            findings.add(error("MV323", place.span, f"`key` names `{name}`, which is no column of `values`", help=near))
            return
    positions = [names.index(name) for name in key]
    seen: dict[tuple[Any, ...], int] = {}
    for number, row in enumerate(rows):
        value = tuple(_value(row[position], columns[position].type) for position in positions)
        shown = ", ".join("null" if row[position] is None else str(row[position]) for position in positions)
        if None in value:
            findings.add(
                error(
                    "MV323", place.span, f"row {number + 1} has no value in its key", help="a key tells all rows apart"
                )
            )
        elif value in seen:
            title = f"the key `{shown}` stands in two rows, {seen[value] + 1} and {number + 1}"
            findings.add(error("MV323", place.span, title, help="take one of them out, or add a column to `key`"))
        seen.setdefault(value, number)


def _keys(origin: Origin) -> Mapping[str, Any]:
    data = origin.document.data
    for part in origin.path:
        data = data[part]
    return data if isinstance(data, Mapping) else {}


def _value(cell: Cell, type_: str) -> Any:
    """What two equal values have in common."""
    if cell is None or plain_type(type_) not in _NUMBERS:
        return cell if cell is None else str(cell)
    try:
        return Decimal(str(cell)) if isfinite(float(cell)) else str(cell)
    except (InvalidOperation, ValueError):
        return str(cell)
