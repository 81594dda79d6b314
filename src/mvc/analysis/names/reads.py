"""Which relations the text of a body reads: by PostgreSQL's tree, and by sqlglot's where there is none of PostgreSQL's.

sqlglot also takes some texts that PostgreSQL refuses. Their bodies are resolved, so that every finding is shown, and what they read comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from mvc.catalog.trees import trees
from mvc.expression import ExpressionError
from mvc.expression.parse import folded
from mvc.expression.tokens import POSTGRES, tokenize
from mvc.sql.parser import GrammarError
from mvc.sql.relations import Named, relations


class Places:
    """Where views are: what each is called → its (schema, name), the schema empty where that is not known."""

    def __init__(self, views: Mapping[str, tuple[str, str]]) -> None:
        self.names = views.keys()
        self._by_name: dict[str, list[tuple[str, str]]] = {}
        for called, (schema, name) in views.items():
            self._by_name.setdefault(name, []).append((schema, called))

    def read_by(self, sql: str) -> set[str]:
        """What those of the views are called that a text reads. A name alone that several of them have is none of theirs."""
        return {called for item in _relations(sql) for called in self._meant(item)}

    def _meant(self, item: Named) -> list[str]:
        known = self._by_name.get(item.name, [])
        if item.schema is None:
            return [called for _, called in known] if len(known) == 1 else []
        return [called for schema, called in known if schema in ("", item.schema)]


def reads_table(sql: str, schema: str, name: str) -> bool:
    """Whether a text reads that table, or one that could be it."""
    return any(item.name == name and item.schema in (None, schema) for item in _relations(sql))


@lru_cache(maxsize=4096)
def _relations(sql: str) -> frozenset[Named]:
    try:
        known = relations(sql)
    except GrammarError:
        known = None
    return _by_sqlglot(sql) if known is None else known


def _by_sqlglot(sql: str) -> frozenset[Named]:
    """What cannot be parsed reads nothing: it is an error by itself."""
    try:
        tokens = tokenize(sql.rstrip().removesuffix(";"))
        found = trees(sql, POSTGRES, tokens)
        return frozenset(item for tree in found if tree for item in _read(tree, frozenset()))
    except (ExpressionError, SqlglotError, RecursionError):
        return frozenset()


def _read(node: exp.Expr, ctes: frozenset[str]) -> Iterator[Named]:
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        name = Named(folded(node.args.get("db")) or None, folded(node.this))
        if name.schema or name.name not in ctes:
            yield name
    clause = node.args.get("with_")
    if clause:
        recursive, members = bool(clause.args.get("recursive")), clause.expressions
        names = [folded(item.args["alias"].this) for item in members]
        for number, item in enumerate(members):
            yield from _read(item.this, ctes | set(names if recursive else names[:number]))
        ctes |= set(names)
    for child in node.iter_expressions():
        if child is not clause:
            yield from _read(child, ctes)
