"""Random changes of base tables: rows put in, changed in any column, and taken out; what a key forbids does not happen."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from .catalog import Table
from .catalogs import VALUES
from .expressions import Value, literal

# Each statement by itself: what one breaks is undone, and the transaction goes on.
GUARDED = "DO $do$ BEGIN {}; EXCEPTION WHEN integrity_constraint_violation OR cardinality_violation THEN NULL; END $do$"


@st.composite
def batches(draw: st.DrawFn, tables: Sequence[Table]) -> str:
    """One to three transactions, as a script."""
    transactions = draw(st.lists(_transactions(tables), min_size=1, max_size=3))
    return ";\n".join(transactions)


@st.composite
def _transactions(draw: st.DrawFn, tables: Sequence[Table]) -> str:
    statements = draw(st.lists(writes(tables), min_size=1, max_size=4))
    return ";\n".join(["BEGIN", *map(GUARDED.format, statements), "COMMIT"])


@st.composite
def writes(draw: st.DrawFn, tables: Sequence[Table]) -> str:
    table = draw(st.sampled_from(tables))
    kind = draw(st.sampled_from(("insert", "insert", "update", "update", "update", "delete", "swap")))
    if kind == "insert":
        return draw(_inserts(table))
    if kind == "delete":
        return f"DELETE FROM public.{table.name} WHERE {draw(_some_rows(table))}"
    if kind == "swap":
        return draw(_swaps(table))
    column = draw(st.sampled_from(table.columns))
    return f"UPDATE public.{table.name} SET {column.name} = {literal(draw(_values(table, column.name)))} WHERE {draw(_some_rows(table))}"


@st.composite
def _inserts(draw: st.DrawFn, table: Table) -> str:
    rows = draw(st.lists(st.tuples(*(_values(table, column.name) for column in table.columns)), min_size=1, max_size=3))
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    changed = [column for column in table.columns if column.name not in table.primary]
    if not table.primary or not changed or draw(st.booleans()):
        return f"INSERT INTO public.{table.name} VALUES {values} ON CONFLICT DO NOTHING"
    sets = ", ".join(f"{column.name} = excluded.{column.name}" for column in changed)
    return (
        f"INSERT INTO public.{table.name} VALUES {values} ON CONFLICT ({', '.join(table.primary)}) DO UPDATE SET {sets}"
    )


@st.composite
def _swaps(draw: st.DrawFn, table: Table) -> str:
    """Two columns of a type change places, in all rows; or all rows are written as they are."""
    column = draw(st.sampled_from(table.columns))
    others = [each for each in table.columns if each.type == column.type and each is not column]
    if not others:
        return f"UPDATE public.{table.name} SET {column.name} = {column.name}"
    other = draw(st.sampled_from(others))
    return f"UPDATE public.{table.name} SET {column.name} = {other.name}, {other.name} = {column.name}"


@st.composite
def _some_rows(draw: st.DrawFn, table: Table) -> str:
    column = draw(st.sampled_from(table.columns))
    if draw(st.integers(0, 9)) == 9:
        return "true"
    return f"{column.name} IS NOT DISTINCT FROM {literal(draw(_values(table, column.name)))}"


def _values(table: Table, name: str) -> st.SearchStrategy[Value]:
    column = next(each for each in table.columns if each.name == name)
    values = st.integers(0, 7) if name == "id" else st.sampled_from(VALUES[column.type])
    return st.one_of(values, values, values, st.none()) if column.nullable else values
