"""What a spec claims without a key to prove it, as queries on data: each returns the values that break the claim."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from mvc.analysis.declared.tree import Node
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.compiled.refresh import Claim
from mvc.engines.postgres.query.printing import condition_tree, source_tree
from mvc.engines.postgres.query.verbatim import all_of, leaf
from mvc.expression.tokens import POSTGRES
from mvc.quoting import qualified
from mvc.shape.records import AuthorExpression
from mvc.shape.rows import source_of


def claims(view: ResolvedView) -> tuple[Claim, ...]:
    """The claims of `one: true`, and of subqueries' keys. (A claimed grain is proven by its unique index.)"""
    return tuple(_claims(view.query)) if isinstance(view.query, DeclaredQuery) else ()


def _claims(query: DeclaredQuery) -> Iterator[Claim]:
    for node in sorted(query.tree.nodes.values(), key=lambda node: node.alias):
        if node.source.one and node.equated:
            yield _claim(node, tuple(node.equated), "one")
        if node.readable.sql is not None and not node.readable.constant:
            yield _claim(node, node.readable.keys[0], "key")


def _claim(node: Node, columns: tuple[str, ...], said: str) -> Claim:
    """Values of `columns` that more than one row has, and how many rows; NULLs join nothing, so they break nothing."""
    named = [qualified(node.alias, column) for column in columns]
    own = [condition_tree(AuthorExpression(item)) for item in node.where] if said == "one" else []
    select = exp.Select(expressions=[*(leaf(text) for text in named), leaf("COUNT(*) AS rows")])
    select.set("from_", exp.From(this=source_tree(source_of(node))))
    select.set("where", exp.Where(this=all_of([*(leaf(f"{text} IS NOT NULL") for text in named), *own])))
    select.set("group", exp.Group(expressions=[exp.Literal.number(number + 1) for number in range(len(named))]))
    select.set("having", exp.Having(this=leaf("COUNT(*) > 1")))
    return Claim(node.alias, said, columns, select.sql(dialect=POSTGRES, pretty=True))
