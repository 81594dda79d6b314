"""Writers of every kind against refreshes of every view of the booking platform, two at a time: no row may be wrong at the snapshot of
any refresh, and in the end the views hold what their oracles say.

`MVC_STRESS_SECONDS` makes it last longer, `MVC_STRESS_SEED` makes it another one.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from typing import Any

import psycopg
from psycopg import errors

from mvc.compiled.view import CompiledView
from reference.comparison import differences, read_oracle, read_relation
from servers import Database

from .checked import Run, refresh, stored
from .projects import booking
from .writers import VIEWS, Writers

Connection = psycopg.Connection[Any]
SECONDS = float(os.environ.get("MVC_STRESS_SECONDS", "6"))
SEED = int(os.environ.get("MVC_STRESS_SEED", "1"))
HELD_UP = {  # by a TRUNCATE of several tables: it gives up, and says so
    "deadlock detected",
    "other refreshes of this view, or a TRUNCATE or a change of partitions, came between, time and again",
}
SOMETIMES_WHOLE = """
CREATE OR REPLACE FUNCTION mvc.over_threshold(stored mvc.stored_relation, groups bigint) RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT 'by chance' WHERE random() < 0.15 $$
"""


class Refreshers:
    """Threads that refresh one view after the other, and look at each in its own snapshot."""

    def __init__(self, database: Database, views: list[CompiledView], number: int, seed: int) -> None:
        self.runs: list[Run] = []
        self.outcomes: Counter[str] = Counter()
        self.failures: list[BaseException] = []
        self._views = views
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._refresh, args=(database.connect(), random.Random(seed * 1000 + n)))
            for n in range(number)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def refreshed_in_part(self) -> set[str]:
        return {run.view for run in self.runs if run.mode == "incremental" and run.changed}

    def join(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
        if self.failures:
            raise self.failures[0]

    def _refresh(self, connection: Connection, chance: random.Random) -> None:
        try:
            while not self._stop.is_set():
                self._one(
                    connection, chance.choice(self._views), chance.choice(["incremental"] * 8 + ["verify", "full"])
                )
        except BaseException as error:  # noqa: BLE001 - the test raises it
            self.failures.append(error)

    def _one(self, connection: Connection, view: CompiledView, mode: str) -> None:
        emptied: list[bool] = []
        try:
            run = refresh(connection, view, mode, also=lambda checked: emptied.append(emptied_behind(checked)))
        except errors.DeadlockDetected:  # with a TRUNCATE that locks several tables, as the check goes on to read them
            self.outcomes["check deadlocked"] += 1
            return
        if run.wrong and emptied[-1]:  # since the refresh, which did not need the table; the check finds it empty
            self.outcomes["emptied before the check"] += 1
            return
        self.outcomes[f"{run.status} {run.mode}"] += 1
        self.runs.append(run)


def emptied_behind(connection: Connection) -> bool:
    """Whether a table has other files by now than in the transaction's snapshot: then not even the snapshot sees its rows."""
    row = connection.execute(
        "SELECT count(*) > 0 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND relfilenode IS DISTINCT FROM pg_relation_filenode(oid)"
    ).fetchone()
    return row == (True,)


def deployed(connection: Connection) -> list[CompiledView]:
    found = {name for (name,) in connection.execute("SELECT view_name FROM mvc.deployed_view")}
    return [view for view in booking().views if view.name in found]


def test_every_kind_of_writer_against_every_view(platform: Database):
    connection = platform.connect()
    connection.execute(VIEWS + ";" + SOMETIMES_WHOLE)
    views = deployed(connection)
    writers, refreshers = Writers(platform, 5, SEED), Refreshers(platform, views, 2, SEED)
    names = {view.name for view in views}
    enough, at_last = (
        time.monotonic() + SECONDS,
        time.monotonic() + 10 * SECONDS,
    )  # on a busy machine less happens in a second
    with writers.writing():
        refreshers.start()
        while time.monotonic() < (enough if refreshers.refreshed_in_part() == names else at_last) and not (
            writers.failures or refreshers.failures or any(run.wrong for run in refreshers.runs)
        ):
            writers.stop.wait(0.05)
    refreshers.join()
    wrong = [(run, len(run.wrong)) for run in refreshers.runs if run.wrong]
    assert not wrong, wrong[:3]
    failed = [run for run in refreshers.runs if run.status not in ("completed", "skipped") and run.error not in HELD_UP]
    assert not failed, failed[:3]
    assert refreshers.outcomes["emptied before the check"] <= len(refreshers.runs) / 20
    assert refreshers.refreshed_in_part() == names, "too little happened to prove anything"
    assert set(writers.done) == {"at_once", "late", "partly_taken_back", "taken_back", "in_two_phases"}
    assert_as_the_oracles_say(connection, views)


def assert_as_the_oracles_say(connection: Connection, views: list[CompiledView]) -> None:
    """After a last refresh of what changed; both are read at its moment."""

    def look(view: CompiledView, checked: Connection) -> None:
        expected = read_oracle(checked, view.name)
        found = read_relation(checked, stored(view), view.name, expected.types)
        assert differences(view.name, found, expected) == []

    connection.execute(
        "CREATE OR REPLACE FUNCTION mvc.over_threshold(stored mvc.stored_relation, groups bigint) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'"
    )
    for view in views:
        run = refresh(connection, view, "incremental", also=lambda checked, view=view: look(view, checked))
        assert (run.status, run.wrong) == ("completed", []), run
    assert connection.execute(
        "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()"
    ).fetchone() == (0,)
