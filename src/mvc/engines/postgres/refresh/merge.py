"""The statements that bring a stored table, or a part of it, to what its query gives, in one snapshot; only rows that differ are
touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mvc.analysis.resolved import ResolvedView
from mvc.catalog.types import plain_type
from mvc.compiled.refresh import Merge
from mvc.engines.postgres.deploy.naming import Purpose, companion_name
from mvc.engines.postgres.deploy.storage import grain_key, part_key
from mvc.engines.postgres.query.hidden import hidden_columns
from mvc.engines.postgres.query.unproven_keys import claims
from mvc.quoting import identifier, qualified

# Types whose `=` is the server's own and can be hashed. Of others the operator may be anywhere, or be another one under that name.
_COMMON: Final = frozenset(
    {"smallint", "integer", "bigint", "numeric", "text", "uuid", "date", "boolean"}
    | {"character varying", "timestamp without time zone", "timestamp with time zone"}
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a table: `wanted` gives its rows as they should be, `within` says which stored rows are in it (empty: all)."""

    wanted: str
    within: str = ""


class Merges:
    """The merges of one stored table, by which part of it they bring up to date.

    Rows are compared by their binary images, as REFRESH CONCURRENTLY does it: 1.0 is not 1.00, and json has no equality.
    """

    def __init__(self, view: ResolvedView, reference: tuple[str, str]) -> None:
        self._schema, self._name = reference
        self._stored = qualified(*reference)
        self._key, self._part = tuple(grain_key(view)), tuple(part_key(view))
        hidden = tuple(column.name for column in hidden_columns(view))
        self._columns = (*(column.name for column in view.columns), *hidden)
        plain = {item.name for item in view.columns if plain_type(item.type) in _COMMON and not item.nullable}
        self._common = plain.union(hidden)
        self._claimed = not view.proven or bool(view.upstream) or bool(claims(view))

    def whole(self) -> Merge:
        """All rows."""
        return self._merge(_Part(f"TABLE {self._beside('query')}"))

    def groups(self) -> Merge:
        """The rows whose keys have been put aside to be computed again."""
        return self._groups("groups")

    def many_groups(self) -> Merge:
        """The same, where they are many."""
        return self._groups("many")

    def _groups(self, source: Purpose) -> Merge:
        dirty = self._beside("dirty")
        within = f"EXISTS (SELECT FROM {dirty} AS wanted WHERE {self._same(self._part)})"
        return self._merge(_Part(f"TABLE {self._beside(source)}", within))

    def window(self, column: str, type_: str, source: str = "") -> Merge:
        """The rows whose `column` is at or after the first parameter and before the second; NULL is no bound. `source` is a
        query of these rows, maybe with others, that costs less than the one of all.
        """
        query = f"(\n{source}\n)" if source else self._beside("query")
        wanted, stored = (
            f"{qualified(rows, column)} >= COALESCE($1::{type_}, '-infinity')"
            f" AND ($2 IS NULL OR {qualified(rows, column)} < $2::{type_})"  # without an end, infinity is within
            for rows in ("whole", "stored")
        )
        return self._merge(_Part(f"SELECT * FROM {query} AS whole WHERE {wanted}", stored))

    def _beside(self, purpose: Purpose) -> str:
        return qualified(self._schema, companion_name(self._name, purpose))

    def _merge(self, part: _Part) -> Merge:
        return Merge(self._in_place(part), self._anew(part))

    def _in_place(self, part: _Part) -> str:
        columns = _listed(self._columns)
        sets = ", ".join(f"{identifier(name)} = {qualified('excluded', name)}" for name in self._columns)
        differs = f"{_row('stored', self._columns)} OPERATOR(pg_catalog.*<>) {_row('wanted', self._columns)}"
        return (
            f"WITH wanted AS MATERIALIZED (\n  {part.wanted}\n), gone AS (\n"
            f"  DELETE FROM {self._stored} AS stored\n"
            f"  WHERE {_and(part.within)}NOT EXISTS (SELECT FROM wanted WHERE {self._same_key()})\n"
            "  RETURNING 1\n), other AS MATERIALIZED (\n"
            f"  SELECT {_listed_of('wanted', self._columns)}, stored.ctid IS NULL AS {_ADDED}\n"
            f"  FROM wanted LEFT JOIN {self._stored} AS stored ON {self._same_key()}\n"
            f"  WHERE stored.ctid IS NULL OR {differs}\n), put AS (\n"
            f"  INSERT INTO {self._stored} AS stored ({columns})\n  SELECT {columns} FROM other\n"
            f"  ON CONFLICT ({_listed(self._key)}) DO UPDATE SET {sets}\n)\n"
            "SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM other),\n"
            f"  {self._growth(f'(SELECT count(*) FROM other WHERE {_ADDED}) - (SELECT count(*) FROM gone)')}"
        )

    def _anew(self, part: _Part) -> str:
        """Reading `gone` to its end before the first row is put in makes room for it. A row that is in both has changed once."""
        columns, key = _listed(self._columns), _listed(self._key)
        equal = f"{_row('stored', self._columns)} OPERATOR(pg_catalog.*=) {_row('wanted', self._columns)}"
        same = f"{self._same_key()} AND {equal}"
        both = f"SELECT count(*) FROM gone AS stored JOIN put AS wanted ON {self._same_key()}"
        return (
            f"WITH wanted AS MATERIALIZED (\n  {part.wanted}\n), gone AS (\n"
            f"  DELETE FROM {self._stored} AS stored\n"
            f"  WHERE {_and(part.within)}NOT EXISTS (SELECT FROM wanted WHERE {same})\n"
            f"  RETURNING {key}\n), put AS (\n"
            f"  INSERT INTO {self._stored} ({columns})\n"
            f"  SELECT {columns} FROM wanted\n"
            f"  WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (SELECT FROM {self._stored} AS stored WHERE {same})\n"
            f"  RETURNING {key}\n)\n"
            f"SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) - ({both}),\n"
            f"  {self._growth('(SELECT count(*) FROM put) - (SELECT count(*) FROM gone)')}"
        )

    def _growth(self, rows: str) -> str:
        """By how many rows there are more; NULL where two rows of one key are wanted. No key of a table says that there are none where the spec claims it, and
        the index does not see the second one if the first is stored already: it is put in its place.
        """
        if not self._claimed:
            return rows
        return f"CASE WHEN NOT EXISTS (SELECT FROM wanted GROUP BY {_listed(self._key)} HAVING count(*) > 1) THEN {rows} END"

    def _same_key(self) -> str:
        """That `stored` and `wanted` are one row, as the unique index sees it."""
        return self._same(self._key)

    def _same(self, names: Sequence[str]) -> str:
        plain = [name for name in names if name in self._common]
        others = [name for name in names if name not in self._common]
        tests = [f"{qualified('wanted', name)} OPERATOR(pg_catalog.=) {qualified('stored', name)}" for name in plain]
        if others:
            tests.append(f"{_row('wanted', others)} OPERATOR(pg_catalog.=) {_row('stored', others)}")
        return " AND ".join(tests)


_ADDED: Final = "mvc_added"


def _and(condition: str) -> str:
    return f"{condition} AND " if condition else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def _listed_of(relation: str, names: Iterable[str]) -> str:
    return ", ".join(qualified(relation, name) for name in names)


def _row(relation: str, names: Iterable[str]) -> str:
    return f"ROW({_listed_of(relation, names)})::record"
