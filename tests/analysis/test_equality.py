"""A key proves that a link is to-one only where the link compares as the key does; what a server casts says where that is not so."""

from __future__ import annotations

import re
from itertools import permutations

import psycopg
import pytest

import mvc
from mvc.analysis.declared.equality import _COARSER
from mvc.catalog.types import plain_type
from mvc.compiled.project import Compiled
from servers import Database

TYPES = (
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "real",
    "double precision",
    "text",
    "character varying",
    "character(6)",
    "name",
    "date",
)
TYPES += (
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "interval",
    "uuid",
    "bytea",
    "oid",
)
TYPES_OF_OUR_OWN = """\
CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE COLLATION plain (locale = 'C');
CREATE DOMAIN brief AS char(6); CREATE DOMAIN briefer AS brief CHECK (VALUE <> ''); CREATE DOMAIN word AS varchar(9); CREATE DOMAIN folding AS text COLLATE folded;
"""
VIEW = "view: v\nsources:\n  c: {{table: c}}\n  l: {{table: l, on: {0}{1}}}\ndimensions: {{id: c.id, name: l.name}}\naggregates: {{n: {{count: c}}}}\n"


def compiled(key: str, link: str, on: str = "l.code = c.code", more: str = "") -> Compiled:
    files = {
        "mvc.yml": "project: links\ncatalog: s.sql\n",
        "s.sql": f"{TYPES_OF_OUR_OWN}CREATE TABLE l (id int PRIMARY KEY, code {key} NOT NULL UNIQUE, name text NOT NULL); CREATE TABLE c (id int PRIMARY KEY, code {link});",
        "views/v.yml": VIEW.format(on, more),
    }
    return mvc.compile(mvc.load(files))


COARSE = {
    "a char": ("varchar(9)", "char(6)", "l.code = c.code"),
    "turned round": ("varchar", "char(6)", "c.code = l.code"),
    "a cast": ("varchar(9)", "text", "l.code = c.code::char(6)"),
    "a float": ("bigint", "double precision", "l.code = c.code"),
    "a cast to a float": ("bigint", "text", "l.code = (c.code::double precision)"),
    "a real": ("numeric(20)", "real", "l.code = c.code"),
    "a moment": ("timestamp", "timestamptz", "l.code = c.code"),
    "a moment for a day": ("date", "timestamptz", "l.code = c.code"),
    "a collation": ("text", "text", "l.code = c.code COLLATE any_case"),
    "the other column's collation": ("text", "text COLLATE folded", "l.code = c.code"),
    "that of what is made of it": ("text", "text COLLATE folded", "l.code = trim(c.code)"),
    "that of its domain": ("text", "folding", "l.code = c.code"),
    "a domain of a char": ("varchar(9)", "brief", "l.code = c.code"),
    "a domain of a domain": ("varchar(9)", "public.briefer", "l.code = c.code"),
    "a cast to a domain": ("varchar(9)", "text", "l.code = c.code::brief"),
    "a domain as the key": ("word", "char(6)", "l.code = c.code"),
}
SHARP = {
    "the same": ("varchar(9)", "varchar(20)", "l.code = c.code"),
    "a text": ("varchar(9)", "text", "l.code = c.code"),
    "a char for a text": ("text", "char(6)", "l.code = c.code"),
    "a varchar for a char": ("char(6)", "varchar(9)", "l.code = c.code"),
    "a bigint": ("integer", "bigint", "l.code = c.code"),
    "a float for an int": ("integer", "double precision", "l.code = c.code"),
    "a day for a moment": ("timestamptz", "date", "l.code = c.code"),
    "bytes": ("text", "text", 'l.code = c.code COLLATE "C"'),
    "a collation of bytes": ("text", 'text COLLATE "C"', "l.code = c.code"),
    "a collation that folds nothing": ("text", "text COLLATE plain", "l.code = c.code"),
    "the key's own collation": ("text COLLATE folded", "text", "l.code = c.code"),
    "the same collation": ("text COLLATE folded", "folding", "l.code = c.code"),
    "a domain of the same": ("varchar(9)", "word", "l.code = c.code"),
    "also as it is": ("varchar(9)", "char(6)", "l.code = c.code AND l.code = c.code::text"),
}


@pytest.mark.parametrize("of", COARSE)
def test_a_link_by_another_equality_than_the_key_is_not_to_one(of: str):
    with pytest.raises(mvc.ProjectError) as refused:
        compiled(*COARSE[of])
    [found] = refused.value.diagnostics
    assert found.code == "MV301"
    assert any("another equality" in label.text for label in found.related)


@pytest.mark.parametrize("of", COARSE)
def test_who_knows_better_says_so(of: str):
    assert compiled(*COARSE[of], ", one: true").view("v").grain == ("id",)


@pytest.mark.parametrize("of", SHARP)
def test_a_link_by_the_same_equality_is(of: str):
    assert compiled(*SHARP[of]).view("v").grain == ("id",)


def body_proven(of: str, join: str = "") -> bool:
    """Whether the key of a body that joins one row to each of `c` is proven."""
    key, link, on = {**COARSE, **SHARP}[of]
    files = {
        "mvc.yml": "project: links\ncatalog: s.sql\n",
        "s.sql": f"{TYPES_OF_OUR_OWN}CREATE TABLE l (code {key} NOT NULL UNIQUE, name text NOT NULL); CREATE TABLE c (id int PRIMARY KEY, code {link} NOT NULL);",
        "views/v.yml": f"view: v\ngrain: [id]\nsql: SELECT c.id, l.name FROM c JOIN l {join or f'ON {on}'}\n",
    }
    return mvc.compile(mvc.load(files)).view("v").proven


@pytest.mark.parametrize("of", [*COARSE, *SHARP])
def test_a_body_is_told_by_the_same_rule(of: str):
    assert body_proven(of) == (of in SHARP)


@pytest.mark.parametrize(
    "of", ["a char", "the other column's collation", "a domain of a char", "the same", "the key's own collation"]
)
def test_so_is_a_join_by_the_names_of_columns(of: str):
    assert body_proven(of, "USING (code)") == (of in SHARP)


@pytest.mark.server
def test_what_a_server_compares_by_another_equality_is_known(database: Database):
    """Of all pairs of these types, what casts the side of the key loses values or is known not to."""
    connection = database.connect()
    for side in "kl":
        columns = ", ".join(f'"{type_}" {type_}' for type_ in TYPES)
        connection.execute(f"CREATE TABLE {side} ({columns})".encode())
    keeps = {
        ("smallint", "*"),
        ("integer", "*"),
        ("bigint", "numeric"),
        ("bigint", "oid"),
        ("character varying", "text"),
        ("character varying", "name"),
    }
    keeps |= {("text", "name"), ("character(6)", "*"), ("name", "*"), ("time without time zone", "interval")}
    for key, other in permutations(TYPES, 2):
        condition = f'k."{key}" = l."{other}"'
        try:
            plan = connection.execute(
                f"EXPLAIN (VERBOSE, COSTS OFF) SELECT FROM k JOIN l ON {condition} OR {condition}".encode()
            )
        except psycopg.errors.UndefinedFunction:
            continue
        text = "\n".join(row[0] for row in plan)
        if re.search(rf'\(k\."?{re.escape(key)}"?\)::', text):
            assert plain_type(other) in _COARSER.get(key, ()) or {(key, other), (key, "*")} & keeps, text


@pytest.mark.server
def test_rows_that_such_a_link_brings_together_are_counted_once(database: Database):
    """A branch whose rows are grouped by another equality than the link's meets a group once all the same."""
    files = {
        "mvc.yml": "project: links\ncatalog: s.sql\n",
        "s.sql": "CREATE TABLE o (id int PRIMARY KEY, code char(5) NOT NULL UNIQUE); CREATE TABLE r (id int PRIMARY KEY, code varchar(5) NOT NULL, n int NOT NULL);"
        " CREATE TABLE q (id int PRIMARY KEY, code varchar(5) NOT NULL, n int NOT NULL);",
        "views/v.yml": "view: v\nsources:\n  o: {table: o}\n  r: {table: r, on: r.code = o.code}\n  q: {table: q, on: q.code = o.code}\n"
        "dimensions: {id: o.id}\naggregates: {r: {sum: r.n}, q: {sum: q.n}}\n",
    }
    connection = database.connect()
    connection.execute(
        files["s.sql"]
        + "INSERT INTO o VALUES (1, 'x'); INSERT INTO r VALUES (1, 'x', 1), (2, 'x ', 2); INSERT INTO q VALUES (1, 'x', 4), (2, 'x ', 8)"
    )
    rows = connection.execute(mvc.compile(mvc.load(files)).view("v").query.encode()).fetchall()
    assert rows == [(1, 3, 12)]
