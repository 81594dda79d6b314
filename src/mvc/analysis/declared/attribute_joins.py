"""Sources that only lend their attributes to the groups, so that they can be joined to these instead of to every row.

`payments` grouped by organisation show its name: grouped by the foreign key, each organisation is looked up once per group.
That is the same result where the foreign key is declared, so that every value of it has its row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mvc.analysis.declared.blocks import Block
from mvc.analysis.declared.grain import ResolvedDimension
from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.resolved import DeclaredQuery
from mvc.expression import Expression


@dataclass(frozen=True, slots=True)
class Late:
    """`node` is joined to the groups where its column `key` equals `reference`, by which they are grouped in its place."""

    node: Node
    key: str
    reference: Expression


def late_sources(query: DeclaredQuery, branches: Iterable[Block]) -> tuple[Late, ...]:
    """The sources to join after grouping, by alias."""
    busy = _read_elsewhere(query, branches)
    nodes = (query.tree[alias] for alias in sorted(query.tree.singles - busy - {query.tree.base.alias}))
    found = (_late(node, query.dimensions, query.tree) for node in nodes)
    return tuple(item for item in found if item)


def _read_elsewhere(query: DeclaredQuery, branches: Iterable[Block]) -> frozenset[str]:
    """Aliases that something other than a dimension of their own reads."""
    expressions = [*query.where]
    aliases: set[str] = set()
    for block in query.blocks:
        expressions += [item for measure in block.measures for item in measure.expressions]
        aliases |= {measure.source for measure in block.measures}
    expressions += [link.outer for block in branches for link in block.links]
    for node in query.tree.nodes.values():
        aliases |= reads(*node.decides) - {node.alias}
    for item in query.dimensions:
        aliases |= reads(item.expression) if len(reads(item.expression)) > 1 else frozenset()
    return reads(*expressions) | aliases


def _late(node: Node, dimensions: Iterable[ResolvedDimension], tree: JoinTree) -> Late | None:
    own = [item.expression for item in dimensions if reads(item.expression) == {node.alias}]
    columns = {ref.name for item in own if (ref := bare_column(item))}
    key = next(iter(node.equated), "")
    plain = len(node.on) == len(node.equated) == 1 and not node.where and not node.source.required
    if not plain or key not in columns or len(own) == 1 or (key,) not in node.readable.keys:
        return None
    if tree.deciding(node.alias) or not _references(node, key, tree):
        return None
    return Late(node, key, node.equated[key])


def _references(node: Node, key: str, tree: JoinTree) -> bool:
    """Whether the parent's column is declared to refer to the key."""
    column = bare_column(node.equated[key])
    return column is not None and any(
        (foreign.columns, foreign.target, foreign.target_columns) == ((column.name,), node.readable.reference, (key,))
        for foreign in tree[node.parent or ""].readable.foreign_keys
        if column.qualifier == node.parent
    )
