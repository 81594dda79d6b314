"""What is said of the types of an expression without a server is what a server says."""

from __future__ import annotations

import psycopg
import pytest

from mvc.catalog.ddl import read_ddl
from mvc.catalog.types import Catalog
from mvc.inference.infer import Inferred, infer_value
from mvc.inference.world import World
from mvc.sql.parser import parse
from servers import Database, newest

from .expressions import RIGHT, TABLE, WRONG, listed


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_ddl({"schema.sql": TABLE})[0]


def columns(text: str) -> dict[int, str]:
    """The names in a text, by offset."""
    found: dict[int, str] = {}
    for statement in parse(f"SELECT ({text}\n)") or ():
        waiting: list[object] = [statement.node]
        while waiting:
            item = waiting.pop()
            if isinstance(item, dict) and "ColumnRef" in item:
                last = item["ColumnRef"]["fields"][-1]
                found[item["ColumnRef"]["location"] - 8] = last.get("String", {}).get("sval", "")
            waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return found


def infer(text: str, catalog: Catalog) -> Inferred:
    table = catalog.by_name["public", "t"]
    types = {at: column.type for at, name in columns(text).items() if (column := table.column(name))}
    return infer_value(text, types, World(catalog, version=18))


@pytest.mark.parametrize("text", listed(RIGHT))
def test_what_is_right_gets_no_error(text: str, catalog: Catalog) -> None:
    assert [item for item in infer(text, catalog).problems if item.severity == "error"] == []


@pytest.mark.parametrize("text", listed(WRONG))
def test_what_is_wrong_gets_an_error(text: str, catalog: Catalog) -> None:
    found = [item for item in infer(text, catalog).problems if item.severity == "error"]
    assert found
    assert all(0 <= item.start < item.end <= len(text) and item.help for item in found)


@newest
def test_the_lists_are_what_a_server_says(database: Database, catalog: Catalog) -> None:
    connection = database.connect()
    connection.execute(TABLE.encode())
    for text, is_right in [*((text, True) for text in listed(RIGHT)), *((text, False) for text in listed(WRONG))]:
        try:
            with connection.transaction():
                connection.execute(f"EXPLAIN SELECT {text} FROM t".encode())
                said = connection.execute(
                    f"SELECT pg_typeof(x)::text FROM (SELECT ({text}) AS x FROM t LIMIT 0) y".encode()
                )
        except psycopg.Error as problem:
            assert not is_right, (text, problem)
            continue
        assert is_right, text
        assert said.description


def test_no_node_is_asked_twice_however_deep_it_stands(catalog: Catalog) -> None:
    text = "json_query(" * 40 + "jb" + ", '$.a')" * 40
    assert infer(text, catalog).problems == ()
