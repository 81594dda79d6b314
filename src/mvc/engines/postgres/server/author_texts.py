"""Views in their authors' words, where the server proves that these mean what it has: both are printed by it, and the prints are equal.

The text becomes a temporary view in a transaction that is rolled back. Nothing of it is run: a view is only looked at by the parser when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import psycopg
from psycopg.rows import tuple_row

from mvc.engines.postgres.server.errors import refusal_of, server_errors
from mvc.engines.postgres.server.search_path import own_names
from mvc.importing.found import Found, FoundView, Place
from mvc.quoting import identifier, literal, qualified
from mvc.sql.parser import GrammarError, parse

_NAME: Final = "mvc_in_its_authors_words"


@server_errors()
def in_authors_words(connection: psycopg.Connection, found: Found, written: Iterable[FoundView], zone: str) -> Found:
    """What was found in the database, each view in its author's words where `written` has it and both mean the same; else with the reason. Constants are read in
    the time `zone` of the project, as they will be by a deployment. Raises ServerError.
    """
    texts = {view.place: view for view in written}
    path = found.catalog.search_path
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        if cursor.execute(b"SELECT pg_catalog.pg_is_in_recovery()").fetchone() == (True,):
            reason = "a standby makes no views, so the text in the file is not proven: ask the primary"
            return replace(
                found,
                views=tuple(replace(view, unproven=reason) if view.place in texts else view for view in found.views),
            )
        cursor.execute(b"SET TRANSACTION READ WRITE")
        views = tuple(_view(connection, view, texts, path, zone) for view in found.views)
    return replace(found, views=views)


def _view(
    connection: psycopg.Connection, view: FoundView, texts: Mapping[Place, FoundView], path: tuple[str, ...], zone: str
) -> FoundView:
    written = texts.get(view.place)
    if written is None:
        return view
    if reason := _difference(connection, view, written.sql, path, zone):
        return replace(view, unproven=reason)
    return replace(view, sql=written.sql, authored=True)


def _difference(connection: psycopg.Connection, view: FoundView, sql: str, path: tuple[str, ...], zone: str) -> str:
    """Why the text cannot be taken for the view; empty where it can."""
    columns = ", ".join(map(identifier, view.columns))
    statement = f"CREATE TEMPORARY VIEW {_NAME} ({columns}) AS\n{sql}\n"
    try:
        if len(parse(statement) or ()) != 1:
            return "the text in the file is not one query"
        with connection.transaction(force_rollback=True):
            spelled = literal(", ".join(map(qualified, path)))
            settings = f"SELECT pg_catalog.set_config('search_path', {spelled}, true), pg_catalog.set_config('TimeZone', {literal(zone)}, true)"
            connection.execute(settings.encode())
            connection.execute(statement.encode())
            return _compared(connection, view, path)
    except GrammarError as problem:
        return f"PostgreSQL's grammar does not take the text in the file: {problem.message}"
    except psycopg.Error as problem:
        return f"the server does not take the text in the file: {refusal_of(problem).message}"


def _compared(connection: psycopg.Connection, view: FoundView, path: tuple[str, ...]) -> str:
    """Both as the server prints them."""
    query = b"""SELECT pg_catalog.pg_get_viewdef(c.oid, true) FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(%s)"""
    with own_names(connection), connection.cursor(row_factory=tuple_row) as cursor:
        spelled = ", ".join(map(qualified, path))
        cursor.execute(b"SELECT pg_catalog.set_config('search_path', %s, true)", (spelled,))
        prints = [cursor.execute(query, (name,)).fetchone() for name in (qualified(*view.place), f"pg_temp.{_NAME}")]
    return "" if prints[0] is not None and prints[0] == prints[1] else "the text in the file means something else"
