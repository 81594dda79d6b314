"""A view of rows that have no row of a source of which one is picked: an increment must not take a row that it did not look for for none."""

from __future__ import annotations

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database

DDL = """
CREATE TABLE visit (id int PRIMARY KEY, place int NOT NULL, n int NOT NULL);
CREATE TABLE note (k int PRIMARY KEY, place int NOT NULL, rank int);
"""
VIEW = """
view: v
sources:
  a: {table: visit}
  c: {table: note, on: c.place = a.place, first: c.rank}
where: c.k IS NULL
dimensions: {id: a.id}
aggregates: {n: {sum: a.n}}
"""


def test_rows_with_a_picked_row_stay_out(database: Database) -> None:
    files = {
        "mvc.yml": "catalog: s.sql\n",
        "s.sql": DDL,
        "views/v.yml": VIEW,
        "schedules/s.yml": "schedules: [{schedule: s, refresh: v, within: 1h, mode: incremental}]\n",
    }
    with database.connect() as connection:
        connection.execute(DDL.encode())
        connection.execute("INSERT INTO visit SELECT n, n % 50, n FROM generate_series(1, 5000) AS n")
        connection.execute("INSERT INTO note SELECT n, n % 40, n % 3 FROM generate_series(1, 200) AS n")
        apply(connection, mvc.compile(mvc.load(files)))
        connection.execute("UPDATE visit SET n = n + 1 WHERE id % 500 IN (3, 45)")
        connection.execute("CALL mvc.refresh('public', 'v', 'incremental')")
        log = connection.execute("SELECT mode, status FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
        assert log == ("incremental", "completed")
        by_hand = "SELECT id, n FROM visit WHERE place NOT IN (SELECT place FROM note) ORDER BY 1"
        stored = connection.execute("SELECT * FROM v ORDER BY 1").fetchall()
        assert stored == connection.execute(by_hand.encode()).fetchall()
