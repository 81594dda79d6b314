"""Which source an aggregate belongs to: the one that the spec names with `of`, else the deepest to-many one that it reads."""

from __future__ import annotations

from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.scope import reads
from mvc.diagnostics import Findings, did_you_mean, error
from mvc.expression import Expression
from mvc.model.view import Aggregate
from mvc.quoting import identifier


def source_of(aggregate: Aggregate, read: tuple[Expression, ...], tree: JoinTree, found: Findings) -> str | None:
    """The alias whose rows are taken once each, or None with a finding; `read` is all that is aggregated, with its order."""
    if aggregate.alias:
        if aggregate.of is not None:
            title = f"`count: {aggregate.alias}` says already whose rows are counted"
            found.add(error("MV012", aggregate.origin.at("of").key_span, title, help="take `of` out"))
        return aggregate.alias
    return _deepest(aggregate, read, tree, found) if aggregate.of is None else _named(aggregate, read, tree, found)


def is_attribute(alias: str, other: str, tree: JoinTree) -> bool:
    """Whether `alias` is to-one below `other`, through to-one links only."""
    if alias == other:
        return False
    path = tree.path(alias)
    return other in path and all(tree[step].to_one for step in path[path.index(other) + 1 :])


def strangers_to(source: str, aliases: frozenset[str], tree: JoinTree) -> list[str]:
    """Those that are neither on the way from the base to the source nor to-one from there."""
    path = tree.path(source)
    return sorted(alias for alias in aliases - set(path) if not any(is_attribute(alias, step, tree) for step in path))


def _named(aggregate: Aggregate, read: tuple[Expression, ...], tree: JoinTree, found: Findings) -> str | None:
    source, span = aggregate.of or "", aggregate.origin.at("of").span
    if source not in tree.nodes:
        near = did_you_mean(source, tree.nodes, "sources here", identifier)
        found.add(error("MV202", span, f"no source has the alias `{source}`", label="no such alias", help=near))
        return None
    for alias in strangers_to(source, reads(*read), tree)[:1]:
        title = f"`{aggregate.name}` takes the rows of `{source}`, and reads `{alias}`, of which one of these may have several: which one is meant?"
        help_line = f"take the rows of that one: of: {identifier(alias)}"
        found.add(error("MV307", (aggregate.argument or aggregate).origin.span, title, help=help_line))
        return None
    return source


def _deepest(aggregate: Aggregate, read: tuple[Expression, ...], tree: JoinTree, found: Findings) -> str | None:
    aliases = reads(*read)
    if not aliases:
        return tree.base.alias
    hosts = {tree.host(alias) for alias in aliases}
    deepest = max(hosts, key=lambda alias: (tree[alias].depth, alias))
    strangers = hosts - set(tree.path(deepest))
    if not strangers:
        return _common(tuple(alias for alias in aliases if tree.host(alias) == deepest), tree)
    others = ", ".join(f"`{alias}`" for alias in sorted(strangers))
    span = (aggregate.argument or aggregate).origin.span
    title = f"`{aggregate.name}` reads two branches, `{deepest}` and {others}: their rows would be multiplied with each other"
    found.add(error("MV302", span, title, help="aggregate each branch by itself and combine the results with `expr:`"))
    return None


def _common(aliases: tuple[str, ...], tree: JoinTree) -> str:
    """The deepest source of which all these aliases are rows or to-one attributes."""
    paths = [tree.path(alias) for alias in aliases]
    shared: list[str] = [steps[0] for steps in zip(*paths, strict=False) if len(set(steps)) == 1]
    return shared[-1]
