"""Whatever an older runtime had otherwise is made as it is now: signatures, return types, views whose columns went or moved, names that are
no more. What others have made of it comes back as it was, or is named.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.errors import ServerError
from refresh.waiting import meanwhile, until, waits
from servers import NEWEST, Servers, new_database

from .projects import OUTSIDE, ROLES, ROWS, SCHEMA
from .restored import Connection, create_roles, project_of, second_plan
from .shape import outside, shape_of

# Each is done to a runtime of today, as an older one might have had it.
OTHERWISE = {
    "another return type": "DROP FUNCTION mvc.seal(name); CREATE FUNCTION mvc.seal(stored_name name) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "another name of an argument": "DROP FUNCTION mvc.seal(name); CREATE FUNCTION mvc.seal(relation name) RETURNS void LANGUAGE sql AS ''",
    "another argument": "DROP FUNCTION mvc.refresh_begin; CREATE FUNCTION mvc.refresh_begin(view_schema name, view_name name) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
    "one more, beside": "CREATE FUNCTION mvc.refresh_begin(view_schema name, view_name name) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
    "a default that goes": "DROP FUNCTION mvc.prove; CREATE FUNCTION mvc.prove(stored_name name, never_null name[] DEFAULT '{}') RETURNS void LANGUAGE sql AS ''",
    "a procedure": "DROP FUNCTION mvc.due(text); CREATE PROCEDURE mvc.due(project text) LANGUAGE sql AS ''",
    "what a returned table has": "DROP FUNCTION mvc.usage(int); CREATE FUNCTION mvc.usage(days_back int DEFAULT 7) RETURNS TABLE (calls int) LANGUAGE sql AS 'SELECT 1'",
    "a function that is no more": "CREATE FUNCTION mvc.may_deploy(name) RETURNS void LANGUAGE sql AS ''",
    "a trigger's function": "CREATE OR REPLACE FUNCTION mvc.tell_of_failure() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "the function that logs changes": """DO $$ DECLARE log text; BEGIN SELECT w.log INTO log FROM mvc.watched_table AS w WHERE w.table_name = 'orders';
        EXECUTE format('CREATE OR REPLACE FUNCTION mvc.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS ''BEGIN RETURN NULL; END''', log); END $$;
        ALTER FUNCTION mvc.as_known(anyelement, anyelement) VOLATILE""",
    "a function that a view calls": """DROP VIEW mvc.view_status CASCADE; DROP FUNCTION mvc.queued_groups;
        CREATE FUNCTION mvc.queued_groups(relation oid) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE VIEW mvc.view_status AS SELECT d.view_name, 1::bigint AS rows, 'x'::text AS last_status, mvc.queued_groups(1) AS queued
        FROM mvc.deployed_view AS d""",
    "a view with other columns": """DROP VIEW mvc.view_status CASCADE; CREATE VIEW mvc.view_status AS
        SELECT 'x'::text AS last_status, d.view_name, 1::bigint AS rows, 2 AS no_more FROM mvc.deployed_view AS d""",
    "a view that others of ours read": """DROP VIEW mvc.refreshes CASCADE; CREATE VIEW mvc.refreshes AS SELECT 1 AS first, l.* FROM mvc.refresh_log AS l;
        CREATE VIEW mvc.view_status AS SELECT d.view_name, d.first::bigint AS rows, d.mode AS last_status FROM mvc.refreshes AS d""",
    "a lost trigger": "DROP TRIGGER trim_now_and_then ON mvc.refresh_log",
    "a lost table": "DROP TABLE mvc.told_promise",
}


@pytest.fixture
def deployed(servers: Servers) -> Iterator[Connection]:
    with new_database(servers.get(NEWEST), bare=True) as database:
        create_roles(database, (*ROLES, "up_stranger"))
        connection = database.connect()
        connection.execute(SCHEMA + ROWS)
        apply(connection, project_of(3))
        yield connection


@pytest.mark.parametrize("what", OTHERWISE)
def test_is_made_as_it_is_now(deployed: Connection, what: str) -> None:
    before = shape_of(deployed)
    deployed.execute(OTHERWISE[what].encode())
    deployed.execute("UPDATE mvc.installation SET runtime = 'an older one'")
    deployed.execute(OUTSIDE)
    views = outside(deployed)
    assert shape_of(deployed) != before
    apply(deployed, project_of(3))
    assert shape_of(deployed) == before
    assert outside(deployed) == views
    assert second_plan(deployed, project_of(3)) == []


MOVED = OTHERWISE["a view with other columns"] + "; "
# What somebody has made of the older runtime → what the upgrade says, which leaves everything as it was.
IN_THE_WAY = {
    "a materialized view": (
        MOVED + "CREATE MATERIALIZED VIEW rep.kept AS SELECT view_name FROM mvc.view_status",
        "the upgrade has to make views anew that rep.kept reads, which is no plain view",
        "drop it, and create it again after the upgrade",
    ),
    "a column that goes": (
        MOVED + "CREATE VIEW rep.old AS SELECT no_more FROM mvc.view_status",
        'the view rep.old does not fit the runtime as it is now: column "no_more" does not exist',
        "change or drop it first",
    ),
    "a function with a body that is bound": (
        OTHERWISE["what a returned table has"]
        + "; CREATE FUNCTION rep.calls() RETURNS int BEGIN ATOMIC SELECT calls FROM mvc.usage(); END",
        "the upgrade has to make mvc.usage(integer) anew, which something outside depends on",
        "drop it, and create it again after the upgrade: function rep.calls() depends on function mvc.usage(integer)",
    ),
    "a function of a view's rows": (
        MOVED
        + "CREATE FUNCTION rep.rows() RETURNS SETOF mvc.view_status LANGUAGE sql AS 'SELECT * FROM mvc.view_status'",
        "the upgrade has to make the view mvc.view_status anew, which more than views depend on",
        "drop what depends on it, and create it again after the upgrade: function rep.rows() depends on type mvc.view_status",
    ),
    "a constant that the checks of a stranger's domain make": (
        MOVED + "CREATE DOMAIN rep.small AS int CHECK (VALUE < 9); ALTER DOMAIN rep.small OWNER TO up_stranger;"
        " CREATE VIEW rep.held AS SELECT view_name, '{5}'::rep.small[] AS numbers FROM mvc.view_status",
        "to make rep.held anew would have constants become values of the type rep.small, by code of the role up_stranger",
        "if that role is trusted, name it in mvc.yml: trusted_roles: [up_stranger]; else drop the view, and let its owner create it again afterwards",
    ),
}


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_cannot_come_back_is_named(deployed: Connection, what: str) -> None:
    statements, message, hint = IN_THE_WAY[what]
    deployed.execute(("CREATE SCHEMA rep; " + statements).encode())
    deployed.execute("UPDATE mvc.installation SET runtime = 'an older one'")
    before = shape_of(deployed)
    with pytest.raises(ServerError) as refused:
        apply(deployed, project_of(3))
    assert str(refused.value) == f"the server refuses the runtime: {message}"
    assert refused.value.hint == hint
    assert shape_of(deployed) == before


def test_what_is_made_again_is_what_was_looked_at(servers: Servers) -> None:
    """The owner of a view may replace it until it is locked."""
    with new_database(servers.get(NEWEST)) as database:
        create_roles(database, (*ROLES, "up_stranger"))
        owner, stranger, watching = (database.connect() for _ in range(3))
        owner.execute(SCHEMA)
        apply(owner, project_of(3))
        owner.execute(
            "CREATE SCHEMA rep; CREATE DOMAIN rep.small AS int CHECK (VALUE < 9); CREATE VIEW rep.one AS SELECT '{5}'::rep.small[] AS n;"
            " CREATE VIEW rep.two AS SELECT 1 AS n; ALTER VIEW rep.one OWNER TO up_stranger; ALTER VIEW rep.two OWNER TO up_stranger;"
            " ALTER DOMAIN rep.small OWNER TO up_stranger; GRANT ALL ON SCHEMA rep TO up_stranger"
        )
        kept: list[object] = []

        def put_aside() -> None:
            owner.execute("BEGIN; SELECT set_config('mvc.views_aside', '[]', true)")
            owner.execute("SELECT mvc.views_aside(ARRAY['rep.one'::regclass, 'rep.two'::regclass]::oid[])")
            kept.append(owner.execute("SELECT current_setting('mvc.views_aside')").fetchone())
            owner.execute("ROLLBACK")

        stranger.execute("BEGIN; TABLE rep.two")
        with meanwhile(put_aside):
            until(lambda: waits(watching, owner))
            watching.execute(
                "SET ROLE up_stranger; CREATE OR REPLACE VIEW rep.one AS SELECT ARRAY[5]::rep.small[] AS n"
            )
            stranger.execute("COMMIT")
        assert "{5}" not in str(kept)


def test_what_need_not_go_stays(deployed: Connection) -> None:
    """A materialized view on a view that is replaced in place is not touched."""
    deployed.execute("CREATE SCHEMA rep; CREATE MATERIALIZED VIEW rep.kept AS SELECT view_name FROM mvc.view_status")
    deployed.execute("UPDATE mvc.installation SET runtime = 'an older one'")
    apply(deployed, project_of(3))
    assert deployed.execute("SELECT count(*) FROM rep.kept").fetchone() == (4,)


def test_a_view_of_another_role_comes_back_as_that_roles(deployed: Connection) -> None:
    deployed.execute(MOVED.encode())
    deployed.execute(
        "CREATE SCHEMA rep; CREATE VIEW rep.theirs AS SELECT view_name FROM mvc.view_status; ALTER VIEW rep.theirs OWNER TO up_boss"
    )
    deployed.execute("UPDATE mvc.installation SET runtime = 'an older one'")
    apply(deployed, project_of(3))
    assert deployed.execute(
        "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'rep.theirs'::regclass"
    ).fetchone() == ("up_boss",)
