"""Random windows over a view's columns, what picks its rows, and what only others read."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from .expressions import OUTPUT, Col, Expr, call
from .views import PLACES, TIES, After, Aggregate, Order, Window

FRAMED = ("sum", "avg", "min", "max", "count")
ORDERED = ("first", "last", "lag", "lead", "carry")
INEXACT = ("percent_rank", "cume_dist", "avg", "share")  # of which a comparison may go by the last digit
FUNCTIONS = (*PLACES, *FRAMED, *FRAMED, *ORDERED, "share", "rows")


@st.composite
def afters(draw: st.DrawFn, dimensions: Sequence[str], aggregates: Sequence[Aggregate]) -> After:
    """Half of the views have nothing of it."""
    if draw(st.booleans()):
        return After()
    numbers = [each.name for each in aggregates if each.function in ("count", "count_distinct", "sum")]
    shared = [draw(st.sampled_from(sorted(dimensions)))] if dimensions and draw(st.integers(0, 3)) else []
    windows: list[Window] = []
    for number in range(draw(st.sampled_from((0, 1, 1, 2, 3)))):
        known = [*numbers, *(each.name for each in windows if each.function not in INEXACT)]
        if known and dimensions:
            windows.append(draw(_windows(f"w{number}", known, dimensions, shared)))
    having = draw(_conditions(numbers)) if numbers and draw(st.booleans()) else None
    ranks = [each.name for each in windows if each.function in PLACES and each.function not in INEXACT]
    keep = draw(_conditions([*numbers, *ranks, *ranks])) if (numbers or ranks) and draw(st.booleans()) else None
    hidden = draw(st.lists(st.sampled_from([each.name for each in aggregates]), max_size=2)) if aggregates else []
    return After(having, tuple(windows), keep, frozenset(hidden) if dimensions else frozenset())


@st.composite
def _windows(
    draw: st.DrawFn, name: str, known: Sequence[str], dimensions: Sequence[str], shared: Sequence[str]
) -> Window:
    function = draw(st.sampled_from(FUNCTIONS))
    others = draw(st.lists(st.sampled_from(sorted(dimensions)), max_size=1))
    within = tuple(dict.fromkeys([*shared, *others]))
    argument = draw(_values(known))
    where = draw(_conditions(known)) if function in FRAMED and draw(st.integers(0, 3)) == 3 else None
    ordered = function in (*PLACES, *ORDERED) or (function in FRAMED and draw(st.booleans()))
    rest = [each for each in dimensions if each not in within]
    order = draw(_orders(known, rest, total=function not in TIES)) if ordered else ()
    frames = (0, 0, -1, 1, 3) if function in (*FRAMED, "first", "last") and order else (0,)
    return Window(
        name,
        "count" if function == "rows" else function,
        None if function in (*PLACES, "rows") else argument,
        within,
        order,
        draw(st.sampled_from(frames)),
        draw(st.sampled_from((0, 1, 1, 2))) if function in ("lag", "lead") else 1,
        draw(st.sampled_from((1, 2, 3))) if function == "ntile" else None,
        where,
        draw(st.sampled_from((None, None, -7))) if function not in PLACES else None,
        draw(st.integers(0, 4)) == 4,
    )


@st.composite
def _orders(draw: st.DrawFn, known: Sequence[str], rest: Sequence[str], *, total: bool) -> tuple[Order, ...]:
    """Down to the last dimension where equal rows would leave the answer open; never empty."""
    terms = [draw(_values(known))] if draw(st.booleans()) or not (rest and total) else []
    terms += [Col(OUTPUT, name) for name in rest] if total else []
    build = st.builds(Order, st.just(None), st.booleans(), st.sampled_from(("", "", "first", "last")))
    drawn = [(draw(build), term) for term in draw(st.permutations(terms))]
    return tuple(Order(term, each.descending, each.nulls) for each, term in drawn)


@st.composite
def _values(draw: st.DrawFn, known: Sequence[str]) -> Expr:
    one, other = (Col(OUTPUT, draw(st.sampled_from(list(known)))) for _ in range(2))
    return draw(st.sampled_from((one, one, one, one + other, call("coalesce", one, 0), call("nullif", one, 1))))


@st.composite
def _conditions(draw: st.DrawFn, known: Sequence[str]) -> Expr:
    one, other = (Col(OUTPUT, draw(st.sampled_from(list(known)))) for _ in range(2))
    least = draw(st.integers(0, 3))
    return draw(
        st.sampled_from(
            (one > least, one <= least, (one > 0) & (other < 9), call("IS NOT NULL", one), (one > least) | (other == 1))
        )
    )
