"""Each recipe of docs/recipes.md is short, compiles, and gives the rows of SQL written by hand: built, and refreshed after changes."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

import mvc
from servers import Database

from .page import CHANGES, HERE, LONGEST, RECIPES, TABLES, Recipe, rows

# Recipes whose groups are not refreshed one by one, and a part of the reason that `mvc check --modes` gives.
WHOLE = {"orders_smoothed": "average", "monthly_balances": "balance", "country_shares": "share"}
each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.view for recipe in RECIPES])


def test_every_recipe_has_its_query_and_every_query_its_recipe() -> None:
    assert {recipe.view for recipe in RECIPES} == {path.stem for path in (HERE / "by_hand").glob("*.sql")}
    assert len(RECIPES) >= 12


@each_recipe
def test_a_recipe_is_short_and_has_no_finding(recipe: Recipe) -> None:
    assert len(recipe.yaml.splitlines()) <= LONGEST
    compiled = mvc.compile(mvc.load(recipe.files()))
    assert [item for item in compiled.diagnostics if item.code != "MV406"] == []


@each_recipe
def test_a_recipe_gives_the_rows_of_sql_by_hand(recipe: Recipe, database: Database) -> None:
    compiled = mvc.compile(mvc.load(recipe.files()))
    with _filled(database) as connection:
        mvc.apply(connection, compiled)
        mvc.refresh(connection, compiled, [recipe.view])
        assert _count(connection, recipe) > 0
        assert _differences(connection, recipe) == []


@pytest.mark.parametrize("recipe", [each for each in RECIPES if each.view not in WHOLE], ids=lambda recipe: recipe.view)
def test_changes_reach_a_recipe_by_its_groups(recipe: Recipe, database: Database) -> None:
    compiled = mvc.compile(mvc.load(recipe.files("incremental")))
    with _filled(database) as connection:
        mvc.apply(connection, compiled)
        mvc.refresh(connection, compiled, [recipe.view])
        connection.execute(CHANGES)
        assert _differences(connection, recipe) != [], "the changes are seen in every recipe"
        mvc.refresh(connection, compiled, [recipe.view])
        assert _differences(connection, recipe) == []


@pytest.mark.parametrize("view", WHOLE)
def test_what_is_refreshed_as_a_whole_says_why(view: str) -> None:
    recipe = next(item for item in RECIPES if item.view == view)
    with pytest.raises(mvc.ProjectError) as refused:
        mvc.compile(mvc.load(recipe.files("incremental")))
    (finding,) = [item for item in refused.value.diagnostics if item.code == "MV604"]
    assert WHOLE[view] in finding.title


def _filled(database: Database) -> psycopg.Connection[Any]:
    connection = database.connect()
    connection.execute(TABLES + rows(1))  # type: ignore[operator]
    return connection


def _count(connection: psycopg.Connection[Any], recipe: Recipe) -> int:
    row = connection.execute(f'SELECT count(*) FROM public."{recipe.view}"').fetchone()
    return int(row[0]) if row else 0


def _differences(connection: psycopg.Connection[Any], recipe: Recipe) -> list[tuple[Any, ...]]:
    """The rows that only one of both has."""
    columns = ", ".join(_columns(connection, recipe))
    wanted, has = (
        f"SELECT {columns} FROM ({recipe.by_hand}) AS by_hand",
        f'SELECT {columns} FROM public."{recipe.view}"',
    )
    query = f"({wanted} EXCEPT ALL {has}) UNION ALL ({has} EXCEPT ALL {wanted})"
    return connection.execute(re.sub(r";\s*\)", ")", query)).fetchall()


def _columns(connection: psycopg.Connection[Any], recipe: Recipe) -> list[str]:
    described = connection.execute(f'SELECT * FROM public."{recipe.view}" LIMIT 0').description or ()
    names = {column.name for column in described}
    by_hand = connection.execute(f"SELECT * FROM ({recipe.by_hand}) AS by_hand LIMIT 0").description or ()
    assert names == {column.name for column in by_hand}
    return sorted(f'"{name}"' for name in names)
