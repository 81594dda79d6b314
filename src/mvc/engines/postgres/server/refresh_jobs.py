"""Jobs of pg_cron that refresh views, by what their commands and the functions that these call say. None of it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final

import psycopg
from psycopg.rows import tuple_row

from mvc.engines.postgres.server.search_path import own_names
from mvc.importing.found import FoundJob, Lost, Place
from mvc.importing.refresh_commands import Command, Named, read_body
from mvc.importing.schedules import found_job

# Only the extension's own table is asked: another one of that name may be a view that runs its owner's code.
_IS_THERE: Final = b"""
SELECT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
       coalesce(pg_catalog.current_setting('cron.timezone', true), 'GMT')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'cron'
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_cron'
WHERE c.relname = 'job'"""
_BODIES: Final = b"""
SELECT p.prosrc, l.lanname
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.proname = %(name)s AND l.lanname NOT IN ('internal', 'c')
  AND CASE WHEN %(schema)s::text IS NULL THEN n.nspname = ANY (%(path)s::text[]) ELSE n.nspname = %(schema)s END
ORDER BY p.oid"""


def read_jobs(
    connection: psycopg.Connection, views: Iterable[Place], path: tuple[str, ...]
) -> tuple[tuple[FoundJob, ...], tuple[Lost, ...]]:
    """The jobs that refresh something, with the materialized views among `views` that they name; names without a schema are looked up along `path`. Also what
    cannot be read. Raises psycopg.Error.
    """
    with own_names(connection), connection.cursor(row_factory=tuple_row) as cursor:
        there = cursor.execute(_IS_THERE).fetchone()
        if there is None:
            return (), ()
        may_read, zone = there
        if not may_read:
            return (), (Lost("jobs of pg_cron", "this role may not read them: GRANT USAGE ON SCHEMA cron"),)
        query = (files("mvc.engines.postgres.server.queries") / "refresh_jobs.sql").read_bytes()
        rows = cursor.execute(query).fetchall()
        bodies, place_of = _bodies(cursor, path), _places(views, path)
        jobs = [(found_job(name, line, command, bodies, place_of), rest) for name, line, command, *rest in rows]
    return tuple(
        replace(job, zone=_zone(zone), active=active, number=number, owner=owner)
        for job, (active, number, owner) in jobs
        if job
    ), ()


def _zone(name: str) -> str:
    return "UTC" if name in ("GMT", "UTC") else name


def _bodies(cursor: psycopg.Cursor, path: tuple[str, ...]) -> Callable[[Named], Command | None]:
    """What a function does; of several that have a name, all."""

    @cache
    def body(named: Named) -> Command | None:
        schema, name = named
        rows = cursor.execute(_BODIES, {"schema": schema, "name": name, "path": list(path)}).fetchall()
        whole = Command()
        for source, language in rows:
            found = read_body(source, language)
            whole.views += found.views
            whole.calls += found.calls
            whole.computes |= found.computes
        return whole if rows else None

    return body


def _places(views: Iterable[Place], path: tuple[str, ...]) -> Callable[[Named], Place | None]:
    known = set(views)

    def place(named: Named) -> Place | None:
        schema, name = named
        schemas = (schema,) if schema else path
        return next(((item, name) for item in schemas if (item, name) in known), None)

    return place
