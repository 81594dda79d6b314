"""What an older compiler wrote into the ledger and beside the tables is renewed where the present one writes other statements; rows that are
stored are not built anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from mvc.compiled.project import Compiled
from mvc.engines.postgres.deploy.script import script
from mvc.engines.postgres.plan.steps import Step, Switch
from mvc.engines.postgres.server.apply import apply, plan
from mvc.engines.postgres.server.earlier_records import read_target, read_view
from mvc.engines.postgres.server.refresh import refresh
from servers import NEWEST, Servers, new_database

from .restored import ANYTHING, GENERATIONS, Connection, project_of, restored, second_plan
from .test_upgrades import wrong_rows

VIEW = "per_customer"
OLDER_CAUSES = (
    "CREATE OR REPLACE VIEW mvc.{0}_causes AS SELECT 'never'::text AS mvc_cause, id FROM customers WHERE false"
)


@pytest.fixture
def deployed(servers: Servers) -> Iterator[Connection]:
    with new_database(servers.get(NEWEST), bare=True) as database:
        connection = restored(database, GENERATIONS[-1])
        apply(connection, project_of(3), options=ANYTHING)
        yield connection


def age(connection: Connection, project: Compiled) -> None:
    """As if an older compiler had written other statements for the same meaning, by which no change would ever be found."""
    stored = project.view(VIEW).storage[1]
    connection.execute(OLDER_CAUSES.format(stored).encode())
    connection.execute("UPDATE mvc.installation SET runtime = 'older'")
    connection.execute(
        f"UPDATE mvc.stored_relation SET printed = mvc.printed('mvc.{stored}') WHERE stored_name = '{stored}'".encode()
    )
    connection.execute(
        """UPDATE mvc.deployed_view SET definition = definition || jsonb_build_object('increment', jsonb_set(jsonb_set(definition -> 'increment', '{causes}', '"SELECT 1"'), '{merge,anew}', '"SELECT 2"'))
           WHERE view_name = %s""",
        (VIEW,),
    )


@pytest.mark.parametrize("by", ["apply", "script"])
def test_statements_are_renewed_without_building_anew(deployed: Connection, by: str) -> None:
    project = project_of(3)
    age(deployed, project)
    [(former,)] = deployed.execute(
        f"SELECT '{'.'.join(project.view(VIEW).storage)}'::regclass::oid".encode()
    ).fetchall()
    deployed.execute("INSERT INTO orders VALUES (900, 2, 7, '2026-05-05')")
    assert [step.action for step in plan(deployed, project).steps if step.view == VIEW] == ["renew", "record"]
    if by == "script":
        deployed.execute(script(project, project.views).encode())
    else:
        apply(deployed, project)
    assert second_plan(deployed, project) == []
    [(now,)] = deployed.execute(f"SELECT '{'.'.join(project.view(VIEW).storage)}'::regclass::oid".encode()).fetchall()
    assert now == former
    [(written,)] = deployed.execute("SELECT definition FROM mvc.deployed_view WHERE view_name = %s", (VIEW,)).fetchall()
    assert read_view(written) == project.view(VIEW)
    whole, part = (refresh(deployed, project, [VIEW])[0] for _ in range(2))
    assert (whole.status, whole.mode, whole.detail) == (
        "completed",
        "full",
        "it is refreshed by other statements than before",
    )
    assert (part.status, part.mode) == ("completed", "incremental")
    assert deployed.execute("SELECT bought FROM per_customer WHERE id = 2").fetchone() == (
        deployed.execute("SELECT sum(amount) FROM orders WHERE customer_id = 2").fetchone() or ()
    )


@pytest.mark.parametrize("generation", [number for number in GENERATIONS if number > 1])
def test_ledgers_of_older_compilers_are_read(servers: Servers, generation: int) -> None:
    with new_database(servers.get(NEWEST), bare=True) as database:
        connection = restored(database, generation)
        views = {
            name: read_view(data)
            for name, data in connection.execute("SELECT view_name, definition FROM mvc.deployed_view")
        }
        targets = [read_target(data) for (data,) in connection.execute("SELECT target FROM mvc.deployment")]
    present = project_of(generation)
    assert {name: (view.storage, view.grain, view.access, view.indexes) for name, view in views.items()} == {
        view.name: (view.storage, view.grain, view.access, view.indexes) for view in present.views
    }
    assert [(target.project, target.refresh_roles, len(target.schedules)) for target in targets] == [
        ("shop", present.refresh_roles, len(present.schedules))
    ]
    assert json.dumps(sorted(views)) == '["large", "per_city", "per_customer", "per_day"]'


def actions(part: Step | Switch) -> list[tuple[str, str]]:
    """What is done, and to which view."""
    return [(step.action, step.view) for step in (part.steps if isinstance(part, Switch) else (part,))]


@pytest.mark.parametrize("off", [False, True], ids=["whole", "broken"])
def test_a_log_that_was_whole_is_so_after_an_upgrade(servers: Servers, off: bool) -> None:
    """It is looked at in other ways than before, and its function is another one."""
    with new_database(servers.get(NEWEST), bare=True) as database:
        connection, project = restored(database, GENERATIONS[-1]), project_of(GENERATIONS[-1])
        connection.execute("CALL mvc.refresh('public', 'per_customer')")
        if off:
            connection.execute("ALTER TABLE orders DISABLE TRIGGER USER")
        connection.execute("INSERT INTO orders VALUES (900, 2, 7, '2026-05-05')")
        begun: list[tuple[str, str]] = []
        for _ in range(2):
            connection.execute("UPDATE mvc.installation SET runtime = 'older'")
            apply(connection, project, options=ANYTHING, on_step=lambda part: begun.extend(actions(part)))
        assert ("watch" in {action for action, _ in begun}) == off, begun
        run = refresh(connection, project, [VIEW])[0]
        mode = (
            "full" if off or ("renew", VIEW) in begun else "incremental"
        )  # renewed: its statements are others than before
        assert (run.status, run.mode) == ("completed", mode)
        assert wrong_rows(connection, GENERATIONS[-1])[VIEW] == 0
