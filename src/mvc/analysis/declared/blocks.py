"""Measures → blocks. A block is one aggregation: the rows of one source, each seen once, per group of the view.

The main block aggregates the base. Every to-many branch has a block of its own, joined to the groups one-to-one, so that
branches never multiply each other. A branch hangs on the groups in one of two ways: by its *link*, the columns that its
join condition equates with something the group fixes (cheapest: the base is not read again), or by the *grain*, when its
condition or its measures need the base's row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from mvc.analysis.declared.given import NOTHING_GIVEN, Given
from mvc.analysis.declared.grain import Grain, ResolvedDimension
from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree, Node, may_be_missing
from mvc.analysis.names.scope import bare_column, reads
from mvc.expression import Expression
from mvc.expression.split import equation


@dataclass(frozen=True, slots=True)
class Link:
    """`inner`, of the branch, equals `outer`, which the group fixes."""

    inner: Expression
    outer: Expression


@dataclass(frozen=True, slots=True)
class Block:
    """One aggregation over the rows of `host`. `path` are the sources joined one below the other, the host last.

    `by` says how it meets the groups. With `deduplicate`, rows are first made unique by the host's key within the group.
    """

    host: str
    path: tuple[str, ...]
    by: Literal["main", "link", "grain"]
    links: tuple[Link, ...]
    residue: tuple[Expression, ...]
    deduplicate: bool
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """What the rows of the view are: the sources, the dimensions and the grain that they make."""

    tree: JoinTree
    dimensions: tuple[ResolvedDimension, ...]
    grain: Grain

    @property
    def fixed(self) -> frozenset[str]:
        """The aliases of which a group has at most one row."""
        return self.tree.singles if self.grain.base_key else self.grain.fixed

    @property
    def given(self) -> Given:
        """What all rows of a group share."""
        refs = (bare_column(item.expression) for item in self.dimensions)
        return Given(self.fixed, frozenset((ref.qualifier or "", ref.name) for ref in refs if ref))

    def decides(self, expression: Expression) -> bool:
        """Whether a group has one value of the expression."""
        texts = {item.expression.text for item in self.dimensions}
        return reads(expression) <= self.fixed or expression.text in texts


def make_blocks(measures: Mapping[str, Measure], groups: Groups) -> tuple[Block, ...]:
    """The blocks, in the order in which the view's columns first need them; the main block, if needed, included."""
    grouped: dict[str, list[Measure]] = {}
    for measure in measures.values():
        grouped.setdefault(_home(measure, groups), []).append(measure)
    return tuple(_block(host, tuple(items), groups) for host, items in grouped.items())


def main_block(base: str, measures: tuple[Measure, ...] = ()) -> Block:
    """The block of the base's own rows."""
    return Block(base, (base,), "main", (), (), deduplicate=False, measures=measures)


def told_apart(measures: Iterable[Measure], tree: JoinTree) -> frozenset[str]:
    """The sources whose rows measures tell apart, since one row may be behind several of those that they go through."""
    return frozenset(measure.source for measure in measures if not _is_met_once(measure, tree))


def _is_met_once(measure: Measure, tree: JoinTree) -> bool:
    base = tree.base.alias
    if tree.host(measure.source) != base:
        return False
    return tree.fixes(measure.source, base) or (measure.argument is not None and measure.repeatable)


def _home(measure: Measure, groups: Groups) -> str:
    """The source whose block computes a measure: the host of its source where its rows cannot repeat there, or may."""
    tree = groups.tree
    host = tree.host(measure.source)
    counted = measure.aggregate.alias is not None and tree[measure.source].identity is not None
    once = measure.repeatable or counted or tree.fixes(measure.source, host, groups.given)
    return host if once or measure.source == host else measure.source


def _block(host: str, measures: tuple[Measure, ...], groups: Groups) -> Block:
    tree = groups.tree
    if host == tree.base.alias:
        return main_block(host, measures)
    path = _path_below_singles(host, tree)
    links, residue = split_link(tree[path[0]], tree) if path else ((), ())
    if links and all(groups.decides(link.outer) for link in links) and stands_alone(path, residue, measures, tree):
        return Block(
            host, path, "link", links, residue, _repeats(path[0], host, measures, tree, NOTHING_GIVEN), measures
        )
    repeats = _repeats(tree.base.alias, host, measures, tree, groups.given)
    return Block(host, tree.path(host), "grain", (), (), repeats, measures)


def _path_below_singles(host: str, tree: JoinTree) -> tuple[str, ...]:
    return tuple(alias for alias in tree.path(host) if alias not in tree.singles)


def _repeats(top: str, host: str, measures: Iterable[Measure], tree: JoinTree, given: Given) -> bool:
    """Whether a row of the host may appear several times within a group, and a measure would notice."""
    return not tree.fixes(host, top, given) and not all(measure.repeatable for measure in measures)


def split_link(node: Node, tree: JoinTree) -> tuple[tuple[Link, ...], tuple[Expression, ...]]:
    """The conditions that link a branch to the groups, and those that are about its own rows."""
    links: list[Link] = []
    residue: list[Expression] = []
    for condition in node.on:
        link = _as_link(condition, node.alias, tree)
        (links if link else residue).append(link or condition)  # type: ignore[arg-type]
    return tuple(links), (*residue, *node.where)


def _as_link(condition: Expression, alias: str, tree: JoinTree) -> Link | None:
    """Not where the branch's rows would be grouped by another equality than the condition's: several of these groups would then meet one."""
    sides = equation(condition)
    for inner, outer in (sides, sides[::-1]) if sides else ():
        column = bare_column(inner)
        if column and (alias, column.name) in tree[alias].coarse:
            continue
        if reads(inner) == {alias} and reads(outer) and reads(outer) <= tree.singles:
            return Link(inner, outer)
    return None


def stands_alone(
    path: tuple[str, ...], residue: tuple[Expression, ...], measures: tuple[Measure, ...], tree: JoinTree
) -> bool:
    """Whether nothing but the links needs a row above the branch."""
    top = tree[path[0]]
    if top.parent in may_be_missing(tree) and not top.needs_parent:
        return False
    inside = [*residue, *(item for measure in measures for item in measure.expressions)]
    sources = {measure.source for measure in measures} | reads(*inside)
    for alias in tree.needed(sources | set(path), frozenset(tree.nodes) - tree.singles):
        inside += below(alias, tree, skip_own_on=alias == path[0])
    return not reads(*inside) & tree.singles


def below(alias: str, tree: JoinTree, *, skip_own_on: bool = False) -> list[Expression]:
    """Every condition that decides which rows of `alias` count: its own, and those of what it requires."""
    node = tree[alias]
    found = list(node.decides[len(node.on) :] if skip_own_on else node.decides)
    for child in tree.deciding(alias):
        found += below(child.alias, tree)
    return found
