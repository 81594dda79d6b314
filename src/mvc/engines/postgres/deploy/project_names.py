"""A name of the project's own → the object that bears it: a small function or view of the exposed schema over the runtime.

Functions work with their owner's rights and a path of their own, and only roles that refresh or monitor may use them. They cannot
commit, as the function that jobs call so far could not; who can CALL uses the runtime's procedures. What they lock stays locked until their
caller's transaction ends, so the one that shuts readers of base tables out is its owner's alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from mvc.compiled.view import OwnName, OwnNameRole, Target
from mvc.engines.postgres.deploy.statements import names_array
from mvc.engines.postgres.runtime import on_own_path
from mvc.quoting import dollar_quoted, literal, qualified

_PINNED: Final = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"


@dataclass(frozen=True, slots=True)
class NamedObject:
    """What bears a name. `arguments` are the types of a function's, as PostgreSQL prints them; `users` may use it, `described` says what
    it is for.
    """

    name: OwnName
    kind: Literal["function", "view"]
    arguments: str
    create: str
    users: tuple[str, ...]
    described: str

    @property
    def fingerprint(self) -> str:
        """A digest of the statement."""
        return hashlib.sha256(self.create.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @property
    def place(self) -> tuple[str, str]:
        """Schema and name."""
        return self.name.schema, self.name.name


def named_objects(target: Target) -> tuple[NamedObject, ...]:
    """Everything that bears a name of the project's own."""
    return tuple(_MAKERS[item.role](item, target) for item in target.operations.names)


def mark_of(project: str) -> str:
    """By which the comment of an object says whose it is; the fingerprint and what the server says of it follow."""
    return f"made by mvc for the project {project} (mvc "


def install_sql(item: NamedObject, target: Target) -> tuple[str, ...]:
    """The statements that put it in place, unless something of somebody else is there."""
    where = f"{literal(item.kind)}, {literal(item.name.schema)}, {literal(item.name.name)}, {literal(item.arguments)}"
    comment = literal(f"{item.described}; {mark_of(target.project)}{item.fingerprint}")
    return (
        f"SELECT {qualified(target.stored, 'expect_name')}({where}, {literal(target.project)})",
        *(on_own_path(item.create) if item.kind == "view" else (item.create,)),
        f"SELECT {qualified(target.stored, 'open_name')}({where}, {names_array(item.users)}, {comment})",
    )


def drop_sql(item: NamedObject) -> str:
    """Takes it away."""
    if item.kind == "view":
        return f"DROP VIEW IF EXISTS {qualified(*item.place)}"
    return f"DROP FUNCTION IF EXISTS {qualified(*item.place)}({item.arguments})"


def _function(item: OwnName, parameters: str, result: str, body: str) -> str:
    text = dollar_quoted(f" BEGIN {body} END ", "mvc")
    head = f"CREATE OR REPLACE FUNCTION {qualified(item.schema, item.name)}({parameters})\nRETURNS {result}"
    return f"{head}\nLANGUAGE plpgsql {_PINNED} AS {text}"


def _refresh_all(item: OwnName, target: Target) -> NamedObject:
    body = f"PERFORM {qualified(target.stored, 'refresh_together')}({literal(target.project)});"
    create = _function(item, "", "void", body)
    return NamedObject(item, "function", "", create, target.refresh_roles, "Refreshes every view, upstream first")


def _refresh_one(item: OwnName, target: Target) -> NamedObject:
    body = f"PERFORM {qualified(target.stored, 'refresh_named')}({literal(target.project)}, $1);"
    create = _function(item, "view_name text", "void", body)
    return NamedObject(item, "function", "text", create, target.refresh_roles, "Refreshes the view of that name")


def _refresh_view(item: OwnName, target: Target) -> NamedObject:
    body = f"PERFORM {qualified(target.stored, 'refresh_named')}({literal(target.project)}, {literal(item.view)});"
    create = _function(item, "", "void", body)
    return NamedObject(item, "function", "", create, target.refresh_roles, f"Refreshes {item.view}")


def _usage(item: OwnName, target: Target) -> NamedObject:
    result = (
        "TABLE (view_name text, estimated_queries_per_day bigint, avg_query_time_ms double precision, last_used"
        " timestamp with time zone)"
    )
    body = (
        "RETURN QUERY SELECT u.view_name::text, round(u.calls_per_day)::bigint, u.mean_milliseconds, u.last_scan\n"
        f"  FROM {qualified(target.stored, 'usage')}($1) AS u WHERE u.project = {literal(target.project)}\n"
        "  ORDER BY u.calls DESC NULLS LAST, u.view_name;"
    )
    create = _function(item, "days_back integer DEFAULT 7", result, body)
    return NamedObject(item, "function", "integer", create, _guests(target), "How much each view is used")


def _status(item: OwnName, target: Target) -> NamedObject:
    query = f"""\
SELECT s.view_schema AS schemaname, s.view_name AS matviewname,
  pg_catalog.pg_size_pretty(s.total_bytes) AS total_size, pg_catalog.pg_size_pretty(s.table_bytes) AS relation_size,
  pg_catalog.pg_size_pretty(s.index_bytes) AS index_size, s.last_success_at AS last_refresh, s.completed_today AS refreshes_today
FROM {qualified(target.stored, "view_status")} AS s
WHERE s.project OPERATOR(pg_catalog.=) {literal(target.project)} AND s.kind OPERATOR(pg_catalog.=) 'materialized'
ORDER BY s.total_bytes DESC NULLS LAST"""
    return _view(item, target, query, "Sizes and freshness of the views")


def _log(item: OwnName, target: Target) -> NamedObject:
    query = f"""\
SELECT pg_catalog.lpad(pg_catalog.to_hex(r.id), 32, '0')::uuid AS id, r.view_name::character varying(100) AS view_name,
  (CASE WHEN r.mode = 'full' AND r.schedule IS NOT NULL THEN 'scheduled' ELSE r.mode END)::character varying(50) AS refresh_type,
  pg_catalog.round(least(r.seconds * 1000, 2147483647))::integer AS duration_ms,
  least(coalesce(r.changed, r.rows), 2147483647)::integer AS rows_affected,
  r.status::character varying(50) AS status, r.error AS error_message, r.started_at AS created_at
FROM {qualified(target.stored, "refreshes")} AS r
JOIN {qualified(target.stored, "deployed_view")} AS d ON d.view_schema = r.view_schema AND d.view_name = r.view_name
WHERE d.project OPERATOR(pg_catalog.=) {literal(target.project)}"""
    return _view(item, target, query, "The log of refreshes")


def _partitions(item: OwnName, target: Target) -> NamedObject:
    body = f"PERFORM {qualified(target.stored, 'maintain_partitions_together')}({literal(target.project)});"
    create = _function(item, "", "void", body)
    return NamedObject(item, "function", "", create, (), "Makes and retires partitions")


def _view(item: OwnName, target: Target, query: str, described: str) -> NamedObject:
    create = f"CREATE OR REPLACE VIEW {qualified(item.schema, item.name)} AS\n{query}"
    return NamedObject(item, "view", "", create, _guests(target), described)


def _guests(target: Target) -> tuple[str, ...]:
    return tuple(sorted(target.guests))


_MAKERS: Final[dict[OwnNameRole, Callable[[OwnName, Target], NamedObject]]] = {
    "refresh_all": _refresh_all,
    "refresh_one": _refresh_one,
    "refresh_view": _refresh_view,
    "usage": _usage,
    "status": _status,
    "log": _log,
    "partitions": _partitions,
}
