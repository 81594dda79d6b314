"""A refresher whose transaction stays open holds up nobody: neither the refreshes of others, nor deployments, nor whoever reads base tables."""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply, plan
from mvc.engines.postgres.server.door import ask
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.refresh_view import RefreshOptions
from mvc.engines.postgres.server.schedule_runs import contend, run_schedule
from mvc.engines.postgres.server.status import alert
from servers import NEWEST, Database, Servers, new_database

Connection = psycopg.Connection[Any]
SCHEMA = """
CREATE TABLE shop (id int PRIMARY KEY, name text);
CREATE TABLE sale (id int, at date NOT NULL, shop_id int, amount int) PARTITION BY RANGE (at);
"""
ROWS = """
CREATE TABLE sale_old PARTITION OF sale FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
CREATE TABLE sale_rest PARTITION OF sale DEFAULT;
INSERT INTO shop VALUES (1, 'a'), (2, 'b');
INSERT INTO sale SELECT g, '2001-01-05', g % 2 + 1, g FROM generate_series(1, 10) AS g;
"""
FILES = {
    "mvc.yml": "project: shops\ncatalog: s.sql\nrefresh_roles: [ri_mean, ri_other]\nnotify: told\n",
    "s.sql": SCHEMA,
    "views/v.yml": "view: v\nsources: {p: {table: shop}, s: {table: sale, on: s.shop_id = p.id}}\n"
    "dimensions: {id: p.id}\naggregates: {total: {sum: s.amount}}\n",
    "schedules/s.yml": "schedules: [{schedule: often, refresh: v, within: 1h, mode: incremental}]\n",
    "partitions/p.yml": "partitions: [{table: sale, by: month, keep: 1 month, retire: drop}]\n",
}
INNER = (
    "SELECT mvc.refresh_begin('public', 'v')",
    "SELECT mvc.refresh_step('public', 'v', NULL, NULL, NULL, '{}')",
    "SELECT mvc.refresh_run(1)",
    "SELECT mvc.refresh_end(1)",
    "SELECT mvc.schedule_begin('shops', 'often', false)",
    "SELECT mvc.schedule_end(1)",
    "SELECT mvc.partition_run('shops', 'drop public.sale sale_old')",
    "SELECT mvc.alert_broken_promises()",
    "SELECT mvc.take_turn('refresh v')",
)
ACTS = (
    '\'refresh\', \'{"view_schema": "public", "view_name": "v"}\'',
    '\'begin schedule\', \'{"project": "shops", "schedule": "often"}\'',
    '\'partition\', \'{"project": "shops", "task": "drop public.sale sale_old"}\'',
    "'alert', '{}'",
)


def project() -> Compiled:
    return mvc.compile(mvc.load(FILES))


def build(connection: Connection) -> None:
    for name in ("ri_mean", "ri_other"):
        with suppress(psycopg.errors.DuplicateObject):  # roles belong to the server, which other tests use as well
            connection.execute(f"CREATE ROLE {name} LOGIN".encode())
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC")
    apply(connection, project())


@pytest.fixture(scope="module", params=(15, NEWEST), ids=lambda major: f"pg{major}")
def major(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture
def deployed(major: int, servers: Servers) -> Iterator[Database]:
    server = servers.get(major)
    with new_database(server, servers.template(server, "idle_refresher", build)) as database:
        apply(database.connect(), project())  # what was proven was proven in the template
        yield database


@pytest.fixture
def mean(deployed: Database) -> Connection:
    return deployed.connect(user="ri_mean")


@pytest.fixture(scope="module")
def untouched(major: int, servers: Servers) -> Iterator[Database]:
    """One for all that is refused, and so leaves nothing behind."""
    server = servers.get(major)
    with new_database(server, servers.template(server, "idle_refresher", build)) as database:
        yield database


@pytest.fixture
def turned_away(untouched: Database) -> Iterator[Connection]:
    """A session of the refresher there."""
    with psycopg.connect(untouched.url, user="ri_mean", autocommit=True) as connection:
        yield connection


def refused(connection: Connection, statement: str) -> str:
    """What is said to a statement that must not work; its transaction is still open then if it was."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as problem:
        connection.execute(statement.encode(), prepare=False)
    with suppress(psycopg.Error):
        connection.execute("ROLLBACK")
    return str(problem.value)


@pytest.mark.parametrize("statement", INNER)
def test_what_locks_is_not_to_be_called(turned_away: Connection, statement: str):
    assert "permission denied for function" in refused(turned_away, statement)


# Each puts a call of `act` into a transaction that may stay open: {act} stands for the arguments.
WAYS = {
    "by itself": "SELECT mvc.act({act}), pg_sleep(0)",
    "in a transaction": "BEGIN; SELECT mvc.act({act})",
    "in a block": "DO $$ BEGIN PERFORM mvc.act({act}); END $$",
    "in a block that has committed": "DO $$ BEGIN COMMIT; PERFORM mvc.act({act}); END $$",
    "assigned in one": "DO $$ DECLARE answer jsonb; BEGIN COMMIT; answer := mvc.act({act}); END $$",
    "dynamically, with our line in the text": "DO $$ BEGIN COMMIT; EXECUTE E'SELECT mvc.act({quoted}) /*\\nPL/pgSQL function mvc.act(text,jsonb) line 7"
    " at assignment\\nPL/pgSQL function mvc.through(text,jsonb,boolean,jsonb) line 10 at assignment\\n*/'; END $$",
    "from a function of that name": "CREATE FUNCTION public.through(text, jsonb, boolean, INOUT jsonb) LANGUAGE plpgsql AS $$ BEGIN $4 := mvc.act($1, $2); END $$;"
    " SELECT public.through({act}, false, NULL)",
    "from a procedure of that name, on the path": "CREATE PROCEDURE public.through(what text, said jsonb, one_snapshot boolean, INOUT answer jsonb) LANGUAGE plpgsql"
    " AS $$ BEGIN answer := mvc.act(what, said); END $$; CALL through({act}, false, NULL)",
    "from one with ours in its name": 'CREATE FUNCTION public."mvc.through(text,jsonb,boolean,jsonb)"(text, jsonb) RETURNS jsonb LANGUAGE plpgsql AS'
    ' $$ DECLARE answer jsonb; BEGIN answer := mvc.act($1, $2); RETURN answer; END $$; SELECT public."mvc.through(text,jsonb,boolean,jsonb)"({act})',
    "from a temporary one": "CREATE PROCEDURE pg_temp.through(what text, said jsonb, one_snapshot boolean, INOUT answer jsonb) LANGUAGE plpgsql"
    " AS $$ BEGIN answer := mvc.act(what, said); END $$; CALL pg_temp.through({act}, false, NULL)",
    "in a function in SQL": "CREATE FUNCTION public.plain(text, jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT mvc.act($1, $2) $$; SELECT public.plain({act})",
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_nor_by_the_door_without_the_procedure_that_commits(turned_away: Connection, way: str, act: str):
    assert "procedures that commit at once" in refused(turned_away, way.format(act=act, quoted=act.replace("'", "\\'")))


LANGUAGES = {
    "English": "PL/pgSQL function {f} line {n} at assignment",
    "German": "PL/pgSQL-Funktion {f} Zeile {n} bei Zuweisung",
    "Japanese": "PL/pgSQL関数{f}の{n}行目 - 代入",
    "Turkish": "PL/pgSQL fonksiyonu {f}, {n}. satır, atama içinde",
}


@pytest.mark.parametrize("line", LANGUAGES.values(), ids=list(LANGUAGES))
def test_in_whatever_language_the_server_speaks(deployed: Database, line: str):
    owner = deployed.connect()
    own, caller = line.format(f="mvc.act(text,jsonb)", n=9), "mvc.through(text,jsonb,boolean,jsonb)"

    def passes(*calls: str) -> bool:
        row = owner.execute("SELECT mvc.commits_next(%s)", ("\n".join(["call_stack", own, *calls]),)).fetchone()
        return bool(row and row[0])

    assert passes(line.format(f=caller, n=12), "SQL", "whatever")
    for other in (
        "public.through(text,jsonb,boolean,jsonb)",
        "through(text,jsonb,boolean,jsonb)",
        f'public."{caller}"()',
        f"{caller}{caller}",
        "inline_code_block",
    ):
        assert not passes(line.format(f=other, n=12))
    assert not passes(f'SQL statement "{line.format(f=caller, n=12)}"')
    assert not passes('SQL statement "', line.format(f=caller, n=12))
    assert not passes()


@pytest.mark.parametrize("path", ["mvc, public", "public, pg_catalog, mvc"])
def test_with_our_schema_on_the_path(mean: Connection, path: str):
    """Where a name is told without its schema, it could be anybody's."""
    mean.execute(f"SET search_path = {path}".encode())
    mean.execute("CALL refresh('public', 'v')")
    mean.execute("CALL mvc.run_schedule('shops', 'often')")
    assert ask(mean, "mvc", "alert") == 0
    assert {row[0] for row in mean.execute("SELECT status FROM mvc.refresh_log")} == {"completed"}


@pytest.mark.parametrize(
    "call",
    [
        "mvc.refresh('public', 'v')",
        "mvc.run_schedule('shops', 'often')",
        "mvc.refresh_project('shops')",
        "mvc.maintain_partitions('shops')",
        "mvc.alert()",
        'mvc.through(\'refresh\', \'{"view_schema": "public", "view_name": "v"}\', false, NULL)',
    ],
)
def test_a_procedure_within_a_transaction_does_nothing(deployed: Database, mean: Connection, call: str):
    mean.execute("BEGIN")
    with pytest.raises(psycopg.errors.InvalidTransactionTermination):
        mean.execute(f"CALL {call}".encode())
    mean.execute("ROLLBACK")
    assert deployed.connect().execute("SELECT count(*) FROM mvc.refresh_log").fetchone() == (0,)


def test_a_client_that_does_not_read_is_sent_nothing(deployed: Database, mean: Connection):
    """A message to it would wait, with all that is locked: all messages are of a time when nothing is."""
    mean.execute("SET client_min_messages = debug5")
    heard: list[str] = []
    mean.add_notice_handler(lambda said: heard.append(said.message_primary or ""))
    mean.execute("CALL mvc.refresh('public', 'v')")
    assert heard
    assert not [text for text in heard if "CommitTransaction" in text and "xid/subid/cid: 0" not in text]


class _Unread:
    """A session of the refresher that sends statements and reads no answer."""

    def __init__(self, database: Database) -> None:
        self.connection = database.connect(user="ri_mean")
        self._watching = database.connect()

    def send(self, statement: str) -> None:
        text = statement.encode() + b"\0"
        os.write(self.connection.fileno(), b"Q" + struct.pack("!i", len(text) + 4) + text)

    def waits_for(self) -> str:
        """What the session waits for once it waits for its client."""
        query = "SELECT wait_event FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Client'"
        for _ in range(1000):
            time.sleep(0.02)
            row = self._watching.execute(query, (self.connection.info.backend_pid,)).fetchone()
            if row:
                return str(row[0])
        raise AssertionError("the session does not end")

    def locked(self) -> list[tuple[Any, ...]]:
        query = "SELECT DISTINCT relation::regclass::text FROM pg_locks WHERE pid = %s AND relation >= 16384"
        return self._watching.execute(query, (self.connection.info.backend_pid,)).fetchall()


def _most_unread(database: Database) -> int:
    """How many characters a session is sent at most without waiting for its client."""
    fits, too_many = 0, 1 << 22
    while too_many - fits > 16:
        middle = (fits + too_many) // 2
        session = _Unread(database)
        session.send(f"SELECT repeat('x', {middle})")
        fits, too_many = (middle, too_many) if session.waits_for() == "ClientRead" else (fits, middle)
        session.connection.close()
    return fits


def _fail_late(deployed: Database, unread: _Unread, call: str, before: str = "SELECT 1") -> None:
    """The call waits for a lock when it has locked a row of ours, until its time is over. Nobody reads what comes of it."""
    owner = deployed.connect()
    owner.execute("BEGIN; LOCK TABLE mvc.deployed_view IN ACCESS EXCLUSIVE MODE")
    unread.connection.execute("SET statement_timeout = '1s'")
    unread.send(before)
    unread.send(call)
    time.sleep(2)
    owner.execute("ROLLBACK")


def test_an_error_that_is_not_read_holds_nothing(deployed: Database):
    """It is sent before the transaction ends, and not even pg_terminate_backend would end a session that waits to send it."""
    run = ask(deployed.connect(user="ri_mean"), "mvc", "refresh", {"view_schema": "public", "view_name": "v"})
    unread = _Unread(deployed)
    before = f"SELECT repeat('x', {_most_unread(deployed)})"
    _fail_late(deployed, unread, f"CALL mvc.through('end', '{{\"run\": {run}}}', false, NULL)", before)
    assert unread.waits_for() == "ClientWrite"
    assert unread.locked() == []


def test_calls_that_are_long_to_tell_are_not_let_in(deployed: Database):
    """They are part of an error, also of the one that ends a session while it holds locks."""
    mean = deployed.connect(user="ri_mean")
    call = f"CALL mvc.through(/* {'x' * 20000} */ 'alert', NULL, false, answer)"
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="more than 10000"):
        mean.execute(f"DO $$ DECLARE answer jsonb; BEGIN {call}; END $$".encode())


# What a refresher can have open: statements after BEGIN, whatever becomes of them.
OPEN = (
    "SELECT * FROM mvc.view_status; SELECT * FROM mvc.promises; SELECT mvc.due('shops'); SELECT mvc.seconds_to_next('shops');"
    " SELECT * FROM mvc.partition_tasks('shops'); SELECT mvc.shrunk_views(0); SELECT * FROM mvc.usage(); SELECT mvc.stop_overdue('shops');"
    " SELECT mvc.lead('shops'); SELECT * FROM mvc.refreshes; SELECT * FROM mvc.schedule_run; SELECT mvc.partition_log_end();"
    " SELECT * FROM mvc.refresh_order('shops')"
)


def test_nobody_waits_for_one_that_has_called_all_that_it_may(deployed: Database, mean: Connection):
    """Refreshes, schedules, workers, alerts, partitions and deployments go on beside it."""
    mean.execute("BEGIN")
    for statement in OPEN.split("; "):
        mean.execute(statement.encode())
    owner, other = deployed.connect(), deployed.connect(user="ri_other")
    for connection in (owner, other):
        connection.execute("SET statement_timeout = '20s'; SET lock_timeout = '5s'")
        assert {item.status for item in refresh(connection, project())} == {"completed"}
        assert {item.status for item in run_schedule(connection, project(), "often")} == {"completed"}
        connection.execute("CALL mvc.refresh('public', 'v', 'full')")
        alert(connection, project())
        with contend(connection, project()) as contender:
            assert contender.leads()
    other.execute("CALL mvc.maintain_partitions('shops')")
    assert owner.execute("SELECT to_regclass('public.sale_old')").fetchone() == (None,)
    assert plan(owner, project()).empty
    mean.execute("COMMIT")


def test_what_is_counted_is_given_back(deployed: Database, mean: Connection):
    """To count the groups that wait, base tables are read, on which the refresher has no right."""
    mean.execute("BEGIN; SELECT queued_groups FROM mvc.view_status")
    held = "SELECT relation::regclass::text FROM pg_locks WHERE pid = %s AND relation IN ('public.sale'::regclass, 'public.shop'::regclass)"
    assert deployed.connect().execute(held, (mean.info.backend_pid,)).fetchall() == []


# --- anybody at all ---------------------------------------------------------------------------------------------------


def test_no_lock_of_anybody_s_stops_a_refresh_or_a_deployment(deployed: Database):
    """Such as who has no right at all can take, by number."""
    owner, anybody = deployed.connect(), deployed.connect()
    anybody.execute("CREATE ROLE ri_anon LOGIN") if not owner.execute(
        "SELECT 1 FROM pg_roles WHERE rolname = 'ri_anon'"
    ).fetchone() else None
    anon = deployed.connect(user="ri_anon")
    names = [f"mvc.{row[0]}" for row in owner.execute("SELECT stored_name FROM mvc.stored_relation")]
    for name in [*names, "mvc.partition_run"]:
        anon.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
    anon.execute("SELECT pg_advisory_lock(%s)", (0x6D766321,))
    for relation in ("mvc.turn", "mvc.deploying"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            anon.execute(f"BEGIN; LOCK TABLE {relation} IN ACCESS SHARE MODE".encode())
        anon.execute("ROLLBACK")
    assert {item.status for item in refresh(owner, project())} == {"completed"}
    owner.execute("CALL mvc.maintain_partitions('shops')")
    apply(owner, project())
    assert owner.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> %s", (anon.info.backend_pid,)
    ).fetchone() == (0,)


def test_two_deployments_at_once_before_there_is_anything_to_lock(servers: Servers):
    """The first one makes the schema; the other is told, and nothing of it is half done."""
    with new_database(servers.get(NEWEST), bare=True) as database:
        first, second = database.connect(), database.connect()
        first.execute(SCHEMA)
        first.execute("BEGIN; CREATE SCHEMA mvc")
        said: list[str] = []

        def deploy() -> None:
            try:
                apply(second, mvc.compile(mvc.load({**FILES, "mvc.yml": "project: shops\ncatalog: s.sql\n"})))
            except ServerError as problem:
                said.append(str(problem))

        thread = threading.Thread(target=deploy)
        thread.start()
        while (
            thread.is_alive() and not database.connect().execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone()
        ):
            thread.join(0.05)
        first.execute("COMMIT")
        thread.join()
        assert "another deployment of this database is under way" in said[0]


def test_a_worker_of_another_role_does_not_stand_by(deployed: Database, mean: Connection):
    """One that holds its place and does nothing keeps those of its own role from working, and no others."""
    with contend(mean, project()) as idle, contend(deployed.connect(user="ri_mean"), project()) as same:
        assert idle.leads()
        assert not same.leads()
        for user in ("ri_other", None):
            connection = deployed.connect(user=user) if user else deployed.connect()
            with contend(connection, project()) as other:
                assert other.leads()


def test_who_leads_holds_up_no_vacuum(deployed: Database, mean: Connection):
    with contend(mean, project()) as leader:
        assert leader.leads()
        query = "SELECT backend_xid, backend_xmin FROM pg_stat_activity WHERE pid = %s"
        assert deployed.connect().execute(query, (leader.holder.info.backend_pid,)).fetchone() == (None, None)


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_refresher_s_time_limit(deployed: Database, mean: Connection):
    """Within a CALL no statement_timeout begins, so the client cancels; what comes next is not met by it."""
    blocking = deployed.connect(autocommit=False)
    blocking.execute("LOCK TABLE shop IN ACCESS EXCLUSIVE MODE")
    (found,) = refresh(mean, project(), options=RefreshOptions("full", timeout=0.3))
    assert (found.status, found.reason) == ("failed", "canceling statement due to user request")
    (found,) = refresh(mean, project(), options=RefreshOptions("full", lock_timeout=0.2))
    assert (found.status, found.reason) == ("failed", "canceling statement due to lock timeout")
    blocking.rollback()
    assert {item.status for item in refresh(mean, project(), options=RefreshOptions("full", timeout=20))} == {
        "completed"
    }
