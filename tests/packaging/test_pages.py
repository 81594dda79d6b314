"""The shell blocks of docs/ work as they stand, in a project such as their page speaks of, and a repository with its history."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bare import blocks, clone

from mvc.cli.main import main
from servers import ROOT, Database, installations, need, newest, on_major

PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
BLOCKS = {name: found for name, text in PAGES.items() if (found := blocks(text))}
CHANGE = """
sed -i 's/^  customers: .*/&\\n  items: {sum: l.quantity, default: 0}/' views/daily_revenue.yml
git commit --quiet --all --message 'Count items'
git tag v1.5
"""
Paste = Callable[[str, str], str]


@pytest.fixture
def paste(tmp_path: Path) -> Paste:
    """Runs lines in the project's folder, with a database, and gives back all that they print."""

    def run(lines: str, url: str) -> str:
        bindir = installations()[15].bindir if 15 in installations() else ""
        env = {name: text for name, text in os.environ.items() if not name.startswith(("PG", "GIT_", "MVC_"))}
        env |= {"HOME": str(tmp_path), "DATABASE_URL": url, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        env["PATH"] = f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{bindir}:/usr/bin:/bin"
        script = f"set -e; exec 2>&1\n{lines}"
        done = subprocess.run(
            ["bash"], input=script, cwd=tmp_path / "project", env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture
def shop(tmp_path: Path, database: Database, paste: Paste) -> Database:
    """The starter, deployed as `main` says; a branch has a column more. There are tags, and folders of other tools."""
    need(15 in installations(), "psql (Debian's package postgresql-15)")
    assert main(["init", str(tmp_path / "project")]) == 0
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "supabase").write_text("#!/bin/sh\n[ \"$*\" = 'db push' ] && ls supabase/migrations\n")
    (tmp_path / "bin" / "supabase").chmod(0o755)
    with database.connect() as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE shop_staff; EXCEPTION WHEN duplicate_object THEN END $$")
        connection.execute((tmp_path / "project" / "schema" / "shop.sql").read_text(encoding="utf-8"))
    paste(
        "git init --quiet --initial-branch=main; git config user.name me; git config user.email me@example.com\n"
        "mkdir -p migrations supabase/migrations; echo build >.gitignore; git add .; git commit --quiet -m first; git tag v1.4\n"
        f"mvc apply --yes; git switch --quiet --create items; {CHANGE}",
        database.url,
    )
    return database


def columns(database: Database) -> set[str]:
    asked = "SELECT attname FROM pg_attribute WHERE attrelid = 'daily_revenue'::regclass AND attnum > 0"
    return {name for (name,) in database.connect().execute(asked)}


def test_every_page_with_shell_is_here() -> None:
    assert set(BLOCKS) == {
        *("base-tables.md", "deploying.md", "migrations.md", "refreshing.md", "reviewing.md", "taking-over.md")
    }


@on_major(15)
class TestShop:
    def test_deploying(self, shop, paste):
        (block,) = BLOCKS["deploying.md"]
        printed = paste(block, shop.url)
        (shown,) = set(re.findall(r"^plan (\w+) for", printed, re.MULTILINE)[:2])  # the dry run's, and what was applied
        assert re.fullmatch("[0-9a-f]{12}", shown)
        assert re.findall(r"deployment (\d+): 1 view changed", printed) == ["2", "3"]
        assert "dropped 1 relation" in printed
        assert "items" not in columns(shop)

    def test_base_tables(self, shop, paste):
        (block,) = BLOCKS["base-tables.md"]
        shop.connect().execute("ALTER TABLE orders ADD COLUMN amount int")
        migration = "ALTER TABLE order_lines ALTER COLUMN price TYPE numeric(14,2);"
        paste(f"mvc apply --yes; echo '{migration}' >migrations/0007.sql", shop.url)
        printed = paste(block, shop.url)
        assert printed.count("release daily_revenue: readers go on with a copy of its rows") == 2  # dry, and done
        assert "nothing is in the way" in printed
        assert "SELECT mvc.release('public.orders', ARRAY['amount']::name[]);" in printed
        asked = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'order_lines'::regclass AND attname = 'price'"
        assert shop.connect().execute(asked).fetchone() == ("numeric(14,2)",)

    def test_taking_over(self, shop, paste, tmp_path):
        (block,) = BLOCKS["taking-over.md"]
        with shop.connect() as connection:
            connection.execute("CREATE MATERIALIZED VIEW by_hand AS SELECT id, count(*) AS n FROM orders GROUP BY id")
        view = "view: by_hand\nsources: {o: {table: orders}}\ndimensions: {id: o.id}\naggregates: {n: {count: o}}\n"
        (tmp_path / "project" / "views" / "by_hand.yml").write_text(view, encoding="utf-8")
        printed = paste(block, shop.url)
        assert "by_hand: the materialized view public.by_hand of the role" in printed
        assert printed.count("take over by_hand: it takes the place") == 2  # dry, and done
        assert "give back by_hand" in printed
        asked = "SELECT relkind FROM pg_class WHERE oid = 'by_hand'::regclass"
        assert shop.connect().execute(asked).fetchone() == ("m",)

    def test_base_tables_from_python(self, shop, tmp_path, monkeypatch, capsys):
        block = re.findall(r"```python\n(import mvc\n.*?)```", PAGES["base-tables.md"], re.DOTALL)[0]
        connection = shop.connect()
        connection.execute("ALTER TABLE orders ADD COLUMN amount int")
        monkeypatch.chdir(tmp_path / "project")
        exec(block, {"connection": connection})
        assert capsys.readouterr().out == "[] ('daily_revenue',)\n"

    def test_reviewing(self, shop, paste):
        (block,) = BLOCKS["reviewing.md"]
        printed = paste(block, shop.url)
        assert printed.count("column `items` added") == 4  # all but the first: nothing lies in the folder uncommitted
        assert "no differences" in printed

    def test_migrations(self, shop, paste):
        made, applied, flyway, supabase = BLOCKS["migrations.md"]
        assert "wrote build/views.down.sql" in paste(made, shop.url)
        paste(applied, shop.url)
        assert "items" in columns(shop)
        paste(f"{flyway}ls migrations/V12__views.sql migrations/U12__views.sql", shop.url)
        assert re.search(r"^\d{14}_views.sql$", paste(supabase, shop.url), re.MULTILINE)


@newest
def test_refreshing(tmp_path: Path, booking: Database, paste: Paste) -> None:
    """In the reference project, with the page's own schedule by a window."""
    clone(tmp_path / "project")
    fences = re.findall(r"^```yaml\n(.*?)^```$", PAGES["refreshing.md"], re.MULTILINE | re.DOTALL)
    (schedule,) = [text for text in fences if "mode: window" in text]
    (tmp_path / "project" / "schedules" / "window.yml").write_text(schedule, encoding="utf-8")
    paste("mvc apply --yes", booking.url)
    refreshed, by_hand = BLOCKS["refreshing.md"]
    printed = paste(refreshed, booking.url)
    assert printed.count("✓ mv_realtime_availability") == 3
    assert "groups compared: all as the query gives them" in printed
    assert re.search("✓ mv_financial_summary .* window", paste(by_hand, booking.url))
