"""Which sources must have a row, and which must have none: `required` of a view, and what `absent: true` forbids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.names.scope import not_there, reads
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.model.origin import Origin
from mvc.model.view import Declared, View
from mvc.quoting import identifier


def absent_aliases(tree: JoinTree) -> frozenset[str]:
    """The sources of which there is no row to read: those that must be absent, and what is below them."""
    return frozenset(alias for alias in tree.nodes if any(tree[step].source.absent for step in tree.path(alias)))


def said_absent(declared: Declared) -> frozenset[str]:
    """The sources that say so, where there is no tree."""
    return frozenset(source.alias for source in declared.sources if source.absent)


def check_absent(tree: JoinTree, found: Findings) -> None:
    """Findings for join conditions that read what is not there."""
    absent = absent_aliases(tree)
    for node in tree.nodes.values():
        above = absent & set(tree.path(node.alias)[:-1])
        origin = (node.source.on or node.source.where or node.source).origin
        for alias in sorted(absent & reads(*node.decides) - {node.alias} - above):
            found.add(not_there(alias, origin.span))
        if above and not (node.source.required or node.source.absent):
            found.add(_below(node, tree))


def _below(node: Node, tree: JoinTree) -> Diagnostic:
    absent = next(step for step in tree.path(node.alias) if tree[step].source.absent)
    title = f"`{node.alias}` is joined below `{absent}`, of which there is no row"
    help_lines = (
        f"add required: true to `{node.alias}`: no row of `{absent}` that has one of `{node.alias}`",
        f"or absent: true: no row of `{absent}` that has none of `{node.alias}`; or take `{node.alias}` out",
    )
    return error("MV321", node.source.origin.key_span, title, label="can have no row", help=help_lines)


def with_required(tree: JoinTree, view: View, declared: Declared, found: Findings) -> JoinTree:
    """The tree in which all of the view's `required`, and what is between them and the base, are required."""
    required: set[str] = set()
    for alias, origin in _named(view, declared):
        problem = _problem(alias, tree, origin)
        if problem:
            found.add(problem)
        else:
            required.update(tree.path(alias)[1:])
    return tree.with_nodes(lambda node: _required(node) if node.alias in required else node)


def _named(view: View, declared: Declared) -> Iterator[tuple[str, Origin]]:
    origin = view.origin.at("required")
    for number, alias in enumerate(declared.required):
        yield alias, origin if origin.text else origin.at(number)


def _problem(alias: str, tree: JoinTree, origin: Origin) -> Diagnostic | None:
    if alias not in tree.nodes:
        near = did_you_mean(alias, tree.nodes, "sources here", identifier)
        return error("MV202", origin.span, f"no source has the alias `{alias}`", label="no such alias", help=near)
    if alias == tree.base.alias:
        title = f"`{alias}` is the base, of which every row is there"
        return error("MV320", origin.span, title, label="the base", help="take it out of `required`")
    absent = [step for step in tree.path(alias) if tree[step].source.absent]
    if absent:
        title = f"`{alias}` cannot be required: `{absent[0]}` is to be absent"
        help_line = f"take it out, or take `absent` out of `{absent[0]}`"
        return error("MV320", origin.span, title, label="there is no row of it", help=help_line)
    return None


def _required(node: Node) -> Node:
    return node if node.source.required else replace(node, source=replace(node.source, required=True))
