"""What holds of every comparison."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views import project, view

from mvc.comparison.changes import ColumnAdded, ColumnRemoved, ColumnRenamed, ViewAdded, ViewRemoved
from mvc.comparison.compare import compare
from mvc.comparison.difference import CLASSES
from mvc.compiled.schedule import CompiledSchedule
from mvc.compiled.view import (
    AccessRestriction,
    AccessRule,
    CompiledAccess,
    CompiledColumn,
    CompiledIndex,
    CompiledSource,
    RowsOf,
)

pytestmark = pytest.mark.slow

words = st.sampled_from(("a", "b", "c", ""))
names = st.sampled_from(("a", "b", "c"))
texts = st.one_of(st.none(), words)


def some(items: st.SearchStrategy, **limits) -> st.SearchStrategy[tuple]:
    return st.lists(items, max_size=3, **limits).map(tuple)


rules = st.builds(AccessRule, some(names), some(names))
read = some(st.sampled_from(("public.a.a", "public.b.b")))
behind = st.builds(RowsOf, some(st.sampled_from(("public.a", "public.b", "public.c"))), read)
columns = st.builds(CompiledColumn, names, texts, st.booleans(), texts, read, words, behind)
views = st.builds(
    view,
    names,
    schema=st.sampled_from(("public", "reports")),
    kind=st.sampled_from(("materialized", "plain")),
    description=texts,
    storage=st.tuples(st.just("mvc"), names),
    columns=some(columns, unique_by=lambda item: item.name),
    sources=some(st.builds(CompiledSource, names, names, words)),
    filters=some(names),
    body=words,
    grain=some(names),
    upstream=some(names),
    rows=behind,
    requires=some(names),
    options=some(st.tuples(names, names), unique_by=lambda item: item[0]),
    indexes=some(st.builds(CompiledIndex, names, names, st.booleans(), st.just("spec"))),
    access=st.builds(
        CompiledAccess,
        some(st.sampled_from(("public", "a", "b")), unique=True),
        some(rules),
        some(st.builds(AccessRestriction, some(names), some(rules))),
        some(names),
    ),
)
schedules = st.builds(
    CompiledSchedule,
    name=names,
    views=some(names),
    cron=st.sampled_from((None, "0 * * * *", "0 0 30 2 *")),
    within_seconds=st.one_of(st.none(), st.integers(1, 10_000)),
    timezone=st.sampled_from(("UTC", "Asia/Tokyo")),
    mode=texts,
    timeout_seconds=st.none(),
    lock_timeout_seconds=st.none(),
    enabled=st.booleans(),
    description=texts,
)
projects = st.builds(
    lambda items, **changed: project(*items, **changed),
    some(views, unique_by=lambda item: item.name),
    schedules=some(schedules),
    timezone=st.sampled_from(("UTC", "Asia/Tokyo")),
    stored=names,
    search_path=some(names),
    refresh_roles=some(names, unique=True),
)


@given(projects)
def test_the_same_is_no_difference(one):
    assert compare(one, one).empty


@given(projects, st.randoms(use_true_random=False))
def test_order_is_no_difference(one, random):
    def shuffled(items):
        return tuple(random.sample(items, len(items)))

    turned = tuple(
        replace(
            item,
            columns=shuffled(item.columns),
            sources=shuffled(item.sources),
            filters=shuffled(item.filters),
            grain=shuffled(item.grain),
            indexes=shuffled(item.indexes),
            options=shuffled(item.options),
            requires=shuffled(item.requires),
            path="elsewhere.yml",
            access=replace(
                item.access, rules=shuffled(item.access.rules), restrictions=shuffled(item.access.restrictions)
            ),
        )
        for item in one.views
    )
    other = replace(one, views=shuffled(turned), schedules=shuffled(one.schedules))
    assert compare(one, other).empty


@settings(max_examples=100)
@given(projects, projects)
def test_every_change_has_a_class_and_a_reason(before, after):
    found = compare(before, after)
    for item in (*found.project, *(change for some in found.views for change in some.changes)):
        assert item.effects
        assert all(effect.reason for effect in item.effects)
        order = [CLASSES.index(effect.class_) for effect in item.effects]
        assert order == sorted(order)


@settings(max_examples=100)
@given(projects, projects)
def test_the_columns_of_after_follow_from_the_changes(before, after):
    """Added, removed and renamed columns lead from one list of names to the other; added and removed views as well."""
    old = {(item.schema, item.name): {column.name for column in item.columns} for item in before.views}
    for item in compare(before, after).views:
        key = (item.schema, item.view)
        found = [change.change for change in item.changes]
        if ViewAdded in map(type, found):
            assert key not in old
            old[key] = {column.name for column in next(it for it in after.views if it.name == item.view).columns}
        elif ViewRemoved() in found:
            del old[key]
        else:
            gone = {change.column for change in found if isinstance(change, ColumnRemoved)}
            gone |= {change.before for change in found if isinstance(change, ColumnRenamed)}
            come = {change.column for change in found if isinstance(change, ColumnAdded)}
            come |= {change.after for change in found if isinstance(change, ColumnRenamed)}
            assert gone <= old[key]
            assert not come & old[key]
            old[key] = (old[key] - gone) | come
    assert old == {(item.schema, item.name): {column.name for column in item.columns} for item in after.views}


@settings(max_examples=100)
@given(projects, projects)
def test_back_again_undoes_it(before, after):
    """A difference is empty in one direction where it is in the other."""
    assert compare(before, after).empty == compare(after, before).empty
