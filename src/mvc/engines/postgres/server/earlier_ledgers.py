"""What the ledgers of earlier generations have in the place of a table that is read: what they lack, as if it were there and empty. The same
for a table that somebody has dropped, or a column of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
_LOST: Final = {
    "watched_table": _WATCHED,
    "stored_relation": """(SELECT NULL::name AS stored_name, NULL::name AS view_schema, NULL::name AS view_name, NULL::text AS printed,
      NULL::jsonb AS companions, NULL::timestamptz AS built_at, NULL::timestamptz AS filled_at, NULL::float8 AS fill_seconds,
      NULL::bigint AS rows LIMIT 0)""",
    "deployment": "(SELECT NULL::bigint AS id, NULL::text AS project, NULL::jsonb AS target LIMIT 0)",
    "installation": "(SELECT NULL::text AS runtime, NULL::text AS functions LIMIT 0)",
    "deployed_view": """(SELECT NULL::name AS view_schema, NULL::name AS view_name, NULL::text AS project, NULL::name AS stored_name,
      NULL::jsonb AS definition, NULL::jsonb AS recorded LIMIT 0)""",
    "replaced_view": "(SELECT NULL::jsonb AS definition LIMIT 0)",
}
# What is read of each table, as pairs.
LEDGER: Final = tuple((table, name) for table, instead in _LOST.items() for name in re.findall(r"AS (\w+)", instead))
_INSTEAD: Final[Mapping[int, Mapping[str, str]]] = {1: _FIRST, 2: _SECOND}


def as_of_generation(query: str, generation: int, lost: Iterable[str] = ()) -> str:
    """A query of the present ledger, for one of an earlier generation, or one that has `lost` some tables; `{schema}` stands in both."""
    missing = {table: _LOST[table] for table in lost}
    for table, instead in {**missing, **_INSTEAD.get(generation, {})}.items():
        query = query.replace(f"{{schema}}.{table} AS ", f"{instead} AS ")
    return query
