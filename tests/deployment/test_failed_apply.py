"""A deployment that fails leaves every view readable, refreshable and watched as before, also where its storage is not what was built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError, StatementRefused
from mvc.engines.postgres.server.prune import prune
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.status import status
from servers import NEWEST, Database, Servers, new_database

from .projects import ANYTHING

Connection = psycopg.Connection[Any]
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, day date NOT NULL, amount int NOT NULL);"
ROWS = "INSERT INTO t SELECT g, 'k' || g % 3, current_date - g % 5, g FROM generate_series(1, 30) AS g"
SCHEDULES = {
    "full": "",
    "incremental": ", mode: incremental",
    "window": ", mode: window, window: 3d",
}
ODD = 'an "odd" name'
TERMS = ApplyOptions(ANYTHING)


def project(mode: str, name: str = "amount") -> Compiled:
    view = "view: {0}\nsources: {{t: {{table: t}}}}\ndimensions: {{k: t.k, day: t.day}}\naggregates: {{s: {{sum: t.{1}}}}}\n"
    files = {
        "mvc.yml": "project: p\ncatalog: s.sql\n",
        "s.sql": SCHEMA.replace("amount", name),
        "views/v.yml": view.format("v", name) + "indexes: [{columns: [s]}]\n",
        "views/odd.yml": view.format(f"'{ODD}'", name),
        "views/above.yml": "view: above\nsources: {v: {view: v}}\ndimensions: {k: v.k}\naggregates: {s: {sum: v.s}}\n",
        "schedules/s.yml": f"schedules: [{{schedule: a, refresh: [v, '{ODD}'], every: '0 * * * *'{SCHEDULES[mode]}}},"
        " {schedule: b, refresh: [above], every: '0 * * * *'}]\n",
    }
    return mvc.compile(mvc.load(files))


@dataclass(frozen=True)
class Failure:
    """What somebody did to the base table, so that the storage is not as it was built and a new one cannot be, and the table's column now."""

    statement: str
    column: str = "amount"
    table: str = "t"


FAILURES = {
    "a renamed column": Failure("ALTER TABLE t RENAME amount TO price", "price"),
    "a swapped table": Failure("ALTER TABLE t RENAME TO former; CREATE TABLE t (id int PRIMARY KEY)", table="former"),
}


@pytest.fixture(params=[15, NEWEST], ids=lambda major: f"pg{major}")
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param)) as created:
        created.connect().execute(SCHEMA + ROWS)
        yield created


def rows(connection: Connection, failure: Failure) -> None:
    """Each view holds what its tables have."""
    grouped = f"SELECT k, day, sum({failure.column}) FROM {failure.table} GROUP BY 1, 2 ORDER BY 1, 2"
    for name in ("v", '"an ""odd"" name"'):
        found = connection.execute(f"SELECT k, day, s FROM {name} ORDER BY 1, 2".encode()).fetchall()
        assert found == connection.execute(grouped.encode()).fetchall()
    total = f"SELECT k, sum({failure.column}) FROM {failure.table} GROUP BY 1 ORDER BY 1"
    found = connection.execute("SELECT k, s FROM above ORDER BY 1").fetchall()
    assert found == connection.execute(total.encode()).fetchall()


@pytest.mark.parametrize("mode", SCHEDULES)
@pytest.mark.parametrize("failure", FAILURES.values(), ids=list(FAILURES))
def test_all_is_as_before(database: Database, failure: Failure, mode: str) -> None:
    connection = database.connect()
    before = project(mode)
    blind = replace(before, files=None)  # else the plan finds it, and nothing is begun
    apply(connection, before, options=TERMS)
    refresh(connection, before)
    usual = {(item.view, item.status, item.mode) for item in refresh(connection, before)}
    connection.execute(failure.statement.encode())
    aside: set[str] = set()
    for number in (1, 2):  # the second one meets what the first one left
        with pytest.raises(StatementRefused, match="does not exist"):
            apply(connection, blind, options=TERMS)
        rows(connection, failure)
        for name, definition in connection.execute(
            "SELECT view_name, definition::text FROM mvc.deployed_view WHERE stored_name ~ '_aside_1$'"
        ):
            aside.add(name)
            assert before.view(name).storage[1] not in re.findall(
                r"\w+", definition
            )  # nor in a constant that means the table
        connection.execute(f"INSERT INTO {failure.table} VALUES (100 + {number}, 'k1', current_date, 5)".encode())
        done = refresh(connection, before)
        if failure.table == "t":
            assert {(item.view, item.status, item.mode) for item in done} == usual
            rows(connection, failure)
        else:  # it reads a table of another name, as before the deployment that failed: that is told
            assert {item.status for item in done} <= {"failed", "skipped"}
            assert all("is another one" in item.reason for item in done if item.status == "failed")
            connection.execute(f"DELETE FROM {failure.table} WHERE id > 100".encode())
        found = status(connection, before)
        assert [view.problem for view in found.views] == [None] * 3
    assert aside
    if failure.table == "t":
        mended = project(mode, failure.column)
        apply(connection, mended, options=TERMS)
        assert plan(connection, mended).empty
        rows(connection, failure)
        connection.execute("UPDATE t SET price = price + 1 WHERE day = current_date")
        assert {(item.view, item.status, item.mode) for item in refresh(connection, mended)} == usual
        rows(connection, failure)
        with pytest.raises(ServerError, match="does not exist"):  # what it goes back to names a column that is gone
            rollback(connection, mended, TERMS)
        prune(connection, mended, TERMS.pace)
        connection.execute("UPDATE t SET price = price + 1 WHERE day = current_date")
        assert {(item.view, item.status, item.mode) for item in refresh(connection, mended)} == usual
        rows(connection, failure)
        assert plan(connection, mended).empty
