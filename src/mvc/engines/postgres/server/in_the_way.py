"""What bears the names of views and was made by hand, asked for only where there is something such."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import psycopg

from mvc.engines.postgres.plan.state import Name, State
from mvc.engines.postgres.plan.taken_names import FormerRelation, NameHolder, RefreshJob, TakenNames
from mvc.engines.postgres.server.ledger_query import query_text
from mvc.engines.postgres.server.owner import with_trust
from mvc.engines.postgres.server.refresh_jobs import read_jobs
from mvc.importing.found import FoundJob

Json = Mapping[str, Any]
_MADE = "made by mvc for the project "  # what the comment of a name of a project's own says


def with_taken_names(
    state: State, connection: psycopg.Connection, names: Iterable[Name], about: Json, formers: Iterable[Json]
) -> State:
    """The state with what bears one of the `names` and is not ours, and with what was taken over and is kept."""
    asked = [name for name in names if name not in state.views and name in state.relations and not _is_own(name, state)]
    kept = {row["name"]: _former(row) for row in formers}
    found = _in_the_way(connection, asked, about) if asked else {}
    return replace(state, taken_names=TakenNames(found, kept)) if found or kept else state


def _is_own(name: Name, state: State) -> bool:
    return _MADE in (state.relations[name].comment or "")


def _former(row: Json) -> FormerRelation:
    view = (row["view_schema"], row["view_name"])
    return FormerRelation(
        view, row["deployment"], row["kind"], row["owner"] or "", tuple(row["readers"] or ()), row["taken_at"]
    )


def _in_the_way(connection: psycopg.Connection, names: list[Name], about: Json) -> dict[Name, NameHolder]:
    asked = {
        "schemas": [schema for schema, _ in names],
        "names": [name for _, name in names],
        "role": about["owner"] or about["user"],
        "trusted_roles": list(about["trusted_roles"]),
    }
    rows = _one(connection, with_trust(query_text("in_the_way")), asked)
    jobs, _ = read_jobs(connection, names, about["search_path"]) if about["cron"]["here"] else ((), ())
    return {(row["schema"], row["name"]): _relation(row, jobs) for row in rows}


def _one(connection: psycopg.Connection, query: str, values: Json | None = None) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    return row[0] if row else None


def _relation(row: Json, jobs: Iterable[FoundJob]) -> NameHolder:
    place = (row["schema"], row["name"])
    return NameHolder(
        acts=row["acts"],
        trusted=row["trusted"],
        secured=row["secured"],
        readers=tuple((schema, name) for schema, name in row["readers"] or ()),
        views=tuple((schema, name) for schema, name in row["views"] or ()),
        unfit=tuple(row["unfit"] or ()),
        bound=tuple(row["bound"] or ()),
        repointed=tuple(row["repointed"] or ()),
        refreshers=tuple(row["refreshers"] or ()),
        jobs=tuple(
            RefreshJob(job.number, job.name, job.owner) for job in jobs if job.active and place in job.refreshes
        ),
    )
