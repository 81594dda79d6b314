"""An upgrade while readers read, writers write and refreshes run; and one that is interrupted or has to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest

from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import NEWEST, Database, Servers, new_database

from .projects import VIEWS
from .restored import ANYTHING, GENERATIONS, Connection, project_of, restored, second_plan
from .shape import shape_of
from .test_changed import OTHERWISE
from .test_upgrades import wrong_rows

LATEST = GENERATIONS[-1]
AGED = ("another argument", "another return type", "a function that a view calls", "the function that logs changes")


@pytest.fixture(params=[15, NEWEST], ids=lambda major: f"pg{major}")
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param), bare=True) as created:
        yield created


@contextmanager
def looping(database: Database, work: Callable[[Connection, int], None]) -> Iterator[list[str]]:
    """Does it again and again on a connection of its own; yields what went wrong, and how often it was done as the last item."""
    problems: list[str] = []
    stop = threading.Event()
    done = 0

    def loop() -> None:
        nonlocal done
        with psycopg.connect(database.url, autocommit=True) as connection:
            while not stop.is_set():
                try:
                    work(connection, done)
                except psycopg.Error as problem:
                    problems.append(f"{type(problem).__name__}: {problem}")
                done += 1
                time.sleep(0.002)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield problems
    finally:
        stop.set()
        thread.join()
        assert done > 10


def read(connection: Connection, _: int) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL ROLE up_reader")
        connection.execute("SELECT count(*), sum(bought) FROM per_customer")
        connection.execute("SELECT * FROM large")


def look_on(connection: Connection, _: int) -> None:
    connection.execute("SELECT * FROM rep.late")
    # By their names: a statement that a driver has prepared for `*` fails where a view got one more column.
    connection.execute("SELECT view_schema, view_name, rows, data_as_of FROM mvc.view_status")


def write(connection: Connection, number: int) -> None:
    connection.execute("UPDATE orders SET amount = amount + 1 WHERE id = %s", (number % 40 + 1,))
    connection.execute("INSERT INTO orders VALUES (%s, %s, 3, '2026-04-04')", (10_000 + number, number % 11 + 1))


def refresh_all(connection: Connection, number: int) -> None:
    connection.execute("CALL mvc.refresh('public', %s)", (("per_customer", "per_city", "per_day")[number % 3],))


def test_nobody_notices(database: Database) -> None:
    connection, project = restored(database, LATEST), project_of(LATEST)
    with (
        looping(database, read) as readers,
        looping(database, look_on) as onlookers,
        looping(database, write) as writers,
        looping(database, refresh_all) as refreshes,
    ):
        apply(connection, project, options=ANYTHING)
        for what in AGED[: None if database.major == NEWEST else 1]:
            time.sleep(0.3)
            with connection.transaction():
                connection.execute("LOCK TABLE mvc.refresh_log IN SHARE MODE")
                connection.execute("UPDATE mvc.installation SET runtime = 'an older one'")
            if what == "another return type":
                connection.execute(OTHERWISE[what].encode())
            apply(connection, project, options=ANYTHING)
    assert (readers, onlookers, writers) == ([], [], [])
    # A CALL of an older runtime that is between two of its transactions finds what it goes on with gone.
    assert [text for text in refreshes if "cache lookup failed for function" not in text] == []
    assert len(refreshes) <= 2
    assert [item.status for item in refresh(connection, project)] == ["completed"] * 3
    connection.execute("CALL mvc.refresh('public', 'per_day', 'full')")
    assert wrong_rows(connection, LATEST) == dict.fromkeys(VIEWS, 0)
    assert second_plan(connection, project) == []


@pytest.mark.parametrize("part", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
def test_interrupted_anywhere_the_older_one_is_whole(database: Database, part: float) -> None:
    connection, project = restored(database, LATEST), project_of(LATEST)
    before = shape_of(connection)
    upgrade, *_ = plan(connection, project).prepare
    statements = upgrade.statements[: max(1, round(len(upgrade.statements) * part))]
    with psycopg.connect(database.url) as doomed, suppress(psycopg.OperationalError):
        for statement in statements:
            doomed.execute(statement.encode())
        connection.execute("SELECT pg_terminate_backend(%s)", (doomed.info.backend_pid,))
        doomed.execute("COMMIT")
    assert shape_of(connection) == before
    connection.execute("UPDATE orders SET amount = amount + 1")
    connection.execute("CALL mvc.refresh('public', 'per_customer')")
    assert wrong_rows(connection, LATEST)["per_customer"] == 0
    apply(connection, project, options=ANYTHING)
    assert second_plan(connection, project) == []


def test_who_is_in_the_way_is_named(database: Database) -> None:
    connection, project = restored(database, LATEST), project_of(LATEST)
    before = shape_of(connection)
    with psycopg.connect(database.url, application_name="a long refresh") as holder:
        holder.execute("UPDATE mvc.refresh_log SET detail = 'in use'")
        with pytest.raises(ServerError, match="was in use for") as refused:
            apply(connection, project, options=ApplyOptions(ANYTHING.allow, pace=Timeouts(0.5)))
        assert refused.value.hint.startswith("mvc.refresh_log is held by") and "`a long refresh`" in refused.value.hint
    assert shape_of(connection) == before
    apply(connection, project, options=ANYTHING)
    assert second_plan(connection, project) == []
