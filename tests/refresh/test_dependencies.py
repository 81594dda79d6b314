"""What a result follows from besides rows: when it changes, no trigger fires, and the next refresh of whatever mode computes everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.drift import find_drift
from mvc.engines.postgres.server.apply import apply, plan
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.rollback import rollback
from servers import Database, Servers, new_database

from .checked import Connection, Run, last_run, refresh, wrong_rows
from .projects import ANYTHING, never_whole, schedule

DDL = """
CREATE TYPE mood AS ENUM ('calm', 'glad');
CREATE DOMAIN code AS text;
CREATE FUNCTION rate(x int) RETURNS int LANGUAGE sql IMMUTABLE RETURN x * 2;
CREATE FUNCTION inner_rate(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE FUNCTION outer_rate(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.inner_rate(x) + 1; END';
CREATE FUNCTION atomic_rate(x int) RETURNS int LANGUAGE sql IMMUTABLE RETURN public.inner_rate(x) + 2;
CREATE FUNCTION picky(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path = public AS 'BEGIN RETURN better(x) + 1; END';
CREATE FUNCTION better(x bigint) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION spelt(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x OPERATOR(public.|+|) x; END';
CREATE FUNCTION told(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x + coalesce(current_setting(''app.more'', true)::int, 0); END';
CREATE FUNCTION feeling(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x::public.mood::text; END';
CREATE FUNCTION steps(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE SET datestyle = 'ISO, MDY' AS
  'BEGIN RETURN extract(day FROM ''02.03.2024''::date)::int + x; END';
CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL, v int NOT NULL, m mood NOT NULL, w text NOT NULL, c code);
"""
ON_THE_SERVER = """
CREATE FUNCTION glued(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || ''+'' || $2';
CREATE OPERATOR |+| (LEFTARG = text, RIGHTARG = text, FUNCTION = glued);
CREATE FUNCTION add_up(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(int) (SFUNC = add_up, STYPE = int, INITCOND = '0');
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
"""
ROWS = "INSERT INTO t SELECT g, g % 10, g, CASE g % 2 WHEN 0 THEN 'calm' ELSE 'glad' END::mood, 'the cats ' || g, 'c' FROM generate_series(1, 60) AS g"
VALUES = {
    "by_function": "max: rate(t.v)",
    "by_body": "max: outer_rate(t.v)",
    "by_atomic": "max: atomic_rate(t.v)",
    "by_overload": "max: picky(t.v)",
    "by_operator": "max: spelt(t.w)",
    "by_aggregate": "sql: total(t.v)",
    "by_label": "max: t.m::text",
    "by_type_in_text": "max: feeling(t.m::text)",
    "by_setting": "max: told(t.v)",
    "by_option": "max: steps(t.v)",
    "by_words": "max: \"to_tsvector('public.plain', t.w)::text\"",
    "by_rows": "sum: t.v",
}


@dataclass(frozen=True)
class Change:
    """What is done, the views whose results it changes or may change, and what is said of it."""

    view: str
    statement: str
    says: str
    also: frozenset[str] = frozenset()


CHANGES = [
    Change("by_function", "CREATE OR REPLACE FUNCTION rate(x int) RETURNS int LANGUAGE sql IMMUTABLE RETURN x * 3", "the function public.rate(integer)"),
    Change("by_body", "CREATE OR REPLACE FUNCTION inner_rate(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 5'", "the function public.inner_rate(integer)", frozenset({"by_atomic"})),
    Change("by_overload", "CREATE FUNCTION better(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 7'", "the function public.better(integer)"),
    Change("by_operator", "CREATE OR REPLACE FUNCTION glued(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $2 || $1'", "the function public.glued(text,text)"),
    Change("by_aggregate", "CREATE OR REPLACE AGGREGATE total(int) (SFUNC = add_up, STYPE = int, INITCOND = '1000')", "the aggregate public.total(integer)"),
    Change("by_aggregate", "CREATE OR REPLACE FUNCTION add_up(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 2 * $2'", "the function public.add_up(integer,integer)"),
    Change("by_label", "ALTER TYPE mood RENAME VALUE 'glad' TO 'merry'", "the type public.mood", frozenset({"by_type_in_text"})),
    Change("by_setting", "SET app.more = '100'", "the setting app.more"),
    Change("by_option", "ALTER FUNCTION steps SET datestyle = 'ISO, DMY'", "the function public.steps(integer)"),
    Change("by_words", "ALTER TEXT SEARCH CONFIGURATION plain ALTER MAPPING FOR asciiword WITH english_stem", "the text search configuration public.plain"),
]  # fmt: skip


@cache
def project(mode: str = "incremental") -> Compiled:
    files = {
        "mvc.yml": "project: code\ncatalog: s.sql\n",
        "s.sql": DDL + "CREATE AGGREGATE total(int) (SFUNC = add_up, STYPE = int, INITCOND = '0');",
        "schedules/s.yml": schedule([*VALUES], mode),
        **{
            f"views/{name}.yml": f"view: {name}\nsources: {{t: {{table: t}}}}\ndimensions: {{k: t.k}}\naggregates: {{x: {{{value}}}}}\n"
            for name, value in VALUES.items()
        },
    }
    return mvc.compile(mvc.load(files))


def build(connection: Connection) -> None:
    connection.execute(DDL + ON_THE_SERVER + ROWS)
    apply(connection, project(), options=ANYTHING)
    never_whole(connection)


@pytest.fixture(scope="module", params=(15, 18), ids=lambda major: f"pg{major}")
def connection(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Connection]:
    """One after the other, the tests change this and that of it."""
    server = servers.get(request.param)
    with new_database(server) as database:
        made = database.connect()
        build(made)
        for name in VALUES:
            assert refresh(made, project().view(name)).mode == "incremental", name
        yield made


def outdated(connection: Connection) -> dict[str, str]:
    drift = find_drift(observe(connection, project()), "code")
    return {item.view: item.found for item in drift if item.kind == "storage outdated"}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.view)
def test_other_code_makes_the_next_refresh_a_whole_one(connection: Connection, change: Change):
    connection.execute(change.statement.encode())
    affected = {change.view, *change.also}
    is_setting = change.says.startswith("the setting")
    told = outdated(connection)
    assert set(told) == (set() if is_setting else affected)
    assert all(change.says in words for words in told.values()), told
    for name in VALUES:
        run = refresh(connection, project().view(name))
        expected = "full" if name in affected else "incremental"
        assert (run.view, run.status, run.mode, run.wrong) == (name, "completed", expected, []), run
        assert (change.says in (run.detail or "")) == (name in affected), run
    assert outdated(connection) == {}
    assert all(refresh(connection, project().view(name)).mode == "incremental" for name in affected)


OTHERS_DDL = """
CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE FUNCTION fold(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(x)';
CREATE TABLE u (id int PRIMARY KEY, d date NOT NULL, w text NOT NULL, v int NOT NULL, g int NOT NULL GENERATED ALWAYS AS (v + 1) STORED);
CREATE VIEW seen AS SELECT d, v FROM u;
"""
OTHERS = {
    "whole": "sources: {u: {table: u}}\ndimensions: {w: u.w}\naggregates: {x: {sum: twice(u.v)}}\nindexes: [{columns: ['fold(w)']}]\n",
    "window": "sources: {s: {table: seen}}\ndimensions: {d: s.d}\naggregates: {x: {sum: s.v}}\n",
    "groups": "sources: {u: {table: u}}\ndimensions: {d: u.d}\naggregates: {x: {sum: u.g}, least: {min: u.w}}\n",
}


WIDER = "view: window\nsources: {s: {table: seen}}\ndimensions: {d: s.d}\naggregates: {x: {sum: s.v}, n: {count: s}}\n"


def other_files() -> dict[str, str]:
    return {
        "mvc.yml": "project: others\ncatalog: s.sql\n",
        "s.sql": OTHERS_DDL,
        "schedules/w.yml": schedule(["window"], "window").replace("mode: window", "mode: window, window: 1d"),
        "schedules/g.yml": schedule(["groups"]).replace("partly", "groups"),
        **{f"views/{name}.yml": f"view: {name}\n{text}" for name, text in OTHERS.items()},
    }


@cache
def others() -> Compiled:
    return mvc.compile(mvc.load(other_files()))


def deploy_others(database: Database) -> Connection:
    connection = database.connect()
    connection.execute(OTHERS_DDL)
    connection.execute(
        "INSERT INTO u SELECT g, current_date - g % 9, 'Word ' || g % 9, g FROM generate_series(1, 60) AS g"
    )
    apply(connection, others(), options=ANYTHING)
    never_whole(connection)
    return connection


def called(connection: Connection, view: str) -> Run:
    """A refresh in the view's usual mode, as jobs do it."""
    connection.execute("CALL mvc.refresh('public', %s)", (view,), prepare=False)
    return last_run(connection, view)


def is_whole_once(connection: Connection, view: str, says: str) -> None:
    run = called(connection, view)
    assert (run.status, run.mode, says in (run.detail or "")) == ("completed", "full", True), run
    usual = called(connection, view)
    assert (usual.mode, usual.detail) == ({"window": "window", "groups": "incremental"}.get(view, "full"), None)


def test_whatever_the_mode_and_only_once(database: Database):
    connection = deploy_others(database)
    assert [called(connection, name).mode for name in ("window", "groups")] == ["window", "incremental"]
    connection.execute("CREATE OR REPLACE FUNCTION twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 20'")
    is_whole_once(connection, "whole", "the function public.twice(integer) changed")
    connection.execute("CREATE OR REPLACE VIEW seen AS SELECT d, v * 3 AS v FROM u")
    is_whole_once(connection, "window", "the view public.seen changed")
    assert wrong_rows(connection, others().view("window")) == []
    for known, says in (
        ("NULL", "it is not known with which"),
        ("jsonb_set(made_with, '{found,the default collation}', '\"1.0\"')", "the default collation"),
    ):
        connection.execute(f"UPDATE mvc.stored_relation SET made_with = {known} WHERE view_name = 'window'".encode())
        is_whole_once(connection, "window", says)


def test_an_index_with_an_expression_is_made_anew(database: Database):
    connection = deploy_others(database)
    connection.execute(
        "CREATE OR REPLACE FUNCTION fold(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(x)'"
    )
    called(connection, "whole")
    with connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        found = connection.execute("SELECT count(*) FROM whole WHERE fold(w) = 'WORD 3'").fetchone()
    assert found == (1,)


def test_apply_mends_what_is_outdated(database: Database):
    connection = deploy_others(database)
    connection.execute("CREATE OR REPLACE FUNCTION twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 20'")
    (drift,) = [item for item in plan(connection, others()).drift if item.kind != "runtime changed"]  # see never_whole
    assert (drift.kind, drift.view, drift.kept) == ("storage outdated", "whole", False)
    apply(connection, others())
    assert connection.execute("SELECT sum(x) FROM whole").fetchone() == (60 * 61 * 10,)
    assert plan(connection, others()).empty
    assert not plan(connection, others()).drift


def test_rows_that_a_rollback_takes_up_again_are_computed_anew(database: Database):
    """They were computed by a function as it was before; nobody reads them until the switch."""
    connection = deploy_others(database)
    apply(connection, mvc.compile(mvc.load(other_files() | {"views/window.yml": WIDER})), options=ANYTHING)
    connection.execute("CREATE OR REPLACE VIEW seen AS SELECT d, v * 3 AS v FROM u")
    rollback(connection, others(), ANYTHING)
    assert wrong_rows(connection, others().view("window")) == []
    assert not [item for item in plan(connection, others()).drift if item.view == "window"]


@pytest.mark.parametrize("postgres_server", [18], ids=["pg18"], indirect=True, scope="session")
def test_an_expression_of_a_generated_column(database: Database):
    connection = deploy_others(database)
    connection.execute("ALTER TABLE u ALTER COLUMN g SET EXPRESSION AS (v + 100)")
    is_whole_once(connection, "groups", "the generated column public.u.g changed")
    assert wrong_rows(connection, others().view("groups")) == []


RATES = """
CREATE TABLE rates (rate int NOT NULL);
CREATE TABLE paid (id int PRIMARY KEY, k int NOT NULL, v int NOT NULL, words text NOT NULL);
CREATE FUNCTION at_rate(x int, y int) RETURNS int LANGUAGE sql STABLE AS 'SELECT coalesce(x, 0) + y * (SELECT rate FROM public.rates)';
CREATE FUNCTION fixed(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE TYPE euro AS (v int);
CREATE FUNCTION euro(x int) RETURNS euro LANGUAGE sql STABLE AS 'SELECT ROW(x * (SELECT rate FROM public.rates))::public.euro';
CREATE AGGREGATE total_at_rate(int) (SFUNC = at_rate, STYPE = int, INITCOND = '0');
"""
RATES_ON_THE_SERVER = """
CREATE CAST (int AS euro) WITH FUNCTION euro(int);
CREATE OPERATOR +* (LEFTARG = int, RIGHTARG = int, FUNCTION = at_rate);
INSERT INTO rates VALUES (2);
INSERT INTO paid SELECT g, g % 10, g, 'the cats run' FROM generate_series(1, 60) AS g;
"""
UNSTEADY = {
    "as_aggregate": ("sql: total_at_rate(p.v)", "public.at_rate(integer,integer)"),
    "as_operator": ("sum: p.v OPERATOR(public.+*) 2", "public.at_rate(integer,integer)"),
    "as_cast": ('max: "(p.v::euro).v"', "public.euro(integer)"),
    "later": ("sum: fixed(p.v)", "public.fixed(integer)"),
}


def deploy_unsteady(connection: Connection, values: dict[str, str]) -> Compiled:
    files = {"mvc.yml": "project: rates\ncatalog: s.sql\n", "s.sql": RATES, "schedules/s.yml": schedule([*values])}
    for name, value in values.items():
        files[f"views/{name}.yml"] = (
            f"view: {name}\nsources: {{p: {{table: paid}}}}\ndimensions: {{k: p.k}}\naggregates: {{n: {{count: p}}, x: {{{value}}}}}\n"
        )
    compiled = mvc.compile(mvc.load(files))
    connection.execute(RATES + RATES_ON_THE_SERVER)
    apply(connection, compiled, options=ANYTHING)
    return compiled


def test_what_does_not_claim_to_follow_from_the_rows_is_computed_as_a_whole(database: Database):
    """By whatever the query calls it: an aggregate claims nothing itself, and neither an operator nor a cast says what is behind it."""
    connection = database.connect()
    compiled = deploy_unsteady(connection, {name: value for name, (value, _) in UNSTEADY.items()})
    later = compiled.view("later")
    assert refresh(connection, later).mode == "incremental"
    connection.execute(
        "CREATE OR REPLACE FUNCTION fixed(x int) RETURNS int LANGUAGE sql STABLE AS 'SELECT x * (SELECT rate FROM public.rates)'"
    )
    assert refresh(connection, later).mode == "full"
    for rate in (3, 4):
        connection.execute("UPDATE rates SET rate = %s", (rate,))
        for name, (_, function) in UNSTEADY.items():
            run = refresh(connection, compiled.view(name))
            assert (run.status, run.mode, run.wrong) == ("completed", "full", []), run
            assert f"the function {function} is not IMMUTABLE" in (run.detail or ""), run
    connection.execute("CREATE OR REPLACE FUNCTION fixed(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 7'")
    assert [refresh(connection, later).mode for _ in range(2)] == ["full", "incremental"]


def test_a_configuration_by_which_an_operator_goes(database: Database):
    """Text is matched by the configuration of whoever refreshes."""
    connection = database.connect()
    compiled = deploy_unsteady(connection, {"matched": "bool_or: p.words @@ 'running'"})
    assert refresh(connection, compiled.view("matched")).mode == "incremental"
    connection.execute("SET default_text_search_config = 'pg_catalog.english'")
    refresh(connection, compiled.view("matched"))
    connection.execute("SET default_text_search_config = 'pg_catalog.simple'")
    run = refresh(connection, compiled.view("matched"))
    assert (run.status, run.mode, run.wrong) == ("completed", "full", []), run
    assert "the setting default_text_search_config changed" in (run.detail or "")


def test_a_setting_by_which_a_column_of_money_is_written(database: Database):
    """Its type stands nowhere in the text of the query."""
    connection = database.connect()
    schema = "CREATE TABLE priced (id int PRIMARY KEY, k text NOT NULL, price money NOT NULL)"
    connection.execute(
        f"{schema}; INSERT INTO priced SELECT g, 'k' || g % 3, g FROM generate_series(1, 9) AS g".encode()
    )
    files = {
        "mvc.yml": "project: priced\ncatalog: s.sql\n",
        "s.sql": schema,
        "schedules/s.yml": schedule(["v"]),
        "views/v.yml": "view: v\nsources: {t: {table: priced}}\ndimensions: {k: t.k}\naggregates: {x: {max: t.price::text}}\n",
    }
    compiled = mvc.compile(mvc.load(files))
    apply(connection, compiled)
    assert refresh(connection, compiled.view("v")).mode == "incremental"
    connection.execute("SET lc_monetary = 'POSIX'")
    run = refresh(connection, compiled.view("v"))
    assert (run.mode, "the setting lc_monetary" in (run.detail or "")) == ("full", True)
    assert refresh(connection, compiled.view("v")).mode == "incremental"
