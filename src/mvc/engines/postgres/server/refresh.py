"""Refreshes deployed views by name, each in transactions and a log row of its own; what a failed view feeds is skipped."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from mvc.compiled.project import Compiled
from mvc.compiled.view import Target
from mvc.engines.postgres.plan.make_plan import split_deployable
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.generation import check_generation
from mvc.engines.postgres.server.owner import check_may_refresh, standing
from mvc.engines.postgres.server.refresh_view import OnView, Refreshed, RefreshOptions, RefreshRequest, refresh_view
from mvc.engines.postgres.server.search_path import own_names
from mvc.quoting import qualified
from mvc.retired import retired_parameter


@retired_parameter("how", "options", "0.3")
@server_errors()
def refresh(
    connection: psycopg.Connection,
    compiled: Compiled,
    names: Iterable[str] = (),
    on_view: OnView | None = None,
    options: RefreshOptions | None = None,
) -> tuple[Refreshed, ...]:
    """Refreshes the materialized views `names` (none means all), upstream first, each as `options` says; `on_view` hears of each
    as it ends. Where all are meant, a view that this database cannot hold is skipped: it has not failed.

    The connection must be in autocommit mode. Raises ServerError if nothing of the project is deployed, and KeyError for an
    unknown name; a view's own failure is a result.
    """
    check_deployed(connection, compiled)
    named = {compiled.view(name).called for name in names}
    wanted = named or {view.called for view in compiled.views}
    asked = options or RefreshOptions()
    lacking = _left_out(connection, compiled) if asked.of_all or not named else {}
    results: list[Refreshed] = []
    for view in compiled.views:
        if view.called not in wanted or view.kind == "plain":
            continue
        failed = [result.view for result in results if result.status == "failed"]
        if view.called in lacking:
            results.append(Refreshed(view.called, "skipped", 0.0, None, f"left out: it {lacking[view.called]}"))
        else:
            task = RefreshRequest(view.schema, view.name, asked, called=view.called)
            results.append(refresh_view(connection, compiled.stored, task, failed))
        if on_view:
            on_view(results[-1])
    return tuple(results)


def _left_out(connection: psycopg.Connection, compiled: Compiled) -> dict[str, str]:
    """The views that this database cannot hold, each with why."""
    if not any(view.requires for view in compiled.views):
        return {}
    with own_names(connection):
        found = connection.execute("SELECT extname FROM pg_extension").fetchall()
    _, left_out = split_deployable({name for (name,) in found}, compiled.views)
    return {item.view: item.reason for item in left_out}


def check_deployed(connection: psycopg.Connection, target: Target) -> None:
    """Raises ServerError where the stored schema holds no view, its owner is not to be trusted, or we may not refresh."""
    storage_schema = target.stored
    with own_names(connection):
        if (
            standing(connection, storage_schema).owner is not None
        ):  # else whoever makes it now is not known to be trusted
            check_may_refresh(connection, target)
            check_generation(connection, storage_schema)
            there = connection.execute(
                "SELECT to_regclass(format('%%I.deployed_view', %s::text))", (storage_schema,)
            ).fetchone()
            query = f"SELECT FROM {qualified(storage_schema, 'deployed_view')} LIMIT 1"
            if there and there[0] and connection.execute(query.encode()).rowcount:
                return
    raise ServerError("nothing of this project is deployed here", "deploy it first: mvc apply")
