"""A `sql:` body → ResolvedView: one query, every name known, its columns, its lineage, and whether keys prove its grain.

The author's text is kept; only names of the project's views are replaced, by what stores their rows.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from mvc.analysis.body.allowed import check_shape
from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.calls import Calls
from mvc.analysis.body.grouping import Grouping
from mvc.analysis.body.lineage import rows_of_body
from mvc.analysis.body.mends import body_help
from mvc.analysis.body.outputs import UNNAMED
from mvc.analysis.body.parse import Parsed, parse_body
from mvc.analysis.body.scopes import Output, RowType, SelectScope, place_of
from mvc.analysis.body.tables import Lookup, Tables
from mvc.analysis.body.walk import Walk
from mvc.analysis.names.functions import ExpressionPlace, Functions, check_call, is_aggregate
from mvc.analysis.relation import Upstream
from mvc.analysis.resolved import OutputColumn, ResolvedView
from mvc.analysis.row_lineage import NO_ROWS, RowLineage
from mvc.analysis.types.check import check_body_types
from mvc.diagnostics import Findings, did_you_mean, error
from mvc.expression import ExpressionError
from mvc.expression.grammar import check_query
from mvc.model.view import Body, View

_BODY: Final = ExpressionPlace("a body", aggregates=True, subqueries=True)


def resolve_body(  # noqa: PLR0913, PLR0917  one for each thing that a body may name
    view: View,
    body: Body,
    upstream: Upstream,
    lookup: Lookup,
    functions: Functions,
    found: Findings,
) -> ResolvedView | None:
    """The view, or None with findings.

    `upstream` holds the project's other views by name, with what stores them as `reference`; `lookup` finds a relation of
    the database by (schema, name), with its search path.
    """
    before = len(found)
    parsed = parse_body(body, found)
    if parsed is None:
        return None
    mine = Findings()
    check_shape(parsed, mine)
    tables = Tables(upstream, lookup, functions.catalog, body.origin, mine)
    resolved = None
    if not mine:
        try:
            resolved = _resolve(view, parsed, tables, functions)
        except RecursionError:
            mine.add(error("MV101", body.origin.span, "this query is nested too deep"))
    if not mine:
        _check_grammar(parsed, mine)
    if not mine and resolved is not None and isinstance(resolved.query, AnalysedBody):
        mine += check_body_types(resolved.query.analysis, functions)
    found += sorted(dict.fromkeys(mine), key=lambda item: item.span)
    return resolved if len(found) == before else None


def _check_grammar(parsed: Parsed, found: Findings) -> None:
    try:
        check_query(parsed.body.sql[: parsed.end])
    except ExpressionError as problem:
        span = parsed.body.origin.part(problem.start, problem.end)
        found.add(error(problem.code, span, problem.title, label="here", help=body_help(parsed.body.sql, problem.help)))


def _resolve(view: View, parsed: Parsed, tables: Tables, functions: Functions) -> ResolvedView:
    calls = Calls(parsed, functions)
    walk = Walk(parsed, tables, calls)
    rows = walk.query(parsed.query, None, {})
    body = parsed.body
    for call in calls.all():
        check_call(call, _BODY, body.origin, functions, tables.found)
        if call.in_from and is_aggregate(functions.overloads(call)):
            span, title = (
                body.origin.part(call.start, call.close + 1),
                f"the aggregate `{call.name}` cannot be read like a table",
            )
            help_line = "aggregate in a subquery: (SELECT …) AS name"
            tables.found.add(error("MV213", span, title, label="an aggregate", help=help_line))
    for scope in walk.scopes:
        Grouping(scope, calls, walk.names.refs, body.origin).check(tables.found)
    outermost = next((scope for scope in walk.scopes if scope.select is parsed.select), None)
    _check_names(parsed, rows, outermost.outputs if outermost else [], tables.found)
    _check_columns(view, body, rows, tables.found)
    text = parsed.text(list(dict.fromkeys(tables.edits)))
    query = AnalysedBody(text, Analysis(parsed, calls, tuple(walk.scopes), walk.names.refs, rows))
    behind = rows_of_body(parsed.query, walk.scopes, walk.names.refs, tables.relations)
    return ResolvedView(
        view=view,
        columns=_columns(body, rows, behind),
        grain=body.grain,
        proven=body.grain is not None and _is_proven(frozenset(body.grain), rows, walk, outermost),
        query=query,
        indexes=view.indexes,
        upstream=tuple(sorted(tables.read)),
        rows=behind,
    )


def _is_proven(grain: frozenset[str], rows: RowType, walk: Walk, outermost: SelectScope | None) -> bool:
    by_key = any(key <= grain for key in rows.keys)
    return by_key or (outermost is not None and walk.keys.identifies(grain, outermost))


def _columns(body: Body, rows: RowType, behind: RowLineage) -> tuple[OutputColumn, ...]:
    return tuple(
        OutputColumn(
            item.name,
            item.type,
            item.nullable,
            body.descriptions.get(item.name),
            item.lineage,
            behind if item.counts else NO_ROWS,
        )
        for item in rows.fields
    )


def _check_names(parsed: Parsed, rows: RowType, outputs: list[Output], found: Findings) -> None:
    """Every output column has a name, and one of its own."""
    seen: set[str] = set()
    for number, item in enumerate(rows.fields):
        if item.name != UNNAMED and item.name not in seen:
            seen.add(item.name)
            continue
        node = outputs[number].node if number < len(outputs) else None
        span = parsed.body.origin.part(*(place_of(node) if node is not None else _first_place(parsed)))
        if item.name == UNNAMED:
            found.add(error("MV214", span, "this column has no name", label="no name", help="give it one: AS name"))
        else:
            title = f"two columns are named `{item.name}`"
            starred = node is None or isinstance(node, exp.Star)
            help_line = (
                "name the columns that are wanted in the place of `*`, and one of the two anew: "
                f"c.{item.name} AS other_{item.name}"
                if starred
                else f"give it another name: AS other_{item.name}"
            )
            found.add(error("MV214", span, title, label="the second one", help=help_line))


def _first_place(parsed: Parsed) -> tuple[int, int]:
    token = parsed.tokens[0]
    return token.start, token.end + 1


def _check_columns(view: View, body: Body, rows: RowType, found: Findings) -> None:
    """What `grain` and `columns` name must be output columns."""
    names = [item.name for item in rows.fields]
    places = [(name, view.origin.at("grain", number).span) for number, name in enumerate(body.grain or ())]
    places += [
        (name, view.origin.at("columns", name).key_span) for name in {**body.descriptions, **view.former_columns}
    ]
    for name, span in places:
        if name not in names and not rows.open:
            near = did_you_mean(name, names, "columns of this view")
            found.add(error("MV204", span, f"the query has no column `{name}`", label="no such column", help=near))
    for name, was in view.former_columns.items():
        if was in names:
            span = view.origin.at("columns", name, "was").span
            help_line = "take `was` away, or deploy the two one after the other: first without the column of that name"
            title = f"the view has a column `{was}`"
            found.add(error("MV216", span, title, label="no former name", help=help_line))
