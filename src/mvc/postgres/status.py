"""What is deployed and how fresh it is: the ledger, the log's last words on each view, sizes, leftovers, drift."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from mvc.artifacts import StoredAs
from mvc.compiled import Compiled
from mvc.planning.drift import Drift, find_drift
from mvc.planning.leftovers import Leftover
from mvc.planning.state import DeployedView, Name, State
from mvc.postgres.errors import server_errors
from mvc.postgres.prune import leftovers_of
from mvc.postgres.reading import ledger, read_state
from mvc.quoting import qualified


@dataclass(frozen=True, slots=True)
class LastRefresh:
    """The log's last row of a view. `age` and `seconds` are seconds; a run that has not ended has no `seconds`."""

    status: str
    age: float
    seconds: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """One deployed view. `data_age` is the time since its rows were computed, in seconds; sizes are in bytes."""

    view: str
    schema: str
    kind: str
    stored: str
    stored_as: StoredAs | None
    rows: int | None
    bytes: int
    data_age: float | None
    populated: bool
    last_refresh: LastRefresh | None


@dataclass(frozen=True, slots=True)
class Status:
    """A project in a database. `deployment` is 0 where nothing of it is deployed."""

    database: str
    deployment: int
    views: tuple[ViewStatus, ...]
    drift: tuple[Drift, ...]
    leftovers: tuple[Leftover, ...]


@server_errors()
def status(connection: psycopg.Connection, compiled: Compiled) -> Status:
    """What is deployed of the project. Writes nothing. Raises ServerError."""
    state = read_state(connection, compiled.stored)
    left = leftovers_of(connection, state, compiled.stored)
    if all(view.project != compiled.project for view in state.views.values()):
        return Status(state.database, 0, (), (), left)
    with ledger(connection, compiled.stored):
        refreshed = _last_refreshes(connection, compiled.stored)
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    now = float(row[0]) if row else 0.0
    views = tuple(
        _view(name, view, state, refreshed.get(name), now)
        for name, view in state.views.items()
        if view.project == compiled.project
    )
    drift = find_drift(state, compiled.project)
    return Status(state.database, state.deployment, views, drift, left)


def _last_refreshes(connection: psycopg.Connection, stored: str) -> dict[Name, LastRefresh]:
    query = f"""
        SELECT DISTINCT ON (view_schema, view_name) view_schema, view_name, status,
          extract(epoch FROM clock_timestamp() - started_at)::float8, extract(epoch FROM finished_at - started_at)::float8, error
        FROM {qualified(stored, "refresh_log")} ORDER BY view_schema, view_name, started_at DESC, id DESC"""
    return {(row[0], row[1]): LastRefresh(*row[2:]) for row in connection.execute(query.encode())}


def _view(name: Name, deployed: DeployedView, state: State, last: LastRefresh | None, now: float) -> ViewStatus:
    stored = state.stored.get(deployed.stored_name)
    target = state.targets.get(deployed.project)
    home = deployed.definition.storage[0] if deployed.definition else (target.stored if target else "")
    relation = state.relations.get((home, deployed.stored_name))
    filled = stored.filled_at if stored else None
    return ViewStatus(
        view=name[1],
        schema=name[0],
        kind=deployed.definition.kind if deployed.definition else "unknown",
        stored=deployed.stored_name,
        stored_as=deployed.definition.stored_as if deployed.definition else None,
        rows=stored.rows if stored else None,
        bytes=relation.bytes if relation else 0,
        data_age=None if filled is None else max(0.0, now - filled),
        populated=bool(relation and relation.populated),
        last_refresh=last,
    )
