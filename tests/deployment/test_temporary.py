"""What a session has of its own: temporary relations and types come before all others in a function that sets a path without naming pg_temp."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.pull import pull
from servers import MAJORS, Database, Servers, new_database

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
SCHEMA = """
CREATE TABLE sale (id int PRIMARY KEY, shop varchar(20) NOT NULL, n int NOT NULL);
CREATE DOMAIN number AS int;
CREATE TABLE rates (shop varchar(20) PRIMARY KEY, rate int NOT NULL);
CREATE FUNCTION rate_of(s text) RETURNS int LANGUAGE plpgsql STABLE SET search_path = public AS
  $$ BEGIN RETURN (SELECT r.rate::number FROM rates AS r WHERE r.shop = s); END $$;

CREATE TABLE event (at date NOT NULL, n int CHECK (n < limit_of())) PARTITION BY RANGE (at);
"""
LIMIT = "CREATE FUNCTION limit_of() RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path = public AS $$ BEGIN RETURN (SELECT max(rate) + 99 FROM rates); END $$;"
FILES = {
    "mvc.yml": "project: shops\ncatalog: s.sql\nrefresh_roles: [tp_refresher]\nnames: {refresh_all: refresh_everything}\n",
    "s.sql": f"{LIMIT}{SCHEMA}",
    "views/v.yml": 'view: v\nsources: {s: {table: sale}}\ndimensions: {shop: s.shop}\naggregates: {n: {sum: "s.n * rate_of(s.shop)"}}\n',
    "views/plain.yml": "view: plain\nsources: {s: {table: sale}}\ndimensions: {shop: s.shop}\naggregates: {n: {sum: s.n}}\n",
    "partitions/p.yml": "partitions: [{table: event, by: month, ahead: 1}]\n",
}
COMPILED = mvc.compile(mvc.load(FILES))
EVIL = """
CREATE FUNCTION public.evil(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  IF current_user <> 'tp_refresher' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; RETURN $1; END $$"""
SHADOWS = {
    "view": "CREATE VIEW pg_temp.rates AS SELECT 's1'::varchar(20) AS shop, public.evil(1) AS rate",
    "table": "CREATE TABLE pg_temp.rates (shop varchar(20), rate int); INSERT INTO pg_temp.rates VALUES ('s1', 1000)",
    "domain": "CREATE DOMAIN pg_temp.number AS int CHECK (public.evil(VALUE) > 0)",
}
CALLS = ("CALL mvc.refresh('public', 'v')", "CALL mvc.refresh_project('shops')", "SELECT refresh_everything()")


def build(connection: Connection) -> None:
    with suppress(psycopg.errors.DuplicateObject):
        connection.execute("CREATE ROLE tp_refresher LOGIN")
    connection.execute(f"SET check_function_bodies = off; {LIMIT}{SCHEMA}".encode())
    connection.execute(
        "INSERT INTO sale SELECT g, 's' || g, g FROM generate_series(1, 3) AS g; INSERT INTO rates SELECT shop, 1 FROM sale"
    )
    connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")


@pytest.fixture(params=[min(MAJORS), max(MAJORS)], ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "temporary", build)) as database:
        apply(database.connect(), COMPILED, options=ApplyOptions(frozenset()))
        yield database


def refresher(shop: Database, shadow: str) -> Connection:
    connection = shop.connect(user="tp_refresher")
    connection.execute(f"{EVIL}; {shadow}; GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC".encode())
    return connection


@pytest.mark.parametrize("shadow", SHADOWS.values(), ids=SHADOWS)
def test_nothing_of_the_refreshers_session_is_taken_for_what_a_function_names(shop: Database, shadow: str):
    """He would otherwise have rows of his stored, and code of his run with the owner's rights."""
    mean, own = refresher(shop, shadow), shop.connect()
    for call in CALLS:
        with suppress(psycopg.errors.WrongObjectType, psycopg.errors.RaiseException):
            mean.execute(call.encode())
        [(error,)] = own.execute(
            "SELECT error FROM mvc.refresh_log WHERE view_name = 'v' ORDER BY id DESC LIMIT 1"
        ).fetchall()
        assert error.startswith("the session has pg_temp."), call
        assert error.endswith(" of the role tp_refresher, which functions would take for what they name")
    assert own.execute("SELECT shop, n FROM v ORDER BY 1").fetchall() == [("s1", 1), ("s2", 2), ("s3", 3)]
    mean.execute("CALL mvc.refresh('public', 'plain')")  # which calls nothing
    mean.execute("DISCARD TEMP")
    if "DOMAIN" not in shadow:
        mean.execute("CALL mvc.refresh('public', 'v')")


def test_nor_for_what_a_check_names_that_a_partition_is_made_with(shop: Database):
    mean = refresher(shop, SHADOWS["view"])
    with pytest.raises(psycopg.Error):
        mean.execute("CALL mvc.maintain_partitions('shops')")
    own = shop.connect()
    assert own.execute("SELECT DISTINCT error FROM mvc.partition_log").fetchall() == [
        ("the session has pg_temp.rates of the role tp_refresher, which functions would take for what they name",)
    ]
    mean.execute("DISCARD TEMP")
    mean.execute("CALL mvc.maintain_partitions('shops')")


def test_what_the_owner_has_of_its_own_is_no_hindrance(shop: Database):
    own = shop.connect()
    own.execute("CREATE TEMP TABLE scratch (n int)")
    own.execute("CALL mvc.refresh('public', 'v')")
    assert own.execute("SELECT count(*) FROM mvc.refresh_log WHERE status = 'completed'").fetchone() == (1,)


def test_nothing_that_a_session_was_left_with_is_installed(shop: Database):
    """A pooler hands on what somebody has set."""
    own = shop.connect()
    own.execute("DROP SCHEMA mvc CASCADE; DROP FUNCTION refresh_everything()")
    own.execute(
        """SET mvc.views_wanted = '[{"name": "another", "query": "SELECT 1 AS one"}]'; SET mvc.views_aside = '[{"name": "x", "creation": "CREATE TABLE left_over ()"}]'"""
    )
    own.execute("PREPARE mvc_source AS SELECT 1")
    apply(own, COMPILED, options=ApplyOptions(frozenset()))
    assert own.execute("SELECT to_regclass('mvc.another'), to_regclass('left_over')").fetchone() == (None, None)
    assert plan(own, COMPILED).empty


# --- readers, in whose sessions rules run ---------------------------------------------------------------------------

RULE = "SELECT EXISTS (SELECT FROM staff AS m WHERE m.who = session_user AND m.shop = $1)"
ASKED = {  # how a function is made that a rule asks
    "no_path": f"LANGUAGE sql AS $$ {RULE} $$",
    "definer": f"LANGUAGE sql SECURITY DEFINER AS $$ {RULE} $$",
    "pinned": f"LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$ {RULE} $$",
    "procedural": f"LANGUAGE plpgsql SET search_path TO public AS $$ BEGIN RETURN ({RULE}); END $$",
    "last": f"LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RETURN ({RULE}); END $$",
    "bound": f"LANGUAGE sql BEGIN ATOMIC {RULE}; END",
    "named": f"LANGUAGE sql AS $$ {RULE.replace('staff', 'public.staff')} $$",
}
STAFF = "CREATE TABLE staff (who text NOT NULL, shop text NOT NULL, PRIMARY KEY (who, shop));\n" + "".join(
    f"CREATE FUNCTION {name}(text) RETURNS boolean STABLE {made};\n" for name, made in ASKED.items()
)
RULED = {
    "mvc.yml": "project: shops\ncatalog: s.sql\n",
    "s.sql": f"CREATE TABLE sale (id int PRIMARY KEY, shop text NOT NULL);\n{STAFF}",
    **{
        f"views/{name}.yml": f"view: of_{name}\nsources: {{s: {{table: sale}}}}\ndimensions: {{shop: s.shop}}\n"
        for name in ASKED
    },
    "policies/p.yml": "policies:\n"
    + "".join(f'  - {{policy: {name}, view: of_{name}, to: [tp_reader], using: "{name}(shop)"}}\n' for name in ASKED),
}


def test_a_reader_answers_what_a_rule_asks_where_that_is_found(database: Database):
    """MV430 is right: where it fires, a temporary table of the reader's lets all rows through, and elsewhere none."""
    own = database.connect()
    with suppress(psycopg.errors.DuplicateObject):
        own.execute("CREATE ROLE tp_reader LOGIN")
    own.execute(RULED["s.sql"].encode())
    own.execute(
        "INSERT INTO sale SELECT g, 's' || g FROM generate_series(1, 3) AS g; GRANT SELECT ON staff TO tp_reader"
    )
    found = mvc.check(mvc.load(RULED)).diagnostics
    apply(own, mvc.compile(mvc.load(RULED)), options=ApplyOptions(frozenset()))
    reader = database.connect(user="tp_reader")
    reader.execute(
        "CREATE TEMP TABLE staff AS SELECT 'tp_reader' AS who, 's' || g AS shop FROM generate_series(1, 3) AS g"
    )
    reader.execute("GRANT SELECT ON staff TO PUBLIC")
    seen = {name: reader.execute(f"SELECT count(*) FROM of_{name}".encode()).fetchone() for name in ASKED}
    told = {item.title.split("`")[1] for item in found if item.code == "MV430"}
    assert (
        {name for name, rows in seen.items() if rows == (3,)} == told == {"no_path", "definer", "pinned", "procedural"}
    )
    assert {rows for name, rows in seen.items() if name not in told} == {(0,)}
    pulled = pull(own)
    assert {item.name for item in pulled.functions if item.late} == told
    assert {item.late for item in pulled.functions} == {(), ("staff",)}
