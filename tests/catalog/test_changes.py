"""How two catalogs differ: each kind of object, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from mvc.catalog.changes import CatalogChange, catalog_changes
from mvc.catalog.ddl import read_ddl
from mvc.catalog.types import Catalog, Function, RangeType

DDL = """\
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN code AS text NOT NULL CHECK (value <> '');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t (id int PRIMARY KEY, k varchar(10) NOT NULL, note text, UNIQUE (k, note));
CREATE TABLE u (id int PRIMARY KEY, t_id int REFERENCES t) PARTITION BY RANGE (id);
CREATE VIEW w AS SELECT id FROM t;
CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql STABLE AS 'SELECT n';
"""
CATALOG = replace(
    read_ddl({"a.sql": DDL}, ("public",))[0],
    extensions=("postgis",),
    ranges=(RangeType("public", "span", "date"),),
)
CHANGES = {
    "k varchar(10)": ("k text", "column k of public.t", "character varying(10) NOT NULL", "text NOT NULL"),
    "note text": ("note text NOT NULL", "column note of public.t", "text", "text NOT NULL"),
    ", UNIQUE (k, note)": ("", "key (k, note) of public.t", "unique", None),
    "int REFERENCES t": ("int", "foreign key (t_id) to public.t (id) of public.u", "there", None),
    "BY RANGE": ("BY HASH", "public.u", "partitioned table partitioned by range (id)", "partitioned table partitioned by hash (id)"),
    "'good', 'bad'": ("'good'", "type public.mood", "enum (good, bad)", "enum (good)"),
    "(a int, b": ("(a bigint, b", "type public.pair", "(a integer, b text)", "(a bigint, b text)"),
    "STABLE": ("VOLATILE", "function public.f(integer)", "stable function returns integer arguments n", "volatile function returns integer arguments n"),
    "CREATE VIEW w AS SELECT id FROM t;": ("", "public.w", "view", None),
    "id int PRIMARY KEY, k varchar(10) NOT NULL,": ("k varchar(10) NOT NULL, id int PRIMARY KEY,", "the order of columns", "one", "another"),
}  # fmt: skip


def changed(text: str, instead: str) -> Catalog:
    assert text in DDL
    found, _ = read_ddl({"a.sql": DDL.replace(text, instead)}, ("public",))
    return replace(
        CATALOG,
        **{
            field.name: getattr(found, field.name)
            for field in fields(found)
            if field.name not in ("extensions", "ranges")
        },
    )


@pytest.mark.parametrize("text", CHANGES)
def test_each(text: str) -> None:
    instead, what, before, after = CHANGES[text]
    assert catalog_changes(CATALOG, changed(text, instead)) == (CatalogChange(what, before, after),)
    assert catalog_changes(changed(text, instead), CATALOG) == (CatalogChange(what, after, before),) or "order" in what


def test_nothing_but_the_search_path() -> None:
    assert catalog_changes(CATALOG, replace(CATALOG, search_path=("app", "public"))) == ()


def test_what_only_a_database_tells() -> None:
    other = replace(
        CATALOG,
        extensions=(),
        domains=(replace(CATALOG.domains[0], base="character varying"),),
        ranges=(RangeType("public", "span", "timestamp without time zone"),),
        functions=tuple(replace(item, extension="e") for item in CATALOG.functions),
    )
    assert [(item.what, item.after) for item in catalog_changes(CATALOG, other)] == [
        ("domain public.code", "character varying NOT NULL CHECK (value <> '')"),
        ("extension postgis", None),
        ("function public.f(integer)", "stable function returns integer arguments n of e"),
        ("type public.span", "range of timestamp without time zone"),
    ]


@pytest.mark.parametrize("field", [field.name for field in fields(Function) if field.compare])
def test_no_part_of_a_function_goes_unseen(field: str) -> None:
    (function,) = CATALOG.functions
    old = getattr(function, field)
    new = {
        "arguments": ("text",),
        "kind": "aggregate",
        "volatility": "volatile",
        "defaults": 1,
        "argument_names": ("m",),
        "columns": CATALOG.relations[0].columns,
    }
    value = new.get(field, not old if isinstance(old, bool) else f"{old}x")
    other = replace(CATALOG, functions=(replace(function, **{field: value}),))
    assert catalog_changes(CATALOG, other)
    assert all("order of columns" not in item.what for item in catalog_changes(CATALOG, other))
