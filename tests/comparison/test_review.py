"""Specs that look alike and store other rows, or look different and mean the same: what a name is a digest of."""

from __future__ import annotations

import json
from typing import Any

import pytest

import mvc
from mvc.comparison.compare import compare

SCHEMA = """
CREATE SCHEMA shop; CREATE SCHEMA crm;
CREATE TABLE shop.item (id int PRIMARY KEY, o_id int NOT NULL, amount numeric NOT NULL);
CREATE TABLE crm.item (id int PRIMARY KEY, o_id int NOT NULL, amount numeric NOT NULL);
CREATE TABLE country (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE address (id int PRIMARY KEY, country_id int NOT NULL REFERENCES country);
CREATE TABLE o (id int PRIMARY KEY, bill_id int NOT NULL REFERENCES address, ship_id int NOT NULL REFERENCES address,
  "É" int NOT NULL, "é" int NOT NULL);
"""


def compiled(*views: dict[str, Any], using: str = ""):
    files = {"mvc.yml": "project: shop\ncatalog: schema.sql\n", "schema.sql": SCHEMA}
    files |= {f"views/{number}.yml": json.dumps(view) for number, view in enumerate(views)}
    if using:
        policy = {"policy": "p", "view": "v", "to": ["reader"], "using": using}
        files["policies/p.yml"] = json.dumps({"policies": [policy]})
    return mvc.compile(mvc.load(files))


def body(sql: str) -> dict[str, Any]:
    return {"view": "v", "sql": sql, "grain": ["id"]}


def declared(sources: dict[str, str], **columns: str) -> dict[str, Any]:
    """Sources as `alias: table on condition`; columns are dimensions."""
    parts = {alias: text.partition(" on ") for alias, text in sources.items()}
    return {
        "view": "v",
        "sources": {alias: {"table": table} | ({"on": on} if on else {}) for alias, (table, _, on) in parts.items()},
        "dimensions": {"id": "o.id", **columns},
    }


LINKS = {
    "o": "o",
    "ba": "address on ba.id = o.bill_id",
    "sa": "address on sa.id = o.ship_id",
    "bc": "country on bc.id = ba.country_id",
    "sc": "country on sc.id = sa.country_id",
}
CROSSED = LINKS | {"bc": "country on bc.id = sa.country_id", "sc": "country on sc.id = ba.country_id"}


def storage(view: dict[str, Any]) -> str:
    return compiled(view).view("v").storage[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT shop.id, shop.amount FROM shop.item AS shop", "SELECT crm.id, crm.amount FROM crm.item AS crm"),
        (
            "SELECT a.id, a.amount::a.money AS m FROM shop.item AS a",
            "SELECT b.id, b.amount::b.money AS m FROM shop.item AS b",
        ),
        (
            "SELECT z.id, to_json(z) AS j FROM (SELECT a.id, a.amount AS a FROM shop.item AS a) AS z",
            "SELECT z.id, to_json(z) AS j FROM (SELECT b.id, b.amount AS b FROM shop.item AS b) AS z",
        ),
        ("SELECT o.id, o.É AS e FROM o", "SELECT o.id, o.é AS e FROM o"),
    ],
    ids=["a schema", "a type's schema", "a column", "letters that the server does not fold"],
)
def test_an_alias_that_is_also_something_else_is_no_alias(one: str, other: str):
    assert storage(body(one)) != storage(body(other))


def test_a_renamed_alias_is_no_change():
    one = "SELECT a.id, sum(b.amount) OVER () AS s FROM o a JOIN shop.item AS b ON b.o_id = a.id WHERE a.id IN (SELECT c.id FROM crm.item c)"
    other = "SELECT x.id, sum(y.amount) OVER () AS s FROM o AS x JOIN shop.item y ON y.o_id = x.id WHERE x.id IN (SELECT z.id FROM crm.item AS z)"
    assert storage(body(one)) == storage(body(other))


def test_letters_that_the_server_does_not_fold_name_other_columns():
    assert storage(declared({"o": "o"}, e="o.É")) != storage(declared({"o": "o"}, e="o.é"))


def test_long_names_with_one_beginning_share_nothing():
    views = [declared({"o": "o"}) | {"view": f"{'v' * 58}_{end}"} for end in ("one", "two")]
    found = compiled(*views).views
    assert len({view.storage for view in found}) == 2
    assert len({index.name for view in found for index in view.indexes}) == 2


def test_crossed_links_are_another_meaning_of_columns_and_rules():
    changes = [item.change for item in differences(LINKS, CROSSED)]
    assert {type(change).__name__ for change in changes} == {"ColumnRedefined", "RulesChanged"}


@pytest.mark.parametrize("order", [list(LINKS), ["o", "sa", "ba", "sc", "bc"]])
def test_swapped_names_of_aliases_are_no_change(order: list[str]):
    swapped = {alias: CROSSED[alias] for alias in order}
    one = compiled(declared(LINKS, billing="bc.name", shipping="sc.name"))
    assert compare(one, compiled(declared(swapped, billing="sc.name", shipping="bc.name"))).empty


def test_relations_of_one_name_in_two_schemas():
    def of(first: str, second: str):
        sources = {"o": {"table": "o"}} | {
            alias: {"table": table, "on": f"{alias}.o_id = o.id"} for alias, table in (("a", first), ("b", second))
        }
        sums = {"x": {"sum": "a.amount"}, "y": {"sum": "b.amount"}}
        return compiled({"view": "v", "sources": sources, "dimensions": {"id": "o.id"}, "aggregates": sums})

    found = compare(of("shop.item", "crm.item"), of("crm.item", "shop.item")).views[0].changes
    assert [type(item.change).__name__ for item in found] == ["ColumnRedefined", "ColumnRedefined"]


def test_a_rule_on_a_column_of_a_source_that_is_joined_otherwise():
    joined = [{"o": "o", "a": f"address on a.id = o.{column}"} for column in ("bill_id", "ship_id")]
    before, after = (compiled(declared(item, place="a.country_id"), using="place = 1") for item in joined)
    assert "access-loosened" in compare(before, after).classes


def test_a_rule_on_a_column_of_another_body():
    texts = [
        f"SELECT o.id, a.country_id AS place FROM o JOIN address a ON a.id = o.{key}" for key in ("bill_id", "ship_id")
    ]
    before, after = (compiled(body(text), using="place = 1") for text in texts)
    assert "access-loosened" in compare(before, after).classes
    before, after = (compiled(body(text), using="true") for text in texts)
    assert "access-loosened" not in compare(before, after).classes


def differences(before: dict[str, str], after: dict[str, str]):
    one, other = (
        compiled(declared(item, billing="bc.name", shipping="sc.name"), using="billing = 'x'")
        for item in (before, after)
    )
    return compare(one, other).views[0].changes


def test_a_rule_on_a_plain_column_whatever_the_other_rows_are():
    before, after = (
        compiled(declared({"o": "o"}, place="o.bill_id") | {"where": where}, using="place = 1")
        for where in ("o.id > 0", "o.id > 1")
    )
    assert "access-loosened" not in compare(before, after).classes


def test_a_rule_on_a_column_of_a_view_above_that_is_joined_otherwise():
    above = {"view": "v", "sources": {"u": {"view": "u"}}, "dimensions": {"id": "u.id", "place": "u.place"}}
    before, after = (
        compiled(
            declared({"o": "o", "a": f"address on a.id = o.{key}"}, place="a.country_id") | {"view": "u"},
            above,
            using="place = 1",
        )
        for key in ("bill_id", "ship_id")
    )
    found = {view.view: view.classes for view in compare(before, after).views}
    assert "access-loosened" in found["v"]
