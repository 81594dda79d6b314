"""A database that was restored without what the ledger says: definitions alone, the rows of the schema `mvc` left out, one schema alone.

What is ours is recognised by what it is; what a stranger planted under our names is not.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.prune import leftovers, prune
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.run_steps import Timeouts
from servers import Database, Servers, new_database

from .projects import (
    BOTH_ARMS,
    MAJORS,
    ROWS,
    Files,
    aggregate,
    build_shop,
    compiled,
    deploy,
    edited,
    in_place,
    in_tables,
    rows_of,
    rules,
)
from .test_renames import names_changed

pytestmark = pytest.mark.by_turns

KINDS: dict[str, Callable[[Files], object]] = {"full": lambda _: None, "incremental": in_tables}
DUMPS = {
    "definitions": ["--schema-only"],
    "no rows of mvc": ["--exclude-table-data=mvc.*"],
    "without mvc": ["--exclude-schema=mvc"],
    "only public": ["--schema=public"],
    "no tables of mvc": ["--exclude-table=mvc.*"],
    "no owner": ["--schema-only", "--no-owner", "--no-privileges"],
    "no ledger": ["--exclude-table-data=mvc.deployed_view", "--exclude-table-data=mvc.stored_relation"],
    "all": [],
}


def with_names(files: Files) -> None:
    files["mvc.yml"]["names"] = {"refresh_all": "refresh_everything", "status": "mv_state"}


def restored(source: Database, target: Database, options: list[str]) -> None:
    """As psql does it, which goes on after an error: a view that reads what was left out is not there then."""
    programs = Path(source.server.installation.bindir)
    dump = subprocess.run(
        [programs / "pg_dump", *options, "-d", source.url], capture_output=True, check=True, timeout=60
    )
    subprocess.run(
        [programs / "psql", "-qX", "-d", target.url], input=dump.stdout, capture_output=True, check=False, timeout=120
    )


@pytest.fixture(params=MAJORS, ids=lambda major: f"pg{major}")
def source(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(request.param)) as database:
        build_shop(database.connect())
        yield database


@pytest.mark.parametrize("dump", DUMPS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_database_is_deployed_to(source: Database, kind: str, dump: str):
    project = compiled(edited(KINDS[kind], rules({"using": BOTH_ARMS}), with_names))
    deploy(source.connect(), project)
    with new_database(source.server, bare=True) as target:
        restored(source, target, DUMPS[dump])
        connection = target.connect()
        if not connection.execute("SELECT count(*) FROM orders").fetchone()[0]:
            connection.execute(ROWS)
        assert plan(connection, project).refusals == ()
        deploy(connection, project)
        assert rows_of(connection, project) == rows_of(source.connect(), project)
        connection.execute("UPDATE orders SET amount = amount + 1 WHERE id % 7 = 0")
        assert {item.status for item in refresh(connection, project)} == {"completed"}


CHANGED: dict[str, Callable[[Files], object]] = {
    "another definition": in_place("n", {"sum": "o.pieces"}),
    "a column gone": aggregate("last_day", None),
    "a column of another type": in_place("n", {"max": "o.placed"}),
    "renamed": names_changed,
    "not stored": lambda files: (
        files["views/sales.yml"].update(materialized=False),
        files["views/sales.yml"].pop("indexes"),
        files["views/sales.yml"].pop("with"),
    ),
}


@pytest.mark.parametrize("change", CHANGED)
def test_what_changed_since_the_dump_is_built_anew(source: Database, change: str):
    project, later = compiled(edited(with_names)), compiled(edited(CHANGED[change], with_names))
    deploy(source.connect(), project)
    with new_database(source.server, bare=True) as target:
        restored(source, target, DUMPS["definitions"])
        connection = target.connect()
        connection.execute(ROWS)
        assert plan(connection, later).refusals == ()
        deploy(connection, later)
        deploy(source.connect(), later)
        assert rows_of(connection, later) == rows_of(source.connect(), later)
        there = "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v' ORDER BY 1"
        assert connection.execute(there).fetchall() == source.connect().execute(there).fetchall()


def test_a_column_that_goes_must_be_allowed_also_where_the_ledger_is_lost(source: Database):
    deploy(source.connect(), compiled(edited()))
    with new_database(source.server, bare=True) as target:
        restored(source, target, DUMPS["definitions"])
        connection, later = target.connect(), compiled(edited(aggregate("last_day", None)))
        with pytest.raises(ServerError, match=r"sales\.last_day goes \(drop-column\)"):
            apply(connection, later)
        apply(connection, compiled(edited()))


def test_what_a_lost_ledger_knew_can_be_pruned(source: Database):
    """Of views that have left the project, and of one that is stored otherwise now; what a view still reads is kept, and named."""
    deploy(source.connect(), compiled(edited(in_tables, rules({"using": BOTH_ARMS}))))
    with new_database(source.server, bare=True) as target:
        restored(source, target, DUMPS["definitions"])
        connection = target.connect()
        connection.execute(ROWS)
        gone = ("views/sales.yml", "views/by_city.yml", "views/top.yml", "views/now.yml", "policies/all.yml")
        later = compiled({name: text for name, text in edited().items() if name not in gone})
        deploy(connection, later)
        connection.execute("CREATE TABLE mvc.theirs (id int)")
        assert {(item.view, item.kind) for item in leftovers(connection, later)} == {
            *((view, "unused") for view in ("alone", "sales", "by_city", "top", "now")),
            ("sales", "arm"),
            ("", "unknown"),
        }
        first = prune(connection, later, Timeouts())
        assert {item.view for item in first.dropped} == {"alone"}
        assert "public.sales reads it" in next(why for item, why in first.kept if item.name.endswith("_gate"))
        connection.execute("DROP VIEW public.now, public.top, public.by_city, public.sales")
        assert [item.name for item, _ in prune(connection, later, Timeouts()).kept] == ["theirs"]
        deploy(connection, later)


PLANTED = {
    "a view of the name": "CREATE VIEW sales AS SELECT 1 AS id",
    "one that reads a name like ours": "CREATE SCHEMA mvc; CREATE TABLE mvc.{stored} (id int); CREATE VIEW sales AS SELECT * FROM mvc.{stored}",
    "a stored relation in our schema": "CREATE SCHEMA mvc; CREATE TABLE mvc.{stored} (id int, name text, city text, total numeric, n bigint, last_day date)",
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_a_stranger_planted_is_not_taken_over(source: Database, what: str):
    """By a role that may create in public and in the database: it is refused, unless somebody agrees to that role's code."""
    connection = source.connect()
    connection.execute("DO $$ BEGIN CREATE ROLE re_stranger LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    connection.execute("DROP SCHEMA mvc CASCADE; GRANT CREATE ON SCHEMA public TO re_stranger")
    connection.execute(f"GRANT CREATE ON DATABASE {source.name} TO re_stranger".encode())
    project = compiled(edited())
    with psycopg.connect(source.url, autocommit=True) as stranger:
        stranger.execute("SET ROLE re_stranger")
        stranger.execute(PLANTED[what].format(stored=project.view("sales").storage[1]).encode(), prepare=False)
    with pytest.raises(ServerError):
        apply(connection, project, options=ApplyOptions(frozenset(HAZARDS) - {"foreign-code"}))
    connection.execute("RESET ROLE; DROP OWNED BY re_stranger")


def test_a_look_alike_in_our_schema_is_set_aside(source: Database):
    """The owner's own: a table under a stored name that was not built as that, and a view over it, as a dump without rows leaves them."""
    connection = source.connect()
    project = compiled(edited())
    deploy(connection, project)
    stored = project.view("sales").storage[1]
    connection.execute(
        "DROP VIEW sales CASCADE; TRUNCATE mvc.deployed_view, mvc.stored_relation, mvc.replaced_view, mvc.deployment CASCADE"
    )
    connection.execute(
        f"DROP MATERIALIZED VIEW mvc.{stored} CASCADE; CREATE TABLE mvc.{stored} (id int, name text); CREATE VIEW sales AS SELECT * FROM mvc.{stored}".encode()
    )
    deploy(connection, project)
    assert connection.execute("SELECT count(*) FROM sales").fetchone() == (37,)
