"""The question for everything that the ledger and the catalogs hold of a project, as one statement, also where the ledger is an older version's."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from mvc.engines.postgres.runtime import functions_digest
from mvc.engines.postgres.server.earlier_ledgers import as_of_generation
from mvc.engines.postgres.server.generation import Installed
from mvc.quoting import identifier

Json = Mapping[str, Any]
_NO_LEDGER = """SELECT '{"views": [], "stored": [], "targets": {}, "watched": []}'::json"""
# What the ledger's query asks functions of the runtime, that older ones lack, and who is not the owner may not call.
_ASKED: Mapping[str, tuple[str, str, str]] = {
    "proven": (  # what was proven before owners of tables counted is not; the column may be lost
        "proven_for",
        "CASE WHEN to_jsonb(s) -> 'proven' ? 'accepted' THEN {schema}.proven_for(s.stored_name) END",
        "NULL::jsonb",
    ),
    "renamed": (
        "renamed_sources",
        "(SELECT json_agg(json_build_array(r.named, r.now, r.replaced)) FROM {schema}.renamed_sources(s) AS r)",
        "NULL::json",
    ),
    "broken": ("watch_problem", "{schema}.watch_problem(w.log)", "NULL::text"),
    "outdated": ("outdated", "{schema}.outdated(s)", "NULL::text"),
    "released": (
        "release_plan",
        "EXISTS (SELECT FROM {schema}.released_view AS r WHERE r.view_schema = v.view_schema AND r.view_name = v.view_name)",
        "false",
    ),
    "closed": (
        "release_plan",
        "EXISTS (SELECT FROM {schema}.released_view AS r WHERE r.view_schema = v.view_schema AND r.view_name = v.view_name AND r.released ? 'shown')",
        "false",
    ),
    "formers": (
        "give_back",
        """(SELECT json_agg(json_build_object('name', f.stored_name, 'view_schema', f.view_schema, 'view_name', f.view_name, 'deployment', f.deployment,
          'kind', coalesce(f.former ->> 'kind', ''), 'owner', pg_get_userbyid((f.former ->> 'owner')::oid), 'taken_at', extract(epoch FROM f.taken_at)::float8, 'readers', (
            SELECT json_agg(CASE g.item ->> 0 WHEN '0' THEN 'public' ELSE pg_get_userbyid((g.item ->> 0)::oid) END) FROM jsonb_array_elements(f.former -> 'grants') AS g (item)
            WHERE g.item ->> 1 = 'SELECT')) ORDER BY f.stored_name) FROM {schema}.former_relation AS f)""",
        "NULL::json",
    ),
    "frozen": (
        "release_plan",
        "EXISTS (SELECT FROM {schema}.frozen_relation AS f WHERE f.stored_name = s.stored_name)",
        "false",
    ),
}
_NO_TABLES = "SELECT NULL::name, NULL::jsonb, NULL::timestamptz WHERE false"


def query_text(name: str) -> str:
    """One of the queries that never vary."""
    return files("mvc.engines.postgres.server.queries").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def ledger_and_catalog(storage_schema: str, about: Json, there: Installed | None) -> str:
    """One statement, so that both are of one moment also while somebody else deploys."""
    home = identifier(storage_schema).replace("%", "%%")
    ledger, deployed, tables = _NO_LEDGER, "", _NO_TABLES
    if there:
        digest = functions_digest(storage_schema).replace("%", "%%")
        ledger = query_text("ledger").replace("{functions}", digest)
        for asked, (function, call, unknown) in _ASKED.items():
            answered = function in about["callable"] and not about["lost"]  # a row that lacks a column is no argument
            ledger = ledger.replace(f"{{{asked}}}", call if answered else unknown)
        deployed = query_text("deployed_names")
        tables = "SELECT s.stored_name, s.companions, s.filled_at FROM {schema}.stored_relation AS s"
    catalog = query_text("catalog").replace("{deployed}", deployed).replace("{tables}", tables)
    query = f"SELECT json_build_object('ledger', (\n{ledger}\n), 'catalog', (\n{catalog}\n))"
    return (as_of_generation(query, there.generation, about["lost"] or ()) if there else query).replace(
        "{schema}", home
    )
