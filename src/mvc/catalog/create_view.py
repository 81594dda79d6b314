"""CREATE VIEW and what else takes its columns from a query. Only here does the DDL reader parse SQL with sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft, DraftRelation, Missing
from mvc.catalog.output_names import named_projections
from mvc.catalog.statements import statements
from mvc.catalog.tokens import SUBSCRIPTS, Token, Unreadable, step, too_deep, too_many_subscripts
from mvc.catalog.trees import first_tree
from mvc.catalog.type_names import read_type
from mvc.catalog.types import Column, RelationKind
from mvc.catalog.view_columns import QuerySurroundings, UnknownSource, query_columns
from mvc.catalog.written import Written, strings
from mvc.sql.outputs import query_names
from mvc.sql.parser import Node

_QUERY_STARTS: Final = ("select", "with", "values", "(", "table")
_AFTER_QUERY: Final = (
    ["with", "no", "data"],
    ["with", "local", "check", "option"],
    ["with", "cascaded", "check", "option"],
    ["with", "check", "option"],
    ["with", "data"],
)
_MOST: Final = 100_000  # tokens; sqlglot needs some four seconds for so many
_TOO_DEEP: Final = "this query is nested too deep"


def create_view(draft: Draft, written: Written) -> None:
    """`CREATE [MATERIALIZED] VIEW`. Raises Missing where `SELECT *` reads a relation that is not there."""
    node = written.node
    if written.kind == "ViewStmt":
        kind: RelationKind = "view"
        relation, listed = node["view"], strings(node.get("aliases", []))
    else:
        kind, relation, listed = "materialized view", node["into"]["rel"], strings(node["into"].get("colNames", []))
    name = written.name(relation)
    view = DraftRelation(*draft.home(name), kind, draft.span(name))
    try:
        view.columns = query_of(draft, written, relation, listed)
    except Unreadable:
        if view.schema != draft.storage_schema:
            raise
        return
    if node.get("if_not_exists") and (view.schema, view.name) in draft.relations:
        return
    if node.get("replace"):
        draft.relations.pop((view.schema, view.name), None)
    draft.add(view)


def query_of(draft: Draft, written: Written, relation: Node, listed: list[str]) -> dict[str, Column]:
    """The columns of the query after `relation … AS`, whose first ones bear the names `listed`. Raises Missing, or Unreadable at the query."""
    cursor = written.cursor(relation.get("location"))
    cursor.skip_to("as")
    cursor.expect("as")
    first, last = cursor.peek(), cursor.tokens[end_of_query(cursor.tokens) - 1]
    if problem := _too_much(cursor.tokens):
        raise Unreadable(problem, first.start, last.end)
    body = written.source.text[first.start : last.end]
    columns = text_columns(draft, body, Name(None, "", first.start, last.end))
    named = [replace(column, name=name) for column, name in zip(columns, listed, strict=False)]
    return {column.name: column for column in (*named, *columns[len(named) :])}


def _too_much(tokens: list[Token]) -> str:
    """Why sqlglot is not asked, which would take long or not come to an end; an empty text where it is."""
    if len(tokens) > _MOST:
        return f"this query has {len(tokens):,} words and signs: {_MOST:,} are the most"
    if too_deep(map(step, tokens)) is not None:
        return _TOO_DEEP
    many = too_many_subscripts(token.text if token.kind == "symbol" else "" for token in tokens) is not None
    return f"this query has more than {SUBSCRIPTS} subscripts in a row" if many else ""


def text_columns(draft: Draft, body: str, place: Name) -> list[Column]:
    """The columns of a query's text; `place` is where it stands."""
    if not body.lower().startswith(_QUERY_STARTS):
        raise Unreadable("this is no query", place.start, place.end)  # sqlglot would log that it gives up
    try:
        query = first_tree(body)
        if not isinstance(query, (exp.Query, exp.Values)):
            raise Unreadable("this is no query", place.start, place.end)
        return query_columns(query, _outside(draft)._replace(names=named_projections(query, body)))
    except SqlglotError as problem:
        names = query_names(body)  # PostgreSQL takes it
        if names and None not in names:
            return [Column(name or "", None) for name in names]
        raise Unreadable(f"the query cannot be read: {_first_line(problem)}", place.start, place.end) from problem
    except RecursionError:
        raise Unreadable(_TOO_DEEP, place.start, place.end) from None
    except UnknownSource as unknown:
        raise Missing(place._replace(name=unknown.source)) from unknown


def _first_line(problem: SqlglotError) -> str:
    return str(problem).split("\n", maxsplit=1)[0].split(". Line", maxsplit=1)[0]


def end_of_query(tokens: list[Token]) -> int:
    """How many of the tokens are the query's: what follows it says whether rows are filled in, or checked."""
    words = [token.text if token.kind == "word" else "" for token in tokens[-4:]]
    return len(tokens) - next((len(tail) for tail in _AFTER_QUERY if words[-len(tail) :] == tail), 0)


def _outside(draft: Draft) -> QuerySurroundings:
    def relation(schema: str | None, name: str) -> Mapping[str, Column] | None:
        found = draft.lookup(Name(schema, name, 0, 0))
        return found.columns if found else None

    def spell(text: str) -> str | None:
        try:
            tokens = next(statements(text), [])
            return draft.spell(read_type(Cursor(tokens)))
        except Unreadable:
            return None

    return QuerySurroundings(relation, spell)
