"""Writers of every kind, for the booking platform. A deed is a piece of work that somebody's application may do at any time; how it is
committed (at once, late, in two phases, not at all) is drawn apart from it.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import psycopg
from psycopg import errors

from servers import Database

Connection = psycopg.Connection[Any]
Deed = Callable[[Connection, random.Random], None]

# What two writers may do to each other; nothing else may happen to them.
EXPECTED = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.UniqueViolation,
    errors.ForeignKeyViolation,
    errors.CardinalityViolation,
    errors.NotNullViolation,  # of a row that is looked up in a table that somebody has emptied
)


def _any(table: str) -> str:
    return f"(SELECT id FROM {table} ORDER BY random() LIMIT 1)"


ORG, USER, PLACE, SERVICE = map(_any, ("organizations", "users", "locations", "services"))
BOOKING = _any("reservations")
STATE = "(ARRAY['pending', 'confirmed', 'completed', 'cancelled'])[1 + floor(random() * 4)::int]"
PAID = "(ARRAY['pending', 'completed', 'failed', 'refunded'])[1 + floor(random() * 4)::int]"
LATELY = "now() - random() * interval '95 days'"
RESERVE = (
    "INSERT INTO reservations (organization_id, user_id, location_id, status, scheduled_date, total_amount, created_at)"
)
RESERVED = f"SELECT {ORG}, {USER}, {PLACE}, {STATE}, CURRENT_DATE + (random() * 60)::int - 35, (random() * 500)::numeric(12,2), {LATELY}"
MONTH = f"{datetime.now(timezone.utc):y%Ym%m}"
MONTH_BEGINS = "date_trunc('month', now())"

SQL = [
    # single rows
    f"{RESERVE} {RESERVED}",
    f"UPDATE reservations SET status = {STATE} WHERE id = {BOOKING}",
    f"DELETE FROM reservations WHERE id = {BOOKING}",
    f"INSERT INTO payments (reservation_id, amount, status) SELECT {BOOKING}, 10, {PAID}",
    f"INSERT INTO reviews (reservation_id, organization_id, user_id, rating) SELECT {BOOKING}, {ORG}, {USER}, 4",
    f"UPDATE organizations SET status = CASE status WHEN 'active' THEN 'suspended' ELSE 'active' END WHERE id = {ORG}",
    f"UPDATE users SET full_name = full_name || '.', role = CASE role WHEN 'customer' THEN 'org_user' ELSE 'customer' END WHERE id = {USER}",
    "UPDATE users SET role = role WHERE false",
    # keys that move, also from one partition to another
    f"UPDATE reservations SET organization_id = {ORG}, user_id = {USER}, location_id = {PLACE} WHERE id = {BOOKING}",
    f"UPDATE reservations SET created_at = {LATELY} WHERE random() < 0.02",
    f"UPDATE payments SET reservation_id = {BOOKING}, created_at = {LATELY} WHERE random() < 0.02",
    f"UPDATE reservation_services SET service_id = {SERVICE}, reservation_id = {BOOKING} WHERE random() < 0.01",
    f"UPDATE services SET organization_id = {ORG} WHERE id = {SERVICE}",
    f"UPDATE availabilities SET location_id = CASE WHEN random() < 0.5 THEN {PLACE} END, date = date + 1 WHERE random() < 0.02",
    # in bulk
    f"{RESERVE} {RESERVED} FROM generate_series(1, 30)",
    (
        "INSERT INTO reservation_services (reservation_id, service_id, unit_price, total_price)"
        f" SELECT id, {SERVICE}, 5, 10 FROM reservations WHERE random() < 0.03"
    ),
    "UPDATE reservation_services SET total_price = total_price + 1 WHERE random() < 0.05",
    "UPDATE availabilities SET is_available = NOT is_available WHERE random() < 0.02",
    "DELETE FROM reviews WHERE random() < 0.02",
    "DELETE FROM reservation_services WHERE random() < 0.02",
    "DELETE FROM payments WHERE random() < 0.02",
    "DELETE FROM availabilities WHERE random() < 0.01",
    # slots that end in a moment
    (
        f"INSERT INTO availabilities (organization_id, location_id, date, start_time, end_time) SELECT {ORG}, {PLACE}, CURRENT_DATE,"
        " '00:00', LOCALTIME + random() * interval '2 seconds' FROM generate_series(1, 5)"
    ),
    # ON CONFLICT, MERGE
    (
        "INSERT INTO users (full_name, email) SELECT 'guest', 'guest' || floor(random() * 20) || '@example.com'"
        " ON CONFLICT (email) DO UPDATE SET full_name = users.full_name || '+', role = 'customer'"
    ),
    "INSERT INTO users (full_name, email) SELECT 'guest', email FROM users LIMIT 3 ON CONFLICT DO NOTHING",
    (
        f"MERGE INTO services AS s USING (SELECT {ORG} AS id, (random() * 9)::int AS n) AS w ON s.organization_id = w.id AND s.name = 'merged ' || w.n"
        " WHEN MATCHED AND random() < 0.3 THEN DELETE WHEN MATCHED THEN UPDATE SET is_available = NOT s.is_available"
        " WHEN NOT MATCHED THEN INSERT (organization_id, name, service_type, base_price) VALUES (w.id, 'merged ' || w.n, 'merged', 1)"
    ),
    (
        f"MERGE INTO reservations AS r USING (SELECT {BOOKING} AS id, {LATELY} AS at, {ORG} AS org) AS w ON r.id = w.id"
        " WHEN MATCHED THEN UPDATE SET created_at = w.at, organization_id = w.org"
    ),
    (
        f"MERGE INTO payments AS p USING (SELECT id, created_at, {LATELY} AS at FROM payments WHERE random() < 0.01) AS w"
        " ON p.id = w.id AND p.created_at = w.created_at WHEN MATCHED AND random() < 0.2 THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET created_at = w.at"
    ),
    # CTEs that write
    (
        f"WITH gone AS (DELETE FROM reviews WHERE random() < 0.02 RETURNING *) INSERT INTO reviews SELECT gen_random_uuid(), reservation_id, {ORG},"
        " user_id, rating, created_at FROM gone"
    ),
    (
        f"WITH made AS ({RESERVE} {RESERVED} RETURNING id), paid AS (INSERT INTO payments (reservation_id, amount, status)"
        " SELECT id, 7, 'completed' FROM made RETURNING reservation_id) INSERT INTO reservation_services (reservation_id, service_id, unit_price,"
        f" total_price) SELECT reservation_id, {SERVICE}, 7, 7 FROM paid"
    ),
    (
        "WITH u AS (UPDATE reservations SET total_amount = total_amount + 1 WHERE random() < 0.01 RETURNING user_id)"
        " UPDATE users SET full_name = full_name || '*' WHERE id IN (SELECT user_id FROM u)"
    ),
    # foreign keys that spread it
    "DELETE FROM users WHERE id = (SELECT user_id FROM reviews ORDER BY random() LIMIT 1)",
    "UPDATE users SET id = gen_random_uuid() WHERE id = (SELECT user_id FROM reservations ORDER BY random() LIMIT 1)",
    "DELETE FROM locations WHERE random() < 0.02",
    f"UPDATE organizations SET id = gen_random_uuid() WHERE id = {ORG}",
    f"INSERT INTO locations (organization_id, name, location_type) SELECT {ORG}, 'new', 'hall'",
    # straight to partitions
    f"INSERT INTO payments_{MONTH} (reservation_id, amount, status, created_at) SELECT {BOOKING}, 3, 'completed', {MONTH_BEGINS}",
    f"UPDATE reservations_{MONTH} SET organization_id = {ORG}, status = {STATE} WHERE random() < 0.05",
    f"DELETE FROM reservations_{MONTH} WHERE random() < 0.01",
    # by way of a function, a view, dynamic SQL
    (
        f"DO $$ BEGIN FOR i IN 1..5 LOOP EXECUTE 'UPDATE pricing_plans SET is_active = NOT is_active, base_price = base_price + $1"
        f" WHERE id = {_any('pricing_plans')}' USING i; END LOOP; END $$"
    ),
    "UPDATE open_reviews SET rating = 6 - rating WHERE random() < 0.03",
]
VIEWS = "CREATE VIEW open_reviews AS SELECT * FROM reviews WHERE reservation_id IS NOT NULL"


def _statement(text: str) -> Deed:
    return lambda connection, _: connection.execute(text.encode()) and None


def copy_in(connection: Connection, chance: random.Random) -> None:
    row = connection.execute(f"SELECT {ORG}, {PLACE}").fetchone()
    columns = "organization_id, location_id, date, start_time, end_time"
    with connection.cursor().copy(f"COPY availabilities ({columns}) FROM STDIN") as copy:
        today = datetime.now(timezone.utc).date()
        for hour in range(chance.randrange(1, 20)):
            copy.write_row((*(row or ()), today, f"{hour:02}:00", f"{hour:02}:30"))


def copy_to_a_partition(connection: Connection, chance: random.Random) -> None:
    (booking,) = connection.execute(f"SELECT {BOOKING}").fetchone() or (None,)
    with connection.cursor().copy(f"COPY payments_{MONTH} (reservation_id, amount, status) FROM STDIN") as copy:
        for amount in range(chance.randrange(1, 10)):
            copy.write_row((booking, amount, "completed"))


def _truncate(table: str, others: str = "") -> Deed:
    """Empties a table, and all that refer to it, and puts most of their rows back."""

    def deed(connection: Connection, _: random.Random) -> None:
        names = [table, *others.split()]
        with connection.transaction():
            connection.execute(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
            for name in names:
                connection.execute(f"CREATE TEMP TABLE kept_{name} ON COMMIT DROP AS TABLE {name}")
            connection.execute(f"TRUNCATE {table} {'CASCADE' if others else ''}")
            for name in names:
                connection.execute(
                    f"INSERT INTO {name} SELECT * FROM kept_{name} WHERE '{name}' = '{table}' OR random() < 0.98"
                )

    return deed


def in_replica_role(connection: Connection, _: random.Random) -> None:
    """As logical replication's tools and restores do it; foreign keys are not checked then, so none is written."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            f"UPDATE reservations SET total_amount = total_amount + 2, status = {STATE} WHERE random() < 0.01"
        )
        connection.execute("DELETE FROM payments WHERE random() < 0.01")
        connection.execute("SET LOCAL session_replication_role = origin")


PLAIN: list[Deed] = [*map(_statement, SQL), copy_in, copy_to_a_partition, in_replica_role]
RARE: list[Deed] = [
    _truncate("reviews"),
    _truncate("pricing_plans"),
    _truncate("reservation_services"),
    _truncate("locations", "availabilities reservations"),
    _truncate(f"payments_{MONTH}"),
    _statement(
        "SELECT ensure_month_partitions((now() + interval '2 months')::date, (now() + random() * interval '6 months')::date)"
    ),
]


# ---------- how it is committed ----------


def at_once(connection: Connection, deeds: Iterator[Deed], chance: random.Random, stop: threading.Event) -> None:
    next(deeds)(connection, chance)


def late(connection: Connection, deeds: Iterator[Deed], chance: random.Random, stop: threading.Event) -> None:
    with connection.transaction():
        if chance.random() < 0.3:
            connection.execute(f"SET TRANSACTION ISOLATION LEVEL {chance.choice(['REPEATABLE READ', 'SERIALIZABLE'])}")
        for _ in range(chance.randrange(1, 4)):
            next(deeds)(connection, chance)
            stop.wait(chance.random() * 0.4)


def partly_taken_back(
    connection: Connection, deeds: Iterator[Deed], chance: random.Random, stop: threading.Event
) -> None:
    with connection.transaction():
        for _ in range(4):
            with connection.transaction(force_rollback=chance.random() < 0.5):
                next(deeds)(connection, chance)


def taken_back(connection: Connection, deeds: Iterator[Deed], chance: random.Random, stop: threading.Event) -> None:
    with connection.transaction(force_rollback=True):
        next(deeds)(connection, chance)


def in_two_phases(connection: Connection, deeds: Iterator[Deed], chance: random.Random, stop: threading.Event) -> None:
    name = f"phase {chance.random()}"
    connection.execute("BEGIN")
    next(deeds)(connection, chance)
    try:
        connection.execute(f"PREPARE TRANSACTION '{name}'")
    except (errors.FeatureNotSupported, errors.ObjectNotInPrerequisiteState):  # it made a temporary table
        connection.execute("ROLLBACK")
        return
    stop.wait(chance.random() * 0.5)
    connection.execute(f"{'COMMIT' if chance.random() < 0.8 else 'ROLLBACK'} PREPARED '{name}'")


WAYS = [at_once] * 6 + [late, late, partly_taken_back, taken_back, in_two_phases, in_two_phases]


class Writers:
    """Threads that write until told to stop. `done` counts what was committed, `refused` what two of them kept each other from."""

    def __init__(self, database: Database, number: int, seed: int, rare: float = 0.03) -> None:
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.failures: list[BaseException] = []
        self._rare = rare
        self.stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(database.connect(), random.Random(seed * 100 + n)))
            for n in range(number)
        ]

    @contextmanager
    def writing(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in self._threads:
                thread.join(60)
        if self.failures:
            raise self.failures[0]

    def _write(self, connection: Connection, chance: random.Random) -> None:
        deeds = self._deeds(chance)
        while not self.stop.is_set():
            way = chance.choice(WAYS)
            try:
                way(connection, deeds, chance, self.stop)
                self.done[way.__name__] += 1
            except EXPECTED as error:
                self.refused[type(error).__name__] += 1
            except BaseException as error:  # noqa: BLE001 - the test raises it
                self.failures.append(error)
                return
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                connection.execute("ROLLBACK")

    def _deeds(self, chance: random.Random) -> Iterator[Deed]:
        while True:
            yield chance.choice(RARE if chance.random() < self._rare else PLAIN)
