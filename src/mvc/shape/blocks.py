"""A branch block as a query: its rows per group key, made unique where they could repeat, aggregated once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mvc.analysis.declared.blocks import Block
from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.resolved import DeclaredQuery
from mvc.expression import Expression
from mvc.shape.measures import BlockRows, measured
from mvc.shape.reading import reading_of
from mvc.shape.records import (
    AnyHolds,
    AuthorExpression,
    ColumnOf,
    Equal,
    Join,
    Reading,
    ReadSource,
    ResultColumn,
    Select,
)
from mvc.shape.rows import presence_of
from mvc.shape.summed import summed_first, whole


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A column that says to which group the rows belong."""

    name: str
    expression: Expression


def block_query(block: Block, keys: tuple[GroupKey, ...], query: DeclaredQuery) -> Select:
    """The keys and the measures of the block's rows, by key."""
    tree = query.tree
    if linked := summed_first(block, query):
        return _of_sums(block, linked, keys, query)
    joined = joined_sources(block, keys, query)
    missing = missing_attributes(block, joined, tree)
    reading = reading_of(tree, block.path, joined, root_conditions(block, query))
    outputs, rows = tuple(ResultColumn(key.name, AuthorExpression(key.expression)) for key in keys), BlockRows()
    if block.deduplicate:
        unique, rows = _unique_rows(block, outputs, reading, query)
        reading = Reading(ReadSource(block.host, unique))
        outputs = tuple(ResultColumn(key.name, ColumnOf(block.host, key.name)) for key in keys)
    measures = (ResultColumn(item.name, measured(item, tree, block.host, rows, missing)) for item in block.measures)
    return Select((*outputs, *measures), reading, tuple(range(len(keys))))


def _of_sums(block: Block, linked: Block, keys: tuple[GroupKey, ...], query: DeclaredQuery) -> Select:
    """The same of a block that is summed by its links before the base is joined to it."""
    tree, alias = query.tree, block.host
    taken = {measure.name for measure in block.measures}
    links = tuple(GroupKey(name, link.inner) for name, link in zip(_names(linked, taken), linked.links, strict=True))
    pairs = tuple(
        (ColumnOf(alias, key.name), AuthorExpression(link.outer), False)
        for key, link in zip(links, linked.links, strict=True)
    )
    joined = tree.needed(reads(*(key.expression for key in keys), *(link.outer for link in linked.links)), tree.singles)
    reading = reading_of(tree, (tree.base.alias,), joined | {tree.base.alias}, met=frozenset({alias}))
    join = Join(ReadSource(alias, block_query(linked, links, query)), "inner", (Equal(pairs),))
    outputs = tuple(ResultColumn(key.name, AuthorExpression(key.expression)) for key in keys)
    measures = (ResultColumn(item.name, whole(item, alias, tree)) for item in block.measures)
    return Select((*outputs, *measures), replace(reading, joins=(*reading.joins, join)), tuple(range(len(keys))))


def _names(block: Block, taken: Iterable[str]) -> Iterator[str]:
    """What the links go by among the names of measures."""
    used = set(taken)
    for link in block.links:
        column = bare_column(link.inner)
        name = column.name if column else block.host
        while name in used:
            name += "_key"
        used.add(name)
        yield name


def root_conditions(block: Block, query: DeclaredQuery) -> tuple[Expression, ...]:
    """What picks the rows of the block's first source."""
    root = query.tree[block.path[0]]
    return block.residue if block.by == "link" else (*query.where, *root.where)


def joined_sources(block: Block, keys: Iterable[GroupKey], query: DeclaredQuery) -> frozenset[str]:
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


def _unique_rows(
    block: Block, keys: tuple[ResultColumn, ...], reading: Reading, query: DeclaredQuery
) -> tuple[Select, BlockRows]:
    """One row per group and key of the host, with every column that the measures read.

    A filter that reads what a row of the host may have several of becomes a flag: it holds if it holds for one of them.
    """
    tree = query.tree
    node = tree[block.host]
    varying = (item.where for item in block.measures if item.where and _varies(item.where, block, tree))
    flagged = {where.text: where for where in varying}
    identity = node.identity or ()
    key = [ColumnOf(block.host, column) for column in identity]
    columns = list(dict.fromkeys([*key, *_columns_read(block, flagged.keys(), tree)]))
    renamed = _renamed(block.host, columns, {item.name for item in keys})
    known = node.primary == identity  # then the key is known to decide the host's other columns
    dependent = [column for column in columns if known and column.alias == block.host and column not in key]
    group = [column for column in columns if column not in dependent]
    flags = {text: ColumnOf(block.host, f"filter_{number + 1}") for number, text in enumerate(flagged)}
    outputs = [*keys, *(ResultColumn(renamed[column].name, column) for column in (*group, *dependent))]
    outputs += [ResultColumn(flags[text].name, AnyHolds(AuthorExpression(where))) for text, where in flagged.items()]
    select = Select(tuple(outputs), reading, tuple(range(len(keys) + len(group))))
    return select, BlockRows(renamed, flags)


def _varies(where: Expression, block: Block, tree: JoinTree) -> bool:
    """Whether one row of the host may meet several values of the filter."""
    above = {alias for alias in reads(where) if alias in tree.path(block.host)[:-1]}
    attributes = {tree.host(alias) for alias in reads(where)} - {block.host, tree.host(block.host)}
    return any(not tree.fixes(block.host, alias) for alias in above | (attributes & set(tree.path(block.host))))


def _columns_read(block: Block, flagged: Iterable[str], tree: JoinTree) -> Iterator[ColumnOf]:
    """What the measures read, but for what the flags stand for."""
    texts = frozenset(flagged)
    for measure in block.measures:
        read = (item for item in measure.expressions if item.text not in texts)
        yield from (ColumnOf(ref.qualifier or "", ref.name) for item in read for ref in item.columns)
        if measure.source != block.host:
            yield from _identifying(measure, tree)


def _identifying(measure: Measure, tree: JoinTree) -> Iterator[ColumnOf]:
    node = tree[measure.source]
    yield presence_of(node).column
    yield from (ColumnOf(measure.source, column) for column in node.identity or ())


def _renamed(host: str, columns: list[ColumnOf], taken: set[str]) -> dict[ColumnOf, ColumnOf]:
    """Names in the unique rows: the host's columns keep theirs, so that the author's text can stay."""
    renamed: dict[ColumnOf, ColumnOf] = {}
    used = set(taken)
    for column in sorted(columns, key=lambda item: item.alias != host):
        wanted = column.name if column.alias == host else f"{column.alias}_{column.name}"
        while wanted in used:
            wanted += "_"
        renamed[column] = ColumnOf(host, wanted)
        used.add(wanted)
    return renamed
