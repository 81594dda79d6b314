"""A branch whose rows meet several rows of the base: summed by what links them first, and the sums of each row of the base after that.

A row of the branch is read once then, not once for each row of the base. Where only some rows of the base are read, as for a refresh of
some groups, it is not done: all rows of the branch would be summed for a few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mvc.analysis.declared.blocks import Block, split_link, stands_alone
from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.resolved import DeclaredQuery
from mvc.analysis.types.exact import exact_number
from mvc.model.aggregates import AGGREGATES
from mvc.shape.records import AggregateCall, CastTo, ColumnOf, Value

# What makes one value of the values of parts.
_OF_PARTS: Final[Mapping[str, str]] = {
    "count": "sum",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "bool_and": "bool_and",
    "bool_or": "bool_or",
}


def summed_first(block: Block, query: DeclaredQuery) -> Block | None:
    """The block by the links of its host alone, where it can be summed by these first; else None."""
    tree, host = query.tree, block.host
    base = tree.base
    if block.by != "grain" or block.deduplicate or block.path != (base.alias, host):
        return None
    if query.where or base.where or any(node.alias != host for node in tree.deciding(base.alias)):
        return None  # only some rows of the base are read
    if tree.fixes(host, base.alias) or not all(_is_of_parts(item, host, tree) for item in block.measures):
        return None
    links, residue = split_link(tree[host], tree)
    alone = stands_alone((host,), residue, block.measures, tree)
    if not links or not alone or not all(bare_column(link.inner) for link in links):
        return None
    return replace(block, path=(host,), by="link", links=links, residue=residue)


def whole(measure: Measure, alias: str, tree: JoinTree) -> Value:
    """The measure of its parts, which are columns of `alias`."""
    call = AggregateCall(AGGREGATES[_OF_PARTS[measure.aggregate.function]], (ColumnOf(alias, measure.name),))
    return CastTo(call, "bigint") if _is_bigint(measure, tree) else call


def _is_of_parts(measure: Measure, host: str, tree: JoinTree) -> bool:
    aggregate = measure.aggregate
    if aggregate.function not in _OF_PARTS or aggregate.distinct or measure.order or aggregate.limit is not None:
        return False
    if aggregate.function == "sum" and (measure.argument is None or exact_number(measure.argument, tree) is None):
        return False
    return all(tree.host(alias) == host for alias in {measure.source, *reads(*measure.expressions)})


def _is_bigint(measure: Measure, tree: JoinTree) -> bool:
    """Whether it is a bigint, of which PostgreSQL's sum is a numeric."""
    if measure.aggregate.function == "count":
        return True
    exact = measure.aggregate.function == "sum" and measure.argument and exact_number(measure.argument, tree)
    return exact in ("smallint", "integer")
