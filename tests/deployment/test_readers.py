"""Readers and writers at work while views change: no error, nothing torn, and nobody waits for longer than an instant.

Every row of a view says which generation of the definition made it, so a statement that saw two of them is found. Waits for locks are
measured by the server (lock_waits.py); `--log-cli-level=info` tells those of the clients.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import Database, Servers, new_database

from .lock_waits import LockWaits, Wait
from .projects import ANYTHING, MAJORS, Connection, compiled, create_roles, in_tables

log = logging.getLogger(__name__)
CUSTOMERS, ORDERS = 2000, 8000
SCHEMA = """
CREATE TABLE c (id int PRIMARY KEY, city text NOT NULL);
CREATE TABLE o (id int PRIMARY KEY, c_id int NOT NULL REFERENCES c, amount int NOT NULL);
"""
ROWS = f"""
INSERT INTO c SELECT g, 'city ' || g % 7 FROM generate_series(1, {CUSTOMERS}) AS g;
INSERT INTO o SELECT g, g % {CUSTOMERS} + 1, 10 FROM generate_series(1, {ORDERS}) AS g;
"""
TOTAL = ORDERS * 10
OUTSIDE = """
CREATE VIEW theirs AS SELECT id, gen, total AS t FROM v;
CREATE VIEW "their own" AS SELECT count(*) AS n, min(gen) AS low, max(gen) AS high, sum(t) AS total FROM theirs;
GRANT SELECT ON "their own", theirs TO dm_reader;
"""


def generation(
    number: int,
    *,
    columns: dict[str, Any] | None = None,
    using: Any = "total > 0",
    index: str = "total",
    tables: bool = False,
    **more: Any,
) -> Compiled:
    """The project in which every row of `v` and of `w`, which reads it, says `number`."""
    files = {
        "mvc.yml": {"project": "gen", "catalog": "schema.sql", **more.pop("settings", {})},
        "schema.sql": SCHEMA,
        "views/v.yml": {
            "view": "v",
            "sources": {"c": {"table": "c"}, "o": {"table": "o", "on": "o.c_id = c.id"}},
            "dimensions": {"id": "c.id", "city": "c.city"},
            "aggregates": {"total": {"sum": "o.amount"}, "gen": {"max": f"o.id * 0 + {number}"}, **(columns or {})},
            "indexes": [{"columns": [index]}],
            **more,
        },
        "views/w.yml": {
            "view": "w",
            "sources": {"v": {"view": "v"}},
            "dimensions": {"city": "v.city"},
            "aggregates": {"total": {"sum": "v.total"}, "gen": {"max": "v.gen"}, "low": {"min": "v.gen"}},
        },
        "policies/p.yml": {
            "policies": [
                {"policy": "p", "view": "v", "to": ["dm_reader"], "using": using},
                {"policy": "q", "view": "w", "to": ["dm_reader"], "using": True},
            ]
        },
    }
    if tables:
        in_tables(files)
    return compiled(files)


EXTRA = {"extra": {"count": "o"}}
CHANGES: dict[str, Callable[[int], Compiled]] = {
    "redefined": generation,
    "column added": lambda n: generation(n, columns=EXTRA),
    "column removed": generation,
    "column retyped": lambda n: generation(n, columns={"extra": {"max": "o.amount * 1.5"}}),
    "column of another type": lambda n: generation(n, columns={"extra": {"max": "c.city"}}),
    "column renamed": lambda n: generation(n, columns={"other": {"max": "c.city"}}),
    "two arms": lambda n: generation(n, using="total > 0 OR current_setting('server_version') = 'x'"),
    "rule changed": lambda n: generation(n, using="total >= 10"),
    "no rule": lambda n: generation(n, using=True),
    "index": lambda n: generation(n, index="city"),
    "option": lambda n: generation(n, **{"with": {"fillfactor": 80}}),
    "plain": lambda n: generation(n, materialized=False, indexes=[]),
    "materialized": generation,
    "time zone": lambda n: generation(n, settings={"timezone": "Asia/Tokyo"}),
    "table": lambda n: generation(n, tables=True),
    "column added to a table": lambda n: generation(n, columns=EXTRA, tables=True),
    "column removed from a table": lambda n: generation(n, tables=True),
    "no table": generation,
    "rule loosened": lambda n: generation(n, using="total > 0"),
}


@dataclass
class Watched:
    """What the loops saw: seconds that one statement took, by loop, with when it began, and everything that went wrong."""

    waits: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    locks: LockWaits = field(default_factory=LockWaits)
    done: threading.Event = field(default_factory=threading.Event)

    def longest(self, *names: str) -> float:
        return max(seconds for name, found in self.waits.items() if not names or name in names for _, seconds in found)


Loop = Callable[[Connection, "Watched", str], None]


def timed(watched: Watched, name: str, connection: Connection, query: str, **options: Any) -> list[Any]:
    began = time.perf_counter()
    rows = connection.execute(query.encode(), **options).fetchall()
    watched.waits.setdefault(name, []).append((began, time.perf_counter() - began))
    return rows


WHOLE = "SELECT count(*), min(gen), max(gen), sum(total) FROM v"
BOTH = "SELECT v.n, v.low, v.high, w.low, w.high, v.total, w.total FROM (SELECT count(*) AS n, min(gen) AS low, max(gen) AS high, sum(total) AS total FROM v) AS v, (SELECT min(low) AS low, max(gen) AS high, sum(total) AS total FROM w) AS w"


def check(watched: Watched, name: str, rows: list[Any]) -> None:
    count, low, high, *rest = rows[0]
    sums, gens = rest[-1:], {low, high, *rest[:-2]} if len(rest) > 1 else {low, high}
    if count != CUSTOMERS or len(gens) != 1 or set(sums) != {TOTAL}:
        watched.faults.append(f"{name} saw {rows[0]}")


def one_by_one(connection: Connection, watched: Watched, name: str) -> None:
    check(watched, name, timed(watched, name, connection, WHOLE, prepare=False))


def both_at_once(connection: Connection, watched: Watched, name: str) -> None:
    """Two views in one statement are of one generation: they are switched together."""
    check(watched, name, timed(watched, name, connection, BOTH, prepare=False))


def prepared(connection: Connection, watched: Watched, name: str) -> None:
    check(watched, name, timed(watched, name, connection, WHOLE, prepare=True))


def through_their_view(connection: Connection, watched: Watched, name: str) -> None:
    check(watched, name, timed(watched, name, connection, 'SELECT n, low, high, total FROM "their own"', prepare=True))


def in_transactions(connection: Connection, watched: Watched, name: str) -> None:
    """Of one generation within REPEATABLE READ it need not be: what is looked up is always the newest. Each statement is whole."""
    with connection.transaction():
        for _ in range(3):
            check(watched, name, timed(watched, name, connection, WHOLE, prepare=False))
            time.sleep(0.002)


def writing(connection: Connection, watched: Watched, name: str) -> None:
    """Moves an amount from one order to another: every sum over all of them stays."""
    place = len(watched.waits.get(name, ())) % (ORDERS - 1) + 1
    query = f"UPDATE o SET amount = amount + CASE id WHEN {place} THEN 1 ELSE -1 END WHERE id IN ({place}, {place + 1}) RETURNING 1"
    if len(timed(watched, name, connection, query, prepare=False)) != 2:
        watched.faults.append("a write was lost")


LOOPS: dict[str, tuple[str | None, Loop]] = {
    "autocommit": ("dm_reader", one_by_one),
    "both": (None, both_at_once),
    "prepared": ("dm_reader", prepared),
    "outside": ("dm_reader", through_their_view),
    "transactions": ("dm_reader", in_transactions),
    "writer": (None, writing),
}


@contextmanager
def watching(database: Database, loops: dict[str, tuple[str | None, Loop]]) -> Iterator[Watched]:
    """Runs loops beside what is done inside, each on a connection of its own."""
    watched = Watched()

    def run(name: str, role: str | None, loop: Loop) -> None:
        try:
            with psycopg.connect(database.url, autocommit=True) as connection:
                watched.locks.listen(connection, name)
                if role:
                    connection.execute(f"SET ROLE {role}")
                while not watched.done.is_set():
                    loop(connection, watched, name)
                    time.sleep(0.004)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is what the test looks for
            watched.faults.append(f"{name}: {problem!r}")

    threads = [threading.Thread(target=run, args=(name, *loop)) for name, loop in loops.items()]
    for thread in threads:
        thread.start()
    try:
        yield watched
    finally:
        watched.done.set()
        for thread in threads:
            thread.join()


def build(connection: Connection) -> None:
    create_roles(connection)
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    change(connection, generation(0))
    connection.execute(OUTSIDE)
    connection.execute("VACUUM ANALYZE")


def change(connection: Connection, project: Compiled, patience: float = 30.0) -> None:
    apply(connection, project, options=ApplyOptions(ANYTHING, pace=Timeouts(patience=patience)))


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def generations(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "generations", build)) as database:
        yield database


def test_readers_and_writers_notice_no_change(generations: Database):
    connection = generations.connect()
    longest: dict[str, float] = {}
    with watching(generations, LOOPS) as watched:
        time.sleep(0.2)
        usual = watched.longest()
        for number, (name, project) in enumerate(CHANGES.items(), 1):
            began = time.perf_counter()
            with watched.locks.deploying(connection, generations.url):
                change(connection, project(number))
            time.sleep(0.05)
            during = [
                seconds for found in watched.waits.values() for at, seconds in list(found) if at + seconds > began
            ]
            longest[name] = max(during, default=0.0)
            assert watched.faults == [], name
        assert plan(connection, project(number)).empty
    assert watched.faults == []
    told = {name: round(watched.longest(name), 3) for name in LOOPS}
    log.info("%s: usual %.3f s, longest by loop %s, by change %s", generations.major, usual, told, longest)
    assert min(len(found) for found in watched.waits.values()) > len(CHANGES)
    assert watched.locks.ours() == []


@pytest.mark.parametrize("recreated", [False, True], ids=["in place", "created anew"])
def test_a_long_transaction_on_the_view_holds_up_the_switch_and_nobody_else(generations: Database, recreated):
    connection, slow = generations.connect(), generations.connect()
    after = generation(1) if not recreated else generation(1, columns=EXTRA)
    if recreated:
        change(connection, after)
        after = generation(2)
    slow.execute("BEGIN")
    slow.execute("SELECT count(*) FROM theirs")
    until = threading.Timer(2.0, slow.commit)
    readers = {name: LOOPS[name] for name in ("autocommit", "both", "outside")}
    with watching(generations, readers) as watched:
        until.start()
        began = time.perf_counter()
        with watched.locks.deploying(connection, generations.url):
            change(connection, after)
        took = time.perf_counter() - began
        until.join()
    assert watched.faults == []
    log.info("%s: the switch took %.2f s, the longest wait %.3f s", generations.major, took, watched.longest())
    assert took > 1.5
    assert watched.locks.ours() == []


def twelve(number: int, cast: str = "") -> Compiled:
    """Twelve views that go together, since each reads the first; every row says `number`."""
    views = {
        f"views/x{place}.yml": {
            "view": f"x{place}",
            "sources": {"c": {"table": "c"}} | ({"first": {"view": "x0", "on": "first.id = c.id"}} if place else {}),
            "dimensions": {"id": "c.id"},
            "aggregates": {"gen": {"max": f"(c.id * 0 + {number}){cast}"}},
        }
        for place in range(12)
    }
    policy = {"policy": "p", "view": [view["view"] for view in views.values()], "to": ["dm_reader"], "using": "gen > 0"}
    files = {
        "mvc.yml": {"project": "twelve", "catalog": "schema.sql"},
        "schema.sql": SCHEMA,
        "policies/p.yml": {"policies": [policy]},
    }
    return compiled(files | views)


def reading(name: str) -> Loop:
    query = f"SELECT count(*), min(gen) FROM {name}"
    return lambda connection, watched, loop: bool(timed(watched, loop, connection, query, prepare=False))


@pytest.mark.parametrize("cast", ["", "::bigint"], ids=["in place", "created anew"])
def test_twelve_views_are_switched_together(generations: Database, cast: str):
    """Beside others the work itself takes longer, which no statistics tell: the quietest of three times counts."""
    connection = generations.connect()
    change(connection, twelve(1))
    loops = {name: ("dm_reader", reading(name)) for name in ("x0", "x1", "x11")} | {"writer": (None, writing)}
    too_long: list[list[Wait]] = []
    for number in (2, 3, 4):
        after = twelve(number, cast if number % 2 == 0 else "")
        assert [len(switch.views) for switch in plan(connection, after).switches] == [12]
        with watching(generations, loops) as watched:
            time.sleep(0.1)
            with watched.locks.deploying(connection, generations.url):
                change(connection, after)
            time.sleep(0.05)
        assert watched.faults == []
        log.info("%s: the switch worked for %s ms", generations.major, watched.locks.worked)
        rows = connection.execute("SELECT min(x0.gen), min(x11.gen) FROM x0 JOIN x11 USING (id)").fetchone()
        assert rows == (number, number)
        too_long.append(watched.locks.ours())
        if not too_long[-1]:
            return
    raise AssertionError(too_long)


def test_a_switch_that_runs_out_of_patience_leaves_everything(generations: Database):
    connection, slow = generations.connect(), generations.connect()
    slow.execute("BEGIN")
    slow.execute("SELECT count(*) FROM theirs")
    with pytest.raises(ServerError, match="in use"):
        change(connection, generation(7), patience=0.5)
    assert slow.execute("SELECT max(gen) FROM v").fetchone() == (0,)
    slow.commit()
    assert not plan(connection, generation(7)).empty
    change(connection, generation(7))
    assert connection.execute("SELECT min(gen), max(gen), count(*) FROM v").fetchone() == (7, 7, CUSTOMERS)


@pytest.mark.parametrize("back", [False, True], ids=["to what is new", "to what was built before"])
def test_an_older_snapshot_does_not_see_it_empty(generations: Database, back):
    """What was built after the transaction's snapshot has rows that every snapshot sees (FACTS 7)."""
    connection, older = generations.connect(), generations.connect()
    if back:
        change(connection, generation(1))
    older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    older.execute("SELECT count(*) FROM c")
    change(connection, generation(0 if back else 1, columns=None if back else EXTRA))
    assert older.execute("SELECT count(*), sum(total) FROM v").fetchone() == (CUSTOMERS, TOTAL)
    assert older.execute('SELECT n, total FROM "their own"').fetchone() == (CUSTOMERS, TOTAL)
    assert older.execute("SELECT sum(total) FROM w").fetchone() == (TOTAL,)
    older.execute("COMMIT")
