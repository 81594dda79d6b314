"""The projects that are refreshed here: the booking platform with all of its views refreshed at the cost of what changed, and a
small shop in which every step of a protocol can be told by hand.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import psycopg

import mvc
from mvc.compiled.project import Compiled
from mvc.demo.data import fill
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from servers import BOOKING_ANCHOR, BOOKING_SCHEMA, ROOT

Connection = psycopg.Connection[Any]
ANYTHING = ApplyOptions(frozenset(HAZARDS))
BOOKING_SCALE = 0.004  # 800 reservations
ACTIONS = {  # what the platform's foreign keys do here, so that deletes and new keys spread by themselves
    "REFERENCES organizations (id)": "ON DELETE CASCADE ON UPDATE CASCADE",
    "REFERENCES users (id)": "ON DELETE CASCADE ON UPDATE CASCADE",
    "REFERENCES services (id)": "ON DELETE CASCADE ON UPDATE CASCADE",
    "REFERENCES locations (id)": "ON DELETE SET NULL ON UPDATE CASCADE",
}


def schedule(names: list[str], mode: str = "incremental") -> str:
    return f"schedules:\n  - {{schedule: partly, refresh: {names}, every: '*/5 * * * *', mode: {mode}}}\n"


@cache
def booking() -> Compiled:
    paths = [ROOT / "mvc.yml", BOOKING_SCHEMA, *ROOT.glob("views/*.yml"), *ROOT.glob("policies/*.yml")]
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    names = [f"mv_{path.stem}" for path in sorted(ROOT.glob("views/*.yml"))]
    return mvc.compile(mvc.load({**files, "schedules/all.yml": schedule(names)}))


def build_booking(connection: Connection) -> None:
    """The platform with a year of data, and its views, deployed and filled; without the one that needs PostGIS where it is missing."""
    text = BOOKING_SCHEMA.read_text(encoding="utf-8").replace(" ON DELETE CASCADE", "")
    for reference, action in ACTIONS.items():
        text = text.replace(reference, f"{reference} {action}")
    if connection.execute("SELECT true FROM pg_available_extensions WHERE name = 'postgis'").fetchone():
        connection.execute("CREATE EXTENSION postgis")
    connection.execute(text)
    fill(connection, BOOKING_SCALE, BOOKING_ANCHOR)
    apply(connection, booking(), options=ANYTHING)


SHOP_SCHEMA = """
CREATE TABLE org (id int PRIMARY KEY, name text NOT NULL, active boolean NOT NULL DEFAULT true);
CREATE TABLE res (id int, org_id int REFERENCES org ON DELETE CASCADE ON UPDATE CASCADE, status text, amount numeric NOT NULL,
  at timestamptz NOT NULL, month int NOT NULL, PRIMARY KEY (id, month)) PARTITION BY RANGE (month);
CREATE TABLE res_1 PARTITION OF res FOR VALUES FROM (1) TO (2);
CREATE TABLE res_2 PARTITION OF res FOR VALUES FROM (2) TO (3);
CREATE TABLE res_rest PARTITION OF res FOR VALUES FROM (3) TO (13) PARTITION BY RANGE (month);
CREATE TABLE res_3 PARTITION OF res_rest FOR VALUES FROM (3) TO (4);
CREATE TABLE res_4 PARTITION OF res_rest FOR VALUES FROM (4) TO (5);
CREATE TABLE pay (id int PRIMARY KEY, res_id int, amount numeric NOT NULL);
CREATE INDEX ON res (org_id);
CREATE INDEX ON res (at);
CREATE INDEX ON pay (res_id);
"""
SHOP_ROWS = """
INSERT INTO org SELECT g, 'org ' || g FROM generate_series(1, 40) AS g;
INSERT INTO res SELECT g, g % 40 + 1, 'paid', g, now() - make_interval(hours => g), g % 4 + 1 FROM generate_series(1, 400) AS g;
INSERT INTO pay SELECT g, g % 400 + 1, g FROM generate_series(1, 600) AS g;
"""
SHOP_VIEWS = {
    "by_org": """
view: by_org
sources:
  o: {table: org}
  r: {table: res, on: r.org_id = o.id, where: "r.at >= now() - interval '200 hours'"}
  p: {table: pay, on: p.res_id = r.id}
where: o.active
dimensions: {id: o.id, name: o.name}
aggregates:
  n: {count: r}
  total: {sum: r.amount}
  paid: {sum: p.amount}
""",
    "by_status": """
view: by_status
sources:
  r: {table: res}
dimensions: {status: r.status, month: r.month}
aggregates:
  n: {count: r}
  orgs: {count_distinct: r.org_id}
""",
}


@cache
def shop(**more: str) -> Compiled:
    """The shop; `more` are lines of its mvc.yml, or further views by their names."""
    settings = "".join(f"{key}: {value}\n" for key, value in more.items() if "\n" not in value)
    views = {**SHOP_VIEWS, **{key: value for key, value in more.items() if "\n" in value}}
    files = {
        "mvc.yml": f"project: shop\ncatalog: schema.sql\n{settings}",
        "schema.sql": SHOP_SCHEMA,
        "schedules/all.yml": schedule(list(views)),
        **{f"views/{name}.yml": text for name, text in views.items()},
    }
    return mvc.compile(mvc.load(files))


def build_shop(connection: Connection) -> None:
    connection.execute(SHOP_SCHEMA + SHOP_ROWS)
    apply(connection, shop(), options=ANYTHING)


def never_whole(connection: Connection) -> None:
    """However many groups may have changed, a refresh computes them one by one."""
    connection.execute(
        "CREATE OR REPLACE FUNCTION mvc.over_threshold(stored mvc.stored_relation, groups bigint) RETURNS text LANGUAGE sql STABLE AS"
        " $$ SELECT NULL::text $$"
    )
