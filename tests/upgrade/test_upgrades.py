"""Every landed state of the runtime is upgraded to the present one: in place, with all that was deployed and all that others made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvc.postgres.apply import apply
from mvc.postgres.refresh import refresh
from mvc.postgres.refresh_view import How
from mvc.postgres.status import status
from servers import NEWEST, Database, Servers, new_database

from .projects import ROLES, ROWS, SCHEMA, VIEWS
from .restored import ANYTHING, GENERATIONS, Connection, create_roles, project_of, restored, second_plan
from .shape import Shape, shape_of

MAJORS = [15, NEWEST]
LATEST = GENERATIONS[-1]


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def empty(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param)) as database:
        yield database


@pytest.fixture
def newest(servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(NEWEST)) as database:
        yield database


def fresh(database: Database, generation: int) -> Connection:
    """The same project deployed where there was nothing."""
    create_roles(database, ROLES)
    connection = database.connect()
    connection.execute(SCHEMA + ROWS)
    apply(connection, project_of(generation))
    return connection


def wrong_rows(connection: Connection, generation: int) -> dict[str, int]:
    """For each view how many rows are stored that its query does not give, or are not."""
    found = {}
    for view in project_of(generation).views:
        stored = f"SELECT {', '.join(column.name for column in view.columns)} FROM {'.'.join(view.storage)}"
        difference = f"(({stored}) EXCEPT ALL ({view.query})) UNION ALL (({view.query}) EXCEPT ALL ({stored}))"
        [(found[view.name],)] = connection.execute(f"SELECT count(*) FROM ({difference}) AS d").fetchall()
    return found


def outcomes(connection: Connection, generation: int, mode: str | None = None) -> dict[str, tuple[str, str | None]]:
    kind = {"verify": "incremental"}.get(mode or "", mode or "full")
    names = [view.name for view in project_of(generation).views if kind in view.modes]
    done = refresh(connection, project_of(generation), names, how=How(mode))
    return {item.view: (item.status, item.mode) for item in done}


class TestFromEachState:
    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_nothing_tells_it_from_a_fresh_one(self, empty: Database, servers: Servers, generation: int) -> None:
        connection = restored(empty, generation)
        apply(connection, project_of(generation), terms=ANYTHING)
        with new_database(empty.server) as other:
            assert differences(shape_of(connection), shape_of(fresh(other, generation))) == []
        assert second_plan(connection, project_of(generation)) == []

    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_views_are_refreshed_and_watched(self, empty: Database, generation: int) -> None:
        connection = restored(empty, generation)
        project = project_of(generation)
        apply(connection, project, terms=ANYTHING)
        assert wrong_rows(connection, generation) == dict.fromkeys(VIEWS, 0)
        for mode in (None, "full", *(["incremental", "window", "verify"] if generation > 2 else [])):
            connection.execute("UPDATE orders SET amount = amount + 1, placed = placed + 1 WHERE id % 3 = 0")
            connection.execute("INSERT INTO orders SELECT max(id) + 1, 5, 3, '2026-03-03' FROM orders")
            assert {said for said, _ in outcomes(connection, generation, mode).values()} == {"completed"}
            assert {said for said, _ in outcomes(connection, generation).values()} == {"completed"}
            connection.execute("CALL mvc.refresh('public', 'per_day', 'full')")
            assert wrong_rows(connection, generation) == dict.fromkeys(VIEWS, 0), mode
        found = status(connection, project)
        assert {view.view for view in found.views} == set(VIEWS)
        assert [item.kind for item in found.drift] == []


def differences(upgraded: Shape, installed: Shape) -> list[str]:
    """What is only on one side."""
    return [
        f"{word} {kind}: {item}"
        for kind in installed
        for word, items in (("lacks", installed[kind] - upgraded[kind]), ("has", upgraded[kind] - installed[kind]))
        for item in sorted(items, key=str)
    ]
