"""What is shipped: the wheel and the source archive hold everything, and the wheel works in an environment without extras."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_once import made_once

from servers import ROOT, need

pytestmark = pytest.mark.slow

PIP = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def run(*arguments: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG_", "PG"))}
    return subprocess.run(
        [str(item) for item in arguments],
        cwd=cwd,
        env={**inherited, **PIP, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def environment(folder: Path) -> Path:
    """A new virtual environment's Python; pip installs into it from outside."""
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def install(python: Path, package: object, folder: Path) -> subprocess.CompletedProcess[str]:
    pip = (sys.executable, "-m", "pip", "--python", python)
    return run(*pip, "install", "--quiet", "--no-compile", package, cwd=folder)


def build(folder: Path) -> None:
    python = environment(folder / "builder")
    done = install(python, "build", folder)
    need(done.returncode == 0, f"the package `build` from the package index ({done.stderr.strip()[-200:]})")
    done = run(python, "-m", "build", "--outdir", folder / "dist", ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, made from the source archive, and with that archive."""
    return made_once(tmp_path_factory, "built", build) / "dist"


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel and what it depends on, without extras."""

    def install_wheel(folder: Path) -> None:
        done = install(environment(folder / "env"), wheel, folder)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "installed", install_wheel) / "env" / "bin"


@pytest.fixture
def mvc(installed: Path, tmp_path: Path):
    def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
        return run(installed / "mvc", *arguments, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))

    return run_command


def sources() -> Iterator[str]:
    """Every file of the package that is more than a cache, as it should be in the wheel."""
    for path in (ROOT / "src" / "mvc").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT / "src").as_posix()


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


class TestWheel:
    def test_is_for_every_machine(self, wheel):
        assert wheel.name.startswith("mvc_compiler-")
        assert wheel.name.endswith("-py3-none-any.whl")

    def test_holds_the_whole_package(self, names):
        assert set(sources()) - names == set()

    @pytest.mark.parametrize(
        "name",
        [
            "mvc/py.typed",
            "mvc/catalog/builtins.txt",
            "mvc/engines/postgres/runtime/refresh.sql",
            "mvc/rules/MV301.md",
            "mvc/rules/default/schema.sql",
            "mvc/cli/starter/mvc.yml",
            "mvc/cli/starter/views/daily_revenue.yml",
        ],
    )
    def test_holds(self, names, name):
        assert name in names

    def test_holds_the_reference_project(self, names):
        folders = ("views", "policies", "schedules", "partitions", "schema")
        expected = {path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).glob("*.*")}
        assert {f"mvc/demo/project/{name}" for name in {"mvc.yml", *expected}} <= names

    def test_holds_nothing_else(self, names):
        """No tests, no benchmark, nothing at the top that others' packages could collide with."""
        assert {name.partition("/")[0].partition("-")[0] for name in names} == {"mvc", "mvc_compiler"}
        assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
        beyond = {name for name in names if name.startswith("mvc/") and not name.startswith("mvc/demo/project/")}
        assert beyond == set(sources())

    def test_says_what_it_is(self, wheel):
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            text = archive.read(name).decode("utf-8")
        assert "Name: mvc-compiler" in text.splitlines()
        assert "License-Expression: MIT" in text
        assert "Requires-Python: >=3.10" in text
        assert {"Provides-Extra: postgres", "Provides-Extra: demo"} <= set(text.splitlines())
        always = [line for line in text.splitlines() if line.startswith("Requires-Dist: ") and "extra ==" not in line]
        assert sorted(line.split()[1].split(">")[0].split("<")[0] for line in always) == [
            "click",
            "postgast",
            "pydantic",
            "pyyaml",
            "sqlglot",
        ]


class TestSource:
    def test_holds_what_it_takes_to_build_and_to_test(self, built):
        (archive,) = built.glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            names = {name.partition("/")[2] for name in opened.getnames()}
        expected = {f"src/{name}" for name in sources()} | {
            "pyproject.toml",
            "README.md",
            "LICENSE",
            "Makefile",
            "mkdocs.yml",
            "mvc.yml",
            ".github/workflows/ci.yml",
        }
        expected |= {"tests/conftest.py", "tests/servers.py", "schema/booking.sql"}
        assert expected - names == set()
        assert not [
            name for name in names if ".hypothesis" in name or "__pycache__" in name or name.startswith(".venv")
        ]


class TestInstalled:
    def test_has_no_extra(self, installed, tmp_path):
        done = run(installed / "python", "-c", "import psycopg", cwd=tmp_path)
        assert "ModuleNotFoundError" in done.stderr

    def test_version(self, mvc):
        from mvc.version import VERSION

        assert mvc("--version").stdout == f"mvc {VERSION}\n"

    def test_first_steps(self, mvc, tmp_path):
        for arguments in (["init"], ["check", "--strict"], ["compile"], ["compile"], ["schema"], ["explain", "MV301"]):
            done = mvc(*arguments)
            assert done.returncode == 0, done.stderr
        assert mvc("compile").stdout.startswith("-- Compiled from the project shop")
        assert (tmp_path / "cache" / "mvc").is_dir()

    def test_compiles_the_reference_project_that_it_carries(self, installed, mvc, tmp_path):
        code = "from mvc.demo.project import reference_project; print(reference_project())"
        folder = Path(run(installed / "python", "-c", code, cwd=tmp_path).stdout.strip())
        assert folder.parts[-3:] == ("mvc", "demo", "project")
        done = mvc("--project", folder, "compile")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\nCREATE MATERIALIZED VIEW") == 6
        assert done.stdout.count("CREATE TABLE IF NOT EXISTS mvc.mv_") == 1

    @pytest.mark.parametrize("arguments", [["apply", "--yes"], ["refresh", "--all"], ["catalog", "pull"], ["demo"]])
    def test_says_what_is_missing(self, mvc, arguments):
        mvc("init")
        done = mvc(*arguments)
        assert "Traceback" not in done.stderr
        assert "pip install 'mvc-compiler[" in done.stderr
        assert done.returncode == 1

    def test_types_are_seen_by_others(self, installed, tmp_path):
        code = "from importlib.resources import files; assert (files('mvc') / 'py.typed').is_file()"
        assert run(installed / "python", "-c", code, cwd=tmp_path).returncode == 0
