"""The sources of a view as a tree under its base, with what the keys say about each link.

A link is to-one when its condition equates a whole key of the joined source; where no key tells, the spec must say `one`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mvc.analysis.declared.equality import equations
from mvc.analysis.declared.given import NOTHING_GIVEN, Given
from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.relation import SourceRelation
from mvc.expression import Expression
from mvc.expression.split import conjuncts
from mvc.model.view import OrderTerm, Source


@dataclass(frozen=True)
class Node:
    """A source in the tree. `on` and `where` are conjuncts with every column qualified; the base has no parent and no `on`. `coarse` are
    (alias, column) of what these equate by another equality than that of its keys. Of the rows that a row of the parent has here, the first
    in `order` is the only one. `read` are the columns that something reads, `asked` those of them that more is read of than by which row this
    is; `within` are conditions for rows that matter at all.
    """

    source: Source
    readable: SourceRelation
    parent: str | None
    depth: int
    on: tuple[Expression, ...]
    where: tuple[Expression, ...]
    coarse: frozenset[tuple[str, str]] = frozenset()
    order: tuple[tuple[Expression, OrderTerm], ...] = ()
    read: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    within: tuple[Expression, ...] = ()

    @property
    def alias(self) -> str:
        return self.source.alias

    @cached_property
    def equated(self) -> Mapping[str, Expression]:
        """Columns of this source that a condition equates with something not of this source."""
        return dict(equations(self.alias, (*self.on, *self.where)))

    @cached_property
    def to_one(self) -> bool:
        """Whether a row of the parent has at most one row here."""
        return self.is_row and (self.source.one or bool(self.source.order) or self._by_key)

    @property
    def is_row(self) -> bool:
        """Whether rows of it are joined to those of the parent: not the base, and not what must be absent."""
        return self.parent is not None and not self.source.absent

    @property
    def is_picked(self) -> bool:
        """Whether one of several rows is picked by the order."""
        return bool(self.source.order) and not self._by_key

    @property
    def primary(self) -> tuple[str, ...] | None:
        """The primary key by which PostgreSQL knows the other columns; where a subselect picks the row, it knows of none."""
        return None if self.is_picked else self.readable.primary

    @property
    def decides(self) -> tuple[Expression, ...]:
        """All that says which rows a row of the parent has here."""
        return (*self.on, *self.where, *(term for term, _ in self.order))

    @property
    def matched(self) -> frozenset[str]:
        """The columns that are equated by the equality of their keys."""
        return frozenset(column for column in self.equated if (self.alias, column) not in self.coarse)

    @cached_property
    def _by_key(self) -> bool:
        return _covers(self.readable.keys, self.matched)

    @cached_property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The declared keys, and the one that `one: true` claims, smallest first."""
        claimed = (tuple(self.equated),) if self.source.one and self.equated else ()
        return tuple(sorted((*self.readable.keys, *claimed), key=len))

    @cached_property
    def identity(self) -> tuple[str, ...] | None:
        """The smallest key that tells all rows apart here: without NULLs, or equated by the join, which no NULL passes."""
        usable = (key for key in self.keys if key)
        return next((key for key in usable if all(self._never_null(column) for column in key)), None)

    def _never_null(self, column: str) -> bool:
        return column in self.equated or self.readable.not_null((column,))

    def columns_of(self, refs: Iterable[tuple[str | None, str]], *, told_apart: bool) -> tuple[str, ...]:
        """Those of the columns that are this source's, and those of its keys where rows are `told_apart`, in the order of what it reads."""
        wanted = {name for alias, name in refs if alias == self.alias}
        wanted |= {name for key in self.keys for name in key} if told_apart else set()
        return tuple(name for name in self.readable.columns if name in wanted)

    @cached_property
    def needs_parent(self) -> bool:
        """Whether the condition itself fails where the parent's row is absent: it equates a column of the parent."""
        columns = (bare_column(other) for other in self.equated.values())
        return any(column is not None and column.qualifier == self.parent for column in columns)

    @cached_property
    def determines_parent(self) -> frozenset[str]:
        """The parent's columns that a row here fixes."""
        parent = self.parent or ""
        found = (column for column, other in equations(parent, self.on) if reads(other) <= {self.alias})
        return frozenset(column for column in found if (parent, column) not in self.coarse)


def _covers(keys: Iterable[tuple[str, ...]], columns: Iterable[str]) -> bool:
    known = frozenset(columns)
    return any(known.issuperset(key) for key in keys)


def _columns_read(expressions: Iterable[Expression]) -> set[tuple[str | None, str]]:
    return {(ref.qualifier, ref.name) for expression in expressions for ref in expression.columns}


class JoinTree:
    """The nodes by alias, parents before children."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.alias: node for node in nodes}
        self.base = next(node for node in self.nodes.values() if node.parent is None)

    def __getitem__(self, alias: str) -> Node:
        return self.nodes[alias]

    def reading(self, expressions: Iterable[Expression], told_apart: frozenset[str] = frozenset()) -> JoinTree:
        """The tree whose nodes know which of their columns are read, by these expressions or by conditions and orders; of the sources `told_apart`
        it matters which row is picked, not only what it says.
        """
        outside = list(expressions)
        every = _columns_read((*outside, *(item for node in self.nodes.values() for item in node.decides)))

        def known(node: Node) -> Node:
            others = (item for other in self.nodes.values() if other is not node for item in other.decides)
            asked = node.columns_of(_columns_read((*outside, *others)), told_apart=node.alias in told_apart)
            return replace(node, read=node.columns_of(every, told_apart=True), asked=asked)

        return self.with_nodes(known)

    def with_nodes(self, other: Callable[[Node], Node]) -> JoinTree:
        """The tree with other nodes in the places of its own."""
        return JoinTree(map(other, self.nodes.values()))

    def path(self, alias: str) -> tuple[str, ...]:
        """From the base to `alias`, both included."""
        steps = [alias]
        while (parent := self.nodes[steps[-1]].parent) is not None:
            steps.append(parent)
        return tuple(reversed(steps))

    def children(self, alias: str) -> tuple[Node, ...]:
        """In an order that does not depend on the layout of the spec."""
        return tuple(
            sorted((node for node in self.nodes.values() if node.parent == alias), key=lambda node: node.alias)
        )

    def deciding(self, alias: str) -> tuple[Node, ...]:
        """The children that decide which rows of `alias` there are: those that must be there, or must not."""
        return tuple(child for child in self.children(alias) if child.source.required or child.source.absent)

    def host(self, alias: str) -> str:
        """The nearest source at or above `alias` that is not to-one of its parent: `alias` is an attribute of its rows."""
        while self.nodes[alias].to_one:
            alias = self.nodes[alias].parent or alias
        return alias

    @cached_property
    def singles(self) -> frozenset[str]:
        """The base and all that is to-one from it: what a dimension may read."""
        return frozenset(alias for alias in self.nodes if self.host(alias) == self.base.alias)

    def fixes(self, alias: str, ancestor: str, given: Given = NOTHING_GIVEN) -> bool:
        """Whether, within a group of which that is given, a row of `alias` determines its row of `ancestor`."""
        steps = self.path(alias)
        links = zip(steps[steps.index(ancestor) :], steps[steps.index(ancestor) + 1 :], strict=False)
        return all(above in given.rows or self._fixes_step(below, above, given) for above, below in links)

    def _fixes_step(self, below: str, above: str, given: Given) -> bool:
        """Whether a row of `below`, and what is given, tell all columns of a key of `above`, its parent."""
        told = set(self.nodes[below].determines_parent)
        told |= {
            name for alias, name in given.columns if alias == above and self.nodes[above].readable.not_null((name,))
        }
        for child in self.children(above):
            if child.alias in given.rows and self.guaranteed(child.alias):
                told |= child.determines_parent
        return _covers(self.nodes[above].keys, told)

    def needed(self, aliases: Iterable[str], among: frozenset[str]) -> frozenset[str]:
        """The sources of `among` that must be joined to read `aliases`: themselves and what lies between."""
        wanted = set(aliases)
        while more := {
            alias
            for found in wanted
            for alias in (self.nodes[found].parent, *reads(*self.nodes[found].decides))
            if alias and alias in among and alias not in wanted
        }:
            wanted |= more
        return frozenset(wanted & among)

    def guaranteed(self, alias: str) -> bool:
        """Whether every row of the parent has a row here: `required`, or a NOT NULL foreign key and no filter."""
        node = self.nodes[alias]
        if node.source.required or node.parent is None:
            return True
        filtered = node.where or len(node.on) != len(node.equated) or self.deciding(alias)
        return not filtered and self._by_foreign_key(node)

    def _by_foreign_key(self, node: Node) -> bool:
        parent = self.nodes[node.parent or ""]
        links = {column: bare_column(other) for column, other in node.equated.items()}
        pairs = {(ref.name, column) for column, ref in links.items() if ref and ref.qualifier == parent.alias}
        return len(pairs) == len(node.on) and any(
            pairs == set(zip(key.columns, key.target_columns, strict=True))
            and key.target == node.readable.reference
            and parent.readable.not_null(key.columns)
            for key in parent.readable.foreign_keys
        )


def conditions(*expressions: Expression | None) -> tuple[Expression, ...]:
    """The conjuncts of all of them."""
    return tuple(part for expression in expressions if expression for part in conjuncts(expression))


def may_be_missing(tree: JoinTree) -> frozenset[str]:
    """The singles whose row may be absent for a row of the base."""
    missing: set[str] = set()
    for alias in tree.singles:
        if any(not tree.guaranteed(step) for step in tree.path(alias)[1:]):
            missing.add(alias)
    return frozenset(missing)
