"""Releases what stands in the way of a change of base tables: by itself, for migration tools that run the change on their own, or as the first part of
`around`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from mvc.catalog.altered import AlteredName, written_name
from mvc.catalog.tokens import Unreadable
from mvc.compiled.view import Target
from mvc.engines.postgres.deploy.script import settings_sql
from mvc.engines.postgres.plan.release import Altered, Release, ReleasedView, Rows, targets_json
from mvc.engines.postgres.plan.steps import Step
from mvc.engines.postgres.server.apply import ApplyOptions, ApplyRun, OnStep
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.generation import installed, refuse_newer, refuse_older
from mvc.engines.postgres.server.lock import deployment_lock
from mvc.engines.postgres.server.owner import working_role
from mvc.engines.postgres.server.read_state import ledger
from mvc.engines.postgres.server.run_steps import Session, run_step, run_switch
from mvc.engines.postgres.server.search_path import own_path
from mvc.quoting import literal, qualified
from mvc.retired import retired_parameter


@server_errors()
def plan_release(connection: psycopg.Connection, target: Target, altered: Iterable[Altered | str]) -> Release:
    """What stands in the way of a change, and how it would be released. Takes no lock above ACCESS SHARE and writes nothing. Raises ServerError."""
    wanted = _meant(connection, altered)
    working_role(connection, target.stored)
    query = f"SELECT {qualified(target.stored, 'release_plan')}({literal(targets_json(wanted))})"
    with ledger(connection, target.stored):
        there = installed(connection, target.stored)
        refuse_newer(there)
        refuse_older(there)
        row = connection.execute(query.encode()).fetchone() if there else None
    if row is None:
        return Release(target.stored, wanted)
    found: dict[str, Any] = row[0]
    views = tuple(_view(item) for item in found["views"])
    return Release(target.stored, wanted, views, tuple(found["leftovers"]), tuple(found["outside"]))


def _view(item: dict[str, Any]) -> ReleasedView:
    rows: Rows = "copied" if item["copied"] else "kept" if item["kept"] else "refreshed"
    return ReleasedView(
        item["schema"], item["name"], item["project"], item["stored"], rows, item["closed"], item["called"]
    )


def _meant(connection: psycopg.Connection, altered: Iterable[Altered | str]) -> tuple[Altered, ...]:
    """The columns and relations themselves, of which some are only named (`orders.amount`). Raises ServerError."""
    found: list[Altered] = []
    for item in altered:
        found += [item] if isinstance(item, Altered) else find_altered(connection, [_written(item)], strict=True)
    return tuple(dict.fromkeys(found))


def _written(text: str) -> AlteredName:
    try:
        return written_name(text)
    except Unreadable as problem:
        raise ServerError(
            f"`{text}`: {problem.reason}", "name it as TABLE, SCHEMA.TABLE or SCHEMA.TABLE.COLUMN"
        ) from None


@server_errors()
def find_altered(
    connection: psycopg.Connection, names: Iterable[AlteredName], *, strict: bool = False
) -> tuple[Altered, ...]:
    """What the names mean along the connection's search path. What is not there is left out or, where it is `strict`, raises ServerError; `a.b` is
    then a column of `a` too, where there is no such relation.
    """
    found = [item for name in names if (item := _found(connection, name, strict=strict))]
    return tuple(dict.fromkeys(found))


def _found(connection: psycopg.Connection, name: AlteredName, *, strict: bool) -> Altered | None:
    at = _relation(connection, name.schema, name.name)
    if at is None and strict and name.schema and not name.column:
        at, name = _relation(connection, None, name.schema), AlteredName(None, name.schema, name.name)
    if at is None:
        if strict:
            written = ".".join(filter(None, (name.schema, name.name)))
            raise ServerError(
                f"there is no relation {written}", "name it as TABLE, SCHEMA.TABLE or SCHEMA.TABLE.COLUMN"
            )
        return None
    altered = Altered(*at, name.column)
    if strict and name.column and not _has_column(connection, altered):
        raise ServerError(f"{'.'.join(at)} has no column {name.column}", "name it as the database does")
    return altered


def _relation(connection: psycopg.Connection, schema: str | None, name: str) -> tuple[str, str] | None:
    query = """SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(%s)"""  # along the session's path, which may have operators of others
    return connection.execute(query, (qualified(schema, name) if schema else qualified(name),)).fetchone()


def _has_column(connection: psycopg.Connection, altered: Altered) -> bool:
    query = "SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass(%s) AND a.attname = %s AND a.attnum > 0"
    with own_path(connection):
        row = connection.execute(query, (qualified(altered.schema, altered.name), altered.column)).fetchone()
    return row is not None


@retired_parameter("terms", "options", "0.3")
@server_errors()
def release(
    connection: psycopg.Connection,
    target: Target,
    altered: Iterable[Altered | str],
    options: ApplyOptions | None = None,
    on_step: OnStep | None = None,
) -> Release:
    """Releases what stands in the way of a change of these columns and relations, and drops it; `apply` builds it anew after the change.

    What is to change may be named as on the command line: `orders.amount`, `public.orders`. The connection must be in autocommit mode. Raises ServerError; then everything is as before.
    """
    agreed, wanted = options or ApplyOptions(), _meant(connection, altered)
    with deployment_lock(connection, target.stored) as still_locked:
        conduct = ApplyRun(agreed, still_locked, on_step)
        session = session_of(connection, target, agreed)
        found = plan_release(connection, target, wanted)
        try:
            open_way(session, found, conduct)
            if found.clearing and not found.empty:
                conduct.begin(found.clearing)
                run_step(session, found.clearing)
        except BaseException:
            take_back(session, found)
            raise
    return found


def session_of(connection: psycopg.Connection, target: Target, options: ApplyOptions) -> Session:
    """In the name of the stored schema's owner."""
    return Session(connection, tuple(settings_sql(target)), working_role(connection, target.stored), options.pace)


def open_way(session: Session, found: Release, conduct: ApplyRun) -> None:
    """Copies and switches: nobody reads afterwards what stands in the way. Raises ServerError, with a part of it done."""
    for step in found.copies:
        conduct.begin(step)
        run_step(session, step)
    for switch in found.switches:
        conduct.begin(switch)
        run_switch(session, switch, ())


def take_back(session: Session, found: Release) -> None:
    """Everything as before, where it was released. Raises ServerError where readers are in the way for too long: the next deployment mends it then."""
    if session.connection.closed:
        return  # the server has undone what was not committed; the rest is released, and the next deployment builds it anew
    for switch in found.way_back:
        run_switch(session, switch, ())
    if found.copies:
        run_step(session, _copies_gone(found))


def _copies_gone(found: Release) -> Step:
    """Drops copies that nobody reads."""
    statement = f"SELECT {qualified(found.home, 'drop_unneeded')}()"
    return Step("drop unneeded", "", "copies that nobody reads", (statement,))
