"""The statements that bring a stored table to what its query gives, in one snapshot, and touch only rows that differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mvc.analysis.resolved import ResolvedView
from mvc.artifacts import Merge
from mvc.quoting import identifier, qualified
from mvc.sqlgen.naming import HIDDEN_COLUMN, query_name
from mvc.sqlgen.storage import grain_key

# Types whose `=` is the server's own and can be hashed. Of others the operator may be anywhere, or be another one under that name.
_COMMON: Final = frozenset(
    {"smallint", "integer", "bigint", "numeric", "text", "uuid", "date", "boolean"}
    | {"character varying", "timestamp without time zone", "timestamp with time zone"}
)


@dataclass(frozen=True, slots=True)
class _Table:
    """A stored table and its query, as SQL; all its columns, and those that identify a row, of which the `common` have a plain `=`."""

    stored: str
    query: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    common: frozenset[str]

    def same_key(self) -> str:
        """That `stored` and `wanted` are one row, as the unique index sees it."""
        plain = [name for name in self.key if name in self.common]
        others = [name for name in self.key if name not in self.common]
        tests = [f"{qualified('wanted', name)} OPERATOR(pg_catalog.=) {qualified('stored', name)}" for name in plain]
        if others:
            tests.append(f"{_row('wanted', others)} OPERATOR(pg_catalog.=) {_row('stored', others)}")
        return " AND ".join(tests)


def merge_of(view: ResolvedView, reference: tuple[str, str]) -> Merge:
    """How the table `reference` becomes what its query gives.

    Rows are compared by their binary images, as REFRESH CONCURRENTLY does it: 1.0 is not 1.00, and json has no equality.
    """
    key = tuple(grain_key(view))
    hidden = frozenset({HIDDEN_COLUMN} & set(key))
    table = _Table(
        stored=qualified(*reference),
        query=qualified(reference[0], query_name(reference[1])),
        columns=(*(column.name for column in view.columns), *hidden),
        key=key,
        common=hidden | {column.name for column in view.columns if (column.type or "").partition("(")[0] in _COMMON},
    )
    return Merge(_in_place(table), _anew(table))


def _in_place(table: _Table) -> str:
    columns, key = _listed(table.columns), _listed(table.key)
    sets = ", ".join(f"{identifier(name)} = {qualified('excluded', name)}" for name in table.columns)
    differs = f"{_row('stored', table.columns)} OPERATOR(pg_catalog.*<>) {_row('excluded', table.columns)}"
    return (
        f"WITH wanted AS MATERIALIZED (\n  TABLE {table.query}\n), gone AS (\n"
        f"  DELETE FROM {table.stored} AS stored\n"
        f"  WHERE NOT EXISTS (SELECT FROM wanted WHERE {table.same_key()})\n"
        "  RETURNING 1\n), put AS (\n"
        f"  INSERT INTO {table.stored} AS stored ({columns})\n"
        f"  SELECT {columns} FROM wanted\n"
        f"  ON CONFLICT ({key}) DO UPDATE SET {sets}\n"
        f"  WHERE {differs}\n"
        "  RETURNING 1\n)\n"
        "SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put)"
    )


def _anew(table: _Table) -> str:
    """Reading `gone` to its end before the first row is put in makes room for it. A row that is in both has changed once."""
    columns, key = _listed(table.columns), _listed(table.key)
    equal = f"{_row('stored', table.columns)} OPERATOR(pg_catalog.*=) {_row('wanted', table.columns)}"
    both = table.same_key()
    same = f"{both} AND {equal}"
    return (
        f"WITH wanted AS MATERIALIZED (\n  TABLE {table.query}\n), gone AS (\n"
        f"  DELETE FROM {table.stored} AS stored\n"
        f"  WHERE NOT EXISTS (SELECT FROM wanted WHERE {same})\n"
        f"  RETURNING {key}\n), put AS (\n"
        f"  INSERT INTO {table.stored} ({columns})\n"
        f"  SELECT {columns} FROM wanted\n"
        f"  WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (SELECT FROM {table.stored} AS stored WHERE {same})\n"
        f"  RETURNING {key}\n)\n"
        "SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put)\n"
        f"  - (SELECT count(*) FROM gone AS stored JOIN put AS wanted ON {both})"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def _row(relation: str, names: Iterable[str]) -> str:
    return f"ROW({', '.join(qualified(relation, name) for name in names)})::record"
