"""Which relations a query reads, by its tree: what stands in FROM, not what a comment, a string, a CTE or a column is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mvc.sql.parser import Node, parse


class Named(NamedTuple):
    """A relation as it is written; the names are as PostgreSQL folds them."""

    schema: str | None
    name: str


def relations(sql: str) -> frozenset[Named] | None:
    """The relations that the statements of a text read; None where there is no tree. Raises GrammarError."""
    statements = parse(sql)
    if statements is None:
        return None
    return frozenset(found for item in statements for found in _read(item.node, frozenset()))


def _read(node: Any, ctes: frozenset[str]) -> Iterator[Named]:
    if isinstance(node, list):
        for item in node:
            yield from _read(item, ctes)
    elif isinstance(node, dict) and "relname" in node:
        name = Named(node.get("schemaname"), node["relname"])
        if name.schema or name.name not in ctes:
            yield name
    elif isinstance(node, dict):
        yield from _read_parts(node, ctes)


def _read_parts(node: Node, ctes: frozenset[str]) -> Iterator[Named]:
    if clause := node.get("withClause"):
        yield from _read_ctes(clause, ctes)
        ctes |= {item["CommonTableExpr"]["ctename"] for item in clause["ctes"]}
    for key, item in node.items():
        if key != "withClause":
            yield from _read(item, ctes)


def _read_ctes(clause: Node, ctes: frozenset[str]) -> Iterator[Named]:
    """A CTE sees those before it, and with RECURSIVE all of them: `WITH daily AS (SELECT … FROM daily)` reads a table."""
    members = [item["CommonTableExpr"] for item in clause["ctes"]]
    known = ctes | {item["ctename"] for item in members} if clause.get("recursive") else ctes
    for item in members:
        yield from _read(item["ctequery"], known)
        known |= {item["ctename"]}
