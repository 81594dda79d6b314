"""What somebody has put into the stored schema before the first deployment: none of it is read, called or built upon."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from deployment.test_constants import stranger
from deployment.test_trust import ANYTHING, project, seen, shop
from mvc.engines.postgres.server import lock, partitions
from mvc.engines.postgres.server import refresh as refreshing
from mvc.engines.postgres.server.apply import apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.lock import contender
from mvc.engines.postgres.server.partitions import due_partitions
from mvc.engines.postgres.server.prune import leftovers
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import plan_rollback
from mvc.engines.postgres.server.schedule_runs import run_due
from mvc.engines.postgres.server.status import status
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
        lambda: apply(connection, project(), options=ANYTHING),
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
            apply(own, project(), options=ANYTHING)
        if what == "a view in the place of the ledger":
            for said in said_by(own):
                assert "in it is the view mvc.installation of the role tt_owner" in said
    assert seen(shop) == []


def test_a_schema_that_is_still_open_is_refused_before_anything_is_there(shop: Database):
    own = shop.connect()
    own.execute(OPENED)
    with pytest.raises(ServerError, match="before anything is installed there: anybody may create something in it"):
        apply(own, project(), options=ANYTHING)
    own.execute("REVOKE ALL ON SCHEMA mvc FROM PUBLIC")
    apply(own, project(), options=ANYTHING)
    assert plan(own, project()).empty


def test_in_a_schema_of_their_own_that_has_the_name(shop: Database):
    """Who deploys as an ordinary role must not read a stranger's views either."""
    mean, own = stranger(shop), shop.connect()
    own.execute(f"DROP SCHEMA IF EXISTS mvc CASCADE; GRANT CREATE ON DATABASE {shop.name} TO tt_app, tt_owner".encode())
    mean.execute(f"{HEARD}; CREATE SCHEMA mvc; GRANT ALL ON SCHEMA mvc TO PUBLIC; {LEDGER}".encode())
    deployer = shop.connect(user="tt_app")
    for command in (lambda: plan(deployer, project()), lambda: apply(deployer, project(), options=ANYTHING)):
        with pytest.raises(ServerError, match="the schema mvc belongs to the role tt_owner"):
            command()


def leads(connection: Connection) -> bool:
    with contender(connection, project()) as worker:
        return worker.leads()


GUESTS = {
    "status": lambda it: status(it, project()),
    "refresh": lambda it: refresh(it, project(), ["v"]),
    "due": lambda it: list(run_due(it, project())),
    "run": leads,
    "partitions": lambda it: due_partitions(it, project()),
    "prune": lambda it: leftovers(it, project()),
    "rollback": lambda it: plan_rollback(it, project()),
}
OWN_SCHEMA = f"""{HEARD}; CREATE SCHEMA mvc; GRANT ALL ON SCHEMA mvc TO PUBLIC; {LEDGER};
CREATE FUNCTION mvc.lead(project text) RETURNS bool LANGUAGE sql AS 'SELECT public.heard(1) = 1';
CREATE PROCEDURE mvc.committed(what text, said jsonb, INOUT answer jsonb) LANGUAGE plpgsql AS 'BEGIN answer := to_jsonb(public.heard(1)); END';
CREATE TABLE mvc.deployed_view (project text); INSERT INTO mvc.deployed_view VALUES ('shops')"""


@pytest.mark.parametrize("user", ["tt_app", "postgres"])
def test_who_only_looks_or_refreshes_meets_it_neither(shop: Database, user: str):
    """Before the first deployment, or where somebody has named another database."""
    mean, own = stranger(shop), shop.connect()
    own.execute(f"DROP SCHEMA IF EXISTS mvc CASCADE; GRANT CREATE ON DATABASE {shop.name} TO tt_owner".encode())
    mean.execute(OWN_SCHEMA)
    for name, command in GUESTS.items():
        with pytest.raises(ServerError, match=f"belongs to the role tt_owner, which could run anything as .*{user}"):
            command(shop.connect(user=user))
            pytest.fail(name)


def test_whom_the_project_names_may_be_met(shop: Database):
    own = shop.connect()
    own.execute(f"DROP SCHEMA IF EXISTS mvc CASCADE; GRANT CREATE ON DATABASE {shop.name} TO tt_owner".encode())
    known = project(
        **{"mvc.yml": "project: shops\ncatalog: s.sql\nmonitor_roles: [tt_app]\ntrusted_roles: [tt_owner]\n"}
    )
    apply(shop.connect(user="tt_owner"), known, options=ANYTHING)
    assert [view.view for view in status(shop.connect(user="tt_app"), known).views] == ["v"]
    with pytest.raises(ServerError, match="could run anything as tt_app") as problem:
        status(shop.connect(user="tt_app"), project())
    assert "trusted_roles: [tt_owner]" in problem.value.hint
    own.execute(f"ALTER DATABASE {shop.name} OWNER TO tt_owner".encode())
    assert [view.view for view in status(shop.connect(user="tt_app"), project()).views] == ["v"]


@pytest.mark.parametrize(("module", "name"), [(refreshing, "refresh"), (lock, "run"), (partitions, "partitions")])
def test_nor_what_is_made_right_after_they_looked(
    shop: Database, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
):
    mean, own = stranger(shop), shop.connect()
    own.execute(f"DROP SCHEMA IF EXISTS mvc CASCADE; GRANT CREATE ON DATABASE {shop.name} TO tt_owner".encode())
    look = module.standing

    def looks(connection: Connection, stored: str) -> Any:
        found = look(connection, stored)
        mean.execute(OWN_SCHEMA)
        return found

    monkeypatch.setattr(module, "standing", looks)
    try:
        GUESTS[name](own)
    except ServerError as problem:
        assert "nothing of this project is deployed here" in str(problem)
    assert own.execute("SELECT to_regclass('mvc.installation') IS NOT NULL").fetchone() == (True,)


def test_a_superuser_is_no_member_because_somebody_else_says_so(shop: Database):
    mean, own = stranger(shop), shop.connect()
    own.execute(f"DROP SCHEMA IF EXISTS mvc CASCADE; GRANT CREATE ON DATABASE {shop.name} TO tt_owner".encode())
    own.execute("CREATE ROLE tt_maker CREATEROLE")
    try:
        own.execute("SET ROLE tt_maker; CREATE ROLE tt_made; GRANT tt_made TO postgres; RESET ROLE")
        own.execute(
            f"GRANT CREATE ON DATABASE {shop.name} TO tt_made; GRANT CREATE, USAGE ON SCHEMA public TO tt_made".encode()
        )
        mean.execute(HEARD)
        own.execute(
            f"SET SESSION AUTHORIZATION tt_made; CREATE SCHEMA mvc; {LEDGER}; RESET SESSION AUTHORIZATION".encode()
        )
        for command in (
            lambda: plan(own, project()),
            lambda: status(own, project()),
            lambda: refresh(own, project(), ["v"]),
        ):
            with pytest.raises(
                ServerError,
                match="the schema mvc belongs to the role tt_made, which could run anything as the superuser",
            ):
                command()
        own.execute(
            "REVOKE tt_made FROM postgres GRANTED BY tt_maker" if shop.major > 15 else "REVOKE tt_made FROM postgres"
        )
        own.execute(
            "DROP SCHEMA mvc CASCADE; SET SESSION AUTHORIZATION tt_made; CREATE SCHEMA mvc; RESET SESSION AUTHORIZATION; GRANT tt_made TO postgres"
        )
        assert plan(own, project()).prepare
    finally:
        own.execute(
            "DROP OWNED BY tt_made CASCADE; DROP ROLE tt_made; DROP OWNED BY tt_maker CASCADE; DROP ROLE tt_maker"
        )


def test_a_membership_that_gives_nothing_is_no_trust(shop: Database):
    if shop.major < 16:
        pytest.skip("every membership gives the role's name until PostgreSQL 15")
    own = shop.connect()
    own.execute(
        f"DROP SCHEMA IF EXISTS mvc CASCADE; CREATE ROLE tt_deploys LOGIN; GRANT CREATE ON DATABASE {shop.name} TO tt_deploys;"
        " GRANT SELECT ON sale TO tt_deploys; GRANT CREATE, USAGE ON SCHEMA public TO tt_deploys".encode()
    )
    try:
        deployer = shop.connect(user="tt_deploys")
        own.execute("GRANT tt_deploys TO tt_owner WITH SET FALSE, INHERIT FALSE")
        for _ in range(2):
            with pytest.raises(ServerError, match=r"tt_owner.*foreign-code"):
                apply(deployer, project())
        own.execute("GRANT tt_deploys TO tt_owner WITH SET TRUE")
        apply(deployer, project())
        own.execute("GRANT tt_deploys TO tt_owner WITH SET FALSE")
        assert [item.status for item in refresh(deployer, project(), ["v"])] == ["failed"]
    finally:
        own.execute("REVOKE tt_deploys FROM tt_owner; DROP OWNED BY tt_deploys CASCADE; DROP ROLE tt_deploys")


def test_a_schema_of_the_path_that_others_may_make(shop: Database):
    mean, own = stranger(shop), shop.connect()
    own.execute(
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON DATABASE {shop.name} TO tt_owner".encode()
    )
    later = project(
        "SELECT s.shop, count(*) FILTER (WHERE s.shop = ANY ('{a,b}')) AS n FROM sale AS s GROUP BY s.shop",
        **{"mvc.yml": "project: shops\ncatalog: s.sql\nsearch_path: [public, Later]\n"},
    )
    with pytest.raises(
        ServerError, match='the role tt_owner may create the schema "Later" of the search path, which is not there'
    ) as problem:
        apply(own, later, options=ANYTHING)
    assert 'CREATE SCHEMA "Later"' in problem.value.hint
    own.execute('CREATE SCHEMA "Later"')
    apply(own, later, options=ANYTHING)
    mean.close()
