"""Rows of a branch that meet several rows of the base, summed by what links them before the base is joined to them."""

from __future__ import annotations

import pytest

from servers import Database

from .shop import TABLES, assert_as_by_hand, deployed, project

TAGS = """
CREATE TABLE tags (store_id int, tag text, PRIMARY KEY (store_id, tag));
INSERT INTO tags SELECT s, t FROM generate_series(1, 33) AS s, unnest(ARRAY['big', 'old', 'far', 'new']) AS t WHERE (s + ascii(t)) % 3 > 0;
"""
VIEW = """
view: v
sources:
  t: {table: tags}
  v: {table: visits, on: v.store_id = t.store_id, where: v.kind = 'online'}
  p: {table: staff, on: p.id = v.staff_id}
  h: {table: orders_2025, on: h.store_id = t.store_id}
dimensions: {tag: t.tag}
aggregates:
  stores: {count: t}
  visits: {count: v}
  known: {count: p.name, of: v, where: v.spent > 9}
  spent: {sum: v.spent * 2 - 1, default: 0}
  numbers: {sum: v.id}
  first: {min: p.name}
  late: {max: h.placed_on}
  amount: {sum: h.amount, where: h.channel = 'web'}
"""
BY_HAND = """
SELECT t.tag, count(*), (SELECT count(*) FROM visits v WHERE v.kind = 'online' AND v.store_id IN (SELECT store_id FROM tags o WHERE o.tag = t.tag)),
  (SELECT count(p.name) FROM visits v JOIN staff p ON p.id = v.staff_id
   WHERE v.kind = 'online' AND v.spent > 9 AND v.store_id IN (SELECT store_id FROM tags o WHERE o.tag = t.tag)),
  coalesce((SELECT sum(v.spent * 2 - 1) FROM visits v WHERE v.kind = 'online' AND v.store_id IN (SELECT store_id FROM tags o WHERE o.tag = t.tag)), 0),
  (SELECT sum(v.id) FROM visits v WHERE v.kind = 'online' AND v.store_id IN (SELECT store_id FROM tags o WHERE o.tag = t.tag)),
  (SELECT min(p.name) FROM visits v JOIN staff p ON p.id = v.staff_id
   WHERE v.kind = 'online' AND v.store_id IN (SELECT store_id FROM tags o WHERE o.tag = t.tag)),
  (SELECT max(h.placed_on) FROM orders_2025 h WHERE h.store_id IN (SELECT store_id FROM tags o WHERE o.tag = t.tag)),
  (SELECT sum(h.amount) FROM orders_2025 h WHERE h.channel = 'web' AND h.store_id IN (SELECT store_id FROM tags o WHERE o.tag = t.tag))
FROM tags t GROUP BY t.tag
"""


def test_rows_are_as_by_hand(database: Database) -> None:
    compiled = project(VIEW, TABLES + TAGS)
    query = compiled.view("v").query
    assert query.count("GROUP BY") == 5, query  # the groups, and twice for each branch
    connection = deployed(database, compiled, TABLES + TAGS)
    found = connection.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > 0"
    )
    types = dict(found.fetchall())
    assert (types["visits"], types["known"], types["numbers"], types["spent"]) == (
        "bigint",
        "bigint",
        "bigint",
        "numeric",
    )
    assert_as_by_hand(connection, compiled, BY_HAND)


@pytest.mark.parametrize(
    "changed",
    [
        ("{count: v}", "{avg: v.spent}"),
        ("{count: v}", "{count_distinct: v.spent}"),
        ("{sum: v.id}", "{sum: 'v.id::float8'}"),
        ("{sum: v.id}", "{array_agg: v.id, order: v.id}"),
        ("{count: p.name, of: v, where: v.spent > 9}", "{count: p.name, of: v, where: \"t.tag = 'big'\"}"),
        ("t: {table: tags}", "t: {table: tags, where: t.store_id < 9}"),
        ("on: p.id = v.staff_id", 'on: "p.id = v.staff_id AND t.tag <> p.name"'),
        (
            "p: {table: staff, on: p.id = v.staff_id}",
            'p: {table: staff, on: "p.id = v.staff_id AND t.tag <> p.name", required: true}',
        ),
    ],
)
def test_what_is_not_the_sum_of_parts_is_not_summed_first(changed: tuple[str, str]) -> None:
    """Nor is anything where only some rows of the base are read: all rows of the branch would be summed for a few."""
    view = (
        VIEW.replace(*changed)
        .replace("  late: {max: h.placed_on}\n", "")
        .replace("  amount: {sum: h.amount, where: h.channel = 'web'}\n", "")
    )
    query = project(view, TABLES + TAGS, mode="full").view("v").query
    assert "FROM public.visits AS v" not in query
