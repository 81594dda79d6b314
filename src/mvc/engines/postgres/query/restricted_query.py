"""A view's own query, restricted to some of its groups: the same SELECT, and the keys reach inside every block of it.

Outside of the blocks a restriction would come too late: each branch would be computed for all groups first. `= ANY (ARRAY(…))`
serves with an index on the column and without one, but the planner takes it for ten values: for many, there is another form.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlglot import exp

from mvc.analysis.declared.blocks import Block
from mvc.analysis.declared.grain import ResolvedDimension
from mvc.analysis.declared.tree import JoinTree, Node, may_be_missing
from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.refresh.window_partitions import refresh_keys
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.columns import dimension_type, expression_type, never_null
from mvc.engines.postgres.deploy.storage import query_text, stored_query_text
from mvc.engines.postgres.query.period_bounds import periods
from mvc.engines.postgres.query.printing import select_tree
from mvc.engines.postgres.query.proof import print_proven
from mvc.expression import Expression, parse_expression
from mvc.quoting import identifier, qualified
from mvc.shape.picked import is_looked_up, link_parts
from mvc.shape.reading import reading_of
from mvc.shape.records import AuthorExpression, ResultColumn, Select

_PROBED: Final = "{0} = ANY (ARRAY({1}))"
_JOINED: Final = "{0} IN ({1})"


def groups_query(view: ResolvedView, query: DeclaredQuery, keys: tuple[str, str]) -> str:
    """The rows of the view whose keys are in the relation `keys`, as they are stored. For few keys: each is looked up."""
    return _restricted(view, query, keys, _PROBED)


def many_groups_query(view: ResolvedView, query: DeclaredQuery, keys: tuple[str, str]) -> str:
    """The same for many keys, which tables are joined with. The server must know how many there are (ANALYZE)."""
    return _restricted(view, query, keys, _JOINED)


def _restricted(view: ResolvedView, query: DeclaredQuery, keys: tuple[str, str], among: str) -> str:
    dimensions = tuple(item for item in query.dimensions if item.name in refresh_keys(query))
    wanted = _Wanted(query, dimensions, keys, among)
    where, blocks = (*query.where, *wanted.rows()), tuple(map(wanted.block, query.blocks))
    some = replace(query, tree=query.tree.with_nodes(wanted.picked), where=where, blocks=blocks)
    restricted = replace(view, query=some)
    return stored_query_text(restricted, query_text(restricted))


class _Wanted:
    """What must hold of the rows of a block whose groups are wanted. `among` is how a value is looked for in a list of them."""

    def __init__(
        self, query: DeclaredQuery, dimensions: tuple[ResolvedDimension, ...], keys: tuple[str, str], among: str
    ) -> None:
        self._query = query
        self._dimensions = dimensions
        self._look = among
        self._alias = _free("wanted", query.tree)
        self._from = f"FROM {qualified(*keys)} AS {self._alias}"
        missing = may_be_missing(query.tree)
        self._nullable = {item.name for item in dimensions if not never_null(item.expression, query.tree, missing)}

    def rows(self) -> tuple[Expression, ...]:
        """Conditions for rows of the base: the exact one, and before it those that an index can serve."""
        sure = [item for item in self._dimensions if item.name not in self._nullable]
        within = [condition for item in sure for condition in self._period(item)]
        if len(self._dimensions) == 1 and sure:
            return (*within, self._any(sure[0]))
        plain = [self._any(item) for item in sure if bare_column(item.expression)]
        return (*within, *plain, self._exactly())

    def _exactly(self) -> Expression:
        """The key is one of those wanted. IS TRUE keeps it a look-up in a hash table: as a join, it is a nested loop where the
        server takes the rows for few.
        """
        own = ", ".join(self._comparable(item, item.expression.text) for item in self._dimensions)
        wanted = ", ".join(self._comparable(item, qualified(self._alias, item.name)) for item in self._dimensions)
        return self._condition(f"(({own}) IN (SELECT {wanted} {self._from})) IS TRUE")

    def _comparable(self, item: ResolvedDimension, value: str) -> str:
        """Arrays compare NULLs as equal, and can be hashed. An array of arrays has another dimension, and none of an empty one."""
        if item.name not in self._nullable:
            return value
        if (dimension_type(item, self._query.tree) or "").endswith("[]"):
            return f"{value} IS NULL, COALESCE({value}, '{{}}')"
        return f"ARRAY[{value}]"

    def _period(self, item: ResolvedDimension) -> tuple[Expression, ...]:
        """From the first of the wanted periods to the end of the last."""
        first, last = (f"(SELECT {end}({qualified(self._alias, item.name)}) {self._from})" for end in ("min", "max"))
        return tuple(map(self._condition, periods(item.expression, self._query.tree, first, last)))

    def block(self, block: Block) -> Block:
        """The block with its own rows restricted; those that start at the base are restricted with the base."""
        if block.by != "link":
            return block
        return replace(block, residue=(*block.residue, *(self._linked(link.inner, link.outer) for link in block.links)))

    def picked(self, node: Node) -> Node:
        """A source whose rows are put in order once: only those that the wanted groups are linked to."""
        parts = link_parts(node, self._query.tree) if node.is_picked and not is_looked_up(node) else None
        links = parts.links if parts else ()
        return replace(node, within=tuple(self._linked(*link, node.alias) for link in links))

    def _any(self, item: ResolvedDimension) -> Expression:
        return self._among(item.expression, f"SELECT {qualified(self._alias, item.name)} {self._from}")

    def _linked(self, inner: Expression, outer: Expression, of: str = "") -> Expression:
        """`inner`, of the source `of`, is among the values of `outer` that the wanted groups have."""
        for item in self._dimensions:
            if item.expression.text == outer.text and item.name not in self._nullable:
                return self._among(inner, f"SELECT {qualified(self._alias, item.name)} {self._from}")
        return self._among(inner, self._values_of(outer, of))

    def _values_of(self, outer: Expression, of: str = "") -> str:
        """Of what is picked any row may be the one: the values are among them. Where they restrict the source `of`, what asks of that
        source picks none of them: a row that it would leave out would look as if nothing were joined to it.
        """
        whole = self._query.tree
        where = (*self._query.where, *whole.base.where, *self.rows())
        where = tuple(
            item for item in where if not any(of in whole.path(alias) for alias in reads(item) if alias in whole.nodes)
        )
        deepest = max(reads(outer), key=lambda alias: (whole[alias].depth, alias))
        path = (whole.base.alias,) if deepest in whole.singles else whole.path(deepest)
        aliases = {ref.qualifier or "" for item in (outer, *where) for ref in item.columns} | set(path)
        joined = whole.needed(aliases, whole.singles | set(path))
        reading = reading_of(whole.with_nodes(_any_row), path, joined, where)
        return print_proven(select_tree(Select((ResultColumn("", AuthorExpression(outer)),), reading)))

    def _among(self, expression: Expression, values: str) -> Expression:
        """The condition, of which nothing within the subquery is known outside, though it names the same sources.

        An array of arrays is one array, of which ANY takes the elements; so arrays are joined, however few they are.
        """
        own = _enclosed(expression)
        look = _JOINED if _may_be_array(expression, self._query.tree) else self._look
        parsed = parse_expression(look.format(own, values))
        return replace(parsed, columns=tuple(ref for ref in parsed.columns if ref.end <= len(own)))

    def _condition(self, text: str) -> Expression:
        """The condition, of which only the columns of the view's own sources are known outside."""
        parsed = parse_expression(text)
        own = self._query.tree.nodes
        return replace(parsed, columns=tuple(ref for ref in parsed.columns if ref.qualifier in own))


def _any_row(node: Node) -> Node:
    return replace(node, source=replace(node.source, order=()), order=())


def _may_be_array(expression: Expression, tree: JoinTree) -> bool:
    """Whether it is an array; of what only a server knows the type of, whether it reads or names one."""
    if type_ := expression_type(expression, tree):
        return type_.endswith("[]")
    read = (tree[ref.qualifier or ""].readable.columns[ref.name].type for ref in expression.columns)
    named = (node.this is exp.DataType.Type.ARRAY for node in expression.ast.find_all(exp.DataType))
    return any((type_ or "").endswith("[]") for type_ in read) or any(named)


def _enclosed(expression: Expression) -> str:
    return expression.text if bare_column(expression) else f"({expression.text})"


def _free(alias: str, tree: JoinTree) -> str:
    while alias in tree.nodes:
        alias += "_"
    return identifier(alias)
