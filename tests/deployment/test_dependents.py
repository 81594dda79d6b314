"""What stands outside the project and cannot be created again, or not as it was: apply refuses by name, before anything is
done, or survives it.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

import mvc
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.prune import prune
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import Servers, new_database

from .projects import (
    BASE,
    MAJORS,
    OUTSIDE,
    Connection,
    Edit,
    aggregate,
    answers,
    assert_settled,
    build_shop,
    compiled,
    create_roles,
    deploy,
    drift_of,
    dump,
    edited,
    in_place,
    rules,
)

pytestmark = pytest.mark.by_turns

LOST = (aggregate("n", None),)  # a column that nobody outside reads
RETYPED = (in_place("last_day", {"max": "o.placed"}),)
FIXED = {
    "a materialized view": ("CREATE MATERIALIZED VIEW mv AS SELECT id FROM sales", "mv"),
    "a materialized view on a view": ("CREATE VIEW x AS SELECT id FROM sales; CREATE MATERIALIZED VIEW mv AS SELECT id FROM x", "mv"),
    "an SQL-body function": ("CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(id) FROM sales; END", "function public.f()"),
    "a function on a view": (
        "CREATE VIEW x AS SELECT id FROM sales; CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(id) FROM x; END",
        "function public.f()",
    ),
    "a function with its rows": ("CREATE FUNCTION f() RETURNS SETOF sales LANGUAGE plpgsql AS 'BEGIN END'", "function public.f()"),
    "a column with its rows": ("CREATE TABLE t (s sales)", "column s of table public.t"),
    "an array of its rows": ("CREATE TABLE t (s sales[])", "column s of table public.t"),
    "a row policy": (
        "CREATE TABLE t (id int); CREATE POLICY p ON t USING (id IN (SELECT id FROM sales))",
        "policy p on table public.t",
    ),
    "a rule of a table": ("CREATE TABLE t (id int); CREATE RULE r AS ON INSERT TO t DO ALSO SELECT id FROM sales", "t"),
}  # fmt: skip
CLEAR = (
    "DROP TABLE IF EXISTS t; DROP FUNCTION IF EXISTS f(); DROP MATERIALIZED VIEW IF EXISTS mv; DROP VIEW IF EXISTS x"
)


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def empty(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Connection]:
    with new_database(servers.get(request.param), bare=True) as database:
        yield database.connect()


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def shop_database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Connection]:
    """The shop, deployed."""
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "deployed_shop", build_deployed)) as database:
        yield database.connect()


def build_deployed(connection: Connection) -> None:
    build_shop(connection)
    deploy(connection, compiled(BASE))


def refused(connection: Connection, *edits: Edit, without: tuple[str, ...] = ()) -> str:
    """What apply says to a change; nothing at all may be different then, in the ledger neither."""
    before = dump(connection, without=without, oids=True)
    ledger = connection.execute("SELECT d.*, d.xmin FROM mvc.deployed_view AS d ORDER BY 2").fetchall()
    with pytest.raises(ServerError) as caught:
        deploy(connection, compiled(edited(*edits)))
    assert dump(connection, without=without, oids=True) == before
    assert connection.execute("SELECT d.*, d.xmin FROM mvc.deployed_view AS d ORDER BY 2").fetchall() == ledger
    return f"{caught.value} {caught.value.hint}"


def test_what_cannot_be_created_again_is_named_before_anything_is_done(shop_database):
    connection = shop_database
    for what, (statement, name) in FIXED.items():
        connection.execute(statement)
        assert name in refused(connection, *LOST), what
        assert name in refused(connection, *RETYPED, without=("mvc",)), (
            what
        )  # only the server knows; what was built stays
        connection.execute(CLEAR)
    deploy(connection, compiled(edited(*LOST)))


def test_what_cannot_be_created_again_survives_what_is_done_in_place(shop_database):
    connection = shop_database
    for statement, _ in FIXED.values():
        connection.execute(statement)
        oids = {row[1]: row for row in dump(connection, oids=True) if row[0] == "oid"}
        deploy(connection, compiled(edited(aggregate("pieces", {"sum": "o.pieces"}), rules({"using": "total > 9"}))))
        assert oids.items() <= {row[1]: row for row in dump(connection, oids=True) if row[0] == "oid"}.items()
        connection.execute(CLEAR)
        deploy(connection, compiled(BASE))


def test_a_column_that_somebody_reads_does_not_go(shop_database):
    connection = shop_database
    connection.execute(
        "CREATE SCHEMA rep; CREATE VIEW rep.x AS SELECT id, n FROM sales; CREATE VIEW rep.y AS SELECT n FROM rep.x"
    )
    said = refused(connection, *LOST)
    assert "rep.x reads sales.n, which goes" in said
    connection.execute("CREATE OR REPLACE VIEW rep.x AS SELECT id, 0::bigint AS n FROM sales")
    deploy(connection, compiled(edited(*LOST)))
    assert connection.execute("SELECT max(n) FROM rep.y").fetchone() == (0,)


def test_another_type_under_a_view_that_cannot_take_it_is_refused_by_name(shop_database):
    """Only the server knows that, so what was built stays; nothing that anybody uses is different."""
    connection = shop_database
    connection.execute("CREATE VIEW days AS SELECT last_day - 1 AS d, last_day + 1 AS e FROM sales")
    before = dump(connection, oids=True)
    with pytest.raises(ServerError, match=r"the view public\.days reads public\.sales, and does not fit"):
        deploy(connection, compiled(edited(*RETYPED)))
    assert dump(connection, oids=True) == before
    assert_settled(connection, compiled(BASE))


STRANGE = {
    "an array of a domain": "'{5}'::small[]",
    "a row with one": "'(5)'::holder",
    "an array of rows": "'{(5)}'::holder[]",
    "a range of one": "'[1,5)'::span",
    "a row that may get one": "'(5)'::plain",
    "an array of what may bear another name": "'{5}'::digit[]",
    "a value that could be a row": "' (5)'::shape",
    "what its schema's owner may replace": "'{5}'::theirs.number[]",
}


@pytest.mark.parametrize("constant", STRANGE.values(), ids=list(STRANGE))
def test_a_constant_that_the_checks_of_a_stranger_s_domain_make(shop_database, constant):
    """The text of a reader's view is parsed anew by who deploys, and such a constant is made while it is parsed."""
    connection = shop_database
    create_roles(connection, ("td_stranger",))
    connection.execute(
        "CREATE TABLE heard (who text); GRANT ALL ON heard TO PUBLIC; GRANT CREATE ON SCHEMA public TO td_stranger;"
        " GRANT SELECT ON sales TO td_stranger; SET ROLE td_stranger;"
        " CREATE FUNCTION hear() RETURNS void LANGUAGE sql AS $$ INSERT INTO public.heard SELECT current_user $$;"
        " CREATE FUNCTION fits(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_user <> 'td_stranger' THEN PERFORM public.hear(); END IF; RETURN true; END $$;"
        " CREATE DOMAIN small AS int CHECK (fits(VALUE)); CREATE TYPE holder AS (n small); CREATE TYPE span AS RANGE (SUBTYPE = small);"
        " CREATE TYPE plain AS (n int); CREATE TYPE digit AS ENUM ('5'); CREATE TYPE shape AS ENUM (' (5)'); RESET ROLE;"
        " CREATE SCHEMA theirs; CREATE TYPE theirs.number AS ENUM ('5'); ALTER SCHEMA theirs OWNER TO td_stranger; SET ROLE td_stranger;"
        f" CREATE VIEW theirs AS SELECT id, {constant} AS held FROM sales; RESET ROLE"
    )
    said = r"to make public\.theirs anew would have constants become values of the type \S+, by code of the role td_stranger"
    with pytest.raises(ServerError, match=said):
        deploy(connection, compiled(edited(*LOST)))
    assert connection.execute("SELECT * FROM heard").fetchall() == []
    deploy(connection, compiled(edited(*LOST, lambda files: files["mvc.yml"].update(trusted_roles=["td_stranger"]))))
    assert connection.execute("SELECT to_regclass('public.theirs') IS NOT NULL").fetchone() == (True,)


def test_a_plain_value_of_a_stranger_s_enum_comes_back(shop_database):
    connection = shop_database
    create_roles(connection, ("td_stranger",))
    connection.execute(
        "GRANT CREATE ON SCHEMA public TO td_stranger; GRANT SELECT ON sales TO td_stranger; SET ROLE td_stranger;"
        " CREATE TYPE state AS ENUM ('new', 'a (b)'); CREATE VIEW theirs AS SELECT id, 'a (b)'::state AS held FROM sales; RESET ROLE"
    )
    deploy(connection, compiled(edited(*LOST)))
    assert connection.execute("SELECT DISTINCT held::text FROM theirs").fetchall() == [("a (b)",)]


def test_a_trigger_on_a_column_that_goes_is_named(shop_database):
    connection = shop_database
    connection.execute("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    connection.execute("CREATE RULE no AS ON UPDATE TO sales WHERE new.n > 1 DO INSTEAD NOTHING")
    before = dump(connection, oids=True)
    with pytest.raises(ServerError, match=r"a grant, rule or trigger on public\.sales does not fit"):
        deploy(connection, compiled(edited(*LOST)))
    assert dump(connection, oids=True) == before


def test_a_view_that_goes_and_is_read_is_refused(shop_database):
    connection = shop_database
    connection.execute("CREATE VIEW x AS SELECT n FROM alone; CREATE MATERIALIZED VIEW mv AS SELECT n FROM x")
    said = refused(connection, lambda files: files.pop("views/alone.yml"))
    assert "alone is no longer in the project" in said
    assert "public.x" in said
    connection.execute("DROP MATERIALIZED VIEW mv; DROP VIEW x")
    assert deploy(connection, compiled(edited(lambda files: files.pop("views/alone.yml")))).dropped == ("alone",)
    assert deploy(connection, compiled(BASE)).created == ("alone",)


def test_every_danger_must_be_allowed(shop_database):
    connection = shop_database
    cases = {
        "drop-column": LOST,
        "drop-view": (lambda files: files.pop("views/alone.yml"),),
        "loosen-access": (rules({"using": True}),),
    }
    for hazard, edits in cases.items():
        before = dump(connection, without=(), oids=True)
        with pytest.raises(ServerError, match=hazard):
            apply(connection, compiled(edited(*edits)), options=ApplyOptions())
        assert dump(connection, without=(), oids=True) == before


def test_roles_that_were_granted_by_hand_do_not_see_more_when_the_last_rule_goes(shop_database):
    connection = shop_database
    connection.execute("GRANT SELECT ON sales TO dm_bob")
    made = plan(connection, compiled(edited(rules())))
    assert [danger.hazard for danger in made.dangers] == ["loosen-access"]
    assert "dm_bob" in made.dangers[0].reason
    connection.execute("REVOKE SELECT ON sales FROM dm_bob")
    assert plan(connection, compiled(edited(rules()))).dangers == ()


def test_a_reader_who_passed_it_on_goes_with_those_who_have_it_from_him(shop_database):
    connection = shop_database
    connection.execute(
        "GRANT SELECT ON sales TO dm_reader WITH GRANT OPTION; SET ROLE dm_reader; GRANT SELECT ON sales TO dm_carol; RESET ROLE"
    )
    deploy(connection, compiled(edited(rules({"using": "total > 0", "to": ["dm_other"]}))))
    assert [row for row in dump(connection) if row[:2] == ("grant", "public.sales")] == [
        ("grant", "public.sales", "", "SELECT", "false", "dm_other", "postgres")
    ]


def test_default_privileges_give_nobody_anything(shop_database):
    """As on hosted servers, where whatever is created is everybody's."""
    connection = shop_database
    connection.execute("CREATE VIEW x AS SELECT id FROM sales; REVOKE ALL ON x FROM PUBLIC")
    connection.execute(
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO dm_other, PUBLIC; ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO dm_other"
    )
    connection.execute(
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO dm_other; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO dm_other"
    )
    try:
        for edits in (LOST, RETYPED, (rules({"using": "id = app_user() OR app_role() = 'admin'"}),), ()):
            deploy(connection, compiled(edited(*edits)))
            given = {
                row[1:6]
                for row in dump(connection, without=())
                if row[0] == "grant" and row[5] in ("dm_other", "PUBLIC")
            }
            assert given == set()
        connection.execute("DROP FUNCTION mvc.expose; UPDATE mvc.installation SET functions = ''")
        deploy(connection, compiled(BASE))
        open_to = "SELECT count(*) FROM pg_proc AS p, aclexplode(p.proacl) AS e WHERE pronamespace = 'mvc'::regnamespace AND e.grantee <> p.proowner"
        assert connection.execute(open_to).fetchone() == (0,)
    finally:
        for kind in ("TABLES", "FUNCTIONS", "SEQUENCES", "SCHEMAS"):
            connection.execute(f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM dm_other")
        connection.execute("ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC")


def test_functions_and_operators_in_the_search_path_are_nobody_s_trap(shop_database):
    connection = shop_database
    connection.execute("CREATE TABLE heard (who text)")
    for name, arguments in (
        ("format", "text, name"),
        ("md5", "text"),
        ("quote_ident", "name"),
        ("pg_get_viewdef", "regclass"),
    ):
        connection.execute(
            f"CREATE FUNCTION {name}({arguments}) RETURNS text LANGUAGE sql AS $$ INSERT INTO public.heard VALUES ('{name}') RETURNING who $$"
        )
    connection.execute("ALTER DATABASE " + connection.info.dbname + " SET search_path = public, pg_catalog")
    with psycopg.connect(connection.info.dsn, autocommit=True) as other:
        deploy(other, compiled(edited(*LOST)))
        deploy(other, compiled(BASE))
    assert connection.execute("SELECT * FROM heard").fetchall() == []


def test_an_event_trigger_that_hears_of_all_ddl(shop_database):
    connection = shop_database
    connection.execute("""
        CREATE TABLE heard (tag text, identity text);
        CREATE FUNCTION hear() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO public.heard SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands(); END $$;
        CREATE EVENT TRIGGER hears ON ddl_command_end EXECUTE FUNCTION hear();
    """)
    deploy(connection, compiled(edited(*LOST)))
    deploy(connection, compiled(BASE))


def test_a_base_table_that_changed_since(shop_database):
    """A renamed column goes on being read by what is stored, and shows as a changed storage; a lost one cannot be lost."""
    connection = shop_database
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        connection.execute("ALTER TABLE orders DROP COLUMN amount")
    connection.execute("ALTER TABLE orders RENAME COLUMN amount TO price")
    before = connection.execute("SELECT id, total FROM sales ORDER BY id").fetchall()
    with pytest.raises(ServerError, match="amount"):
        deploy(connection, compiled(BASE))
    assert connection.execute("SELECT id, total FROM sales ORDER BY id").fetchall() == before

    def follow(files):
        files["schema.sql"] = files["schema.sql"].replace("amount numeric", "price numeric")
        files["views/sales.yml"]["aggregates"]["total"]["sum"] = "o.price"

    deploy(connection, compiled(edited(follow)))
    assert connection.execute("SELECT id, total FROM sales ORDER BY id").fetchall() == before


ODD = {
    "role": ['dm "r".x', "DM Ünïcode"],
    "schemas": {"exposed": 'Äpi "x".y', "stored": 'st\'o$$red "S".1'},
    "views": ['vi"ew.One', "V" * 63, "Größe USING (a) ☂" + "ß" * 20],
    "columns": ['a"b.c', "C" * 63, "ß" * 31, "select"],
}


def odd_project(*, last: str, extra: bool = False) -> mvc.compiled.project.Compiled:
    """Three views on each other, all names of which need quotes."""
    a, b, _, key = ODD["columns"]
    files = {
        "mvc.yml": {"project": "o'dd", "catalog": "schema.sql", "schemas": ODD["schemas"]},
        "schema.sql": 'CREATE SCHEMA "b ase"; CREATE TABLE "b ase"."T t" (id int PRIMARY KEY, "select" int NOT NULL, "N n" numeric NOT NULL);',
        "policies/p.yml": {
            "policies": [{"policy": "it's", "view": ODD["views"], "to": ODD["role"], "using": f'"{key}" > 0'}]
        },
    }
    names = dict(zip(ODD["views"], ("1", "2", "3"), strict=True))
    source: dict[str, str] = {"table": "b ase.T t"}
    for name, number in names.items():
        quoted = a.replace('"', '""')
        of = '"N n"' if "table" in source else f'"{quoted}"'
        files[f"views/{number}.yml"] = {
            "view": name,
            "description": f"it's {name}",
            "sources": {"s": source},
            "dimensions": {key: f's."{key}"'},
            "aggregates": {a: {"sum": f"s.{of}", "description": "a'b"}, b: {"count": "s"}, last: {"max": f"s.{of}"}}
            | ({"more": {"min": f"s.{of}"}} if extra else {}),
            "indexes": [{"columns": [f'"{quoted}" desc']}],
        }
        source = {"view": name}
    return compiled(files)


def test_names_that_need_quotes(empty):
    connection = empty
    create_roles(connection, [*ODD["role"], "dm_bob"])
    connection.execute(
        'CREATE SCHEMA "b ase"; CREATE SCHEMA "Äpi ""x"".y"; CREATE TABLE "b ase"."T t" (id int PRIMARY KEY, "select" int NOT NULL, "N n" numeric NOT NULL)'
    )
    connection.execute('INSERT INTO "b ase"."T t" SELECT g, g % 7, g FROM generate_series(1, 100) AS g')
    first, then = odd_project(last=ODD["columns"][2]), odd_project(last="short")
    deploy(connection, first)
    view = psycopg.sql.Identifier(ODD["schemas"]["exposed"], ODD["views"][2]).as_string(connection)
    stored = psycopg.sql.Identifier(*first.view(ODD["views"][2]).storage).as_string(connection)
    connection.execute('CREATE SCHEMA "re""p"; CREATE VIEW "re""p"."of "" it" ("Ä") AS SELECT "select" FROM ' + view)
    connection.execute(
        f"""CREATE FUNCTION "re""p".says() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM {view}; END $$"""
    )
    connection.execute(
        f'GRANT SELECT ON {view} TO dm_bob; CREATE INDEX "by USING hand ☂{"é" * 15}" ON {stored} ("select", "a""b.c")'
    )
    before = dump(connection, without=(ODD["schemas"]["stored"],))
    for project in (then, odd_project(last="short", extra=True), first):
        deploy(connection, project)
        live = psycopg.sql.Identifier(*project.view(ODD["views"][2]).storage).as_string(connection)
        by_hand = "SELECT count(*) FROM pg_indexes WHERE format('%%I.%%I', schemaname, tablename) = %s AND indexname LIKE 'by %%'"
        assert connection.execute(by_hand, (live,)).fetchone() == (1,)
    after = dump(connection, without=(ODD["schemas"]["stored"],))
    # A column that was renamed and back is where it was; one that came and went changes nothing.
    assert [row for row in after if row not in before] == []
    prune(connection, first, Timeouts())
    assert_settled(connection, first)


def test_a_chain_of_changes_carries_what_was_added_by_hand(shop_database):
    """Each from the one before, not from the beginning; an index and an option by hand go all the way, also to what was built
    before they were there.
    """
    connection = shop_database
    connection.execute(OUTSIDE)
    said = answers(connection)
    stored = compiled(BASE).view("sales").storage[1]
    wider = (aggregate("pieces", {"sum": "o.pieces"}),)
    deploy(connection, compiled(edited(*wider)))
    deploy(connection, compiled(BASE))
    connection.execute(
        f"CREATE INDEX ON mvc.{stored} (city, id) WHERE id > 3; ALTER MATERIALIZED VIEW mvc.{stored} SET (autovacuum_enabled = false)"
    )
    for edits in (wider, RETYPED, LOST, (rules({"using": "total > 0"}),), ()):
        project = compiled(edited(*edits))
        deploy(connection, project)
        assert answers(connection) == said
        drift = [item for item in drift_of(connection, project) if item.view == "sales" and "grant" not in item.kind]
        assert [item.kind for item in drift] == ["option by hand", "index by hand"], edits
        assert "(city, id) WHERE (id > 3)" in drift[1].found
    names = connection.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'mvc' AND indexname LIKE '%city_id%' ORDER BY 1"
    ).fetchall()
    assert len(names) == len({name for (name,) in names}) == 3  # what has `pieces`, which nothing reads any more, went


def test_an_index_that_is_no_longer_asked_for_goes_from_what_is_taken_up_again(shop_database):
    connection = shop_database
    other = (aggregate("pieces", {"sum": "o.pieces"}),)
    deploy(connection, compiled(edited(*other)))
    deploy(connection, compiled(edited(lambda files: files["views/sales.yml"].update(indexes=[]))))
    assert drift_of(connection, compiled(BASE)) == ()


def test_a_view_of_somebody_else_s_is_named_to_who_may_not_create_it_again(empty):
    """A deployer without a superuser's rights; what he is a member of, he can make again."""
    connection = empty
    build_shop(connection)
    create_roles(connection, ["dm_deployer"])
    grant = psycopg.sql.SQL("GRANT CREATE ON DATABASE {} TO dm_deployer").format(
        psycopg.sql.Identifier(connection.info.dbname)
    )
    connection.execute(grant)
    connection.execute(
        "GRANT CREATE, USAGE ON SCHEMA public TO dm_deployer, dm_analyst; GRANT SELECT ON customers, orders TO dm_deployer"
    )
    connection.execute("SET SESSION AUTHORIZATION dm_deployer")
    deploy(connection, compiled(BASE))
    connection.execute("GRANT SELECT ON sales TO dm_analyst; RESET SESSION AUTHORIZATION; SET ROLE dm_analyst")
    connection.execute(
        "CREATE VIEW of_analyst AS SELECT id, total FROM sales; GRANT SELECT ON of_analyst TO dm_bob; RESET ROLE"
    )
    said = connection.execute("SELECT * FROM of_analyst ORDER BY 1").fetchall()
    connection.execute("SET SESSION AUTHORIZATION dm_deployer")
    before = dump(connection, without=(), oids=True)
    with pytest.raises(ServerError, match="of_analyst"):
        deploy(connection, compiled(edited(*LOST)))
    assert dump(connection, without=(), oids=True) == before
    connection.execute(
        "RESET SESSION AUTHORIZATION; GRANT dm_analyst TO dm_deployer; SET SESSION AUTHORIZATION dm_deployer"
    )
    try:
        deploy(connection, compiled(edited(*LOST)))
    finally:
        connection.execute("RESET SESSION AUTHORIZATION; REVOKE dm_analyst FROM dm_deployer")
    assert connection.execute("SELECT * FROM of_analyst ORDER BY 1").fetchall() == said
    given = [row for row in dump(connection) if row[:2] == ("grant", "public.of_analyst")]
    assert given == [("grant", "public.of_analyst", "", "SELECT", "false", "dm_bob", "dm_analyst")]
