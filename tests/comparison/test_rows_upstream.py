"""Rows that change in one view change those that read it: counts, filters, joins and grains, through views of every kind."""

from __future__ import annotations

import pytest

import mvc
from mvc.comparison.changes import FreshnessChanged, KindChanged, RulesChanged
from mvc.comparison.compare import compare
from mvc.comparison.difference import AlteredView
from mvc.comparison.upstream import ReadFrom, UpstreamChanged, UpstreamOlder, UpstreamRebuilt
from mvc.compiled.serialize import to_record
from mvc.compiled.view import RowsOf
from mvc.engines.postgres.server.earlier_records import read_view
from mvc.pipeline.pair import compile_two
from mvc.reduction import reduce_pair

SHOP = {
    "mvc.yml": "project: shop\ncatalog: s.sql\n",
    "s.sql": """
CREATE TABLE stores (id int PRIMARY KEY, region text NOT NULL, open boolean NOT NULL);
CREATE TABLE sales (
  id int PRIMARY KEY, store int NOT NULL REFERENCES stores (id), at date NOT NULL, amount int NOT NULL, paid boolean NOT NULL);
""",
    "views/month.yml": """
view: store_month
sources: {s: {table: sales, where: s.paid}}
dimensions: {store: s.store, month: "date_trunc('month', s.at)"}
aggregates: {total: {sum: s.amount}, n: {count: s}, mean: {expr: "total / nullif(n, 0)"}}
""",
    "views/year.yml": """
view: store_year
sources: {m: {view: store_month}}
dimensions: {store: m.store, year: "date_trunc('year', m.month)"}
aggregates: {total: {sum: m.total}, months: {count: m}}
""",
    "views/copy.yml": """
view: copy
grain: [store, month]
sql: SELECT store, month, total, mean * 2 AS twice FROM store_month
""",
    "views/plain.yml": """
view: plain
materialized: false
sources: {m: {view: store_month}}
dimensions: {store: m.store}
aggregates: {best: {max: m.total}}
""",
    "views/through.yml": """
view: through_plain
grain: [n]
sql: SELECT count(*) AS n FROM plain
""",
    "views/busy.yml": """
view: busy
grain: [store]
sql: SELECT store, sum(total) AS total FROM store_month WHERE n > 10 GROUP BY store
""",
    "views/inner.yml": """
view: inner_query
sources: {q: {sql: "SELECT store, total FROM store_month WHERE n > 10", key: [store]}}
dimensions: {store: q.store}
aggregates: {s: {sum: q.total}}
""",
    "views/store.yml": """
view: store
sources: {t: {table: stores}, m: {view: store_month, on: m.store = t.id}}
dimensions: {id: t.id, region: t.region}
aggregates: {months: {count: m}, top: {max: m.total}}
""",
    "views/active.yml": """
view: active
sources: {t: {table: stores}, m: {view: store_month, on: m.store = t.id, required: true}}
dimensions: {id: t.id}
""",
    "views/latest.yml": """
view: latest
grain: [store]
sql: SELECT DISTINCT ON (store) store, mean FROM store_month ORDER BY store, month DESC
""",
    "views/aside.yml": """
view: aside
sources: {t: {table: stores}}
dimensions: {region: t.region}
aggregates: {n: {count: t}}
""",
    "schedules/s.yml": """
schedules: [{schedule: all, refresh: all, every: "0 * * * *"}]
""",
}
READERS = ("store_year", "copy", "plain", "through_plain", "busy", "inner_query", "store", "active", "latest")


def edited(path, *edits, files=SHOP):
    text = files[path]
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return {**files, path: text}


def difference(after, before=SHOP):
    """What differs. The reduced pair, which `mvc diff` compiles, says the same as both projects whole."""
    found = compare(*(mvc.compile(mvc.load(files)) for files in (before, after)))
    assert compare(*compile_two(before, after, None)) == found
    return found


def of(found, name):
    return next(item for item in found.views if item.view == name)


def reached(found):
    """By reader: the columns that follow, and whether its rows do."""
    return {
        item.view: (set(change.columns), change.rows)
        for item in found.views
        for change in (each.change for each in item.changes)
        if isinstance(change, UpstreamChanged)
    }


MONTH = "views/month.yml"
OTHER_ROWS = {
    "store_year": ({"total", "months"}, True),
    "copy": ({"total", "twice"}, True),
    "plain": ({"best"}, True),
    "through_plain": ({"n"}, True),
    "busy": ({"total"}, True),
    "inner_query": ({"s"}, True),
    "store": ({"months", "top"}, False),
    "active": (set(), True),
    "latest": ({"mean"}, True),
}


@pytest.mark.parametrize(
    "edit",
    [
        (", where: s.paid", ""),
        ("s.paid", "s.paid AND s.amount > 0"),
        ("'month', s.at", "'week', s.at"),
        ("dimensions:", "where: s.amount > 0\ndimensions:"),
        ("month: ", "day: s.at, month: "),
        (
            "sources: {s: {table: sales, where: s.paid}}",
            "sources: {s: {table: sales, where: s.paid}, t: {table: stores, on: t.id = s.store, where: t.open, required: true}}",
        ),
    ],
    ids=["filter gone", "filter tighter", "other periods", "view's filter", "finer grain", "required source"],
)
def test_other_rows_reach_all_that_count_filter_or_join_them(edit):
    found = difference(edited(MONTH, edit))
    follow = reached(found)
    for name, (columns, rows) in OTHER_ROWS.items():
        assert follow[name][0] >= columns, name
        assert follow[name][1] >= rows, name
        assert of(found, name).classes[0] == "breaking"
    assert "aside" not in {item.view for item in found.views}
    assert not any(isinstance(each.change, UpstreamRebuilt) for item in found.views for each in item.changes)
    told = {(item.view, item.column) for item in of(found, "store_month").downstream}
    assert told >= {("store_year", "months"), ("store_year", None), ("active", None), ("through_plain", "n")}


def test_a_filter_reaches_exactly_these():
    assert reached(difference(edited(MONTH, (", where: s.paid", "")))) == OTHER_ROWS


def test_a_changed_column_reaches_what_is_computed_from_it_or_picked_by_it():
    assert reached(difference(edited(MONTH, ("sum: s.amount", "sum: s.amount + 1")))) == {
        "store_year": ({"total"}, False),
        "copy": ({"total", "twice"}, False),
        "plain": ({"best"}, False),
        "busy": ({"total"}, False),
        "inner_query": ({"s"}, False),
        "store": ({"top"}, False),
        "latest": ({"mean"}, False),  # of a computed column too
    }
    assert reached(difference(edited(MONTH, ("n: {count: s}", "n: {count: s, where: s.amount > 1}")))) == {
        "copy": ({"twice"}, False),
        "busy": ({"total"}, True),
        "inner_query": ({"s"}, True),
        "latest": ({"mean"}, False),
    }


def test_what_only_adds_a_column_or_says_the_same_reaches_nothing():
    for edit in (("n: {count: s}", "n: {count: s}, top: {max: s.amount}"), ("table: sales", "table: public.sales")):
        found = difference(edited(MONTH, edit))
        assert reached(found) == {}
        assert of(found, "store_month").downstream == () if found.views else True
        assert all("breaking" not in item.classes for item in found.views)


def test_readers_move_with_what_means_the_same():
    found = difference(edited(MONTH, ("n: {count: s}", "n: {count: s}, top: {max: s.amount}")))
    assert {item.view for item in found.views} == {"store_month", *READERS}
    assert [each.change for each in of(found, "store_year").changes] == [UpstreamRebuilt(("store_month",))]


def test_a_body_that_changed_is_undecided_downstream():
    found = difference(
        edited("views/copy.yml", ("FROM store_month", "FROM store_month WHERE total > 1"), files=BELOW), BELOW
    )
    (change,) = [each for each in of(found, "below").changes if isinstance(each.change, UpstreamChanged)]
    assert change.change == UpstreamChanged(("n",), rows=True, through=(ReadFrom("copy", None),), undecided=True)
    assert change.effects[0].undecided
    assert of(found, "below").altered == AlteredView(("n",), rows=True)


BELOW = {**SHOP, "views/below.yml": "view: below\ngrain: [n]\nsql: SELECT count(*) AS n FROM copy\n"}
POLICIES = {
    **SHOP,
    "policies/p.yml": """
policies:
  - {policy: many, view: store_year, to: [app], using: months > 3}
  - {policy: own, view: busy, to: [app], using: store = 1}
""",
}


def test_a_rule_that_reads_a_count_of_other_rows_is_undecided():
    found = difference(edited(MONTH, (", where: s.paid", ""), files=POLICIES), POLICIES)
    (rules,) = [each for each in of(found, "store_year").changes if isinstance(each.change, RulesChanged)]
    assert rules.change.verdict == "undecided"
    assert (
        rules.change.reason
        == "the rule reads `months`, which is computed over the rows of `store_month`, which are not what they were"
    )
    assert rules.effects[0].class_ == "access-loosened"
    assert not any(isinstance(each.change, RulesChanged) for each in of(found, "busy").changes)


TWO = {
    **SHOP,
    "schedules/s.yml": """
schedules:
  - {schedule: month, refresh: store_month, every: "0 * * * *"}
  - {schedule: rest, refresh: [store_year, copy, busy, inner_query, store, active, latest, through_plain, aside], every: "0 * * * *"}
""",
}


class TestFreshness:
    def older(self, found):
        return {
            item.view: change.views
            for item in found.views
            for change in (each.change for each in item.changes)
            if isinstance(change, UpstreamOlder)
        }

    def test_travels_to_whatever_reads_it(self):
        found = difference(
            edited(
                "schedules/s.yml",
                ('store_month, every: "0 * * * *"', 'store_month, every: "0 0 * * *"'),
                files=TWO,
            ),
            TWO,
        )
        assert isinstance(of(found, "store_month").changes[0].change, FreshnessChanged)
        assert self.older(found) == {name: ("store_month",) for name in READERS if name != "through_plain"} | {
            "through_plain": ("plain",)
        }
        assert of(found, "plain").classes == ("freshness-loosened",)

    def test_more_often_is_no_matter_for_readers(self):
        found = difference(
            edited(
                "schedules/s.yml",
                ('store_month, every: "0 * * * *"', 'store_month, every: "*/5 * * * *"'),
                files=TWO,
            ),
            TWO,
        )
        assert [item.view for item in found.views] == ["store_month"]

    def test_of_a_view_that_is_stored_now(self):
        found = difference(edited("views/plain.yml", ("materialized: false\n", "")))
        assert isinstance(of(found, "plain").changes[0].change, KindChanged)
        assert self.older(found) == {"through_plain": ("plain",)}


def test_what_an_older_ledger_holds_counts_as_read_whole():
    """Nothing in it says what rows are behind what; so a change of rows reaches no less than it does."""
    compiled = mvc.compile(mvc.load(SHOP))
    for view in compiled.views:
        data = to_record(view)
        del data["rows"]
        for column in data["columns"]:
            del column["rows"]
        old = read_view(data)
        assert set(old.rows.relations) >= set(view.rows.relations) - {"public.stores"}, view.name
        for column in view.columns:
            known = old.column(column.name)
            if column.rows != RowsOf() and view.body == "":
                assert known.rows.relations
        assert read_view(to_record(view)) == view


def test_the_reduced_pair_keeps_what_follows():
    after = edited(MONTH, (", where: s.paid", ""))
    for part in reduce_pair(SHOP, after):
        assert part.absent == {"aside"}
