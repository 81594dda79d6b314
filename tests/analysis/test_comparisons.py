"""Comparisons taken apart at their top, or left in one piece."""

import pytest

from mvc.expression import parse_expression
from mvc.expression.split import between, compared


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("a = b", ("a", "b")),
        ("a<=b", ("a", "b")),
        ("(a > b)", ("a", "b")),
        ("a + 1 >= b - 2", ("a + 1", "b - 2")),
        ("a::int < (b < c)::int", ("a::int", "(b < c)::int")),
        ("CASE WHEN a<b THEN 1 END < 2", ("CASE WHEN a<b THEN 1 END", "2")),
        ("a < '<'", ("a", "'<'")),
    ],
)
def test_a_comparison_has_two_sides(text: str, sides: tuple[str, str]):
    found = compared(parse_expression(text))
    assert found is not None
    assert (found[0].text, found[1].text) == sides


@pytest.mark.parametrize(
    "text",
    ["a <> b", "NOT a = b", "a < b AND c < d", "a < b OR c", "a IN (b)", "a IS DISTINCT FROM b", "a BETWEEN b AND c", "a"],
)  # fmt: skip
def test_what_is_no_single_comparison_stays_in_one_piece(text: str):
    assert compared(parse_expression(text)) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a BETWEEN b AND c", ("a", "b", "c")),
        ("(a BETWEEN b AND c)", ("a", "b", "c")),
        ("a + 1 between b and c * 2", ("a + 1", "b", "c * 2")),
        ("a BETWEEN (b AND c)::int AND d", ("a", "(b AND c)::int", "d")),
        ("a BETWEEN CASE WHEN x AND y THEN 1 ELSE 2 END AND 3", ("a", "CASE WHEN x AND y THEN 1 ELSE 2 END", "3")),
        ("a BETWEEN (b BETWEEN c AND d)::int AND e", ("a", "(b BETWEEN c AND d)::int", "e")),
    ],
)
def test_a_range_has_three_parts(text: str, parts: tuple[str, str, str]):
    found = between(parse_expression(text))
    assert found is not None
    assert tuple(part.text for part in found) == parts


@pytest.mark.parametrize(
    "text",
    [
        "a NOT BETWEEN b AND c",
        "a BETWEEN SYMMETRIC b AND c",
        "a BETWEEN b AND c AND d",
        "a = b",
        "NOT a BETWEEN b AND c",
    ],
)
def test_another_range_stays_in_one_piece(text: str):
    assert between(parse_expression(text)) is None
