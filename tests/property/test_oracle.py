"""The oracle on trial: it must agree with plain SQL that was written on another principle. No compiler is involved."""

from __future__ import annotations

import pytest
from hypothesis import event, given, note

from .naive import query
from .oracle import AmbiguousArgument, expected
from .server import Arena, same_rows
from .specs import Case, cases

pytestmark = pytest.mark.slow


@given(case=cases())
def test_oracle_equals_naive_sql(arena: Arena, case: Case) -> None:
    """Also shows that the generated rows obey the keys of the catalog: the server checks them."""
    for kind in case.kinds:
        event(kind)
    text = query(case.view, case.tree)
    note(text)
    try:
        wanted = expected(case.view, case.by_name, case.rows)
    except AmbiguousArgument:
        return
    with arena.world(case.setup):
        found = arena.ask(text).rows
    assert same_rows(found, wanted), f"SQL: {found}\noracle: {wanted}"
