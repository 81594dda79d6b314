"""The compiled view on a real server, against the oracle."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, event, given, note, settings
from psycopg.errors import ForeignKeyViolation

from .catalog import based
from .compiled import compiled_in_part, compiled_or_none
from .oracle import AmbiguousArgument, expected
from .server import Arena, same_rows
from .specs import Case, cases

pytestmark = pytest.mark.slow


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


@settings(max_examples=25)
@given(case=cases())
def test_a_refresh_of_a_table_equals_the_query(arena: Arena, case: Case) -> None:
    """From nothing, from what it is already, after rows went, and from rows that are none of it."""
    assume(compiled_or_none(case) is not None)
    project = compiled_in_part(case)
    view = project.view(case.view.name)
    assume(view.merge is not None)
    note(view.merge.in_place)
    note(view.merge.anew)
    with arena.world(case.setup):
        arena.connection.execute("DROP SCHEMA IF EXISTS mvc CASCADE")
        arena.connection.execute(project.sql)
        stored = f"mvc.{view.storage[1]}"
        for statement in (view.merge.in_place, view.merge.anew):
            arena.connection.execute(f"TRUNCATE {stored}")
            assert merged(arena, statement, stored) == arena.ask(f"SELECT count(*) FROM {stored}").rows[0][0]
            assert merged(arena, statement, stored) == 0
            for table in based(case.tables):
                lose_a_row(arena, f'"{table.name}"')
            before = rows(arena, stored)
            changed = merged(arena, statement, stored)
            assert max((before - rows(arena, stored)).total(), (rows(arena, stored) - before).total()) <= changed
            assert changed <= (before - rows(arena, stored)).total() + (rows(arena, stored) - before).total()
            arena.connection.execute(f"DELETE FROM {stored} WHERE ctid IN (SELECT ctid FROM {stored} LIMIT 1)")
            assert merged(arena, statement, stored) <= 1
    arena.leave()


def merged(arena: Arena, statement: str, stored: str) -> int:
    touched = arena.ask(statement).rows[0][0]
    assert rows(arena, stored) == rows(arena, f"{stored}_query")
    assert isinstance(touched, int)
    return touched


def rows(arena: Arena, relation: str) -> Counter[Any]:
    return Counter(row[0] for row in arena.ask(f"SELECT t::text FROM {relation} AS t").rows)


def lose_a_row(arena: Arena, table: str) -> None:
    try:
        with arena.connection.transaction():
            arena.connection.execute(f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} LIMIT 1)")
    except ForeignKeyViolation:
        pass
