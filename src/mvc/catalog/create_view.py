"""CREATE VIEW and what else takes its columns from a query. Only here does the DDL reader parse SQL with sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft, DraftRelation, Missing
from mvc.catalog.statements import statements
from mvc.catalog.tokens import Unreadable, step, too_deep
from mvc.catalog.type_names import read_type
from mvc.catalog.types import Column, RelationKind
from mvc.catalog.view_columns import Outside, UnknownSource, query_columns

_QUERY_STARTS: Final = ("select", "with", "values", "(", "table")
_TOO_DEEP: Final = "this query is nested too deep"


def create_view(draft: Draft, cursor: Cursor, kind: RelationKind, *, replaces: bool = False) -> None:
    """What follows `CREATE … VIEW`. Raises Missing where `SELECT *` reads a relation that is not there."""
    quiet = cursor.if_not_exists()
    name = cursor.qualified()
    listed = [column.text for column in cursor.names()] if cursor.sees("(") else []
    while not (cursor.at_end() or cursor.sees("as")):
        cursor.skip_one()
    schema, bare = draft.home(name)
    view = DraftRelation(schema, bare, kind, draft.span(name))
    try:
        view.columns = read_query(draft, cursor, listed)
    except Unreadable:
        if schema != draft.stored:
            raise
        return
    if quiet and (schema, bare) in draft.relations:
        return
    if replaces:
        draft.relations.pop((schema, bare), None)
    draft.add(view)


def read_query(draft: Draft, cursor: Cursor, listed: list[str]) -> dict[str, Column]:
    """`AS query`, whose first columns bear the names `listed`. Raises Missing, or Unreadable at the query."""
    cursor.expect("as")
    first, last = cursor.peek(), cursor.tokens[-1]
    if too_deep(map(step, cursor.tokens)) is not None:
        raise Unreadable(_TOO_DEEP, first.start, last.end)
    body = draft.source.text[first.start : last.end]
    columns = text_columns(draft, body, Name(None, "", first.start, last.end))
    named = [replace(column, name=name) for column, name in zip(columns, listed, strict=False)]
    return {column.name: column for column in (*named, *columns[len(named) :])}


def text_columns(draft: Draft, body: str, place: Name) -> list[Column]:
    """The columns of a query's text; `place` is where it stands."""
    if not body.lower().startswith(_QUERY_STARTS):
        raise Unreadable("this is no query", place.start, place.end)  # sqlglot would log that it gives up
    try:
        query = parse_one(_without_data_clause(body), dialect="postgres")
        if not isinstance(query, (exp.Query, exp.Values)):
            raise Unreadable("this is no query", place.start, place.end)
        return query_columns(query, _outside(draft))
    except SqlglotError as problem:
        raise Unreadable(f"the query cannot be read: {_first_line(problem)}", place.start, place.end) from problem
    except RecursionError:
        raise Unreadable(_TOO_DEEP, place.start, place.end) from None
    except UnknownSource as unknown:
        raise Missing(place._replace(name=unknown.source)) from unknown


def _first_line(problem: SqlglotError) -> str:
    return str(problem).split("\n", maxsplit=1)[0].split(". Line", maxsplit=1)[0]


def _without_data_clause(body: str) -> str:
    words = body.lower().split()
    count = 3 if words[-3:] == ["with", "no", "data"] else 2 if words[-2:] == ["with", "data"] else 0
    return body.rsplit(None, count)[0] if count else body


def _outside(draft: Draft) -> Outside:
    def relation(schema: str | None, name: str) -> Mapping[str, Column] | None:
        found = draft.lookup(Name(schema, name, 0, 0))
        return found.columns if found else None

    def spell(text: str) -> str | None:
        try:
            tokens = next(statements(text), [])
            return draft.spell(read_type(Cursor(tokens)))
        except Unreadable:
            return None

    return Outside(relation, spell)
