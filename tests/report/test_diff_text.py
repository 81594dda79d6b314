"""What a terminal shows of a difference, and the words of every kind of change."""

from __future__ import annotations

import re

import pytest
from difference_examples import EMPTY, KINDS, REVIEWED, any_speed, changes, differences
from hypothesis import given

from mvc.comparison import changes as kinds
from mvc.comparison.partitioning import PartitionsAdded, PartitionsChanged, PartitionsRemoved
from mvc.comparison.picked import PickChanged
from mvc.comparison.presence import ViewRenamed
from mvc.comparison.upstream import ReadFrom, UpstreamChanged, UpstreamOlder, UpstreamRebuilt
from mvc.report.diff.change_words import told
from mvc.report.diff.text import diff_text
from mvc.report.text.style import Style
from mvc.report.text.words import Quoted, quoted_in, spoken

WORDS = [
    (kinds.ViewAdded(("a", "public")), "new view", ", readable by `a`, everyone"),
    (kinds.ViewAdded(()), "new view", ", readable by its owner alone"),
    (kinds.ViewRemoved(), "the view is gone", ""),
    (ViewRenamed("s", "a", "t", "b"), "renamed from `s.a`", " to `t.b`"),
    (kinds.KindChanged("materialized", "plain"), "materialized view becomes a plain one", ""),
    (kinds.ColumnAdded("x", "sum(o.y)"), "column `x` added", ": `sum(o.y)`"),
    (kinds.ColumnRemoved("x"), "column `x` is gone", ""),
    (kinds.ColumnRenamed("total", "revenue"), "column `total` renamed to `revenue`", ""),
    (kinds.ColumnRetyped("x", "integer", "bigint"), "column `x` has another type", ": `integer` → `bigint`"),
    (kinds.ColumnRedefined("x", "a", "b"), "column `x` is computed from something else", ": `a` → `b`"),
    (kinds.GrainChanged(("a",), ("a", "b")), "another grain", ": `a` → `a, b`"),
    (kinds.GrainChanged(("a",), ()), "another grain", ": `a` → unknown"),
    (kinds.SourceAdded("public.orders", "each"), "now reads `public.orders`", ": `each`"),
    (kinds.SourceRemoved("public.orders", "each"), "no longer reads `public.orders`", ": `each`"),
    (kinds.SourceChanged("public.orders", "a", "b"), "reads other rows of `public.orders`", ": `a` → `b`"),
    (kinds.FilterChanged((), ("a", "b")), "another filter", ": all rows → `a AND b`"),
    (PickChanged("having", (), ("a", "b")), "another `having`", ": all rows → `a AND b`"),
    (PickChanged("keep", ("a",), ()), "another `keep`", ": `a` → all rows"),
    (kinds.BodyChanged(), "another SELECT", ""),
    (kinds.ShapeChanged("another time zone"), "stored in another way", ": another time zone"),
    (UpstreamRebuilt(("a", "b")), "moves with `a`, `b`", ""),
    (kinds.IndexAdded("btree (a)"), "index added", ": `btree (a)`"),
    (kinds.IndexRemoved("btree (a)"), "index removed", ": `btree (a)`"),
    (kinds.OptionChanged("fillfactor", None, "90"), "option `fillfactor`", ": not set → `90`"),
    (kinds.ReaderAdded("public"), "readable by everyone", ""),
    (kinds.ReaderRemoved("a"), "no longer readable by `a`", ""),
    (kinds.RulesChanged("a", "loosened", "x", "x OR y", "z"), "`a` sees more rows", ": `x` → `x OR y`"),
    (kinds.RulesChanged("a", "undecided", "x", "all rows", "z"), "`a` sees perhaps other rows", ": `x` → all rows"),
    (kinds.RulesChanged("public", "tightened", "x", "no rows", "z"), "whoever else reads sees fewer rows", ": `x` → no rows"),
    (kinds.CommentChanged("", None, "b"), "comment", ": none → `b`"),
    (kinds.CommentChanged("x", "a", None), "comment of column `x`", ": `a` → none"),
    (kinds.FreshnessChanged(3_600, 5_400), "longest time between refreshes", ": 1 hour → 90 minutes"),
    (kinds.FreshnessChanged(None, 0), "longest time between refreshes", ": never refreshed → 0 seconds"),
    (UpstreamOlder(("a", "b")), "reads what may be older", ": `a`, `b`"),
    (UpstreamChanged(("x",), True, (ReadFrom("a", "b"), ReadFrom("a", None)), False), "reads what is not what it was", ": `a.b`, the rows of `a`"),
    (kinds.CadenceChanged(("a",), ("a", "b")), "other schedules", ": `a` → `a; b`"),
    (kinds.RequirementChanged((), ("postgis",)), "other extensions needed", ": none → `postgis`"),
    (kinds.RefresherAdded("etl"), "`etl` may refresh", ""),
    (kinds.RefresherRemoved("etl"), "`etl` may no longer refresh", ""),
    (kinds.SettingChanged("timezone", "UTC", "CET"), "setting `timezone`", ": `UTC` → `CET`"),
    (PartitionsAdded("s.t", "by month", None), "partitions of `s.t` are looked after", ": `by month`"),
    (PartitionsRemoved("s.t"), "partitions of `s.t` are no longer looked after", ""),
    (PartitionsChanged("s.t", "keep", None, "9 days", True), "partitions of `s.t`: `keep`", ": everything → `9 days`"),
]  # fmt: skip
SHOWN = """\
~ public.daily_revenue  breaking, access-loosened (undecided), rebuild, safe  views/daily_revenue.yml
    column `total` renamed to `revenue`
        breaking            a query that names `total` fails
        rebuild             the stored rows are computed anew
    column `orders` is computed from something else: `count(orders)` → `count(orders) where orders.status = 'paid'`
        breaking            `orders` means something else
        rebuild             the stored rows are computed anew
    `shop_staff` sees perhaps other rows: `region = 'eu'` → `allowed(region)`
        access-loosened     undecided, what `allowed` lets through is not known
    comment: none → `What was sold, by day.`
        safe                nobody notices
    downstream
        monthly_revenue.revenue is computed from total
        rows of monthly_revenue follow from these rows

~ public.monthly_revenue  breaking, rebuild  views/monthly_revenue.yml
    reads what is not what it was: `daily_revenue.total`, the rows of `daily_revenue`
        breaking            values change under the same names
        rebuild             it reads `daily_revenue`

− public.old_report  breaking  views/old_report.yml
    the view is gone
        breaking            its readers get an error

~ the project  access-loosened
    `etl` may refresh
        access-loosened     `etl` may refresh every view

+ public.daily_items  safe  views/daily_items.yml
    new view, readable by `shop_staff`
        safe                nobody notices

1 view added, 1 removed, 2 changed, the project changed; 8 changes: 4 breaking, 2 access-loosened, 2 safe; \
1 of them undecided"""


def in_backticks(text: str) -> str:
    return f"`{text}`"


@pytest.mark.parametrize(("change", "short", "rest"), WORDS)
def test_a_change_in_words(change, short, rest):
    said = told(change)
    assert (spoken(said.short, in_backticks), spoken(said.rest, in_backticks)) == (short, rest)
    assert spoken(said.whole, in_backticks) == short + rest


def test_no_kind_is_without_words():
    assert {type(change) for change, _, _ in WORDS} == set(KINDS)


@any_speed
@given(changes)
def test_nothing_of_a_change_is_lost_but_what_is_empty(change):
    said = [word for word in told(change).whole if isinstance(word, Quoted)]
    assert said or isinstance(
        change,
        (
            kinds.ViewAdded,
            kinds.ViewRemoved,
            kinds.KindChanged,
            kinds.BodyChanged,
            kinds.FreshnessChanged,
            kinds.GrainChanged,
            kinds.FilterChanged,
            PickChanged,
            kinds.CadenceChanged,
            kinds.RequirementChanged,
            UpstreamRebuilt,
            UpstreamChanged,
            UpstreamOlder,
            kinds.RulesChanged,
            kinds.CommentChanged,
            kinds.ShapeChanged,
        ),
    )


def test_names_in_a_reason():
    assert quoted_in("a `b` c") == ("a ", "b", " c")
    assert isinstance(quoted_in("`b`")[0], Quoted)
    assert quoted_in("a ` b") == ("a ` b",)


def test_as_a_reviewer_sees_it():
    assert diff_text(REVIEWED) == SHOWN


def test_nothing():
    assert diff_text(EMPTY) == "no differences"


def test_colour_changes_no_word():
    shown = diff_text(REVIEWED, Style(color=True))
    assert shown != SHOWN
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == SHOWN


@pytest.mark.slow
@any_speed
@given(differences)
def test_nothing_of_a_project_reaches_the_terminal_as_a_command(difference):
    assert not set(diff_text(difference)) & {"\x1b", "\r", "\x07", "\u202e", "\x9b"}
