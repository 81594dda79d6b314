"""What the normal form calls equal is equal to PostgreSQL's own parser; what is listed as the same meaning is equal to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mvc.expression import ExpressionError, parse_expression
from mvc.expression.canonical import canonical, canonical_text

postgast = pytest.importorskip("postgast")


def text(sql: str) -> str:
    return canonical(parse_expression(sql), lambda qualifier, name: f"{qualifier}.{name}" if qualifier else name)


def tree(sql: str) -> Any:
    """What PostgreSQL's grammar makes of a query, without places, with its ANDs flat and its IN lists of constants in order."""
    return plain(json.loads(postgast_json(sql)))


def postgast_json(sql: str) -> str:
    return MessageToJson(postgast.parse(sql))


def plain(node: Any) -> Any:
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: plain(value) for key, value in node.items() if not key.endswith(PLACES)}
    if joined := found.get("BoolExpr"):
        joined["args"] = [part for item in joined["args"] for part in parts(item, joined["boolop"])]
    if (compared := found.get("A_Expr")) and compared["kind"] == "AEXPR_IN":
        items = compared["rexpr"]["List"]["items"]
        if all("A_Const" in item for item in items):
            items.sort(key=repr)
    return found


def parts(item: Any, joined_by: str) -> list[Any]:
    inner = item.get("BoolExpr") if joined_by != "NOT_EXPR" else None
    return inner["args"] if inner and inner["boolop"] == joined_by else [item]


PLACES = ("location", "stmt_len", "rexpr_list_start", "rexpr_list_end")
SAME = [
    ("s + 1", "(s + 1)"),
    ("t.ok", "((t.ok))"),
    ("t.ok", 't."ok"'),
    ("a <> 'x'", "a != 'x'"),
    ("a::int", "CAST(a AS int)"),
    ("a::int", "cast((a) as INTEGER)"),
    ("(a + b)::numeric(10,2)", "CAST(a + b AS numeric(10, 2))"),
    ("a AND b AND c", "a and (b and c)"),
    ("a = b AND NOT c", "(a = b) AND (NOT (c))"),
    ("a IN ('x', 'y')", "(a in ('y','x'))"),
    ("a IN (1, 2)", "a IN ((2), (1))"),
    ("coalesce(n, 0) + 1", "COALESCE( (n),0 )+ (1)"),
    ("a * b + c", "(a * b) + c"),
    ("a - b - c", "(a - b) - c"),
    ("CASE WHEN a THEN b ELSE c + 1 END", "case when (a) then (b) else (c + 1) end"),
    ("a -> 'x' ->> 'y'", "(a -> 'x') ->> ('y')"),
    ("a -- comment\n + 1", "a + 1 /* other */"),
    ("-a::int", "-(a::int)"),
]
OTHER = [
    ("(a + b) * c", "a + b * c"),
    ("a - (b - c)", "a - b - c"),
    ("a || (b || c)", "a || b || c"),
    ("(a OR b) AND c", "a OR b AND c"),
    ("NOT (a AND b)", "NOT a AND b"),
    ("(-1)::int", "-1::int"),
    ("CAST(a || b AS text)", "a || b::text"),
    ("(a IS NULL) = b", "a IS NULL = b"),
    ("(a, b) = (c, d)", "a = d"),
    ("(a).b", "a.b"),
    ("x BETWEEN a AND (b AND c)", "x BETWEEN a AND b AND c"),
    ("a IN (1, 2)", "a NOT IN (1, 2)"),
    ("a = 'x'", "a = 'X'"),
    ("(a < b) = c", "a < (b = c)"),
    ("a IN ('b', '1')", "a IN ('b', 1)"),
    ("- (a ^ b)", "- a ^ b"),
    ('- (a COLLATE "C")::text', '- a COLLATE "C"::text'),
    ("(a AT TIME ZONE 'UTC')::date", "a AT TIME ZONE 'UTC'::date"),
]
QUERIES = [
    (
        "SELECT k, sum(amt) AS s FROM t AS x WHERE ok GROUP BY k",
        "select k, sum(amt) s from t AS x where (ok) group by 1",
    ),
    ("SELECT a AS b, count(*) AS n FROM t GROUP BY a", "SELECT a b, count(*) n FROM t GROUP   BY 1"),
    ("WITH q AS (SELECT a AS b FROM t) SELECT b FROM q", "with q as (select a b from t) select (b) from q"),
    ("SELECT a FROM t UNION ALL SELECT b AS c FROM u", "select a from t union all select b c from u"),
    ("SELECT lower(a), b FROM t GROUP BY lower(a), b", "SELECT lower(a), b FROM t GROUP BY 1, (2)"),
    ("SELECT DISTINCT ON (a) a, b AS c FROM t ORDER BY a", "SELECT DISTINCT ON (a) a, b c FROM t ORDER BY (a)"),
]
OTHER_QUERIES = [
    ("SELECT interval '1' year FROM t", "SELECT interval '1' AS year FROM t"),
    ("SELECT a ISNULL FROM t", "SELECT a AS isnull FROM t"),
    ("SELECT t.*, a FROM t GROUP BY 2", "SELECT t.*, a FROM t GROUP BY a"),
    ("SELECT a, b FROM t GROUP BY 1, b", "SELECT a, b FROM t GROUP BY b, 1"),
    ("SELECT a FROM t ORDER BY 1", "SELECT a FROM t GROUP BY 1"),
    ("SELECT DISTINCT ON (a) a FROM t", "SELECT DISTINCT a FROM t"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_another_spelling(one, other):
    assert text(one) == text(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_only_looks_alike(one, other):
    assert text_or_refused(one) != text_or_refused(other)


def text_or_refused(sql: str) -> str:
    try:
        return text(sql)
    except ExpressionError:
        return f"refused: {sql}"


@pytest.mark.parametrize(("one", "other"), QUERIES)
def test_queries_in_another_spelling(one, other):
    assert canonical_text(one) == canonical_text(other)


@pytest.mark.parametrize(("one", "other"), OTHER_QUERIES)
def test_queries_that_only_look_alike(one, other):
    assert canonical_text(one) != canonical_text(other)


# Operands and operators of every level of PostgreSQL's grammar, with brackets wherever they may stand.
ATOMS = st.sampled_from(("a", "t.b", "1", "2", "'x'", "f(a)", "count(*)", "NULL", "date '2020-01-01'", "a[1]"))
BINARY = (
    "+",
    "-",
    "*",
    "/",
    "^",
    "||",
    "->",
    "=",
    "<>",
    "!=",
    "<",
    "AND",
    "OR",
    "LIKE",
    "IS DISTINCT FROM",
    "AT TIME ZONE",
    "@>",
)


def expressions():
    def more(inner):
        return st.one_of(
            st.tuples(inner, st.sampled_from(BINARY), inner).map(" ".join),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"NOT {text}"),
            inner.map(lambda text: f"- {text}"),
            inner.map(lambda text: f"{text} IS NULL"),
            inner.map(lambda text: f"{text}::int"),
            inner.map(lambda text: f"CAST({text} AS int)"),
            inner.map(lambda text: f"coalesce({text}, 1)"),
            st.tuples(inner, inner).map(lambda parts: f"{parts[0]} IN ({parts[1]}, 2, 1)"),
            st.tuples(inner).map(lambda parts: f"{parts[0]} IN (2, 1)"),
            st.tuples(inner, inner, inner).map(lambda parts: f"{parts[0]} BETWEEN {parts[1]} AND {parts[2]}"),
            st.tuples(inner, inner, inner).map(
                lambda parts: f"CASE WHEN {parts[0]} THEN {parts[1]} ELSE {parts[2]} END"
            ),
            st.tuples(inner, inner).map(lambda parts: f"({parts[0]}, {parts[1]})"),
            inner.map(lambda text: f'{text} COLLATE "C"'),
            inner.map(lambda text: f"a = ANY ({text})"),
            inner.map(lambda text: f"(SELECT {text})"),
        )

    return st.recursive(ATOMS, more, max_leaves=8)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(sql=expressions())
def test_the_normal_form_is_read_as_what_it_stands_for(sql):
    """PostgreSQL's parser makes one tree of a text and of its normal form: so two texts of one normal form have one tree."""
    try:
        before = tree(f"SELECT {sql} AS x")
        after = canonical_text(f"SELECT {sql} AS x")
    except (postgast.PgQueryError, ExpressionError):  # what is not read has no meaning that could change
        event("not read")
        return
    assert tree(after) == before, after
