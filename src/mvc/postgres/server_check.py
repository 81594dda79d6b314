"""The third proof: a real server takes every statement, over the catalog's tables, empty. Nothing of it stays.

All of it happens in one transaction that is rolled back, roles included, so a database that a user names is left as it was.
What the server refuses is reported at the place in the YAML; what it says of types is compared with what the compiler says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from mvc.artifacts import CompiledView
from mvc.catalog.script import catalog_script
from mvc.compiled import Compiled
from mvc.diagnostics import Diagnostic, Span, error, warning
from mvc.model.places import place_of
from mvc.model.project import Project
from mvc.model.view import View
from mvc.planning.make_plan import split_deployable
from mvc.planning.steps import LeftOut
from mvc.postgres.connection import connect
from mvc.postgres.embedded import EmbeddedServer, choose_installation
from mvc.postgres.errors import Refusal, ServerError, refusal_of
from mvc.quoting import identifier
from mvc.runtime import runtime_sql
from mvc.sqlgen.own_names import NamedObject, install_sql, named_objects
from mvc.sqlgen.script import closing_sql, settings_sql
from mvc.sqlgen.statements import exposure_sql, storage_sql


def check_on_server(connection: psycopg.Connection, project: Project, compiled: Compiled) -> tuple[Diagnostic, ...]:
    """What the server says of the compiled project. Raises ServerError if the catalog itself cannot be created there."""
    found: list[Diagnostic] = []
    with connection.transaction(force_rollback=True):
        _prepare(connection, project, compiled)
        views, left_out = split_deployable(_extensions(connection), compiled.views)
        specs = {view.name: view for view in project.views}
        found += [_not_proven(item, specs[item.view]) for item in left_out]
        refused: set[str] = set()
        for view in views:
            if refused & set(view.upstream):
                refused.add(view.name)
                continue
            finding = _try(connection, project, compiled, view, specs[view.name])
            if finding:
                refused.add(view.name)
                found.append(finding)
            else:
                found += _types(connection, view, specs[view.name])
        names = (_try_name(connection, project, compiled, item) for item in named_objects(compiled))
        found += filter(None, names)
        connection.execute(closing_sql(compiled).encode())
    return tuple(found)


def _prepare(connection: psycopg.Connection, project: Project, compiled: Compiled) -> None:
    """Roles, extensions, the catalog's tables and the runtime."""
    try:
        connection.execute("SET LOCAL client_min_messages = error")
        for role in _missing_roles(connection, compiled):
            connection.execute(f"CREATE ROLE {identifier(role)} NOLOGIN".encode())
        _create_extensions(connection, project)
        connection.execute(catalog_script(project.catalog).encode())
        for statement in (*settings_sql(compiled), *_schemas(compiled), *runtime_sql(compiled.stored)):
            connection.execute(statement.encode())
    except psycopg.Error as problem:
        said = refusal_of(problem)
        hint = said.hint or "it needs an empty database, and a role that may create schemas and roles"
        raise ServerError(f"the catalog cannot be created on this server: {said.message}", hint) from None


def _schemas(compiled: Compiled) -> list[str]:
    return [
        f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}"
        for schema in sorted({view.schema for view in compiled.views})
    ]


def _create_extensions(connection: psycopg.Connection, project: Project) -> None:
    """Those that the views require and this server has; the others' views are reported as not proven."""
    wanted = {extension for view in project.views for extension in view.requires} | set(project.catalog.extensions)
    query = "SELECT name FROM pg_available_extensions WHERE name = ANY(%s) AND installed_version IS NULL ORDER BY name"
    for (name,) in connection.execute(query, (sorted(wanted),)).fetchall():
        connection.execute(f"CREATE EXTENSION {identifier(name)} CASCADE".encode())


def _extensions(connection: psycopg.Connection) -> frozenset[str]:
    return frozenset(row[0] for row in connection.execute("SELECT extname FROM pg_extension"))


def _missing_roles(connection: psycopg.Connection, compiled: Compiled) -> list[str]:
    """Roles that the project names and the server does not have."""
    wanted = {role for view in compiled.views for role in view.readers if role != "public"} | compiled.guests
    query = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
    return sorted(wanted - {row[0] for row in connection.execute(query, (sorted(wanted),))})


def _try(
    connection: psycopg.Connection, project: Project, compiled: Compiled, view: CompiledView, spec: View
) -> Diagnostic | None:
    """Creates the view and fills it (empty), or says what the server refused."""
    statements = (*storage_sql(compiled, view), *exposure_sql(compiled, view), *_fill(view))
    statement = ""
    try:
        with connection.transaction():
            for statement in statements:
                connection.execute(statement.encode())
    except psycopg.Error as problem:
        said = refusal_of(problem)
        span = place_of(spec, project.policies, statement, said.position)
        return error("MV801", span, f"PostgreSQL refuses this view: {said.message}", label="here", help=_help(said))
    return None


def _fill(view: CompiledView) -> Iterator[str]:
    if view.merge:
        increment = (view.increment.merge, view.increment.merge_many) if view.increment else ()
        for merge in (view.merge, *increment, view.window and view.window.merge):
            for statement in (merge.in_place, merge.anew) if merge else ():
                yield f"PREPARE merge AS {statement}"
                yield "DEALLOCATE merge"
    elif view.stored_as == "materialized view":
        named = ".".join(identifier(part) for part in view.storage)
        yield f"REFRESH MATERIALIZED VIEW {named}"
        yield f"REFRESH MATERIALIZED VIEW CONCURRENTLY {named}"


def _try_name(
    connection: psycopg.Connection, project: Project, compiled: Compiled, item: NamedObject
) -> Diagnostic | None:
    """Creates what bears a name of the project's own, or says what the server refused."""
    try:
        with connection.transaction():
            for statement in install_sql(item, compiled):
                connection.execute(statement.encode())
    except psycopg.Error as problem:
        said = refusal_of(problem)
        names = project.settings.origin.at("names")
        place = names.at("refresh_views", item.name.name) if item.name.view else names.at(item.name.role)
        title = f"PostgreSQL refuses this name: {said.message}"
        return error("MV801", place.span, title, label="here", help=_help(said))
    return None


def _help(said: Refusal) -> tuple[str, ...]:
    return tuple(line for line in (said.detail, said.hint, f"SQLSTATE {said.sqlstate}") if line)


def _not_proven(item: LeftOut, spec: View) -> Diagnostic:
    span = spec.origin.at("requires").span if spec.requires else spec.origin.at("view").span
    return warning("MV802", span, f"`{item.view}` is not proven on this server: it {item.reason}")


def _types(connection: psycopg.Connection, view: CompiledView, spec: View) -> list[Diagnostic]:
    """The compiler's claims about types against the server's."""
    query = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
    name = ".".join(identifier(part) for part in view.storage)
    server: dict[str, str] = dict(connection.execute(query, (name,)).fetchall())
    return [
        warning(
            "MV803", _column_place(spec, column.name), f"`{column.name}` is {server[column.name]}, not {column.type}"
        )
        for column in view.columns
        if column.type is not None and server.get(column.name) != column.type
    ]


def _column_place(spec: View, column: str) -> Span:
    for key in ("dimensions", "aggregates"):
        if (key, column) in spec.origin.document.nodes:
            return spec.origin.at(key, column).key_span
    return spec.origin.at("view").span


@contextmanager
def scratch_connection(url: str | None) -> Iterator[psycopg.Connection]:
    """A connection to the database that `url` names, or to a server of our own that ends with the block."""
    if url:
        with connect(url) as connection:
            yield connection
        return
    with EmbeddedServer(choose_installation()) as server, connect(server.url()) as connection:
        yield connection
