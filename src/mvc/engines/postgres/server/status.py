"""What is deployed, how fresh and how large it is, what became of its refreshes, who reads it; leftovers and drift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from typing import Any

import psycopg

from mvc.compiled.project import Compiled
from mvc.compiled.schedule import CompiledSchedule
from mvc.compiled.serialize import from_record
from mvc.compiled.view import CompiledView, Target
from mvc.engines.postgres.plan.drift import find_drift
from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.plan.leftovers import Leftover
from mvc.engines.postgres.plan.state import Name, State
from mvc.engines.postgres.server.change_logs import ChangeLog, change_logs
from mvc.engines.postgres.server.door import ask, works_as_owner
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.owner import check_may_look
from mvc.engines.postgres.server.prune import leftovers_of
from mvc.engines.postgres.server.read_state import ledger, read_state
from mvc.engines.postgres.server.status_parts import LastRefresh, LoggedRun, Promise, Usage
from mvc.quoting import identifier, qualified

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """One deployed view. Ages and durations are in seconds, sizes in bytes; `bytes` is all of it, None parts are not known now.

    `last_status` is of the last run that was not skipped. `today` counts outcomes since midnight in the project's zone. `dead_share`
    is the part of the row versions that nobody sees any more, by the statistics. `tables` are the base tables that it reads. `problem`
    says what of the view is gone, and what to do; None where all is there. `behind` says what it reads of a view that stands still.
    """

    view: str
    schema: str
    kind: str
    stored: str
    rows: int | None
    bytes: int
    data_age: float | None
    populated: bool
    last_refresh: LastRefresh | None
    storage: str | None
    table_bytes: int | None
    index_bytes: int | None
    toast_bytes: int | None
    last_status: str | None
    last_success_age: float | None
    last_success_seconds: float | None
    last_error: str | None
    last_error_age: float | None
    today: Mapping[str, int]
    running_seconds: float | None
    dead_rows: int | None
    dead_share: float | None
    queued_groups: int | None
    promises: tuple[Promise, ...]
    usage: Usage | None
    upstream: tuple[str, ...]
    tables: tuple[str, ...]
    problem: str | None = None
    behind: str | None = None
    tags: tuple[str, ...] = ()
    called: str = ""

    @property
    def broken(self) -> tuple[Promise, ...]:
        """The promises that are broken."""
        return tuple(promise for promise in self.promises if promise.broken)

    @property
    def failed(self) -> bool:
        """Whether the last run that was not skipped came to nothing, and nothing has filled it since, as a deployment does."""
        since = None not in (self.data_age, self.last_error_age) and (self.data_age or 0) < (self.last_error_age or 0)
        return self.last_status in ("failed", "lost") and not since


@dataclass(frozen=True, slots=True)
class Status:
    """A project in a database, `at` a time in seconds since 1970. `deployment` is 0 where nothing of it is deployed; `runs` are those of
    the last seven days, 2,000 at most, the oldest first.
    """

    database: str
    deployment: int
    views: tuple[ViewStatus, ...]
    drift: tuple[Drift, ...]
    leftovers: tuple[Leftover, ...]
    at: float = 0.0
    runs: tuple[LoggedRun, ...] = ()
    change_logs: tuple[ChangeLog, ...] = ()
    schedules: tuple[CompiledSchedule, ...] = ()

    def of(self, names: AbstractSet[str]) -> Status:
        """What there is to say of some views."""
        return replace(
            self,
            views=tuple(view for view in self.views if view.called in names),
            drift=tuple(item for item in self.drift if item.view in names),
            leftovers=tuple(item for item in self.leftovers if item.view in names),
            runs=tuple(run for run in self.runs if run.called in names),
            change_logs=(),
            schedules=tuple(item for item in self.schedules if not names.isdisjoint(item.views)),
        )

    @property
    def troubled(self) -> bool:
        """Whether a promise is broken, the last refresh of a view failed, a part of one is gone, or nothing is there that could be well."""
        return not self.deployment or any(view.broken or view.failed or view.problem for view in self.views)


@server_errors()
def status(connection: psycopg.Connection, compiled: Compiled) -> Status:
    """What is deployed of the project. Writes nothing. Raises ServerError."""
    check_may_look(connection, compiled)
    state = read_state(connection, compiled)
    left = leftovers_of(connection, state, compiled.stored)
    if all(view.project != compiled.project for view in state.views.values()):
        return Status(state.database, 0, (), (), left)
    found = _found(connection, compiled)
    views = tuple(_view(row, found, state) for row in found["views"])
    runs = tuple(_run(row, state) for row in found["runs"])
    drift = find_drift(state, compiled.project)
    logs = change_logs(connection, compiled.stored)
    target = state.targets.get(compiled.project)
    schedules = target.schedules if target else ()
    return Status(state.database, state.deployment, views, drift, left, found["at"], runs, logs, schedules)


@server_errors()
def alert(connection: psycopg.Connection, target: Target) -> int:
    """Tells the project's channel of promises and views that were broken since the last time. Returns how many."""
    with ledger(connection, target.stored, "SET TRANSACTION READ WRITE"):
        if works_as_owner(connection, target.stored):
            query = f"SELECT {qualified(target.stored, 'alert_broken_promises')}()"
            row = connection.execute(query.encode()).fetchone()
            return int(row[0]) if row else 0
    return int(ask(connection, target.stored, "alert") or 0)


def _found(connection: psycopg.Connection, compiled: Compiled) -> Json:
    query = files("mvc.engines.postgres.server.queries").joinpath("status.sql").read_text(encoding="utf-8")
    query = query.replace("{schema}", identifier(compiled.stored).replace("%", "%%"))
    with ledger(connection, compiled.stored):
        there = connection.execute(
            "SELECT to_regclass(format('%%I.view_status', %s::text))", (compiled.stored,)
        ).fetchone()
        if there is None or there[0] is None:
            raise _other_version()
        row = connection.execute(query.encode(), {"project": compiled.project}).fetchone()
    found: Json = row[0] if row else {}
    return found


def _other_version() -> ServerError:
    return ServerError(
        "the runtime that is installed here is another version's, or parts of it were dropped",
        "mvc apply brings it up to date",
    )


def _view(row: Json, found: Json, state: State) -> ViewStatus:
    """A view's row, with what is made of several columns of it, or known from elsewhere; the rest goes by name."""
    key = (row["schema"], row["view"])
    at = found["at"]
    deployed = state.views.get(key)
    definition = deployed.definition if deployed else None
    parts = [row["table_bytes"], row["index_bytes"], row["toast_bytes"]]
    given: dict[str, Any] = {
        **row,
        "bytes": sum(part or 0 for part in parts),
        "data_age": row["data_age"] and max(0.0, row["data_age"]),
        "last_refresh": _last_refresh(row["latest"], at),
        "last_success_age": _since(row["last_success"], at),
        "last_error_age": _since(row["last_error_at"], at),
        "running_seconds": _since(row["running"], at),
        "promises": tuple(from_record(Promise, item) for item in _of(key, found["promises"])),
        "usage": next((from_record(Usage, item) for item in _of(key, found["usage"])), None),
        "upstream": definition.upstream if definition else (),
        "tables": _tables(definition, state) if definition else (),
        "tags": definition.tags if definition else (),
        "called": deployed.called(key) if deployed else key[1],
    }
    names = [item.name for item in fields(ViewStatus)]
    if not given.keys() >= set(names):
        raise _other_version()
    return ViewStatus(**{name: given[name] for name in names})


def _run(row: Json, state: State) -> LoggedRun:
    name = (row["schema"], row["view"])
    return from_record(LoggedRun, {**row, "called": state.views[name].called(name) if name in state.views else name[1]})


def _of(name: Name, rows: Iterable[Json]) -> list[Json]:
    return [row for row in rows if (row["schema"], row["view"]) == name]


def _since(moment: float | None, at: float) -> float | None:
    return None if moment is None else max(0.0, at - moment)


def _last_refresh(last: Json | None, at: float) -> LastRefresh | None:
    if last is None:
        return None
    ended = None if last["status"] == "started" else last["seconds"]
    return LastRefresh(last["status"], max(0.0, at - last["started_at"]), ended, last["error"])


def _tables(view: CompiledView, state: State) -> tuple[str, ...]:
    """The base tables among what a view reads: `relation.column` names without those of other views."""
    relations = {read.rpartition(".")[0] for read in view.reads}
    views = {name for schema, view_name in state.views for name in (view_name, f"{schema}.{view_name}")}
    return tuple(sorted(relation for relation in relations if relation and relation not in views))
