"""The compiled view on a real server, against the oracle."""

from __future__ import annotations

from collections import Counter

from hypothesis import assume, event, given, note

from .compiled import compiled_or_none
from .oracle import AmbiguousArgument, expected
from .server import Arena, same_rows
from .specs import Case, cases


@given(case=cases())
def test_compiled_view_equals_oracle(arena: Arena, case: Case) -> None:
    view = compiled_or_none(case)
    event("refused" if view is None else "accepted")
    assume(view is not None)
    note(view.query)
    try:
        wanted = expected(case.view, case.by_name, case.rows)
    except AmbiguousArgument as ambiguous:
        raise AssertionError(f"`{ambiguous}` has no one answer for these rows; the compiler must refuse it") from None
    with arena.world(case.setup):
        found = arena.ask(view.query)
    assert found.columns == case.view.columns
    assert same_rows(found.rows, wanted), f"found:  {found.rows}\nwanted: {wanted}"


@given(case=cases())
def test_grain_is_unique(arena: Arena, case: Case) -> None:
    """What the compiler says of the columns is so: the grain is a key, NOT NULLs hold, types are the server's."""
    view = compiled_or_none(case)
    assume(view is not None)
    note(f"{view.query}\ngrain: {view.grain}\n{view.columns}")
    with arena.world(case.setup):
        found = arena.ask(view.query)
        claimed = {each.name: arena.type_oid(each.type) for each in view.columns if each.type is not None}
    assert tuple(each.name for each in view.columns) == found.columns
    places = [found.columns.index(name) for name in view.grain]
    keys = Counter(tuple(row[place] for place in places) for row in found.rows)
    assert all(count == 1 for count in keys.values()), f"not unique: {keys}"
    for column, values in zip(view.columns, zip(*found.rows, strict=True), strict=False):
        assert column.nullable or None not in values, f"{column.name} was said to be NOT NULL: {values}"
    types = dict(zip(found.columns, found.types, strict=True))
    assert claimed == {name: types[name] for name in claimed}
