"""Measures: in each view what its author would have written out, named in a diff, and read by every view that shows one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import mvc
from mvc.engines.postgres.server.apply import apply
from mvc.pipeline.load import load_files
from mvc.reduction import reduce_pair
from mvc.spec import AggregateSpec, MeasureSpec, SourceSpec, ViewSpec
from servers import Database

from .asked import ROWS, SHOP, answer, compiled

MEASURES = """
measures:
  revenue: {table: orders, sum: amount, where: "note IN ('note 1', 'note 2') OR amount > 10", default: 0, description: Of some.}
  orders: {table: public.orders, count: "*"}
  last_note: {table: orders, last: note, order: [placed_at, orders.id], where: note IS NOT NULL}
  aov: {expr: "revenue / nullif(orders, 0)", type: "numeric(12,3)"}
  index: {expr: aov * 100}
"""
VIEW = """
view: v
sources:
  c: {table: customers}
  o: {table: orders, on: o.customer_id = c.id}
dimensions: {id: c.id}
aggregates:
  revenue: {measure: revenue}
  late: {measure: revenue, of: o, where: "o.placed_at > '2026-01-20' OR c.score = 7", default: -1}
  n: {measure: orders}
  last: {measure: last_note, description: Mine}
  aov: {measure: aov, where: o.amount > 5}
  index: {measure: index}
"""
BY_HAND = """
SELECT c.id, coalesce(sum(o.amount) FILTER (WHERE note IN ('note 1', 'note 2') OR amount > 10), 0),
    coalesce(sum(o.amount) FILTER (WHERE (note IN ('note 1', 'note 2') OR amount > 10) AND (placed_at > '2026-01-20' OR score = 7)), -1),
    count(o.id), (SELECT note FROM orders WHERE customer_id = c.id AND note IS NOT NULL ORDER BY placed_at DESC, id DESC LIMIT 1),
    (coalesce(sum(o.amount) FILTER (WHERE (note IN ('note 1', 'note 2') OR amount > 10) AND amount > 5), 0)
        / nullif(count(*) FILTER (WHERE amount > 5), 0))::numeric(12,3),
    (coalesce(sum(o.amount) FILTER (WHERE note IN ('note 1', 'note 2') OR amount > 10), 0) / nullif(count(o.id), 0))::numeric(12,3) * 100
FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.id GROUP BY c.id
"""


def test_measures_are_what_a_query_by_hand_says(database: Database) -> None:
    view = compiled(VIEW, measures__m=MEASURES).views[0]
    rows = answer(database, view.query, SHOP + ROWS)
    assert rows == answer(database, BY_HAND, SHOP + ROWS)
    assert len(rows) == 9
    assert [column.name for column in view.columns] == ["id", "revenue", "late", "n", "last", "aov", "index"]


def test_a_view_inherits_what_it_does_not_say() -> None:
    columns = {column.name: column for column in compiled(VIEW, measures__m=MEASURES).views[0].columns}
    assert {name: column.measure for name, column in columns.items()} == {
        "id": "",
        "revenue": "revenue",
        "late": "revenue",
        "n": "orders",
        "last": "last_note",
        "aov": "aov",
        "index": "index",
    }
    assert (columns["revenue"].description, columns["last"].description) == ("Of some.", "Mine")
    assert columns["aov"].type == "numeric(12,3)"
    assert "else -1" in columns["late"].meaning


def test_a_measure_means_what_it_would_mean_written_out() -> None:
    shown = "{view: v, sources: {o: {table: orders}}, dimensions: {c: o.customer_id}, aggregates: {r: {measure: r, where: o.id > 5}, n: {measure: n}}}"
    written = (
        "{view: v, sources: {o: {table: orders}}, dimensions: {c: o.customer_id},"
        " aggregates: {r: {sum: o.amount, where: o.note <> 'x' and o.id > 5}, n: count(*)}}"
    )
    measures = "measures: {r: {table: orders, sum: amount, where: note <> 'x'}, n: {table: orders, count: orders}}"
    short, long = compiled(shown, measures__m=measures).views[0], compiled(written).views[0]
    assert short.storage == long.storage
    assert [column.meaning for column in short.columns] == [column.meaning for column in long.columns]


FILES = {
    "mvc.yml": "catalog: schema.sql\n",
    "schema.sql": SHOP,
    "measures/m.yml": "measures:\n  revenue: {table: orders, sum: amount}\n  aov: {expr: revenue / 2}\n  n: {table: orders, count: orders}\n",
    "views/a.yml": "{view: a, sources: {o: {table: orders}}, dimensions: {c: o.customer_id}, aggregates: {total: {measure: revenue}, k: count(*)}}",
    "views/b.yml": "{view: b, sources: {o: {table: orders}}, aggregates: {half: {measure: aov}}}",
    "views/counted.yml": "{view: counted, sources: {o: {table: orders}}, aggregates: {n: {measure: n}}}",
    "views/d.yml": "{view: d, sources: {a: {view: a}}, aggregates: {most: {max: a.total}}}",
}
CHANGED = {**FILES, "measures/m.yml": FILES["measures/m.yml"].replace("sum: amount", "sum: amount, where: amount > 0")}


def _compiled(files: Mapping[str, str]) -> mvc.Compiled:
    return mvc.compile(mvc.load(files))


def test_a_diff_names_the_measure_and_all_that_it_touches() -> None:
    difference = mvc.diff(_compiled(FILES), _compiled(CHANGED))
    text = mvc.render(difference, "text")
    assert "the measure `revenue` changed, and with it `public.a.total`" in text
    assert "the measure `aov` changed, and with it `public.b.half`" in text
    assert "column `total` of the measure `revenue` is computed from something else" in text
    assert "`total` holds other values under the same name, as the measure `revenue` does" in text
    assert "d.most is computed from total" in text
    markdown = mvc.render(difference, "markdown")
    assert "the measure `revenue` changed, and with it `public.a.total`" in markdown
    assert {view.view for view in difference.views} == {"a", "b", "d"}


def test_a_column_that_becomes_a_measure_names_none() -> None:
    plain = {**FILES, "views/a.yml": FILES["views/a.yml"].replace("{measure: revenue}", "sum(o.amount)")}
    assert mvc.diff(_compiled(plain), _compiled(FILES)).empty
    text = mvc.render(mvc.diff(_compiled(plain), _compiled(CHANGED)), "text")
    assert "column `total` is computed from something else" in text


def test_measures_count_as_read_by_the_views_that_show_them() -> None:
    """What is left of two states, compiled, shows every view that a changed measure touches, also through others."""
    one, other = reduce_pair(FILES, CHANGED)
    assert {path for path in one.files if path.startswith("views/")} == {"views/a.yml", "views/b.yml", "views/d.yml"}
    parts = [mvc.compile(load_files(part.files, part.absent).project()) for part in (one, other)]
    assert mvc.diff(*parts) == mvc.diff(_compiled(FILES), _compiled(CHANGED))


@pytest.mark.parametrize("change", ["  other: {table: orders, min: amount}\n", "# a remark\n"])
def test_what_no_view_shows_touches_none(change: str) -> None:
    more = {**FILES, "measures/m.yml": FILES["measures/m.yml"] + change}
    one, _ = reduce_pair(FILES, more)
    assert not [path for path in one.files if path.startswith("views/")]
    assert mvc.diff(_compiled(FILES), _compiled(more)).empty


def test_measures_made_in_python() -> None:
    view = ViewSpec(
        view="v", sources={"o": SourceSpec(table="orders")}, aggregates={"revenue": AggregateSpec(measure="revenue")}
    )
    measures = {"revenue": MeasureSpec(table="orders", sum="amount")}
    specs = mvc.Specs(mvc.ProjectSpec(catalog="s.sql"), views=[view], tables={"s.sql": SHOP}, measures=measures)
    assert _compiled(specs).views[0].query == _compiled(dict(specs)).views[0].query
    wrong = mvc.Specs(
        mvc.ProjectSpec(catalog="s.sql"),
        views=[view],
        tables={"s.sql": SHOP},
        measures={"revenue": MeasureSpec(table="orders", sum="amuont")},
    )
    with pytest.raises(mvc.ProjectError) as problem:
        _compiled(wrong)
    (finding,) = problem.value.diagnostics
    assert str(finding.span.path) == 'Specs.measures["revenue"].sum'


def test_an_increment_of_measures(database: Database) -> None:
    schedule = "schedules: [{schedule: s, refresh: v, within: 1h, mode: incremental}]\n"
    project = compiled(VIEW, measures__m=MEASURES, schedules__s=schedule)
    with database.connect() as connection:
        connection.execute((SHOP + ROWS).encode())
        connection.execute("INSERT INTO customers SELECT n, 'quiet', n FROM generate_series(100, 3000) AS n")
        apply(connection, project)
        for step in range(3):
            connection.execute(
                f"UPDATE orders SET amount = amount + 7, note = 'note 1' WHERE customer_id = {step + 1} AND id % 2 = 0".encode()
            )
            connection.execute(f"DELETE FROM orders WHERE customer_id = {step + 3} AND id % 3 = 0".encode())
            connection.execute("CALL mvc.refresh('public', 'v', 'incremental')")
            log = connection.execute("SELECT mode, status FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
            assert log == ("incremental", "completed")
            stored = connection.execute("SELECT * FROM v ORDER BY id").fetchall()
            assert stored == connection.execute(f"{BY_HAND} ORDER BY c.id".encode()).fetchall()


def test_a_measure_takes_the_rows_of_its_table_and_no_others(database: Database) -> None:
    """One that reads no column is no number of the base's rows, and one of a table that many rows share takes each of its rows once."""
    view = """
    view: v
    sources:
      o: {table: orders}
      c: {table: customers, on: c.id = o.customer_id}
      p: {table: orders, on: p.customer_id = c.id}
    dimensions: {month: "date_trunc('month', o.placed_at)::date"}
    aggregates:
      ones: {measure: ones, of: p}
      scores: {measure: scores}
    """
    measures = "measures: {ones: {table: orders, sum: '1'}, scores: {table: customers, sum: score}}"
    made = compiled(view, measures__m=measures)
    by_hand = """
    WITH months AS (SELECT DISTINCT date_trunc('month', placed_at)::date AS month, customer_id FROM orders)
    SELECT m.month, sum((SELECT count(*) FROM orders AS p WHERE p.customer_id = m.customer_id))::bigint,
      (SELECT sum(c.score) FROM customers AS c WHERE c.id IN (SELECT n.customer_id FROM months AS n WHERE n.month IS NOT DISTINCT FROM m.month))
    FROM months AS m GROUP BY m.month
    """
    assert [item.code for item in made.diagnostics if item.code == "MV429"] == []
    assert answer(database, made.views[0].query, SHOP + ROWS) == answer(database, by_hand, SHOP + ROWS)
