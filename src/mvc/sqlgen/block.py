"""A branch block as a subquery: its rows per group key, made unique where they could repeat, aggregated once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from mvc.analysis.blocks import Block
from mvc.analysis.measures import Measure
from mvc.analysis.resolved import DeclaredQuery
from mvc.analysis.scope import reads
from mvc.analysis.tree import JoinTree
from mvc.expression import Expression, parse_expression
from mvc.quoting import qualified
from mvc.sqlgen.aggregate import measure_text
from mvc.sqlgen.joins import from_sources, guard
from mvc.sqlgen.leaf import aliased, leaf, name
from mvc.sqlgen.rows import Rows


@dataclass(frozen=True, slots=True)
class Key:
    """A column that says to which group the rows belong."""

    name: str
    expression: Expression


def block_select(block: Block, keys: tuple[Key, ...], query: DeclaredQuery) -> exp.Select:
    """SELECT keys, measures FROM the block's rows GROUP BY keys."""
    tree = query.tree
    joined = joined_sources(block, keys, query)
    missing = missing_attributes(block, joined, tree)
    if block.deduplicate:
        unique = _unique_rows(block, keys, joined, query)
        select, rows = unique.select, unique.rows
        outer = exp.Select().from_(exp.Subquery(this=select, alias=exp.TableAlias(this=name(rows.alias))))
        listed = [aliased(qualified(rows.alias, key.name), key.name) for key in keys]
    else:
        rows = Rows()
        outer = from_sources(exp.Select(), tree, block.path, joined, root_conditions(block, query))
        listed = [aliased(key.expression.text, key.name) for key in keys]
    measures = [aliased(measure_text(item, tree, block.host, rows, missing), item.name) for item in block.measures]
    outer.set("expressions", [*listed, *measures])
    return group_by(outer, range(len(keys)))


def group_by(select: exp.Select, positions: Iterable[int]) -> exp.Select:
    """`select` grouped by the columns at these positions, counted from 0."""
    if numbers := [exp.Literal.number(position + 1) for position in positions]:
        select.set("group", exp.Group(expressions=numbers))
    return select


def root_conditions(block: Block, query: DeclaredQuery) -> tuple[Expression, ...]:
    """What picks the rows of the block's first source."""
    root = query.tree[block.path[0]]
    return block.residue if block.by == "link" else (*query.where, *root.where)


def joined_sources(block: Block, keys: Iterable[Key], query: DeclaredQuery) -> frozenset[str]:
    """Every source that the block must join."""
    tree = query.tree
    expressions = [item for measure in block.measures for item in measure.expressions]
    expressions += [key.expression for key in keys]
    aliases = {measure.source for measure in block.measures} | reads(*expressions, *root_conditions(block, query))
    among = frozenset(tree.nodes) - tree.singles if block.by == "link" else frozenset(tree.nodes)
    return tree.needed(aliases | set(block.path), among)


def missing_attributes(block: Block, joined: frozenset[str], tree: JoinTree) -> frozenset[str]:
    """Joined attributes that may have no row for a row of the block."""
    certain = set(block.path)
    for alias in sorted(joined, key=lambda item: tree[item].depth):
        if tree[alias].parent in certain and tree[alias].source.required:
            certain.add(alias)
    return joined - certain


@dataclass(frozen=True, slots=True)
class _Unique:
    select: exp.Select
    rows: Rows


def _unique_rows(block: Block, keys: tuple[Key, ...], joined: frozenset[str], query: DeclaredQuery) -> _Unique:
    """One row per group and key of the host, with every column that the measures read.

    A filter that reads what a row of the host may have several of becomes a flag: it holds if it holds for one of them.
    """
    tree = query.tree
    node = tree[block.host]
    flagged = [item.where for item in block.measures if item.where and _varies(item.where, block, tree)]
    identity = node.identity or ()
    key = [(block.host, column) for column in identity]
    columns = list(dict.fromkeys([*key, *_columns_read(block, flagged, tree)]))
    names = _names(block.host, columns, {item.name for item in keys})
    known = node.readable.primary == identity  # then PostgreSQL knows that the key decides the host's other columns
    dependent = [pair for pair in columns if known and pair[0] == block.host and pair not in key]
    group = [pair for pair in columns if pair not in dependent]
    listed = [aliased(item.expression.text, item.name) for item in keys]
    listed += [aliased(qualified(*pair), names[pair]) for pair in (*group, *dependent)]
    flags = {where.text: f"filter_{number + 1}" for number, where in enumerate(dict.fromkeys(flagged))}
    listed += [exp.Alias(this=leaf(f"BOOL_OR({text})"), alias=name(flag)) for text, flag in flags.items()]
    select = from_sources(exp.Select(), tree, block.path, joined, root_conditions(block, query))
    select.set("expressions", listed)
    return _Unique(group_by(select, range(len(keys) + len(group))), Rows(block.host, names, flags))


def _varies(where: Expression, block: Block, tree: JoinTree) -> bool:
    """Whether one row of the host may meet several values of the filter."""
    above = {alias for alias in reads(where) if alias in tree.path(block.host)[:-1]}
    attributes = {tree.host(alias) for alias in reads(where)} - {block.host, tree.host(block.host)}
    return any(
        not tree.fixes(block.host, alias, frozenset()) for alias in above | (attributes & set(tree.path(block.host)))
    )


def _columns_read(block: Block, flagged: list[Expression], tree: JoinTree) -> list[tuple[str, str]]:
    texts = {where.text for where in flagged}
    found: dict[tuple[str, str], None] = {}
    for measure in block.measures:
        expressions = [item for item in measure.expressions if item.text not in texts]
        if measure.source != block.host:
            expressions += [guard(tree[measure.source]), *_key_columns(measure, tree)]
        for expression in expressions:
            found.update({(ref.qualifier or "", ref.name): None for ref in expression.columns})
    return list(found)


def _key_columns(measure: Measure, tree: JoinTree) -> list[Expression]:
    identity = tree[measure.source].identity or ()
    return [parse_expression(qualified(measure.source, column)) for column in identity]


def _names(host: str, columns: list[tuple[str, str]], taken: set[str]) -> dict[tuple[str, str], str]:
    """Names in the unique rows: the host's columns keep theirs, so that the author's text can stay."""
    names: dict[tuple[str, str], str] = {}
    used = set(taken)
    for alias, column in sorted(columns, key=lambda pair: pair[0] != host):
        wanted = column if alias == host else f"{alias}_{column}"
        while wanted in used:
            wanted += "_"
        names[alias, column] = wanted
        used.add(wanted)
    return names
