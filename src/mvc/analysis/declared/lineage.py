"""Lineage of a declared view: the columns that each of its columns is computed from, and the rows behind it.

An aggregate sees the rows of its source that are joined to the groups, so it depends on everything that decides these: the
conditions of all sources on the way, what is required, the view's filter, what is grouped by. A dimension is a function of one row; one of
a joined source is NULL or not by the rows of that source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.scope import reads
from mvc.analysis.resolved import DeclaredQuery
from mvc.analysis.row_lineage import NO_ROWS, Origin, RowLineage, together
from mvc.expression import Expression
from mvc.model.window import Windowed


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a column follows from: values of `columns`, and `rows`."""

    columns: frozenset[Origin] = frozenset()
    rows: RowLineage = NO_ROWS

    def __or__(self, other: Lineage) -> Lineage:
        return Lineage(self.columns | other.columns, self.rows | other.rows)


class DeclaredLineage:
    """The lineage of one declared query."""

    def __init__(self, query: DeclaredQuery) -> None:
        self.query = query

    @cached_property
    def rows(self) -> RowLineage:
        """What decides which rows the view has."""
        return self._groups | _picked_by(self.query.after.conditions, self.columns)

    @cached_property
    def _groups(self) -> RowLineage:
        """What decides which groups there are."""
        tree = self.query.tree
        required = {node.alias for node in tree.nodes.values() if node.source.required or node.source.absent}
        keys = [item.expression for item in self.query.dimensions if item.name in self.query.grain.columns]
        picked = (*self.query.where, *keys)
        return self._joined({tree.base.alias, *required, *reads(*picked)}) | self._picked(picked)

    @cached_property
    def columns(self) -> Mapping[str, Lineage]:
        """By column."""
        found = {item.name: self._dimension(item.expression) for item in self.query.dimensions}
        for block in self.query.blocks:
            found |= {item.name: self._measure(item) for item in block.measures}
        for item in self.query.computed:
            found[item.name] = _read(item.expressions, found)
            if isinstance(item, Windowed):
                found[item.name] |= Lineage(rows=self._windowed_over(found))
        return found

    def _windowed_over(self, known: Mapping[str, Lineage]) -> RowLineage:
        """The rows that windows look at: the groups that `having` leaves."""
        having = self.query.after.having
        return self._groups | _picked_by((having,) if having else (), known)

    def _dimension(self, expression: Expression) -> Lineage:
        base = self.query.tree.base.alias
        others = reads(expression) - {base}
        return Lineage(origins((expression,), self.query.tree), self._joined(others, without=base))

    def _measure(self, measure: Measure) -> Lineage:
        inside = self._joined({measure.source, *reads(*measure.expressions)})
        return Lineage(origins(measure.expressions, self.query.tree), self._groups | inside)

    def _joined(self, aliases: Iterable[str], without: str = "") -> RowLineage:
        """The rows of these sources and of all between them and the base, by every condition on the way."""
        tree = self.query.tree
        nodes = [tree[alias] for alias in tree.needed(aliases, frozenset(tree.nodes)) if alias != without]
        picked = [item for node in nodes for item in node.decides]
        return together([*(node.readable.rows for node in nodes), self._picked(picked)])

    def _picked(self, conditions: Iterable[Expression]) -> RowLineage:
        return RowLineage(columns=origins(conditions, self.query.tree))


def origins(expressions: Iterable[Expression], tree: JoinTree) -> frozenset[Origin]:
    """The columns that expressions read; those of a subquery are what they are computed from."""
    refs = (ref for expression in expressions for ref in expression.columns if ref.qualifier)
    return frozenset(origin for ref in refs for origin in tree[ref.qualifier or ""].readable.origins(ref.name))


def _read(expressions: Iterable[Expression], known: Mapping[str, Lineage]) -> Lineage:
    """Of all columns of the view that expressions read."""
    found = Lineage()
    for ref in (ref for expression in expressions for ref in expression.columns):
        found |= known.get(ref.name, Lineage())
    return found


def _picked_by(conditions: Iterable[Expression], known: Mapping[str, Lineage]) -> RowLineage:
    """What conditions over columns of the view depend on."""
    read = _read(conditions, known)
    return RowLineage(columns=read.columns) | read.rows
