"""A database → State: two queries, however many views there are, with no lock above ACCESS SHARE and nothing written. Others ask for what the
views read and call, where a project is to be compared with it, for what changes in another version's runtime, and for pg_cron's jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import psycopg

from mvc.catalog.types import Catalog
from mvc.compiled.serialize import RecordError
from mvc.compiled.view import Target
from mvc.engines.postgres.plan.state import (
    ColumnState,
    CronState,
    Dependent,
    DeployedView,
    Grant,
    IndexState,
    JobState,
    Name,
    RelationState,
    RenamedSource,
    RoutineState,
    State,
    StoredState,
    WatchState,
)
from mvc.engines.postgres.runtime import own_tables, runtime_views
from mvc.engines.postgres.server.earlier_ledgers import LEDGER
from mvc.engines.postgres.server.earlier_records import read_target, read_view
from mvc.engines.postgres.server.errors import server_errors
from mvc.engines.postgres.server.generation import functions_changing, installed, refuse_newer
from mvc.engines.postgres.server.in_the_way import with_taken_names
from mvc.engines.postgres.server.ledger_query import ledger_and_catalog, query_text
from mvc.engines.postgres.server.live import read_live
from mvc.engines.postgres.server.owner import distrusted, not_alone, unknown, with_trust
from mvc.engines.postgres.server.search_path import own_names
from mvc.quoting import identifier

Json = Mapping[str, Any]
T = TypeVar("T")


@server_errors()
def observe(
    connection: psycopg.Connection,
    target: Target,
    exposed: Iterable[Name] = (),
    believed: Catalog | None = None,
    readers: Iterable[str] = (),
) -> State:
    """What the database has under the stored schema of `target`, and of the exposures in its ledger and in `exposed`, for `readers`; of the
    relations and functions that are `believed` to be there only where these are given.

    Raises ServerError where the ledger may not be read, or its owner not be trusted.
    """
    storage_schema = target.stored
    with own_names(connection):
        asked: dict[str, Any] = {
            "stored": storage_schema,
            "trusted_roles": list(target.trusted_roles),
            "tables": [part[0] for part in LEDGER],
            "columns": [part[1] for part in LEDGER],
        }
        about = _one(connection, with_trust(query_text("about")), asked)
        if not about["trusted"]:
            raise distrusted(storage_schema, about["owner"], about["user"], about["session"])
        if not about["known"]:
            raise unknown(target, about["owner"], about["user"])
        if about["strange"]:
            raise not_alone(storage_schema, about["strange"])
        # Of a schema that was not there nothing is read: whoever makes it now is not known to be trusted.
        there = installed(connection, storage_schema) if about["owner"] else None
        refuse_newer(there)
        names = list(exposed)
        asked |= {"schemas": [name[0] for name in names], "names": [name[1] for name in names]}
        asked |= {"own": [*own_tables(), *sorted(runtime_views())]}
        found = _one(connection, ledger_and_catalog(storage_schema, about, there), asked)
        changing = functions_changing(connection, storage_schema, found["ledger"].get("runtime")) if there else 0
        schemas = [schema for schema, _ in names]
        live = read_live(connection, believed, storage_schema, schemas, readers) if believed is not None else None
        state = _state(about, found["ledger"], found["catalog"])
        whose = {**about, "trusted_roles": target.trusted_roles, "search_path": target.search_path}
        state = with_taken_names(state, connection, names, whose, found["ledger"].get("formers") or ())
        state = replace(state, live=live, functions_changing=changing, cron=_cron(connection, about))
    return replace(state, generation=there.generation, compiler=there.compiler) if there else state


def _one(connection: psycopg.Connection, query: str, values: Json | None = None) -> Json:
    row = connection.execute(query.encode(), values).fetchone()
    found: Json = row[0] if row else {}
    return found


def _cron(connection: psycopg.Connection, about: Json) -> CronState | None:
    """pg_cron with the jobs of the stored schema's owner, whom it shows his own only. The transaction ends with his role."""
    found = about["cron"]
    if not found["here"] and not found["home"]:
        return None
    cron = CronState(found["home"], found["zone"], found["here"], found["granted"] and about["becomes"], found["login"])
    if not cron.usable:
        return cron
    if about["owner"] not in (None, about["user"]):
        connection.execute(f"SET LOCAL ROLE {identifier(about['owner'])}".encode())
    jobs = _one(connection, query_text("jobs"))
    return replace(cron, jobs=tuple(JobState(*job) for job in jobs))


def _state(about: Json, ledger: Json, catalog: Json) -> State:
    return State(
        database=about["database"],
        database_number=about["database_number"],
        owner=about["owner"],
        acts_as_owner=about["acts"],
        deployment=ledger.get("deployment") or 0,
        runtime=ledger.get("runtime"),
        targets={name: target for name, data in ledger["targets"].items() if (target := _record(read_target, data))},
        views={(row["schema"], row["name"]): _deployed(row) for row in ledger["views"]},
        stored={row["name"]: _stored(row) for row in ledger["stored"]},
        watched={row["log"]: _watched(row) for row in ledger["watched"]},
        relations={(row["schema"], row["name"]): _relation(row) for row in catalog["relations"]},
        routines=_routines(catalog["routines"]),
        dependents=_dependents(catalog["dependents"]),
        storage_grants=_grants(about["grants"]),
        roles=frozenset(about["roles"]),
        role_numbers={number: name for name, number in about["roles"].items()},
        server=about["server"],
        today=about["today"],
        extensions=frozenset(about["extensions"]),
        strangers=about["strangers"] or {},
        strange_tables={name: tuple(owners) for name, owners in (about["strange_tables"] or {}).items()},
    )


def _record(read: Callable[[Any], T], data: Any) -> T | None:
    """None for what another version wrote and this one cannot read."""
    try:
        return read(data) if data else None
    except RecordError:
        return None


def _deployed(row: Json) -> DeployedView:
    recorded = row["recorded"]
    return DeployedView(
        project=row["project"],
        stored_name=row["stored_name"],
        definition=_record(read_view, row["definition"]),
        exposure=recorded.get("exposure"),
        arms=recorded.get("arms") or {},
        indexes=recorded.get("indexes") or {},
        roles=recorded.get("roles") or {},
        server=recorded.get("server") or "",
        released=row["released"],
        closed=row["closed"],
    )


def _stored(row: Json) -> StoredState:
    return StoredState(
        view=(row["view_schema"], row["view_name"]),
        printed=row["printed"],
        companions=tuple(row["companions"].values()),
        built_at=row["built_at"],
        filled_at=row["filled_at"],
        fill_seconds=row["fill_seconds"],
        rows=row["rows"],
        proven=frozenset(row["proven"]) if row["proven"] is not None else None,
        renamed=tuple(RenamedSource(*item) for item in row["renamed"] or ()),
        outdated=row["outdated"] or "",
        frozen=row["frozen"],
    )


def _watched(row: Json) -> WatchState:
    return WatchState((row["schema"], row["table"]), tuple(row["columns"]), row["broken"])


def _relation(row: Json) -> RelationState:
    return RelationState(
        kind=row["kind"],
        owner=row["owner"],
        columns=tuple(ColumnState(*item) for item in row["columns"] or ()),
        options=tuple(row["options"] or ()),
        grants=_grants(row["grants"]),
        comment=row["comment"],
        populated=row["populated"],
        printed=row["printed"],
        indexes=tuple(IndexState(*item) for item in row["indexes"] or ()),
        bytes=row["bytes"],
        toasted=row["toasted"],
        reads=tuple(row["reads"] or ()),
        rules=tuple(row["rules"] or ()),
    )


def _routines(rows: Iterable[Json]) -> dict[Name, tuple[RoutineState, ...]]:
    found: dict[Name, list[RoutineState]] = {}
    for row in rows:
        item = RoutineState(row["arguments"], row["owner"], row["comment"], row["printed"], _grants(row["grants"]))
        found.setdefault((row["schema"], row["name"]), []).append(item)
    return {name: tuple(items) for name, items in found.items()}


def _grants(rows: Iterable[Iterable[str]] | None) -> tuple[Grant, ...]:
    return tuple(
        sorted({Grant(*row) for row in rows or ()}, key=lambda grant: (grant.role, grant.privilege, grant.column))
    )


def _dependents(rows: Iterable[Json] | None) -> dict[Name, tuple[Dependent, ...]]:
    found: dict[Name, list[Dependent]] = {}
    for row in rows or ():
        item = Dependent(row["described"], tuple(sorted(row["columns"] or ())), row["kind"])
        found.setdefault((row["schema"], row["name"]), []).append(item)
    return {name: tuple(items) for name, items in found.items()}
