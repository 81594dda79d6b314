"""A view of a project over tables of the test's own, as its query, and what a server answers to it."""

from __future__ import annotations

from typing import Any

import mvc
from servers import Database

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, score int NOT NULL);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, amount numeric(12,2), note text, tags text[] NOT NULL,
    placed_at timestamptz NOT NULL
);
"""
ROWS = """
INSERT INTO customers SELECT n, 'customer ' || n, n * 7 FROM generate_series(1, 9) AS n;
INSERT INTO orders
SELECT n, 1 + n % 8, CASE WHEN n % 11 > 0 THEN (n * 37) % 100 / 4.0 END, CASE WHEN n % 3 > 0 THEN 'note ' || n % 5 END,
    (ARRAY['a', 'b', 'c'])[1 : n % 4], timestamptz '2026-01-01' + n * interval '7 hours'
FROM generate_series(1, 200) AS n WHERE 1 + n % 8 <> 7 OR n % 3 = 0;
"""


def compiled(view: str, ddl: str = SHOP, **files: str) -> mvc.Compiled:
    """The project of one view; of `files`, `measures__m` is `measures/m.yml`, and `mvc` more settings."""
    more = {f"{path.replace('__', '/')}.yml": text for path, text in files.items() if path != "mvc"}
    settings = f"catalog: schema.sql\n{files.get('mvc', '')}"
    return mvc.compile(mvc.load({"mvc.yml": settings, "schema.sql": ddl, "views/v.yml": view, **more}))


def answer(database: Database, query: str, setup: str) -> list[tuple[Any, ...]]:
    """The rows of a query in an order of their texts, after a setup that is taken back."""
    with database.connect() as connection:
        connection.execute("BEGIN")
        connection.execute(setup.encode())
        rows = connection.execute(query.encode()).fetchall()
        connection.execute("ROLLBACK")
    return sorted(rows, key=str)
