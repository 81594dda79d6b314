"""What is shown in the place of SQL of other databases is PostgreSQL's, and calls nothing that PostgreSQL does not have."""

from __future__ import annotations

import pytest

from mvc.catalog import builtins
from mvc.expression import parse_expression
from mvc.expression.foreign_calls import FOREIGN
from mvc.expression.grammar import check_value
from mvc.expression.mends import mended, with_own_calls

ARGUMENTS = ("o.a", "o.b", "o.c", "o.d", "o.e", "o.f", "o.g", "o.h")


def call(name: str, form: str, count: int) -> str:
    given = list(ARGUMENTS[:count])
    units = {"$1u": 0, "$2u": 1, "diff($1": 0, "diff($3": 2}
    for sign, place in units.items():
        if sign in form:
            given[place] = "varchar" if name == "convert" else "day"
    for sign, place in {"$1m": 0, "$2m": 1}.items():
        if sign in form:
            given[place] = "'%Y-%m'"
    return f"{name}({', '.join(given)})"


@pytest.mark.parametrize(
    ("name", "count"), [(name, count) for name, forms in FOREIGN.items() for count in forms], ids=str
)
def test_each_form_is_an_expression_of_functions_that_there_are(name, count):
    text = call(name, FOREIGN[name][count], count)
    made = with_own_calls(text)
    assert made != text
    check_value(made)
    assert [item.name for item in parse_expression(made).calls if not builtins.is_known(item.name)] == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("o.a == 1", "o.a = 1"),
        ("o.a = 1 && o.b = 2", "o.a = 1 AND o.b = 2"),
        ("o.`a` = 1", "o.a = 1"),
        ("o.[a] = 1", "o.a = 1"),
        ("WHERE o.a = 1;", "o.a = 1"),
        ("o.a AS b", "o.a"),
        ("o.day > now() - interval 30 day", "o.day > now() - interval '30 days'"),
        ("o.day > DATE 2026-01-01", "o.day > DATE '2026-01-01'"),
        ("o.a NOT NULL", "o.a IS NOT NULL"),
        ("o.a IN [1, 2]", "o.a IN (1, 2)"),
        ("o.a IN 'x'", "o.a IN ('x')"),
        ("o.a IN (1, 2, )", "o.a IN (1, 2)"),
        ("try_cast(o.a AS integer)", "CAST(o.a AS integer)"),
        ("o.a > 1 ? 2 : 3", "CASE WHEN o.a > 1 THEN 2 ELSE 3 END"),
        ("CASE WHEN o.a > 1 THEN 2", "CASE WHEN o.a > 1 THEN 2 END"),
        ("(o.a = 1", "(o.a = 1)"),
        ("o.a = 1)", "o.a = 1"),
        ("o.a = 'x", "o.a = 'x'"),
        ("o.a RLIKE 'x'", "o.a ~ 'x'"),
        ("2 * datediff('day', o.a, o.b)", "2 * (o.b::date - o.a::date)"),
        ("ifnull(nvl(o.a, o.b), 0)", "coalesce(coalesce(o.a, o.b), 0)"),
    ],
)
def test_a_slip_is_written_as_it_is_meant(text, meant):
    assert (mended(text) or with_own_calls(text)) == meant


@pytest.mark.parametrize("text", ["o.a +", "a b c d", "SELECT", "", "o.on_day > > 1"])
def test_what_may_be_anything_gets_no_mend(text):
    assert mended(text) == ""


def test_what_begins_like_a_key_word_stays_whole():
    """`ordered_on > …` holds `on`, which is no key word there."""
    assert mended("o.ordered_on > interval 1 day") == "o.ordered_on > interval '1 day'"


def test_position_takes_a_value():
    check_value("position('a' IN o.b)")
    assert parse_expression("position('a' IN o.b)").text == "position('a' IN o.b)"
