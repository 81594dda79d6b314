"""A declared view as one SELECT: its groups, and each branch joined to them one-to-one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from mvc.analysis.blocks import Block, main_block
from mvc.analysis.computed import levels
from mvc.analysis.late import Late, late_sources
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.scope import bare_column, reads
from mvc.analysis.tree import JoinTree, may_be_missing
from mvc.analysis.types import never_null
from mvc.expression import Expression, parse_expression
from mvc.model.view import Aggregate, Computed, Declared
from mvc.quoting import qualified
from mvc.sqlgen.aggregate import measure_text, with_default
from mvc.sqlgen.block import Key, block_select, group_by, joined_sources, missing_attributes
from mvc.sqlgen.joins import from_sources, table
from mvc.sqlgen.leaf import aliased, leaf, name
from mvc.sqlgen.rows import Rows


def declared_select(view: ResolvedView, query: DeclaredQuery) -> exp.Select:
    """The SELECT whose rows are the view's, its columns in the order of the spec."""
    groups, columns = _groups_with_branches(query)
    body = view.view.body
    measures = body.measures if isinstance(body, Declared) else ()
    order = [
        *(item.name for item in query.dimensions),
        *(item.name for item in measures if isinstance(item, Aggregate)),
    ]
    groups.set("expressions", [aliased(columns[column], column) for column in order])
    return _with_computed(groups, query, [column.name for column in view.columns]) if query.computed else groups


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups of the view: a SELECT's FROM, and how each dimension, link and key is written against it."""

    select: exp.Select
    columns: dict[str, str]
    written: Mapping[str, str]


def _groups_with_branches(query: DeclaredQuery) -> tuple[exp.Select, dict[str, str]]:
    main = next((block for block in query.blocks if block.by == "main"), None)
    branches = [block for block in query.blocks if block.by != "main"]
    if main is None and query.grain.base_key is not None:
        groups = _row_per_base(query, branches)
    elif not branches and not late_sources(query, ()):
        groups = _grouped(query, main, (), ())
    else:
        groups = _grouped_below(query, main, branches)
    names = _branch_names(query, branches)
    for block, alias in zip(branches, names, strict=True):
        _join_branch(groups, block, alias, query)
    return groups.select, groups.columns


def _row_per_base(query: DeclaredQuery, branches: Iterable[Block]) -> _Groups:
    """Each row of the base is a group: no GROUP BY."""
    tree = query.tree
    needed = [item.expression for item in query.dimensions] + [link.outer for block in branches for link in block.links]
    joined = tree.needed(reads(*needed, *query.where) | {tree.base.alias}, tree.singles)
    select = from_sources(exp.Select(), tree, (tree.base.alias,), joined, (*query.where, *tree.base.where))
    return _Groups(select, {item.name: item.expression.text for item in query.dimensions}, {})


def _grouped(query: DeclaredQuery, main: Block | None, extra: tuple[Key, ...], late: tuple[Late, ...]) -> _Groups:
    """The base grouped by the dimensions, with its own measures; of a source that comes late, by what refers to its key."""
    tree = query.tree
    block = main or main_block(tree.base.alias)
    keys = (*_dimension_keys(query, late), *extra)
    joined = joined_sources(block, keys, query)
    missing = missing_attributes(block, joined, tree)
    columns = {key.name: key.expression.text for key in keys}
    for item in block.measures:
        columns[item.name] = with_default(measure_text(item, tree, block.host, Rows(), missing), item.aggregate.default)
    select = from_sources(exp.Select(), tree, block.path, joined, (*query.where, *tree.base.where))
    positions = [number for number, key in enumerate(keys) if not _decided(key, keys, tree)]
    return _Groups(group_by(select, positions), columns, {})


def _dimension_keys(query: DeclaredQuery, late: tuple[Late, ...]) -> Iterator[Key]:
    by_alias = {item.node.alias: item for item in late}
    for dimension in query.dimensions:
        source = by_alias.get(next(iter(reads(dimension.expression)), ""))
        ref = bare_column(dimension.expression)
        if source is None:
            yield Key(dimension.name, dimension.expression)
        elif ref and ref.name == source.key:
            yield Key(dimension.name, source.reference)


def _decided(key: Key, keys: tuple[Key, ...], tree: JoinTree) -> bool:
    """Whether PostgreSQL knows that the other keys decide this one: they hold the primary key of the source that it reads.

    Rule source: PostgreSQL manual, SELECT, GROUP BY clause (functional dependence).
    """
    aliases = reads(key.expression)
    primary = tree[next(iter(aliases))].readable.primary if len(aliases) == 1 else None
    if primary is None:
        return False
    own = bare_column(key.expression)
    refs = (bare_column(item.expression) for item in keys)
    columns = {ref.name for ref in refs if ref and ref.qualifier in aliases}
    return columns.issuperset(primary) and (own is None or own.name not in primary)


def _grouped_below(query: DeclaredQuery, main: Block | None, branches: list[Block]) -> _Groups:
    """The grouped base as a subquery, for branches to be joined to. Without dimensions and measures there is none."""
    if main is None and not query.dimensions:
        return _Groups(exp.Select(), {}, {})
    known = {item.expression.text: item.name for item in query.dimensions}
    links = [link.outer for block in branches for link in block.links if link.outer.text not in known]
    extra = tuple(Key(f"link_{number + 1}", link) for number, link in enumerate(dict.fromkeys(links)))
    late = late_sources(query, branches)
    inner = _grouped(query, main, extra, late)
    alias = query.tree.base.alias
    inner.select.set("expressions", [aliased(text, column) for column, text in inner.columns.items()])
    source = exp.Subquery(this=inner.select, alias=exp.TableAlias(this=name(alias)))
    written = {text: qualified(alias, column) for text, column in known.items()}
    written |= {key.expression.text: qualified(alias, key.name) for key in extra}
    columns = {
        column: qualified(alias, column) for column in inner.columns if column not in {key.name for key in extra}
    }
    select = exp.Select().from_(source)
    for item in late:
        outer = next(
            qualified(alias, key.name) for key in _dimension_keys(query, late) if key.expression is item.reference
        )
        on = leaf(f"{qualified(item.node.alias, item.key)} = {outer}")
        select.append("joins", exp.Join(this=table(item.node), side="LEFT", on=on))
    columns |= {item.name: item.expression.text for item in query.dimensions if item.name not in columns}
    return _Groups(select, columns, written)


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


def _join_branch(groups: _Groups, block: Block, alias: str, query: DeclaredQuery) -> None:
    keys, conditions = _branch_keys(groups, block, alias, query)
    subquery = exp.Subquery(this=block_select(block, keys, query), alias=exp.TableAlias(this=name(alias)))
    for measure in block.measures:
        default = measure.aggregate.default
        if conditions and default is None:
            default = measure.function.no_rows  # a group without rows in this branch
        groups.columns[measure.name] = with_default(qualified(alias, measure.name), default)
    if groups.select.args.get("from_") is None:
        groups.select.set("from_", exp.From(this=subquery))
    elif conditions:
        groups.select.append("joins", exp.Join(this=subquery, side="LEFT", on=leaf(" AND ".join(conditions))))
    else:
        groups.select.append("joins", exp.Join(this=subquery, kind="CROSS"))


def _branch_keys(groups: _Groups, block: Block, alias: str, query: DeclaredQuery) -> tuple[tuple[Key, ...], list[str]]:
    """The columns by which a branch meets its group, and the join conditions, in the same order."""
    pairs = _link_pairs(groups, block) if block.by == "link" else _grain_pairs(groups, query)
    taken = {measure.name for measure in block.measures}
    keys: list[Key] = []
    conditions: list[str] = []
    for number, (inner, outer, nullable) in enumerate(pairs):
        column = bare_column(inner)
        key = Key(_free(column.name if column else f"key_{number + 1}", taken), inner)
        taken.add(key.name)
        keys.append(key)
        conditions.append(_equal(qualified(alias, key.name), outer, nullable=nullable))
    return tuple(keys), conditions


def _free(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "_key"
    return wanted


def _link_pairs(groups: _Groups, block: Block) -> list[tuple[Expression, str, bool]]:
    return [(link.inner, groups.written.get(link.outer.text, link.outer.text), False) for link in block.links]


def _grain_pairs(groups: _Groups, query: DeclaredQuery) -> list[tuple[Expression, str, bool]]:
    base = query.tree.base
    if query.grain.base_key is not None and not groups.written:
        columns = [parse_expression(qualified(base.alias, column)) for column in query.grain.base_key]
        return [(column, column.text, False) for column in columns]
    missing = may_be_missing(query.tree)
    wanted = query.grain.columns or tuple(item.name for item in query.dimensions)
    return [
        (item.expression, groups.written[item.expression.text], not never_null(item.expression, query.tree, missing))
        for item in query.dimensions
        if item.name in wanted
    ]


def _equal(left: str, right: str, *, nullable: bool) -> str:
    """Equality of group keys. NULL is a group like any other: arrays compare NULLs as equal, and can be hashed."""
    return f"ARRAY[{left}] = ARRAY[{right}]" if nullable else f"{left} = {right}"


def _with_computed(select: exp.Select, query: DeclaredQuery, order: list[str]) -> exp.Select:
    """The computed columns around the rest, one SELECT per level of dependence."""
    known = [item.name for item in query.dimensions]
    known += [measure.name for block in query.blocks for measure in block.measures]
    runs = levels(query.computed)
    for number, run in enumerate(runs):
        known += [item.name for item in run]
        here = {item.name: item for item in run}
        listed = order if number == len(runs) - 1 else known
        source = exp.Subquery(this=select, alias=exp.TableAlias(this=name("columns_of_view")))
        select = exp.Select(expressions=[_computed(column, here) for column in listed]).from_(source)
    return select


def _computed(column: str, here: Mapping[str, Computed]) -> exp.Expression:
    item = here.get(column)
    text = qualified(column) if item is None else with_default(item.sql.expression.text, item.default)
    return leaf(text) if item is None else exp.Alias(this=leaf(text), alias=name(column))
