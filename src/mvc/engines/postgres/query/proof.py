"""The first of three proofs: generated text, parsed back, is the tree that was meant.

Each leaf is parsed by itself and put in its place; the whole text is parsed as one statement. If the two differ, some text
meant something else in its surroundings than alone (a precedence, a smuggled clause), and nothing is emitted. A leaf that sqlglot cannot read
is proven by its stand-in, and the stand-in by PostgreSQL's own trees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError

from mvc.catalog.trees import trees
from mvc.engines.postgres.query.verbatim import MEANING, as_leaf, leaf_text
from mvc.expression import ExpressionError
from mvc.expression.parse import SIMPLE, is_readable, parse_expression
from mvc.expression.passages import meant, passage_trees, read_query
from mvc.expression.tokens import POSTGRES
from mvc.expression.trees import query_tree

_SIGNS: Final = re.compile(r"[~!@#^&|`?+*/%<>=-]+|\b(?:is\s+(?:not\s+)?\w+|interval\s*\(|0[xob])", re.IGNORECASE)
_WELL_READ: Final = frozenset(
    [
        "=",
        "<",
        ">",
        "<=",
        ">=",
        "<>",
        "!=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "||",
        "->",
        "->>",
        "is null",
        "is not",
        "is true",
        "is distinct",
    ]
)
_PARAMETERS: Final = (exp.Parameter, exp.Placeholder, exp.SessionParameter)


class StandIn(NamedTuple):
    """What sqlglot is given instead of a leaf, and PostgreSQL's trees of the passages in it."""

    text: str
    passages: Mapping[str, Any]


class ProofError(Exception):
    """The text does not mean what it was generated from: a fault of the compiler, never of the project."""


class _Leaf(NamedTuple):
    """An author's text in the tree; `known` is what it was parsed to, where that is known already."""

    node: exp.Var
    text: str
    known: exp.Expr | None


def print_proven(select: exp.Select) -> str:
    """`select` as formatted text. Consumes the tree. Raises ProofError."""
    text = POSTGRES.generate(select, copy=False, pretty=True)
    leaves = [_Leaf(node, leaf_text(node), node.meta_get(MEANING)) for node in select.find_all(exp.Var)]
    if not any(_is_meant(select, text, leaves, stand_in) for stand_in in (_if_misread, _stand_in)):
        raise ProofError("the generated SELECT does not parse back to what was meant")
    return text


def _is_meant(
    select: exp.Select, text: str, leaves: Sequence[_Leaf], stand_in: Callable[[str], StandIn | None]
) -> bool:
    """Whether a text parses back to the tree with what each leaf means by itself; leaves with a stand-in are read by that."""
    read = {leaf.text: made for leaf in leaves if leaf.known is None and (made := stand_in(leaf.text))}
    for leaf in leaves:
        made = read.get(leaf.text)
        leaf.node.set("this", as_leaf(made.text if made else leaf.text))
        if (
            leaf.node.parent is not None and leaf.node.arg_key
        ):  # back in its place, and no hash of another meaning is kept
            leaf.node.parent.set(leaf.node.arg_key, leaf.node, index=leaf.node.index)
    sql = POSTGRES.generate(select, copy=False, pretty=True) if read else text
    for leaf in leaves:
        _put(leaf.node, leaf.known or _leaf_tree(leaf_text(leaf.node)))
    passages = {key: tree for made in read.values() for key, tree in made.passages.items()}
    if passages and meant(sql, passages) != meant(text, {}):
        return False
    try:
        return _parse(sql) == select  # no leaf holds a Command, so what equals them holds none
    except ProofError:
        return False


def _put(leaf: exp.Var, meaning: exp.Expr) -> None:
    """`meaning` in the leaf's place. It is shared, not copied: its parent stays what it was, and its hash is kept."""
    parent, key, index = leaf.parent, leaf.arg_key, leaf.index
    if parent is None or key is None:
        raise ProofError("a leaf cannot be the whole statement")
    if index is None:
        parent.args[key] = meaning
    else:
        parent.args[key][index] = meaning


def check_one_statement(text: str) -> None:
    """Raises ProofError for several statements, none, or what no parser checks."""
    if not is_query(text) and query_tree(text) is None:
        raise ProofError("the generated text is not one checked statement")


def _parse(text: str) -> exp.Expr:
    try:
        statements = trees(text, POSTGRES)
    except SqlglotError as problem:
        raise ProofError(str(problem)) from problem
    if len(statements) != 1 or statements[0] is None or statements[0].find(exp.Command):
        raise ProofError("the generated text is not one checked statement")
    return statements[0]


def is_query(text: str) -> bool:
    """Whether sqlglot reads a text as one statement without parameters."""
    try:
        return _statement(text).find(*_PARAMETERS) is None
    except ProofError:
        return False


@lru_cache(maxsize=16384)
def _statement(text: str) -> exp.Expr:
    return _parse(text)


def _if_misread(text: str) -> StandIn | None:
    """The stand-in of a leaf that sqlglot cannot read, or may take for something else without a word."""
    well_read = all(match[0].lower() in _WELL_READ for match in _SIGNS.finditer(text))
    return None if well_read and is_query(_whole(text)) else _stand_in(text)


@lru_cache(maxsize=16384)
def _stand_in(text: str) -> StandIn | None:
    """What a leaf is read by, where sqlglot does not read it as PostgreSQL does."""
    try:
        made = parse_expression(text).made
        return StandIn(made.text, passage_trees(made, text)) if made else None
    except ExpressionError:  # it is an expression with more around it: an alias, an order
        whole = _whole(text)
        made = None if is_query(whole) else read_query(whole, is_readable, is_query)
    return StandIn(made.text[len(whole) - len(text) :], passage_trees(made, whole)) if made else None


def _whole(text: str) -> str:
    """The statement that a leaf is read in."""
    return text if _is_query(text) else f"SELECT {text}"


@lru_cache(maxsize=16384)
def _leaf_tree(text: str) -> exp.Expr:
    if simple := SIMPLE.match(text):
        return exp.column(simple[2], simple[1])
    parsed = _statement(_whole(text))
    return parsed if _is_query(text) else parsed.expressions[0]


def _is_query(text: str) -> bool:
    return text.lstrip("( \n").lower().startswith(("select ", "with ", "values ", "select\n", "with\n"))
