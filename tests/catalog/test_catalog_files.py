"""Snapshots, builtins, and what crosses between files, scripts and live databases."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import make_builtins
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvc.catalog import builtins
from mvc.catalog.ddl import read_ddl
from mvc.catalog.script import catalog_script
from mvc.catalog.snapshot import dump_snapshot, load_snapshot
from mvc.catalog.types import Catalog, Relation
from mvc.postgres.pull import pull

CONSTRUCTS = (Path(__file__).parent / "ddl" / "constructs.sql").read_text(encoding="utf-8")


def example() -> Catalog:
    return read_ddl({"constructs.sql": CONSTRUCTS})[0]


# Snapshots


def test_a_snapshot_gives_the_catalog_back() -> None:
    assert load_snapshot(dump_snapshot(example()), "x.json") == (example(), ())


@pytest.mark.slow
@given(st.from_type(Catalog))
def test_any_catalog_survives_a_snapshot(catalog: Catalog) -> None:
    assert load_snapshot(dump_snapshot(catalog), "x.json") == (catalog, ())


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


def test_pull_takes_the_schemas_that_are_asked_for(database) -> None:
    connection = database.connect()
    connection.execute(
        "CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA mvc; CREATE TABLE a.t (x int); CREATE TABLE b.t (x int); CREATE TABLE mvc.t (x int)"
    )
    assert list(pull(connection).by_name) == [("a", "t"), ("b", "t")]
    assert list(pull(connection, schemas=("b",)).by_name) == [("b", "t")]
    assert list(pull(connection, skip=()).by_name) == [("a", "t"), ("b", "t"), ("mvc", "t")]


def test_the_script_makes_the_catalog_again(database) -> None:
    catalog = example()
    connection = database.connect()
    connection.execute(catalog_script(catalog).encode())
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
    connection.execute(catalog_script(example()).encode())
    query = """SELECT app.total(1), double_it(2), item, any_of(1, ARRAY[1]), app.my_sum(1.0)
        FROM several('a', 'b'), all_customers(), one_column('10:00') GROUP BY item"""
    connection.execute(f"EXPLAIN {query}".encode())
    assert connection.execute(query.encode()).fetchall() == []


def test_a_snapshot_is_json() -> None:
    assert json.loads(dump_snapshot(example()))["mvc_catalog"] == 1
