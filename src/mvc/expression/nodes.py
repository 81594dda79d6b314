"""What sqlglot makes a tree of and PostgreSQL does not: `IN 'x'`, `INTERVAL 30 DAY`, `offset` for a column.

Not a grammar: a table of nodes that no text of PostgreSQL's has. What tokens alone show is for `mvc.expression.neighbours`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED, VALUES
from mvc.expression.expression import ExpressionError
from mvc.quoting import identifier

_KEPT: Final = RESERVED | FUNCTIONS_AND_TYPES


def is_kept(word: str) -> bool:
    """Whether a bare word cannot be a column or a qualifier."""
    return word.lower() in _KEPT


def check_nodes(text: str, ast: exp.Expr, shift: int) -> None:
    """Raises ExpressionError for what sqlglot has read and no PostgreSQL would. Places in `meta` are `shift` too high."""
    for node in ast.walk():
        if isinstance(node, exp.Identifier):
            _check_name(node, shift)
        for kind, fits, title, help_line in _NODES:
            if isinstance(node, kind) and not fits(node):
                raise ExpressionError("MV101", title, 0, len(text), help_line and f"write {help_line}")


def _check_name(node: exp.Identifier, shift: int) -> None:
    """A key word is no column, no table and no qualifier of one; after a point it may be anything."""
    if node.args.get("quoted") or not isinstance(node.parent, exp.Column | exp.Table | exp.TableAlias):
        return
    parts = node.parent.parts if isinstance(node.parent, exp.Column | exp.Table) else [node]
    name = str(node.this)
    alone = isinstance(node.parent, exp.Column) and len(parts) == 1 and name.lower() in VALUES
    if parts[0] is node and name.lower() in _KEPT and not alone:
        start = node.meta.get("start", shift) - shift
        title = f"`{name}` is a key word and cannot be a name"
        raise ExpressionError(
            "MV101", title, start, start + len(name), f"if something has this name, write {identifier(name)}"
        )


def _is_list(node: exp.Expr) -> bool:
    return any(node.args.get(part) for part in ("query", "expressions", "unnest"))


def _is_length(node: exp.Expr) -> bool:
    return isinstance(node.this, exp.Literal) and node.this.is_string


def _is_filled(node: exp.Expr) -> bool:
    return bool(node.expressions) or isinstance(node.parent, exp.Group | exp.GroupingSets | exp.Cube | exp.Rollup)


def _is_known(node: exp.Expr) -> bool:
    said = node.args.get("expression")
    if isinstance(said, exp.Column):
        return said.name.lower() in ("document", "normalized")
    return isinstance(said, exp.Null | exp.Boolean | exp.JSON)


def _is_one(node: exp.Expr) -> bool:
    return len(node.expressions) == 1


def _has_place(node: exp.Expr) -> bool:
    """An alias is a column's of a SELECT; functions of XML have a syntax of their own."""
    return isinstance(node.parent, exp.Select | exp.Anonymous | exp.XMLElement) and not isinstance(node.this, exp.Star)


def _is_compared(node: exp.Expr) -> bool:
    """Whether ANY or ALL and its brackets are the whole right side."""
    whole = not isinstance(node, exp.Any | exp.All) or isinstance(node.this, exp.Paren | exp.Query | exp.Tuple)
    return whole and isinstance(node.parent, exp.Binary) and node.arg_key == "expression"


def _is_free(node: exp.Expr) -> bool:
    return str(node.this).lower() not in RESERVED or _is_compared(node)


def _is_argument(node: exp.Expr) -> bool:
    return isinstance(node.parent, exp.Func)


_NODES: Final[tuple[tuple[type[exp.Expr], Callable[[exp.Expr], bool], str, str], ...]] = (
    (exp.In, _is_list, "`IN` takes a list or a query in brackets", "x IN ('a', 'b')"),
    (exp.Interval, _is_length, "the length of an interval stands in quotes", "INTERVAL '30 days'"),
    (exp.Tuple, _is_filled, "there is nothing between these brackets", ""),
    (exp.Bracket, _is_one, "a field of an array has one number: a[1][2]", ""),
    (exp.Is, _is_known, "IS goes with NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM", "x = y"),
    (exp.Alias, _has_place, "one value is allowed here: no list, no alias, no `*`", ""),
    (exp.Any, _is_compared, "ANY stands at the right of an operator", "x = ANY (list)"),
    (exp.All, _is_compared, "ALL stands at the right of an operator", "x > ALL (list)"),
    (exp.PropertyEQ, _is_argument, "`:=` names an argument of a function", ""),
    (exp.Anonymous, _is_free, "a key word cannot be a function", ""),
)
