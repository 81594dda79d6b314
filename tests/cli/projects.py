"""Projects that the command is tried on, and what a run of it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from servers import Database


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def create_shop(database: Database, folder: Path) -> psycopg.Connection[Any]:
    """The shop's base tables with an order, and its role."""
    connection = database.connect()
    connection.execute((folder / "schema" / "shop.sql").read_text(encoding="utf-8"))
    connection.execute("DO $$ BEGIN CREATE ROLE shop_staff; EXCEPTION WHEN duplicate_object THEN END $$")
    connection.execute("INSERT INTO customers VALUES (1, 'NO')")
    connection.execute("INSERT INTO orders VALUES (1, 1, '2024-05-01 12:00+00', 'paid')")
    connection.execute("INSERT INTO order_lines VALUES (1, 1, 2, 10), (1, 2, 1, 5)")
    return connection


CHAIN = {
    "mvc.yml": "catalog: schema.sql\n",
    "schema.sql": "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);\n",
    "schedules/all.yml": "schedules: [{schedule: all, refresh: all, every: '0 * * * *'}]\n",
    "views/a.yml": "view: a\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {x: {max: 10 / t.n}}\n",
    "views/b.yml": "view: b\nsources: {a: {view: a}}\ndimensions: {id: a.id}\naggregates: {x: {max: a.x}}\n",
    "views/c.yml": "view: c\nsources: {b: {view: b}}\ndimensions: {id: b.id}\naggregates: {x: {max: b.x}}\n",
    "views/d.yml": "view: d\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {max: t.n}}\n",
}
