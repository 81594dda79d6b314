"""What becomes of views when a role that their rules name is renamed, dropped, or made anew: everybody else reads on, drift tells it,
and the next apply ends with the rights that the policies give.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.status import status
from servers import Database, Servers, new_database

from .projects import MAJORS, Connection, deploy, drift_of, told

ROLES = ("rl_stay", "rl_old", "rl_new", "rl_x", "rl_watch")
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, owner text NOT NULL, amount int NOT NULL);"
VIEW = "view: {name}\nsources: {t: {table: t}}\ndimensions: {owner: t.owner}\naggregates: {s: {sum: t.amount}}\n"
GATED = """policies:
  - {policy: own, view: v, to: [rl_stay], using: owner = current_user}
  - {policy: all, view: v, to: [rl_old, rl_x], using: true}
  - {policy: same, view: w, to: [rl_stay, rl_old], using: owner = current_user}
"""
RESTRICTED = GATED + "  - {policy: less, view: w, as: restrictive, to: [rl_x], using: s > 100}\n"
FORMER = "pg_has_role('rl_old'::name, 'USAGE'::text)"


def project(policies: str = GATED, settings: str = "") -> Compiled:
    views = {f"views/{name}.yml": VIEW.replace("{name}", name) for name in ("v", "w")}
    head = f"project: rl\ncatalog: s.sql\n{settings}"
    return mvc.compile(mvc.load({"mvc.yml": head, "s.sql": SCHEMA, "policies/p.yml": policies, **views}))


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def deployed(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    """Two views with rules for roles of this test's own: roles belong to the server, so they go in the end."""
    with new_database(servers.get(request.param)) as database:
        admin = database.connect()
        try:
            for role in ROLES[:2] + ROLES[3:]:
                admin.execute(f"CREATE ROLE {role} LOGIN".encode())
            admin.execute(SCHEMA)
            admin.execute("INSERT INTO t VALUES (1, 'rl_stay', 1), (2, 'rl_old', 2)")
            apply(admin, project())
            yield database
        finally:
            database.close()
            with psycopg.connect(database.url, autocommit=True) as cleaning:
                for role in ROLES:
                    drop(cleaning, role)


def drop(connection: Connection, role: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
        connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def seen(database: Database, role: str) -> list[Any]:
    """The rows of both views that a role sees; None where it may not read."""
    return [rows_seen(database.connect(user=role), view) for view in ("v", "w")]


def rows_seen(connection: Connection, view: str) -> list[str] | None:
    try:
        return [owner for (owner,) in connection.execute(f"SELECT owner FROM {view} ORDER BY 1".encode())]
    except psycopg.errors.InsufficientPrivilege:
        return None


def kinds(connection: Connection, of: Compiled) -> set[tuple[str, str, str]]:
    return {(item.kind, item.view, item.found) for item in drift_of(connection, of)}


def test_every_other_reader_reads_on_and_drift_tells_it(deployed: Database):
    admin = deployed.connect()
    assert (seen(deployed, "rl_stay"), seen(deployed, "rl_old")) == (
        [["rl_stay"], ["rl_stay"]],
        [["rl_old", "rl_stay"], ["rl_old"]],
    )
    admin.execute("ALTER ROLE rl_old RENAME TO rl_new; DROP OWNED BY rl_x; DROP ROLE rl_x")
    assert seen(deployed, "rl_stay") == [["rl_stay"], ["rl_stay"]]
    assert seen(deployed, "rl_new") == [[], []]
    found = {("role renamed", "v", "rl_new"), ("role missing", "v", ""), ("role renamed", "w", "rl_new")}
    assert kinds(admin, project()) == found
    assert {(item.kind, item.view, item.found) for item in status(admin, project()).drift} == found


def test_a_superuser_is_no_exception(deployed: Database):
    """`pg_has_role` says yes to everything that a superuser asks, but for a role that is not there."""
    admin = deployed.connect()
    admin.execute("ALTER ROLE rl_old RENAME TO rl_new; DROP OWNED BY rl_x; DROP ROLE rl_x")
    assert seen(deployed, admin.info.user) == [[], []]


def test_a_policy_for_the_new_name_ends_right(deployed: Database):
    admin = deployed.connect()
    admin.execute("ALTER ROLE rl_old RENAME TO rl_new; UPDATE t SET owner = 'rl_new' WHERE id = 2")
    with pytest.raises(ServerError) as refused:
        apply(admin, project())
    assert refused.value.hint == "rl_old is called rl_new now; create it, or take it out of `to:`"
    renamed = project(GATED.replace("rl_old", "rl_new"))
    deploy(admin, renamed)
    mvc_refresh(admin, renamed)
    assert (seen(deployed, "rl_stay"), seen(deployed, "rl_new")) == (
        [["rl_stay"], ["rl_stay"]],
        [["rl_new", "rl_stay"], ["rl_new"]],
    )


def mvc_refresh(connection: Connection, of: Compiled) -> None:
    assert {item.status for item in refresh(connection, of)} == {"completed"}


LET_GO = GATED.replace("rl_old, rl_x", "rl_x").replace("rl_stay, rl_old", "rl_stay")


def test_one_that_was_renamed_and_let_go_reads_no_more(deployed: Database):
    admin = deployed.connect()
    admin.execute("ALTER ROLE rl_old RENAME TO rl_new")
    deploy(admin, project(LET_GO))
    assert seen(deployed, "rl_new") == [None, None]
    assert drift_of(admin, project(LET_GO)) == ()


def test_nor_where_a_stranger_has_taken_its_name(deployed: Database):
    """The policies name `rl_old` still: that is another role now, and the one that was meant has no right any more."""
    admin = deployed.connect()
    admin.execute("ALTER ROLE rl_old RENAME TO rl_new; CREATE ROLE rl_old LOGIN")
    assert seen(deployed, "rl_old") == [None, None]
    assert ("role renamed", "v", "rl_new") in kinds(admin, project())
    deploy(admin, project())
    assert (seen(deployed, "rl_old")[0], seen(deployed, "rl_new")) == (["rl_old", "rl_stay"], [None, None])


def test_one_that_was_dropped_and_made_anew_reads_again(deployed: Database):
    admin = deployed.connect()
    drop(admin, "rl_old")
    admin.execute("CREATE ROLE rl_old LOGIN")
    assert kinds(admin, project()) == {("grant missing", "v", ""), ("grant missing", "w", "")}
    deploy(admin, project())
    assert seen(deployed, "rl_old") == [["rl_old", "rl_stay"], ["rl_old"]]


def test_what_is_for_a_missing_role_only_restricts_nobody(deployed: Database):
    admin = deployed.connect()
    deploy(admin, project(RESTRICTED))
    drop(admin, "rl_x")
    assert seen(deployed, "rl_stay")[1] == ["rl_stay"]
    assert ("role missing", "w", "") in kinds(admin, project(RESTRICTED))


def test_numbers_of_another_server_say_nothing(deployed: Database):
    """In a restored database they may be anybody's."""
    admin = deployed.connect()
    admin.execute(
        "UPDATE mvc.deployed_view SET recorded = recorded || jsonb_build_object('server', '1', 'roles',"
        " (recorded -> 'roles') || jsonb_build_object('rl_old', (SELECT oid::text FROM pg_roles WHERE rolname = 'rl_watch')))"
    )
    admin.execute("GRANT SELECT ON v, w TO rl_watch")
    by_hand = {("grant by hand", view, "SELECT") for view in ("v", "w")}
    assert kinds(admin, project()) == by_hand
    deploy(admin, project(LET_GO))
    assert seen(deployed, "rl_old") == [None, None]
    assert kinds(admin, project(LET_GO)) == by_hand


def test_a_role_that_refreshes_is_told_as_well(deployed: Database):
    admin = deployed.connect()
    watched = project(settings="monitor_roles: [rl_watch]\n")
    deploy(admin, watched)
    drop(admin, "rl_watch")
    assert [(item.kind, item.subject) for item in drift_of(admin, watched)] == [("role missing", "rl_watch")]


def test_what_an_earlier_revision_deployed_is_put_right_without_a_build(deployed: Database):
    """Its gate asks for roles by name, and its ledger knows no numbers: only the exposures change."""
    admin = deployed.connect()
    as_before(admin)
    admin.execute("ALTER ROLE rl_x RENAME TO rl_new; ALTER ROLE rl_new RENAME TO rl_x")
    stored = "SELECT array_agg((relname, relfilenode)::text ORDER BY 1) FROM pg_class WHERE relnamespace = 'mvc'::regnamespace AND relkind = 'm'"
    before = admin.execute(stored.encode()).fetchone()
    made = plan(admin, project())
    assert {(action, view, reason) for action, view, reason in told(made)} == {
        ("expose", "v", "its rules are written otherwise"),
        ("record", "v", "the ledger says what is deployed"),
        ("record", "w", "the ledger says what is deployed"),
    }
    deploy(admin, project())
    assert admin.execute(stored.encode()).fetchone() == before
    admin.execute("ALTER ROLE rl_old RENAME TO rl_new")
    assert seen(deployed, "rl_stay") == [["rl_stay"], ["rl_stay"]]


def as_before(connection: Connection) -> None:
    """The ledger, and the gate of `v`, as the revision before left them."""
    connection.execute(
        "UPDATE mvc.deployed_view SET definition = definition #- '{exposure,form}', recorded = recorded - 'roles' - 'server'"
    )
    row = connection.execute(
        "SELECT arm ->> 'name' FROM mvc.deployed_view, jsonb_array_elements(definition #> '{exposure,arms}') AS arm"
        " WHERE view_name = 'v' AND arm ->> 'name' LIKE '%gate'"
    ).fetchone()
    assert row is not None
    gate = psycopg.sql.Identifier("mvc", row[0])
    stored = psycopg.sql.Identifier("mvc", row[0].removesuffix("_gate"))
    connection.execute(
        psycopg.sql.SQL(
            "CREATE OR REPLACE VIEW {} WITH (security_barrier) AS SELECT owner, s FROM {} WHERE (SELECT {})"
        ).format(gate, stored, psycopg.sql.SQL(FORMER))
    )
    connection.execute(
        "UPDATE mvc.deployed_view SET recorded = mvc.objects_of(definition) - 'roles' - 'server' WHERE view_name = 'v'"
    )
