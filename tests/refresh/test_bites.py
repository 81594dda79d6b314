"""Each protocol that loses changes (measured elsewhere with concurrent writers) loses them here, step by step, and the check says so;
the one that is built goes the same way without a wrong row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from psycopg import sql

from mvc.compiled.refresh import Increment
from mvc.engines.postgres.server.embedded import EmbeddedServer
from servers import NEWEST, Database, Servers, new_database

from .checked import Connection, begin, beside, end, refresh, stored, work, wrong_rows
from .projects import build_shop, never_whole, shop
from .test_time import as_it_was
from .test_unseen import log_triggers

VIEW = shop().view("by_org")
UNSEEN = "NOT pg_catalog.pg_visible_in_snapshot(log.mvc_at, (SELECT last_refresh.cursor FROM last_refresh))"
RES_LOG, PAY_LOG, ORG_LOG = (
    next(item.log for item in VIEW.increment.watched if item.table == table) if VIEW.increment else ""
    for table in ("res", "pay", "org")
)


@dataclass(frozen=True)
class Stage:
    """A refresher, and two writers that are in a transaction or not as the story wants it."""

    refresher: Connection
    one: Connection
    other: Connection

    def wrong(self) -> int:
        return len(wrong_rows(self.refresher, VIEW))

    def refresh(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """The work of `meanwhile` is committed after the refresh took its snapshot."""
        assert refresh(self.refresher, VIEW, "incremental", meanwhile=meanwhile).status == "completed"


# ---------- the wrong protocols, each put in the place of what is installed ----------


def _increment() -> Increment:
    assert VIEW.increment is not None
    return VIEW.increment


def see(connection: Connection, text: str) -> None:
    """Another way to find the keys that have moved, whatever they are found by."""
    connection.execute(sql.SQL("CREATE OR REPLACE VIEW {} AS ").format(beside(VIEW, "causes")) + sql.SQL(text))
    connection.execute(
        sql.SQL(
            "CREATE OR REPLACE FUNCTION mvc.changed_keys(stored mvc.stored_relation, changed_logs text[]) RETURNS text LANGUAGE sql AS $$SELECT {}$$"
        ).format(sql.Literal(_increment().moved))
    )


def instead(connection: Connection, old: str, new: str) -> None:
    assert old in _increment().causes
    see(connection, _increment().causes.replace(old, new))


def from_the_first(connection: Connection) -> None:
    """As if the logs and the functions that write to them had been so ever since."""
    connection.execute(
        "UPDATE mvc.watched_table SET triggers = mvc.triggers_of(format('%I.%I', table_schema, table_name)::regclass, log, columns)"
    )


def recompute_then_delete_the_queue(connection: Connection) -> None:
    instead(connection, UNSEEN, "true")
    connection.execute(
        f"CREATE OR REPLACE FUNCTION mvc.purge_changes(logs name[]) RETURNS void LANGUAGE sql AS"
        f" 'DELETE FROM mvc.{RES_LOG}; DELETE FROM mvc.{PAY_LOG}; DELETE FROM mvc.{ORG_LOG}'"
    )


def _mark(connection: Connection, column: str, type_: str, latest: str) -> None:
    """A watermark: what a refresh saw of the logs at most, and what is above it is new."""
    for log in (RES_LOG, PAY_LOG, ORG_LOG):
        connection.execute(f"ALTER TABLE mvc.{log} ADD COLUMN {column} {type_}")
    tops = " UNION ALL ".join(f"SELECT {latest} FROM mvc.{log} AS log" for log in (RES_LOG, PAY_LOG, ORG_LOG))
    connection.execute("CREATE TABLE mvc.mark AS SELECT max(top) AS top FROM (" + tops + ") AS t (top)")
    instead(connection, UNSEEN, f"log.{column} > ALL (SELECT m.top FROM mvc.mark AS m WHERE m.top IS NOT NULL)")
    kept = connection.execute("SELECT pg_get_functiondef('mvc.follow'::regproc)").fetchone()
    assert kept is not None
    marking = f"UPDATE mvc.mark SET top = (SELECT max(top) FROM ({tops}) AS t (top));"
    connection.execute(kept[0].replace("UPDATE mvc.stored_relation", f"{marking}\nUPDATE mvc.stored_relation"))
    connection.execute(  # what is below the mark is of no use, so nothing is lost by keeping it
        "CREATE OR REPLACE FUNCTION mvc.purge_changes(logs name[]) RETURNS void LANGUAGE sql AS 'SELECT'"
    )
    from_the_first(connection)


def highest_number(connection: Connection) -> None:
    connection.execute("CREATE SEQUENCE mvc.numbers")
    _mark(connection, "number", "bigint DEFAULT nextval('mvc.numbers')", "max(log.number)")


def time_of_the_change(connection: Connection) -> None:
    _mark(connection, "stamp", "timestamptz DEFAULT clock_timestamp()", "max(log.stamp)")


def newest_transaction(connection: Connection) -> None:
    instead(connection, UNSEEN, "log.mvc_at >= pg_snapshot_xmax((SELECT last_refresh.cursor FROM last_refresh))")


def each_key_once(connection: Connection) -> None:
    for log, columns in ((RES_LOG, "id, org_id"), (PAY_LOG, "res_id"), (ORG_LOG, "id")):
        connection.execute(f"CREATE UNIQUE INDEX ON mvc.{log} ({columns})")
        row = connection.execute("SELECT pg_get_functiondef(%s::regproc)", (f"mvc.{log}",)).fetchone()
        assert row is not None
        once = re.sub(r"(INSERT INTO mvc\.changes_[^;]*);", r"\1 ON CONFLICT DO NOTHING;", row[0])
        assert once.count("ON CONFLICT") == 8
        connection.execute(once)
    from_the_first(connection)


def no_time(connection: Connection) -> None:
    instead(connection, "(SELECT last_refresh.as_of FROM last_refresh)", "now()")


def build_then_clear(connection: Connection) -> None:
    """What is in the log when all is built is thrown away: it is from before, or so it seems."""
    connection.execute(
        "CREATE OR REPLACE FUNCTION mvc.follow(stored mvc.stored_relation, seen pg_snapshot, taken text, unheard text) RETURNS void LANGUAGE sql AS 'SELECT'"
    )
    connection.execute(
        "CREATE OR REPLACE FUNCTION mvc.refresh_end(run bigint) RETURNS text LANGUAGE sql AS"
        " 'UPDATE mvc.stored_relation SET cursor = pg_current_snapshot(), as_of = now(); SELECT NULL::text'"
    )


def build_then_triggers(connection: Connection) -> None:
    connection.execute(
        "CREATE OR REPLACE FUNCTION mvc.watch_state(log name, OUT broken text, OUT unheard text) LANGUAGE sql AS 'SELECT NULL::text, NULL::text'"
    )


def keys_as_they_are_when_written(connection: Connection) -> None:
    """A payment's organisation is looked up, and logged, by who writes the payment."""
    connection.execute(f"ALTER TABLE mvc.{PAY_LOG} ADD COLUMN org_id int")
    row = connection.execute("SELECT pg_get_functiondef(%s::regproc)", (f"mvc.{PAY_LOG}",)).fetchone()
    assert row is not None
    found = "(SELECT r.org_id FROM public.res AS r WHERE r.id = res_id LIMIT 1)"
    value = f"mvc.as_known(res_id, (NULL::mvc.{PAY_LOG}).res_id)"
    written = f"res_id) SELECT pg_catalog.pg_current_xact_id(), {value}"
    assert row[0].count(f"{written} FROM") == 8
    connection.execute(
        row[0].replace(f"{written} FROM", f"{written}, {found} FROM".replace("res_id)", "res_id, org_id)", 1))
    )
    from_the_first(connection)
    cursor = f"(SELECT s.cursor FROM mvc.stored_relation AS s WHERE s.stored_name = '{VIEW.storage[1]}')"
    logs = ((ORG_LOG, "id"), (RES_LOG, "org_id"), (PAY_LOG, "org_id"))
    parts = (
        f"SELECT '{log}' AS mvc_cause, l.{key} AS id FROM mvc.{log} AS l WHERE NOT pg_visible_in_snapshot(l.mvc_at, {cursor})"
        for log, key in logs
    )
    see(connection, " UNION ".join(parts))


# ---------- the stories ----------

ADDED = "INSERT INTO res VALUES (%s, 7, 'paid', 1000, now(), 1)"


def written_during_a_refresh(stage: Stage) -> None:
    stage.refresh(meanwhile=lambda: stage.one.execute(ADDED, (9001,)))
    stage.refresh()


def committed_later_than_its_successor(stage: Stage) -> None:
    with stage.one.transaction():
        stage.one.execute(ADDED, (9001,))
        stage.other.execute("INSERT INTO res VALUES (9002, 8, 'paid', 1000, now(), 1)")
        stage.refresh()
    stage.refresh()


def same_key_again(stage: Stage) -> None:
    stage.one.execute("UPDATE res SET amount = amount + 1 WHERE id = 7 AND month = 4")
    stage.refresh(meanwhile=lambda: stage.one.execute("UPDATE res SET amount = amount + 1 WHERE id = 7 AND month = 4"))
    stage.refresh()


def time_passes(stage: Stage) -> None:
    as_it_was(stage.refresher, VIEW, "50 hours")
    stage.refresh()


def written_during_a_whole_refresh(stage: Stage) -> None:
    run = begin(stage.refresher, VIEW.name, "full")
    with stage.refresher.transaction():
        stage.refresher.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(stage.refresher, run) == "completed"
        stage.one.execute(ADDED, (9001,))
    end(stage.refresher, run)
    stage.refresh()


def triggers_put_after_a_whole_refresh(stage: Stage) -> None:
    run = begin(stage.refresher, VIEW.name, "full")
    before = log_triggers(stage.one)
    for relation, name, _ in before:
        stage.one.execute(f"ALTER TABLE ONLY {relation} DISABLE TRIGGER {name}".encode())
    with stage.refresher.transaction():
        stage.refresher.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(stage.refresher, run) == "completed"
        stage.one.execute(ADDED, (9001,))
    end(stage.refresher, run)
    for relation, name, _ in before:
        stage.one.execute(f"ALTER TABLE ONLY {relation} ENABLE ALWAYS TRIGGER {name}".encode())
    stage.refresh()


def paid_while_the_reservation_moves(stage: Stage) -> None:
    with stage.one.transaction():
        stage.one.execute("INSERT INTO pay VALUES (9001, 7, 5000)")
        stage.other.execute("UPDATE res SET org_id = 30 WHERE id = 7")
        stage.refresh()
    stage.refresh()


WRONG: list[tuple[Callable[[Connection], None], Callable[[Stage], None]]] = [
    (recompute_then_delete_the_queue, written_during_a_refresh),
    (highest_number, committed_later_than_its_successor),
    (newest_transaction, committed_later_than_its_successor),
    (time_of_the_change, committed_later_than_its_successor),
    (each_key_once, same_key_again),
    (no_time, time_passes),
    (build_then_clear, written_during_a_whole_refresh),
    (build_then_triggers, triggers_put_after_a_whole_refresh),
    (keys_as_they_are_when_written, paid_while_the_reservation_moves),
]


@pytest.fixture
def stage(rough_servers: Servers) -> Iterator[Stage]:
    server: EmbeddedServer = rough_servers.get(NEWEST)
    with new_database(server, rough_servers.template(server, "refresh_shop", build_shop)) as created:
        made: Database = created
        never_whole(made.connect())
        yield Stage(made.connect(), made.connect(), made.connect())


@pytest.mark.parametrize(("protocol", "story"), WRONG, ids=[protocol.__name__ for protocol, _ in WRONG])
def test_a_wrong_protocol_is_noticed(
    stage: Stage, protocol: Callable[[Connection], None], story: Callable[[Stage], None]
):
    stage.refresh()
    protocol(stage.refresher)
    story(stage)
    assert stage.wrong() > 0


STORIES = list(dict.fromkeys(story for _, story in WRONG))


@pytest.mark.parametrize("story", STORIES, ids=[story.__name__ for story in STORIES])
def test_what_is_built_is_right(stage: Stage, story: Callable[[Stage], None]):
    stage.refresh()
    story(stage)
    assert stage.wrong() == 0


def test_the_check_sees_a_row_that_is_wrong_missing_or_too_many(stage: Stage):
    table = stored(VIEW)
    stage.one.execute(sql.SQL("UPDATE {} SET n = n + 1 WHERE id = 3").format(table))
    stage.one.execute(sql.SQL("DELETE FROM {} WHERE id = 4").format(table))
    stage.one.execute(
        sql.SQL("INSERT INTO {} SELECT 99, name, n, total, paid FROM {} WHERE id = 5").format(table, table)
    )
    assert sorted(row[0] for row in wrong_rows(stage.refresher, VIEW)) == ["+", "+", "-", "-"]
