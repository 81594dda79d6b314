"""Two projects in one stored schema leave each other alone; and what else a review found."""

from __future__ import annotations

from typing import Any

import pytest

from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import rollback
from servers import NEWEST, Database, Servers

from .projects import ANYTHING, SCHEMA, assert_settled, compiled, create_roles, deploy, rows_of, shop

Spec = dict[str, Any]


def project(name: str, view: str, function: str = "sum", **settings: Any) -> Compiled:
    spec: Spec = {
        "view": view,
        "sources": {"c": {"table": "customers"}, "o": {"table": "orders", "on": "o.customer_id = c.id"}},
        "dimensions": {"id": "c.id"},
        "aggregates": {"total": {function: "o.amount"}},
    }
    policy = {"policy": "p", "view": view, "to": ["dm_reader"], "using": "id > 10"}
    return compiled(
        {
            "mvc.yml": {"project": name, "catalog": "schema.sql", "timezone": "UTC", **settings},
            "schema.sql": SCHEMA,
            "views/v.yml": spec,
            "policies/p.yml": {"policies": [policy]},
        }
    )


@pytest.fixture
def database(servers: Servers):
    with shop(servers.get(NEWEST)) as found:
        yield found


@pytest.fixture
def bare(servers: Servers):
    with shop(servers.get(NEWEST), bare=True) as found:
        yield found


def test_two_projects_in_one_stored_schema(database: Database) -> None:
    connection = database.connect()
    one, other = project("a", "va", refresh_roles=["dm_bob"]), project("b", "vb", refresh_roles=["dm_carol"])
    deploy(connection, one)
    deploy(connection, other)
    assert_settled(connection, one)
    may = "SELECT has_schema_privilege('dm_bob', 'mvc', 'USAGE'), has_schema_privilege('dm_carol', 'mvc', 'USAGE')"
    assert connection.execute(may).fetchone() == (True, True)
    deploy(connection, project("a", "va", "max", refresh_roles=["dm_bob"]))
    before = rows_of(connection, other)
    deploy(connection, project("b", "vb", "min"))
    assert connection.execute(may).fetchone() == (True, False)
    rollback(connection, one)
    assert_settled(connection, one)
    rollback(connection, other, ApplyOptions(ANYTHING))
    assert_settled(connection, other)
    assert rows_of(connection, other) == before
    assert connection.execute(may).fetchone() == (True, True)
    assert plan(connection, one).empty


PLANTED = (
    """CREATE FUNCTION mvc.refresh_stored(stored_name text, timezone text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
      EXECUTE 'RESET ROLE'; EXECUTE 'ALTER ROLE dp_mallory SUPERUSER'; EXECUTE 'SET LOCAL ROLE dp_mallory';
      RETURN mvc.refresh_stored(stored_name::name, timezone::text); END $$""",
    """CREATE FUNCTION mvc.evil() RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE dp_mallory SUPERUSER'; RETURN ''; END $$;
       CREATE VIEW mvc.installation AS SELECT mvc.evil() AS runtime, mvc.evil() AS functions""",
)


@pytest.mark.parametrize("planted", PLANTED, ids=["a function", "a ledger"])
def test_a_superuser_runs_nothing_that_a_stranger_planted_in_the_stored_schema(bare: Database, planted: str) -> None:
    connection = bare.connect()
    create_roles(connection, ["dp_mallory"])
    grants = f"GRANT CREATE ON DATABASE {bare.name} TO dp_mallory; GRANT ALL ON SCHEMA public TO dp_mallory"
    connection.execute(f"{grants}; GRANT SELECT ON customers, orders TO dp_mallory".encode())
    connection.execute(
        f"SET SESSION AUTHORIZATION dp_mallory; CREATE SCHEMA mvc; {planted}; RESET SESSION AUTHORIZATION".encode()
    )
    try:
        for attempt in (plan, deploy, rollback, refresh):
            with pytest.raises(ServerError, match="could run anything as the superuser"):
                attempt(connection, project("a", "va"))
        role = "SELECT rolsuper FROM pg_roles WHERE rolname = 'dp_mallory'"
        assert connection.execute(role).fetchone() == (False,)
    finally:
        connection.execute("ALTER ROLE dp_mallory NOSUPERUSER; DROP OWNED BY dp_mallory CASCADE")


def test_what_is_deployed_is_read_in_a_transaction_that_can_only_read(database: Database) -> None:
    connection = database.connect()
    deploy(connection, project("a", "va"))
    with connection.transaction():
        observe(connection, project("a", "va"))
        connection.execute("CREATE TABLE public.afterwards ()")
    connection.execute("CREATE TABLE public.written (id int)")
    connection.execute("""CREATE OR REPLACE FUNCTION mvc.proven_for(stored_name name) RETURNS jsonb LANGUAGE sql
        AS $$ INSERT INTO public.written VALUES (1) RETURNING '[]'::jsonb $$""")
    with pytest.raises(ServerError, match="read-only transaction"):
        observe(connection, project("a", "va"))
