"""A verify of data that did not change finds nothing wrong, however its rows lie; what the rows do not determine it calls so, and what is wrong, wrong."""

from __future__ import annotations

from functools import cache

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .checked import Connection, Run, last_run
from .projects import ANYTHING, never_whole, schedule

COLUMNS = "k int NOT NULL, d numeric NOT NULL, v numeric NOT NULL, f float8 NOT NULL, at int NOT NULL, w text NOT NULL, j json, p point NOT NULL, lie float8 NOT NULL"
DDL = f"CREATE TABLE t (id int PRIMARY KEY, {COLUMNS});\nCREATE TABLE loose (id int, {COLUMNS});\n"
ROWS = """INSERT INTO {} SELECT g, g % 7, CASE g % 2 WHEN 0 THEN 1.0 ELSE 1.00 END, CASE g % 3 WHEN 0 THEN 2.0 ELSE 2.00 END, random() * 1e6 * (g % 5 - 2), g % 4,
  'word ' || g, json_build_object('g', g), point(g, g), random() FROM generate_series(1, 400) AS g"""
OF_KEYED = {
    "words": "array_agg: t.w",
    "things": "array_agg: t.j",
    "points": "array_agg: t.p",
    "amounts": "array_agg: t.v, distinct: true",
    "total": "sum: t.f",
    "spread": "stddev: t.f",
    "earliest": "first: t.w, order: t.at",
    "latest": "last: t.w, order: t.at",
    "joined": "string_agg: t.w, order: t.at desc",
    "as_json": "json_agg: t.v, order: t.at",
    "least": "min: t.v",
}
OF_LOOSE = {
    "earliest": "first: l.w, order: l.at",
    "joined": "string_agg: l.w",
    "doubled": "expr: joined || joined",
    "n": "count: l",
}


def view(name: str, source: str, dimensions: str, columns: dict[str, str]) -> str:
    listed = "".join(f"  {column}: {{{text}}}\n" for column, text in columns.items())
    return f"view: {name}\nsources: {{{source}}}\ndimensions: {{{dimensions}}}\naggregates:\n{listed}"


@cache
def project() -> Compiled:
    files = {
        "mvc.yml": "project: equal\ncatalog: s.sql\n",
        "s.sql": DDL,
        "views/keyed.yml": view("keyed", "t: {table: t}", "k: t.k, d: t.d", OF_KEYED),
        "views/unkeyed.yml": view("unkeyed", "l: {table: loose}", "k: l.k", OF_LOOSE),
        "schedules/s.yml": schedule(["keyed", "unkeyed"]),
    }
    return mvc.compile(mvc.load(files))


def verified(connection: Connection, name: str) -> Run:
    connection.execute("CALL mvc.refresh('public', %s, 'verify')", (name,), prepare=False)
    run = last_run(connection, name)
    assert (run.status, run.mode) == ("completed", "verify"), run
    return run


def test_equal_is_equal(database: Database):
    connection = database.connect()
    connection.execute(DDL)
    for table in ("t", "loose"):
        connection.execute(f"{ROWS.format(table)}; CREATE INDEX {table}_lie ON {table} (lie)".encode())
    apply(connection, project(), options=ANYTHING)
    never_whole(connection)
    for name in ("keyed", "unkeyed"):
        assert (verified(connection, name).changed, verified(connection, name).detail) == (
            0,
            "7 groups compared: all as the query gives them",
        )
    connection.execute("CLUSTER t USING t_lie; CLUSTER loose USING loose_lie")  # the same rows, which lie otherwise
    assert verified(connection, "keyed").detail == "7 groups compared: all as the query gives them"
    loose = verified(connection, "unkeyed")
    assert loose.detail is not None
    assert loose.detail.startswith(
        "7 groups compared: all as the query gives them, but that 7 of them had other values in earliest, joined, doubled, which is not deterministic"
    )
    assert (loose.changed, verified(connection, "unkeyed").changed) == (7, 0)


WRONG = {
    "words": "words || 'more'::text",
    "things": "things || '{}'::json",
    "points": "points[2:]",
    "amounts": "'{1, 2}'",
    "total": "total + 0.01",
    "earliest": "earliest || '!'",
    "as_json": "'[]'",
    "least": "least + 0.0001",
    "spread": "'Infinity'",
}


def test_wrong_is_wrong(database: Database):
    connection = database.connect()
    connection.execute(DDL)
    for table in ("t", "loose"):
        connection.execute(ROWS.format(table).encode())
    apply(connection, project(), options=ANYTHING)
    never_whole(connection)
    stored = {view.name: ".".join(view.storage) for view in project().views}
    for column, value in WRONG.items():
        connection.execute(f"UPDATE {stored['keyed']} SET {column} = {value} WHERE k = 3".encode())
        run = verified(connection, "keyed")
        assert (run.changed, (run.detail or "")[:40]) == (1, "1 of 7 groups compared were not as the q"), (column, run)
    connection.execute(
        f"UPDATE {stored['unkeyed']} SET n = n + 1, joined = 'x' WHERE k = 3; DELETE FROM {stored['unkeyed']} WHERE k = 4".encode()
    )
    assert (verified(connection, "unkeyed").detail or "").startswith(
        "2 of 7 groups compared were not as the query gives them"
    )
