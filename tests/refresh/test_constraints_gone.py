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


BACK = {  # (what is done, what puts the rows and the constraint right)
    "a reference": (f"{NO_REFERENCE}; UPDATE svc SET org_id = 99 WHERE id IN (4, 5)",
                    "UPDATE svc SET org_id = 9 WHERE id IN (4, 5); ALTER TABLE svc ADD FOREIGN KEY (org_id) REFERENCES org"),
    "a reference, and the row it means": (f"{NO_REFERENCE}; DELETE FROM org WHERE id = 3",
                                          "INSERT INTO org VALUES (3, 'back', 'r1'); ALTER TABLE svc ADD FOREIGN KEY (org_id) REFERENCES org"),
    "a column that is filled": ("ALTER TABLE res ALTER svc_id DROP NOT NULL; UPDATE res SET svc_id = NULL WHERE id < 9",
                                "UPDATE res SET svc_id = 7 WHERE id < 9; ALTER TABLE res ALTER svc_id SET NOT NULL"),
    "one of a dimension": ("ALTER TABLE org ALTER region DROP NOT NULL; UPDATE org SET region = NULL WHERE id = 7",
                           "UPDATE org SET region = 'r2' WHERE id = 7; ALTER TABLE org ALTER region SET NOT NULL"),
}  # fmt: skip


@pytest.mark.parametrize("of", BACK)
def test_what_was_computed_without_one_is_computed_again(connection: Connection, of: str):
    """Once it is back, no group of the time without it is told by it."""
    for done in BACK[of]:
        connection.execute(done.encode())
        assert {name: run.wrong for name, run in all_refreshed(connection).items() if run.wrong} == {}, done
    assert {run.mode for run in all_refreshed(connection).values()} == {"incremental"}


def test_a_window_that_was_computed_without_one_makes_a_whole_refresh(database: Database):
    """The rows of the window are of the time without it; what changed before and after is in the log still."""
    monthly = f"view: monthly\n{TREE}dimensions: {{day: r.day, region: o.region}}\naggregates: {{n: {{count: r}}}}\n"
    both = (
        schedule(["monthly"])
        + "  - {schedule: w, refresh: [monthly], every: '*/7 * * * *', mode: window, window: 3d}\n"
    )
    compiled = mvc.compile(mvc.load({**FILES, "views/m.yml": monthly, "schedules/m.yml": both.replace("partly", "m")}))
    connection = database.connect()
    connection.execute(SCHEMA + ROWS + "; UPDATE res SET day = current_date")
    apply(connection, compiled)
    never_whole(connection)
    view = compiled.view("monthly")
    refresh(connection, view)
    connection.execute("ALTER TABLE org ALTER region DROP NOT NULL; UPDATE org SET region = NULL WHERE id = 7")
    assert (refresh(connection, view, "window").status, wrong_rows(connection, view)) == ("completed", [])
    connection.execute("UPDATE org SET region = 'r2' WHERE id = 7; ALTER TABLE org ALTER region SET NOT NULL")
    assert (refresh(connection, view).mode, wrong_rows(connection, view)) == ("full", [])
    assert refresh(connection, view).mode == "incremental"


def test_keys_do_not_hold_for_children(connection: Connection):
    """A table that inherits from another one has keys of its own, so a row there may be the second of its key."""
    connection.execute(
        "CREATE TABLE more (LIKE org INCLUDING ALL); INSERT INTO more VALUES (3, 'again', 'r9'); ALTER TABLE more INHERIT org"
    )
    for mode in (None, "full"):
        run = refresh(connection, project().view("by_org"), mode)
        assert (run.status, run.error) == (
            "failed",
            "two rows of public.by_org have the same id: public.org is not unique by id any more",
        )
        run = refresh(connection, project().view("by_region"), mode)
        assert (run.status, run.mode, run.wrong) == ("completed", "full", [])
    connection.execute("ALTER TABLE more NO INHERIT org")
    for modes in ({"full"}, {"incremental"}):
        runs = all_refreshed(connection)
        assert ({run.mode for run in runs.values()} - {"full"} or {"full"}, [run.wrong for run in runs.values()]) == (
            modes,
            [[]] * 3,
        )


def test_references_do_not_hold_for_children(connection: Connection):
    connection.execute("CREATE TABLE more () INHERITS (svc); INSERT INTO more VALUES (1000, 99, 'orphan')")
    connection.execute("ALTER TABLE res DROP CONSTRAINT res_svc_id_fkey; UPDATE res SET svc_id = 1000 WHERE id = 5; INSERT INTO svc VALUES (1000, 4, 'x'); "
                       "DELETE FROM ONLY svc WHERE id = 1000")  # fmt: skip
    for write in ("SELECT", "UPDATE more SET org_id = 98", "UPDATE res SET amt = 3 WHERE id = 5"):
        connection.execute(write.encode())
        assert {name: run.wrong for name, run in all_refreshed(connection).items() if run.wrong} == {}, write


def test_one_that_is_not_validated_says_nothing(connection: Connection, database: Database):
    if database.major < 18:
        return
    connection.execute(
        "ALTER TABLE res ALTER svc_id DROP NOT NULL; UPDATE res SET svc_id = NULL WHERE id < 9; ALTER TABLE res ADD CONSTRAINT filled NOT NULL svc_id NOT VALID"
    )
    for write in ("SELECT", "UPDATE res SET amt = 5 WHERE id = 40"):
        connection.execute(write.encode())
        runs = all_refreshed(connection)
        assert {(run.mode, run.detail, *run.wrong) for run in runs.values()} == {
            ("full", "svc_id of public.res may be NULL now, by which the groups of changed rows are told")
        }


SWALLOW = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER keep BEFORE {} ON svc FOR EACH ROW EXECUTE FUNCTION keep()"
ACTION = "ALTER TABLE svc DROP CONSTRAINT svc_org_id_fkey, ADD FOREIGN KEY (org_id) REFERENCES org ON DELETE {0} ON UPDATE {0}"
DANGLING = {  # ways in which rows come to refer to nothing, by a foreign key that stands all the while
    "a trigger that keeps rows from a cascade": f"{ACTION.format('CASCADE')}; {SWALLOW.format('DELETE')}; DELETE FROM org WHERE id = 3",
    "a trigger that keeps rows from an update": f"{ACTION.format('CASCADE')}; {SWALLOW.format('UPDATE')}; UPDATE org SET id = 99 WHERE id = 3",
    "a load with the checks off": "SET session_replication_role = replica; UPDATE svc SET org_id = 99 WHERE id IN (4, 5); RESET session_replication_role",
    "a delete with the checks off": "SET session_replication_role = replica; DELETE FROM org WHERE id = 3; RESET session_replication_role",
    "triggers of the server off": "ALTER TABLE svc DISABLE TRIGGER ALL; UPDATE svc SET org_id = 99 WHERE id IN (4, 5); ALTER TABLE svc ENABLE TRIGGER ALL",
}  # fmt: skip
REPAIR = "DROP TRIGGER IF EXISTS keep ON svc; INSERT INTO org VALUES (3, 'back', 'r9'), (99, 'new', 'r8') ON CONFLICT DO NOTHING"


@pytest.mark.parametrize("of", DANGLING)
def test_rows_that_refer_to_nothing_are_noticed(connection: Connection, of: str):
    """The groups of such rows are not told by the key; nor are those that they were in, when they are put right."""
    connection.execute(DANGLING[of].encode())
    for write in ("SELECT", "UPDATE res SET amt = amt + 1", "UPDATE svc SET label = 'x' WHERE id < 9"):
        connection.execute(write.encode())
        runs = all_refreshed(connection)
        assert {name: run.wrong for name, run in runs.items() if run.wrong} == {}, write
    assert (
        "rows of public.svc refer by org_id to rows of public.org that are not there, though a foreign key says they are"
        in (runs["by_org"].detail or "")
    )
    connection.execute(REPAIR.encode())
    runs = all_refreshed(connection)
    assert ({run.mode for run in runs.values()}, [run.wrong for run in runs.values()]) == ({"full"}, [[]] * 3)
    assert {run.mode for run in all_refreshed(connection).values()} == {"incremental"}


def test_rows_that_went_together_refer_to_nothing_no_more(connection: Connection):
    connection.execute(
        ACTION.format("CASCADE")
        + "; ALTER TABLE res DROP CONSTRAINT res_svc_id_fkey, ADD FOREIGN KEY (svc_id) REFERENCES svc ON DELETE CASCADE"
    )
    connection.execute(
        "DELETE FROM org WHERE id = 3; INSERT INTO org VALUES (50, 'n', 'r'); INSERT INTO svc VALUES (500, 50, 'l'); UPDATE org SET id = 51 WHERE id = 50"
    )
    assert [(run.mode, run.wrong) for run in all_refreshed(connection).values()] == [("incremental", [])] * 3


TEMPORAL = """CREATE TABLE price (item int4range, valid daterange, amount int NOT NULL, PRIMARY KEY (item, valid WITHOUT OVERLAPS));
CREATE TABLE sale (id int PRIMARY KEY, item int4range NOT NULL, valid daterange NOT NULL, n int NOT NULL, twice int GENERATED ALWAYS AS (n * 2) VIRTUAL,
  FOREIGN KEY (item, PERIOD valid) REFERENCES price (item, PERIOD valid));
"""
PRICES = """INSERT INTO price SELECT int4range(i, i + 1), daterange('2026-01-01'::date + 10 * g, '2026-01-11'::date + 10 * g), i * g FROM generate_series(1, 40) AS i, generate_series(0, 5) AS g;
INSERT INTO sale SELECT g, int4range(g % 40 + 1, g % 40 + 2), daterange('2026-01-01'::date + 10 * (g % 5), '2026-01-11'::date + 10 * (g % 5 + g % 2)), g FROM generate_series(1, 400) AS g"""
AT_PRICE = "view: at_price\nsources: {s: {table: sale}, p: {table: price, on: p.item = s.item and p.valid = s.valid}}\ndimensions: {item: s.item, amount: p.amount}\naggregates: {n: {count: s}, w: {sum: s.twice}}\n"
BY_ITEM = "view: by_item\nsources: {p: {table: price}, s: {table: sale, on: s.item = p.item and s.valid && p.valid}}\ndimensions: {item: p.item}\naggregates: {n: {count: s}, w: {sum: s.twice}}\n"


def test_a_reference_of_a_time_is_none_of_equal_rows(database: Database):
    """The rows referred to cover a time, none of them need be equal to it (PostgreSQL 18)."""
    if database.major < 18:
        return
    files = {
        "mvc.yml": FILES["mvc.yml"],
        "s.sql": TEMPORAL,
        "views/a.yml": AT_PRICE,
        "views/b.yml": BY_ITEM,
        "schedules/s.yml": schedule(["at_price", "by_item"]),
    }
    compiled = mvc.compile(mvc.load(files))
    connection = database.connect()
    connection.execute(TEMPORAL + PRICES)
    apply(connection, compiled)
    never_whole(connection)
    for write in (
        "UPDATE sale SET valid = daterange('2026-01-05', '2026-01-08') WHERE id % 9 = 1",
        "UPDATE price SET amount = 777 WHERE item = '[3,4)'",
        "UPDATE sale SET n = 7, item = '[5,6)' WHERE id % 11 = 0",
        "DELETE FROM sale WHERE item = '[7,8)'; DELETE FROM price WHERE item = '[7,8)'",
        "UPDATE sale SET valid = daterange('2026-01-11', '2026-01-21') WHERE id % 9 = 1",
    ):
        connection.execute(write.encode())
        assert [(run.mode, run.wrong) for run in (refresh(connection, view) for view in compiled.views)] == [
            ("incremental", [])
        ] * 2, write
    connection.execute("ALTER TABLE sale ALTER twice SET EXPRESSION AS (n * 3)")
    assert [(run.mode, run.wrong) for run in (refresh(connection, view) for view in compiled.views)] == [
        ("full", [])
    ] * 2
