"""By the constraints of the tables the groups of a changed row are told, and one row of a group: without one of them a refresh computes all, or fails
where two rows have one key, until a deployment says what the view is to be now.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.errors import ServerError
from servers import Database

from .checked import Connection, Run, refresh, wrong_rows
from .projects import never_whole, schedule

SCHEMA = """CREATE TABLE org (id int PRIMARY KEY, name text NOT NULL, region text NOT NULL, note text UNIQUE);
CREATE TABLE svc (id int PRIMARY KEY, org_id int NOT NULL REFERENCES org, label text NOT NULL);
CREATE TABLE res (id int PRIMARY KEY, svc_id int NOT NULL REFERENCES svc, amt int NOT NULL, day date NOT NULL);
"""
ROWS = """INSERT INTO org SELECT g, 'o' || g, 'r' || g % 4 FROM generate_series(1, 30) AS g;
INSERT INTO svc SELECT g, g % 30 + 1, 'l' || g % 7 FROM generate_series(1, 90) AS g;
INSERT INTO res SELECT g, g % 90 + 1, g, '2026-01-01'::date + g % 5 FROM generate_series(1, 600) AS g;"""
TREE = "sources:\n  r: {table: res}\n  s: {table: svc, on: s.id = r.svc_id}\n  o: {table: org, on: o.id = s.org_id}\n"
FILES = {
    "mvc.yml": "project: p\ncatalog: s.sql\n",
    "s.sql": SCHEMA,
    "views/by_org.yml": "view: by_org\nsources:\n  o: {table: org}\n  s: {table: svc, on: s.org_id = o.id}\n  r: {table: res, on: r.svc_id = s.id}\n"
    "dimensions: {id: o.id, name: o.name}\naggregates: {n: {count: r}, labels: {count_distinct: s.label}}\n",
    "views/by_region.yml": f"view: by_region\n{TREE}dimensions: {{region: o.region}}\naggregates: {{n: {{count: r}}, total: {{sum: r.amt}}}}\n",
    "views/by_svc.yml": f"view: by_svc\n{TREE}dimensions: {{svc_id: r.svc_id, label: s.label, org: o.name}}\naggregates: {{total: {{sum: r.amt}}}}\n",
    "schedules/s.yml": schedule(["by_org", "by_region", "by_svc"]),
}
UNCHECKED = """ALTER TABLE svc DROP CONSTRAINT svc_org_id_fkey, ADD CONSTRAINT later FOREIGN KEY (org_id) REFERENCES org NOT VALID;
ALTER TABLE svc DISABLE TRIGGER ALL; UPDATE svc SET org_id = 99 WHERE id = 4; ALTER TABLE svc ENABLE TRIGGER ALL"""
NO_REFERENCE = "ALTER TABLE svc DROP CONSTRAINT svc_org_id_fkey"
GONE = {  # (what is done, what is written then, what is said of it, the views that it is about)
    "a reference": (NO_REFERENCE, ["DELETE FROM org WHERE id = 3", "UPDATE res SET amt = 0 WHERE id < 200", "INSERT INTO org VALUES (3, 'back', 'r9')"],
                    "org_id of public.svc does not refer to public.org any more", {"by_org", "by_region", "by_svc"}),
    "a reference that is not checked": (
        UNCHECKED, ["UPDATE res SET amt = 0 WHERE id < 200"], "org_id of public.svc does not refer to public.org any more", {"by_org", "by_region", "by_svc"}),
    "a column that is filled": ("ALTER TABLE res ALTER svc_id DROP NOT NULL", ["UPDATE res SET svc_id = NULL WHERE id < 9", "UPDATE res SET amt = 0 WHERE id < 200"],
                                "svc_id of public.res may be NULL now", {"by_org", "by_region", "by_svc"}),
    "one of a dimension": ("ALTER TABLE org ALTER region DROP NOT NULL", ["UPDATE org SET region = NULL WHERE id = 7", "UPDATE res SET amt = 0 WHERE id < 200"],
                           "region of public.org may be NULL now", {"by_region"}),
}  # fmt: skip


def project(schema: str = SCHEMA) -> Compiled:
    return mvc.compile(mvc.load({**FILES, "s.sql": schema}))


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    connection = database.connect()
    connection.execute(SCHEMA + ROWS)
    apply(connection, project())
    never_whole(connection)
    assert {run.mode for run in all_refreshed(connection).values()} == {"incremental"}
    yield connection


def all_refreshed(connection: Connection) -> dict[str, Run]:
    return {view.name: refresh(connection, view) for view in project().views}


@pytest.mark.parametrize("of", GONE)
def test_all_is_computed_where_one_is_gone(connection: Connection, of: str):
    done, writes, said, about = GONE[of]
    connection.execute(done.encode())
    for write in ("SELECT", *writes):
        connection.execute(write.encode())
        runs = all_refreshed(connection)
        assert {name: run.wrong for name, run in runs.items() if run.wrong} == {}, write
        assert {run.status for run in runs.values()} == {"completed"}
    assert {name for name, run in runs.items() if run.mode == "full"} == about
    for name in about:
        assert runs[name].detail == f"{said}, by which the groups of changed rows are told"


def test_one_that_is_no_matter_is_no_matter(connection: Connection):
    connection.execute("ALTER TABLE org DROP CONSTRAINT org_note_key; ALTER TABLE res ALTER day DROP NOT NULL")
    assert {run.mode for run in all_refreshed(connection).values()} == {"incremental"}


def test_an_index_that_is_made_anew_is_the_same(connection: Connection):
    connection.execute("REINDEX INDEX CONCURRENTLY org_pkey")
    connection.execute(f"{NO_REFERENCE}; ALTER TABLE svc ADD CONSTRAINT renamed FOREIGN KEY (org_id) REFERENCES org")
    assert {run.mode for run in all_refreshed(connection).values()} == {"incremental"}


def test_two_rows_of_one_key_are_refused(connection: Connection):
    connection.execute("ALTER TABLE org DROP CONSTRAINT org_pkey CASCADE")
    connection.execute("INSERT INTO org VALUES (4, 'twice', 'r1')")
    for _ in range(2):
        run = refresh(connection, project().view("by_org"))
        assert run.status == "failed"
        assert run.error == "two rows of public.by_org have the same id: public.org is not unique by id any more"
    connection.execute("DELETE FROM org WHERE name = 'twice'")
    assert (refresh(connection, project().view("by_org")).status, wrong_rows(connection, project().view("by_org"))) == (
        "completed",
        [],
    )


def test_a_deployment_says_what_it_is_to_be(connection: Connection):
    connection.execute(NO_REFERENCE)
    connection.execute("DELETE FROM org WHERE id = 3")
    with pytest.raises(ServerError):
        apply(connection, project())
    assert {run.mode for run in all_refreshed(connection).values()} == {"full"}
    other = project(SCHEMA.replace("org_id int NOT NULL REFERENCES org", "org_id int NOT NULL"))
    apply(connection, other, options=ApplyOptions(frozenset(HAZARDS)))
    for write in ("DELETE FROM org WHERE id = 4", "UPDATE res SET amt = 0 WHERE id < 200"):
        connection.execute(write.encode())
        runs = [refresh(connection, view) for view in other.views]
        assert [(run.status, run.wrong) for run in runs] == [("completed", [])] * 3, runs
    assert [run.detail for run in runs if "by which the groups" in (run.detail or "")] == []
