"""Recorded states put back into a database, as they were where they were deployed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import psycopg

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.runtime.generations import GENERATION
from mvc.engines.postgres.server.apply import ApplyOptions, plan
from servers import Database

from .projects import PLAIN, ROLES, WHOLE

Connection = psycopg.Connection[Any]
STATES: Final = {int(path.stem): path for path in (Path(__file__).parent / "states").glob("*.sql")}
RECORDED_ON: Final = 15  # the major version whose pg_dump wrote them
GENERATIONS: Final = [number for number in sorted(STATES) if number < GENERATION]  # those that are upgraded
ANYTHING: Final = ApplyOptions(frozenset(HAZARDS))


def restored(database: Database, generation: int, owner: str | None = None) -> Connection:
    """A connection to the database, in which the state of that generation is now.

    A dump knows neither the server nor the OIDs of relations, by which a log is told from one that was restored: these are written as if
    the state had been deployed here. All of it is the `owner`'s, or a superuser's.
    """
    create_roles(database, ROLES)
    with psycopg.connect(database.url, autocommit=True) as loading:
        if owner:
            loading.execute(f"SET SESSION AUTHORIZATION {owner}".encode())
        loading.execute(STATES[generation].read_text(encoding="utf-8"))
    connection = database.connect()
    if generation > 2:
        connection.execute("""UPDATE mvc.watched_table SET triggers =
            mvc.triggers_of(format('%I.%I', table_schema, table_name)::regclass, log, columns)""")
        connection.execute("CALL mvc.refresh('public', 'per_customer')")
    return connection


def create_roles(database: Database, roles: Iterable[str]) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        for role in roles:
            connection.execute(f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")


def project_of(generation: int) -> Compiled:
    """The project that was deployed then, as it is compiled now."""
    return mvc.compile(mvc.load(WHOLE if generation > 2 else PLAIN))


def second_plan(connection: Connection, project: Compiled) -> list[str]:
    return [f"{step.action} {step.view}: {step.reason}" for step in plan(connection, project).steps]
