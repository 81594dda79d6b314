"""What is a change and what is none; the order and the places of changes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from views import access, anew, changes, column, columns, index, of, only, project, rule, schedule, view

from mvc.comparison.changes import (
    BodyChanged,
    ColumnAdded,
    ColumnRedefined,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    CommentChanged,
    FilterChanged,
    GrainChanged,
    IndexAdded,
    IndexRemoved,
    KindChanged,
    OptionChanged,
    RefresherAdded,
    RefresherRemoved,
    RequirementChanged,
    SettingChanged,
    ShapeChanged,
    SourceAdded,
    SourceChanged,
    SourceRemoved,
    ViewAdded,
    ViewRemoved,
)
from mvc.comparison.compare import compare
from mvc.comparison.upstream import UpstreamRebuilt
from mvc.compiled.view import CompiledSource, Operations, OwnName


def source(alias: str, relation: str, meaning: str = "") -> CompiledSource:
    return CompiledSource(alias, relation, meaning)


class TestNoChange:
    @pytest.mark.parametrize(
        "changed",
        [
            {"path": "elsewhere/v.yml"},
            {"tags": ("b", "a")},
            {"columns": columns("total", "id")},
            {"indexes": (index("btree (b)", name="other", origin="lookup"), index("btree (a)"))},
            {"options": (("b", "2"), ("a", "1"))},
            {"query": "SELECT  -- laid out otherwise", "stored_query": "SELECT 1"},
            {"columns": (column("id", nullable=True), column("total", type=None))},
            {"sources": (source("items", "public.items", "on x"), source("orders", "public.orders"))},
            {"filters": ("b", "a")},
            {"requires": ("postgis", "citext")},
            {"storage": ("other_schema", "v_1")},
            {"description": ""},
            {"proven": False},
        ],
        ids=lambda changed: next(iter(changed)),
    )
    def test_layout(self, changed):
        before = view(
            tags=("a", "b"),
            indexes=(index("btree (a)"), index("btree (b)")),
            options=(("a", "1"), ("b", "2")),
            sources=(source("o", "public.orders"), source("i", "public.items", "on x")),
            filters=("a", "b"),
            requires=("citext", "postgis"),
        )
        assert compare(project(before), project(replace(before, **changed))).empty

    def test_order_of_views(self):
        assert compare(project(view("a"), view("b")), project(view("b"), view("a"))).empty

    def test_order_of_rules_and_conditions(self):
        before = view(access=access(rule("a", "b"), rule("c")))
        after = view(access=access(rule("c"), rule("b", "a")))
        assert compare(project(before), project(after)).empty

    def test_a_renamed_schedule(self):
        before, after = schedule(), schedule(name="other", description="said otherwise")
        assert compare(project(view(), schedules=(before,)), project(view(), schedules=(after,))).empty

    def test_order_of_roles(self):
        before, after = project(refresh_roles=("a", "b")), project(refresh_roles=("b", "a"))
        assert compare(before, after).empty

    def test_compiler_version(self):
        assert compare(project(view()), project(view(), compiler="2")).empty


class TestViews:
    def test_added_and_removed(self):
        found = compare(project(view("gone"), view("stays")), project(view("stays"), view("new")))
        assert [(item.view, item.status) for item in found.views] == [("new", "added"), ("gone", "removed")]
        assert [item.changes[0].change for item in found.views] == [ViewAdded(("app",)), ViewRemoved()]

    def test_order_is_that_of_after_then_what_is_gone(self):
        before = project(view("z"), view("c"), view("a"), view("y"))
        after = project(view("b"), anew(view("c"), body="x"), anew(view("a"), body="x"))
        assert [item.view for item in compare(before, after).views] == ["b", "c", "a", "z", "y"]

    def test_another_schema_is_another_view(self):
        found = compare(project(view()), project(view(schema="reports")))
        assert [(item.schema, item.status) for item in found.views] == [("reports", "added"), ("public", "removed")]

    def test_path_is_where_it_is_or_was_declared(self):
        found = compare(project(view("a"), view("b")), project(anew(view("a"), body="x", path="new.yml")))
        assert [item.path for item in found.views] == ["new.yml", "views/b.yml"]

    def test_kind(self):
        assert changes(view(), view(kind="plain")) == [KindChanged("materialized", "plain")]


class TestColumns:
    def test_added(self):
        before = view()
        after = anew(before, columns=(*before.columns, column("n", "count(*)")))
        assert changes(before, after) == [ColumnAdded("n", "count(*)")]

    def test_removed(self):
        assert changes(view(), anew(view(), columns=columns("id"))) == [ColumnRemoved("total")]

    def test_renamed_where_the_meaning_is_the_same(self):
        after = anew(view(), columns=(column("id"), column("sum", "orders.total")))
        assert changes(view(), after) == [ColumnRenamed("total", "sum")]

    def test_renamed_where_one_type_is_unknown(self):
        after = anew(view(), columns=(column("id"), column("sum", "orders.total", type=None)))
        assert changes(view(), after) == [ColumnRenamed("total", "sum")]

    def test_not_renamed_where_the_types_conflict(self):
        after = anew(view(), columns=(column("id"), column("sum", "orders.total", type="text")))
        assert changes(view(), after) == [ColumnRemoved("total"), ColumnAdded("sum", "orders.total")]

    def test_not_renamed_where_the_meaning_is_unknown(self):
        before = view("v", column("id"), column("a", ""))
        after = anew(before, columns=(column("id"), column("b", "")))
        assert changes(before, after) == [ColumnRemoved("a"), ColumnAdded("b", "")]

    def test_several_of_one_meaning_pair_in_order_and_once(self):
        before = view("v", column("id"), column("a", "x"), column("b", "x"), column("c", "x"))
        after = anew(before, columns=(column("id"), column("d", "x"), column("e", "x")))
        assert changes(before, after) == [ColumnRemoved("c"), ColumnRenamed("a", "d"), ColumnRenamed("b", "e")]

    def test_retyped_and_redefined(self):
        after = anew(view(), columns=(column("id"), column("total", "sum(x)", type="bigint")))
        assert changes(view(), after) == [
            ColumnRetyped("total", "integer", "bigint"),
            ColumnRedefined("total", "orders.total", "sum(x)"),
        ]

    def test_a_name_that_goes_on_for_something_else_is_no_rename(self):
        before = view("v", column("id"), column("total", "sum(a)"))
        after = anew(before, columns=(column("id"), column("total", "sum(b)"), column("old_total", "sum(a)")))
        assert changes(before, after) == [
            ColumnRedefined("total", "sum(a)", "sum(b)"),
            ColumnAdded("old_total", "sum(a)"),
        ]


class TestRows:
    def test_grain(self):
        assert changes(view(), anew(view(), grain=("id", "total"))) == [GrainChanged(("id",), ("id", "total"))]

    def test_the_order_of_the_grain_is_none(self):
        assert changes(view(grain=("id", "total")), view(grain=("total", "id"))) == []

    def test_a_renamed_column_is_the_same_grain(self):
        after = anew(view(), columns=(column("key", "orders.id"), column("total")), grain=("key",))
        assert changes(view(), after) == [ColumnRenamed("id", "key")]

    def test_sources(self):
        before = view(sources=(source("o", "orders"), source("i", "items", "a"), source("p", "parts", "a")))
        after = anew(before, sources=(source("o", "orders"), source("i", "items", "b"), source("x", "extras", "a")))
        assert changes(before, after) == [
            SourceRemoved("parts", "a"),
            SourceChanged("items", "a", "b"),
            SourceAdded("extras", "a"),
        ]

    def test_equal_sources_pair_before_those_of_one_relation_only(self):
        before = view(sources=(source("a", "items", "one"), source("b", "items", "two")))
        after = anew(before, sources=(source("c", "items", "two"), source("d", "items", "three")))
        assert changes(before, after) == [SourceChanged("items", "one", "three")]

    def test_the_same_source_twice(self):
        before = view(sources=(source("a", "items", "x"),))
        after = anew(before, sources=(source("a", "items", "x"), source("b", "items", "x")))
        assert changes(before, after) == [SourceAdded("items", "x")]

    def test_filters(self):
        before, after = view(filters=("a",)), anew(view(), filters=("a", "b"))
        assert changes(before, after) == [FilterChanged(("a",), ("a", "b"))]

    def test_filters_are_counted(self):
        assert changes(view(filters=("a", "b")), anew(view(), filters=("a", "a", "b"))) != []

    def test_body(self):
        assert changes(view(body="FROM a"), anew(view(), body="FROM b")) == [BodyChanged()]


class TestStorage:
    def test_another_name_alone(self):
        assert changes(view(), anew(view())) == [ShapeChanged("the compiler or the keys of the catalog")]

    def test_another_name_beside_what_is_not_stored(self):
        found = changes(view(), anew(view(), description="said", options=(("fillfactor", "90"),)))
        assert [type(change) for change in found] == [ShapeChanged, OptionChanged, CommentChanged]

    @pytest.mark.parametrize(
        ("setting", "said"),
        [({"timezone": "Asia/Tokyo"}, "time zone"), ({"search_path": ("a",)}, "search path")],
    )
    def test_a_setting_is_named(self, setting, said):
        found = compare(project(view()), project(anew(view()), **setting))
        assert only(found)[0].change == ShapeChanged(f"the project's {said} differs")

    def test_upstream_explains_it(self):
        below = view("below", upstream=("v", "other"))
        before = project(view(), view("other"), below)
        after = project(anew(view(), body="x"), view("other"), anew(below))
        assert [item.change for item in of(compare(before, after), "below").changes] == [UpstreamRebuilt(("v",))]

    def test_upstream_explains_it_through_views(self):
        middle, below = view("middle", upstream=("v",)), view("below", upstream=("middle",))
        before = project(view(), middle, below)
        after = project(anew(view(), body="x"), anew(middle), anew(below))
        assert [item.change for item in of(compare(before, after), "below").changes] == [UpstreamRebuilt(("middle",))]

    def test_upstream_that_stays_explains_nothing(self):
        below = view("below", upstream=("v",))
        found = compare(project(view(), below), project(view(description="said"), anew(below)))
        assert isinstance(of(found, "below").changes[0].change, ShapeChanged)

    def test_what_is_said_explains_it_better(self):
        below = view("below", upstream=("v",))
        found = compare(project(view(), below), project(anew(view(), body="x"), anew(below, body="x")))
        assert [item.change for item in of(found, "below").changes] == [BodyChanged()]

    def test_indexes(self):
        before = view(indexes=(index("btree (a)"), index("btree (b)"), index("btree (b)")))
        after = view(indexes=(index("btree (b)"), index("gin (c)")))
        assert changes(before, after) == [
            IndexRemoved("btree (a)"),
            IndexRemoved("btree (b)"),
            IndexAdded("gin (c)"),
        ]

    def test_an_index_becomes_unique(self):
        before, after = view(indexes=(index("btree (a)"),)), view(indexes=(index("btree (a)", unique=True),))
        assert changes(before, after) == [IndexRemoved("btree (a)"), IndexAdded("unique btree (a)")]

    def test_options(self):
        before = view(options=(("a", "1"), ("b", "1"), ("c", "1")))
        after = view(options=(("b", "2"), ("c", "1"), ("d", "1")))
        assert changes(before, after) == [
            OptionChanged("a", "1", None),
            OptionChanged("b", "1", "2"),
            OptionChanged("d", None, "1"),
        ]

    def test_requirements(self):
        assert changes(view(), view(requires=("postgis",))) == [RequirementChanged((), ("postgis",))]


class TestComments:
    def test_view_and_column(self):
        before = view("v", column("id", description="was"), column("total"))
        after = replace(before, description="a view", columns=(column("id", description="is"), column("total")))
        assert changes(before, after) == [CommentChanged("", None, "a view"), CommentChanged("id", "was", "is")]

    def test_across_a_rename(self):
        before = view("v", column("id"), column("a", "x", description="was"))
        same = anew(before, columns=(column("id"), column("b", "x", description="was")))
        other = anew(before, columns=(column("id"), column("b", "x", description="is")))
        assert changes(before, same) == [ColumnRenamed("a", "b")]
        assert changes(before, other) == [ColumnRenamed("a", "b"), CommentChanged("b", "was", "is")]

    def test_not_of_columns_that_come_or_go(self):
        before = view("v", column("id"), column("a", "x", description="was"))
        after = anew(before, columns=(column("id"), column("b", "y", description="is")))
        assert changes(before, after) == [ColumnRemoved("a"), ColumnAdded("b", "y")]


class TestProject:
    def test_refreshers(self):
        found = compare(project(refresh_roles=("a", "b")), project(refresh_roles=("b", "c")))
        assert [item.change for item in found.project] == [RefresherAdded("c"), RefresherRemoved("a")]

    def test_settings(self):
        after = project(timezone="Asia/Tokyo", stored="kept", search_path=("public", "extensions"))
        assert [item.change for item in compare(project(), after).project] == [
            SettingChanged("timezone", "UTC", "Asia/Tokyo"),
            SettingChanged("stored schema", "mvc", "kept"),
            SettingChanged("search path", "public", "public, extensions"),
        ]

    def test_what_runs_beside_the_views(self):
        names = (OwnName("refresh_all", "public", "all_of_it"), OwnName("refresh_view", "public", "one", "v"))
        after = project(operations=Operations(("b", "a"), "alerts", 86_400, names))
        assert [item.change for item in compare(project(), after).project] == [
            SettingChanged("monitor roles", "none", "a, b"),
            SettingChanged("notify", "none", "alerts"),
            SettingChanged("log kept", "for ever", "1 d"),
            SettingChanged("names", "none", "all_of_it (refresh all), one (v)"),
        ]

    def test_another_stored_schema_is_told_once(self):
        moved = replace(view(), storage=("kept", "v_1"))
        found = compare(project(view()), project(moved, stored="kept"))
        assert found.views == ()
        assert len(found.project) == 1


def test_imports_nothing_heavy():
    """`mvc diff` with a warm cache starts fast."""
    code = "import sys, mvc.comparison.compare; print([m for m in ('sqlglot', 'pydantic', 'yaml', 'psycopg') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
