"""Sources of a spec → JoinTree. Finds the base, the parent of every other source, and what cannot be joined."""

from __future__ import annotations

from collections.abc import Mapping

from mvc.analysis.declared.equality import coarse
from mvc.analysis.declared.tree import JoinTree, Node, conditions
from mvc.analysis.names.functions import ExpressionPlace, Functions
from mvc.analysis.names.scope import Scope, reads
from mvc.analysis.relation import SourceRelation
from mvc.catalog.types import Catalog
from mvc.diagnostics import Diagnostic, Findings, error
from mvc.expression import Expression
from mvc.model.view import Declared, Source, View

ON = ExpressionPlace("a join condition")
WHERE = ExpressionPlace("a filter")

Conditions = Mapping[str, tuple[Expression | None, Expression | None]]


def build_tree(
    view: View,
    declared: Declared,
    readables: Mapping[str, SourceRelation],
    functions: Functions,
    found: Findings,
) -> JoinTree | None:
    """The tree, or None with findings."""
    before = len(found)
    base = _base(view, declared, found)
    scope = Scope(readables, functions)
    resolved = {
        source.alias: _resolve(source, scope, found) for source in declared.sources if source.alias in readables
    }
    if base is None or len(found) > before or len(readables) < len(declared.sources):
        return None
    nodes = {base.alias: Node(base, readables[base.alias], None, 0, (), conditions(resolved[base.alias][1]))}
    waiting = sorted((source for source in declared.sources if source is not base), key=lambda source: source.alias)
    while waiting:
        ready = [source for source in waiting if _joined_to(source, resolved) <= nodes.keys()]
        if not ready:
            found.extend(_circular(source, resolved) for source in waiting)
            return None
        for source in ready:
            node = _node(source, readables[source.alias], resolved, nodes, functions.catalog)
            nodes[source.alias] = node
            waiting.remove(source)
            _check_one_path(node, nodes, resolved, found)
    return JoinTree(nodes.values()) if len(found) == before else None


def _base(view: View, declared: Declared, found: Findings) -> Source | None:
    without = [source for source in declared.sources if source.on is None]
    if len(without) == 1:
        return without[0]
    if not without:
        title = "no source is the base: every one has `on`"
        found.add(
            error(
                "MV305",
                view.origin.at("sources").key_span,
                title,
                help="leave `on` out of the source whose rows are grouped",
            )
        )
        return None
    first = without[0]
    for source in without[1:]:
        title = f"`{source.alias}` has no `on`, and neither has `{first.alias}`: only the base may do without"
        help_line = f"say how it is joined, e.g. on: {source.alias}.{first.alias}_id = {first.alias}.id"
        found.add(error("MV305", source.origin.key_span, title, label="a second base", help=help_line))
    return None


def _resolve(source: Source, scope: Scope, found: Findings) -> tuple[Expression | None, Expression | None]:
    on = scope.resolve(source.on, ON, found) if source.on else None
    own = Scope({source.alias: scope.sources[source.alias], **scope.sources}, scope.functions)
    return on, own.resolve(source.where, WHERE, found) if source.where else None


def _joined_to(source: Source, resolved: Conditions) -> frozenset[str]:
    return reads(*resolved[source.alias]) - {source.alias}


def _node(
    source: Source, readable: SourceRelation, resolved: Conditions, nodes: Mapping[str, Node], catalog: Catalog
) -> Node:
    on, where = resolved[source.alias]
    base = next(iter(nodes.values()))
    parent = max(
        (nodes[alias] for alias in reads(on) - {source.alias}), key=lambda node: (node.depth, node.alias), default=base
    )
    parts = (conditions(on), conditions(where))
    readables = {**{alias: node.readable for alias, node in nodes.items()}, source.alias: readable}
    mixed = coarse((*parts[0], *parts[1]), readables, catalog)
    return Node(source, readable, parent.alias, parent.depth + 1, *parts, mixed)


def _check_one_path(node: Node, nodes: Mapping[str, Node], resolved: Conditions, found: Findings) -> None:
    """All that a join condition reads must be one row, given the parent's row: on the way to it, or to-one from there."""
    tree = JoinTree(nodes.values())
    path = frozenset(tree.path(node.alias))
    for alias in sorted(_joined_to(node.source, resolved)):
        if alias not in path and tree.host(alias) not in path:
            title = (
                f"`{node.alias}` is joined to two branches, `{node.parent}` and `{alias}`: their rows would multiply"
            )
            origin = (node.source.on or node.source.where or node.source).origin
            help_line = f"join `{node.alias}` to one of them; join it a second time, under another alias, to the other"
            found.add(error("MV303", origin.span, title, help=help_line))


def _circular(source: Source, resolved: Conditions) -> Diagnostic:
    others = ", ".join(f"`{alias}`" for alias in sorted(_joined_to(source, resolved)))
    title = f"`{source.alias}` waits for {others}, which in turn waits for it"
    return error(
        "MV306", (source.on or source).origin.span, title, help="join each source to one that leads back to the base"
    )
