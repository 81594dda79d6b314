"""Whether an equation compares a column as its keys do. Where it does not, values that a key tells apart may be equal to it.

PostgreSQL compares values of two types as values of one of them: `varchar = char` forgets the spaces at the end, `bigint = double precision` what
has no room in 53 bits, `timestamp = timestamp with time zone` the hour that clocks skip; and texts in the collation of either column,
which may forget case. So a row may have several partners, though the column is unique. Rule source: PostgreSQL manual, "Operator Type Resolution"; what is cast, a server's plans say (`tests/analysis/test_equality.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from sqlglot import exp

from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.relation import SourceRelation
from mvc.catalog.types import Catalog, Column
from mvc.engines.postgres.engine import DIALECT
from mvc.expression import Expression
from mvc.expression.parse import folded
from mvc.expression.split import equation

_FLOATS: Final = frozenset({"real", "double precision"})
# By the type of a unique column: what it is compared with by an equality that is coarser than its own.
_COARSER: Final[Mapping[str, frozenset[str]]] = {
    "bigint": _FLOATS,
    "numeric": _FLOATS,
    "character varying": frozenset({"character"}),
    "timestamp without time zone": frozenset({"timestamp with time zone"}),
    "date": frozenset({"timestamp with time zone"}),
}
_CAST_TO: Final = {
    exp.DataType.Type.CHAR: "character",
    exp.DataType.Type.NCHAR: "character",
    exp.DataType.Type.BPCHAR: "character",
    exp.DataType.Type.FLOAT: "real",
    exp.DataType.Type.DOUBLE: "double precision",
    exp.DataType.Type.TIMESTAMPTZ: "timestamp with time zone",
}
_BYTEWISE: Final = frozenset({"c", "posix", "ucs_basic", "default", "unicode", "pg_c_utf8", "pg_unicode_fast"})


def equations(alias: str, conditions: Iterable[Expression]) -> Iterator[tuple[str, Expression]]:
    """The columns of a source that conditions equate with something not of that source, with that."""
    for condition in conditions:
        sides = equation(condition)
        if sides is None:
            continue
        for one, other in (sides, sides[::-1]):
            column = bare_column(one)
            if column and column.qualifier == alias and alias not in reads(other):
                yield column.name, other


def coarse(
    conditions: Iterable[Expression], readables: Mapping[str, SourceRelation], catalog: Catalog
) -> frozenset[tuple[str, str]]:
    """(alias, column) of what is equated, and never by its own equality."""
    listed = tuple(conditions)
    found: dict[tuple[str, str], bool] = {}
    for alias, readable in readables.items():
        for name, other in equations(alias, listed):
            mixed = is_coarse(readable.columns.get(name), other.ast, lambda node: _column(node, readables), catalog)
            found[alias, name] = found.get((alias, name), True) and mixed
    return frozenset(place for place, mixed in found.items() if mixed)


def is_coarse(
    column: Column | None, other: exp.Expr, read: Callable[[exp.Column], Column | None], catalog: Catalog
) -> bool:
    """Whether a column's values that its own keys tell apart may be equal to those of another expression. `read` says which column one of that is."""
    folded_by = {found.collation for node in other.find_all(exp.Column) if (found := read(node)) and found.collation}
    if _may_fold(other) or folded_by - {column.collation if column else ""}:
        return True
    return _type(other, read, catalog) in _COARSER.get(catalog.base_of(column.type if column else None) or "", ())


def _may_fold(node: exp.Expr) -> bool:
    """Whether a collation is named that may call different texts equal."""
    return any(
        isinstance(name := item.expression, exp.Expr) and name.name.lower() not in _BYTEWISE
        for item in node.find_all(exp.Collate)
    )


def _type(node: exp.Expr, read: Callable[[exp.Column], Column | None], catalog: Catalog) -> str | None:
    """The type of a column or of a cast, without its modifier; of a domain, that of its values."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Cast):
        return _CAST_TO.get(node.to.this) or catalog.base_of(node.to.sql(DIALECT).lower())
    column = read(node) if isinstance(node, exp.Column) else None
    return catalog.base_of(column.type) if column else None


def _column(node: exp.Column, readables: Mapping[str, SourceRelation]) -> Column | None:
    readable = readables.get(folded(node.args["table"])) if node.args.get("table") else None
    return readable.columns.get(folded(node.this)) if readable else None
