"""The real views that are said in the language, with their tables: what the tests and `compare.py` run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import psycopg

import mvc
from mvc import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.refresh import refresh
from mvc.quoting import identifier, qualified

HERE: Final = Path(__file__).parent
NUMBERS: Final = sorted(path.stem for path in (HERE / "said").glob("[0-9][0-9].yml"))


def tables_text(number: str) -> str:
    """The DDL of the tables that the view reads."""
    return (HERE / "tables" / f"{number}.sql").read_text(encoding="utf-8")


def by_hand_text(number: str) -> str:
    """A query for the same question, written from its meaning alone."""
    return (HERE / "by_hand" / f"{number}.sql").read_text(encoding="utf-8")


def name_of(number: str) -> str:
    """The name of the view itself, not of those that it reads (`NN_*.yml`)."""
    return (HERE / "said" / f"{number}.yml").read_text(encoding="utf-8").splitlines()[0].removeprefix("view: ")


def files_of(number: str) -> dict[str, str]:
    """The project of the view, those that it reads included."""
    views = {f"views/{path.name}": path.read_text(encoding="utf-8") for path in (HERE / "said").glob(f"{number}*.yml")}
    return {"mvc.yml": "project: real\ncatalog: schema.sql\n", "schema.sql": tables_text(number), **views}


def deploy(connection: psycopg.Connection[Any], number: str) -> Compiled:
    """Create the tables and the views; no rows are in them."""
    compiled = mvc.compile(mvc.load(files_of(number)))
    connection.execute("SET timezone = 'UTC'")
    connection.execute(tables_text(number).encode())
    apply(connection, compiled)
    return compiled


def refreshed(connection: psycopg.Connection[Any], compiled: Compiled) -> None:
    """Refresh all views; fails with the reason where one is not refreshed."""
    failed = [f"{done.view}: {done.reason}" for done in refresh(connection, compiled) if done.status != "completed"]
    assert not failed, failed


def size(connection: psycopg.Connection[Any], view: CompiledView) -> int:
    """How many rows the view has."""
    row = connection.execute(f"SELECT count(*) FROM {qualified(view.schema, view.name)}".encode()).fetchone()
    return int(row[0]) if row else 0


def differences(connection: psycopg.Connection[Any], view: CompiledView, query: str) -> list[str]:
    """What differs between the view and a query: names and types of columns, else rows of one that the other has not, as often as they are
    missing.
    """
    name = qualified(view.schema, view.name)
    said, other = _columns(connection, f"SELECT * FROM {name}"), _columns(connection, query)
    if said != other:
        return [f"columns: {sorted(said.items() ^ other.items())}"]
    columns = ", ".join(map(identifier, said))
    one, two = f"SELECT {columns} FROM {name}", f"SELECT {columns} FROM ({query}) AS other"
    missing = f"""
    SELECT 'only said', to_jsonb(a) FROM ({one} EXCEPT ALL {two}) AS a
    UNION ALL SELECT 'only there', to_jsonb(b) FROM ({two} EXCEPT ALL {one}) AS b
    """
    return [f"{side}: {row}" for side, row in connection.execute(missing.encode())]


def _columns(connection: psycopg.Connection[Any], query: str) -> dict[str, int]:
    """The type of each column of a query, by name."""
    described = connection.execute(f"SELECT * FROM ({query}) AS described LIMIT 0".encode()).description
    return {column.name: column.type_code for column in described or ()}
