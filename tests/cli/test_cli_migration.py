"""`mvc diff --format sql`: the migration, run as other tools run one, between databases that `mvc apply` made. And back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mvc.engines.postgres.plan.migration import READERS_WAIT
from servers import Database, need, newest, on_major

from .projects import CHANGES, SALES, VIEW, Change, Repository, edit, observed

Run = Callable[[Database, Path], str]  # → the error; empty where it went well
EVERYTHING = (
    "SELECT c.oid, c.relname, c.relacl::text, c.relfilenode, c.xmin::text FROM pg_class AS c WHERE c.oid >= 16384 ORDER BY 1",
)
SETTINGS = "SELECT name, setting FROM pg_settings WHERE name !~ '^transaction_|[.]' ORDER BY name"


def views_gone(root: Path) -> None:
    for name in ("top", "now"):
        (root / "views" / f"{name}.yml").unlink()
    edit(root, "policies/all.yml", "- {policy: everything, view: [top, now], to: [cli_reader], using: true}\n", "")


def much_at_once(root: Path) -> None:
    for kind in (
        "rows",
        "column added",
        "column gone",
        "index added",
        "another reader",
        "storage parameter",
        "view added",
        "who may refresh",
    ):
        CHANGES[kind].make(root)
    (root / "views" / "now.yml").unlink()
    edit(root, "policies/all.yml", "[top, now]", "[top]")


def texts_with_traps(root: Path) -> None:
    """What placeholders, quotes and comments of other tools would take for theirs."""
    constant = "':name %s %(x)s ${y} $$ {{ z }} -- '' /* \\ ; é'"
    edit(root, VIEW, "description: What each city bought.", f'description: "{constant}"'.replace("\\", "\\\\"))
    edit(
        root,
        VIEW,
        "{expr: o.city,",
        '{expr: "CASE o.city WHEN ' + constant.replace("\\", "\\\\") + " THEN 'x' ELSE o.city END\",",
    )


def refreshed_in_part(root: Path) -> None:
    edit(root, "schedules/all.yml", "every: '0 * * * *'", "every: '0 * * * *', mode: incremental")


def more_to_log(root: Path) -> None:
    CHANGES["column added"].make(root)
    edit(root, VIEW, "dimensions:", "where: o.id > 0\ndimensions:")


KINDS: dict[str, Callable[[Path], None]] = {
    **{kind: change.make for kind, change in CHANGES.items()},
    "two arms": Change(
        "policies/all.yml", "using: total > 15", "using: \"total > 15 OR current_setting('app.x', true) = 'y'\""
    ).make,
    "views gone": views_gone,
    "much at once": much_at_once,
    "texts with traps": texts_with_traps,
    "refreshed in part": refreshed_in_part,
}


def by_psycopg(database: Database, file: Path) -> str:
    """As Alembic and Django: the whole text in one message, in a transaction that is open already."""
    with database.connect(autocommit=False) as connection:
        before = connection.execute(SETTINGS).fetchall()
        try:
            connection.execute(file.read_text(encoding="utf-8").encode(), prepare=False)
        except psycopg.Error as problem:
            connection.rollback()
            return str(problem)
        assert connection.execute(SETTINGS).fetchall() == before
        connection.commit()
        assert connection.execute(SETTINGS).fetchall() == before
    return ""


def by_psql(database: Database, file: Path, *options: str) -> str:
    program = database.server.installation.bindir / "psql"
    need(program.is_file(), "psql")
    settings = file.with_name("settings")
    probe = f"\\o {settings}.{{}}\n{SETTINGS};\n\\o\n"
    for name in ("before", "after"):
        Path(f"{settings}.{name}.sql").write_text(probe.format(name), encoding="utf-8")
    files = [f"{settings}.before.sql", str(file), f"{settings}.after.sql"]
    command = [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", *(options or ("-1",)), "-d", database.url]
    done = subprocess.run(
        [*map(str, command), *(part for name in files for part in ("-f", name))],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "PGOPTIONS": "-c TimeZone=Asia/Tokyo -c lock_timeout=7s"},
    )  # fmt: skip
    if not done.returncode:
        assert Path(f"{settings}.before").read_text() == Path(f"{settings}.after").read_text()
    assert bool(done.returncode) == ("ERROR" in done.stderr or "FATAL" in done.stderr), done.stderr
    return done.stderr


def catalog(connection: psycopg.Connection[Any]) -> list[Any]:
    """Whatever changes in the catalogs changes this."""
    return [connection.execute(query).fetchall() for query in EVERYTHING]


class Migration:
    """A change between the revisions v1 and HEAD, written as files; and the database where v1 is deployed."""

    def __init__(self, mvc: Any, repository: Repository, folder: Path) -> None:
        self.mvc, self.repository = mvc, repository
        self.up, self.down = folder / "m.sql", folder / "m.down.sql"

    def write(self, change: Callable[[Path], None]) -> None:
        change(self.repository.root)
        self.repository.commit()
        done = self.mvc("diff", "v1", "HEAD", "--format", "sql", "--output", self.up)
        assert done.code == 0, done.err

    def is_settled(self, revision: str) -> None:
        self.repository.git("checkout", "--quiet", revision)
        done = self.mvc("apply", "--dry-run")
        assert done.code == 0, done.err
        assert done.out.startswith("nothing to do"), done.out


@pytest.fixture
def migration(mvc, deployed_sales, repository, tmp_path) -> Migration:
    (tmp_path / "migrations").mkdir()
    return Migration(mvc, repository, tmp_path / "migrations")


def there_and_back(migration: Migration, database: Database, connection: psycopg.Connection[Any], run: Run) -> None:
    before = observed(connection)
    assert run(database, migration.up) == ""
    migration.is_settled("main")
    assert observed(connection) != before
    said = refused(connection, migration.up, database, run)
    assert any(
        words in said for words in ("deployed with another definition", "is not deployed here", "deployed otherwise")
    )
    assert run(database, migration.down) == ""
    migration.is_settled("v1")
    assert observed(connection) == before
    refused(connection, migration.down, database, run)
    assert run(database, migration.up) == ""  # over what was kept of the first time
    migration.is_settled("main")


def refused(connection: psycopg.Connection[Any], file: Path, database: Database, run: Run) -> str:
    there = catalog(connection)
    error = run(database, file)
    assert error
    assert catalog(connection) == there
    return error


@newest
@pytest.mark.parametrize("kind", KINDS)
def test_by_a_driver(migration, deployed_sales, database, kind):
    migration.write(KINDS[kind])
    there_and_back(migration, database, deployed_sales, by_psycopg)


@on_major(15)
@pytest.mark.parametrize(
    "kind",
    [
        "rows",
        "column gone",
        "another type",
        "policy per reader",
        "views gone",
        "much at once",
        "texts with traps",
        "refreshed in part",
    ],
)
def test_by_psql(migration, deployed_sales, database, kind):
    migration.write(KINDS[kind])
    there_and_back(migration, database, deployed_sales, by_psql)


@newest
@pytest.mark.parametrize("run", [by_psycopg, by_psql])
def test_between_definitions_that_are_refreshed_in_part(mvc, base, repository, database, tmp_path, run):
    """Changes are logged from the migration on; those of before are in what it built."""
    refreshed_in_part(repository.root)
    repository.commit()
    repository.git("tag", "--force", "v1")
    assert mvc("apply", "--yes").code == 0
    migration = Migration(mvc, repository, tmp_path)
    migration.write(more_to_log)
    there_and_back(migration, database, base, run)
    query = "SELECT mode, groups FROM mvc.refresh_log WHERE view_name = 'sales' ORDER BY id DESC LIMIT 1"
    assert mvc("refresh", "sales").code == 0
    base.execute("UPDATE o SET amount = amount + 1 WHERE id = 8")
    assert mvc("refresh", "sales").code == 0
    assert base.execute(query).fetchone() == ("incremental", 1)
    assert base.execute(
        "SELECT count(*) FROM sales AS s JOIN (SELECT city, sum(amount) AS total FROM o GROUP BY 1) AS t USING (city, total)"
    ).fetchone() == (2,)  # of the third city the total is not above 15


@on_major(15)
class TestRefused:
    @pytest.mark.parametrize("options", [("--echo-errors",), ("-v", "ON_ERROR_STOP=0")], ids=["stops", "goes on"])
    def test_outside_of_a_transaction(self, migration, deployed_sales, database, options):
        """psql would go on after an error, past all that is refused."""
        migration.write(KINDS["much at once"])
        there = catalog(deployed_sales)
        error = by_psql(database, migration.up, *options)
        assert "this migration must run in one transaction" in error
        assert catalog(deployed_sales) == there
        assert by_psql(database, migration.up) == ""

    def test_where_nothing_is_deployed(self, mvc, repository, base, database, tmp_path):
        migration = Migration(mvc, repository, tmp_path)
        migration.write(KINDS["rows"])
        there = catalog(base)
        for run in (by_psql, by_psycopg):
            assert "is not deployed here" in run(database, migration.up)
            assert catalog(base) == there

    def test_where_another_state_is_deployed(self, mvc, migration, deployed_sales, database):
        migration.write(KINDS["rows"])
        edit(migration.repository.root, VIEW, "{sum: o.amount,", "{sum: o.amount * 2,")
        assert mvc("apply", "--yes", "--allow", "loosen-access,row-count").code == 0
        error = refused(deployed_sales, migration.up, database, by_psql)
        assert "is deployed with another definition" in error
        assert "compare again" in error or "mvc apply" in error

    def test_where_somebody_else_has_the_name_of_a_new_view(self, migration, deployed_sales, database):
        migration.write(KINDS["view added"])
        deployed_sales.execute("CREATE VIEW more AS SELECT 1 AS n")
        error = refused(deployed_sales, migration.up, database, by_psql)
        assert "the relation public.more is not ours" in error
        assert deployed_sales.execute("TABLE more").fetchall() == [(1,)]

    def test_where_the_rows_do_not_fit(self, mvc, migration, deployed_sales, database):
        """An error half-way: the builds before it are gone as well."""
        migration.write(Change(VIEW, "{min: o.day}", '{min: "o.amount / (o.amount - 1)"}').make)
        refused(deployed_sales, migration.up, database, by_psql)
        refused(deployed_sales, migration.up, database, by_psycopg)

    def test_by_who_does_not_own_it(self, migration, deployed_sales, database, monkeypatch):
        migration.write(KINDS["rows"])
        there = catalog(deployed_sales)
        with pytest.raises(psycopg.Error), database.connect(user="cli_other", autocommit=False) as connection:
            connection.execute(migration.up.read_text(encoding="utf-8").encode(), prepare=False)
        assert catalog(deployed_sales) == there


@newest
class TestBesideOthers:
    def test_a_reader_in_the_way_makes_it_fail_instead_of_everybody_wait(self, migration, deployed_sales, database):
        migration.write(KINDS["rows"])
        reader = database.connect(autocommit=False)
        reader.execute("SELECT count(*) FROM sales")
        there = catalog(deployed_sales)
        error = by_psycopg(database, migration.up)
        assert "lock timeout" in error
        assert READERS_WAIT == "60ms"
        assert catalog(deployed_sales) == there
        reader.rollback()
        assert by_psycopg(database, migration.up) == ""

    def test_what_others_put_on_it_stays(self, migration, deployed_sales, database):
        deployed_sales.execute("GRANT SELECT ON sales TO cli_other; COMMENT ON COLUMN sales.n IS 'by hand'")
        deployed_sales.execute(
            "CREATE SCHEMA rep; CREATE VIEW rep.v AS SELECT city, n FROM sales; GRANT SELECT ON rep.v TO cli_other"
        )
        grants = observed(deployed_sales)["grants"]
        migration.write(KINDS["column gone"])
        assert by_psycopg(database, migration.up) == ""
        assert observed(deployed_sales)["grants"] == grants
        assert len(deployed_sales.execute("TABLE rep.v").fetchall()) == 2
        deployed_sales.execute("DROP SCHEMA rep CASCADE")

    def test_rollback_undoes_it(self, mvc, migration, deployed_sales, database):
        """In the ledger it is a deployment like any other."""
        before = observed(deployed_sales)
        migration.write(KINDS["formula"])
        assert by_psycopg(database, migration.up) == ""
        done = mvc("rollback", "--yes")
        assert done.code == 0, done.err
        assert "undoes deployment 2" in done.out
        assert observed(deployed_sales) == before

    def test_several_in_one_transaction(self, migration, mvc, deployed_sales, database):
        """As Alembic runs what is pending."""
        migration.write(KINDS["column added"])
        texts = [migration.up.read_text(encoding="utf-8")]
        CHANGES["index added"].make(migration.repository.root)
        migration.repository.commit()
        texts.append(mvc("diff", "HEAD~1", "HEAD", "--format", "sql").out)
        with deployed_sales.transaction():
            for text in texts:
                deployed_sales.execute(text.encode())
        migration.is_settled("main")


@newest
def test_the_first_one_deploys_everything(mvc, base, repository, database, tmp_path):
    """From before there was a project: as `mvc apply` would have done it."""
    for path in SALES:
        (repository.root / path).unlink()
    (repository.root / "README").write_text("empty\n")
    repository.commit("nothing")
    repository.git("checkout", "--quiet", "v1")
    target = tmp_path / "first.sql"
    assert mvc("diff", "main", "v1", "--format", "sql", "--output", target).code == 0
    assert by_psycopg(database, target) == ""
    assert mvc("apply", "--dry-run").out.startswith("nothing to do")
    assert len(observed(base)["views"]) == 3
    assert by_psycopg(database, target.with_name("first.down.sql")) == ""
    assert observed(base)["views"] == []
