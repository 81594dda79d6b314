"""MV401: aggregates over rows that joins have multiplied. MV411: joins by what is not unique across partitions.

The rule is that of declared views: an aggregate belongs to the source that its argument reads (one that is to-one below
another is an attribute of its rows), and must see each row of it once. A source multiplies the rows of another where
neither the equations of the SELECT nor its GROUP BY fix one row of it. What no key tells is not held against the author.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.equations import Place, closure, conditions, determined, equations, place_read, places_read
from mvc.analysis.body.scopes import FromItem, SelectScope, own_nodes
from mvc.analysis.resolved import ResolvedView
from mvc.catalog.types import Catalog, Relation
from mvc.diagnostics import Diagnostic, warning
from mvc.expression.calls import is_window
from mvc.model.aggregates import Repeats, called

FANOUT: Final = "MV401"
PARTITIONS: Final = "MV411"


def lint_fanout(view: ResolvedView, catalog: Catalog) -> Iterator[Diagnostic]:
    """The findings of a body."""
    if isinstance(view.query, AnalysedBody):
        for scope in view.query.analysis.scopes:
            if len(scope.items) > 1 and not scope.select.find_ancestor(exp.Exists, exp.In):
                select = _Joined(scope, view.query.analysis, catalog)
                yield from select.fanouts()
                yield from select.partitions()


class _Joined:
    """One SELECT that reads several sources."""

    def __init__(self, scope: SelectScope, analysis: Analysis, catalog: Catalog) -> None:
        self.scope, self.calls, self.refs = scope, analysis.calls, analysis.refs
        self.origin = analysis.calls.parsed.body.origin
        self.catalog = catalog
        self.equations = equations(scope, self.refs, catalog)
        self.conditions = conditions(scope)
        grouped = (place_read(term, scope, self.refs) for term in scope.grouping)
        self.grouped = frozenset(place for place in grouped if place)

    def fanouts(self) -> Iterator[Diagnostic]:
        """MV401."""
        for node in own_nodes(*self.scope.select.expressions, self.scope.select.args.get("having")):
            name = self.calls.name(node)
            known = called(name) if self.calls.aggregates(node) and not is_window(node) else None
            if known and known.repeats is not Repeats.NOTHING and not _distinct(node):
                many = self._multipliers(node)
                if known.repeats is Repeats.SHIFTS:
                    many = [item for item in many if self._is_chained(item, node)]
                if many:
                    yield self._fanout(node, name, many)

    def _read(self, node: exp.Expr) -> set[FromItem]:
        holder = node.parent if isinstance(node.parent, exp.Filter) else node
        return {item for item, _ in places_read(self.scope, self.refs, holder)}

    def _multipliers(self, node: exp.Expr) -> list[FromItem]:
        """The items of which one row of what is aggregated may have several within a group."""
        read = self._read(node)
        if not read or self.scope.sets:
            return []
        fixed = determined(self.scope, self.grouped, self._lifted(read), self.equations)
        return [item for item in self.scope.items if item not in fixed and self._is_many(item)]

    def _lifted(self, read: set[FromItem]) -> set[FromItem]:
        """What is to-one below another source is an attribute of that one's rows."""
        lifted = set(read)
        for number in range(len(self.scope.items) - 1, 0, -1):
            item, earlier = self.scope.items[number], self.scope.items[:number]
            if item in lifted and item in determined(self.scope, (), earlier, self.equations):
                lifted |= {
                    other for equal in self.equations if equal.place[0] is item for other, _ in equal.reads
                } & set(earlier)
        return lifted

    def _is_many(self, item: FromItem) -> bool:
        """Whether keys tell that several rows may match: a key's columns that no condition reads are free."""
        if item.rows.open or not self._keys(item):
            return False
        constrained = {
            column for place, column in places_read(self.scope, self.refs, *self.conditions) if place is item
        }
        constrained |= {equal.place[1] for equal in self.equations if equal.place[0] is item}
        return not any(key <= constrained for key in self._keys(item))

    def _keys(self, item: FromItem) -> list[frozenset[str]]:
        """The keys, without partition columns: ids are unique across partitions until somebody says otherwise (MV411)."""
        relation = self._relation(item)
        extra = frozenset(relation.partition_by) if relation else frozenset()
        return [key - extra or key for key in item.rows.keys]

    def _relation(self, item: FromItem) -> Relation | None:
        return self.catalog.by_name.get(item.rows.relation) if item.rows.relation else None

    def _is_chained(self, item: FromItem, node: exp.Expr) -> bool:
        """Whether rows are multiplied unevenly within a group: the item hangs on them, not on what the group fixes."""
        fixed, places = closure(self.scope, self.grouped, (), self.equations)
        reached = set(self._read(node)) - fixed
        while True:
            more = {
                other
                for equal in self.equations
                if equal.place not in places
                for one, other in _links(equal.place, equal.reads)
                if one in reached and other not in fixed and other not in reached
            }
            if not more:
                return item in reached
            reached |= more

    def _fanout(self, node: exp.Expr, name: str, many: list[FromItem]) -> Diagnostic:
        start, end = self.calls.place(node)
        shown = " ".join(self.calls.parsed.body.sql[start:end].split())
        names = [item.rows.described.rsplit(".", 1)[-1] if item.rows.relation else item.alias for item in many]
        title = f"{shown} is multiplied by {' × '.join(dict.fromkeys(names))}"
        distinct = "count(DISTINCT …) counts each once; " if name == "count" else ""
        help_line = f"{distinct}aggregate each source in a subquery of its own and join the results, or declare `sources` and `aggregates`"
        return warning(FANOUT, self.origin.part(start, end), title, label="sees rows several times", help=help_line)

    def partitions(self) -> Iterator[Diagnostic]:
        """MV411."""
        if self.scope.select.args.get("distinct"):
            return
        for item in self.scope.items:
            relation = self._relation(item)
            if relation is None or not relation.partition_by:
                continue
            equated = {equal.place[1] for equal in self.equations if equal.place[0] is item and equal.reads}
            for key in item.rows.keys:
                part = key - frozenset(relation.partition_by)
                if part and part != key and part <= equated and not self._binds(item, relation.partition_by):
                    yield self._not_unique(item, relation, part)

    def _binds(self, item: FromItem, columns: tuple[str, ...]) -> bool:
        """Whether a condition ties the partition to another source."""
        for part in self.conditions:
            read = places_read(self.scope, self.refs, part)
            if any((item, column) in read for column in columns) and any(other is not item for other, _ in read):
                return True
        return False

    def _not_unique(self, item: FromItem, relation: Relation, part: frozenset[str]) -> Diagnostic:
        names = ", ".join(sorted(part))
        shown = f"{relation.schema}.{relation.name}"
        title = f"`{names}` is unique within each partition of `{shown}` only: this join can multiply rows"
        help_line = f"join by the whole key ({', '.join((*sorted(part), *relation.partition_by))}), or say why it is meant: accept: {{{PARTITIONS}: …}}"
        return warning(
            PARTITIONS, self.origin.part(*self.calls.place(item.node)), title, label="partitioned", help=help_line
        )


def _links(place: Place, reads: frozenset[Place]) -> Iterator[tuple[FromItem, FromItem]]:
    for other, _ in reads:
        yield place[0], other
        yield other, place[0]


def _distinct(node: exp.Expr) -> bool:
    return any(isinstance(part, exp.Distinct) for part in own_nodes(node))
