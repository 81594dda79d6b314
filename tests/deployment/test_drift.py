"""What changes behind our back is found, named, and mended by the next apply or kept; and looking for it changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import psycopg
import pytest

from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.drift_kinds import KEPT, DriftKind
from mvc.engines.postgres.server.apply import plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.refresh import refresh
from servers import Database, Servers, new_database

from .projects import (
    BASE,
    BOTH_ARMS,
    MAJORS,
    Connection,
    Files,
    assert_settled,
    build_shop,
    compiled,
    deploy,
    drift_of,
    dump,
    edited,
    rows_of,
    rules,
)

pytestmark = pytest.mark.by_turns


def drifting(files: Files) -> None:
    """Two arms, an index, roles that refresh and names of its own: something of everything that can drift."""
    rules({"using": BOTH_ARMS})(files)
    files["mvc.yml"]["refresh_roles"] = ["dm_other"]
    files["mvc.yml"]["names"] = {"refresh_all": "refresh_shop", "status": "shop_figures"}


PROJECT = compiled(edited(drifting))
STORED = {view.name: view.storage[1] for view in PROJECT.views}
SALES = f"mvc.{STORED['sales']}"
GRAIN = f"{STORED['sales']}_grain"
INDEX = next(index.name for index in PROJECT.view("sales").indexes if index.origin == "spec")


@dataclass(frozen=True)
class Hand:
    """What somebody did, and all that is found of it: (kind, view) pairs. `lost` says that grants by hand go with it."""

    what: str
    statement: str
    found: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return self.what


HANDS = [
    Hand("a name of the project's own dropped", "DROP FUNCTION refresh_shop()", (("name missing", ""),)),
    Hand("a name of the project's own opened", "GRANT SELECT ON shop_figures TO dm_reader", (("name changed", ""),)),
    Hand("exposure dropped", "DROP VIEW sales", (("exposure missing", "sales"),)),
    Hand("exposure replaced", "CREATE OR REPLACE VIEW by_city WITH (security_barrier = false) AS SELECT city, total + 1 AS total, customers FROM mvc." + STORED["by_city"],
         (("exposure changed", "by_city"),)),
    Hand("exposure's column renamed", "ALTER VIEW by_city RENAME COLUMN total TO tutto", (("exposure changed", "by_city"),)),
    Hand("an arm replaced", f"CREATE OR REPLACE VIEW {SALES}_rows WITH (security_barrier) AS SELECT city, id, last_day, n, name, total FROM {SALES}",
         (("exposure changed", "sales"),)),
    Hand("an arm without its barrier", f"ALTER VIEW {SALES}_rows RESET (security_barrier)", (("exposure option", "sales"),)),
    Hand("the barrier taken away", "ALTER VIEW sales RESET (security_barrier)", (("exposure option", "sales"),)),
    Hand("an option added to the exposure", "ALTER VIEW sales SET (security_invoker = true)", (("exposure option", "sales"),)),
    Hand("storage dropped at the end of the chain", f"DROP MATERIALIZED VIEW mvc.{STORED['top']} CASCADE",
         (("exposure missing", "now"), ("exposure missing", "top"), ("storage missing", "now"), ("storage missing", "top"))),
    Hand("storage dropped with all that reads it", f"DROP MATERIALIZED VIEW {SALES} CASCADE",
         tuple((kind, view) for kind in ("exposure missing", "storage missing") for view in ("by_city", "now", "sales", "top"))),
    Hand("storage renamed", f"ALTER MATERIALIZED VIEW mvc.{STORED['alone']} RENAME TO other", (("exposure changed", "alone"), ("storage missing", "alone"))),
    Hand("storage replaced", f"DROP MATERIALIZED VIEW mvc.{STORED['alone']} CASCADE; CREATE MATERIALIZED VIEW mvc.{STORED['alone']} AS SELECT 'x'::text AS status, 1::bigint AS n",
         (("exposure missing", "alone"), ("index missing", "alone"), ("storage changed", "alone"))),
    Hand("storage of another kind", f"DROP MATERIALIZED VIEW mvc.{STORED['alone']} CASCADE; CREATE VIEW mvc.{STORED['alone']} AS SELECT 'x'::text AS status, 1::bigint AS n",
         (("exposure missing", "alone"), ("storage missing", "alone"))),
    Hand("a plain storage replaced", f"CREATE OR REPLACE VIEW mvc.{STORED['now']} AS SELECT city, total + 1 AS total FROM mvc.{STORED['top']}", (("storage changed", "now"),)),
    Hand("a column of a base table renamed and back", "ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases RENAME COLUMN status TO state; ALTER TABLE purchases RENAME TO orders; ALTER TABLE orders RENAME state TO status", ()),
    Hand("storage emptied", f"REFRESH MATERIALIZED VIEW {SALES} WITH NO DATA", (("storage unpopulated", "sales"),)),
    Hand("storage opened", f"GRANT SELECT ON {SALES} TO dm_bob", (("storage open", "sales"),)),
    Hand("a column of the storage opened", f"GRANT SELECT (id) ON {SALES} TO PUBLIC", (("storage open", "sales"),)),
    Hand("an arm opened", f"GRANT SELECT (id), UPDATE ON {SALES}_gate TO dm_bob", (("storage open", "sales"),)),
    Hand("the stored schema opened", "GRANT USAGE ON SCHEMA mvc TO dm_bob", (("storage open", ""),)),
    Hand("the stored schema closed to those who refresh", "REVOKE USAGE ON SCHEMA mvc FROM dm_other", (("grant missing", ""),)),
    Hand("an index dropped", f'DROP INDEX mvc."{INDEX}"', (("index missing", "sales"),)),
    Hand("the unique index dropped", f'DROP INDEX mvc."{GRAIN}"', (("index missing", "sales"),)),
    Hand("an index invalid", f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mvc.\"{INDEX}\"'::regclass", (("index invalid", "sales"),)),
    Hand("an index changed", f'DROP INDEX mvc."{INDEX}"; CREATE INDEX "{INDEX}" ON {SALES} (n)', (("index changed", "sales"),)),
    Hand("an index no longer unique", f'DROP INDEX mvc."{GRAIN}"; CREATE INDEX "{GRAIN}" ON {SALES} (id)', (("index changed", "sales"),)),
    Hand("an index by hand", f"CREATE INDEX by_hand ON {SALES} (n)", (("index by hand", "sales"),)),
    Hand("a reader lost", "REVOKE SELECT ON sales FROM dm_reader", (("grant missing", "sales"),)),
    Hand("a grant by hand", "GRANT SELECT ON sales TO dm_bob", (("grant by hand", "sales"),)),
    Hand("a rule by hand", "CREATE RULE by_hand AS ON INSERT TO sales DO INSTEAD NOTHING", (("rule by hand", "sales"),)),
    Hand("a grant on a column", "GRANT SELECT (id) ON sales TO dm_bob", (("grant by hand", "sales"),)),
    Hand("another owner of the exposure", "ALTER VIEW sales OWNER TO dm_analyst", (("owner changed", "sales"),)),
    Hand("another owner of the storage", f"ALTER MATERIALIZED VIEW {SALES} OWNER TO dm_analyst", (("owner changed", "sales"),)),
    Hand("another owner of an arm", f"ALTER VIEW {SALES}_rows OWNER TO dm_analyst", (("owner changed", "sales"),)),
    Hand("an option changed", f"ALTER MATERIALIZED VIEW {SALES} SET (fillfactor = 50)", (("option changed", "sales"),)),
    Hand("an option lost", f"ALTER MATERIALIZED VIEW {SALES} RESET (fillfactor)", (("option changed", "sales"),)),
    Hand("an option by hand", f"ALTER MATERIALIZED VIEW {SALES} SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)", (("option by hand", "sales"),) * 2),
    Hand("another comment", "COMMENT ON VIEW sales IS 'other'", (("comment changed", "sales"),)),
    Hand("a column's comment gone", "COMMENT ON COLUMN sales.name IS NULL", (("comment changed", "sales"),)),
    Hand("a comment where the spec says nothing", "COMMENT ON COLUMN sales.city IS 'mine'; COMMENT ON VIEW alone IS 'mine'", ()),
    Hand("the runtime changed", "CREATE OR REPLACE FUNCTION mvc.role_sql(role name) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'", (("runtime changed", ""),)),
    Hand("the runtime lost", "DROP FUNCTION mvc.expose, mvc.close_storage, mvc.refresh_run", (("runtime changed", ""),)),
    Hand("the runtime open", "ALTER FUNCTION mvc.refresh_run SECURITY INVOKER", (("runtime changed", ""),)),
]  # fmt: skip


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"pg{major}")
def deployed(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    """A deployed database to be copied."""
    server = servers.get(request.param)

    def build(connection: Connection) -> None:
        build_shop(connection)
        deploy(connection, PROJECT)

    with new_database(server, servers.template(server, "drift_template", build)) as database:
        yield database


def test_every_kind_is_caused():
    elsewhere = {kind for kind in get_args(DriftKind) if kind.startswith("job ")}  # tests/schedules/test_pg_cron.py
    elsewhere |= {"changes unlogged", "role missing", "role renamed"}  # test_watching.py, test_roles.py
    elsewhere |= {"source replaced", "source renamed"}  # tests/refresh/test_swapped_tables.py
    elsewhere |= {"storage outdated"}  # tests/refresh/test_dependencies.py
    elsewhere |= {"released"}  # test_around.py
    assert {kind for hand in HANDS for kind, _ in hand.found} == set(get_args(DriftKind)) - elsewhere


@pytest.mark.parametrize("hand", HANDS, ids=str)
def test_drift_is_found_and_mended(hand: Hand, deployed: Database):
    is_found_and_mended(hand, deployed.connect(), PROJECT)


def is_found_and_mended(hand: Hand, connection: Connection, project: Compiled) -> None:
    if drift_of(connection, project):  # a test before has failed
        connection.execute("DROP SCHEMA mvc CASCADE")
        deploy(connection, project)
    before, rows = dump(connection, without=()), rows_of(connection, project)
    connection.execute(hand.statement)
    found = drift_of(connection, project)
    assert sorted((item.kind, item.view) for item in found) == sorted(hand.found)
    assert plan(connection, project).drift == found
    kept = tuple(item for item in found if item.kind in KEPT)
    deploy(connection, project)
    assert drift_of(connection, project) == kept
    assert rows_of(connection, project) == rows
    refresh(connection, project)
    assert [row[0] for row in connection.execute("SELECT DISTINCT status FROM mvc.refresh_log")] == ["completed"]
    assert rows_of(connection, project) == rows
    after = dump(connection, without=())
    if kept:
        undo = {
            "an index by hand": "DROP INDEX mvc.by_hand",
            "a rule by hand": "DROP RULE by_hand ON sales",
            "a grant by hand": "REVOKE SELECT ON sales FROM dm_bob",
            "a grant on a column": "REVOKE SELECT ON sales FROM dm_bob",
            "an option by hand": f"ALTER MATERIALIZED VIEW {SALES} RESET (autovacuum_enabled, toast.autovacuum_enabled)",
        }
        connection.execute(undo[hand.what])
        after = dump(connection, without=())
    mine = [row for row in after if row not in before and "aside" not in row[1] and row[1] != "mvc.other"]
    assert [row for row in mine if row[5] != "mine"] == []
    connection.close()


def test_what_is_no_view_in_the_place_of_an_exposure_is_not_dropped(deployed: Database):
    connection = deployed.connect()
    connection.execute("BEGIN")
    connection.execute("DROP VIEW alone; CREATE TABLE alone (precious int)")
    assert ("exposure changed", "alone") in [(item.kind, item.view) for item in drift_of(connection, PROJECT)]
    refusals = plan(connection, PROJECT).refusals
    assert [item.message for item in refusals] == ["not ours, and in the way: public.alone"]
    connection.execute("ROLLBACK")


def test_a_storage_that_was_replaced_under_a_chain(deployed: Database):
    """What reads it is built anew as well, at once, and all of it goes on being refreshed."""
    connection = deployed.connect()
    connection.execute("SET lock_timeout = '5s'")
    connection.execute(
        f"ALTER TABLE orders RENAME COLUMN pieces TO parts; ALTER MATERIALIZED VIEW {SALES} RENAME COLUMN n TO m"
    )
    found = {(item.kind, item.view) for item in drift_of(connection, PROJECT)}
    assert ("storage changed", "sales") in found
    connection.execute("ALTER TABLE orders RENAME COLUMN parts TO pieces")
    rows = rows_of(connection, compiled(BASE)).keys()
    deploy(connection, PROJECT)
    assert drift_of(connection, PROJECT) == ()
    connection.execute("INSERT INTO orders VALUES (9001, 1, 100000, 1, 'paid', now())")
    refresh(connection, PROJECT)
    assert connection.execute("SELECT max(total) > 100000 FROM now").fetchone() == (True,)
    connection.execute("DELETE FROM orders WHERE id = 9001")
    refresh(connection, PROJECT)
    assert rows == rows_of(connection, PROJECT).keys()
    connection.execute("RESET lock_timeout")


class Spy(psycopg.Cursor[Any]):
    """Counts what is sent."""

    sent: ClassVar[list[str]] = []

    def execute(self, query, params=None, **options):  # type: ignore[no-untyped-def]
        text = query.decode() if isinstance(query, bytes) else str(query)
        Spy.sent.append(text)
        return super().execute(query, params, **options)


def many(number: int) -> Compiled:
    def edit(files: Files) -> None:
        for place in range(number):
            files[f"views/more{place}.yml"] = {**files["views/alone.yml"], "view": f"more{place}"}

    return compiled(edited(drifting, edit))


def test_a_plan_locks_nothing_and_writes_nothing(deployed: Database, monkeypatch):
    connection, other = deployed.connect(), deployed.connect()
    connection.execute("SET default_transaction_read_only = on")
    assert_settled(connection, PROJECT)
    with connection.transaction():
        plan(connection, compiled(edited(rules({"using": "total > 3"}))))
        modes = other.execute(
            "SELECT DISTINCT mode FROM pg_locks WHERE pid = %s AND locktype = 'relation'",
            (connection.info.backend_pid,),
        ).fetchall()
        written = other.execute(
            "SELECT backend_xid FROM pg_stat_activity WHERE pid = %s", (connection.info.backend_pid,)
        ).fetchone()
        assert (modes, written) == ([("AccessShareLock",)], (None,))


def test_a_plan_waits_for_no_reader_writer_or_refresh(deployed: Database):
    connection, other = deployed.connect(), deployed.connect()
    with other.transaction():
        other.execute(
            f"REFRESH MATERIALIZED VIEW CONCURRENTLY {SALES}; LOCK TABLE orders IN EXCLUSIVE MODE; SELECT FROM sales"
        )
        connection.execute("SET statement_timeout = '2s'")
        assert_settled(connection, PROJECT)
    connection.execute("RESET statement_timeout")


def test_a_plan_asks_as_many_questions_however_many_views_there_are(deployed: Database):
    connection = deployed.connect(cursor_factory=Spy)
    counted = []
    for project in (PROJECT, many(30)):
        Spy.sent.clear()
        observe(connection, project, [(view.schema, view.name) for view in project.views])
        counted.append(list(Spy.sent))
        Spy.sent.clear()
        plan(connection, project)
        counted.append(list(Spy.sent))
    questions = [
        [text for text in sent if not text.startswith(("SELECT pg_catalog.set_config", "SET LOCAL"))]
        for sent in counted
    ]
    assert questions[0] == questions[2]
    assert [len(sent) for sent in questions[1::2]] == [len(questions[1])] * 2
    assert max(map(len, questions)) <= 6


def test_a_reader_of_the_ledger_who_may_not_is_told(deployed: Database):
    connection = deployed.connect()
    connection.execute("SET ROLE dm_bob")
    with pytest.raises(ServerError):
        plan(connection, PROJECT)
    connection.execute("RESET ROLE")


def test_a_plan_while_somebody_else_deploys(deployed: Database):
    """It sees the old or the new, whole."""
    first, then = PROJECT, compiled(edited(drifting, rules({"using": "total > 1"})))
    connection, other = deployed.connect(), deployed.connect()
    done = threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not done.is_set():
            seen.append(sum(not item.kept for item in drift_of(other, PROJECT)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for project in (then, first) * 3:
            deploy(connection, project)
    finally:
        done.set()
        thread.join()
    assert set(seen) == {0}
