"""docs/base-tables.md: each recipe is run as it stands there, but for the names of the tables, and each statement for another tool does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.around import around
from servers import NEWEST, ROOT, Database, Servers, new_database

from .base_changes import BASE, compiled, edited
from .test_around import CHANGES, READ_AMT, READS, TERMS, deployed, settled, watching

Connection = psycopg.Connection[Any]
PAGE = (ROOT / "docs" / "base-tables.md").read_text(encoding="utf-8")
OURS = {"orders": "t", "members": "m", "region": "k", "amount": "amt", "login": "who"}
RENAMED = edited(("s.sql", "TABLE m ", "TABLE colleagues "), ("policies/p.yml", "FROM m ", "FROM colleagues AS m "))
AFTER = {
    "Add a column": ["a column added and read"],
    "Drop a column": ["a column dropped that nothing reads", "a column dropped that views read"],
    "Retype a column": ["a column retyped"],
    "Retype a column that a rule reads": ["a column that a rule reads retyped"],
    "Rename a column": ["a column renamed"],
    "Rename a table": [RENAMED],
    "Split a table": ["a table split"],
    "Swap a table": ["a table swapped"],
    "Attach a partition": ["a table made the first partition"],
    "Drop a table": ["a table dropped with its view"],
}


def ours(text: str) -> str:
    """The page's SQL with the names of the tests' tables."""
    for theirs, name in OURS.items():
        text = re.sub(rf"(?<![a-z]){theirs}(?=_|\b)", name, text)
    return text


def recipes() -> dict[str, list[str]]:
    part = PAGE.partition("## Recipes")[2].partition("\n## ")[0]
    sections = re.split(r"^### ", part, flags=re.MULTILINE)[1:]
    return {text.partition("\n")[0]: re.findall(r"```sql\n(.*?)```", text, re.DOTALL) for text in sections}


def statements_for_tools() -> set[str]:
    part = PAGE.partition("## Other tools")[2].partition("\n## ")[0]
    return set(re.findall(r"SELECT mvc\.release\([^\n]*?\]::name\[\]\)", part))


@pytest.fixture
def database(servers: Servers) -> Iterator[Database]:
    server = servers.get(NEWEST)
    with new_database(server, servers.template(server, "base_changes", deployed)) as created:
        apply(created.connect(), compiled(BASE), options=TERMS)
        yield created


def test_every_recipe_is_one_that_is_tried():
    assert {name: len(found) for name, found in recipes().items()} == {
        name: len(found) for name, found in AFTER.items()
    }


@pytest.mark.parametrize(
    ("name", "place"), [(name, place) for name, found in AFTER.items() for place in range(len(found))]
)
def test_recipe(database: Database, name: str, place: int):
    connection, after = database.connect(), AFTER[name][place]
    project = CHANGES[after].project if isinstance(after, str) else compiled(after)
    expected = CHANGES[after] if isinstance(after, str) else None
    with watching(database, READS, "UPDATE t SET day = day WHERE id = 7 RETURNING 1") as seen:
        done = around(connection, project, ours(recipes()[name][place]), TERMS)
    assert seen.faults == []
    if expected:
        assert {view.name for view in done.released.views if view.rows != "refreshed"} == expected.released
        assert {view.name for view in done.released.views if view.closed} == expected.closed
    settled(connection, project)


def test_the_statement_for_other_tools(database: Database):
    (statement,) = statements_for_tools()
    connection = database.connect()
    with watching(database, READS, "UPDATE t SET day = day WHERE id = 7 RETURNING 1") as seen:
        found = connection.execute(ours(statement).encode()).fetchall()
        connection.execute(b"ALTER TABLE t ALTER amt TYPE bigint")
        apply(connection, CHANGES["a column retyped"].project, options=TERMS)
    assert seen.faults == []
    assert {row[0] for row in found} == {f"public.{view}" for view in READ_AMT}
    settled(connection, CHANGES["a column retyped"].project)
