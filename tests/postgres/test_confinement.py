"""The room in which SQL of a stranger runs: what the role there cannot do, and that nothing of it stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.server import time_limit as limits
from mvc.engines.postgres.server.confinement import Confined, confined
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.leftovers import tag
from mvc.engines.postgres.server.safe_extensions import create_extensions
from mvc.engines.postgres.server.time_limit import cut, time_limit
from servers import Database, need, newest, on_major

SERVER = """
SELECT 'role', r.rolname::text, r.rolsuper::text || r.rolcreaterole || r.rolcreatedb || r.rolcanlogin || coalesce(r.rolconfig::text, '')
  || coalesce(shobj_description(r.oid, 'pg_authid'), '') FROM pg_roles AS r
UNION ALL SELECT 'member', m.roleid::regrole::text, m.member::regrole::text FROM pg_auth_members AS m
UNION ALL SELECT 'database', d.datname, coalesce(d.datacl::text, '') FROM pg_database AS d
UNION ALL SELECT 'tablespace', t.spcname, '' FROM pg_tablespace AS t
UNION ALL SELECT 'setting', s.setdatabase::text || s.setrole, s.setconfig::text FROM pg_db_role_setting AS s
UNION ALL SELECT 'slot', slot_name, '' FROM pg_replication_slots
UNION ALL SELECT 'subscription', subname, '' FROM pg_subscription
UNION ALL SELECT 'session', a.datname, a.usename FROM pg_stat_activity AS a WHERE a.datname LIKE 'mvc\\_check%'
UNION ALL SELECT 'relation', c.oid::text, c.relname FROM pg_class AS c WHERE c.relnamespace <> 'pg_toast'::regnamespace
UNION ALL SELECT 'function', p.oid::text, p.proname FROM pg_proc AS p
UNION ALL SELECT 'large object', l.oid::text, '' FROM pg_largeobject_metadata AS l
ORDER BY 1, 2, 3"""

# {path} is a file that must not come to be, {pid} the session that made the room.
REFUSED = """\
COPY (SELECT 1) TO PROGRAM 'touch {path}'
COPY (SELECT 'x') TO '{path}'
COPY pg_temp.t FROM PROGRAM 'touch {path}; echo 1'
COPY pg_temp.t FROM '/etc/passwd'
SELECT pg_read_file('/etc/passwd')
SELECT pg_read_binary_file('PG_VERSION')
SELECT pg_ls_dir('/')
SELECT pg_ls_logdir()
SELECT pg_ls_waldir()
SELECT pg_stat_file('/etc/passwd')
SELECT lo_import('/etc/passwd')
SELECT lo_export(lo_from_bytea(0, 'x'), '{path}')
SELECT * FROM pg_authid
SELECT * FROM pg_shadow
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_file_settings
SELECT * FROM pg_config
SET ROLE postgres
SET SESSION AUTHORIZATION postgres
SELECT set_config('role', 'postgres', false)
SELECT set_config('session_authorization', 'postgres', false)
SELECT set_config('log_statement', 'none', false)
SELECT set_config('temp_file_limit', '-1', false)
SELECT set_config('session_preload_libraries', '/tmp/x', false)
SELECT set_config('dynamic_library_path', '/tmp', false)
SELECT set_config('allow_system_table_mods', 'on', false)
CREATE ROLE evil
CREATE USER evil SUPERUSER
ALTER ROLE CURRENT_USER SUPERUSER
ALTER ROLE CURRENT_USER CREATEROLE
ALTER ROLE CURRENT_USER BYPASSRLS
ALTER ROLE postgres PASSWORD 'x'
ALTER ROLE ALL SET search_path = evil
ALTER DATABASE postgres SET search_path = evil
GRANT postgres TO CURRENT_USER
GRANT pg_read_server_files TO CURRENT_USER
GRANT pg_execute_server_program TO PUBLIC
COMMENT ON ROLE postgres IS 'evil'
COMMENT ON DATABASE postgres IS 'evil'
CREATE DATABASE evil
DROP DATABASE postgres
CREATE TABLESPACE evil LOCATION '/tmp'
ALTER SYSTEM SET archive_command = 'touch {path}'
CHECKPOINT
LOAD '/tmp/evil.so'
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('evil')
SELECT pg_promote()
SELECT pg_terminate_backend({pid})
SELECT pg_cancel_backend({pid})
SELECT pg_create_physical_replication_slot('evil')
SELECT pg_create_logical_replication_slot('evil', 'test_decoding')
SELECT pg_replication_origin_create('evil')
SELECT pg_stat_reset_shared('bgwriter')
CREATE SUBSCRIPTION evil CONNECTION 'host=localhost' PUBLICATION p
CREATE PUBLICATION evil FOR ALL TABLES
CREATE FOREIGN DATA WRAPPER evil
CREATE EVENT TRIGGER evil ON ddl_command_start EXECUTE FUNCTION f()
CREATE EXTENSION dblink
CREATE EXTENSION file_fdw
CREATE EXTENSION postgres_fdw
CREATE EXTENSION adminpack
CREATE EXTENSION plpython3u
CREATE LANGUAGE evil HANDLER plpgsql_call_handler
CREATE FUNCTION evil() RETURNS int LANGUAGE c AS '/lib/x86_64-linux-gnu/libc.so.6', 'getpid'
CREATE FUNCTION evil() RETURNS int LANGUAGE internal AS 'pg_reload_conf'
CREATE CAST (text AS int) WITHOUT FUNCTION
CREATE ACCESS METHOD evil TYPE TABLE HANDLER heap_tableam_handler
CREATE OPERATOR CLASS evil DEFAULT FOR TYPE int USING btree AS OPERATOR 1 <
CREATE TYPE evil (INPUT = int4in, OUTPUT = int4out)
CREATE FUNCTION pg_catalog.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE TABLE pg_catalog.evil (a int)
UPDATE pg_class SET relname = 'evil'
DELETE FROM pg_authid
ALTER FUNCTION pg_read_file(text) SECURITY DEFINER
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC
DO $$ BEGIN EXECUTE 'SET ROLE postgres'; END $$
DO $$ BEGIN PERFORM pg_read_file('/etc/passwd'); END $$
SELECT query_to_xml('SELECT pg_read_file(''/etc/passwd'')', true, true, '')
SELECT query_to_xml('CREATE ROLE evil', true, true, '')
SELECT * FROM ts_stat('SELECT pg_read_file(''/etc/passwd'')::tsvector')
SELECT 1; SELECT 2
COMMIT; CREATE ROLE evil
SELECT 1; COPY (SELECT 1) TO PROGRAM 'touch {path}'
""".splitlines()

# What any role may do. It stays in the room, and goes with it.
ALLOWED = """\
SET local_preload_libraries = '/tmp/x'
NOTIFY evil, 'here'
SELECT pg_notify('evil', 'here')
SELECT pg_advisory_lock(1)
SELECT lo_create(4711)
SELECT lo_from_bytea(4712, 'x')
CREATE TABLE evil AS SELECT 1
CREATE SCHEMA evil
CREATE SEQUENCE evil_numbers
CREATE FUNCTION evil() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE FUNCTION evil_definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user'
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
ALTER ROLE CURRENT_USER SET work_mem = '1GB'
PREPARE TRANSACTION 'evil'
COMMIT
CREATE TABLE evil_committed AS SELECT 1
NOTIFY evil, 'committed'
""".splitlines()


@contextmanager
def room(connection: psycopg.Connection[Any], seconds: float = 60, **wanted: Any) -> Iterator[Confined]:
    with confined(connection, wanted.get("roles", ()), wanted.get("extensions", ()), seconds) as found:
        yield found


def refused(connection: psycopg.Connection[Any], statement: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(statement.encode(), binary=True)
    except psycopg.Error:
        return True
    return False


def plain_role(database: Database, name: str, rights: str = "") -> psycopg.Connection[Any]:
    """A connection as a role with these rights and no others."""
    owner = database.connect()
    owner.execute(
        f"DO $$ BEGIN CREATE ROLE {name} LOGIN {rights}; EXCEPTION WHEN duplicate_object THEN END $$".encode()
    )
    return database.connect(user=name)


class TestWhatTheRoleCannotDo:
    def test_anything_outside(self, database: Database, tmp_path: Path) -> None:
        path = Path("/tmp") / f"mvc-evil-{tmp_path.name}-{database.name}"  # where the server's account may write
        admin = database.connect()
        before = admin.execute(SERVER).fetchall()
        with room(admin) as found:
            found.connection.execute("CREATE TEMP TABLE t (a text)")
            values = {"path": path, "pid": admin.info.backend_pid}
            texts = [text.replace("{path}", str(path)).replace("{pid}", str(values["pid"])) for text in REFUSED]
            assert [text for text in texts if not refused(found.connection, text)] == []
        assert not path.exists()
        assert admin.execute(SERVER).fetchall() == before

    def test_what_it_may_do_goes_with_the_room(self, database: Database) -> None:
        admin, listener = database.connect(), database.connect()
        listener.execute("LISTEN evil")
        before = admin.execute(SERVER).fetchall()
        with room(admin) as found:
            for text in ALLOWED:
                with suppress(psycopg.Error):
                    found.connection.execute(text.encode(), binary=True)
            there = found.connection.execute("SELECT to_regclass('evil_committed') IS NOT NULL").fetchone()
            assert there == (True,), "the room's own database takes a COMMIT"
        assert admin.execute(SERVER).fetchall() == before
        assert list(listener.notifies(timeout=0.2)) == []

    def test_it_is_who_logged_in(self, database: Database) -> None:
        with room(database.connect()) as found:
            query = """SELECT session_user = current_user AND current_database() = current_user AND NOT rolsuper AND NOT rolcreatedb
                AND NOT rolcreaterole AND NOT rolbypassrls AND NOT rolreplication AND rolvaliduntil < now() + interval '2 hours'
                AND NOT EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
                AND current_setting('temp_file_limit') = '256MB' FROM pg_roles AS r WHERE rolname = session_user"""
            assert found.connection.execute(query).fetchone() == (True,)

    @newest
    def test_nobody_else_enters_its_database(self, database: Database) -> None:
        plain_role(database, "curious")
        with room(database.connect()) as found:
            name = found.connection.info.dbname
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(database.server.url(name), user="curious")


class TestWhoMakesTheRoom:
    def test_whoever_may_make_databases_and_roles(self, database: Database) -> None:
        maker = plain_role(database, "maker", "CREATEDB CREATEROLE")
        before = database.connect().execute(SERVER).fetchall()
        with room(maker, roles=["a_reader", "maker"]) as found:
            assert found.connection.info.user != "maker"
            assert not refused(found.connection, "CREATE TABLE t (a int)")
            assert not refused(found.connection, "GRANT SELECT ON t TO a_reader")
            found.end()
            assert refused(found.connection, "SELECT 1")
        assert database.connect().execute(SERVER).fetchall() == before

    @newest
    def test_a_role_without_rights_in_a_database_of_its_own(self, database: Database) -> None:
        """It is confined to what it may do, and the transaction is rolled back."""
        role = plain_role(database, "modest")
        admin = database.connect()
        admin.execute(f"ALTER DATABASE {database.name} OWNER TO modest".encode())
        before = admin.execute(SERVER).fetchall()
        with room(role, roles=["modest"], extensions=["plpgsql", "dblink"]) as found:
            assert found.connection is role
            assert found.extensions == {"plpgsql"}
            assert not refused(role, "CREATE TABLE t (a int)")
            assert not refused(role, "SELECT pg_notify('evil', 'here')")
        assert admin.execute(SERVER).fetchall() == before
        with (
            pytest.raises(ServerError, match="has no role a_reader, and modest may not make it") as caught,
            room(role, roles=["a_reader"]),
        ):
            pass
        assert "CREATEROLE" in caught.value.hint
        assert not role.info.transaction_status

    @newest
    @pytest.mark.parametrize("way_out", ["pg_read_server_files", "pg_execute_server_program", "postgres"])
    def test_not_one_that_can_reach_outside(self, database: Database, way_out: str) -> None:
        role = plain_role(database, "insider")
        admin = database.connect()
        admin.execute(f"GRANT {way_out} TO insider".encode())
        try:
            with pytest.raises(ServerError, match=f"insider can do what {way_out} can"), room(role):
                pass
        finally:
            admin.execute(f"REVOKE {way_out} FROM insider".encode())

    @newest
    def test_where_its_role_cannot_log_in(self, database: Database) -> None:
        hba = database.server.folder / "run" / "data" / "pg_hba.conf"
        text, admin = hba.read_text(), database.connect()
        hba.write_text("local all postgres trust\n")
        before = admin.execute(SERVER).fetchall()
        try:
            admin.execute("SELECT pg_reload_conf()")
            time.sleep(0.3)
            refusal = pytest.raises(ServerError, match="the check's own role, which has no rights, cannot log in")
            with refusal as caught, room(admin):
                pass
        finally:
            hba.write_text(text)
            admin.execute("SELECT pg_reload_conf()")
        assert "pg_hba.conf" in caught.value.hint
        assert admin.execute(SERVER).fetchall() == before


class TestWhoeverMayCreateInTheDatabaseOfTheUrl:
    @pytest.mark.parametrize("rights", ["", "CREATEDB CREATEROLE"], ids=["modest", "maker"])
    def test_has_nothing_of_theirs_run_by_the_check(self, database: Database, rights: str) -> None:
        """A better match in `public` beats the server's own operator: `text || integer` is one."""
        admin = database.connect()
        admin.execute(
            "CREATE TABLE ran (who text); GRANT INSERT ON ran TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC"
        )
        for left, right in (("text", "integer"), ("text", "text"), ("name", "text"), ("name", "name"), ("oid", "oid")):
            for number, operator in enumerate(("||", "=", "~")):
                result = "text" if operator == "||" else "boolean"
                function = f"planted_{left}_{right}_{number}"
                body = f"INSERT INTO public.ran VALUES (current_user); SELECT NULL::{result}"
                admin.execute(
                    f"CREATE FUNCTION {function}({left}, {right}) RETURNS {result} LANGUAGE sql AS $${body}$$".encode()
                )
                admin.execute(
                    f"CREATE OPERATOR public.{operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {function})".encode()
                )
        role = plain_role(database, "maker_or_modest", rights) if rights else plain_role(database, "modest")
        for connection in (role, database.connect()):
            connection.execute("SET search_path = public, pg_catalog")
            with suppress(ServerError), room(connection, roles=["a_reader"]):
                pass
            assert connection.execute("SHOW search_path").fetchone() == ("public, pg_catalog",)
        assert admin.execute("SELECT * FROM ran").fetchall() == []


class TestWhatStaysBehind:
    def test_of_a_check_that_was_killed_goes_with_the_next(self, database: Database) -> None:
        admin = database.connect()
        before = admin.execute(SERVER).fetchall()
        killed = database.connect()
        with pytest.raises(ServerError, match="still there"), room(killed, roles=["a_reader"]):
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (killed.info.backend_pid,))
        assert admin.execute(SERVER).fetchall() != before
        with room(admin):
            pass
        assert admin.execute(SERVER).fetchall() == before

    @newest
    def test_of_somebody_else_under_the_same_name_is_not_dropped(self, database: Database) -> None:
        admin = database.connect()
        name = tag(admin)
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            with pytest.raises(ServerError, match="already exists"), room(admin):
                pass
            found = admin.execute("SELECT count(*) FROM pg_database WHERE datname = %s", (name,)).fetchone()
            assert found == (1,)
        finally:
            admin.execute(f"DROP DATABASE {name}".encode())

    @newest
    def test_two_at_once_leave_each_other_alone(self, database: Database) -> None:
        one, two = database.connect(), database.connect()
        before = one.execute(SERVER).fetchall()
        with room(one, roles=["a_reader"]) as first:
            with room(two, roles=["a_reader"]) as second:
                assert first.connection.info.dbname != second.connection.info.dbname
            assert not refused(first.connection, "CREATE TABLE t (a int)")
            assert not refused(first.connection, "GRANT SELECT ON t TO a_reader")
        assert one.execute(SERVER).fetchall() == before


class TestExtensions:
    @on_major(15)
    def test_those_that_reach_outside_are_not_created(self, database: Database) -> None:
        connection = database.connect()
        names = ["dblink", "postgres_fdw", "file_fdw", "adminpack", "pg_cron", "plpython3u", "pg_trgm", "earthdistance"]
        there = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
        need({"dblink", "pg_trgm", "earthdistance"} <= there, "contrib's extensions")
        assert create_extensions(connection, [*names, "no_such", 'x"; DROP ROLE postgres; --']) == {
            "plpgsql",
            "pg_trgm",
            "cube",
            "earthdistance",
        }

    @on_major(15)
    def test_postgis_is(self, database: Database) -> None:
        admin = database.connect()
        row = admin.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'").fetchone()
        need(row and row[0], "PostGIS")
        with room(admin, extensions=["postgis"]) as found:
            assert "postgis" in found.extensions
            assert not refused(found.connection, "CREATE TABLE t (a geometry(Point,4326))")


@newest
class TestTime:
    def test_a_statement_has_its_own_limit(self, database: Database) -> None:
        with room(database.connect(), seconds=0.3) as found:
            started = time.monotonic()
            assert refused(found.connection, "SELECT pg_sleep(60)")
            assert time.monotonic() - started < 20

    def test_whoever_takes_it_away_is_cancelled(self, database: Database) -> None:
        with room(database.connect()) as found:
            connection = found.connection
            assert not refused(connection, "SELECT set_config('statement_timeout', '0', false)")
            with time_limit(0.3, lambda: connection.cancel_safe(timeout=5)):
                assert refused(connection, "SELECT pg_sleep(60)")
            assert not refused(connection, "SELECT 1")

    def test_whoever_catches_that_is_ended(self, database: Database) -> None:
        endless = """DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"""
        with room(database.connect()) as found:
            connection = found.connection
            with time_limit(0.3, lambda: connection.cancel_safe(timeout=5), found.end, grace=0.3):
                assert refused(connection, endless)
            assert connection.closed

    def test_and_where_the_server_does_not_answer_we_hang_up(self, database: Database) -> None:
        with room(database.connect()) as found:
            with time_limit(0.3, lambda: cut(found.connection)):
                assert refused(found.connection, "SELECT pg_sleep(60)")
            assert found.connection.closed


class TestTimeLimit:
    def test_a_measure_that_fails_is_followed_by_the_next(self) -> None:
        taken: list[int] = []

        def fails() -> None:
            taken.append(1)
            raise OSError

        with time_limit(0.0, fails, lambda: taken.append(2), grace=0.05):
            time.sleep(0.5)
        assert taken == [1, 2]

    def test_what_ends_in_time_is_left_alone(self) -> None:
        taken: list[int] = []
        with time_limit(limits.GRACE, lambda: taken.append(1)):
            pass
        assert taken == []
