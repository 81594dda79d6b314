"""Sources of a spec → JoinTree. Finds the base, the parent of every other source, and what cannot be joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mvc.analysis.declared.equality import coarse
from mvc.analysis.declared.picked import Order, check_order, in_total_order
from mvc.analysis.declared.presence import check_absent, with_required
from mvc.analysis.declared.tree import JoinTree, Node, conditions
from mvc.analysis.names.functions import ExpressionPlace, Functions
from mvc.analysis.names.scope import Scope, reads
from mvc.analysis.relation import SourceRelation
from mvc.catalog.types import Catalog
from mvc.diagnostics import Diagnostic, Findings, error
from mvc.expression import Expression
from mvc.model.view import Declared, Source, Sql, View
from mvc.quoting import qualified

ON = ExpressionPlace("a join condition")
WHERE = ExpressionPlace("a filter")

ORDER = ExpressionPlace("an order")


class Resolved(NamedTuple):
    """The texts of a source with their names resolved."""

    on: Expression | None
    where: Expression | None
    order: Order


Conditions = Mapping[str, Resolved]


def build_tree(
    view: View,
    declared: Declared,
    readables: Mapping[str, SourceRelation],
    functions: Functions,
    found: Findings,
) -> JoinTree | None:
    """The tree, or None with findings."""
    before = len(found)
    base = _base(view, declared, readables, found)
    scope = Scope(readables, functions)
    resolved = {
        source.alias: _resolve(source, scope, found) for source in declared.sources if source.alias in readables
    }
    if base is None or len(found) > before or len(readables) < len(declared.sources):
        return None
    nodes = {base.alias: Node(base, readables[base.alias], None, 0, (), conditions(resolved[base.alias].where))}
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
            check_order(node, found)
    tree = JoinTree(nodes.values())
    check_absent(tree, found)
    tree = with_required(tree, view, declared, found)
    return tree if len(found) == before else None


def _tied(one: str, other: str, readables: Mapping[str, SourceRelation]) -> str:
    """The equation of a foreign key from one source to another, empty where there is not one."""
    from_, to = readables.get(one), readables.get(other)
    keys = [key for key in from_.foreign_keys if key.target == to.reference] if from_ and to else []
    if len(keys) != 1:
        return ""
    pairs = zip(keys[0].columns, keys[0].target_columns, strict=True)
    return " AND ".join(f"{qualified(one, column)} = {qualified(other, target)}" for column, target in pairs)


def _base(view: View, declared: Declared, readables: Mapping[str, SourceRelation], found: Findings) -> Source | None:
    without = [source for source in declared.sources if source.on is None]
    if len(without) == 1:
        return _able(without[0], found)
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
        told = _tied(source.alias, first.alias, readables) or _tied(first.alias, source.alias, readables)
        help_line = f"write on: {told}" if told else "say how it is joined: on: its column = one of another source"
        found.add(error("MV305", source.origin.key_span, title, label="a second base", help=help_line))
    return None


def _able(source: Source, found: Findings) -> Source | None:
    """The source as the base: what counts rows of a parent needs one."""
    said = "absent: true" if source.absent else "latest" if source.order else ""
    if not said:
        return source
    title = f"`{source.alias}` has no `on`, so it is the base, of which `{said}` says nothing"
    help_line = f"say how it is joined, e.g. on: {source.alias}.parent_id = parent.id; or take it out"
    found.add(error("MV305", source.origin.key_span, title, label="the base", help=help_line))
    return None


def _resolve(source: Source, scope: Scope, found: Findings) -> Resolved:
    on = scope.resolve(source.on, ON, found) if source.on else None
    own = Scope({source.alias: scope.sources[source.alias], **scope.sources}, scope.functions)
    where = own.resolve(source.where, WHERE, found) if source.where else None
    terms = ((own.resolve(Sql(term.ordered.expression, term.origin), ORDER, found), term) for term in source.order)
    return Resolved(on, where, tuple((expression, term) for expression, term in terms if expression))


def _joined_to(source: Source, resolved: Conditions) -> frozenset[str]:
    on, where, order = resolved[source.alias]
    return reads(on, where, *(term for term, _ in order)) - {source.alias}


def _node(
    source: Source, readable: SourceRelation, resolved: Conditions, nodes: Mapping[str, Node], catalog: Catalog
) -> Node:
    on, where, order = resolved[source.alias]
    base = next(iter(nodes.values()))
    parent = max(
        (nodes[alias] for alias in reads(on) - {source.alias}), key=lambda node: (node.depth, node.alias), default=base
    )
    parts = (conditions(on), conditions(where))
    readables = {**{alias: node.readable for alias, node in nodes.items()}, source.alias: readable}
    mixed = coarse((*parts[0], *parts[1]), readables, catalog)
    return in_total_order(Node(source, readable, parent.alias, parent.depth + 1, *parts, mixed, order))


def _check_one_path(node: Node, nodes: Mapping[str, Node], resolved: Conditions, found: Findings) -> None:
    """All that a join condition reads must be one row, given the parent's row: on the way to it, or to-one from there."""
    tree = JoinTree(nodes.values())
    path = frozenset(tree.path(node.alias))
    for alias in sorted(_joined_to(node.source, resolved)):
        if alias not in path and tree.host(alias) not in path and not nodes[alias].source.absent:
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
