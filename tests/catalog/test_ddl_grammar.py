"""What PostgreSQL's grammar does not take in DDL: nothing is read of it, and a finding says where it stops and what is likely missing."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from mvc.catalog import ddl
from mvc.catalog.ddl import read_ddl
from mvc.catalog.statements import statements
from mvc.sql import parser

CONSTRUCTS = (Path(__file__).parent / "ddl" / "constructs.sql").read_text(encoding="utf-8")
DUMP = Path(__file__).parents[1] / "upgrade" / "states" / "7.sql"
BROKEN = [
    ("CREATE TABLE t (\n  id int PRIMARY KEY\n  name text\n);", 3, 3, "is a comma missing after `key`?"),
    ("CREATE TABLE a (x int)\nCREATE TABLE b (y int);", 2, 1, "is a semicolon missing after `)`?"),
    ("INSERT INTO a VALUES (1)\nCREATE TABLE b (y int);", 2, 1, "is a semicolon missing after `)`?"),
    ("CREATE TABLE t (id int PRIMRY KEY);", 1, 24, "did you mean `PRIMARY`, not `primry`?"),
    ("CREATE TABLE t (id int, order int);", 1, 25, '`order` is a key word of PostgreSQL: as a name, write "order"'),
    ("CREATE TABLE t (user text);", 1, 17, '`user` is a key word of PostgreSQL: as a name, write "user"'),
    ("ALTER TABLE t ADD CONSTRAIN p PRIMARY KEY (id);", 1, 43, "did you mean `CONSTRAINT`, not `constrain`?"),
    ("CREATE TABLE t (id int,);", 1, 24, "nothing stands between the comma and `)`: take the comma away"),
    ("CREATE TABLE t (y int CHECK (y > ));", 1, 34, "something is missing after `>`"),
    ("CREATE TABLE t (y int DEFAULT , z int);", 1, 31, "something is missing after `default`"),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql IMUTABLE AS 'x';",
        1,
        46,
        "did you mean `IMMUTABLE`, not `imutable`?",
    ),
    ("GRNT SELECT ON t TO x;", 1, 1, "did you mean `GRANT`, not `grnt`?"),
    ("CRATE TABLE t (x int);", 1, 1, "did you mean `CREATE`, not `crate`?"),
    ("CREATE VIEW v AS SELECT y, FROM t;", 1, 28, "nothing stands between the comma and `from`: take the comma away"),
    (
        "CREATE VIEW v AS SELECT FROM WHERE;",
        1,
        30,
        "is something misspelled, or a comma missing, at or before `where`?",
    ),
    ("CREATE TABLE t (id int, x numeric(9);", 1, 1, ""),
    ("CREATE TABLE ü (é int, ä int ö text);", 1, 30, "is something misspelled, or a comma missing, at or before `ö`?"),
    ("CREATE TABLE", 1, 8, "something is missing after this"),
    ("ALTER TABLE t ALTER x TYPE;", 1, 23, "something is missing after this"),
    ("CREATE TABLE :name (id int);", 1, 14, "write the value"),
    ("CREATE TABLE t (id int DEFAULT :'value');", 1, 32, "write the value"),
    ("CREATE RULE r AS ON INSERT TO t DO INSTEAD (SELECT 1; CREATE TABLE no (a int));", 1, 55, ""),
]


@pytest.mark.parametrize(("text", "line", "column", "help_line"), BROKEN)
def test_what_is_no_statement_is_an_error_at_its_place(text, line, column, help_line):
    catalog, (finding,) = read_ddl({"a.sql": text})
    assert catalog.relations == ()
    assert (finding.code, finding.severity, finding.span.line, finding.span.column) == ("MV020", "error", line, column)
    assert help_line in " ".join(finding.help)


@pytest.mark.parametrize(
    "text",
    [
        "GRANT SELECT t TO;",
        "INSERT INTO t VALUES (1,, 'create', drop);",
        "COMMENT ON TABLE t 'x';",
        "SELECT 1 +;",
        "SET x TO;",
        "GRANT SELECT ON :t to x y;",
    ],
)
def test_what_the_catalog_does_not_depend_on_is_a_warning(text):
    catalog, (finding,) = read_ddl({"a.sql": f"{text} CREATE TABLE t (id int);"})
    assert (finding.code, finding.severity) == ("MV020", "warning")
    assert [item.name for item in catalog.relations] == ["t"]


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE t OWNER TO :owner;",
        'GRANT SELECT ON t TO :"reader";',
        "COMMENT ON TABLE t IS :'words';",
        "SELECT :x, :'y';",
        "CREATE ROLE :name;",
        "SELECT a[1:2] FROM x;",
        "\\restrict x\nCOPY t (id) FROM stdin;\n1\n\\.\n\\unrestrict x\n",
        "INSERT INTO t VALUES (1,);",
        "INSERT INTO t VALUES\n\\echo (1),\n(2);",
    ],
)
def test_psql_is_understood_where_it_says_nothing_to_the_catalog(text):
    assert read_ddl({"a.sql": f"{text} CREATE TABLE t (id int);"})[1] == ()


def test_a_command_of_psql_within_a_statement_is_blank():
    text = "CREATE TABLE t (\n  é int, -- \\ no command\n\\echo a, b\n  b text DEFAULT 'x'\n  'y',\n  c int,\n  PRIMARY KEY (c, d)\n);"
    catalog, (finding,) = read_ddl({"a.sql": text})
    assert [column.name for column in catalog.relations[0].columns] == ["é", "b", "c"]
    assert (finding.code, finding.span.line, finding.span.column) == ("MV022", 7, 19)


def test_a_byte_order_mark_is_no_part_of_the_first_statement():
    catalog, found = read_ddl({"a.sql": "\ufeffCREATE TABLE t (id int);"})
    assert (len(catalog.relations), found) == (1, ())


def test_a_long_statement_and_another_thread_are_read_as_others():
    columns = ", ".join(f"c{number} int NOT NULL" for number in range(1500))
    text = f"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS '{'x' * 100_000}'; CREATE TABLE t ({columns}); CREATE TABLE u (a int b int)"
    done = []
    worker = threading.Thread(target=lambda: done.append(read_ddl({"long.sql": text})))
    worker.start()
    worker.join()
    catalog, (finding,) = done[0]
    assert (len(catalog.functions), len(catalog.relations[0].columns)) == (1, 1500)
    assert finding.span.column == text.index("b int)") + 1


@pytest.mark.parametrize(("end", "checked"), [(" WITH CHECK OPTION", 1), (" WITH LOCAL CHECK OPTION", 1), ("", 1)])
def test_what_follows_a_views_query_is_none_of_it(end, checked):
    catalog, found = read_ddl({"a.sql": f"CREATE TABLE t (id int); CREATE VIEW v (n) AS SELECT id FROM t{end};"})
    assert found == ()
    assert [column.name for column in catalog.by_name["public", "v"].columns] == ["n"] * checked


def test_what_alters_constraints_and_indexes():
    catalog, found = read_ddl(
        {
            "a.sql": "CREATE TABLE p (id int PRIMARY KEY);"
            "CREATE TABLE t (a int CONSTRAINT f REFERENCES p NOT ENFORCED, b int, c int REFERENCES p DEFERRABLE NOT ENFORCED);"
            "CREATE UNIQUE INDEX i ON t (b); ALTER INDEX i RENAME TO j;"
            "CREATE TABLE u (PRIMARY KEY (b)) INHERITS (t);"
            "ALTER TABLE t ALTER CONSTRAINT f ENFORCED; CREATE DOMAIN d AS int; ALTER DOMAIN d ADD NOT NULL;"
        }
    )
    assert found == ()
    assert catalog.domains[0].nullable is False
    assert catalog.by_name["public", "u"].keys[0].columns == ("b",)
    catalog, found = read_ddl(
        {
            "a.sql": "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int CONSTRAINT f REFERENCES p NOT ENFORCED, b int);"
            "CREATE UNIQUE INDEX i ON t (b); ALTER INDEX i RENAME TO j; DROP INDEX j; ALTER TABLE t ALTER CONSTRAINT f ENFORCED;"
        }
    )
    table = catalog.by_name["public", "t"]
    assert (found, table.keys, [key.columns for key in table.foreign_keys]) == ((), (), [("a",)])


def test_without_a_parser_a_broken_statement_may_be_read(monkeypatch):
    """It is read from its tokens, and `mvc check` says that the grammar was not asked."""
    monkeypatch.setattr(parser, "_library", lambda: None)
    ddl._read_files.cache_clear()
    catalog, found = read_ddl({"a.sql": "CREATE TABLE t (id int PRIMRY KEY); CREATE TABLE (a int)"})
    assert [item.name for item in catalog.relations] == ["t"]
    assert [(item.code, item.span.column) for item in found] == [("MV020", 50)]
    ddl._read_files.cache_clear()


def test_a_dump_is_the_same_from_trees_and_from_tokens(monkeypatch):
    text = DUMP.read_text(encoding="utf-8")
    by_tree = read_ddl({"tree.sql": text})
    monkeypatch.setattr(parser, "_library", lambda: None)
    by_tokens = read_ddl({"tokens.sql": text})
    assert by_tree[1] == ()
    assert (by_tokens[0].functions, by_tokens[0].enums) == (by_tree[0].functions, by_tree[0].enums)
    tables = [[item for item in catalog.relations if item.kind != "view"] for catalog, _ in (by_tree, by_tokens)]
    assert len(tables[0]) >= 30
    assert tables[0] == tables[1]


def test_a_relation_whose_definition_is_broken_is_not_missing_as_well():
    text = (
        "CREATE TABLE a (id int PRIMRY KEY); CREATE TABLE IF NOT EXISTS s.b (x int)\nCREATE OR REPLACE VIEW c AS SELECT 1;"
        "CREATE TABLE d (id int PRIMARY KEY REFERENCES a); ALTER TABLE a ADD UNIQUE (id); CREATE UNIQUE INDEX ON nix (id);"
    )
    catalog, found = read_ddl({"a.sql": text})
    assert catalog.unread == ("a", "b", "c")
    assert [item.code for item in found] == ["MV020", "MV020", "MV021"]


@pytest.mark.parametrize("with_parser", [True, False])
def test_mutated_statements_are_read_or_found_and_never_raise(with_parser, monkeypatch):
    """Words are dropped, doubled and put elsewhere: 500 statements, some of them still PostgreSQL's."""
    if not with_parser:
        monkeypatch.setattr(parser, "_library", lambda: None)
    chance = random.Random(13)
    written = [[CONSTRUCTS[token.start : token.end] for token in tokens] for tokens in statements(CONSTRUCTS)]
    words = sorted({word for tokens in written for word in tokens if len(word) < 30})
    fine = 0
    for number in range(500):
        tokens = list(chance.choice(written))
        at = chance.randrange(len(tokens))
        tokens[at : at + chance.randint(0, 1)] = chance.sample(words, chance.randint(0, 1))
        fine += not read_ddl({f"{number}.sql": f"CREATE TABLE t (id int PRIMARY KEY, a text); {' '.join(tokens)}"})[1]
    assert 100 < fine < 500


@pytest.mark.parametrize(
    "text", ["CREATE VIEW v (a) WITH (x AS y)", "CREATE MATERIALIZED VIEW v USING (as)", "CREATE VIEW v [ AS ( ]"]
)
def test_without_a_parser_a_view_without_its_query_ends(text, monkeypatch):
    monkeypatch.setattr(parser, "_library", lambda: None)
    ddl._read_files.cache_clear()
    assert [item.code for item in read_ddl({"a.sql": text})[1]] == ["MV020"]


def test_without_a_parser_an_empty_check_is_read(monkeypatch):
    monkeypatch.setattr(parser, "_library", lambda: None)
    assert read_ddl({"check.sql": "CREATE DOMAIN d AS int CHECK ();"})[0].domains[0].checks == ("",)
