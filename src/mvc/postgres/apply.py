"""Deploys a compiled project: everything in one transaction, or nothing.

A database without our objects gets them; one that has them unchanged stays as it is. A view that is deployed with another
definition is refused, since replacing it in place would leave its readers without data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg

from mvc.artifacts import CompiledView
from mvc.compiled import Compiled
from mvc.postgres.errors import ServerError, StatementRefused, refusal_of, server_errors
from mvc.postgres.ledger import LeftOut, deployed, foreign_owner, missing_roles, own_names, split_deployable
from mvc.runtime import runtime_sql
from mvc.sqlgen.script import closing_sql, ledger_sql, requirements_sql, settings_sql

LOCK = 0x6D766321  # `mvc!`: one deployment of a database at a time


@dataclass(frozen=True, slots=True)
class Applied:
    """What a deployment did. `created` and `unchanged` are view names; `unfilled` are those that wait for a refresh."""

    created: tuple[str, ...]
    unchanged: tuple[str, ...]
    unfilled: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment would do to one database."""

    views: tuple[CompiledView, ...]
    created: tuple[str, ...]
    unchanged: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


@server_errors()
def plan(connection: psycopg.Connection, compiled: Compiled, names: Iterable[str] = ()) -> Plan:
    """What `apply` would do. `names` selects views, with what they read; none means all. Raises ServerError."""
    with own_names(connection):
        return _plan(connection, compiled, names)


def _plan(connection: psycopg.Connection, compiled: Compiled, names: Iterable[str]) -> Plan:
    wanted = compiled.with_upstream(names) if names else compiled.views
    if owner := foreign_owner(connection, compiled.stored):
        hint = f"deploy as {owner}, or name another schema in mvc.yml: schemas: {{stored: NAME}}"
        raise ServerError(f"the schema {compiled.stored} belongs to the role {owner}", hint)
    views, left_out = split_deployable(connection, wanted)
    ledger = deployed(connection, compiled.stored)
    _refuse_missing_roles(connection, compiled, views)
    _refuse_changed(views, ledger)
    _refuse_taken(connection, views, ledger)
    known = [view.name for view in views if (view.schema, view.name) in ledger]
    created = tuple(view.name for view in views if view.name not in known)
    return Plan(views, created, tuple(known), left_out)


@server_errors()
def apply(connection: psycopg.Connection, compiled: Compiled, names: Iterable[str] = ()) -> Applied:
    """Deploys the project. Raises ServerError, after which the database is as it was.

    The connection must be in autocommit mode; the deployment is one transaction of its own.
    """
    with own_names(connection):
        locked = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (LOCK,)).fetchone()
        if not locked or not locked[0]:
            raise ServerError("another deployment of this database is under way", "try again when it has ended")
        steps = _plan(connection, compiled, names)
        for statement in (*settings_sql(compiled), *runtime_sql(compiled.stored)):
            _run(connection, "", statement)
        for view in steps.views:
            for statement in (*requirements_sql(compiled, view), *view.storage_sql, ledger_sql(compiled, view)):
                _run(connection, view.name, statement)
        for view in steps.views:
            for statement in view.exposure_sql:
                _run(connection, view.name, statement)
        _run(connection, "", closing_sql(compiled))
        unfilled = _unfilled(connection, steps.views)
    return Applied(steps.created, steps.unchanged, unfilled, steps.left_out)


def _run(connection: psycopg.Connection, view: str, statement: str) -> None:
    try:
        connection.execute(statement.encode())
    except psycopg.Error as problem:
        raise StatementRefused(view, statement, refusal_of(problem)) from None


def _unfilled(connection: psycopg.Connection, views: Iterable[CompiledView]) -> tuple[str, ...]:
    query = "SELECT schemaname, matviewname FROM pg_matviews WHERE NOT ispopulated"
    empty = {(schema, name) for schema, name in connection.execute(query)}
    return tuple(view.name for view in views if view.storage in empty)


def _refuse_missing_roles(connection: psycopg.Connection, compiled: Compiled, views: Iterable[CompiledView]) -> None:
    if missing := missing_roles(connection, compiled, views):
        raise ServerError(
            f"the server has no role {', '.join(missing)}, which policies name", "create it, or take it out of `to:`"
        )


def _refuse_changed(views: Iterable[CompiledView], ledger: Mapping[tuple[str, str], str]) -> None:
    changed = [view.name for view in views if ledger.get((view.schema, view.name), view.storage[1]) != view.storage[1]]
    if changed:
        raise ServerError(
            f"deployed with another definition: {', '.join(changed)}",
            "this version deploys new views and leaves unchanged ones alone; it does not replace a view that readers use",
        )


def _refuse_taken(
    connection: psycopg.Connection, views: Iterable[CompiledView], ledger: Mapping[tuple[str, str], str]
) -> None:
    """A relation that we did not create is never replaced."""
    new = [view for view in views if (view.schema, view.name) not in ledger]
    query = "SELECT to_regclass(format('%%I.%%I', %s::text, %s::text))::text"
    taken = [view for view in new if (row := connection.execute(query, (view.schema, view.name)).fetchone()) and row[0]]
    if taken:
        names = ", ".join(f"{view.schema}.{view.name}" for view in taken)
        raise ServerError(
            f"not ours, and in the way: {names}", "rename or drop it, or give the view another name or schema"
        )
