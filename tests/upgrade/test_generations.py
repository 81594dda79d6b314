"""What whoever changes the runtime must not forget, and what an upgrade goes by."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from mvc.engines.postgres.runtime import FILES, declared_routines, own_tables, runtime_sql, runtime_version
from mvc.engines.postgres.runtime.generations import GENERATION, step_text
from mvc.engines.postgres.server.apply import apply
from servers import NEWEST, Servers, new_database

from .projects import ROLES, SCHEMA
from .restored import STATES, create_roles, project_of

TEXTS = {name: files("mvc.engines.postgres.runtime").joinpath(name).read_text(encoding="utf-8") for name in FILES}
HELPERS = """SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace(quote_ident(%(name)s)) AND p.proname IN (
    'generation', 'has_head', 'make_way', 'mend_tables', 'lock_views', 'views_aside', 'renew_view', 'is_view', 'renew_views', 'bring_views_back',
    'dependents', 'expect_inert', 'creation_of', 'dressing_of', 'dress')"""  # what does the upgrade goes first, whatever it is
RECORDED = sorted(STATES)
FORGOTTEN = "the runtime differs from the one that was recorded last: raise GENERATION in engines/postgres/runtime/generations.py (CONTRIBUTING, `A change of the runtime`)"


def test_a_runtime_that_differs_has_a_generation_of_its_own() -> None:
    recorded = re.search(r"INSERT INTO mvc\.installation .*?VALUES\s+\('(\w+)'", STATES[RECORDED[-1]].read_text())
    assert recorded
    assert RECORDED[-1] + (recorded[1] != runtime_version()) == GENERATION, FORGOTTEN


def test_every_generation_was_recorded_and_has_a_step() -> None:
    assert RECORDED in (list(range(1, GENERATION)), list(range(1, GENERATION + 1)))
    assert all(re.match(r"-- \S.*\.\n", step_text(number)) for number in range(2, GENERATION + 1))


@pytest.mark.parametrize("name", FILES)
def test_no_row_is_written_by_the_order_of_columns(name: str) -> None:
    """A column that an upgrade adds is the last one; where a table is made anew, it need not be."""
    assert re.findall(r"INSERT INTO \{schema\}\.\w+(?: AS \w+)?\s+(?:VALUES|SELECT|TABLE)\b.*", TEXTS[name]) == []


def test_the_declared_heads_are_those_of_the_server(servers: Servers) -> None:
    """One that was misread would be dropped and made again by each upgrade, with all that depends on it."""
    with new_database(servers.get(NEWEST), bare=True) as database:
        create_roles(database, ROLES)
        connection = database.connect()
        connection.execute(SCHEMA)
        apply(connection, project_of(2))
        declared = json.dumps([routine.as_json("mvc") for routine in declared_routines()])
        found = connection.execute(
            """SELECT p.proname::text FROM pg_proc AS p WHERE p.pronamespace = 'mvc'::regnamespace AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(%s::jsonb) AS d WHERE d ->> 'name' = p.proname AND mvc.has_head(p.oid, d))""",
            (declared,),
        ).fetchall()
        [(routines,)] = connection.execute(
            "SELECT count(*) FROM pg_proc WHERE pronamespace = 'mvc'::regnamespace"
        ).fetchall()
    assert found == []
    assert routines == len(declared_routines())


@pytest.mark.parametrize("name", ["mvc", "o'dd", 'My "own" $$ home', "a.b\\c"])
def test_what_is_the_same_is_not_made_anew(servers: Servers, name: str) -> None:
    """Whatever the stored schema is called: functions and views stay the objects that they are."""
    query = """SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace(quote_ident(%(name)s)) UNION ALL
        SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace(quote_ident(%(name)s)) ORDER BY 1"""
    with new_database(servers.get(NEWEST), bare=True) as database:
        connection = database.connect()
        before: list[object] = []
        for _ in range(2):
            with connection.transaction():
                connection.execute("SET LOCAL check_function_bodies = off")
                for statement in runtime_sql(name):
                    connection.execute(statement.encode())
            found = connection.execute(query, {"name": name}).fetchall()
            assert len(found) > len(declared_routines())
            helpers = connection.execute(HELPERS, {"name": name}).fetchall()
            found = [oid for oid in found if oid not in helpers]
            assert found == (before or found)
            before = found


def test_a_recorded_state_tells_nothing_of_where_it_was_made() -> None:
    for path in STATES.values():
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"/(?:home|root|tmp|work)/", text) == []
        assert len(text) < 520_000
    assert "installation" in own_tables()
