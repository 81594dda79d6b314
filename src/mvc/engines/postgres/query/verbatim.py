"""How the author's own words get into a sqlglot tree: as leaves that print exactly as they were written.

sqlglot would rewrite them (`NOW()` → `CURRENT_TIMESTAMP`), and people must recognise their SQL. What a leaf means in its
place is proven afterwards by `mvc.engines.postgres.query.proof`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from mvc.expression import Expression
from mvc.expression.as_read import is_passage
from mvc.expression.parse import SIMPLE
from mvc.expression.tokens import POSTGRES
from mvc.expression.trees import is_disjunction
from mvc.quoting import is_plain

MEANING: Final = "meaning"  # the key in a leaf's meta of the tree that its text was parsed to already
# What the printer turns into a line break in the end. In compiled sqlglot only a printer itself has it, its class does not.
_LINE_BREAK: Final[str] = POSTGRES.generator().SENTINEL_LINE_BREAK


def leaf(text: str) -> exp.Var:
    """A node that prints as `text`. A line break in it (it may be inside a string) is kept from the printer's indentation."""
    return exp.Var(this=as_leaf(text))


def as_leaf(text: str) -> str:
    """The text as a leaf keeps it."""
    return text.replace("\n", _LINE_BREAK)


def leaf_text(node: exp.Var) -> str:
    """The text that a leaf was made of."""
    return node.name.replace(_LINE_BREAK, "\n")


def expression_leaf(expression: Expression) -> exp.Var:
    """The author's expression as one operand of AND, with the tree that it was parsed to."""
    text = operand(expression)
    node = leaf(text)
    if text == expression.source and expression.made is None:
        node.meta[MEANING] = expression.ast
    return node


def name(text: str) -> exp.Identifier:
    """A name, quoted only where it must be."""
    return exp.Identifier(this=text, quoted=not is_plain(text))


def aliased(text: str, alias: str) -> exp.Expression:
    """`text AS alias`, or just `text` where that is a column of this name."""
    column = SIMPLE.match(text)
    return leaf(text) if column and column[2] == alias else exp.Alias(this=leaf(text), alias=name(alias))


def operand(expression: Expression) -> str:
    """The expression's text, in parentheses where AND or NOT around it would take it apart."""
    apart = isinstance(expression.ast, exp.Or | exp.Xor) or (
        is_passage(expression.ast) and is_disjunction(expression.source)
    )
    return f"({expression.text})" if apart else expression.text


def all_of(conditions: Iterable[exp.Expression]) -> exp.Expression | None:
    """The conditions joined by AND, or None."""
    joined: exp.Expression | None = None
    for condition in conditions:
        joined = condition if joined is None else exp.And(this=joined, expression=condition)
    return joined
