"""What rows come from besides one table: values that stand in the spec, several tables, a calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .shop import Connection, assert_as_by_hand, deployed, project, rows

LOOKED_UP = """
view: v
sources:
  s: {table: stores}
  k: {values: {DE: [Germany, 19], FR: [France, 20.5], "O'N": [null, 0]}, columns: [code, name, vat], on: k.code = s.country}
  v: {table: visits, on: v.store_id = s.id}
dimensions: {country: k.name}
aggregates: {stores: {count: s}, taxed: {sum: v.spent, where: k.vat > 19}, vat: {max: k.vat}}
"""
LOOKED_UP_BY_HAND = """
SELECT CASE s.country WHEN 'DE' THEN 'Germany' WHEN 'FR' THEN 'France' END, count(DISTINCT s.id),
       sum(v.spent) FILTER (WHERE s.country = 'FR'), max(CASE s.country WHEN 'DE' THEN 19 WHEN 'FR' THEN 20.5 END)
FROM stores s LEFT JOIN visits v ON v.store_id = s.id GROUP BY 1
"""
BASED = """
view: v
sources:
  k: {values: [[online, Online, true], [shop, In the shop, false], [fax, By fax, null]], columns: {kind: text, title: "varchar(20)", far: boolean}, key: [kind]}
  v: {table: visits, on: v.kind = k.kind}
dimensions: {kind: k.kind, title: k.title, far: k.far}
aggregates: {visits: {count: v}, spent: {sum: v.spent, default: 0}}
"""
BASED_BY_HAND = """
SELECT k.*, (SELECT count(*) FROM visits v WHERE v.kind = k.kind), (SELECT coalesce(sum(spent), 0) FROM visits v WHERE v.kind = k.kind)
FROM (SELECT 'online', 'Online', true UNION SELECT 'shop', 'In the shop', false UNION SELECT 'fax', 'By fax', NULL) AS k (kind, title, far)
"""
SEVERAL = """
view: v
sources:
  s: {table: stores}
  h: {table: [orders_2024, orders_2025], on: h.store_id = s.id, where: h.amount > 3}
dimensions: {id: s.id, name: s.name}
aggregates: {orders: {count: h}, amount: {sum: h.amount}, tables: {count_distinct: h.from_table}, last: {max: h.placed_on}}
"""
ALL_ORDERS = """
(SELECT 'orders_2024' AS from_table, id, store_id, amount, placed_on FROM orders_2024
 UNION ALL SELECT 'orders_2025', id, store_id, amount, placed_on FROM orders_2025)
"""
SEVERAL_BY_HAND = f"""
SELECT s.id, s.name, count(h.id), sum(h.amount), count(DISTINCT h.from_table), max(h.placed_on)
FROM stores s LEFT JOIN {ALL_ORDERS} h ON h.store_id = s.id AND h.amount > 3 GROUP BY 1
"""
BASE_OF_SEVERAL = """
view: v
sources:
  h: {table: [orders_2024, orders_2025]}
  s: {table: stores, on: s.id = h.store_id}
  v: {table: visits, on: v.store_id = s.id}
dimensions: {table_: h.from_table, country: s.country}
aggregates: {orders: {count: h}, amount: {sum: h.amount}, visits: {count: v}}
"""
BASE_OF_SEVERAL_BY_HAND = f"""
SELECT h.from_table, s.country, count(DISTINCT (h.from_table, h.id)), (SELECT sum(amount) FROM {ALL_ORDERS} o LEFT JOIN stores p ON p.id = o.store_id
  WHERE o.from_table = h.from_table AND p.country IS NOT DISTINCT FROM s.country), count(DISTINCT v.id)
FROM {ALL_ORDERS} h LEFT JOIN stores s ON s.id = h.store_id LEFT JOIN visits v ON v.store_id = s.id GROUP BY 1, 2
"""
LATEST_OF_SEVERAL = """
view: v
sources:
  s: {table: stores}
  h: {table: [orders_2024, orders_2025], on: h.store_id = s.id, latest: h.placed_on}
dimensions: {id: s.id, table_: h.from_table, placed_on: h.placed_on}
aggregates: {amount: {sum: h.amount}}
"""
LATEST_OF_SEVERAL_BY_HAND = f"""
SELECT DISTINCT ON (s.id) s.id, h.from_table, h.placed_on, h.amount
FROM stores s LEFT JOIN {ALL_ORDERS} h ON h.store_id = s.id ORDER BY s.id, h.placed_on DESC NULLS LAST, h.from_table DESC, h.id DESC
"""
LATEST_THAT_FITS = """
view: v
sources:
  s: {table: stores}
  h: {table: [orders_2024, orders_2025], on: h.store_id = s.id, where: h.amount > 10, latest: h.placed_on}
dimensions: {id: s.id}
aggregates: {table_: {max: h.from_table}}
"""
LATEST_THAT_FITS_BY_HAND = f"""
SELECT DISTINCT ON (s.id) s.id, h.from_table
FROM stores s LEFT JOIN {ALL_ORDERS} h ON h.store_id = s.id AND h.amount > 10 ORDER BY s.id, h.placed_on DESC NULLS LAST, h.from_table DESC, h.id DESC
"""
PICKED_OF_SEVERAL = """
view: v
sources:
  s: {table: stores}
  h: {table: [orders_2024, orders_2025], on: h.store_id = s.id, where: h.amount > 3 and h.placed_on <= CURRENT_DATE, first: [h.placed_on]}
dimensions: {id: s.id, table_: h.from_table}
"""
PICKED_OF_SEVERAL_BY_HAND = f"""
SELECT DISTINCT ON (s.id) s.id, h.from_table FROM stores s
LEFT JOIN {ALL_ORDERS} h ON h.store_id = s.id AND h.amount > 3 AND h.placed_on <= CURRENT_DATE ORDER BY s.id, h.placed_on, h.from_table, h.id
"""
MONTHS = """
view: v
sources:
  d: {spine: month, from: 2024-02-10, to: 2025-12-31}
  h: {table: [orders_2024, orders_2025], on: "d.month = date_trunc('month', h.placed_on)"}
  s: {table: stores, on: "d.month = date_trunc('month', s.opened_on)"}
dimensions: {month: d.month}
aggregates: {orders: {count: h}, amount: {sum: h.amount, default: 0}, opened: {count: s}}
"""
MONTHS_BY_HAND = f"""
SELECT m, (SELECT count(*) FROM {ALL_ORDERS} h WHERE date_trunc('month', h.placed_on) = m),
       (SELECT coalesce(sum(amount), 0) FROM {ALL_ORDERS} h WHERE date_trunc('month', h.placed_on) = m),
       (SELECT count(*) FROM stores WHERE date_trunc('month', opened_on) = m)
FROM (SELECT (DATE '2024-02-01' + g * INTERVAL '1 month')::date AS m FROM generate_series(0, 22) AS g) AS months
"""
CASES = {
    "a lookup": (LOOKED_UP, LOOKED_UP_BY_HAND),
    "values as the base": (BASED, BASED_BY_HAND),
    "several tables": (SEVERAL, SEVERAL_BY_HAND),
    "several tables as the base": (BASE_OF_SEVERAL, BASE_OF_SEVERAL_BY_HAND),
    "the latest of several tables": (LATEST_OF_SEVERAL, LATEST_OF_SEVERAL_BY_HAND),
    "the latest that fits, by columns that nothing else reads": (LATEST_THAT_FITS, LATEST_THAT_FITS_BY_HAND),
    "one of several tables by what nothing else reads": (PICKED_OF_SEVERAL, PICKED_OF_SEVERAL_BY_HAND),
    "a calendar": (MONTHS, MONTHS_BY_HAND),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_are_as_by_hand(database: Database, case: str) -> None:
    view, by_hand = CASES[case]
    compiled = project(view)
    assert compiled.view("v").increment is not None, compiled.view("v").whole_because
    assert_as_by_hand(deployed(database, compiled), compiled, by_hand)


CALENDAR = """
view: v
sources:
  d: {{spine: {unit}, from: {first}, to: {last}}}
dimensions: {{period: d.{unit}}}
aggregates: {{n: {{count: d}}}}
"""
PERIODS = {
    "day": ("2024-02-27", "2024-03-01", ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01"]),
    "week": ("2024-12-31", "2025-01-13", ["2024-12-30", "2025-01-06", "2025-01-13"]),
    "month": ("2024-01-31", "2024-03-01", ["2024-01-01", "2024-02-01", "2024-03-01"]),
    "quarter": ("2024-12-31", "2025-04-01", ["2024-10-01", "2025-01-01", "2025-04-01"]),
    "year": ("2023-12-31", "2025-01-01", ["2023-01-01", "2024-01-01", "2025-01-01"]),
    "hour": ("2024-03-31", "2024-03-31", [f"2024-03-31 {hour:02}:00:00" for hour in range(24)]),
}


@pytest.mark.parametrize("unit", PERIODS)
def test_a_calendar_has_each_period_once(database: Database, unit: str) -> None:
    """Also where clocks are put forward in the project's zone, and where weeks begin in another year."""
    first, last, wanted = PERIODS[unit]
    compiled = project(CALENDAR.format(unit=unit, first=first, last=last))
    connection = deployed(database, compiled)
    assert rows(connection, "SELECT period::text, n FROM v") == dict.fromkeys(((text, 1) for text in wanted), 1)
    type_ = connection.execute("SELECT DISTINCT pg_typeof(period)::text FROM v").fetchone()
    assert type_ == ("timestamp without time zone" if unit == "hour" else "date",)
    (column,) = (item for item in compiled.view("v").columns if item.name == "period")
    assert (column.type, column.nullable) == (type_[0], False)


@pytest.mark.parametrize("zone", ["", ", zone: Pacific/Kiritimati", ", zone: Pacific/Pago_Pago"])
def test_a_calendar_until_today_grows_by_the_days_since_the_last_refresh(database: Database, zone: str) -> None:
    view = f"""
view: v
sources:
  d: {{spine: day, from: 2024-01-01, to: today{zone}}}
  v: {{table: visits, on: "v.visited_at::date = d.day"}}
dimensions: {{day: d.day}}
aggregates: {{n: {{count: v}}}}
"""
    compiled = project(view)
    assert compiled.view("v").increment is not None, compiled.view("v").whole_because
    connection = deployed(database, compiled)
    today = f"(now() AT TIME ZONE '{zone.partition(': ')[2] or 'Europe/Berlin'}')::date"
    assert days(connection) == days(connection, f"generate_series('2024-01-01', {today}, '1 day') AS d (day)")
    stored = ".".join(compiled.view("v").storage)
    connection.execute(f"DELETE FROM {stored} WHERE day > {today} - 3".encode())  # as three days ago
    connection.execute("UPDATE mvc.stored_relation SET as_of = as_of - interval '3 days'")
    connection.execute("CALL mvc.refresh('public', 'v')")
    assert connection.execute("SELECT mode, changed FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone() == (
        "incremental",
        3,
    )
    assert days(connection) == days(connection, f"generate_series('2024-01-01', {today}, '1 day') AS d (day)")


def days(connection: Connection, relation: str = "v") -> tuple[int, date, date]:
    row: Any = connection.execute(
        f"SELECT count(*), min(day)::date, max(day)::date FROM {relation}".encode()
    ).fetchone()
    return row


def test_what_begins_today_is_refreshed_whole(database: Database) -> None:
    compiled = project(CALENDAR.format(unit="day", first="today", last="2999-01-01"))
    assert compiled.view("v").increment is None
    assert compiled.view("v").whole_because == (
        "it reads no table, of which changes could be watched",
        "changes of `d` cannot be watched: it begins today, so that its rows go by themselves",
    )


VALUES = [
    ("[[1, a], [2, b]]", "[k, v]", "k", "integer", [(1, "a"), (2, "b")]),
    ("[[1, a], [3000000000, b]]", "[k, v]", "k", "bigint", [(1, "a"), (3000000000, "b")]),
    ("[[1, a], [2.5, b]]", "[k, v]", "k", "numeric", [("1", "a"), ("2.5", "b")]),
    (
        "[[1, a], [99999999999999999999, b]]",
        "{k: numeric, v: text}",
        "k",
        "numeric",
        [("1", "a"), ("99999999999999999999", "b")],
    ),
    ("[[true, a], [false, null]]", "[k, v]", "k", "boolean", [(True, "a"), (False, None)]),
    ("{1: a, -2: b}", "[k, v]", "k", "integer", [(1, "a"), (-2, "b")]),
    ("{01: a, 2: b}", "[k, v]", "k", "text", [("01", "a"), ("2", "b")]),
    ("{1: a, Ä: b}", "[k, v]", "k", "text", [("1", "a"), ("Ä", "b")]),
    ('{NO: "it\'s", YES: \'a "b"\'}', "[k, v]", "k", "text", [("NO", "it's"), ("YES", 'a "b"')]),
    ("{2024-01-01: -5}", "{k: date, v: smallint}", "k", "date", [(date(2024, 1, 1), -5)]),
    ("{a: null}", '{k: text, v: "numeric(5,2)"}', "k", "text", [("a", None)]),
    ("{a: 1.005}", '{k: "varchar(3)", v: "decimal(5,2)"}', "k", "character varying(3)", [("a", "1.01")]),
]


@pytest.mark.parametrize(("values", "columns", "key", "type_", "wanted"), VALUES)
def test_values_have_the_types_that_the_server_gives_them(
    database: Database, values: str, columns: str, key: str, type_: str, wanted: list[tuple[Any, ...]]
) -> None:
    view = f"view: v\nsources:\n  k: {{values: {values}, columns: {columns}, key: [{key}]}}\ndimensions: {{k: k.k, v: k.v}}\n"
    files = {"mvc.yml": "catalog: s.sql\n", "s.sql": "CREATE TABLE t (id int);\n", "views/v.yml": view}
    compiled = mvc.compile(mvc.load(files))
    assert compiled.view("v").columns[0].type == type_
    connection = database.connect()
    connection.execute("CREATE TABLE t (id int)")
    apply(connection, compiled)
    found = connection.execute("SELECT k, v FROM v").fetchall()
    assert sorted(map(str, (tuple(map(str, row)) for row in found))) == sorted(
        str(tuple(map(str, row))) for row in wanted
    )
    types = connection.execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert [row[0] for row in types] == [column.type for column in compiled.view("v").columns]
