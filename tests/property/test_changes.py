"""Any project can become any other one over the same tables, and itself again: what is deployed is what a fresh build would be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from hypothesis import assume, event, given, note, settings
from hypothesis import strategies as st

import mvc
from mvc.comparison.compare import compare
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from servers import NEWEST, Servers, new_database

from .catalog import Rows, Table
from .catalogs import catalogs, worlds
from .compiled import Refusal
from .joins import trees
from .server import same_rows
from .specs import Case, views_over
from .views import View

ANYTHING = ApplyOptions(frozenset(HAZARDS))


@dataclass(frozen=True)
class Change:
    """Two views of one name over the same tables, with rows."""

    before: Case
    after: Case

    @property
    def projects(self) -> tuple[Compiled, Compiled]:
        return tuple(mvc.compile(mvc.load(case.files())) for case in (self.before, self.after))  # type: ignore[return-value]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """The second is another view, or the first with columns dropped, renamed, in another order."""
    tables = {table.name: table for table in draw(catalogs())}
    first = draw(views_over(draw(trees(tables))))
    second = draw(_edited(first)) if draw(st.booleans()) else draw(views_over(draw(trees(tables))))
    rows = draw(worlds(tuple(tables.values())))
    return Change(*(_case(tables, view, rows) for view in (first, second)))


def _case(tables: dict[str, Table], view: View, rows: Rows) -> Case:
    return Case(tuple(tables.values()), view, rows)


@st.composite
def _edited(draw: st.DrawFn, view: View) -> View:
    plain = [each for each in view.aggregates if each.function != "expr"]
    kept = draw(st.lists(st.sampled_from(plain), unique_by=lambda each: each.name)) if plain else []
    names = draw(st.permutations([f"x{place}" for place in range(len(plain))]))
    renamed = [replace(each, name=name) for each, name in zip(kept, names, strict=False)]
    assume(view.dimensions or renamed)
    return replace(view, aggregates=tuple(renamed), where=view.where if draw(st.booleans()) else None)


@pytest.mark.slow
@settings(max_examples=30)
@given(change=changes())
def test_a_project_becomes_another_and_itself_again(servers: Servers, change: Change) -> None:
    try:
        before, after = change.projects
    except Refusal:
        assume(False)
    assert compare(before, before).empty
    assert compare(after, after).empty
    event("the same" if compare(before, after).empty else "different")
    with new_database(servers.get(NEWEST)) as database:
        connection = database.connect()
        connection.execute(change.before.setup)
        for project in (before, after, before):
            apply(connection, project, options=ANYTHING)
            again = plan(connection, project)
            assert again.empty, [(step.action, step.view, step.reason) for step in again.steps]
            assert not [item for item in again.drift if not item.kept]
            assert_like_a_fresh_build(connection, project)


def assert_like_a_fresh_build(connection: psycopg.Connection[Any], project: Compiled) -> None:
    for view in project.views:
        note(view.query)
        names = ", ".join(sorted(f'"{column.name}"' for column in view.columns))
        deployed = connection.execute(f"SELECT {names} FROM {view.schema}.{view.name}").fetchall()  # type: ignore[arg-type]
        fresh = connection.execute(f"SELECT {names} FROM (\n{view.query}\n) AS fresh").fetchall()  # type: ignore[arg-type]
        assert same_rows(deployed, fresh), f"deployed: {deployed}\nfresh: {fresh}"
