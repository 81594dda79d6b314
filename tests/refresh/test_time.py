"""What time alone changes. The clock cannot be set, so a view is put back to what it was at another moment instead: its table is
filled by its own query with that moment written in place of the clock, and the ledger says that it was refreshed then.
"""

from __future__ import annotations

import re

import pytest
from psycopg import sql

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .checked import Connection, beside, refresh, stored, wrong_rows
from .projects import ANYTHING, booking, never_whole, shop

_CLOCK = {
    r"\bCURRENT_DATE\b": "date",
    r"\bLOCALTIMESTAMP\b": "timestamp",
    r"\bLOCALTIME\b": "time",
    r"\bCURRENT_TIMESTAMP\b": "timestamptz",
    r"\bnow\(\)": "timestamptz",
}


def as_it_was(connection: Connection, view: CompiledView, ago: str, timezone: str = "UTC") -> None:
    """As if the last refresh of the view had been `ago`, and nothing had changed since but the time."""
    row = connection.execute(
        "SELECT now() - %s::interval, pg_get_viewdef(%s::regclass)", (ago, beside(view, "query").as_string())
    ).fetchone()
    assert row is not None
    moment, query = row
    for word, type_ in _CLOCK.items():
        query = re.sub(word, f"('{moment.isoformat()}'::timestamptz)::{type_}", query)
    assert moment.isoformat() in query, "the view does not read the clock"
    with connection.transaction():
        connection.execute("SELECT set_config('TimeZone', %s, true)", (timezone,))
        connection.execute(sql.SQL("TRUNCATE {}").format(stored(view)))
        connection.execute(sql.SQL("INSERT INTO {} ").format(stored(view)) + sql.SQL(query.rstrip(";")))
        done = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(stored(view))).fetchone()
        connection.execute(
            "UPDATE mvc.stored_relation SET cursor = pg_current_snapshot(), as_of = %s, rows = %s WHERE stored_name = %s",
            (moment, *(done or ()), view.storage[1]),
        )


CLOCKED = [
    "mv_financial_summary",
    "mv_location_availability",
    "mv_organization_dashboard",
    "mv_realtime_availability",
    "mv_service_performance",
]
AGO = ["1 minute", "7 hours", "13 days 5 hours", "400 days", "-20 days"]


def test_the_platforms_views_after_any_time(platform: Database):
    connection = platform.connect()
    never_whole(connection)
    drifted = set()
    for view in map(booking().view, CLOCKED):
        for ago in AGO:
            as_it_was(connection, view, ago)
            before = len(wrong_rows(connection, view))
            run = refresh(connection, view)
            assert (run.status, run.mode, run.wrong) == ("completed", "incremental", []), (view.name, ago, run)
            assert (run.changed or 0) > 0 or before == 0, (view.name, ago)
            drifted |= {view.name} if before else set()
    assert drifted == set(CLOCKED)


def test_changes_and_time_together(platform: Database):
    connection = platform.connect()
    never_whole(connection)
    for view in map(booking().view, CLOCKED):
        as_it_was(connection, view, "3 days")
        connection.execute("UPDATE reservations SET created_at = created_at - interval '2 days' WHERE random() < 0.1")
        connection.execute("UPDATE availabilities SET date = date + 1 WHERE random() < 0.1")
        connection.execute(
            "UPDATE payments SET reservation_id = (SELECT id FROM reservations LIMIT 1) WHERE random() < 0.05"
        )
        connection.execute("DELETE FROM reservation_services WHERE random() < 0.05")
        run = refresh(connection, view)
        assert (run.status, run.mode, run.wrong) == ("completed", "incremental", []), run


DAYS = """
view: days
sources:
  r: {table: res, where: "r.at::date >= CURRENT_DATE - 29 AND r.at < CURRENT_DATE + 1"}
dimensions: {day: r.at::date}
aggregates:
  n: {count: r}
  late: {count: r, where: "r.at > LOCALTIMESTAMP - interval '1 month'"}
  today: {bool_or: "r.at >= date_trunc('day', now())"}
  since: {max: "date_trunc('day', now()) - date_trunc('day', r.at)"}
"""


@pytest.mark.parametrize("zone", ["America/St_Johns", "Australia/Lord_Howe", "Pacific/Kiritimati"])
def test_in_the_zone_of_the_project_whatever_the_session_says(shop_database: Database, zone: str):
    """An hour of rows in each of the last 10,000 hours: a year holds both changes of the clock."""
    compiled = shop(timezone=zone, days=DAYS)
    connection = shop_database.connect()
    connection.execute("TRUNCATE res, pay")
    connection.execute(
        "INSERT INTO res SELECT g, abs(g) % 40 + 1, 'paid', g, now() - make_interval(mins => g * 60 - 1), abs(g) % 4 + 1 FROM generate_series(-48, 10000) AS g"
    )
    apply(connection, compiled, options=ANYTHING)
    never_whole(connection)
    connection.execute("SET timezone = 'Asia/Kathmandu'")
    for view in (compiled.view("days"), compiled.view("by_org")):
        assert wrong_rows(connection, view, zone) == []
        for ago in ("30 minutes", "29 days", "240 days", "-36 hours"):
            as_it_was(connection, view, ago, zone)
            run = refresh(connection, view, timezone=zone)
            assert (run.status, run.mode, run.wrong) == ("completed", "incremental", []), (view.name, ago, run)


SECONDS = """
view: seconds
sources:
  o: {table: org}
  r: {table: res, on: "r.org_id = o.id AND r.at > now() - interval '500 milliseconds'"}
dimensions: {id: o.id}
aggregates:
  n: {count: r}
  coming: {count: r, where: r.at > now()}
"""


def test_windows_that_move_while_we_look(shop_database: Database):
    """The real clock: rows enter and leave between refreshes that follow each other at once."""
    compiled = shop(seconds=SECONDS)
    connection = shop_database.connect()
    apply(connection, compiled, options=ANYTHING)
    never_whole(connection)
    view = compiled.view("seconds")
    connection.execute(
        "INSERT INTO res SELECT 5000 + g, g % 40 + 1, 'paid', g, now() + make_interval(secs => g * 0.01), 1 FROM generate_series(1, 100) AS g"
    )
    changes = 0
    while connection.execute("SELECT max(at) + interval '600 milliseconds' > now() FROM res").fetchone() == (True,):
        run = refresh(connection, view)
        assert (run.mode, run.wrong) == ("incremental", []), run
        changes += run.changed or 0
    assert changes >= 100
    assert connection.execute("SELECT count(*) FROM seconds WHERE n > 0 OR coming > 0").fetchone() == (0,)
