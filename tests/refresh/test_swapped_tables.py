"""A query goes on with the table that it was made for, whatever that is called: where its name means another one, no refresh says that all
is well, drift and status tell, and the next apply builds the views of what the name means now.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.observe import observe
from servers import MAJORS, Database, Servers, new_database

Connection = psycopg.Connection[Any]
MODES = ("whole", "body", "windowed", "grouped")
TABLE = "(id int PRIMARY KEY, k text NOT NULL, amount int NOT NULL, day date NOT NULL)"
FILES = {
    "mvc.yml": "project: swap\ncatalog: s.sql\n",
    "s.sql": 'CREATE SCHEMA "Odd s"; CREATE FUNCTION "Odd s".twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS \'SELECT x * 2\';\n'
    f"CREATE SCHEMA sales;\nCREATE TABLE sales.t {TABLE};\n",
    "views/whole.yml": "view: whole\nsources: {t: {table: sales.t}}\ndimensions: {k: t.k}\naggregates: {s: {sum: t.amount}}\n",
    "views/grouped.yml": "view: grouped\nsources: {t: {table: sales.t}}\ndimensions: {k: t.k}\naggregates: {s: {sum: t.amount}}\n",
    "views/windowed.yml": "view: windowed\nsources: {t: {table: sales.t}}\ndimensions: {day: t.day}\naggregates: {s: {sum: t.amount}}\n",
    "views/body.yml": "view: body\ngrain: [k]\nsql: SELECT k, sum(amount) AS s FROM sales.t GROUP BY k\n",
    "views/called.yml": "view: called\nsources: {t: {table: sales.t}}\ndimensions: {k: t.k}\naggregates: {s: {sum: '\"Odd s\".twice(t.amount)'}}\n",
    "views/above.yml": "view: above\nsources: {w: {view: whole}}\naggregates: {s: {sum: w.s}}\n",
    "views/plain.yml": "view: plain\nmaterialized: false\nsources: {t: {table: sales.t}}\naggregates: {s: {sum: t.amount}}\n",
    "schedules/s.yml": "schedules:\n  - {schedule: i, refresh: grouped, every: '* * * * *', mode: incremental}\n"
    "  - {schedule: w, refresh: windowed, every: '* * * * *', mode: window, window: 3d}\n",
}
ROWS = "SELECT g, 'k' || g % 3, {0} * g, current_date - g % 2 FROM generate_series(1, 30) AS g"
SWAPS = {
    "renamed": "ALTER TABLE sales.t RENAME TO t_old; ALTER TABLE sales.t_new RENAME TO t",
    "another schema": "CREATE SCHEMA former; ALTER TABLE sales.t SET SCHEMA former; ALTER TABLE sales.t_new RENAME TO t",
    "schemas renamed": "CREATE SCHEMA next; ALTER TABLE sales.t_new SET SCHEMA next; ALTER TABLE next.t_new RENAME TO t;"
    " ALTER SCHEMA sales RENAME TO former; ALTER SCHEMA next RENAME TO sales",
    "partitioned": f"ALTER TABLE sales.t RENAME TO t_old; CREATE TABLE sales.t {TABLE} PARTITION BY RANGE (id);"
    " ALTER TABLE sales.t ATTACH PARTITION sales.t_new FOR VALUES FROM (0) TO (1000)",
}


def project() -> Compiled:
    return mvc.compile(mvc.load(FILES))


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"pg{major}")
def template(request: pytest.FixtureRequest, servers: Servers) -> tuple[Any, str]:
    server = servers.get(request.param)

    def build(connection: Connection) -> None:
        connection.execute(FILES["s.sql"])
        connection.execute(f"INSERT INTO sales.t {ROWS.format(1)}".encode())
        connection.execute(f"CREATE TABLE sales.t_new {TABLE}; INSERT INTO sales.t_new {ROWS.format(1000)}".encode())
        apply(connection, project())
        for view in (*MODES, "called"):
            assert refreshed(connection, view)[0] == "completed"

    return server, servers.template(server, "swapped_template", build)


@pytest.fixture
def copied(template: tuple[Any, str]) -> Iterator[Connection]:
    """A copy of the database: what was proven in the first says nothing of the OIDs here."""
    with new_database(*template) as database:
        made: Database = database
        yield made.connect()


@pytest.fixture
def connection(copied: Connection) -> Connection:
    """A database in which the views were proven."""
    apply(copied, project())
    return copied


def refreshed(connection: Connection, view: str) -> tuple[str, str]:
    """How a refresh ended, and what was said of it."""
    with suppress(psycopg.errors.WrongObjectType):  # which its row of the log says as well
        connection.execute("CALL mvc.refresh('public', %s)", (view,))
    row = connection.execute(
        "SELECT status, concat_ws(' ', error, detail) FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row
    return row[0], row[1]


def of_sources(connection: Connection) -> list[tuple[str, str, str]]:
    found: list[Drift] = [item for item in plan(connection, project()).drift if item.kind.startswith("source")]
    return sorted((item.kind, item.view, item.subject) for item in found)


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
def test_a_swapped_table_is_told_and_mended(connection: Connection, swap: str):
    connection.execute(swap.encode())
    for view in MODES:
        status, said = refreshed(connection, view)
        assert status == "failed", view
        assert "was built from what is called" in said
        assert said.endswith("and sales.t is another one: mvc apply builds it from that one")
    assert connection.execute(
        "SELECT count(*) FROM mvc.view_status WHERE view_name = ANY (%s) AND last_status = 'failed'", ([*MODES],)
    ).fetchone() == (4,)
    reading = sorted([*MODES, "called", "plain"])
    assert of_sources(connection) == [("source replaced", view, "sales.t") for view in reading]
    apply(connection, project(), options=ApplyOptions())
    assert plan(connection, project()).empty
    for view in (*MODES, "above"):
        assert refreshed(connection, view)[0] == "completed"
        assert connection.execute(f"SELECT sum(s) FROM {view}".encode()).fetchone() == (465_000,), view
    assert connection.execute("SELECT s FROM plain").fetchone() == (465_000,)
    connection.execute("UPDATE sales.t SET amount = 0 WHERE id > 1")
    for view in MODES:
        assert refreshed(connection, view)[0] == "completed"
        assert connection.execute(f"SELECT sum(s) FROM {view}".encode()).fetchone() == (1000,), view


def test_columns_that_changed_names_are_told_and_mended(connection: Connection):
    """As where a column gets a wider type without a rewriting: the views go on with the former one."""
    connection.execute(
        "ALTER TABLE sales.t ADD COLUMN amount_new int NOT NULL DEFAULT 7;"
        " ALTER TABLE sales.t RENAME amount TO amount_old; ALTER TABLE sales.t RENAME amount_new TO amount"
    )
    for view in MODES:
        status, said = refreshed(connection, view)
        assert (status, "called sales.t.amount_old now, and sales.t.amount is another one" in said) == ("failed", True)
    assert of_sources(connection) == [
        ("source replaced", view, "sales.t.amount") for view in sorted([*MODES, "called", "plain"])
    ]
    apply(connection, project(), options=ApplyOptions())
    assert plan(connection, project()).empty
    for view in MODES:
        assert refreshed(connection, view)[0] == "completed"
        assert connection.execute(f"SELECT sum(s) FROM {view}".encode()).fetchone() == (210,), view


def test_columns_that_changed_names_and_back_are_as_before(connection: Connection):
    swap = "ALTER TABLE sales.t RENAME {0} TO aside; ALTER TABLE sales.t RENAME {1} TO {0}; ALTER TABLE sales.t RENAME aside TO {1}"
    connection.execute(swap.format("amount", "id").encode())
    assert [refreshed(connection, view)[0] for view in MODES] == ["failed"] * 4
    connection.execute(swap.format("amount", "id").encode())
    assert [refreshed(connection, view)[0] for view in MODES] == ["completed"] * 4
    assert plan(connection, project()).empty


def test_functions_that_changed_names_are_told_and_mended(connection: Connection):
    connection.execute(
        'ALTER FUNCTION "Odd s".twice(int) RENAME TO twice_old; '
        """CREATE FUNCTION "Odd s".twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 3'"""
    )
    status, said = refreshed(connection, "called")
    assert (status, 'called "Odd s".twice_old(integer) now' in said) == ("failed", True), said
    assert refreshed(connection, "whole")[0] == "completed"
    apply(connection, project(), options=ApplyOptions())
    assert refreshed(connection, "called")[0] == "completed"
    assert connection.execute("SELECT sum(s) FROM called").fetchone() == (465 * 3,)
    assert plan(connection, project()).empty


NAMED_SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN tenths AS numeric(10,1); CREATE DOMAIN wholes AS numeric(10,0);
CREATE TEXT SEARCH CONFIGURATION one (COPY = english); CREATE TEXT SEARCH CONFIGURATION two (COPY = simple);
CREATE TABLE n (id int PRIMARY KEY, k text NOT NULL, m mood NOT NULL, x text NOT NULL, q numeric NOT NULL);
"""
NAMED = {  # what a view says, and two statements that swap what it names, around a third
    "labels": ("count: n, where: \"n.m = 'sad'\"", "TYPE mood RENAME VALUE '{0}' TO '{1}'", "sad", "happy"),
    "types": ("max: n.q::tenths", "DOMAIN {0} RENAME TO {1}", "tenths", "wholes"),
    "configurations": (
        "max: \"to_tsvector('one', n.x)::text\"",
        "TEXT SEARCH CONFIGURATION {0} RENAME TO {1}",
        "one",
        "two",
    ),
}


@pytest.mark.parametrize("of", NAMED)
@pytest.mark.parametrize("mode", ["", ", mode: incremental"], ids=["whole", "grouped"])
def test_what_stands_in_a_query_by_its_number_and_changed_names(database: Database, of: str, mode: str):
    says, renaming, one, other = NAMED[of]
    connection = database.connect()
    connection.execute(NAMED_SCHEMA)
    connection.execute(
        "INSERT INTO n SELECT g, 'k' || g % 3, CASE WHEN g % 4 = 0 THEN 'sad' ELSE 'happy' END::mood, 'running', g + 0.5 FROM generate_series(1, 30) AS g"
    )
    files = {
        "mvc.yml": "project: named\ncatalog: s.sql\n",
        "s.sql": NAMED_SCHEMA,
        "views/v.yml": f"view: v\nsources: {{n: {{table: n}}}}\ndimensions: {{k: n.k}}\naggregates: {{v: {{{says}}}}}\n",
        "schedules/s.yml": f"schedules: [{{schedule: s, refresh: v, every: '* * * * *'{mode}}}]\n",
    }
    compiled = mvc.compile(mvc.load(files))
    apply(connection, compiled)
    before = connection.execute("SELECT k, v::text FROM v ORDER BY k").fetchall()
    for a, b in ((one, "aside"), (other, one), ("aside", other)):
        connection.execute(f"ALTER {renaming.format(a, b)}".encode())
    status, said = refreshed(connection, "v")
    assert status == "failed"
    assert "is another one: mvc apply builds it from that one" in said
    apply(connection, compiled, options=ApplyOptions())
    assert plan(connection, compiled).empty
    assert refreshed(connection, "v")[0] == "completed"
    after = connection.execute(
        f"SELECT k, v::text FROM ({compiled.view('v').query}) AS q ORDER BY k".encode()
    ).fetchall()
    assert connection.execute("SELECT k, v::text FROM v ORDER BY k").fetchall() == after != before


def test_a_view_in_the_place_of_a_table(connection: Connection):
    """The catalog calls it a table; whether a view is meant, only whoever changes the catalog knows."""
    connection.execute("ALTER TABLE sales.t RENAME TO t_data; CREATE VIEW sales.t AS SELECT * FROM sales.t_data")
    for view in MODES:
        assert refreshed(connection, view)[0] == "failed"


def test_a_table_with_another_name_goes_on_and_is_told_of(connection: Connection):
    connection.execute("ALTER TABLE sales.t RENAME TO t_old; UPDATE sales.t_old SET amount = 0 WHERE id > 1")
    for view in MODES:
        status, said = refreshed(connection, view)
        assert status == "completed"
        assert "sales.t is called sales.t_old now" in said
        assert connection.execute(f"SELECT sum(s) FROM {view}".encode()).fetchone() == (1,), view
    assert of_sources(connection) == [
        ("source renamed", view, "sales.t") for view in sorted([*MODES, "called", "plain"])
    ]
    connection.execute("ALTER TABLE sales.t_old RENAME TO t")
    assert of_sources(connection) == []
    for view in MODES:
        status, said = refreshed(connection, view)
        assert (status, "is called" in said) == ("completed", False)


def test_swapped_back_all_is_as_before(connection: Connection):
    connection.execute("ALTER TABLE sales.t RENAME TO t_old; ALTER TABLE sales.t_new RENAME TO t")
    assert [refreshed(connection, view)[0] for view in MODES] == ["failed"] * 4
    connection.execute("ALTER TABLE sales.t RENAME TO t_new; ALTER TABLE sales.t_old RENAME TO t")
    connection.execute("UPDATE sales.t SET amount = 0 WHERE id > 1")
    for view in MODES:
        assert refreshed(connection, view)[0] == "completed"
        assert connection.execute(f"SELECT sum(s) FROM {view}".encode()).fetchone() == (1,), view
    assert plan(connection, project()).empty


@pytest.mark.parametrize("proven", [True, False], ids=["here", "elsewhere"])
def test_a_proof_does_not_forget_a_swap(copied: Connection, proven: bool):
    """An upgrade, or other roles to trust, prove anew what a view reads: that is no word about which table is meant."""
    connection = copied
    if proven:
        apply(connection, project())
    connection.execute("ALTER TABLE sales.t RENAME TO t_old; ALTER TABLE sales.t_new RENAME TO t")
    assert [refreshed(connection, view)[0] for view in MODES] == ["failed"] * 4
    connection.execute("SELECT mvc.prove_code(stored_name) FROM mvc.stored_relation")
    assert [refreshed(connection, view)[0] for view in MODES] == ["failed"] * 4
    assert any(stored.replaced for stored in observe(connection, project()).stored.values())
