"""Views of one name in two schemas: each is deployed, refreshed, read, told apart and renamed as if it were alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.plan.make_plan import difference_of
from mvc.engines.postgres.plan.migration import migration
from mvc.engines.postgres.server.apply import ApplyOptions, plan
from mvc.engines.postgres.server.around import around
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.prune import leftovers
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.schedule_runs import run_schedule
from mvc.engines.postgres.server.status import status
from mvc.report.status.text import status_text
from mvc.report.text.style import PLAIN
from servers import Database

from .projects import ANYTHING, Connection, Files, assert_settled, compiled, create_roles, deploy, told

pytestmark = pytest.mark.by_turns

TABLES = """
CREATE SCHEMA sales; CREATE SCHEMA crm;
CREATE TABLE sales.orders (id int PRIMARY KEY, day date NOT NULL, amount int NOT NULL);
CREATE TABLE crm.calls (id int PRIMARY KEY, day date NOT NULL, staff text NOT NULL);
"""
ROWS = """
INSERT INTO sales.orders SELECT g, '2026-01-01'::date + g % 3, g FROM generate_series(1, 9) AS g;
INSERT INTO crm.calls SELECT g, '2026-01-01'::date + g % 2, 'staff ' || g % 2 FROM generate_series(1, 4) AS g;
"""


def day(number: int) -> dt.date:
    return dt.date(2026, 1, number)


def view(name: str, source: str, measures: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "view": name,
        "sources": {"t": {"table": source}},
        "dimensions": {"day": "t.day"},
        "aggregates": measures,
        **more,
    }


def only_sales(*, kind: str = "full") -> Files:
    """A view, one that reads it, a rule, an index, and a schedule: all by its name alone."""
    mode = {} if kind == "full" else {"mode": kind}
    return {
        "mvc.yml": {
            "project": "shop",
            "catalog": "schema.sql",
            "names": {"refresh_views": {"refresh_totals": "totals"}},
        },
        "schema.sql": TABLES,
        "views/sales.yml": view(
            "totals", "sales.orders", {"total": {"sum": "t.amount"}}, schema="sales", indexes=[{"columns": ["total"]}]
        ),
        "views/best.yml": {
            "view": "best",
            "sources": {"s": {"view": "totals"}},
            "dimensions": {"total": "s.total"},
            "aggregates": {"days": {"count": "s"}},
        },
        "policies/all.yml": {
            "policies": [{"policy": "some", "view": "totals", "to": "dm_reader", "using": "total > 12"}]
        },
        "schedules/all.yml": {
            "schedules": [
                {"schedule": "totals", "refresh": ["+best"], "every": "0 3 * * *"},
                {
                    "schedule": "often",
                    "refresh": ["totals"],
                    "every": "*/10 * * * *",
                    "enabled": kind != "full",
                    **mode,
                },
            ],
        },
    }


def both(*, kind: str = "full") -> Files:
    """The same with a view of that name in another schema, which a body reads; all by their schemas."""
    files = only_sales(kind=kind)
    files["mvc.yml"]["names"] = {"refresh_views": {"refresh_totals": "sales.totals", "refresh_calls": "crm.totals"}}
    files["views/crm.yml"] = view("totals", "crm.calls", {"calls": {"count": "t"}}, schema="crm", tags=["crm"])
    files["views/best.yml"]["sources"]["s"]["view"] = "sales.totals"
    files["views/worst.yml"] = {
        "view": "worst",
        "materialized": False,
        "sql": "SELECT t.day, totals.total FROM crm.totals AS t JOIN sales.totals USING (day)",
    }
    files["policies/all.yml"]["policies"][0]["view"] = "sales.totals"
    files["policies/all.yml"]["policies"].append(
        {"policy": "few", "view": "crm.totals", "to": "dm_reader", "using": "calls > 1"}
    )
    files["schedules/all.yml"]["schedules"][1]["refresh"] = ["sales.totals"]
    files["schedules/all.yml"]["schedules"] += [{"schedule": "calls", "refresh": ["crm.totals"], "within": "1d"}]
    return files


KINDS = ["full", "incremental"]


@pytest.fixture
def shop(database: Database) -> Connection:
    connection = database.connect()
    create_roles(connection)
    connection.execute(TABLES.encode())
    connection.execute(ROWS.encode())
    connection.execute("GRANT USAGE ON SCHEMA sales, crm TO dm_reader")
    return connection


def only_crm() -> Files:
    """The other view alone, by its name alone."""
    files = both()
    del files["views/sales.yml"], files["views/best.yml"], files["views/worst.yml"]
    files["mvc.yml"]["names"] = {"refresh_views": {"refresh_calls": "totals"}}
    files["policies/all.yml"]["policies"] = [{**files["policies/all.yml"]["policies"][1], "view": "totals"}]
    files["schedules/all.yml"]["schedules"] = [{"schedule": "calls", "refresh": ["totals"], "within": "1d"}]
    return files


def stored(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """What stores each deployed view, by its schema and name: the relation itself, and when it was filled."""
    rows = connection.execute(
        "SELECT d.view_schema || '.' || d.view_name, to_regclass(format('mvc.%I', d.stored_name))::oid, s.filled_at, mvc.called(d.view_schema, d.view_name, d.recorded)"
        " FROM mvc.deployed_view AS d LEFT JOIN mvc.stored_relation AS s USING (stored_name)"
    )
    return {row[0]: row[1:] for row in rows}


def seen(connection: Connection, name: str) -> list[Any]:
    with connection.transaction():
        connection.execute("SET LOCAL ROLE dm_reader")
        return connection.execute(f"SELECT * FROM {name} ORDER BY 1".encode()).fetchall()


def logged(connection: Connection) -> list[Any]:
    """The log since it was asked for last."""
    rows = connection.execute(
        "SELECT view_schema || '.' || view_name, schedule, status FROM mvc.refresh_log ORDER BY id"
    ).fetchall()
    connection.execute("DELETE FROM mvc.refresh_log")
    return rows


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_stays_as_it_is_when_another_of_its_name_comes_and_goes(shop: Connection, kind: str) -> None:
    alone, together, other = compiled(only_sales(kind=kind)), compiled(both(kind=kind)), compiled(only_crm())
    deploy(shop, alone)
    first = stored(shop)
    assert {name: row[2] for name, row in first.items()} == {"sales.totals": "totals", "public.best": "best"}

    change = difference_of(observe(shop, together), together)
    assert {(item.schema, item.view, item.status) for item in change.views} == {
        ("crm", "totals", "added"),
        ("public", "worst", "added"),
    }
    steps = told(plan(shop, together))
    assert {view for action, view, _ in steps if action in ("build", "fill", "expose")} == {"crm.totals", "worst"}
    deploy(shop, together)
    both_stored = stored(shop)
    assert {name: row[:2] for name, row in both_stored.items() if name in first} == {
        name: row[:2] for name, row in first.items()
    }
    assert {name: row[2] for name, row in both_stored.items()} == {
        "sales.totals": "sales.totals",
        "crm.totals": "crm.totals",
        "public.best": "best",
        "public.worst": "worst",
    }
    assert seen(shop, "sales.totals") == [(day(1), 18), (day(3), 15)]
    assert seen(shop, "crm.totals") == [(day(1), 2), (day(2), 2)]

    rollback(shop, together)
    assert stored(shop) == first
    assert_settled(shop, alone)
    deploy(shop, together)
    before = stored(shop)["crm.totals"]
    deploy(shop, other)
    assert stored(shop) == {"crm.totals": (*before[:2], "totals")}


def test_each_is_refreshed_by_its_name(shop: Connection) -> None:
    project = compiled(both())
    deploy(shop, project)
    logged(shop)
    assert [(item.view, item.status) for item in refresh(shop, project, ["sales.totals"])] == [
        ("sales.totals", "completed")
    ]
    assert logged(shop) == [("sales.totals", None, "completed")]
    with pytest.raises(KeyError):
        refresh(shop, project, ["totals"])
    assert [item.view for item in refresh(shop, project)] == ["crm.totals", "sales.totals", "best"]
    logged(shop)
    assert [(item.view, item.status) for item in run_schedule(shop, project, "totals")] == [
        ("sales.totals", "completed"),
        ("best", "completed"),
    ]
    assert logged(shop) == [("sales.totals", "totals", "completed"), ("public.best", "totals", "completed")]
    shop.execute("CALL mvc.run_schedule('shop', 'calls')")
    assert logged(shop) == [("crm.totals", "calls", "completed")]
    shop.execute("SELECT refresh_totals()")
    shop.execute("SELECT refresh_calls()")
    assert logged(shop) == [("sales.totals", None, "completed"), ("crm.totals", None, "completed")]
    shop.execute("CALL mvc.refresh_project('shop')")
    assert [row[0] for row in logged(shop)] == ["crm.totals", "sales.totals", "public.best"]
    for named in ("sales.totals", '"sales".totals', "SALES.Totals"):
        shop.execute("SELECT mvc.refresh_named('shop', %s)", (named,))
    assert [row[0] for row in logged(shop)] == ["sales.totals"] * 3
    with pytest.raises(psycopg.errors.AmbiguousAlias, match="totals is the name of 2 views"):
        shop.execute("SELECT mvc.refresh_named('shop', 'totals')")


def test_what_reads_a_view_that_failed_is_left_alone_and_the_other_is_not(shop: Connection) -> None:
    """`sales.totals` fails: `best` reads it and is skipped, `crm.totals` is refreshed."""
    files = both()
    files["views/sales.yml"]["aggregates"]["total"] = {"sum": "100 / t.amount"}
    files["schedules/all.yml"]["schedules"] = [{"schedule": "all", "refresh": "all", "every": "0 3 * * *"}]
    project = compiled(files)
    deploy(shop, project)
    shop.execute("INSERT INTO sales.orders VALUES (99, '2026-01-01', 0)")
    expected = {"sales.totals": "failed", "best": "skipped", "crm.totals": "completed"}
    assert {item.view: item.status for item in refresh(shop, project)} == expected
    logged(shop)
    assert {item.view: item.status for item in run_schedule(shop, project, "all")} == expected
    assert shop.execute("SELECT failed FROM mvc.schedule_run WHERE run IS NOT NULL").fetchone() == (["sales.totals"],)
    logged(shop)
    with pytest.raises(psycopg.errors.RaiseException, match=r"refreshing failed: sales\.totals"):
        shop.execute("CALL mvc.refresh_project('shop')")
    assert {row[0]: row[2] for row in logged(shop)} == {
        "sales.totals": "failed",
        "public.best": "skipped",
        "crm.totals": "completed",
    }


def test_status_tells_them_apart(shop: Connection) -> None:
    project = compiled(both())
    deploy(shop, project)
    refresh(shop, project)
    shop.execute("GRANT SELECT ON crm.totals TO dm_other")
    found = status(shop, project)
    assert [(view.schema, view.view, view.called, view.upstream) for view in found.views] == [
        ("crm", "totals", "crm.totals", ()),
        ("public", "best", "best", ("sales.totals",)),
        ("public", "worst", "worst", ("crm.totals", "sales.totals")),
        ("sales", "totals", "sales.totals", ()),
    ]
    assert [(item.kind, item.view) for item in found.drift] == [("grant by hand", "crm.totals")]
    assert {item.name: item.views for item in found.schedules if item.enabled} == {
        "totals": ("sales.totals", "best"),
        "calls": ("crm.totals",),
    }
    one = found.of({"crm.totals"})
    assert (
        {view.called for view in one.views}
        == {run.called for run in one.runs}
        == {item.view for item in one.drift}
        == {"crm.totals"}
    )
    text = status_text(found, PLAIN)
    assert "crm.totals" in text
    assert [view.promises[0].schedule for view in found.views if view.promises] == ["calls"]
    files = both()
    files["views/crm.yml"]["aggregates"]["staff"] = {"count_distinct": "t.staff"}
    deploy(shop, compiled(files))
    assert {item.view for item in leftovers(shop, project)} == {"crm.totals", "worst"}


def test_one_is_renamed_and_the_other_is_not(shop: Connection) -> None:
    files = both()
    deploy(shop, compiled(files))
    before = stored(shop)
    files["views/sales.yml"] |= {"view": "sums", "was": "totals", "alias_until": "2999-12-31"}
    files["views/best.yml"]["sources"]["s"]["view"] = "sums"
    files["views/worst.yml"]["sql"] = "SELECT t.day, u.total FROM totals AS t JOIN sums AS u USING (day)"
    files["policies/all.yml"]["policies"][0]["view"] = "sums"
    files["policies/all.yml"]["policies"][1]["view"] = "totals"
    files["mvc.yml"]["names"] = {"refresh_views": {"refresh_totals": "sums", "refresh_calls": "totals"}}
    files["schedules/all.yml"]["schedules"][1]["refresh"] = ["sums"]
    files["schedules/all.yml"]["schedules"][2]["refresh"] = ["totals"]
    project = compiled(files)
    assert {view.called for view in project.views} == {"sums", "sales.totals", "totals", "best", "worst"}
    deploy(shop, project)
    after = stored(shop)
    assert (after["sales.sums"][:2], after["crm.totals"][:2]) == (before["sales.totals"][:2], before["crm.totals"][:2])
    assert seen(shop, "sales.totals") == seen(shop, "sales.sums")
    assert seen(shop, "crm.totals") == [(day(1), 2), (day(2), 2)]
    rollback(shop, project)
    assert {name: row[:2] for name, row in stored(shop).items()} == {name: row[:2] for name, row in before.items()}
    assert_settled(shop, compiled(both()))


def test_a_view_moves_to_another_schema_under_its_name(shop: Connection) -> None:
    """Its former name stays: the view itself is still called by its name alone."""
    files = only_sales()
    deploy(shop, compiled(files))
    before = stored(shop)
    files["views/sales.yml"] |= {"schema": "crm", "was": "sales.totals", "alias_until": "2999-12-31"}
    project = compiled(files)
    assert {view.called: view.schema for view in project.views} == {
        "totals": "crm",
        "sales.totals": "sales",
        "best": "public",
    }
    deploy(shop, project)
    assert stored(shop)["crm.totals"][:2] == before["sales.totals"][:2]
    assert seen(shop, "sales.totals") == seen(shop, "crm.totals")
    assert [item.view for item in refresh(shop, project, ["totals"])] == ["totals"]


def test_a_column_changes_that_one_of_them_reads(shop: Connection) -> None:
    deploy(shop, compiled(both()))
    files = both()
    files["schema.sql"] = TABLES.replace("amount int", "amount bigint")
    done = around(shop, compiled(files), "ALTER TABLE sales.orders ALTER amount TYPE bigint", ApplyOptions(ANYTHING))
    assert {(item.schema, item.name) for item in done.released.views} == {
        ("sales", "totals"),
        ("public", "best"),
        ("public", "worst"),
    }
    assert_settled(shop, compiled(files))


def test_a_migration_says_it_as_sql(shop: Connection) -> None:
    before, after = compiled(only_sales()), compiled(both())
    deploy(shop, before)
    shop.execute(migration(before, after).encode(), prepare=False)
    assert_settled(shop, after)
    assert {row[2] for row in stored(shop).values()} == {"sales.totals", "crm.totals", "best", "worst"}
