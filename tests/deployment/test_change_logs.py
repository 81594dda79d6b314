"""What the triggers log that stand on base tables: whatever columns are called, and whatever path the writer's session has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvc.engines.postgres.server.apply import apply
from servers import NEWEST, Servers, new_database

from .projects import Connection, compiled, create_roles

TABLES = """
CREATE TABLE place (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE visit (id int PRIMARY KEY, place_id int, "at" timestamptz NOT NULL, paid int NOT NULL DEFAULT 1);
CREATE INDEX ON visit (place_id);
INSERT INTO place SELECT n, 'place ' || n FROM generate_series(1, 50) AS n;
INSERT INTO visit SELECT n, 1 + n % 50, '2024-01-01'::timestamptz + n * interval '1 hour' FROM generate_series(1, 1000) AS n;
"""
BY_DAY = """
view: by_day
sources: {v: {table: visit}, p: {table: place, on: p.id = v.place_id}}
dimensions: {day: "date_trunc('day', v.at)", place: p.name}
aggregates: {visits: {count: v}, paid: {sum: v.paid}}
"""
BY_PLACE = """
view: by_place
sources: {p: {table: place}, v: {table: visit, on: v.place_id = p.id}}
dimensions: {id: p.id}
aggregates: {visits: {count: v}, last: {max: v.at}}
"""
SCHEDULES = """
schedules:
  - {schedule: parts, refresh: [by_day, by_place], every: "*/5 * * * *", mode: incremental}
"""
PROJECT = compiled(
    {
        "mvc.yml": "project: visits\ncatalog: schema.sql\n",
        "schema.sql": TABLES.partition("INSERT")[0],
        "views/by_day.yml": BY_DAY,
        "views/by_place.yml": BY_PLACE,
        "schedules/parts.yml": SCHEDULES,
    }
)
# Whatever an unqualified name in the trigger's function would find, if it looked along the writer's path.
HOSTILE = """
GRANT INSERT, UPDATE, DELETE, SELECT ON visit TO log_clerk;
CREATE SCHEMA trap AUTHORIZATION log_clerk;
SET ROLE log_clerk;
CREATE FUNCTION trap.sprung(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'sprung by %', current_user; END $$;
CREATE OPERATOR trap.= (FUNCTION = trap.sprung, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION trap.concat(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'sprung by %', current_user; END $$;
CREATE TEMP TABLE new_rows AS SELECT 1 AS id, 49 AS place_id, now() AS at, 1 AS paid;
CREATE TEMP TABLE old_rows AS TABLE new_rows;
SET search_path = trap, pg_temp, public, pg_catalog;
"""


@pytest.fixture
def connection(servers: Servers) -> Iterator[Connection]:
    with new_database(servers.get(NEWEST)) as database:
        connection = database.connect()
        connection.execute(TABLES)
        apply(connection, PROJECT)
        yield connection


def refreshed(connection: Connection, view: str) -> tuple[object, ...]:
    """The mode of a usual refresh, how many groups it computed, and how many rows differ from the view's query then."""
    connection.execute("CALL mvc.refresh('public', %s)", (view,))
    [log] = connection.execute("SELECT mode, status, groups FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchall()
    stored = f'mvc."{PROJECT.view(view).storage[1]}"'
    query = stored.removesuffix('"') + '_query"'
    [(wrong,)] = connection.execute(
        f"SELECT count(*) FROM ((TABLE {stored} EXCEPT ALL TABLE {query}) UNION ALL (TABLE {query} EXCEPT ALL TABLE {stored})) AS d"
    ).fetchall()
    return (*log, wrong)


def test_a_column_that_is_called_as_the_logs_own_was(connection: Connection) -> None:
    connection.execute("UPDATE visit SET at = at - interval '1 day' WHERE id = 500")
    assert refreshed(connection, "by_day")[:3] == ("incremental", "completed", 4)  # by its names, and without any
    assert refreshed(connection, "by_place") == ("incremental", "completed", 1, 0)


def test_a_row_that_leads_to_no_group(connection: Connection) -> None:
    connection.execute("UPDATE visit SET place_id = NULL WHERE id = 7")
    assert refreshed(connection, "by_place") == ("incremental", "completed", 1, 0)
    assert refreshed(connection, "by_day")[3] == 0


def test_nothing_has_changed(connection: Connection) -> None:
    assert refreshed(connection, "by_place") == ("incremental", "completed", 0, 0)


def test_many_groups_are_joined(connection: Connection) -> None:
    connection.execute("UPDATE visit SET paid = paid + 1 WHERE id % 4 = 1")
    mode, status, groups, wrong = refreshed(connection, "by_day")
    assert (mode, status, wrong) == ("incremental", "completed", 0)
    assert isinstance(groups, int)
    assert groups > 100


def test_a_writers_path_leads_the_log_nowhere(connection: Connection) -> None:
    create_roles(connection, ("log_clerk",))
    connection.execute(HOSTILE)
    connection.execute("INSERT INTO public.visit VALUES (5000, 3, now())")
    connection.execute("UPDATE public.visit SET paid = 9 WHERE id OPERATOR(pg_catalog.=) 5000")
    connection.execute("DELETE FROM public.visit WHERE id OPERATOR(pg_catalog.=) 1")
    connection.execute("RESET ROLE; RESET search_path")
    assert connection.execute("SELECT count(*) FROM mvc.unknown_change").fetchall() == [(0,)]
    assert refreshed(connection, "by_place") == ("incremental", "completed", 2, 0)


def test_a_log_that_cannot_be_written_fails_no_write(connection: Connection) -> None:
    connection.execute("ALTER TABLE visit RENAME COLUMN place_id TO venue_id")
    connection.execute("UPDATE visit SET paid = 3 WHERE id = 1")
    assert connection.execute("SELECT why FROM mvc.unknown_change").fetchall() == [
        ('a change could not be logged: column "place_id" does not exist',)
    ]


def test_the_query_of_a_view_is_planned_for_its_causes(connection: Connection) -> None:
    """A table that nothing happened to is not in the plan of the keys that moved."""
    connection.execute("UPDATE visit SET paid = 2 WHERE id = 1")
    [(query,)] = connection.execute(
        "SELECT mvc.changed_keys(s, mvc.changed_logs(s)) FROM mvc.stored_relation AS s WHERE view_name = 'by_day'"
    ).fetchall()
    plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}"))
    assert "place" in plan
    assert "Seq Scan on visit" not in plan
    everything = query.partition(" WHERE ")[0]
    assert "on visit" in "\n".join(row[0] for row in connection.execute(f"EXPLAIN {everything}"))
