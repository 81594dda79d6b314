"""Views with conditions and values that time alone changes, and a clock of our own that the server reads instead of its."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
from hypothesis import strategies as st

from .catalogs import VALUES
from .expressions import Col, Expr, call, conjunction
from .scalars import Sight, columns, predicates
from .views import Aggregate, Source, Tree, View

# Between, on and around the days of VALUES; the hours matter to expressions of timestamps.
MOMENTS = tuple(
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2023-12-31 18:00:00",
        "2024-01-01 00:00:00",
        "2024-01-01 13:30:00.4567",
        "2024-01-02 00:00:00",
        "2024-01-03 06:00:00",
        "2024-02-28 23:59:59.9",
        "2024-03-01 00:00:00",
    )
)
DAY, HALF = call("interval", "1 day"), call("interval", "12 hours")
DATES: Sequence[Expr] = (
    call("CURRENT_DATE"),
    call("CURRENT_DATE") - 1,
    call("date", call("now()") - HALF),
    call("nullif", call("CURRENT_DATE"), VALUES["date"][1]),
    call("date", call("date_trunc", "month", call("CURRENT_TIMESTAMP"))),
)
INSTANTS: Sequence[Expr] = (
    call("now()"),
    call("LOCALTIMESTAMP"),
    call("LOCALTIMESTAMP(3)") - HALF,
    call("CURRENT_TIMESTAMP") + DAY,
    call("CURRENT_TIMESTAMP(0)") - DAY,
    call("transaction_timestamp()") - HALF,
)
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")


@st.composite
def clocked(draw: st.DrawFn, view: View, tree: Tree) -> View:
    """The view with one to three more conditions or values that read the clock, at any place that may have one."""
    for _ in range(draw(st.integers(1, 3))):
        view = draw(_clocked_once(view, Tree(view.sources, tree.tables)))
    return view


@st.composite
def _clocked_once(draw: st.DrawFn, view: View, tree: Tree) -> View:
    place = draw(st.sampled_from(("where", "source", "on", "measure", "measure", "value")))
    if place in ("measure", "value") and (counted := _plain(view)):
        return draw(_in_measure(view, draw(st.sampled_from(counted)), tree, as_value=place == "value"))
    if place in ("source", "on"):
        return draw(_in_source(view, draw(st.sampled_from(view.sources)), tree))
    reachable = {alias: tree.table(alias) for alias in (tree.base, *tree.attributes(tree.base))}
    return replace(view, where=conjunction(view.where, draw(conditions(reachable))))


def _plain(view: View) -> list[Aggregate]:
    return [each for each in view.aggregates if each.function != "expr"]


@st.composite
def _in_source(draw: st.DrawFn, view: View, source: Source, tree: Tree) -> View:
    own = {source.alias: tree.table(source.alias)}
    if source.on is None or draw(st.booleans()):
        changed = replace(source, where=conjunction(source.where, draw(conditions(own))))
    else:
        parent = tree.parents[source.alias]
        condition = draw(conditions({**own, parent: tree.table(parent)}))
        changed = replace(source, on=conjunction(source.on, condition))
    return replace(view, sources=tuple(changed if each is source else each for each in view.sources))


@st.composite
def _in_measure(draw: st.DrawFn, view: View, of: Aggregate, tree: Tree, *, as_value: bool) -> View:
    """A filter of an aggregate, or an argument that is NULL at some times."""
    sight = {tree.source_of(of): tree.table(tree.source_of(of))}
    changed = replace(of, where=conjunction(of.where, draw(conditions(sight))))
    if as_value and of.argument is not None and not of.distinct and not of.order:
        changed = replace(
            of, argument=call("case", draw(conditions(sight)), of.argument, call("nullif", of.argument, of.argument))
        )
    return replace(view, aggregates=tuple(changed if each is of else each for each in view.aggregates))


@st.composite
def conditions(draw: st.DrawFn, sight: Sight, depth: int = 2) -> Expr:
    """A condition of which at least one part reads the clock."""
    shape = draw(st.sampled_from(("atom", "atom", "atom", "NOT", "AND", "OR", "OR")))
    if shape == "atom" or not depth:
        return draw(_atoms(sight))
    first = draw(conditions(sight, depth - 1))
    if shape == "NOT":
        return call("NOT", first)
    other = draw(st.one_of(conditions(sight, depth - 1), predicates(sight)))
    return call(shape, *draw(st.permutations([first, other])))


@st.composite
def _atoms(draw: st.DrawFn, sight: Sight) -> Expr:
    if not columns(sight, ("date",)):
        return call(">", call("LOCALTIME"), call("date_trunc", "hour", call("LOCALTIME")))
    moments = st.sampled_from((*DATES, *DATES, *INSTANTS))
    row, moment = draw(_of_rows(sight)), draw(moments)
    shape = draw(st.sampled_from(("compared",) * 5 + ("between", "between", "within", "in", "month", "age")))
    if shape == "between":
        return call(draw(st.sampled_from(("between", "between", "not between"))), row, moment, draw(moments))
    if shape == "within":
        return call("between", moment, row, draw(st.one_of(_of_rows(sight), moments)))
    if shape == "in":
        return call("in", row, draw(st.sampled_from(DATES)), draw(st.sampled_from(DATES)))
    if shape == "month":
        return call("=", call("month", row), call("month", moment))
    if shape == "age":
        return call(
            draw(st.sampled_from(COMPARISONS)),
            call("CURRENT_DATE") - draw(_day(sight)),
            draw(st.sampled_from((-1, 0, 1, 30))),
        )
    return call(draw(st.sampled_from(COMPARISONS)), *draw(st.permutations([row, moment])))


def _day(sight: Sight) -> st.SearchStrategy[Col]:
    return st.sampled_from(columns(sight, ("date",)))


@st.composite
def _of_rows(draw: st.DrawFn, sight: Sight) -> Expr:
    day = draw(_day(sight))
    shapes = (day, day, day, day + 1, day + HALF, call("timestamptz", day), call("coalesce", day, VALUES["date"][0]))
    return draw(st.sampled_from(shapes))


# --- the clock --------------------------------------------------------------------------------------------------------

OUR_CLOCK = """
CREATE FUNCTION public.clock() RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT pg_catalog.current_setting('test.clock')::timestamptz $$
"""
_TYPES = {
    "CURRENT_DATE": "date",
    "CURRENT_TIMESTAMP": "timestamptz",
    "LOCALTIMESTAMP": "timestamp",
    "LOCALTIME": "time",
    "now()": "timestamptz",
    "transaction_timestamp()": "timestamptz",
}
_WORD = re.compile(
    r"\b(CURRENT_DATE|CURRENT_TIMESTAMP|LOCALTIMESTAMP|LOCALTIME|now\(\)|transaction_timestamp\(\))(\(\d\))?"
)


def with_our_clock(definition: str) -> str:
    """The text of a view or function as the server prints it, reading our clock."""
    return _WORD.sub(lambda found: f"((public.clock())::{_TYPES[found[1]]}{found[2] or ''})", definition)


def read_our_clock(connection: psycopg.Connection[Any]) -> None:
    """Every view beside a stored table, and what notes the moment of a refresh, read it from now on."""
    connection.execute(OUR_CLOCK)
    views = connection.execute(
        "SELECT c.oid::regclass::text, pg_get_viewdef(c.oid) FROM pg_class AS c"
        " WHERE c.relkind = 'v' AND c.relnamespace = 'mvc'::regnamespace"
    ).fetchall()
    for name, definition in views:
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS {with_our_clock(definition)}".encode())
    row = connection.execute("SELECT pg_get_functiondef('mvc.follow'::regproc)").fetchone()
    assert row is not None
    assert "as_of = now()" in row[0]
    connection.execute(with_our_clock(row[0]).encode())
