"""Projects that the command is tried on, and what a run of it came to."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from servers import Database


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def create_shop(database: Database, folder: Path) -> psycopg.Connection[Any]:
    """The shop's base tables with an order, and its role."""
    connection = database.connect()
    connection.execute((folder / "schema" / "shop.sql").read_text(encoding="utf-8"))
    connection.execute("DO $$ BEGIN CREATE ROLE shop_staff; EXCEPTION WHEN duplicate_object THEN END $$")
    connection.execute("INSERT INTO customers VALUES (1, 'NO')")
    connection.execute("INSERT INTO orders VALUES (1, 1, '2024-05-01 12:00+00', 'paid')")
    connection.execute("INSERT INTO order_lines VALUES (1, 1, 2, 10), (1, 2, 1, 5)")
    return connection


CHAIN = {
    "mvc.yml": "catalog: schema.sql\n",
    "schema.sql": "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);\n",
    "schedules/all.yml": "schedules: [{schedule: all, refresh: all, every: '0 * * * *'}]\n",
    "views/a.yml": "view: a\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {x: {max: 10 / t.n}}\n",
    "views/b.yml": "view: b\nsources: {a: {view: a}}\ndimensions: {id: a.id}\naggregates: {x: {max: a.x}}\n",
    "views/c.yml": "view: c\nsources: {b: {view: b}}\ndimensions: {id: b.id}\naggregates: {x: {max: b.x}}\n",
    "views/d.yml": "view: d\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {max: t.n}}\n",
}

SALES = {
    "mvc.yml": "project: sales\ncatalog: schema.sql\n",
    "schedules/all.yml": "schedules: [{schedule: all, refresh: all, every: '0 * * * *'}]\n",
    "schema.sql": "CREATE TABLE o (id int PRIMARY KEY, city text NOT NULL, amount int NOT NULL, day date NOT NULL);\n",
    "views/sales.yml": """\
view: sales
description: What each city bought.
sources: {o: {table: o}}
dimensions:
  city: {expr: o.city, description: Where}
aggregates:
  n: {count: o}
  total: {sum: o.amount, default: 0}
  first: {min: o.day}
indexes:
  - columns: [total]
""",
    "views/top.yml": """\
view: top
sources: {s: {view: sales}}
dimensions: {city: s.city}
aggregates: {total: {sum: s.total}}
where: s.total > 10
""",
    "views/now.yml": """\
view: now
materialized: false
sources: {t: {view: top}}
dimensions: {city: t.city}
aggregates: {total: {sum: t.total}}
""",
    "policies/all.yml": """\
policies:
- {policy: rows, view: sales, to: [cli_reader], using: total > 15}
- {policy: everything, view: [top, now], to: [cli_reader], using: true}
""",
}
ROLES = ("cli_reader", "cli_other")


class Repository:
    """A git repository with a work tree, which the project is all of."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str = "a change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def create_sales(database: Database) -> psycopg.Connection[Any]:
    """The base table with three cities in it, and the roles."""
    connection = database.connect()
    connection.execute(SALES["schema.sql"])
    connection.execute(
        "INSERT INTO o SELECT g, 'city ' || g % 3, g % 3 + 1, '2024-05-01'::date + g FROM generate_series(1, 30) AS g"
    )
    for role in ROLES:
        connection.execute(f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    return connection


def edit(folder: Path, path: str, old: str, new: str) -> None:
    """Replaces what must be there; an empty `old` appends, and makes the file where there is none."""
    file = folder / path
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    assert old in text, f"{old!r} is not in {path}"
    file.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")


@dataclass(frozen=True)
class Change:
    """An edit of SALES: the file, what is replaced (empty: appended to) by what, and the hazards of the way there and back."""

    path: str
    old: str
    new: str
    there: str = ""
    back: str = ""

    def make(self, folder: Path) -> None:
        edit(folder, self.path, self.old, self.new)


VIEW, POLICY = "views/sales.yml", "policies/all.yml"
CHANGES = {
    "rows": Change(
        VIEW, "indexes:", "where: o.amount > 1\nindexes:", there="loosen-access", back="loosen-access"
    ),  # a rule reads a sum
    "formula": Change(VIEW, "{min: o.day}", "{max: o.day}"),
    "formula that a rule reads": Change(
        VIEW, "{sum: o.amount,", "{sum: o.amount * 3,", there="loosen-access", back="loosen-access"
    ),
    "column added": Change(VIEW, "  first:", "  last: {max: o.day}\n  first:"),
    "column gone": Change(VIEW, "  first: {min: o.day}\n", "", there="drop-column"),
    "column renamed": Change(VIEW, "  first:", "  earliest:", there="drop-column"),
    "another type": Change(VIEW, "{min: o.day}", "{min: o.day::timestamp}"),
    "grain": Change(VIEW, "aggregates:", "  day: o.day\naggregates:", there="loosen-access", back="loosen-access"),
    "index added": Change(VIEW, "  - columns: [total]", "  - columns: [total]\n  - columns: [n]"),
    "index gone": Change(VIEW, "indexes:\n  - columns: [total]\n", ""),
    "storage parameter": Change(VIEW, "", "with: {fillfactor: 70}\n"),
    "descriptions": Change(VIEW, "description: What each city bought.\n", ""),
    "no longer stored": Change(VIEW, "indexes:\n  - columns: [total]\n", "materialized: false\n"),
    "fewer rows for a reader": Change(POLICY, "total > 15", "total > 15 AND total < 25", back="loosen-access"),
    "more rows for a reader": Change(POLICY, "total > 15", "total > 15 OR n > 1", there="loosen-access"),
    "another reader": Change(
        POLICY, "view: sales, to: [cli_reader]", "view: sales, to: [cli_reader, cli_other]", there="loosen-access"
    ),
    "a reader less": Change(
        POLICY, "- {policy: rows, view: sales, to: [cli_reader], using: total > 15}\n", "", back="loosen-access"
    ),
    "policy per reader": Change(
        POLICY,
        "- {policy: everything",
        "- {policy: all of it, view: sales, to: [cli_other], using: true}\n- {policy: everything",
        there="loosen-access",
    ),
    "view added": Change("views/more.yml", "", "view: more\nsources: {s: {view: sales}}\ndimensions: {n: s.n}\n"),
    "who may refresh": Change("mvc.yml", "", "refresh_roles: [cli_other]\n", there="loosen-access"),
    "time zone": Change("mvc.yml", "", "timezone: Asia/Tokyo\n"),
}


def observed(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """All that readers and the server know of the exposures in `public`, and of what stores them; and what each role sees."""
    found: dict[str, Any] = {}
    for name, query in OBSERVED.items():
        found[name] = connection.execute(query).fetchall()
    for view in [row[0] for row in found["views"]]:
        for role in ("postgres", *ROLES):
            with connection.transaction(force_rollback=True):
                connection.execute(f"SET LOCAL ROLE {role}")
                try:
                    rows = connection.execute(f"SELECT to_jsonb(v) FROM {view} AS v").fetchall()
                    found[f"{view} for {role}"] = sorted(str(sorted(row[0].items())) for row in rows)
                except psycopg.errors.InsufficientPrivilege:
                    found[f"{view} for {role}"] = "denied"
                    connection.execute("ROLLBACK")
    return found


_IN_PUBLIC = "FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'"
OBSERVED = {
    "views": f"SELECT c.relname, c.reloptions, c.relowner::regrole::text, obj_description(c.oid, 'pg_class') {_IN_PUBLIC} ORDER BY 1",
    "grants": f"SELECT c.relname, e.grantee::regrole::text, e.privilege_type, e.is_grantable FROM (SELECT * {_IN_PUBLIC}) AS c,"
    " aclexplode(c.relacl) AS e WHERE e.grantee <> c.relowner ORDER BY 1, 2, 3",
    "columns": "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum), a.attacl::text"
    f" FROM pg_attribute AS a JOIN (SELECT * {_IN_PUBLIC}) AS c ON c.oid = a.attrelid WHERE a.attnum > 0 ORDER BY 1, 2",
    "stored": "SELECT d.view_name, d.stored_name, d.kind, d.timezone, c.relkind, c.reloptions, c.relowner::regrole::text, c.relispopulated,"
    " ARRAY(SELECT i.indexdef FROM pg_indexes AS i WHERE i.schemaname = 'mvc' AND i.tablename = d.stored_name ORDER BY 1)"
    " FROM mvc.deployed_view AS d JOIN pg_class AS c ON c.relname = d.stored_name ORDER BY 1",
    "read": "SELECT DISTINCT c.relname, stored.relname FROM pg_class AS c JOIN pg_rewrite AS r ON r.ev_class = c.oid"
    " JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass"
    " JOIN pg_class AS stored ON stored.oid = d.refobjid AND stored.oid <> c.oid"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v' ORDER BY 1, 2",
    "schema": "SELECT e.grantee::regrole::text, e.privilege_type FROM pg_namespace AS n, aclexplode(n.nspacl) AS e"
    " WHERE n.nspname = 'mvc' AND e.grantee <> n.nspowner ORDER BY 1",
}
