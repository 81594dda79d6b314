"""How a change of any source's row finds the groups that it touches, and what of a view changes with time alone.

A group is a set of values of the grain. A row of a source is in the groups of the base rows that it is joined to, so from its
link columns the groups are found, whatever the view computes of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mvc.analysis.declared.blocks import Block
from mvc.analysis.declared.defaults import defaults_of
from mvc.analysis.declared.grain import ResolvedDimension
from mvc.analysis.declared.tree import JoinTree, Node, may_be_missing
from mvc.analysis.names.functions import Functions
from mvc.analysis.names.named_values import named_values
from mvc.analysis.names.scope import reads
from mvc.analysis.refresh.clock import reads_clock, unpredictable
from mvc.analysis.refresh.undetermined import chance_picks
from mvc.analysis.refresh.window_partitions import refresh_keys, why_none
from mvc.analysis.relation import SourceRelation
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.expression import Expression
from mvc.expression.split import conjuncts, equation
from mvc.model.view import Declared


@dataclass(frozen=True, slots=True)
class Clocked:
    """An expression that changes with time. Rows of `inside` are joined where it counts; it is a condition, or a value."""

    expression: Expression
    inside: frozenset[str]
    condition: bool


@dataclass(frozen=True)
class Trace:
    """`keys` are the dimensions by which parts of the view are told: those of the grain, or those that its windows share. `links` are the conditions by which a source is joined to those above it, and
    `columns` those of each source that links and keys read. `clocked` is what time alone changes.
    """

    tree: JoinTree
    keys: tuple[ResolvedDimension, ...]
    links: Mapping[str, tuple[Expression, ...]]
    columns: Mapping[str, tuple[str, ...]]
    clocked: tuple[Clocked, ...]

    def needed(self, inside: Iterable[str]) -> list[Node]:
        """What must be joined to know the keys of rows of `inside`: parents first."""
        wanted = set(inside) | reads(*(item.expression for item in self.keys)) | {self.tree.base.alias}
        while more := {alias for found in wanted for alias in self._above(found)} - wanted:
            wanted |= more
        return sorted((self.tree[alias] for alias in wanted), key=lambda node: (node.depth, node.alias))

    def _above(self, alias: str) -> frozenset[str]:
        parent = self.tree[alias].parent
        return reads(*self.links[alias]) | ({parent} if parent else frozenset())

    @property
    def maybe_missing(self) -> frozenset[str]:
        """To-one sources that may have no row for a row of the base, or another one than the row that leads there."""
        picked = {alias for alias in self.tree.singles if self.tree[alias].is_picked}
        return may_be_missing(self.tree) | picked


def untraceable(view: ResolvedView, functions: Functions) -> tuple[str, ...]:
    """Why groups cannot be recomputed one by one, in words; nothing where they can."""
    if view.view.kind == "plain":
        return ("it is a plain view, which stores nothing",)
    if not isinstance(view.query, DeclaredQuery):
        return ("its body is SQL, in which groups are not traced: declare sources, dimensions and aggregates",)
    return tuple(dict.fromkeys(_reasons(view, view.query, functions)))


def _reasons(view: ResolvedView, query: DeclaredQuery, functions: Functions) -> Iterator[str]:
    if not view.grain:
        yield "it has no dimension, so every change touches its only row"
    if all(node.readable.constant for node in query.tree.nodes.values()):
        yield "it reads no table, of which changes could be watched"
    for node in query.tree.nodes.values():
        yield from _source_reasons(node)
    yield from _clock_reasons(view, query)
    yield from why_none(query)
    for name in chance_picks(query):
        yield f"rows are picked by `{name}`, which the rows of the sources do not determine"
    defaults = defaults_of(view.view.body) if isinstance(view.view.body, Declared) else ()
    computed = (expression for item in query.computed for expression in item.expressions)
    outer = (*computed, *query.after.conditions, *(sql.expression for _, sql in defaults))
    for expression in (*_expressions(query), *outer):
        if what := unpredictable(expression, functions):
            yield _on_more(expression, what)
    yield from (_on_more(expression, what) for expression, what in named_values(query))


def _clock_reasons(view: ResolvedView, query: DeclaredQuery) -> Iterator[str]:
    for dimension in query.dimensions:
        if dimension.name in {*(view.grain or ()), *refresh_keys(query)} and reads_clock(dimension.expression):
            yield f"the dimension `{dimension.name}` changes with time, so that rows move between groups by themselves"
    for item in query.computed:
        if any(map(reads_clock, item.expressions)):
            yield f"`{item.name}` is computed from the time, so that all rows change by themselves"
    yield from _moving_conditions(query)
    yield from _default_reasons(view)
    for measure in (item for block in query.blocks for item in block.measures if item.aggregate.function == "sql"):
        if measure.argument and reads_clock(measure.argument):
            yield f"`{measure.name}` is an aggregate in SQL that reads the time: give the condition as its `where`, or declare it"


def _moving_conditions(query: DeclaredQuery) -> Iterator[str]:
    for word, condition in (("having", query.after.having), ("keep", query.after.keep)):
        if condition and reads_clock(condition):
            yield f"`{word}` reads the time, so that rows come and go by themselves"


def _default_reasons(view: ResolvedView) -> Iterator[str]:
    for name, default in defaults_of(view.view.body) if isinstance(view.view.body, Declared) else ():
        if reads_clock(default.expression):
            yield f"the default of `{name}` is read from the time, so that groups without rows change by themselves"


def _on_more(expression: Expression, what: str) -> str:
    return f"`{expression.text}` depends on {what}: on more than the rows and the time"


def _source_reasons(node: Node) -> Iterator[str]:
    for readable in [arm.relation for arm in node.readable.arms] or [node.readable]:
        yield from _relation_reasons(node, readable)
    if node.parent is not None and not _links(node):
        yield f"`{node.alias}` is joined by no equation, so its rows lead to no group"


def _relation_reasons(node: Node, readable: SourceRelation) -> Iterator[str]:
    if readable.unwatched:
        yield f"changes of `{node.alias}` cannot be watched: {readable.unwatched}"
    elif readable.constant:
        return
    elif readable.views:
        yield f"`{node.alias}` reads the view {', '.join(readable.views)}, whose rows are not watched"
    elif readable.kind not in ("table", "partitioned table"):
        what = f"{readable.described} is a {readable.kind}" if readable.kind else "it is a subquery"
        yield f"changes of `{node.alias}` cannot be watched: {what}, and only tables have triggers"


def _expressions(query: DeclaredQuery) -> Iterator[Expression]:
    return (item.expression for item in _all_expressions(query))


def trace(query: DeclaredQuery) -> Trace:
    """How changes find their groups, for a view that is not `untraceable`."""
    keys = tuple(item for item in query.dimensions if item.name in refresh_keys(query))
    links = {node.alias: _links(node) for node in query.tree.nodes.values()}
    refs = [ref for part in links.values() for item in part for ref in item.columns]
    refs += [ref for item in keys for ref in item.expression.columns]
    columns = {alias: tuple(sorted({ref.name for ref in refs if ref.qualifier == alias})) for alias in query.tree.nodes}
    clocked = tuple(item for item in _all_expressions(query) if reads_clock(item.expression))
    return Trace(query.tree, keys, links, columns, clocked)


def _links(node: Node) -> tuple[Expression, ...]:
    """The equations of a join that hold at any time."""
    parts = (part for condition in node.on for part in conjuncts(condition))
    return tuple(part for part in parts if _is_link(part, node.alias))


def _is_link(condition: Expression, alias: str) -> bool:
    sides = equation(condition)
    if sides is None or reads_clock(condition):
        return False
    return any(alias in reads(one) and reads(other) - {alias} for one, other in (sides, sides[::-1]))


def _all_expressions(query: DeclaredQuery) -> Iterator[Clocked]:
    """Everything that the query evaluates for its rows, taken apart at its ANDs."""
    tree = query.tree
    base = frozenset({tree.base.alias})
    for condition in query.where:
        yield from _conditions(condition, base)
    for node in tree.nodes.values():
        inside = frozenset(tree.path(node.alias))
        for condition in (*node.on, *node.where):
            yield from _conditions(condition, inside)
        yield from (Clocked(term, inside, condition=False) for term, _ in node.order)
        if node.readable.until:
            yield Clocked(node.readable.until, inside, condition=True)
    for item in query.dimensions:
        yield Clocked(item.expression, base, condition=False)
    for block in query.blocks:
        yield from _of_measures(block, frozenset(tree.path(block.host)))


def _of_measures(block: Block, inside: frozenset[str]) -> Iterator[Clocked]:
    for measure in block.measures:
        for value in (*measure.values, *(term for term, _ in measure.order)):
            yield Clocked(value, inside, condition=False)
        if measure.where:
            yield Clocked(measure.where, inside, condition=True)


def _conditions(condition: Expression, inside: frozenset[str]) -> Iterator[Clocked]:
    return (Clocked(part, inside, condition=True) for part in conjuncts(condition))
