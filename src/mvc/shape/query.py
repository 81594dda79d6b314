"""A declared view as one query: its groups, and each branch joined to them one-to-one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mvc.analysis.declared.attribute_joins import Late, late_sources
from mvc.analysis.declared.blocks import Block, main_block
from mvc.analysis.declared.tree import JoinTree, may_be_missing
from mvc.analysis.names.scope import bare_column, column_expression, reads
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.columns import never_null
from mvc.expression import Expression
from mvc.model.view import Aggregate, Declared
from mvc.shape.after import has_after, with_after
from mvc.shape.blocks import GroupKey, block_query, joined_sources, missing_attributes
from mvc.shape.measures import BlockRows, finished, measured
from mvc.shape.reading import reading_of
from mvc.shape.records import AuthorExpression, ColumnOf, Equal, Join, Reading, ReadSource, ResultColumn, Select, Value
from mvc.shape.rows import source_of


def query_of(view: ResolvedView, query: DeclaredQuery) -> Select:
    """The query whose rows are the view's, its columns in the order of the spec."""
    groups = _groups_with_branches(query)
    body = view.view.body
    measures = body.measures if isinstance(body, Declared) else ()
    order = [
        *(item.name for item in query.dimensions),
        *(item.name for item in measures if isinstance(item, Aggregate)),
    ]
    shown = [item.name for item in view.columns]
    listed = order if has_after(query) else shown
    outputs = tuple(ResultColumn(column, groups.columns[column]) for column in listed)
    return with_after(Select(outputs, groups.reading, groups.groups), query, shown)


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups of the view: what is read, how each column is written against it, and by which of them it groups.

    `known` are the columns that stand for a dimension or a link, by its text. `met` are required branches that are yet to be joined INNER.
    """

    reading: Reading
    columns: Mapping[str, Value]
    groups: tuple[int, ...] = ()
    known: Mapping[str, ColumnOf] = field(default_factory=dict)
    met: frozenset[str] = frozenset()


def _groups_with_branches(query: DeclaredQuery) -> _Groups:
    main = next((block for block in query.blocks if block.by == "main"), None)
    branches = [block for block in query.blocks if block.by != "main"]
    if main is None and query.grain.base_key is not None:
        groups = _row_per_base(query, branches)
    elif not branches and not late_sources(query, ()):
        groups = _grouped(query, main, (), ())
    else:
        groups = _grouped_below(query, main, branches)
    for block, alias in zip(branches, _branch_names(query, branches), strict=True):
        groups = _with_branch(groups, block, alias, query)
    return groups


def _row_per_base(query: DeclaredQuery, branches: Iterable[Block]) -> _Groups:
    """Each row of the base is a group: nothing is grouped."""
    tree = query.tree
    needed = [item.expression for item in query.dimensions] + [link.outer for block in branches for link in block.links]
    joined = tree.needed(reads(*needed, *query.where) | {tree.base.alias}, tree.singles)
    met = _required_branches(tree, branches)
    reading = reading_of(tree, (tree.base.alias,), joined, (*query.where, *tree.base.where), met)
    return _Groups(reading, {item.name: AuthorExpression(item.expression) for item in query.dimensions}, met=met)


def _required_branches(tree: JoinTree, branches: Iterable[Block]) -> frozenset[str]:
    """The sources that a row of the base must have, of which a branch has a row exactly where they have one: nothing else need ask."""
    hosts = (tree[block.host] for block in branches if block.by == "link" and block.path == (block.host,))
    return frozenset(node.alias for node in hosts if node.source.required and node.parent == tree.base.alias)


def _grouped(query: DeclaredQuery, main: Block | None, extra: tuple[GroupKey, ...], late: tuple[Late, ...]) -> _Groups:
    """The base grouped by the dimensions, with its own measures; of a source that comes late, by what refers to its key."""
    tree = query.tree
    block = main or main_block(tree.base.alias)
    keys = (*_dimension_keys(query, late), *extra)
    joined = joined_sources(block, keys, query)
    missing = missing_attributes(block, joined, tree)
    columns: dict[str, Value] = {key.name: AuthorExpression(key.expression) for key in keys}
    for item in block.measures:
        value = measured(item, tree, block.host, BlockRows(), missing)
        columns[item.name] = finished(value, item.aggregate)
    positions = tuple(number for number, key in enumerate(keys) if not _decided(key, keys, tree))
    return _Groups(reading_of(tree, block.path, joined, (*query.where, *tree.base.where)), columns, positions)


def _dimension_keys(query: DeclaredQuery, late: tuple[Late, ...]) -> Iterator[GroupKey]:
    by_alias = {item.node.alias: item for item in late}
    for dimension in query.dimensions:
        source = by_alias.get(next(iter(reads(dimension.expression)), ""))
        ref = bare_column(dimension.expression)
        if source is None:
            yield GroupKey(dimension.name, dimension.expression)
        elif ref and ref.name == source.key:
            yield GroupKey(dimension.name, source.reference)


def _decided(key: GroupKey, keys: tuple[GroupKey, ...], tree: JoinTree) -> bool:
    """Whether the other keys decide this one: they hold the primary key of the source that it reads.

    Rule source: PostgreSQL manual, SELECT, GROUP BY clause (functional dependence).
    """
    aliases = reads(key.expression)
    primary = tree[next(iter(aliases))].primary if len(aliases) == 1 else None
    if primary is None:
        return False
    own = bare_column(key.expression)
    refs = (bare_column(item.expression) for item in keys)
    columns = {ref.name for ref in refs if ref and ref.qualifier in aliases}
    return columns.issuperset(primary) and (own is None or own.name not in primary)


def _grouped_below(query: DeclaredQuery, main: Block | None, branches: list[Block]) -> _Groups:
    """The grouped base as a query below, for branches to be joined to. Without dimensions and measures there is none."""
    if main is None and not query.dimensions:
        return _Groups(Reading(), {})
    alias, late = query.tree.base.alias, late_sources(query, branches)
    known = {item.expression.text: ColumnOf(alias, item.name) for item in query.dimensions}
    links = [link.outer for block in branches for link in block.links if link.outer.text not in known]
    extra = tuple(GroupKey(f"link_{number + 1}", link) for number, link in enumerate(dict.fromkeys(links)))
    inner = _grouped(query, main, extra, late)
    below = Select(tuple(ResultColumn(*column) for column in inner.columns.items()), inner.reading, inner.groups)
    columns: dict[str, Value] = {name: ColumnOf(alias, name) for name in inner.columns}
    columns = {name: value for name, value in columns.items() if name not in {key.name for key in extra}}
    columns |= {item.name: AuthorExpression(item.expression) for item in query.dimensions if item.name not in columns}
    joins = tuple(_late_join(item, query, late) for item in late)
    known |= {key.expression.text: ColumnOf(alias, key.name) for key in extra}
    return _Groups(Reading(ReadSource(alias, below), joins), columns, known=known)


def _late_join(item: Late, query: DeclaredQuery, late: tuple[Late, ...]) -> Join:
    alias = query.tree.base.alias
    keys = _dimension_keys(query, late)
    outer = next(ColumnOf(alias, key.name) for key in keys if key.expression is item.reference)
    return Join(source_of(item.node), "left", (Equal(((ColumnOf(item.node.alias, item.key), outer, False),)),))


def _branch_names(query: DeclaredQuery, branches: Iterable[Block]) -> list[str]:
    """The alias of each branch: its host's, unless the groups use that one already."""
    taken = set(query.tree.singles)
    names: list[str] = []
    for block in branches:
        alias = block.host
        while alias in taken:
            alias += "_rows"
        taken.add(alias)
        names.append(alias)
    return names


def _with_branch(groups: _Groups, block: Block, alias: str, query: DeclaredQuery) -> _Groups:
    keys, pairs = _branch_keys(groups, block, alias, query)
    source = ReadSource(alias, block_query(block, keys, query))
    columns = dict(groups.columns)
    for measure in block.measures:
        missing = pairs and block.host not in groups.met
        no_rows = measure.function.no_rows if missing else None  # of a group without rows in this branch
        columns[measure.name] = finished(ColumnOf(alias, measure.name), measure.aggregate, no_rows)
    reading = groups.reading
    if reading.source is None:
        reading = replace(reading, source=source)
    else:
        kind: Literal["inner", "left"] = "inner" if block.host in groups.met else "left"
        join = Join(source, kind, (Equal(pairs),)) if pairs else Join(source, "cross")
        reading = replace(reading, joins=(*reading.joins, join))
    return replace(groups, reading=reading, columns=columns)


_Pair = tuple[Value, Value, bool]


def _branch_keys(
    groups: _Groups, block: Block, alias: str, query: DeclaredQuery
) -> tuple[tuple[GroupKey, ...], tuple[_Pair, ...]]:
    """The columns by which a branch meets its group, and what they are equal to, in the same order."""
    meeting = _links(groups, block) if block.by == "link" else _grain(groups, query)
    taken = {measure.name for measure in block.measures}
    keys: list[GroupKey] = []
    pairs: list[_Pair] = []
    for number, (inner, outer, nullable) in enumerate(meeting):
        column = bare_column(inner)
        key = GroupKey(_free(column.name if column else f"key_{number + 1}", taken), inner)
        taken.add(key.name)
        keys.append(key)
        pairs.append((ColumnOf(alias, key.name), outer, nullable))
    return tuple(keys), tuple(pairs)


def _free(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "_key"
    return wanted


def _links(groups: _Groups, block: Block) -> list[tuple[Expression, Value, bool]]:
    return [
        (link.inner, groups.known.get(link.outer.text, AuthorExpression(link.outer)), False) for link in block.links
    ]


def _grain(groups: _Groups, query: DeclaredQuery) -> list[tuple[Expression, Value, bool]]:
    base = query.tree.base
    if query.grain.base_key is not None and not groups.known:
        return [
            (column_expression(base.alias, name), ColumnOf(base.alias, name), False) for name in query.grain.base_key
        ]
    missing = may_be_missing(query.tree)
    wanted = query.grain.columns or tuple(item.name for item in query.dimensions)
    return [
        (item.expression, groups.known[item.expression.text], not never_null(item.expression, query.tree, missing))
        for item in query.dimensions
        if item.name in wanted
    ]
