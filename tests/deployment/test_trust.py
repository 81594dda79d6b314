"""Whose code runs when views are filled, refreshed and read: what is refused, what must be agreed to, what each refresh looks at."""

from __future__ import annotations

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
from servers import MAJORS, Database, Servers, new_database

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
ANYTHING = ApplyOptions(frozenset(HAZARDS))
SCHEMA = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN pieces AS int CHECK (VALUE > 0);
CREATE TABLE sale (id int, shop varchar(20) NOT NULL, amount numeric NOT NULL, felt mood, n int NOT NULL);
CREATE FUNCTION slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1) $$;
"""
FILES = {
    "mvc.yml": "project: shops\ncatalog: s.sql\n",
    "s.sql": SCHEMA,
    "views/v.yml": "view: v\nsql: |\n  SELECT s.shop, count(*) AS n FROM sale AS s GROUP BY s.shop\ngrain: [shop]\n",
}
SPY = """
CREATE FUNCTION public.spy(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  IF current_user <> 'tt_owner' THEN INSERT INTO public.seen VALUES (current_user, what); END IF; END $$;
CREATE FUNCTION public.evil(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.spy('evil'); RETURN $1; END $$;
"""


def project(body: str = "", **changed: str) -> Compiled:
    files = {**FILES, **changed}
    if body:
        files["views/v.yml"] = f"view: v\nsql: |\n  {body}\ngrain: [shop]\n"
    return mvc.compile(mvc.load(files))


def build(connection: Connection) -> None:
    for role in ("tt_owner", "tt_reader", "tt_app"):
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute(f"CREATE ROLE {role} LOGIN")
    connection.execute(SCHEMA)
    connection.execute("INSERT INTO sale SELECT g, 's' || g % 3, g, 'good', g FROM generate_series(1, 9) AS g")
    connection.execute(
        "ALTER TABLE sale OWNER TO tt_owner; ALTER TYPE mood OWNER TO tt_owner; ALTER DOMAIN pieces OWNER TO tt_owner"
    )
    connection.execute(
        "GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC; CREATE TABLE seen (who text, what text); GRANT INSERT ON seen TO PUBLIC"
    )


@pytest.fixture(params=[min(MAJORS), max(MAJORS)], ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    """A table, an enum and a domain of an ordinary role, who may also create in `public`; a superuser deploys."""
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "trust", build)) as database:
        yield database


def owner_of(database: Database) -> Connection:
    connection = database.connect()
    connection.execute(b"SET ROLE tt_owner; " + SPY.encode())
    return connection


def seen(database: Database) -> list[tuple[str, str]]:
    return database.connect().execute("SELECT who, what FROM public.seen").fetchall()


def refused(connection: Connection, compiled: Compiled, terms: ApplyOptions = ANYTHING) -> str:
    with pytest.raises(ServerError) as problem:
        apply(connection, compiled, options=terms)
    return f"{problem.value} {problem.value.hint}"


def refresh(connection: Connection) -> str | None:
    """The error of a refresh, None where there is none."""
    raised = ""
    try:
        connection.execute("CALL mvc.refresh('public', 'v')")
    except psycopg.Error as problem:
        raised = str(problem)
    row = connection.execute("SELECT error FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchone()
    assert row is not None
    assert (row[0] or "") in raised if raised else row[0] is None
    return row[0]


# --- what is resolved when something is created -----------------------------------------------------------------------


class TestCreation:
    def test_a_refusal_names_the_mend(self, shop: Database):
        mean = owner_of(shop)
        mean.execute("CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$")
        said = refused(shop.connect(), project("SELECT lower(s.shop) AS shop, count(*) AS n FROM sale AS s GROUP BY 1"))
        assert "public.v would run the function public.lower(character varying) of the role tt_owner" in said
        assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC; DROP FUNCTION public.lower(character varying)" in said
        assert "trusted_roles: [tt_owner]" in said

    def test_nothing_of_a_refused_step_is_left(self, shop: Database):
        mean, deployer = owner_of(shop), shop.connect()
        mean.execute("CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$")
        refused(deployer, project("SELECT lower(s.shop) AS shop, count(*) AS n FROM sale AS s GROUP BY 1"))
        assert deployer.execute("SELECT stored_name FROM mvc.stored_relation").fetchall() == []

    def test_the_constant_part_of_an_index(self, shop: Database):
        """The server would compute it when it makes the index, before anything could look at it."""
        mean = owner_of(shop)
        mean.execute(
            "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.spy('index'); RETURN 'x'; END $$"
        )
        files = {"views/v.yml": FILES["views/v.yml"] + "indexes: [{columns: [\"shop || lower('X'::varchar)\"]}]\n"}
        assert "an index of v_" in refused(shop.connect(), project(**files))
        assert seen(shop) == []

    def test_an_index_with_expressions_is_what_was_asked_for(self, shop: Database):
        files = {
            "views/v.yml": FILES["views/v.yml"]
            + "indexes: [{columns: [\"lower(shop) || '%'\", n desc], where: \"shop LIKE 's%' AND slug(shop) > 'a)'\"}]\n"
        }
        deployer = shop.connect()
        apply(deployer, project(**files), options=ANYTHING)
        row = deployer.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'mvc' AND indexdef LIKE '%lower%'"
        ).fetchone()
        assert row and row[0].endswith(
            "USING btree (((lower((shop)::text) || '%'::text)), n DESC NULLS LAST)"
            " WHERE (((shop)::text ~~ 's%'::text) AND (slug((shop)::text) > 'a)'::text))"
        )
        assert plan(deployer, project(**files)).empty

    def test_a_domain_of_a_stranger_is_code(self, shop: Database):
        said = refused(
            shop.connect(),
            project("SELECT s.shop, sum(s.n::pieces) AS n FROM sale AS s GROUP BY s.shop", **{"s.sql": SCHEMA}),
            ApplyOptions(),
        )
        assert "foreign-code" in said

    @pytest.mark.parametrize("column", ["span(s.n, NULL)", "multirange(span(s.n, NULL))", "span(s.n, NULL)::spans"])
    def test_statistics_run_the_functions_of_a_range(self, shop: Database, column: str):
        mean = owner_of(shop)
        mean.execute(
            "CREATE FUNCTION apart(int, int) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.spy('range'); RETURN 1; END $$"
        )
        made = "CREATE TYPE span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = {})"
        mean.execute(f"{made.format('apart')}; CREATE DOMAIN spans AS span")
        files = {"s.sql": f"{SCHEMA}{made.format('int4mi')}; CREATE DOMAIN spans AS span;"}
        body = f"SELECT s.shop, {column} AS during FROM sale AS s"
        said = refused(shop.connect(), project(body, **files))
        assert ("the type public.span of the role tt_owner" if "::" in column else "apart(integer,integer)") in said
        assert seen(shop) == []

    @pytest.mark.parametrize("value", ["'[1,5)'::deep", "'{[1,5)}'::multideep", "ARRAY['[1,5)'::deep]"])
    def test_a_range_is_made_by_the_checks_of_its_domain(self, shop: Database, value: str):
        mean = owner_of(shop)
        mean.execute("CREATE DOMAIN low AS int CHECK (evil(VALUE) > 0)")
        made = "CREATE TYPE deep AS RANGE (SUBTYPE = {}, MULTIRANGE_TYPE_NAME = multideep)"
        mean.execute(made.format("low").encode())
        files = {"s.sql": f"{SCHEMA}{made.format('int')};"}
        said = refused(shop.connect(), project(f"SELECT s.shop, {value} AS during FROM sale AS s", **files))
        assert (
            "would have constants become values of the type public.deep of the role tt_owner, by code of that role"
            in said
        )

    def test_a_policy_runs_as_its_reader(self, shop: Database):
        mean = owner_of(shop)
        mean.execute("CREATE FUNCTION eq(varchar, varchar) RETURNS bool LANGUAGE sql AS $$ SELECT true $$")
        mean.execute("CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = eq)")
        files = {
            "policies/p.yml": 'policies: [{policy: p, view: v, to: [tt_reader], using: "shop = current_user::varchar"}]\n'
        }
        said = refused(shop.connect(), project(**files))
        assert "would run the operator public.=(character varying,character varying) of the role tt_owner" in said


# --- code of others that is meant -------------------------------------------------------------------------------------


class TestForeignCode:
    BODY = "SELECT slug(s.shop) AS shop, count(*) AS n FROM sale AS s GROUP BY 1"

    def _given_away(self, shop: Database) -> Connection:
        connection = shop.connect()
        connection.execute("ALTER FUNCTION slug(text) OWNER TO tt_app")
        return connection

    def test_must_be_agreed_to(self, shop: Database):
        deployer, compiled = self._given_away(shop), project(self.BODY)
        said = refused(deployer, compiled, ApplyOptions())
        assert "v runs public.slug(text) of the role tt_app, who can replace it (foreign-code)" in said
        apply(deployer, compiled, options=ANYTHING)
        assert plan(deployer, compiled).empty
        assert refresh(deployer) is None

    def test_of_a_role_that_the_project_trusts_is_no_danger(self, shop: Database):
        deployer = self._given_away(shop)
        compiled = project(self.BODY, **{"mvc.yml": FILES["mvc.yml"] + "trusted_roles: [tt_app, tt_owner]\n"})
        apply(deployer, compiled)
        assert plan(deployer, compiled).empty

    def test_in_a_script_only_the_project_says_whom_it_trusts(self, shop: Database):
        deployer = self._given_away(shop)
        trusting = {
            names: {"mvc.yml": f"{FILES['mvc.yml']}trusted_roles: [{names}]\n"}
            for names in ("tt_owner", "tt_app, tt_owner")
        }
        with pytest.raises(
            psycopg.errors.WrongObjectType, match=r"the function public.slug\(pg_catalog.text\) of the role tt_app"
        ):
            deployer.execute(project(self.BODY, **trusting["tt_owner"]).sql.encode())
        deployer.execute("ROLLBACK")
        deployer.execute(project(self.BODY, **trusting["tt_app, tt_owner"]).sql.encode())

    def test_of_a_role_that_is_still_to_be_made_nothing_is_trusted(self, shop: Database):
        """Else whoever may make roles would make that one."""
        trusting = project(**{"mvc.yml": f"{FILES['mvc.yml']}trusted_roles: [tt_owner, tt_later]\n"})
        said = "the server has no role tt_later, which mvc.yml trusts: whoever makes one of that name would be trusted"
        assert said in refused(shop.connect(), trusting)
        with pytest.raises(psycopg.errors.UndefinedObject, match=said):
            shop.connect().execute(trusting.sql.encode())

    def test_that_the_catalog_does_not_name_is_refused(self, shop: Database):
        """An overload that a stranger adds is another function than the one that somebody agreed to."""
        mean = owner_of(shop)
        mean.execute("CREATE FUNCTION slug(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'x' $$")
        assert "public.slug(character varying)" in refused(self._given_away(shop), project(self.BODY))

    def test_trust_that_is_taken_back_is_proven_anew(self, shop: Database):
        deployer = self._given_away(shop)
        apply(deployer, project(self.BODY, **{"mvc.yml": FILES["mvc.yml"] + "trusted_roles: [tt_app, tt_owner]\n"}))
        assert [step.action for step in plan(deployer, project(self.BODY)).prepare] == ["prove"]
        assert "foreign-code" in refused(deployer, project(self.BODY), ApplyOptions())

    def test_an_owner_that_changes_stops_refreshes(self, shop: Database):
        deployer, compiled = shop.connect(), project(self.BODY)
        apply(deployer, compiled, options=ANYTHING)
        assert refresh(deployer) is None
        deployer.execute("ALTER FUNCTION slug(text) OWNER TO tt_app")
        assert (
            refresh(deployer)
            == "public.v reads or calls what has another kind or owner since it was deployed: public.slug(pg_catalog.text)"
        )
        assert "foreign-code" in refused(deployer, compiled, ApplyOptions())
        apply(deployer, compiled, options=ANYTHING)
        assert refresh(deployer) is None


# --- what is looked up each time ---------------------------------------------------------------------------------------

LATE = {
    "json_agg": "json_agg(s.felt)",
    "jsonb_agg": "jsonb_agg(s.felt)",
    "json_object_agg": "json_object_agg(s.id, s.felt)",
    "to_json": "max(to_json(s.felt)::text)",
    "to_jsonb of an array": "max(to_jsonb(ARRAY[s.felt])::text)",
    "json_build_object": "json_agg(json_build_object('felt', s.felt))",
    "a whole row": "json_agg(s)",
    "row_to_json of a subquery": "json_agg((SELECT row_to_json(r) FROM (SELECT s.felt AS f) AS r))",
    "text and an enum": "max('felt ' || s.felt)",
    "an enum and text": "max(s.felt || '!')",
    "quote_literal": "max(quote_literal(s.felt))",
    "in a condition": "count(*) FILTER (WHERE to_json(s.felt)::text <> '')",
    "a window": "max(max(to_json(s.felt)::text)) OVER ()",
}
EARLY = {
    "cast to text": "json_agg(s.felt::text)",
    "other values": "json_agg(s.n ORDER BY s.felt)",
    "beside it": "json_agg(s.n), max(s.felt)",
    "only output": "max(concat(s.felt, format('%s', s.felt)))",
}
RUN_TEXTS = (
    "max(query_to_xml('SELECT n FROM public.rates WHERE n > 0', true, true, '')::text)",
    "max((SELECT count(*) FROM ts_stat('SELECT words FROM public.rates WHERE n > 0')))",
    "max(ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery FROM public.rates WHERE n > 0')::text)",
    "max(table_to_xml(concat('public.', 'rates')::regclass, true, true, '')::text)",
)
CASTS = (
    "CREATE FUNCTION public.to_{0}(mood) RETURNS {0} LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.spy('cast'); RETURN '1'; END $$;"
    "CREATE CAST (mood AS {0}) WITH FUNCTION public.to_{0}(mood) AS IMPLICIT"
)


class TestLateLookups:
    @pytest.mark.parametrize("call", LATE.values(), ids=LATE)
    def test_of_a_strangers_type_is_refused(self, shop: Database, call: str):
        compiled = project(f"SELECT s.shop, {call} AS x FROM sale AS s GROUP BY s.shop")
        said = refused(shop.connect(), compiled)
        assert "looks for a cast of the type public." in said
        assert "the role tt_owner can make one" in said
        assert "cast the value itself: (…)::text" in said

    @pytest.mark.parametrize("call", EARLY.values(), ids=EARLY)
    def test_what_is_looked_up_once_is_not(self, shop: Database, call: str):
        deployer, mean = shop.connect(), owner_of(shop)
        call = call.replace("), max", ") AS x, max")
        apply(deployer, project(f"SELECT s.shop, {call} AS y FROM sale AS s GROUP BY s.shop"), options=ANYTHING)
        for type_ in ("text", "json"):
            mean.execute(CASTS.format(type_).encode())
        assert refresh(deployer) is None
        assert seen(shop) == []

    @pytest.mark.parametrize("call", RUN_TEXTS)
    def test_a_text_that_is_run_reads_nothing_of_a_stranger(self, shop: Database, call: str):
        """What it reads is known to nobody but the server, and not before it is run: the owner of a table would run code as the deployer."""
        deployer, mean = shop.connect(), owner_of(shop)
        deployer.execute("ALTER TABLE sale OWNER TO CURRENT_USER; CREATE TABLE own (words tsvector, n int)")
        mean.execute("CREATE TABLE Rates (words tsvector, n int); GRANT SELECT ON rates TO PUBLIC")
        mean.execute("CREATE INDEX ON rates ((n + public.evil(1)))")
        body = f"SELECT s.shop, {call} AS x FROM sale AS s GROUP BY s.shop"
        said = refused(deployer, project(body), ApplyOptions(frozenset()))
        assert (
            "in which stands the name of public.rates of the role tt_owner, who can have code run as whoever reads it"
            in said
        )
        assert "trusted_roles: [tt_owner]" in said
        assert seen(shop) == []
        if "xml" not in call:  # which not every build has
            apply(deployer, project(body.replace("rates", "own")), options=ApplyOptions(frozenset()))

    def test_of_a_type_of_the_deployers_is_its_own_business(self, shop: Database):
        deployer = shop.connect()
        deployer.execute("ALTER TYPE mood OWNER TO postgres")
        apply(
            deployer, project("SELECT s.shop, json_agg(s.felt) AS x FROM sale AS s GROUP BY s.shop"), options=ANYTHING
        )
        assert refresh(deployer) is None


# --- what is read ------------------------------------------------------------------------------------------------------

WINDOWED = {
    "views/v.yml": "view: v\nsources: {s: {table: sale}}\ndimensions: {at: s.at}\naggregates: {n: {count: s}}\n",
    "schedules/s.yml": "schedules: [{schedule: often, refresh: v, within: 1h, mode: window, window: 30d}]\n",
}


class TestTables:
    def test_one_that_became_a_view(self, servers: Servers):
        """PostgreSQL 15 still makes a view of an empty table, for its owner."""
        server = servers.get(15)
        with new_database(server, servers.template(server, "trust", build)) as database:
            deployer, mean = database.connect(), owner_of(database)
            apply(deployer, project(), options=ANYTHING)
            mean.execute("TRUNCATE sale")
            mean.execute(
                "CREATE RULE \"_RETURN\" AS ON SELECT TO sale DO INSTEAD SELECT public.evil(1) AS id, 's'::varchar(20) AS shop,"
                " 1::numeric AS amount, 'good'::mood AS felt, 1 AS n"
            )
            assert refresh(deployer) == "public.sale is no table any more"
            assert "public.evil(integer) of the role tt_owner" in refused(deployer, project())
            assert seen(database) == []

    @pytest.mark.parametrize(
        "trap",
        [
            "CREATE INDEX ON sale ((n + public.evil(1)))",
            "CREATE INDEX ON sale (n) WHERE n > public.evil(1)",
            "CREATE STATISTICS traps ON (n + public.evil(1)), id FROM sale",
            "CREATE TABLE child () INHERITS (sale); ALTER TABLE child ADD CHECK (n > public.evil(1) - 100)",
        ],
    )
    def test_the_owner_of_one_runs_nothing_while_it_is_planned(self, shop: Database, trap: str):
        """The server computes the constant parts of its expressions for whoever reads the table."""
        deployer, mean = shop.connect(), owner_of(shop)
        compiled = project("SELECT s.shop, count(*) AS n FROM sale AS s WHERE s.n > 0 GROUP BY s.shop")
        apply(deployer, compiled, options=ANYTHING)
        assert refresh(deployer) is None
        mean.execute(trap.encode())
        error = refresh(shop.connect())
        assert error == "public.v would run the function public.evil(integer) of the role tt_owner"
        assert seen(shop) == []

    def test_a_new_owner_must_be_known(self, shop: Database):
        deployer = shop.connect()
        apply(deployer, project(), options=ANYTHING)
        deployer.execute("ALTER TABLE sale OWNER TO tt_app")
        assert "another kind or owner since it was deployed: public.sale" in (refresh(deployer) or "")
        apply(deployer, project(), options=ANYTHING)
        assert refresh(deployer) is None


# --- what an older version deployed ------------------------------------------------------------------------------------


class TestUpgrade:
    def test_it_is_refreshed_as_before_and_proven_by_the_next_deployment(self, shop: Database):
        deployer = shop.connect()
        apply(deployer, project(), options=ANYTHING)
        deployer.execute("ALTER TABLE mvc.stored_relation DROP COLUMN proven")
        deployer.execute("DROP FUNCTION mvc.proven_for, mvc.renamed_sources, mvc.outdated")
        deployer.execute("UPDATE mvc.installation SET generation = 3")
        found = plan(deployer, project())
        assert [step.action for step in found.prepare] == ["upgrade", "prove"]
        apply(deployer, project(), options=ANYTHING)
        assert plan(deployer, project()).empty
        assert refresh(deployer) is None

    def test_what_was_proven_before_owners_of_tables_counted_is_proven_anew(self, shop: Database):
        deployer = shop.connect()
        apply(deployer, project(), options=ANYTHING)
        deployer.execute("UPDATE mvc.stored_relation SET proven = proven - 'accepted'")
        assert refresh(deployer) is None
        assert [step.action for step in plan(deployer, project()).prepare] == ["prove"]
        assert "public.sale of the role tt_owner" in refused(deployer, project(), ApplyOptions())
        apply(deployer, project(), options=ANYTHING)
        assert plan(deployer, project()).empty

    def test_what_was_restored_is_another_database(self, shop: Database):
        deployer = shop.connect()
        apply(deployer, project(), options=ANYTHING)
        deployer.execute("UPDATE mvc.stored_relation SET proven = jsonb_set(proven, '{place}', '\"another\"')")
        assert refresh(deployer) is None
        assert [step.action for step in plan(deployer, project()).prepare] == ["prove"]


def test_another_role_of_a_trusted_name_is_not_trusted(shop: Database):
    """Whoever may create roles has made it, after the one that the project means was dropped."""
    connection, named = shop.connect(), f"tt_{shop.name}"
    trusting = {"mvc.yml": f"{FILES['mvc.yml']}trusted_roles: [tt_owner, {named}]\n"}
    connection.execute(f"CREATE ROLE {named}")
    apply(connection, project(**trusting))
    connection.execute(f"DROP ROLE {named}; CREATE ROLE {named} LOGIN")
    with shop.connect(user=named) as another:
        another.execute(
            "CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$"
        )
    changed = project("SELECT lower(s.shop) AS shop, count(*) AS n FROM sale AS s GROUP BY 1", **trusting)
    claiming = {
        **trusting,
        "views/v.yml": "view: v\nsources: {s: {table: sale}, o: {sql: 'SELECT lower(x.shop) AS shop FROM sale AS x', key: [shop], on: o.shop = s.shop}}\n"
        "dimensions: {shop: s.shop}\naggregates: {n: {count: s}}\n",
    }
    try:
        with pytest.raises(ServerError, match=rf"would run the function public\.lower.* of the role {named}"):
            check_data(connection, mvc.load({**FILES, **claiming}), project(**claiming))
        with pytest.raises(ServerError, match=f"{named}, which mvc.yml trusts, is another one"):
            apply(connection, changed, options=ANYTHING)
        connection.execute("SELECT mvc.trust_anew(%s)", (named,))
        with pytest.raises(ServerError, match="ran as"):  # that one is trusted
            apply(connection, changed, options=ANYTHING)
    finally:
        connection.execute(f"DROP OWNED BY {named}; DROP ROLE {named}")
