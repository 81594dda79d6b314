"""Ways in which rows change without a trigger of a statement that fires, or in which they change what the triggers are told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from servers import Database

Connection = psycopg.Connection[Any]
ROW = "(id int, k text NOT NULL, amount int NOT NULL, day date NOT NULL, twice int GENERATED ALWAYS AS (amount * 2) STORED{more})"
SCHEMA: Final = f"""
CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE t {ROW.format(more=", parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, PRIMARY KEY (id)")};
CREATE TABLE p {ROW.format(more=", PRIMARY KEY (id, day)")} PARTITION BY RANGE (day);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2100-01-01');
CREATE TABLE i {ROW.format(more=", PRIMARY KEY (id)")};
CREATE TABLE i_1 (more int) INHERITS (i);
CREATE TABLE q {ROW.format(more=", PRIMARY KEY (id, day)")};
"""
ROWS: Final = """
INSERT INTO parent SELECT g, 'p' || g FROM generate_series(1, 9) AS g;
INSERT INTO t (id, k, amount, day, parent_id) SELECT g, 'k' || g % 5, g, current_date, g % 9 + 1 FROM generate_series(1, 60) AS g;
INSERT INTO p (id, k, amount, day) SELECT g, 'k' || g % 5, g, CASE WHEN g % 3 = 0 THEN '2010-05-05' ELSE current_date END FROM generate_series(1, 60) AS g;
INSERT INTO q (id, k, amount, day) SELECT g, 'k' || g % 5, g, current_date FROM generate_series(1, 60) AS g;
INSERT INTO i (id, k, amount, day) SELECT g, 'k' || g % 5, g, current_date FROM generate_series(1, 30) AS g;
INSERT INTO i_1 (id, k, amount, day) SELECT g, 'k' || g % 5, g, current_date FROM generate_series(31, 60) AS g;
"""
BASES: Final = ("t", "p", "i", "i_1", "q")
WRITE = "UPDATE t SET amount = amount + 7, k = 'k' || (id + 1) % 6 WHERE id % 4 = 0"
TRIGGERS = "SELECT tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger WHERE tgrelid = 't'::regclass AND tgname LIKE 'mvc\\_log\\_%' ORDER BY 1"
ENABLED: Final = {"O": "", "A": "ALWAYS", "R": "REPLICA"}


@dataclass(frozen=True)
class Place:
    """Where a way is tried: a connection of a superuser to the database of the views."""

    connection: Connection
    database: Database
    least: bool

    def do(self, text: str) -> None:
        """One statement after the other, so that each that is not in a transaction is one."""
        for statement in text.split(";\n") if "$$" not in text else [text]:
            self.connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode()).fetchall()


@dataclass(frozen=True)
class Way:
    """What is done, to which tables, and how it is put back. `ends` is what becomes of refreshes: `right` or `refused`; `unheard` says that
    those that are incremental, of who has TRIGGER only, do not notice it. What is `refused_there` PostgreSQL does not let happen; `quiet`
    changes no rows.
    """

    name: str
    does: str | Callable[[Place], None]
    bases: tuple[str, ...] = ("t",)
    undo: str = ""
    ends: str = "right"
    unheard: bool = False
    refused_there: bool = False
    since: int = 0
    quiet: bool = False

    def run(self, place: Place) -> None:
        if callable(self.does):
            self.does(place)
        else:
            place.do(self.does)


def each_off_and_on(place: Place) -> None:
    """Each of our triggers, put back exactly as it was."""
    there = place.rows(TRIGGERS)
    for name, _, _ in there:
        place.do(f"ALTER TABLE t DISABLE TRIGGER {name}")
    place.do(WRITE)
    for name, _, enabled in there:
        place.do(f"ALTER TABLE t ENABLE {ENABLED[enabled]} TRIGGER {name}")


def for_replicas_alone(place: Place) -> None:
    for name, _, _ in place.rows(TRIGGERS):
        place.do(f"ALTER TABLE t ENABLE REPLICA TRIGGER {name}")
    place.do(WRITE)


def in_one_transaction(place: Place) -> None:
    with place.connection.transaction():
        each_off_and_on(place)


def made_again(place: Place) -> None:
    there = place.rows(TRIGGERS)
    for name, _, _ in there:
        place.do(f"DROP TRIGGER {name} ON t")
    place.do(WRITE)
    for name, definition, enabled in there:
        place.do(definition)
        place.do(f"ALTER TABLE t ENABLE {ENABLED[enabled]} TRIGGER {name}")


def with_a_condition(place: Place) -> None:
    """Nothing but the condition tells it from the trigger that was there."""
    for name, definition, enabled in place.rows(TRIGGERS):
        if "UPDATE" in definition and "WHEN" not in definition:
            text = definition.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER").replace(
                "EXECUTE", "WHEN (false) EXECUTE"
            )
            place.do(f"{text};\nALTER TABLE t ENABLE {ENABLED[enabled]} TRIGGER {name}")
    place.do(WRITE)


def _body(place: Place, base: str = "t") -> tuple[str, str]:
    """The statement that makes the function that logs changes, and one that makes it do nothing."""
    [(oid,)] = place.rows(
        f"SELECT format('mvc.%I', log)::regproc::oid FROM mvc.watched_table WHERE table_name = '{base}'"
    )
    [(made, name)] = place.rows(f"SELECT pg_get_functiondef({oid}), {oid}::regproc::text")
    nothing = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$"
    return made, nothing


def another_body(place: Place) -> None:
    place.do(_body(place)[1])
    place.do(WRITE)


def another_body_for_a_while(place: Place) -> None:
    made, nothing = _body(place)
    place.do(nothing)
    place.do(WRITE)
    place.connection.execute(made.encode())


def restored(place: Place) -> None:
    """pg_restore --data-only --disable-triggers of what pg_dump took before."""
    programs = place.database.server.installation.bindir
    dumped = subprocess.run(
        [programs / "pg_dump", "--data-only", "--disable-triggers", "--table=t", "--format=custom", place.database.url],
        capture_output=True,
        check=True,
    ).stdout
    with place.connection.transaction():  # as if the rows were lost: nobody hears of that either
        each_off_and_on(place)
        place.do(
            "SET LOCAL session_replication_role = replica;\nALTER TABLE t DISABLE TRIGGER ALL;\nDELETE FROM t;\nALTER TABLE t ENABLE TRIGGER ALL"
        )
    place.do("UPDATE parent SET name = name || '!'")
    subprocess.run(
        [programs / "pg_restore", "--data-only", "--disable-triggers", f"--dbname={place.database.url}"],
        input=dumped,
        check=True,
    )
    place.do("UPDATE t SET amount = amount + 1 WHERE id = 3")


def copied(place: Place) -> None:
    with place.connection.transaction():
        place.do("TRUNCATE t")
        with place.connection.cursor().copy("COPY t (id, k, amount, day) FROM STDIN WITH (FREEZE)") as copy:
            for number in range(20):
                copy.write_row((number, f"k{number % 3}", number, "2026-01-01"))


def detached_by_half(place: Place) -> None:
    """It is gone for whoever reads from now on; who waited for the others to end was cancelled."""
    with psycopg.connect(place.database.url) as reader, psycopg.connect(place.database.url, autocommit=True) as other:
        reader.execute("SELECT count(*) FROM p")
        other.execute("SET statement_timeout = 200")
        with suppress(psycopg.errors.QueryCanceled):
            other.execute("ALTER TABLE p DETACH PARTITION p_0 CONCURRENTLY")
    assert place.rows("SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = 'p_0'::regclass") == [(True,)]


def catalog_written(place: Place) -> None:
    """As a superuser may, by hand."""
    ours = "tgrelid = 't'::regclass AND tgname LIKE 'mvc\\_log\\_%' AND tgname NOT LIKE '%\\_row\\_%'"
    flag = f"UPDATE pg_trigger SET tgenabled = '{{}}' WHERE {ours}"
    [(enabled,)] = place.rows(f"SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE {ours}")
    place.do(flag.format("D"))
    place.do(WRITE)
    place.do(flag.format(enabled))


def _owner(place: Place) -> str:
    [(owner,)] = place.rows("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'mvc'")
    return str(owner)


def without_rights(place: Place) -> None:
    """The owner of what is deployed may not write to his own tables for a while, so a change is logged nowhere, and given up."""
    owner = _owner(place)
    for change, role in (("REVOKE", f"FROM {owner}"), ("GRANT", f"TO {owner}")):
        place.do(
            f"{change} ALL ON ALL TABLES IN SCHEMA mvc {role};\n{change} ALL ON ALL SEQUENCES IN SCHEMA mvc {role}"
        )
        if change == "REVOKE":
            place.do(WRITE)


def without_the_schema(place: Place) -> None:
    owner = _owner(place)
    place.do(f"REVOKE ALL ON SCHEMA mvc FROM {owner};\n{WRITE};\nGRANT ALL ON SCHEMA mvc TO {owner}")


def schema_of_another(place: Place) -> None:
    owner = _owner(place)
    place.do(f"ALTER SCHEMA mvc OWNER TO CURRENT_USER;\n{WRITE};\nALTER SCHEMA mvc OWNER TO {owner}")


def tables_of_another(place: Place) -> None:
    owner, [(log,)] = _owner(place), place.rows("SELECT log FROM mvc.watched_table WHERE table_name = 't'")
    for role in ("CURRENT_USER", owner):
        place.do(
            ";\n".join(f"ALTER TABLE mvc.{name} OWNER TO {role}" for name in (log, "unknown_change", "lost_change"))
        )
        if role != owner:
            place.do(WRITE)


def _log(place: Place) -> str:
    [(log,)] = place.rows("SELECT log FROM mvc.watched_table WHERE table_name = 't'")
    return str(log)


def a_rule_on_the_log(place: Place) -> None:
    log = _log(place)
    place.do(
        f"CREATE RULE nothing AS ON INSERT TO mvc.{log} DO INSTEAD NOTHING;\n{WRITE};\nDROP RULE nothing ON mvc.{log}"
    )


def a_rule_that_stays(place: Place) -> None:
    place.do(f"CREATE RULE nothing AS ON INSERT TO mvc.{_log(place)} DO INSTEAD NOTHING;\n{WRITE}")


def a_trigger_on_the_log(place: Place) -> None:
    log, swallow = _log(place), "swallow"
    place.do(
        f"CREATE OR REPLACE FUNCTION {swallow}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        f" CREATE TRIGGER {swallow} BEFORE INSERT ON mvc.{log} FOR EACH ROW EXECUTE FUNCTION {swallow}();"
        f" {WRITE}; DROP TRIGGER {swallow} ON mvc.{log}"
    )


def a_default_of_the_log(place: Place) -> None:
    """Changes say that they are of long ago, when everybody had read them."""
    default = f"ALTER TABLE mvc.{_log(place)} ALTER mvc_at SET DEFAULT "
    place.do(f"{default}'3';\n{WRITE};\n{default}pg_current_xact_id()")


def a_rule_on_unknown_changes(place: Place) -> None:
    place.do(
        "CREATE RULE nothing AS ON INSERT TO mvc.unknown_change DO INSTEAD NOTHING;\nDELETE FROM t WHERE id = 3;\n"
        "TRUNCATE t;\nINSERT INTO t (id, k, amount, day) SELECT g, 'k' || g % 5, (random() * 1000)::int, current_date FROM generate_series(1, 60) AS g;\n"
        "DROP RULE nothing ON mvc.unknown_change"
    )


REPLICA = "SET session_replication_role = replica;\n{};\nRESET session_replication_role"
SWAPPED = "ALTER TABLE t RENAME TO t_old;\nALTER TABLE t_new RENAME TO t"
UNSWAP = "ALTER TABLE t RENAME TO t_new;\nALTER TABLE t_old RENAME TO t"
NEW = "CREATE TABLE t_new (LIKE t INCLUDING ALL);\nINSERT INTO t_new (id, k, amount, day) SELECT id, 'new', amount, day FROM t;\nGRANT SELECT, TRIGGER ON t_new TO ways_least"
IMAGE = "id, k, amount, day"

WAYS: Final = [
    Way("triggers of users off and on", f"ALTER TABLE t DISABLE TRIGGER USER;\n{WRITE};\nALTER TABLE t ENABLE TRIGGER USER"),
    Way("all triggers off and on", f"ALTER TABLE t DISABLE TRIGGER ALL;\n{WRITE};\nALTER TABLE t ENABLE TRIGGER ALL"),
    Way("each trigger off and on as it was", each_off_and_on),
    Way("the same in one transaction", in_one_transaction),
    Way("triggers left off", f"ALTER TABLE t DISABLE TRIGGER USER;\n{WRITE}", undo="ALTER TABLE t ENABLE TRIGGER USER"),
    Way("triggers that fire for replicas alone", for_replicas_alone),
    Way("triggers dropped and made again", made_again),
    Way("a trigger with a condition", with_a_condition),
    Way("the function replaced", another_body),
    Way("the function replaced for a while", another_body_for_a_while),
    Way("the catalog written", catalog_written),
    Way("a partition's triggers off and on", "ALTER TABLE p_2 DISABLE TRIGGER USER;\nUPDATE p_2 SET amount = amount + 7 WHERE id % 4 = 0;\n"
        "ALTER TABLE p_2 ENABLE TRIGGER USER", bases=("p",)),
    Way("a session in the role of a replica", REPLICA.format(WRITE), unheard=True),
    Way("the same to a partition", REPLICA.format("UPDATE p SET amount = amount + 7"), bases=("p",), unheard=True),
    Way("restored without triggers", restored),
    Way("TRUNCATE", "TRUNCATE t;\nINSERT INTO t (id, k, amount, day) VALUES (1, 'k', 1, current_date), (4, 'k', 4, current_date)"),
    Way("TRUNCATE of a partition", f"TRUNCATE p_2;\nINSERT INTO p_2 ({IMAGE}) SELECT g, 'k' || g % 5, g, current_date FROM generate_series(100, 140) AS g", bases=("p",)),
    Way("COPY FREEZE", copied),
    Way("MERGE", "MERGE INTO t USING (VALUES (4, 99), (900, 3)) AS w (id, n) ON t.id = w.id WHEN MATCHED THEN UPDATE SET amount = w.n, k = 'm'"
        " WHEN NOT MATCHED THEN INSERT (id, k, amount, day) VALUES (w.id, 'm', w.n, current_date)"),
    Way("ON CONFLICT", "INSERT INTO t (id, k, amount, day) VALUES (4, 'c', 1, current_date), (901, 'c', 1, current_date)"
        " ON CONFLICT (id) DO UPDATE SET amount = 11, k = excluded.k"),
    Way("a cascade", "INSERT INTO parent VALUES (99, 'x');\nINSERT INTO t (id, k, amount, day, parent_id) VALUES (902, 'z', 1, current_date, 99)"
        ";\nDELETE FROM parent WHERE id = 99;\nUPDATE t SET amount = 5 WHERE id = 4"),
    Way("written to a partition", "UPDATE p_2 SET amount = amount + 7 WHERE id % 4 = 0", bases=("p",)),
    Way("moved between partitions", "UPDATE p SET day = current_date, k = 'moved' WHERE id % 4 = 0", bases=("p",),
        undo="INSERT INTO p (id, k, amount, day) SELECT g, 'old', g, '2011-01-01' FROM generate_series(500, 520) AS g"),
    Way("moved between partitions by MERGE", "MERGE INTO p USING (VALUES (501), (502), (503)) AS w (id) ON p.id = w.id"
        " WHEN MATCHED THEN UPDATE SET day = current_date, k = 'm'", bases=("p",)),
    Way("moved by MERGE, and changed by a trigger of the partition", "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.k := upper(NEW.k) || '!'; RETURN NEW; END $$;"
        " CREATE TRIGGER louder BEFORE INSERT ON p_1 FOR EACH ROW EXECUTE FUNCTION louder();"
        " MERGE INTO p USING (VALUES (501), (502)) AS w (id) ON p.id = w.id WHEN MATCHED THEN UPDATE SET day = '2012-01-01', k = 'loud'", bases=("p",), undo="DROP TRIGGER louder ON p_1"),
    Way("moved by MERGE, and changed by a trigger after ours", 'CREATE TRIGGER "~~louder" BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION louder();\n'
        "MERGE INTO p USING (VALUES (504), (505)) AS w (id) ON p.id = w.id WHEN MATCHED THEN UPDATE SET day = current_date, k = 'later'", bases=("p",), undo='DROP TRIGGER "~~louder" ON p'),
    Way("attached to another table, and written there", "CREATE TABLE q_all (LIKE q INCLUDING ALL) PARTITION BY RANGE (day);\n"
        "GRANT SELECT, TRIGGER ON q_all TO ways_owner, ways_least;\nALTER TABLE q_all ATTACH PARTITION q FOR VALUES FROM ('2020-01-01') TO ('2100-01-01');\n"
        "UPDATE q_all SET amount = amount + 7, k = 'w' WHERE id % 4 = 0", bases=("q",)),
    Way("written to what it is a partition of", "UPDATE q_all SET amount = amount + 7 WHERE id % 4 = 0", bases=("q",)),
    Way("TRUNCATE of what it is a partition of", f"TRUNCATE q_all;\nINSERT INTO q_all ({IMAGE}) SELECT g, 'k' || g % 5, g, current_date FROM generate_series(1, 60) AS g", bases=("q",),
        undo="CREATE TABLE q_old PARTITION OF q_all FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');\n"
        "GRANT SELECT, TRIGGER ON q_old TO ways_owner, ways_least;\n"
        f"INSERT INTO q_old ({IMAGE}) SELECT g, 'old', g, '2011-01-01' FROM generate_series(500, 520) AS g"),
    Way("moved into it by MERGE", "MERGE INTO q_all AS q USING (VALUES (501), (502), (503)) AS w (id) ON q.id = w.id WHEN MATCHED THEN UPDATE SET day = current_date", bases=("q",)),
    Way("triggers of what it is a partition of off and on", "ALTER TABLE q_all DISABLE TRIGGER USER;\nUPDATE q_all SET amount = 44 WHERE id = 4;\nALTER TABLE q_all ENABLE TRIGGER USER", bases=("q",)),
    Way("detached again", "ALTER TABLE q_all DETACH PARTITION q;\nUPDATE q SET amount = 9 WHERE id < 9", bases=("q",)),
    Way("a partition attached", f"CREATE TABLE p_0 (LIKE p INCLUDING ALL);\nINSERT INTO p_0 ({IMAGE}) VALUES (950, 'at', 5, '1999-05-05');\n"
        "GRANT SELECT, TRIGGER ON p_0 TO ways_owner, ways_least;\n"
        "ALTER TABLE p ATTACH PARTITION p_0 FOR VALUES FROM ('1990-01-01') TO ('2000-01-01')", bases=("p",)),
    Way("a partition detached", "ALTER TABLE p DETACH PARTITION p_0", bases=("p",)),
    Way("a partition detached concurrently", "ALTER TABLE p ATTACH PARTITION p_0 FOR VALUES FROM ('1990-01-01') TO ('2000-01-01');\n"
        "UPDATE p_2 SET amount = 3 WHERE id % 4 = 0;\nALTER TABLE p DETACH PARTITION p_0 CONCURRENTLY", bases=("p",)),
    Way("a partition attached once more", f"DELETE FROM p_0;\nINSERT INTO p_0 ({IMAGE}) VALUES (951, 'at', 5, '1999-05-05');\n"
        "ALTER TABLE p ATTACH PARTITION p_0 FOR VALUES FROM ('1990-01-01') TO ('2000-01-01')", bases=("p",)),
    Way("a partition detached concurrently by half", detached_by_half, bases=("p",), undo="ALTER TABLE p DETACH PARTITION p_0 FINALIZE"),
    Way("away, written, and attached again", "ALTER TABLE p DETACH PARTITION p_2;\nALTER TABLE p_2 DISABLE TRIGGER USER;\nUPDATE p_2 SET amount = 8 WHERE id % 3 = 0;\n"
        "ALTER TABLE p_2 ENABLE TRIGGER USER;\nALTER TABLE p ATTACH PARTITION p_2 FOR VALUES FROM ('2020-01-01') TO ('2100-01-01')", bases=("p",)),
    Way("written to a child", "UPDATE i_1 SET amount = amount + 7 WHERE id % 4 = 0", bases=("i", "i_1")),
    Way("written to the parent of a child", "UPDATE i SET amount = amount + 7, k = 'w' WHERE id % 4 = 0", bases=("i", "i_1")),
    Way("another child", f"CREATE TABLE i_2 () INHERITS (i);\nINSERT INTO i_2 ({IMAGE}) VALUES (950, 'child', 5, current_date);\n"
        "GRANT SELECT, TRIGGER ON i_2 TO ways_owner, ways_least", bases=("i",)),
    Way("away, its values changed without a statement, and a child again", "ALTER TABLE i_2 NO INHERIT i;\nALTER TABLE i_2 ALTER COLUMN k TYPE text USING 'away';\n"
        "ALTER TABLE i_2 INHERIT i", bases=("i",)),
    Way("a child no more", "ALTER TABLE i_2 NO INHERIT i", bases=("i",)),
    Way("a child of another table as well", f"CREATE TABLE other (k text NOT NULL, amount int NOT NULL, day date NOT NULL);\nCREATE TABLE i_3 () INHERITS (i, other);\n"
        f"GRANT SELECT, TRIGGER ON i_3, other TO ways_owner, ways_least;\nINSERT INTO i_3 ({IMAGE}) SELECT g, 'child', g, current_date FROM generate_series(960, 970) AS g", bases=("i",)),
    Way("written to the other table of a child", "UPDATE other SET amount = amount + 7, k = 'o' WHERE amount % 4 = 0", bases=("i",)),
    Way("deleted from the other table of a child", "DELETE FROM other WHERE amount % 3 = 0", bases=("i",)),
    Way("TRUNCATE of the other table of a child", "TRUNCATE other", bases=("i",)),
    Way("triggers of the other table of a child off and on", f"INSERT INTO i_3 ({IMAGE}) VALUES (980, 'child', 5, current_date);\nALTER TABLE other DISABLE TRIGGER USER;\n"
        "UPDATE other SET amount = 44;\nALTER TABLE other ENABLE TRIGGER USER", bases=("i",)),
    Way("a rule that writes as well", "CREATE RULE also AS ON UPDATE TO parent DO ALSO UPDATE t SET amount = amount + 7 WHERE id = NEW.id;\n"
        "UPDATE parent SET name = 'r'", undo="DROP RULE also ON parent"),
    Way("a rule that writes instead", "CREATE RULE instead AS ON DELETE TO t DO INSTEAD UPDATE t SET amount = -1, k = 'gone' WHERE id = OLD.id;\n"
        "DELETE FROM t WHERE id % 4 = 0", undo="DROP RULE instead ON t"),
    Way("another type by an expression", "ALTER TABLE t ALTER COLUMN amount TYPE bigint USING amount + 7", refused_there=True),
    Way("another expression of a computed column", "ALTER TABLE t ALTER COLUMN twice SET EXPRESSION AS (amount * 3)", since=17),
    Way("a column renamed", "ALTER TABLE t RENAME COLUMN k TO kind;\nUPDATE t SET amount = amount + 7 WHERE id % 4 = 0;\nALTER TABLE t RENAME COLUMN kind TO k"),
    Way("rewritten", "VACUUM FULL t;\nCLUSTER p_2 USING p_2_pkey;\nVACUUM FREEZE pg_trigger;\nVACUUM FULL pg_trigger;\nVACUUM FREEZE pg_proc;\nREINDEX TABLE t", bases=BASES, quiet=True),
    Way("another table by the name", f"{NEW};\n{SWAPPED}", ends="refused", undo=UNSWAP),
    Way("another schema by the name", "CREATE SCHEMA aside;\nALTER TABLE t SET SCHEMA aside;\nALTER TABLE t_new RENAME TO t", ends="refused",
        undo="ALTER TABLE t RENAME TO t_new;\nALTER TABLE aside.t SET SCHEMA public"),
    Way("a view by the name", "ALTER TABLE t RENAME TO t_old;\nCREATE VIEW t AS SELECT id, k, amount + 1 AS amount, day, twice, parent_id FROM t_old", ends="refused",
        undo="DROP VIEW t;\nALTER TABLE t_old RENAME TO t"),
    Way("another table on the path", "CREATE SCHEMA ways_owner;\nCREATE TABLE ways_owner.t (LIKE t);\nSET search_path = ways_owner, public;\n"
        "UPDATE public.t SET amount = 1 WHERE id = 4", undo="RESET search_path"),
    Way("the owner's rights taken away for a while", without_rights),
    Way("his right to the schema taken away for a while", without_the_schema),
    Way("the schema another's for a while", schema_of_another),
    Way("the tables that are written to another's for a while", tables_of_another),
    Way("the schema under another name for a while", f"ALTER SCHEMA mvc RENAME TO aside_mvc;\n{WRITE};\nALTER SCHEMA aside_mvc RENAME TO mvc"),
    Way("a rule on the log for a while", a_rule_on_the_log),
    Way("a rule on the log for a while, once more", a_rule_on_the_log),
    Way("a rule on the log that stays", a_rule_that_stays),
    Way("a trigger on the log for a while", a_trigger_on_the_log),
    Way("a trigger on the log for a while, once more", a_trigger_on_the_log),
    Way("another default of the log for a while", a_default_of_the_log),
    Way("a rule on the table of unknown changes for a while", a_rule_on_unknown_changes),
    Way("a rule on the table of unknown changes for a while, once more", a_rule_on_unknown_changes),
]  # fmt: skip
