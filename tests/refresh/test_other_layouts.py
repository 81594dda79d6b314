"""Tables whose partitions or children have their columns elsewhere, and statements that change rows of several of them at once."""

from __future__ import annotations

import pytest

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .checked import refresh
from .projects import never_whole, schedule

BASE = "CREATE TABLE i (id int, k text, a int, PRIMARY KEY (id))"
OTHER = (
    "CREATE TABLE i_2 (gone text, a int, id int NOT NULL, k text); ALTER TABLE i_2 DROP COLUMN gone; ALTER TABLE i_2"
)
LAYOUTS = {
    "children": f"{BASE}; CREATE TABLE i_1 (more int) INHERITS (i); {OTHER} INHERIT i; INSERT INTO i SELECT g, 'k' || g % 40, g FROM generate_series(1, 60) AS g;"
    " INSERT INTO i_1 SELECT g, 'k' || g % 40, g FROM generate_series(61, 99) AS g; INSERT INTO i_2 (id, k, a) SELECT g, 'k' || g % 40, g FROM generate_series(100, 160) AS g",
    "partitions": f"{BASE} PARTITION BY RANGE (id); CREATE TABLE i_1 PARTITION OF i FOR VALUES FROM (0) TO (100); {OTHER} ADD PRIMARY KEY (id);"
    " ALTER TABLE i ATTACH PARTITION i_2 FOR VALUES FROM (100) TO (200); CREATE TABLE i_3 PARTITION OF i DEFAULT; INSERT INTO i SELECT g, 'k' || g % 40, g FROM generate_series(1, 220) AS g",
}  # fmt: skip
STATEMENTS = (
    "MERGE INTO i USING (SELECT g FROM generate_series(1, 220) AS g) AS w ON i.id = w.g WHEN MATCHED AND g % 7 = 0 THEN DELETE WHEN MATCHED AND g % 3 = 0 THEN UPDATE SET k = 'm' || g % 5, a = 9",
    "MERGE INTO i USING (SELECT g FROM generate_series(50, 150) AS g) AS w ON i.id = w.g WHEN MATCHED AND g % 7 = 0 THEN UPDATE SET k = 'u' WHEN NOT MATCHED THEN INSERT (id, k, a) VALUES (g, 'i', g)",
    "WITH d AS (DELETE FROM i WHERE id % 10 = 1 RETURNING *), u AS (UPDATE i SET k = 'c' WHERE id % 10 = 2 RETURNING *) INSERT INTO i SELECT id + 300, 'd', a FROM d",
    ("WITH a AS (UPDATE i SET k = 'one' WHERE id % 10 = 3 RETURNING *), b AS (UPDATE i SET k = 'two' WHERE id % 10 = 4 RETURNING *),"
    " c AS (UPDATE i_1 SET k = 'three' WHERE id % 10 = 5 RETURNING *) SELECT count(*) FROM a, b, c"),
    "BEGIN; SAVEPOINT s; UPDATE i SET k = 'undone' WHERE id < 20; ROLLBACK TO s; UPDATE i SET k = 'done' WHERE id BETWEEN 20 AND 130; RELEASE s; COMMIT",
    ("CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.k := 'changed'; RETURN NEW; END $$;"
    ' CREATE TRIGGER "~~~" BEFORE INSERT OR UPDATE ON i_1 FOR EACH ROW EXECUTE FUNCTION other(); UPDATE i SET a = a + 1 WHERE id % 2 = 0'),
    ("CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF pg_trigger_depth() < 2 THEN UPDATE i SET k = 'after' WHERE id = NEW.id + 1; END IF; RETURN NULL; END $$;"
    " CREATE TRIGGER again AFTER UPDATE ON i_2 FOR EACH ROW EXECUTE FUNCTION again(); UPDATE i SET a = a + 1 WHERE id % 2 = 1"),
)  # fmt: skip
BY_SOURCE = (
    "MERGE INTO i USING (SELECT g FROM generate_series(1, 150) AS g WHERE g % 4 <> 0) AS w ON i.id = w.g"
    " WHEN NOT MATCHED BY SOURCE AND i.id % 8 = 0 THEN DELETE WHEN NOT MATCHED BY SOURCE THEN UPDATE SET k = 'n' RETURNING merge_action(), i.*"
)
CONFLICT = "INSERT INTO i VALUES (5, 'c', 1), (105, 'c', 1), (305, 'c', 1) ON CONFLICT (id) DO UPDATE SET k = excluded.k || i.a"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_are_heard_of_wherever_their_columns_stand(database: Database, layout: str):
    files = {
        "mvc.yml": "project: p\ncatalog: s.sql\n",
        "s.sql": LAYOUTS[layout].partition("; INSERT")[0],
        "views/v.yml": "view: v\nsources: {i: {table: i}}\ndimensions: {k: i.k}\naggregates: {n: {count: i}, s: {sum: i.a}}\n",
        "schedules/s.yml": schedule(["v"]),
    }  # fmt: skip
    compiled = mvc.compile(mvc.load(files))
    connection = database.connect()
    connection.execute(LAYOUTS[layout].encode())
    apply(connection, compiled)
    never_whole(connection)
    statements = [*STATEMENTS, *([BY_SOURCE] if database.major >= 17 else [])]
    for statement in [*([CONFLICT] if layout == "partitions" else []), *statements]:
        connection.execute(statement.encode())
        run = refresh(connection, compiled.view("v"))
        assert (run.status, run.mode, run.wrong) == ("completed", "incremental", []), statement
        assert run.groups, f"changed nothing, and proves nothing: {statement}"
