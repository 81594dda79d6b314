"""Views with windows, `having` and `keep`, refreshed by the partitions that their windows share: the rows are those of hand-written SQL.

Changes move rows between partitions, over the border of `keep`, in and out of `having`; every refresh is compared at its own snapshot.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .checked import Connection, last_run, refresh, wrong_rows
from .projects import ANYTHING, never_whole

SCHEMA = """
CREATE TABLE products (id int PRIMARY KEY, label text NOT NULL, category text);
CREATE TABLE sales (id int PRIMARY KEY, product_id int NOT NULL REFERENCES products, sold_on date NOT NULL, amount numeric(10,2));
"""
# The partition is a column that the grain does not hold, and that may be NULL.
TOP = """
view: top
sources: {p: {table: products}, s: {table: sales, on: s.product_id = p.id}}
dimensions: {id: p.id, label: p.label, category: p.category}
aggregates: {n: {count: s}, total: {sum: s.amount, default: 0}, cost: {min: s.amount, hidden: true}}
having: n >= 2
windows:
  place: {rank: total desc, within: [category]}
  part: {share: total, within: [category]}
  least: {min: cost, within: category}
keep: place <= 2
indexes: [{columns: [place]}]
"""
TOP_BY_HAND = """
WITH groups AS (
  SELECT p.id, p.label, p.category, count(s.id) AS n, coalesce(sum(s.amount), 0) AS total, min(s.amount) AS cost
  FROM products p LEFT JOIN sales s ON s.product_id = p.id GROUP BY p.id HAVING count(s.id) >= 2
)
SELECT * FROM (
  SELECT id, label, category, n, total, 1 + (SELECT count(*) FROM groups o WHERE o.category IS NOT DISTINCT FROM g.category AND o.total > g.total) AS place,
    1.0 * total / nullif((SELECT sum(o.total) FROM groups o WHERE o.category IS NOT DISTINCT FROM g.category), 0) AS part,
    (SELECT min(o.cost) FROM groups o WHERE o.category IS NOT DISTINCT FROM g.category) AS least
  FROM groups g
) AS ranked WHERE place <= 2
"""
# Two windows share one of the two columns of the grain; the other one is the period.
MONTHS = """
view: months
sources: {s: {table: sales}, p: {table: products, on: p.id = s.product_id}}
dimensions: {category: p.category, month: "date_trunc('month', s.sold_on)::date"}
aggregates: {total: {sum: s.amount}, paid: {sum: s.amount, where: s.amount > 5}}
windows:
  so_far: {sum: total, within: [category], order: month, frame: year}
  smooth: {avg: total, within: [category], order: month, frame: last 3 months}
  before: {lag: total, within: [category], order: month, by: 1 month}
  known: {carry: paid, within: [category], order: month}
  part: {share: total, within: [month, category]}
"""
MONTHS_BY_HAND = """
WITH groups AS (
  SELECT p.category, date_trunc('month', s.sold_on)::date AS month, sum(s.amount) AS total, sum(s.amount) FILTER (WHERE s.amount > 5) AS paid
  FROM sales s JOIN products p ON p.id = s.product_id GROUP BY 1, 2
)
SELECT category, month, total, paid,
  (SELECT sum(o.total) FROM groups o WHERE o.category IS NOT DISTINCT FROM g.category AND o.month <= g.month AND extract(year FROM o.month) = extract(year FROM g.month)) AS so_far,
  (SELECT avg(o.total) FROM groups o WHERE o.category IS NOT DISTINCT FROM g.category AND o.month BETWEEN g.month - interval '2 months' AND g.month) AS smooth,
  (SELECT o.total FROM groups o WHERE o.category IS NOT DISTINCT FROM g.category AND o.month = g.month - interval '1 month') AS before,
  (SELECT o.paid FROM groups o WHERE o.category IS NOT DISTINCT FROM g.category AND o.month <= g.month AND o.paid IS NOT NULL ORDER BY o.month DESC LIMIT 1) AS known,
  CASE WHEN total <> 0 THEN 1.0 * total / total END AS part
FROM groups g
"""
# The period is in each `within`, so a window of time can be refreshed.
BY_MONTH = """
view: by_month
sources: {s: {table: sales}}
dimensions: {month: "date_trunc('month', s.sold_on)::date", product: s.product_id}
aggregates: {total: {sum: s.amount}}
windows: {place: {row_number: total desc, within: month}}
keep: place <= 3
"""
BY_MONTH_BY_HAND = """
WITH groups AS (SELECT date_trunc('month', sold_on)::date AS month, product_id AS product, sum(amount) AS total FROM sales GROUP BY 1, 2)
SELECT * FROM (
  SELECT g.*, (SELECT count(*) FROM groups o WHERE o.month = g.month AND (
    coalesce(o.total, '-infinity') > coalesce(g.total, '-infinity') OR (o.total IS NOT DISTINCT FROM g.total AND o.product <= g.product))) AS place
  FROM groups g
) AS numbered WHERE place <= 3
"""
BY_HAND = {"top": TOP_BY_HAND, "months": MONTHS_BY_HAND, "by_month": BY_MONTH_BY_HAND}


def project(mode: str, *views: str) -> Compiled:
    files = {f"views/{number}.yml": text for number, text in enumerate(views)}
    names = [text.split()[1] for text in views]
    reach = ", window: 90d" if mode == "window" else ""
    line = f"schedules:\n  - {{schedule: partly, refresh: {names}, every: '*/5 * * * *', mode: {mode}{reach}}}\n"
    return mvc.compile(
        mvc.load({"mvc.yml": "catalog: schema.sql\n", "schema.sql": SCHEMA, "schedules/s.yml": line, **files})
    )


def fill(connection: Connection) -> None:
    connection.execute(SCHEMA.encode())
    connection.execute(
        "INSERT INTO products SELECT n, 'p' || n, (ARRAY['a', 'b', 'c', NULL])[1 + n % 4] FROM generate_series(1, 40) AS n;"
        "INSERT INTO sales SELECT n, 1 + n % 37, date '2025-01-01' + n % 500, (n * 7919 % 23) - 3 FROM generate_series(1, 400) AS n"
    )


def change(connection: Connection, dice: random.Random) -> None:
    """A few changes, of which each kind moves rows in another way."""
    for _ in range(dice.randint(1, 4)):
        one, other = dice.randint(1, 40), dice.randint(1, 400)
        category, amount = (
            dice.choice(("NULL", "'a'", "'b'", "'new'")),
            dice.choice(("NULL", "0", "500", "-500", "7.5")),
        )
        statements = (
            f"UPDATE products SET category = {category} WHERE id = {one}",
            f"UPDATE sales SET amount = {amount} WHERE id = {other}",
            f"UPDATE sales SET product_id = {one} WHERE id BETWEEN {other} AND {other} + 2",
            f"UPDATE sales SET sold_on = sold_on + {dice.randint(-400, 400)} WHERE id = {other}",
            f"DELETE FROM sales WHERE id BETWEEN {other} AND {other} + {dice.choice([0, 20])}",
            f"INSERT INTO sales SELECT n, {one}, date '2026-03-01', 9 FROM generate_series({other}, {other} + 5) AS n ON CONFLICT DO NOTHING",
        )
        connection.execute(dice.choice(statements).encode())


def differences(connection: Connection, view: CompiledView) -> list[Any]:
    columns = ", ".join(column.name for column in view.columns)
    one, other = f"SELECT {columns} FROM {view.name}", f"SELECT {columns} FROM ({BY_HAND[view.name]}) AS by_hand"
    query = f"(({one}) EXCEPT ALL ({other})) UNION ALL (({other}) EXCEPT ALL ({one}))"
    return connection.execute(query.encode()).fetchall()


@pytest.mark.parametrize("seed", range(3))
def test_partitions_are_refreshed_alone(database: Database, seed: int) -> None:
    connection, dice = database.connect(), random.Random(seed)
    connection.execute("SET TimeZone = 'UTC'")
    fill(connection)
    compiled = project("incremental", TOP, MONTHS, BY_MONTH)
    apply(connection, compiled, options=ANYTHING)
    assert mvc.plan(connection, compiled).empty
    never_whole(connection)
    for view in compiled.views:
        assert view.whole_because == ()
        refresh(connection, view, "full")
        assert differences(connection, view) == []
    for turn in range(12):
        change(connection, dice)
        for view in compiled.views:
            run = refresh(connection, view, "verify" if turn % 4 == 3 else "incremental")
            assert (run.status, run.wrong, run.error) == ("completed", [], None), run
            assert run.mode == ("verify" if turn % 4 == 3 else "incremental")
            assert "gone unnoticed" not in (run.detail or ""), run
            assert differences(connection, view) == []


def test_only_the_partition_of_a_change_is_computed(database: Database) -> None:
    """The key is the category; what is counted are the rows that it brings together."""
    connection = database.connect()
    fill(connection)
    compiled = project("incremental", TOP)
    apply(connection, compiled, options=ANYTHING)
    view = compiled.view("top")
    refresh(connection, view, "full")
    assert view.increment is not None
    assert "SELECT DISTINCT category" in view.increment.moved
    connection.execute("UPDATE sales SET amount = 1000 WHERE id = 1")
    run = refresh(connection, view, "incremental")
    there = connection.execute("SELECT count(*) FROM top WHERE category = (SELECT category FROM products WHERE id = 2)")
    assert (run.groups,) == there.fetchone()
    assert run.changed is not None and 1 <= run.changed <= 3


def test_a_change_that_nobody_heard_of_is_found_row_by_row(database: Database) -> None:
    """Several rows of a partition are compared each with its own."""
    connection = database.connect()
    fill(connection)
    compiled = project("incremental", TOP)
    apply(connection, compiled, options=ANYTHING)
    view = compiled.view("top")
    refresh(connection, view, "full")
    run = refresh(connection, view, "verify")
    assert run.detail is not None and run.detail.endswith("all as the query gives them"), run
    stored = f"mvc.{view.storage[1]}"
    connection.execute(f"UPDATE {stored} SET place = place + 10 WHERE ctid = (SELECT min(ctid) FROM {stored})".encode())
    run = refresh(connection, view, "verify")
    assert run.detail is not None and run.detail.startswith("1 of"), run
    assert wrong_rows(connection, view) == []


def test_windows_of_time_hold_whole_partitions(database: Database) -> None:
    connection, dice = database.connect(), random.Random(1)
    connection.execute("SET TimeZone = 'UTC'")
    fill(connection)
    compiled = project("window", BY_MONTH)
    apply(connection, compiled, options=ANYTHING)
    view = compiled.view("by_month")
    refresh(connection, view, "full")
    for _ in range(6):
        change(connection, dice)
        connection.execute("CALL mvc.refresh('public', 'by_month', 'window', NULL, '2025-03-01', '2026-02-01')")
        assert last_run(connection, "by_month").mode == "window"
        part = "month >= '2025-03-01' AND month < '2026-02-01'"
        wanted = f"SELECT * FROM ({BY_MONTH_BY_HAND}) AS by_hand WHERE {part}"
        differ = f"((SELECT * FROM by_month WHERE {part}) EXCEPT ALL ({wanted})) UNION ALL (({wanted}) EXCEPT ALL (SELECT * FROM by_month WHERE {part}))"
        assert connection.execute(differ.encode()).fetchall() == []
