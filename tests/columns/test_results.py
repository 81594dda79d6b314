"""The type that a result is cast to, a default in SQL, and the first rows of a group: as PostgreSQL computes them by hand-written queries."""

from __future__ import annotations

from decimal import Decimal

import pytest

import mvc
from servers import Database

from .asked import ROWS, SHOP, answer, compiled

VIEW = """
view: v
sources:
  c: {table: customers}
  o: {table: orders, on: o.customer_id = c.id}
dimensions:
  id: c.id
aggregates:
  n: {count: o, type: "numeric(6,1)"}
  total: {sum: o.amount, type: "numeric(14, 1)", default: 0}
  mean: {expr: "total / nullif(n, 0)", type: "numeric(10,3)", default: {sql: "-1 - 0.5"}}
  last_at: {max: o.placed_at, default: {sql: "timestamptz 'epoch'"}}
  top: {array_agg: o.amount, order: [o.amount desc, o.id], limit: 3}
  notes: {string_agg: o.note, order: o.id desc, limit: 2, separator: "; "}
  few: {string_agg: o.note, order: o.note, distinct: true, limit: 2, where: o.amount > 5}
  rows: {jsonb_agg: "jsonb_build_object('id', o.id, 'amount', o.amount)", order: o.amount desc, limit: 2, where: o.id > 20}
  lists: {json_agg: o.tags, order: o.id, limit: 3}
"""

BY_HAND = """
WITH ranked AS (
    SELECT o.*, row_number() OVER (PARTITION BY customer_id ORDER BY amount DESC NULLS LAST, id) AS by_amount,
        row_number() OVER (PARTITION BY customer_id ORDER BY id DESC) AS by_id,
        row_number() OVER (PARTITION BY customer_id ORDER BY id) AS from_first,
        row_number() OVER (PARTITION BY customer_id, id > 20 ORDER BY amount DESC NULLS LAST, id) AS late
    FROM orders AS o
), said AS (SELECT DISTINCT customer_id, note FROM orders WHERE amount > 5
), listed AS (SELECT customer_id, note, row_number() OVER (PARTITION BY customer_id ORDER BY note) AS place FROM said)
SELECT c.id, count(r.id)::numeric(6,1), coalesce(sum(r.amount), 0)::numeric(14,1),
    CASE WHEN count(r.id) = 0 THEN -1.500
        ELSE coalesce((coalesce(sum(r.amount), 0)::numeric(14,1) / count(r.id))::numeric(10,3), -1.500) END,
    coalesce(max(r.placed_at), timestamptz 'epoch'),
    array_agg(r.amount ORDER BY by_amount) FILTER (WHERE by_amount <= 3),
    string_agg(r.note, '; ' ORDER BY by_id) FILTER (WHERE by_id <= 2),
    (SELECT string_agg(note, ', ' ORDER BY place) FROM listed AS l WHERE l.customer_id = c.id AND place <= 2),
    jsonb_agg(jsonb_build_object('id', r.id, 'amount', r.amount) ORDER BY late) FILTER (WHERE r.id > 20 AND late <= 2),
    json_agg(r.tags ORDER BY from_first) FILTER (WHERE from_first <= 3)
FROM customers AS c LEFT JOIN ranked AS r ON r.customer_id = c.id GROUP BY c.id
"""


def test_results_are_those_of_a_query_by_hand(database: Database) -> None:
    rows = answer(database, compiled(VIEW).views[0].query, SHOP + ROWS)
    assert rows == answer(database, BY_HAND, SHOP + ROWS)
    assert len(rows) == 9
    assert any(row[5] is None for row in rows)
    assert any(row[1] == 0 and row[3] == Decimal("-1.5") for row in rows)


def test_columns_are_of_the_types_that_are_said(database: Database) -> None:
    view = compiled(VIEW).views[0]
    with database.connect() as connection:
        connection.execute(SHOP.encode())
        connection.execute(f"CREATE VIEW asked AS {view.query}".encode())
        types = dict(
            connection.execute(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'asked'::regclass"
            ).fetchall()
        )
    assert {column.name: column.type for column in view.columns if column.type} == {
        column.name: types[column.name] for column in view.columns if column.type
    }
    assert (types["n"], types["total"], types["mean"]) == ("numeric(6,1)", "numeric(14,1)", "numeric(10,3)")


def test_a_dimension_that_is_cast_groups_by_the_cast(database: Database) -> None:
    view = compiled(
        "{view: v, sources: {c: {table: customers}}, dimensions: {band: {expr: c.score / 10.0, type: int}},"
        " aggregates: {n: count(*)}}"
    ).views[0]
    assert (view.grain, view.columns[0].type) == (("band",), "integer")
    by_hand = "SELECT (score / 10.0)::int, count(*) FROM customers GROUP BY 1"
    assert answer(database, view.query, SHOP + ROWS) == answer(database, by_hand, SHOP + ROWS)


@pytest.mark.parametrize("change", ["type: text", "limit: 4", "default: {sql: \"'{}'\"}"])
def test_what_is_said_of_a_result_is_part_of_the_meaning(change: str) -> None:
    text = "view: v\nsources: {{o: {{table: orders}}}}\naggregates: {{x: {{array_agg: o.id, order: o.id{}}}}}\n"
    plain, changed = compiled(text.format("")), compiled(text.format(f", {change}"))
    assert plain.views[0].storage != changed.views[0].storage
    assert not mvc.diff(plain, changed).empty


def test_a_default_that_reads_the_clock_is_no_increment() -> None:
    view = "{view: v, sources: {o: {table: orders}}, dimensions: {c: o.customer_id}, aggregates: {x: {max: o.placed_at, default: {sql: %s}}}}"
    assert not compiled(view % "timestamptz 'epoch'").views[0].whole_because
    (why,) = compiled(view % "now()").views[0].whole_because
    assert why == "the default of `x` is read from the time, so that groups without rows change by themselves"
