"""Views with each kind of source and condition, after random changes of all that they read: an increment leaves what the query gives."""

from __future__ import annotations

import random

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database

from .checked import Connection, refresh
from .projects import ANYTHING, never_whole, schedule

SCHEMA = """CREATE TABLE org (id int PRIMARY KEY, name text NOT NULL, region text NOT NULL);
CREATE TABLE svc (id int PRIMARY KEY, org_id int NOT NULL REFERENCES org, label text NOT NULL);
CREATE TABLE res (id int PRIMARY KEY, svc_id int NOT NULL REFERENCES svc, amt int NOT NULL, day date NOT NULL);
CREATE TABLE res_a (id int PRIMARY KEY, svc_id int NOT NULL, amt int NOT NULL, day date NOT NULL);
CREATE TABLE res_b (amt int NOT NULL, id int PRIMARY KEY, svc_id int NOT NULL, day date NOT NULL, more text);
"""
ROWS = """INSERT INTO org SELECT g, 'o' || g, 'r' || g % 4 FROM generate_series(1, 30) AS g;
INSERT INTO svc SELECT g, g % 30 + 1, 'l' || g % 7 FROM generate_series(1, 90) AS g;
INSERT INTO res SELECT g, g % 90 + 1, g, current_date - g % 9 FROM generate_series(1, 600) AS g;
INSERT INTO res_a SELECT * FROM res WHERE id < 100;
INSERT INTO res_b SELECT amt, id, svc_id, day FROM res WHERE id > 400"""
SERVICES = "sources:\n  o: {table: org}\n  s: {table: svc, on: s.org_id = o.id}\n"
VIEWS = {
    "latest": f"{SERVICES}  last: {{table: res, on: last.svc_id = s.id, latest: [last.day]}}\ndimensions: {{id: o.id}}\naggregates: {{n: {{count: s}}, t: {{sum: last.amt}}}}\n",
    "best": "sources:\n  s: {table: svc}\n  b: {table: res, on: b.svc_id = s.id, first: [b.amt desc, b.day], where: b.amt > 20}\ndimensions: {id: s.id, day: b.day}\naggregates: {n: {count: s}}\n",
    "by_latest": "sources:\n  s: {table: svc}\n  b: {table: res, on: b.svc_id = s.id, latest: b.day, where: b.day < current_date - 1}\ndimensions: {day: b.day}\naggregates: {n: {count: s}, labels: {count_distinct: s.label}}\n",
    "absent": f"{SERVICES}  a: {{table: res, on: a.svc_id = s.id, absent: true, where: a.amt > 300}}\ndimensions: {{region: o.region}}\naggregates: {{n: {{count: s}}}}\n",
    "several": "sources: {h: {table: [res_a, res_b]}, s: {table: svc, on: s.id = h.svc_id}}\ndimensions: {label: s.label, from_table: h.from_table}\naggregates: {n: {count: h}, t: {sum: h.amt}}\n",
    "calendar": "sources:\n  d: {spine: day, from: 2026-01-01, to: today, zone: Asia/Tokyo}\n  r: {table: res, on: r.day = d.day}\ndimensions: {day: d.day}\naggregates: {n: {count: r}, t: {sum: r.amt, default: 0}}\n",
    "of_values": "sources:\n  k: {values: {l1: One, l2: Two, l9: None}, columns: [code, title]}\n  s: {table: svc, on: s.label = k.code}\n  r: {table: res, on: r.svc_id = s.id}\ndimensions: {code: k.code, title: k.title}\naggregates: {n: {count: r}, u: {count: s}}\n",
    "to_values": "sources:\n  s: {table: svc}\n  k: {values: {l1: One, l2: Two, l9: None}, columns: [code, title], on: k.code = s.label}\n  r: {table: res, on: r.svc_id = s.id}\ndimensions: {title: k.title}\naggregates: {n: {count: r}, u: {count: s}}\n",
    "placed": "sources:\n  r: {table: res}\n  s: {table: svc, on: s.id = r.svc_id}\n  o: {table: org, on: o.id = s.org_id}\ndimensions: {region: o.region, org: o.id, day: r.day}\naggregates: {n: {count: r}, t: {sum: r.amt}}\n"
    "having: n >= 3\nwindows:\n  run: {sum: t, within: [region, org], order: day}\n  place: {rank: t desc, within: [region]}\nkeep: place <= 6\n",
    "needed": f"{SERVICES}  r: {{table: res, on: r.svc_id = s.id, where: r.amt > 100}}\nrequired: [r]\ndimensions: {{id: o.id, name: o.name}}\naggregates: {{n: {{count: r}}, u: {{count: s}}}}\n",
    "measured": f"{SERVICES}  r: {{table: res, on: r.svc_id = s.id}}\ndimensions: {{region: o.region}}\naggregates: {{rev: {{measure: rev, of: r}}, big: {{measure: rev, of: r, where: s.label = 'l1'}}, per: {{measure: per}}}}\n",
    "cut": f"{SERVICES}dimensions: {{initial: {{expr: o.name, type: varchar(2)}}, half: {{expr: o.id / 7.0, type: int}}}}\naggregates: {{n: {{count: s}}}}\n",
}  # fmt: skip
MEASURES = "measures:\n  rev: {table: res, sum: amt, where: amt > 10, default: 0}\n  cnt: {table: res, count: '*'}\n  per: {expr: 'rev / nullif(cnt, 0)'}\n"
WRITES = (
    "UPDATE {t} SET svc_id = {i} WHERE id % 50 = {n} % 50",
    "UPDATE {t} SET amt = {n} WHERE id % 40 = {n} % 40",
    "UPDATE {t} SET day = current_date - {j} % 6 WHERE id % 30 = {j} % 30",
    "DELETE FROM {t} WHERE id % 60 = {n} % 60",
    "INSERT INTO {t} (id, svc_id, amt, day) VALUES ({n}, {i}, {n}, current_date - {j} % 5) ON CONFLICT (id) DO UPDATE SET svc_id = excluded.svc_id, amt = excluded.amt",
    "UPDATE svc SET org_id = {j} WHERE id % 20 = {i} % 20",
    "UPDATE svc SET label = 'l' || {j} % 11 WHERE id % 9 = {i} % 9",
    "UPDATE org SET region = 'r' || {i} % 5, name = 'z{i}' WHERE id = {j}",
    "DELETE FROM res WHERE svc_id = {i}; DELETE FROM svc WHERE id = {i}; INSERT INTO svc VALUES ({i}, {j}, 'l' || {j} % 12)",
    "MERGE INTO {t} AS t USING (SELECT {n} AS g) AS w ON t.id = w.g WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, svc_id, amt, day) VALUES (w.g, {i}, w.g, current_date)",
    "WITH d AS (DELETE FROM {t} WHERE id % 45 = {j} RETURNING *) INSERT INTO {t} (id, svc_id, amt, day) SELECT d.id + {n} * 10000, {i}, d.amt, d.day FROM d",
)


def write(connection: Connection, chance: random.Random) -> str:
    values = {"i": chance.randrange(1, 91), "j": chance.randrange(1, 31), "n": chance.randrange(1, 700)}
    text = chance.choice(WRITES).format(t=chance.choice(("res", "res", "res_a", "res_b")), **values)
    connection.execute(text.encode())
    return text


def test_whatever_a_view_is_made_of(database: Database):
    files = {f"views/{name}.yml": f"view: {name}\n{text}" for name, text in VIEWS.items()}
    settings = {"mvc.yml": "project: p\ncatalog: s.sql\n", "s.sql": SCHEMA, "measures/m.yml": MEASURES}
    compiled = mvc.compile(mvc.load({**settings, **files, "schedules/s.yml": schedule(list(VIEWS))}))
    connection = database.connect()
    connection.execute(SCHEMA + ROWS)
    apply(connection, compiled, options=ANYTHING)
    never_whole(connection)
    chance = random.Random(database.major)
    for _ in range(6):
        written = [write(connection, chance) for _ in range(chance.choice((1, 2, 5)))]
        runs = [refresh(connection, view) for view in compiled.views]
        assert {run.view: run.wrong for run in runs if run.wrong} == {}, written
        assert {(run.status, run.mode, run.detail) for run in runs} == {("completed", "incremental", None)}
