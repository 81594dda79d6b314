"""A name that is taken over, as the commands tell it."""

from __future__ import annotations

import json

import pytest

from servers import newest

pytestmark = newest

HAND = """CREATE MATERIALIZED VIEW sales AS SELECT city, count(*) AS n, sum(amount) + {more} AS total, min(day) AS first FROM o GROUP BY city;
CREATE FUNCTION refresh_sales() RETURNS void LANGUAGE plpgsql AS $$ BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY public.sales; END $$;
CREATE FUNCTION refresh_other() RETURNS void LANGUAGE plpgsql AS $$ BEGIN REFRESH MATERIALIZED VIEW sales_of_others; PERFORM 'sales'; END $$;
CREATE VIEW outside AS SELECT city FROM sales; GRANT SELECT ON sales TO cli_other, cli_reader"""
NOTES = (
    "public.sales is a view from then on: what says REFRESH MATERIALIZED VIEW public.sales fails; say CALL mvc.refresh('public', 'sales') or mvc refresh sales",
    "the function public.refresh_sales() refreshes public.sales and fails from then on",
    "cli_other may read public.sales by hand, and no policy names them",
)


@pytest.fixture
def hand(base):
    base.execute(HAND.format(more=0))
    return base


def test_what_a_plan_and_a_diff_say(mvc, sales, hand):
    shown = mvc("apply", "--dry-run").out
    assert "compare the rows of sales: rows of the materialized view public.sales of" in shown
    assert (
        "take over sales: it takes the place of the materialized view of that name, which is kept for mvc rollback; public.outside read it then"
        in shown
    )
    said = mvc("diff", "--database").out
    assert (
        "made by hand, and taken over by mvc apply once it has compared the rows:\n  sales: the materialized view public.sales of the role postgres"
        in said
    )
    for note in NOTES:
        assert note in shown
        assert note in said
    assert "refresh_other" not in shown + said
    data = json.loads(mvc("apply", "--dry-run", "--format", "json").out)
    assert [step["action"] for step in data["prepare"] if step["view"] == "sales"] == ["build", "compare"]
    assert "take over" in [step["action"] for switch in data["switches"] for step in switch["steps"]]
    assert len(data["notes"]) == len(NOTES)
    found = json.loads(mvc("diff", "--database", "--format", "json").out)["taken_over"]
    assert [(item["view"], item["relation"], item["kind"], item["reads"]) for item in found] == [
        ("sales", "public.sales", "materialized view", ["public.outside"])
    ]


def test_there_and_back(mvc, sales, hand):
    done = mvc("apply", "--yes")
    assert done.code == 0, done.err
    assert "compare the rows of sales" in done.err
    assert "nothing to do" in mvc("apply", "--dry-run").out
    assert "made by hand, kept for a rollback (sales)" in mvc("status").out
    assert [item["kind"] for item in json.loads(mvc("status", "--json").out)["leftovers"]] == ["former"]
    assert mvc("rollback", "--yes").code == 1  # cli_other and cli_reader see all rows again
    done = mvc("rollback", "--yes", "--allow", "loosen-access,drop-view")
    assert done.code == 0, done.err
    assert "give back sales" in done.out + done.err
    assert hand.execute("SELECT relkind::text FROM pg_class WHERE oid = 'sales'::regclass").fetchone() == ("m",)


def test_changed_rows_are_never_accepted_by_yes_alone(mvc, sales, base):
    base.execute(HAND.format(more="(city = 'city 1')::int"))
    done = mvc("apply", "--yes")
    assert done.code == 1
    assert "1 of the former rows is gone, 1 is new: city city 1 has total 20 instead of 21" in done.err
    assert "--allow changed-rows" in done.err
    assert "MV801" not in done.err
    done = mvc("apply", "--yes", "--allow", "changed-rows")
    assert done.code == 0, done.err


def test_a_script_says_who_takes_over(mvc, sales, hand):
    script = mvc("compile").out
    with pytest.raises(Exception, match=r"the relation public\.sales is not ours\nHINT:  mvc apply takes its place"):
        hand.execute(script)
    hand.execute("ROLLBACK")
