"""Every aggregate function: a row of the table, a key of the language, a golden case, and the value that PostgreSQL has for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mvc
from mvc.catalog.builtins import builtin
from mvc.engines.postgres.server.apply import apply
from mvc.model.aggregates import AGGREGATES, Form, aggregate_function, called
from mvc.spec.aggregate import FUNCTIONS, PAIRS, AggregateSpec
from mvc.spec.call_text import PLAIN
from servers import Database

GOLDEN = Path(__file__).parents[1] / "golden"
SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, n int, x numeric(8, 2), f float8, t text, b boolean, d date);
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders);
CREATE TABLE visits (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers);
"""
ROWS = """
INSERT INTO customers SELECT generate_series(1, 4);
INSERT INTO orders SELECT i, 1 + i % 3, nullif(i % 5, 0), nullif(i % 7, 3) * 1.5, i % 4 + 0.25, chr(97 + i % 6), i % 3 > 0, DATE '2026-01-01' + i % 9
  FROM generate_series(1, 40) AS i;
INSERT INTO lines SELECT i, 1 + i % 40 FROM generate_series(1, 100) AS i;
INSERT INTO visits SELECT i, 1 + i % 4 FROM generate_series(1, 11) AS i;
"""
# What each key says of the orders of a customer, and how PostgreSQL says it of rows of one table.
ASKED = {
    "count": ("o", "count(*)"),
    "count_distinct": ("o.t", "count(DISTINCT t)"),
    **{key: ("o.x", f"{key}(x)") for key in ("sum", "avg", "min", "max")},
    "array_agg": ("o.n, order: o.id desc", "array_agg(n ORDER BY id DESC)"),
    "string_agg": ("o.t, order: o.id, separator: '/'", "string_agg(t, '/' ORDER BY id)"),
    "json_agg": ("o.n, order: o.id", "json_agg(n ORDER BY id)"),
    "jsonb_agg": ("o.n, order: o.id", "jsonb_agg(n ORDER BY id)"),
    "json_object_agg": ("[o.id, o.t], order: o.id", "json_object_agg(id, t ORDER BY id)"),
    "jsonb_object_agg": ("[o.t, o.n], order: o.id", "jsonb_object_agg(t, n ORDER BY id)"),
    "xmlagg": ('"xmlelement(name e, o.n)", order: o.id', "xmlagg(xmlelement(name e, n) ORDER BY id)"),
    **{key: ("o.b", f"{key}(b)") for key in ("bool_and", "bool_or", "every")},
    **{key: ("o.n", f"{key}(n)") for key in ("bit_and", "bit_or", "bit_xor")},
    "any_value": ("o.customer_id", "min(customer_id)"),
    "range_agg": ("\"daterange(o.d, o.d, '[]')\"", "range_agg(daterange(d, d, '[]'))"),
    "range_intersect_agg": ('"daterange(o.d, NULL)"', "range_intersect_agg(daterange(d, NULL))"),
    "percentile": ("o.x, at: 0.3", "percentile_cont(0.3) WITHIN GROUP (ORDER BY x)"),
    "percentile_disc": ("o.x, at: 0.3", "percentile_disc(0.3) WITHIN GROUP (ORDER BY x)"),
    "median": ("o.x", "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)"),
    "mode": ("o.n", "mode() WITHIN GROUP (ORDER BY n)"),
    **{key: ("o.x", f"{key}(x)") for key in ("stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp")},
    **{key: ("[o.f, o.n]", f"{key}(f, n)") for key in FUNCTIONS if key.startswith(("regr_", "covar_", "corr"))},
    "rank_of": ("3, order: o.x desc", "1 + count(*) FILTER (WHERE x > 3)"),
    "dense_rank_of": ("3, order: o.x desc", "1 + count(DISTINCT x) FILTER (WHERE x > 3)"),
    "percent_rank_of": ("3, order: o.x", "coalesce(count(*) FILTER (WHERE x < 3)::float8 / nullif(count(*), 0), 0)"),
    "cume_dist_of": ("3, order: o.x", "(1 + count(*) FILTER (WHERE x <= 3))::float8 / (1 + count(*))"),
    "first": ("o.t, order: o.id", "(array_agg(t ORDER BY id))[1]"),
    "last": ("o.t, order: o.id", "(array_agg(t ORDER BY id DESC))[1]"),
}


def shown(key: str, sql: str) -> str:
    """As text; of a float, whose last digits are of the order in which rows came, nine digits."""
    is_float = AGGREGATES[key].pair and key.startswith(("regr_", "covar_", "corr"))
    return f"round(({sql})::numeric, 9)::text" if is_float else f"({sql})::text"


def test_a_key_of_the_language_is_a_row_and_a_row_is_a_key() -> None:
    assert set(AGGREGATES) == set(FUNCTIONS) == set(ASKED)
    assert {key for key, row in AGGREGATES.items() if row.pair} == PAIRS
    assert {key for key, row in AGGREGATES.items() if row.form is Form.PLAIN and row.call == key} == PLAIN


def test_what_has_no_row_is_not_guessed_at() -> None:
    with pytest.raises(KeyError):
        aggregate_function("st_union")
    assert called("st_union") is None


@pytest.mark.parametrize("key", FUNCTIONS)
def test_each_row_is_of_an_aggregate_that_postgresql_has(key: str) -> None:
    row = AGGREGATES[key]
    found = [function for function in builtin(row.call) if function.kind == "aggregate"]
    assert any(function.takes(2 if row.pair or row.form in (Form.SORTED, Form.AMONG) else 1) for function in found) or (
        row.call in ("count", "mode", "string_agg") and found
    )
    assert called(row.call) is not None


@pytest.mark.parametrize("key", FUNCTIONS)
def test_each_has_a_golden_case(key: str) -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.md"))
    assert re.search(rf"\{{{key}: ", written)


def test_each_takes_only_options_that_there_are() -> None:
    keys = set(AggregateSpec.model_fields)
    assert all(set(row.takes) <= keys for row in AGGREGATES.values())


def test_each_has_the_value_that_postgresql_has_for_the_rows_alone(database: Database) -> None:
    """Beside two more branches, so that joined as they stand, rows would be seen several times. One customer has no order."""
    absent = {
        "xmlagg": database.major > 15,
        "any_value": database.major < 16,
    }  # the newer ones are built without libxml
    asked = {key: item for key, item in ASKED.items() if not absent.get(key)}
    listed = "".join(f"  c_{key}: {{{key}: {text}}}\n" for key, (text, _) in asked.items())
    view = (
        "view: v\nsources:\n  c: {table: customers}\n  o: {table: orders, on: o.customer_id = c.id}\n"
        "  l: {table: lines, on: l.order_id = o.id}\n  w: {table: visits, on: w.customer_id = c.id}\n"
        f"dimensions: {{id: c.id}}\naggregates:\n  lines: {{count: l}}\n  visits: {{count: w}}\n{listed}"
        "accept: {MV405: each has one value here}\n"
    )
    settings = f"catalog: s.sql\nversion: {database.major}\n"
    compiled = mvc.compile(mvc.load({"mvc.yml": settings, "s.sql": SCHEMA, "views/v.yml": view}))
    connection = database.connect()
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    apply(connection, compiled)
    columns = ", ".join(shown(key, f"v.c_{key}") for key in asked)
    plain = ", ".join(shown(key, sql) for key, (_, sql) in asked.items())
    got = connection.execute(f"SELECT v.id, v.lines, v.visits, {columns} FROM v ORDER BY 1").fetchall()
    want = connection.execute(
        f"SELECT c.id, (SELECT count(*) FROM lines AS l JOIN orders AS o ON o.id = l.order_id WHERE o.customer_id = c.id),"
        f" (SELECT count(*) FROM visits AS w WHERE w.customer_id = c.id), of_orders.*"
        f" FROM customers AS c, LATERAL (SELECT {plain} FROM orders AS o WHERE o.customer_id = c.id) AS of_orders ORDER BY 1"
    ).fetchall()
    names = ["id", "lines", "visits", *asked]
    assert len(got) == len(want) == 4
    differing = [
        (of[0], name, is_, should)
        for of, row in zip(got, want, strict=True)
        for name, is_, should in zip(names, of, row, strict=True)
        if is_ != should
    ]
    assert differing == []
    described = connection.execute("SELECT * FROM v LIMIT 0").description or ()
    kinds = {
        item.name: connection.execute("SELECT format_type(%s, NULL)", (item.type_code,)).fetchone()
        for item in described
    }
    claimed = {column.name: column.type for column in compiled.view("v").columns if column.type}
    assert claimed == {name: kinds[name][0] for name in claimed}
