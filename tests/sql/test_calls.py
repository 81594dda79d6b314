"""The calls of a text are those of PostgreSQL's tree, whatever sqlglot makes of it."""

from __future__ import annotations

import pytest

pytest.importorskip("postgast")

from mvc.expression import parse_expression
from mvc.expression.calls import written_calls
from mvc.sql.calls import query_calls, value_calls


def _names(text: str) -> list[str]:
    return [call.name for call in parse_expression(text).calls]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("json_arrayagg(x ORDER BY y)", ["json_arrayagg"]),
        ("json_objectagg(x : y)", ["json_objectagg"]),
        ("grouping(x, y)", ["grouping"]),
        ("string_agg(x, ',')", ["string_agg"]),
        ("coalesce(json_agg(x), '[]')", ["coalesce", "json_agg"]),
        ("Sum ( x )", ["sum"]),
        ('"Sum"(x)', ["Sum"]),
        ("pg_catalog.sum(x) -- lower(x)", ["sum"]),
        ("x::numeric(10, 2)", []),
        ("extract(year FROM max(x))", ["max"]),
        ("trim(both 'x' from lower(y))", ["lower"]),
        ("current_date - current_timestamp(0)::date", ["current_timestamp"]),
        ("'é' || lower(x)", ["lower"]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert _names(text) == names


def test_places_count_characters() -> None:
    (call,) = parse_expression("'éé' || crm.lower( x )").calls
    assert (call.schema, call.name, call.count) == ("crm", "lower", 1)
    assert (call.start, call.open, call.close) == (8, 17, 21)


@pytest.mark.parametrize(
    ("text", "over", "within_group", "in_subquery"),
    [
        ("rank() OVER (ORDER BY x)", True, False, False),
        ("rank(1) WITHIN GROUP (ORDER BY x)", False, True, False),
        ("json_arrayagg(x) OVER ()", True, False, False),
        ("(SELECT rank())", False, False, True),
    ],
)
def test_what_stands_around(text: str, over: bool, within_group: bool, in_subquery: bool) -> None:
    (call,) = parse_expression(text).calls
    assert (call.over, call.within_group, call.in_subquery) == (over, within_group, in_subquery)


def test_what_is_read_like_a_table_is_told_from_its_arguments() -> None:
    text = "SELECT count.n FROM unnest(lower(x)) AS count(n), LATERAL (SELECT upper(x)) AS s"
    found = written_calls(text, query_calls(text)) or ()
    assert [(call.name, call.in_from) for call in found] == [("unnest", True), ("lower", False), ("upper", False)]


def test_a_text_that_is_none_has_no_tree() -> None:
    assert value_calls("sum(x") is None
    assert query_calls("SELECT 1; SELECT 2") is None
