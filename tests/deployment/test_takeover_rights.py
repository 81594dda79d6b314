"""Who may take over what somebody else made by hand: the rights of roles that are no superusers, and what such a maker could plant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import Hazard
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.rollback import rollback
from servers import Database, Servers, new_database

from .projects import MAJORS, Connection, assert_settled, dump

ROLES = ("tk_deployer", "tk_app", "tk_reader")
VIEW = "view: v\nsources: {o: {table: o}}\ndimensions: {day: o.day}\naggregates: {n: {sum: o.n}}\n"
SCHEMA = "CREATE TABLE o (id int PRIMARY KEY, day date NOT NULL, n int NOT NULL);"
TABLE = f"""{SCHEMA} INSERT INTO o SELECT g, date '2024-01-01' + g % 5, g FROM generate_series(1, 20) AS g;
ALTER TABLE o OWNER TO tk_deployer; GRANT SELECT ON o TO tk_app; GRANT CREATE ON SCHEMA public TO tk_app, tk_deployer"""
HAND = "SELECT day, sum(n) AS n FROM public.o GROUP BY day"


def project(settings: str = "") -> Compiled:
    files = {"mvc.yml": f"project: shop\ncatalog: s.sql\n{settings}", "s.sql": SCHEMA, "views/v.yml": VIEW}
    return mvc.compile(mvc.load(files))


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param), bare=True) as database:
        admin = database.connect()
        for role in ROLES:
            with suppress(psycopg.errors.DuplicateObject):
                admin.execute(f"CREATE ROLE {role} LOGIN")
        admin.execute(f"{TABLE}; GRANT CREATE ON DATABASE {database.name} TO tk_deployer")
        yield database
        admin.execute("REVOKE tk_app FROM tk_deployer")


def deployer(database: Database) -> Connection:
    return database.connect(user="tk_deployer")


def made_by_app(admin: Connection, kind: str = "MATERIALIZED VIEW", more: str = "") -> None:
    admin.execute(f"SET ROLE tk_app; CREATE {kind} v AS {HAND}; GRANT SELECT ON v TO tk_reader; {more}; RESET ROLE")


def take(connection: Connection, compiled: Compiled, *allow: Hazard) -> None:
    apply(connection, compiled, options=ApplyOptions(frozenset(allow)))


def test_a_role_that_may_not_act_as_the_owner_is_refused(shop: Database):
    admin, connection = shop.connect(), deployer(shop)
    made_by_app(admin)
    before = dump(admin, oids=True)
    refusals = plan(connection, project()).refusals
    assert [item.message for item in refusals] == [
        "not ours, and in the way: public.v: it belongs to the role tk_app, and tk_deployer may not do what that role can"
    ]
    assert refusals[0].hint.startswith("GRANT tk_app TO tk_deployer; or rename or drop it")
    with pytest.raises(ServerError, match="it belongs to the role tk_app"):
        take(connection, project(), "changed-rows", "foreign-code")
    assert dump(admin, oids=True) == before
    admin.execute(refusals[0].hint.partition(";")[0])
    made = plan(connection, project())
    assert made.refusals == ()
    assert [item.hazard for item in made.dangers] == [
        "foreign-code",
        "loosen-access",
    ]  # tk_app cannot do what tk_deployer can
    assert "tk_app, tk_reader may read it, by grants of the role tk_app, whom nobody trusts" in made.dangers[1].reason
    with pytest.raises(ServerError, match="the role tk_app can have code run"):
        take(connection, project())
    assert dump(admin, oids=True) == before
    take(connection, project(), "foreign-code", "loosen-access")
    assert_settled(connection, project())
    for role in ("tk_app", "tk_reader"):  # its former owner reads it as before
        admin.execute(f"SET ROLE {role}")
        assert admin.execute("SELECT count(*), sum(n) FROM v").fetchone() == (5, 210)
        admin.execute("RESET ROLE")
    assert admin.execute("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'v'::regclass").fetchone() == (
        "tk_deployer",
    )
    rollback(connection, project())
    assert dump(admin, oids=True) == before


def test_a_trusted_role_need_not_be_allowed_each_time(shop: Database):
    admin, connection = shop.connect(), deployer(shop)
    admin.execute("GRANT tk_app TO tk_deployer")
    made_by_app(admin)
    trusting = project("trusted_roles: [tk_app]\n")
    assert plan(connection, trusting).dangers == ()
    take(connection, trusting)
    assert_settled(connection, trusting)


@pytest.mark.parametrize("agreed", [False, True], ids=["not agreed", "agreed to the view"])
def test_code_of_somebody_in_a_plain_view_does_not_run(shop: Database, agreed: bool):
    """To compare the rows of a view runs its functions as whoever deploys: agreeing to the view's owner is no word about those of others."""
    admin, connection = shop.connect(), deployer(shop)
    admin.execute(
        "GRANT tk_app TO tk_deployer; CREATE TABLE ran (who name); GRANT ALL ON ran TO PUBLIC; GRANT CREATE ON SCHEMA public TO tk_reader"
    )
    admin.execute("""SET ROLE tk_reader; CREATE FUNCTION public.evil(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO public.ran VALUES (current_user); RETURN n; END $$; RESET ROLE""")
    admin.execute(
        "SET ROLE tk_app; CREATE VIEW v AS SELECT day, public.evil(sum(n)) AS n FROM public.o GROUP BY day; RESET ROLE"
    )
    settings = "trusted_roles: [tk_app]\n" if agreed else ""
    with pytest.raises(ServerError, match=r"evil|tk_app can have code run"):
        take(connection, project(settings), *([] if agreed else ["changed-rows"]))
    assert admin.execute("SELECT who FROM ran").fetchall() == []
    assert admin.execute("SELECT relkind::text FROM pg_class WHERE oid = 'v'::regclass").fetchone() == ("v",)


def test_what_others_own_and_reads_it(shop: Database):
    admin, connection = shop.connect(), deployer(shop)
    admin.execute("GRANT tk_app TO tk_deployer")
    made_by_app(admin, more="GRANT SELECT ON v TO tk_reader")
    admin.execute(
        "GRANT CREATE ON SCHEMA public TO tk_reader; SET ROLE tk_reader; CREATE VIEW theirs AS SELECT day FROM v; RESET ROLE"
    )
    messages = [item.message for item in plan(connection, project()).refusals]
    assert messages == [
        "public.v is read by the view public.theirs, which belongs to the role tk_reader, which cannot be made to read another relation"
    ]


def test_a_function_that_was_called_before_the_switch_finds_what_it_read(shop: Database):
    """The relation by whose number a parsed body read it is closed once nobody is on the way to it."""
    admin, connection = shop.connect(), deployer(shop)
    admin.execute("GRANT tk_app TO tk_deployer")
    made_by_app(admin)
    trusting = project("trusted_roles: [tk_app]\n")
    seen: list[object] = []

    def look(part: object) -> None:
        kept = admin.execute(
            "SELECT c.oid, has_table_privilege('tk_reader', c.oid, 'SELECT') FROM pg_class AS c WHERE c.relname LIKE 'v_former_%'"
        )
        seen.extend(row[1] for row in kept.fetchall())

    apply(connection, trusting, on_step=look)
    look(None)
    assert seen == [True, False]  # before the closing step, and after it


def test_a_view_in_a_schema_where_nothing_may_be_created(shop: Database):
    admin, connection = shop.connect(), deployer(shop)
    admin.execute("GRANT tk_app TO tk_deployer")
    made_by_app(admin)
    admin.execute(
        "CREATE SCHEMA closed; GRANT CREATE ON SCHEMA closed TO tk_app; GRANT USAGE ON SCHEMA closed TO tk_app, tk_deployer"
    )
    admin.execute(
        "SET ROLE tk_app; CREATE VIEW closed.theirs AS SELECT day FROM v; CREATE FUNCTION closed.f() RETURNS bigint BEGIN ATOMIC SELECT sum(n) FROM v; END; RESET ROLE"
    )
    admin.execute(
        "REVOKE tk_app FROM tk_deployer; GRANT tk_app TO tk_deployer; REVOKE CREATE ON SCHEMA closed FROM tk_app"
    )
    trusting = project("trusted_roles: [tk_app]\n")
    messages = [item.message for item in plan(connection, trusting).refusals]
    assert len(messages) == 1
    assert "the view closed.theirs, in whose schema the role tk_deployer may not create anything" in messages[0]
    assert "the function closed.f(), in whose schema the role tk_deployer may not create anything" in messages[0]
    admin.execute("GRANT CREATE ON SCHEMA closed TO tk_deployer")
    apply(connection, project("trusted_roles: [tk_app]\n"), options=ApplyOptions(frozenset({"foreign-code"})))
    assert admin.execute("SELECT count(*), closed.f() FROM closed.theirs").fetchone() == (5, 210)


def test_the_former_owner_loses_it_to_a_policy(shop: Database):
    admin, connection = shop.connect(), deployer(shop)
    admin.execute("GRANT tk_app TO tk_deployer")
    made_by_app(admin)
    policies = {"policies/p.yml": "policies: [{policy: all, view: v, to: [tk_reader], using: true}]\n"}
    files = {
        "mvc.yml": "project: shop\ncatalog: s.sql\ntrusted_roles: [tk_app]\n",
        "s.sql": SCHEMA,
        "views/v.yml": VIEW,
    }
    ruled = mvc.compile(mvc.load(files | policies))
    assert "tk_app may read public.v by hand, and no policy names them" in " ".join(plan(connection, ruled).notes)
    take(connection, ruled)
    assert_settled(connection, ruled)
    readers = admin.execute(
        "SELECT has_table_privilege('tk_app', 'v', 'SELECT'), has_table_privilege('tk_reader', 'v', 'SELECT')"
    ).fetchone()
    assert readers == (False, True)
