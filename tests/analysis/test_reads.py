"""Which views a body reads: the relations of its tree, and no word of its text."""

from __future__ import annotations

import pytest

from mvc.analysis.names import reads
from mvc.analysis.names.reads import Places, reads_table
from mvc.sql import parser
from projects import body_view, resolve

VIEWS = Places(
    {name: (schema, name) for name, schema in (("daily", "public"), ("Täglich", "public"), ("apart", "reports"))}
)
READ_NOTHING = [
    "SELECT 1 AS daily -- from daily",
    "/* FROM daily */ SELECT 'FROM daily' AS x",
    "WITH daily AS (SELECT 1 AS x) SELECT x FROM daily",
    "WITH RECURSIVE daily AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM daily WHERE x < 9) SELECT x FROM daily",
    "WITH a AS (SELECT 1), daily AS (TABLE a), b AS (TABLE daily) TABLE b",
    "SELECT o.daily FROM orders o",
    "SELECT daily.id FROM orders AS daily",
    "SELECT id FROM orders GROUP BY daily",
    "SELECT daily(id) FROM orders",
    "SELECT x FROM other.daily",
    "SELECT x FROM Täglich",  # which PostgreSQL folds
    "SELECT x FROM public.apart",
    "SELECT EXISTS (WITH daily AS (SELECT 1) TABLE daily)",
]
READ_DAILY = [
    "SELECT x FROM daily",
    "SELECT x FROM DAILY;",
    'SELECT x FROM public."daily" d',
    "TABLE daily",
    "WITH daily AS (SELECT x FROM daily) SELECT x FROM daily",
    "WITH a AS (TABLE daily), daily AS (TABLE a) TABLE daily",
    "SELECT EXISTS (WITH daily AS (SELECT 1) TABLE daily) FROM daily",
    "SELECT 1 FROM orders o, LATERAL (SELECT 1 FROM daily WHERE id = o.id) x",
    "SELECT 1 WHERE 1 IN (SELECT x FROM daily)",
    "SELECT 1 UNION SELECT 2 UNION SELECT x FROM daily",
    "SELECT 1 FROM a JOIN (b LEFT JOIN daily ON true) ON true",
    "SELECT 1 ORDER BY (SELECT x FROM daily)",
]


@pytest.fixture(name="_either_tree", params=["PostgreSQL's tree", "sqlglot's"])
def either_tree(request, monkeypatch):
    if request.param == "sqlglot's":
        monkeypatch.setattr(parser, "_library", lambda: None)
    reads._relations.cache_clear()
    yield
    reads._relations.cache_clear()


@pytest.mark.usefixtures("_either_tree")
@pytest.mark.parametrize("sql", READ_NOTHING)
def test_a_word_is_no_read(sql):
    assert VIEWS.read_by(sql) == set()


@pytest.mark.usefixtures("_either_tree")
@pytest.mark.parametrize("sql", READ_DAILY)
def test_a_relation_is_a_read(sql):
    assert VIEWS.read_by(sql) == {"daily"}


@pytest.mark.usefixtures("_either_tree")
def test_names_are_quoted_and_schemas_told_apart():
    sql = 'SELECT 1 FROM "Täglich", reports.apart'
    assert VIEWS.read_by(sql) == {"Täglich", "apart"}
    assert Places({"daily": ("", "daily")}).read_by("SELECT 1 FROM anywhere.daily") == {"daily"}
    assert reads_table("SELECT 1 FROM orders", "public", "orders")
    assert not reads_table("SELECT 1 FROM crm.orders", "public", "orders")


def test_a_text_that_only_sqlglot_takes_is_read_by_it():
    """`IN ()` is no SQL of PostgreSQL's; the finding is about that, and not about a view that would come later."""
    assert VIEWS.read_by("SELECT x FROM daily WHERE x IN ()") == {"daily"}
    assert VIEWS.read_by("SELECT FROM WHERE daily") == set()


def test_names_in_a_text_make_no_circle():
    """A comment, a column and a CTE of `a` are called as views that read `a`; of what is wrong in one of them, everything is told."""
    files = {
        "views/a.yml": body_view("-- feeds b\nWITH c AS (SELECT id AS b FROM heaps) SELECT b AS id FROM c", name="a"),
        "views/b.yml": body_view("SELECT id, nothing FROM a", name="b"),
        "views/c.yml": body_view("SELECT id FROM orders o WHERE o.b = 1", name="c"),
    }
    assert resolve({**files, "views/a.yml": files["views/a.yml"].replace("heaps", "orders")}).codes == [
        "MV204",
        "MV204",
    ]
    assert resolve(files).codes[0] == "MV201"


def test_a_circle_is_one_of_reads():
    files = {
        "views/a.yml": body_view("SELECT id FROM b", name="a"),
        "views/b.yml": body_view("WITH x AS (SELECT id FROM public.a) SELECT id FROM x", name="b"),
        "views/c.yml": body_view("SELECT id FROM orders", name="c"),
    }
    result = resolve(files)
    assert result.codes == ["MV206", "MV206"]
    assert list(result.views) == ["c"]
