"""A view's own query, restricted to some of its groups: the same SELECT, and the keys reach inside every block of it.

Outside of the blocks a restriction would come too late: each branch would be computed for all groups first. `= ANY (ARRAY(…))`
serves with an index on the column and without one.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from mvc.analysis.blocks import Block
from mvc.analysis.grain import ResolvedDimension
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.scope import bare_column
from mvc.analysis.tree import JoinTree, may_be_missing
from mvc.analysis.types import never_null
from mvc.expression import Expression, parse_expression
from mvc.quoting import identifier, qualified
from mvc.sqlgen.joins import from_sources
from mvc.sqlgen.leaf import leaf
from mvc.sqlgen.proof import print_proven
from mvc.sqlgen.storage import query_text, stored_query_text


def groups_query(view: ResolvedView, query: DeclaredQuery, keys: tuple[str, str]) -> str:
    """The rows of the view whose keys are in the relation `keys`, as they are stored."""
    wanted = _Wanted(query, tuple(item for item in query.dimensions if item.name in (view.grain or ())), keys)
    some = replace(query, where=(*query.where, *wanted.rows()), blocks=tuple(map(wanted.block, query.blocks)))
    restricted = replace(view, query=some)
    return stored_query_text(restricted, query_text(restricted))


class _Wanted:
    """What must hold of the rows of a block whose groups are wanted."""

    def __init__(self, query: DeclaredQuery, dimensions: tuple[ResolvedDimension, ...], keys: tuple[str, str]) -> None:
        self._query = query
        self._dimensions = dimensions
        self._alias = _free("wanted", query.tree)
        self._from = f"FROM {qualified(*keys)} AS {self._alias}"
        missing = may_be_missing(query.tree)
        self._nullable = {item.name for item in dimensions if not never_null(item.expression, query.tree, missing)}

    def rows(self) -> tuple[Expression, ...]:
        """Conditions for rows of the base: the exact one, and before it those that an index can serve."""
        single = [self._any(item) for item in self._dimensions if item.name not in self._nullable]
        if len(self._dimensions) == 1 and single:
            return tuple(single)
        plain = [self._any(item) for item in self._dimensions if self._indexable(item)]
        matches = " AND ".join(self._equal(item) for item in self._dimensions)
        return (*plain, self._exists(f"EXISTS (SELECT {self._from} WHERE {matches})"))

    def block(self, block: Block) -> Block:
        """The block with its own rows restricted; those that start at the base are restricted with the base."""
        if block.by != "link":
            return block
        return replace(block, residue=(*block.residue, *(self._linked(link.inner, link.outer) for link in block.links)))

    def _indexable(self, item: ResolvedDimension) -> bool:
        return item.name not in self._nullable and bare_column(item.expression) is not None

    def _any(self, item: ResolvedDimension) -> Expression:
        return self._among(item.expression, f"SELECT {qualified(self._alias, item.name)} {self._from}")

    def _linked(self, inner: Expression, outer: Expression) -> Expression:
        """`inner` is among the values of `outer` that the wanted groups have."""
        for item in self._dimensions:
            if item.expression.text == outer.text and item.name not in self._nullable:
                return self._among(inner, f"SELECT {qualified(self._alias, item.name)} {self._from}")
        return self._among(inner, self._values_of(outer))

    def _values_of(self, outer: Expression) -> str:
        tree = self._query.tree
        where = (*self._query.where, *tree.base.where, *self.rows())
        aliases = {ref.qualifier or "" for item in (outer, *where) for ref in item.columns} | {tree.base.alias}
        select = exp.Select(expressions=[leaf(outer.text)])
        joined = tree.needed(aliases, tree.singles)
        return print_proven(from_sources(select, tree, (tree.base.alias,), joined, where))

    def _among(self, expression: Expression, values: str) -> Expression:
        """The condition, of which nothing within the subquery is known outside, though it names the same sources."""
        own = _operand(expression)
        parsed = parse_expression(f"{own} = ANY (ARRAY({values}))")
        return replace(parsed, columns=tuple(ref for ref in parsed.columns if ref.end <= len(own)))

    def _equal(self, item: ResolvedDimension) -> str:
        key = qualified(self._alias, item.name)
        if item.name in self._nullable:  # arrays compare NULLs as equal, and can be hashed
            return f"ARRAY[{key}] = ARRAY[{item.expression.text}]"
        return f"{key} = {_operand(item.expression)}"

    def _exists(self, text: str) -> Expression:
        """The condition, of which only the columns of the view's own sources are known outside."""
        parsed = parse_expression(text)
        own = self._query.tree.nodes
        return replace(parsed, columns=tuple(ref for ref in parsed.columns if ref.qualifier in own))


def _operand(expression: Expression) -> str:
    return expression.text if bare_column(expression) else f"({expression.text})"


def _free(alias: str, tree: JoinTree) -> str:
    while alias in tree.nodes:
        alias += "_"
    return identifier(alias)
