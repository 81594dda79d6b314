"""The way from rows of some sources to the keys of the groups that they are in, as FROM and WHERE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from mvc.analysis.declared.tree import Node
from mvc.analysis.names.scope import reads
from mvc.analysis.refresh.change_paths import Trace
from mvc.analysis.relation import Arm
from mvc.engines.postgres.deploy.naming import joined_name
from mvc.engines.postgres.query.several import union_text
from mvc.engines.postgres.query.verbatim import operand
from mvc.engines.postgres.refresh.shortcuts import Column, shortcuts
from mvc.expression import ColumnRef, Expression, parse_expression
from mvc.quoting import identifier, qualified

Rows = Callable[[Node], str]


def as_it_is(node: Node) -> str:
    """The rows that a source has now; of several tables, the columns that are read."""
    if node.readable.arms:
        return f"({union_text(node.readable, node.read)})"
    if node.readable.constant:
        return f"({node.readable.sql})"
    return qualified(*tables_of(node)[0][0])


def tables_of(node: Node) -> tuple[tuple[tuple[str, str], Arm | None], ...]:
    """The tables that a source reads: one, as it is, or several; none where its rows stand in the spec."""
    if node.readable.arms:
        return tuple((arm.relation.reference or ("", ""), arm) for arm in node.readable.arms)
    if node.readable.constant:
        return ()
    if node.readable.reference is None:
        raise TypeError(f"{node.alias} reads no table")
    return ((node.readable.reference, None),)


@dataclass(frozen=True)
class Paths:
    """The way from rows of `inside` to the keys. `rows` says what each source reads, `known` all that it has and had; `also` is read on the
    way, too.

    A to-one source may have had no row for a row of the base, so its columns are read as they are and as NULLs. Of one whose row is picked
    out of several, any of them may have been the one.
    """

    trace: Trace
    inside: frozenset[str]
    rows: Rows
    known: Rows
    also: Expression | None = None

    def select(self, where: tuple[str, ...]) -> str:
        """The keys FROM the way WHERE the conditions hold."""
        keys = ", ".join(self.written(item.expression, raw=frozenset()).text for item in self.trace.keys)
        inner = [node for node in self._nodes if node.alias in self.inside and node.alias not in self._spared]
        steps = [self._inside(node, inner[:number]) for number, node in enumerate(inner)]
        steps += [self._twice(node) for node in inner if node.alias in self._missing]
        steps += [self._beside(node) for node in self._nodes if node.alias not in self.inside]
        known = [f"{qualified(*column)} IS NOT NULL" for column in dict.fromkeys(self._instead.values())]
        condition = f"\nWHERE {' AND '.join((*where, *known))}" if where or known else ""
        return f"{keys}\nFROM {chr(10).join(steps)}{condition}"

    @cached_property
    def _nodes(self) -> list[Node]:
        return self.trace.needed(self.inside | reads(self.also))

    @cached_property
    def _instead(self) -> Mapping[Column, Column]:
        """What is read in place of sources that are left out."""
        deepest = max((self.trace.tree[alias] for alias in self.inside), key=lambda node: node.depth)
        return shortcuts(self.trace, self._nodes, self.inside, reads(self.also) | {deepest.alias})

    @property
    def _spared(self) -> frozenset[str]:
        return frozenset(alias for alias, _ in self._instead)

    @property
    def _missing(self) -> frozenset[str]:
        return self.trace.maybe_missing

    def written(self, expression: Expression, raw: frozenset[str]) -> Expression:
        """The expression over the way's names; sources in `raw` by their own."""
        edits = [
            (ref.start, ref.end, qualified(*other))
            for ref in expression.columns
            if (other := self._other(ref, raw)) is not None
        ]
        return parse_expression(expression.edited(edits)) if edits else expression

    def _other(self, ref: ColumnRef, raw: frozenset[str]) -> Column | None:
        """By which name a column goes on the way, if not by its own."""
        alias = ref.qualifier or ""
        if alias in self._missing - raw:
            return (_or_none(alias), ref.name)
        return self._instead.get((alias, ref.name))

    def _inside(self, node: Node, before: list[Node]) -> str:
        source = f"{self.rows(node)} AS {identifier(node.alias)}"
        if not before:
            return source
        known = {item.alias for item in before}
        links = (
            self.written(link, self.inside)
            for item in self._nodes
            if item.alias in self.inside
            for link in self.trace.links[item.alias]
        )
        on = dict.fromkeys(operand(link) for link in links if node.alias in reads(link) <= known | {node.alias})
        return f"JOIN {source} ON {' AND '.join(on)}"

    def _on(self, node: Node, raw: frozenset[str]) -> str:
        return " AND ".join(operand(self.written(link, raw)) for link in self.trace.links[node.alias])

    def _beside(self, node: Node) -> str:
        source = f"{self.known(node)} AS {identifier(node.alias)}"
        on = self._on(node, frozenset({node.alias}))
        if node.alias not in self._missing:
            return f"JOIN {source} ON {on}"
        return self._or_none_of(node, f"{self._read(node)} FROM {source} WHERE {on}")

    def _twice(self, node: Node) -> str:
        return self._beside(node) if node.is_picked else self._or_none_of(node, self._read(node))

    def _read(self, node: Node) -> str:
        return f"SELECT {', '.join(qualified(node.alias, column) for column in self._columns(node))}"

    def _columns(self, node: Node) -> tuple[str, ...]:
        own = {ref.name for ref in self.also.columns if ref.qualifier == node.alias} if self.also else set()
        return tuple(sorted({*self.trace.columns[node.alias], *own}))

    def _or_none_of(self, node: Node, select: str) -> str:
        """NULLs as an outer join makes them: cast to a domain, they would have to pass its checks."""
        columns = self._columns(node)
        nulls = ", ".join(qualified("no_row", column) for column in columns)
        none = f"SELECT {nulls} FROM (SELECT) AS one LEFT JOIN {as_it_is(node)} AS no_row ON false"
        names = ", ".join(map(identifier, columns))
        alias = identifier(_or_none(node.alias))
        return f"CROSS JOIN LATERAL ({select} UNION ALL {none}) AS {alias}({names})"


def _or_none(alias: str) -> str:
    return joined_name(alias, "or_none")
