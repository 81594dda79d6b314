"""What a database or a role has set for its applications changes nothing of what is done here: time limits, and how texts are read and printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.connection import connect
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.refresh_view import RefreshOptions
from mvc.engines.postgres.server.schedule_runs import run_schedule
from mvc.engines.postgres.server.status import alert, status
from servers import NEWEST, Database, Servers, new_database

from .projects import ANYTHING, create_roles, told

pytestmark = pytest.mark.by_turns

Connection = psycopg.Connection[Any]
# It takes longer to compute a row than the limits below, so that these are felt.
SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, day date NOT NULL);
CREATE TABLE ev (id int NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE FUNCTION slowly(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_catalog.pg_sleep(0.15); RETURN n; END';
"""
FILES = {
    "mvc.yml": "project: shop\ncatalog: s.sql\nnotify: alerts\nrefresh_roles: [sg_refresher]\n",
    "s.sql": SCHEMA,
    "views/slow.yml": "view: slow\nsources: {t: {table: t}}\ndimensions: {k: t.k}\naggregates: {s: {sum: slowly(t.id)}}\n",
    "views/by_day.yml": "view: by_day\nsources: {t: {table: t, where: \"t.k <> 'a\\\\b'\"}}\ndimensions: {day: t.day}\naggregates: {n: {count: t}}\n",
    "schedules/s.yml": "schedules:\n  - {schedule: often, refresh: [by_day], every: '* * * * *', mode: incremental}\n"
    "  - {schedule: all, refresh: all, every: '* * * * *'}\n",
    "partitions/p.yml": "partitions: [{table: ev, by: month, ahead: 1}]\n",
}
LIMITS = {
    "statement_timeout": "100ms",
    "lock_timeout": "100ms",
    "idle_in_transaction_session_timeout": "100ms",
    "idle_session_timeout": "100ms",
    "transaction_timeout": "100ms",
}
TEXTS = {
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "search_path": "nowhere",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "array_nulls": "off",
    "row_security": "off",
    "check_function_bodies": "off",
    "xmlbinary": "hex",
    "extra_float_digits": "-5",
    "transform_null_equals": "on",
    "plpgsql.variable_conflict": "use_column",
}


def project() -> Compiled:
    return mvc.compile(mvc.load(FILES))


@pytest.fixture(scope="module", params=[15, NEWEST], ids=lambda major: f"pg{major}")
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param)) as created:
        connection = created.connect()
        create_roles(connection, ["sg_refresher"])
        connection.execute("ALTER ROLE sg_refresher LOGIN")
        connection.execute(SCHEMA + "INSERT INTO t VALUES (1, 'a', '2026-02-01')")
        apply(connection, project(), options=ApplyOptions(ANYTHING))
        yield created


@contextmanager
def setting(database: Database, name: str, value: str) -> Iterator[None]:
    """Every session that begins meanwhile has it."""
    if name == "transaction_timeout" and database.major < 17:
        pytest.skip("PostgreSQL 17 brought it")
    place = sql.Identifier(database.name), sql.SQL(name)  # type: ignore[arg-type]
    with psycopg.connect(database.server.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(*place, sql.Literal(value)))
        try:
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} RESET {}").format(*place))


def of_refresher(database: Database) -> str:
    return database.url.replace("postgres@", "sg_refresher@").replace("user=postgres", "user=sg_refresher")


def write(connection: Connection) -> None:
    connection.execute("INSERT INTO public.t SELECT max(id) + 1, 'b', date '2026-02-01' + max(id) FROM public.t")
    connection.execute("DELETE FROM public.t WHERE id NOT IN (SELECT max(id) FROM public.t)")


def check_rows(connection: Connection) -> None:
    right = connection.execute("SELECT day, 1::bigint FROM public.t").fetchall()
    assert connection.execute("SELECT day, n FROM public.by_day").fetchall() == right
    assert connection.execute("SELECT s = (SELECT max(id) FROM public.t) FROM public.slow").fetchall() == [(True,)]


@pytest.mark.parametrize("name", {**LIMITS, **TEXTS})
def test_what_we_do_is_done_all_the_same(database: Database, name: str) -> None:
    usual = database.connect()
    with setting(database, name, {**LIMITS, **TEXTS}[name]):
        with connect(database.url) as owner, connect(of_refresher(database)) as refresher:
            for connection in (owner, refresher):
                write(usual)
                done = refresh(connection, project())
                assert [(item.status, item.mode, item.reason) for item in done] == [
                    ("completed", "incremental", ""),
                    ("completed", "full", ""),
                ]
                check_rows(usual)
                if name in LIMITS:
                    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            assert {item.status for item in run_schedule(refresher, project(), "all")} == {"completed"}
            found = status(owner, project())
            assert ({view.last_status for view in found.views}, found.drift) == ({"completed"}, ())
            assert alert(owner, project()) == 0
            assert told(plan(owner, project())) == []
        if name in TEXTS:
            write(usual)
            with psycopg.connect(of_refresher(database), autocommit=True) as plain:
                plain.execute("CALL mvc.refresh('public', 'by_day', 'incremental')")
                plain.execute("CALL mvc.refresh_project('shop')")
                plain.execute("CALL mvc.run_schedule('shop', 'all')")
                plain.execute("CALL mvc.maintain_partitions('shop')")
            check_rows(usual)


def test_a_deployment_takes_its_time(database: Database) -> None:
    changed = mvc.compile(
        mvc.load({**FILES, "views/slow.yml": FILES["views/slow.yml"].replace("slowly(t.id)", "slowly(t.id) + 0")})
    )
    with (
        setting(database, "statement_timeout", "100ms"),
        setting(database, "idle_in_transaction_session_timeout", "100ms"),
    ):
        for compiled in (changed, project()):
            with connect(database.url) as connection:
                apply(connection, compiled, options=ApplyOptions(ANYTHING))


def test_a_time_limit_that_is_asked_for_holds(database: Database) -> None:
    for url in (database.url, of_refresher(database)):
        with connect(url) as connection:
            (done,) = refresh(connection, project(), ["slow"], options=RefreshOptions(timeout=0.1))
            assert (done.status, "canceling statement due to" in done.reason) == ("failed", True)
            assert connection.execute("SELECT current_setting('statement_timeout')").fetchone() == ("0",)


def test_a_caller_with_a_limit_hears_what_to_set(database: Database) -> None:
    with psycopg.connect(of_refresher(database), autocommit=True) as plain:
        plain.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled, match=r"the refresh of public\.slow failed") as raised:
            plain.execute("CALL mvc.refresh('public', 'slow')")
        assert raised.value.diag.message_hint == (
            "the session has statement_timeout = 100ms: SET statement_timeout = 0 before the CALL, or ALTER ROLE sg_refresher SET statement_timeout = 0"
        )
        plain.execute("SET statement_timeout = 0")
        plain.execute("CALL mvc.refresh('public', 'slow')")
