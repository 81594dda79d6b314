"""DDL text to a catalog: what each construct means, and what near it means nothing.

Each is read twice: with PostgreSQL's tree, and with the outline that takes its place where there is no parser for the platform.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mvc.catalog import ddl
from mvc.catalog.ddl import read_ddl
from mvc.catalog.types import Catalog, Column, DomainType, EnumType, ForeignKey, Key, Relation
from mvc.sql import parser

EXAMPLES = Path(__file__).parent / "ddl"
BOOKING = Path(__file__).resolve().parents[2] / "schema" / "booking.sql"


@pytest.fixture(autouse=True, params=["tree", "outline"])
def _either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "outline":
        monkeypatch.setattr(parser, "_library", lambda: None)
    ddl._read_files.cache_clear()
    yield
    ddl._read_files.cache_clear()


def read(*texts: str) -> Catalog:
    catalog, findings = read_ddl({f"{index}.sql": text for index, text in enumerate(texts)})
    assert findings == ()
    return catalog


def table(text: str, name: str = "t") -> Relation:
    found = read(text).relation(name)
    assert found is not None
    return found


def types(text: str) -> list[str | None]:
    return [column.type for column in table(text).columns]


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("int4", "integer"),
        ("int", "integer"),
        ("BIGINT", "bigint"),
        ("pg_catalog.int8", "bigint"),
        ("serial", "integer"),
        ("timestamptz", "timestamp with time zone"),
        ("timestamp(3)", "timestamp(3) without time zone"),
        ("time (0) with time zone", "time(0) with time zone"),
        ("varchar(20)", "character varying(20)"),
        ("national character varying(5)", "character varying(5)"),
        ("char", "character(1)"),
        ('"char"', '"char"'),
        ("bpchar", "bpchar"),
        ("decimal(12,2)", "numeric(12,2)"),
        ("numeric(10)", "numeric(10,0)"),
        ("float(24)", "real"),
        ("float(25)", "double precision"),
        ("double precision", "double precision"),
        ("bit varying(3)", "bit varying(3)"),
        ("interval day to second (3)", "interval day to second(3)"),
        ("text[][3]", "text[]"),
        ("int ARRAY[4]", "integer[]"),
        ("public.geometry(Point, 4326)", "geometry(Point,4326)"),
        ("extensions.citext", "extensions.citext"),
        ('"My Type"', '"My Type"'),
    ],
)
def test_types_are_spelled_as_the_server_spells_them(written: str, spelled: str) -> None:
    assert types(f"CREATE TABLE t (a {written})") == [spelled]


def test_types_of_other_schemas_keep_their_schema() -> None:
    text = "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a'); SET search_path TO app, public; CREATE TABLE public.t (a mood);"
    assert types(text) == ["app.mood"]


def test_a_renamed_type_is_renamed_in_columns() -> None:
    assert types("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e, y e[]); ALTER TYPE e RENAME TO f") == ["f", "f[]"]


def test_not_null_follows_from_keys_serials_identities_and_domains() -> None:
    found = table(
        """CREATE DOMAIN d AS text NOT NULL;
        CREATE TABLE t (a serial, b int PRIMARY KEY, c int GENERATED ALWAYS AS IDENTITY, d d, e d[],
          f int DEFAULT 1 NOT NULL, g int GENERATED ALWAYS AS (b + 1) STORED, h int NULL, i int UNIQUE,
          j int REFERENCES t (b) ON DELETE SET NULL, k int CHECK (k IS NOT NULL), l int DEFAULT NULL)"""
    )
    assert [column.name for column in found.columns if not column.nullable] == ["a", "b", "c", "d", "f"]


def test_keys_that_are_keys() -> None:
    found = table(
        """CREATE TABLE t (a int, b int, c int UNIQUE, PRIMARY KEY (a, b), UNIQUE NULLS NOT DISTINCT (b));
        CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY t USING btree (c, a DESC) INCLUDE (b)"""
    )
    assert found.keys == (Key(("a", "b"), primary=True), Key(("b",)), Key(("c",)), Key(("c", "a")))


@pytest.mark.parametrize(
    "index",
    [
        "CREATE UNIQUE INDEX i ON t (a) WHERE b > 0",
        "CREATE UNIQUE INDEX i ON t (lower(b))",
        "CREATE UNIQUE INDEX i ON t ((a + 1))",
        "CREATE INDEX i ON t (a)",
        "CREATE UNIQUE INDEX i ON t (a); DROP INDEX i",
        "ALTER TABLE t ADD UNIQUE (a); ALTER TABLE t DROP CONSTRAINT t_a_key",
        "ALTER TABLE t ADD CHECK (a > 0)",
    ],
)
def test_keys_that_are_none(index: str) -> None:
    assert table(f"CREATE TABLE t (a int, b text); {index}").keys == ()


@pytest.mark.parametrize(
    ("written", "method", "columns"),
    [
        ("RANGE (b)", "range", ("b",)),
        ("LIST (a)", "list", ("a",)),
        ("HASH (a, b)", "hash", ("a", "b")),
        ("RANGE (b, (a + 1))", "expression", ("b",)),
        ("RANGE (lower(c))", "expression", ()),
    ],
)
def test_how_a_table_is_partitioned(written: str, method: str, columns: tuple[str, ...]) -> None:
    found = table(f"CREATE TABLE t (a int, b date, c text) PARTITION BY {written}")
    assert (found.partition_method, found.partition_by) == (method, columns)


def test_indexes_are_known_by_the_columns_that_they_begin_with() -> None:
    made = table(
        "CREATE TABLE t (a int, b text, c int, d int);"
        "CREATE INDEX one ON t (a, b); CREATE INDEX two ON t USING btree (c DESC, lower(b), a); CREATE UNIQUE INDEX three ON t (d, a);"
        'CREATE INDEX four ON t (c, b COLLATE "C"); CREATE INDEX five ON t USING hash (b); CREATE INDEX six ON t (b) WHERE a > 0;'
        "CREATE INDEX seven ON t (lower(b)); CREATE INDEX ON other_table (a);"
    )
    assert made.indexes == (("a", "b"), ("c",))
    assert [key.columns for key in made.keys] == [("d", "a")]


def test_indexes_follow_what_is_altered() -> None:
    made = table(
        "CREATE TABLE t (a int, b int, c int); CREATE INDEX one ON t (a, b); CREATE INDEX two ON t (b); CREATE INDEX three ON t (c);"
        "ALTER TABLE t RENAME a TO x; ALTER TABLE t DROP c; ALTER INDEX two RENAME TO four; DROP INDEX four;"
    )
    assert made.indexes == (("x", "b"),)


def test_a_key_of_a_table_with_heirs_does_not_hold_for_what_a_query_sees() -> None:
    catalog = read("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (b int UNIQUE) INHERITS (t)")
    assert catalog.by_name["public", "t"].keys == ()
    assert [column.name for column in catalog.by_name["public", "u"].columns] == ["a", "b"]
    assert catalog.by_name["public", "u"].keys == (Key(("b",)),)


def test_partitions_have_what_their_parent_has() -> None:
    catalog = read(
        """CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)) PARTITION BY RANGE (b);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);
        CREATE TABLE p2 (a int NOT NULL, b int NOT NULL); ALTER TABLE p ATTACH PARTITION p2 DEFAULT;
        ALTER TABLE p ADD COLUMN c text NOT NULL"""
    )
    parent = catalog.by_name["public", "p"]
    assert (parent.kind, parent.partition_by) == ("partitioned table", ("b",))
    for name in ("p1", "p2"):
        child = catalog.by_name["public", name]
        assert (child.kind, child.keys, child.columns) == ("partition", parent.keys, parent.columns)


def test_foreign_keys_find_their_target_in_any_order() -> None:
    catalog = read(
        "CREATE TABLE t (a int REFERENCES u, b int REFERENCES u (y))",
        "CREATE TABLE u (x int PRIMARY KEY, y int UNIQUE)",
    )
    target = ("public", "u")
    assert catalog.by_name["public", "t"].foreign_keys == (
        ForeignKey(("a",), target, ("x",)),
        ForeignKey(("b",), target, ("y",)),
    )


def test_a_foreign_key_that_is_not_valid_proves_nothing() -> None:
    text = "CREATE TABLE u (x int PRIMARY KEY); CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u NOT VALID"
    assert table(text).foreign_keys == ()
    assert len(table(f"{text}; ALTER TABLE t VALIDATE CONSTRAINT f").foreign_keys) == 1


def test_alter_table() -> None:
    found = table(
        """CREATE TABLE old (a int, b int, gone int, UNIQUE (a, gone), PRIMARY KEY (b));
        ALTER TABLE old ADD c varchar(9) NOT NULL, DROP COLUMN gone, ALTER a TYPE bigint, ALTER COLUMN a SET NOT NULL,
          ENABLE ROW LEVEL SECURITY;
        ALTER TABLE old RENAME b TO id; ALTER TABLE old RENAME TO t; ALTER TABLE IF EXISTS nothing DROP x;"""
    )
    assert found.columns == (
        Column("a", "bigint", False),
        Column("id", "integer", False),
        Column("c", "character varying(9)", False),
    )
    assert found.keys == (Key(("id",), primary=True),)
    assert found.row_security


def test_enums_and_domains() -> None:
    catalog = read(
        """CREATE TYPE e AS ENUM ('a', 'c'); ALTER TYPE e ADD VALUE 'b' BEFORE 'c'; ALTER TYPE e ADD VALUE IF NOT EXISTS 'a';
        ALTER TYPE e RENAME VALUE 'c' TO 'd'; CREATE DOMAIN d AS decimal(3,1) CHECK (VALUE > (0)) NOT NULL"""
    )
    assert catalog.enums == (EnumType("public", "e", ("a", "b", "d")),)
    assert catalog.domains == (DomainType("public", "d", "numeric(3,1)", False, ("VALUE > (0)",)),)


def test_views_take_types_and_not_null_only_from_plain_columns_that_stay_not_null() -> None:
    base = "CREATE TABLE a (id int PRIMARY KEY, x text); CREATE TABLE b (id int PRIMARY KEY, y text NOT NULL);"
    view = "CREATE VIEW t (one) AS SELECT a.id, x AS u, b.y, count(*), upper(x), 1::int8 AS k FROM a LEFT JOIN b ON true GROUP BY 1"
    assert table(base + view).columns == (
        Column("one", "integer", False),
        Column("u", "text"),
        Column("y", "text"),
        Column("count", None),
        Column("upper", None),
        Column("k", "bigint"),
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SELECT * FROM a", ["id", "x"]),
        ("SELECT b.*, 1 AS one FROM a, b", ["id", "y", "one"]),
        ("SELECT * FROM a JOIN b USING (id)", ["id", "x", "y"]),
        ("WITH c (z) AS (SELECT id FROM a) SELECT * FROM c", ["z"]),
        ("SELECT * FROM (SELECT y FROM b) s", ["y"]),
        ("SELECT id FROM a UNION ALL SELECT id FROM b", ["id"]),
        ("VALUES (1, 2)", ["column1", "column2"]),
        ("SELECT CASE WHEN true THEN 1 END", ["case"]),
    ],
)
def test_the_columns_of_a_view(query: str, names: list[str]) -> None:
    base = "CREATE TABLE a (id int, x text); CREATE TABLE b (id int, y text);"
    assert [
        column.name for column in table(f"{base} CREATE MATERIALIZED VIEW t AS {query} WITH NO DATA").columns
    ] == names


def test_functions() -> None:
    catalog = read(
        """CREATE FUNCTION f(a int, VARIADIC b text[] DEFAULT '{}') RETURNS SETOF numeric(3,2) STABLE LANGUAGE sql AS $x$ ; $x$;
        CREATE OR REPLACE FUNCTION f(integer, text[]) RETURNS text IMMUTABLE RETURN 'volatile';
        CREATE FUNCTION g(varchar(3), OUT x int, OUT y text) AS 'select' LANGUAGE sql;
        CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN; END $$;
        CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 1; END; CREATE TABLE t (a int)"""
    )
    first, second, procedure = catalog.functions
    assert (first.arguments, first.returns, first.volatility, first.returns_set) == (
        ("integer", "text[]"),
        "text",
        "immutable",
        False,
    )
    assert (second.arguments, second.returns, second.columns) == (
        ("character varying",),
        "record",
        (Column("x", "integer"), Column("y", "text")),
    )
    assert procedure.kind == "procedure"
    assert catalog.relation("t")


def test_what_is_not_for_the_catalog_is_passed_over() -> None:
    catalog = read(
        """\\set ON_ERROR_STOP on
        \\restrict abc
        INSERT INTO x VALUES ('CREATE TABLE no (a int);'); /* CREATE /* nested */ TABLE no (a int); */
        SELECT 'CREATE TABLE no (a int)' \\gexec
        DO $do$ BEGIN EXECUTE 'CREATE TABLE no (a int)'; END $do$; -- CREATE TABLE no (a int);
        CREATE TEMP TABLE no (a int UNIQUE); CREATE UNIQUE INDEX ON no (a);
        CREATE RULE r AS ON INSERT TO t DO INSTEAD (SELECT 1; DELETE FROM t WHERE a = 1);
COPY public.t (a, b) FROM stdin;
1\tit's "not" closed $$ (
\\.
        CREATE TABLE t (a int);"""
    )
    assert list(catalog.by_name) == [("public", "t")]


def test_hostile_names() -> None:
    catalog = read(
        """CREATE SCHEMA "S;"; CREATE TABLE "S;"."quo""ted" ("select" int, "Ä" text, ÄB int, U&"d\\0061t" int, "a,b" int);
        CREATE TABLE UPPER_Case (x int); CREATE TABLE """
        + "x" * 70
        + " (a int)"
    )
    relation = catalog.by_name["S;", 'quo"ted']
    assert [column.name for column in relation.columns] == ["select", "Ä", "Äb", "dat", "a,b"]
    assert {("public", "upper_case"), ("public", "x" * 63)} < set(catalog.by_name)


def test_pg_dump_turns_the_search_path_off() -> None:
    text = "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE public.t (a public.e); CREATE TYPE public.e AS ENUM ()"
    assert types(text) == ["e"]


def test_booking_schema() -> None:
    if not BOOKING.exists():
        pytest.skip("schema/booking.sql is not there")
    catalog = read(BOOKING.read_text(encoding="utf-8"))
    reservations = catalog.relation("reservations")
    assert reservations is not None
    assert reservations.kind == "partitioned table"
    assert reservations.keys == (Key(("id", "created_at"), primary=True),)


def test_the_example_file_has_no_findings() -> None:
    assert len(read((EXAMPLES / "constructs.sql").read_text(encoding="utf-8")).relations) == 24


@pytest.mark.parametrize(
    ("text", "code", "severity", "place"),
    [
        ("CREATE TABLE t (a int);\nSELECT 'open", "MV020", "error", (2, 8, 2, 9)),
        ("CREATE TABLE t (a int;", "MV020", "error", (1, 1, 1, 7)),
        ('CREATE TABLE "" (a int);', "MV020", "error", (1, 14, 1, 16)),
        ("/* open", "MV020", "error", (1, 1, 1, 3)),
        ("CREATE TABLE t (a int, 5);", "MV020", "error", (1, 24, 1, 25)),
        (f"CREATE VIEW v AS SELECT {'(' * 65}1{')' * 65}", "MV020", "error", (1, 18, 1, 156)),
        ("ALTER TABLE nix\n ADD UNIQUE (a)", "MV021", "warning", (1, 13, 1, 16)),
        ("CREATE UNIQUE INDEX ON nix (a)", "MV021", "warning", (1, 24, 1, 27)),
        ("CREATE TABLE t (a int REFERENCES public.nix)", "MV021", "warning", (1, 34, 1, 44)),
        ("CREATE TABLE t (a int, PRIMARY KEY (a, nix))", "MV022", "warning", (1, 40, 1, 43)),
        ("CREATE TABLE t (aa int); ALTER TABLE t ALTER ab SET NOT NULL", "MV022", "warning", (1, 46, 1, 48)),
        ("CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t (nix))", "MV022", "warning", (1, 53, 1, 54)),
        ("CREATE TABLE t (a int);\nCREATE TABLE public.t (a int)", "MV023", "warning", (2, 14, 2, 22)),
        ("CREATE TABLE t (a int, A text)", "MV023", "warning", (1, 24, 1, 25)),
    ],
)
def test_findings_and_their_places(text: str, code: str, severity: str, place: tuple[int, ...]) -> None:
    (finding,) = read_ddl({"a.sql": text})[1]
    span = finding.span
    assert (finding.code, finding.severity) == (code, severity)
    assert (span.line, span.column, span.end_line, span.end_column) == place


def test_one_bad_statement_does_not_hide_the_others() -> None:
    catalog, findings = read_ddl(
        {"a.sql": "CREATE TABLE (a int); CREATE TABLE t (a int); ALTER TABLE u ADD a int", "b.sql": "'"}
    )
    assert [item.code for item in findings] == ["MV020", "MV021", "MV020"]
    assert catalog.relation("t")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";;",
        "\ufeff",
        "CREATE",
        "CREATE TABLE",
        "ALTER TABLE t",
        "DROP TABLE",
        "CREATE FUNCTION f",
        "\x00",
        "SET search_path",
        "CREATE UNIQUE INDEX",
        "CREATE TYPE",
        "CREATE SCHEMA",
        "SELECT set_config()",
        "CREATE VIEW v",
        "CREATE AGGREGATE a",
        "CREATE EXTENSION",
    ],
)
def test_cut_off_statements_never_raise(text: str) -> None:
    read_ddl({"a.sql": text})


def test_every_cut_of_the_example_file_is_read_without_raising() -> None:
    text = (EXAMPLES / "constructs.sql").read_text(encoding="utf-8")
    for end in range(0, len(text), 211):
        read_ddl({"a.sql": text[:end]})


def test_letters_are_what_postgresql_takes_for_letters() -> None:
    """Every character from U+0080 on is one, also those that are spaces or line ends to Python."""
    catalog, found = read_ddl(
        {"schema.sql": "CREATE TABLE t\u00a0x (id\u2028a int, b\u0085 text, c\u3000d int);"}, ("public",)
    )
    assert not found
    assert [(item.name, [column.name for column in item.columns]) for item in catalog.relations] == [
        ("t\u00a0x", ["id\u2028a", "b\u0085", "c\u3000d"])
    ]


def test_collations_that_call_different_texts_equal() -> None:
    found = table(
        "CREATE COLLATION ci (provider = icu, locale = 'und', deterministic = false); CREATE COLLATION cs (locale = 'C');"
        "CREATE DOMAIN d AS text COLLATE ci; CREATE TABLE t (a text COLLATE ci, b d, c text COLLATE \"cs\", e text DEFAULT 'x' NOT NULL);"
        "ALTER TABLE t ALTER e TYPE text COLLATE ci"
    )
    assert [column.collation for column in found.columns] == ["ci", "ci", "", "ci"]
