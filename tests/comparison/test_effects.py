"""The class of every kind of change, and that each has its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from views import anew, column, only, project, schedule, view

from mvc.comparison import changes as kinds
from mvc.comparison.changes import (
    BodyChanged,
    CadenceChanged,
    Change,
    ColumnAdded,
    ColumnRedefined,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    CommentChanged,
    FilterChanged,
    FreshnessChanged,
    GrainChanged,
    IndexAdded,
    IndexRemoved,
    KindChanged,
    OptionChanged,
    ReaderAdded,
    ReaderRemoved,
    RefresherAdded,
    RefresherRemoved,
    RequirementChanged,
    RulesChanged,
    SettingChanged,
    ShapeChanged,
    SourceAdded,
    SourceChanged,
    SourceRemoved,
    ViewAdded,
    ViewRemoved,
)
from mvc.comparison.compare import compare
from mvc.comparison.effects import classified
from mvc.comparison.partitioning import PartitionsAdded, PartitionsChanged, PartitionsRemoved
from mvc.comparison.picked import PickChanged
from mvc.comparison.presence import ViewRenamed
from mvc.comparison.upstream import ReadFrom, UpstreamChanged, UpstreamOlder, UpstreamRebuilt
from mvc.compiled.view import CompiledSource

B, L, T, F, R, S = "breaking", "access-loosened", "access-tightened", "freshness-loosened", "rebuild", "safe"

# A change, its classes where nothing is stored anew, and where it is.
CASES = [
    (ViewAdded(("app",)), [S], [S]),
    (ViewRemoved(), [B], [B]),
    (ViewRenamed("public", "a", "public", "b"), [B], [B]),
    (ViewRenamed("public", "a", "public", "b", "2999-12-31"), [S], [S]),
    (KindChanged("plain", "materialized"), [F], [F, R]),
    (KindChanged("materialized", "plain"), [S], [R]),
    (ColumnAdded("a", "x"), [S], [R]),
    (ColumnRemoved("a"), [B], [B, R]),
    (ColumnRenamed("a", "b"), [B], [B, R]),
    (ColumnRetyped("a", "integer", "bigint"), [B], [B, R]),
    (ColumnRedefined("a", "x", "y"), [B], [B, R]),
    (GrainChanged(("a",), ("b",)), [B], [B, R]),
    (GrainChanged(("a",), ()), [B], [B, R]),
    (SourceAdded("items", "on a"), [S], [R]),
    (SourceAdded("items", "on a, required"), [B], [B, R]),
    (SourceAdded("items", "required, one"), [B], [B, R]),
    (SourceAdded("items", "on items.required = 1"), [S], [R]),
    (SourceRemoved("items", "on a"), [B], [B, R]),
    (SourceChanged("items", "on a", "on b"), [B], [B, R]),
    (SourceChanged("items", "on a", "on a, required"), [B], [B, R]),
    (SourceChanged("items", "on a", "on a, one"), [S], [R]),
    (FilterChanged((), ("a",)), [B], [B, R]),
    (PickChanged("having", (), ("a",), ("place",)), [B], [B, R]),
    (PickChanged("keep", ("a",), ()), [B], [B, R]),
    (BodyChanged(), [B], [B, R]),
    (ShapeChanged("why"), [S], [R]),
    (UpstreamRebuilt(("a",)), [S], [R]),
    (UpstreamChanged(("a",), True, (ReadFrom("b", "c"), ReadFrom("b", None)), False), [B], [B, R]),
    (UpstreamChanged((), True, (ReadFrom("b", None),), True), [B], [B, R]),
    (UpstreamOlder(("a",)), [F], [F]),
    (IndexAdded("btree (a)"), [S], [S]),
    (IndexRemoved("btree (a)"), [S], [S]),
    (OptionChanged("fillfactor", None, "90"), [S], [S]),
    (RequirementChanged((), ("postgis",)), [S], [S]),
    (ReaderAdded("app"), [L], [L]),
    (ReaderAdded("public"), [L], [L]),
    (ReaderRemoved("app"), [T], [T]),
    (ReaderRemoved("public"), [T], [T]),
    (RulesChanged("app", "loosened", "a", "b", "why"), [L], [L]),
    (RulesChanged("app", "undecided", "a", "b", "why"), [L], [L]),
    (RulesChanged("app", "tightened", "a", "b", "why"), [T], [T]),
    (RulesChanged("app", "equal", "a", "b", ""), [S], [S]),
    (CommentChanged("", None, "a"), [S], [S]),
    (FreshnessChanged(60, 120), [F], [F]),
    (FreshnessChanged(60, None), [F], [F]),
    (FreshnessChanged(120, 60), [S], [S]),
    (FreshnessChanged(None, 60), [S], [S]),
    (CadenceChanged(("a",), ("b",)), [S], [S]),
    (RefresherAdded("app"), [L], [L]),
    (RefresherRemoved("app"), [T], [T]),
    (SettingChanged("timezone", "UTC", "Asia/Tokyo"), [B, R], [B, R]),
    (SettingChanged("stored schema", "mvc", "kept"), [R], [R]),
    (SettingChanged("search path", "a", "b"), [B, L], [B, L]),
    (PartitionsAdded("a", "by month", None), [S], [S]),
    (PartitionsAdded("a", "by month", "24 months"), [B], [B]),
    (PartitionsRemoved("a"), [B], [B]),
    (PartitionsChanged("a", "ahead", "1", "3", less=False), [S], [S]),
    (PartitionsChanged("a", "keep", None, "3 months", less=True), [B], [B]),
    (PartitionsChanged("a", "retire", "detach", "drop", less=True), [B], [B]),
    (SettingChanged("monitor roles", "a", "a, b"), [L], [L]),
    (SettingChanged("monitor roles", "a, b", "a"), [T], [T]),
    (SettingChanged("monitor roles", "none", "a"), [L], [L]),
    (SettingChanged("names", "none", "all (refresh all)"), [S], [S]),
    (SettingChanged("names", "all (refresh all)", "all (usage)"), [B], [B]),
    (SettingChanged("notify", "none", "alerts"), [S], [S]),
    (SettingChanged("log kept", "90 d", "1 d"), [S], [S]),
]


@pytest.mark.parametrize(("change", "kept", "anew_too"), CASES, ids=lambda item: type(item).__name__)
def test_classes(change, kept, anew_too):
    assert [effect.class_ for effect in classified(change).effects] == kept
    assert [effect.class_ for effect in classified(change, anew=True).effects] == anew_too
    assert all(effect.reason for effect in classified(change, anew=True).effects)


def test_every_kind_of_change_has_a_case():
    assert {type(change) for change, _, _ in CASES} == set(get_args(Change))
    assert set(get_args(kinds.ViewChange)) | set(get_args(kinds.ProjectChange)) == set(get_args(Change))


def test_what_is_assumed_is_said():
    assumed = {type(change) for change, _, _ in CASES for effect in classified(change).effects if effect.undecided}
    assert assumed == {BodyChanged, RulesChanged, SettingChanged, UpstreamChanged}
    assert not classified(RulesChanged("app", "loosened", "a", "b", "why")).effects[0].undecided


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (ReaderAdded("public"), "everyone may read the view now"),
        (ReaderAdded("app"), "`app` may read the view now"),
        (FreshnessChanged(3600, 86_400), "up to 1 d between two refreshes, where it was 1 h"),
        (FreshnessChanged(60, None), "nothing refreshes the view any longer"),
        (UpstreamOlder(("a", "b")), "its rows are as old as those that it reads of `a`, `b`"),
        (
            UpstreamChanged(("x", "y"), True, (ReadFrom("a", "b"), ReadFrom("a", None)), False),
            "values change under the same names (`x`, `y`) and it has other rows, since it reads `a.b`, the rows of `a`",
        ),
        (
            UpstreamChanged((), True, (ReadFrom("a", None),), True),
            "perhaps it has other rows, since it reads the rows of `a`",
        ),
        (
            RulesChanged("app", "loosened", "a", "b", "seen now: all rows"),
            "`app` may see more rows: seen now: all rows",
        ),
        (RulesChanged("public", "tightened", "a", "b", "why"), "readers may see fewer rows: why"),
        (ColumnRemoved("total"), "`total` is gone: whatever reads it fails"),
        (GrainChanged((), ("a", "b")), "a row stands for something else: one row for each `a`, `b`"),
    ],
)
def test_reasons(change, reason):
    assert classified(change).effects[0].reason == reason


class TestStoredAnew:
    def classes(self, before, after, **settings):
        return compare(project(before), project(after, **settings)).classes

    def test_where_another_relation_stores_a_materialized_view(self):
        after = anew(view(), columns=(*view().columns, column("n")))
        assert self.classes(view(), after) == (R,)

    def test_not_of_a_plain_view(self):
        before = view(kind="plain")
        after = anew(before, columns=(*before.columns, column("n")))
        assert self.classes(before, after) == (S,)
        assert self.classes(before, anew(before)) == (S,)

    def test_not_where_the_same_relation_stores_it(self):
        """Another claim about the grain alone: the same rows stay."""
        assert self.classes(view(), replace(view(), grain=("id", "total"))) == (B,)

    def test_of_a_view_that_becomes_materialized(self):
        assert self.classes(view(kind="plain"), view()) == (F, R)

    def test_only_content_is_stored(self):
        after = anew(view(), columns=(column("id"), column("total", "x")), description="said")
        found = {
            type(item.change): [e.class_ for e in item.effects]
            for item in only(compare(project(view()), project(after)))
        }
        assert found == {ColumnRedefined: [B, R], CommentChanged: [S]}


class TestSources:
    def test_a_source_that_a_new_column_needs_breaks_nothing(self):
        before = view()
        after = anew(
            before,
            columns=(*before.columns, column("n", "count(items.*)")),
            sources=(*before.sources, CompiledSource("i", "public.items", "on items.order_id = orders.id")),
        )
        assert compare(project(before), project(after)).classes == (R,)


class TestClasses:
    def test_of_a_whole_difference_the_gravest_first(self):
        before = project(view(), view("gone"), schedules=(schedule(),))
        after = project(view(), view("new"), schedules=(schedule(cron="0 0 * * *"),), refresh_roles=("app",))
        assert compare(before, after).classes == (B, L, F, S)

    def test_of_a_new_view(self):
        """Nobody sees more of what there was."""
        assert compare(project(), project(view())).classes == (S,)
