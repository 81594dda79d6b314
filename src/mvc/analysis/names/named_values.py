"""Values that stand for something in the catalogs: `regclass` for a table, `regconfig` for a text search configuration.

Stored as they are, they stay right. What is made of one, its text above all, changes when somebody renames or alters what it stands for, and
no row changes with it. So only what hands such a column on as it is can be computed group by group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.scope import bare_column
from mvc.analysis.resolved import DeclaredQuery
from mvc.catalog.types import plain_type
from mvc.expression import Expression
from mvc.expression.split import equation

# PostgreSQL's types whose values are looked up when they are written or used.
NAMING_TYPES: Final = frozenset(
    {"regclass", "regproc", "regprocedure", "regtype", "regrole", "regnamespace", "regoper", "regoperator"}
    | {"regcollation", "regdatabase", "aclitem"}
)
# These too; a constant of them is known to the query that it stands in, so that a refresh looks whether it is as it was.
CONFIGURING_TYPES: Final = frozenset({"regconfig", "regdictionary"})


def named_values(query: DeclaredQuery) -> Iterator[tuple[Expression, str]]:
    """Each expression that makes something of such a column, and which."""
    tree, handed = query.tree, _handed(query)
    yield from (pair for item in query.dimensions if item.name not in handed for pair in _made(item.expression, tree))
    for condition in (*query.where, *(part for node in tree.nodes.values() for part in node.decides)):
        if not _compares_columns(condition):
            yield from _made(condition, tree)
    for measure in (item for block in query.blocks for item in block.measures):
        for expression in measure.expressions:
            if measure.function.writes_text or not _column(expression, tree):
                yield from _made(expression, tree)
    for expression in (*(item for each in query.computed for item in each.expressions), *query.after.conditions):
        names = (ref.name for ref in expression.columns)
        yield from ((expression, handed[name]) for name in names if name in handed)


def _handed(query: DeclaredQuery) -> dict[str, str]:
    """The view's own columns that hold such a value as it is, and what it is of."""
    found = {item.name: _column(item.expression, query.tree) for item in query.dimensions}
    for measure in (item for block in query.blocks for item in block.measures):
        if measure.argument and not measure.function.writes_text:
            found[measure.name] = _column(measure.argument, query.tree)
    return {name: what for name, what in found.items() if what}


def _compares_columns(condition: Expression) -> bool:
    """Whether two columns are compared as they are, which goes by what they stand for."""
    sides = equation(condition)
    return sides is not None and all(bare_column(side) for side in sides)


def _column(expression: Expression, tree: JoinTree) -> str:
    """The column that an expression is, if it stands for something."""
    return next((what for what in _columns(expression, tree)), "") if bare_column(expression) else ""


def _made(expression: Expression, tree: JoinTree) -> Iterator[tuple[Expression, str]]:
    return ((expression, what) for what in _columns(expression, tree))


def _columns(expression: Expression, tree: JoinTree) -> Iterator[str]:
    for ref in expression.columns:
        column = tree[ref.qualifier].readable.columns.get(ref.name) if ref.qualifier else None
        type_ = (plain_type(column.type) or "").removesuffix("[]") if column else ""
        if type_ in NAMING_TYPES | CONFIGURING_TYPES:
            yield f"`{ref.qualifier}.{ref.name}`, a {type_}"
