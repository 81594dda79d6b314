"""The first of three proofs: generated text, parsed back, is the tree that was meant.

Each leaf is parsed by itself and put in its place; the whole text is parsed as one statement. If the two differ, some text
meant something else in its surroundings than alone (a precedence, a smuggled clause), and nothing is emitted.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from mvc.expression.parse import SIMPLE
from mvc.expression.tokens import POSTGRES
from mvc.sqlgen.leaf import MEANING, leaf_text


class ProofError(Exception):
    """The text does not mean what it was generated from: a fault of the compiler, never of the project."""


def print_proven(select: exp.Select) -> str:
    """`select` as formatted text. Consumes the tree. Raises ProofError."""
    text = POSTGRES.generate(select, copy=False, pretty=True)
    for leaf in list(select.find_all(exp.Var)):
        _put(leaf, leaf.meta_get(MEANING) or _leaf_tree(leaf_text(leaf)))
    if _parse(text) != select:  # no leaf holds a Command, so what equals them holds none
        raise ProofError("the generated SELECT does not parse back to what was meant")
    return text


def _put(leaf: exp.Var, meaning: exp.Expr) -> None:
    """`meaning` in the leaf's place. It is shared, not copied: its parent stays what it was, and its hash is kept."""
    parent, key, index = leaf.parent, leaf.arg_key, leaf.index
    if parent is None or key is None:
        raise ProofError("a leaf cannot be the whole statement")
    if index is None:
        parent.args[key] = meaning
    else:
        parent.args[key][index] = meaning


def parse_one_statement(text: str) -> exp.Expr:
    """The one statement in `text`. Raises ProofError for several, none, or what sqlglot does not check."""
    statement = _parse(text)
    if statement.find(exp.Command):
        raise ProofError("the generated text is not one checked statement")
    return statement


def _parse(text: str) -> exp.Expr:
    try:
        statements = POSTGRES.parse(text)
    except SqlglotError as problem:
        raise ProofError(str(problem)) from problem
    if len(statements) != 1 or statements[0] is None:
        raise ProofError("the generated text is not one checked statement")
    return statements[0]


@lru_cache(maxsize=16384)
def _leaf_tree(text: str) -> exp.Expr:
    if simple := SIMPLE.match(text):
        return exp.column(simple[2], simple[1])
    parsed = parse_one_statement(f"SELECT {text}" if not _is_query(text) else text)
    return parsed if _is_query(text) else parsed.expressions[0]


def _is_query(text: str) -> bool:
    return text.lstrip("( \n").lower().startswith(("select ", "with ", "values ", "select\n", "with\n"))
