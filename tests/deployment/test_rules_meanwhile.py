"""Rules that read what changes: while base tables change, whatever becomes of that, nobody sees a row that he did not see before.

A view that is closed shows no rows. So NOT EXISTS over it would let everything through, and what asks that is closed as well, in the same instant.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.plan.release import Altered
from mvc.engines.postgres.plan.steps import HAZARDS, Step, Switch
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.around import around
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.release import release
from servers import Database

from .projects import Connection, assert_settled, compiled, create_roles

pytestmark = pytest.mark.by_turns

TERMS = ApplyOptions(frozenset(HAZARDS))
SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, amt int NOT NULL);
CREATE TABLE m (who varchar(20) NOT NULL, k text NOT NULL, PRIMARY KEY (who, k));
CREATE TABLE blocked (who varchar(20) PRIMARY KEY);
CREATE FUNCTION is_blocked() RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = public AS
  $$ BEGIN RETURN EXISTS (SELECT FROM blocks AS b WHERE b.who = current_user); END $$;
CREATE FUNCTION is_free() RETURNS boolean LANGUAGE sql STABLE SET search_path = public AS $$ SELECT NOT is_blocked() $$;
"""
ROWS = """
INSERT INTO t SELECT g, 'k' || g % 5, g FROM generate_series(1, 50) AS g;
INSERT INTO m VALUES ('dm_reader', 'k1'), ('dm_other', 'k2');
INSERT INTO blocked VALUES ('dm_reader');
"""
IS_MEMBER = "EXISTS (SELECT FROM m WHERE m.who = current_user)"
RULES = {
    "blocks": f"who = current_user AND {IS_MEMBER}",
    "direct": "k IN (SELECT m.k FROM m WHERE m.who = current_user)",
    "gated": f"k = 'k3' OR NOT {IS_MEMBER}",
    "unless": "NOT EXISTS (SELECT FROM blocks AS b WHERE b.who = current_user)",
    "unless_gated": "k = 'k3' OR NOT EXISTS (SELECT FROM blocks AS b WHERE b.who = current_user)",
    "unless_unless": "NOT EXISTS (SELECT FROM direct AS d WHERE d.k = 'k1')",
    "by_function": "is_free()",
    "other": "k <> 'k4'",
}
CLOSED = RULES.keys() - {"other"}


def files(**changed: str) -> dict[str, Any]:
    counted = {"sources": {"t": {"table": "t"}}, "dimensions": {"k": "t.k"}, "aggregates": {"n": {"count": "t"}}}
    views = {name: {"view": name, **counted} for name in RULES} | {
        "blocks": {
            "view": "blocks",
            "sources": {"b": {"table": "blocked"}},
            "dimensions": {"who": "b.who"},
            "aggregates": {"n": {"count": "b"}},
        }
    }
    policies = [{"policy": "p", "view": name, "to": "dm_reader", "using": rule} for name, rule in RULES.items()]
    return {
        "mvc.yml": {"project": "shop", "catalog": "schema.sql", "timezone": "UTC"},
        "schema.sql": SCHEMA,
        "policies/all.yml": {"policies": policies},
        **{f"views/{name}.yml": view for name, view in views.items()},
    }


BEFORE = files()
RETYPED = {**BEFORE, "schema.sql": SCHEMA.replace("m (who varchar(20)", "m (who text")}
RENAMED = {
    **BEFORE,
    "schema.sql": SCHEMA.replace("m (who varchar(20) NOT NULL, k text NOT NULL, PRIMARY KEY (who, k))", "m (member varchar(20) NOT NULL, k text NOT NULL, PRIMARY KEY (member, k))"),
    "policies/all.yml": {"policies": [{**item, "using": item["using"].replace("m.who", "m.member")} for item in BEFORE["policies/all.yml"]["policies"]]},
}  # fmt: skip
RETYPE = "ALTER TABLE m ALTER who TYPE text"


def seen(reader: Connection) -> dict[str, list[Any]]:
    return {
        name: reader.execute(f"SELECT * FROM {name} ORDER BY 1".encode(), prepare=False).fetchall() for name in RULES
    }


@contextmanager
def never_wider(database: Database) -> Iterator[list[str]]:
    """A loop of a reader, who may see fewer rows for a while and never others; all of them again in the end."""
    done, faults = threading.Event(), list[str]()
    with psycopg.connect(database.url, autocommit=True) as reader:
        reader.execute("SET ROLE dm_reader")
        before = seen(reader)
        assert (before["unless"], before["unless_unless"], before["by_function"]) == ([], [], [])
        assert [len(before[name]) for name in ("blocks", "direct", "gated", "unless_gated", "other")] == [1, 1, 1, 1, 4]

        def look() -> None:
            try:
                while not done.is_set():
                    faults.extend(
                        f"{name} shows {row}"
                        for name, rows in seen(reader).items()
                        for row in rows
                        if row not in before[name]
                    )
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is what the test looks for
                faults.append(repr(problem))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield faults
        finally:
            done.set()
            thread.join()
        assert faults == []
        assert seen(reader) == before


@pytest.fixture(name="ruled")
def with_rules(database: Database) -> Database:
    connection = database.connect()
    create_roles(connection)
    connection.execute(SCHEMA.encode())
    connection.execute(ROWS.encode())
    apply(connection, compiled(BEFORE), options=TERMS)
    return database


def in_place_again(connection: Connection, project: dict[str, Any]) -> None:
    assert_settled(connection, compiled(project))
    assert connection.execute("SELECT count(*) FROM mvc.released_view").fetchone() == (0,)


@pytest.mark.parametrize(
    ("sql", "after"),
    [
        (RETYPE, RETYPED),
        ("ALTER TABLE m RENAME who TO member", RENAMED),
        (f"BEGIN; {RETYPE}; DELETE FROM m WHERE k = 'k9'; COMMIT", RETYPED),
    ],
    ids=["retyped", "renamed", "with rows"],
)
def test_a_migration(ruled: Database, sql: str, after: dict[str, Any]) -> None:
    connection = ruled.connect()
    with never_wider(ruled):
        done = around(connection, compiled(after), sql, TERMS)
        assert {view.name for view in done.released.views if view.closed} in (CLOSED, set())
        in_place_again(connection, after)


def test_a_migration_that_fails_puts_everything_back(ruled: Database) -> None:
    connection = ruled.connect()
    with never_wider(ruled):
        for sql in (
            f"{RETYPE}; SELECT 1/0",
            f"DO $x$ BEGIN {RETYPE}; RAISE 'no'; END $x$",
            f"{RETYPE}; ALTER TABLE m DROP COLUMN k",
        ):
            with pytest.raises(ServerError):
                around(connection, compiled(RETYPED), sql, TERMS)
            in_place_again(connection, BEFORE)


def test_one_that_is_broken_off_anywhere(ruled: Database) -> None:
    """As by kill -9 before each step: the next deployment mends what there is."""
    connection, broken = ruled.connect(), 0
    with never_wider(ruled):
        for number in range(1, 40):
            if not broken_off(ruled.connect(), number):
                break
            broken += 1
            column = (
                "SELECT atttypid = 'text'::regtype FROM pg_attribute WHERE attrelid = 'm'::regclass AND attname = 'who'"
            )
            changed = connection.execute(column.encode()).fetchone() == (True,)
            project = RETYPED if changed else BEFORE
            apply(connection, compiled(project), options=TERMS)
            in_place_again(connection, project)
            if changed:
                around(connection, compiled(BEFORE), "ALTER TABLE m ALTER who TYPE varchar(20)", TERMS)
        around(connection, compiled(RETYPED), RETYPE, TERMS)
    assert broken >= 3


def broken_off(doomed: Connection, number: int) -> bool:
    steps = 0

    def count(_: Step | Switch) -> None:
        nonlocal steps
        steps += 1
        if steps == number:
            doomed.close()
            raise BrokenOffError

    try:
        around(doomed, compiled(RETYPED), RETYPE, TERMS, count)
    except BrokenOffError:
        return True
    return False


class BrokenOffError(Exception):
    """The connection is gone."""


def test_one_view_is_not_opened_without_the_others(ruled: Database) -> None:
    connection = ruled.connect()
    with never_wider(ruled):
        release(connection, compiled(BEFORE), [Altered("public", "m", "who")], TERMS)
        closed = "SELECT array_agg(view_name::text ORDER BY view_name) FROM mvc.released_view WHERE released ? 'shown'"
        assert connection.execute(closed.encode()).fetchone() == (sorted(CLOSED),)
        connection.execute(RETYPE.encode())
        made = plan(connection, compiled(RETYPED), ["unless"])
        assert [set(switch.views) for switch in made.switches if "unless" in switch.views] == [CLOSED]
        apply(connection, compiled(RETYPED), ["unless"], options=TERMS)
        in_place_again(connection, RETYPED)


def test_the_statement_for_other_tools(ruled: Database) -> None:
    connection = ruled.connect()
    with never_wider(ruled):
        found = connection.execute("SELECT mvc.release('m', '{who}')").fetchall()
        assert {row[0] for row in found} == {f"public.{name}" for name in CLOSED}
        connection.execute(RETYPE.encode())
        apply(connection, compiled(RETYPED), options=TERMS)


@pytest.mark.parametrize("mode", ["materialized: true\n", "materialized: false\n"])
def test_a_rule_that_asks_a_view_of_a_later_name_is_deployed_at_once(database: Database, mode: str) -> None:
    """The view that is asked comes first, since the server looks it up when the rule is written."""
    body = f"{mode}sources: {{t: {{table: t}}}}\ndimensions: {{id: t.id, k: t.k}}\n"
    asks = "NOT EXISTS (SELECT FROM public.zz AS z WHERE z.id = aa.id AND z.k = ''k1'')"
    project = compiled(
        {
            "mvc.yml": "project: shop\ncatalog: schema.sql\ntimezone: UTC\n",
            "schema.sql": SCHEMA,
            "views/aa.yml": f"view: aa\n{body}",
            "views/zz.yml": f"view: zz\n{body}",
            "policies/all.yml": f"policies:\n- {{policy: p, view: aa, to: dm_reader, using: '{asks}'}}\n- {{policy: p, view: zz, to: dm_reader, using: true}}\n",
        }
    )
    connection = database.connect()
    create_roles(connection, ["dm_reader"])
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    apply(connection, project, options=TERMS)
    assert_settled(connection, project)
    connection.execute("SET ROLE dm_reader")
    assert connection.execute("SELECT array_agg(DISTINCT k ORDER BY k) FROM aa").fetchone() == (
        ["k0", "k2", "k3", "k4"],
    )
