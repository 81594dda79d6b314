"""Each real view that is said in the language gives the rows that another query gives, whatever the tables hold.

The other query is written here from the meaning alone, since the statements of these projects are not ours to copy. `compare.py` holds the same
views against the statements themselves, for whoever has a copy of the projects.
"""

from __future__ import annotations

import pytest

from servers import Database, need

from .projects import HERE, NUMBERS, by_hand_text, deploy, differences, name_of, refreshed, size
from .rows import fill
from .test_list import VIEWS

ROWS = ((1, 0), (2, 3), (3, 12), (4, 40))  # (seed, rows of each table)
NEEDS = {"06": "postgis", "34": "citext"}


def test_the_list_says_what_is_said() -> None:
    assert [view.number.zfill(2) for view in VIEWS if view.said == "yes"] == NUMBERS
    assert len(NUMBERS) >= 24


@pytest.mark.parametrize("folder", ["tables", "by_hand"])
def test_each_has_its_tables_and_its_other_query(folder: str) -> None:
    assert sorted(path.stem for path in (HERE / folder).iterdir()) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_it_has_the_name_of_the_real_view(number: str) -> None:
    assert name_of(number) == VIEWS[int(number) - 1].name


@pytest.mark.server
@pytest.mark.parametrize("number", NUMBERS)
def test_it_gives_the_same_rows_as_the_other_query(number: str, database: Database) -> None:
    connection = database.connect()
    if extension := NEEDS.get(number):
        there = connection.execute("SELECT FROM pg_available_extensions WHERE name = %s", [extension]).fetchone()
        need(there is not None or database.major != 15, extension)
        if there is None:
            pytest.skip(f"{extension} is there for PostgreSQL 15 only")
    compiled = deploy(connection, number)
    view = compiled.view(name_of(number))
    for seed, rows in ROWS:
        fill(connection, number, seed, rows)
        refreshed(connection, compiled)
        assert differences(connection, view, by_hand_text(number)) == [], (seed, rows)
    assert size(connection, view) > 0, "equal rows of which there are none say little"
