"""`CREATE VIEW v (a, b) AS SELECT …`: the query with outputs of these names.

The names are put into the SELECT list where PostgreSQL's own trees prove that nothing else becomes different; else a SELECT around the query renames them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mvc.catalog.tokens import Token, all_tokens
from mvc.quoting import identifier
from mvc.sql.outputs import UNNAMED, query_names
from mvc.sql.parser import GrammarError, Node, parse

_CLAUSES: Final = frozenset(
    {"from", "where", "group", "having", "window", "order", "limit", "offset", "fetch", "for", "union", "intersect", "except", "into"}
)  # fmt: skip
_BY_OUTPUT: Final = ("sortClause", "groupClause", "distinctClause")  # what may name an output


def renamed(sql: str, names: tuple[str, ...]) -> str:
    """The query, whose first outputs bear these names."""
    before = query_names(sql)
    if not names or before is None or before[: len(names)] == names:
        return sql
    try:
        edited = _in_place(sql, names)
        if edited is not None and _is_proven(sql, edited, names):
            return edited
    except RecursionError:  # the query is nested too deep to be compared
        pass
    listed = ", ".join(map(identifier, names))
    outer = listed if None not in before and len(before) == len(names) else "*"
    return f"SELECT {outer}\nFROM (\n{sql}\n) AS renamed ({listed})"


def _select(sql: str) -> Node | None:
    try:
        statements = parse(sql)
    except GrammarError:
        return None
    return statements[0].node if statements and statements[0].kind == "SelectStmt" else None


def _in_place(sql: str, names: tuple[str, ...]) -> str | None:
    node = _select(sql)
    if node is None or "targetList" not in node or len(node["targetList"]) < len(names):
        return None
    targets = [item["ResTarget"] for item in node["targetList"]]
    spans = list(_spans(sql, [_offset(sql, item["location"]) for item in targets]))
    edited, done = "", 0
    for name, target, span in zip(names, targets, spans, strict=False):
        start, end = span[0].start, _alias(span)[0] if "name" in target else span[-1].end
        edited += f"{sql[done:start]}{sql[start:end].rstrip()} AS {identifier(name)}"
        done = span[-1].end
    return edited + sql[done:]


def _offset(sql: str, location: int) -> int:
    """The tree counts bytes."""
    return len(sql.encode()[:location].decode(errors="replace"))


def _spans(sql: str, starts: list[int]) -> Iterator[list[Token]]:
    """The tokens of each item of the SELECT list."""
    tokens = [token for token in all_tokens(sql) if token.start >= starts[0]]
    for place, start in enumerate(starts):
        if place + 1 < len(starts):
            yield [token for token in tokens if start <= token.start < starts[place + 1]][:-1]
        else:
            yield list(_to_clause([token for token in tokens if token.start >= start]))


def _to_clause(tokens: list[Token]) -> Iterator[Token]:
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.text in ("(", "[")) - (token.text in (")", "]")) if token.kind == "symbol" else 0
        compares = place > 0 and tokens[place - 1].text == "distinct"  # IS DISTINCT FROM
        if depth == 0 and token.kind == "word" and token.text in _CLAUSES and not compares:
            return
        yield token


def _alias(span: list[Token]) -> tuple[int, int]:
    """Where the name of an item stands, with AS."""
    first = span[-2] if (span[-2].kind, span[-2].text) == ("word", "as") else span[-1]
    return first.start, span[-1].end


def _is_proven(before: str, after: str, names: tuple[str, ...]) -> bool:
    """Whether the trees differ in the names of the outputs alone, and nothing else in the query says one of the former ones."""
    one, two, former = _select(before), _select(after), query_names(before)
    if one is None or two is None or former is None or (query_names(after) or ())[: len(names)] != names:
        return False
    changed = {old for old, new in zip(former, names, strict=False) if old not in (new, None, UNNAMED)}
    said = {name for key in _BY_OUTPUT for name in _bare_names(one.get(key))}
    return not (changed | set(names)) & said and _bare(one) == _bare(two)


def _bare_names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _bare_names(item)
    elif isinstance(node, dict):
        fields = node.get("fields")
        if isinstance(fields, list) and len(fields) == 1 and "String" in fields[0]:
            yield fields[0]["String"]["sval"]
        for value in node.values():
            yield from _bare_names(value)


def _bare(node: Any, *, is_top: bool = True) -> Any:
    """A tree without places and without the names of its own outputs."""
    if isinstance(node, list):
        return [_bare(item, is_top=False) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _bare(value, is_top=False) for key, value in node.items() if key not in ("location", "targetList")}
    if "targetList" in node:
        found["targetList"] = [_bare(_unnamed(item) if is_top else item, is_top=False) for item in node["targetList"]]
    return found


def _unnamed(item: Node) -> Node:
    return {"ResTarget": {key: value for key, value in item["ResTarget"].items() if key != "name"}}
