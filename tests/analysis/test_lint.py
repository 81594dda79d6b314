"""Lints: each code with cases that fire, and near misses that must not."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from mvc.pipeline.compile import compile_files
from projects import SCHEDULED, body_view, resolve, resolve_sql

ROOT = Path(__file__).resolve().parents[2]


def lints(sql, extra="", grain="[id]"):
    result = resolve_sql(sql, grain, extra)
    assert result.found == (), result.found
    return result.lint_codes


def project(view, policies="", schedules=SCHEDULED):
    files = {"views/v.yml": textwrap.dedent(view), "schedules/s.yml": schedules}
    if policies:
        files["policies/p.yml"] = textwrap.dedent(policies)
    result = resolve(files)
    assert result.found == (), result.found
    return result


# ---------- MV401: fan-out ----------

FROM_CUSTOMERS = (
    "FROM customers c LEFT JOIN orders o ON o.customer_id = c.id LEFT JOIN visits v ON v.customer_id = c.id"
)


@pytest.mark.parametrize(
    ("sql", "title"),
    [
        (f"SELECT c.id, sum(o.total) AS s {FROM_CUSTOMERS} GROUP BY c.id", "sum(o.total) is multiplied by visits"),
        (f"SELECT c.id, count(o.id) AS s {FROM_CUSTOMERS} GROUP BY c.id", "count(o.id) is multiplied by visits"),
        (
            f"SELECT c.id, sum(o.total) FILTER (WHERE o.status = 'x') AS s {FROM_CUSTOMERS} GROUP BY c.id",
            "sum(o.total) is multiplied by visits",
        ),
        (
            "SELECT o.customer_id AS id, sum(o.total) AS s FROM orders o JOIN lines l ON l.order_id = o.id GROUP BY o.customer_id",
            "sum(o.total) is multiplied by lines",
        ),
        (
            "SELECT c.id, sum(o.total) AS s FROM customers c, orders o, visits v WHERE o.customer_id = c.id AND v.customer_id = c.id GROUP BY 1",
            "sum(o.total) is multiplied by visits",
        ),
        (
            (
                "SELECT c.id, sum(o.total) AS s FROM customers c JOIN orders o ON o.customer_id = c.id "
                "JOIN visits v ON v.customer_id = c.id JOIN lines l ON l.order_id = o.id GROUP BY c.id"
            ),
            "sum(o.total) is multiplied by visits × lines",
        ),
        (
            "SELECT c.id, avg(o.total) AS s FROM customers c JOIN orders o ON o.customer_id = c.id JOIN lines l ON l.order_id = o.id GROUP BY c.id",
            "avg(o.total) is multiplied by lines",
        ),
    ],
)
def test_mv401_fires(sql, title):
    result = resolve_sql(sql)
    assert result.lint_codes == ["MV401"]
    assert result.lints[0].title == title
    assert result.marked() in sql


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT c.id, count(DISTINCT o.id) AS n, min(o.total) AS least, max(v.seconds) AS most {FROM_CUSTOMERS} GROUP BY c.id",
        f"SELECT c.id, avg(o.total) AS a {FROM_CUSTOMERS} GROUP BY c.id",  # multiplied evenly within the group
        f"SELECT c.id, count(*) AS n {FROM_CUSTOMERS} GROUP BY c.id",  # whose rows are meant, nobody can tell
        "SELECT c.id, sum(o.total) AS s FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id",
        "SELECT o.customer_id AS id, sum(l.qty * l.price) AS s FROM orders o JOIN lines l ON l.order_id = o.id GROUP BY 1",
        "SELECT o.customer_id AS id, sum(p.weight) AS s FROM orders o JOIN lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id GROUP BY 1",
        "SELECT l.order_id AS id, sum(p.weight * l.qty) AS s FROM lines l JOIN products p ON p.id = l.product_id GROUP BY 1",
        "SELECT o.id, sum(l.qty) AS s FROM lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id GROUP BY o.id",
        (
            "SELECT c.id, sum(o.total) AS s, max(v.n) AS n FROM customers c LEFT JOIN orders o ON o.customer_id = c.id "
            "LEFT JOIN (SELECT customer_id, count(*) AS n FROM visits GROUP BY customer_id) v ON v.customer_id = c.id GROUP BY c.id"
        ),
        (
            "WITH v AS (SELECT DISTINCT ON (customer_id) customer_id, seconds FROM visits ORDER BY customer_id, id) "
            "SELECT c.id, sum(o.total) AS s FROM customers c JOIN orders o ON o.customer_id = c.id JOIN v ON v.customer_id = c.id GROUP BY c.id"
        ),
        "SELECT o.customer_id AS id, sum(o.total) AS s FROM orders o CROSS JOIN (SELECT max(seconds) AS m FROM visits) v GROUP BY 1",
        (
            "SELECT o.customer_id AS id, sum(o.total * r.rate) AS s FROM orders o "
            "JOIN rates r ON r.currency = o.status AND o.on_day >= r.valid_from AND o.on_day < r.valid_to GROUP BY 1"
        ),
        (
            "SELECT o.customer_id AS id, sum(o.total) AS s FROM orders o "
            "JOIN rates r ON r.currency = o.status AND o.on_day >= r.valid_from AND o.on_day < r.valid_to GROUP BY 1"
        ),
        "SELECT l.order_id AS id, sum(l.qty) AS s FROM lines l JOIN labels b ON b.product_id = l.product_id AND b.lang = 'de' GROUP BY 1",
        "SELECT o.customer_id AS id, sum(o.total) AS s FROM orders o WHERE EXISTS (SELECT 1 FROM lines l WHERE l.order_id = o.id) GROUP BY 1",
        "SELECT o.customer_id AS id, sum(o.total) AS s FROM orders o JOIN heap h ON h.b = o.status GROUP BY 1",  # no key tells
        "SELECT o.id, sum(o.total) OVER (PARTITION BY o.status) AS s FROM orders o JOIN lines l ON l.order_id = o.id",
        "SELECT p.id, sum(p.weight) AS s FROM products p, unnest(p.tags) tag GROUP BY p.id",
    ],
)
def test_mv401_does_not_fire(sql):
    assert "MV401" not in lints(sql)


# ---------- MV402: a filter on a parent that does not pick rows ----------

PARENT = """
view: v
sources:
  p: {table: products}
  l: {table: lines, on: l.product_id = p.id}
  o: {table: orders, on: o.id = l.order_id, %s}
dimensions: {id: p.id}
aggregates: {%s}
"""
WINDOW = "where: \"o.at >= now() - interval '30 days'\""


@pytest.mark.parametrize(
    ("options", "aggregates", "fires"),
    [
        (WINDOW, "sold: {sum: l.qty}", True),
        (WINDOW, "sold: {sum: l.qty}, paid: {count: o}", True),
        (f"required: true, {WINDOW}", "sold: {sum: l.qty}", False),
        (WINDOW, "bought: {count: o}, last: {max: o.at}", False),
        (WINDOW, "sold: {sum: l.qty, where: o.id IS NOT NULL}", False),
        ("one: true", "sold: {sum: l.qty}", False),
    ],
)
def test_mv402(options, aggregates, fires):
    result = project(PARENT % (options, aggregates))
    assert ("MV402" in result.lint_codes) is fires
    if fires:
        assert "`sold`" in result.lints[0].title
        assert "paid" not in result.lints[0].title


def test_mv402_which_row_is_meant_is_no_window():
    view = """
    view: v
    sources:
      l: {table: lines}
      b: {table: labels, on: b.product_id = l.product_id, where: b.lang = 'de'}
    dimensions: {id: l.product_id, label: b.label}
    aggregates: {sold: {sum: l.qty}}
    """
    assert project(view).lint_codes == []


# ---------- MV403: time zones ----------


@pytest.mark.parametrize(
    "expression",
    [
        "CURRENT_DATE",
        "LOCALTIMESTAMP",
        "now()::date",
        "CURRENT_TIMESTAMP::date",
        "CAST(at AS date)",
        "at::timestamp",
        "(now() - interval '1 day')::date",
        "date_trunc('day', at)",
        "date_trunc('month', now())::date",
    ],
)
def test_mv403_fires_for_plain_views_only(expression):
    sql = f"SELECT id, {expression} AS x FROM orders"
    assert "MV403" in lints(sql, "materialized: false\n")
    assert "MV403" not in lints(sql)


@pytest.mark.parametrize(
    "expression",
    [
        "now()",
        "at - interval '1 day'",
        "(at AT TIME ZONE 'UTC')::date",
        "date_trunc('day', at AT TIME ZONE 'UTC')",
        "date_trunc('day', at, 'UTC')",
        "on_day::timestamp",
        "date_trunc('month', on_day)",
        "DATE '2024-01-01'",
        "extract(epoch FROM at)",
    ],
)
def test_mv403_does_not_fire(expression):
    assert lints(f"SELECT id, {expression} AS x FROM orders", "materialized: false\n") == []


POLICY = 'policies:\n  - {policy: recent, view: v, to: [staff], using: "%s"}\n'


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ("on_day >= CURRENT_DATE - 30", True),
        ("at::date = '2024-01-01'", True),
        ("at >= now() - interval '30 days'", False),
        ("on_day >= (now() AT TIME ZONE 'UTC')::date", False),
    ],
)
def test_mv403_in_policies(condition, fires):
    view = body_view("SELECT id, at, on_day FROM orders")
    assert ("MV403" in project(view, POLICY % condition).lint_codes) is fires


# ---------- MV404: casts ----------


@pytest.mark.parametrize(
    "expression",
    [
        "(note->>'price')::numeric",
        "CAST(note->>'day' AS date)",
        "(note #>> '{a,b}')::int",
        "(note->'n')::int",
        "status::uuid",
        "nullif(status, '')::integer",
        "trim(status)::timestamptz",
        "CASE WHEN total > 1 THEN (note->>'price')::numeric END",
        "sum((note->>'price')::numeric) OVER ()",
    ],
)
def test_mv404_fires(expression):
    assert lints(f"SELECT id, {expression} AS x FROM orders") == ["MV404"]


@pytest.mark.parametrize(
    "expression",
    [
        "(note->>'price')::text",
        "total::text",
        "total::int",
        "id::numeric",
        "'2024-01-01'::date",
        "at::date",
        "status::varchar(10)",
        "note::text",
        "CASE WHEN note->>'price' ~ '^[0-9.]+$' THEN (note->>'price')::numeric END",
        "CASE WHEN note->>'price' !~ '^[0-9.]+$' THEN NULL ELSE (note->>'price')::numeric END",
        "CASE WHEN pg_input_is_valid(note->>'price', 'numeric') THEN (note->>'price')::numeric END",
        "CASE jsonb_typeof(note->'n') WHEN 'number' THEN (note->'n')::int END",
        "CASE WHEN note->>'kind' = 'number' THEN (note->>'value')::numeric END",
        "sum((note->>'price')::numeric) FILTER (WHERE note->>'price' ~ '^[0-9]+$') OVER ()",
    ],
)
def test_mv404_does_not_fire(expression):
    assert lints(f"SELECT id, {expression} AS x FROM orders") == []


def test_mv404_where_guards_what_is_selected_but_not_itself():
    assert lints("SELECT id, (note->>'n')::int AS n FROM orders WHERE note->>'n' ~ '^[0-9]+$'") == []
    assert lints("SELECT id FROM orders WHERE note->>'n' ~ '^[0-9]+$' AND (note->>'n')::int > 5") == ["MV404"]


def test_mv404_in_declared_views():
    view = "view: v\nsources: {o: {table: orders}}\ndimensions: {id: o.id, price: %s}\n"
    assert project(view % "\"(o.note->>'price')::numeric\"").lint_codes == ["MV404"]
    assert project(view % "o.note->>'price'").lint_codes == []


# ---------- MV405, MV406: order, stars ----------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT status AS id, array_agg(id) AS ids FROM orders GROUP BY status",
        "SELECT status AS id, string_agg(note->>'a', ',') AS notes FROM orders GROUP BY status",
        "SELECT status AS id, json_agg(id) AS ids FROM orders GROUP BY status",
        "SELECT status AS id, jsonb_agg(id) FILTER (WHERE total > 1) AS ids FROM orders GROUP BY status",
        "SELECT id, row_number() OVER (PARTITION BY status) AS n FROM orders",
        "SELECT id, first_value(total) OVER w AS n FROM orders WINDOW w AS (PARTITION BY status)",
        "SELECT DISTINCT ON (status) status AS id, total FROM orders",
        "SELECT DISTINCT ON (status) status AS id, total FROM orders ORDER BY status",
    ],
)
def test_mv405_fires(sql):
    assert lints(sql) == ["MV405"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT status AS id, array_agg(id ORDER BY at, id) AS ids FROM orders GROUP BY status",
        "SELECT status AS id, array_agg(DISTINCT customer_id) AS ids FROM orders GROUP BY status",
        "SELECT status AS id, string_agg(DISTINCT note->>'a', ',') AS notes FROM orders GROUP BY status",
        "SELECT status AS id, string_agg(note->>'a', ',' ORDER BY id) AS notes FROM orders GROUP BY status",
        "SELECT status AS id, array_agg(id) AS ids FROM (SELECT id, status FROM orders ORDER BY at) o GROUP BY status",
        "SELECT id, row_number() OVER (PARTITION BY status ORDER BY at) AS n FROM orders",
        "SELECT id, lag(total) OVER w AS n FROM orders WINDOW w AS (PARTITION BY status ORDER BY at)",
        "SELECT id, sum(total) OVER (PARTITION BY status) AS n, rank() OVER (ORDER BY at) AS r FROM orders",
        "SELECT DISTINCT ON (status) status AS id, total FROM orders ORDER BY status, at DESC",
        "SELECT DISTINCT status AS id FROM orders",
        "SELECT status AS id, sum(total) AS ids, count(*) AS n FROM orders GROUP BY status",
    ],
)
def test_mv405_does_not_fire(sql):
    assert lints(sql) == []


def test_mv405_in_declared_views():
    view = (
        "view: v\nsources: {o: {table: orders}}\ndimensions: {id: o.status}\naggregates: {ids: {array_agg: o.id%s}}\n"
    )
    assert project(view % "").lint_codes == ["MV405"]
    assert project(view % ", order: o.at").lint_codes == []
    assert project(view % ", distinct: true").lint_codes == []


@pytest.mark.parametrize(
    ("source", "value", "codes"),
    [
        ("table: orders", "{first: o.total, order: o.at}", []),  # the key stands behind the order
        ("table: hits", "{first: o.total, order: o.at}", ["MV412"]),
        ("table: hits", "{last: o.total, order: [o.at, o.total]}", []),
        ("table: hits", "{array_agg: o.total, order: o.at desc}", ["MV412"]),
        ("table: hits", "{array_agg: o.total, order: o.total}", []),
        ("table: hits", "{array_agg: o.total, distinct: true, order: o.total}", []),
        ("table: hits", "{array_agg: o.total}", ["MV405"]),
    ],
)
def test_mv412_in_declared_views(source: str, value: str, codes: list[str]):
    files = {
        "schema.sql": "CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL, total int NOT NULL, at date NOT NULL);"
        " CREATE TABLE hits (status text NOT NULL, total int NOT NULL, at date NOT NULL);",
        "views/v.yml": f"view: v\nsources: {{o: {{{source}}}}}\ndimensions: {{id: o.status}}\naggregates: {{x: {value}}}\n",
        "schedules/s.yml": SCHEDULED,
    }
    assert resolve(files).lint_codes == codes


@pytest.mark.parametrize(
    ("sql", "fires"),
    [
        ("SELECT * FROM orders", True),
        ("SELECT o.* FROM orders o JOIN customers c ON c.id = o.customer_id", True),
        ("WITH o AS (SELECT * FROM orders) SELECT * FROM o", True),
        ("WITH o AS (SELECT * FROM orders) SELECT id, total FROM o", False),
        ("WITH o AS (SELECT id, total FROM orders) SELECT * FROM o", False),
        ("SELECT id FROM orders o WHERE EXISTS (SELECT * FROM lines l WHERE l.order_id = o.id)", False),
        ("SELECT id FROM orders WHERE id IN (SELECT * FROM (SELECT order_id FROM lines) l)", False),
        ("SELECT status AS id, count(*) AS n, 2 * 3 AS six FROM orders GROUP BY status", False),
        ("SELECT * FROM (VALUES (1, 2)) AS x (id, b)", False),
    ],
)
def test_mv406(sql, fires):
    result = resolve_sql(sql)
    assert result.lint_codes == (["MV406"] if fires else [])
    if fires:
        assert result.marked() == "*"


# ---------- MV407, MV408: access ----------

OF_CUSTOMER = """
view: v
sources: {o: {table: orders}}
dimensions: {id: o.id, customer_id: o.customer_id, status: o.status}
%s
"""
USING = 'policies:\n  - {policy: own, view: v, to: [staff], using: "%s"}\n'


@pytest.mark.parametrize(
    ("condition", "indexes", "fires"),
    [
        ("customer_id = 1", "", True),
        ("customer_id IN (SELECT id FROM customers)", "", True),
        ("customer_id = ANY (ARRAY[1, 2])", "", True),
        ("customer_id = 1 OR current_user = 'boss'", "", True),
        ("id = 1 OR customer_id = 1", "", True),
        ("customer_id = 1", "indexes: [{columns: [status, customer_id]}]", True),
        ("customer_id = 1", "indexes: [{columns: [customer_id], where: id > 5}]", True),
        ("customer_id = 1", "indexes: [{columns: [customer_id desc]}]", False),
        ("customer_id = 1", "indexes: [{columns: [customer_id, status]}]", False),
        ("id = 1", "", False),
        ("id = 1 AND customer_id = 1", "", False),
        ("status <> 'x'", "", False),
        ("status LIKE 'x%'", "", False),
        ("true", "", False),
        ("current_user = 'boss'", "", False),
    ],
)
def test_mv407(condition, indexes, fires):
    result = project(OF_CUSTOMER % indexes, USING % condition)
    assert result.lint_codes == (["MV407"] if fires else [])


def test_mv407_named_predicates_and_plain_views():
    policies = """
    predicates: {own: customer_id = 1, boss: current_user = 'boss'}
    policies:
      - {policy: own, view: v, using: {any: [own, boss]}}
    """
    assert project(OF_CUSTOMER % "", policies).lint_codes == ["MV407"]
    assert project(OF_CUSTOMER % "materialized: false", policies).lint_codes == []


PEOPLE = """
view: v
sources: {c: {table: customers}, o: {table: orders, on: o.customer_id = c.id}}
dimensions: {id: c.id, %s}
aggregates: {n: {count: o}}
"""


@pytest.mark.parametrize(
    ("columns", "policy", "fires"),
    [
        ("email: c.email", "using: true", True),
        ("email: c.email", "to: [anon, staff], using: true", True),
        ("contact: c.email", "to: [public], using: true", True),
        ("email: c.email", "to: [staff], using: true", False),
        ("email: c.email", "using: id = 1", False),
        ("email: c.email", "using: \"current_user = 'x'\"", False),
        ("city: c.city", "using: true", False),
        ("has_email: c.email IS NOT NULL", "using: true", False),
        ("email_domain: \"split_part(c.email, '@', 2)\"", "using: true", False),
    ],
)
def test_mv408(columns, policy, fires):
    result = project(PEOPLE % columns, f"policies:\n  - {{policy: all, view: v, {policy}}}\n")
    assert result.lint_codes == (["MV408"] if fires else [])


def test_mv408_without_a_policy_only_the_owner_reads():
    assert project(PEOPLE % "email: c.email").lint_codes == []


# ---------- MV409: schedules ----------


@pytest.mark.parametrize(
    ("schedule", "fires"),
    [
        ("refresh: all", False),
        ("refresh: [v]", False),
        ("refresh: 'tag:shop'", False),
        ("refresh: [+w]", False),
        ("refresh: [w]", True),
        ("refresh: all, enabled: false", True),
    ],
)
def test_mv409(schedule, fires):
    files = {
        "views/v.yml": body_view("SELECT id FROM orders", extra="tags: [shop]\n"),
        "views/w.yml": body_view("SELECT id FROM v", name="w"),
        "schedules/s.yml": f"schedules:\n  - {{schedule: s, every: '0 2 * * *', {schedule}}}\n",
    }
    result = resolve(files)
    assert result.found == ()
    assert ("no schedule refreshes `v`" in "".join(item.title for item in result.lints)) is fires


@pytest.mark.parametrize("name", ["v: x", "it's", "a, b]", "true", "1", "#c", "ü", 'q"q', "a b", "- x", "*"])
def test_mv409_says_what_can_be_pasted_for_any_name(name):
    view = body_view("SELECT id FROM orders", name=json.dumps(name))
    (said,) = [item for item in resolve({"views/v.yml": view}).lints if item.code == "MV409"]
    pasted = "schedules:\n" + said.help[0].removeprefix("add to schedules/: ") + "\n"
    assert "MV409" not in resolve({"views/v.yml": view, "schedules/s.yml": pasted}).lint_codes


def test_mv409_plain_views_are_always_fresh():
    assert resolve({"views/v.yml": body_view("SELECT id FROM orders", extra="materialized: false\n")}).lint_codes == []
    assert resolve({"views/v.yml": body_view("SELECT id FROM orders")}).lint_codes == ["MV409"]


# ---------- MV411: partitions ----------


@pytest.mark.parametrize(
    ("sql", "fires"),
    [
        ("SELECT p.id, e.kind FROM event_parts p JOIN events e ON e.id = p.event_id", True),
        (
            "SELECT p.id, e.kind FROM events e JOIN event_parts p ON p.event_id = e.id WHERE e.at > now() - interval '1 day'",
            True,
        ),
        ("SELECT p.id, e.kind FROM event_parts p JOIN events e ON e.id = p.event_id AND e.at = p.event_at", False),
        ("SELECT p.id, e.kind FROM event_parts p JOIN events e ON e.kind = 'x' AND e.at > p.event_at", False),
        ("SELECT id, kind FROM events", False),
        ("SELECT p.id FROM event_parts p WHERE EXISTS (SELECT 1 FROM events e WHERE e.id = p.event_id)", False),
        ("SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id", False),
    ],
)
def test_mv411(sql, fires):
    assert lints(sql) == (["MV411"] if fires else [])


def test_mv411_is_not_said_twice_as_a_fan_out():
    assert lints(
        "SELECT e.kind AS id, sum(p.value) AS s FROM event_parts p JOIN events e ON e.id = p.event_id GROUP BY e.kind"
    ) == ["MV411"]


# ---------- accepting ----------


def test_an_accepted_lint_is_silent():
    assert lints("SELECT * FROM orders", "accept: {MV406: all columns are wanted}\n") == []


@pytest.mark.parametrize("code", ["MV406", "MV403", "MV407", "MV409", "MV204"])
def test_accepting_what_does_not_fire_is_reported(code):
    result = resolve_sql("SELECT id FROM orders", extra=f"accept: {{{code}: because}}\n")
    assert result.lint_codes == ["MV400"]
    assert result.marked() == code


def test_lints_of_the_project_are_accepted_in_the_view():
    view = body_view("SELECT id FROM orders", extra="accept: {MV409: refreshed by hand}\n")
    assert resolve({"views/v.yml": view}).lint_codes == []
    view = body_view("SELECT id, on_day FROM orders", extra="accept: {MV403: readers want their own day}\n")
    assert project(view, POLICY % "on_day >= CURRENT_DATE").lint_codes == []


def test_the_reference_project_has_nothing_to_lint():
    patterns = ("mvc.yml", "schema/*.sql", "views/*.yml", "policies/*.yml", "schedules/*.yml", "partitions/*.yml")
    files = {str(path.relative_to(ROOT)): path.read_text() for pattern in patterns for path in ROOT.glob(pattern)}
    assert [item for item in compile_files(files).diagnostics if item.code.startswith("MV4")] == []


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("services s ON s.organization_id = o.id", ["services"]),
        ("organization_users u ON u.organization_id = o.id", ["organization_users"]),
    ],
)
def test_the_mistake_that_the_reference_design_made(table, expected):
    """D3: revenue multiplied by services and locations."""
    schema = (ROOT / "schema" / "booking.sql").read_text()
    sql = (
        "SELECT o.id, SUM(r.total_amount) AS revenue, COUNT(DISTINCT r.id) AS n FROM organizations o "
        f"LEFT JOIN reservations r ON r.organization_id = o.id LEFT JOIN {table} LEFT JOIN locations l ON l.organization_id = o.id GROUP BY o.id"
    )
    result = resolve_sql(sql, schema=schema)
    assert [item.title for item in result.lints] == [
        f"SUM(r.total_amount) is multiplied by {' × '.join([*expected, 'locations'])}"
    ]
