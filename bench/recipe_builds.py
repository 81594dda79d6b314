"""How long the recipes of docs/recipes.md take to build, beside SQL that was written by hand before theirs had been seen."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from statistics import median
from typing import Any, Final

from build import PROJECT
from measure import Limit, Result, paired_ratio, progress

TITLE: Final = "Recipes"
MOST: Final = 1.05  # times the query written by hand

sys.path.append(str(PROJECT / "tests"))


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--recipe-scale", type=int, default=500, help="times 40 customers, 300 orders (default: 500)")
    parser.add_argument("--recipe-builds", type=int, default=9, help="how often each query is built (default: 9)")
    parser.add_argument("--recipe", action="append", default=[], metavar="VIEW", help="only this one (may be repeated)")


def measure(arguments: Namespace, result: Result) -> None:
    """All recipes on one server, each one's two queries in turns."""
    import psycopg

    from building import Builder
    from mvc.engines.postgres.server.embedded import EmbeddedServer, choose_installation
    from recipes.page import RECIPES, TABLES, rows

    table = result.rows(("recipe", "rows", "mvc, s", "by hand, s", "mvc / by hand"))
    with EmbeddedServer(choose_installation(), settings={"shared_buffers": "1GB", "autovacuum": "off"}) as server:
        server.create_database("bench")
        with psycopg.connect(server.url("bench"), autocommit=True) as connection:
            connection.execute((TABLES + rows(arguments.recipe_scale)).encode())
            connection.execute("VACUUM ANALYZE")
        builder = Builder(server.url("bench"), "64MB")
        for recipe in RECIPES:
            if not arguments.recipe or recipe.view in arguments.recipe:
                progress(f"recipes: {recipe.view}")
                table.append(_row(recipe, builder, arguments.recipe_builds, result))
        version = builder.connection.info.parameter_status("server_version")
        result.parts.append(f"PostgreSQL {version}, work_mem 64MB, one process, {builder.clock}.")


def _row(recipe: Any, builder: Any, builds: int, result: Result) -> tuple[object, ...]:
    import mvc

    (view,) = mvc.compile(mvc.load(recipe.files())).views
    names = ", ".join(column.name for column in view.columns)
    by_hand = f"SELECT {names} FROM ({recipe.by_hand}) AS by_hand"
    if different := builder.difference(view.query, by_hand):
        raise SystemExit(f"{recipe.view}: {different} rows differ between mvc's query and the hand-written one")
    taken = builder.in_turns({"mvc": view.query, "by hand": by_hand}, builds)
    ratio = paired_ratio(zip(taken["mvc"], taken["by hand"], strict=True))
    result.limits.append(Limit(f"`{recipe.view}` against the query by hand", ratio, MOST, " ×"))
    return (recipe.view, f"{builder.rows():,}", median(taken["mvc"]), median(taken["by hand"]), ratio)
