"""docs/library.md: its examples do what they say, its table is complete, and a user's type checker takes them.

Django, Alembic, FastAPI and IPython are stood in for (stand_ins/): what is shown to work is our part.
"""

from __future__ import annotations

import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mvc
from mvc.cli.commands import COMMANDS
from servers import ROOT, Database

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
STAND_INS = Path(__file__).parent / "stand_ins"
EXAMPLES = {
    int(number): code
    for number, code in re.findall(r"^### (\d+)\..*?^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}
TABLE = PAGE.partition("| --- |")[2].partition("\n\n")[0]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The starter, in the folder `views` below the one that we are in; and the stand-ins in the place of frameworks."""
    for path, text in mvc.starter().items():
        (tmp_path / "views" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "views" / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(STAND_INS)
    before = set(sys.modules)
    yield tmp_path / "views"
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"django", "alembic", "fastapi", "IPython"}:
            del sys.modules[name]


@pytest.fixture
def tables(database: Database, shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database with the starter's tables, which is the usual one too."""
    with database.connect() as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE shop_staff; EXCEPTION WHEN duplicate_object THEN END $$")
        connection.execute((shop / "schema" / "shop.sql").read_text())
    monkeypatch.setenv("DATABASE_URL", database.url)
    return database.url


def run(number: int) -> dict[str, Any]:
    """The names that an example makes."""
    module = types.ModuleType(f"example_{number}")
    sys.modules[module.__name__] = module  # where dataclasses and the like look for it
    try:
        exec(compile(EXAMPLES[number], f"example {number}", "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module.__dict__


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=me", "-c", "user.email=me@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


class TestTable:
    def test_has_every_command(self):
        named = set(re.findall(r"`mvc ([a-z]+)", TABLE))
        without = set(re.findall(r"`mvc (\w+)`", re.findall(r"^(.*) have no function", PAGE, re.MULTILINE)[0]))
        assert (named | without, named & without) == (set(COMMANDS), set())

    def test_has_every_function_and_no_other(self):
        public = {name for name in mvc.__all__ if name.islower() and not name.startswith("_")}
        named = set(re.findall(r"(?<![.\w])([a-z_]+)\(", TABLE))
        assert named == public - {"connect", "render"}
        assert {"connect", "render"} <= set(re.findall(r"([a-z]+)\(", PAGE))

    def test_names_results_that_are_public(self):
        results = {name for row in TABLE.splitlines() for name in re.findall(r"`([A-Z]\w+)`", row)} - {"DATABASE_URL"}
        assert results <= set(mvc.__all__)

    def test_no_module_takes_the_place_of_a_name(self):
        """Importing `mvc.plan`, were there such a module, would put it where the function is."""
        folder = ROOT / "src" / "mvc"
        assert [name for name in mvc.__all__ if (folder / name).exists() or (folder / f"{name}.py").exists()] == []

    def test_there_are_ten_examples(self):
        assert sorted(EXAMPLES) == list(range(1, 11))


class TestExamples:
    def test_a_mapping(self, capsys):
        run(1)
        said = capsys.readouterr().out
        assert "SELECT" in said
        assert "('total', 'numeric', ('public.orders.amount',))" in said

    def test_a_view_in_python(self, capsys):
        run(2)
        place, *rendered = capsys.readouterr().out.splitlines()
        assert place == 'ViewSpec("daily").aggregates["total"].sum'
        assert rendered[0] == "error[MV204]: column `amuont` does not exist in `public.orders`"
        assert rendered[1] == f"  ┌─ {place}:1:3"
        assert rendered[3:5] == ["1 │ o.amuont", "  │   ^^^^^^ no such column"]

    def test_a_branch(self, shop, capsys):
        view = shop / "views" / "daily_revenue.yml"
        git(shop, "init", "--initial-branch=main")
        git(shop, "add", ".")
        git(shop, "commit", "--message=one")
        git(shop, "branch", "branch")
        view.write_text(
            view.read_text().replace("  orders: {count: o}\n", "  orders: {count: o}\n  more: {count: l}\n")
        )
        git(shop, "commit", "--all", "--message=main goes on")
        git(shop, "switch", "branch")
        breaks = run(3)["breaks_something"]
        assert not breaks(str(shop))  # a column that main has got meanwhile has not gone
        view.write_text(view.read_text().replace("  customers: {count: c}\n", ""))
        assert breaks(str(shop))
        assert capsys.readouterr().out == "daily_revenue changed ('breaking', 'rebuild') []\n"

    def test_a_plan(self, tables, capsys):
        deploy = run(4)["deploy"]
        assert deploy("views", tables) == ("daily_revenue",)
        assert "build daily_revenue" in capsys.readouterr().out
        assert deploy("views", tables) == ()

    def test_metrics(self, tables):
        mvc_deployed(tables)
        assert "mvc_view_rows{" in run(5)["metrics"]("views", tables)

    def test_django(self, tables, monkeypatch, capsys):
        command = run(6)["Command"]()
        command.handle()
        assert capsys.readouterr().out == ""  # what is just deployed is not due

        def now(connection, compiled):
            return mvc.refresh_schedule(connection, compiled, "revenue every quarter of an hour")

        monkeypatch.setattr(mvc, "refresh_due", now)
        command.handle()
        assert capsys.readouterr().out.startswith("  ✓ daily_revenue  0 rows in ")
        monkeypatch.setattr(mvc, "refresh_due", lambda *_: (mvc.Refreshed("daily_revenue", "failed", 0, None, "no"),))
        with pytest.raises(run(6)["CommandError"]):
            command.handle()

    def test_alembic(self, shop):
        run(7)["upgrade"]()
        from alembic import op

        assert op.executed == ["SELECT mvc.release('public.order_lines', ARRAY['price']::name[]);"]

    def test_fastapi(self, tables):
        made = run(8)
        from fastapi import Response

        response = Response()
        (route,) = made["app"].routes.values()
        assert route(response) == {}
        assert response.status_code == 503  # nothing is deployed
        mvc_deployed(tables)
        assert list(route(response)) == ["daily_revenue"]
        assert response.status_code == 200

    def test_a_notebook(self, shop):
        run(9)
        from IPython.display import displayed

        assert "**mvc diff** of `shop`" in displayed[0].data
        assert "daily_revenue" in displayed[0].data

    @pytest.mark.server
    def test_pytest(self, tables, tmp_path):
        (tmp_path / "test_example.py").write_text(EXAMPLES[10])
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def mvc_deployed(url: str) -> None:
    with mvc.connect(url) as connection:
        mvc.apply(connection, mvc.compile(mvc.load("views")))


@pytest.mark.slow
def test_a_user_s_module_passes_mypy(tmp_path):
    """With mypy's own settings, so without our plugin for Pydantic; as strict as it can be."""
    for number, code in EXAMPLES.items():
        (tmp_path / f"example_{number}.py").write_text(code)
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {STAND_INS}\n")
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
