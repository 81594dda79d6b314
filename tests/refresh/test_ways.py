"""However rows change, the next refresh of each kind is right, refuses, or `mvc check --modes` has said that it would not notice.

The ways are tried one after the other on one database, for a role that owns the tables and for one that may read them and put triggers
on them, and compared with what each view's query gives then, by the names that it has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.engine import POSTGRES
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.embedded import EmbeddedServer
from servers import Servers, new_database

from .ways import BASES, ROWS, SCHEMA, WAYS, WRITE, Connection, Place, Way

ROLES = ("owner", "least")
MODES = ("full", "incremental", "window")
FIGURES = "aggregates: {n: {count: b}, s: {sum: b.amount}, w: {sum: b.twice}}"
NAMED = "session_replication_role = replica to a table that the deploying role neither owns"
SUBSCRIBED = "a subscription to such a table that came and went between two refreshes"


def project() -> Compiled:
    files = {"mvc.yml": "project: ways\ncatalog: s.sql\n", "s.sql": SCHEMA}
    for base in BASES:
        for mode in MODES:
            by = "day" if mode == "window" else "k"
            files[f"views/{mode}_{base}.yml"] = (
                f"view: {mode}_{base}\nsources: {{b: {{table: {base}}}}}\ndimensions: {{{by}: b.{by}}}\n{FIGURES}\n"
            )
    files["schedules/s.yml"] = "schedules:\n" + "".join(
        f"  - {{schedule: {mode}, refresh: [{', '.join(f'{mode}_{base}' for base in BASES)}], every: '* * * * *', mode: {setting}}}\n"
        for mode, setting in (("incremental", "incremental"), ("window", "window, window: 3d"))
    )
    return mvc.compile(mvc.load(files))


def build(connection: Connection, role: str) -> None:
    """The tables, and the views as the role deploys them. Few groups are not a reason to compute all."""
    for name in ROLES:
        connection.execute(
            f"DO $$ BEGIN CREATE ROLE ways_{name} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$".encode()
        )
    connection.execute(SCHEMA + ROWS)
    connection.execute(f"GRANT CREATE ON SCHEMA public TO ways_{role}".encode())
    connection.execute(f"GRANT CREATE ON DATABASE {connection.info.dbname} TO ways_{role}".encode())
    for table in ("parent", "t", "p", "p_1", "p_2", "i", "i_1", "q"):
        if role == "owner":
            connection.execute(f"ALTER TABLE {table} OWNER TO ways_owner".encode())
        else:
            connection.execute(f"GRANT SELECT, TRIGGER ON {table} TO ways_least".encode())
    connection.execute(f"SET SESSION AUTHORIZATION ways_{role}".encode())
    apply(connection, project())
    connection.execute("RESET SESSION AUTHORIZATION")


@pytest.fixture(params=ROLES)
def place(request: pytest.FixtureRequest, rough_server: EmbeddedServer, rough_servers: Servers) -> Iterator[Place]:
    role: str = request.param
    name = rough_servers.template(rough_server, f"ways_{role}", lambda connection: build(connection, role), bare=True)
    with new_database(rough_server, name) as database:
        yield Place(database.connect(), database, role == "least")


@pytest.fixture
def deployer(place: Place) -> Connection:
    return place.database.connect(user="ways_least" if place.least else "ways_owner")


VIEWS = {view.name: view for view in project().views}


def is_right(connection: Connection, name: str) -> bool:
    """What is stored is what the query gives, by the names that it has; of a window, what lies in it."""
    view = VIEWS[name]
    within = " WHERE day >= current_date - 3" if name.startswith("window") else ""
    columns = ", ".join(column.name for column in view.columns)
    sides = (f"SELECT {columns} FROM {name}{within}", f"SELECT {columns} FROM ({view.query}) AS q{within}")
    query = " UNION ALL ".join(f"(({one}) EXCEPT ALL ({other}))" for one, other in (sides, sides[::-1]))
    try:
        return not connection.execute(query.encode()).fetchall()
    except psycopg.errors.UndefinedTable:
        return False


def outcome(deployer: Connection, looking: Connection, name: str) -> str:
    """`right`, `stale` or `refused`."""
    try:
        deployer.execute("CALL mvc.refresh('public', %s)", (name,))
    except psycopg.Error:
        row = deployer.execute(
            "SELECT status FROM mvc.refresh_log WHERE view_name = %s ORDER BY id DESC LIMIT 1", (name,)
        ).fetchone()
        assert row == ("failed",)
        return "refused"
    return "right" if is_right(looking, name) else "stale"


def expected(way: Way, name: str, least: bool) -> str:
    if way.unheard and least and name.startswith("incremental"):
        return "stale"
    return way.ends


def tried(way: Way, place: Place, deployer: Connection) -> list[str]:
    """What did not come out as it should."""
    names = [f"{mode}_{base}" for base in way.bases for mode in MODES]
    try:
        way.run(place)
    except psycopg.Error as problem:
        place.connection.rollback()
        return [] if way.refused_there else [f"{way.name}: {problem}"]
    if way.refused_there:
        return [f"{way.name}: PostgreSQL did it"]
    found = []
    before = {name: is_right(place.connection, name) for name in names}
    unchanged = [name for name in names if before[name] and not name.startswith("window")]
    if not way.quiet and unchanged:
        found.append(f"{way.name}: changed nothing of {unchanged}, and proves nothing")
    ends = {name: outcome(deployer, place.connection, name) for name in names}
    found += [f"{way.name}: {name} is {end}" for name, end in ends.items() if end != expected(way, name, place.least)]
    return [*found, *settled(way, place, deployer, names)]


def settled(way: Way, place: Place, deployer: Connection, names: list[str]) -> list[str]:
    """What is not as before when all is put back: what nobody noticed is found by a sample, and no refresh is a whole one for ever."""
    found = []
    if way.undo:
        place.do(way.undo)
    for name in names if way.undo or way.unheard else ():
        mode = ", 'verify'" if name.startswith("incremental") and way.unheard else ""
        deployer.execute(f"CALL mvc.refresh('public', %s{mode})".encode(), (name,))
        if not is_right(place.connection, name):
            found.append(f"{way.name}: {name} is not right in the end")
    ends = {f"incremental_{base}": idle(deployer, f"incremental_{base}") for base in way.bases}
    return [*found, *(f"{way.name}: {name} ends {last}" for name, last in ends.items() if last != IDLE)]


IDLE = ("completed", "incremental", 0, None)


def idle(deployer: Connection, name: str) -> tuple[object, ...] | None:
    """What the log says of a refresh that has nothing to do."""
    deployer.execute("CALL mvc.refresh('public', %s)", (name,))
    return deployer.execute(
        "SELECT status, mode, groups, detail FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    ).fetchone()


@pytest.mark.slow
def test_no_way_leads_to_a_stale_view(place: Place, deployer: Connection):
    assert any(NAMED in text for text in POSTGRES.mode("incremental").unnoticed)
    ways = [way for way in WAYS if place.database.major >= way.since]
    problems = [problem for way in ways for problem in tried(way, place, deployer)]
    assert not problems, "\n".join(problems)


@contextmanager
def subscribed(place: Place, server: EmbeddedServer, table: str, options: str = "") -> Iterator[Connection]:
    """A connection to a database from which a table is replicated into the one of the views."""
    with new_database(server) as publisher:
        far = publisher.connect()
        far.execute(SCHEMA)
        far.execute(f"CREATE PUBLICATION ways FOR TABLE {table} {options}".encode())
        slot = f"ways_{publisher.name}"
        far.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (slot,))
        info = far.info
        place.connection.execute(
            f"CREATE SUBSCRIPTION {slot} CONNECTION 'host={info.host} port={info.port} dbname={info.dbname} user={info.user}'"
            f" PUBLICATION ways WITH (create_slot = false, slot_name = '{slot}', copy_data = false)".encode()
        )
        try:
            yield far
        finally:
            place.do(
                f"ALTER SUBSCRIPTION {slot} DISABLE;\nALTER SUBSCRIPTION {slot} SET (slot_name = NONE);\nDROP SUBSCRIPTION {slot}"
            )
            deadline = time.monotonic() + 10
            while far.execute("SELECT active FROM pg_replication_slots WHERE slot_name = %s", (slot,)).fetchone() == (
                True,
            ):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            far.execute("SELECT pg_drop_replication_slot(%s)", (slot,))


def arrive(place: Place, far: Connection, table: str, text: str) -> None:
    """Written there, and replicated here."""
    far.execute(text.encode())
    query = f"SELECT coalesce(sum(hashtext({table}::text)), 0) FROM {table} WHERE id > 1000".encode()
    deadline = time.monotonic() + 20
    while far.execute(query).fetchone() != place.connection.execute(query).fetchone():
        assert time.monotonic() < deadline, place.database.server.log[-2000:]
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("table", "options"),
    [("t", ""), ("p", "WITH (publish_via_partition_root = true)"), ("p", "")],
    ids=["a table", "a root", "partitions"],
)
def test_what_replication_writes_is_heard_or_all_is_computed(
    place: Place, deployer: Connection, rough_server: EmbeddedServer, table: str, options: str
):
    names = [f"{mode}_{base}" for base in BASES if base.startswith(table) for mode in MODES]
    with subscribed(place, rough_server, table, options) as far:
        if table == "t":
            place.do("ALTER TABLE t DROP CONSTRAINT t_parent_id_fkey")
        for text in (
            f"INSERT INTO {table} (id, k, amount, day) SELECT g, 'r', g, current_date FROM generate_series(1001, 1010) AS g",
            f"UPDATE {table} SET amount = 1, k = 'q' WHERE id = 1004",
            f"DELETE FROM {table} WHERE id > 1005",
            f"UPDATE {table} SET day = '2011-01-01' WHERE id = 1005",
        ):
            arrive(place, far, table, text)
            assert {name: outcome(deployer, place.connection, name) for name in names} == dict.fromkeys(
                names, "right"
            ), text
        mode, detail = (
            deployer.execute(
                "SELECT mode, detail FROM mvc.refresh_log WHERE view_name = %s ORDER BY id DESC LIMIT 1",
                (f"incremental_{table}",),
            ).fetchone()
            or ()
        )
        assert (mode, "logical replication writes to it" in (detail or "")) == (
            ("full", True) if place.least else ("incremental", False)
        )
        logged = "SELECT count(*) FROM mvc.{}".format(
            *place.rows(f"SELECT log FROM mvc.watched_table WHERE table_name = '{table}'")[0]
        )
        before = place.rows(logged)
        place.do(f"UPDATE {table} SET amount = 5 WHERE id = 1001")
        assert place.rows(logged)[0][0] - before[0][0] == 2, "who writes here is told of once, as before"
    for name in names:
        assert outcome(deployer, place.connection, name) == "right"


def test_a_write_that_nobody_hears_of_is_found_by_a_sample(place: Place, deployer: Connection):
    """As `mvc check --modes` proposes it."""
    deployer.execute("CALL mvc.refresh('public', 'incremental_t')")
    place.do(f"SET session_replication_role = replica;\n{WRITE}")
    deployer.execute("CALL mvc.refresh('public', 'incremental_t', 'verify')")
    assert is_right(place.connection, "incremental_t")


@pytest.mark.parametrize("place", ["least"], indirect=True)
def test_who_acts_for_the_owner_hears_of_replicas(place: Place, deployer: Connection):
    """From the next refresh on, which is a whole one."""
    role = f"ways_lord_{place.database.name}"
    deployer.execute("CALL mvc.refresh('public', 'incremental_p')")
    place.do(f"CREATE ROLE {role};\nGRANT CREATE ON SCHEMA public TO {role}")
    for table in ("p", "p_1", "p_2"):
        place.do(f"ALTER TABLE {table} OWNER TO {role}")
    place.do(f"GRANT {role} TO ways_least")
    try:
        for _ in range(2):
            assert outcome(deployer, place.connection, "incremental_p") == "right"
            assert idle(deployer, "incremental_p") == IDLE
            place.do(
                "SET session_replication_role = replica;\nUPDATE p SET amount = amount + 7;\nUPDATE p_2 SET k = 'x' WHERE id < 20"
            )
        assert outcome(deployer, place.connection, "incremental_p") == "right"
    finally:
        place.do(f"REASSIGN OWNED BY {role} TO CURRENT_USER;\nDROP OWNED BY {role};\nDROP ROLE {role}")


def test_what_replication_wrote_that_came_and_went_is_heard_or_named(
    place: Place, deployer: Connection, rough_server: EmbeddedServer
):
    """When a refresh looks, there is no subscription. Only an owner can have such rows told."""
    place.do("ALTER TABLE t DROP CONSTRAINT t_parent_id_fkey")
    with subscribed(place, rough_server, "t") as far:
        arrive(
            place,
            far,
            "t",
            "INSERT INTO t (id, k, amount, day) SELECT g, 'k1', g, current_date FROM generate_series(1001, 1010) AS g",
        )
    expected = "stale" if place.least else "right"
    assert outcome(deployer, place.connection, "incremental_t") == expected
    assert any(SUBSCRIBED in text for text in POSTGRES.mode("incremental").unnoticed)
    deployer.execute("CALL mvc.refresh('public', 'incremental_t', 'verify')")
    assert is_right(place.connection, "incremental_t")
    assert idle(deployer, "incremental_t") == IDLE


def test_a_session_in_the_role_of_a_replica_is_heard_once(place: Place, deployer: Connection):
    """The triggers for each row are for those who apply what is replicated: a load would cost twice."""
    place.do(
        "SET session_replication_role = replica;\nINSERT INTO t (id, k, amount, day) SELECT g, 'k1', g, current_date FROM generate_series(1001, 1010) AS g;\nRESET session_replication_role"
    )
    [(log,)] = place.rows("SELECT log FROM mvc.watched_table WHERE table_name = 't'")
    assert place.rows(f"SELECT count(*) FROM mvc.{log}") == [(0 if place.least else 10,)]
