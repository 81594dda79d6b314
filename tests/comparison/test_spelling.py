"""The same meaning in another spelling is no difference and is stored under the same name; what is not decided says so."""

from __future__ import annotations

import pytest

import mvc
from mvc.comparison.compare import compare
from mvc.engines.postgres.server.earlier_records import respelled

TABLES = """
CREATE TABLE t (
  id int PRIMARY KEY, k text NOT NULL, amt int NOT NULL, ok boolean NOT NULL, open boolean NOT NULL, at timestamptz NOT NULL);
"""
DECLARED = """\
view: d
sources: {t: {table: t, where: "t.k in ('a','b') and (t.ok or t.open)"}}
where: t.amt <> 3
dimensions: {k: t.k}
aggregates: {n: {count: t}, s: {sum: t.amt}, l: {max: t.at, where: t.ok and t.open}, x: {expr: "coalesce(n,0)+1"}, r: {sum: "t.amt::numeric"}}
"""
BODY = """\
view: b
grain: [k]
sql: |
  select k, sum(amt) as s, count(*) as n from t as x where ok and amt <> 1 and k in ('a', 'b') group by k
"""


def files(text):
    return {"mvc.yml": "project: p\ncatalog: s.sql\n", "s.sql": TABLES, "views/v.yml": text}


def both(text, *edits):
    after = text
    for old, new in edits:
        assert old in after
        after = after.replace(old, new)
    before, changed = (mvc.compile(mvc.load(files(side))) for side in (text, after))
    return compare(before, changed), before.views[0].storage == changed.views[0].storage


@pytest.mark.parametrize(
    "edit",
    [
        (" in ", " IN "),
        ("coalesce(n,0)+1", "COALESCE( n, 0 ) + (1)"),
        ("coalesce(n,0)+1", "(coalesce(n,0)+1)"),
        ("(t.ok or t.open)", "((t.ok) OR (t.open))"),
        ("t.k in ('a','b') and (t.ok or t.open)", "(t.ok or t.open) /* ok */ and (t.k in ('b','a'))"),
        ("t.amt <> 3", "t.amt != 3"),
        ("t.amt <> 3", "(t.amt <> (3))"),
        ("{sum: t.amt}", "{sum: (t.amt)}"),
        ("k: t.k", "k: (t.k)"),
        ("k: t.k", "k: 't.\"k\"'"),
        ("t.ok and t.open", "t.open AND t.ok"),
        ("t.amt::numeric", "CAST(t.amt AS decimal)"),
        ("table: t,", "table: public.t,"),
        ("view: d", "# hi\nview: d"),
    ],
)
def test_a_declared_view(edit):
    found, same = both(DECLARED, edit)
    assert found.empty
    assert same


def test_another_alias():
    after = DECLARED.replace("t: {table: t", "q: {table: t").replace("t.", "q.").replace("count: t", "count: q")
    found, same = both(DECLARED, (DECLARED, after))
    assert found.empty
    assert same


@pytest.mark.parametrize(
    "edit",
    [
        ("from t as x", "from t x"),
        ("sum(amt) as s", "SUM(amt)   s"),
        ("count(*) as n", "count(*) n /* rows */"),
        ("where ok", "where (ok)"),
        ("amt <> 1", "(amt != (1))"),
        ("('a', 'b')", "('b','a')"),
        ("group by k", "GROUP  BY 1"),
        ("group by k", "group by (k)"),
    ],
)
def test_a_body(edit):
    found, same = both(BODY, edit)
    assert found.empty
    assert same


@pytest.mark.parametrize(
    "edit",
    [
        ("coalesce(n,0)+1", "1 + coalesce(n, 0)"),
        ("t.amt <> 3", "3 <> t.amt"),
        ("t.k in ('a','b')", "t.k = any (array['a','b'])"),
        ("t.ok or t.open", "t.open or t.ok"),
    ],
)
def test_an_arrangement_that_is_not_decided_says_so(edit):
    found, _ = both(DECLARED, edit)
    effects = [
        effect
        for view in found.views
        for item in view.changes
        for effect in item.effects
        if effect.class_ == "breaking"
    ]
    assert effects
    assert all(effect.undecided and "not decided" in effect.reason for effect in effects)


@pytest.mark.parametrize(
    "edit",
    [
        ("coalesce(n,0)+1", "coalesce(n,0)+2"),
        ("{sum: t.amt}", "{avg: t.amt}"),
        ("t.amt <> 3", "t.id <> 3"),
        ("(t.ok or t.open)", "not (t.ok or t.open)"),
        ("('a','b')", "('a','c')"),
        ("t.amt::numeric", "t.amt::bigint"),
        ("(t.ok or t.open)", "t.ok or t.open"),  # the brackets bind
    ],
)
def test_what_means_something_else_is_decided_or_undecided_never_the_same(edit):
    found, same = both(DECLARED, edit)
    assert "breaking" in found.classes
    assert not same


@pytest.mark.parametrize("edit", [("where ok", "where x.ok"), ("from t as x", "from public.t as x")])
def test_a_body_that_qualifies_is_undecided_at_worst(edit):
    found, _ = both(BODY, edit)
    assert all(
        effect.undecided
        for view in found.views
        for item in view.changes
        for effect in item.effects
        if effect.class_ == "breaking"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sum(t.amt) where t.k != 'a' else 0", "sum(t.amt) where t.k <> 'a' else 0"),
        ("([count(t.*)] + 1)", "[count(t.*)] + 1"),
        ("cast(t.amt as integer)", "t.amt::int"),
        ("select from t @1 where (@1.ok) group by @1.k", "select from t @1 where @1.ok group by @1.k"),
        ("'unfinished", "'unfinished"),
        ("", ""),
    ],
)
def test_what_an_older_compiler_said_is_read_in_the_present_spelling(old, new):
    assert respelled(old) == new


def test_a_meaning_of_the_present_compiler_is_in_its_spelling():
    for text in (DECLARED, BODY):
        for view in mvc.compile(mvc.load(files(text))).views:
            said = [*(column.meaning for column in view.columns), *view.filters, view.body]
            assert [respelled(item) for item in said] == said
