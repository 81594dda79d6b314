"""`mvc apply` on a real server: what is new comes, what is unchanged stays, and a refusal changes nothing at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from servers import newest

from .projects import create_shop

OBJECTS = """
SELECT n.nspname || '.' || c.relname || ':' || c.relkind::text || ':' || c.oid
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^(pg_|information_schema)' ORDER BY 1"""


def objects(connection) -> list[str]:
    return [row[0] for row in connection.execute(OBJECTS)]


def test_deploys_fills_and_then_has_nothing_to_do(mvc, shop, database):
    connection = create_shop(database, shop)
    done = mvc("apply", "--yes", "--database", database.url)
    assert (done.code, done.out) == (0, ""), done.err
    assert f"plan for the database {database.name}" in done.err
    assert "create     daily_revenue" in done.err
    assert "mvc refresh --all" in done.err
    done = mvc("refresh", "--all", "--database", database.url)
    assert (done.code, done.out) == (0, ""), done.err
    assert "daily_revenue  1 rows in" in done.err or "daily_revenue  1 row in" in done.err
    assert connection.execute("SELECT country, orders, revenue FROM daily_revenue").fetchall() == [("NO", 1, 25)]
    before = objects(connection)
    done = mvc("apply", "--database", database.url)  # nothing to confirm
    assert done.code == 0
    assert "unchanged  daily_revenue" in done.err
    assert "create " not in done.err
    assert objects(connection) == before
    assert connection.execute("SELECT count(*) FROM daily_revenue").fetchone() == (1,)


@newest
class TestPlan:
    @pytest.fixture
    def url(self, shop, database, monkeypatch):
        create_shop(database, shop)
        monkeypatch.setenv("DATABASE_URL", database.url)
        return database.url

    def test_dry_run_changes_nothing(self, mvc, url, database):
        before = objects(database.connect())
        done = mvc("apply", "--dry-run")
        assert (done.code, done.out) == (0, "")
        assert "create     daily_revenue" in done.err
        assert objects(database.connect()) == before

    def test_nobody_there_to_confirm(self, console, shop, url, database):
        before = objects(database.connect())
        done = console("apply", cwd=shop)
        assert (done.code, done.out) == (2, "")
        assert "--yes" in done.err
        assert "create     daily_revenue" in done.err
        assert objects(database.connect()) == before

    def test_nobody_there_at_all(self, shop, url):
        """A closed standard input, as some schedulers give it."""
        done = subprocess.run(
            ["bash", "-c", "mvc apply <&-"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        assert done.returncode == 2, done.stderr
        assert "--yes" in done.stderr

    @pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("ye", 1), ("y", 0), ("Yes", 0)])
    def test_is_confirmed(self, mvc, url, database, answer, code, monkeypatch):
        class Terminal:
            isatty = staticmethod(lambda: True)
            readline = staticmethod(lambda: f"{answer}\n" if answer else "")

        monkeypatch.setattr("sys.stdin", Terminal())
        done = mvc("apply")
        assert done.code == code
        assert ("nothing was changed" in done.err) == bool(code)
        assert any("daily_revenue" in item for item in objects(database.connect())) == (not code)

    def test_of_one_view_with_what_it_reads(self, mvc, chain, database):
        connection = database.connect()
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)")
        assert mvc("apply", "b", "--yes", "--database", database.url).code == 0
        names = {item.split(":")[0] for item in objects(connection)}
        assert {"public.a", "public.b"} <= names
        assert not {"public.c", "public.d"} & names
        done = mvc("apply", "--yes", "--database", database.url)
        assert "create     c" in done.err
        assert "unchanged  b" in done.err


@newest
class TestRefusals:
    """Each leaves the database exactly as it was."""

    @pytest.fixture
    def refused(self, mvc, shop, database):
        def check(*words: str) -> None:
            connection = database.connect()
            before = objects(connection)
            for options in ((), ("--dry-run",)):
                done = mvc("apply", "--yes", "--database", database.url, *options)
                assert (done.code, done.out) == (1, "")
                assert all(word in done.err for word in words), done.err
                assert "internal error" not in done.err
            assert objects(connection) == before

        return check

    def test_a_changed_definition(self, mvc, shop, database, refused):
        connection = create_shop(database, shop)
        mvc("apply", "--yes", "--database", database.url)
        mvc("refresh", "--all", "--database", database.url)
        view = shop / "views" / "daily_revenue.yml"
        view.write_text(view.read_text().replace("'cancelled'", "'returned'"))
        refused("daily_revenue", "another definition")
        assert connection.execute("SELECT count(*) FROM daily_revenue").fetchone() == (1,)

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TABLE daily_revenue (x int)",
            "CREATE VIEW daily_revenue AS SELECT 1 AS x",
            "CREATE MATERIALIZED VIEW daily_revenue AS SELECT 1 AS x",
            "CREATE SEQUENCE daily_revenue",
        ],
    )
    def test_a_foreign_relation_in_the_way(self, shop, database, refused, statement):
        create_shop(database, shop).execute(statement)
        refused("public.daily_revenue", "not ours")

    def test_a_foreign_type_in_the_way(self, mvc, shop, database):
        """A view makes a type of its name as well, so the server refuses; that is a refusal, not a fault of ours."""
        create_shop(database, shop).execute("CREATE TYPE daily_revenue AS ENUM ('a')")
        done = mvc("apply", "--yes", "--database", database.url)
        assert done.code == 1
        assert "internal error" not in done.err
        assert "daily_revenue" in done.err

    def test_a_role_that_is_missing(self, shop, database, refused):
        create_shop(database, shop)
        policy = shop / "policies" / "shop.yml"
        policy.write_text(policy.read_text().replace("[shop_staff]", "[shop_staff, 'No Such Role']"))
        refused("No Such Role")

    def test_a_base_table_that_is_missing(self, mvc, shop, database):
        connection = create_shop(database, shop)
        connection.execute("DROP TABLE order_lines")
        before = objects(connection)
        done = mvc("apply", "--yes", "--database", database.url)
        assert (done.code, done.out) == (1, "")
        assert "order_lines" in done.err
        assert "daily_revenue" in done.err
        assert objects(connection) == before

    def test_a_role_that_may_not_create(self, mvc, shop, database):
        connection = create_shop(database, shop)
        connection.execute("DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        before = objects(connection)
        done = mvc("apply", "--yes", "--database", make_conninfo(database.url, user="nobody"))
        assert done.code == 1
        assert "permission denied" in done.err
        assert "internal error" not in done.err
        assert objects(connection) == before

    def test_another_deployment_under_way(self, shop, database, mvc):
        from mvc.postgres.apply import LOCK

        create_shop(database, shop).execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        done = mvc("apply", "--yes", "--database", database.url)
        assert done.code == 1
        assert "another deployment" in done.err

    def test_a_schema_mvc_that_someone_else_owns(self, mvc, shop, database):
        """Who owns the schema owns what is in it and could put functions there that the deploying superuser would run."""
        connection = create_shop(database, shop)
        connection.execute("DO $$ BEGIN CREATE ROLE mallory; EXCEPTION WHEN duplicate_object THEN END $$")
        connection.execute("CREATE SCHEMA mvc AUTHORIZATION mallory")
        try:
            done = mvc("apply", "--yes", "--database", database.url)
            assert done.code == 1, "a deployment went into a schema of mallory's"
            assert "internal error" not in done.err
        finally:
            connection.execute("DROP SCHEMA mvc CASCADE")


class TestDatabase:
    @pytest.mark.parametrize("url", ["nonsense", "http://example.com", "postgresql://h/x?no_such=1"])
    def test_a_wrong_url(self, mvc, shop, url):
        done = mvc("apply", "--yes", "--database", url)
        assert (done.code, done.out) == (1, "")
        assert "this is not a database URL" in done.err
        assert "postgresql://" in done.err

    @pytest.mark.parametrize("command", [["apply", "--yes"], ["refresh", "--all"], ["catalog", "pull"]])
    def test_a_server_that_is_down(self, mvc, shop, command):
        done = mvc(*command, "--database", "postgresql://127.0.0.1:1/x")
        assert (done.code, done.out) == (1, "")
        assert "cannot connect" in done.err
        assert "refused" in done.err

    def test_a_password_is_not_repeated(self, mvc, shop):
        for url in ("postgresql://u:s3cret@127.0.0.1:1/x", "postgresql://u:s3cret@h:notaport/x", "u:s3cret@h/x"):
            done = mvc("apply", "--yes", "--database", url)
            assert done.code == 1
            assert "s3cret" not in done.err + done.out

    @newest
    def test_a_database_that_is_not_there(self, mvc, shop, postgres_server):
        done = mvc("apply", "--yes", "--database", postgres_server.url("no_such_database"))
        assert done.code == 1
        assert 'database "no_such_database" does not exist' in done.err

    @newest
    def test_libpq_s_own_variables(self, mvc, shop, database, monkeypatch):
        info = create_shop(database, shop).info
        for name, value in (("PGHOST", info.host), ("PGPORT", info.port), ("PGDATABASE", info.dbname)):
            monkeypatch.setenv(name, str(value))
        monkeypatch.setenv("PGUSER", info.user)
        assert mvc("apply", "--yes").code == 0

    @newest
    def test_a_wish_of_the_session_changes_nothing(self, mvc, shop, database, monkeypatch):
        """Zone, path, quoting and read-only defaults of the role or database that deploys."""
        connection = create_shop(database, shop)
        name = database.name
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
        connection.execute(f"ALTER DATABASE {name} SET search_path = nowhere")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
        assert mvc("apply", "--yes", "--database", database.url).code == 0
        assert mvc("refresh", "--all", "--database", database.url).code == 0
        assert database.connect().execute("SELECT day::text FROM public.daily_revenue").fetchall() == [("2024-05-01",)]
