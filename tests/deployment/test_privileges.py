"""Who may do what: deploying without being a superuser or the database's owner, refreshing, reading; whatever the roles'
own settings say. What is missing is said with what to GRANT, and doing that helps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg import sql

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.connection import connect
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.prune import prune
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.status import status
from servers import ROOT, Database, newest

SCHEMA = """\
CREATE TABLE o (id int PRIMARY KEY, amount int NOT NULL, at timestamptz NOT NULL);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + n';
"""
ROWS = "INSERT INTO o SELECT g, g, '2024-05-01 23:30+00'::timestamptz FROM generate_series(1, 20) AS g"
VIEW = r"""
view: v
description: 'a back\slash, \'', é'
sources: {o: {table: o}}
dimensions: {day: o.at::date}
aggregates: {n: {sum: twice(o.amount)}}
"""
POLICIES = "policies:\n  - {policy: all, view: v, to: [mvc_reader], using: true}\n"
ROLES = ("mvc_deployer", "mvc_refresher", "mvc_reader", "mvc_owner", "dp_plain", "dp_member", "dp_other")
DOCUMENT = ROOT / "docs" / "deploying.md"


OFTEN = {"schedules/s.yml": "schedules: [{schedule: often, refresh: v, every: '* * * * *', mode: incremental}]\n"}


def project(settings: str = "", view: str = VIEW, policies: str = POLICIES, ddl: str = SCHEMA, **more: str) -> Compiled:
    files = {"mvc.yml": f"project: shop\ncatalog: s.sql\ntimezone: Europe/Amsterdam\n{settings}", "s.sql": ddl}
    return mvc.compile(mvc.load({**files, "views/v.yml": view, "policies/p.yml": policies, **more}))


CHANGED = VIEW.replace("twice(o.amount)", "twice(o.amount) + 1")


class Shop:
    """A database with a base table of somebody else's, and roles that are gone when the test is."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.admin = database.connect()
        for role in ROLES:
            self.drop(role)
        self.admin.execute(SCHEMA + ROWS)
        self.admin.execute("REVOKE EXECUTE ON FUNCTION twice(int) FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC")

    def drop(self, role: str) -> None:
        name = sql.Identifier(role)
        with suppress(psycopg.errors.UndefinedObject):
            self.admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(name))
            self.admin.execute(sql.SQL("DROP ROLE {}").format(name))

    def close(self) -> None:
        for role in ROLES:
            self.drop(role)

    def make(self, *statements: str) -> None:
        for statement in statements:
            self.admin.execute(statement)

    def as_role(self, role: str) -> psycopg.Connection[Any]:
        """As the CLI connects."""
        connection = connect(self.database.url.replace("postgres@", f"{role}@"))
        self.database._connections.append(connection)
        return connection

    def rows(self, role: str = "") -> Any:
        return (self.as_role(role) if role else self.admin).execute("SELECT day::text, n FROM v").fetchall()

    def owners(self) -> set[str]:
        query = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'mvc'::regnamespace OR oid = 'v'::regclass"
        return {row[0] for row in self.admin.execute(query)}


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    made = Shop(database)
    try:
        yield made
    finally:
        made.close()


pytestmark = [pytest.mark.bare, pytest.mark.by_turns]

PLAIN = (
    "CREATE ROLE dp_plain LOGIN",
    "CREATE ROLE mvc_reader LOGIN",
    "GRANT USAGE, CREATE ON SCHEMA public TO dp_plain",
    "GRANT SELECT ON o TO dp_plain",
    "GRANT EXECUTE ON FUNCTION twice TO dp_plain",
    "GRANT USAGE ON SCHEMA public TO mvc_reader",
)


def go(connection: psycopg.Connection[Any], compiled: Compiled, **allow: Any) -> None:
    apply(connection, compiled, options=ApplyOptions(frozenset(allow.get("allow", ())), pace=Timeouts(5.0)))
    again = plan(connection, compiled)
    assert again.empty, [(step.action, step.view, step.reason) for step in again.steps]


def deploy_twice(shop: Shop, role: str) -> None:
    """Twice, since what the first deployment made is the second one's to change."""
    go(shop.as_role(role), project())
    assert shop.rows() == [("2024-05-02", 420)]
    go(shop.as_role(role), project(view=CHANGED))
    assert shop.rows("mvc_reader") == [("2024-05-02", 440)]


class TestDeploying:
    def test_who_may_create_schemas(self, shop):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        deploy_twice(shop, "dp_plain")
        assert shop.owners() == {"dp_plain"}

    def test_who_owns_the_schema_that_somebody_made_for_him(self, shop):
        shop.make(*PLAIN, "CREATE SCHEMA mvc AUTHORIZATION dp_plain")
        deploy_twice(shop, "dp_plain")
        assert shop.owners() == {"dp_plain"}

    @pytest.mark.parametrize("inherits", ["INHERIT", "NOINHERIT"])
    def test_who_is_a_member_of_the_owner(self, shop, inherits):
        shop.make(
            *PLAIN,
            f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain",
            "CREATE SCHEMA mvc AUTHORIZATION dp_plain",
        )
        shop.make(f"CREATE ROLE dp_member LOGIN {inherits} IN ROLE dp_plain")
        deploy_twice(shop, "dp_member")
        assert shop.owners() == {"dp_plain"}

    @newest
    def test_who_inherits_but_may_not_become_the_owner(self, shop):
        shop.make(*PLAIN, "CREATE SCHEMA mvc AUTHORIZATION dp_plain", "CREATE ROLE dp_member LOGIN")
        shop.make("GRANT dp_plain TO dp_member WITH INHERIT TRUE, SET FALSE")
        with pytest.raises(ServerError, match="the schema mvc belongs to the role dp_plain") as caught:
            go(shop.as_role("dp_member"), project())
        assert "GRANT dp_plain TO dp_member" in caught.value.hint

    @newest
    def test_a_superuser_deploys_what_another_owns(self, shop):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        go(shop.as_role("dp_plain"), project())
        shop.make("GRANT dp_plain TO CURRENT_USER")
        go(shop.admin, project(view=CHANGED))
        assert shop.owners() == {"dp_plain"}

    @newest
    def test_a_stranger(self, shop):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain", "CREATE ROLE dp_other LOGIN")
        go(shop.as_role("dp_plain"), project())
        with pytest.raises(ServerError, match="the schema mvc belongs to the role dp_plain") as caught:
            plan(shop.as_role("dp_other"), project())
        assert "deploy as dp_plain" in caught.value.hint


class TestWhatIsMissing:
    """Each message says what to grant, and granting that is enough."""

    @pytest.mark.parametrize(
        ("without", "said", "grant"),
        [
            ("SELECT ON o", "SELECT on public.o (for v)", "GRANT SELECT ON public.o TO dp_plain"),
            (
                "EXECUTE ON FUNCTION twice",
                "EXECUTE on FUNCTION public.twice(integer) (for v)",
                "GRANT EXECUTE ON FUNCTION public.twice(integer) TO dp_plain",
            ),
            ("CREATE ON SCHEMA public", "CREATE on SCHEMA public (for v)", "GRANT CREATE ON SCHEMA public TO dp_plain"),
            ("USAGE ON SCHEMA public", "USAGE on SCHEMA public (for v)", "GRANT USAGE ON SCHEMA public TO dp_plain"),
            ("CREATE ON DATABASE", "CREATE on DATABASE", "GRANT CREATE ON DATABASE"),
        ],
    )
    @newest
    def test_a_privilege(self, shop, without, said, grant):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        shop.make(f"REVOKE {without.replace('DATABASE', f'DATABASE {shop.database.name}')} FROM dp_plain")
        with pytest.raises(ServerError, match=re.escape(f"dp_plain lacks a right that this needs: {said}")) as caught:
            go(shop.as_role("dp_plain"), project())
        assert caught.value.hint.startswith(grant)
        assert ";" not in caught.value.hint
        assert shop.admin.execute("SELECT to_regnamespace('mvc')").fetchone() == (None,)
        shop.make(caught.value.hint)
        deploy_twice(shop, "dp_plain")

    def test_all_rights_at_once(self, shop):
        """Five tables to watch, one to read, a function and a schema, in one refusal whose help is pasted as it is."""
        shop.make(
            "CREATE SCHEMA far; CREATE FUNCTION far.half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2'"
        )
        tables = "".join(
            f"CREATE TABLE far.t{n} (id int PRIMARY KEY, o_id int NOT NULL, n int NOT NULL);" for n in range(5)
        )
        shop.make(
            tables,
            "REVOKE EXECUTE ON FUNCTION far.half FROM PUBLIC",
            "CREATE ROLE dp_plain LOGIN",
            "CREATE ROLE mvc_reader LOGIN",
        )
        sources = "".join(f"  t{n}: {{table: far.t{n}, on: t{n}.o_id = o.id}}\n" for n in range(5))
        measures = "".join(f"  n{n}: {{sum: far.half(t{n}.n)}}\n" for n in range(5))
        view = f"view: v\nsources:\n  o: {{table: o}}\n{sources}dimensions: {{id: o.id}}\naggregates:\n{measures}"
        half = "CREATE FUNCTION far.half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2';"
        compiled = project(view=view, ddl=f"{SCHEMA}CREATE SCHEMA far;{tables}{half}", **OFTEN)
        made = plan(shop.as_role("dp_plain"), compiled)
        found = {(item.privilege, item.on) for item in made.missing_rights}
        far = [f"far.t{n}" for n in range(5)]
        assert found == {
            ("CREATE", f"DATABASE {shop.database.name}"),
            *(("CREATE", "SCHEMA public"), ("USAGE", "SCHEMA public"), ("USAGE", "SCHEMA far")),
            *((privilege, table) for privilege in ("SELECT", "TRIGGER") for table in ("public.o", *far)),
            ("EXECUTE", "FUNCTION far.half(integer)"),
        }
        assert {item.needed_for for item in made.missing_rights if item.privilege == "TRIGGER"} == {("v",)}
        (refusal,) = made.refusals
        shop.make(*refusal.hint.split("; "))
        connection = shop.as_role("dp_plain")
        go(connection, compiled)
        assert [item.mode for item in refresh(connection, compiled)] == ["incremental"]

    @newest
    def test_columns_are_enough(self, shop):
        """Who may read the columns that a view reads needs no more; who may not read one of them does."""
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        shop.make("REVOKE SELECT ON o FROM dp_plain", "GRANT SELECT (amount) ON o TO dp_plain")
        assert [item.on for item in plan(shop.as_role("dp_plain"), project()).missing_rights] == ["public.o"]
        shop.make("GRANT SELECT (at) ON o TO dp_plain")
        deploy_twice(shop, "dp_plain")

    def test_triggers(self, shop):
        """Who may put triggers on a table needs no other right on it, on any version."""
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        compiled = project(**OFTEN)
        with pytest.raises(
            ServerError, match=r"lacks a right that this needs: TRIGGER on public\.o \(for v\)"
        ) as caught:
            go(shop.as_role("dp_plain"), compiled)
        assert caught.value.hint == "GRANT TRIGGER ON public.o TO dp_plain"
        shop.make(caught.value.hint)
        connection = shop.as_role("dp_plain")
        go(connection, compiled)
        shop.make("UPDATE o SET amount = amount + 1 WHERE id = 1")
        assert [item.mode for item in refresh(connection, compiled)] == ["incremental"]
        assert shop.rows() == [("2024-05-02", 422)]

    @newest
    def test_an_exposure_of_somebody_else(self, shop):
        """It went to another owner behind our back, and whoever deploys may not take it back."""
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain", "CREATE ROLE dp_other")
        go(shop.as_role("dp_plain"), project())
        shop.make("ALTER VIEW v OWNER TO dp_other")
        with pytest.raises(ServerError, match="must be owner of view v") as caught:
            go(shop.as_role("dp_plain"), project())
        assert "OWNER TO dp_plain" in caught.value.hint


class TestRowSecurity:
    """What the owner may not see must not be missing silently."""

    @newest
    @pytest.mark.parametrize("setting", ["", "ALTER ROLE dp_plain SET row_security = on"])
    def test_a_filtered_build_fails(self, shop, setting):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain", setting or "SELECT")
        shop.make("ALTER TABLE o ENABLE ROW LEVEL SECURITY", "CREATE POLICY few ON o USING (id < 5)")
        with pytest.raises(ServerError, match='would be affected by row-level security policy for table "o"') as caught:
            go(shop.as_role("dp_plain"), project())
        assert "ALTER ROLE dp_plain BYPASSRLS" in caught.value.hint
        shop.make("ALTER ROLE dp_plain BYPASSRLS")
        deploy_twice(shop, "dp_plain")

    @newest
    def test_a_filtered_refresh_fails(self, shop):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        go(shop.as_role("dp_plain"), project())
        shop.make("ALTER TABLE o ENABLE ROW LEVEL SECURITY", "CREATE POLICY few ON o USING (id < 5)")
        shop.make("GRANT dp_plain TO postgres")
        for role in ("dp_plain", "postgres"):
            (result,) = refresh(shop.as_role(role), project())
            assert result.status == "failed"
            assert "row-level security" in result.reason
        assert shop.rows() == [("2024-05-02", 420)]


SETTINGS = {
    "search_path": "pg_temp, dp_nowhere",
    "statement_timeout": "'150ms'",
    "lock_timeout": "'1ms'",
    "idle_in_transaction_session_timeout": "'40ms'",
    "row_security": "off",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_deferrable": "on",
    "datestyle": "'German, DMY'",
    "intervalstyle": "'sql_standard'",
    "timezone": "'Asia/Tokyo'",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "client_min_messages": "debug1",
    "client_encoding": "latin1",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "check_function_bodies": "on",
    "quote_all_identifiers": "on",
    "plan_cache_mode": "force_generic_plan",
    "default_toast_compression": "pglz",
    "enable_hashagg": "off",
}


class TestSettingsOfTheRole:
    @newest
    @pytest.mark.parametrize("setting", SETTINGS)
    def test_each(self, shop, setting):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        shop.make(f"ALTER ROLE dp_plain SET {setting} = {SETTINGS[setting]}")
        deploy_twice(shop, "dp_plain")
        self.assert_comment_is_whole(shop)

    @newest
    def test_a_role_that_logs_in_as_another(self, shop):
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        shop.make("CREATE ROLE dp_member LOGIN NOINHERIT IN ROLE dp_plain", "ALTER ROLE dp_member SET role = dp_plain")
        deploy_twice(shop, "dp_member")
        assert shop.owners() == {"dp_plain"}

    @newest
    def test_a_limit_for_transactions(self, shop):
        if shop.database.major < 17:
            pytest.skip("transaction_timeout came with PostgreSQL 17")
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        shop.make("ALTER ROLE dp_plain SET transaction_timeout = '300ms'")
        shop.make(
            "CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.03); RETURN n + n; END'"
        )
        deploy_twice(shop, "dp_plain")

    def assert_comment_is_whole(self, shop: Shop) -> None:
        row = shop.admin.execute("SELECT obj_description('v'::regclass)").fetchone()
        assert row == ("a back\\slash, \\', é",)

    @newest
    def test_settings_do_not_make_drift_for_another_role(self, shop):
        """Whoever looks sees the same definitions, however his session would print them."""
        constant = VIEW + "where: o.at > timestamptz '2024-01-01 00:00:00+00'\n"
        shop.make(*PLAIN, f"GRANT CREATE ON DATABASE {shop.database.name} TO dp_plain")
        go(shop.as_role("dp_plain"), project(view=constant))
        for setting in (
            "timezone",
            "datestyle",
            "quote_all_identifiers",
            "standard_conforming_strings",
            "intervalstyle",
        ):
            shop.make(f"ALTER ROLE dp_plain SET {setting} = {SETTINGS[setting]}")
            assert plan(shop.as_role("dp_plain"), project(view=constant)).empty, setting
            shop.make(f"ALTER ROLE dp_plain RESET {setting}")


class TestTheDocument:
    """The SQL of docs/deploying.md, as it stands there."""

    @pytest.fixture
    def granted(self, shop: Shop) -> Shop:
        blocks = re.findall(r"^```sql\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        assert len(blocks) == 3
        self.blocks = blocks
        shop.make(*blocks)
        shop.make("GRANT EXECUTE ON FUNCTION twice TO mvc_owner")
        return shop

    def test_a_deployer_a_refresher_and_a_reader(self, granted):
        shop, refreshers = granted, "refresh_roles: [mvc_refresher]\ntrusted_roles: [mvc_owner]\n"
        go(shop.as_role("mvc_deployer"), project(refreshers))
        go(shop.as_role("mvc_deployer"), project(refreshers, view=CHANGED))
        assert shop.owners() == {"mvc_owner"}
        shop.make("UPDATE o SET amount = amount + 1")
        for role in ("mvc_refresher", "mvc_deployer"):
            (result,) = refresh(shop.as_role(role), project(refreshers, view=CHANGED))
            assert result.status == "completed"
        assert shop.rows("mvc_reader") == [("2024-05-02", 480)]
        deployer = shop.as_role("mvc_deployer")
        assert status(deployer, project()).drift == ()
        rollback(deployer, project())
        assert shop.rows("mvc_reader") == [("2024-05-02", 420)]
        pruned = prune(deployer, project(), Timeouts(5.0))
        assert len(pruned.dropped) == 1
        assert pruned.kept == ()

    @newest
    def test_that_each_may_do_no_more(self, granted):
        shop, refreshers = granted, "refresh_roles: [mvc_refresher]\ntrusted_roles: [mvc_owner]\n"
        go(shop.as_role("mvc_deployer"), project(refreshers))
        stored = project().view("v").storage[1]
        for role, statements in {
            "mvc_refresher": (
                f"SELECT * FROM mvc.{stored}",
                "SELECT * FROM public.o",
                "SELECT * FROM public.v",
                f"REFRESH MATERIALIZED VIEW mvc.{stored}",
                "DELETE FROM mvc.deployed_view",
                "SELECT mvc.close_storage('{}', '')",
                "CREATE TABLE mvc.t ()",
                "DROP VIEW public.v",
            ),
            "mvc_reader": (
                f"SELECT * FROM mvc.{stored}",
                "SELECT * FROM mvc.refresh_log",
                "CALL mvc.refresh('public', 'v')",
                "SELECT * FROM public.o",
            ),
        }.items():
            connection = shop.as_role(role)
            for statement in statements:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())
        with pytest.raises(ServerError, match="the schema mvc belongs to the role mvc_owner"):
            plan(shop.as_role("mvc_refresher"), project(refreshers, view=CHANGED))
