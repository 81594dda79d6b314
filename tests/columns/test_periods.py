"""Periods by the clock of a zone, on both days when clocks change: told by hand from the moments at which each period begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .asked import answer, compiled

DDL = """
CREATE TABLE visits (id int PRIMARY KEY, at timestamptz NOT NULL, paid_at timestamptz, local_at timestamp NOT NULL, day date NOT NULL, n int NOT NULL);
"""
# Every 20 minutes around the changes of 2024: in Havana the clock goes from 1:00 to 0:00, and from 0:00 to 1:00, in Beirut from 0:00 to 23:00.
ROWS = """
SET LOCAL TimeZone = 'UTC';
INSERT INTO visits
SELECT row_number() OVER (), m, CASE WHEN n % 5 > 0 THEN m - interval '100 days' END, m AT TIME ZONE 'Asia/Tokyo', (m AT TIME ZONE 'Asia/Tokyo')::date, n
FROM (VALUES (timestamptz '2024-03-08'), ('2024-03-29'), ('2024-10-25'), ('2024-11-01'), ('2024-12-30')) AS around (start),
    generate_series(0, 72 * 4) AS n, LATERAL (SELECT start + n * interval '20 minutes') AS moment (m);
"""
ZONES = ("Europe/Berlin", "America/Havana", "Asia/Beirut", "America/St_Johns", "Australia/Lord_Howe", "UTC")


def _by_hand(unit: str, zone: str, of: str = "at") -> str:
    """The last of all local beginnings whose moment is not after the row's: no part of it cuts anything."""
    of_week = "date '2022-12-26'" if unit == "week" else "date '2022-01-01'"
    step = "3 months" if unit == "quarter" else f"1 {unit}"
    begins = f"SELECT b FROM generate_series({of_week}::timestamp, '2025-02-01', '{step}') AS b"
    return (
        f"SELECT p, count(*), sum(n) FROM visits, LATERAL (SELECT max(b)::date AS p FROM ({begins}) AS s"
        f" WHERE b::date <= ({of} AT TIME ZONE '{zone}')::date) AS q GROUP BY 1"
    )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", ["day", "week", "month", "quarter", "year"])
def test_a_moment_lies_in_the_period_that_its_zone_shows(database: Database, unit: str, zone: str) -> None:
    view = "{view: v, sources: {v: {table: visits}}, dimensions: {p: {period: %s, of: v.at, zone: %s}}, aggregates: {n: count(*), s: sum(v.n)}}"
    made = compiled(view % (unit, zone), DDL).views[0]
    assert (made.columns[0].type, made.columns[0].nullable, made.grain) == ("date", False, ("p",))
    elsewhere = answer(database, made.query, f"{DDL}{ROWS}SET LOCAL TimeZone = 'America/Los_Angeles'")
    assert elsewhere == answer(database, _by_hand(unit, zone), DDL + ROWS)


OTHERS = {
    "v.local_at": "local_at",
    "v.day": "day::timestamp",
    "v.day + 1": "(day + 1)::timestamp",
    "v.paid_at": "paid_at AT TIME ZONE 'Asia/Kolkata'",
}


@pytest.mark.parametrize("of", OTHERS)
@pytest.mark.parametrize("unit", ["day", "month", "quarter"])
def test_other_types_and_the_zone_of_the_project(database: Database, unit: str, of: str) -> None:
    view = "{view: v, sources: {v: {table: visits}}, dimensions: {p: {period: %s, of: %s}}, aggregates: {n: count(*)}}"
    made = compiled(view % (unit, of), DDL, mvc="timezone: Asia/Kolkata\n").views[0]
    step = {"day": "to_char(x, 'YYYY-MM-DD')", "month": "to_char(x, 'YYYY-MM-01')"}.get(
        unit, "extract(year FROM x) || '-' || (3 * extract(quarter FROM x) - 2) || '-01'"
    )
    by_hand = f"SELECT ({step})::date, count(*) FROM (SELECT {OTHERS[of]} AS x FROM visits) AS r GROUP BY 1"
    assert answer(database, made.query, DDL + ROWS) == answer(database, by_hand, DDL + ROWS)


def test_an_hour_that_comes_twice_is_one(database: Database) -> None:
    view = "{view: v, sources: {v: {table: visits}}, dimensions: {p: {period: hour, of: v.at, zone: Europe/Berlin}}, aggregates: {n: count(*)}}"
    made = compiled(view, DDL).views[0]
    assert made.columns[0].type == "timestamp without time zone"
    by_hand = "SELECT to_char(at AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD HH24:00')::timestamp, count(*) FROM visits GROUP BY 1"
    rows = answer(database, made.query, DDL + ROWS)
    assert rows == answer(database, by_hand, DDL + ROWS)
    assert {str(hour): count for hour, count in rows}["2024-10-27 02:00:00"] == 6


# --- refreshed in part ------------------------------------------------------------------------------------------------

# So many periods that the changed ones are few.
QUIET = """
INSERT INTO visits SELECT 9000 + n, m, NULL, m, m, n FROM generate_series(1, 20000) AS n, LATERAL (SELECT timestamptz '2021-01-01' + n * interval '1 hour') AS q (m);
"""
PROJECT_ZONES = {
    "Europe/Berlin": "Europe/Berlin",
    "America/Los_Angeles": "Pacific/Auckland",
    "Pacific/Auckland": "America/Los_Angeles",
}


def _in_part(unit: str, zone: str, timezone: str, mode: str) -> mvc.Compiled:
    view = "{view: v, sources: {v: {table: visits}}, dimensions: {p: {period: %s, of: v.at, zone: %s}}, aggregates: {n: count(*), s: sum(v.n)}}"
    schedule = f"schedules: [{{schedule: s, refresh: v, within: 1h, mode: {mode}}}]\n"
    return compiled(view % (unit, zone), DDL, mvc=f"timezone: {timezone}\n", schedules__s=schedule)


def _stored(database: Database) -> Iterator[list[tuple[object, ...]]]:
    with database.connect() as connection:
        for query in ("SELECT * FROM v", "(SELECT p, count(*), sum(n) FROM hand GROUP BY 1)"):
            yield sorted(connection.execute(query.encode()).fetchall(), key=str)


@pytest.mark.parametrize("zone", [*PROJECT_ZONES, "America/Havana", "Asia/Beirut"])
@pytest.mark.parametrize("unit", ["day", "hour"])
def test_an_increment_finds_every_row_of_its_periods(database: Database, unit: str, zone: str) -> None:
    """Each row is touched once, so the periods of both changes of the clock are recomputed by their bounds."""
    project = _in_part(unit, zone, "UTC", "incremental")
    bounds = project.views[0].increment
    assert bounds is not None
    assert f"AT TIME ZONE '{zone}' - INTERVAL '3 hours'" in str(bounds)
    with database.connect() as connection:
        connection.execute((DDL + ROWS + QUIET).encode())
        mask, type_ = ("YYYY-MM-DD", "date") if unit == "day" else ("YYYY-MM-DD HH24:00", "timestamp")
        hand = f"SELECT to_char(at AT TIME ZONE '{zone}', '{mask}')::{type_} AS p, n FROM visits"
        connection.execute(f"CREATE VIEW hand AS {hand}".encode())
        apply(connection, project)
        for step in range(4):
            connection.execute(
                f"UPDATE visits SET n = n + 1000 WHERE id < 9000 AND id % 4 = {step} AND id % 7 < 2".encode()
            )
            connection.execute("CALL mvc.refresh('public', 'v', 'incremental')")
            log = connection.execute("SELECT mode, status FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
            assert log == ("incremental", "completed")
            stored, by_hand = _stored(database)
            assert stored == by_hand


@pytest.mark.parametrize("zone", PROJECT_ZONES)
@pytest.mark.parametrize("unit", ["day", "hour", "month"])
def test_a_window_reaches_back_by_the_clock_of_the_periods(database: Database, unit: str, zone: str) -> None:
    """Whatever the project's clock says, the periods of all rows of the last three days are replaced."""
    project = _in_part(unit, zone, PROJECT_ZONES[zone], "window, window: 3d")
    window = project.views[0].window
    assert window is not None
    assert (window.unit, window.inline) == (unit, True)
    with database.connect() as connection:
        connection.execute(DDL.encode())
        connection.execute(
            "INSERT INTO visits SELECT n, now() - n * interval '20 minutes', NULL, now(), now(), n FROM generate_series(1, 500) AS n"
        )
        cut = f"date_trunc('{unit}', at AT TIME ZONE '{zone}')"
        connection.execute(
            f"CREATE VIEW hand AS SELECT ({cut})::{'timestamp' if unit == 'hour' else 'date'} AS p, n FROM visits".encode()
        )
        apply(connection, project)
        connection.execute("UPDATE visits SET n = n + 1000 WHERE at >= now() - interval '71 hours 55 minutes'")
        connection.execute("CALL mvc.refresh('public', 'v', 'window')")
        log = connection.execute("SELECT mode, status FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
    assert log == ("window", "completed")
    stored, by_hand = _stored(database)
    assert stored == by_hand


def test_a_zone_is_part_of_the_meaning() -> None:
    view = "{view: v, sources: {v: {table: visits}}, dimensions: {p: {period: day, of: v.at, zone: %s}}, aggregates: {n: count(*)}}"
    one, other = compiled(view % "Europe/Berlin", DDL), compiled(view % "Europe/Paris", DDL)
    assert not mvc.diff(one, other).empty


def test_a_period_means_what_its_expression_means() -> None:
    written = "{view: v, sources: {v: {table: visits}}, dimensions: {p: %s}, aggregates: {n: count(*)}}"
    short = compiled(written % "{period: month, of: v.at, zone: Europe/Berlin}", DDL)
    long = compiled(written % "\"date_trunc('month', v.at AT TIME ZONE 'Europe/Berlin')::date\"", DDL)
    assert short.views[0].storage == long.views[0].storage
