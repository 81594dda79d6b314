"""Sources that need not be read on the way from a changed row to its groups: all that is asked of them stands elsewhere, too.

The groups of a reservation, by organisation, are told by its `organization_id`: the organisation's own row adds nothing but that
it is there, and a key too many does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mvc.analysis.declared.tree import Node
from mvc.analysis.names.scope import bare_column
from mvc.analysis.refresh.change_paths import Trace
from mvc.expression import Expression
from mvc.expression.split import equation

Column = tuple[str, str]  # alias, name

# Of one such type, equal values are the same value.
_EXACT: Final = frozenset({"smallint", "integer", "bigint", "uuid", "date", "boolean"})


def shortcuts(
    trace: Trace, nodes: Iterable[Node], inside: frozenset[str], kept: frozenset[str]
) -> dict[Column, Column]:
    """For each source that is left out, the one column that is read of it and the equal column to read instead.

    `nodes` are all that would be read, those of `inside` by inner joins; those of `kept` stay.
    """
    links = [link for node in nodes for link in trace.links[node.alias]]
    read = {(ref.qualifier or "", ref.name) for item in (*links, *_keys(trace)) for ref in item.columns}
    equal = list(_equations(trace, links, inside - trace.maybe_missing))
    instead: dict[Column, Column] = {}
    for alias in sorted(inside - kept - trace.maybe_missing, key=lambda alias: trace.tree[alias].depth):
        columns = [column for column in read if column[0] == alias]
        if len(columns) == 1 and (other := _other(columns[0], equal, instead)):
            instead = {of: other if to == columns[0] else to for of, to in instead.items()} | {columns[0]: other}
    return instead


def _keys(trace: Trace) -> Iterator[Expression]:
    return (item.expression for item in trace.keys)


def _equations(trace: Trace, links: Iterable[Expression], inside: frozenset[str]) -> Iterator[tuple[Column, Column]]:
    """The pairs of columns that are equal on the way, and then the same."""
    for link in links:
        sides = equation(link)
        refs = [ref for side in sides or () if (ref := bare_column(side)) and ref.qualifier in inside]
        if len(refs) == 2:
            types = {trace.tree[ref.qualifier or ""].readable.columns[ref.name].type for ref in refs}
            if len(types) == 1 and types <= _EXACT:
                yield ((refs[0].qualifier or "", refs[0].name), (refs[1].qualifier or "", refs[1].name))


def _other(column: Column, equal: Iterable[tuple[Column, Column]], instead: Mapping[Column, Column]) -> Column | None:
    for pair in equal:
        one, two = (instead.get(side, side) for side in pair)
        for this, other in ((one, two), (two, one)):
            if this == column and other[0] != column[0]:
                return other
    return None
