"""Hidden stored columns: each stands in the unique index for a column of the grain that cannot do its work there.

REFRESH CONCURRENTLY joins old and new rows by `=` of the indexed columns. A NULL equals nothing there, also with NULLS NOT DISTINCT, so its
rows would be written anew each time. An array whose type has a length, a precision or the like (`varchar(5)[]`) is cast to `anyarray` for
this, which PostgreSQL refuses: then no refresh succeeds. A hidden column is never NULL, and its type has no such modifier; what is equal
is decided by the column's own type and collation, so 1.0 is 1.00, and a renamed label of an enum changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlglot import exp

from mvc.analysis.resolved import DeclaredQuery, OutputColumn, ResolvedView
from mvc.catalog.types import plain_type
from mvc.engines.postgres.deploy.naming import HIDDEN_COLUMN
from mvc.quoting import qualified

WRAPPED: Final = "rows_of_view"

# Types of which an array has them as elements. Not so: an array, a domain over one, and what a server alone knows.
_ELEMENTS: Final = frozenset(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "boolean", "uuid", "bytea"}
    | {"text", "character varying", "character", "bit", "bit varying", "jsonb", "inet", "cidr", "macaddr"}
    | {
        "date",
        "interval",
        *(f"{kind} {zone} time zone" for kind in ("time", "timestamp") for zone in ("with", "without")),
    }
)
_ONE_ROW: Final = "''::text"


class HiddenColumn(NamedTuple):
    """`value` is SQL over rows that go by `WRAPPED`: a text, a boolean or an array, whose `=` is the server's own."""

    name: str
    value: str

    @property
    def listed(self) -> str:
        """As a part of a SELECT list."""
        return f"{self.value} AS {self.name}"


def hidden_columns(view: ResolvedView) -> tuple[HiddenColumn, ...]:
    """The hidden columns of a view, in the order of its grain; one alone where there is no grain, so one row in all."""
    return tuple(hidden for _, hidden in _standing_for(view))


def hidden_keys(view: ResolvedView, names: Collection[str]) -> tuple[HiddenColumn, ...]:
    """Those that stand for some columns of the grain."""
    return tuple(hidden for name, hidden in _standing_for(view) if name in names)


def _standing_for(view: ResolvedView) -> list[tuple[str, HiddenColumn]]:
    """Each column of the grain with what stands for it."""
    values = [(column.name, value) for column in grain_columns(view) for value in _values(view, column)]
    values = values if view.grain else [("", _ONE_ROW)]
    taken = {column.name for column in view.columns}
    numbers = (number for number in range(1, len(values) + len(taken) + 1) if _numbered(number) not in taken)
    pairs = zip(numbers, values, strict=False)
    return [(name, HiddenColumn(_numbered(number), value)) for number, (name, value) in pairs]


def grain_columns(view: ResolvedView) -> list[OutputColumn]:
    """The columns of the grain."""
    columns = (view.column(name) for name in view.grain or ())
    return [column for column in columns if column]


def stands_itself(view: ResolvedView, column: OutputColumn) -> bool:
    """Whether a column of the grain can be in the unique index as it is."""
    return not column.nullable and not _sized_array(view, column)


def _numbered(number: int) -> str:
    return HIDDEN_COLUMN if number == 1 else f"{HIDDEN_COLUMN}_{number}"


def _values(view: ResolvedView, column: OutputColumn) -> tuple[str, ...]:
    """What stands for the column. An array in an array would be one with another dimension, and none at all where it is empty."""
    if stands_itself(view, column):
        return ()
    value = qualified(WRAPPED, column.name)
    if (column.type or "").endswith("[]"):
        filled = f"COALESCE({value}, '{{}}')"
        return (f"{value} IS NULL", filled) if column.nullable else (filled,)
    if plain_type(column.type) in _ELEMENTS:
        return (f"ARRAY[{value if plain_type(column.type) == column.type else _without_modifier(value)}]",)
    return (_of_any_type(value),)


def _without_modifier(value: str) -> str:
    """The value, of the same type without its modifier, and of the type below a domain: of two types in COALESCE these are left."""
    return f"COALESCE({value}, NULL)"


def _of_any_type(value: str) -> str:
    """An array of the value. If this is an array itself, it becomes the one element of a further dimension, so of no array the
    single NULL is what comes of it. `IS NULL` would hold for a row of NULLs as well. A constant `'{NULL}'` would become a value while the
    text is parsed, by code of whoever owns the type.
    """
    array = f"ARRAY[{_without_modifier(value)}]"
    single_null = f"pg_catalog.array_append(({array})[2:2], NULL)"
    return f"CASE WHEN {value} IS NOT DISTINCT FROM NULL THEN {single_null} ELSE {array} END"


def _sized_array(view: ResolvedView, column: OutputColumn) -> bool:
    """Whether the column is an array whose type has a modifier; of what only a server knows the type of, whether it may be one."""
    if column.type is not None or not isinstance(view.query, DeclaredQuery):
        return _is_sized(column.type)
    tree = view.query.tree
    computed = (item.expression for item in view.query.dimensions if item.name == column.name)
    return any(
        any(map(_names_sized, expression.ast.find_all(exp.DataType)))
        or any(_is_sized(tree[ref.qualifier or ""].readable.columns[ref.name].type) for ref in expression.columns)
        for expression in computed
    )


def _is_sized(type_: str | None) -> bool:
    return type_ is not None and type_.endswith("[]") and ("(" in type_ or type_.startswith("interval "))


def _names_sized(type_: exp.DataType) -> bool:
    return type_.this is exp.DataType.Type.ARRAY and type_.find(exp.DataTypeParam) is not None
