"""Incremental refreshes against those who mean no good: nobody gets another's rights, forges what is logged, or loses a write.

The table that is watched belongs to an ordinary role, and who deploys is a superuser: whatever of the first one's ran with the
rights of the second would be a way up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg import sql

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.door import ask
from mvc.engines.postgres.server.errors import ServerError
from servers import NEWEST, Database, Servers, new_database

Connection = psycopg.Connection[Any]
ACCEPTED = ApplyOptions(frozenset({"foreign-code"}))  # the tables are of somebody whom nobody trusts
SCHEMA = """
CREATE DOMAIN shop_number AS int CHECK (VALUE > 0);
CREATE TABLE shop (id shop_number PRIMARY KEY, name text);
CREATE TABLE sale (id int PRIMARY KEY, shop_id int, amount int);
"""
ROWS = """
INSERT INTO shop VALUES (1, 'a'), (2, 'b');
INSERT INTO sale SELECT g, g % 2 + 1, g FROM generate_series(1, 10) AS g;
"""
FILES = {
    "mvc.yml": "project: shops\ncatalog: s.sql\nrefresh_roles: [rs_refresher, rs_second]\n",
    "s.sql": SCHEMA,
    "views/v.yml": "view: v\nsources: {p: {table: shop}, s: {table: sale, on: s.shop_id = p.id}}\n"
    "dimensions: {id: p.id}\naggregates: {total: {sum: s.amount}, n: {count: s}}\n",
    "schedules/s.yml": "schedules: [{schedule: often, refresh: v, within: 1h, mode: incremental}]\n",
}
ROLES = ("rs_owner", "rs_writer", "rs_refresher", "rs_second", "rs_deployer")
LOG = "(SELECT log FROM mvc.watched_table WHERE table_name = 'sale')"


def project(**changed: str) -> Compiled:
    return mvc.compile(mvc.load({**FILES, **changed}))


def build(connection: Connection) -> None:
    for name in ROLES:
        with suppress(psycopg.errors.DuplicateObject):  # roles belong to the server, which other tests use as well
            connection.execute(f"CREATE ROLE {name} LOGIN")
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    connection.execute(
        "ALTER TABLE sale OWNER TO rs_owner; GRANT SELECT, INSERT, UPDATE, DELETE ON sale, shop TO rs_writer"
    )
    connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC")


def build_deployed(connection: Connection) -> None:
    build(connection)
    apply(connection, project(), options=ACCEPTED)


@pytest.fixture
def deployed(servers: Servers) -> Iterator[Database]:
    """The view `v` over a table of `rs_owner`, deployed by a superuser."""
    server = servers.get(NEWEST)
    with new_database(server, servers.template(server, "refresh_security", build_deployed)) as database:
        yield database


@pytest.fixture
def undeployed(servers: Servers) -> Iterator[Database]:
    server = servers.get(NEWEST)
    with new_database(server, servers.template(server, "refresh_security_base", build, bare=True)) as database:
        yield database


def run(connection: Connection, mode: str | None = None) -> tuple[Any, ...]:
    """The mode, status, detail and error of a refresh."""
    raised = None
    try:
        connection.execute("CALL mvc.refresh('public', 'v', %s::text)", (mode,))
    except psycopg.Error as problem:
        raised = problem
    found = last(connection)
    assert (found[1] == "failed") == (raised is not None), raised
    return found


def last(connection: Connection) -> tuple[Any, ...]:
    row = connection.execute(
        "SELECT mode, status, detail, error FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    return row


def log_of(connection: Connection) -> sql.Identifier:
    row = connection.execute(f"SELECT {LOG}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return sql.Identifier("mvc", row[0])


def correct(connection: Connection) -> bool:
    rows = connection.execute("SELECT id, total, n FROM v ORDER BY id").fetchall()
    query = "SELECT p.id, sum(s.amount), count(s.id) FROM shop AS p LEFT JOIN sale AS s ON s.shop_id = p.id GROUP BY p.id ORDER BY 1"
    return rows == connection.execute(query.encode()).fetchall()


# --- who may write ----------------------------------------------------------------------------------------------------


def test_a_writer_without_any_right_on_our_schema_is_logged(deployed: Database):
    writer, owner = deployed.connect(user="rs_writer"), deployed.connect()
    writer.execute("UPDATE sale SET amount = 100, shop_id = 2 WHERE id = 2; DELETE FROM sale WHERE id = 3")
    writer.execute("INSERT INTO sale VALUES (20, 1, 5), (21, NULL, 5); INSERT INTO shop VALUES (3, 'c')")
    assert run(owner) == ("incremental", "completed", None, None)
    assert correct(owner)
    for statement in (
        sql.SQL("TABLE {}").format(log_of(owner)),
        sql.SQL("INSERT INTO {} DEFAULT VALUES").format(log_of(owner)),
        sql.SQL("TABLE mvc.unknown_change"),
        sql.SQL("TABLE mvc.watched_table"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute(statement)


BREAKAGES = {
    "the log is gone": "DROP TABLE {log} CASCADE",
    "the log has lost a column": "ALTER TABLE {log} DROP COLUMN shop_id CASCADE",
    "the log is closed to its owner": "ALTER TABLE {log} ADD CONSTRAINT never CHECK (shop_id < 0) NOT VALID",
    "log and unknown changes are gone": "DROP TABLE {log} CASCADE; DROP TABLE mvc.unknown_change CASCADE",
    "a column was renamed": "ALTER TABLE sale RENAME COLUMN shop_id TO branch",
    "the table was renamed": "ALTER TABLE sale RENAME TO sold; CREATE VIEW sale AS TABLE sold; GRANT ALL ON sale TO PUBLIC",
}


@pytest.mark.parametrize("broken", BREAKAGES.values(), ids=list(BREAKAGES))
def test_no_write_ever_fails_for_the_log(deployed: Database, broken: str):
    owner, writer = deployed.connect(), deployed.connect(user="rs_writer")
    owner.execute(sql.SQL(broken).format(log=log_of(owner)))  # type: ignore[arg-type]
    writer.execute(
        "INSERT INTO sale VALUES (20, 1, 5); UPDATE sale SET amount = 7 WHERE id = 2; DELETE FROM sale WHERE id = 3"
    )
    assert owner.execute("SELECT count(*), sum(amount) FROM sale").fetchone() == (10, 62)


@pytest.mark.parametrize(
    "renamed",
    [
        "ALTER TABLE sale RENAME shop_id TO x; ALTER TABLE sale RENAME amount TO shop_id; ALTER TABLE sale RENAME x TO amount",
        "ALTER TABLE sale RENAME shop_id TO x; ALTER TABLE sale ADD shop_id int",
    ],
    ids=["two columns change names", "a new column under the old name"],
)
def test_another_column_under_a_name_is_found(deployed: Database, renamed: str):
    """The view goes on reading the column that it read, while the triggers know names only."""
    owner = deployed.connect()
    owner.execute(renamed)  # type: ignore[arg-type]
    owner.execute("DELETE FROM sale WHERE id IN (2, 3); INSERT INTO sale (id) VALUES (50)")
    mode, status, detail, _ = run(owner)
    assert (mode, status) == ("full", "completed")
    assert "columns" in detail


# --- other rights -----------------------------------------------------------------------------------------------------

EVIL = """
CREATE TABLE public.pwned (who text); GRANT ALL ON public.pwned TO PUBLIC;
CREATE TYPE public.evil AS (x int);
CREATE FUNCTION public.as_int(public.evil) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.pwned VALUES (current_user); RETURN 1; END $$;
CREATE CAST (public.evil AS int) WITH FUNCTION public.as_int(public.evil) AS ASSIGNMENT;
CREATE FUNCTION public.spy(int) RETURNS boolean LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.pwned VALUES (current_user); RETURN true; END $$;
CREATE DOMAIN public.watched AS int CHECK (public.spy(VALUE));
"""


def victims(connection: Connection) -> list[Any]:
    return connection.execute("SELECT DISTINCT who FROM public.pwned WHERE who <> 'rs_owner'").fetchall()


@pytest.mark.parametrize("kind", ["public.evil", "public.evil[]", "public.watched", "text"])
@pytest.mark.parametrize(
    "statement", ["INSERT INTO sale (id) VALUES (50)", "UPDATE sale SET amount = 1", "DELETE FROM sale"]
)
def test_the_owner_of_a_table_has_nothing_run_by_who_deployed(deployed: Database, kind: str, statement: str):
    """A column of another type under the logged name: to log it, the server would cast it, by whatever cast its owner made."""
    mean, owner = deployed.connect(user="rs_owner"), deployed.connect()
    mean.execute(EVIL)
    mean.execute("ALTER TABLE sale RENAME shop_id TO x")
    mean.execute(f"ALTER TABLE sale ADD shop_id {kind}".encode())
    mean.execute(statement.encode())
    run(owner)
    mean.execute(statement.replace("50", "51").encode())
    run(owner)
    assert victims(owner) == []


def test_nor_by_a_domain_that_the_log_had_from_the_start(undeployed: Database):
    mean, owner = undeployed.connect(user="rs_owner"), undeployed.connect()
    mean.execute(EVIL)
    mean.execute("ALTER TABLE sale ALTER shop_id TYPE public.watched")
    files = {"s.sql": f"CREATE DOMAIN watched AS int;\n{SCHEMA.replace('shop_id int', 'shop_id watched')}"}
    apply(owner, project(**files), options=ACCEPTED)
    mean.execute("INSERT INTO sale VALUES (50, 1, 1)")
    assert run(owner)[:2] == ("incremental", "completed")
    mean.execute(
        "ALTER TABLE sale RENAME shop_id TO x; ALTER TABLE sale ADD shop_id int; INSERT INTO sale (id, shop_id) VALUES (51, 1)"
    )
    run(owner)
    assert victims(owner) == []


def test_nobody_else_may_put_the_trigger_on_a_table(deployed: Database):
    """Even where functions are everyone's by default, and the schema was opened by hand."""
    owner, mean = deployed.connect(), deployed.connect(user="rs_owner")
    owner.execute(
        "GRANT USAGE ON SCHEMA mvc TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO rs_owner"
    )
    owner.execute("SELECT mvc.unwatch(log) FROM mvc.watched_table")
    owner.execute("SELECT mvc.watch('public', 'sale', 'changes_x', ARRAY['shop_id']::name[])")
    mean.execute("CREATE TABLE own (shop_id int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="changes_x"):
        mean.execute(
            "CREATE TRIGGER t AFTER INSERT ON own REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION mvc.changes_x()"
        )
    owner.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM rs_owner")


SHADOWS = """
CREATE FUNCTION {s}.pwn() RETURNS boolean LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.pwned VALUES (current_user); RETURN NULL; END $$;
CREATE FUNCTION {s}.pair(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT {s}.pwn()';
CREATE FUNCTION {s}.pair(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT {s}.pwn()';
CREATE FUNCTION {s}.pair(regtype, regtype) RETURNS boolean LANGUAGE sql AS 'SELECT {s}.pwn()';
CREATE FUNCTION {s}.pair(bigint, int) RETURNS boolean LANGUAGE sql AS 'SELECT {s}.pwn()';
CREATE FUNCTION {s}.plus(int, int) RETURNS int LANGUAGE sql AS 'SELECT {s}.pwn()::int';
CREATE OPERATOR {s}.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = {s}.pair);
CREATE OPERATOR {s}.= (LEFTARG = text, RIGHTARG = text, FUNCTION = {s}.pair);
CREATE OPERATOR {s}.= (LEFTARG = regtype, RIGHTARG = regtype, FUNCTION = {s}.pair);
CREATE OPERATOR {s}.<= (LEFTARG = bigint, RIGHTARG = int, FUNCTION = {s}.pair);
CREATE OPERATOR {s}.>= (LEFTARG = int, RIGHTARG = int, FUNCTION = {s}.pair);
CREATE OPERATOR {s}.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = {s}.plus);
CREATE FUNCTION {s}.pg_visible_in_snapshot(xid8, pg_snapshot) RETURNS boolean LANGUAGE sql AS 'SELECT {s}.pwn()';
CREATE FUNCTION {s}.pg_typeof(int) RETURNS regtype LANGUAGE sql AS 'SELECT {s}.pwn()::text::regtype';
CREATE FUNCTION {s}.concat(text, text) RETURNS text LANGUAGE sql AS 'SELECT {s}.pwn()::text';
CREATE FUNCTION {s}.as_known(int, int) RETURNS int LANGUAGE sql AS 'SELECT {s}.pwn()::int';
CREATE FUNCTION {s}.pg_current_xact_id() RETURNS xid8 LANGUAGE sql AS 'SELECT {s}.pwn()::text::xid8';
"""


def test_nothing_on_the_path_of_a_writer_or_refresher_is_run_for_us(deployed: Database):
    """Tables, functions and operators named like what our triggers and procedures use, before pg_catalog and as temporary ones."""
    owner, mean = deployed.connect(), deployed.connect(user="rs_writer")
    mean.execute("CREATE TABLE public.pwned (who text); GRANT ALL ON public.pwned TO PUBLIC")
    mean.execute(SHADOWS.replace("{s}", "public").encode())
    for name in ("new_rows", "old_rows", "unknown_change", "stored_relation", "refresh_log", "log", "wanted", "whole"):
        mean.execute(f"CREATE TEMP TABLE {name} (shop_id int, id int)".encode())
    mean.execute("SET search_path = pg_temp, public, pg_catalog")
    mean.execute(
        "INSERT INTO public.sale VALUES (60, 1, 5); UPDATE public.sale SET shop_id = 2 WHERE id OPERATOR(pg_catalog.=) 4"
    )
    mean.execute("DELETE FROM public.sale WHERE id OPERATOR(pg_catalog.=) 3")
    refresher = deployed.connect(user="rs_refresher")
    for path in ("pg_temp, public, pg_catalog", "public, pg_catalog"):
        refresher.execute(f"SET search_path = {path}".encode())
        refresher.execute("CALL mvc.refresh('public', 'v')")
    assert last(owner) == ("incremental", "completed", None, None)
    assert correct(owner)
    owner.execute("SET search_path = public, pg_catalog")
    owner.execute("CALL mvc.refresh('public', 'v', 'verify')")
    assert owner.execute("SELECT who FROM public.pwned").fetchall() == []


# Better matches, in `public`, for what PostgreSQL's own operators take as any array, or for constants whose type is open.
BETTER = """
CREATE FUNCTION public.append(name[], name) RETURNS name[] LANGUAGE sql AS 'SELECT $1 FROM (SELECT public.spy(1)) AS s';
CREATE FUNCTION public.append(text[], text) RETURNS text[] LANGUAGE sql AS 'SELECT $1 FROM (SELECT public.spy(1)) AS s';
CREATE FUNCTION public.field(jsonb, jsonb) RETURNS text LANGUAGE sql AS 'SELECT public.spy(1)::text';
CREATE FUNCTION public.array_to_string(name[], text) RETURNS text LANGUAGE sql AS 'SELECT public.spy(1)::text';
CREATE OPERATOR public.|| (LEFTARG = name[], RIGHTARG = name, FUNCTION = public.append);
CREATE OPERATOR public.|| (LEFTARG = text[], RIGHTARG = text, FUNCTION = public.append);
CREATE OPERATOR public.->> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = public.field);
CREATE OPERATOR public.#>> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = public.field);
"""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("mvc.run_schedule('shops', 'often')", "refreshing failed: v"),
        ("mvc.refresh_project('shops')", r"refreshing failed: public\.v \(division by zero\)"),
        ("mvc.maintain_partitions('shops')", r"failed: fail public\.visit"),
    ],
)
def test_nor_by_a_job_along_the_usual_path(undeployed: Database, call: str, said: str):
    """Whoever may create in `public`, as everyone could before PostgreSQL 15, puts something in the way of who runs all schedules."""
    mean, owner = undeployed.connect(user="rs_owner"), undeployed.connect()
    files = {
        "s.sql": f"{SCHEMA}CREATE TABLE visit (at date) PARTITION BY RANGE (at);",
        "partitions/p.yml": "partitions: [{table: visit, by: month}]\n",
        "views/v.yml": FILES["views/v.yml"].replace("s.amount", "100 / s.amount"),
    }
    apply(owner, project(**files), options=ACCEPTED)
    mean.execute(EVIL)
    mean.execute(BETTER)
    mean.execute(
        "INSERT INTO sale VALUES (50, 1, 0)"
    )  # so that there is something to say in the end; nor is `visit` there
    with pytest.raises(psycopg.errors.RaiseException, match=said):
        owner.execute(f"CALL {call}".encode())
    assert victims(owner) == []


# --- what is logged ---------------------------------------------------------------------------------------------------

FORGERIES = [
    "INSERT INTO mvc.{table} DEFAULT VALUES",
    "DELETE FROM mvc.{table}",
    "TRUNCATE mvc.{table}",
    "DO $$ BEGIN LOCK TABLE mvc.{table} IN ACCESS EXCLUSIVE MODE; END $$",
]


@pytest.mark.parametrize("who", ["rs_writer", "rs_refresher", "rs_owner"])
def test_nobody_forges_what_refreshes_go_by(deployed: Database, who: str):
    connection, owner = deployed.connect(user=who), deployed.connect()
    tables = owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relkind = 'r'"
    ).fetchall()
    assert {"refresh_log", "unknown_change", "watched_table", "stored_relation", "deployed_view"} < {
        name for (name,) in tables
    }
    assert len([name for (name,) in tables if name.startswith("changes_")]) == 2
    for (table,) in tables:
        for statement in FORGERIES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.format(table=table).encode())
        query = (
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attidentity = '' LIMIT 1"
        )
        row = owner.execute(query, (f"mvc.{table}",)).fetchone()
        if row:  # there are tables that are only locked
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"UPDATE mvc.{table} SET {row[0]} = NULL".encode())


@pytest.mark.parametrize("who", ["rs_writer", "rs_refresher", "rs_owner"])
def test_nobody_calls_what_is_within(deployed: Database, who: str):
    """Not even with the schema opened by hand."""
    owner, connection = deployed.connect(), deployed.connect(user=who)
    owner.execute("GRANT USAGE ON SCHEMA mvc TO PUBLIC")
    routines = owner.execute(
        "SELECT p.proname, p.prokind, p.prorettype = 'trigger'::regtype, ARRAY(SELECT format_type(a, NULL) FROM unnest(p.proargtypes) AS a)"
        " FROM pg_proc AS p WHERE p.pronamespace = 'mvc'::regnamespace AND NOT (%s AND has_function_privilege('rs_refresher', p.oid, 'EXECUTE'))",
        (who == "rs_refresher",),
    ).fetchall()  # tests/postgres/test_runtime.py names those that a refresher may call
    assert {
        "refresh_stored",
        "apply_increment",
        "merge",
        "stage_keys",
        "watch",
        "unwatch",
        "purge_changes",
        "follow",
        "verify",
    } < {name for name, *_ in routines}
    for name, kind, is_trigger, types in routines:
        values = ", ".join(f"NULL::{item.replace('anyelement', 'text')}" for item in types)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                f"{'CALL' if kind == 'p' else 'SELECT'} mvc.{name}({'' if is_trigger else values})".encode()
            )


def test_a_run_is_its_own_role_s(deployed: Database):
    """Whoever ran another's run with settings of his own would have it fail, in the other's name."""
    one, other = deployed.connect(user="rs_refresher"), deployed.connect(user="rs_second")
    run = ask(one, "mvc", "refresh", {"view_schema": "public", "view_name": "v"})
    with pytest.raises(psycopg.errors.RaiseException, match="has not begun"):
        ask(other, "mvc", "run", {"run": run})
    ask(other, "mvc", "end", {"run": run})
    ask(other, "mvc", "abandon", {"run": run, "reason": "theirs", "state": "XX000"})
    row = one.execute("SELECT status, refreshed_by::text FROM mvc.refresh_log WHERE id = %s", (run,)).fetchone()
    assert row == ("started", "rs_refresher")
    assert ask(one, "mvc", "run", {"run": run}) == "completed"


SMUGGLED = [
    "v'; DROP TABLE public.sale; --",
    'v"; DROP TABLE public.sale; --',
    "v%I",
    "v$$",
    "\\'",
    "pg_class",
    "",
    "v" * 63,
]


@pytest.mark.parametrize("text", SMUGGLED)
def test_no_argument_becomes_sql(deployed: Database, text: str):
    owner, refresher = deployed.connect(), deployed.connect(user="rs_refresher")
    for view_schema, view_name, mode in ((text, "v", None), ("public", text, None), ("public", "v", text)):
        with pytest.raises((psycopg.errors.UndefinedTable, psycopg.errors.RaiseException)):
            refresher.execute("CALL mvc.refresh(%s::name, %s::name, %s::text)", (view_schema, view_name, mode))
    with pytest.raises(psycopg.errors.UndefinedObject, match="no schedule"):
        refresher.execute("CALL mvc.refresh('public', 'v', NULL, %s::text)", (text,))
    ask(refresher, "mvc", "abandon", {"run": last_run(refresher), "reason": text, "state": text})
    row = owner.execute(
        "SELECT error, status, (SELECT count(*) FROM sale) FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row == (text, "failed", 10)


def last_run(connection: Connection) -> int:
    """Of one that has just begun."""
    return int(ask(connection, "mvc", "refresh", {"view_schema": "public", "view_name": "v"}))


def test_a_refresh_role_reads_no_rows(deployed: Database):
    owner, refresher = deployed.connect(), deployed.connect(user="rs_refresher")
    owner.execute("REVOKE ALL ON sale, shop FROM PUBLIC")
    assert run(refresher, "verify")[:2] == ("verify", "completed")
    names = owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relname ~ '^(v|changes)_' AND relkind <> 'i'"
    ).fetchall()
    assert len(names) == 10  # the table and its seven companions, two logs
    for (name,) in [*names, ("../public.v",)]:
        with pytest.raises(psycopg.Error):
            refresher.execute(sql.SQL("TABLE {}").format(sql.Identifier("mvc", name)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        refresher.execute("TABLE public.v")


# --- who deploys ------------------------------------------------------------------------------------------------------


def as_deployer(database: Database, grants: str) -> Connection:
    owner = database.connect()
    owner.execute(
        f"GRANT CREATE ON DATABASE {database.name} TO rs_deployer; ALTER TABLE shop OWNER TO rs_deployer".encode()
    )
    owner.execute(f"GRANT {grants} ON sale TO rs_deployer".encode())
    return database.connect(user="rs_deployer")


def test_who_may_only_read_a_table_cannot_watch_it_and_is_told(undeployed: Database):
    deployer = as_deployer(undeployed, "SELECT")
    with pytest.raises(ServerError, match=r"lacks a right that this needs: TRIGGER on public\.sale") as refused:
        apply(deployer, project(), options=ACCEPTED)
    assert refused.value.hint == "GRANT TRIGGER ON public.sale TO rs_deployer"
    assert deployer.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'mvc_log_%'").fetchone() == (0,)


def test_who_may_put_triggers_on_a_table_can(undeployed: Database):
    """Without any other right to it but to read it; such triggers fire wherever usual ones do."""
    deployer = as_deployer(undeployed, "SELECT, TRIGGER")
    apply(deployer, project(), options=ACCEPTED)
    undeployed.connect(user="rs_writer").execute(
        "UPDATE sale SET amount = 100, shop_id = 2 WHERE id = 2; DELETE FROM sale WHERE id = 3"
    )
    assert run(deployer) == ("incremental", "completed", None, None)
    assert correct(deployer)


def as_stranger(database: Database) -> tuple[Connection, Connection]:
    """Who owns both tables, and who deploys without any right to them but to read and to watch."""
    owner = database.connect()
    owner.execute(EVIL)
    owner.execute("ALTER TABLE shop OWNER TO rs_owner; GRANT SELECT, TRIGGER ON sale, shop TO rs_deployer")
    owner.execute(f"GRANT CREATE ON DATABASE {database.name} TO rs_deployer".encode())
    return database.connect(user="rs_owner"), database.connect(user="rs_deployer")


def test_no_policy_of_a_table_is_run_by_who_counts_what_waits(undeployed: Database):
    mean, deployer = as_stranger(undeployed)
    apply(deployer, project(), options=ACCEPTED)
    mean.execute("ALTER TABLE shop ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON shop USING (public.spy(id))")
    mean.execute("INSERT INTO sale VALUES (50, 1, 1)")
    refresher = undeployed.connect(user="rs_refresher")
    assert refresher.execute("SELECT queued_groups FROM mvc.view_status").fetchall() == [(None,)]
    assert victims(undeployed.connect()) == []


def test_nor_by_who_looks_for_a_bad_row(undeployed: Database):
    """Policies of a child do not count for whoever reads the parent, but for whoever reads the child by itself."""
    mean, deployer = as_stranger(undeployed)
    divided = FILES["views/v.yml"].replace("s.amount", "100 / s.amount")
    mean.execute("CREATE TABLE sold () INHERITS (sale); GRANT SELECT, TRIGGER ON sold TO rs_deployer")
    apply(deployer, project(**{"views/v.yml": divided}), options=ACCEPTED)
    mean.execute("INSERT INTO sold VALUES (50, 1, 1), (51, 1, 0)")
    mean.execute("ALTER TABLE sold ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON sold USING (public.spy(id))")
    assert run(deployer) == ("incremental", "failed", None, "division by zero")
    assert victims(undeployed.connect()) == []


def test_nor_by_who_reads_a_table_that_became_a_view(servers: Servers):
    """PostgreSQL 15 still makes a view of an empty table, for its owner."""
    server = servers.get(15)
    with new_database(server, servers.template(server, "refresh_security_base", build, bare=True)) as database:
        mean, deployer = as_stranger(database)
        mean.execute("TRUNCATE sale; ALTER TABLE sale DROP CONSTRAINT sale_pkey")
        files = {"s.sql": SCHEMA.replace("sale (id int PRIMARY KEY,", "sale (id int NOT NULL,")}
        mean.execute("ALTER TABLE sale ALTER id SET NOT NULL")
        apply(deployer, project(**files), options=ACCEPTED)
        for (trigger,) in mean.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'sale'::regclass").fetchall():
            mean.execute(sql.SQL("DROP TRIGGER {} ON sale").format(sql.Identifier(trigger)))
        mean.execute("VACUUM sale")
        mean.execute(
            'CREATE RULE "_RETURN" AS ON SELECT TO sale DO INSTEAD SELECT 1 AS id, public.spy(1)::int AS shop_id, 1 AS amount'
        )
        refresher = database.connect(user="rs_refresher")
        assert refresher.execute("SELECT queued_groups FROM mvc.view_status").fetchall() == [(None,)]
        for mode in (None, "full", "verify"):
            assert run(deployer, mode)[1::2] == ("failed", "public.sale is no table any more")
        assert victims(database.connect()) == []


# --- what is dropped --------------------------------------------------------------------------------------------------


def test_a_change_is_kept_that_comes_while_others_are_dropped(deployed: Database):
    """It is newer than the moment at which dropping began, like what a restore brings from another server."""
    owner, writer, purging = deployed.connect(), deployed.connect(), deployed.connect()
    writer.execute("BEGIN")
    writer.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(log_of(owner)))
    done = _in_background(lambda: purging.execute(f"SELECT mvc.purge_changes(ARRAY[{LOG}])".encode()))
    _await_lock(owner, purging.info.backend_pid)
    writer.execute("UPDATE sale SET amount = 1000 WHERE id = 2")
    writer.execute("COMMIT")
    done.join()
    assert run(owner) == ("incremental", "completed", None, None)
    assert correct(owner)


def _in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _await_lock(connection: Connection, pid: int) -> None:
    for _ in range(500):
        if (
            connection.execute(
                "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", (pid,)
            ).fetchone()
            is not None
        ):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")
