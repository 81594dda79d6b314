"""A measure as one aggregate call with its order and filter, over the rows of a block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.names.scope import bare_column
from mvc.expression import Expression
from mvc.model.aggregates import Form, Order
from mvc.model.view import Aggregate, Computed, Setting, Sql
from mvc.model.window import Windowed
from mvc.shape.records import (
    AggregateCall,
    AuthorExpression,
    CastTo,
    ColumnOf,
    Condition,
    Ordering,
    Otherwise,
    Present,
    RowCount,
    Value,
)
from mvc.shape.rows import presence_of


@dataclass(frozen=True)
class BlockRows:
    """How expressions stand over the rows of a block: as they are, or over rows that were made unique first.

    `renamed` are the names of columns in the unique rows, `flags` the columns that hold a filter's outcome, by its text.
    """

    renamed: Mapping[ColumnOf, ColumnOf] = field(default_factory=dict)
    flags: Mapping[str, ColumnOf] = field(default_factory=dict)

    def value(self, expression: Expression) -> AuthorExpression | ColumnOf:
        """The expression over these rows."""
        return self.flags.get(expression.text) or AuthorExpression(expression, self.renamed)

    def column(self, alias: str, name: str) -> ColumnOf:
        """A column over these rows."""
        column = ColumnOf(alias, name)
        return self.renamed.get(column, column)

    def presence(self, node: Node) -> Present:
        """That a source has a row, over these rows."""
        column = presence_of(node).column
        return Present(self.column(column.alias, column.name))


def measured(
    measure: Measure, tree: JoinTree, host: str, rows: BlockRows, missing: frozenset[str]
) -> AggregateCall | RowCount:
    """The aggregate over the rows of a block of `host`. `missing` are attributes whose row may be absent there."""
    filters: list[Condition] = [rows.value(measure.where)] if measure.where else []
    if measure.argument is None:
        made, sure = _rows_counted(tree[measure.source], tree, host, rows)
        return replace(made, where=(*filters, *sure))
    if measure.source in missing and not _passes_over_missing(measure):
        filters.append(rows.presence(tree[measure.source]))
    return replace(_call(measure, rows), where=tuple(filters))


def with_default(value: Value, default: Setting | None) -> Value:
    """The value, or the spec's default instead of NULL."""
    return value if default is None else Otherwise(value, default)


def finished(value: Value, item: Aggregate | Computed | Windowed, no_rows: Setting | None = None) -> Value:
    """The value as the spec wants it: of the type that it says, and its default instead of NULL; else what stands for `no_rows`."""
    default = no_rows if item.default is None else item.default
    other = AuthorExpression(default.expression) if isinstance(default, Sql) else default
    if item.type is None:
        return value if other is None else Otherwise(value, other)
    cast = CastTo(value, item.type.name)
    return cast if other is None else Otherwise(cast, CastTo(other, item.type.name))


def _call(measure: Measure, rows: BlockRows) -> AggregateCall:
    function, aggregate = measure.function, measure.aggregate
    values = tuple(rows.value(item) for item in measure.values)
    order = tuple(
        Ordering(rows.value(expression), term.ordered.descending, term.ordered.nulls_first)
        for expression, term in measure.order
    )
    if function.form is Form.LAST:
        order = tuple(Ordering(term.value, not term.descending, not term.nulls_first) for term in order)
    if not order and aggregate.distinct and function.order is Order.DECIDES:
        order = (Ordering(values[0], descending=False, nulls_first=False),)
    separator = aggregate.separator if "separator" in function.options else None
    call = AggregateCall(function, values, order, aggregate.distinct, separator, aggregate.at)
    return replace(call, limit=aggregate.limit)


def _rows_counted(node: Node, tree: JoinTree, host: str, rows: BlockRows) -> tuple[RowCount, tuple[Present, ...]]:
    """The block's own rows; distinct keys of an attribute, which several rows may share."""
    if node.alias == host:
        return RowCount(), ()
    if node.identity is None:
        return RowCount(), (rows.presence(node),)
    key = tuple(rows.column(node.alias, column) for column in node.identity)
    if tree.fixes(node.alias, host):
        return RowCount((rows.presence(node).column,) if node.is_picked else key[:1], once=True), ()
    return RowCount(key), () if len(key) == 1 else (rows.presence(node),)


def _passes_over_missing(measure: Measure) -> bool:
    """Whether the aggregate does not take the NULLs of an absent row for a row."""
    ref = bare_column(measure.argument) if measure.argument else None
    return ref is not None and ref.qualifier == measure.source and measure.function.ignores_null
