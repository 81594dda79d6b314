"""Values that are not what they seem: equal ones that are written differently, days that begin twice, ends that never come."""

from __future__ import annotations

import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.errors import ServerError
from servers import Database, newest, on_major

from .checked import Connection, refresh
from .projects import ANYTHING, never_whole, schedule


def project(table: str, dimensions: str, timezone: str) -> Compiled:
    view = f"view: v\nsources: {{r: {{table: r}}}}\ndimensions: {{{dimensions}}}\naggregates: {{n: {{count: r}}}}\n"
    files = {
        "mvc.yml": f"project: odd\ncatalog: s.sql\ntimezone: {timezone}\n",
        "s.sql": f"CREATE TABLE r (id int PRIMARY KEY, {table});",
        "views/v.yml": view,
        "schedules/s.yml": schedule(["v"]),
    }
    return mvc.compile(mvc.load(files))


def check(
    connection: Connection, table: str, dimensions: str, rows: str, changes: tuple[str, ...], timezone: str = "UTC"
) -> None:
    """That after each change an incremental refresh leaves what the query gives."""
    compiled = project(table, dimensions, timezone)
    connection.execute(f"CREATE TABLE r (id int PRIMARY KEY, {table}); INSERT INTO r {rows}".encode())
    apply(connection, compiled, options=ANYTHING)
    never_whole(connection)
    for change in changes:
        connection.execute(change.encode())
        run = refresh(connection, compiled.view("v"), timezone=timezone)
        assert (run.status, run.mode, run.wrong) == ("completed", "incremental", []), (change, run)


BACK_AT_MIDNIGHT = [
    ("Atlantic/Azores", "2025-10-26"),  # 01:00 is 00:00 again
    ("America/Havana", "2020-11-01"),
    ("Antarctica/Casey", "2010-03-05"),  # 02:00 was 23:00 of the day before
]


@newest
@pytest.mark.parametrize("dimension", ["r.at::date", "date_trunc('day', r.at)", "date_trunc('month', r.at)"])
@pytest.mark.parametrize(("zone", "day"), BACK_AT_MIDNIGHT)
def test_a_day_whose_midnight_comes_twice(database: Database, dimension: str, zone: str, day: str):
    rows = f"SELECT g, timestamptz '{day} 00:00+00' - interval '1 day' + g * interval '20 min' FROM generate_series(1, 300) AS g"
    changes = (f"DELETE FROM r WHERE id % 2 = 0 AND (at AT TIME ZONE '{zone}')::date = '{day}'",)
    check(database.connect(), "at timestamptz NOT NULL", f'd: "{dimension}"', rows, changes, zone)


@newest
@pytest.mark.parametrize("dimension", ["r.at::date", "date_trunc('month', r.at)"])
@pytest.mark.parametrize("type_", ["timestamptz", "timestamp(3)", "date"])
def test_what_never_ends_and_never_began(database: Database, type_: str, dimension: str):
    rows = "VALUES (1, 'infinity'), (2, '-infinity'), (3, '2020-01-01')"
    changes = (
        "INSERT INTO r VALUES (4, 'infinity')",
        "INSERT INTO r VALUES (5, '-infinity')",
        "DELETE FROM r WHERE id = 1",
    )
    check(database.connect(), f"at {type_} NOT NULL", f'd: "{dimension}"', rows, changes)


@newest
@pytest.mark.parametrize("unit", ["hour", "month"])
def test_a_span_that_is_cut_is_no_period(database: Database, unit: str):
    """-01:30 is cut to -01:00, which is more; a month may have 45 days."""
    rows = "VALUES (1, '-01:30'), (2, '1 mon 45 days'), (3, '01:30')"
    changes = ("INSERT INTO r VALUES (4, '-01:20'), (5, '1 mon 40 days')", "DELETE FROM r WHERE id < 3")
    check(database.connect(), "at interval NOT NULL", f"d: \"date_trunc('{unit}', r.at)\"", rows, changes)


@newest
def test_a_date_that_is_kept_as_text(database: Database):
    rows = "VALUES (1, '2020-01-01'), (2, '2020-1-1'), (3, '2020-01-02')"
    changes = ("DELETE FROM r WHERE id = 1", "UPDATE r SET at = '2020-01-03'")
    check(database.connect(), "at text NOT NULL", "d: r.at::date", rows, changes)


@newest
@pytest.mark.parametrize("dimension", ["r.k", "r.k / 1"])
@pytest.mark.parametrize(
    ("type_", "one", "same"),
    [
        ("numeric", "1.0", "1.00"),
        ("float8", "'0'", "'-0'"),
        ("real", "'0'", "'-0'"),
        ("interval", "'1 mon'", "'30 days'"),
    ],
)
def test_equal_values_that_are_written_otherwise(database: Database, type_: str, one: str, same: str, dimension: str):
    """Beside another column that may be NULL. The row that comes first gives its group the value that is shown."""
    rows = f"VALUES (9, NULL, NULL), (1, NULL, {one}), (2, 'x', {one})"
    place = "DELETE FROM r WHERE id = 9", "VACUUM r", f"INSERT INTO r VALUES (10, NULL, {same})"
    check(database.connect(), f"b text, k {type_}", f"k: {dimension}, b: r.b", rows, place)


@newest
@pytest.mark.parametrize("null", ["", " NOT NULL"])
def test_arrays_as_dimensions(database: Database, null: str):
    rows = "VALUES (1, '{a,b}'), (2, '{c}'), (3, '{}')"
    changes = (
        "INSERT INTO r VALUES (4, '{a,b}'), (5, '{}')",
        "DELETE FROM r WHERE id = 2",
        "UPDATE r SET tags = tags || '{z}'",
    )
    check(database.connect(), f"tags text[]{null}", "tags: r.tags", rows, changes)


@newest
@pytest.mark.parametrize("dimension", ["COALESCE(r.tags, r.tags)", "r.tags::varchar(5)[]"])
def test_arrays_that_are_computed(database: Database, dimension: str):
    rows = "VALUES (1, '{a,b}'), (2, '{c}'), (3, '{}')"
    changes = ("INSERT INTO r VALUES (4, '{a,b}'), (5, '{}')", "DELETE FROM r WHERE id = 2")
    check(database.connect(), "tags text[] NOT NULL", f'tags: "{dimension}"', rows, changes)


@newest
def test_arrays_of_as_many_dimensions_as_there_can_be(database: Database):
    """Nor is an empty one NULL."""
    rows = "VALUES (1, '{{{{{{1}}}}}}'), (2, '{}'), (3, NULL)"
    changes = ("INSERT INTO r VALUES (4, '{{{{{{1}}}}}}'), (5, '{}')", "DELETE FROM r WHERE id = 3")
    check(database.connect(), "cube int[]", "cube: r.cube", rows, changes)


@on_major(18)
def test_a_column_that_no_trigger_is_told_of(database: Database):
    """Each write would be one that could not be logged, and each refresh a whole one."""
    with pytest.raises(ServerError, match="not told the values of a virtual column"):
        check(
            database.connect(),
            "a int NOT NULL, k int GENERATED ALWAYS AS (a % 5) VIRTUAL",
            "k: r.k",
            "VALUES (1, 1)",
            (),
        )
    database.connect().execute("DROP TABLE r")
    check(
        database.connect(),
        "a int NOT NULL, k int GENERATED ALWAYS AS (a % 5) STORED",
        "k: r.k",
        "VALUES (1, 1)",
        ("INSERT INTO r VALUES (2, 6)", "UPDATE r SET a = 2"),
    )
