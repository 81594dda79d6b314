"""A small shop for tests of deployments: its project as data that a test changes, its base tables, and everything that
somebody else may have put on its views.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.drift import find_drift
from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.plan.steps import HAZARDS, Plan
from mvc.engines.postgres.server.apply import Applied, ApplyOptions, apply, plan
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.observe import observe
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import NEWEST, Database, new_database

Files = dict[str, Any]  # path → what its YAML says, or SQL text
Edit = Callable[[Files], object]
Connection = psycopg.Connection[Any]

ROLES = ("dm_reader", "dm_other", "dm_bob", "dm_carol", "dm_analyst")
SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text, tier int NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, amount numeric NOT NULL,
  pieces int NOT NULL, status text NOT NULL, placed timestamptz NOT NULL);
CREATE FUNCTION app_user() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.user', true), '')::int $$;
CREATE FUNCTION app_role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.role', true) $$;
"""
ROWS = """
INSERT INTO customers SELECT g, 'c' || g, CASE g % 4 WHEN 0 THEN NULL ELSE 'city ' || g % 4 END, g % 3 FROM generate_series(1, 40) AS g;
INSERT INTO orders SELECT g, g % 37 + 1, g % 91, g % 5, CASE g % 3 WHEN 0 THEN 'open' ELSE 'paid' END,
  '2024-05-01 22:30+00'::timestamptz + g * interval '1 hour' FROM generate_series(1, 400) AS g;
"""
SALES = "views/sales.yml"
POLICIES = "policies/all.yml"
MAJORS = sorted({15, NEWEST})
ANYTHING = frozenset(HAZARDS)
BOTH_ARMS = "id = app_user() OR app_role() = 'admin'"

BASE: Files = {
    "mvc.yml": {"project": "shop", "catalog": "schema.sql", "timezone": "UTC"},
    "schema.sql": SCHEMA,
    "views/sales.yml": {
        "view": "sales",
        "description": "What each customer bought.",
        "sources": {"c": {"table": "customers"}, "o": {"table": "orders", "on": "o.customer_id = c.id"}},
        "dimensions": {"id": "c.id", "name": {"expr": "c.name", "description": "The name"}, "city": "c.city"},
        "aggregates": {
            "total": {"sum": "o.amount", "default": 0, "description": "All of it"},
            "n": {"count": "o"},
            "last_day": {"max": "o.placed::date"},
        },
        "indexes": [{"columns": ["total desc"]}, {"columns": ["city"]}],
        "with": {"fillfactor": 90},
    },
    "views/by_city.yml": {
        "view": "by_city",
        "sources": {"s": {"view": "sales"}},
        "dimensions": {"city": "s.city"},
        "aggregates": {"total": {"sum": "s.total"}, "customers": {"count": "s"}},
    },
    "views/top.yml": {
        "view": "top",
        "sql": "SELECT b.city, b.total FROM by_city AS b WHERE b.total > 10",
        "grain": ["city"],
        "columns": {"total": "Of the city"},
    },
    "views/now.yml": {
        "view": "now",
        "materialized": False,
        "sources": {"t": {"view": "top"}},
        "dimensions": {"city": "t.city"},
        "aggregates": {"total": {"sum": "t.total"}},
    },
    "views/alone.yml": {
        "view": "alone",
        "sources": {"o": {"table": "orders"}},
        "dimensions": {"status": "o.status"},
        "aggregates": {"n": {"count": "o"}},
    },
    "policies/all.yml": {
        "policies": [
            {"policy": "sales rows", "view": "sales", "to": ["dm_reader"], "using": "total > 0"},
            {"policy": "all of the rest", "view": ["by_city", "top", "now"], "to": ["dm_reader"], "using": True},
        ]
    },
}

# What somebody else has put on `sales`: grants, comments, a trigger, views on views, a function that names it.
OUTSIDE = """
CREATE SCHEMA rep;
GRANT USAGE, CREATE ON SCHEMA rep TO PUBLIC;
CREATE FUNCTION rep.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
GRANT SELECT ON sales TO dm_bob WITH GRANT OPTION;
GRANT SELECT ON sales TO dm_analyst;
GRANT SELECT (id, name), UPDATE (name) ON sales TO dm_carol;
COMMENT ON COLUMN sales.city IS 'by hand';
CREATE TRIGGER instead INSTEAD OF UPDATE ON sales FOR EACH ROW EXECUTE FUNCTION rep.nothing();
COMMENT ON TRIGGER instead ON sales IS 'why';
SET ROLE dm_analyst;
CREATE VIEW rep.doubled (id, "D d") WITH (security_barrier = true, check_option = 'local') AS
  SELECT id, total * 2 FROM sales WHERE total >= 0;
RESET ROLE;
GRANT SELECT ON rep.doubled TO dm_bob WITH GRANT OPTION;
GRANT SELECT ("D d"), UPDATE (id) ON rep.doubled TO dm_carol;
COMMENT ON VIEW rep.doubled IS 'it''s doubled';
COMMENT ON COLUMN rep.doubled."D d" IS E'two\\nlines';
CREATE VIEW rep."Of doubled" WITH (security_invoker = true) AS
  SELECT d.id, d."D d", s.name FROM rep.doubled AS d JOIN sales AS s USING (id);
ALTER VIEW rep."Of doubled" ALTER COLUMN id SET DEFAULT 7;
CREATE TRIGGER "in stead" INSTEAD OF INSERT ON rep."Of doubled" FOR EACH ROW EXECUTE FUNCTION rep.nothing();
COMMENT ON TRIGGER "in stead" ON rep."Of doubled" IS 'why so';
CREATE RULE gone AS ON DELETE TO rep."Of doubled" DO INSTEAD NOTHING;
COMMENT ON RULE gone ON rep."Of doubled" IS 'a rule';
REVOKE ALL ON rep."Of doubled" FROM PUBLIC;
CREATE VIEW rep.third AS SELECT count(*) AS n, sum("D d") AS d FROM rep."Of doubled";
GRANT SELECT ON rep.third TO PUBLIC;
CREATE FUNCTION rep.names_it() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM public.sales); END $$;
"""
ANSWERS = (
    'SELECT id, "D d" FROM rep.doubled ORDER BY id',
    'SELECT id, "D d", name FROM rep."Of doubled" ORDER BY id',
    "SELECT * FROM rep.third",
    "SELECT rep.names_it()",
)


def edited(*edits: Edit) -> Files:
    """The shop's files after some edits, each of which changes the mapping that it is given."""
    files = copy.deepcopy(BASE)
    for edit in edits:
        edit(files)
    return files


def in_tables(files: Files) -> None:
    """Every view is refreshed in part, so it is stored as a table."""
    item = {"schedule": "partly", "refresh": "all", "every": "0 * * * *", "mode": "incremental"}
    files["schedules/partly.yml"] = {"schedules": [item]}


def sales(key: str, value: Any) -> Edit:
    return lambda files: files[SALES].update({key: value})


def aggregate(name: str, spec: Mapping[str, Any] | None) -> Edit:
    def edit(files: Files) -> None:
        found = files[SALES]["aggregates"]
        files[SALES]["aggregates"] = {key: item for key, item in found.items() if key != name} | (
            {name: spec} if spec else {}
        )

    return edit


def in_place(name: str, spec: Mapping[str, Any]) -> Edit:
    return lambda files: files[SALES]["aggregates"].update({name: spec})


def rules(*policies: Mapping[str, Any]) -> Edit:
    """The policies of `sales`."""

    def edit(files: Files) -> None:
        rest = [item for item in files[POLICIES]["policies"] if item["view"] != "sales"]
        own = [
            {"policy": f"p{place}", "view": "sales", "to": ["dm_reader"], **item} for place, item in enumerate(policies)
        ]
        for policy in own:
            if policy["to"] is None:  # for everyone
                del policy["to"]
        files[POLICIES]["policies"] = own + rest

    return edit


def compiled(files: Mapping[str, Any]) -> Compiled:
    texts = {
        name: data if isinstance(data, str) else json.dumps(data, ensure_ascii=False) for name, data in files.items()
    }
    return _compiled(json.dumps(texts))


@cache
def _compiled(texts: str) -> Compiled:
    return mvc.compile(mvc.load(json.loads(texts)))


def create_roles(connection: Connection, names: Iterable[str] = ROLES) -> None:
    """Roles belong to the server, which other tests use as well."""
    for name in names:
        quoted = psycopg.sql.Identifier(name).as_string(connection)
        connection.execute(f"DO $x$ BEGIN CREATE ROLE {quoted}; EXCEPTION WHEN duplicate_object THEN NULL; END $x$")


def build_shop(connection: Connection) -> None:
    create_roles(connection)
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    connection.execute("GRANT EXECUTE ON FUNCTION app_user(), app_role() TO PUBLIC")


@contextmanager
def shop(server: EmbeddedServer, template: str | None = None, *, bare: bool = False) -> Iterator[Database]:
    """A database with the shop's base tables; a `bare` one never had the runtime."""
    with new_database(server, template, bare=bare) as database:
        if template is None:
            build_shop(database.connect())
        yield database


def deploy(
    connection: Connection, project: Compiled, allow: Iterable[str] = ANYTHING, patience: float = 20.0
) -> Applied:
    """Applies, and proves that there is nothing left to do and nothing left to mend."""
    done = apply(connection, project, options=ApplyOptions(frozenset(allow), pace=Timeouts(patience=patience)))
    assert_settled(connection, project)
    return done


def assert_settled(connection: Connection, project: Compiled) -> None:
    """Nothing is left to do. A copy of a database that was deployed to is another database: what was proven there is proven again."""
    again = plan(connection, project)
    assert [step for step in told(again) if step[0] != "prove"] == []
    assert not again.refusals
    assert [item for item in again.drift if not item.kept] == []


def told(made: Plan) -> list[tuple[str, str, str]]:
    return [(step.action, step.view, step.reason) for step in made.steps]


def drift_of(connection: Connection, project: Compiled) -> tuple[Drift, ...]:
    return find_drift(observe(connection, project), project.project)


def rows_of(connection: Connection, project: Compiled) -> dict[str, tuple[list[str], list[Any]]]:
    """For each view its columns, sorted, and its rows as text, sorted: all, and those that a reader sees."""
    found: dict[str, tuple[list[str], list[Any]]] = {}
    for view in project.views:
        names = sorted(column.name for column in view.columns)
        listed = ", ".join(psycopg.sql.Identifier(name).as_string(connection) for name in names)
        exposed = psycopg.sql.Identifier(view.schema, view.name).as_string(connection)
        query = f"SELECT ARRAY[{', '.join(f'{item}::text' for item in listed.split(', '))}] FROM {exposed} ORDER BY 1"
        rows: list[Any] = [connection.execute(query.encode()).fetchall()]
        if "dm_reader" in view.readers:
            with connection.transaction():
                connection.execute(
                    "SET LOCAL ROLE dm_reader; SELECT set_config('app.user', '7', true), set_config('app.role', 'none', true)"
                )
                rows.append(connection.execute(query.encode()).fetchall())
        found[view.name] = (names, rows)
    return found


DUMP = """
WITH own AS (
  SELECT c.oid::regclass::text AS name, c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname <> ALL (%(without)s)
)
SELECT 'relation', own.name, own.relkind::text, pg_get_userbyid(own.relowner)::text,
       (SELECT array_agg(o ORDER BY o) FROM unnest(own.reloptions) AS o)::text, obj_description(own.oid, 'pg_class'),
       CASE WHEN own.relkind IN ('v', 'm') THEN pg_get_viewdef(own.oid) END FROM own
UNION ALL
SELECT 'grant', own.name, coalesce(a.attname, '')::text, e.privilege_type, e.is_grantable::text,
       CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(e.grantee) END::text, pg_get_userbyid(e.grantor)::text
FROM own JOIN LATERAL (SELECT NULL AS attname, own.relacl AS acl UNION ALL
  SELECT attname, attacl FROM pg_attribute WHERE attrelid = own.oid AND attacl IS NOT NULL) AS a ON true, aclexplode(a.acl) AS e
WHERE e.grantee <> own.relowner
UNION ALL
SELECT 'column', own.name, a.attname::text, format_type(a.atttypid, a.atttypmod), pg_get_expr(f.adbin, f.adrelid),
       col_description(own.oid, a.attnum), a.attnum::text
FROM own JOIN pg_attribute AS a ON a.attrelid = own.oid AND a.attnum > 0 LEFT JOIN pg_attrdef AS f ON f.adrelid = own.oid AND f.adnum = a.attnum
UNION ALL
SELECT 'trigger', own.name, pg_get_triggerdef(t.oid), t.tgenabled::text, obj_description(t.oid, 'pg_trigger'), NULL, NULL
FROM own JOIN pg_trigger AS t ON t.tgrelid = own.oid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', own.name, pg_get_ruledef(r.oid), r.ev_enabled::text, obj_description(r.oid, 'pg_rewrite'), NULL, NULL
FROM own JOIN pg_rewrite AS r ON r.ev_class = own.oid WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'index', own.name, pg_get_indexdef(x.indexrelid), x.indisvalid::text, NULL, NULL, NULL FROM own JOIN pg_index AS x ON x.indrelid = own.oid
UNION ALL
SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner)::text, p.proacl::text,
       obj_description(p.oid, 'pg_proc'), NULL
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname <> ALL (%(without)s) AND p.prokind = 'f'
UNION ALL
SELECT 'oid', own.name, own.oid::text, NULL, NULL, NULL, NULL FROM own WHERE %(oids)s
"""


def dump(connection: Connection, *, without: Iterable[str] = ("mvc",), oids: bool = False) -> list[tuple[Any, ...]]:
    """Everything that the catalogs say of a database's objects, as sorted rows; the stored schema is left out."""
    with connection.transaction():
        connection.execute("SET LOCAL search_path = pg_catalog")
        rows = connection.execute(DUMP, {"without": list(without), "oids": oids}).fetchall()
    return sorted(rows, key=repr)


def answers(connection: Connection) -> list[Any]:
    """What the views and functions outside say."""
    return [connection.execute(query.encode(), prepare=False).fetchall() for query in ANSWERS]
