"""`mvc catalog pull`: the snapshot stands in for the DDL, and holds nothing that the project made itself."""

from __future__ import annotations

import json
from shutil import copytree

import pytest

from servers import ROOT, newest

from .projects import create_shop


def from_snapshot(shop):
    project = shop / "mvc.yml"
    project.write_text(project.read_text().replace("schema/*.sql", "catalog.json"))


def test_compiles_as_from_the_ddl(mvc, shop, database):
    create_shop(database, shop)
    from_ddl = mvc("compile")
    done = mvc("catalog", "pull", "--database", database.url)
    assert (done.code, done.out) == (0, "")
    assert "catalog.json: 3 relations" in done.err
    assert "mvc.yml does not read it yet: write catalog: catalog.json there" in done.err
    from_snapshot(shop)
    assert mvc("compile") == from_ddl
    assert "does not read it" not in mvc("catalog", "pull", "--database", database.url).err


def test_of_the_reference_project(mvc, booking, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    from_ddl = json.loads(mvc("compile", "--format", "json").out)
    for folder in ("views", "policies", "schedules", "partitions"):
        copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "mvc.yml").write_text((ROOT / "mvc.yml").read_text().replace("schema/booking.sql", "catalog.json"))
    assert mvc("--project", tmp_path, "catalog", "pull", "--database", booking.url).code == 0
    done = mvc("--project", tmp_path, "compile", "--format", "json")
    assert done.code == 0, done.err
    pulled = json.loads(done.out)
    assert [view["storage"] for view in pulled["views"]] == [view["storage"] for view in from_ddl["views"]]
    assert pulled["sql"] == from_ddl["sql"]


@newest
class TestPull:
    def test_does_not_hold_what_is_deployed(self, mvc, shop, database):
        create_shop(database, shop)
        mvc("catalog", "pull", "--database", database.url)
        before = (shop / "catalog.json").read_text(encoding="utf-8")
        mvc("apply", "--yes", "--database", database.url)
        mvc("catalog", "pull", "--database", database.url)
        after = (shop / "catalog.json").read_text(encoding="utf-8")
        assert after == before
        assert "daily_revenue" not in after
        assert "refresh_log" not in after

    def test_ends_where_one_says(self, mvc, shop, database):
        create_shop(database, shop)
        assert mvc("catalog", "pull", "--database", database.url, "--output", "x.json").code == 0
        assert json.loads((shop / "x.json").read_text(encoding="utf-8"))
        assert not (shop / "catalog.json").exists()

    def test_of_one_schema(self, mvc, shop, database):
        create_shop(database, shop).execute("CREATE SCHEMA s; CREATE TABLE s.only_here (id int)")
        assert mvc("catalog", "pull", "--database", database.url, "--schema", "s").code == 0
        text = (shop / "catalog.json").read_text(encoding="utf-8")
        assert "only_here" in text
        assert "order_lines" not in text

    def test_without_a_project(self, mvc, database, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        database.connect().execute("CREATE TABLE t (id int)")
        assert mvc("catalog", "pull", "--database", database.url).code == 0
        assert (tmp_path / "catalog.json").is_file()

    def test_of_a_project_whose_catalog_is_not_there_yet(self, mvc, shop, database):
        """The first pull is what makes it."""
        create_shop(database, shop)
        from_snapshot(shop)
        assert mvc("check").code == 1
        assert mvc("catalog", "pull", "--database", database.url).code == 0
        assert mvc("check").code == 0

    @pytest.mark.parametrize("path", ["/proc/x/catalog.json", "missing/catalog.json", "views"])
    def test_where_it_cannot_be_written(self, mvc, shop, database, path):
        done = mvc("catalog", "pull", "--database", database.url, "--output", path)
        assert (done.code, done.out) == (1, "")
        assert path in done.err
        assert "internal error" not in done.err

    def test_takes_no_write(self, mvc, shop, database):
        """It works where nothing may be written, as on a replica."""
        create_shop(database, shop).execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
        assert mvc("catalog", "pull", "--database", database.url).code == 0

    def test_waits_for_nobody(self, mvc, shop, database):
        connection = create_shop(database, shop)
        connection.autocommit = False
        connection.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
        assert mvc("catalog", "pull", "--database", database.url).code == 0


@newest
class TestCheck:
    """Says in CI whether the snapshot is as the database."""

    def test_what_is_stale(self, mvc, shop, database):
        connection = create_shop(database, shop)
        assert mvc("catalog", "pull", "--database", database.url).code == 0
        before = (shop / "catalog.json").read_text(encoding="utf-8")
        fresh = mvc("catalog", "pull", "--check", "--database", database.url)
        assert (fresh.code, fresh.out) == (0, "")
        assert "catalog.json is as the database" in fresh.err
        connection.execute(
            "ALTER TABLE customers ADD COLUMN more int NOT NULL DEFAULT 0; CREATE TABLE extra (id int PRIMARY KEY)"
        )
        connection.execute("ALTER TABLE order_lines ALTER COLUMN quantity TYPE bigint")
        connection.execute("CREATE FUNCTION more(n int) RETURNS int LANGUAGE sql STABLE AS 'SELECT n'")
        stale = mvc("catalog", "pull", "--check", "--database", database.url)
        assert stale.code == 3
        assert stale.out.splitlines() == [
            "  + function public.more(integer): stable function returns integer arguments n",
            "  + column more of public.customers: integer NOT NULL",
            "  + public.extra: table",
            "  ≠ column quantity of public.order_lines: bigint NOT NULL, not integer NOT NULL",
        ]
        assert "catalog.json is stale: mvc catalog pull makes it anew" in stale.err
        assert (shop / "catalog.json").read_text(encoding="utf-8") == before
        assert mvc("catalog", "pull", "--database", database.url).code == 0
        assert mvc("catalog", "pull", "--check", "--database", database.url).code == 0

    def test_what_is_no_snapshot(self, mvc, shop, database):
        create_shop(database, shop)
        done = mvc("catalog", "pull", "--check", "--database", database.url)
        assert (done.code, done.out) == (1, "")
        assert "there is no snapshot" in done.err
        assert "mvc diff --database" in done.err
        assert not (shop / "catalog.json").exists()
        (shop / "catalog.json").write_text("{", encoding="utf-8")
        done = mvc("catalog", "pull", "--check", "--database", database.url)
        assert (done.code, done.out) == (1, "")
        assert "error[MV024]" in done.err

    def test_a_link_out_of_the_project(self, mvc, shop, database, tmp_path):
        """Who wrote the project would have the check print a line of any file, and the pull overwrite it."""
        create_shop(database, shop)
        other = tmp_path / "secret"
        other.write_text("DATABASE_URL=postgresql://me:hidden@host/shop\n", encoding="utf-8")
        (shop / "catalog.json").symlink_to(other)
        for options in (("--check",), (), ("--check", "--output", "catalog.json"), ("--output", "catalog.json")):
            done = mvc("catalog", "pull", *options, "--database", database.url)
            assert (done.code, done.out) == (1, "")
            assert "catalog.json leads out of the project's folder" in done.err
            assert "hidden" not in done.err
        assert "hidden" in other.read_text(encoding="utf-8")


def test_an_unknown_action(mvc):
    done = mvc("catalog", "push")
    assert (done.code, done.out) == (2, "")
