"""Views and columns that are renamed (`was:`): nothing is computed anew, readers go on, and all that hangs on a view follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mvc.comparison.compare import compare
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.make_plan import difference_of
from mvc.engines.postgres.plan.migration import migration
from mvc.engines.postgres.plan.outside import outside_of
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.prune import leftovers
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.report.diff.text import diff_text
from servers import Database, Servers, new_database

from .projects import (
    ANYTHING,
    BOTH_ARMS,
    MAJORS,
    Connection,
    Files,
    assert_settled,
    build_shop,
    compiled,
    create_roles,
    deploy,
    edited,
    in_tables,
    rows_of,
    rules,
    told,
)
from .test_readers import CUSTOMERS, SCHEMA, TOTAL, Watched, build, generation, timed, watching

pytestmark = pytest.mark.by_turns

NAMED = frozenset({"drop-view", "drop-column"})
WRITES = (
    "UPDATE orders SET amount = amount + 1 WHERE id % 7 = 0; INSERT INTO customers VALUES (900, 'new', 'city 1', 1)"
)


def in_windows(files: Files) -> None:
    files["views/sales.yml"]["dimensions"]["a_day"] = "(date '2026-01-01' + c.tier)::date"
    files["views/by_city.yml"]["dimensions"]["a_day"] = "s.a_day"
    files["views/top.yml"]["sql"] = "SELECT b.city, sum(b.total) AS total FROM by_city AS b GROUP BY b.city"
    item = {"schedule": "lately", "refresh": ["by_city"], "every": "0 * * * *", "mode": "window", "window": "9000d"}
    files["schedules/lately.yml"] = {"schedules": [item]}


KINDS: dict[str, Callable[[Files], object]] = {"full": lambda _: None, "incremental": in_tables, "window": in_windows}


def names_changed(files: Files, *, alias: str = "2999-12-31", columns: bool = True) -> None:
    """`sales` is called `customer_sales`, its column `total` `revenue`, `id` of its grain `customer_id`."""
    view = files.pop("views/sales.yml")
    view |= {"view": "customer_sales", "was": "sales"} | ({"alias_until": alias} if alias else {})
    files["views/customer_sales.yml"] = view
    files["views/by_city.yml"]["sources"]["s"]["view"] = "customer_sales"
    for policy in files["policies/all.yml"]["policies"]:
        if policy["view"] == "sales":
            policy["view"] = "customer_sales"
    if columns:
        view["dimensions"] = {"customer_id": {"expr": "c.id", "was": "id"}} | {
            name: said for name, said in view["dimensions"].items() if name != "id"
        }
        view["aggregates"] = {"revenue": view["aggregates"].pop("total") | {"was": "total"}, **view["aggregates"]}
        view["indexes"] = [{"columns": ["revenue desc"]}, {"columns": ["city"]}]
        files["views/by_city.yml"]["aggregates"]["total"] = {"sum": "s.revenue"}
        for policy in files["policies/all.yml"]["policies"]:
            if policy["view"] == "customer_sales" and isinstance(policy["using"], str):
                policy["using"] = policy["using"].replace("total", "revenue").replace("id =", "customer_id =")


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param)) as database:
        build_shop(database.connect())
        yield database


def numbers(connection: Connection, *names: str) -> list[Any]:
    return connection.execute("SELECT n::regclass::oid::text FROM unnest(%s::text[]) AS n", [list(names)]).fetchall()


def stored(connection: Connection) -> list[Any]:
    """What is stored, by OID and file: what is built anew has another."""
    query = "SELECT c.oid, c.relfilenode FROM pg_class AS c WHERE c.relnamespace = 'mvc'::regnamespace AND c.relkind IN ('m', 'r') AND c.oid IN (SELECT to_regclass(format('mvc.%I', stored_name)) FROM mvc.stored_relation) ORDER BY 1"
    return connection.execute(query.encode()).fetchall()


def actions(connection: Connection, project: Compiled) -> list[tuple[str, str]]:
    return [(action, view) for action, view, _ in told(plan(connection, project)) if action != "record"]


def refreshed(connection: Connection, project: Compiled) -> dict[str, Any]:
    done = refresh(connection, project)
    assert {item.status for item in done} == {"completed"}, done
    return rows_of(connection, project)


@pytest.mark.parametrize("arms", [False, True], ids=["one rule", "two arms"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_view_and_its_columns_are_renamed_in_place(shop: Database, kind: str, arms: bool):
    connection = shop.connect()
    edits = [KINDS[kind], *([rules({"using": BOTH_ARMS})] if arms else [])]
    before, after = compiled(edited(*edits)), compiled(edited(*edits, names_changed))
    deploy(connection, before)
    connection.execute("GRANT SELECT ON sales TO dm_analyst; CREATE VIEW theirs AS SELECT id, total FROM sales")
    refresh(connection, before)
    objects, files = numbers(connection, "sales", "by_city", "top", "now", "theirs"), stored(connection)
    assert not {action for action, _ in actions(connection, after)} & {
        "build",
        "fill",
        "index",
        "drop index",
        "drop view",
        "set aside",
    } - {"build"}
    assert [view for action, view in actions(connection, after) if action == "build"] == [
        "sales"
    ]  # the former name, a plain view
    deploy(connection, after, NAMED)
    assert numbers(connection, "customer_sales", "by_city", "top", "now", "theirs") == objects
    assert stored(connection) == files
    connection.execute(WRITES)
    found = refreshed(connection, after)
    with new_database(shop.server) as other:
        fresh = other.connect()
        build_shop(fresh)
        deploy(fresh, after)
        fresh.execute(WRITES)
        assert refreshed(fresh, after) == found
    assert found["sales"][0] == sorted(
        ["id", "total", *(name for name in found["customer_sales"][0] if name not in ("customer_id", "revenue"))]
    )
    assert (
        connection.execute("SELECT sum(total) FROM theirs").fetchall()
        == connection.execute("SELECT sum(revenue) FROM customer_sales").fetchall()
    )
    granted = connection.execute(
        "SELECT has_table_privilege('dm_analyst', 'customer_sales', 'SELECT'), has_table_privilege('dm_reader', 'sales', 'SELECT')"
    )
    assert granted.fetchone() == (True, True)


def test_what_is_told_of_a_view_follows(shop: Database):
    connection = shop.connect()
    promise = {"schedule": "fresh", "refresh": ["sales"], "within": "1h"}
    before = edited(lambda files: files.update({"schedules/s.yml": {"schedules": [promise]}}))
    deploy(connection, compiled(before))
    refresh(connection, compiled(before))
    log = connection.execute("SELECT count(*) FROM mvc.refresh_log WHERE view_name = 'sales'").fetchone()
    replaced = edited(
        lambda files: files.update({"schedules/s.yml": {"schedules": [promise]}}),
        lambda files: files["views/sales.yml"]["aggregates"].update(n={"sum": "o.pieces"}),
    )
    deploy(connection, compiled(replaced))
    names_changed(replaced, columns=False)
    replaced["schedules/s.yml"] = {"schedules": [promise | {"refresh": ["customer_sales"]}]}
    deploy(connection, compiled(replaced))
    query = "SELECT count(*) FROM mvc.refresh_log WHERE view_name = 'customer_sales'"
    assert connection.execute(query.encode()).fetchone() == log
    assert connection.execute("SELECT broken FROM mvc.promises WHERE view_name = 'customer_sales'").fetchall() == [
        (False,)
    ]
    assert connection.execute(
        "SELECT last_status IS NOT NULL FROM mvc.view_status WHERE view_name = 'customer_sales'"
    ).fetchall() == [(True,)]
    assert {item.view for item in leftovers(connection, compiled(replaced)) if item.kind == "replaced"} == {
        "customer_sales",
        "by_city",
        "top",
        "now",
    }
    assert connection.execute("SELECT * FROM mvc.problems").fetchall() == []


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_again(shop: Database, kind: str):
    """A rollback gives back the names; so does a project without `was`, since what is deployed says what it was called."""
    connection = shop.connect()
    before, after = compiled(edited(KINDS[kind])), compiled(edited(KINDS[kind], names_changed))
    deploy(connection, before)
    rows, files, objects = rows_of(connection, before), stored(connection), numbers(connection, "sales", "by_city")
    deploy(connection, after, NAMED)
    rollback(connection, after)
    assert_settled(connection, before)
    assert (rows_of(connection, before), stored(connection), numbers(connection, "sales", "by_city")) == (
        rows,
        files,
        objects,
    )
    deploy(connection, after, NAMED)
    deploy(connection, before, NAMED)
    assert (rows_of(connection, before), stored(connection), numbers(connection, "sales", "by_city")) == (
        rows,
        files,
        objects,
    )
    assert refreshed(connection, before) == rows


def test_a_former_name_that_is_said_no_more_is_no_difference(shop: Database):
    connection = shop.connect()
    deploy(connection, compiled(edited()))
    deploy(connection, compiled(edited(lambda files: names_changed(files, alias=""))), NAMED)
    later = edited(lambda files: names_changed(files, alias=""))
    view = later["views/customer_sales.yml"]
    del view["was"], view["dimensions"]["customer_id"]["was"], view["aggregates"]["revenue"]["was"]
    assert plan(connection, compiled(later)).empty
    assert difference_of(observe(connection, compiled(later)), compiled(later)).empty


def test_with_the_alias_a_former_name_goes_for_good_and_must_be_allowed(shop: Database):
    connection = shop.connect()
    deploy(connection, compiled(edited()))
    deploy(connection, compiled(edited(names_changed)), NAMED)
    without = compiled(edited(lambda files: names_changed(files, alias="")))
    with pytest.raises(ServerError, match=r"sales goes \(drop-view\)"):
        apply(connection, without)
    deploy(connection, without, {"drop-view"})
    assert connection.execute("SELECT to_regclass('public.sales')").fetchone() == (None,)


def test_a_rename_without_an_alias_must_be_allowed_and_one_with_it_not(shop: Database):
    connection = shop.connect()
    deploy(connection, compiled(edited()))
    with pytest.raises(ServerError, match=r"public\.sales is called public\.customer_sales then \(drop-view\)"):
        apply(connection, compiled(edited(lambda files: names_changed(files, alias="", columns=False))))
    deploy(connection, compiled(edited(lambda files: names_changed(files, columns=False))), ())


@pytest.mark.parametrize("broken", ["build", "switch"])
def test_a_deployment_that_fails_leaves_every_view_under_its_name(shop: Database, broken: str):
    """Renamed, and changed so that its build fails; or the switch is refused by whoever reads it."""
    connection = shop.connect()
    before = compiled(edited(in_tables))
    deploy(connection, before)
    if broken == "build":
        after = edited(
            in_tables,
            names_changed,
            lambda files: files["views/alone.yml"]["aggregates"].update(bad={"max": "1 / (o.pieces - o.pieces)"}),
        )
        with pytest.raises(ServerError, match="division by zero"):
            apply(connection, compiled(after), options=ApplyOptions(ANYTHING))
    else:
        after, slow = edited(in_tables, names_changed), shop.connect()
        slow.execute("BEGIN; SELECT * FROM now")
        slow.execute("LOCK TABLE ONLY public.sales IN ACCESS SHARE MODE") if shop.major >= 18 else slow.execute(
            "SELECT FROM sales LIMIT 0"
        )
        with pytest.raises(ServerError, match="in use"):
            apply(connection, compiled(after), options=ApplyOptions(ANYTHING, pace=Timeouts(patience=0.3)))
        slow.rollback()
    connection.execute(WRITES)
    rows = refreshed(connection, before)
    with new_database(shop.server) as other:
        fresh = other.connect()
        build_shop(fresh)
        deploy(fresh, before)
        fresh.execute(WRITES)
        assert refreshed(fresh, before) == rows
    assert connection.execute("SELECT * FROM mvc.problems").fetchall() == []
    deploy(connection, before)
    deploy(connection, compiled(edited(in_tables, names_changed)), ANYTHING)


def test_renamed_and_changed_at_once(shop: Database):
    """What is computed anew is built aside; the view is renamed in the switch, and what reads it outside follows."""
    connection = shop.connect()
    deploy(connection, compiled(edited()))
    connection.execute("CREATE VIEW theirs AS SELECT id, total FROM sales")
    objects = numbers(connection, "sales", "theirs")
    after = edited(names_changed)
    after["views/customer_sales.yml"]["aggregates"]["n"] = {"sum": "o.pieces"}
    deploy(connection, compiled(after), ANYTHING)
    assert numbers(connection, "customer_sales", "theirs") == objects
    assert connection.execute("SELECT sum(n) = (SELECT sum(pieces) FROM orders) FROM customer_sales").fetchone() == (
        True,
    )
    rollback(connection, compiled(after), ApplyOptions(ANYTHING))
    assert_settled(connection, compiled(edited()))
    assert numbers(connection, "sales", "theirs") == objects


def test_to_another_schema_and_with_odd_names(shop: Database):
    connection = shop.connect()
    connection.execute('CREATE SCHEMA "Rep s"')
    deploy(connection, compiled(edited()))
    objects, files = numbers(connection, "sales"), stored(connection)
    after = edited(lambda files: names_changed(files, columns=False))
    name = 'it\'s "q" %s \\ é😀'
    after["views/customer_sales.yml"] |= {"view": name, "schema": "Rep s", "was": "public.sales"}
    after["views/by_city.yml"]["sources"]["s"]["view"] = name
    after["policies/all.yml"]["policies"][0]["view"] = name
    deploy(connection, compiled(after))
    assert numbers(connection, '"Rep s"."it\'s ""q"" %s \\ é😀"') == objects
    assert [item for item in stored(connection) if item in files] == files
    deploy(connection, compiled(edited()), NAMED)
    assert numbers(connection, "sales") == objects


def test_some_views_alone(shop: Database):
    """`mvc apply NAME`: what reads a renamed view goes on, though it is not deployed itself."""
    connection = shop.connect()
    before, after = compiled(edited(in_windows)), compiled(edited(in_windows, names_changed))
    deploy(connection, before)
    files = stored(connection)
    apply(connection, after, ["customer_sales"], ApplyOptions(ANYTHING))
    assert stored(connection) == files
    connection.execute(WRITES)
    assert {item.status for item in refresh(connection, after)} == {"completed"}
    deploy(connection, after, ANYTHING)


def test_a_migration_renames_and_goes_back(shop: Database):
    connection = shop.connect()
    before, after = compiled(edited(in_tables)), compiled(edited(in_tables, names_changed))
    deploy(connection, before)
    rows, files = rows_of(connection, before), stored(connection)
    for script, project in ((migration(before, after), after), (migration(after, before), before)):
        with connection.transaction():
            connection.execute(script.encode(), prepare=False)
        assert_settled(connection, project)
        assert stored(connection) == files
    assert refreshed(connection, before) == rows


def test_a_name_that_is_taken_or_not_there(shop: Database):
    connection = shop.connect()
    after = compiled(edited(lambda files: names_changed(files, columns=False, alias="")))
    deploy(connection, compiled(edited()))
    connection.execute("CREATE VIEW customer_sales AS SELECT 1 AS one")
    assert [item.message for item in plan(connection, after).refusals][:1] == [
        "not ours, and in the way: public.customer_sales"
    ]
    connection.execute("DROP VIEW customer_sales; DROP VIEW sales CASCADE")
    deploy(connection, after, NAMED)
    assert connection.execute("SELECT count(*) FROM customer_sales").fetchone() == (37,)


def test_drift_is_still_told(shop: Database):
    connection = shop.connect()
    after = compiled(edited(names_changed))
    deploy(connection, compiled(edited()))
    connection.execute(
        "CREATE OR REPLACE VIEW by_city AS SELECT city, total + 1 AS total, customers FROM mvc."
        + compiled(edited()).view("by_city").storage[1]
    )
    apply(connection, compiled(edited(names_changed)), ["customer_sales"], ApplyOptions(ANYTHING))
    assert {(item.kind, item.view) for item in plan(connection, after).drift if not item.kept} == {
        ("exposure changed", "by_city"),
        ("exposure option", "by_city"),
    }


def test_the_difference_calls_it_a_rename(shop: Database):
    before, after = compiled(edited()), compiled(edited(names_changed))
    said = diff_text(compare(before, after))
    assert "→ public.customer_sales" in said
    assert "renamed from `public.sales` to `public.customer_sales`" in said
    assert "column `total` renamed to `revenue`" in said
    assert not any(word in said for word in ("rebuild", "removed", "is gone", "stored anew", "by_city", "index"))
    connection = shop.connect()
    deploy(connection, before)
    connection.execute(
        "CREATE FUNCTION names_it() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM public.sales); END $$"
    )
    state = observe(connection, after, [("public", "customer_sales")])
    assert diff_text(difference_of(state, after)) == said
    bare = compiled(edited(lambda files: names_changed(files, alias="", columns=False)))
    told_outside = outside_of(state, difference_of(state, bare))
    assert [(item.described, item.classes) for item in told_outside] == [("function public.names_it()", ("breaking",))]


def called(name: str, former: str) -> Compiled:
    """The project of the reader loops with `v` under another name; whoever reads goes on by `v`, or by what stays of it."""
    files: Files = {
        "mvc.yml": {"project": "gen", "catalog": "schema.sql"},
        "schema.sql": SCHEMA,
        "views/v.yml": {
            "view": name,
            "was": former,
            "alias_until": "2999-12-31",
            "sources": {"c": {"table": "c"}, "o": {"table": "o", "on": "o.c_id = c.id"}},
            "dimensions": {"id": "c.id", "city": "c.city"},
            "aggregates": {"sum_of_all": {"sum": "o.amount", "was": "total"}, "gen": {"max": "o.id * 0 + 0"}},
            "indexes": [{"columns": ["sum_of_all"]}],
        },
        "views/w.yml": {
            "view": "w",
            "sources": {"v": {"view": name}},
            "dimensions": {"city": "v.city"},
            "aggregates": {"total": {"sum": "v.sum_of_all"}, "gen": {"max": "v.gen"}, "low": {"min": "v.gen"}},
        },
        "policies/p.yml": {
            "policies": [
                {"policy": "p", "view": name, "to": ["dm_reader"], "using": "sum_of_all > 0"},
                {"policy": "q", "view": "w", "to": ["dm_reader"], "using": True},
            ]
        },
    }
    return compiled(files)


def by_the_former_name(connection: Connection, watched: Watched, name: str) -> None:
    query = "SELECT count(*), min(gen), max(gen), sum(total) FROM v"
    rows = timed(watched, name, connection, query, prepare=name == "prepared")
    if rows != [(CUSTOMERS, 0, 0, TOTAL)]:
        watched.faults.append(f"{name} saw {rows}")


def through_their_view(connection: Connection, watched: Watched, name: str) -> None:
    rows = timed(watched, name, connection, 'SELECT n, total FROM "their own"', prepare=True)
    if rows != [(CUSTOMERS, TOTAL)]:
        watched.faults.append(f"{name} saw {rows}")


def writing(connection: Connection, watched: Watched, name: str) -> None:
    timed(
        watched,
        name,
        connection,
        "UPDATE o SET amount = amount + CASE id WHEN 1 THEN 1 ELSE -1 END WHERE id IN (1, 2) RETURNING 1",
        prepare=False,
    )


@pytest.mark.parametrize("major", MAJORS, ids=lambda major: f"pg{major}")
def test_readers_by_the_former_name_notice_nothing(servers: Servers, major: int):
    server = servers.get(major)
    loops = {
        "autocommit": ("dm_reader", by_the_former_name),
        "prepared": ("dm_reader", by_the_former_name),
        "outside": ("dm_reader", through_their_view),
        "writer": (None, writing),
    }
    with new_database(server, servers.template(server, "generations", build)) as database:
        connection = database.connect()
        create_roles(connection)
        before, after = generation(0), called("renamed", "v")
        with watching(database, loops) as watched:
            for project in (after, before, after):
                time.sleep(0.2)
                with watched.locks.deploying(connection, database.url):
                    apply(connection, project, options=ApplyOptions(frozenset(HAZARDS), pace=Timeouts(patience=30)))
            time.sleep(0.2)
        assert watched.faults == []
        assert min(len(found) for found in watched.waits.values()) > 30
        assert watched.locks.ours() == []
        assert_settled(connection, after)
