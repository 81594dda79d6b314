"""Random tables, and random rows that obey their keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from .catalog import Column, Reference, Row, Several, Spine, Table, Values, based
from .expressions import Value
from .made import made_rows, several

# Few values, so that rows collide.
VALUES: dict[str, tuple[Value, ...]] = {
    "integer": (0, 1, 2, 3),
    "text": ("a", "b", "", "c"),
    "numeric(8,2)": (Decimal("0.00"), Decimal("1.00"), Decimal("2.50"), Decimal("-1.25")),
    "date": (date(2024, 1, 1), date(2024, 1, 2), date(2024, 2, 29)),
    "boolean": (False, True),
}
PAYLOAD = {"n": "integer", "m": "integer", "s": "text", "p": "numeric(8,2)", "day": "date", "f": "boolean"}


@dataclass(frozen=True)
class Identity:
    """One way for a table to tell its rows apart."""

    columns: tuple[Column, ...]
    primary: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    hidden: tuple[str, ...] = ()


ID, PART = Column("id", "integer", nullable=False), Column("d", "date", nullable=False)
IDENTITIES = (
    Identity((ID,), primary=("id",)),
    Identity((ID, Column("u", "integer")), primary=("id",), uniques=(("u",),)),
    Identity((ID, PART), primary=("id", "d"), hidden=("id",)),
    Identity((ID, Column("k", "integer", nullable=False)), primary=("id", "k")),
    Identity((Column("k", "integer", nullable=False),), uniques=(("k",),)),
    Identity((Column("u", "integer"), Column("k", "integer")), uniques=(("u", "k"),)),
)


@st.composite
def catalogs(draw: st.DrawFn, *, until_today: bool = False) -> tuple[Table, ...]:
    """Two to five base tables; each may point to earlier ones and to itself, and to values and periods. Some may be read as one."""
    kinds = draw(st.sampled_from(MADE))
    tables: list[Table] = [draw(_given("v0"))] if Values in kinds else []
    tables += [draw(_spines("y0", until_today=until_today))] if Spine in kinds else []
    for place in range(draw(st.integers(2, 5))):
        tables.append(draw(_tables(f"t{place}", tables)))
    if Several in kinds:
        tables += draw(_several("u0", f"t{len(tables)}", based(tables)))
    return tuple(tables)


@st.composite
def _several(draw: st.DrawFn, name: str, free: str, tables: Sequence[Table]) -> list[Table]:
    """Mostly a table and another one much like it, which is new; or any two or three."""
    if draw(st.integers(0, 3)) == 3:
        arms = draw(st.lists(st.sampled_from(tables), min_size=2, max_size=3, unique_by=lambda each: each.name))
        return [several(name, arms, draw(SCHEMAS))]
    first = draw(st.sampled_from(tables))
    second = draw(_twin(free, first))
    others = [each for each in tables if each is not first]
    third = [draw(st.sampled_from(others))] if draw(st.integers(0, 4)) == 4 else []
    return [second, several(name, draw(st.permutations([first, second, *third])), draw(SCHEMAS))]


@st.composite
def _twin(draw: st.DrawFn, name: str, table: Table) -> Table:
    """Columns in another order; some are not there, some are NULL where those of the table are not."""
    lost = draw(st.sets(st.sampled_from(sorted(PAYLOAD)), max_size=2))
    turned = draw(st.sets(st.sampled_from(sorted(PAYLOAD)), max_size=2))
    columns = [
        replace(column, nullable=column.nullable != (column.name in turned))
        for column in draw(st.permutations(table.columns))
        if column.name not in lost
    ]
    return replace(table, name=name, columns=tuple(columns))


@st.composite
def _spines(draw: st.DrawFn, name: str, *, until_today: bool) -> Table:
    """Up to six periods around the days of VALUES, so that some have rows and some have none."""
    unit, length = draw(st.sampled_from(tuple(LENGTHS.items())))
    first = draw(st.sampled_from(BEGINNINGS))
    last = first + timedelta(days=length * draw(st.integers(0, 5)) + draw(st.integers(0, 2)))
    is_open = until_today and draw(st.booleans())
    zone = draw(st.sampled_from(("", "Asia/Tokyo", "America/New_York")))
    return Table(
        name, (Column(unit, "date", nullable=False),), (unit,), made=Spine(unit, first, None if is_open else last, zone)
    )


LENGTHS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
BEGINNINGS = (date(2024, 1, 1), date(2023, 12, 31), date(2023, 11, 15), date(2024, 2, 27))
MADE: tuple[tuple[type, ...], ...] = (
    *((), (Values,), (Several,), (Spine,), (Values, Several), (Values, Several)),
    *((Values, Spine), (Several, Spine), (Values, Several, Spine)),
)
SCHEMAS = st.sampled_from(("", "", "public."))
KEYS = ({"k": "integer"}, {"k": "integer"}, {"c": "text"}, {"e": "date"}, {"k": "integer", "c": "text"})


@st.composite
def _given(draw: st.DrawFn, name: str) -> Table:
    """Values. Some of those of one column that are all of a type say no type."""
    key = draw(st.sampled_from(KEYS))
    others = draw(st.lists(st.sampled_from(sorted(PAYLOAD)), max_size=3, unique=True))
    types = key | {each: PAYLOAD[each] for each in others}
    cells = (_values(Column(each, type_, each not in key)) for each, type_ in types.items())
    least = draw(st.sampled_from((2, 3, 1)))
    rows = draw(st.lists(st.tuples(*cells), min_size=least, max_size=5, unique_by=lambda row: row[: len(key)]))
    columns = tuple(
        Column(each, type_, any(row[place] is None for row in rows))
        for place, (each, type_) in enumerate(types.items())
    )
    known = all(_is_plain(column, [row[place] for row in rows]) for place, column in enumerate(columns))
    said = not known or draw(st.booleans())
    return Table(name, columns, tuple(key), made=Values(tuple(rows), said, len(key) == 1 and draw(st.booleans())))


def _is_plain(column: Column, cells: Sequence[Value]) -> bool:
    """The type follows from the values."""
    return column.type == "text" or (column.type in ("integer", "boolean") and any(cell is not None for cell in cells))


@st.composite
def _tables(draw: st.DrawFn, name: str, earlier: Sequence[Table]) -> Table:
    identity = draw(st.sampled_from(IDENTITIES))
    bare = Table(name, identity.columns, identity.primary, identity.uniques, hidden=identity.hidden)
    targets = draw(st.lists(st.sampled_from([*earlier, bare]), max_size=2))
    pointing = [draw(_references(place, target)) for place, target in enumerate(targets)]
    required = draw(st.sets(st.sampled_from(sorted(PAYLOAD))))
    columns = [
        *identity.columns,
        *(column for columns, _ in pointing for column in columns),
        *(Column(each, kind, each not in required) for each, kind in PAYLOAD.items()),
    ]
    return Table(
        name, tuple(columns), identity.primary, identity.uniques, tuple(ref for _, ref in pointing), identity.hidden
    )


@st.composite
def _references(draw: st.DrawFn, place: int, target: Table) -> tuple[tuple[Column, ...], Reference]:
    key = draw(st.sampled_from([*target.keys, *([target.hidden] if target.hidden else [])]))
    nullable, declared = draw(st.integers(0, 3)) < 3, draw(st.booleans())
    declared = declared and key in target.keys and target.made is None
    columns = tuple(Column(f"r{place}_{part}", target.type_of(part), nullable) for part in key)
    return columns, Reference(tuple(column.name for column in columns), target.name, key, declared)


# --- rows -------------------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn, tables: Sequence[Table]) -> dict[str, list[dict[str, Value]]]:
    """Rows for all base tables: declared foreign keys hold, other references may dangle."""
    rows: dict[str, list[dict[str, Value]]] = {
        each.name: made_rows(each, {}) for each in tables if each.made and not each.arms and not each.is_open
    }
    for table in based(tables):
        rows[table.name] = draw(_rows(table, draw(st.sampled_from((2, 3, 4, 5, 6, 0)))))
        for reference in (each for each in table.references if each.table in rows):
            draw(_pointing(table, rows, reference))
    return {table.name: rows[table.name] for table in based(tables)}


def _rows(table: Table, least: int) -> st.SearchStrategy[list[dict[str, Value]]]:
    row = st.fixed_dictionaries({column.name: _values(column) for column in table.columns})
    keys = [*table.keys, *([table.hidden] if table.hidden else [])]
    return st.lists(row, min_size=least, max_size=8, unique_by=tuple(_distinct(key) for key in keys))


def _values(column: Column) -> st.SearchStrategy[Value]:
    """A third of what may be NULL is."""
    values = st.sampled_from(VALUES[column.type])
    if column.name == "id":
        return st.integers(0, 7)
    return st.one_of(values, values, st.none()) if column.nullable else values


def _distinct(key: tuple[str, ...]) -> Callable[[dict[str, Value]], object]:
    """What UNIQUE compares: a row with a NULL in the key equals no other."""

    def result(row: dict[str, Value]) -> object:
        values = tuple(row[column] for column in key)
        return object() if None in values else values

    return result


@st.composite
def _pointing(draw: st.DrawFn, table: Table, rows: dict[str, list[dict[str, Value]]], reference: Reference) -> None:
    """Make the rows point to rows. Where a foreign key is declared, a row that cannot has a NULL or goes; else it may dangle."""
    targets = [values for row in rows[reference.table] if None not in (values := _key_of(row, reference.key))]
    nullable = all(column.nullable for column in table.columns if column.name in reference.columns)
    absent = [(None,) * len(reference.columns)] if nullable else []
    if reference.declared and not targets and not absent:
        rows[table.name] = []
    for row in rows[table.name]:
        own = _key_of(row, reference.columns)
        partly = [(None, *own[1:])] if absent else []  # MATCH SIMPLE: one NULL and the rest is not looked at
        dangling = [] if reference.declared else [own]
        chosen = draw(st.sampled_from([*targets, *targets, *absent, *partly, *dangling]))
        row.update(zip(reference.columns, chosen, strict=True))


def _key_of(row: Row, key: Sequence[str]) -> tuple[Value, ...]:
    return tuple(row[column] for column in key)
