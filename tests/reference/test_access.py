"""What each role and each kind of user reads, writes and reaches: exactly what the policies say, nothing more."""

import uuid
from contextlib import contextmanager
from itertools import product

import pytest
from psycopg import errors, sql

from .access import KINDS, READERS, expected, make_people, seen
from .deployment import deploy, exposed, exposure, storage

pytestmark = pytest.mark.by_turns

ROLES = ("anon", "authenticated", "service_role")
DENIED = (
    errors.InsufficientPrivilege,
    errors.ObjectNotInPrerequisiteState,  # a view that nobody can write to
    errors.WrongObjectType,  # TRUNCATE of a view, or a write that ends at a materialized view
)
WRITES = (
    "INSERT INTO {0} DEFAULT VALUES",
    "INSERT INTO {0} SELECT * FROM {0} LIMIT 1",
    "UPDATE {0} SET {1} = {1}",
    "DELETE FROM {0}",
    "TRUNCATE {0}",
)
# Everything in schema mvc that the role may use, as text. No row: nothing.
REACHED = """
SELECT 'schema: ' || p FROM unnest(ARRAY['USAGE', 'CREATE']) p WHERE has_schema_privilege(%(role)s, 'mvc', p)
UNION ALL
SELECT relname || ': ' || p FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
WHERE relnamespace = 'mvc'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(%(role)s, oid, p)
UNION ALL
SELECT relname || ': a column' FROM pg_class
WHERE relnamespace = 'mvc'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
  AND has_any_column_privilege(%(role)s, oid, 'SELECT, INSERT, UPDATE, REFERENCES')
UNION ALL
SELECT relname || ': sequence' FROM pg_class
WHERE relnamespace = 'mvc'::regnamespace AND CASE relkind WHEN 'S' THEN has_sequence_privilege(%(role)s, oid, 'USAGE, SELECT, UPDATE') END
UNION ALL
SELECT oid::regprocedure || ': EXECUTE' FROM pg_proc
WHERE pronamespace = 'mvc'::regnamespace AND has_function_privilege(%(role)s, oid, 'EXECUTE')
UNION ALL
SELECT typname || ': type' FROM pg_type
WHERE typnamespace = 'mvc'::regnamespace AND typtype IN ('d', 'e') AND has_type_privilege(%(role)s, oid, 'USAGE')
"""


def columns_of(connection, view):
    cursor = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(exposure(view)))
    return [column.name for column in cursor.description]


@contextmanager
def acting(connection, role, user=""):
    """The session of somebody who came in as `role` with the claim of `user`."""
    connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", [user])
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    try:
        yield
    finally:
        connection.execute("RESET ROLE")
        connection.execute("SELECT set_config('request.jwt.claim.sub', '', false)")


@pytest.fixture
def stranger(postgis_booking):
    """A role that nobody has heard of."""
    name = f"stranger_{uuid.uuid4().hex[:8]}"
    with postgis_booking.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    yield name
    with postgis_booking.connect() as connection:
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


def check_what_is_seen(connection, people):
    wrong = []
    for view in sorted(exposed(connection)):
        columns = columns_of(connection, view)
        for kind, role in product(KINDS, ROLES):
            wanted = expected(connection, view, people[kind], columns) if role in READERS[view] else "denied"
            with acting(connection, role, people[kind]):
                found = seen(connection, view, columns)
            if found != wanted:
                wrong.append(f"{view} as {role}, {kind}: {summary(found)} instead of {summary(wanted)}")
    assert not wrong, "\n".join(["", *wrong])


def summary(rows):
    return rows if rows == "denied" else f"{len(rows)} rows ({', '.join(rows[:1])})"


def test_each_kind_of_user_sees_exactly_their_rows(odd_booking):
    with odd_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        check_what_is_seen(connection, people)


def test_each_kind_of_user_sees_exactly_their_rows_with_postgis(postgis_booking):
    with postgis_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        check_what_is_seen(connection, people)


def test_the_kinds_of_users_see_different_things(postgis_booking):
    """Otherwise the tests above would prove little."""
    with postgis_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        numbers = {
            kind: tuple(
                len(expected(connection, view, people[kind], ["organization_id"]))
                for view in ("mv_organization_dashboard", "mv_service_performance", "mv_financial_summary")
            )
            for kind in KINDS
        }
    everything = numbers["super admin"]
    assert numbers["super admin with an organization"] == everything
    assert numbers["staff"][:2] == numbers["org admin"][:2] == numbers["manager"][:2]
    assert numbers["staff"][2] == 0 < numbers["manager"][2] == numbers["org admin"][2] < everything[2]
    assert numbers["staff"][1] < numbers["staff here, admin there"][1] < everything[1]
    assert {numbers[kind] for kind in ("customer", "unknown", "none")} == {(0, 0, 0)}


def test_somebody_without_a_known_role_still_sees_their_own_organizations(odd_booking):
    """auth_user_role() is NULL: the rest of the rule must not become NULL with it."""
    view = "mv_organization_dashboard"
    with odd_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        columns = columns_of(connection, view)
        wanted = expected(connection, view, people["staff"], columns)
        connection.execute(
            "CREATE OR REPLACE FUNCTION auth_user_role() RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL'"
        )
        with acting(connection, "authenticated", people["staff"]):
            assert seen(connection, view, columns) == wanted != []


# ---------- what nobody may reach ----------


def test_no_role_may_reach_anything_in_schema_mvc(odd_booking):
    with odd_booking.connect() as connection:
        deploy(connection)
        for role in (*ROLES, "public"):
            assert connection.execute(REACHED, {"role": role}).fetchall() == [], role


GENEROUS = """
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO PUBLIC, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO PUBLIC, anon, authenticated, service_role;
"""


def test_default_privileges_of_the_whole_database_change_nothing(odd_booking):
    with odd_booking.connect() as connection:
        people = make_people(connection)
        connection.execute(GENEROUS)
        deploy(connection)
        for role in (*ROLES, "public"):
            assert connection.execute(REACHED, {"role": role}).fetchall() == [], role
        assert privileges_on_exposures(connection, "public") == set()
        check_what_is_seen(connection, people)


def test_a_stranger_and_public_have_nothing(postgis_booking, stranger):
    with postgis_booking.connect() as connection:
        deploy(connection)
        for role in (stranger, "public"):
            assert privileges_on_exposures(connection, role) == set()
            assert connection.execute(REACHED, {"role": role}).fetchall() == []
        for view in READERS:
            columns = columns_of(connection, view)
            with acting(connection, stranger):
                assert seen(connection, view, columns) == "denied"


def privileges_on_exposures(connection, role):
    query = """
        SELECT relname, p
        FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
        WHERE relnamespace = 'public'::regnamespace AND relname = ANY (%s)
          AND (has_table_privilege(%s, oid, p)
               OR p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(%s, oid, p))"""
    return set(connection.execute(query, [list(READERS), role, role]).fetchall())


def test_roles_may_read_what_a_policy_gives_and_nothing_else(postgis_booking):
    with postgis_booking.connect() as connection:
        deploy(connection)
        for role in ROLES:
            wanted = {(view, "SELECT") for view, readers in READERS.items() if role in readers}
            assert privileges_on_exposures(connection, role) == wanted, role


def statements_on_storage(connection):
    """Reads, writes and calls on everything in schema mvc."""
    relations = connection.execute("SELECT relname, relkind FROM pg_class WHERE relnamespace = 'mvc'::regnamespace")
    for name, kind in relations.fetchall():
        if kind in "rpvmS":
            yield sql.SQL("SELECT * FROM {} LIMIT 1").format(sql.Identifier("mvc", name))
        if kind == "m":
            yield sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier("mvc", name))
        if kind == "r":
            yield sql.SQL("DELETE FROM {}").format(sql.Identifier("mvc", name))
    functions = connection.execute(
        "SELECT DISTINCT proname, prokind FROM pg_proc WHERE pronamespace = 'mvc'::regnamespace"
    )
    for name, kind in functions.fetchall():
        call = "CALL {}()" if kind == "p" else "SELECT {}()"
        yield sql.SQL(call).format(sql.Identifier("mvc", name))


def test_really_trying_to_reach_schema_mvc(odd_booking):
    with odd_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        statements = list(statements_on_storage(connection))
        assert len(statements) > len(READERS)
        for role, statement in product(ROLES, statements):
            with acting(connection, role, people["super admin"]), pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)


def test_nobody_writes_through_an_exposure(postgis_booking):
    with postgis_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        before = contents(connection)
        for role, view, write in product(ROLES, READERS, WRITES):
            column = sql.Identifier(columns_of(connection, view)[0])
            with acting(connection, role, people["super admin"]), pytest.raises(DENIED):
                connection.execute(sql.SQL(write).format(exposure(view), column))
        assert contents(connection) == before


def contents(connection):
    query = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
    return {view: connection.execute(sql.SQL(query).format(storage(view))).fetchone() for view in READERS}


# ---------- what leaks ----------

TELLTALE = """
CREATE FUNCTION tell(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
  RAISE NOTICE '%', value;
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION tell(text) TO PUBLIC;
"""


@pytest.mark.parametrize("kind", ["staff", "staff here, admin there", "customer", "none"])
def test_a_cheap_function_hears_only_of_rows_that_its_caller_sees(postgis_booking, kind):
    """Defect D22: the planner runs what is cheap first, unless a security barrier stands in between."""
    with postgis_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        connection.execute(TELLTALE)
        for view in READERS:
            names = ", ".join(f'"{name}"' for name in columns_of(connection, view))
            wanted = expected(connection, view, people[kind], columns_of(connection, view))
            with acting(connection, "authenticated", people[kind]):
                heard = listen(connection, f"SELECT FROM public.{view} WHERE tell(ROW({names})::text)")
            assert sorted(heard) == sorted(wanted), f"{view}, {kind}: heard of {len(heard)} rows, sees {len(wanted)}"


def listen(connection, query):
    heard = []

    def hear(diagnostic):
        heard.append(diagnostic.message_primary)

    connection.execute("SET client_min_messages = notice")
    connection.add_notice_handler(hear)
    try:
        connection.execute(query)
    finally:
        connection.remove_notice_handler(hear)
    return heard


def test_an_error_tells_nothing_of_other_rows(odd_booking):
    """Whoever may not create functions can still make a built-in one fail for the row that they guess at."""
    guess = sql.SQL("SELECT count(*) FROM {} WHERE 1 / (organization_id <> %s)::int = 1")
    with odd_booking.connect() as connection:
        deploy(connection)
        (suspended,) = connection.execute("SELECT id FROM organizations WHERE name = 'Suspended'").fetchone()
        with pytest.raises(errors.DivisionByZero):
            connection.execute(guess.format(storage("mv_realtime_availability")), [suspended])
        with acting(connection, "anon"):
            connection.execute(guess.format(exposure("mv_realtime_availability")), [suspended])


# ---------- what it costs ----------

COUNTED = {
    "auth_user_role": """
        CREATE OR REPLACE FUNCTION auth_user_role() RETURNS text
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
        BEGIN
          PERFORM nextval('public.calls');
          RETURN (SELECT role FROM public.users WHERE id = (SELECT auth.uid()));
        END $$""",
    "get_user_organization_ids": """
        CREATE OR REPLACE FUNCTION get_user_organization_ids() RETURNS SETOF uuid
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
        BEGIN
          PERFORM nextval('public.calls');
          RETURN QUERY SELECT organization_id FROM public.organization_users WHERE user_id = (SELECT auth.uid());
        END $$""",
    "auth.uid": """
        CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid
        LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
        BEGIN
          PERFORM nextval('public.calls');
          RETURN nullif(current_setting('request.jwt.claim.sub', true), '')::uuid;
        END $$""",
}
CALLS = {"auth_user_role": 3, "get_user_organization_ids": 3, "auth.uid": 12}  # at most; auth.uid() in the others too


def calls_during(connection, statement):
    connection.execute("SELECT setval('calls', 1)")
    connection.execute(statement)
    return connection.execute("SELECT last_value - 1 FROM calls").fetchone()[0]


@pytest.mark.parametrize("function", COUNTED)
def test_a_function_of_a_policy_runs_a_few_times_for_a_whole_scan(odd_booking, function):
    """Defect D23: called for each row, it took 411 ms where 2 ms do."""
    with odd_booking.connect() as connection:
        people = make_people(connection)
        deploy(connection)
        connection.execute("CREATE SEQUENCE calls")
        connection.execute("GRANT ALL ON SEQUENCE calls TO PUBLIC")
        connection.execute(COUNTED[function])
        for view in sorted(exposed(connection)):
            for kind in ("staff", "org admin", "super admin", "customer"):
                with acting(connection, "authenticated", people[kind]):
                    calls = calls_during(connection, f"SELECT * FROM public.{view}")
                assert calls <= CALLS[function], f"{view} as {kind}: {function}() ran {calls} times"
