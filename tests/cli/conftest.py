"""The command as a user has it: in this process with its output caught, or as the real console script."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from emitted import every_script_parses  # noqa: F401
from mvc.cli.group import cli
from mvc.engines.postgres.server.installations import BINDIRS_VARIABLE
from servers import Database

from .projects import CHAIN, ROLES, SALES, Done, Repository, create_sales, write

SCRIPT = Path(sys.executable).parent / "mvc"

# What a session's environment may say of databases, colour and debugging is none of these tests' business.
FOREIGN = ("DATABASE_URL", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING", "PYTHONUTF8")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = [name for name in os.environ if name.startswith(("PG", "MVC_")) and name != BINDIRS_VARIABLE]
    for name in [*FOREIGN, *given]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "5")


@pytest.fixture
def mvc() -> Callable[..., Done]:
    """Runs the command in this process."""

    def run(*arguments: object) -> Done:
        done = CliRunner().invoke(cli, [str(item) for item in arguments], catch_exceptions=False)
        assert "Traceback" not in done.stderr
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def console() -> Callable[..., Done]:
    """Runs the real console script."""

    def run(*arguments: object, **options: Any) -> Done:
        options["env"] = {**os.environ, **options.pop("env", {})}
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(
            [str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60, **options
        )
        assert "Traceback" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def shop(mvc: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `mvc init` writes, as the current folder."""
    folder = tmp_path / "shop"
    assert mvc("init", folder).code == 0
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Views c → b → a, where a row with n = 0 makes `a` fail, and d, which reads none of them."""
    folder = write(tmp_path / "chain", CHAIN)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def deployed_chain(
    chain: Path, mvc: Callable[..., Done], database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection[Any]]:
    """The chain, deployed on the database that DATABASE_URL names."""
    connection = database.connect()
    connection.execute("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); INSERT INTO t VALUES (1, 2), (2, 5)")
    monkeypatch.setenv("DATABASE_URL", database.url)
    assert mvc("apply", "--yes").code == 0
    return connection


@pytest.fixture
def sales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project SALES as the current folder."""
    folder = write(tmp_path / "sales", SALES)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def base(sales: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """Its base tables, in the database that DATABASE_URL names; nothing is deployed there yet."""
    connection = create_sales(database)
    monkeypatch.setenv("DATABASE_URL", database.url)
    yield connection
    connection.execute(f"DROP OWNED BY {', '.join(ROLES)}")


@pytest.fixture
def deployed_sales(base: psycopg.Connection[Any], mvc: Callable[..., Done]) -> psycopg.Connection[Any]:
    done = mvc("apply", "--yes")
    assert done.code == 0, done.err
    return base


@pytest.fixture
def repository(sales: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """SALES in a repository of its own, committed as `v1` on the branch main."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    made = Repository(sales)
    made.commit("the first")
    made.git("tag", "v1")
    return made
