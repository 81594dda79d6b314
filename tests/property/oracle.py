"""The meaning of a view by brute force: walk every path from every base row, and count each source row once.

This is DESIGN §3 read literally. It is slow and has no joins, no keys and no SQL, so it shares no mistake with the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

from .catalog import Rows, Table
from .expressions import Env, Row, Value, aliases_read, holds, value
from .functions import Seen, answer, compared
from .made import with_made
from .rows import finished
from .views import Aggregate, Source, Tree, View

Bound = dict[str, "Row | None"]


class AmbiguousArgument(Exception):
    """A source row has different arguments on different paths: the compiler has to refuse the view."""


class NotToOne(Exception):
    """`one: true` was said and the rows do not obey."""


@dataclass(frozen=True)
class World:
    tree: Tree
    rows: Rows

    def base_rows(self, view: View) -> Iterator[Env]:
        """Each base row that stays, with its to-one rows."""
        for row in self.rows[self.tree.by_alias[self.tree.base].table]:
            env = self.with_attributes({self.tree.base: row})
            if holds(view.where, env) and self._has_required(self.tree.base, env):
                yield env

    def rows_under(self, source: Source, env: Env) -> Iterator[Row]:
        """The rows of a source under the given row of its parent."""
        if env[self.tree.parents[source.alias]] is None:
            return
        found = list(self._fitting(source, env))
        yield from picked(source, found, env) if source.order else found

    def _fitting(self, source: Source, env: Env) -> Iterator[Row]:
        for row in self.rows[source.table]:
            inner = {**env, source.alias: row}
            if holds(source.on, inner) and holds(source.where, inner) and self._has_required(source.alias, inner):
                yield row

    def _has_required(self, alias: str, env: Env) -> bool:
        deciding = (child for child in self.tree.children(alias) if child.required or child.absent)
        return all(child.absent != any(True for _ in self.rows_under(child, env)) for child in deciding)

    def with_attributes(self, env: Bound) -> Bound:
        """The same with all to-one rows along the path, None where one is missing."""
        for alias in list(env):
            for attribute in self.tree.attributes(alias):
                if attribute not in env:
                    env = {**env, attribute: self._only(self.tree.by_alias[attribute], env)}
        return env

    def _only(self, source: Source, env: Env) -> Row | None:
        found = list(self.rows_under(source, env))
        if len(found) > 1:
            raise NotToOne(source.alias)
        return found[0] if found else None

    def paths(self, env: Bound, steps: Sequence[str]) -> Iterator[Bound]:
        """Each way from the bound rows down the steps to a row of the last one."""
        if not steps:
            yield self.with_attributes(env)
            return
        for row in self.rows_under(self.tree.by_alias[steps[0]], env):
            yield from self.paths({**env, steps[0]: row}, steps[1:])


def picked(source: Source, rows: Sequence[Row], env: Env) -> Sequence[Row]:
    """The row that comes first in the order of the source, alone."""

    def values(row: Row) -> tuple[Value, ...]:
        return tuple(value(term.expr, {**env, source.alias: row}) for term in source.order)

    return sorted(rows, key=cmp_to_key(lambda a, b: compared(source.order, values(a), values(b))))[:1]


def expected(view: View, tables: Mapping[str, Table], rows: Rows) -> list[tuple[Value, ...]]:
    """The rows of the view, in no order."""
    world = World(Tree(view.sources, tables), with_made(tables, rows))
    groups: dict[tuple[Value, ...], list[Row]] = {} if view.dimensions else {(): []}
    for env in world.base_rows(view):
        key = tuple(value(expr, env) for _, expr in view.dimensions)
        groups.setdefault(key, []).append(env[world.tree.base] or {})
    rows_ = finished(view, [_group(view, world, key, base) for key, base in groups.items()])
    return [tuple(row[name] for name in view.columns) for row in rows_]


def _group(view: View, world: World, key: tuple[Value, ...], base: Sequence[Row]) -> dict[str, Value]:
    outputs: dict[str, Value] = dict(zip((name for name, _ in view.dimensions), key, strict=True))
    for aggregate in view.aggregates:
        if aggregate.function != "expr":
            outputs[aggregate.name] = answer(aggregate, list(_seen(world, aggregate, base).values()))
    return outputs


def _seen(world: World, aggregate: Aggregate, base: Sequence[Row]) -> dict[int, Seen]:
    """Each row of the aggregate's source that some path leads to, once."""
    source = world.tree.source_of(aggregate)
    seen: dict[int, Seen] = {}
    for row in base:
        for env in world.paths({world.tree.base: row}, world.tree.path(source)[1:]):
            if holds(aggregate.where, env):
                found = _look(aggregate, env)
                if seen.setdefault(id(env[source]), found) != found:
                    raise AmbiguousArgument(aggregate.name)
    return seen


def _look(aggregate: Aggregate, env: Env) -> Seen:
    argument = True if aggregate.argument is None else value(aggregate.argument, env)
    return Seen(argument, tuple(value(term.expr, env) for term in aggregate.order))


def reads_ancestor(tree: Tree, aggregate: Aggregate) -> bool:
    """The argument reads above its source (or beside it), so the compiler may refuse it."""
    source = tree.source_of(aggregate)
    below = {source, *tree.attributes(source)}
    return (
        not frozenset[str]().union(aliases_read(aggregate.argument), *(aliases_read(o.expr) for o in aggregate.order))
        <= below
    )
