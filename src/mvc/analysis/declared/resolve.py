"""A declared body → ResolvedView: the four rules of the language, applied in order.

1 grain: dimensions are functions of one base row.  2 once: an aggregate sees each row of its source once per group.
3 left: a source without rows removes no group, unless `required`.  4 filter: each `where` picks rows of its own source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from mvc.analysis.declared.after import resolve_after, totally_ordered
from mvc.analysis.declared.blocks import Block, Groups, make_blocks, told_apart
from mvc.analysis.declared.build_tree import WHERE, build_tree
from mvc.analysis.declared.computed import order_computed
from mvc.analysis.declared.defaults import check_defaults, never_missing
from mvc.analysis.declared.grain import ResolvedDimension, check_dimensions, find_grain
from mvc.analysis.declared.lineage import DeclaredLineage, Lineage
from mvc.analysis.declared.measures import Measure, check_once, resolve_measure
from mvc.analysis.declared.periods import period_expression
from mvc.analysis.declared.presence import absent_aliases, said_absent
from mvc.analysis.declared.tree import JoinTree, conditions, may_be_missing
from mvc.analysis.names.functions import ExpressionPlace, Functions
from mvc.analysis.names.scope import Scope, not_there, reads
from mvc.analysis.relation import SourceRelation
from mvc.analysis.resolved import DeclaredQuery, OutputColumn, ResolvedView
from mvc.analysis.types.columns import dimension_type, measure_type, never_null
from mvc.analysis.types.windows import window_columns
from mvc.diagnostics import Findings, error
from mvc.expression import Expression, parse_expression
from mvc.model.view import Aggregate, Computed, Declared, Dimension, View

DIMENSION = ExpressionPlace("a dimension")


def resolve_declared(
    view: View,
    declared: Declared,
    readables: Mapping[str, SourceRelation],
    functions: Functions,
    found: Findings,
) -> ResolvedView | None:
    """The view with its meaning, or None with findings. `readables` holds the sources that exist, by alias."""
    before = len(found)
    tree = build_tree(view, declared, readables, functions, found)
    scope = Scope(readables, functions, absent_aliases(tree) if tree else said_absent(declared))
    dimensions = _dimensions(declared, scope, found)
    if tree is None:
        _check_names_only(declared, scope, found)
        return None
    where = _view_filter(declared, tree, scope, found)
    check_dimensions(dimensions, tree, found)
    measures = _measures(declared, tree, scope, found)
    computed = order_computed(declared, functions, found)
    after = resolve_after(declared, computed, found)
    check_defaults(declared, functions, found)
    if len(found) > before:
        return None
    tree = tree.reading(_read(dimensions, where, measures.values()), told_apart(measures.values(), tree))
    grain = find_grain(dimensions, tree)
    computed = totally_ordered(computed, grain, found)
    groups = Groups(tree, dimensions, grain)
    blocks = make_blocks(measures, groups)
    check_once(measures, tree, groups.given, found)
    _check_keys(blocks, tree, found)
    query = DeclaredQuery(tree, where, dimensions, grain, blocks, computed, after)
    return None if len(found) > before else _resolved(view, declared, query, measures)


def _read(
    dimensions: Iterable[ResolvedDimension], where: Iterable[Expression], measures: Iterable[Measure]
) -> Iterator[Expression]:
    """Every expression but the sources' own."""
    yield from (item.expression for item in dimensions)
    yield from where
    yield from (expression for measure in measures for expression in measure.expressions)


def _dimensions(declared: Declared, scope: Scope, found: Findings) -> tuple[ResolvedDimension, ...]:
    pairs = ((item, scope.resolve(item.sql, DIMENSION, found)) for item in declared.dimensions)
    cut = (
        (item, period_expression(item, expression, scope.sources, scope.functions, found))
        for item, expression in pairs
        if expression
    )
    return tuple(ResolvedDimension(item, _cast(item, expression)) for item, expression in cut if expression)


def _cast(item: Dimension, expression: Expression) -> Expression:
    return parse_expression(f"CAST({expression.text} AS {item.type.name})") if item.type else expression


def _check_names_only(declared: Declared, scope: Scope, found: Findings) -> None:
    """Without a tree, still report every unknown name in filters and aggregates."""
    sqls = [declared.where]
    for measure in declared.measures:
        if isinstance(measure, Aggregate):
            sqls += [*(measure.values if measure.function != "sql" else ()), measure.where]
    for sql in sqls:
        if sql:
            scope.resolve(sql, WHERE, found)


def _view_filter(declared: Declared, tree: JoinTree, scope: Scope, found: Findings) -> tuple[Expression, ...]:
    if declared.where is None:
        return ()
    where = scope.resolve(declared.where, WHERE, found)
    for alias in sorted(reads(where) - tree.singles):
        title = f"the view's `where` picks rows of the base, but `{alias}` may have many rows for one of them"
        help_line = f"filter the source `{alias}` instead, with `required: true` if groups without such a row are to go"
        found.add(error("MV304", declared.where.origin.span, title, help=help_line))
    return conditions(where)


def _measures(declared: Declared, tree: JoinTree, scope: Scope, found: Findings) -> dict[str, Measure]:
    aggregates = [item for item in declared.measures if isinstance(item, Aggregate)]
    absent = [item for item in aggregates if item.alias in scope.absent]
    found += [not_there(item.alias or "", item.origin.at(item.function).span) for item in absent]
    aggregates = [item for item in aggregates if item not in absent]
    resolved = ((item.name, resolve_measure(item, tree, scope, found)) for item in aggregates)
    return {name: measure for name, measure in resolved if measure}


def _check_keys(blocks: Iterable[Block], tree: JoinTree, found: Findings) -> None:
    for block in blocks:
        node = tree[block.host]
        if block.deduplicate and node.identity is None:
            names = ", ".join(f"`{measure.name}`" for measure in block.measures if not measure.repeatable)
            title = f"{names} may see a row of `{node.alias}` several times, and {node.readable.described} has no key to tell them apart"
            help_line = "declare a primary key (or a unique one without NULLs), or read it as a subquery (`sql:`) with its `key`"
            found.add(error("MV308", node.source.origin.key_span, title, help=help_line))


def _resolved(view: View, declared: Declared, query: DeclaredQuery, measures: Mapping[str, Measure]) -> ResolvedView:
    lineage = DeclaredLineage(query)
    columns = [_dimension_column(item, query.tree) for item in query.dimensions]
    columns += [
        _computed_column(item) if isinstance(item, Computed) else _measure_column(measures[item.name], query.tree)
        for item in declared.measures
    ]
    windows = window_columns(query, columns)
    columns += [windows[item.name] for item in declared.windows]
    all_columns = [_with_lineage(item, lineage.columns[item.name]) for item in columns]
    return ResolvedView(
        view=view,
        columns=tuple(item for item in all_columns if item.name not in query.after.hidden),
        grain=query.grain.columns,
        proven=True,
        query=query,
        indexes=view.indexes,
        upstream=tuple(sorted({name for node in query.tree.nodes.values() for name in node.readable.views})),
        rows=lineage.rows,
        hidden=tuple(item for item in all_columns if item.name in query.after.hidden),
    )


def _with_lineage(column: OutputColumn, lineage: Lineage) -> OutputColumn:
    return replace(column, lineage=lineage.columns, rows=lineage.rows)


def _dimension_column(item: ResolvedDimension, tree: JoinTree) -> OutputColumn:
    return OutputColumn(
        name=item.name,
        type=dimension_type(item, tree),
        nullable=not never_null(item.expression, tree, may_be_missing(tree)),
        description=item.dimension.description,
    )


def _measure_column(measure: Measure, tree: JoinTree) -> OutputColumn:
    aggregate = measure.aggregate
    never = measure.function.no_rows is not None or never_missing(aggregate.default)
    type_ = aggregate.type.name if aggregate.type else measure_type(measure, tree)
    return OutputColumn(aggregate.name, type_, not never, aggregate.description)


def _computed_column(item: Computed) -> OutputColumn:
    type_ = item.type.name if item.type else None
    return OutputColumn(item.name, type_, not never_missing(item.default), item.description)
