"""Whoever owns a table that is read can have code run as whoever reads it, and whoever owns the type of a column as whoever parses a constant
of it. Here such owners try: at a refresh, at a deployment, by a script. What they plant counts whenever it runs as anybody but its owner.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.data_check import check_data
from mvc.engines.postgres.server.errors import ServerError
from refresh.waiting import meanwhile, until, waits
from servers import MAJORS, Database, Servers, need, new_database, on_major

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
ANYTHING = ApplyOptions(frozenset(HAZARDS))
SETTINGS = "project: shops\ncatalog: s.sql\nsearch_path: [extra, public]\n"
TRUSTING = {"mvc.yml": f"{SETTINGS}trusted_roles: [ow_owner]\n"}
SCHEMA = """
CREATE TABLE public.sale (id int PRIMARY KEY, shop text NOT NULL, n int NOT NULL, day date NOT NULL, tags int[] NOT NULL);
CREATE TABLE public.event (id int NOT NULL, shop text NOT NULL, n int NOT NULL) PARTITION BY RANGE (id);
"""
VIEW = "view: v\nsources: {s: {table: sale}}\ndimensions: {shop: s.shop, day: s.day}\naggregates: {n: {sum: s.n}}\nwhere: s.n > 0\n"
FILES = {"mvc.yml": SETTINGS, "s.sql": SCHEMA, "views/v.yml": VIEW}
EVENTS = {
    "views/v.yml": "view: v\nsources: {e: {table: event}}\ndimensions: {shop: e.shop}\naggregates: {n: {sum: e.n}}\nwhere: e.n > 0\n"
}
SPY = """
CREATE FUNCTION public.evil(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  IF current_user <> 'ow_owner' THEN PERFORM nextval('public.ran'); INSERT INTO public.seen VALUES (current_user); END IF;
  RETURN $1;
EXCEPTION WHEN read_only_sql_transaction THEN RETURN $1; END $$;
CREATE DOMAIN public.low AS int CHECK (public.evil(VALUE) > 0);
"""


def project(**changed: str) -> Compiled:
    return mvc.compile(mvc.load({**FILES, **changed}))


def body(text: str) -> dict[str, str]:
    return {"views/v.yml": f"view: v\nsql: |\n  {text}\ngrain: [shop]\n"}


def build(connection: Connection) -> None:
    for role in ("ow_owner", "ow_app", "ow_reader"):
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute(f"CREATE ROLE {role} LOGIN")
    connection.execute(
        "CREATE SCHEMA extra; GRANT USAGE ON SCHEMA extra TO PUBLIC; GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC"
    )
    connection.execute(SCHEMA)
    connection.execute(
        "INSERT INTO sale SELECT g, 's' || g % 3, g, '2026-01-01', ARRAY[g] FROM generate_series(1, 9) AS g;"
        "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (100); INSERT INTO event SELECT g, 's', g FROM generate_series(1, 9) AS g;"
        "CREATE SEQUENCE ran; GRANT ALL ON SEQUENCE ran TO PUBLIC; CREATE TABLE seen (who text); GRANT INSERT ON seen TO PUBLIC"
    )


@pytest.fixture(params=[min(MAJORS), max(MAJORS)], ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    """Two tables; a superuser deploys. In the end nothing that was planted has run as anybody but its owner."""
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "owners", build)) as database:
        yield database
        assert database.connect().execute("SELECT is_called FROM public.ran").fetchone() == (False,)
        assert database.connect().execute("SELECT who FROM public.seen").fetchall() == []


def give(database: Database, *tables: str) -> Connection:
    """Gives tables to the role that plants; a connection of it."""
    connection = database.connect()
    for table in tables:
        connection.execute(f"ALTER TABLE {table} OWNER TO ow_owner".encode())
    connection.execute(b"SET ROLE ow_owner; " + SPY.encode())
    return connection


def refusal(connection: Connection, compiled: Compiled, terms: ApplyOptions = ANYTHING) -> str:
    with pytest.raises(ServerError) as problem:
        apply(connection, compiled, options=terms)
    return f"{problem.value} {problem.value.hint}"


def refresh(connection: Connection, mode: str | None = None) -> str | None:
    """The error of a refresh, None where there is none."""
    with suppress(psycopg.Error):
        connection.execute("CALL mvc.refresh('public', 'v', %s)", (mode,))
    row = connection.execute("SELECT error FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row else "no log"


# --- between the look and the reading --------------------------------------------------------------------------------------

TRAPS = {
    "index": "CREATE INDEX ON {0} ((n + public.evil(1)))",
    "condition of an index": "CREATE INDEX ON {0} (n) WHERE n > public.evil(1)",
    "statistics": "CREATE STATISTICS traps ON (n + public.evil(1)), id FROM {0}",
    "check": "ALTER TABLE {0} ADD CHECK (n > public.evil(1) - 100)",
}
MODES = {
    "full": "",
    "incremental": "schedules: [{schedule: often, refresh: v, within: 1h, mode: incremental}]\n",
    "window": "schedules: [{schedule: often, refresh: v, within: 1h, mode: window, window: 30d}]\n",
}


class TestBetweenLookAndRead:
    """The owner holds a lock, lets a refresh wait for it, plants, and lets go: what is planned then is what he planted."""

    @pytest.mark.parametrize("mode", MODES)
    def test_of_a_refresh(self, shop: Database, mode: str):
        mean, deployer, own = give(shop, "sale"), shop.connect(), shop.connect()
        files = {"schedules/s.yml": MODES[mode]} if MODES[mode] else {}
        with suppress(ServerError):
            apply(deployer, project(**files))
        for trap in TRAPS.values():
            with mean.transaction():
                mean.execute("LOCK TABLE sale IN ACCESS EXCLUSIVE MODE")
                with suppress(psycopg.Error), meanwhile(lambda: refresh(deployer, mode)):
                    with suppress(AssertionError):
                        until(lambda: waits(own, deployer), seconds=0.25)
                    mean.execute(trap.format("sale").encode())
                    mean.execute("COMMIT; BEGIN")

    def test_of_a_deployment(self, shop: Database):
        """A view locks a partitioned table when it is created, and the partitions only when it is filled."""
        mean, deployer, own = give(shop, "event", "event_1"), shop.connect(), shop.connect()
        with mean.transaction():
            mean.execute("LOCK TABLE event_1 IN ACCESS EXCLUSIVE MODE")
            with suppress(ServerError), meanwhile(lambda: apply(deployer, project(**EVENTS))):
                with suppress(AssertionError):
                    until(lambda: waits(own, deployer), seconds=1)
                mean.execute(TRAPS["check"].format("event_1").encode())
                mean.execute(TRAPS["index"].format("event_1").encode())
                mean.execute("COMMIT; BEGIN")

    def test_of_who_looks_what_waits(self, shop: Database):
        mean, deployer, own = give(shop, "sale"), shop.connect(), shop.connect()
        with suppress(ServerError):
            apply(deployer, project(**{"schedules/s.yml": MODES["incremental"]}))
        with mean.transaction():
            mean.execute("LOCK TABLE sale IN ACCESS EXCLUSIVE MODE")
            question = "SELECT mvc.queued_groups('public', 'v')"
            with (
                suppress(psycopg.Error),
                meanwhile(lambda: deployer.execute(f"SET lock_timeout = 0; {question}".encode())),
            ):
                with suppress(AssertionError):
                    until(lambda: waits(own, deployer), seconds=0.3)
                mean.execute(TRAPS["index"].format("sale").encode())
                mean.execute("COMMIT; BEGIN")


# --- owners of what is read ----------------------------------------------------------------------------------------------


class TestOwners:
    def test_the_plan_says_whose_table_it_is_and_what_to_write(self, shop: Database):
        give(shop, "sale")
        said = refusal(shop.connect(), project(), ApplyOptions())
        assert "v reads public.sale of the role ow_owner, who can have code run as whoever reads it" in said
        assert "trusted_roles: [ow_owner] (foreign-code)" in said
        assert said.count("ow_owner, who can") == 1

    def test_a_role_that_the_project_trusts_is_no_danger(self, shop: Database):
        give(shop, "sale")
        deployer = shop.connect()
        apply(deployer, project(**TRUSTING))
        assert plan(deployer, project(**TRUSTING)).empty
        assert refresh(deployer) is None

    def test_what_was_agreed_to_is_refreshed_and_not_asked_again(self, shop: Database):
        give(shop, "sale")
        deployer = shop.connect()
        apply(deployer, project(), options=ANYTHING)
        assert plan(deployer, project()).empty
        assert refresh(deployer) is None

    def test_a_script_asks_nobody(self, shop: Database):
        give(shop, "sale")
        deployer = shop.connect()
        with pytest.raises(
            psycopg.errors.WrongObjectType, match=r"reads the table public.sale, and the role ow_owner, who owns it"
        ) as problem:
            deployer.execute(project().sql.encode())
        assert "trusted_roles: [ow_owner]" in (problem.value.diag.message_hint or "")
        assert "prove_sources" in (problem.value.diag.context or "")  # before a text of the author was parsed
        deployer.execute("ROLLBACK")
        deployer.execute(project(**TRUSTING).sql.encode())
        assert refresh(deployer) is None

    def test_the_line_to_paste_keeps_those_who_are_trusted(self, shop: Database):
        give(shop, "sale")
        said = refusal(shop.connect(), project(**{"mvc.yml": f"{SETTINGS}trusted_roles: [ow_app]\n"}), ApplyOptions())
        assert "trusted_roles: [ow_app, ow_owner]" in said

    def test_who_is_trusted_no_more(self, shop: Database):
        give(shop, "sale")
        deployer = shop.connect()
        apply(deployer, project(**TRUSTING))
        assert [step.action for step in plan(deployer, project()).prepare] == ["prove"]
        assert "public.sale of the role ow_owner" in refusal(deployer, project(), ApplyOptions())

    @pytest.mark.parametrize("below", ["a partition", "a child", "behind a view"])
    def test_of_what_is_below(self, shop: Database, below: str):
        own = shop.connect()
        files, table, name = {"views/v.yml": VIEW}, "sale_part", "public.sale"
        if below == "a partition":
            files, table, name = EVENTS, "event_1", "public.event"
        elif below == "a child":
            own.execute("CREATE TABLE sale_part () INHERITS (sale)")
        else:
            own.execute("CREATE TABLE sale_part AS TABLE sale; CREATE VIEW shown AS SELECT id, shop, n FROM sale_part")
            files = body("SELECT s.shop, count(*) AS n FROM shown AS s GROUP BY s.shop")
            files["s.sql"], name = (
                f"{SCHEMA}CREATE VIEW public.shown AS SELECT id, shop, n FROM public.sale;",
                "public.shown",
            )
        give(shop, table)
        said = refusal(own, project(**files), ApplyOptions())
        assert f"v reads {name} of the role ow_owner" in said
        with pytest.raises(
            psycopg.errors.WrongObjectType, match=f"reads the table public.{table}, and the role ow_owner"
        ):
            own.execute(project(**files).sql.encode())
        own.execute("ROLLBACK")
        apply(own, project(**files), options=ANYTHING)
        assert plan(own, project(**files)).empty
        assert refresh(own) is None

    def test_a_partition_that_comes_later(self, shop: Database):
        own = shop.connect()
        apply(own, project(**EVENTS))
        own.execute("CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (100) TO (200)")
        assert refresh(own) is None
        give(shop, "event_2")
        said = "public.v reads the table public.event_2, and the role ow_owner, who owns it, can have code run as whoever reads it"
        assert refresh(own) == said
        assert [step.action for step in plan(own, project(**EVENTS)).prepare] == ["prove"]
        assert "public.event of the role ow_owner" in refusal(own, project(**EVENTS), ApplyOptions())
        apply(own, project(**EVENTS, **TRUSTING))
        assert refresh(own) is None

    def test_a_table_that_only_a_rule_reads(self, shop: Database):
        give(shop, "event", "event_1")
        rule = 'policies: [{policy: p, view: v, to: [ow_reader], using: "shop IN (SELECT e.shop FROM event AS e)"}]\n'
        said = refusal(shop.connect(), project(**{"policies/p.yml": rule}), ApplyOptions())
        assert "v reads public.event of the role ow_owner" in said
        apply(shop.connect(), project(**{"policies/p.yml": rule}, **TRUSTING))

    def test_another_table_of_that_name_is_not_meant(self, shop: Database):
        """Hosted servers have tables of others that are called like ones of the project."""
        own = shop.connect()
        own.execute(
            "CREATE SCHEMA auth; CREATE TABLE auth.sale (id int); CREATE TABLE shops (id int); GRANT USAGE ON SCHEMA auth TO PUBLIC"
        )
        give(shop, "auth.sale", "shops")
        more = f"{SCHEMA}CREATE SCHEMA auth; CREATE TABLE auth.sale (id int); CREATE TABLE public.shops (id int);"
        apply(
            own, project(**{"s.sql": more}, **body("SELECT s.shop, count(*) AS shops FROM sale AS s GROUP BY s.shop"))
        )

    @pytest.mark.parametrize(
        "owned", ["ALTER SERVER here OWNER TO ow_owner", "ALTER FOREIGN TABLE far OWNER TO ow_owner"]
    )
    def test_a_foreign_table_and_its_server(self, shop: Database, owned: str):
        own = shop.connect()
        own.execute(
            "CREATE FOREIGN DATA WRAPPER nothing; GRANT USAGE ON FOREIGN DATA WRAPPER nothing TO ow_owner; CREATE SERVER here FOREIGN DATA WRAPPER nothing"
        )
        own.execute("CREATE FOREIGN TABLE far (id int NOT NULL, shop text NOT NULL, n int NOT NULL) SERVER here")
        files = {
            "s.sql": f"{SCHEMA}CREATE FOREIGN TABLE public.far (id int NOT NULL, shop text NOT NULL, n int NOT NULL) SERVER here;"
        }
        files |= body("SELECT f.shop, count(*) AS n FROM far AS f GROUP BY f.shop")
        own.execute(owned.encode())
        assert "v reads public.far of the role ow_owner" in refusal(own, project(**files), ApplyOptions())
        what = "the server that it comes from" if "SERVER" in owned else "it"
        with pytest.raises(
            psycopg.errors.WrongObjectType,
            match=f"the foreign table public.far, and the role ow_owner, who owns {what},",
        ):
            own.execute(project(**files).sql.encode())
        own.execute("ROLLBACK")


# --- constants that become values while a text is parsed -------------------------------------------------------------------

TYPES = """SET ROLE ow_owner; CREATE DOMAIN lows AS low[]; CREATE TYPE pair AS (n low);
CREATE TYPE deep AS RANGE (SUBTYPE = low, MULTIRANGE_TYPE_NAME = deeper); RESET ROLE"""
LIVE = {
    "an array": ("low[]", "s.tags = '{5}'"),
    "a domain over one": ("lows", "s.tags = '{5}'"),
    "an array of rows": ("pair[]", "s.tags = '{(5)}'"),
    "a row": ("pair", "coalesce(s.tags, '(5)') IS NOT NULL"),
    "a range": ("deep", "s.tags = '[1,5)'"),
    "a multirange": ("deeper", "s.tags = '{[1,5)}'"),
}
NAMED = {
    "cast": "'{5}'::low[]",
    "CAST": "CAST('{5}' AS public.low[])",
    "a type called like a function": "lower('(\"{5}\")')",
}


def deploy(database: Database, compiled: Compiled) -> list[str]:
    """What a deployment, and a script, are refused for."""
    connection = database.connect()
    said = [refusal(connection, compiled)]
    with pytest.raises(psycopg.Error) as problem:
        connection.execute(compiled.sql.encode())
    connection.execute("ROLLBACK")
    return [*said, str(problem.value)]


@pytest.mark.usefixtures("types_left_to_the_server")
class TestConstants:
    @pytest.mark.parametrize(("type_", "condition"), LIVE.values(), ids=list(LIVE))
    def test_of_a_column_that_has_another_type_than_the_catalog_says(self, shop: Database, type_: str, condition: str):
        own = give(shop)
        own.execute(f"{TYPES}; ALTER TABLE sale DROP COLUMN tags; ALTER TABLE sale ADD COLUMN tags {type_}".encode())
        text = f"SELECT s.shop, count(*) AS n FROM sale AS s WHERE {condition} GROUP BY s.shop"
        for said in deploy(shop, project(**body(text))):
            assert "public.v would have constants become values of the type public." in said
            assert "of the role ow_owner, by code of that role" in said
        shop.connect().execute("CREATE VIEW shown AS SELECT * FROM sale")
        files = {"s.sql": f"{SCHEMA}CREATE VIEW public.shown AS SELECT * FROM public.sale;"}
        for said in deploy(shop, project(**files, **body(text.replace("sale", "shown")))):
            assert "would have constants become values of the type" in said

    @pytest.mark.parametrize("constant", NAMED.values(), ids=list(NAMED))
    @pytest.mark.parametrize("place", ["query", "rule", "index"])
    def test_of_a_type_that_a_text_names(self, shop: Database, constant: str, place: str):
        own = give(shop)
        own.execute(f"{TYPES}; SET ROLE ow_owner; CREATE TYPE lower AS (l low[]); RESET ROLE".encode())
        test = f"({constant}) IS NOT NULL"
        files = {"views/v.yml": VIEW}
        if place == "query":
            files = body(f"SELECT s.shop, count(*) AS n FROM sale AS s WHERE {test} GROUP BY s.shop")
        elif place == "rule":
            files["policies/p.yml"] = (
                f"policies: [{{policy: p, view: v, to: [ow_reader], using: {json.dumps(test)}}}]\n"
            )
        else:
            files["views/v.yml"] += f"indexes: [{{columns: [n], where: {json.dumps(test)}}}]\n"
        for said in deploy(shop, project(**files)):
            assert "would have constants become values of the type public." in said

    def test_of_a_table_that_stands_before_the_one_that_is_meant(self, shop: Database):
        mean = give(shop)
        shop.connect().execute("GRANT CREATE ON SCHEMA extra TO ow_owner")
        mean.execute("CREATE TABLE extra.sale (id int, shop text, n int, tags low[])")
        text = "SELECT s.shop, count(*) AS n FROM sale AS s WHERE s.tags = '{5}' GROUP BY s.shop"
        for said in deploy(shop, project(**body(text))):
            assert "public.v reads the table extra.sale, and the role ow_owner" in said

    def test_of_a_table_that_comes_while_a_lock_is_waited_for(self, shop: Database):
        """Whoever may write to a table can lock it, and a name is looked up again after a wait."""
        mean, deployer, own = give(shop), shop.connect(), shop.connect()
        own.execute("GRANT CREATE ON SCHEMA extra TO ow_owner; GRANT UPDATE ON sale TO ow_owner")
        text = "SELECT s.shop, count(*) AS n FROM sale AS s WHERE s.tags = '{5}' GROUP BY s.shop"
        mean.execute("BEGIN; LOCK TABLE sale IN ACCESS EXCLUSIVE MODE")
        with (
            pytest.raises(ServerError, match=r"reads the table extra\.sale"),
            meanwhile(lambda: apply(deployer, project(**body(text)))),
        ):
            until(lambda: waits(own, deployer))
            mean.execute("CREATE TABLE extra.sale (id int, shop text, n int, tags low[]); COMMIT")

    def test_of_a_role_that_is_trusted_are_its_own_business(self, shop: Database):
        own = give(shop)
        own.execute(
            "RESET ROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE DOMAIN few AS int CHECK (VALUE > 0); ALTER DOMAIN few OWNER TO ow_app; ALTER TABLE sale DROP COLUMN tags; ALTER TABLE sale ADD COLUMN tags few[]"
        )
        text = "SELECT s.shop, count(*) AS n FROM sale AS s WHERE s.tags = '{5}' GROUP BY s.shop"
        assert "the type public.few of the role ow_app" in refusal(own, project(**body(text)))
        trusting = project(**{"mvc.yml": f"{SETTINGS}trusted_roles: [ow_app]\n"}, **body(text))
        apply(own, trusting)
        assert plan(own, trusting).empty


# --- what `mvc check --data` reads ---------------------------------------------------------------------------------------------

CLAIMS = {
    "s.sql": f"{SCHEMA}CREATE TABLE public.place (shop text NOT NULL, town text NOT NULL);",
    "views/v.yml": "view: v\nsources: {s: {table: sale}, p: {table: place, on: p.shop = s.shop, one: true, where: \"p.town <> ''\"}}\n"
    "dimensions: {town: p.town}\naggregates: {n: {sum: s.n}}\n",
}


def checked(connection: Connection, **changed: str) -> list[str]:
    loaded = mvc.load({**FILES, **CLAIMS, **changed})
    return [item.title for item in check_data(connection, loaded, mvc.compile(loaded))]


class TestDataCheck:
    @pytest.fixture(autouse=True)
    def _places(self, shop: Database) -> None:
        shop.connect().execute(
            "CREATE TABLE place (shop text NOT NULL, town text NOT NULL); INSERT INTO place VALUES ('s1', 'a'), ('s1', 'b'), ('s2', 'c')"
        )

    @pytest.mark.parametrize(
        "trap",
        [
            "CREATE INDEX ON place ((length(town) + public.evil(1)))",
            "CREATE STATISTICS traps ON (length(town) + public.evil(1)), shop FROM place",
        ],
    )
    def test_a_table_of_nobody_trusted_is_not_read(self, shop: Database, trap: str):
        mean, own = give(shop, "place"), shop.connect()
        mean.execute(trap.encode())
        with pytest.raises(
            ServerError, match=r"the claim of p in v reads the table public\.place, and the role ow_owner"
        ) as problem:
            checked(own)
        assert "trusted_roles: [ow_owner]" in problem.value.hint

    def test_nor_one_with_an_index_that_calls_something_of_such_a_role(self, shop: Database):
        own = shop.connect()
        own.execute(
            "CREATE FUNCTION calm(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE INDEX ON place ((length(town) + calm(1)))"
        )
        own.execute("ALTER FUNCTION calm(int) OWNER TO ow_owner")
        give(shop).execute(
            "CREATE OR REPLACE FUNCTION calm(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT public.evil(1)'"
        )
        with pytest.raises(ServerError, match=r"would run the function public.calm\(integer\) of the role ow_owner"):
            checked(own)

    @pytest.mark.parametrize("view", ["of theirs", "over a table of theirs"])
    def test_nor_a_view(self, shop: Database, view: str):
        own = shop.connect()
        own.execute(
            "ALTER TABLE place RENAME TO places; CREATE VIEW place AS SELECT shop, town FROM places WHERE length(town) > 0"
        )
        mean = give(shop, *(["place", "places"] if view == "of theirs" else ["places"]))
        if view == "of theirs":
            mean.execute(
                "CREATE OR REPLACE VIEW place AS SELECT shop, town FROM places WHERE public.evil(length(town)) > 0"
            )
        with pytest.raises(ServerError, match=r"public\.places, and the role ow_owner"):
            checked(
                own,
                **{
                    "s.sql": f"{SCHEMA}CREATE TABLE public.places (shop text NOT NULL, town text NOT NULL); CREATE VIEW public.place AS SELECT shop, town FROM public.places;"
                },
            )

    def test_nor_is_a_better_match_called(self, shop: Database):
        mean, own = give(shop), shop.connect()
        mean.execute(
            "CREATE FUNCTION other(varchar, varchar) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.evil(1) = 1; END $$;"
            "CREATE OPERATOR public.<> (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = other)"
        )
        own.execute("ALTER TABLE place ALTER town TYPE varchar(9)")
        with pytest.raises(ServerError, match=r"would run the operator public.<>"):
            checked(own, **{"s.sql": CLAIMS["s.sql"].replace("town text", "town varchar(9)")})

    def test_nor_a_constant_made(self, shop: Database):
        own = give(shop)
        own.execute(f"{TYPES}; ALTER TABLE place ADD COLUMN tags low[]".encode())
        files = {
            name: text.replace("town text NOT NULL", "town text NOT NULL, tags int[]").replace(
                "p.town <> ''", "p.tags = '{5}'"
            )
            for name, text in CLAIMS.items()
        }
        with pytest.raises(ServerError, match=r"the type public\.low of the role ow_owner"):
            checked(shop.connect(), **files)

    def test_what_is_trusted_is_read_and_nothing_is_left(self, shop: Database):
        own = shop.connect()
        own.execute("ALTER TABLE place OWNER TO ow_app")
        path = own.execute("SHOW search_path").fetchone()
        assert checked(own, **{"mvc.yml": f"{SETTINGS}trusted_roles: [ow_app]\n"}) == [
            "`p` has 2 rows with shop = s1, where the spec claims one"
        ]
        left = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' UNION ALL SELECT count(*) FROM pg_proc WHERE pronamespace = pg_my_temp_schema()"
        assert own.execute(left.encode()).fetchall() == [(0,), (0,)]
        assert own.execute("SHOW search_path").fetchone() == path

    def test_a_role_without_temporary_tables_is_told_what_it_needs(self, shop: Database):
        own = shop.connect()
        own.execute(
            f"REVOKE TEMPORARY ON DATABASE {shop.name} FROM PUBLIC; GRANT SELECT ON sale, place TO ow_reader; SET ROLE ow_reader".encode()
        )
        with pytest.raises(ServerError) as problem:
            checked(own)
        assert problem.value.hint.startswith("GRANT TEMPORARY ON DATABASE")

    def test_a_session_that_only_reads_is_enough(self, shop: Database):
        assert len(checked(shop.connect(options="-c default_transaction_read_only=on"))) == 1


@on_major(15)
def test_a_partition_that_loops_back_as_the_superuser(database: Database):
    """Whoever may use postgres_fdw, where local logins need no password: what the partition shows is a view of his, read by a superuser."""
    own = database.connect()
    build(own)
    found = own.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'").fetchone()
    need(found and found[0], "postgres_fdw (Debian's package postgresql-15)")
    own.execute("CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ow_owner")
    where = f"host '{own.info.host}', port '{own.info.port}', dbname '{database.name}'"
    mean = give(database, "event", "event_1")
    mean.execute(
        f"CREATE SERVER back FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({where}); CREATE USER MAPPING FOR postgres SERVER back OPTIONS (user 'postgres');"
        "CREATE VIEW bait AS SELECT 200 AS id, 's'::text AS shop, public.evil(1) AS n;"
        "CREATE FOREIGN TABLE event_2 PARTITION OF event FOR VALUES FROM (200) TO (300) SERVER back OPTIONS (table_name 'bait')".encode()
    )
    with suppress(ServerError):
        apply(own, project(**EVENTS))
    assert own.execute("SELECT is_called FROM public.ran").fetchone() == (False,)
    own.execute("ALTER TABLE event OWNER TO postgres; ALTER TABLE event_1 OWNER TO postgres")
    assert "public.event of the role ow_owner" in refusal(own, project(**EVENTS), ApplyOptions())
    own.execute("ALTER FOREIGN TABLE event_2 OWNER TO postgres")
    assert "public.event of the role ow_owner" in refusal(own, project(**EVENTS), ApplyOptions())  # of the server
    assert own.execute("SELECT is_called FROM public.ran").fetchone() == (False,)
