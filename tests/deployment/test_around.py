"""Base tables change past the views that read them: readers and writers notice no more of it than the migration itself must lock, others keep what they
built, the second plan is empty. A migration that fails, or is broken off, leaves nothing behind that the next deployment does not mend.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mvc.catalog.altered import UnusableMigration
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.leftovers import find_leftovers
from mvc.engines.postgres.plan.release import Altered
from mvc.engines.postgres.plan.steps import HAZARDS, Step, Switch
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.around import around, plan_around
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.prune import leftovers
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.refused_migration import MigrationRefused
from mvc.engines.postgres.server.release import release
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.status import status
from servers import NEWEST, Database, Servers, new_database

from .base_changes import BASE, OUTSIDE, VIEWS, BaseChange, build, compiled, edited
from .lock_waits import LockWaits
from .projects import dump

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
MAJORS = sorted({15, NEWEST})
TERMS = ApplyOptions(frozenset(HAZARDS), pace=Timeouts(patience=30.0))
READ_AMT = frozenset({"v", "inc", "win", "up", "p", "armed"})
ALL = frozenset(VIEWS)
RETYPED = edited(("s.sql", "amt int", "amt bigint"))
WITHOUT_AMT = edited(("s.sql", ", amt int NOT NULL", ""), ("", "t.amt", "t.id"))

CHANGES: dict[str, BaseChange] = {
    "a column added and read": BaseChange(
        "ALTER TABLE t ADD COLUMN extra int NOT NULL DEFAULT 1",
        edited(("s.sql", "day date NOT NULL)", "day date NOT NULL, extra int NOT NULL DEFAULT 1)"), ("views/v.yml", "n: {count: t}", "n: {count: t}, e: {sum: t.extra}")),
    ),
    "a column dropped that nothing reads": BaseChange("ALTER TABLE t DROP COLUMN note", edited(("s.sql", ", note text", ""))),
    "a column dropped that views read": BaseChange("ALTER TABLE t DROP COLUMN amt;", WITHOUT_AMT, READ_AMT),
    "a column dropped with all that depends on it": BaseChange("ALTER TABLE public.t DROP amt CASCADE", WITHOUT_AMT, READ_AMT),
    "a column retyped": BaseChange("ALTER TABLE t ALTER COLUMN amt TYPE bigint;", RETYPED, READ_AMT),
    "a column of the grain retyped": BaseChange(
        'BEGIN; ALTER TABLE t ALTER "k" SET DATA TYPE text; COMMIT;', edited(("s.sql", "k varchar(10) NOT NULL, amt", "k text NOT NULL, amt")), ALL - {"win", "other"},
    ),
    "a column retyped where only a function says so": BaseChange("DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER amt TYPE bigint'; END $$", RETYPED, READ_AMT),
    "a column that a rule reads retyped": BaseChange(
        "ALTER TABLE m ALTER who TYPE text", edited(("s.sql", "who varchar(20)", "who text")), closed=frozenset({"ruled"})
    ),
    "a column renamed": BaseChange("ALTER TABLE t RENAME amt TO price", edited(("s.sql", "amt int", "price int"), ("", "t.amt", "t.price"))),
    "a table renamed": BaseChange("ALTER TABLE m RENAME TO members", edited(("s.sql", "TABLE m ", "TABLE members "), ("policies/p.yml", "FROM m ", "FROM members AS m "))),
    "a table split": BaseChange(
        """CREATE TABLE amounts (id int PRIMARY KEY REFERENCES t, amt int NOT NULL);
        INSERT INTO amounts SELECT id, amt FROM t;
        ALTER TABLE t DROP COLUMN amt;""",
        edited(
            ("s.sql", ", amt int NOT NULL", ""),
            ("s.sql", "CREATE TABLE m", "CREATE TABLE amounts (id int PRIMARY KEY REFERENCES t, amt int NOT NULL);\nCREATE TABLE m"),
            *((f"views/{name}.yml", "{t: {table: t}}", "{t: {table: t}, a: {table: amounts, on: a.id = t.id}}") for name in ("v", "inc", "win", "p", "armed")),
            ("", "t.amt", "a.amt"),
        ),
        READ_AMT,
    ),
    "a table swapped": BaseChange(
        """CREATE TABLE t_new (id int PRIMARY KEY, k varchar(10) NOT NULL, amt bigint NOT NULL, note text, day date NOT NULL);
        INSERT INTO t_new SELECT * FROM t;
        ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t; DROP TABLE t_old;""",
        RETYPED,
        ALL,
    ),
    "a table made the first partition": BaseChange(
        """ALTER TABLE t RENAME TO t_2026; ALTER TABLE t_2026 DROP CONSTRAINT t_pkey, ADD CONSTRAINT t_2026_pkey PRIMARY KEY (id, day);
        CREATE TABLE t (LIKE t_2026, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        ALTER TABLE t ATTACH PARTITION t_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE TABLE t_2027 PARTITION OF t FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');""",
        edited(("s.sql", "id int PRIMARY KEY, k varchar(10) NOT NULL, amt int NOT NULL, note text, day date NOT NULL)",
                "id int NOT NULL, k varchar(10) NOT NULL, amt int NOT NULL, note text, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)")),
    ),
    "a table dropped with its view": BaseChange(
        "DROP TABLE m", edited(("s.sql", "CREATE TABLE m (who varchar(20) NOT NULL, k varchar(10) NOT NULL, PRIMARY KEY (who, k));\n", ""),
                               ("policies/p.yml", "k IN (SELECT m.k FROM m WHERE m.who = current_user)", "k = 'k1'")), closed=frozenset({"ruled"}),
    ),
}  # fmt: skip


@dataclass
class Seen:
    """What the loops saw: seconds of each statement, and everything that went wrong."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    locks: LockWaits = field(default_factory=LockWaits)
    done: threading.Event = field(default_factory=threading.Event)


READS = {
    "v": "SELECT sum(n) FROM v",
    "inc": "SELECT sum(n) FROM inc",
    "dep": "SELECT count(*) FROM dep",
    "up": "SELECT count(total) FROM up",
    "other": "SELECT sum(n) FROM other",
}
EXPECTED = {"v": 500, "inc": 500, "dep": 7, "up": 1, "other": 500}


@contextmanager
def watching(database: Database, reads: dict[str, str], write: str) -> Iterator[Seen]:
    """A loop of readers, as one of the policies, and one of a writer, beside what is done inside."""
    seen = Seen()

    def run(name: str, query: str, role: str | None) -> None:
        try:
            with psycopg.connect(database.url, autocommit=True) as connection:
                seen.locks.listen(connection, name)
                if role:
                    connection.execute(f"SET ROLE {role}".encode())
                while not seen.done.is_set():
                    began = time.perf_counter()
                    rows = connection.execute(query.encode(), prepare=False).fetchall()
                    seen.waits.setdefault(name, []).append(time.perf_counter() - began)
                    if name in EXPECTED and rows != [(EXPECTED[name],)]:
                        seen.faults.append(f"{name} saw {rows}")
                    time.sleep(0.003)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is what the test looks for
            seen.faults.append(f"{name}: {problem!r}")

    loops = [(name, query, "ba_reader" if name != "dep" else "ba_other") for name, query in reads.items()]
    threads = [threading.Thread(target=run, args=loop) for loop in (*loops, ("writer", write, None))]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.done.set()
        for thread in threads:
            thread.join()


def deployed(connection: Connection) -> None:
    build(connection)
    apply(connection, compiled(BASE), options=TERMS)
    refresh(connection, compiled(BASE))
    connection.execute(OUTSIDE)


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "base_changes", deployed)) as created:
        connection = created.connect()
        apply(
            connection, compiled(BASE), options=TERMS
        )  # a copy of a database is another one: what was proven is proven again
        yield created


def settled(connection: Connection, project: Compiled) -> None:
    """Nothing is left to do, to mend or to drop; every view is refreshed as ever and holds what its tables do."""
    again = plan(connection, project)
    assert [(step.action, step.view, step.reason) for step in again.steps] == []
    assert not again.refusals
    assert {item.kind for item in again.drift} <= {"grant by hand"}
    assert not any(item.frozen for item in observe(connection, project).stored.values())
    rest = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relname ~ '(_copy|_former|_aside)|^(copy|former)_(?!relation)'"
    )
    assert [row[0] for row in rest.fetchall()] == []
    done = refresh(connection, project)
    assert {item.status for item in done} == {"completed"}, [(item.view, item.reason) for item in done]
    assert [view.problem for view in status(connection, project).views] == [None] * len(project.views)


def holds(connection: Connection, grouped: str) -> None:
    for name in ("v", "inc", "p"):
        found = connection.execute(f"SELECT k, total, n FROM {name} ORDER BY k".encode()).fetchall()
        assert found == connection.execute(grouped.encode()).fetchall(), name


GROUPED = {
    "a column dropped that views read": "SELECT k, sum(id), count(*) FROM t GROUP BY k ORDER BY k",
    "a column dropped with all that depends on it": "SELECT k, sum(id), count(*) FROM t GROUP BY k ORDER BY k",
    "a column renamed": "SELECT k, sum(price), count(*) FROM t GROUP BY k ORDER BY k",
    "a table split": "SELECT k, sum(a.amt), count(*) FROM t JOIN amounts AS a USING (id) GROUP BY k ORDER BY k",
}


@pytest.mark.parametrize("name", CHANGES)
def test_readers_and_writers_notice_no_change_of_base_tables(database: Database, name: str):
    connection, change = database.connect(), CHANGES[name]
    before = connection.execute("SELECT 'v'::regclass::oid, 'dep'::regclass::oid").fetchone()
    with watching(database, READS, "UPDATE t SET day = day WHERE id = 7 RETURNING 1") as seen:
        time.sleep(0.1)
        with seen.locks.deploying(connection, database.url):
            done = around(connection, change.project, change.sql, TERMS)
        time.sleep(0.1)
    assert seen.faults == []
    assert {view.name for view in done.released.views if view.rows != "refreshed"} == change.released
    assert {view.name for view in done.released.views if view.closed} == change.closed
    assert min(map(len, seen.waits.values())) > 5
    migration_locks_t = re.search(r"\bt\b", change.sql) is not None
    assert seen.locks.ours(*(["writer"] if migration_locks_t else [])) == []
    settled(connection, change.project)
    holds(connection, GROUPED.get(name, "SELECT k, sum(amt), count(*) FROM t GROUP BY k ORDER BY k"))
    rights = "SELECT has_table_privilege('ba_other', 'dep', 'SELECT'), has_table_privilege('ba_other', 'v', 'SELECT'), has_table_privilege('ba_reader', 'v', 'SELECT'), col_description('v'::regclass, (SELECT attnum FROM pg_attribute WHERE attrelid = 'v'::regclass AND attname = 'n'))"
    assert connection.execute(rights.encode()).fetchone() == (True, True, True, "by hand")
    if not change.released:
        assert connection.execute("SELECT 'v'::regclass::oid, 'dep'::regclass::oid").fetchone() == before


def test_what_is_not_in_the_way_is_not_touched(database: Database):
    connection, change = database.connect(), CHANGES["a column retyped"]
    query = b"SELECT c.relname, c.oid FROM pg_class AS c WHERE c.relnamespace = 'mvc'::regnamespace AND c.relname ~ '^(other|ruled)_'"
    before = sorted(connection.execute(query).fetchall())
    done = around(connection, change.project, change.sql, TERMS)
    assert set(done.applied.unchanged) == {"other", "ruled"}
    assert sorted(connection.execute(query).fetchall()) == before


def test_meanwhile_access_is_the_same_or_closed(database: Database):
    """Of a view whose rules read what changes readers see nothing until it is deployed again; of all others the very rows that they saw."""
    connection, reader = database.connect(), database.connect()
    reader.execute("SET ROLE ba_reader")

    def seen() -> dict[str, list[Any]]:
        return {name: reader.execute(f"SELECT * FROM {name} ORDER BY 1".encode()).fetchall() for name in VIEWS}

    before = seen()
    assert before["ruled"] and len(before["armed"]) == 1
    release(connection, compiled(BASE), [Altered("public", "m", "who"), Altered("public", "t", "amt")], TERMS)
    assert seen() == {**before, "ruled": []}
    assert {item.view: item.problem is not None for item in status(connection, compiled(BASE)).views} == {
        name: name != "other" for name in VIEWS
    }
    skipped = {item.view for item in refresh(connection, compiled(BASE)) if item.status == "skipped"}
    assert skipped == {"v", "inc", "win", "up", "armed"}
    connection.execute("ALTER TABLE m ALTER who TYPE text; ALTER TABLE t ALTER amt TYPE bigint")
    after = compiled(edited(("s.sql", "who varchar(20)", "who text"), ("s.sql", "amt int", "amt bigint")))
    apply(connection, after, options=TERMS)
    assert seen() == before
    settled(connection, after)


FAILURES: dict[str, tuple[str, Compiled | None, type[Exception], str]] = {
    "a statement fails": ("ALTER TABLE t ALTER amt TYPE bigint;\nSELECT 1/0;", None, MigrationRefused, "line 2 .*division by zero"),
    "rows do not fit": ("ALTER TABLE t ALTER COLUMN k TYPE int USING k::int", None, MigrationRefused, "invalid input syntax"),
    "it says more than is there": ("ALTER TABLE t DROP amt; ALTER TABLE t DROP amt", None, MigrationRefused, "does not exist"),
    "the project is not as it should be then": ("ALTER TABLE t DROP COLUMN amt", compiled(BASE), ServerError, "amt"),
    "a rule would be of a column that is gone": ("ALTER TABLE m DROP COLUMN who", compiled(BASE), ServerError, "who"),
    "something of others stands in the way": ("ALTER TABLE t ALTER amt TYPE bigint", None, MigrationRefused, "cannot alter type"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_migration_that_fails_puts_everything_back(database: Database, name: str):
    connection = database.connect()
    sql, project, kind, words = FAILURES[name]
    if "others" in name:
        connection.execute("CREATE VIEW theirs AS SELECT amt FROM t")
    refresh(connection, compiled(BASE))
    before = dump(connection, without=(), oids=True)
    modes = {item.view: item.mode for item in refresh(connection, compiled(BASE))}
    writes = "UPDATE t SET day = day WHERE id = 7 RETURNING 1"
    with watching(database, READS, writes) as seen, pytest.raises(kind, match=words) as problem:
        around(connection, project or compiled(RETYPED), sql, TERMS)
    assert seen.faults == []
    if "others" in name:
        assert "theirs" in problem.value.hint  # type: ignore[attr-defined]
    assert [row for row in dump(connection, without=(), oids=True) if row not in before] == []
    settled(connection, compiled(BASE))
    assert {item.view: item.mode for item in refresh(connection, compiled(BASE))} == modes


def test_what_must_be_allowed_is_asked_for_before_the_migration_is_kept(database: Database):
    connection = database.connect()
    after = compiled(edited(("views/v.yml", ", n: {count: t}", "")))
    connection.execute("DROP VIEW dep; COMMENT ON COLUMN v.n IS NULL")
    with pytest.raises(ServerError, match="drop-column"):
        around(connection, after, "ALTER TABLE t DROP COLUMN note", ApplyOptions())
    assert connection.execute("SELECT count(note) FROM t").fetchone() == (250,)


@pytest.mark.parametrize(
    "text", ["BEGIN; SELECT 1; COMMIT; SELECT 2", "\\set x 1\nSELECT 1", "SELECT 'open", "SELECT 1; ROLLBACK"]
)
def test_text_that_is_no_transaction_is_refused_before_anything(database: Database, text: str):
    connection = database.connect()
    before = dump(connection, without=(), oids=True)
    with pytest.raises(UnusableMigration):
        around(connection, compiled(BASE), text, TERMS)
    assert dump(connection, without=(), oids=True) == before


@pytest.mark.parametrize("view", ["v", "inc", "win"])
def test_a_refresh_that_began_before_a_release_does_nothing_after_it(database: Database, view: str):
    """In its snapshot nothing is released."""
    connection, other = database.connect(), database.connect()
    run = connection.execute("SELECT mvc.refresh_begin('public', %s)", (view,)).fetchone()
    answers = []
    for _ in range(2):
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.execute("SELECT count(*) FROM t")
            if not answers:
                other.execute("SELECT mvc.release('t', '{amt}')")
            answers.append(connection.execute("SELECT mvc.refresh_run(%s)", run).fetchone())
    assert answers == [("again",), ("skipped",)]


class BrokenOff(Exception):
    pass


STEPS = 24


@pytest.mark.parametrize("number", range(1, STEPS + 1))
def test_whatever_is_broken_off_the_next_apply_mends(database: Database, number: int):
    """As by kill -9 before each step: the connection is gone, so nothing is taken back."""
    change, doomed = CHANGES["a column retyped"], database.connect()
    steps = 0

    def count(_: Step | Switch) -> None:
        nonlocal steps
        steps += 1
        if steps == number:
            doomed.close()
            raise BrokenOff

    with watching(database, READS, "UPDATE t SET day = day WHERE id = 7 RETURNING 1") as seen:
        try:
            around(doomed, change.project, change.sql, TERMS, count)
        except BrokenOff:
            pass
        else:
            assert steps < number
        connection = database.connect()
        changed = connection.execute(
            "SELECT atttypid = 'bigint'::regtype FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'amt'"
        ).fetchone()
        project = change.project if changed == (True,) else compiled(BASE)
        apply(connection, project, options=TERMS)
    assert seen.faults == []
    settled(connection, project)
    holds(connection, "SELECT k, sum(amt), count(*) FROM t GROUP BY k ORDER BY k")


def test_killed_in_the_midst_of_the_migration(database: Database, tmp_path: Path):
    """`kill -9`: the server undoes the migration, readers go on with the copies, and the next apply has everything as before."""
    connection, change = database.connect(), CHANGES["a column retyped"]
    for name, text in change.after.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "m.sql").write_text(f"{change.sql}\nSELECT pg_sleep(60);", encoding="utf-8")
    command = [sys.executable, "-m", "mvc", "--project", str(tmp_path), "around", str(tmp_path / "m.sql"), "--yes"]
    with watching(database, READS, "SELECT 1") as seen:
        run = subprocess.Popen(
            [*command, "--database", database.url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND state = 'active'"
        _until(connection, sleeping, 1)
        run.kill()
        run.wait()
        _until(connection, sleeping, 0)
        assert connection.execute("SELECT count(*) FROM mvc.released_view").fetchone() == (6,)
        apply(connection, compiled(BASE), options=TERMS)
    assert seen.faults == []
    settled(connection, compiled(BASE))
    around(connection, change.project, change.sql, TERMS)
    settled(connection, change.project)


def _until(connection: Connection, query: str, count: int) -> None:
    deadline = time.monotonic() + 60
    while connection.execute(query.encode()).fetchone() != (count,):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_release_that_was_broken_off_stands_in_no_way(database: Database):
    """Also not of the same migration, tried again: neither the copies nor what they took the place of."""
    change, doomed = CHANGES["a column retyped"], database.connect()

    def stop(part: Step | Switch) -> None:
        if isinstance(part, Step) and part.action == "migrate":
            doomed.close()
            raise BrokenOff

    with pytest.raises(BrokenOff):
        around(doomed, change.project, change.sql, TERMS, stop)
    connection = database.connect()
    around(connection, change.project, change.sql, TERMS)
    settled(connection, change.project)


@pytest.mark.parametrize(
    "name",
    ["a column retyped", "a column of the grain retyped", "a column dropped that views read", "a column renamed"],
)
def test_a_rollback_goes_back_and_forth(database: Database, name: str):
    """The way back of the views needs the tables as they were: the migration is undone around the views as well."""
    connection, change = database.connect(), CHANGES[name]
    undo = {
        "a column retyped": "ALTER TABLE t ALTER amt TYPE int",
        "a column of the grain retyped": "ALTER TABLE t ALTER k TYPE varchar(10)",
        "a column dropped that views read": "ALTER TABLE t ADD amt int; UPDATE t SET amt = id; ALTER TABLE t ALTER amt SET NOT NULL",
        "a column renamed": "ALTER TABLE t RENAME price TO amt",
    }[name]
    around(connection, change.project, change.sql, TERMS)
    around(connection, compiled(BASE), undo, TERMS)
    settled(connection, compiled(BASE))
    holds(connection, "SELECT k, sum(amt), count(*) FROM t GROUP BY k ORDER BY k")


def test_a_rollback_of_the_views_alone(database: Database):
    """Where the tables have what the former definition reads, it is built again, under its own name."""
    connection = database.connect()
    wider = compiled(
        edited(("s.sql", "amt int", "amt bigint"), ("views/v.yml", "n: {count: t}", "n: {count: t}, top: {max: t.amt}"))
    )
    around(connection, wider, "ALTER TABLE t ALTER amt TYPE bigint", TERMS)
    rollback(connection, wider, TERMS)
    names = {view.name: view.storage[1] for view in compiled(BASE).views}
    stored = dict(connection.execute("SELECT view_name, stored_name FROM mvc.deployed_view").fetchall())
    assert stored == names
    apply(connection, wider, options=TERMS)
    settled(connection, wider)


class TestTools:
    """Migration tools run their own steps: release, their migration, apply."""

    def test_statements(self, database: Database):
        connection, change = database.connect(), CHANGES["a column retyped"]
        with watching(database, READS, "UPDATE t SET day = day WHERE id = 7 RETURNING 1") as seen:
            found = connection.execute("SELECT mvc.release('t', '{amt}')").fetchall()
            assert {row[0] for row in found} == {f"public.{name}" for name in READ_AMT}
            assert connection.execute("SELECT mvc.release('t', '{amt}')").fetchall() == []  # once more does nothing
            connection.execute(change.sql.encode())
            apply(connection, change.project, options=TERMS)
        assert seen.faults == []
        settled(connection, change.project)

    def test_in_the_transaction_of_the_migration_itself(self, database: Database):
        connection, change = database.connect(), CHANGES["a column of the grain retyped"]
        with connection.transaction():
            connection.execute("SELECT mvc.release('public.t', ARRAY['k'])")
            connection.execute("ALTER TABLE t ALTER k TYPE text")
        apply(connection, change.project, options=TERMS)
        settled(connection, change.project)

    def test_what_is_rolled_back_was_not_released(self, database: Database):
        connection = database.connect()
        before = dump(connection, without=(), oids=True)
        with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
            connection.execute("SELECT mvc.release('t')")
            connection.execute("SELECT 1/0")
        assert dump(connection, without=(), oids=True) == before
        settled(connection, compiled(BASE))

    def test_an_unchanged_table_afterwards(self, database: Database):
        connection = database.connect()
        done = release(connection, compiled(BASE), [Altered("public", "t", "amt")], TERMS)
        assert {view.name for view in done.views} == READ_AMT
        apply(connection, compiled(BASE), options=TERMS)
        settled(connection, compiled(BASE))

    def test_a_column_that_is_not_there(self, database: Database):
        connection = database.connect()
        with pytest.raises(psycopg.errors.UndefinedColumn, match="has no column amount"):
            connection.execute("SELECT mvc.release('t', '{amount}')")

    def test_while_somebody_deploys(self, database: Database):
        connection, other = database.connect(), database.connect()
        other.execute("BEGIN; LOCK TABLE mvc.deploying IN EXCLUSIVE MODE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("SELECT mvc.release('t', '{amt}')")

    def test_in_the_name_of_the_owner(self, servers: Servers):
        """Whoever may act as the owner releases in its name, and is who he was afterwards."""
        with new_database(servers.get(NEWEST), bare=True) as created:
            connection = created.connect()
            connection.execute("DO $x$ BEGIN CREATE ROLE ba_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $x$")
            build(connection)
            connection.execute(
                f'GRANT CREATE ON DATABASE "{connection.info.dbname}" TO ba_owner; GRANT ALL ON SCHEMA public TO ba_owner; ALTER TABLE t OWNER TO ba_owner; ALTER TABLE m OWNER TO ba_owner; GRANT ba_owner TO CURRENT_USER'.encode()
            )
            connection.execute("SET ROLE ba_owner")
            apply(connection, compiled(BASE), options=TERMS)
            connection.execute("RESET ROLE")
            connection.execute("SELECT mvc.release('t', '{amt}')")
            assert connection.execute("SELECT current_user = session_user").fetchone() == (True,)
            owners = connection.execute(
                "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relkind IN ('m', 'v', 'r')"
            )
            assert owners.fetchall() == [("ba_owner",)]
            around(connection, compiled(RETYPED), "ALTER TABLE t ALTER amt TYPE bigint", TERMS)
            settled(connection, compiled(RETYPED))


def test_leftovers_stand_in_no_way(database: Database):
    """What is kept for a rollback goes where it reads what nothing deployed reads any more; what nothing else needs, with a release."""
    connection = database.connect()
    narrower = compiled(edited(("", "t.amt", "t.id")))
    apply(connection, narrower, options=TERMS)
    assert leftovers(connection, narrower) == ()
    connection.execute("ALTER TABLE t DROP COLUMN amt")
    after = compiled(WITHOUT_AMT)
    apply(connection, after, options=TERMS)
    settled(connection, after)


def test_what_is_kept_for_a_rollback_and_is_in_nobodys_way_is_kept(database: Database):
    connection = database.connect()
    apply(connection, compiled(edited(("views/v.yml", "{sum: t.amt}", "{sum: t.amt * 2}"))), options=TERMS)
    kept = leftovers(connection, compiled(RETYPED))
    assert [item.view for item in kept] == ["v", "up"] or [item.view for item in kept] == ["up", "v"]
    found = plan_around(connection, compiled(RETYPED), "ALTER TABLE t ALTER amt TYPE bigint")
    assert set(found.leftovers) == {item.name for item in kept}
    around(connection, compiled(RETYPED), "ALTER TABLE t ALTER amt TYPE bigint", TERMS)
    settled(connection, compiled(RETYPED))
    assert find_leftovers(observe(connection, compiled(RETYPED)), "mvc") == ()


def test_names_of_strangers_are_not_taken_up(database: Database):
    """What readers use is made anew in the server's own words: an operator that somebody put on the path since is not picked."""
    connection, reader = database.connect(), database.connect()
    connection.execute("""
        CREATE FUNCTION public.listen(varchar, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'heard %', $1; END $$;
        CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = public.listen);
    """)
    reader.execute("SET ROLE ba_reader")
    before = reader.execute("SELECT * FROM armed").fetchall()
    release(connection, compiled(BASE), [Altered("public", "t", "amt")], TERMS)
    assert reader.execute("SELECT * FROM armed").fetchall() == before
    connection.execute("DROP OPERATOR public.= (varchar, text); DROP FUNCTION public.listen")
    apply(connection, compiled(BASE), options=TERMS)
    settled(connection, compiled(BASE))


def test_an_older_snapshot_sees_the_same_rows(database: Database):
    connection, older = database.connect(), database.connect()
    older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    older.execute("SELECT count(*) FROM m")
    release(connection, compiled(BASE), [Altered("public", "t", "amt")], TERMS)
    assert older.execute("SELECT sum(n), (SELECT total FROM up) FROM v").fetchone() == (500, 500 * 501 // 2)
    older.execute("COMMIT")


def test_a_reader_who_stays_holds_up_nobody_else(database: Database):
    connection, slow = database.connect(), database.connect()
    change = CHANGES["a column retyped"]
    slow.execute("BEGIN")
    slow.execute("SELECT count(*) FROM v")
    until = threading.Timer(1.5, slow.commit)
    with watching(database, READS, "UPDATE t SET day = day WHERE id = 7 RETURNING 1") as seen:
        until.start()
        with seen.locks.deploying(connection, database.url):
            around(connection, change.project, change.sql, TERMS)
        until.join()
    assert seen.faults == []
    assert seen.locks.ours("writer") == []
    settled(connection, change.project)


def test_rows_are_waited_for_and_nothing_is_begun_again(database: Database):
    """What fills a new column may meet writers: it waits for theirs, instead of beginning anew."""
    connection, writer = database.connect(), database.connect()
    change = CHANGES["a column retyped"]
    tried: list[str] = []
    writer.execute("BEGIN")
    writer.execute("UPDATE t SET note = 'y' WHERE id = 3")
    until = threading.Timer(1.0, writer.commit)
    connection.add_notice_handler(lambda said: tried.append(said.message_primary or ""))
    until.start()
    sql = "DO $$ BEGIN RAISE NOTICE 'tried'; END $$; UPDATE t SET note = 'z' WHERE id = 3; " + change.sql
    around(connection, change.project, sql, TERMS)
    until.join()
    assert tried.count("tried") == 1
    assert connection.execute("SELECT note FROM t WHERE id = 3").fetchone() == ("z",)
    settled(connection, change.project)


def test_a_reader_who_never_goes_is_named_and_all_is_as_before(database: Database):
    connection, slow = database.connect(), database.connect()
    before = dump(connection, without=(), oids=True)
    change = CHANGES["a column retyped"]
    slow.execute("BEGIN")
    slow.execute("SELECT count(*) FROM v")
    with pytest.raises(ServerError, match="in use"):
        around(connection, change.project, change.sql, ApplyOptions(TERMS.allow, pace=Timeouts(patience=0.5)))
    assert dump(connection, without=(), oids=True) == before or _copies_only(connection, before)
    slow.commit()
    slow.execute("BEGIN")
    slow.execute("SELECT count(*) FROM t")
    with pytest.raises(MigrationRefused, match="line 1 of the migration"):
        around(connection, change.project, change.sql, ApplyOptions(TERMS.allow, pace=Timeouts(patience=0.5)))
    slow.commit()
    around(connection, change.project, change.sql, TERMS)
    settled(connection, change.project)


def _copies_only(connection: Connection, before: list[tuple[Any, ...]]) -> bool:
    return not [row for row in dump(connection, without=(), oids=True) if row not in before]


def test_where_nothing_was_ever_deployed(servers: Servers):
    """The project is deployed after the migration, and what keeps it from that is said as ever."""
    change = CHANGES["a column added and read"]
    with new_database(servers.get(NEWEST), bare=True) as fresh:
        connection = fresh.connect()
        build(connection)
        lacking = compiled(
            edited(("s.sql", "day date NOT NULL", "day date NOT NULL, lost int"), ("", "t.amt", "t.lost"))
        )
        with pytest.raises(ServerError, match="has no column `lost`"):
            around(connection, lacking, change.sql, TERMS)
        assert around(connection, change.project, change.sql, TERMS).released.empty
        settled(connection, change.project)
