"""Snapshots, builtins, and what crosses between files, scripts and live databases."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import make_builtins
import make_operators
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvc.catalog import builtins
from mvc.catalog.ddl import read_ddl
from mvc.catalog.script import catalog_statements
from mvc.catalog.snapshot import dump_snapshot, load_snapshot
from mvc.catalog.types import (
    Catalog,
    Column,
    CompositeType,
    DomainType,
    EnumType,
    ForeignKey,
    Function,
    Key,
    RangeType,
    Relation,
)
from mvc.catalog.well_formed import is_type
from mvc.engines.postgres.server.pull import pull
from mvc.quoting import qualified
from mvc.sql import parser
from servers import newest

CONSTRUCTS = (Path(__file__).parent / "ddl" / "constructs.sql").read_text(encoding="utf-8")


def example() -> Catalog:
    return read_ddl({"constructs.sql": CONSTRUCTS})[0]


TYPE_NAMES = [
    "integer",
    '"char"',
    "character(3)",
    "character varying(9)[]",
    "timestamp(3) without time zone",
    "time with time zone",
    "interval day to second(3)",
    "interval",
    "interval(3)",
    "numeric(12,2)",
    "numeric(3,-2)",
    "geometry(Point,4326)",
    "public.geometry(MultiPolygonZM,4326)[]",
    '"My S"."T "" x"',
    '"any"',
    "anyelement",
    "double precision",
    "bit varying(8)",
    "bit(1)",
    '"bit"',
    "vector(3)",
    "name",
    "void",
    "record",
    "int4range",
    "bpchar",
    "character",
    "timestamp without time zone[]",
    "text[][]",
    'public."select"',
    "trigger",
]
NO_TYPE_NAMES = [
    "integer); COPY t TO PROGRAM $$x$$",
    "integer -- x",
    "integer/* */",
    "",
    "  integer",
    "integer ",
    "integer\n",
    "integer\xa0",
    'numeric("1); DROP")',
    'interval year to "x"',
    "t.c%TYPE",
    "select",
    "any",
    "integer primary key",
    "text DEFAULT pg_read_file('x')",
    "integer[$$x$$]",
    'U&"\\0041"',
    "varchar('9')",
    "integer,b text",
    "a;b",
    '"a\x00b"',
    "numeric(1.5)",
    "numeric()",
    "(integer)",
    "integer)",
    "integer, x integer",
    "\ud800",
    "integer REFERENCES x",
    "SETOF integer",
    "integer[1",
    'integer collate "C"',
]


# Snapshots


def test_a_snapshot_gives_the_catalog_back() -> None:
    assert load_snapshot(dump_snapshot(example()), "x.json") == (example(), ())


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=15)
TYPES = st.one_of(st.sampled_from(TYPE_NAMES), NAMES.map(lambda name: qualified("s", name)))
COLUMNS = st.lists(st.builds(Column, NAMES, st.none() | TYPES, st.booleans()), max_size=3).map(tuple)
LISTS = st.lists(NAMES, max_size=3).map(tuple)
CATALOGS = st.builds(
    Catalog,
    relations=st.lists(
        st.builds(
            Relation,
            NAMES,
            NAMES,
            st.just("table"),
            COLUMNS,
            st.lists(st.builds(Key, LISTS, st.booleans()), max_size=2).map(tuple),
            st.lists(st.builds(ForeignKey, LISTS, st.tuples(NAMES, NAMES), LISTS), max_size=2).map(tuple),
            LISTS,
        ),
        max_size=2,
    ).map(tuple),
    functions=st.lists(
        st.builds(Function, NAMES, NAMES, st.lists(TYPES, max_size=3).map(tuple), TYPES, columns=COLUMNS), max_size=2
    ).map(tuple),
    enums=st.lists(st.builds(EnumType, NAMES, NAMES, LISTS), max_size=2).map(tuple),
    domains=st.lists(
        st.builds(DomainType, NAMES, NAMES, TYPES, st.booleans(), st.lists(st.text()).map(tuple)), max_size=2
    ).map(tuple),
    extensions=LISTS,
    search_path=LISTS,
    composites=st.lists(st.builds(CompositeType, NAMES, NAMES, COLUMNS), max_size=2).map(tuple),
    ranges=st.lists(st.builds(RangeType, NAMES, NAMES, TYPES), max_size=2).map(tuple),
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(CATALOGS)
def test_any_catalog_survives_a_snapshot(catalog: Catalog) -> None:
    assert load_snapshot(dump_snapshot(catalog), "x.json") == (catalog, ())


@pytest.mark.slow
@given(st.from_type(Catalog))
def test_any_other_texts_are_findings(catalog: Catalog) -> None:
    loaded, found = load_snapshot(dump_snapshot(catalog), "x.json")
    assert {item.code for item in found} <= {"MV024"}
    assert loaded == (Catalog() if found else catalog)


@pytest.mark.parametrize("text", TYPE_NAMES)
def test_a_type_is_one(text: str) -> None:
    assert is_type(text)


@pytest.mark.parametrize("text", NO_TYPE_NAMES)
def test_what_is_more_or_less_than_a_type_is_a_finding(text: str) -> None:
    """Types become SQL as they stand."""
    assert not is_type(text)
    sound = Catalog(relations=(Relation("public", "t", "table", (Column("c", text),)),))
    catalog, (finding,) = load_snapshot(dump_snapshot(sound), "x.json")
    assert catalog == Catalog()
    assert (finding.code, finding.span.path) == ("MV024", "x.json")
    assert "is no type (at relations[0].columns[0].type)" in finding.title


@pytest.mark.parametrize("field", ["base", "subtype", "returns", "arguments", "argument_names", "name", "labels"])
def test_it_is_found_wherever_it_stands(field: str) -> None:
    evil = "integer); COPY t TO PROGRAM 'x' \0--"
    catalogs = {
        "base": Catalog(domains=(DomainType("public", "d", evil),)),
        "subtype": Catalog(ranges=(RangeType("public", "r", evil),)),
        "returns": Catalog(functions=(Function("public", "f", (), evil),)),
        "arguments": Catalog(functions=(Function("public", "f", (evil,), "integer"),)),
        "argument_names": Catalog(functions=(Function("public", "f", ("text",), "text", argument_names=(evil,)),)),
        "name": Catalog(composites=(CompositeType("public", "c", (Column(evil, "text"),)),)),
        "labels": Catalog(enums=(EnumType("public", "e", ("low", evil)),)),
    }
    text = dump_snapshot(catalogs[field])
    (finding,) = load_snapshot(text, "x.json")[1]
    line = text.splitlines()[finding.span.line - 1]
    assert json.loads(line[finding.span.column - 1 : finding.span.end_column - 1]) == evil


@pytest.mark.parametrize(
    "sql",
    [
        """CREATE TABLE t (a numeric("1); COPY t TO PROGRAM 'x'; --"));""",
        """CREATE TABLE t (a varchar('9'' ); DROP TABLE t; --'));""",
        """CREATE TABLE t (a interval year to "month); DROP TABLE t; --");""",
        """CREATE TABLE t (a numeric(1; DROP TABLE t));""",
        """CREATE TABLE t (a numeric());""",
        """CREATE DOMAIN d AS numeric($$9); DROP TABLE t$$);""",
        """CREATE TYPE e AS ENUM (E'a\\000');""",
        """CREATE TABLE t (U&"\\d800" int);""",
    ],
)
def test_ddl_that_is_no_type_is_a_finding(sql: str) -> None:
    (finding,) = read_ddl({"x.sql": f"SELECT 1;\n{sql}"})[1]
    assert (finding.code, finding.span.line) == ("MV020", 2)


def test_lengths_may_be_quoted_signed_or_words() -> None:
    sql = "CREATE TABLE t (a numeric(5,-2), b geometry('POINT', 4326), c geometry(pointz));"
    catalog, findings = read_ddl({"x.sql": sql})
    assert findings == ()
    assert [column.type for column in catalog.relations[0].columns] == [
        "numeric(5,-2)",
        "geometry(POINT,4326)",
        "geometry(PointZ)",
    ]


def test_a_snapshot_has_one_line_per_column() -> None:
    catalog = example()
    before = dump_snapshot(catalog).splitlines()
    first, *others = catalog.relations
    changed = replace(first, columns=(replace(first.columns[0], type="text"), *first.columns[1:]))
    after = dump_snapshot(replace(catalog, relations=(changed, *others))).splitlines()
    assert sum(one != two for one, two in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ("[]", "version 1"),
        ('{"mvc_catalog": 2}', "version 1"),
        ('{"mvc_catalog": 1, "nonsense": []}', "`nonsense` is not known"),
        ('{"mvc_catalog": 1, "relations": {}}', "must be a list (at relations)"),
        ('{"mvc_catalog": 1, "relations": [{"schema": "a"}]}', "is missing (at relations[0])"),
        ('{"mvc_catalog": 1, "extensions": [1]}', "not of the type str (at extensions[0])"),
        (
            '{"mvc_catalog": 1, "functions": [{"schema": "a", "name": "b", "arguments": [], "returns": "x", "kind": "y"}]}',
            "not allowed",
        ),
        ("[" * 100_000, "nested too deeply"),
        ('{"mvc_catalog": 1, "relations": ' + "9" * 5000 + "}", "a number that is too long"),
    ],
)
def test_a_damaged_snapshot_is_a_finding(text: str, title: str) -> None:
    catalog, (finding,) = load_snapshot(text, "x.json")
    assert catalog == Catalog()
    assert (finding.code, finding.span.path) == ("MV024", "x.json")
    assert title in finding.title


def test_every_cut_of_a_snapshot_is_a_finding() -> None:
    text = dump_snapshot(example())
    for end in range(0, len(text) - 2, 97):
        assert load_snapshot(text[:end], "x.json")[1]


# Builtins


def test_builtins_are_known() -> None:
    (concat,) = builtins.builtin("concat")
    assert (concat.variadic, concat.volatility, concat.schema) == (True, "stable", "pg_catalog")
    assert {item.kind for item in builtins.builtin("sum")} == {"aggregate"}
    assert builtins.builtin("row_number")[0].kind == "window"
    assert builtins.builtin("generate_series")[0].returns_set
    assert builtins.builtin("no_such_function") == ()


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("coalesce", 0, False),
        ("coalesce", 9, True),
        ("nullif", 2, True),
        ("nullif", 3, False),
        ("date_trunc", 1, False),
        ("date_trunc", 3, True),
        ("concat", 0, False),
        ("concat", 7, True),
        ("now", 1, False),
        ("int4pl", 2, True),
    ],
)
def test_how_many_arguments(name: str, count: int, expected: bool) -> None:
    assert builtins.takes(name, count) is expected


def test_since_when() -> None:
    assert [builtins.since(name) for name in ("sum", "any_value", "to_bin", "uuidv7", "json_table", "json_object")] == [
        0,
        16,
        17,
        18,
        17,
        0,
    ]


def test_names_for_suggestions_leave_out_what_nobody_calls() -> None:
    assert {"coalesce", "date_trunc"} < builtins.all_names()
    assert "int4pl" not in builtins.all_names()
    assert builtins.is_known("int4pl")
    assert not builtins.is_known("nonsense")


def test_builtins_agree_with_the_server(database) -> None:
    called, hidden = make_builtins.read(database.connect())
    known = {
        make_builtins.Signature(item.name, item.arguments): item
        for name in {one.name for one in called}
        for item in builtins.builtin(name)
    }
    for signature, entry in called.items():
        found = known[signature]
        assert (found.returns_set, found.variadic, found.kind[0]) == (entry.returns_set, entry.variadic, entry.kind), (
            signature
        )
        assert builtins.since(signature.name) <= database.major
    assert all(builtins.is_known(name) for name in hidden)


# Live databases


def comparable(catalog: Catalog) -> Iterator[tuple[Relation, list[object]]]:
    """Relations without the types that only a server knows."""
    for relation in catalog.relations:
        yield replace(relation, columns=()), [(column.name, column.nullable) for column in relation.columns]


def assert_same(read: Catalog, live: Catalog) -> None:
    assert list(comparable(read)) == list(comparable(live))
    for one, two in zip(read.relations, live.relations, strict=True):
        for left, right in zip(one.columns, two.columns, strict=True):
            assert left.type in (right.type, None) and (left.type or one.kind in ("view", "materialized view")), (
                one.name,
                left,
                right,
            )
    for field in ("functions", "enums", "composites", "ranges", "extensions", "search_path"):
        assert getattr(read, field) == getattr(live, field)


def dump(database) -> str:
    """`pg_dump --schema-only` of the test's own database, with the binary of its server."""
    program = Path(database.server.installation.bindir) / "pg_dump"
    environment = {**os.environ, **getattr(database.server.installation, "environment", {})}
    done = subprocess.run(
        [program, "--schema-only", database.url], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


@pytest.mark.bare
def test_dump_file_and_live_database_are_one_catalog(database) -> None:
    connection = database.connect()
    connection.execute(CONSTRUCTS.encode())
    live = pull(connection)
    dumped, findings = read_ddl({"dump.sql": dump(database)})
    assert findings == ()
    assert_same(dumped, live)
    assert dumped.domains == live.domains
    assert_same(example(), live)


def test_pull_changes_nothing_for_the_session(database) -> None:
    connection = database.connect()
    connection.execute("SET search_path = 'pg_catalog'")
    pull(connection)
    assert connection.execute(
        "SELECT current_setting('search_path'), current_setting('transaction_read_only')"
    ).fetchone() == ("pg_catalog", "off")


def test_our_own_views_in_a_dump_are_no_obstacle(database, monkeypatch) -> None:
    """As structure.sql has them where the database was deployed to: nothing of the catalog follows from them."""
    text = dump(database)
    assert "CREATE VIEW mvc.promises" in text
    assert read_ddl({"dump.sql": text})[1] == ()  # one that sqlglot cannot read is read by PostgreSQL's tree
    monkeypatch.setattr(parser, "_library", lambda: None)
    catalog, findings = read_ddl({"again.sql": text}, storage_schema="mvc")
    assert findings == ()
    assert {relation.schema for relation in catalog.relations} <= {"mvc"}
    assert [finding.code for finding in read_ddl({"again.sql": text})[1]] == ["MV020"]


@pytest.mark.bare
def test_pull_takes_the_schemas_that_are_asked_for(database) -> None:
    connection = database.connect()
    connection.execute(
        "CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA mvc; CREATE TABLE a.t (x int); CREATE TABLE b.t (x int); CREATE TABLE mvc.t (x int)"
    )
    assert list(pull(connection).by_name) == [("a", "t"), ("b", "t")]
    assert list(pull(connection, schemas=("b",)).by_name) == [("b", "t")]
    assert list(pull(connection, skip=()).by_name) == [("a", "t"), ("b", "t"), ("mvc", "t")]


def make(connection, catalog: Catalog) -> None:
    """Each statement as a message that can hold no second one."""
    for statement in catalog_statements(catalog):
        connection.execute(statement.encode(), binary=True)


def test_the_script_makes_the_catalog_again(database) -> None:
    catalog = example()
    connection = database.connect()
    make(connection, catalog)
    made = pull(connection)
    for relation in catalog.relations:
        again = made.by_name[relation.schema, relation.name]
        assert again.keys == relation.keys
        assert [(item.name, item.type, item.nullable) for item in again.columns] == [
            (item.name, item.type or "text", item.nullable) for item in relation.columns
        ]
    assert set(catalog.functions) <= set(made.functions)
    assert made.enums == catalog.enums


def test_stubs_can_be_planned(database) -> None:
    connection = database.connect()
    make(connection, example())
    query = """SELECT app.total(1), double_it(2), item, any_of(1, ARRAY[1]), app.my_sum(1.0)
        FROM several('a', 'b'), all_customers(), one_column('10:00') GROUP BY item"""
    connection.execute(f"EXPLAIN {query}".encode())
    assert connection.execute(query.encode()).fetchall() == []


def test_a_snapshot_is_json() -> None:
    assert json.loads(dump_snapshot(example()))["mvc_catalog"] == 1


@newest
def test_operators_are_those_of_the_server(database) -> None:
    lines = {tuple(line.split("\t")) for line in make_operators.TARGET.read_text(encoding="utf-8").splitlines()}
    said = {tuple("\t".join(line).rstrip("\t").split("\t")) for line in make_operators.read(database.connect())}
    assert said == lines
