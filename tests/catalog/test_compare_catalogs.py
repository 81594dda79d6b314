"""What is believed of a database against what it has: every kind of mismatch, its words, and the catalog with what is there in its place."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import get_args

import pytest

from mvc.catalog.ddl import read_ddl
from mvc.catalog.types import Catalog
from mvc.engines.postgres.plan.compare_catalogs import as_there, find_mismatches
from mvc.engines.postgres.plan.mismatch_words import mends_of, title_of
from mvc.engines.postgres.plan.mismatches import ColumnTypeDiffers, Mismatch, about

DDL = """\
CREATE TABLE t (id int PRIMARY KEY, k varchar(10) NOT NULL, note text, UNIQUE (k, note));
CREATE TABLE "Odd" ("Id" int PRIMARY KEY, t_id int REFERENCES t);
CREATE VIEW w AS SELECT id, k FROM t;
CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql STABLE AS 'SELECT n';
CREATE FUNCTION g(n ext.code) RETURNS ext.code LANGUAGE sql IMMUTABLE AS 'SELECT n';
"""
CHANGES = {
    "k varchar(10)": ("k text", {f"`public.{name}.k` is text in the database, not character varying(10)" for name in "tw"}),
    "k varchar(10) NOT NULL, note": ("k varchar(10), note", {"`public.t.k` may be NULL in the database"}),
    " note text,": (" memo text,", {"`public.t` has no column `note` in the database", "`public.t` has a column `memo` in the database that the catalog does not know of"}),
    ", UNIQUE (k, note)": ("", {"`public.t` has no unique key on (k, note) in the database"}),
    "int PRIMARY KEY, k": ("int NOT NULL, k", {"`public.t` has no primary key on (id) in the database", '`public."Odd"` has no foreign key on (t_id) in the database'}),
    " REFERENCES t": ("", {'`public."Odd"` has no foreign key on (t_id) in the database'}),
    '"Odd" (': ("odd (", {'the database has no table `public."Odd"`'}),
    "VIEW w AS SELECT": ("TABLE w (id int NOT NULL, k varchar(10) NOT NULL); --", {"`public.w` is a table in the database, not a view"}),
    "FUNCTION f(n int)": ("FUNCTION f(n text)", {"the database has no function `public.f(integer)`"}),
    "STABLE": ("VOLATILE", {"`public.f(integer)` is a volatile function that returns integer in the database, not a stable function that returns integer"}),
    "RETURNS int": ("RETURNS SETOF bigint", {"`public.f(integer)` is a stable function that returns SETOF bigint in the database, not a stable function that returns integer"}),
    "f(n int)": ("f(m int)", {"`public.f(integer)` takes or gives columns of other names in the database"}),
}  # fmt: skip
SAME = {
    "STABLE": "IMMUTABLE",
    "note text,": "note text NOT NULL,",
    "UNIQUE (k, note)": "UNIQUE (k)",
    "RETURNS int LANGUAGE sql STABLE": "RETURNS int STABLE LANGUAGE sql",
    "g(n ext.code) RETURNS ext.code": "g(n code) RETURNS code",
}


def catalog(text: str) -> Catalog:
    return read_ddl({"a.sql": text}, ("public",))[0]


BELIEVED = catalog(DDL)


@pytest.mark.parametrize("text", CHANGES)
def test_each_is_found_and_can_be_taken_for_what_is_so(text: str) -> None:
    instead, titles = CHANGES[text]
    assert text in DDL
    there = catalog(DDL.replace(text, instead))
    found = find_mismatches(BELIEVED, there)
    assert {title_of(item) for item in found} == titles
    assert find_mismatches(reduce(as_there, found, BELIEVED), there) == ()
    for item in found:
        assert len(mends_of(item)) in ((3,) if isinstance(item, ColumnTypeDiffers) else (1, 2))
        assert about(item)[0] == "public"


def test_every_kind_is_tried() -> None:
    found = (find_mismatches(BELIEVED, catalog(DDL.replace(text, instead))) for text, (instead, _) in CHANGES.items())
    assert {type(item) for items in found for item in items} == set(get_args(Mismatch))


@pytest.mark.parametrize("text", SAME)
def test_what_contradicts_nothing(text: str) -> None:
    assert text in DDL
    assert find_mismatches(BELIEVED, catalog(DDL.replace(text, SAME[text]))) == ()


def test_a_type_of_an_extension_that_the_ddl_names_without_its_schema() -> None:
    believed, there, other = (catalog(f"CREATE TABLE t (c {type_})") for type_ in ("citext", "ext.citext", "ext.other"))
    assert find_mismatches(believed, there) == find_mismatches(there, believed) == ()
    assert len(find_mismatches(believed, other)) == 1
    assert len(find_mismatches(there, catalog("CREATE TABLE t (c app.citext)"))) == 1


def test_whether_a_column_of_a_view_is_null_is_not_known() -> None:
    relations = tuple(
        replace(item, columns=tuple(replace(column, nullable=True) for column in item.columns))
        if item.kind == "view"
        else item
        for item in BELIEVED.relations
    )
    assert find_mismatches(BELIEVED, replace(BELIEVED, relations=relations)) == ()


def test_a_foreign_key_to_what_no_view_reads() -> None:
    only = replace(BELIEVED, relations=tuple(item for item in BELIEVED.relations if item.name == "Odd"))
    assert find_mismatches(only, catalog(DDL.replace(" REFERENCES t", ""))) == ()
