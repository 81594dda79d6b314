"""What stands for NULL in a column, where that is SQL: calls are judged as everywhere, and it may be NULL itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.names.functions import ExpressionPlace, Functions, check_calls
from mvc.diagnostics import Findings
from mvc.model.view import Declared, Setting, Sql

DEFAULT: Final = ExpressionPlace("a default")


def defaults_of(declared: Declared) -> Iterator[tuple[str, Sql]]:
    """Each column whose default is SQL, and that."""
    return ((item.name, item.default) for item in declared.measures if isinstance(item.default, Sql))


def check_defaults(declared: Declared, functions: Functions, found: Findings) -> None:
    """Findings for calls that cannot stand in a default."""
    for _, sql in defaults_of(declared):
        check_calls(sql, DEFAULT, functions, found)


def never_missing(default: Setting | Sql | None) -> bool:
    """Whether a column with this default surely has a value: it is a constant, or a cast of one."""
    if not isinstance(default, Sql):
        return default is not None
    node: exp.Expr = default.expression.ast
    while isinstance(node, exp.Cast | exp.Paren | exp.Neg):
        node = node.this
    return isinstance(node, exp.Literal | exp.Boolean)
