"""A deployment that is interrupted anywhere: readers have the old or the new, whole, at every moment; nothing is half in the
ledger; and the next one ends where the first was to end.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.leftovers import find_leftovers
from mvc.engines.postgres.plan.steps import HAZARDS, Step, Switch
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import ROOT, Database, Servers, installations, need, new_database, new_server, newest, restart

pytestmark = pytest.mark.by_turns

SCHEMA = """\
CREATE TABLE c (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE o (id int PRIMARY KEY, c_id int NOT NULL REFERENCES c, amount numeric NOT NULL, divisor int NOT NULL);
"""
ROWS = """
INSERT INTO c SELECT g, 'c' || g FROM generate_series(1, 150) AS g;
INSERT INTO o SELECT g, g % 150 + 1, g, 1 FROM generate_series(1, 600) AS g;
"""
VIEW = """\
view: v
description: {description}
sources:
  c: {{table: c}}
  o: {{table: o, on: o.c_id = c.id}}
dimensions: {{id: c.id, name: c.name}}
aggregates:
  total: {{sum: {summed}, default: 0}}
{more}indexes: [{{columns: [{index}]}}, {{columns: [name]}}]
"""
READING = "view: w\nsources: {v: {view: v}}\ndimensions: {id: v.id}\naggregates: {t: {sum: v.total}}\n"
ALONE = """\
view: alone
sources: {c: {table: c}}
dimensions: {id: c.id}
aggregates: {n: {count: c}}
indexes: [{columns: [%s]}]
with: {fillfactor: %d}
"""
POLICIES = """\
policies:
  - {policy: rows, view: v, to: [di_reader], using: total > 0}
  - {policy: all, view: [w, alone], to: [%s], using: true}
"""
ALLOW = frozenset(HAZARDS)


def project(
    description: str = "First",
    summed: str = "o.amount",
    more: str = "  n: {count: o}\n",
    readers: str = "di_reader",
    alone: str = ALONE % ("n", 90),
    refreshers: str = "",
    gone: bool = False,
    **changed: str,
) -> Compiled:
    view = VIEW.format(description=description, summed=summed, more=more, index="total desc" if gone else "total")
    files = {
        "mvc.yml": f"project: shop\ncatalog: schema.sql\nrefresh_roles: [{refreshers}]\n",
        "schema.sql": SCHEMA,
        "views/v.yml": view,
        "views/w.yml": READING,
        "views/alone.yml": alone,
        "policies/p.yml": POLICIES % readers,
    }
    if gone:
        files["views/gone.yml"] = "view: gone\nsources: {c: {table: c}}\ndimensions: {id: c.id}\n"
    return mvc.compile(mvc.load(files | changed))


OLD = project(gone=True)
# Another meaning, a column more and one less, what reads it, readers, refreshers, another index and option, a view that goes.
NEW = project(
    "Second", "o.amount * 2", "  most: {max: o.amount}\n", "di_reader, di_other", ALONE % ("id, n", 80), "di_other"
)


def build(connection: psycopg.Connection[Any]) -> None:
    for role in ("di_reader", "di_other"):
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute(f"CREATE ROLE {role}")
    connection.execute(SCHEMA + ROWS)
    apply(connection, OLD)


@pytest.fixture
def server(postgres_server: EmbeddedServer) -> EmbeddedServer:
    return postgres_server


@contextmanager
def deployed(servers: Servers, server: EmbeddedServer) -> Iterator[Database]:
    """A database in which the old project is deployed."""
    with new_database(server, servers.template(server, "interrupted_template", build)) as database:
        yield database


@pytest.fixture
def shop(servers: Servers, server: EmbeddedServer) -> Iterator[Database]:
    with deployed(servers, server) as database:
        yield database


SEEN = (
    "SELECT md5(string_agg(row, '')) FROM (SELECT 'v' || to_jsonb(v)::text AS row FROM v"
    " UNION ALL SELECT 'w' || to_jsonb(w)::text FROM w ORDER BY 1) AS rows"
)


def seen(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(SEEN).fetchone()
    assert row
    return str(row[0])


def go(connection: psycopg.Connection[Any], compiled: Compiled = NEW, patience: float = 10.0, **more: Any) -> Any:
    terms = ApplyOptions(
        ALLOW - more.pop("refuse", frozenset()), more.pop("plan_id", ""), Timeouts(patience, more.pop("timeout", None))
    )
    return apply(connection, compiled, options=terms, **more)


class Watch:
    """A reader who never stops. `seen` are the different things that he saw, in order."""

    def __init__(self, database: Database) -> None:
        self._connection = database.connect()
        self.seen = [seen(self._connection)]
        self.errors: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if (now := seen(self._connection)) != self.seen[-1]:
                    self.seen.append(now)
            except psycopg.Error as problem:
                self.errors.append(str(problem))
                return
            time.sleep(0.002)


def recover(database: Database, wanted: Compiled = NEW) -> None:
    """A normal deployment ends in the wanted state, with nothing left over that the ledger does not list."""
    connection = database.connect()
    go(connection, wanted)
    assert plan(connection, wanted).empty
    assert_nothing_unknown(connection)


def assert_nothing_unknown(connection: psycopg.Connection[Any]) -> None:
    state = observe(connection, NEW)
    assert [item for item in find_leftovers(state, "mvc") if item.kind == "unknown"] == []
    assert set(state.stored) <= {name for _, name in state.relations}


def assert_ledger_fits(connection: psycopg.Connection[Any]) -> None:
    """The views' rows in the ledger are all the old or all the new, and so is what the exposures read."""
    with connection.transaction():  # what was killed may still end in the server
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        rows = connection.execute("SELECT view_name, stored_name FROM mvc.deployed_view").fetchall()
        found = dict(rows)
        sides = [{view.name: view.storage[1] for view in side.views} for side in (OLD, NEW)]
        assert found in sides
        for view, stored in rows:
            uses = "SELECT count(*) FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class = %s::regclass WHERE d.refobjid = %s::regclass"
            row = connection.execute(uses, (view, f"mvc.{stored}")).fetchone()
            assert row, view
            assert row[0], view


def parts_of(servers: Servers, server: EmbeddedServer) -> list[Step | Switch]:
    """What `on_step` hears of: the boundaries of the deployment."""
    heard: list[Step | Switch] = []
    with deployed(servers, server) as database:
        go(database.connect(), on_step=heard.append)
    return heard


class Boom(Exception):
    """Not one of ours."""


def at(place: int, act: Callable[[], None]) -> Callable[[Step | Switch], None]:
    """Hears of the steps, and acts before the one at that place."""
    count = iter(range(1000))

    def hear(_: Step | Switch) -> None:
        if next(count) == place:
            act()

    return hear


def boom() -> None:
    raise Boom


def terminate(connection: psycopg.Connection[Any], pid: int) -> None:
    connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def holder_of_lock(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "SELECT pid FROM pg_locks WHERE relation = to_regclass('mvc.deploying') AND mode = 'ExclusiveLock' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone()
    assert row
    return int(row[0])


class TestEveryBoundary:
    """Before every step and every switch, whatever steps there are."""

    @pytest.fixture
    def survives(self, servers: Servers, server: EmbeddedServer) -> Callable[..., None]:
        def run(
            fault: Callable[[Database, psycopg.Connection[Any]], None],
            expected: type[Exception],
            last: int | None = None,
        ) -> None:
            parts = parts_of(servers, server)
            assert any(isinstance(part, Step) for part in parts)
            assert any(isinstance(part, Switch) for part in parts)
            assert len(parts) > 4
            for place in range(len(parts))[:last]:
                with deployed(servers, server) as database:
                    with Watch(database) as watch:
                        connection = database.connect()
                        with pytest.raises(expected):
                            go(connection, on_step=at(place, lambda c=connection: fault(database, c)))
                        assert_ledger_fits(database.connect())
                        recover(database)
                        after = seen(database.connect())
                    assert not watch.errors
                    assert len(watch.seen) <= 2
                    assert watch.seen[-1] == after

        return run

    @newest
    def test_the_client_fails(self, survives):
        survives(lambda database, connection: boom(), Boom)

    @newest
    def test_the_connection_is_terminated(self, survives):
        survives(lambda database, connection: terminate(database.connect(), connection.info.backend_pid), ServerError)

    @newest
    def test_the_connection_of_the_lock_is_terminated(self, survives):
        """The step that has begun is still done, the next one is not. Once the last has begun nothing is left to stop."""

        def fault(database: Database, connection: psycopg.Connection[Any]) -> None:
            other = database.connect()
            terminate(other, holder_of_lock(other))

        survives(fault, ServerError, last=-1)


FAULT = """
CREATE SCHEMA fault;
CREATE SEQUENCE fault.count;
CREATE TABLE fault.plan (place bigint, act text);
CREATE FUNCTION fault.strike() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  IF nextval('fault.count') = (SELECT place FROM fault.plan) THEN
    SELECT act INTO found FROM fault.plan;
    IF found = 'fail' THEN RAISE EXCEPTION 'struck'; END IF;
    IF found = 'kill' THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END IF;
    IF found = 'cancel' THEN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(1); END IF;
    IF found = 'deadlock' THEN RAISE EXCEPTION 'struck' USING ERRCODE = 'deadlock_detected'; END IF;
  END IF;
END $$;
GRANT USAGE ON SCHEMA fault TO PUBLIC;
CREATE EVENT TRIGGER fault ON ddl_command_end EXECUTE FUNCTION fault.strike();
"""


class TestInsideOfSteps:
    """At every DDL command that the server runs, those within a switch among them."""

    @pytest.mark.slow
    @newest
    def test_every_command(self, servers, server):
        struck = 0
        for place in range(1, 200):
            act = ("fail", "kill", "cancel", "deadlock")[place % 4]
            with deployed(servers, server) as database:
                admin = database.connect()
                admin.execute(FAULT)
                admin.execute("INSERT INTO fault.plan VALUES (%s, %s)", (place, act))
                with Watch(database) as watch:
                    try:
                        go(database.connect())
                    except ServerError as problem:
                        assert act != "deadlock"
                        assert "struck" in str(problem) or "terminating" in str(problem) or "cancel" in str(problem)
                    counted = admin.execute("SELECT last_value FROM fault.count").fetchone()
                    assert_ledger_fits(admin)
                    admin.execute("DROP EVENT TRIGGER fault")
                    recover(database)
                assert not watch.errors
                assert len(watch.seen) <= 2
            if counted and counted[0] < place:
                break
            struck += 1
        assert struck > 15


CHILD = """
import sys, time
sys.path[:0] = [{src!r}, {tests!r}, {here!r}]
import psycopg
from test_interrupted import NEW, go
place = int(sys.argv[2])
count = iter(range(1000))
def hear(part):
    print("part", flush=True)
    if next(count) == place:
        print("here", flush=True)
        time.sleep(60)
connection = psycopg.connect(sys.argv[1], autocommit=True)
print("ready", flush=True)
go(connection, on_step=hear)
print("done", flush=True)
"""


@contextmanager
def child(database: Database, place: int = -1) -> Iterator[subprocess.Popen[str]]:
    """A process that deploys, and stops to think before the part at that place."""
    code = CHILD.format(src=str(ROOT / "src"), tests=str(ROOT / "tests"), here=str(Path(__file__).parent))
    with subprocess.Popen(
        [sys.executable, "-c", code, database.url, str(place)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], word: str) -> bool:
    assert process.stdout
    return any(line.strip() == word for line in process.stdout)


class TestKilledProcess:
    @newest
    @pytest.mark.parametrize("place", [1, 2, 4])
    def test_at_a_boundary(self, shop, place):
        with Watch(shop) as watch:
            with child(shop, place) as process:
                assert until(process, "here")
                with pytest.raises(ServerError, match="another deployment of this database is under way: pid"):
                    go(shop.connect())
                process.kill()
            recover(shop)
        assert not watch.errors
        assert len(watch.seen) <= 2

    @pytest.mark.slow
    @newest
    def test_at_any_moment(self, servers, server):
        chance = random.Random(4)
        for _ in range(3):
            with deployed(servers, server) as database:
                with Watch(database) as watch:
                    with child(database) as process:
                        assert until(process, "ready")
                        time.sleep(chance.uniform(0, 0.2))
                        process.kill()
                    assert_ledger_fits(database.connect())
                    recover(database)
                assert not watch.errors
                assert len(watch.seen) <= 2

    @newest
    def test_a_killed_process_leaves_no_query_running(self, shop):
        """The server asks itself whether anybody is still there."""
        endless = ENDLESS_PROJECT
        connection = shop.connect()
        with child_of(shop, endless) as process:
            wait_for(connection, FILLING)
            process.kill()
        wait_for(connection, f"SELECT ({FILLING}) = 0")
        recover(shop)


ENDLESS_PROJECT = {
    "views/endless.yml": "view: endless\nsql: SELECT 1 AS one, count(*) AS n FROM o AS a, o AS b, o AS c, o AS d\ngrain: [one]\n",
}
ENDLESS_FILES = {"mvc.yml": "project: shop\ncatalog: schema.sql\n", "schema.sql": SCHEMA}


FILLING = (
    "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'mvc.refresh_stored' AND state = 'active' AND pid <> pg_backend_pid()"
    " AND datname = current_database()"
)


def wait_for(connection: psycopg.Connection[Any], query: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = connection.execute(query).fetchone()
        if row and row[0]:
            return
        time.sleep(0.02)
    pytest.fail(f"never true: {query}")


@contextmanager
def child_of(database: Database, more: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`mvc apply` of a project with a view that takes for ever, as a process in a folder."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**ENDLESS_FILES, **more}.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-c", "from mvc.cli.main import run; run()", "--project", folder, "apply", "--yes"]
        options = ["--database", database.url, "--allow", "drop-view,drop-column,loosen-access"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        with subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@newest
def test_ctrl_c_ends_the_query_on_the_server_at_once(shop):
    connection = shop.connect()
    with Watch(shop) as watch, child_of(shop, ENDLESS_PROJECT) as process:
        wait_for(connection, FILLING)
        time.sleep(0.1)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
        row = connection.execute(FILLING).fetchone()
    assert row
    assert row[0] == 0
    assert time.monotonic() - began < 5
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not watch.errors
    assert len(watch.seen) == 1
    recover(shop)


class TestServer:
    """A server of its own, which is killed and started again."""

    @pytest.mark.server
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT], ids=["kill", "immediate"])
    def test_it_dies(self, how):
        newest_major = max(installations(), default=0)
        need(newest_major, "a PostgreSQL server")
        for place in (1, 3):
            with new_server(installations()[newest_major], {"synchronous_commit": "on"}) as server:
                server.create_database("shop")
                database = Database(server, "shop")
                build(database.connect())
                before = seen(database.connect())
                connection = database.connect()
                revived: list[subprocess.Popen[bytes]] = []
                try:
                    with pytest.raises(ServerError):
                        go(
                            connection,
                            on_step=at(place, lambda s=server, r=revived: r.append(restart(s, how))),
                        )
                    assert_ledger_fits(database.connect())
                    assert seen(database.connect()) == before
                    recover(database)
                finally:
                    database.close()
                    for process in revived:
                        process.send_signal(signal.SIGQUIT)
                        process.wait()


class TestOthersInTheWay:
    @newest
    def test_a_reader_who_stays_is_named(self, shop):
        idle = shop.connect(autocommit=False, application_name="report")
        idle.execute("SELECT count(*) FROM v")
        began = time.monotonic()
        with Watch(shop) as watch, pytest.raises(ServerError, match=r"was in use for 1 s") as caught:
            go(shop.connect(), patience=1.0)
        assert time.monotonic() - began < 6
        assert (
            f"v is held by pid {idle.info.backend_pid} (`report`, user postgres, in a transaction for "
            in caught.value.hint
        )
        assert "idle now" in caught.value.hint
        assert len(watch.seen) == 1
        assert not watch.errors
        idle.rollback()
        recover(shop)

    @newest
    def test_readers_never_queue_for_long_behind_a_switch_that_waits(self, shop):
        idle = shop.connect(autocommit=False)
        idle.execute("SELECT count(*) FROM v")
        waits: list[float] = []

        def in_vain() -> None:
            with pytest.raises(ServerError):
                go(shop.connect(), patience=2.0)

        thread = threading.Thread(target=in_vain)
        thread.start()
        reader = shop.connect()
        while thread.is_alive():
            began = time.monotonic()
            seen(reader)
            waits.append(time.monotonic() - began)
        assert max(waits) < 0.25  # 60 ms, on a machine that does other things
        idle.rollback()
        recover(shop)

    @newest
    def test_a_switch_that_waits_often_goes_through_in_the_end(self, shop):
        """A statement that is sent many times must not be prepared."""
        idle = shop.connect(autocommit=False)
        idle.execute("SELECT count(*) FROM v")
        release = threading.Timer(4.0, idle.rollback)
        release.start()
        go(shop.connect(), patience=30.0)
        release.join()
        assert plan(shop.connect(), NEW).empty

    @newest
    def test_a_migration_of_a_base_table_is_named(self, shop):
        migration = shop.connect(autocommit=False, application_name="migrate")
        migration.execute("LOCK TABLE o IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ServerError, match=r"what a view reads was in use for 0\.5 s") as caught:
            go(shop.connect(), patience=0.5)
        assert f"o is held by pid {migration.info.backend_pid} (`migrate`" in caught.value.hint
        migration.rollback()
        begins = at(0, lambda: migration.execute("LOCK TABLE o IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(ServerError, match=r"v was in use for 0\.5 s") as caught:
            go(shop.connect(), patience=0.5, on_step=begins)
        assert f"o is held by pid {migration.info.backend_pid} (`migrate`" in caught.value.hint
        migration.rollback()
        recover(shop)

    @newest
    def test_deadlocks_and_cancelled_statements_of_a_build(self, shop):
        """A build that loses a deadlock begins again; one that a person cancels does not."""
        admin = shop.connect()
        admin.execute(FAULT)
        admin.execute("INSERT INTO fault.plan VALUES (1, 'deadlock')")
        go(shop.connect(), patience=0.01)
        assert plan(shop.connect(), NEW).empty

    @newest
    def test_a_time_limit(self, shop):
        compiled = mvc.compile(mvc.load({**ENDLESS_FILES, **ENDLESS_PROJECT}))
        with pytest.raises(ServerError, match="statement timeout") as caught:
            go(shop.connect(), compiled, timeout=0.2)
        assert "--timeout" in caught.value.hint
        recover(shop)


class TestOnlyOne:
    @newest
    def test_what_was_deployed_in_between_stops_the_switch(self, shop):
        """The lock is lost and somebody else deploys, just before the switch."""
        connection = shop.connect()

        def other() -> None:
            admin = shop.connect()
            terminate(admin, holder_of_lock(admin))
            go(shop.connect(), project("Other", gone=True))

        def hear(part: Step | Switch) -> None:
            if isinstance(part, Switch):
                other()

        with pytest.raises(ServerError, match="something else was deployed in the meantime"):
            go(connection, on_step=hear)
        recover(shop)

    @newest
    def test_a_plan_for_another_state_is_refused(self, shop):
        connection = shop.connect()
        seen_plan = plan(connection, NEW)
        go(connection, project("Other", gone=True))
        with pytest.raises(ServerError, match=f"the plan {seen_plan.id} was made for another state") as caught:
            go(connection, plan_id=seen_plan.id)
        assert plan(connection, NEW).id in caught.value.hint
        go(connection, plan_id=plan(connection, NEW).id)

    @newest
    def test_two_at_once(self, shop):
        """One deploys, the other says so; which one is a matter of luck."""
        outcomes: list[str] = []
        gate = threading.Barrier(2)

        def run() -> None:
            connection = shop.connect()
            gate.wait()
            try:
                go(connection)
                outcomes.append("deployed")
            except ServerError as problem:
                outcomes.append(str(problem))

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert "deployed" in outcomes
        assert all(
            item == "deployed" or "another deployment of this database is under way" in item for item in outcomes
        )
        assert plan(shop.connect(), NEW).empty


class TestTheData:
    """What the data makes impossible is found beside the readers."""

    def refused(self, shop: Database, compiled: Compiled, match: str, **more: Any) -> ServerError:
        with Watch(shop) as watch, pytest.raises(ServerError, match=match) as caught:
            go(shop.connect(), compiled, **more)
        assert len(watch.seen) == 1
        assert not watch.errors
        assert_ledger_fits(shop.connect())
        recover(shop)
        return caught.value

    def test_a_definition_that_fails(self, shop):
        shop.connect().execute("UPDATE o SET divisor = 0 WHERE id = 77")
        self.refused(shop, project(summed="o.amount / o.divisor"), "the view v: division by zero")

    @newest
    def test_a_grain_that_is_not_one(self, shop):
        duplicates = "view: alone\nsql: SELECT c.id % 7 AS id, 1 AS n FROM c\ngrain: [id]\n"
        problem = self.refused(shop, project(alone=duplicates), "the view alone: could not create unique index")
        assert "is duplicated" in problem.hint

    @newest
    def test_null_where_the_catalog_says_there_is_none(self, shop):
        shop.connect().execute("ALTER TABLE c ALTER name DROP NOT NULL; UPDATE c SET name = NULL WHERE id = 3")
        nulls = "view: alone\nsources: {c: {table: c}}\ndimensions: {name: c.name}\naggregates: {n: {count: c}}\n"
        self.refused(shop, project(alone=nulls), "may be NULL in the database")

    @newest
    def test_far_fewer_rows(self, shop):
        fewer = project(alone=ALONE % ("n", 90) + "where: c.id < 20\n")
        self.refused(shop, fewer, "alone has 19 rows instead of 150", refuse=frozenset({"row-count"}))

    @newest
    def test_far_fewer_rows_are_refused_the_second_time_as_well(self, shop):
        fewer = project(alone=ALONE % ("n", 90) + "where: c.id < 20\n")
        for _ in range(2):
            with pytest.raises(ServerError, match="alone has 19 rows instead of 150"):
                go(shop.connect(), fewer, refuse=frozenset({"row-count"}))

    @newest
    def test_no_room_for_temporary_files(self, shop):
        shop.connect().execute("INSERT INTO o SELECT g, g % 150 + 1, g, 1 FROM generate_series(1000, 40000) AS g")
        limited = shop.connect(options="-c temp_file_limit=64kB -c work_mem=64kB -c enable_hashagg=off")
        big = "view: alone\nsql: SELECT o.id, count(*) OVER (ORDER BY o.amount, o.id DESC) AS n FROM o\ngrain: [id]\n"
        with pytest.raises(ServerError, match="temporary file size exceeds"):
            go(limited, project(alone=big))
        recover(shop)

    @newest
    def test_a_full_disk(self, shop):
        with small_disk(shop) as space:
            connection = shop.connect()
            connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
            try:
                connection.execute("INSERT INTO o SELECT g, g % 150 + 1, g, 1 FROM generate_series(1000, 60000) AS g")
                big = "view: alone\nsql: SELECT o.id, repeat(md5(o.id::text), 10) AS n FROM o\ngrain: [id]\n"
                with Watch(shop) as watch, pytest.raises(ServerError, match="No space left on device") as caught:
                    go(shop.connect(options="-c default_tablespace=small"), project(alone=big))
                assert "make room" in caught.value.hint
                assert len(watch.seen) == 1
                recover(shop)
            finally:
                connection.execute("DROP TABLESPACE small")


@contextmanager
def small_disk(shop: Database) -> Iterator[Path]:
    """A file system of 8 MB that the server may write, where this machine lets us mount one."""
    folder = shop.server.folder / "small"
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "none", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("needs the right to mount a file system")
    space = folder / "space"
    try:
        space.mkdir()
        if account := shop.server._running_in().account:
            os.chown(space, account.uid, account.gid)
        yield space
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()
