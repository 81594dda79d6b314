"""Whoever owns a database says along which path its sessions look names up, and may put `public` before PostgreSQL's own schema. Nothing of what
is there then is run by who deploys, refreshes or looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.deploy.script import script
from mvc.engines.postgres.plan.release import Altered
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.around import around
from mvc.engines.postgres.server.data_check import check_data
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.lock import contender
from mvc.engines.postgres.server.owner import standing
from mvc.engines.postgres.server.partitions import due_partitions, maintain_partitions
from mvc.engines.postgres.server.prune import prune
from mvc.engines.postgres.server.pull import pull
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.release import release
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.schedule_runs import run_due, run_schedule, seconds_to_next
from mvc.engines.postgres.server.status import alert, status
from servers import MAJORS, Database, Servers, new_database

Connection = psycopg.Connection[Any]
Command = Callable[[Connection], object]
ANYTHING = ApplyOptions(frozenset(HAZARDS))
ROLES = ("do_owner", "do_refresh", "do_watch")
SCHEMA = "CREATE TABLE sale (id int PRIMARY KEY, shop text NOT NULL, amount int NOT NULL);"
VIEW = "view: v\nsources: {s: {table: sale}}\ndimensions: {shop: s.shop}\naggregates: {n: {sum: s.amount}}\n"
FILES = {
    "mvc.yml": "project: shops\ncatalog: s.sql\nrefresh_roles: [do_refresh]\nmonitor_roles: [do_watch]\nnotify: shops\n",
    "s.sql": SCHEMA,
    "views/v.yml": VIEW,
    "schedules/s.yml": "schedules: [{schedule: often, refresh: all, every: '* * * * *', mode: incremental}]\n",
}
# In the place of each operator of PostgreSQL's base types, and of the names of its types: what does the same, but says so.
PLANT = """
DO $do$ DECLARE
  o record;
  type text;
  n int := 0;
BEGIN
  FOR o IN
    SELECT p.oprname AS name, format_type(p.oprleft, NULL) AS one, format_type(p.oprright, NULL) AS other, format_type(p.oprresult, NULL) AS result
    FROM pg_operator AS p JOIN pg_type AS l ON l.oid = p.oprleft AND l.typtype = 'b' JOIN pg_type AS r ON r.oid = p.oprright AND r.typtype = 'b'
    WHERE p.oid < 16384 AND p.oprcode <> 0
  LOOP
    n := n + 1;
    EXECUTE format($f$CREATE FUNCTION public.instead_%s(a %s, b %s) RETURNS %s LANGUAGE plpgsql SET search_path = pg_catalog AS $b$ BEGIN
      IF current_user <> 'do_owner' THEN RAISE EXCEPTION USING MESSAGE = 'planted operator %s ran as ' || current_user; END IF; RETURN a %s b; END $b$$f$,
      n, o.one, o.other, o.result, o.name, o.name);
    EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.instead_%s)', o.name, o.one, o.other, n);
  END LOOP;
  FOREACH type IN ARRAY ARRAY['text', 'name', 'int4', 'int8', 'float8', 'jsonb', 'json', 'oid', 'regclass', 'bool', 'timestamptz', 'xid'] LOOP
    EXECUTE format($f$CREATE FUNCTION public.check_%s(pg_catalog.%1$I) RETURNS bool LANGUAGE plpgsql SET search_path = pg_catalog AS $b$ BEGIN
      IF current_user <> 'do_owner' THEN RAISE EXCEPTION USING MESSAGE = 'planted type %1$s ran as ' || current_user; END IF; RETURN true; END $b$$f$, type);
    EXECUTE format('CREATE DOMAIN public.%I AS pg_catalog.%1$I CHECK (public.check_%1$s(VALUE))', type);
  END LOOP;
END $do$"""


def project(view: str = VIEW, policies: str = "policies: []") -> Compiled:
    return mvc.compile(mvc.load({**FILES, "views/v.yml": view, "policies/p.yml": policies}))


WIDER = mvc.compile(mvc.load({**FILES, "s.sql": SCHEMA.replace("amount int", "amount bigint")}))
CHANGED = project(VIEW + "indexes: [{columns: [n desc]}]\n")


def build(connection: Connection) -> None:
    for role in ROLES:
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute(f"CREATE ROLE {role} LOGIN".encode())
    connection.execute(
        f"{SCHEMA} INSERT INTO sale VALUES (1, 'a', 1); GRANT CREATE ON SCHEMA public TO do_owner".encode()
    )


@pytest.fixture(params=[min(MAJORS), max(MAJORS)], ids=lambda major: f"pg{major}")
def shop(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    server = servers.get(request.param)
    with new_database(server, servers.template(server, "owned", build)) as database:
        database.connect().execute(f"ALTER DATABASE {database.name} OWNER TO do_owner".encode())
        yield database


def plant(shop: Database) -> None:
    owner = shop.connect(user="do_owner")
    owner.execute(PLANT)
    owner.execute(f"ALTER DATABASE {shop.name} SET search_path = public, pg_catalog".encode())
    with pytest.raises(psycopg.Error, match="planted operator = ran as postgres"):
        shop.connect().execute("SELECT FROM pg_class WHERE relname = 'x'")


LOOKS: dict[str, Command] = {
    "status": lambda it: status(it, project()),
    "catalog pull": pull,
}
REFRESHES: dict[str, Command] = {
    "refresh": lambda it: [item.reason for item in refresh(it, project()) if item.status != "completed"],
    "a schedule": lambda it: [item.reason for item in run_schedule(it, project(), "often") if item.status == "failed"],
    "what is due": lambda it: [item.reason for item in run_due(it, project(), "often") if item.status == "failed"],
    "the next time": lambda it: [] if seconds_to_next(it, project()) >= 0 else ["?"],
    "alert": lambda it: [] if alert(it, project()) >= 0 else ["?"],
    "partitions": lambda it: [*due_partitions(it, project()), *maintain_partitions(it, project()).partitions],
}
CALLS = (
    "refresh('public', 'v')",
    "refresh_project('shops')",
    "run_schedule('shops', 'often')",
    "maintain_partitions('shops')",
    "alert()",
)
DEPLOYS: dict[str, Command] = {
    "plan": lambda it: plan(it, project()),
    "apply": lambda it: apply(it, CHANGED, options=ANYTHING),
    "check": lambda it: check_data(it, mvc.load(FILES), project()),
    "rollback": lambda it: rollback(it, CHANGED, ANYTHING),
    "prune": lambda it: prune(it, project(), Timeouts()),
    "around": lambda it: around(it, WIDER, "ALTER TABLE public.sale ALTER COLUMN amount TYPE bigint", ANYTHING),
    "release": lambda it: release(it, WIDER, [Altered("public", "sale", "amount")], ANYTHING),
    "release by a statement": lambda it: it.execute("SELECT mvc.release('public.sale', '{amount}')"),
    "mend": lambda it: apply(it, WIDER, options=ANYTHING),
}


def test_runs_nothing_of_his_as_others(shop: Database):
    apply(shop.connect(), project())
    plant(shop)
    for user, commands in (
        ("do_watch", LOOKS),
        ("do_refresh", LOOKS | REFRESHES),
        ("postgres", LOOKS | REFRESHES | DEPLOYS),
    ):
        for name, command in commands.items():
            found = command(shop.connect(user=user))
            assert name not in REFRESHES or found == [], (user, name)
        for call in CALLS if "refresh" in commands else ():
            shop.connect(user=user).execute(f"CALL mvc.{call}".encode())
        if "refresh" in commands:
            with contender(shop.connect(user=user), project()) as worker:
                assert worker.leads()


def test_nor_in_a_first_deployment(shop: Database):
    plant(shop)
    apply(shop.connect(), project())
    assert plan(shop.connect(), project()).empty


def test_nor_while_another_deployment_is_under_way(shop: Database):
    apply(shop.connect(), project())
    plant(shop)
    busy = shop.connect(options="-c search_path=pg_catalog")
    with busy.transaction():
        busy.execute("LOCK TABLE mvc.deploying IN EXCLUSIVE MODE")
        with pytest.raises(ServerError, match="another deployment of this database is under way: pid"):
            apply(shop.connect(), CHANGED, options=ANYTHING)


def test_nor_by_the_printed_script(shop: Database):
    plant(shop)
    shop.connect().execute(script(project(), project().views).encode())
    assert shop.connect().execute("SELECT pg_catalog.to_regclass('public.v')::pg_catalog.oid").fetchone() != (None,)


def test_a_superuser_whom_he_has_made_somebody_else(shop: Database):
    """His functions could then make him a superuser by RESET ROLE; what is deployed would be his."""
    own = shop.connect()
    own.execute(
        "DROP SCHEMA mvc CASCADE; GRANT SELECT, TRIGGER ON sale TO do_owner; GRANT CREATE, USAGE ON SCHEMA public TO do_owner"
    )
    shop.connect(user="do_owner").execute(f"ALTER DATABASE {shop.name} SET role = do_owner".encode())
    for command in (plan, apply, status, refresh):
        with pytest.raises(
            ServerError,
            match="mvc would belong to the role do_owner, which could run anything as the superuser postgres",
        ):
            command(shop.connect(), project())
    with pytest.raises(
        psycopg.Error, match="would be the role do_owner's, which could run anything as the superuser postgres"
    ):
        shop.connect().execute(script(project(), project().views).encode())
    own.execute("GRANT do_owner TO postgres")
    try:
        apply(shop.connect(), project())
        assert plan(shop.connect(), project()).empty
    finally:
        own.execute("REVOKE do_owner FROM postgres")


READ = project(policies="policies: [{policy: watch, view: v, to: [do_watch], using: 'true'}]")
TAKEN = """
CREATE FUNCTION public.heard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF current_user <> 'do_owner' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; RETURN NEW; END $$;
CREATE RULE raised AS ON INSERT TO {0} DO INSTEAD UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = 'do_refresh';
GRANT ALL ON {0} TO do_refresh
"""


UNLOGGED = "SELECT relname FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r' AND relname !~ '_dirty$'"
# Whoever may read or change these, which are his, does so with what belongs to them.
ABOVE = "CREATE TABLE public.above_{1} (LIKE {0}); ALTER TABLE {0} INHERIT public.above_{1}"
BESIDE = """
CREATE TABLE public.shops (shop text PRIMARY KEY); INSERT INTO shops VALUES ('a'), ('c');
ALTER TABLE {0} ADD FOREIGN KEY (shop) REFERENCES public.shops ON DELETE CASCADE, ADD CHECK (shop <> 'c');
CREATE STATISTICS public.counted ON (lower(shop)) FROM {0}"""
# What a row is computed by runs with the rights of whoever writes it.
COMPUTED = """
CREATE FUNCTION public.ran() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  IF current_user <> 'do_owner' THEN RAISE EXCEPTION 'ran as %', current_user; END IF; RETURN 'x'; END $$;
ALTER TABLE {1} ADD COLUMN made text GENERATED ALWAYS AS (public.ran()) STORED, ADD COLUMN asked int NOT NULL UNIQUE;
ALTER TABLE {2} ADD COLUMN made text GENERATED ALWAYS AS (public.ran()) STORED, ADD COLUMN asked int NOT NULL UNIQUE;
CREATE PUBLICATION his FOR TABLE {0}, ONLY {1}, {2}
"""


def test_what_he_put_in_the_place_of_a_view_does_nothing_once_it_is_taken_from_him(shop: Database):
    """A rule runs with the rights of whoever owns its view when it runs. `public` is the database owner's, who may drop what is there."""
    own, mean = shop.connect(), shop.connect(user="do_owner")
    apply(own, READ)
    mean.execute(
        "DROP VIEW public.v; CREATE VIEW public.v WITH (security_barrier = true) AS SELECT ''::text AS shop, 0::bigint AS n"
    )
    mean.execute(TAKEN.format("public.v"))
    mean.execute(
        "CREATE TRIGGER heard INSTEAD OF UPDATE ON public.v FOR EACH ROW EXECUTE FUNCTION public.heard(); GRANT SELECT (n) ON v TO PUBLIC"
    )
    apply(own, READ)
    assert plan(own, READ).empty
    for statement in ("INSERT INTO v VALUES ('x', 1)", "SELECT n FROM v"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shop.connect(user="do_refresh").execute(statement)
    assert shop.connect(user="do_watch").execute("TABLE v").fetchall() == [("a", 1)]
    assert own.execute("SELECT count(*) FROM pg_trigger WHERE tgfoid = 'public.heard'::regproc").fetchone() == (0,)
    own.execute(
        """CREATE VIEW "100%I" AS SELECT; ALTER VIEW "100%I" OWNER TO do_owner; SELECT mvc.own_again('"100%I"')"""
    )


def test_nor_what_he_added_to_what_was_his_for_a_while(shop: Database):
    own, mean = shop.connect(), shop.connect(user="do_owner")
    apply(own, READ)
    ((stored,), (log,)) = own.execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'mvc'::regnamespace AND c.relkind = 'r'"
        " AND c.relname ~ '^(v|changes)_.*[0-9a-f]{8}$' ORDER BY c.relname DESC"
    ).fetchall()
    kept = log.replace("changes", "kept")
    for number, name in enumerate((stored, log, kept, "mvc.unknown_change")):
        own.execute(f"ALTER TABLE {name} OWNER TO do_owner; GRANT USAGE, CREATE ON SCHEMA mvc TO do_owner".encode())
        mean.execute((TAKEN if number == 0 else TAKEN.partition("$$;")[2]).format(name))
        mean.execute(f"CREATE TRIGGER heard BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION public.heard()")
        mean.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        mean.execute(ABOVE.format(name, number))
        if name == kept:  # the rest is published
            mean.execute(f"ALTER TABLE {name} SET UNLOGGED")
    mean.execute(BESIDE.format(stored) + ";" + COMPUTED.format(stored, log, "mvc.unknown_change"))
    apply(own, READ)
    own.execute("INSERT INTO sale VALUES (2, 'b', 2); TRUNCATE sale; INSERT INTO sale VALUES (3, 'c', 3)")
    assert [item.status for item in refresh(own, READ)] == ["completed"]
    assert shop.connect(user="do_watch").execute("TABLE v").fetchall() == [("c", 3)]
    assert own.execute("SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits").fetchall() == [
        (kept, log)
    ]
    assert plan(own, READ).empty
    own.execute(f"ALTER TABLE {log} SET UNLOGGED; ALTER TABLE mvc.unknown_change SET UNLOGGED".encode())
    assert [item.status for item in refresh(own, READ)] == ["completed"]
    assert own.execute(UNLOGGED).fetchall() == [("unlogged_since",)]
    mean.execute("DELETE FROM shops")
    assert own.execute("TABLE v").fetchall() == [("c", 3)]
    assert own.execute("SELECT FROM pg_statistic_ext").fetchall() == []
    assert own.execute("SELECT FROM pg_publication_rel").fetchall() == []


def test_no_refresh_writes_to_what_is_his(shop: Database):
    """An index of his would be computed with the rights of whoever refreshes."""
    own, mean = shop.connect(), shop.connect(user="do_owner")
    apply(own, READ)
    [(stored,)] = own.execute("SELECT format('mvc.%I', stored_name) FROM mvc.deployed_view").fetchall()
    own.execute(f"ALTER TABLE {stored} OWNER TO do_owner; GRANT USAGE, CREATE ON SCHEMA mvc TO do_owner".encode())
    mean.execute(COMPUTED.partition("ALTER")[0] + f"CREATE INDEX ON {stored} ((shop || public.ran()))")
    own.execute("INSERT INTO sale VALUES (2, 'b', 2)")
    assert [item.status for item in refresh(own, READ)] == ["failed"]
    [(said,)] = own.execute("SELECT error FROM mvc.refresh_log ORDER BY id DESC LIMIT 1").fetchall()
    assert f"{stored} belongs to the role do_owner" in said
    with pytest.raises(ServerError, match=r"would run the function public\.ran\(\) of the role do_owner"):
        apply(own, READ)


def test_no_type_of_his_is_what_others_write_into_what_is_taken_from_him(shop: Database):
    """The checks of a domain, and its default, run with the rights of whoever writes a row."""
    own, mean = shop.connect(), shop.connect(user="do_owner")
    apply(own, READ)
    mean.execute("CREATE DOMAIN public.word AS text CHECK (VALUE <> '')")
    own.execute("ALTER TABLE mvc.unknown_change OWNER TO do_owner; GRANT USAGE ON SCHEMA mvc TO do_owner")
    mean.execute("ALTER TABLE mvc.unknown_change ALTER why TYPE public.word")
    with pytest.raises(ServerError, match=r"values of the type public\.word of the role do_owner"):
        apply(own, READ)
    own.execute("ALTER TABLE mvc.unknown_change ALTER why TYPE text")
    apply(own, READ)
    assert plan(own, READ).empty


def test_nothing_of_his_is_in_the_stored_schema_because_of_what_it_takes(shop: Database):
    """Logs that were given away are mended; a function that fits a call better is no log, whatever the types of its arguments are called."""
    own, mean = shop.connect(), shop.connect(user="do_owner")
    own.execute("DROP SCHEMA mvc CASCADE; CREATE SCHEMA mvc; GRANT ALL ON SCHEMA mvc TO do_owner")
    mean.execute(
        "CREATE DOMAIN public.changes_a AS text; CREATE FUNCTION mvc.own_again(public.changes_a) RETURNS void LANGUAGE sql AS ''"
    )
    with pytest.raises(ServerError, match=r"function mvc\.own_again"):
        standing(own, "mvc")
