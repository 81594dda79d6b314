"""Random expressions over the columns in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from .catalog import FROM_TABLE, Several, Table
from .catalogs import VALUES
from .expressions import Col, Expr, Value, call

Sight = Mapping[str, Table]  # alias → its table
NUMERIC, COMPARABLE = ("integer", "numeric(8,2)"), ("integer", "text", "numeric(8,2)", "date")


def columns(sight: Sight, types: Sequence[str] = tuple(VALUES)) -> list[Col]:
    return [Col(alias, each.name) for alias, table in sight.items() for each in table.columns if each.type in types]


def a_column(sight: Sight, types: Sequence[str] = tuple(VALUES)) -> st.SearchStrategy[Col]:
    return st.sampled_from(columns(sight, types))


def type_of(sight: Sight, column: Col) -> str:
    return sight[column.alias].type_of(column.name)


@st.composite
def predicates(draw: st.DrawFn, sight: Sight) -> Expr:
    """A condition of one or two atoms."""
    first = draw(_atoms(sight))
    shape = draw(st.sampled_from(("one", "one", "one", "NOT", "AND", "OR")))
    if shape == "one":
        return first
    return call(shape, first) if shape == "NOT" else call(shape, first, draw(_atoms(sight)))


@st.composite
def _atoms(draw: st.DrawFn, sight: Sight) -> Expr:
    column = draw(a_column(sight))
    kind = type_of(sight, column)
    some = st.sampled_from(_constants(sight[column.alias], column.name))
    shape = draw(st.sampled_from(("literal", "literal", "null", "column", "in", "distinct")))
    if kind == "boolean":
        return column if shape != "null" else call("IS NULL", column)
    if shape == "literal":
        return call(draw(st.sampled_from(("=", "<>", "<", ">="))), column, draw(some))
    if shape == "null":
        return call(draw(st.sampled_from(("IS NULL", "IS NOT NULL"))), column)
    if shape == "in":
        return call("in", column, draw(some), draw(some))
    if shape == "distinct":
        return call("IS DISTINCT FROM", column, draw(some))
    # Never `=` between columns: equating a key by a detour would leave open what is to-one.
    return call(draw(st.sampled_from(("<", "<>", ">="))), column, draw(a_column(sight, (kind,))))


def _constants(table: Table, column: str) -> Sequence[Value]:
    if column == FROM_TABLE and isinstance(table.made, Several):
        return (*table.made.names, "none")
    return VALUES[table.type_of(column)]


@st.composite
def scalars(
    draw: st.DrawFn, sight: Sight, types: Sequence[str] = tuple(VALUES), *, derived: float = 0.25
) -> tuple[Expr, str]:
    """An expression and its type: a column, or, in so many of the cases, an operator over columns."""
    usable = [each for each in types if columns(sight, (each,))]
    kind = draw(st.sampled_from(usable))
    column = draw(a_column(sight, (kind,)))
    if draw(st.integers(0, 99)) < 100 * (1 - derived):
        return column, kind
    return draw(_derived(sight, column, kind)), kind


@st.composite
def _derived(draw: st.DrawFn, sight: Sight, column: Col, kind: str) -> Expr:
    other = draw(a_column(sight, (kind,)))
    constant = draw(st.sampled_from(VALUES[kind]))
    shapes: list[Expr] = [
        call("coalesce", column, constant),
        call("coalesce", column, other),
        call("nullif", column, constant),
    ]
    shapes += [call("case", draw(_atoms(sight)), column, constant)]
    if kind in NUMERIC:
        shapes += [column + other, column * other, column - 1]
    if kind == "text":
        shapes += [call("upper", column), call("||", column, other)]
    if kind == "boolean":
        shapes += [draw(predicates(sight)), ~column]
    return draw(st.sampled_from(shapes))
