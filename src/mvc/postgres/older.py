"""What the ledgers of earlier generations have in the place of a table that is read: what they lack, as if it were there and empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WATCHED: Final = "(SELECT NULL::name AS log, NULL::name AS table_schema, NULL::name AS table_name, NULL::name[] AS columns, NULL::jsonb AS triggers LIMIT 0)"
_FIRST: Final = {
    "watched_table": _WATCHED,
    "stored_relation": """(SELECT d.stored_name, d.view_schema, d.view_name, NULL::text AS printed, '{}'::jsonb AS companions,
      d.deployed_at AS built_at, NULL::timestamptz AS filled_at, NULL::float8 AS fill_seconds, NULL::bigint AS rows
      FROM {schema}.deployed_view AS d)""",
    "deployment": "(SELECT 1::bigint AS id, '' AS project, '{}'::jsonb AS target FROM {schema}.deployed_view AS d LIMIT 1)",
    "installation": "(SELECT NULL::text AS runtime, NULL::text AS functions LIMIT 0)",
    "deployed_view": "(SELECT d.*, '' AS project, NULL::jsonb AS definition, '{}'::jsonb AS recorded FROM {schema}.deployed_view AS d)",
}
_SECOND: Final = {
    "watched_table": _WATCHED,
    "stored_relation": "(SELECT o.*, '{}'::jsonb AS companions FROM {schema}.stored_relation AS o)",
}
_INSTEAD: Final[Mapping[int, Mapping[str, str]]] = {1: _FIRST, 2: _SECOND}


def as_of_generation(query: str, generation: int) -> str:
    """A query of the present ledger, for one of an earlier generation; `{schema}` stands in both."""
    for table, instead in _INSTEAD.get(generation, {}).items():
        query = query.replace(f"{{schema}}.{table} AS ", f"{instead} AS ")
    return query
