"""A project whose views stand in the way of changes of base tables in every way that there is, for tests of such changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

import mvc
from mvc.compiled.project import Compiled

Connection = psycopg.Connection[Any]
Files = dict[str, str]

ROLES = ("ba_reader", "ba_other")
TABLES = """\
CREATE TABLE t (id int PRIMARY KEY, k varchar(10) NOT NULL, amt int NOT NULL, note text, day date NOT NULL);
CREATE TABLE m (who varchar(20) NOT NULL, k varchar(10) NOT NULL, PRIMARY KEY (who, k));
"""
ROWS = """
INSERT INTO t SELECT g, 'k' || g % 7, g, CASE g % 2 WHEN 0 THEN 'x' END, '2026-01-01'::date + g % 30 FROM generate_series(1, 500) AS g;
INSERT INTO m VALUES ('ba_reader', 'k1'), ('ba_reader', 'k2');
"""
GROUPED = "view: {0}\nsources: {{t: {{table: t}}}}\ndimensions: {{k: t.k}}\naggregates: {{total: {{sum: t.amt}}, n: {{count: t}}}}\n"
BASE: Files = {
    "mvc.yml": "project: p\ncatalog: s.sql\n",
    "s.sql": TABLES,
    "views/v.yml": GROUPED.format("v") + "indexes: [{columns: [total desc]}]\ndescription: By k\n",
    "views/inc.yml": GROUPED.format("inc"),
    "views/win.yml": "view: win\nsources: {t: {table: t}}\ndimensions: {day: t.day}\naggregates: {total: {sum: t.amt}}\n",
    "views/up.yml": "view: up\ngrain: [one]\nsql: SELECT 1 AS one, sum(total) AS total FROM v\n",
    "views/p.yml": GROUPED.format("p") + "materialized: false\n",
    "views/ruled.yml": "view: ruled\nsources: {t: {table: t}}\ndimensions: {k: t.k}\naggregates: {n: {count: t}}\n",
    "views/armed.yml": "view: armed\nsources: {t: {table: t}}\ndimensions: {k: t.k}\naggregates: {total: {sum: t.amt}}\n",
    "views/other.yml": "view: other\nsources: {t: {table: t}}\ndimensions: {day: t.day}\naggregates: {n: {count: t}}\n",
    "policies/p.yml": """\
policies:
  - {policy: a, view: [v, inc, win, up, p, other], to: [ba_reader], using: true}
  - {policy: b, view: ruled, to: [ba_reader], using: k IN (SELECT m.k FROM m WHERE m.who = current_user)}
  - {policy: c, view: armed, to: [ba_reader], using: "k = 'k1' OR current_setting('app.role', true) = 'admin'"}
""",
    "schedules/s.yml": """\
schedules:
  - {schedule: i, refresh: [inc], every: "*/5 * * * *", mode: incremental}
  - {schedule: w, refresh: [win], every: "*/5 * * * *", mode: window, window: 3d}
  - {schedule: f, refresh: [v, up, ruled, armed, other], every: "0 * * * *"}
""",
}
OUTSIDE = """
CREATE VIEW dep AS SELECT k, total FROM v;
GRANT SELECT ON dep, v TO ba_other;
COMMENT ON COLUMN v.n IS 'by hand';
"""
VIEWS = ("v", "inc", "win", "up", "p", "ruled", "armed", "other")


def compiled(files: Mapping[str, str]) -> Compiled:
    return mvc.compile(mvc.load(dict(files)))


def edited(*changes: tuple[str, str, str]) -> Files:
    """The project's files with texts replaced: path, old, new. An empty path is every file."""
    files = dict(BASE)
    for path, old, new in changes:
        for name in [path] if path else list(files):
            assert path == "" or old in files[name], (path, old)
            files[name] = files[name].replace(old, new)
    return files


@dataclass(frozen=True)
class BaseChange:
    """A migration, the project after it, and the views that stand in its way: those whose rows are copied or kept, and those that are closed."""

    sql: str
    after: Files
    released: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    @property
    def project(self) -> Compiled:
        return compiled(self.after)


def build(connection: Connection) -> None:
    for name in ROLES:
        connection.execute(
            f"DO $x$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN duplicate_object THEN NULL; END $x$".encode()
        )
    connection.execute(TABLES + ROWS)
