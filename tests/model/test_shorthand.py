"""Shorthand means what the mapping that it stands for means, and a text that is not surely one thing means nothing."""

from __future__ import annotations

import pytest

import mvc
from mvc.spec import SourceSpec, ViewSpec
from mvc.spec.call_text import Piece, call_parts

DDL = "CREATE TABLE orders (id int PRIMARY KEY, amount numeric, qty int, note text, ordered_on date NOT NULL);"

SAME = {
    "sum(o.amount)": {"sum": "o.amount"},
    "Sum ( o.amount )": {"sum": "o.amount"},
    "sum(o.amount) filter (where o.note in ('e', '--', 'a$b'))": {
        "sum": "o.amount",
        "where": "o.note in ('e', '--', 'a$b')",
    },
    "count(*)": {"count": "o"},
    "count(1)": {"count": "o"},
    "count(o)": {"count": "o"},
    "count(o.note)": {"count": "o.note"},
    "count(distinct o.note)": {"count_distinct": "o.note"},
    "sum(distinct o.qty)": {"sum": "o.qty", "distinct": True},
    "sum(o.amount) filter (where o.note = 'a)' or o.qty > 1)": {
        "sum": "o.amount",
        "where": "o.note = 'a)' or o.qty > 1",
    },
    "coalesce(sum(o.amount), 0)": {"sum": "o.amount", "default": 0},
    "coalesce(max(o.note) filter (where o.qty > 1), 'it''s')": {
        "max": "o.note",
        "where": "o.qty > 1",
        "default": "it's",
    },
    "string_agg(o.note, ', it''s ' order by o.qty, o.id)": {
        "string_agg": "o.note",
        "separator": ", it's ",
        "order": ("o.qty", "o.id"),
    },
    "array_agg(o.note order by o.qty desc)": {"array_agg": "o.note", "order": "o.qty desc nulls first"},
    "array_agg(o.note order by o.qty desc nulls last)": {"array_agg": "o.note", "order": "o.qty desc nulls last"},
    "max(case when o.note = 'x order by y' then 1 end)": {"max": "case when o.note = 'x order by y' then 1 end"},
    "percentile_cont(0.9) within group (order by o.amount)": {"percentile": "o.amount", "at": 0.9},
    "mode() within group (order by o.note)": {"mode": "o.note"},
    "jsonb_object_agg(o.id, concat(o.note, 'x'))": {"jsonb_object_agg": ("o.id", "concat(o.note, 'x')")},
    "corr(o.qty, o.amount)": {"corr": ("o.qty", "o.amount")},
}

NOTHING = (
    "sum(o.amount) / count(o.id)",
    "sum(o.amount) over (order by o.id)",
    "sum(o.amount) filter (where o.qty > 1) + 1",
    "count(distinct o.id, o.qty)",
    "sum(o.amount, o.qty)",
    "sum()",
    "sum(o.amount",
    "string_agg(o.note, o.note)",
    "string_agg(o.note)",
    "coalesce(sum(o.amount), o.qty)",
    "coalesce(sum(o.amount), 0, 1)",
    "percentile_cont(0.9) within group (order by o.amount desc)",
    "percentile_cont(o.qty) within group (order by o.amount)",
    "sum(o.amount) -- all of it",
    "sum(length(E'\\')'))",
    "median(o.amount)",
    "round(avg(o.amount), 2)",
    "o.amount",
)


def _compiled(aggregates: object) -> mvc.Compiled:
    spec = ViewSpec.model_validate(
        {
            "view": "v",
            "sources": {"o": {"table": "orders"}},
            "dimensions": {"day": "o.ordered_on"},
            "aggregates": aggregates,
        }
    )
    return mvc.compile(
        mvc.load(mvc.Specs(mvc.ProjectSpec(catalog="schema.sql"), views=[spec], tables={"schema.sql": DDL}))
    )


@pytest.mark.parametrize("text", SAME)
def test_a_text_is_the_mapping_that_it_stands_for(text: str) -> None:
    assert (parts := call_parts(text, "o")) is not None
    assert parts.mapping == SAME[text]


@pytest.mark.parametrize("text", SAME)
def test_a_text_becomes_the_same_view(text: str) -> None:
    short, long = _compiled({"x": text}).views[0], _compiled({"x": SAME[text]}).views[0]
    assert (short.query, short.storage) == (long.query, long.storage)


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_not_surely_one_call_is_none(text: str) -> None:
    assert call_parts(text, "o") is None


def test_every_part_has_its_place() -> None:
    text = "coalesce(string_agg( o.note , ', ' order by o.qty desc, o.id) filter (where o.qty > 1), 'none')"
    parts = call_parts(text, "o")
    assert parts is not None
    said = {key: (value,) if isinstance(value, Piece) else value for key, value in parts.keys.items()}
    assert {key: [text[item.start : item.end] for item in value] for key, value in said.items()} == {
        "string_agg": ["o.note"],
        "separator": ["', '"],
        "order": ["o.qty desc", "o.id"],
        "where": ["o.qty > 1"],
        "default": ["'none'"],
    }
    assert text[slice(*parts.name)] == "string_agg"


def test_specs_made_in_python_take_it_too() -> None:
    spec = ViewSpec.model_validate(
        {"view": "v", "sources": {"o": SourceSpec(table="orders")}, "aggregates": {"n": "count(*)"}, "indexes": ("n",)}
    )
    assert spec.aggregates["n"].count == "o"
    assert spec.indexes[0].columns == ("n",)
