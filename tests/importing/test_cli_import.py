"""`mvc import`: what it writes, what it says, and what ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mvc.cli.group import cli
from servers import newest


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def mvc() -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli, [str(item) for item in arguments], catch_exceptions=False)
        assert "Traceback" not in done.stderr
        return done.exit_code, done.stdout, done.stderr

    return run


def written(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.*") if path.is_file()}


TABLE = "CREATE TABLE t (id int PRIMARY KEY, n int, note text NOT NULL);"


@newest
class TestFromADatabase:
    def test_is_a_project_that_check_takes(self, mvc, by_hand, database, tmp_path):
        code, out, err = mvc("import", "--database", database.url, "-C", "shop")
        assert code == 0, err
        assert "17 views in 20 files written to shop" in err
        assert "next: mvc -C shop check" in err
        assert "customer_orders  the server's print  id (its unique index)" in out
        code, _, err = mvc("-C", "shop", "check")
        assert (code, "error" in err) == (0, False), err

    def test_of_some_views(self, mvc, by_hand, database, tmp_path):
        code, _, err = mvc("import", "--database", database.url, "public.best_*", "customer_orders")
        assert code == 0, err
        views = {path.name for path in (tmp_path / "views").iterdir()}
        assert views == {"best_by_city.yml", "best.yml", "customer_orders.yml"}

    def test_asks_where_nothing_tells_rows_apart(self, mvc, database, tmp_path):
        database.connect().execute(f"{TABLE} CREATE MATERIALIZED VIEW v AS SELECT n, note FROM t")
        code, out, err = mvc("import", "--database", database.url)
        assert code == 0, err
        assert "views/v.yml: nothing tells its rows apart" in out
        assert "next: say the grain of 1 view, then mvc check" in err
        text = (tmp_path / "views" / "v.yml").read_text()
        assert "# grain: [column, …]" in text
        code, _, err = mvc("check")
        assert code == 1
        assert "needs `grain`" in err

    def test_says_where_a_unique_index_is_narrower_than_the_groups(self, mvc, database, tmp_path):
        connection = database.connect()
        connection.execute(f"{TABLE} CREATE MATERIALIZED VIEW v AS SELECT n, note, count(*) FROM t GROUP BY n, note")
        connection.execute("CREATE UNIQUE INDEX ON v (n)")
        code, out, err = mvc("import", "--database", database.url)
        assert code == 0, err
        assert "its unique index on (n) is narrower than its GROUP BY (n, note)" in out
        text = (tmp_path / "views" / "v.yml").read_text()
        assert "grain: [n, note]" in text
        assert "- {columns: [n], unique: true}" in text

    def test_of_a_unique_index_that_takes_nulls(self, mvc, database, tmp_path):
        """Rows with NULL may be alike there, and not in a grain: what the query proves is taken, and what it does not is said."""
        connection = database.connect()
        connection.execute(f"{TABLE} CREATE MATERIALIZED VIEW a AS SELECT id, n FROM t; CREATE UNIQUE INDEX ON a (n)")
        connection.execute("CREATE MATERIALIZED VIEW b AS SELECT n + 1 AS m FROM t; CREATE UNIQUE INDEX ON b (m)")
        connection.execute("CREATE MATERIALIZED VIEW c AS SELECT n + 1 AS m FROM t")
        connection.execute("CREATE UNIQUE INDEX ON c (m) NULLS NOT DISTINCT")
        code, out, _ = mvc("import", "--database", database.url)
        assert code == 0
        assert "grain: [id]" in (tmp_path / "views" / "a.yml").read_text()
        assert "b: m may be NULL: its unique index takes several such rows" in out
        assert "c: m may be NULL" not in out

    def test_names_what_it_cannot_carry(self, mvc, database):
        connection = database.connect()
        connection.execute(f"{TABLE} CREATE MATERIALIZED VIEW v AS SELECT id, n FROM t; CREATE INDEX i ON v (n)")
        connection.execute("COMMENT ON INDEX i IS 'for joins'; ALTER MATERIALIZED VIEW v ALTER n SET STATISTICS 500")
        connection.execute("ALTER MATERIALIZED VIEW v CLUSTER ON i")
        code, out, _ = mvc("import", "--database", database.url, "--format", "json")
        assert code == 0
        found = json.loads(out)
        assert {item["what"] for item in found["views"][0]["lost"]} == {
            "column n: SET STATISTICS 500", "comment on index i", "CLUSTER on index i"
        }  # fmt: skip
        assert found["files"] == ["mvc.yml", "catalog.json", "views/v.yml"]

    def test_writes_over_nothing_unless_told_to(self, mvc, database, tmp_path):
        database.connect().execute(f"{TABLE} CREATE MATERIALIZED VIEW v AS SELECT id FROM t")
        (tmp_path / "views").mkdir()
        (tmp_path / "views" / "v.yml").write_text("view: mine")
        before = written(tmp_path)
        code, _, err = mvc("import", "--database", database.url)
        assert code == 1
        assert "nothing was written: in the way: views/v.yml" in err
        assert written(tmp_path) == before
        assert mvc("import", "--database", database.url, "--force")[0] == 0
        assert "mine" not in (tmp_path / "views" / "v.yml").read_text()

    def test_a_second_one_changes_nothing(self, mvc, by_hand, database, tmp_path):
        assert mvc("import", "--database", database.url)[0] == 0
        before = written(tmp_path)
        code, _, err = mvc("import", "--database", database.url)
        assert code == 0, err
        assert "in 0 files" in err
        assert written(tmp_path) == before

    def test_a_dry_run_writes_nothing(self, mvc, database, tmp_path):
        database.connect().execute(f"{TABLE} CREATE MATERIALIZED VIEW v AS SELECT id FROM t")
        code, out, err = mvc("import", "--database", database.url, "--dry-run", "--format", "markdown")
        assert code == 0
        assert "| `v` | the server&#39;s print" in out or "| `v` |" in out
        assert "would be written" in err
        assert written(tmp_path) == {}

    def test_no_view_matches(self, mvc, database, tmp_path):
        connection = database.connect()
        code, _, err = mvc("import", "--database", database.url)
        assert (code, "there is no materialized view" in err) == (1, True)
        connection.execute(
            f"{TABLE} CREATE MATERIALIZED VIEW totals AS SELECT id FROM t; CREATE VIEW plain AS SELECT 1"
        )
        code, _, err = mvc("import", "--database", database.url, "public.total")
        assert (code, "no materialized view matches `public.total`" in err) == (1, True)
        assert "did you mean `public.totals`?" in err
        code, _, err = mvc("import", "--database", database.url, "plain")
        assert (code, "`plain` is a plain view" in err) == (1, True)
        assert written(tmp_path) == {}


def test_no_server(mvc, tmp_path):
    code, _, err = mvc("import", "--database", "postgresql://nobody@127.0.0.1:1/none")
    assert code == 1
    assert "cannot connect" in err
    assert written(tmp_path) == {}


class TestFromFiles:
    def test_is_a_project_that_check_takes(self, mvc, tmp_path):
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "1.sql").write_text(f"{TABLE} CREATE MATERIALIZED VIEW v AS SELECT id, n FROM t;")
        (tmp_path / "schema" / "2.sql").write_text("GRANT SELECT ON v TO reader; CREATE INDEX ON v (n);")
        (tmp_path / "schema" / "2.down.sql").write_text("DROP MATERIALIZED VIEW v;")
        code, out, err = mvc("import", "schema/", "-C", "project")
        assert code == 0, err
        assert "v     its author's  id (the key of what it reads)  1        reader" in out
        code, _, err = mvc("-C", "project", "check")
        assert (code, "error" in err) == (0, False), err

    def test_no_such_file(self, mvc, tmp_path):
        code, _, err = mvc("import", "nowhere.sql")
        assert (code, "there is no file nowhere.sql" in err) == (1, True)
        (tmp_path / "empty").mkdir()
        code, _, err = mvc("import", "empty/")
        assert (code, "there is no .sql file in empty" in err) == (1, True)

    def test_no_view_in_it(self, mvc, tmp_path):
        (tmp_path / "schema.sql").write_text(TABLE)
        code, _, err = mvc("import", "schema.sql", "-C", "project")
        assert (code, "there is no materialized view" in err) == (1, True)
        assert not (tmp_path / "project").exists()

    def test_no_text(self, mvc, tmp_path):
        (tmp_path / "schema.sql").write_bytes(b"\xff\xfe\x00")
        code, _, err = mvc("import", "schema.sql")
        assert (code, "schema.sql is not UTF-8 text" in err) == (1, True)
