"""Two versions of the command against one database: each says which is the older one, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from mvc.cli.main import main
from mvc.engines.postgres.deploy.script import script
from mvc.engines.postgres.runtime.generations import GENERATION, step_words
from mvc.engines.postgres.server.apply import apply
from servers import NEWEST, Database, Servers, new_database

from .projects import PLAIN, ROLES, ROWS, SCHEMA, WHOLE
from .restored import ANYTHING, GENERATIONS, RECORDED_ON, Connection, create_roles, project_of, restored, second_plan
from .shape import shape_of

pytestmark = pytest.mark.by_turns

Command = Callable[..., tuple[int, str, str]]
COMMANDS = {  # what asks a database something, but for `apply`
    "refresh": ("refresh", "--all"),
    "what is due": ("refresh", "--due"),
    "a schedule": ("refresh", "--schedule", "nightly"),
    "status": ("status",),
    "status --check": ("status", "--check", "--alert"),
    "prometheus": ("status", "--format", "prometheus"),
    "diff": ("diff",),
    "rollback": ("rollback", "--yes"),
    "prune": ("prune", "--yes"),
    "partitions": ("partitions",),
    "schedule": ("schedule", "pg_cron"),
}
NEWER = GENERATION + 7


@pytest.fixture
def database(servers: Servers) -> Iterator[Database]:
    with new_database(servers.get(NEWEST), bare=True) as created:
        yield created


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs mvc for the project of the latest state: exit code, and what it wrote."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, text in WHOLE.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(text, encoding="utf-8")

    def run(database: Database, *arguments: str) -> tuple[int, str, str]:
        code = main(["--project", str(tmp_path / "shop"), *arguments, "--database", database.url])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def deployed(database: Database) -> Connection:
    create_roles(database, ROLES)
    connection = database.connect()
    connection.execute(SCHEMA + ROWS)
    apply(connection, project_of(3))
    return connection


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("what", COMMANDS)
def test_an_older_database_is_to_be_upgraded(database: Database, command: Command, what: str, generation: int) -> None:
    restored(database, generation)
    code, out, err = command(database, *COMMANDS[what])
    assert code == 1
    assert (
        f"error: this database was deployed by an older mvc: its runtime is of generation {generation}, this is {GENERATION}"
        in err
    )
    assert "mvc apply upgrades it; mvc apply --dry-run says what that does" in err
    assert out == ""


@pytest.mark.parametrize("what", [*COMMANDS, "apply", "dry run"])
def test_a_newer_database_wants_a_newer_command(database: Database, command: Command, what: str) -> None:
    connection = deployed(database)
    connection.execute("UPDATE mvc.installation SET generation = %s, compiler = '2.0.0'", (NEWER,))
    asked = {"apply": ("apply", "--yes"), "dry run": ("apply", "--dry-run")} | COMMANDS
    code, _, err = command(database, *asked[what])
    assert code == 1
    assert (
        f"error: this database was deployed by a newer mvc 2.0.0: its runtime is of generation {NEWER}, this is {GENERATION}"
        in err
    )
    assert "upgrade this one" in err


def test_a_newer_database_refuses_an_older_script(database: Database) -> None:
    connection = deployed(database)
    connection.execute("UPDATE mvc.installation SET generation = %s", (NEWER,))
    before = shape_of(connection)
    with pytest.raises(
        psycopg.errors.RaiseException, match=f"newer mvc: its runtime is of generation {NEWER}, this is {GENERATION}"
    ):
        connection.execute(script(project_of(3), project_of(3).views).encode())
    connection.execute("ROLLBACK")
    assert shape_of(connection) == before


def test_a_command_that_knows_no_generations_is_refused(database: Database) -> None:
    """It ends its runtime with the first two columns of the installation."""
    connection = deployed(database)
    with (
        pytest.raises(psycopg.errors.RaiseException, match="deployed by a newer mvc than this one"),
        connection.transaction(),
    ):
        connection.execute("DELETE FROM mvc.installation")
        connection.execute(
            "INSERT INTO mvc.installation VALUES ('ce9cc618c234741b', '851f646205134dc15381eb320c23cdaf')"
        )
    assert second_plan(connection, project_of(3)) == []


@pytest.mark.parametrize("generation", [number for number in GENERATIONS if number > 1])
def test_the_script_upgrades_as_well(database: Database, servers: Servers, generation: int) -> None:
    connection, project = restored(database, generation), project_of(generation)
    for _ in range(2):
        connection.execute(script(project, project.views).encode())
    with new_database(servers.get(NEWEST), bare=True) as other:
        fresh = other.connect()
        fresh.execute(SCHEMA + ROWS)
        apply(fresh, project)
        assert shape_of(connection) == shape_of(fresh)
    left = second_plan(connection, project)
    if database.major != RECORDED_ON:  # texts may be sorted in another order there than where the rows were computed
        left = [step for step in left if "the default collation changed" not in step]
    assert left == []


def test_the_script_cannot_replace_what_the_first_generation_deployed(database: Database) -> None:
    """It names stored relations otherwise: that takes a switch."""
    connection, project = restored(database, 1), project_of(1)
    with pytest.raises(psycopg.errors.RaiseException, match="deployed with another definition") as refused:
        connection.execute(script(project, project.views).encode())
    connection.execute("ROLLBACK")
    assert (
        refused.value.diag.message_hint
        == "mvc apply replaces it without taking readers down; mvc diff --format sql writes that as a migration"
    )
    apply(connection, project, options=ANYTHING)
    assert PLAIN["mvc.yml"] in WHOLE["mvc.yml"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_plan_says_what_it_upgrades(database: Database, command: Command, generation: int) -> None:
    restored(database, generation)
    code, said, _ = command(database, "apply", "--dry-run")
    assert code == 0
    assert "the runtime's functions" not in said
    wanted = rf"upgrade the runtime: from generation {generation}( \(mvc [\d.]+\))? to {GENERATION} \(mvc 0.1.0\): \d+ of its \d+ functions change\."
    assert re.search(wanted, said)
    assert all(words in said for words in step_words(generation))
    assert ("stored_relation and refresh_log get the columns" in said) == (generation < 3)
