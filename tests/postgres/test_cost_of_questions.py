"""What is asked of the catalogs at each deployment costs little, however much others have in the same database."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from mvc.engines.postgres.server.owner import STRANGE
from servers import Database, newest, on_major

OTHERS = 200  # tables of another role
JIT_ABOVE = 100_000  # jit_above_cost, as servers have it: compiling takes 30 ms each time


def explained(connection: psycopg.Connection[Any], query: str, *options: str) -> Any:
    """The plan of a query, and what running it took."""
    listed = ", ".join(("FORMAT JSON", *options))
    [(found,)] = connection.execute(f"EXPLAIN ({listed}) {query}".encode()).fetchall()
    return (found if isinstance(found, list) else json.loads(found))[0]["Plan"]


@newest
def test_objects_of_others_elsewhere_are_not_compared_with_each_of_ours(database: Database) -> None:
    connection = database.connect()
    connection.execute(f"CREATE ROLE keeper_{database.name}; CREATE ROLE other_{database.name}")
    connection.execute(
        f"""CREATE SCHEMA app AUTHORIZATION other_{database.name}; SET ROLE other_{database.name};
        DO $$ BEGIN FOR i IN 1..{OTHERS} LOOP EXECUTE format('CREATE TABLE app.t%s ()', i); END LOOP; END $$;
        RESET ROLE; ALTER SCHEMA mvc OWNER TO keeper_{database.name}"""
    )
    try:
        query = f"SELECT {STRANGE} FROM pg_namespace AS n WHERE n.nspname = 'mvc'"
        read = explained(connection, query, "ANALYZE", "BUFFERS")["Shared Hit Blocks"]
        assert read < OTHERS  # 22; each of theirs compared with ours: 2,622
    finally:
        connection.execute(
            f"""ALTER SCHEMA mvc OWNER TO CURRENT_USER; DROP OWNED BY other_{database.name} CASCADE;
            DROP ROLE keeper_{database.name}, other_{database.name}"""
        )


@on_major(15)
def test_what_a_deployment_made_is_listed_without_being_compiled_to_machine_code(database: Database) -> None:
    connection = database.connect()
    [(listed,)] = connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'made_relations'").fetchall()
    connection.execute("SET search_path = pg_catalog, pg_temp")
    assert explained(connection, listed)["Total Cost"] < JIT_ABOVE
