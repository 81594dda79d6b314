"""The third proof: a real server takes every statement, over the catalog's tables, empty. Nothing of it stays.

A project may be a stranger's: all of it happens in `confinement`, a text is sent alone, and nothing but creating and planning is
asked for. What the server refuses is reported at the place in the YAML; what it says of types is compared with what the compiler says.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from mvc.catalog.script import catalog_statements
from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.diagnostics import Diagnostic, Span, error, warning
from mvc.engines.postgres.deploy.project_names import NamedObject, install_sql, named_objects
from mvc.engines.postgres.deploy.proofs import storage_sql
from mvc.engines.postgres.deploy.script import closing_sql, settings_sql
from mvc.engines.postgres.deploy.statements import exposure_sql
from mvc.engines.postgres.plan.make_plan import split_deployable
from mvc.engines.postgres.plan.steps import LeftOut
from mvc.engines.postgres.runtime import runtime_sql
from mvc.engines.postgres.server.confinement import Confined, confined
from mvc.engines.postgres.server.connection import connect
from mvc.engines.postgres.server.embedded import EmbeddedServer, choose_installation
from mvc.engines.postgres.server.errors import ServerError, ServerRefusal, refusal_of, server_errors
from mvc.engines.postgres.server.refusal_mends import refusal_mend
from mvc.engines.postgres.server.refused_view import refused_view
from mvc.engines.postgres.server.time_limit import GRACE, cut, time_limit
from mvc.model.project import Project
from mvc.model.view import View
from mvc.quoting import identifier

MEMORY: Final = 2 * 1024**3  # bytes; a constant such as repeat('x', 1000000000) is computed while a view is planned
_CANCELED: Final = "57014"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: for one statement by the server's own timeout, for all of a view, and for the whole check."""

    statement: float = 10
    view: float = 30
    whole: float = 600


@server_errors()
def check_on_server(
    connection: psycopg.Connection, project: Project, compiled: Compiled, limits: Limits = Limits()
) -> tuple[Diagnostic, ...]:
    """What the server says of the compiled project. Raises ServerError if the catalog itself cannot be created there.

    `connection` is one in autocommit mode that makes and drops the place where all of it happens.
    """
    extensions = {extension for view in project.views for extension in view.requires} | set(project.catalog.extensions)
    deadline = time.monotonic() + limits.whole
    with confined(connection, _roles(compiled), extensions, limits.statement) as room:
        proof = _Proof(room, project, compiled, limits, deadline)
        proof.prepare()
        return tuple(proof.findings())


class _OutOfTime(Exception):
    """The time of a view, or of the whole check, is over."""


@dataclass(frozen=True)
class _Proof:
    """One project in the room that was made for it."""

    room: Confined
    project: Project
    compiled: Compiled
    limits: Limits
    deadline: float

    def prepare(self) -> None:
        """The catalog's tables and the runtime. Raises ServerError."""
        compiled = self.compiled
        texts = (*catalog_statements(self.project.catalog), *settings_sql(compiled), *_schemas(compiled))
        try:
            with self._limited(self.limits.whole):
                self.room.connection.execute("SET LOCAL client_min_messages = error")
                self._send(texts)
                for statement in runtime_sql(compiled.stored):
                    self.room.connection.execute(statement.encode())
        except psycopg.Error as problem:
            said = refusal_of(problem)
            hint = (
                said.hint or "the catalog's names and types must be those of a database; `mvc catalog pull` reads one"
            )
            raise ServerError(f"the catalog cannot be created on this server: {said.message}", hint) from None

    def findings(self) -> Iterator[Diagnostic]:
        """What the server says of the views and of the project's own names."""
        views, left_out = split_deployable(self.room.extensions, self.compiled.views)
        specs = {view.called: view for view in self.project.views}
        yield from (_not_proven(item, specs[item.view]) for item in left_out)
        refused: set[str] = set()
        for number, view in enumerate(views):
            if refused & set(view.upstream):
                refused.add(view.called)
                continue
            try:
                found = self._view(view, specs[view.called])
            except _OutOfTime:
                yield from (self._out_of_time(specs[late.name], view) for late in views[number:])
                return
            refused |= {view.called} if any(item.severity == "error" for item in found) else set()
            yield from found
        yield from filter(None, map(self._name, named_objects(self.compiled)))
        self.room.connection.execute(closing_sql(self.compiled).encode())

    def _view(self, view: CompiledView, spec: View) -> list[Diagnostic]:
        """Creates the view and has its queries planned, or says what the server refused."""
        statement = ""
        try:
            with self._limited(self.limits.view), self.room.connection.transaction():
                for statement in (*storage_sql(self.compiled, view), *exposure_sql(self.compiled, view), *_plan(view)):
                    self._send((statement,))
        except psycopg.Error as problem:
            if self.room.connection.closed or time.monotonic() > self.deadline:
                raise _OutOfTime from None
            said = refusal_of(problem)
            return [refused_view(spec, self.project.policies, statement, said, self._help(said))]
        return _types(self.room.connection, view, spec)

    def _send(self, statements: Iterable[str]) -> None:
        """Each as a message of the extended protocol, in which the server takes one statement and no more."""
        for statement in statements:
            self.room.connection.execute(statement.encode(), binary=True)

    def _limited(self, seconds: float) -> AbstractContextManager[None]:
        """Ends what takes longer: by a request to cancel, by ending the session, by hanging up."""
        connection, left = self.room.connection, self.deadline - time.monotonic()
        measures = (lambda: connection.cancel_safe(timeout=GRACE), self.room.end, lambda: cut(connection))
        return time_limit(min(seconds, left), *measures)

    def _name(self, item: NamedObject) -> Diagnostic | None:
        """Creates what bears a name of the project's own, or says what the server refused."""
        try:
            with self._limited(self.limits.view), self.room.connection.transaction():
                self._send(install_sql(item, self.compiled))
        except psycopg.Error as problem:
            said = refusal_of(problem)
            names = self.project.settings.origin.at("names")
            place = names.at("refresh_views", item.name.name) if item.name.view else names.at(item.name.role)
            title = f"PostgreSQL refuses this name: {said.message}"
            return error("MV801", place.span, title, label="here", help=self._help(said))
        return None

    def _help(self, said: ServerRefusal) -> tuple[str, ...]:
        late = f"each statement has {self.limits.statement:g} seconds; constant parts are computed while it is planned"
        lines = (
            refusal_mend(said),
            said.detail,
            said.hint,
            late if said.sqlstate == _CANCELED else "",
            f"SQLSTATE {said.sqlstate}",
        )
        return tuple(filter(None, lines))

    def _out_of_time(self, spec: View, busy: CompiledView) -> Diagnostic:
        title = f"`{spec.name}` is not proven: the server was still busy with `{busy.name}` when the time was over"
        limits = f"a view has {self.limits.view:g} seconds, the whole check {self.limits.whole:g}"
        return error("MV802", spec.origin.at("view").span, title, help=limits)


def _roles(compiled: Compiled) -> frozenset[str]:
    """Those that the project names."""
    return compiled.guests | {role for view in compiled.views for role in view.readers if role != "public"}


def _schemas(compiled: Compiled) -> list[str]:
    return [
        f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}"
        for schema in sorted({view.schema for view in compiled.views})
    ]


def _plan(view: CompiledView) -> Iterator[str]:
    """What has the server plan the view's queries. Nothing is run: over empty tables only a constant could do anything."""
    if view.merge:
        increment = (view.increment.merge, view.increment.merge_many) if view.increment else ()
        for merge in (view.merge, *increment, view.window and view.window.merge):
            for statement in (merge.in_place, merge.anew) if merge else ():
                yield f"PREPARE merge AS {statement}"
                yield "DEALLOCATE merge"
    elif view.stored_as == "materialized view":
        yield f"EXPLAIN (COSTS off) {view.stored_query}"


def _not_proven(item: LeftOut, spec: View) -> Diagnostic:
    span = spec.origin.at("requires").span if spec.requires else spec.origin.at("view").span
    title = f"`{item.view}` is not proven on this server: it {item.reason}"
    help_line = "the check creates what the server has, but for extensions that can reach outside of the database"
    return warning("MV802", span, title, help=help_line)


def _types(connection: psycopg.Connection, view: CompiledView, spec: View) -> list[Diagnostic]:
    """The compiler's claims about types against the server's."""
    query = (
        "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute AS a"
        " WHERE a.attrelid OPERATOR(pg_catalog.=) %s::pg_catalog.regclass AND a.attnum OPERATOR(pg_catalog.>) 0"
    )
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
    server = EmbeddedServer(choose_installation(), memory=MEMORY)
    with server, connect(server.url()) as connection:
        yield connection
