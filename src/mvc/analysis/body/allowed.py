"""What a query may be made of. sqlglot accepts other dialects' clauses and half-written lists; here they are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import Token, TokenType, exp

from mvc.analysis.body.parse import Parsed
from mvc.analysis.body.scopes import place_of
from mvc.diagnostics import Findings, error
from mvc.quoting import unusable

_REFUSED: Final = {
    exp.Command: "a statement cannot stand in a query",
    exp.DML: "a view only reads: no INSERT, UPDATE, DELETE or MERGE can stand in it",
    exp.DDL: "a view only reads: nothing can be created in it",
    exp.Into: "`INTO` would create a table: a view only reads",
    exp.Lock: "a view cannot lock rows",
    exp.Placeholder: "a parameter has no value here",
    exp.Parameter: "a parameter has no value here",
    exp.SessionParameter: "a parameter has no value here",
}
_UNJOINED: Final = "this join has neither ON nor USING"
_ONLY_JOINED: Final = "write what ties it, e.g. ON c.id = o.customer_id; that every row meets every row says CROSS JOIN"
_IF_REFUSED: Final = {
    "a parameter has no value here": "write the value itself: what differs from reader to reader is for a policy",
    "`INTO` would create a table: a view only reads": "take INTO and its name out",
}
_IF_FOREIGN: Final = {
    "QUALIFY": "filter in a query around it: SELECT … FROM (SELECT …, row_number() OVER (…) AS rn FROM …) AS ranked WHERE rn = 1",
    "LATERALS": "write CROSS JOIN LATERAL unnest(…) AS item",
}
_QUERY: Final = frozenset(
    {"with_", "this", "expression", "order", "limit", "offset", "alias", "joins", "distinct", "sample"}
)
_ALLOWED: Final = {
    exp.Select: _QUERY | {"expressions", "from_", "where", "group", "having", "windows", "into", "locks"},
    exp.SetOperation: _QUERY,
    exp.Join: frozenset({"this", "on", "side", "kind", "using", "method"}),
    exp.Group: frozenset({"expressions", "grouping_sets", "cube", "rollup"}),
}
_JOIN_KINDS: Final = frozenset({"", "INNER", "CROSS", "OUTER"})
_AFTER_LIST: Final = frozenset(
    {
        TokenType.COMMA,
        TokenType.R_PAREN,
        TokenType.R_BRACKET,
        TokenType.FROM,
        TokenType.WHERE,
        TokenType.GROUP_BY,
        TokenType.ORDER_BY,
        TokenType.HAVING,
        TokenType.LIMIT,
        TokenType.UNION,
        TokenType.INTERSECT,
        TokenType.EXCEPT,
        TokenType.WINDOW,
    }
)
_BEFORE_LIST: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.SELECT, TokenType.FROM})
_BEFORE_QUERY: Final = frozenset({TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT, TokenType.ALL})


def check_shape(parsed: Parsed, found: Findings) -> None:
    """Findings for all that PostgreSQL, or a view, cannot have."""
    for node in parsed.query.walk():
        problem = next((title for kind, title in _REFUSED.items() if isinstance(node, kind)), "")
        if problem:
            found.add(
                error(
                    "MV102",
                    parsed.body.origin.part(*_refused_place(parsed, node)),
                    problem,
                    label="not allowed",
                    help=_IF_REFUSED.get(problem, ""),
                )
            )
        elif unknown := _foreign(node):
            title = f"PostgreSQL has no such query: {unknown}"
            mend = _IF_FOREIGN.get(unknown.partition(" ")[0], "")
            found.add(error("MV101", parsed.body.origin.part(*place_of(node)), title, help=mend))
    for token, title in (*_half_lists(parsed.tokens), *_joins(parsed.tokens), *_long_names(parsed.tokens)):
        code = "MV208" if title.startswith("`") else "MV101"
        mend = _ONLY_JOINED if title == _UNJOINED else ""
        found.add(error(code, parsed.body.origin.part(token.start, token.end + 1), title, label="here", help=mend))


def _refused_place(parsed: Parsed, node: exp.Expr) -> tuple[int, int]:
    """The node's place; where it has none (`FOR UPDATE`, `?`), that of what holds it."""
    holder: exp.Expr | None = node
    while holder is not None and place_of(holder) == (0, 0):
        holder = holder.parent
    return place_of(holder) if holder is not None else (0, parsed.end)


def _foreign(node: exp.Expr) -> str:
    """The name of a clause that only other dialects have, else nothing."""
    if isinstance(node, exp.Select) and not node.expressions and not isinstance(node.parent, exp.Exists):
        return "a SELECT without columns makes no view"
    allowed = next((names for kind, names in _ALLOWED.items() if isinstance(node, kind)), None)
    if allowed is None:
        return ""
    if isinstance(node, exp.Join) and (node.kind not in _JOIN_KINDS or node.method not in ("", "NATURAL")):
        return f"{node.method} {node.kind} JOIN".strip()
    return next(
        (
            f"{name.rstrip('_').upper()} has no place in it"
            for name, value in node.args.items()
            if value and name not in allowed
        ),
        "",
    )


def _half_lists(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Commas with nothing on one side, and queries without SELECT."""
    last: Token | None = None
    for number, token in enumerate(tokens):
        kind, before = token.token_type, last.token_type if last else None
        if kind is TokenType.COMMA and (before in _BEFORE_LIST or before is None):
            yield token, "nothing stands before this comma"
        elif before is TokenType.COMMA and kind in _AFTER_LIST and last:
            yield last, "nothing follows this comma"
        elif kind is TokenType.FROM and _starts_query(tokens, number):
            yield token, "a query starts with SELECT"
        last = token
    if last and last.token_type is TokenType.COMMA:
        yield last, "nothing follows this comma"


def _starts_query(tokens: list[Token], number: int) -> bool:
    if number == 0 or tokens[number - 1].token_type in _BEFORE_QUERY:
        return True
    opens = tokens[number - 1].token_type is TokenType.L_PAREN
    return opens and (number < 2 or tokens[number - 2].text.lower() not in ("trim", "substring"))


def _joins(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Joins without ON or USING, and those that have one but cannot. One stack of waiting joins per bracket."""
    waiting: list[list[Token]] = [[]]
    for number, token in enumerate(tokens):
        kind = token.token_type
        if kind is TokenType.L_PAREN:
            waiting.append([])
        elif kind is TokenType.JOIN and not _unconditional(tokens, number):
            waiting[-1].append(token)
        elif kind in (TokenType.ON, TokenType.USING) and _is_condition(tokens, number):
            yield from _joined_by(token, waiting[-1])
        if kind in _ENDS_FROM:
            yield from ((join, _UNJOINED) for join in waiting[-1])
            waiting[-1] = []
        if kind is TokenType.R_PAREN and len(waiting) > 1:
            waiting.pop()
    yield from ((join, _UNJOINED) for join in waiting[-1])


def _joined_by(token: Token, waiting: list[Token]) -> Iterator[tuple[Token, str]]:
    """The last join that waits for a condition has it."""
    if waiting:
        waiting.pop()
    elif token.token_type is TokenType.ON:
        yield token, "this ON belongs to no join"


_ENDS_FROM: Final = _AFTER_LIST - {TokenType.R_BRACKET, TokenType.FROM} | {TokenType.FETCH, TokenType.OFFSET}


def _unconditional(tokens: list[Token], at: int) -> bool:
    return any(token.token_type in (TokenType.CROSS, TokenType.NATURAL) for token in _join_words(tokens, at))


def _join_words(tokens: list[Token], at: int) -> list[Token]:
    """The words before JOIN that belong to it."""
    words: list[Token] = []
    while at > 0 and tokens[at - 1].text.upper() in ("CROSS", "NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "OUTER"):
        at -= 1
        words.append(tokens[at])
    return words


def _is_condition(tokens: list[Token], number: int) -> bool:
    """`DISTINCT ON`, `ERROR ON EMPTY` and `ORDER BY x USING >` are no join's."""
    before = tokens[number - 1].text.upper() if number else ""
    after = tokens[number + 1].text.upper() if number + 1 < len(tokens) else ""
    return (
        before != "DISTINCT"
        and after not in ("EMPTY", "ERROR", "OVERFLOW")
        and not (tokens[number].token_type is TokenType.USING and after != "(")
    )


def _long_names(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    for token in tokens:
        if (
            token.token_type in (TokenType.VAR, TokenType.IDENTIFIER)
            and len(token.text) > 15
            and (problem := unusable(token.text))
        ):
            yield token, f"`{token.text[:40]}…` cannot be a name: {problem}"
