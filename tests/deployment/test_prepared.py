"""What a change of columns does to clients that are connected, and what apply refuses, which a diff says before."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from mvc.engines.postgres.plan.make_plan import difference_of
from mvc.engines.postgres.plan.outside import outside_of
from mvc.engines.postgres.server.apply import apply, plan
from mvc.engines.postgres.server.observe import observe
from servers import Servers, new_database

from .projects import MAJORS, Connection, aggregate, build_shop, compiled, deploy, edited, in_place


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Connection]:
    with new_database(servers.get(request.param)) as database:
        build_shop(database.connect())
        deploy(database.connect(), compiled(edited()))
        yield database.connect()


def test_a_prepared_star_fails_once_and_the_plan_says_so(shop: Connection):
    after = compiled(edited(aggregate("pieces", {"sum": "o.pieces"})))
    shop.execute("PREPARE star AS SELECT * FROM sales; PREPARE named AS SELECT id, total FROM sales")
    said = [item for item in plan(shop, after).dangers if item.hazard == "prepared-statements"]
    assert len(said) == 1
    assert "sales has other columns then (pieces)" in said[0].reason
    assert "DISCARD ALL" in said[0].reason
    apply(shop, after)  # nobody has to agree to it
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="cached plan must not change result type"):
        shop.execute("EXECUTE star")
    shop.execute("EXECUTE named")
    shop.execute("DISCARD ALL")
    shop.execute("PREPARE star AS SELECT * FROM sales; EXECUTE star")


def test_what_changes_no_column_is_no_hazard(shop: Connection):
    after = compiled(edited(in_place("n", {"count": "o", "where": "o.pieces > 1"})))
    assert [item for item in plan(shop, after).dangers if item.hazard == "prepared-statements"] == []


@pytest.mark.parametrize("change", ["retyped", "gone", "view gone"])
def test_what_apply_refuses_the_difference_says(shop: Connection, change: str):
    shop.execute("CREATE MATERIALIZED VIEW theirs AS SELECT name FROM sales")
    shop.execute(
        "CREATE VIEW between AS SELECT name FROM sales; CREATE MATERIALIZED VIEW above AS SELECT * FROM between"
    )
    shop.execute("CREATE FUNCTION rows_of() RETURNS SETOF sales LANGUAGE sql AS 'SELECT * FROM sales'")
    shop.execute("CREATE FUNCTION takes(sales) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE holds (s sales)")
    files = edited(
        *{"retyped": [in_place("n", {"max": "o.placed"})], "gone": [aggregate("n", None)], "view gone": []}[change]
    )
    if change == "view gone":
        for path in ("sales", "by_city", "top", "now"):
            del files[f"views/{path}.yml"]
        del files["policies/all.yml"]
    after = compiled(files)
    refused = " ".join(item.message for item in plan(shop, after).refusals)
    state = observe(shop, after, [("public", "sales")])
    told = {item.described for item in outside_of(state, difference_of(state, after)) if item.view == "sales"}
    row_type = ("function public.rows_of()", "function public.takes(public.sales)", "column s of table public.holds")
    for name in ("public.theirs", "public.above", *row_type):
        assert name in refused
        assert name in told
