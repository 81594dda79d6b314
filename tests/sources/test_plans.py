"""How PostgreSQL looks for the one row: by an index where there is one, and for few groups only in their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from servers import Database

from .shop import INDEX, TABLES, Connection, deployed, project

LATEST = """
view: v
sources:
  s: {table: stores}
  last: {table: visits, on: last.store_id = s.id, latest: last.visited_at}
dimensions: {id: s.id}
aggregates: {spent: {max: last.spent}}
"""
MANY = """
INSERT INTO stores SELECT g, 'store ' || g, 'DE', '2024-01-01' FROM generate_series(1000, 3999) AS g;
INSERT INTO visits SELECT g, g % 3000 + 1000, NULL, TIMESTAMPTZ '2024-01-01' + g * INTERVAL '1 minute', 1, 'shop' FROM generate_series(1000, 60999) AS g;
ANALYZE;
"""


def nodes(connection: Connection, query: str) -> list[dict[str, Any]]:
    """The nodes of the plan that ran, each with the rows that it gave in all."""
    row = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode()).fetchone()
    assert row is not None
    found = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return list(_below(found[0]["Plan"]))


def _below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _below(child)


def rows_read(found: list[dict[str, Any]], relation: str) -> float:
    read = (node for node in found if node.get("Relation Name") == relation)
    return sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in read)


def sorted_rows(found: list[dict[str, Any]]) -> float:
    return sum(node["Actual Rows"] for node in found if node["Node Type"] in ("Sort", "Incremental Sort"))


@pytest.mark.parametrize("index", ["", INDEX], ids=["no index", "index"])
def test_few_groups_are_looked_for_in_few_rows(database: Database, index: str) -> None:
    compiled = project(LATEST, TABLES + index)
    view = compiled.view("v")
    connection = deployed(database, compiled, TABLES + index)
    connection.execute(MANY.encode())
    stored = ".".join(view.storage)
    connection.execute(f"INSERT INTO {stored}_dirty (id) VALUES (1001), (1002); ANALYZE {stored}_dirty".encode())
    for query in (view.increment.groups, view.increment.many) if view.increment else ():
        found = nodes(connection, query)
        assert sorted_rows(found) <= 100
        if index:
            assert rows_read(found, "visits") <= 100
            assert not [node for node in found if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "visits"]


def test_the_whole_view_takes_the_index(database: Database) -> None:
    compiled = project(LATEST, TABLES + INDEX)
    connection = deployed(database, compiled, TABLES + INDEX)
    connection.execute(MANY.encode())
    assert "JOIN LATERAL" in compiled.view("v").query
    found = nodes(connection, f"{compiled.view('v').query} LIMIT 50")
    assert [node for node in found if node.get("Index Name") == "visits_by_store"]


def test_without_an_index_all_rows_are_put_in_order_once(database: Database) -> None:
    compiled = project(LATEST, TABLES)
    connection = deployed(database, compiled)
    connection.execute(MANY.encode())
    assert "DISTINCT ON (last.store_id)" in compiled.view("v").query
    assert rows_read(nodes(connection, compiled.view("v").query), "visits") < 70_000
