"""Partitions of base tables on real servers: what is made, with which bounds and rights, what is retired, who waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.runtime import runtime_sql
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.door import ask
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.partitions import Maintained, due_partitions, maintain_partitions
from servers import ROOT, Database, newest

from .projects import create_roles

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]

TABLES = """
CREATE TABLE events (
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  kind text NOT NULL DEFAULT 'plain' CHECK (kind <> ''),
  twice bigint GENERATED ALWAYS AS (length(kind) * 2) STORED,
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX ON events (kind);
"""
VIEW = """\
view: v
sources: {e: {table: events}}
dimensions: {kind: e.kind}
aggregates: {n: {count: e}}
accept: {MV613: old rows may go}
"""


def project(spec: str, tables: str = TABLES, **more: str) -> Compiled:
    files = {
        "mvc.yml": "project: shop\ncatalog: s.sql\nrefresh_roles: [pm_refresher]\n",
        "s.sql": tables,
        "partitions/p.yml": f"partitions:\n  - {spec}\n",
        **more,
    }
    return mvc.compile(mvc.load(files))


def deployed(connection: Connection, spec: str, tables: str = TABLES, **more: str) -> Compiled:
    create_roles(connection, ("pm_refresher", "pm_reader", "pm_owner", "pm_stranger"))
    connection.execute(tables.encode())
    compiled = project(spec, tables, **more)
    apply(connection, compiled)
    return compiled


def partitions(connection: Connection, table: str = "events") -> dict[str, str]:
    with connection.transaction():
        connection.execute("SET LOCAL TimeZone = 'UTC'")
        rows = connection.execute(
            "SELECT c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits AS i"
            " JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass ORDER BY 1",
            (table,),
        ).fetchall()
    return dict(rows)


def outcomes(done: Maintained) -> list[tuple[str, str | None]]:
    return [(item.action, item.partition) for item in done.partitions]


def errors(done: Maintained) -> list[str]:
    return [item.error for item in done.partitions if item.error]


def months(count: int, first: int = 0) -> list[datetime]:
    now = datetime.now(timezone.utc)
    start = now.year * 12 + now.month - 1 + first
    return [datetime((start + n) // 12, (start + n) % 12 + 1, 1, tzinfo=timezone.utc) for n in range(count)]


class TestMaking:
    def test_current_and_next_ones_once(self, database: Database) -> None:
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: month, ahead: 2}")
        expected = [f"events_{month:%Y_%m}" for month in months(3)]
        assert [item.partition for item in due_partitions(connection, compiled)] == expected
        assert partitions(connection) == {}
        done = maintain_partitions(connection, compiled)
        assert outcomes(done) == [("created", name) for name in expected]
        bounds = partitions(connection)
        assert list(bounds) == expected
        first, second = (f"{month:%Y-%m-%d} 00:00:00+00" for month in months(2))
        assert bounds[expected[0]] == f"FOR VALUES FROM ('{first}') TO ('{second}')"
        assert due_partitions(connection, compiled) == ()
        assert maintain_partitions(connection, compiled) == Maintained((), ())
        assert partitions(connection) == bounds

    def test_whatever_the_session_prefers(self, database: Database) -> None:
        """The same bounds from a session in another zone and style (D40)."""
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: day, ahead: 1, timezone: Europe/Berlin}")
        connection.execute("SET TimeZone = 'Pacific/Auckland'; SET DateStyle = 'SQL, DMY'; SET search_path = ''")
        assert not maintain_partitions(connection, compiled).failed
        connection.execute("SET DateStyle = 'ISO'; SET TimeZone = 'Europe/Berlin'; SET search_path = public")
        rows = connection.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c"
            " WHERE c.relispartition AND c.relkind = 'r' ORDER BY 1"
        ).fetchall()
        local = connection.execute("SELECT CURRENT_DATE, CURRENT_DATE + 1, CURRENT_DATE + 2").fetchone()
        assert local is not None
        for (name, bound), lower, upper in zip(rows, local[:2], local[1:], strict=True):
            assert name == f"events_{lower:%Y_%m_%d}"
            assert bound.startswith(f"FOR VALUES FROM ('{lower} 00:00:00+0")
            assert f"TO ('{upper} 00:00:00+0" in bound

    @pytest.mark.parametrize(
        ("column", "by"), [("date", "week"), ("timestamp", "quarter"), ("timestamptz", "year"), ("date", "day")]
    )
    def test_of_every_type_and_length(self, database: Database, column: str, by: str) -> None:
        """What lies in any of the next periods finds its partition."""
        connection = database.connect()
        tables = f"CREATE TABLE things (at {column} NOT NULL, n int) PARTITION BY RANGE (at);"
        compiled = deployed(connection, f"{{table: things, by: {by}, ahead: 4}}", tables)
        assert len(maintain_partitions(connection, compiled).partitions) == 5
        length = {"day": "1 day", "week": "7 days", "quarter": "3 months", "year": "1 year"}[by]
        connection.execute(
            f"INSERT INTO things SELECT now() AT TIME ZONE 'UTC' + n * interval '{length}', n FROM generate_series(0, 4) AS n"
        )
        assert connection.execute("SELECT count(DISTINCT tableoid) FROM things").fetchone() == (5,)
        assert due_partitions(connection, compiled) == ()

    def test_beside_those_of_other_names(self, database: Database) -> None:
        """What is covered is left alone, by whatever name; a period that is covered in part gets a partition for the rest."""
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: month, ahead: 2}")
        this, middle, last, end = months(4)
        half = middle + timedelta(days=9)
        connection.execute(f"CREATE TABLE \"The First\" PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('{middle}')")
        connection.execute(
            f"CREATE TABLE odd PARTITION OF events FOR VALUES FROM ('{half}') TO ('{half + timedelta(days=1)}')"
        )
        done = maintain_partitions(connection, compiled)
        name = f"events_{middle:%Y_%m}"
        assert outcomes(done) == [
            ("created", name),
            ("created", f"{name}_from_{half + timedelta(days=1):%Y_%m_%d}"),
            ("created", f"events_{last:%Y_%m}"),
        ]
        assert [item.note for item in done.partitions] == ["other partitions cover the rest of this month"] * 2 + [None]
        connection.execute(
            "INSERT INTO events (at) SELECT generate_series(%s::timestamptz, %s::timestamptz - interval '1 second', '6 hours')",
            (this, end),
        )
        assert due_partitions(connection, compiled) == ()

    def test_where_the_name_is_taken(self, database: Database) -> None:
        """Reported, and the others are made all the same."""
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: month, ahead: 1}")
        one, other = (f"events_{month:%Y_%m}" for month in months(2))
        connection.execute(f"CREATE TABLE {one} (n int)")
        done = maintain_partitions(connection, compiled)
        assert outcomes(done) == [("failed", one), ("created", other)]
        assert "is no partition of this period" in errors(done)[0]
        with pytest.raises(psycopg.errors.RaiseException, match=f"failed: create public.events {one}"):
            connection.execute("CALL mvc.maintain_partitions('shop')")

    def test_of_the_longest_name(self, database: Database) -> None:
        """The server would cut it to one that two tables share."""
        connection = database.connect()
        one, other = ("ä" * 31, "ä" * 30 + "b")
        tables = "".join(f"CREATE TABLE {name} (at date NOT NULL) PARTITION BY RANGE (at);" for name in (one, other))
        more = {"partitions/q.yml": f"partitions: [{{table: {other}, by: month, ahead: 1}}]\n"}
        compiled = deployed(connection, f"{{table: {one}, by: month, ahead: 1}}", tables, **more)
        done = maintain_partitions(connection, compiled)
        names = [item.partition or "" for item in done.partitions]
        assert not done.failed
        assert len(set(names)) == 4
        assert all(
            len(name.encode()) <= 63 and name.endswith(f"{month:%Y_%m}")
            for name, month in zip(names, months(2) * 2, strict=True)
        )

    def test_of_hostile_names(self, database: Database) -> None:
        connection = database.connect()
        tables = (
            'CREATE SCHEMA "My %s ""x";'
            """CREATE TABLE "My %s ""x"."Re'serv %I $$" ("A ""t" timestamptz NOT NULL) PARTITION BY RANGE ("A ""t");"""
        )
        name = """'My %s "x.Re''serv %I $$'"""
        compiled = deployed(connection, f"{{table: {name}, by: month, ahead: 1, keep: 1 month}}", tables)
        this, before = months(1)[0], months(2, -3)
        connection.execute(
            f"""CREATE TABLE "o'ld %" PARTITION OF "My %s ""x"."Re'serv %I $$" FOR VALUES FROM ('{before[0]}') TO ('{before[1]}')""".encode()
        )
        done = maintain_partitions(connection, compiled)
        assert [item.action for item in done.partitions] == ["created", "created", "detached"], errors(done)
        query = "SELECT to_regclass(format('%%I.%%I', %s::text, %s::text)) IS NOT NULL"
        assert connection.execute(query, ('My %s "x', f"Re'serv %I $$_{this:%Y_%m}")).fetchone() == (True,)


class TestBounds:
    """Where periods begin, whenever it is: the functions take the time."""

    @pytest.fixture
    def server(self, database: Database) -> Connection:
        connection = database.connect()
        connection.execute("SET check_function_bodies = off")  # they call each other
        with connection.transaction():
            for statement in runtime_sql("mvc"):
                connection.execute(statement.encode())
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    @newest
    @pytest.mark.parametrize(
        ("by", "zone", "at", "expected"),
        [
            ("month", "UTC", "2026-01-31 23:59:59+00", ["2026-01-01", "2026-02-01", "2026-03-01"]),
            ("month", "Asia/Tokyo", "2026-01-31 23:59:59+00", ["2026-02-01", "2026-03-01", "2026-04-01"]),
            ("month", "America/New_York", "2026-03-01 04:59:59+00", ["2026-02-01", "2026-03-01", "2026-04-01"]),
            ("day", "UTC", "2028-02-28 12:00+00", ["2028-02-28", "2028-02-29", "2028-03-01"]),
            ("day", "UTC", "2027-02-28 12:00+00", ["2027-02-28", "2027-03-01", "2027-03-02"]),
            ("week", "UTC", "2026-12-31 12:00+00", ["2026-12-28", "2027-01-04", "2027-01-11"]),
            ("quarter", "UTC", "2026-11-30 12:00+00", ["2026-10-01", "2027-01-01", "2027-04-01"]),
            ("year", "UTC", "2028-02-29 12:00+00", ["2028-01-01", "2029-01-01", "2030-01-01"]),
        ],
    )
    def test_periods(self, server: Connection, by: str, zone: str, at: str, expected: list[str]) -> None:
        rows = server.execute("SELECT s::date::text FROM mvc.period_starts(%s, 2, %s, %s) AS s", (by, zone, at))
        assert [row[0] for row in rows] == expected

    @newest
    @pytest.mark.parametrize(
        ("zone", "midnight", "expected"),
        [
            ("Europe/Berlin", "2026-03-01", "2026-02-28 23:00:00"),
            ("Europe/Berlin", "2026-04-01", "2026-03-31 22:00:00"),
            ("America/Santiago", "2026-09-06", "2026-09-06 04:00:00"),  # no midnight: 24:00 becomes 01:00
            ("Atlantic/Azores", "2026-10-25", "2026-10-25 00:00:00"),  # two of them: 01:00 becomes 00:00
            ("America/Havana", "2026-11-01", "2026-11-01 04:00:00"),
            ("Asia/Kathmandu", "2026-11-01", "2026-10-31 18:15:00"),
        ],
    )
    def test_midnights(self, server: Connection, zone: str, midnight: str, expected: str) -> None:
        query = "SELECT mvc.instant(%s, 'timestamptz', %s)::text, mvc.instant(%s, 'date', %s)::date::text"
        assert server.execute(query, (midnight, zone, midnight, zone)).fetchone() == (expected, midnight)

    @newest
    def test_a_day_begins_with_its_first_instant_wherever_it_is(self, server: Connection) -> None:
        """No instant before it is on that day, none of the day is before it, in any zone, around every change of clocks."""
        rows = server.execute(
            "SELECT z.name, d FROM pg_timezone_names AS z, generate_series(timestamp '2026-01-01', '2026-12-31', '1 day') AS d,"
            " LATERAL (SELECT mvc.instant(d, 'timestamptz', z.name) AT TIME ZONE 'UTC' AS first) AS i"
            " WHERE z.name ~ '^(America/(Havana|Santiago|New_York)|Atlantic/Azores|Asia/Beirut|Africa/Cairo|Europe/Berlin|Australia/Lord_Howe)$'"
            " AND NOT ((first AT TIME ZONE z.name)::date = d::date AND ((first - interval '1 second') AT TIME ZONE z.name)::date = d::date - 1)"
        ).fetchall()
        assert rows == []

    @newest
    @pytest.mark.parametrize(
        ("by", "starts", "expected"),
        [
            ("month", "2026-12-01", "t_2026_12"),
            ("week", "2027-01-04", "t_2027_w01"),
            ("week", "2026-12-28", "t_2026_w53"),
            ("day", "2026-11-23", "t_2026_11_23"),
            ("quarter", "2026-10-01", "t_2026_q4"),
            ("year", "2026-01-01", "t_2026"),
        ],
    )
    def test_names(self, server: Connection, by: str, starts: str, expected: str) -> None:
        query = "SELECT mvc.partition_name('t', %s, %s, %s), mvc.partition_name('t', %s, %s, '2027-01-05 01:00')"
        assert server.execute(query, (by, starts, starts, by, starts)).fetchone() == (
            expected,
            f"{expected}_from_2027_01_05_0100",
        )


DRESSED = f"""{TABLES}
ALTER TABLE events OWNER TO pm_owner;
GRANT CREATE, USAGE ON SCHEMA public TO pm_owner;
SET ROLE pm_owner;
GRANT SELECT ON events TO pm_reader WITH GRANT OPTION;
GRANT INSERT, UPDATE (kind) ON events TO pm_stranger;
RESET ROLE;
CREATE TABLE allowed (who name, kind text);
GRANT SELECT ON allowed TO PUBLIC;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY "own ""ones"" only" ON events FOR SELECT TO pm_reader, pm_stranger
  USING (EXISTS (SELECT FROM allowed AS a WHERE a.who = current_user AND a.kind = events.kind));
CREATE POLICY strict ON events AS RESTRICTIVE FOR INSERT TO PUBLIC WITH CHECK (kind <> 'secret');
ALTER TABLE events REPLICA IDENTITY FULL;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO pm_stranger;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
"""


class TestDress:
    @pytest.fixture
    def partition(self, database: Database) -> Iterator[Connection]:
        """A partition under default privileges that grant everything, as on hosted databases (D41)."""
        connection = database.connect()
        create_roles(connection, ("pm_refresher", "pm_reader", "pm_owner", "pm_stranger"))
        connection.execute(DRESSED)
        compiled = project("{table: events, by: month, ahead: 1}")
        apply(connection, compiled)
        assert not errors(maintain_partitions(connection, compiled))
        yield connection
        connection.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM pm_stranger")
        connection.execute("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC")
        connection.execute("DROP SCHEMA public CASCADE; REVOKE ALL ON DATABASE " + database.name + " FROM pm_owner")

    def compared(self, connection: Connection, query: str) -> None:
        name = f"events_{months(1)[0]:%Y_%m}"
        parent, child = (
            connection.execute(query.replace("%s", f"'{item}'::regclass").encode()).fetchall()
            for item in ("events", name)
        )
        assert parent == child
        assert parent

    def test_owner_grants_and_identity(self, partition: Connection) -> None:
        self.compared(
            partition, "SELECT relowner, relreplident, relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s"
        )
        self.compared(
            partition,
            "SELECT e.grantor, e.grantee, e.privilege_type, e.is_grantable, held.attname FROM (SELECT NULL AS attname, relacl AS acl FROM pg_class WHERE oid = %s"
            " UNION ALL SELECT attname, attacl FROM pg_attribute WHERE attrelid = %s) AS held, aclexplode(held.acl) AS e ORDER BY 2, 3, 5",
        )

    def test_policies(self, partition: Connection) -> None:
        """That of a subquery names the table itself."""
        self.compared(
            partition,
            "SELECT polname, polcmd, polpermissive, polroles, replace(pg_get_expr(polqual, polrelid), polrelid::regclass::text, 'self'),"
            " pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polrelid = %s ORDER BY 1",
        )

    def test_columns_and_checks(self, partition: Connection) -> None:
        self.compared(
            partition,
            "SELECT a.attname, a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute AS a"
            " LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = %s AND a.attnum > 0 ORDER BY a.attnum",
        )
        self.compared(
            partition,
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s AND contype = 'c'",
        )
        self.compared(
            partition,
            "SELECT regexp_replace(pg_get_indexdef(indexrelid), '.*USING', '') FROM pg_index WHERE indrelid = %s ORDER BY 1",
        )

    def test_nothing_is_left_in_the_stored_schema(self, partition: Connection) -> None:
        query = "SELECT relname FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relname LIKE 'events%'"
        assert partition.execute(query).fetchall() == []

    def test_rows_are_seen_as_through_the_parent(self, partition: Connection) -> None:
        partition.execute(
            "INSERT INTO allowed VALUES ('pm_reader', 'a'); INSERT INTO events (at, kind) VALUES (now(), 'a'), (now(), 'b')"
        )
        name = f"events_{months(1)[0]:%Y_%m}"
        with partition.transaction():
            partition.execute("SET LOCAL ROLE pm_reader")
            assert partition.execute(f"SELECT kind FROM {name}").fetchall() == [("a",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege), partition.transaction():
            partition.execute("SET LOCAL ROLE pm_stranger")
            partition.execute(f"DELETE FROM {name}")


class TestDefault:
    def test_rows_in_it_are_reported(self, database: Database) -> None:
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: month, ahead: 2}")
        connection.execute("CREATE TABLE rest PARTITION OF events DEFAULT")
        connection.execute("INSERT INTO events (at) VALUES (now())")
        done = maintain_partitions(connection, compiled)
        first, *others = (f"events_{month:%Y_%m}" for month in months(3))
        assert outcomes(done) == [("failed", first), *(("created", name) for name in others)]
        assert errors(done)[0].startswith("the DEFAULT partition public.rest holds rows from")

    def test_what_is_said_of_rows_in_it_moves_them(self, database: Database) -> None:
        connection = database.connect()
        tables = (
            'CREATE TABLE "Odd t" (id bigint GENERATED ALWAYS AS IDENTITY, "At" timestamptz NOT NULL, n int NOT NULL, '
            'twice int GENERATED ALWAYS AS (n * 2) STORED) PARTITION BY RANGE ("At");'
        )
        compiled = deployed(connection, "{table: '\"Odd t\"', by: month, ahead: 1}", tables)
        connection.execute('CREATE TABLE "the rest" PARTITION OF "Odd t" DEFAULT')
        connection.execute('INSERT INTO "Odd t" ("At", n) VALUES (now(), 1), (now() - interval \'9 years\', 2)')
        before = connection.execute('SELECT id, n, twice FROM "Odd t" ORDER BY 1').fetchall()
        said = errors(maintain_partitions(connection, compiled))[0].partition("move them: ")[2]
        detach, move = said.split(" then mvc partitions; then ")
        connection.execute(detach.encode(), prepare=False)
        assert errors(maintain_partitions(connection, compiled)) == []
        connection.execute(move.encode(), prepare=False)
        assert connection.execute('SELECT id, n, twice FROM "Odd t" ORDER BY 1').fetchall() == before
        assert connection.execute('SELECT n FROM ONLY "the rest"').fetchall() == [(2,)]
        assert errors(maintain_partitions(connection, compiled)) == []

    def test_a_large_one_is_not_looked_through_under_a_lock(self, database: Database) -> None:
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: month, ahead: 1}")
        connection.execute("CREATE TABLE rest PARTITION OF events DEFAULT")
        connection.execute(
            "INSERT INTO events (at, kind) SELECT '2001-01-01', repeat('x', 1000) FROM generate_series(1, 10000)"
        )
        connection.execute("SET log_min_messages = debug1")  # a client is told nothing before the commit
        before = len(database.server.log)
        done = maintain_partitions(connection, compiled)
        connection.execute("RESET log_min_messages")
        assert [item.action for item in done.partitions] == ["created"] * 2
        logged = database.server.log[before:]
        assert logged.count('default partition "rest" is implied by existing constraints') == 2
        assert connection.execute("SELECT conname FROM pg_constraint WHERE conname LIKE 'mvc%'").fetchall() == []

    def test_what_was_interrupted_is_finished(self, database: Database) -> None:
        """A guard that an interrupted run left behind refuses rows: the next run takes it up, or away."""
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: month, ahead: 1}")
        connection.execute("CREATE TABLE rest PARTITION OF events DEFAULT")
        connection.execute(
            "INSERT INTO events (at, kind) SELECT '2001-01-01', repeat('x', 1000) FROM generate_series(1, 10000)"
        )
        first = due_partitions(connection, compiled)[0]
        task = f"create public.events {first.partition}"
        assert connection.execute("SELECT mvc.partition_run('shop', %s)", (task,)).fetchone() == ("again",)
        assert len(connection.execute("SELECT FROM pg_constraint WHERE conname LIKE 'mvc_guard%'").fetchall()) == 1
        assert not maintain_partitions(connection, compiled).failed
        assert connection.execute("SELECT FROM pg_constraint WHERE conname LIKE 'mvc_guard%'").fetchall() == []


KEPT = "{table: events, by: month, ahead: 1, keep: 2 months}"


class TestRetiring:
    @pytest.fixture
    def connection(self, database: Database) -> Connection:
        return database.connect()

    def filled(self, connection: Connection, spec: str, **more: str) -> Compiled:
        """Partitions of the last four months with a row each, under names of somebody else."""
        compiled = deployed(connection, spec, **more)
        for month, following in zip(months(4, -4), months(4, -3), strict=True):
            connection.execute(
                f"CREATE TABLE old_{month:%Y%m} PARTITION OF events FOR VALUES FROM ('{month}') TO ('{following}')"
            )
            connection.execute("INSERT INTO events (at, kind) VALUES (%s, %s)", (month, f"{month:%Y%m}"))
        return compiled

    def test_nothing_without_being_told(self, connection: Connection) -> None:
        compiled = self.filled(connection, "{table: events, by: month, ahead: 1}")
        assert {item.action for item in maintain_partitions(connection, compiled).partitions} == {"created"}

    def test_detached_and_kept(self, connection: Connection) -> None:
        compiled = self.filled(connection, KEPT)
        first, second = (f"old_{month:%Y%m}" for month in months(2, -4))
        done = maintain_partitions(connection, compiled)
        assert outcomes(done)[2:] == [("detached", first), ("detached", second)]
        assert connection.execute(f"SELECT count(*) FROM {first}").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (2,)
        assert maintain_partitions(connection, compiled) == Maintained((), ())

    def test_dropped_where_the_spec_says_so(self, connection: Connection) -> None:
        compiled = self.filled(connection, KEPT.replace("}", ", retire: drop}"))
        first = f"old_{months(1, -4)[0]:%Y%m}"
        connection.execute(f"CREATE VIEW on_it AS SELECT * FROM {first}")
        done = maintain_partitions(connection, compiled)
        assert [item.action for item in done.partitions] == ["created", "created", "failed", "dropped"]
        assert "other objects depend on it" in errors(done)[0]
        assert first in partitions(connection)  # neither dropped nor detached
        connection.execute("DROP VIEW on_it")
        assert outcomes(maintain_partitions(connection, compiled)) == [("dropped", first)]
        assert connection.execute("SELECT to_regclass(%s)", (first,)).fetchone() == (None,)

    def test_views_are_refreshed_once_each(self, connection: Connection) -> None:
        """With what reads them, upstream first (D44); nothing where partitions were only made."""
        more = {
            "views/v.yml": VIEW,
            "views/w.yml": "view: w\nsources: {v: {view: v}}\naggregates: {n: {sum: v.n}}\n",
            "views/other.yml": "view: other\nsql: SELECT 1 AS one\ngrain: [one]\n",
            "schedules/s.yml": 'schedules: [{schedule: s, refresh: all, every: "0 1 * * *"}]\n',
        }
        compiled = self.filled(connection, KEPT, **more)
        connection.execute("CALL mvc.refresh('public', 'v'); ")
        done = maintain_partitions(connection, compiled)
        assert [(item.view, item.status) for item in done.views] == [("v", "completed"), ("w", "completed")]
        assert "its rows go with the next refresh of public.v, public.w" in (done.partitions[-1].note or "")
        assert connection.execute("SELECT count(*) FROM v").fetchone() == (2,)
        assert connection.execute("SELECT n FROM w").fetchone() == (2,)
        connection.execute(f"DROP TABLE events_{months(1)[0]:%Y_%m}")
        assert maintain_partitions(connection, compiled).views == ()

    def test_where_foreign_keys_refer_to_it(self, connection: Connection) -> None:
        """Detaching would look through all of them while readers wait."""
        compiled = self.filled(connection, KEPT)
        connection.execute("CREATE TABLE notes (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES events)")
        done = maintain_partitions(connection, compiled)
        assert [item.action for item in done.partitions] == ["created", "created", "failed", "failed"]
        assert errors(done)[0].startswith("foreign keys of public.notes refer to it")

    def test_what_somebody_began_to_detach_is_finished(self, connection: Connection, database: Database) -> None:
        compiled = self.filled(connection, KEPT)
        first = f"old_{months(1, -4)[0]:%Y%m}"
        reader, other = database.connect(), database.connect()
        with reader.transaction():
            reader.execute("SELECT count(*) FROM events")
            other.execute("SET statement_timeout = '300ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                other.execute(f"ALTER TABLE events DETACH PARTITION {first} CONCURRENTLY")
        assert ("detached", first) in outcomes(maintain_partitions(connection, compiled))
        assert first not in partitions(connection)


class TestUnfit:
    def test_what_changed_since_it_was_deployed(self, database: Database) -> None:
        """Each is said of its table, and the others are looked after."""
        connection = database.connect()
        tables = TABLES + "CREATE TABLE gone (at date NOT NULL) PARTITION BY RANGE (at);"
        tables += "CREATE TABLE deep (at date NOT NULL) PARTITION BY RANGE (at);"
        more = {
            "partitions/q.yml": "partitions: [{table: gone, by: day, ahead: 1}, {table: deep, by: day, ahead: 1}]\n"
        }
        compiled = deployed(connection, "{table: events, by: month, ahead: 1}", tables, **more)
        connection.execute(
            "DROP TABLE gone; CREATE TABLE deep_1 PARTITION OF deep FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (at)"
        )
        done = maintain_partitions(connection, compiled)
        assert {(item.table, item.action) for item in done.partitions} == {
            ("gone", "failed"),
            ("deep", "failed"),
            ("events", "created"),
        }
        assert errors(done) == [
            "its partitions are partitioned themselves, and only one level is looked after",
            "there is no such table",
        ]

    @newest
    def test_a_project_that_is_not_there(self, database: Database) -> None:
        connection = database.connect()
        deployed(connection, "{table: events, by: month, ahead: 1}")
        with pytest.raises(psycopg.errors.UndefinedObject, match="no project 'shopp' is deployed here"):
            connection.execute("CALL mvc.maintain_partitions('shopp')")

    @newest
    def test_cancelled(self, database: Database) -> None:
        """It ends there and then; what was done stays, what was not begun is due still."""
        connection = database.connect()
        compiled = deployed(connection, "{table: events, by: month, ahead: 1}")
        holder = database.connect()
        with holder.transaction():
            holder.execute("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")
            connection.execute("SET statement_timeout = '400ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("CALL mvc.maintain_partitions('shop')")
            connection.execute("RESET statement_timeout")
        assert connection.execute("SELECT * FROM mvc.partition_log").fetchall() == []
        assert len(due_partitions(connection, compiled)) == 2

    @newest
    def test_in_a_stored_schema_of_any_name(self, database: Database) -> None:
        connection = database.connect()
        settings = {"mvc.yml": """project: "sh'op"\ncatalog: s.sql\nschemas: {stored: "m'v \\\"c $$"}\n"""}
        compiled = deployed(connection, "{table: events, by: month, ahead: 1}", **settings)
        assert outcomes(maintain_partitions(connection, compiled)) == [
            ("created", f"events_{month:%Y_%m}") for month in months(2)
        ]
        connection.execute(f"DROP TABLE events_{months(1)[0]:%Y_%m}; CREATE TABLE events_{months(1)[0]:%Y_%m} (n int)")
        assert maintain_partitions(connection, compiled).failed

    @newest
    def test_nothing_is_deployed(self, database: Database) -> None:
        with pytest.raises(ServerError, match="nothing of this project is deployed here"):
            due_partitions(database.connect(), project("{table: events, by: month}"))


class TestWaiting:
    def test_readers_and_writers_go_on(self, database: Database) -> None:
        """A reader by primary key, and a writer, while partitions are made and detached and somebody holds the table for long (D42)."""
        connection = database.connect()
        compiled = TestRetiring().filled(connection, KEPT)
        longest = {"read": 0.0, "write": 0.0}
        over = threading.Event()

        def ask(kind: str, statement: str) -> None:
            own = database.connect()
            while not over.is_set():
                began = time.monotonic()
                own.execute(statement.encode())
                longest[kind] = max(longest[kind], time.monotonic() - began)
                time.sleep(0.005)

        asked = {
            "read": "SELECT kind FROM events WHERE id = 3",
            "write": f"INSERT INTO events (at) VALUES ('{months(1, -1)[0]}')",
        }
        threads = [threading.Thread(target=ask, args=item) for item in asked.items()]
        holder = database.connect()
        holder.execute("BEGIN; SELECT count(*) FROM events")
        timer = threading.Timer(2.5, lambda: holder.execute("COMMIT"))
        for thread in [*threads, timer]:
            thread.start()
        began = time.monotonic()
        done = maintain_partitions(connection, compiled)
        took = time.monotonic() - began
        over.set()
        for thread in [*threads, timer]:
            thread.join()
        assert [item.action for item in done.partitions] == ["created", "created", "detached", "detached"]
        assert took > 2
        assert max(longest.values()) < 1.0, longest

    def test_a_lock_that_is_never_given_back(self, database: Database) -> None:
        """It fails after a while, says so, and the others are made."""
        connection = database.connect()
        tables = TABLES + "CREATE TABLE free (at date NOT NULL) PARTITION BY RANGE (at);"
        more = {"partitions/q.yml": "partitions: [{table: free, by: month, ahead: 1}]\n"}
        compiled = deployed(connection, "{table: events, by: year, ahead: 1}", tables, **more)
        holder = database.connect()
        with holder.transaction():
            holder.execute("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")
            name = due_partitions(connection, compiled)[0].partition
            found = connection.execute(
                "SELECT mvc.partition_run('shop', %s, false)", (f"create public.events {name}",)
            ).fetchone()
            assert found == ("busy",)
            found = connection.execute(
                "SELECT mvc.partition_run('shop', %s)", (f"create public.events {name}",)
            ).fetchone()
            assert found == ("failed",)
        error = connection.execute("SELECT error FROM mvc.partition_log").fetchone()
        assert error and error[0].startswith("somebody kept a lock on the table for too long")
        assert not maintain_partitions(connection, compiled).failed


class TestRights:
    def test_a_refresher_does_what_the_spec_says_and_nothing_else(self, database: Database) -> None:
        owner = database.connect()
        compiled = TestRetiring().filled(owner, KEPT)
        owner.execute("ALTER ROLE pm_refresher LOGIN")
        refresher = database.connect(user="pm_refresher")
        kept = f"old_{months(1, -1)[0]:%Y%m}"
        for task in (
            f"detach public.events {kept}",
            "create public.events mine",
            "drop public.events x; DROP TABLE events",
        ):
            assert ask(refresher, "mvc", "partition", {"project": "shop", "task": task, "last": True}) == "gone"
        for statement in (
            "SELECT mvc.retire_partition('public', 'events', 'a', 'b', true)",
            "DELETE FROM mvc.partition_log",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                refresher.execute(statement.encode())
        refresher.execute("CALL mvc.maintain_partitions('shop')")
        assert due_partitions(owner, compiled) == ()
        assert {row[0] for row in refresher.execute("SELECT done_by FROM mvc.partition_log")} == {"pm_refresher"}

    @pytest.mark.parametrize(
        "planted",
        [
            "ALTER TABLE events ADD CHECK (planted(1) = 1)",
            "ALTER TABLE events_rest ADD CHECK (planted(1) = 1)",
            "CREATE INDEX ON events ((id + planted(1)))",
            "CREATE INDEX ON events_rest ((id + planted(1)))",
            "CREATE STATISTICS planted ON (id + planted(1)), kind FROM events_rest",
        ],
    )
    def test_what_the_owner_of_the_table_wrote_does_not_run(self, database: Database, planted: str) -> None:
        """The server computes the constant parts of checks and indexes when a partition is attached or looked through."""
        connection = database.connect()
        deployed(connection, "{table: events, by: month, ahead: 1}")
        connection.execute("CREATE TABLE events_rest PARTITION OF events DEFAULT; CREATE TABLE ran (who text)")
        connection.execute("ALTER TABLE events OWNER TO pm_owner; ALTER TABLE events_rest OWNER TO pm_owner")
        connection.execute("GRANT ALL ON ran TO PUBLIC; GRANT CREATE ON SCHEMA public TO pm_owner; SET ROLE pm_owner")
        connection.execute(
            "CREATE FUNCTION note() RETURNS void LANGUAGE sql AS $$ INSERT INTO public.ran SELECT current_user $$;"
            " CREATE FUNCTION planted(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN"
            " IF current_user <> 'pm_owner' THEN PERFORM public.note(); END IF; RETURN n; END $$"
        )
        connection.execute(planted.encode())
        connection.execute("RESET ROLE")
        with pytest.raises(psycopg.errors.RaiseException, match="failed: create"):
            connection.execute("CALL mvc.maintain_partitions('shop')")
        assert connection.execute("SELECT DISTINCT who FROM ran").fetchall() == []
        assert connection.execute("SELECT DISTINCT error FROM mvc.partition_log").fetchall() == [
            ("public.events would run the function public.planted(integer) of the role pm_owner",)
        ]

    def test_a_foreign_default_partition_of_a_stranger_is_not_looked_through(self, database: Database) -> None:
        """A wrapper would connect to his server, where a view of his may wait, with the rights of the stored schema's owner."""
        connection = database.connect()
        deployed(connection, "{table: events, by: month, ahead: 1}")
        connection.execute("ALTER TABLE events DROP CONSTRAINT events_pkey; CREATE FOREIGN DATA WRAPPER pm_wrapper")
        connection.execute("GRANT USAGE ON FOREIGN DATA WRAPPER pm_wrapper TO pm_stranger")
        connection.execute("ALTER TABLE events OWNER TO pm_owner; GRANT CREATE ON SCHEMA public TO pm_owner")
        connection.execute(
            "SET ROLE pm_stranger; CREATE SERVER s FOREIGN DATA WRAPPER pm_wrapper; GRANT USAGE ON FOREIGN SERVER s TO pm_owner"
        )
        connection.execute("SET ROLE pm_owner; DROP INDEX events_kind_idx")
        connection.execute("CREATE FOREIGN TABLE events_rest PARTITION OF events DEFAULT SERVER s; RESET ROLE")
        with pytest.raises(psycopg.errors.RaiseException, match="failed: create"):
            connection.execute("CALL mvc.maintain_partitions('shop')")
        ((error,),) = connection.execute("SELECT DISTINCT error FROM mvc.partition_log").fetchall()
        assert error.startswith("the DEFAULT partition public.events_rest is a foreign table, and the role pm_")

    def test_a_policy_whose_text_alone_runs_something_is_not_copied(self, database: Database) -> None:
        connection = database.connect()
        deployed(connection, "{table: events, by: month, ahead: 1}")
        connection.execute(
            "ALTER TABLE events OWNER TO pm_owner; GRANT CREATE ON SCHEMA public TO pm_owner; SET ROLE pm_owner;"
            " CREATE DOMAIN small AS int CHECK (current_user = 'pm_owner'); ALTER TABLE events ENABLE ROW LEVEL SECURITY;"
            " CREATE POLICY p ON events USING (id < cardinality('{5}'::small[])); RESET ROLE"
        )
        with pytest.raises(psycopg.errors.RaiseException, match="failed: create"):
            connection.execute("CALL mvc.maintain_partitions('shop')")
        assert connection.execute("SELECT DISTINCT error FROM mvc.partition_log").fetchall() == [
            (
                "to make public.events anew would have constants become values of the type public.small, by code of the role pm_owner",
            )
        ]

    def test_a_stranger_may_not(self, database: Database) -> None:
        owner = database.connect()
        deployed(owner, "{table: events, by: month}")
        with owner.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("SET LOCAL ROLE pm_stranger")
            owner.execute("SELECT * FROM mvc.partition_tasks('shop')")

    def test_a_shadowed_name_is_not_run(self, database: Database) -> None:
        """Whoever may create in `public` gains nothing from an owner who calls it along his own path."""
        owner = database.connect()
        compiled = deployed(owner, "{table: events, by: month, ahead: 1}")
        owner.execute("CREATE TABLE pwned (who text)")
        body = "$$ BEGIN INSERT INTO public.pwned VALUES (current_user); RETURN NULL; END $$"
        for signature in (
            "date_trunc(text, timestamp)",
            "to_char(timestamp, text)",
            "array_agg_it(text)",
            "pg_sleep(numeric)",
            "format(text, text)",
        ):
            kind = {"date_trunc(text, timestamp)": "timestamp"}.get(signature, "text")
            owner.execute(f"CREATE FUNCTION public.{signature} RETURNS {kind} LANGUAGE plpgsql AS {body}".encode())
        owner.execute("SET search_path = public, pg_catalog")
        assert not maintain_partitions(owner, compiled).failed
        assert owner.execute("SELECT * FROM public.pwned").fetchall() == []


def test_a_change_of_the_spec_is_deployed_by_itself(database: Database) -> None:
    connection = database.connect()
    deployed(connection, "{table: events, by: month, ahead: 1}", **{"views/v.yml": VIEW})
    changed = project("{table: events, by: month, ahead: 4}", **{"views/v.yml": VIEW})
    apply(connection, changed, options=ApplyOptions())
    assert len(due_partitions(connection, changed)) == 5


@newest
def test_of_the_reference_project(booking: Database) -> None:
    """Its partitions have names of their own; the oldest leaves, and the views that read it are refreshed once each."""
    connection = booking.connect()
    compiled = mvc.compile(mvc.load(ROOT))
    apply(connection, compiled)
    oldest = [f"{table}_y{month:%Y}m{month:%m}" for table in ("payments", "reservations") for month in months(1, -25)]
    done = maintain_partitions(connection, compiled)
    assert not done.failed
    assert [item.partition for item in done.partitions if item.action == "detached"] == oldest
    assert {item.action for item in done.partitions} == {"created", "detached"}
    assert sorted(item.view for item in done.views) == [
        "mv_customer_lifetime_value",
        "mv_financial_summary",
        "mv_location_availability",
        "mv_organization_dashboard",
        "mv_service_performance",
    ]
    assert {item.status for item in done.views} == {"completed"}
    connection.execute(
        "INSERT INTO payments (reservation_id, amount, status, created_at) VALUES (gen_random_uuid(), 1, 'pending', now() + interval '3 months')"
    )
    with connection.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET LOCAL ROLE anon")
        connection.execute(f"DELETE FROM {oldest[0]}")
    assert maintain_partitions(connection, compiled) == Maintained((), ())
