"""`latest` and `first`: of the rows that a row of the parent has, the one that comes first in an order.

Two rows may be equal in the author's order, and then the database would pick either. A key behind it makes the order total.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mvc.analysis.declared.tree import Node
from mvc.analysis.names.scope import bare_column, column_expression
from mvc.diagnostics import Findings, error
from mvc.expression import Expression, Ordered
from mvc.model.view import OrderTerm

Order = tuple[tuple[Expression, OrderTerm], ...]


def in_total_order(node: Node) -> Node:
    """The node with what is missing of a key behind its order, in the direction of the last term."""
    if not node.is_picked:
        return replace(node, order=())
    missing = _missing(node)
    return replace(node, order=(*node.order, *_terms(node, missing or ())))


def check_order(node: Node, found: Findings) -> None:
    """A finding where no key makes the order total."""
    if node.is_picked and _missing(node) is None:
        term = node.source.order[-1]
        title = f"two rows of `{node.alias}` may be equal in this order, and {node.readable.described} has no key to tell them apart"
        help_line = (
            "declare a primary key (or a unique one without NULLs), or read it as a subquery (`sql:`) with its `key`"
        )
        found.add(error("MV322", term.origin.span, title, label="which of them is meant?", help=help_line))


def _missing(node: Node) -> tuple[str, ...] | None:
    """The columns of a key that the order does not hold, nor the join fixes: of the key that lacks least; None where there is none."""
    ordered = {ref.name for term, _ in node.order if (ref := bare_column(term)) and ref.qualifier == node.alias}
    keys = (key for key in node.readable.keys if node.readable.not_null(set(key) - node.matched))
    lacking = (tuple(column for column in key if column not in ordered | node.matched) for key in keys)
    return min(lacking, key=len, default=None)


def _terms(node: Node, columns: Iterable[str]) -> Order:
    last = node.source.order[-1].ordered
    terms = (column_expression(node.alias, column) for column in columns)
    origin = node.source.order[-1].origin
    return tuple((term, OrderTerm(Ordered(term, last.descending, last.nulls_first), origin)) for term in terms)
