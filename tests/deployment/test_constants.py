"""Constants that become values while a text is parsed: by what the server picks for it, and by what somebody adds while it waits."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from deployment.test_trust import ANYTHING, SCHEMA, owner_of, project, refresh, refused, seen, shop
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.errors import ServerError
from refresh.waiting import meanwhile, until
from servers import Database

__all__ = ["shop"]

Connection = psycopg.Connection[Any]
_WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'sales'::regclass AND NOT granted"
TYPES = """
DROP DOMAIN IF EXISTS public.watched_text CASCADE; DROP TYPE IF EXISTS public.watched_row CASCADE;
CREATE OR REPLACE FUNCTION public.watched(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM public.spy('domain'); RETURN true; END $$;
CREATE DOMAIN public.watched_text AS varchar CHECK (public.watched(VALUE));
CREATE TYPE public.watched_row AS (value public.watched_text);
"""
EQUALS = """CREATE FUNCTION public.same(varchar, public.watched_text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = public.watched_text, FUNCTION = public.same)"""
OVERLAPS = """CREATE FUNCTION public.overlap(text[], public.watched_text[]) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR public.&& (LEFTARG = text[], RIGHTARG = public.watched_text[], FUNCTION = public.overlap)"""
REMOVED = "CREATE FUNCTION public.array_remove(text[], text) RETURNS public.watched_text[] LANGUAGE sql IMMUTABLE AS 'SELECT NULL::public.watched_text[]'"
STARTS = "CREATE FUNCTION public.starts_with(varchar, public.watched_row) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'"
CASES = (  # what a stranger adds, and the condition for which the server picks it
    (EQUALS, "s.shop = ANY ('{a,b}')"),
    (OVERLAPS, "string_to_array(s.shop, ',') && '{a,b}'"),
    (OVERLAPS, "string_to_array(s.shop, ',') && E'\\173a,b}'"),
    (REMOVED, "coalesce(array_remove(string_to_array(s.shop, ','), 'a'::text), '{b}') IS NOT NULL"),
    (STARTS, "starts_with(s.shop, '(a)')"),
)


def body_of(condition: str, source: str = "sale") -> str:
    return f"SELECT s.shop, count(*) FILTER (WHERE {condition}) AS n FROM {source} AS s GROUP BY s.shop"


def stranger(shop: Database) -> Connection:
    """Who owns nothing that is read, and may create in `public`."""
    shop.connect().execute(
        "ALTER TABLE sale OWNER TO CURRENT_USER; ALTER TYPE mood OWNER TO CURRENT_USER; ALTER DOMAIN pieces OWNER TO CURRENT_USER"
    )
    return owner_of(shop)


def test_what_a_stranger_added_is_never_picked_for_a_constant(shop: Database):
    mean, deployer = stranger(shop), shop.connect()
    deployer.execute("CREATE SEQUENCE ran; GRANT ALL ON SEQUENCE ran TO PUBLIC")
    mean.execute(
        "CREATE OR REPLACE FUNCTION public.spy(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'tt_owner' THEN PERFORM pg_catalog.nextval('public.ran'); END IF; END $$"  # which a rollback leaves
    )
    outcomes: dict[str, tuple[str, object]] = {}
    for added, condition in CASES:
        mean.execute(f"{TYPES}{added}".encode())
        said = refused(deployer, project(body_of(condition)))
        outcomes[condition] = said, deployer.execute("SELECT last_value, is_called FROM ran").fetchone()
    assert {ran for _, ran in outcomes.values()} == {(1, False)}
    for condition, (said, _) in outcomes.items():
        assert "would perhaps have constants become values of the type public.watched_" in said, condition
        assert "DROP OPERATOR public." in said or "DROP FUNCTION public." in said
    apply(deployer, project(body_of("s.shop = ANY (ARRAY['a', 'b'])")), options=ApplyOptions(frozenset()))


@pytest.mark.parametrize("condition", ["tags && '{a,b}'", "tags && U&'!007ba,b}' UESCAPE '!'"])
def test_of_a_text_that_calls_nothing_by_name_as_well(shop: Database, condition: str):
    mean, deployer = stranger(shop), shop.connect()
    table = "CREATE TABLE tagged (id int PRIMARY KEY, tags text[] NOT NULL);"
    deployer.execute(f"{table} CREATE SEQUENCE ran; GRANT ALL ON SEQUENCE ran TO PUBLIC".encode())
    mean.execute(
        "CREATE OR REPLACE FUNCTION public.spy(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'tt_owner' THEN PERFORM pg_catalog.nextval('public.ran'); END IF; END $$"
    )
    mean.execute(f"{TYPES}{OVERLAPS}".encode())
    deployer.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    views = f"view: v\nsql: |\n  SELECT id, tags FROM tagged WHERE {condition}\ngrain: [id]\n"
    said = refused(deployer, project(**{"s.sql": SCHEMA + table, "views/v.yml": views}))
    assert "would perhaps have constants become values of the type public.watched_text" in said
    assert deployer.execute("SELECT is_called FROM ran").fetchone() == (False,)


OPEN = {  # who may put something in a schema of the path, and what is said of that
    "GRANT CREATE ON SCHEMA public TO PUBLIC": "anybody may create one in the schema public",
    "GRANT CREATE ON SCHEMA public TO tt_app": "the role tt_app may create one in the schema public",
    "ALTER SCHEMA public OWNER TO tt_app": "the role tt_app may create one in the schema public",
    "ALTER DATABASE {} OWNER TO tt_app": "the role tt_app may create one in the schema public",
}


def test_where_a_stranger_may_create_something_no_look_is_enough(shop: Database):
    """Nothing locks the names in a schema: who creates and drops something time and again comes between a look and the parsing."""
    stranger(shop)
    deployer, compiled = shop.connect(), project(body_of("s.shop = ANY ('{a,b}')"))
    plain = project(body_of("s.shop = ANY ('{a,b}'::text[]) AND coalesce(string_to_array(s.shop, ','), '{}') <> '{}'"))
    closed = "REVOKE CREATE ON SCHEMA public FROM PUBLIC, tt_app; ALTER SCHEMA public OWNER TO {}; ALTER DATABASE {} OWNER TO CURRENT_USER"
    standard = "pg_database_owner"
    for opened, expected in OPEN.items():
        deployer.execute(closed.format(standard, shop.name).encode())
        deployer.execute(opened.format(shop.name).encode())
        said = refused(deployer, compiled)
        assert f"public.v has constants that are read as what a function or operator takes, and {expected}" in said
        assert (
            "say what such constants are: '{a,b}'::text[], or ARRAY['a', 'b']; or REVOKE CREATE ON SCHEMA public"
            in said
        )
    apply(deployer, plain, options=ApplyOptions(frozenset()))
    deployer.execute(closed.format(standard, shop.name).encode())
    apply(deployer, compiled, options=ApplyOptions(frozenset()))


def test_a_stranger_may_give_the_name_of_an_enum_to_another_type(shop: Database):
    stranger(shop)
    deployer = shop.connect()
    deployer.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER TYPE mood OWNER TO tt_owner")
    compiled = project(body_of("s.felt = ANY ('{good,bad}'::mood[])"))
    said = refused(deployer, compiled, ApplyOptions(frozenset()))
    assert "the type public.mood of the role tt_owner, who can give its name to another type" in said
    apply(deployer, project(body_of("s.felt IN ('good', 'bad'::mood)")), options=ApplyOptions(frozenset()))


def test_no_lock_of_a_stranger_comes_between_the_look_and_the_parsing(shop: Database):
    """Who may write through a view may lock it: the deployer waits for that, and only then looks at what the text would mean."""
    mean, deployer = stranger(shop), shop.connect()
    deployer.execute("CREATE VIEW sales AS SELECT * FROM sale; GRANT UPDATE ON sales TO tt_owner")
    files = {"s.sql": f"{SCHEMA}CREATE VIEW sales AS SELECT * FROM sale;"}
    compiled = project(body_of("s.shop = ANY ('{a,b}')", "sales"), **files)
    mean.execute(
        "CREATE OR REPLACE FUNCTION public.spy(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'tt_owner' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; END $$"
    )
    problems: list[str] = []

    def deploy() -> None:
        try:
            apply(deployer, compiled, options=ApplyOptions(frozenset()))
        except ServerError as problem:
            problems.append(str(problem))

    watching = shop.connect()
    mean.execute("BEGIN; LOCK TABLE sales IN ACCESS EXCLUSIVE MODE")
    with meanwhile(deploy):
        until(lambda: watching.execute(_WAITING).fetchone() == (1,))
        mean.execute(f"{TYPES}{EQUALS}; COMMIT".encode())
    assert len(problems) == 1
    assert "have constants become values" in problems[0]


@pytest.mark.parametrize("attached", ["before", "after"])
def test_the_owner_of_what_a_table_is_a_partition_of_is_asked_for(shop: Database, attached: str):
    """An index of a partitioned table is made on its partitions, whoever owns them."""
    mean, deployer = stranger(shop), shop.connect()
    deployer.execute("CREATE TABLE sales (LIKE sale) PARTITION BY RANGE (id); ALTER TABLE sales OWNER TO tt_owner")
    attach = "ALTER TABLE sales ATTACH PARTITION sale FOR VALUES FROM (0) TO (1000)"
    if attached == "before":
        deployer.execute(attach)
        assert "reads the table public.sales, and the role tt_owner, who owns it" in refused(
            deployer, project(), ApplyOptions(frozenset())
        )
        return
    apply(deployer, project())
    deployer.execute(attach)
    mean.execute("CREATE INDEX ON sales (id) WHERE public.evil(5) = 6 OR id > 0")
    deployer.execute("DELETE FROM seen")
    assert "reads the table public.sales, and the role tt_owner, who owns it" in (refresh(deployer) or "")
    assert seen(shop) == []


def test_what_is_added_while_a_view_is_filled_is_not_picked_for_its_indexes(shop: Database):
    """The text of an index is parsed when all rows are there, which may be hours after the first look."""
    mean, deployer = stranger(shop), shop.connect()
    mean.execute(
        "CREATE OR REPLACE FUNCTION public.spy(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'tt_owner' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; END $$"
    )
    slow = "CREATE FUNCTION slow(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock_shared(7); RETURN $1; END $$;"
    deployer.execute(slow.encode())
    views = f"view: v\nsql: |\n  {body_of('slow(s.shop) IS NOT NULL')}\ngrain: [shop]\n"
    views += "indexes: [{columns: [n], where: \"shop = ANY ('{a,b}')\"}]\n"
    compiled = project(**{"s.sql": SCHEMA + slow, "views/v.yml": views})
    problems: list[str] = []

    def deploy() -> None:
        try:
            apply(deployer, compiled, options=ApplyOptions(frozenset()))
        except ServerError as problem:
            problems.append(str(problem))

    watching = shop.connect()
    watching.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    mean.execute("SELECT pg_advisory_lock(7)")
    with meanwhile(deploy):
        until(
            lambda: (
                watching.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
                == (1,)
            )
        )
        watching.execute("GRANT CREATE ON SCHEMA public TO tt_owner")
        mean.execute(f"{TYPES}{EQUALS}".encode())
        mean.execute("SELECT pg_advisory_unlock(7)")
    assert len(problems) == 1
    assert "have constants become values" in problems[0]


def test_what_is_added_while_a_reader_is_waited_for_is_not_picked_for_the_exposure(shop: Database):
    mean, deployer = stranger(shop), shop.connect()
    policy = "policies: [{policy: p, view: v, to: [tt_owner], using: \"shop = ANY ('{a,b}')\"}]\n"
    files = {"policies/p.yml": policy}
    mean.execute(
        "CREATE OR REPLACE FUNCTION public.spy(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'tt_owner' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; END $$"
    )
    deployer.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    apply(deployer, project(**files), options=ApplyOptions(frozenset()))
    changed = project("SELECT s.shop, sum(s.amount) AS n FROM sale AS s GROUP BY s.shop", **files)
    problems: list[str] = []

    def deploy() -> None:
        try:
            apply(deployer, changed, options=ANYTHING)
        except ServerError as problem:
            problems.append(str(problem))

    watching = shop.connect()
    mean.execute("BEGIN; SELECT * FROM v")
    with meanwhile(deploy):
        until(lambda: watching.execute(_WAITING.replace("sales", "v").encode()).fetchone() == (1,))
        watching.execute("GRANT CREATE ON SCHEMA public TO tt_owner")
        mean.execute(f"{TYPES}{EQUALS}; COMMIT".encode())
    assert len(problems) == 1
    assert "have constants become values" in problems[0]


def test_what_bears_the_name_of_a_call_elsewhere_is_not_looked_at(shop: Database):
    """A refresh looks at what the body of a function may call; who has a schema of his own could else hold it up with a body of a GB."""
    mean, deployer = stranger(shop), shop.connect()
    deployer.execute("CREATE SCHEMA strange; ALTER SCHEMA strange OWNER TO tt_owner")
    apply(deployer, project("SELECT slug(s.shop) AS shop, count(*) AS n FROM sale AS s GROUP BY 1"), options=ANYTHING)
    mean.execute("CREATE FUNCTION strange.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'")
    seen_now = "SELECT mvc.code_seen(s) FROM mvc.stored_relation AS s"
    assert deployer.execute(seen_now).fetchall() == [(None,)]
    deployer.execute(
        "CREATE OR REPLACE FUNCTION slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT strange.lower($1) $$"
    )
    assert "strange.lower(text)" in str(deployer.execute(seen_now).fetchone())
