"""PostgreSQL's trees of an author's text, as far as passages need them: one value, without places, and what stands where in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from mvc.sql.parser import GrammarError, Node, parse

PREFIX: Final = "SELECT ("
SUFFIX: Final = "\n)"
_OURS: Final = frozenset({"targetList", "limitOption", "op"})  # of a SELECT that is nothing but one value
_PLACES: Final = frozenset(
    ["location", "stmt_len", "stmt_location", "list_start", "list_end", "rexpr_list_start", "rexpr_list_end"]
)


def query_tree(sql: str) -> Node | None:
    """The tree of the one query in a text, or None."""
    try:
        statements = parse(sql)
    except GrammarError:
        return None
    only = statements[0] if statements and len(statements) == 1 else None
    return {only.kind: only.node} if only and only.kind == "SelectStmt" else None


@lru_cache(maxsize=1024)
def value_tree(text: str) -> Node | None:
    """The tree of the one value in a text, or None; its places are too high by the prefix."""
    tree = query_tree(f"{PREFIX}{text}{SUFFIX}")
    if tree is None or tree["SelectStmt"].keys() - _OURS:
        return None
    targets = tree["SelectStmt"].get("targetList", [])
    if len(targets) != 1 or targets[0]["ResTarget"].get("name"):
        return None
    value: Node | None = targets[0]["ResTarget"].get("val")
    return None if value is None or is_star(value) else value


def is_one_value(text: str) -> bool:
    """Whether a text is one value in brackets of either kind: `a, b` is a row in some, and `a) OR (b` breaks out of them."""
    tree = query_tree(f"SELECT ARRAY[{text}\n]")
    listed = tree["SelectStmt"]["targetList"] if tree else []
    elements = listed[0]["ResTarget"]["val"].get("A_ArrayExpr", {}).get("elements", []) if len(listed) == 1 else []
    return len(elements) == 1 and value_tree(text) is not None


def is_disjunction(text: str) -> bool:
    """Whether a value is one or another, so that AND beside it would take it apart."""
    return bool((value_tree(text) or {}).get("BoolExpr", {}).get("boolop") == "OR_EXPR")


def is_star(value: Node) -> bool:
    """Whether a value is all columns of something."""
    fields = value.get("ColumnRef", {}).get("fields") or value.get("A_Indirection", {}).get("indirection") or [{}]
    return "A_Star" in fields[-1]


def holds(tree: Any, kinds: frozenset[str]) -> bool:
    """Whether a node of one of these kinds is in a tree."""
    if isinstance(tree, dict):
        return not kinds.isdisjoint(tree) or any(holds(item, kinds) for item in tree.values())
    return isinstance(tree, list) and any(holds(item, kinds) for item in tree)


def plain(tree: Any) -> Any:
    """A tree without places."""
    if isinstance(tree, dict):
        return {key: plain(item) for key, item in tree.items() if key not in _PLACES}
    return [plain(item) for item in tree] if isinstance(tree, list) else tree


def first_place(tree: Any) -> int:
    """Where a tree begins, in bytes; -1 where nothing in it has a place."""
    return min((place for place in _places(tree) if place >= 0), default=-1)


def nodes(tree: Any) -> Iterator[Node]:
    """All nodes of a tree, each by itself with its kind."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            if key[:1].isupper() and isinstance(item, dict):
                yield {key: item}
            yield from nodes(item)
    elif isinstance(tree, list):
        for item in tree:
            yield from nodes(item)


def _places(tree: Any) -> Iterator[int]:
    if isinstance(tree, dict):
        for key, item in tree.items():
            if key == "location" and isinstance(item, int):
                yield item
            else:
                yield from _places(item)
    elif isinstance(tree, list):
        for item in tree:
            yield from _places(item)
