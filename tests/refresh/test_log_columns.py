"""The log of a table's changes has the columns of the table, also after these are other ones: of another type, length or collation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.deploy.naming import changes_name
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.around import around
from servers import Database, on_major

from .checked import Connection, refresh
from .projects import schedule
from .waiting import meanwhile, until, waits

pytestmark = pytest.mark.by_turns

TERMS = ApplyOptions(frozenset(HAZARDS))
TABLE = "CREATE TABLE t (id int PRIMARY KEY, k varchar(10), code int NOT NULL, note text NOT NULL);\n"
RETYPED = (
    TABLE.replace("k varchar(10)", "k text").replace("code int", "code bigint").replace("note text", "note varchar(9)")
)
RETYPE = (
    "ALTER TABLE t ALTER k TYPE text; ALTER TABLE t ALTER code TYPE bigint; ALTER TABLE t ALTER note TYPE varchar(9)"
)
VIEW = "view: by_{0}\nsources: {{t: {{table: t}}}}\ndimensions: {{{0}: t.{0}}}\naggregates: {{n: {{count: t}}}}\n"
COLUMNS = ("k", "code", "note", "id")


def project(schema: str, views: dict[str, str]) -> Compiled:
    files = {f"views/{name}.yml": text for name, text in views.items()}
    settings = {"mvc.yml": "project: p\ncatalog: s.sql\n", "s.sql": schema, "schedules/s.yml": schedule(list(views))}
    return mvc.compile(mvc.load({**settings, **files}))


def by_columns(schema: str) -> Compiled:
    return project(schema, {f"by_{name}": VIEW.format(name) for name in COLUMNS})


def modes_of(connection: Connection, compiled: Compiled) -> set[str]:
    """How each view is refreshed, and that it is right then."""
    runs = [refresh(connection, view) for view in compiled.views]
    assert [(run.view, run.status, run.wrong) for run in runs] == [
        (view.name, "completed", []) for view in compiled.views
    ]
    return {run.mode for run in runs}


def test_goes_on_when_a_column_is_of_another_type(database: Database):
    """Also the view of a column that did not change, whose log is the same; and that of one that may be NULL, which is known by an array."""
    connection, before, after = database.connect(), by_columns(TABLE), by_columns(RETYPED)
    connection.execute(
        TABLE
        + "INSERT INTO t SELECT g, nullif('k' || g % 50, 'k0'), g % 60, 'n' || g % 40 FROM generate_series(1, 500) AS g"
    )
    apply(connection, before)
    connection.execute("UPDATE t SET k = 'seen', note = 'later' WHERE id = 8")
    around(connection, after, RETYPE, TERMS)
    assert plan(connection, after).steps == ()
    modes_of(connection, after)
    connection.execute("UPDATE t SET k = 'more than ten characters', code = 9000000000, note = 'n' WHERE id IN (7, 9)")
    assert modes_of(connection, after) == {"incremental"}
    connection.execute("UPDATE t SET k = NULL, code = code + 1, note = '' WHERE id IN (7, 9, 11)")
    assert modes_of(connection, after) == {"incremental"}


def test_a_log_is_changed_after_its_table_is_locked(database: Database):
    """Else a writer who holds the table would wait for the log, and could log nothing."""
    connection, compiled = database.connect(), project(TABLE, {"by_k": VIEW.format("k")})
    connection.execute(TABLE + "INSERT INTO t SELECT g, 'k' || g % 5, g, 'n' FROM generate_series(1, 50) AS g")
    apply(connection, compiled)
    writer, watcher = database.connect(options="-c lock_timeout=500"), database.connect()
    watching = f"SELECT mvc.watch('public', 't', '{changes_name('public', 't')}', '{{code}}')"
    with meanwhile_written(writer, lambda: watcher.execute(watching.encode())):
        until(lambda: waits(connection, watcher))
        writer.execute("UPDATE t SET k = 'new' WHERE id = 1")
    assert connection.execute("SELECT why FROM mvc.unknown_change").fetchall() == []
    assert modes_of(connection, compiled) == {"incremental"}


@contextmanager
def meanwhile_written(writer: Connection, work: Callable[[], object]) -> Iterator[None]:
    """`work` in a thread, while a transaction of the writer's, which is about to write to the table, is open."""
    with ExitStack() as stack:
        writer.execute("BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE")
        stack.enter_context(meanwhile(work))
        stack.callback(writer.execute, "COMMIT")
        yield


COLLATED = """\
CREATE TABLE o (id int PRIMARY KEY, code text COLLATE folded NOT NULL UNIQUE, n int NOT NULL);
CREATE TABLE r (id int PRIMARY KEY, code text NOT NULL, amount int NOT NULL);
"""
BY_N = "view: by_n\nsources: {r: {table: r}, o: {table: o, on: r.code = o.code}}\ndimensions: {n: o.n}\naggregates: {total: {sum: r.amount}}\n"


@on_major(15)  # Debian's has ICU
def test_has_the_collations_of_the_table(database: Database):
    """A log of an older runtime has not: it is mended by the next refresh, which is a whole one."""
    connection, compiled = database.connect(), project(COLLATED, {"by_n": BY_N})
    connection.execute("CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    connection.execute(
        COLLATED + "INSERT INTO o VALUES (1, 'x', 1), (2, 'y', 2); INSERT INTO r VALUES (1, 'X', 10), (2, 'x', 20)"
    )
    apply(connection, compiled)
    modes_of(connection, compiled)
    connection.execute("UPDATE o SET n = 3 WHERE id = 1")
    assert modes_of(connection, compiled) == {"incremental"}
    logs = "SELECT oid FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relname ~ '^(changes|kept)_o'"
    connection.execute(
        f"UPDATE pg_attribute SET attcollation = 100 WHERE attname = 'code' AND attrelid IN ({logs})".encode()
    )
    connection.execute(
        f"DELETE FROM pg_depend WHERE refclassid = 'pg_collation'::regclass AND objid IN ({logs})".encode()
    )
    connection.execute("UPDATE o SET n = 4 WHERE id = 1")
    assert modes_of(connection, compiled) == {"full"}
    connection.execute("UPDATE o SET n = 5 WHERE id = 1")
    assert modes_of(connection, compiled) == {"incremental"}
    assert plan(connection, compiled).steps == ()
