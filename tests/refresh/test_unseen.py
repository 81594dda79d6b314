"""Every way to write is heard of; what fires no trigger is found out, healed and said; and no trigger of ours ever fails a write."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from psycopg import sql

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database, need

from .checked import Connection, Run, begin, beside, end, last_run, log_of, refresh, stored, work, wrong_now, wrong_rows
from .projects import SHOP_SCHEMA, never_whole, schedule, shop
from .waiting import meanwhile, until, waits

BY_ORG, BY_STATUS = shop().view("by_org"), shop().view("by_status")
LOGS = {item.table: item.log for item in (BY_ORG.increment.watched if BY_ORG.increment else ())}


@pytest.fixture
def connection(shop_database: Database) -> Connection:
    """Both views are fresh, and their refreshes never whole for the number of groups alone."""
    connection = shop_database.connect()
    never_whole(connection)
    for view in (BY_ORG, BY_STATUS):
        assert refresh(connection, view).mode == "incremental"
    return connection


def heard(connection: Connection) -> None:
    """Both views hear of what was done, and compute some groups alone."""
    runs = [refresh(connection, view) for view in (BY_ORG, BY_STATUS)]
    assert [(run.status, run.mode, run.wrong) for run in runs] == [("completed", "incremental", [])] * 2, runs
    assert sum(run.groups or 0 for run in runs) > 0, runs


def whole(connection: Connection, view_name: str, because: str) -> Run:
    """The next refresh is a whole one that says why, and nothing is wrong after it; then all is as usual."""
    view = shop().view(view_name)
    run = refresh(connection, view)
    assert (run.status, run.mode, run.wrong) == ("completed", "full", []), run
    assert because in (run.detail or ""), run.detail
    return run


# ---------- what triggers hear ----------

MERGE_KEYS = "MERGE INTO res AS r USING (VALUES (7, 99), (900, 3)) AS w (id, n) ON r.id = w.id"
WRITES = {
    "a row in": "INSERT INTO res VALUES (901, 3, 'new', 5, now(), 1)",
    "a row out": "DELETE FROM res WHERE id = 7",
    "a value": "UPDATE res SET amount = amount + 100 WHERE id = 7",
    "a key": "UPDATE res SET org_id = 30 WHERE id = 7",
    "a key, to none": "UPDATE res SET org_id = NULL WHERE id = 7",
    "a deeper key": "UPDATE pay SET res_id = 8 WHERE res_id = 7",
    "keys that change places": "UPDATE res SET org_id = CASE org_id WHEN 5 THEN 6 ELSE 5 END WHERE org_id IN (5, 6)",
    "to another partition": "UPDATE res SET month = 2, amount = 1 WHERE month = 1 AND id < 50",
    "to another partition of a partition": "UPDATE res_rest SET month = 4, status = 'moved' WHERE month = 3 AND id < 50",
    "straight to a partition": "UPDATE res_1 SET status = 'direct', amount = 2 WHERE id < 99; DELETE FROM res_2 WHERE id < 30",
    "straight to a partition of a partition": "INSERT INTO res_3 VALUES (902, 3, 'new', 5, now(), 3)",
    "straight to a partition that has some": "INSERT INTO res_rest VALUES (903, 3, 'new', 5, now(), 4)",
    "upsert": "INSERT INTO res VALUES (7, 9, 'up', 5, now(), 4), (904, 9, 'up', 5, now(), 4)"
    " ON CONFLICT (id, month) DO UPDATE SET status = excluded.status, org_id = excluded.org_id",
    "merge": f"{MERGE_KEYS} WHEN MATCHED THEN UPDATE SET amount = w.n, org_id = 12 WHEN NOT MATCHED THEN INSERT VALUES (w.id, 9, 'm', w.n, now(), 1)",
    "merge that deletes": f"{MERGE_KEYS} WHEN MATCHED THEN DELETE",
    "merge to another partition": "MERGE INTO res AS r USING (VALUES (7), (11)) AS w (id) ON r.id = w.id WHEN MATCHED THEN UPDATE SET month = 1, org_id = 13",
    "merge to another partition and more": "MERGE INTO res AS r USING (VALUES (7, 1), (8, 1), (9, 2), (10, 3), (905, 1)) AS w (id, m) ON r.id = w.id"
    " WHEN MATCHED AND w.m = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET month = w.m, org_id = 13"
    " WHEN NOT MATCHED THEN INSERT VALUES (w.id, 13, 'm', 1, now(), w.m)",
    "merge within a partition of partitions": "MERGE INTO res_rest AS r USING (SELECT id FROM res WHERE month = 3) AS w ON r.id = w.id"
    " WHEN MATCHED THEN UPDATE SET month = 4, status = 'merged'",
    "CTEs": "WITH gone AS (DELETE FROM res WHERE id < 5 RETURNING *), paid AS (DELETE FROM pay WHERE res_id < 5 RETURNING res_id)"
    " INSERT INTO res SELECT id + 1000, org_id + 1, 'again', amount, at, month FROM gone",
    "a cascade of deletes": "DELETE FROM org WHERE id IN (3, 4)",
    "a cascade of keys": "UPDATE org SET id = id + 1000 WHERE id IN (3, 4)",
    "a function": "DO $$ BEGIN FOR i IN 1..9 LOOP EXECUTE 'UPDATE res SET status = $1 WHERE id = $2' USING 'f' || i, i; END LOOP; END $$",
    "a prepared statement": "PREPARE p (int) AS UPDATE res SET amount = 0 WHERE id = $1; EXECUTE p (7); DEALLOCATE p",
    "two phases": "BEGIN; UPDATE res SET amount = 0 WHERE id = 7; PREPARE TRANSACTION 'shop'; COMMIT PREPARED 'shop'",
    "a savepoint": "BEGIN; UPDATE res SET amount = 0 WHERE id = 7; SAVEPOINT s; UPDATE res SET org_id = 1; ROLLBACK TO s; COMMIT",
    "a session in the role of a replica": "SET session_replication_role = replica; UPDATE res SET amount = 0 WHERE id = 7; RESET session_replication_role",
    "foreign keys that are checked late": "ALTER TABLE res ALTER CONSTRAINT res_org_id_fkey DEFERRABLE INITIALLY DEFERRED; BEGIN;"
    " UPDATE res SET org_id = 77 WHERE id = 7; INSERT INTO org VALUES (77, 'late'); COMMIT",
    "a serializable transaction": "BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE res SET amount = 0 WHERE id = 7; COMMIT",
}


def every_statement(connection: Connection, text: str) -> None:
    for statement in text.split("; ") if "$$" not in text else [text]:
        connection.execute(statement.encode())


@pytest.mark.parametrize("text", WRITES.values(), ids=WRITES)
def test_every_way_to_write_is_heard(connection: Connection, text: str):
    every_statement(connection, text)
    heard(connection)


def test_copy_is_heard(connection: Connection):
    for number, table in enumerate(("res", "res_2", "res_rest")):
        with connection.cursor().copy(f"COPY {table} (id, org_id, status, amount, at, month) FROM STDIN") as copy:
            copy.write_row((910 + number, 5, "copied", 10, "2026-01-01", 2 if number < 2 else 4))
        heard(connection)


@pytest.mark.parametrize("table", ["res", "res_1", "res_rest", "res_3", "pay", "org"])
def test_truncate_makes_a_whole_refresh(connection: Connection, table: str):
    marked = connection.execute("SELECT count(*) FROM mvc.unlogged_since").fetchone()
    connection.execute(f"TRUNCATE {table} CASCADE")
    # Where the server has crashed since they were watched, by another test, a table in another file may have been unlogged meanwhile.
    whole(connection, "by_org", "it was truncated" if marked == (1,) else "may have gone unnoticed")
    assert refresh(connection, BY_STATUS).wrong == []
    connection.execute(
        "INSERT INTO org VALUES (7, 'o') ON CONFLICT DO NOTHING; INSERT INTO res VALUES (7, 7, 'new', 5, now(), 1) ON CONFLICT DO NOTHING"
    )
    connection.execute("INSERT INTO pay VALUES (9000, 7, 5)")
    heard(connection)


def test_a_truncate_after_the_snapshot_leaves_nothing_half(connection: Connection, shop_database: Database):
    """TRUNCATE is not for snapshots: a table that was emptied is empty for older ones, too. Groups computed without it, beside others that
    were computed with it, would be neither the old nor the new.
    """
    other = shop_database.connect()
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id = 7")
    run = begin(connection, "by_org")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        other.execute("TRUNCATE pay")
        ended = work(connection, run)
        assert ended == "again" or wrong_rows(connection, BY_ORG) == []
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if ended == "again":
            work(connection, run)
    end(connection, run)
    assert refresh(connection, BY_ORG).wrong == []


def test_a_reload_behind_the_snapshot_hides_no_group(connection: Connection, shop_database: Database):
    """The way from what changed to its group leads through the table that is empty for the snapshot: there seems to be nothing to do."""
    other = shop_database.connect()
    connection.execute("UPDATE pay SET amount = amount + 1000 WHERE res_id = 7")
    run = begin(connection, "by_org")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        other.execute("BEGIN; CREATE TEMP TABLE kept AS TABLE res; TRUNCATE res; INSERT INTO res TABLE kept; COMMIT")
        assert work(connection, run) == "again"
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(connection, run) == "completed"
    end(connection, run)
    assert wrong_rows(connection, BY_ORG) == []


RELOADED = """
view: {0}
sources: {{r: {{table: {1}}}}}
dimensions: {{at: r.at}}
aggregates: {{n: {{count: r}}}}
"""
RELOADING = {
    "by TRUNCATE": "CREATE TEMP TABLE kept AS TABLE res; TRUNCATE res; INSERT INTO res TABLE kept",
    "by another partition": "ALTER TABLE res DETACH PARTITION res_1; CREATE TABLE res_1b (LIKE res_1); INSERT INTO res_1b TABLE res_1;"
    " ALTER TABLE res ATTACH PARTITION res_1b FOR VALUES FROM (1) TO (2)",
    "through a view": "CREATE TEMP TABLE kept AS TABLE res; TRUNCATE res; INSERT INTO res TABLE kept",
}


@pytest.mark.parametrize("reloading", RELOADING)
@pytest.mark.parametrize("mode", ["full", "window, window: 3d"])
def test_a_reload_behind_the_snapshot_empties_no_view(
    connection: Connection, shop_database: Database, mode: str, reloading: str
):
    """Neither before nor after it is the table empty; to a snapshot that waits for its end it is. Not only what is watched matters."""
    files = {
        "mvc.yml": "project: again\ncatalog: s.sql\n",
        "s.sql": f"{SHOP_SCHEMA}; CREATE VIEW seen AS SELECT * FROM res;",
        "views/v.yml": RELOADED.format("reloaded", "seen" if reloading == "through a view" else "res"),
        "schedules/s.yml": "schedules:\n  - {schedule: s, refresh: reloaded, every: '* * * * *'"
        f"{'' if mode == 'full' else f', mode: {mode}'}}}\n",
    }
    writer = shop_database.connect()
    writer.execute("CREATE VIEW seen AS SELECT * FROM res")
    apply(writer, mvc.compile(mvc.load(files)))
    writer.execute(f"BEGIN; {RELOADING[reloading]}".encode())
    with meanwhile(lambda: connection.execute("CALL mvc.refresh('public', 'reloaded')")):
        until(lambda: waits(writer, connection))
        writer.execute("COMMIT")
    assert writer.execute("SELECT sum(n) FROM reloaded").fetchone() == (400,)


EQUAL = {
    "numbers": ("numeric", "5", "5.00"),
    "floats": ("double precision", "0", "-0"),
    "spans": ("interval", "1 day", "24 hours"),
    "texts": ('text COLLATE "any_case"', "five", "FIVE"),
    "arrays": ("numeric[]", "{1}", "{1.0}"),
}


@pytest.mark.parametrize("of", EQUAL)
def test_values_that_are_equal_and_yet_others_are_logged(shop_database: Database, of: str):
    """A group of their texts is another one; an UPDATE of many rows logs what it changed."""
    type_, former, new = EQUAL[of]
    connection = shop_database.connect()
    ddl = f"CREATE TABLE x (id int PRIMARY KEY, k {type_} NOT NULL);"
    if of == "texts":
        ddl = "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);" + ddl
        try:
            connection.execute("CREATE COLLATION probe (provider = icu, locale = 'und')")
        except psycopg.errors.FeatureNotSupported:
            assert shop_database.major > 15  # Debian's has it
            pytest.skip("this server was built without ICU")
    connection.execute(f"{ddl} INSERT INTO x SELECT g, '{former}' FROM generate_series(1, 150) AS g".encode())
    grain = "{k: 't.k::text COLLATE \"C\"'}" if of == "texts" else "{k: t.k::text}"
    files = {
        "mvc.yml": "project: equal\ncatalog: s.sql\n",
        "s.sql": ddl,
        "views/v.yml": f"view: texts\nsources: {{t: {{table: x}}}}\ndimensions: {grain}\naggregates: {{n: {{count: t}}}}\n",
        "schedules/s.yml": schedule(["texts"]),
    }
    compiled = mvc.compile(mvc.load(files))
    apply(connection, compiled)
    never_whole(connection)
    assert refresh(connection, compiled.view("texts")).mode == "incremental"
    connection.execute(f"UPDATE x SET k = '{new}'".encode())
    run = refresh(connection, compiled.view("texts"))
    assert (run.mode, run.groups, run.wrong) == ("incremental", 2, [])


MOVED = """
CREATE TABLE moved (id int, amount int NOT NULL, month int NOT NULL, tens int GENERATED ALWAYS AS (amount / 10) STORED, PRIMARY KEY (id, month)) PARTITION BY RANGE (month);
CREATE TABLE moved_1 PARTITION OF moved FOR VALUES FROM (1) TO (2);
CREATE TABLE moved_2 PARTITION OF moved FOR VALUES FROM (2) TO (3);
"""
MERGED = "MERGE INTO moved USING (VALUES ({0})) AS w (id) ON moved.id = w.id WHEN MATCHED THEN UPDATE SET month = 3 - month, amount = amount + 10"
UPDATED = "UPDATE moved SET month = 3 - month, amount = amount + 10 WHERE id = {0}"
WITHIN = "CREATE OR REPLACE FUNCTION moving(id int) RETURNS int LANGUAGE sql AS $$ {0}; SELECT 1 $$; "
MOVES = {
    "update": (UPDATED.format(11), "incremental"),
    "merge": (MERGED.format(11), "full"),
    "merge that is prepared": (f"PREPARE m AS {MERGED.format(11)}; EXECUTE m; DEALLOCATE m", "full"),
    "merge within an update": (
        f"{WITHIN.format(MERGED.format('$1'))} UPDATE org SET name = moving(11)::text WHERE id = 3",
        "full",
    ),
    "update and merge": (f"{UPDATED.format(12)}; {MERGED.format(11)}", "full"),
}


def test_a_row_that_merge_moves_to_another_computed_key(shop_database: Database):
    """Its old and its new image are meant for triggers that do not fire, and the one that does comes before columns are computed."""
    connection = shop_database.connect()
    connection.execute(f"{MOVED} INSERT INTO moved SELECT g, g, g % 2 + 1 FROM generate_series(1, 99) AS g".encode())
    files = {
        "mvc.yml": "project: moved\ncatalog: s.sql\n",
        "s.sql": MOVED,
        "views/v.yml": "view: by_tens\nsources: {m: {table: moved}}\ndimensions: {tens: m.tens}\naggregates: {n: {count: m}, s: {sum: m.amount}}\n",
        "schedules/s.yml": schedule(["by_tens"]),
    }
    compiled = mvc.compile(mvc.load(files))
    apply(connection, compiled)
    never_whole(connection)
    for name, (text, mode) in MOVES.items():
        connection.execute(text.encode())
        run = refresh(connection, compiled.view("by_tens"))
        assert (run.status, run.mode, run.wrong) == ("completed", mode, []), (name, run)
        assert (run.changed or 0) > 0, name


def test_a_second_attempt_looks_at_the_triggers_again(connection: Connection, shop_database: Database):
    """The first one may have taken long."""
    other = shop_database.connect()
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id = 7")
    run = begin(connection, "by_org")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        other.execute("UPDATE mvc.stored_relation SET held_at = now()")
        assert work(connection, run) == "again"
    other.execute(
        "ALTER TABLE res DISABLE TRIGGER ALL; UPDATE res SET amount = amount + 100 WHERE id < 50; ALTER TABLE res ENABLE TRIGGER ALL"
    )
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(connection, run) == "completed"
    end(connection, run)
    assert wrong_rows(connection, BY_ORG) == []
    assert log_of(connection, run).mode == "full"
    assert refresh(connection, BY_ORG).mode == "full"
    assert refresh(connection, BY_ORG).mode == "incremental"


# ---------- who writes through a view ----------

THROUGH = {
    "INSERT": "INSERT INTO by_status (status, month, n, orgs) VALUES ('made up', 1, 1, 1)",
    "UPDATE": "UPDATE by_status SET n = 0",
    "DELETE": "DELETE FROM by_status WHERE month = 1",
    "COPY": "COPY by_status (status, month, n, orgs) FROM PROGRAM 'echo 1'",
    "through another view": "DELETE FROM over_it",
}


@pytest.mark.parametrize("text", THROUGH.values(), ids=THROUGH)
def test_nobody_writes_through_a_view(connection: Connection, text: str):
    """Its owner may write to the stored table, and no refresh would hear of it."""
    connection.execute("CREATE VIEW over_it AS SELECT * FROM by_status")
    if text.startswith("COPY"):
        with (
            pytest.raises(psycopg.Error),
            connection.cursor().copy("COPY by_status (status, month, n, orgs) FROM STDIN") as copy,
        ):
            copy.write_row(("made up", 1, 1, 1))
    else:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="cannot be written to"):
            connection.execute(text.encode())
    assert wrong_now(connection, shop()) == {}


def test_who_has_a_trigger_of_his_own_goes_on(connection: Connection):
    connection.execute(
        "CREATE TABLE heard (op text); CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO heard VALUES (TG_OP); RETURN OLD; END $$;"
        " CREATE TRIGGER hear INSTEAD OF DELETE ON by_status FOR EACH ROW EXECUTE FUNCTION hear()"
    )
    connection.execute("DELETE FROM by_status WHERE month = 1 AND status = 'paid'")
    assert connection.execute("TABLE heard").fetchall() == [("DELETE",)]
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        connection.execute("UPDATE by_status SET n = 0")


RULED = {
    "rule": "CREATE RULE mine AS ON INSERT TO {0} DO INSTEAD NOTHING",
    "trigger": "CREATE TRIGGER mine BEFORE INSERT OR UPDATE ON {0} FOR EACH ROW EXECUTE FUNCTION swallow()",
}


@pytest.mark.parametrize("kind", RULED)
def test_what_would_swallow_the_rows_of_a_refresh_is_refused(connection: Connection, kind: str):
    """Its owner may have put it on what is stored, or on the groups that are put aside; an older one that is gone is no matter."""
    swallows = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    connection.execute(swallows)
    for relation in (stored(BY_STATUS), beside(BY_STATUS, "dirty")):
        connection.execute(sql.SQL(RULED[kind]).format(relation))
        connection.execute("UPDATE res SET status = status || '!' WHERE id = 7")
        run = refresh(connection, BY_STATUS)
        assert run.status == "failed"
        assert f"the {kind} mine is on mvc.{relation.as_string().split('.')[1].strip(chr(34))}" in (run.error or "")
        connection.execute(sql.SQL(f"DROP {kind} mine ON {{}}").format(relation))
        run = refresh(connection, BY_STATUS)
        assert (run.status, run.mode, run.wrong) == ("completed", "incremental", [])


@pytest.mark.parametrize("others", [False, True], ids=["ours alone", "others' as well"])
def test_what_others_change_while_rights_are_given_is_not_taken_for_ours(
    connection: Connection, shop_database: Database, others: bool
):
    """A log's rights may have been gone for a while between the looks of a deployment, which gives rights as well."""
    log, other = LOGS["res"], shop_database.connect()
    with connection.transaction():
        [(known,)] = connection.execute("SELECT mvc.known_places()::text").fetchall()
        if others:
            other.execute(f"REVOKE ALL ON mvc.{log} FROM CURRENT_USER".encode())
            other.execute(f"GRANT ALL ON mvc.{log} TO CURRENT_USER".encode())
        with connection.transaction():
            connection.execute("GRANT USAGE ON SCHEMA mvc TO pg_monitor")
        connection.execute("SELECT mvc.keep_places(%s::text::jsonb)", (known,))
    run = refresh(connection, BY_ORG)
    assert (run.mode, run.wrong) == ("full" if others else "incremental", [])


def test_a_plain_view_is_written_through_as_before(shop_database: Database):
    connection = shop_database.connect()
    plain = "view: plain\nmaterialized: false\nsources: {o: {table: org}}\ndimensions: {id: o.id, name: o.name}\n"
    apply(connection, shop(plain=plain))
    connection.execute("UPDATE plain SET name = 'written' WHERE id = 3")
    assert connection.execute("SELECT name FROM org WHERE id = 3").fetchone() == ("written",)


# ---------- what no trigger hears ----------


def log_triggers(connection: Connection) -> list[tuple[str, str, str]]:
    """(relation, trigger, how it is enabled) of all that write to logs."""
    query = "SELECT tgrelid::regclass::text, quote_ident(tgname), tgenabled::text FROM pg_trigger WHERE tgname LIKE '%mvc\\_log\\_%'"
    return connection.execute(query).fetchall()


def unheard(connection: Connection, text: str) -> None:
    """Done, and what the triggers wrote of it taken out of the logs."""
    with connection.transaction():
        connection.execute(text.encode())
        for log in LOGS.values():
            connection.execute(f"DELETE FROM mvc.{log} WHERE mvc_at = pg_current_xact_id()".encode())


UNHEARD = {
    "rows changed": "UPDATE res_1 SET amount = amount + 1, status = 'quiet' WHERE id % 8 = 0",
    "rows gone": "DELETE FROM res WHERE month = 1 AND id < 100",
    "a group gone": "DELETE FROM res WHERE month = 1",
    "a group added": "INSERT INTO res VALUES (950, 3, 'never seen', 5, now(), 1)",
}


@pytest.mark.parametrize("text", UNHEARD.values(), ids=UNHEARD)
def test_verify_finds_heals_and_says(connection: Connection, text: str):
    unheard(connection, text)
    missed = refresh(connection, BY_STATUS)
    assert missed.mode == "incremental"
    assert missed.wrong, "it was heard of after all: the test proves nothing"
    healed = refresh(connection, BY_STATUS, "verify")
    assert (healed.status, healed.mode, healed.wrong) == ("completed", "verify", [])
    assert "changes had gone unnoticed" in (healed.detail or "")
    assert (healed.changed or 0) > 0
    again = refresh(connection, BY_STATUS, "verify")
    assert again.changed == 0
    assert "all as the query gives them" in (again.detail or "")


BROKEN = {
    "a trigger dropped": "DROP TRIGGER {update} ON res; UPDATE res SET status = 'quiet' WHERE id = 7",
    "a partition's trigger dropped": "DROP TRIGGER {delete} ON res_3; DELETE FROM res_3",
    "triggers away for a load": "ALTER TABLE res_1 DISABLE TRIGGER ALL; DELETE FROM res_1 WHERE id < 50; ALTER TABLE res_1 ENABLE TRIGGER ALL",
    "one enabled otherwise": "ALTER TABLE res ENABLE TRIGGER {insert}",
    "a partition attached with rows": "CREATE TABLE res_5 (LIKE res INCLUDING ALL); INSERT INTO res_5 VALUES (960, 5, 'attached', 5, now(), 5);"
    " ALTER TABLE res_rest ATTACH PARTITION res_5 FOR VALUES FROM (5) TO (6)",
    "a partition detached": "ALTER TABLE res DETACH PARTITION res_2",
    "a partition dropped": "DROP TABLE res_4",
    "a new partition written straight": "CREATE TABLE res_6 PARTITION OF res_rest FOR VALUES FROM (6) TO (7); INSERT INTO res_6 VALUES (961, 5, 'new', 5, now(), 6)",
    "a child table": "ALTER TABLE org ADD COLUMN more int; CREATE TABLE org_child () INHERITS (org); INSERT INTO org_child VALUES (500, 'child', true)",
    "the log's function dropped": f"DROP FUNCTION mvc.{LOGS['res']}() CASCADE; UPDATE res SET status = 'quiet' WHERE id = 7",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_logging_is_found_mended_and_said(connection: Connection, text: str):
    named = {name.split("_")[2]: name for relation, name, _ in log_triggers(connection) if relation == "res"}
    connection.execute(text.format(**named).encode())
    run = whole(connection, "by_org", "may have gone unnoticed")
    assert "its triggers, columns, partitions or children" in (run.detail or "")
    refresh(connection, BY_STATUS)
    connection.execute("UPDATE res SET amount = amount + 1, status = 'after' WHERE id < 30")
    heard(connection)


def test_a_new_partition_and_a_child_are_watched_from_then_on(connection: Connection):
    connection.execute(
        "CREATE TABLE res_6 PARTITION OF res_rest FOR VALUES FROM (6) TO (7); CREATE TABLE org_child () INHERITS (org)"
    )
    whole(connection, "by_org", "partitions or children")
    refresh(connection, BY_STATUS)
    connection.execute("INSERT INTO res_6 VALUES (961, 5, 'new', 5, now(), 6)")
    heard(connection)
    connection.execute("INSERT INTO org_child VALUES (500, 'child', true)")
    heard(connection)
    connection.execute("TRUNCATE res_6")
    whole(connection, "by_org", "it was truncated")


def test_a_refresh_looks_at_each_table_once(shop_database: Database, connection: Connection):
    """It is the larger part of a refresh that has nothing to do."""
    asked = "SELECT coalesce(sum(calls), 0)::int FROM pg_stat_user_functions WHERE funcname = 'listening'"
    refreshing = shop_database.connect()
    refreshing.execute("SET track_functions = 'all'")
    for expected in (3, 6):
        refreshing.execute("CALL mvc.refresh('public', 'by_org')")
        refreshing.execute("SELECT pg_stat_force_next_flush()")
        assert refreshing.execute(asked).fetchone() == (expected,)
    assert last_run(connection, "by_org").mode == "incremental"


QUIET = (
    "SET LOCAL lock_timeout = '1s'; ALTER TABLE res DISABLE TRIGGER USER;"
    " UPDATE res SET amount = amount + 1, status = 's' || id % 7 WHERE id = 1 + (random() * 390)::int; ALTER TABLE res ENABLE TRIGGER USER"
)
LOUD = "UPDATE res SET amount = amount + 1, org_id = 1 + (random() * 39)::int WHERE id = 1 + (random() * 390)::int"


@pytest.mark.slow
def test_triggers_that_go_off_and_on_all_the_time(shop_database: Database, connection: Connection):
    """Beside writers and refreshes: once that is over, the next refresh of each view has all."""
    ends = time.monotonic() + 4

    def loop(text: str, pause: float) -> int:
        with psycopg.connect(shop_database.url, autocommit=True) as session:
            done = 0
            while time.monotonic() < ends:
                with suppress(psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected), session.transaction():
                    session.execute(text.encode())
                    done += 1
                time.sleep(pause)
        return done

    def refreshes(view: str) -> int:
        with psycopg.connect(shop_database.url, autocommit=True) as session:
            while time.monotonic() < ends:
                session.execute("CALL mvc.refresh('public', %s)", (view,))
        return 1

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(loop, QUIET, 0.02), pool.submit(loop, LOUD, 0.005)]
        work += [pool.submit(refreshes, view) for view in ("by_org", "by_status")]
        assert min(item.result() for item in work) > 0
    for view in ("by_org", "by_status"):
        connection.execute("CALL mvc.refresh('public', %s)", (view,))
    assert wrong_now(connection, shop()) == {}
    modes = "SELECT DISTINCT mode FROM mvc.refresh_log WHERE status = 'completed' ORDER BY 1"
    assert connection.execute(modes.encode()).fetchall() == [("full",), ("incremental",)]


FOREIGN = """
CREATE EXTENSION file_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER file_fdw;
ALTER TABLE res DROP CONSTRAINT res_pkey CASCADE, DROP CONSTRAINT res_org_id_fkey;
CREATE FOREIGN TABLE res_far_1 PARTITION OF res FOR VALUES FROM (20) TO (30) SERVER far OPTIONS (filename '/dev/null');
CREATE FOREIGN TABLE res_far_2 PARTITION OF res FOR VALUES FROM (30) TO (40) SERVER far OPTIONS (filename '/dev/null');
"""


@pytest.mark.parametrize("rough_server", [15], ids=["pg15"], indirect=True, scope="session")
def test_with_a_foreign_partition_every_refresh_is_a_whole_one(connection: Connection):
    """Who writes there fires no trigger here. That such partitions are there is no change behind a refresh's back."""
    found = connection.execute("SELECT true FROM pg_available_extensions WHERE name = 'file_fdw'").fetchone()
    need(found, "file_fdw (Debian's package postgresql-15)")
    connection.execute(FOREIGN)
    for _ in range(2):
        connection.execute("INSERT INTO res VALUES (961, 5, 'new', 5, now(), 1)")
        whole(connection, "by_status", "is a foreign table")
    with pytest.raises(psycopg.errors.WrongObjectType, match="cannot be logged: public"):
        connection.execute("SELECT mvc.watch(table_schema, table_name, log, columns) FROM mvc.watched_table")
    connection.execute("DROP FOREIGN TABLE res_far_1, res_far_2")
    whole(connection, "by_status", "is not known")
    connection.execute("UPDATE res SET status = 'back' WHERE id < 30")
    assert refresh(connection, BY_STATUS).mode == "incremental"


# ---------- no write ever fails ----------


def test_a_renamed_column_fails_no_write(connection: Connection):
    connection.execute("ALTER TABLE res RENAME COLUMN org_id TO organisation")
    for _ in range(2):
        connection.execute("UPDATE res SET organisation = 9, amount = 1 WHERE id = 7")
        connection.execute("INSERT INTO res VALUES (970, 9, 'new', 5, now(), 1)")
        connection.execute("DELETE FROM res_1 WHERE id = 970")
        whole(connection, "by_org", "its triggers, columns")
    connection.execute("ALTER TABLE res RENAME COLUMN organisation TO org_id")
    for view in (BY_ORG, BY_STATUS, BY_ORG, BY_STATUS):
        assert refresh(connection, view).wrong == []
    connection.execute("UPDATE res SET org_id = 11, status = 'y' WHERE id = 7")
    heard(connection)


def test_another_column_under_a_watched_name(connection: Connection):
    """The views go on reading the column that they were made for."""
    connection.execute("ALTER TABLE res RENAME COLUMN org_id TO organisation; ALTER TABLE res ADD COLUMN org_id int")
    for number in (9, 10, 11):
        connection.execute("UPDATE res SET organisation = %s, amount = 1 WHERE id = 7", (number,))
        whole(connection, "by_org", "its triggers, columns")
    connection.execute("ALTER TABLE res DROP COLUMN org_id; ALTER TABLE res RENAME COLUMN organisation TO org_id")
    for view in (BY_ORG, BY_STATUS, BY_ORG, BY_STATUS):
        assert refresh(connection, view).wrong == []
    connection.execute("UPDATE res SET org_id = 12, status = 'y' WHERE id = 7")
    heard(connection)


@pytest.fixture
def writer(shop_database: Database, connection: Connection) -> Connection:
    """A role that may write to the base tables, and has no other right at all."""
    for role in ("rf_writer", "rf_stranger"):
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON org, res, res_1, pay TO rf_writer")
    made = shop_database.connect()
    made.execute("SET ROLE rf_writer; SET search_path = ''; SET lock_timeout = '5s'")
    return made


WRITTEN = (
    "INSERT INTO public.res VALUES (980, 5, 'theirs', 5, now(), 1)",
    "UPDATE public.res SET org_id = 6, status = 'theirs' WHERE id < 30",
    "DELETE FROM public.res_1 WHERE id < 10",
    "UPDATE public.pay SET res_id = 50 WHERE id < 10",
)


def test_writers_need_no_right_on_our_schema(writer: Connection, connection: Connection):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute("SELECT FROM mvc.stored_relation")
    for text in WRITTEN:
        writer.execute(text.encode())
        heard(connection)
    for forged in (
        f"INSERT INTO mvc.{LOGS['res']} VALUES (DEFAULT)",
        f"SELECT mvc.{LOGS['res']}()",
        f"DELETE FROM mvc.{LOGS['res']}",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute(forged.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute(
            "CREATE TRIGGER t AFTER INSERT ON public.res FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()"
        )


def test_what_a_writer_puts_before_our_names_changes_nothing(writer: Connection, connection: Connection):
    """Temporary tables of the same names, which come first for a careless function."""
    for log in LOGS.values():
        writer.execute(
            f"CREATE TEMP TABLE {log} (mvc_at xid8, id int, org_id int, res_id int, at timestamptz, month int, status text)"
        )
    writer.execute(
        "CREATE TEMP TABLE unknown_change (log name, why text); CREATE TEMP TABLE new_rows (id int); CREATE TEMP TABLE old_rows (id int)"
    )
    for text in WRITTEN:
        writer.execute(text.encode())
        heard(connection)


RUINED: dict[str, tuple[str, Callable[[], str]]] = {
    "the log's owner": ("its log belongs to another", lambda: f"ALTER TABLE mvc.{LOGS['res']} OWNER TO rf_stranger; ALTER FUNCTION mvc.{LOGS['res']}() OWNER TO rf_stranger"),
    "the function's owner": ("a stranger", lambda: f"ALTER FUNCTION mvc.{LOGS['res']}() OWNER TO rf_stranger"),
    "the schema's owner": ("of all", lambda: f"ALTER FUNCTION mvc.{LOGS['res']}() OWNER TO rf_stranger; REVOKE ALL ON mvc.unknown_change FROM PUBLIC"),
    "the log gone": ("dropped", lambda: f"DROP TABLE mvc.{LOGS['res']} CASCADE"),
    "a column of the log gone": ("cut", lambda: f"ALTER TABLE mvc.{LOGS['res']} DROP COLUMN org_id CASCADE"),
    "both logs gone": ("all", lambda: f"DROP TABLE mvc.{LOGS['res']}, mvc.unknown_change CASCADE"),
    "the count of lost changes gone, too": ("counted", lambda: f"DROP TABLE mvc.{LOGS['res']}, mvc.unknown_change CASCADE; DROP SEQUENCE mvc.lost_change"),
    "a constraint on the log": ("narrow", lambda: f"ALTER TABLE mvc.{LOGS['res']} ADD CHECK (org_id < 0) NOT VALID"),
}  # fmt: skip


@pytest.mark.parametrize("ruin", RUINED, ids=RUINED)
def test_whatever_is_ruined_no_write_fails_and_no_refresh_lies(writer: Connection, connection: Connection, ruin: str):
    connection.execute(RUINED[ruin][1]().encode())
    for text in WRITTEN:
        writer.execute(text.encode())
    with suppress(psycopg.Error):  # it may well refuse to begin
        connection.execute("CALL mvc.refresh('public', 'by_org')")
    run = last_run(connection, "by_org")
    assert run.status == "failed" or wrong_rows(connection, BY_ORG) == [], run


def test_a_log_that_is_locked_makes_a_writer_wait_no_longer_than_it_wants(
    shop_database: Database, connection: Connection
):
    holder, writer = shop_database.connect(), shop_database.connect()
    holder.execute(f"BEGIN; LOCK TABLE mvc.{LOGS['res']} IN ACCESS EXCLUSIVE MODE")
    writer.execute("SET lock_timeout = '50ms'")
    writer.execute("UPDATE res SET amount = 0 WHERE id = 7")
    holder.execute("COMMIT")
    whole(connection, "by_org", "public.res: a change could not be logged")


# ---------- what holds a refresh up ----------


def test_an_open_dump_holds_no_refresh_up(shop_database: Database, connection: Connection):
    """pg_dump keeps ACCESS SHARE on every table for as long as it runs."""
    dumping = shop_database.connect()
    dumping.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    for (name,) in connection.execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('mvc', 'public')"
    ).fetchall():
        dumping.execute(f"LOCK TABLE {name} IN ACCESS SHARE MODE")
    connection.execute("SET lock_timeout = '2s'")
    for _ in range(2):
        connection.execute("UPDATE res SET amount = amount + 1 WHERE id = 7")
        heard(connection)
    assert refresh(connection, BY_ORG, "verify").wrong == []
    connection.execute("DELETE FROM res WHERE id = 7")
    dumping.execute("COMMIT")
    heard(connection)


def test_an_overlap_is_skipped_also_while_the_first_starts_anew(shop_database: Database, connection: Connection):
    """A whole refresh of a view whose changes are not known may take long; whoever comes meanwhile is told so at once."""
    other = shop_database.connect()
    connection.execute("UPDATE mvc.stored_relation SET cursor = NULL")
    run = begin(connection, "by_org")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert work(connection, run) == "completed"
        other.execute("SET statement_timeout = '5s'")
        other.execute("CALL mvc.refresh('public', 'by_org')")
        assert last_run(other, "by_org").status == "skipped"
    end(connection, run)
    assert log_of(connection, run).mode == "full"
    assert wrong_now(connection, shop()) == {}


def test_a_partition_that_comes_and_goes_around_a_refresh(shop_database: Database, connection: Connection):
    """Attached after a refresh took its snapshot and detached before the next one: nothing is left to see of it by then."""
    other = shop_database.connect()
    other.execute(
        "CREATE TABLE res_5 (LIKE res INCLUDING ALL); INSERT INTO res_5 SELECT 1000 + g, g, 'passing', 5, now(), 5 FROM generate_series(1, 40) AS g"
    )
    connection.execute("UPDATE res SET amount = amount + 1 WHERE id < 9")
    run = begin(connection, "by_org")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        other.execute("ALTER TABLE res_rest ATTACH PARTITION res_5 FOR VALUES FROM (5) TO (6)")
        work(connection, run)
    end(connection, run)
    other.execute("ALTER TABLE res_rest DETACH PARTITION res_5")
    assert refresh(connection, BY_ORG).wrong == []


def test_a_waiting_writer_and_a_refresh_do_not_keep_each_other(shop_database: Database, connection: Connection):
    """A row that another one holds: the writer waits, the refresh does not."""
    holder, writer = shop_database.connect(), shop_database.connect()
    holder.execute("BEGIN; UPDATE res SET amount = amount + 1 WHERE id = 7")
    with meanwhile(lambda: writer.execute("UPDATE res SET org_id = 2, status = 'late' WHERE id = 7")):
        until(lambda: waits(connection, writer))
        connection.execute("SET lock_timeout = '1s'")
        assert refresh(connection, BY_ORG).wrong == []
        holder.execute("COMMIT")
    heard(connection)


def test_two_logs_of_one_table(connection: Connection):
    """A partition's own log and that of the whole: both have their triggers on it, and neither takes the other's away. A statement
    about the whole tells only the whole's triggers, so the partition's log has some there, too.
    """
    connection.execute("SELECT mvc.watch('public', 'res_1', 'changes_of_one', '{org_id}')")
    connection.execute(
        "UPDATE res SET org_id = 9, status = 'x' WHERE id = 8; UPDATE res_1 SET org_id = 10 WHERE id = 4"
    )
    logged = "SELECT array_agg(DISTINCT org_id ORDER BY org_id) FROM mvc.{}"
    assert connection.execute(logged.format("changes_of_one")).fetchone() == ([5, 9, 10],)
    assert connection.execute(logged.format(LOGS["res"])).fetchone() == ([5, 9, 10],)
    heard(connection)
