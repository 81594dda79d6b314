"""Every landed state of the runtime is upgraded to the present one: in place, with all that was deployed and all that others made."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

import mvc
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.refresh_view import RefreshOptions
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.status import status
from servers import NEWEST, Database, Servers, new_database

from .projects import CHANGED, ROLES, ROWS, SCHEMA, VIEWS
from .restored import ANYTHING, GENERATIONS, Connection, create_roles, project_of, restored, second_plan
from .shape import Shape, outside, shape_of

MAJORS = [15, NEWEST]
LATEST = GENERATIONS[-1]


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def empty(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param), bare=True) as database:
        yield database


@pytest.fixture
def newest(servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(NEWEST), bare=True) as database:
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
    done = refresh(connection, project_of(generation), names, options=RefreshOptions(mode))
    return {item.view: (item.status, item.mode) for item in done}


class TestFromEachState:
    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_nothing_tells_it_from_a_fresh_one(self, empty: Database, servers: Servers, generation: int) -> None:
        connection = restored(empty, generation)
        apply(connection, project_of(generation), options=ANYTHING)
        with new_database(empty.server, bare=True) as other:
            assert differences(shape_of(connection), shape_of(fresh(other, generation))) == []
        assert second_plan(connection, project_of(generation)) == []

    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_views_are_refreshed_and_watched(self, empty: Database, generation: int) -> None:
        connection = restored(empty, generation)
        project = project_of(generation)
        apply(connection, project, options=ANYTHING)
        assert wrong_rows(connection, generation) == dict.fromkeys(VIEWS, 0)
        for mode in (None, "full", *(["incremental", "window", "verify"] if generation > 2 else [])):
            connection.execute("UPDATE orders SET amount = amount + 1, placed = placed + 1 WHERE id % 3 = 0")
            connection.execute("INSERT INTO orders SELECT max(id) + 1, 5, 3, '2026-03-03' FROM orders")
            assert {said for said, _ in outcomes(connection, generation, mode).values()} == {"completed"}
            assert {said for said, _ in outcomes(connection, generation).values()} == {"completed"}
            connection.execute("CALL mvc.refresh('public', 'per_day', 'full')")
            assert wrong_rows(connection, generation) == dict.fromkeys(VIEWS, 0), mode
        if generation > 2:
            for call in (
                "CALL mvc.run_schedule('shop', 'nightly')",
                "SELECT refresh_everything()",
                "SELECT refresh_just('per_city')",
            ):
                connection.execute(call.encode())
            assert connection.execute("SELECT count(*) FROM how_views_are").fetchone() == (3,)
        found = status(connection, project)
        assert {view.view for view in found.views} == set(VIEWS)
        assert [item.kind for item in found.drift] == []

    @pytest.mark.parametrize("generation", [number for number in GENERATIONS if number > 2])
    def test_what_only_new_tables_had_is_there(self, empty: Database, generation: int) -> None:
        """Triggers for what is replicated, and views that refuse writers."""
        connection = restored(empty, generation)
        query = (
            "SELECT count(*) FROM mvc.watched_table AS w WHERE EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgfoid = format('mvc.%I', w.log)::regproc"
            " AND t.tgrelid = format('%I.%I', w.table_schema, w.table_name)::regclass AND t.tgtype & 3 = 1 AND t.tgenabled = 'R')"
        )
        assert connection.execute(query).fetchone() == ((2 if generation > 5 else 0),)
        apply(connection, project_of(generation), options=ANYTHING)
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            connection.execute("DELETE FROM per_customer")
        assert connection.execute(query).fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM mvc.watched_table").fetchone() == (2,)
        kept = generation > 5  # before, it was not kept with what the rows were computed
        assert outcomes(connection, generation)["per_customer"] == ("completed", "incremental" if kept else "full")
        assert wrong_rows(connection, generation)["per_customer"] == 0


class TestWithMore:
    @pytest.mark.parametrize("generation", [number for number in GENERATIONS if number > 1])
    def test_the_project_changes_with_it_and_goes_back(self, newest: Database, generation: int) -> None:
        """What is put back was written by the older compiler."""
        connection, before = restored(newest, generation), project_of(generation)
        changed = mvc.compile(mvc.load(CHANGED))
        apply(connection, changed, options=ANYTHING)
        assert second_plan(connection, changed) == []
        connection.execute("UPDATE orders SET amount = amount + 1")
        assert {item.status for item in refresh(connection, changed)} == {"completed"}
        rollback(connection, changed, ANYTHING)
        left = {step.partition(" ")[0] for step in second_plan(connection, before)}
        assert left <= ({"record"} if generation == 2 else set())  # which said less of schedules and of refreshes
        assert {item.status for item in refresh(connection, before)} == {"completed"}
        assert connection.execute(
            "SELECT count(*) FROM mvc.schedules WHERE cron IS NOT NULL AND times IS NULL"
        ).fetchone() == (0,)

    def test_by_a_plain_role_that_owns_it(self, newest: Database) -> None:
        with psycopg.connect(newest.url, autocommit=True) as admin:
            create_roles(newest, ["up_owner LOGIN"])
            admin.execute(
                f"GRANT CREATE ON DATABASE {newest.name} TO up_owner; GRANT CREATE ON SCHEMA public TO up_owner"
            )
        connection = restored(newest, LATEST, "up_owner")
        with psycopg.connect(newest.url, user="up_owner", autocommit=True) as owner:
            apply(owner, project_of(LATEST), options=ANYTHING)
            assert second_plan(owner, project_of(LATEST)) == []
            assert {item.status for item in refresh(owner, project_of(LATEST))} == {"completed"}
        assert wrong_rows(connection, LATEST)["per_customer"] == 0

    def test_the_views_of_others_are_as_they_were(self, newest: Database) -> None:
        connection = restored(newest, LATEST)
        before = outside(connection)
        apply(connection, project_of(LATEST), options=ANYTHING)
        assert outside(connection) == before
        assert connection.execute("SELECT count(*) FROM rep.late").fetchone() == (3,)


def differences(upgraded: Shape, installed: Shape) -> list[str]:
    """What is only on one side."""
    return [
        f"{word} {kind}: {item}"
        for kind in installed
        for word, items in (("lacks", installed[kind] - upgraded[kind]), ("has", upgraded[kind] - installed[kind]))
        for item in sorted(items, key=str)
    ]
