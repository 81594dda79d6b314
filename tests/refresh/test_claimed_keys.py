"""A spec may claim that there is one row of a key where no key of a table says so: `one: true`, the key of a subquery, the grain of a body in SQL or of a plain
view. Where that stops to be so, a refresh fails; it does not take one row of the two.
"""

from __future__ import annotations

import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .checked import refresh, wrong_rows
from .projects import never_whole

SCHEMA = """CREATE TABLE shop (opened date PRIMARY KEY);
CREATE TABLE label (id int PRIMARY KEY, day date NOT NULL, note text NOT NULL);
"""
ROWS = """INSERT INTO shop SELECT current_date - g FROM generate_series(0, 30) AS g;
INSERT INTO label SELECT g, current_date - g, 'n' || g FROM generate_series(0, 1) AS g"""
DAYS = "dimensions: {opened: s.opened, note: l.note}\naggregates: {n: {count: s}}\n"
PLAIN = "view: labels\nmaterialized: false\ngrain: [day]\nsql: SELECT l.day, l.note FROM label l\n"
LINKED = "sources: {{s: {{table: shop}}, l: {{{}, on: l.day = s.opened}}}}\n"
CLAIMS = {
    "one": (LINKED.format("table: label, one: true") + DAYS, ("incremental", "window")),
    "the key of a subquery": (LINKED.format("sql: 'SELECT a.day, a.note FROM label a', key: [day]") + DAYS, ("window",)),
    "the grain of a body": ("grain: [opened]\nsql: SELECT s.opened, l.note FROM shop s LEFT JOIN label l ON l.day = s.opened\n", ("window",)),
    "the grain of a plain view": (LINKED.format("view: labels") + DAYS, ("window",)),
}  # fmt: skip
CASES = [(of, mode) for of, (_, modes) in CLAIMS.items() for mode in modes]
SECOND = {
    "another": "INSERT INTO label VALUES (100, current_date - 1, 'second')",
    "the same": "INSERT INTO label VALUES (100, current_date - 1, 'n1')",
}


def project(of: str, mode: str) -> Compiled:
    every = {"incremental": "mode: incremental", "window": "mode: window, window: 3d"}[mode]
    files = {
        "mvc.yml": "project: p\ncatalog: s.sql\n",
        "s.sql": SCHEMA,
        "views/labels.yml": PLAIN,
        "views/v.yml": f"view: v\n{CLAIMS[of][0]}",
        "schedules/s.yml": f"schedules: [{{schedule: s, refresh: [v], every: '*/5 * * * *', {every}}}]\n",
    }
    return mvc.compile(mvc.load(files))


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize(("of", "mode"), CASES)
def test_two_rows_of_a_claimed_key_are_refused(database: Database, of: str, mode: str, second: str):
    compiled = project(of, mode)
    connection = database.connect()
    connection.execute(SCHEMA + ROWS)
    apply(connection, compiled)
    never_whole(connection)
    view = compiled.view("v")
    assert (refresh(connection, view).status, wrong_rows(connection, view)) == ("completed", [])
    stored = set(connection.execute("TABLE v").fetchall())
    connection.execute(SECOND[second].encode())
    key = ", ".join(view.grain)
    query = f"SELECT EXISTS (SELECT FROM ({view.query}) AS q GROUP BY {key} HAVING count(*) > 1)"
    twice = connection.execute(query.encode()).fetchone() == (True,)
    for asked in (mode, mode, "full", "full"):
        run = refresh(connection, view, asked)
        if twice:
            assert (run.status, (run.error or "")[:50]) == (
                "failed",
                "two rows have one key, although the spec claims by",
            )
            assert set(connection.execute("TABLE v").fetchall()) == stored
        else:
            assert (run.status, wrong_rows(connection, view)) == ("completed", [])
    assert twice or second == "the same"
    connection.execute("DELETE FROM label WHERE id = 100; UPDATE label SET note = 'later' WHERE id = 1")
    assert (refresh(connection, view).status, wrong_rows(connection, view)) == ("completed", [])
