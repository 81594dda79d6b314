"""What somebody has put into the stored schema before the first deployment: none of it is read, called or built upon."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from deployment.test_constants import stranger
from deployment.test_trust import ANYTHING, project, seen, shop
from mvc.postgres.apply import apply, plan
from mvc.postgres.errors import ServerError
from mvc.postgres.refresh import refresh
from mvc.postgres.status import status
from servers import Database

__all__ = ["shop"]

Connection = psycopg.Connection[Any]
OPENED = "DROP SCHEMA IF EXISTS mvc CASCADE; CREATE SCHEMA mvc; GRANT ALL ON SCHEMA mvc TO PUBLIC"
LEDGER = (
    "CREATE VIEW mvc.installation AS SELECT 'x'::text AS runtime, 'y'::text AS functions, public.heard(6) AS generation, 'c'::text AS compiler;"
    " GRANT ALL ON ALL TABLES IN SCHEMA mvc TO PUBLIC"
)
PLANTED = {
    "a view in the place of the ledger": LEDGER,
    "a table with a default": "CREATE TABLE mvc.turn (work text PRIMARY KEY, x int DEFAULT public.heard(1))",
    "a log with a default": "CREATE TABLE mvc.unknown_change (log name, at xid8, why text, earlier boolean, x int DEFAULT public.heard(1))",
    "a better match": "CREATE FUNCTION mvc.printed(named varchar) RETURNS text LANGUAGE sql AS $$ SELECT public.heard(1)::text $$",
    "a type": "CREATE DOMAIN mvc.jsonb AS pg_catalog.jsonb CHECK (public.heard(1) = 1)",
}
HEARD = """
CREATE FUNCTION public.heard(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
  IF current_user <> 'tt_owner' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; RETURN $1; END $$"""


def said_by(connection: Connection) -> list[str]:
    """What each command says of it."""
    found = []
    for command in (
        lambda: plan(connection, project()),
        lambda: apply(connection, project(), terms=ANYTHING),
        lambda: status(connection, project()),
        lambda: refresh(connection, project(), ["v"]),
    ):
        with pytest.raises((ServerError, psycopg.Error)) as problem:
            command()
        found.append(str(problem.value))
    return found


def test_in_a_schema_that_was_open_to_others(shop: Database):
    mean, own = stranger(shop), shop.connect()
    mean.execute(HEARD)
    for what, statements in PLANTED.items():
        own.execute(OPENED)
        mean.execute(statements.encode())
        with pytest.raises(
            ServerError, match=r"the schema mvc (is to be its owner's|must be the owner's) alone.*tt_owner"
        ):
            apply(own, project(), terms=ANYTHING)
        if what == "a view in the place of the ledger":
            for said in said_by(own):
                assert "in it is the view mvc.installation of the role tt_owner" in said
    assert seen(shop) == []


def test_a_schema_that_is_still_open_is_refused_before_anything_is_there(shop: Database):
    own = shop.connect()
    own.execute(OPENED)
    with pytest.raises(ServerError, match="before anything is installed there: anybody may create something in it"):
        apply(own, project(), terms=ANYTHING)
    own.execute("REVOKE ALL ON SCHEMA mvc FROM PUBLIC")
    apply(own, project(), terms=ANYTHING)
    assert plan(own, project()).empty


def test_in_a_schema_of_their_own_that_has_the_name(shop: Database):
    """Who deploys as an ordinary role must not read a stranger's views either."""
    mean, own = stranger(shop), shop.connect()
    own.execute(f"DROP SCHEMA IF EXISTS mvc CASCADE; GRANT CREATE ON DATABASE {shop.name} TO tt_app, tt_owner".encode())
    mean.execute(f"{HEARD}; CREATE SCHEMA mvc; GRANT ALL ON SCHEMA mvc TO PUBLIC; {LEDGER}".encode())
    deployer = shop.connect(user="tt_app")
    for command in (lambda: plan(deployer, project()), lambda: apply(deployer, project(), terms=ANYTHING)):
        with pytest.raises(ServerError, match="the schema mvc belongs to the role tt_owner"):
            command()
