"""The once rule: which source an aggregate belongs to, and whether joining can show it a row twice.

The source is the alias counted, or the deepest to-many alias that the argument reads: what is to-one below another alias
read is an attribute of its rows. A filter may read the path from the base to the source and attributes along it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from mvc.analysis.declared.given import Given
from mvc.analysis.declared.measure_source import source_of, strangers_to
from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.functions import ExpressionPlace, is_aggregate
from mvc.analysis.names.scope import Scope, bare_column, column_expression, reads
from mvc.catalog.builtins import SYNTAX_FUNCTIONS
from mvc.diagnostics import Findings, error
from mvc.expression import Call, Expression, Ordered
from mvc.model.aggregates import AggregateFunction, Order, Repeats
from mvc.model.view import Aggregate, OrderTerm, Sql

ARGUMENT = ExpressionPlace("an aggregate's argument")
AGGREGATE_CALL = ExpressionPlace("an aggregate", aggregates=True)
FILTER = ExpressionPlace("an aggregate's filter")

# What is written as a call, has no overloads in `pg_proc`, and aggregates nothing.
_NO_AGGREGATES: Final = frozenset(
    name for name, its in SYNTAX_FUNCTIONS.items() if its.kind != "aggregate" or name == "grouping"
)


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate with its source. `second` is the other value of a function of two; `order` pairs each resolved term with the model's
    direction.
    """

    aggregate: Aggregate
    source: str
    argument: Expression | None
    second: Expression | None
    where: Expression | None
    order: tuple[tuple[Expression, OrderTerm], ...]

    @property
    def name(self) -> str:
        return self.aggregate.name

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Everything that it reads."""
        return (*self.values, *((self.where,) if self.where else ()), *(term for term, _ in self.order))

    @property
    def values(self) -> tuple[Expression, ...]:
        """What is aggregated."""
        return tuple(item for item in (self.argument, self.second) if item)

    @property
    def function(self) -> AggregateFunction:
        """What is known of its function."""
        return self.aggregate.known

    @property
    def repeatable(self) -> bool:
        """Whether seeing a row twice changes nothing."""
        return self.function.repeats is Repeats.NOTHING or self.aggregate.distinct


def resolve_measure(aggregate: Aggregate, tree: JoinTree, scope: Scope, found: Findings) -> Measure | None:
    """The aggregate with its names resolved and its source found, or None with findings."""
    before = len(found)
    place = AGGREGATE_CALL if aggregate.function == "sql" else ARGUMENT
    argument = scope.resolve(aggregate.argument, place, found) if aggregate.argument else None
    second = scope.resolve(aggregate.second, ARGUMENT, found) if aggregate.second else None
    where = scope.resolve(aggregate.where, FILTER, found) if aggregate.where else None
    order = tuple((resolved, term) for term in aggregate.order if (resolved := _order_term(term, scope, found)))
    if argument and aggregate.function == "sql":
        _check_one_call(aggregate, argument, scope, found)
    if argument and aggregate.distinct:
        _check_order(aggregate, argument, order, found)
    if len(found) > before:
        return None
    read = (*(item for item in (argument, second) if item), *(item for item, _ in order))
    source = source_of(aggregate, read, tree, found)
    if source is None:
        return None
    measure = Measure(
        aggregate, source, argument, second, where, (*order, *_tie_breakers(aggregate, source, order, tree))
    )
    _check_filter(measure, tree, found)
    return measure if len(found) == before else None


def _nested(argument: Expression, outer: Call, scope: Scope) -> Call | None:
    """An aggregate among the arguments of another one."""
    inner = (call for call in argument.calls if outer.open < call.start < outer.close and not call.in_subquery)
    return next((call for call in inner if not call.over and is_aggregate(scope.functions.overloads(call))), None)


def _check_one_call(aggregate: Aggregate, argument: Expression, scope: Scope, found: Findings) -> None:
    """`sql:` holds one call of an aggregate and nothing around it, so that a filter can stand behind it."""
    node = argument.ast
    filtered = isinstance(node, exp.Filter)
    while isinstance(node, exp.Filter | exp.WithinGroup):
        node = node.this
    call = next((call for call in argument.calls if call.start == 0), None)
    outer = (
        isinstance(node, exp.Func | exp.Dot)
        and call is not None
        and (node is not argument.ast or call.close + 1 == len(argument.source.rstrip()))
    )
    overloads = scope.functions.overloads(call) if call and outer else ()
    sql = aggregate.argument or aggregate
    syntax = call is not None and call.name in _NO_AGGREGATES and not call.schema
    other = syntax or (bool(overloads) and not is_aggregate(overloads))
    if not outer or call is None or call.over or other:
        title = f"`sql` of `{aggregate.name}` is not one call of an aggregate function"
        help_line = (
            "write the call alone, e.g. sql: ST_Union(s.geom); compute with its result in another column, with `expr`"
        )
        found.add(error("MV309", sql.origin.span, title, help=help_line))
    elif nested := _nested(argument, call, scope):
        title = f"the aggregate `{nested.name}` cannot stand in another one"
        span = sql.origin.part(nested.start, nested.close + 1) if sql is aggregate.argument else sql.origin.span
        help_line = "aggregate in a source first: sql: SELECT … GROUP BY …, with its key"
        found.add(error("MV104", span, title, label="an aggregate", help=help_line))
    elif filtered and aggregate.where:
        title = f"`{aggregate.name}` has a FILTER in its `sql` and a `where` besides"
        found.add(error("MV309", aggregate.where.origin.span, title, help="keep one of them"))


def _check_order(
    aggregate: Aggregate, argument: Expression, order: tuple[tuple[Expression, OrderTerm], ...], found: Findings
) -> None:
    """Values that are taken once have no row whose other columns could give them an order."""
    for expression, term in order:
        if aggregate.known.order is not Order.NOTHING and _bare(expression.ast) != _bare(argument.ast):
            title = f"`{aggregate.name}` takes each value once, so only the value itself can give the order"
            help_line = f"write `order: {argument.source}`, or leave `distinct` out"
            found.add(error("MV101", term.origin.span, title, label="another value", help=help_line))


def _bare(node: exp.Expression) -> exp.Expression:
    """Without casts around it: one to the type that it has anyway is nothing to PostgreSQL."""
    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    return node


def _order_term(term: OrderTerm, scope: Scope, found: Findings) -> Expression | None:
    return scope.resolve(Sql(term.ordered.expression, term.origin), ARGUMENT, found)


def _tie_breakers(
    aggregate: Aggregate, source: str, order: tuple[tuple[Expression, OrderTerm], ...], tree: JoinTree
) -> Iterator[tuple[Expression, OrderTerm]]:
    """The key of the source's rows behind an order, so that rows which are equal in it come in one order all the same.

    It costs nothing, since they are put in order anyway. Behind DISTINCT only what is aggregated may stand.
    """
    if not order or aggregate.distinct or aggregate.known.order is Order.NOTHING:
        return
    named = {(ref.qualifier, ref.name) for term, _ in order if (ref := bare_column(term))}
    key = tree[source].identity or ()
    for column in () if {(source, name) for name in key} <= named else key:
        if (source, column) not in named:
            term = column_expression(source, column)
            yield term, OrderTerm(Ordered(term), aggregate.origin)


def _check_filter(measure: Measure, tree: JoinTree, found: Findings) -> None:
    for alias in strangers_to(measure.source, reads(measure.where), tree):
        sql = measure.aggregate.where or measure.aggregate
        title = f"the filter of `{measure.name}` reads `{alias}`, which is neither on the way to `{measure.source}` nor to-one from there"
        help_line = f"aggregate `{alias}` instead; a filter may read what lies between the base and `{measure.source}`"
        found.add(error("MV304", sql.origin.span, title, help=help_line))


def unfixed_ancestors(measure: Measure, tree: JoinTree, given: Given) -> list[str]:
    """Aliases that the argument reads and of which one row of the source may have several within a group."""
    path = tree.path(measure.source)
    aliases = reads(*measure.values, *(term for term, _ in measure.order)) - {measure.source}
    above = {_on_path(alias, path, tree) for alias in aliases} - {measure.source}
    return sorted(alias for alias in above if alias not in given.rows and not tree.fixes(measure.source, alias, given))


def _on_path(alias: str, path: tuple[str, ...], tree: JoinTree) -> str:
    while alias not in path:
        alias = tree[alias].parent or path[0]
    return alias


def check_once(measures: Mapping[str, Measure], tree: JoinTree, given: Given, found: Findings) -> None:
    """Findings for aggregates whose argument has several values for one row of their source."""
    for measure in measures.values():
        for alias in unfixed_ancestors(measure, tree, given):
            span = (measure.aggregate.argument or measure.aggregate).origin.span
            title = f"`{measure.name}` reads `{alias}`, of which one row of `{measure.source}` may have several: which one is meant?"
            help_line = f"read only `{measure.source}` here, or aggregate `{alias}` by itself"
            found.add(error("MV307", span, title, help=help_line))
