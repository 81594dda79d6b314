"""What a database holds cannot stand in for what the server's own operators and functions mean to `pull`."""

from __future__ import annotations

import pytest

from mvc.catalog.ddl import read_ddl
from mvc.catalog.snapshot import dump_snapshot, load_snapshot
from mvc.catalog.types import Column
from mvc.catalog.view_columns import QuerySurroundings
from mvc.engines.postgres.server.pull import _never_null, pull
from servers import on_major

TABLES = """
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL, j json);
CREATE TABLE other.x (id int, name text, t_id int REFERENCES t, UNIQUE (id, name));
CREATE VIEW w AS SELECT t.id, x.name FROM t JOIN other.x ON x.t_id = t.id;
"""
FAILING = "LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION $$called$$; END'"
OPERANDS = ("name[], name[]", "anyarray, anyarray", "int2[], int2[]", "name, text", "oid, oid", '"char", "char"')


def hostile() -> str:
    statements = [f"CREATE FUNCTION unnest(int2[]) RETURNS SETOF int2 {FAILING}"]
    for number, operands in enumerate(OPERANDS):
        left, right = operands.split(", ")
        statements.append(f"CREATE FUNCTION f{number}({operands}) RETURNS boolean {FAILING}")
        statements += [
            f"CREATE OPERATOR {operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = f{number})"
            for operator in ("=", "<>")
        ]
    return ";\n".join(statements)


def test_user_defined_operators_are_not_used(database):
    connection = database.connect()
    connection.execute(TABLES)
    before = pull(connection)
    connection.execute(hostile())
    after = pull(connection)
    assert (after.relations, after.enums) == (before.relations, before.enums)
    assert len(before.relations) == 3


def test_how_a_table_is_partitioned(database):
    """As the DDL reader has it."""
    ddl = "".join(
        f"CREATE TABLE t{number} (a int, b date NOT NULL, c text) PARTITION BY {written};"
        for number, written in enumerate(
            ("RANGE (b)", "LIST (a)", "HASH (a, b)", "RANGE (b, (a + 1))", "RANGE (lower(c))")
        )
    )
    connection = database.connect()
    connection.execute(ddl)
    assert pull(connection).relations == read_ddl({"s.sql": ddl}, ("public",))[0].relations


def test_types_are_spelled_for_the_search_path(database):
    connection = database.connect()
    connection.execute(TABLES)
    found = {path: pull(connection, search_path=path).by_name["public", "t"] for path in (("public",), ("other",))}
    assert [column.type for column in found["public",].columns] == ["integer", "mood", "json"]
    assert [column.type for column in found["other",].columns] == ["integer", "public.mood", "json"]


def test_the_session_is_left_as_it_was(database):
    connection = database.connect()
    connection.execute("SET search_path = other, public")
    pull(connection)
    assert connection.execute("SHOW search_path").fetchone() == ("other, public",)
    assert connection.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE 'mvc%'").fetchone() == (0,)


@pytest.mark.parametrize("depth", [65, 9999])
def test_a_view_nested_too_deep_is_taken_without_its_nullability(depth):
    """sqlglot raises RecursionError or, compiled, ends the process."""
    outside = QuerySurroundings(lambda *_: {"id": Column("id", "integer", nullable=False)}, lambda _: None)
    assert _never_null("SELECT id FROM t", outside) == {"id"}
    assert _never_null(f"SELECT id, {'(' * depth}1{')' * depth} AS b FROM t;", outside) == set()


@on_major(15)  # Debian's has ICU
def test_collations_that_fold_are_as_in_ddl(database):
    text = """
CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION plain (provider = icu, locale = 'und');
CREATE DOMAIN word AS text COLLATE folded;
CREATE DOMAIN exact AS word COLLATE plain;
CREATE TABLE t (a text COLLATE folded NOT NULL, b text, c text COLLATE "C", d word, e word COLLATE plain, f exact, g varchar(5), h text COLLATE plain DEFAULT 'h');
ALTER TABLE t ALTER b TYPE varchar(9) COLLATE folded, ALTER a TYPE varchar(9), ALTER g TYPE word;
"""
    connection = database.connect()
    connection.execute(text)
    catalog, found = read_ddl({"s.sql": text})
    assert not found
    assert pull(connection) == catalog
    assert [column.name for column in catalog.relations[0].columns if column.collation] == ["b", "d", "g"]


def test_indexes_are_as_in_ddl(database):
    ddl = (
        "CREATE TABLE t (a int, b text, c int); CREATE INDEX one ON t (a, b); CREATE INDEX two ON t (c DESC, lower(b), a);"
        'CREATE INDEX three ON t (c, b COLLATE "C"); CREATE INDEX four ON t USING hash (b); CREATE INDEX five ON t (b) WHERE a > 0;'
        "CREATE INDEX six ON t (lower(b)); CREATE UNIQUE INDEX seven ON t (b, a);"
    )
    connection = database.connect()
    connection.execute(ddl)
    (pulled,) = (item for item in pull(connection).relations if item.name == "t")
    read, _ = read_ddl({"s.sql": ddl})
    assert pulled.indexes == read.relations[0].indexes == (("a", "b"), ("c",))
    assert load_snapshot(dump_snapshot(pull(connection)), "c.json")[0].relation("t").indexes == pulled.indexes
