"""A view takes the name of what somebody made by hand: the rows are compared, nobody who reads notices, and the way back gives the old one back
as it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import Plan, Step, Switch
from mvc.engines.postgres.server.apply import Applied, ApplyOptions, apply, plan
from mvc.engines.postgres.server.around import around
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.prune import leftovers, prune
from mvc.engines.postgres.server.rollback import plan_rollback, rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import Database, Servers, new_database

from .projects import (
    BASE,
    MAJORS,
    POLICIES,
    SALES,
    Connection,
    Edit,
    assert_settled,
    build_shop,
    compiled,
    drift_of,
    dump,
    edited,
    in_tables,
    told,
)
from .test_readers import Watched, timed, watching

ALONE = ("views/by_city.yml", "views/top.yml", "views/now.yml", "views/alone.yml")
HAND_QUERY = """SELECT c.id, c.name, c.city, coalesce(sum(o.amount), 0) AS total, count(o.id) AS n, max((o.placed AT TIME ZONE 'UTC')::date) AS last_day
  FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.id GROUP BY c.id, c.name, c.city"""
ON_IT = """
CREATE UNIQUE INDEX sales_id ON sales (id);
CREATE INDEX deployment_pkey ON sales (city, total DESC) WHERE n > 0;
CREATE SCHEMA rep;
GRANT USAGE, CREATE ON SCHEMA rep TO PUBLIC;
GRANT SELECT ON sales TO dm_bob WITH GRANT OPTION;
GRANT SELECT ON sales TO dm_analyst, dm_reader;
GRANT SELECT (id, name) ON sales TO dm_carol;
COMMENT ON COLUMN sales.city IS 'by hand';
SET ROLE dm_analyst;
CREATE VIEW rep.doubled (id, "D d") WITH (security_barrier = true) AS SELECT id, total * 2 FROM sales WHERE total >= 0;
RESET ROLE;
GRANT SELECT ON rep.doubled TO dm_bob WITH GRANT OPTION;
COMMENT ON VIEW rep.doubled IS 'it''s doubled';
CREATE VIEW rep."Of doubled" AS SELECT d.id, d."D d", s.name FROM rep.doubled AS d JOIN sales AS s USING (id);
CREATE VIEW rep.third AS SELECT count(*) AS n, sum("D d") AS d FROM rep."Of doubled";
CREATE MATERIALIZED VIEW rep.deep AS SELECT * FROM rep.third;
GRANT SELECT ON rep.third TO PUBLIC;
CREATE FUNCTION rep.names_it() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM public.sales); END $$;
CREATE FUNCTION rep.parsed() RETURNS numeric BEGIN ATOMIC SELECT sum(total) FROM sales; END;
GRANT EXECUTE ON FUNCTION rep.parsed() TO dm_bob;
CREATE TABLE rep.asked (id int);
CREATE RULE instead AS ON INSERT TO rep.asked DO ALSO SELECT id FROM sales;
"""
ASKED = ("SELECT * FROM rep.parsed()", "SELECT * FROM rep.third")


def alone(*edits: Edit) -> Compiled:
    """The shop with `sales` alone, open to whom it is granted by hand."""

    def without(files: dict[str, Any]) -> None:
        for name in ALONE:
            del files[name]
        files[POLICIES] = {"policies": []}

    return compiled(edited(without, *edits))


def ruled(*roles: str) -> Edit:
    policy = {"policy": "rows", "view": "sales", "to": list(roles), "using": "total > 0"}
    return lambda files: files.update({POLICIES: {"policies": [policy]}})


def without_column(name: str) -> Edit:
    def edit(files: dict[str, Any]) -> None:
        files[SALES]["aggregates"] = {key: item for key, item in files[SALES]["aggregates"].items() if key != name}

    return edit


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    """The base tables alone: nothing of mvc was ever here."""
    with new_database(servers.get(request.param), bare=True) as database:
        build_shop(database.connect())
        yield database


def by_hand(
    connection: Connection, kind: str = "MATERIALIZED VIEW", query: str = HAND_QUERY, on_it: str = ON_IT
) -> None:
    connection.execute(f"CREATE {kind} sales AS {query}")
    connection.execute(on_it)


def take(connection: Connection, project: Compiled, *allow: Any, patience: float = 20.0) -> Applied:
    return apply(connection, project, options=ApplyOptions(frozenset(allow), pace=Timeouts(patience=patience)))


def all_of(connection: Connection, query: str) -> list[Any]:
    return connection.execute(query.encode(), prepare=False).fetchall()


def words(made: Plan) -> str:
    return "\n".join((*(step[2] for step in told(made)), *made.notes, *(item.reason for item in made.dangers)))


def test_a_materialized_view_is_taken_over_and_given_back(shop: Database):
    connection = shop.connect()
    by_hand(connection)
    project, before = alone(), dump(connection, oids=True)
    rows, asked = all_of(connection, "TABLE sales"), [all_of(connection, query) for query in ASKED]
    made = plan(connection, project)
    assert (made.refusals, made.dangers) == ((), ())
    assert [step.action for step in made.prepare if step.view] == ["build", "compare"]
    assert "the materialized view public.sales" in words(made)
    assert "rep.doubled" in words(made)
    assert "REFRESH MATERIALIZED VIEW public.sales fails" in words(made)

    take(connection, project)
    assert_settled(connection, project)
    assert all_of(connection, "SELECT c.relkind::text FROM pg_class AS c WHERE c.oid = 'sales'::regclass") == [("v",)]
    assert sorted(all_of(connection, "SELECT id, name, city, total, n, last_day FROM sales")) == sorted(rows)
    assert [all_of(connection, query) for query in ASKED] == asked
    connection.execute("INSERT INTO orders VALUES (9001, 1, 1000, 1, 'paid', now())")
    connection.execute("CALL mvc.refresh('public', 'sales')")
    moved = [all_of(connection, query) for query in ASKED]
    assert moved[0][0][0] == asked[0][0][0] + 1000
    assert moved[1][0][1] == asked[1][0][1] + 2000
    assert len(all_of(connection, "INSERT INTO rep.asked VALUES (1)")) == 40  # by the rule
    grants = [row[1:6] for row in dump(connection) if row[0] == "grant" and row[1] == "public.sales"]
    assert sorted(grants, key=repr) == sorted(
        (row[1:6] for row in before if row[0] == "grant" and row[1] == "public.sales"), key=repr
    )
    comments = {row[2]: row[5] for row in dump(connection) if row[0] == "column" and row[1] == "public.sales"}
    assert comments["city"] == "by hand"

    found = plan_rollback(connection, project)
    assert [(step.action, step.dangers) for step in found.plan.steps if step.view] == [("give back", ())]
    rollback(connection, project)
    connection.execute("DELETE FROM rep.asked")
    assert dump(connection, oids=True) == before
    assert all_of(connection, "TABLE sales") == rows
    assert [all_of(connection, query) for query in ASKED] == asked
    connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY sales")
    take(connection, project)
    assert_settled(connection, project)


WRONG = HAND_QUERY.replace("sum(o.amount)", "sum(o.amount) + CASE WHEN c.id < 3 THEN 1 ELSE 0 END").replace("o.customer_id = c.id", "o.customer_id = c.id WHERE c.id <> 40")  # fmt: skip


def test_changed_rows_are_shown_and_need_consent(shop: Database):
    connection = shop.connect()
    by_hand(connection, query=WRONG)
    project, before = alone(), dump(connection, oids=True)
    with pytest.raises(ServerError) as refused:
        take(connection, project)
    said = str(refused.value)
    expected = connection.execute(f"SELECT h.id, h.total, h.total + 1 FROM ({HAND_QUERY}) AS h WHERE h.id < 3 ORDER BY 1").fetchall()  # fmt: skip
    assert "2 of the former rows are gone, 3 are new" in said
    assert [f"id {row[0]} has total {row[1]} instead of {row[2]}" in said for row in expected] == [True, True]
    assert "id 40 is new" in said
    assert "--allow changed-rows" in refused.value.hint
    assert "REFRESH MATERIALIZED VIEW public.sales" in refused.value.hint
    assert dump(connection, oids=True) == before
    with pytest.raises(ServerError, match="2 of the former rows"):
        take(connection, project, "drop-column", "loosen-access", "row-count", "drop-view")
    connection.execute("SET mvc.accepted = 'changed-rows'")  # a setting of the session is no consent
    with pytest.raises(ServerError, match="2 of the former rows"):
        take(connection, project)
    take(connection, project, "changed-rows")
    assert_settled(connection, project)
    assert all_of(connection, "SELECT count(*) FROM sales") == [(40,)]
    rollback(connection, project)
    assert dump(connection, oids=True) == before


def test_numbers_and_repeated_rows_are_compared_by_what_they_are(shop: Database):
    """`1.0` is `1`; a row that is there twice is not the same as one that is there once; NULLs are equal."""
    connection = shop.connect()
    retyped = HAND_QUERY.replace("coalesce(sum(o.amount), 0)", "coalesce(sum(o.amount), 0)::numeric(12, 3)").replace("count(o.id)", "count(o.id)::int")  # fmt: skip
    by_hand(connection, query=retyped, on_it="")
    take(connection, alone())
    rollback(connection, alone())
    connection.execute("DROP MATERIALIZED VIEW sales")
    by_hand(connection, query=f"{HAND_QUERY} UNION ALL SELECT * FROM ({HAND_QUERY}) AS again WHERE id = 5", on_it="")
    with pytest.raises(ServerError, match="1 of the former rows is gone, 0 are new: id 5 goes"):
        take(connection, alone())


def test_a_column_that_goes_and_one_that_comes(shop: Database):
    connection = shop.connect()
    by_hand(connection)
    project = alone(without_column("n"))
    connection.execute("DROP MATERIALIZED VIEW rep.deep")
    assert [item.reason for item in plan(connection, project).dangers if item.hazard == "drop-column"] == [
        "sales.n goes"
    ]
    with pytest.raises(ServerError, match=r"sales\.n goes"):
        take(connection, project)
    before = dump(connection, oids=True)
    take(connection, project, "drop-column")
    assert_settled(connection, project)
    rollback(connection, project)
    assert dump(connection, oids=True) == before
    connection.execute("CREATE VIEW reads_n AS SELECT n FROM sales")
    assert [item.message for item in plan(connection, project).refusals] == ["public.reads_n reads sales.n, which goes"]


def test_a_column_of_another_type_has_dependents_made_anew(shop: Database):
    connection = shop.connect()
    by_hand(connection, query=HAND_QUERY.replace("count(o.id)", "count(o.id)::int"))
    connection.execute(
        "CREATE VIEW reads_n AS SELECT n, n + 1 AS more FROM sales; CREATE VIEW reads_that AS SELECT more FROM reads_n"
    )
    connection.execute("GRANT SELECT ON reads_n TO dm_bob; COMMENT ON COLUMN reads_that.more IS 'more'")
    before, rows = dump(connection), all_of(connection, "SELECT more FROM reads_that ORDER BY 1")
    take(connection, alone())
    assert_settled(connection, alone())
    assert all_of(connection, "SELECT more FROM reads_that ORDER BY 1") == rows
    rollback(connection, alone())
    assert dump(connection) == before


def test_access(shop: Database):
    """Roles that no policy names may not read it then, which is said; those that could not read it before must be allowed."""
    connection = shop.connect()
    by_hand(connection)
    connection.execute("DROP VIEW rep.doubled CASCADE")
    before = dump(connection, oids=True)
    project = alone(ruled("dm_reader", "dm_other"))
    made = plan(connection, project)
    assert [item.hazard for item in made.dangers] == ["loosen-access"]
    assert "dm_other may read it, and could not before" in made.dangers[0].reason
    assert "dm_analyst, dm_bob, dm_carol may read public.sales by hand, and no policy names them" in words(made)
    with pytest.raises(ServerError, match="dm_other"):
        take(connection, project)
    take(connection, project, "loosen-access")
    assert_settled(connection, project)
    for role, may in {
        "dm_reader": True,
        "dm_other": True,
        "dm_bob": False,
        "dm_analyst": False,
        "dm_carol": False,
    }.items():
        assert all_of(connection, f"SELECT has_any_column_privilege('{role}', 'sales', 'SELECT')") == [(may,)]
    connection.execute("SET ROLE dm_reader")
    assert all_of(connection, "SELECT count(*) > 0, bool_and(total > 0) FROM sales") == [(True, True)]
    connection.execute("RESET ROLE")
    with pytest.raises(ServerError, match="dm_analyst, dm_bob, dm_carol, dm_reader may read all rows"):
        rollback(connection, project)
    rollback(connection, project, ApplyOptions(frozenset({"loosen-access"})))
    assert dump(connection, oids=True) == before


@pytest.mark.parametrize("kind", ["VIEW", "TABLE"])
def test_a_plain_view_and_a_table(shop: Database, kind: str):
    connection = shop.connect()
    by_hand(connection, kind, on_it=ON_IT if kind == "TABLE" else ON_IT.replace("CREATE UNIQUE INDEX", "--").replace("CREATE INDEX", "--"))  # fmt: skip
    if kind == "TABLE":
        connection.execute(
            "ALTER TABLE sales ADD PRIMARY KEY (id); ALTER TABLE sales ADD CHECK (n >= 0); GRANT INSERT ON sales TO dm_other"
        )
    else:
        connection.execute("""CREATE FUNCTION rep.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER instead INSTEAD OF UPDATE ON sales FOR EACH ROW EXECUTE FUNCTION rep.nothing(); CREATE RULE gone AS ON DELETE TO sales DO INSTEAD NOTHING""")
    before, rows = dump(connection, oids=True), all_of(connection, "SELECT * FROM sales ORDER BY id")
    made = plan(connection, alone())
    assert made.refusals == ()
    assert f"the {kind.lower() if kind == 'TABLE' else 'view'} of that name" in words(made)
    assert ("INSERT, UPDATE, DELETE and TRUNCATE of it fail (dm_other, postgres may write" in words(made)) == (
        kind == "TABLE"
    )
    take(connection, alone())
    assert_settled(connection, alone())
    assert all_of(connection, "SELECT id, name, city, total, n, last_day FROM sales ORDER BY id") == rows
    kept = [item for item in leftovers(connection, alone()) if item.kind == "former"]
    assert [(item.view, item.relkind) for item in kept] == [("sales", "r" if kind == "TABLE" else "v")]
    rollback(connection, alone())
    assert dump(connection, oids=True) == before


BOUND = {
    "a foreign key": ("CREATE TABLE theirs (id int REFERENCES sales)", "constraint theirs_id_fkey on table theirs"),
    "a foreign key of its own": ("ALTER TABLE sales ADD FOREIGN KEY (id) REFERENCES customers", "its foreign key sales_id_fkey to public.customers"),
    "a trigger": (
        "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER touched BEFORE INSERT ON sales FOR EACH ROW EXECUTE FUNCTION t()",
        "its trigger touched",
    ),
    "a child": ("CREATE TABLE child () INHERITS (sales)", "public.child inherits from it"),
    "a column": ("ALTER TABLE sales ADD note text", "a table with the columns note, which the view has not"),
    "a publication": ("CREATE PUBLICATION all_of_it FOR TABLE sales", "the publication all_of_it has it"),
    "a function with its rows": ("CREATE FUNCTION f() RETURNS SETOF sales LANGUAGE sql AS 'TABLE sales'", "function public.f()"),
    "a row policy": ("CREATE TABLE t (id int); CREATE POLICY p ON t USING (id IN (SELECT id FROM sales))", "policy p on table public.t"),
    "a materialized view": ("CREATE MATERIALIZED VIEW m AS SELECT id FROM sales", "while the materialized view public.m reads it"),
}  # fmt: skip


@pytest.mark.parametrize("case", BOUND)
def test_what_cannot_come_along_is_named(shop: Database, case: str):
    connection = shop.connect()
    by_hand(connection, "TABLE", on_it="ALTER TABLE sales ADD PRIMARY KEY (id)")
    statement, named = BOUND[case]
    connection.execute(statement)
    before = dump(connection, oids=True)
    refusals = plan(connection, alone()).refusals
    assert [named.replace("public.", "") in item.message.replace("public.", "") for item in refusals] == [True], (
        refusals
    )
    with pytest.raises(ServerError):
        take(connection, alone(), "drop-column", "changed-rows")
    assert dump(connection, oids=True) == before


def test_a_stack_of_hand_made_views_goes_together(shop: Database):
    connection = shop.connect()
    by_hand(connection)
    connection.execute("""CREATE VIEW between AS SELECT city, total FROM sales;
      CREATE MATERIALIZED VIEW by_city AS SELECT city, sum(total) AS total, count(*) AS customers FROM sales GROUP BY city;
      CREATE VIEW "top" AS SELECT b.city, b.total FROM by_city AS b WHERE b.total > 10;
      CREATE VIEW outside AS SELECT s.id, b.total FROM sales AS s JOIN by_city AS b ON b.city IS NOT DISTINCT FROM s.city JOIN "top" AS t ON t.city = b.city""")
    before, rows = dump(connection, oids=True), all_of(connection, "SELECT * FROM outside ORDER BY 1")

    def three(files: dict[str, Any]) -> None:
        for name in ("views/now.yml", "views/alone.yml"):
            del files[name]
        files[POLICIES] = {"policies": []}

    project = compiled(edited(three))
    assert [item.message for item in plan(connection, project, ["sales"]).refusals] == [
        "public.sales cannot be taken over while the materialized view public.by_city reads it"
    ]
    take(connection, project)
    assert_settled(connection, project)
    assert all_of(connection, "SELECT * FROM outside ORDER BY 1") == rows
    connection.execute("INSERT INTO orders VALUES (9001, 1, 1000, 1, 'paid', now())")
    connection.execute("CALL mvc.refresh_project('shop')")
    assert all_of(connection, "SELECT * FROM outside ORDER BY 1") != rows
    rollback(connection, project)
    assert dump(connection, oids=True) == before
    assert all_of(connection, "SELECT * FROM outside ORDER BY 1") == rows


def count_of(query: str, expected: Any, **options: Any) -> Any:
    def loop(connection: Connection, watched: Watched, name: str) -> None:
        if timed(watched, name, connection, query, **options) != [expected]:
            watched.faults.append(f"{name} saw something else")

    return loop


def test_readers_notice_nothing(shop: Database):
    connection = shop.connect()
    by_hand(connection)
    connection.execute("GRANT SELECT ON rep.third, rep.doubled TO PUBLIC; GRANT USAGE ON SCHEMA rep TO PUBLIC")
    sales, third = "SELECT count(*), sum(total) FROM sales", "SELECT n, d FROM rep.third"
    expected = {query: all_of(connection, query)[0] for query in (sales, third)}

    def in_transaction(reader: Connection, watched: Watched, name: str) -> None:
        with reader.transaction():
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for _ in range(3):
                count_of(sales, expected[sales], prepare=False)(reader, watched, name)

    loops = {
        "plain": ("dm_bob", count_of(sales, expected[sales], prepare=False)),
        "prepared": ("dm_bob", count_of(sales, expected[sales], prepare=True)),
        "outside": ("dm_bob", count_of(third, expected[third], prepare=True)),
        "parsed": (None, count_of("SELECT rep.parsed()", (expected[sales][1],), prepare=False)),
        "transaction": ("dm_bob", in_transaction),
    }
    too_long: list[Any] = []
    for _ in range(3):  # beside others the work itself takes longer: the quietest of three times counts
        with watching(shop, loops) as watched:
            with watched.locks.deploying(connection, shop.url):
                take(connection, alone())
            with watched.locks.deploying(connection, shop.url):
                rollback(connection, alone())
            time.sleep(0.05)
        assert watched.faults == []
        assert min(len(found) for found in watched.waits.values()) > 10
        too_long.append(watched.locks.ours())
        if not too_long[-1]:
            return
    raise AssertionError(too_long)


def test_a_reader_who_stays_holds_up_the_switch_and_nobody_else(shop: Database):
    connection, slow = shop.connect(), shop.connect()
    by_hand(connection)
    before = dump(connection, oids=True)
    slow.execute("BEGIN; SELECT count(*) FROM sales")
    loops = {"plain": ("dm_bob", count_of("SELECT count(*) FROM sales", (40,), prepare=False))}
    with (
        watching(shop, loops) as watched,
        watched.locks.deploying(connection, shop.url),
        pytest.raises(ServerError, match="was in use"),
    ):
        take(connection, alone(), patience=1.0)
    assert (watched.faults, watched.locks.ours()) == ([], [])
    assert dump(connection, oids=True) == before
    slow.execute("COMMIT")
    take(connection, alone())
    assert_settled(connection, alone())


def test_a_deployer_who_is_killed_before_the_switch_leaves_the_old_one_alone(shop: Database):
    connection, doomed, killer = shop.connect(), shop.connect(), shop.connect()
    by_hand(connection)
    before, rows = dump(connection, oids=True), all_of(connection, "TABLE sales")

    def kill(part: Step | Switch) -> None:
        if isinstance(part, Switch):
            killer.execute("SELECT pg_terminate_backend(%s, 5000)", (doomed.info.backend_pid,))

    with pytest.raises(ServerError):
        apply(doomed, alone(), on_step=kill)
    assert dump(connection, oids=True) == before
    assert all_of(connection, "TABLE sales") == rows
    connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY sales")
    take(connection, alone())
    assert_settled(connection, alone())


def test_what_comes_in_between_undoes_the_whole_switch(shop: Database):
    """A row policy that reads the old one, made after the plan."""
    connection, other = shop.connect(), shop.connect()
    by_hand(connection)

    def come(part: Step | Switch) -> None:
        if isinstance(part, Switch):
            other.execute("CREATE TABLE t (id int); CREATE POLICY p ON t USING (id IN (SELECT id FROM sales))")

    with pytest.raises(ServerError, match="policy p on table"):
        apply(connection, alone(), on_step=come)
    other.execute("DROP TABLE t")
    assert all_of(connection, "SELECT c.relkind::text FROM pg_class AS c WHERE c.oid = 'sales'::regclass") == [("m",)]
    assert all_of(connection, "SELECT count(*) FROM mvc.former_relation") == [(0,)]
    take(connection, alone())


def test_drift_after_it_and_what_is_pruned(shop: Database):
    connection = shop.connect()
    by_hand(connection)
    take(connection, alone())
    assert {item.kind for item in drift_of(connection, alone())} == {"grant by hand"}  # as they came along
    connection.execute(
        "CREATE OR REPLACE VIEW sales AS SELECT id, name, city, 0::numeric AS total, n, last_day FROM customers, LATERAL (SELECT 1::bigint AS n, NULL::date AS last_day) AS x"
    )
    assert "exposure changed" in {item.kind for item in drift_of(connection, alone())}
    take(connection, alone(), "loosen-access")
    assert_settled(connection, alone())
    kept = [item.name for item in leftovers(connection, alone()) if item.kind == "former"]
    assert len(kept) == 1
    assert [item.name for item in prune(connection, alone()).dropped if item.kind == "former"] == kept
    assert all_of(connection, "SELECT count(*) FROM mvc.former_relation") == [(0,)]
    back = plan_rollback(connection, alone()).plan  # as if nothing had been there
    assert {step.action for step in back.steps} & {"give back", "drop view"} == {"drop view"}
    assert ["is no longer in the project, and is read by" in item.message for item in back.refusals] == [True]


def test_a_view_that_is_changed_after_it_comes_back_step_by_step(shop: Database):
    connection = shop.connect()
    by_hand(connection, on_it="CREATE UNIQUE INDEX sales_id ON sales (id)")
    before, first = dump(connection, oids=True), alone()
    take(connection, first)
    second = alone(lambda files: files[SALES].update({"where": "c.id < 10"}))
    take(connection, second, "row-count")
    assert all_of(connection, "SELECT count(*) FROM sales") == [(9,)]
    rollback(connection, second)
    assert all_of(connection, "SELECT count(*) FROM sales") == [(40,)]
    rollback(connection, first)
    assert dump(connection, oids=True) == before


def test_a_view_that_leaves_the_project_is_dropped(shop: Database):
    """What it was taken over from is not put in its place by that."""
    connection = shop.connect()
    by_hand(connection, on_it="")
    take(connection, alone())
    nothing = compiled(_only_other())
    take(connection, nothing, "drop-view")
    assert all_of(connection, "SELECT to_regclass('sales')") == [(None,)]
    assert [item.view for item in leftovers(connection, nothing) if item.kind == "former"] == ["sales"]


def _only_other() -> dict[str, Any]:
    files = edited()
    for name in (*ALONE, SALES):
        if name != "views/alone.yml":
            del files[name]
    files[POLICIES] = {"policies": []}
    return files


def test_a_view_that_is_stored_as_a_table(shop: Database):
    connection = shop.connect()
    by_hand(connection)
    before, project = dump(connection, oids=True), alone(in_tables)
    take(connection, project)
    assert_settled(connection, project)
    assert all_of(connection, "SELECT count(*), sum(total) FROM sales") == all_of(
        connection, f"SELECT count(*), sum(total) FROM ({HAND_QUERY}) AS h"
    )
    connection.execute("UPDATE orders SET amount = amount + 1 WHERE id = 1")
    connection.execute("CALL mvc.refresh('public', 'sales', 'incremental')")
    assert all_of(connection, "SELECT count(*), sum(total) FROM sales") == all_of(
        connection, f"SELECT count(*), sum(total) FROM ({HAND_QUERY}) AS h"
    )
    rollback(connection, project)
    assert dump(connection, oids=True) == before


def test_one_that_was_never_filled_and_one_with_forced_row_security(shop: Database):
    connection = shop.connect()
    connection.execute(f"CREATE MATERIALIZED VIEW sales AS {HAND_QUERY} WITH NO DATA")
    before = dump(connection, oids=True)
    take(connection, alone())
    assert all_of(connection, "SELECT count(*) FROM sales") == [(40,)]
    rollback(connection, alone())
    assert dump(connection, oids=True) == before
    connection.execute("DROP MATERIALIZED VIEW sales")
    by_hand(
        connection,
        "TABLE",
        on_it="ALTER TABLE sales ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON sales USING (id = 1)",
    )
    assert [item.hazard for item in plan(connection, alone()).dangers] == ["loosen-access"]
    before = dump(connection, oids=True)
    take(connection, alone(), "loosen-access")
    rollback(connection, alone(), ApplyOptions(frozenset({"loosen-access"})))
    assert dump(connection, oids=True) == before
    assert all_of(connection, "SELECT relrowsecurity FROM pg_class WHERE oid = 'sales'::regclass") == [(True,)]


@pytest.mark.parametrize("name", ['Sale "x".y', "ä" * 31, "installation"])
def test_names(shop: Database, name: str):
    """Mixed case, quotes and dots; 62 bytes; the name of a table of the runtime's own."""
    connection = shop.connect()
    quoted = '"' + name.replace('"', '""') + '"'
    connection.execute(
        f'CREATE MATERIALIZED VIEW {quoted} AS {HAND_QUERY}; CREATE UNIQUE INDEX {quoted[:-1]}i" ON {quoted} (id)'
    )
    connection.execute(f"CREATE VIEW outside AS SELECT total FROM {quoted}; GRANT SELECT ON {quoted} TO dm_bob")
    before, project = dump(connection, oids=True), alone(lambda files: files[SALES].update({"view": name}))
    take(connection, project)
    assert_settled(connection, project)
    connection.execute("SET ROLE dm_bob")
    assert all_of(connection, f"SELECT count(*) FROM {quoted}") == [(40,)]
    connection.execute("RESET ROLE")
    rollback(connection, project)
    assert dump(connection, oids=True) == before


def test_a_migration_around_the_views_takes_over_too(shop: Database):
    connection = shop.connect()
    take(connection, compiled(_only_other()))
    by_hand(connection)
    both = compiled(_only_other() | {SALES: BASE[SALES]})
    around(connection, both, "ALTER TABLE customers ADD COLUMN note text")
    assert_settled(connection, both)
    assert all_of(connection, "SELECT c.relkind::text FROM pg_class AS c WHERE c.oid = 'sales'::regclass") == [("v",)]
