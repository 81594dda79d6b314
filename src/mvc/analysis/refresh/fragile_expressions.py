"""Expressions that one bad value in one row can make fail, each with the rows for which it is evaluated.

PostgreSQL says what was wrong with a value, never in which row it stands; with these a failed refresh finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.declared.tree import Node
from mvc.analysis.names.scope import reads
from mvc.analysis.resolved import DeclaredQuery
from mvc.compiled.refresh import Probe
from mvc.expression import Expression

_FRAGILE: Final = (exp.Cast, exp.Func, exp.Div, exp.Mod, exp.Mul, exp.Add, exp.Sub)
_TABLES: Final = ("table", "partitioned table", "partition")


def probes(query: DeclaredQuery) -> tuple[Probe, ...]:
    """Those that read a single table. Rows that a source's own filter leaves out are none of its business."""
    found: dict[Probe, None] = {}
    for expression, condition in _evaluated(query):
        aliases = reads(expression, condition)
        node = query.tree.nodes.get(next(iter(aliases))) if len(aliases) == 1 else None
        if node and node.readable.kind in _TABLES and _is_fragile(expression):
            where = [] if expression in node.where else [item for item in node.where if reads(item) == aliases]
            found[_probe(node, expression, [*where, *([condition] if condition else [])])] = None
    return tuple(found)


def _evaluated(query: DeclaredQuery) -> Iterator[tuple[Expression, Expression | None]]:
    """Expressions with the condition under which they are evaluated."""
    for condition in (*query.where, *(item for node in query.tree.nodes.values() for item in (*node.where, *node.on))):
        yield condition, None
    for node in query.tree.nodes.values():
        yield from ((term, None) for term, _ in node.order)
    for dimension in query.dimensions:
        yield dimension.expression, None
    for block in query.blocks:
        for measure in block.measures:
            if measure.where:
                yield measure.where, None
            if measure.aggregate.function != "sql":
                values = (*measure.values, *(term for term, _ in measure.order))
                yield from ((value, measure.where) for value in values)


def _is_fragile(expression: Expression) -> bool:
    return any(isinstance(node, _FRAGILE) and not isinstance(node, exp.Connector) for node in expression.ast.walk())


def _probe(node: Node, expression: Expression, where: Iterable[Expression]) -> Probe:
    schema, table = node.readable.reference or ("", "")
    key = next(iter(node.readable.keys), ())
    return Probe(schema, table, node.alias, key, expression.text, tuple(item.text for item in where))
