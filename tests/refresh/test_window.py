"""A window refresh replaces the rows of a period, as of one moment, and leaves all others as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply
from servers import NEWEST, Servers, new_database

Connection = psycopg.Connection[Any]
SCHEMA = "CREATE TABLE visit (id int PRIMARY KEY, shop int, at timestamptz NOT NULL, local timestamp NOT NULL, day date NOT NULL);\n"
HOURLY = (
    "INSERT INTO visit SELECT g, 1, t, t AT TIME ZONE 'Europe/Berlin', (t AT TIME ZONE 'Europe/Berlin')::date"
    " FROM generate_series(1, 24 * 120) AS g, LATERAL (SELECT '2024-01-01 00:30+01'::timestamptz + g * interval '1 hour') AS m (t)"
)
VIEW = "view: v\nsources: {{t: {{table: visit}}}}\ndimensions: {{period: {period}, shop: t.shop}}\naggregates: {{n: {{count: t}}}}\n"


def project(period: str, window: str = "3d") -> Compiled:
    return mvc.compile(
        mvc.load(
            {
                "mvc.yml": "catalog: s.sql\ntimezone: Europe/Berlin\n",
                "s.sql": SCHEMA,
                "views/v.yml": VIEW.format(period=f'"{period}"'),
                "schedules/s.yml": f"schedules: [{{schedule: s, refresh: v, within: 1h, mode: window, window: {window}}}]\n",
            }
        )
    )


@pytest.fixture(scope="module")
def database_connection(servers: Servers) -> Iterator[Connection]:
    with new_database(servers.get(NEWEST)) as database:
        connection = database.connect()
        connection.execute("SET TimeZone = 'America/Los_Angeles'")  # the project's counts, not the session's
        yield connection


@pytest.fixture
def connection(database_connection: Connection) -> Connection:
    database_connection.execute("DROP SCHEMA IF EXISTS mvc CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    database_connection.execute(SCHEMA)
    database_connection.execute(HOURLY)
    return database_connection


def refreshed(connection: Connection, since: str | None = None, until: str | None = None) -> set[str]:
    """Which periods a window refresh brought up to date, when all had become stale."""
    connection.execute("UPDATE visit SET shop = shop + 1")
    row = connection.execute("SELECT max(shop) FROM visit").fetchone()
    assert row is not None
    connection.execute(
        "CALL mvc.refresh('public', 'v', 'window', NULL, %s::timestamptz, %s::timestamptz)", (since, until)
    )
    log = connection.execute("SELECT mode, status, error FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
    assert log == ("window", "completed", None)
    text = "SELECT (CASE WHEN pg_typeof(period) = 'timestamptz'::regtype THEN (period::timestamptz AT TIME ZONE 'Europe/Berlin')::text ELSE period::text END)"
    connection.execute("SET TimeZone = 'Europe/Berlin'")
    found = connection.execute(f"{text} FROM v WHERE shop = %s".encode(), row).fetchall()
    connection.execute("SET TimeZone = 'America/Los_Angeles'")
    return {period.removesuffix(" 00:00:00") for (period,) in found}


PERIODS = {
    "a date": "t.day",
    "a date of a moment": "t.at::date",
    "a day as a moment": "date_trunc('day', t.at)",
    "a day as a local time": "date_trunc('day', t.local)",
}


@pytest.mark.parametrize("period", PERIODS.values(), ids=list(PERIODS))
def test_only_the_rows_of_the_window_are_replaced(connection: Connection, period: str):
    """From the first bound on, until before the second, in the zone of the project."""
    apply(connection, project(period))
    assert refreshed(connection, "2024-03-10 00:00+01", "2024-03-12 00:00+01") == {"2024-03-10", "2024-03-11"}
    assert refreshed(connection, "2024-03-10 00:00+01", "2024-03-10 00:00+01") == set()
    assert refreshed(connection, None, "2024-01-03 00:00+01") == set()  # three days back from now on
    assert refreshed(connection, "-infinity", "2024-01-03 00:00+01") == {"2024-01-01", "2024-01-02"}


@pytest.mark.parametrize("period", PERIODS.values(), ids=list(PERIODS))
def test_a_day_begins_when_it_begins_there_also_when_clocks_change(connection: Connection, period: str):
    """On 31 March 2024 the day has 23 hours; the session is half a day away."""
    apply(connection, project(period))
    days = {"2024-03-31", "2024-04-01"}
    assert refreshed(connection, "2024-03-31 00:00 Europe/Berlin", "2024-04-02 00:00 Europe/Berlin") == days
    assert refreshed(connection, "2024-03-31 22:00 Europe/Berlin", "2024-04-02 00:00 Europe/Berlin") == days


MONTHS = {
    "a month as a moment": "date_trunc('month', t.at)",
    "a month as a local time": "date_trunc('month', t.local)",
    "a month as a date": "date_trunc('month', t.at)::date",
    "a month as a date, the zone said": "(date_trunc('month', (t.at AT TIME ZONE 'Europe/Berlin')))::date",
    "a month by a function": "date(date_trunc('month', t.local))::date",
    "a month in a zone, by functions": "timezone('Europe/Berlin', date_trunc('month', t.at))::timestamp",
    "a month of parts": "make_date(extract(year from t.local)::int, extract(month from t.local)::int, 1)::date",
}


@pytest.mark.parametrize("period", MONTHS.values(), ids=list(MONTHS))
def test_a_row_stands_for_a_whole_unit(connection: Connection, period: str):
    """What happened on a day is in the row of its month, which begins before the window."""
    apply(connection, project(period, window="2d"))
    assert refreshed(connection, "2024-03-10 00:00+01", "2024-04-01 00:00 Europe/Berlin") == {"2024-03-01"}
    shift = "(SELECT now() - interval '1 day' - max(at) FROM visit)"
    connection.execute(
        f"UPDATE visit SET at = at + {shift}, local = local + {shift}, day = (at + {shift})::date".encode()
    )
    connection.execute("CALL mvc.refresh('public', 'v', 'full')")
    row = connection.execute(
        "SELECT ARRAY(SELECT DISTINCT date_trunc('month', m AT TIME ZONE 'Europe/Berlin')::date::text"
        " FROM generate_series(now() - interval '2 days', now(), interval '1 hour') AS m)"
    ).fetchone()
    assert row is not None
    held = connection.execute(
        "SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'Europe/Berlin')::date::text FROM visit"
    ).fetchall()
    assert refreshed(connection) == set(row[0]) & {month for (month,) in held}


BY_MONTH = {
    "a calendar": "view: v\nsources:\n  d: {spine: month, from: 2024-01-01, to: 2024-06-30}\n  t: {table: visit, on: \"d.month = date_trunc('month', t.local)\"}\n"
    "dimensions: {period: d.month}\naggregates: {shop: {max: t.shop}}\n",
    "a body": "view: v\ngrain: [period]\nsql: SELECT t.day AS period, max(t.shop) AS shop FROM visit t GROUP BY t.day\n",
    "a column": "view: v\nsources: {t: {table: visit}}\ndimensions: {period: t.day}\naggregates: {shop: {max: t.shop}}\n",
    "a plain view": "view: v\nsources: {m: {view: months}}\ndimensions: {period: m.period}\naggregates: {shop: {max: m.shop}}\n",
    "bins": "view: v\nsources: {t: {table: visit}}\ndimensions: {period: \"date_bin('31 days', t.local, timestamp '2024-03-01')::timestamp\"}\naggregates: {shop: {max: t.shop}}\n",
}  # fmt: skip
MONTHLY = "view: months\nmaterialized: false\nsources: {t: {table: visit}}\ndimensions: {period: \"date_trunc('month', t.local)::date\"}\naggregates: {shop: {max: t.shop}}\n"


@pytest.mark.parametrize("of", BY_MONTH)
def test_a_row_stands_for_the_time_up_to_the_next(connection: Connection, of: str):
    """Nothing in the view says how long that is, and the window begins in the midst of it."""
    files = {
        "mvc.yml": "catalog: s.sql\ntimezone: Europe/Berlin\n",
        "s.sql": SCHEMA,
        "views/v.yml": BY_MONTH[of],
        "views/m.yml": MONTHLY,
        "schedules/s.yml": "schedules: [{schedule: s, refresh: v, within: 1h, mode: window, window: 2d}]\n",
    }
    connection.execute("UPDATE visit SET day = date_trunc('month', local)")
    apply(connection, mvc.compile(mvc.load(files)))
    assert refreshed(connection, "2024-03-10 00:00+01", "2024-04-01 00:00 Europe/Berlin") == {"2024-03-01"}
    assert refreshed(connection, "2024-03-01 00:00+01", "2024-04-01 00:00 Europe/Berlin") == {"2024-03-01"}


def test_the_zone_of_a_function_is_another_one(connection: Connection):
    """By the clock of Los Angeles it is nine hours earlier, which is more than the window reaches back."""
    apply(connection, project("date_trunc('hour', timezone('America/Los_Angeles', t.at)::timestamp)", window="2h"))
    connection.execute("INSERT INTO visit VALUES (9999, 1, now(), now(), now())")
    connection.execute("CALL mvc.refresh('public', 'v')")
    assert connection.execute("SELECT max(period) > now() - interval '1 day' FROM v").fetchone() == (True,)


def test_rows_that_went_go_and_rows_outside_stay(connection: Connection):
    apply(connection, project("t.day"))
    connection.execute("DELETE FROM visit WHERE day IN ('2024-03-10', '2024-03-20')")
    connection.execute("INSERT INTO visit VALUES (9999, 7, '2024-03-11 12:00+01', '2024-03-11 12:00', '2024-03-11')")
    connection.execute("CALL mvc.refresh('public', 'v', 'window', NULL, '2024-03-10 00:00+01', '2024-03-12 00:00+01')")
    row = connection.execute("SELECT changed, rows FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
    held = connection.execute("SELECT count(*) FROM v").fetchone()
    assert row == (2, held[0] if held else None)
    found = connection.execute(
        "SELECT period::text, shop, n FROM v WHERE period IN ('2024-03-10', '2024-03-11', '2024-03-20') ORDER BY 1, 2"
    )
    assert found.fetchall() == [("2024-03-11", 1, 24), ("2024-03-11", 7, 1), ("2024-03-20", 1, 24)]


def test_the_window_of_the_schedule(connection: Connection):
    """`window: 3d` reaches back three days from now, to where the day begins there in the project's zone."""
    apply(connection, project("t.at::date"))
    connection.execute("UPDATE visit SET at = now() - make_interval(hours => 24 * 120 - id)")
    connection.execute("CALL mvc.refresh('public', 'v', 'full')")
    row = connection.execute(
        "SELECT ARRAY(SELECT DISTINCT (at AT TIME ZONE 'Europe/Berlin')::date::text FROM visit"
        " WHERE (at AT TIME ZONE 'Europe/Berlin')::date >= ((now() - interval '72 hours') AT TIME ZONE 'Europe/Berlin')::date)"
    ).fetchone()
    assert row is not None
    assert 3 <= len(row[0]) <= 5
    assert refreshed(connection) == set(row[0])


def test_what_changed_while_nobody_refreshed_is_in_the_window(connection: Connection):
    """A row of the day was written when nobody refreshed for longer than the window; it is older than that by now."""
    apply(connection, project("t.day"))
    connection.execute("UPDATE mvc.stored_relation SET filled_at = filled_at - interval '9 days'")
    connection.execute(
        "INSERT INTO visit SELECT 9000 + g, 7, now(), now(), current_date - g FROM generate_series(0, 14) AS g"
    )
    for _ in range(2):  # the second one begins where the first one ended
        connection.execute("CALL mvc.refresh('public', 'v')")
        found = connection.execute("SELECT current_date - period FROM v WHERE shop = 7 ORDER BY 1").fetchall()
        assert found[:12] == [(days,) for days in range(12)]
    connection.execute("INSERT INTO visit VALUES (9100, 8, now(), now(), current_date - 6)")
    connection.execute("CALL mvc.refresh('public', 'v')")
    assert connection.execute("SELECT count(*) FROM v WHERE shop = 8").fetchone() == (0,)


@pytest.mark.parametrize(
    ("period", "reached"),
    [
        ("date_trunc('month', t.at)", True),
        ("t.at::date", True),
        ("date_trunc('month', t.at)::date", True),
        ("t.day", False),
    ],
)
def test_bounds_reach_the_rows_of_the_base(period: str, reached: bool):
    """Where the column is a period of one of theirs, so that an index or partitions can serve."""
    assert ("t.at >= COALESCE($1::" in window_statement(project(period))) is reached


def test_a_column_that_is_named_like_a_parameter_is_none():
    files = {
        "mvc.yml": "catalog: s.sql\n",
        "s.sql": SCHEMA.replace("shop int", '"$1" int'),
        "views/v.yml": VIEW.format(period="\"date_trunc('month', t.at)\"").replace("t.shop", "'t.\"$1\"'"),
        "schedules/s.yml": "schedules: [{schedule: s, refresh: v, within: 1h, mode: window, window: 3d}]\n",
    }
    assert "t.at >=" not in window_statement(mvc.compile(mvc.load(files)))


def window_statement(compiled: Compiled) -> str:
    window = compiled.view("v").window
    assert window is not None
    return window.merge.in_place


@pytest.mark.parametrize("period", ["t.day", "t.at", "date_trunc('month', t.at)"])
def test_a_window_without_an_end_holds_what_is_infinitely_late(connection: Connection, period: str):
    apply(connection, project(period))
    connection.execute("UPDATE visit SET at = 'infinity', day = 'infinity' WHERE id = 1")
    connection.execute("CALL mvc.refresh('public', 'v', 'window')")
    assert connection.execute("SELECT n FROM v WHERE period = 'infinity'").fetchall() == [(1,)]
    connection.execute("UPDATE visit SET at = now(), day = current_date WHERE id = 1")
    connection.execute(
        "CALL mvc.refresh('public', 'v', 'window', NULL, now() - interval '9 days', now() + interval '9 days')"
    )
    assert connection.execute("SELECT n FROM v WHERE period = 'infinity'").fetchall() == [(1,)]
    connection.execute("CALL mvc.refresh('public', 'v', 'window')")
    assert connection.execute("SELECT n FROM v WHERE period = 'infinity'").fetchall() == []
