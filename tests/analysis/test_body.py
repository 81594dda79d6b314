"""Views with a `sql:` body: what they resolve to, and what is reported where."""

from __future__ import annotations

import time

import pytest

from mvc.analysis.resolved import BodyQuery
from projects import SHOP, body_view, resolve, resolve_sql


def names(result):
    return [column.name for column in result.views["v"].columns]


def column(result, name):
    return result.views["v"].column(name)


# ---------- one query and nothing else ----------


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT 1 AS id; DROP TABLE orders", "MV102"),
        ("SELECT 1 AS id;;SELECT 2", "MV102"),
        ("SELECT 1 AS id /* harmless */; /* more */ TRUNCATE orders", "MV102"),
        ("SELECT 1 AS id -- the end\n; DELETE FROM orders", "MV102"),
        ("SELECT $x$;$x$ AS id; DROP TABLE orders", "MV102"),
        ("SELECT E'\\'' AS id; DROP TABLE orders --'", "MV102"),
        ("SELECT '\\' AS id; DROP TABLE orders --'", "MV102"),
        ("\\! rm -rf /\nSELECT 1 AS id", "MV102"),
        ("WITH gone AS (DELETE FROM orders RETURNING *) SELECT id FROM gone", "MV102"),
        ("WITH new AS (INSERT INTO heap VALUES (1, 'x') RETURNING a) SELECT a AS id FROM new", "MV102"),
        ("SELECT id INTO copy FROM orders", "MV102"),
        ("SELECT id FROM orders FOR UPDATE", "MV102"),
        ("SELECT id FROM orders WHERE id = $1", "MV102"),
        ("SELECT id FROM orders WHERE id = :id", "MV102"),
        ("SELECT id FROM orders WHERE id = %s", "MV102"),
        ("DROP TABLE orders", "MV102"),
        ("EXPLAIN SELECT id FROM orders", "MV102"),
        ("CREATE TABLE x AS SELECT 1", "MV102"),
        ("DO $$ BEGIN END $$", "MV102"),
        ("SELECT (id FROM orders", "MV101"),
        ("SELECT id) FROM orders", "MV102"),
        ("SELECT 'id FROM orders", "MV101"),
        ("SELECT id FROM orders /* open", "MV101"),
        ("SELECT $a$ x $b$ AS id", "MV101"),
        ("SELECT FROM orders", "MV101"),
        ("SELECT id, FROM orders", "MV101"),
        ("SELECT id,, total FROM orders", "MV101"),
        ("SELECT coalesce(id, ) AS id FROM orders", "MV101"),
        ("SELECT o.id FROM orders o JOIN lines l", "MV101"),
        ("SELECT o.id FROM orders o LEFT JOIN lines l WHERE true", "MV101"),
        ("SELECT o.id FROM orders o CROSS JOIN lines l ON true", "MV101"),
        ("SELECT o.id FROM orders o SEMI JOIN lines l ON true", "MV101"),
        ("FROM orders SELECT id", "MV102"),
        ("SELECT id FROM (FROM orders) o", "MV101"),
        ("SELECT id FROM orders QUALIFY row_number() OVER () = 1", "MV101"),
        ("SELECT id FROM orders WHERE", "MV101"),
        ("SELEC id FROM orders", "MV102"),
        ("-- nothing", "MV101"),
    ],
)
def test_what_is_no_single_query_is_refused(sql, code):
    result = resolve_sql(sql)
    assert code in result.codes, result.found
    assert not result.views


def test_what_no_text_can_hold_is_refused_once():
    assert resolve_sql("SELECT id\x00 FROM orders").codes == ["MV001"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM orders;",
        "SELECT id FROM orders ; -- the end",
        "SELECT ';' AS id",
        "SELECT $x$; DROP TABLE orders$x$ AS id",
        "SELECT id -- ; DROP TABLE orders\nFROM orders",
        "SELECT id /* ; /* nested ; */ DROP */ FROM orders",
        "(SELECT id FROM orders)",
        "VALUES (1), (2)",
        "TABLE orders",
        "SELECT o.id FROM orders o, lines l",
        "SELECT o.id FROM orders o CROSS JOIN lines l",
        "SELECT id FROM orders NATURAL JOIN (SELECT 1::bigint AS id) x",
        "SELECT o.id FROM orders o JOIN lines l JOIN products p ON p.id = l.product_id ON l.order_id = o.id",
        "SELECT o.id FROM orders o LEFT JOIN (lines l JOIN products p ON p.id = l.product_id) ON l.order_id = o.id",
        "SELECT DISTINCT ON (id) id FROM orders ORDER BY id, at",
        "SELECT o.id FROM orders o WHERE EXISTS (SELECT FROM lines l WHERE l.order_id = o.id)",
        "SELECT trim(FROM status) AS id FROM orders",
        "SELECT note ? 'a' AS id FROM orders",
    ],
)
def test_near_misses_are_queries(sql):
    grain = "[column1]" if sql.startswith("VALUES") else "[id]"
    result = resolve_sql(sql, grain)
    assert result.found == ()
    assert "v" in result.views


def test_deep_nesting_is_a_finding_and_no_crash():
    for sql in (
        "SELECT " + "(" * 500 + "1" + ")" * 500 + " AS id",
        "SELECT * FROM " + "(SELECT * FROM " * 300 + "orders" + ") x" * 300,
        "SELECT " + "NOT " * 3000 + "true AS id",
        "SELECT " + "+ " * 3000 + "1 AS id",
        "SELECT " + "CASE WHEN true THEN " * 200 + "1" + " END" * 200 + " AS id",
    ):
        result = resolve_sql(sql)
        assert set(result.codes) <= {"MV101"}, sql[:40]


def test_long_chains_are_no_nesting():
    assert resolve_sql(" UNION ALL ".join(["SELECT id FROM orders"] * 150)).found == ()
    assert resolve_sql("SELECT id FROM orders WHERE " + " OR ".join(f"id = {n}" for n in range(300))).found == ()


# ---------- names ----------


@pytest.mark.parametrize(
    ("sql", "code", "marked"),
    [
        ("SELECT id FROM ordres", "MV201", "ordres"),
        ("SELECT id FROM shop.orders", "MV201", "shop.orders"),
        ("SELECT x.id FROM orders o", "MV202", "x"),
        ("SELECT orders.id FROM orders o", "MV202", "orders"),
        ("SELECT id FROM orders o JOIN lines l ON l.order_id = o.id", "MV203", "id"),
        ("SELECT o.id, o.totl FROM orders o", "MV204", "totl"),
        ("SELECT id, totl FROM orders", "MV204", "totl"),
        ("SELECT id FROM orders WHERE stat = 'x'", "MV204", "stat"),
        ("SELECT id FROM orders GROUP BY id, stat", "MV204", "stat"),
        ("SELECT id FROM orders ORDER BY stat", "MV204", "stat"),
        ("SELECT id AS n FROM orders WHERE n > 1", "MV204", "n"),
        ("SELECT id FROM orders ORDER BY 2", "MV204", "2"),
        ("WITH x AS (SELECT foo FROM orders) SELECT 1 AS id", "MV204", "foo"),
        ("SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM lines l WHERE l.order_id = o.idd)", "MV204", "idd"),
        ("SELECT id FROM orders o WHERE id IN (SELECT ordr FROM lines)", "MV204", "ordr"),
        ("SELECT id FROM orders UNION ALL SELECT idd FROM lines", "MV204", "idd"),
        ("SELECT id FROM orders UNION ALL SELECT id FROM lines ORDER BY total", "MV204", "total"),
        ("SELECT id FROM orders UNION ALL SELECT id, qty FROM lines", "MV215", "id, qty FROM lines"),
        ("SELECT x.id FROM orders o, LATERAL (SELECT o.idd AS id) x", "MV204", "idd"),
        ("SELECT x.id FROM orders o, (SELECT o.id) x", "MV202", "o"),
        ("SELECT o.id FROM orders o JOIN lines l USING (code)", "MV204", "code"),
        ("WITH t AS (SELECT id FROM orders) SELECT id, total FROM t", "MV204", "total"),
        ("SELECT id FROM orders o (key)", "MV204", "id"),
        ('SELECT "ID" AS id FROM orders', "MV204", '"ID"'),
        ("SELECT frobnicate(id) AS id FROM orders", "MV106", "frobnicate"),
        ("SELECT id FROM orders WHERE lower(status, 1, 2) = 'x'", "MV107", None),
        ("SELECT id, split_part(status) AS p FROM orders", "MV107", None),
    ],
)
def test_unknown_names_are_reported_where_they_stand(sql, code, marked):
    result = resolve_sql(sql, "[]")
    assert result.codes[0] == code, result.found
    if marked:
        assert result.marked() == marked


def test_all_findings_of_a_body_come_at_once():
    sql = "WITH a AS (SELECT foo FROM orders)\nSELECT x.id, bar, frobnicate(1) AS f\nFROM orders o, linez\nWHERE o.baz > 1"
    result = resolve_sql(sql)
    assert sorted(result.codes) == ["MV106", "MV201", "MV202", "MV204", "MV204"]
    assert [item.span.line for item in result.found] == [4, 5, 5, 6, 7]  # the body starts in line 4


def test_suggestions():
    assert "did you mean `orders`?" in resolve_sql("SELECT id FROM ordres").found[0].help[0]
    assert "did you mean `total`?" in resolve_sql("SELECT id, totl FROM orders").found[0].help[0]
    assert resolve_sql("SELECT orders.id FROM orders o").found[0].help == (
        "the table has the alias `o` here: write that",
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, ctid, tableoid AS t FROM orders",
        "SELECT id, o AS whole FROM orders o",
        "SELECT id, count(o.*) AS n FROM orders o GROUP BY id",
        "SELECT id, tag FROM products, unnest(tags) AS tag",
        "SELECT id, t.tag FROM products p CROSS JOIN LATERAL unnest(p.tags) WITH ORDINALITY AS t (tag, n)",
        "SELECT g AS id FROM generate_series(1, 3) AS g",
        "SELECT n AS id FROM generate_series(1, 3) AS g(n)",
        "SELECT generate_series AS id FROM generate_series(1, 3)",
        "SELECT id FROM orders JOIN (SELECT order_id AS id, qty FROM lines) l USING (id)",
        "SELECT l.id, total FROM orders o FULL JOIN lines l USING (id)",
        "SELECT id, lower(status) AS low FROM orders ORDER BY low, total",
        "SELECT status AS id, count(*) FROM orders GROUP BY id, status",
        "SELECT lower(status) AS id FROM orders GROUP BY 1",
        "SELECT id FROM orders o WHERE total > (SELECT avg(total) FROM orders x WHERE x.customer_id = o.customer_id)",
        "WITH RECURSIVE t(id, n) AS (SELECT id, 1 FROM orders UNION ALL SELECT id, n + 1 FROM t WHERE n < 3) SELECT * FROM t",
        "WITH customers AS (SELECT 1 AS id, 2 AS foo) SELECT id, foo FROM customers",
        "SELECT x.id FROM (VALUES (1, 'a')) AS x (id, t)",
        "SELECT id, sum(total) OVER w AS s FROM orders WINDOW w AS (PARTITION BY status ORDER BY at)",
        "SELECT oid AS id FROM pg_class",
        "SELECT table_name AS id FROM information_schema.tables",
        "SELECT public.orders.id FROM public.orders",
        "SELECT id, current_date AS d, user AS u, now() AS n FROM orders",
        "SELECT id, note->'a'->>'b' AS x, (note)['b'] AS y, tags[1] AS t FROM orders, products p(pid, pname, w, tags)",
        "SELECT id, make_interval(days => 3) AS i FROM orders",
        'SELECT "Größe" AS id, "select" FROM "Übergrößen"',
        "SELECT ID, Total FROM Orders",
    ],
)
def test_names_that_postgresql_accepts(sql):
    assert resolve_sql(sql).found == ()


def test_reserved_words_and_unicode_keep_their_places():
    result = resolve_sql('SELECT "Größe" AS id, "selekt"\nFROM "Übergrößen"')
    assert result.codes == ["MV204"]
    assert result.marked() == '"selekt"'


# ---------- grouping ----------


@pytest.mark.parametrize(
    ("sql", "marked"),
    [
        ("SELECT status AS id, total FROM orders GROUP BY status", "total"),
        ("SELECT max(id) AS id, total FROM orders", "total"),
        ("SELECT status AS id FROM orders GROUP BY status HAVING total > 1", "total"),
        ("SELECT status AS id FROM orders GROUP BY status ORDER BY total", "total"),
        (
            "SELECT o.customer_id AS id, c.name, sum(o.total) AS t FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY 1",
            "c.name",
        ),
        (
            "SELECT o.status AS id, (SELECT max(l.qty) FROM lines l WHERE l.order_id = o.id) AS q FROM orders o GROUP BY o.status",
            "o.id",
        ),
        ("SELECT c.code AS id, c.name FROM customers c GROUP BY c.code", "c.name"),
        ("SELECT lower(status) AS id, upper(status) AS u FROM orders GROUP BY lower(status)", "status"),
        ("SELECT * FROM orders GROUP BY status", "*"),
        ("SELECT x.id, x.n FROM (SELECT id, 1 AS n FROM orders) x GROUP BY x.id", "x.n"),
    ],
)
def test_columns_must_be_grouped(sql, marked):
    result = resolve_sql(sql, "[]")
    assert result.codes == ["MV212"], result.found
    assert result.marked() == marked


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT o.id, o.total, sum(l.qty) AS q FROM orders o JOIN lines l ON l.order_id = o.id GROUP BY o.id",
        "SELECT status AS id, count(*) FROM orders GROUP BY status",
        "SELECT date_trunc('day', o.at) AS id, count(*) FROM orders o GROUP BY date_trunc('day', at)",
        "SELECT date_trunc('day', at) + interval '1 day' AS id FROM orders GROUP BY date_trunc('day', at)",
        "SELECT status AS id, sum(count(*)) OVER (ORDER BY status) AS running FROM orders GROUP BY status",
        "SELECT status AS id, kind, count(*) FROM orders, (SELECT 1 AS kind) k GROUP BY GROUPING SETS ((status), (status, kind), ())",
        "SELECT status AS id, count(*) FROM orders GROUP BY ROLLUP (status)",
        "SELECT max(total) AS id FROM orders HAVING count(*) > 1 ORDER BY min(total)",
        "SELECT status AS id, (SELECT max(c.name) FROM customers c WHERE c.city = o.status) AS m FROM orders o GROUP BY status",
        "SELECT status AS id, count(*) FILTER (WHERE total > 1) AS n FROM orders GROUP BY status ORDER BY n DESC",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) AS id FROM orders",
    ],
)
def test_grouped_and_dependent_columns_are_fine(sql):
    assert resolve_sql(sql).found == ()


@pytest.mark.parametrize(
    ("sql", "code", "marked"),
    [
        ("SELECT status AS id FROM orders WHERE sum(total) > 1 GROUP BY status", "MV213", "sum(total)"),
        ("SELECT o.id FROM orders o JOIN lines l ON max(l.id) = o.id", "MV213", "max(l.id)"),
        ("SELECT count(*) AS id FROM orders GROUP BY count(*)", "MV213", "count(*)"),
        ("SELECT max(count(*)) AS id FROM orders", "MV213", "count(*)"),
        (
            "SELECT string_agg(name, ',') AS id FROM customers WHERE string_agg(name, ',') > 'a'",
            "MV213",
            "string_agg(name, ',')",
        ),
        ("SELECT id FROM orders WHERE row_number() OVER (ORDER BY id) = 1", "MV105", "row_number()"),
    ],
)
def test_aggregates_and_windows_where_none_can_stand(sql, code, marked):
    result = resolve_sql(sql)
    assert result.codes == [code], result.found
    assert result.marked() == marked


# ---------- output columns ----------


def test_every_output_column_needs_a_name_of_its_own():
    assert resolve_sql("SELECT id, total * 2 FROM orders").codes == ["MV214"]
    assert resolve_sql("SELECT id, total, total FROM orders").codes == ["MV214"]
    assert resolve_sql("SELECT o.id, l.id FROM orders o JOIN lines l ON l.order_id = o.id").marked() == "l.id"
    assert names(
        resolve_sql("SELECT id, count(*) OVER (), lower(status), total::text, CASE WHEN true THEN 1 END FROM orders")
    ) == [
        "id",
        "count",
        "lower",
        "total",
        "case",
    ]


def test_names_longer_than_postgresql_keeps():
    long = "a" * 64
    assert "MV208" in resolve_sql(f"SELECT id AS {long} FROM orders", "[]").codes
    assert "MV208" in resolve_sql('SELECT id AS "' + "ü" * 32 + '" FROM orders', "[]").codes
    assert resolve_sql("SELECT id AS " + "a" * 63 + " FROM orders", "[]").found == ()


def test_grain_and_described_columns_must_exist():
    result = resolve_sql("SELECT id, total FROM orders", "[id, totl]", "columns: {sum: what it costs, total: fine}\n")
    assert result.codes == ["MV204", "MV204"]
    assert [result.marked(0), result.marked(1)] == ["totl", "sum"]


def test_types_nullability_and_descriptions():
    sql = "SELECT c.id, c.email, o.total, count(*) AS n, o.total * 2 AS twice FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, o.total"
    result = resolve_sql(sql, "[id, total]", "columns: {n: how many}\n")
    assert (column(result, "id").type, column(result, "id").nullable) == ("integer", False)
    assert (column(result, "email").type, column(result, "email").nullable) == ("text", True)
    assert (column(result, "total").type, column(result, "total").nullable) == ("numeric(12,2)", True)
    assert (column(result, "n").type, column(result, "n").nullable, column(result, "n").description) == (
        "bigint",
        False,
        "how many",
    )
    assert (column(result, "twice").type, column(result, "twice").nullable) == (None, True)


@pytest.mark.parametrize(
    ("terms", "proven"),
    [
        ("status || 'x', upper(status), total + 1", True),
        ("coalesce(status, '-'), CASE WHEN total > 1 THEN 'a' END, now()", True),
        ("status || random()::text", False),
        ("status || no_such(status)", None),
        ("(SELECT max(a) FROM heap)", False),
    ],
)
def test_groups_by_expressions_of_a_row_that_the_key_fixes(terms, proven):
    """A group per row, whatever of the row stands beside its key; unless it is another value each time."""
    result = resolve_sql(f"SELECT id, count(*) AS n FROM orders GROUP BY id, {terms}")
    assert (result.views["v"].proven if "v" in result.views else None) is proven


@pytest.mark.parametrize("grouped", ["ROLLUP (id)", "CUBE (id)", "GROUPING SETS ((id), ())"])
def test_what_a_grouping_set_leaves_out_is_null(grouped):
    """Also a column that is NOT NULL in its table; a count is never NULL."""
    result = resolve_sql(f"SELECT id, count(*) AS n FROM orders GROUP BY {grouped}", grain="[id]")
    assert (column(result, "id").nullable, column(result, "n").nullable) == (True, False)


@pytest.mark.parametrize(
    ("join", "left", "right"),
    [("JOIN", False, False), ("LEFT JOIN", False, True), ("RIGHT JOIN", True, False), ("FULL JOIN", True, True)],
)
def test_outer_joins_make_nullable(join, left, right):
    result = resolve_sql(f"SELECT o.id, l.qty FROM orders o {join} lines l ON l.order_id = o.id")
    assert (column(result, "id").nullable, column(result, "qty").nullable) == (left, right)


def test_lineage_goes_through_ctes_subqueries_and_unions():
    sql = """
    WITH paid AS (SELECT customer_id AS who, total * 2 AS amount FROM orders)
    SELECT p.who AS id, sum(p.amount) AS spent, (SELECT max(c.name) FROM customers c WHERE c.id = p.who) AS name, count(*) AS n
    FROM (SELECT * FROM paid UNION ALL SELECT customer_id, seconds FROM visits) p
    GROUP BY p.who
    """
    result = resolve_sql(sql)
    assert result.found == ()
    assert column(result, "spent").lineage == {("public.orders", "total"), ("public.visits", "seconds")}
    assert ("public.customers", "name") in column(result, "name").lineage
    assert column(result, "n").lineage == frozenset()


def test_star_gives_the_columns_in_order_with_using_first():
    result = resolve_sql("SELECT * FROM (SELECT total, id FROM orders) o JOIN (SELECT qty, id FROM lines) l USING (id)")
    assert names(result) == ["id", "total", "qty"]


# ---------- the grain ----------


@pytest.mark.parametrize(
    ("sql", "grain", "proven"),
    [
        ("SELECT id, total FROM orders", "[id]", True),
        ("SELECT id, total FROM orders", "[total]", False),
        ("SELECT code AS id FROM customers", "[id]", False),  # unique, and may be NULL
        ("SELECT status, count(*) FROM orders GROUP BY status", "[status]", True),
        ("SELECT status, city, count(*) FROM orders, customers GROUP BY 1, 2", "[status]", False),
        ("SELECT o.id, o.status, count(*) FROM orders o GROUP BY o.id, o.status", "[id]", True),
        ("SELECT DISTINCT status FROM orders", "[status]", True),
        ("SELECT DISTINCT status, total FROM orders", "[status]", False),
        ("SELECT DISTINCT ON (status) status, id FROM orders ORDER BY status, at", "[status]", True),
        ("SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id", "[id]", True),
        ("SELECT c.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id", "[id]", False),
        (
            "SELECT l.id FROM orders o LEFT JOIN lines l ON l.order_id = o.id",
            "[id]",
            False,
        ),  # NULL for orders without lines
        ("SELECT l.id FROM orders o JOIN lines l ON l.order_id = o.id", "[id]", True),
        ("SELECT l.id FROM lines l LEFT JOIN orders o ON l.order_id = o.id", "[id]", True),
        ("SELECT v.id FROM visits v JOIN orders o ON true LEFT JOIN customers c ON o.id = c.id", "[id]", False),
        ("SELECT v.id FROM visits v JOIN orders o ON true LEFT JOIN customers c ON o.id = 5", "[id]", False),
        ("SELECT v.id FROM visits v JOIN orders o ON o.id = 5", "[id]", True),
        (
            "SELECT b.lang FROM products p, LATERAL (SELECT product_id, lang FROM labels WHERE product_id = p.id) b WHERE b.product_id = p.id",
            "[lang]",
            False,
        ),
        (
            "SELECT p.id, b.lang FROM products p, LATERAL (SELECT lang FROM labels WHERE product_id = p.id) b",
            "[id, lang]",
            True,
        ),
        ("SELECT id FROM orders UNION SELECT id FROM lines", "[id]", True),
        ("SELECT id FROM orders UNION ALL SELECT id FROM lines", "[id]", False),
        ("SELECT count(*) FROM orders", "[]", True),
        ("SELECT id, unnest(tags) AS tag FROM products", "[id]", False),
        ("SELECT id, tag FROM products, unnest(tags) tag", "[id]", False),
        ("SELECT status FROM orders GROUP BY ROLLUP (status)", "[status]", False),
        (
            "WITH s AS (SELECT customer_id, sum(total) t FROM orders GROUP BY 1) SELECT c.id, s.t FROM customers c LEFT JOIN s ON s.customer_id = c.id",
            "[id]",
            True,
        ),
        (
            "SELECT c.id, l.total FROM customers c LEFT JOIN LATERAL (SELECT total FROM orders o WHERE o.customer_id = c.id ORDER BY at LIMIT 1) l ON true",
            "[id]",
            True,
        ),
    ],
)
def test_a_grain_is_proven_by_keys_or_claimed(sql, grain, proven):
    result = resolve_sql(sql, grain)
    assert result.found == ()
    assert result.views["v"].proven is proven


# ---------- the text, and the project's views ----------


def test_the_text_is_kept():
    sql = "-- what it is\nSELECT id,   /* why */ total\n  FROM orders  -- all of them\n;  "
    query = resolve_sql(sql).views["v"].query
    assert isinstance(query, BodyQuery)
    assert query.sql == "-- what it is\nSELECT id,   /* why */ total\n  FROM orders  -- all of them\n"


BASE = body_view("SELECT id, total FROM orders", name="mv_base")


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT id FROM mv_base", "SELECT id FROM mvc.mv_base_1a2b AS mv_base"),
        ("SELECT b.id FROM mv_base AS b", "SELECT b.id FROM mvc.mv_base_1a2b AS b"),
        (
            "SELECT mv_base.id FROM public.mv_base WHERE public.mv_base.id > 1",
            "SELECT mv_base.id FROM mvc.mv_base_1a2b AS mv_base WHERE mv_base.id > 1",
        ),
        ('SELECT id FROM "mv_base" b -- mv_base', "SELECT id FROM mvc.mv_base_1a2b b -- mv_base\n"),
        (
            "SELECT id FROM orders WHERE id IN (SELECT id FROM mv_base)",
            "SELECT id FROM orders WHERE id IN (SELECT id FROM mvc.mv_base_1a2b AS mv_base)",
        ),
        (
            "SELECT 'mv_base' AS id, x.id AS n FROM mv_base x, mv_base",
            "SELECT 'mv_base' AS id, x.id AS n FROM mvc.mv_base_1a2b x, mvc.mv_base_1a2b AS mv_base",
        ),
    ],
)
def test_views_of_the_project_are_read_from_their_storage(sql, written):
    result = resolve({"views/a.yml": BASE, "views/v.yml": body_view(sql)})
    assert result.found == ()
    assert result.views["v"].query.sql == written
    assert result.views["v"].upstream == ("mv_base",)


def test_a_cte_shadows_a_view_and_another_schema_is_not_it():
    result = resolve(
        {"views/a.yml": BASE, "views/v.yml": body_view("WITH mv_base AS (SELECT 1 AS id) SELECT id FROM mv_base")}
    )
    assert result.views["v"].upstream == ()
    assert resolve({"views/a.yml": BASE, "views/v.yml": body_view("SELECT id FROM other.mv_base")}).codes == ["MV201"]


def test_columns_of_views_are_checked_and_traced():
    result = resolve({"views/a.yml": BASE, "views/v.yml": body_view("SELECT id, totl FROM mv_base")})
    assert result.codes == ["MV204"]
    result = resolve({"views/a.yml": BASE, "views/v.yml": body_view("SELECT id, total FROM mv_base")})
    assert column(result, "total").lineage == {("public.mv_base", "total")}
    assert result.views["v"].proven


def test_extensions_may_have_any_function():
    assert resolve_sql("SELECT id, ST_Frob(total) AS f FROM orders").codes == ["MV106"]
    assert resolve_sql("SELECT id, ST_Frob(total) AS f FROM orders", extra="requires: [postgis]\n").found == ()


def test_a_body_of_three_tables_takes_milliseconds():
    sql = """
    SELECT c.id, c.name, count(DISTINCT o.id) AS orders, sum(l.qty * l.price) AS spent, max(o.at) AS last
    FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status = 'paid' LEFT JOIN lines l ON l.order_id = o.id
    WHERE c.city IS NOT NULL GROUP BY c.id HAVING count(*) > 0 ORDER BY spent DESC
    """
    resolve_sql(sql)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        resolve_sql(
            sql,
            schema="CREATE TABLE customers (id int PRIMARY KEY, name text, city text);"
            "CREATE TABLE orders (id int PRIMARY KEY, customer_id int, at date, status text);"
            "CREATE TABLE lines (order_id int, qty int, price int);",
        )
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1  # loading included, on a busy machine


def test_the_schema_of_these_tests_is_read_whole():
    assert "CREATE TABLE heap" in SHOP
    assert resolve_sql("SELECT a AS id, b FROM heap").found == ()
