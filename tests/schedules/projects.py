"""A small project whose schedules can be made due, to fail, and to be in each other's way."""

from __future__ import annotations

from typing import Any

import psycopg

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.engines.postgres.server.schedule_runs import run_due, run_schedule

SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)"
FILES = {
    "mvc.yml": "project: shop\ncatalog: schema.sql\n",
    "schema.sql": f"{SCHEMA};\n",
    "views/a.yml": "view: a\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {x: {max: 10 / t.n}}\n",
    "views/p.yml": "view: p\nmaterialized: false\nsources: {a: {view: a}}\ndimensions: {id: a.id}\naggregates: {x: {max: a.x}}\n",
    "views/b.yml": "view: b\nsources: {p: {view: p}}\ndimensions: {id: p.id}\naggregates: {x: {max: p.x}}\n",
    "views/d.yml": "view: d\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {max: t.n}}\n",
}
HOURLY = "{schedule: hourly, refresh: all, every: '0 * * * *'}"
PROMISE = "{schedule: fresh, refresh: [d], within: 1h}"
NOTIFYING = {"mvc.yml": "project: shop\ncatalog: schema.sql\nnotify: alerts\n"}


def project(*schedules: str, **files: str) -> Compiled:
    listed = ", ".join(schedules or (HOURLY,))
    return mvc.compile(mvc.load({**FILES, **files, "schedules/s.yml": f"schedules: [{listed}]\n"}))


def deploy(connection: psycopg.Connection[Any], compiled: Compiled) -> None:
    apply(connection, compiled, options=ApplyOptions(allow=frozenset({"drop-view", "loosen-access"})))


def tables(connection: psycopg.Connection[Any]) -> None:
    connection.execute(f"{SCHEMA}; INSERT INTO t VALUES (1, 2), (2, 5)")


TURN_OF_D = "SELECT FROM mvc.turn WHERE work = (SELECT 'refresh ' || stored_name FROM mvc.deployed_view WHERE view_name = 'd') FOR UPDATE"


def log(connection: psycopg.Connection[Any], columns: str = "view_name, status") -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT {columns} FROM mvc.refresh_log ORDER BY id").fetchall()


def make_due(connection: psycopg.Connection[Any], schedule: str = "hourly", ago: str = "2 hours") -> None:
    """As if nobody had looked since then."""
    connection.execute(
        "UPDATE mvc.schedule_run SET seen = clock_timestamp() - %s::interval WHERE schedule = %s", (ago, schedule)
    )


def age(connection: psycopg.Connection[Any], view: str, seconds: float) -> None:
    """Makes the data of a view that old, and its refreshes long ago."""
    connection.execute(
        "UPDATE mvc.stored_relation SET filled_at = clock_timestamp() - make_interval(secs => %s) WHERE view_name = %s",
        (seconds, view),
    )
    connection.execute(
        "UPDATE mvc.refresh_log SET started_at = started_at - interval '1 year' WHERE view_name = %s", (view,)
    )


def due_names(connection: psycopg.Connection[Any]) -> list[str]:
    return [row[0] for row in connection.execute("SELECT * FROM mvc.due('shop')")]


def ran(connection: psycopg.Connection[Any], compiled: Compiled, schedule: str | None = None) -> list[Refreshed]:
    return list(run_schedule(connection, compiled, schedule) if schedule else run_due(connection, compiled))
