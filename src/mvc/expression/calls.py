"""Function calls of a text, by PostgreSQL's own tree. Where its parser has no build for the platform: by sqlglot's, and for those that sqlglot
leaves without a place, by the tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sqlglot import Token, TokenType, exp

from mvc.catalog import builtins
from mvc.catalog.tokens import lowered
from mvc.expression.expression import Call
from mvc.expression.lexemes import Lexeme, lexemes
from mvc.sql.calls import Called

# Names that the grammar gives a syntax of its own inside the parentheses: their arguments are not counted by commas.
_OWN_SYNTAX: Final = frozenset(
    (
        "char",
        "convert",
        "extract",
        "interval",
        "like",
        "normalize",
        "overlaps",
        "overlay",
        "position",
        "substring",
        "trim",
    )
)
_TYPE_FOLLOWS: Final = (TokenType.DCOLON, TokenType.ALIAS, TokenType.DOT)
QUERY_STARTS: Final = (TokenType.SELECT, TokenType.WITH, TokenType.VALUES)


def written_calls(text: str, called: tuple[Called, ...] | None) -> tuple[Call, ...] | None:
    """The calls of a text, given those of its tree. What has a syntax of its own within its brackets is read as that, and is none."""
    if called is None:
        return None
    found = lexemes(text)
    numbers = {lexeme.start: number for number, lexeme in enumerate(found)}
    closing = _closing(found)
    named = ((item, numbers.get(item.start, len(found))) for item in called)
    return tuple(call for item, number in named if (call := _written(item, number, found, closing)))


def _written(item: Called, first: int, found: tuple[Lexeme, ...], closing: Mapping[int, int]) -> Call | None:
    """The call that begins at a lexeme, None where there are no brackets (`CURRENT_DATE`)."""
    last = first
    while last + 2 < len(found) and found[last + 1].text == ".":
        last += 2
    if last + 1 not in closing or found[last].kind not in ("word", "name"):
        return None
    word = found[last].text.lower() if item.by_syntax else item.name
    if word in _OWN_SYNTAX and item.by_syntax:
        return None
    start, open_, close = found[first].start, found[last + 1].start, found[closing[last + 1]].start
    count = _count(found[last + 2 : closing[last + 1]]) if item.by_syntax else item.arguments
    place = (start, open_, close)
    return Call(item.schema, word, count, *place, item.in_subquery, item.over, item.in_from, item.within_group)


def _closing(found: tuple[Lexeme, ...]) -> Mapping[int, int]:
    """Where each bracket closes that opens at a lexeme."""
    waiting: list[int] = []
    closing: dict[int, int] = {}
    for number, lexeme in enumerate(found):
        if lexeme.text == "(":
            waiting.append(number)
        elif lexeme.text == ")" and waiting:
            closing[waiting.pop()] = number
    return closing


def _count(found: tuple[Lexeme, ...]) -> int:
    """How many there are between brackets."""
    depth, commas = 0, 0
    for lexeme in found:
        depth += (lexeme.text in ("(", "[")) - (lexeme.text in (")", "]"))
        commas += lexeme.text == "," and depth == 0
    return commas + 1 if found else 0


def calls_of(ast: exp.Expr, tokens: list[Token], shift: int) -> tuple[Call, ...]:
    """Every call in the order of the text. Places in the tree's `meta` are `shift` characters too high."""
    index = {token.start: number for number, token in enumerate(tokens)}
    nodes = (node for node in ast.walk() if isinstance(node, exp.Func) and "start" in node.meta)
    found = [call for node in nodes if (call := _of_node(node, tokens, index, shift))]
    opened = {call.open for call in found}
    found += [call for call in _of_tokens(tokens) if call.open not in opened]
    return tuple(sorted(found, key=lambda call: call.start))


def miscounted(tokens: list[Token]) -> Call | None:
    """The first call of a function of PostgreSQL's own with a number of arguments that none of its forms takes."""
    return next((call for call in _of_tokens(tokens) if not builtins.takes(call.name, call.count)), None)


def _of_node(node: exp.Func, tokens: list[Token], index: dict[int, int], shift: int) -> Call | None:
    """The call that `node` stands for, or None for syntax that only looks like one to sqlglot (`::`, CASE)."""
    first = last = index.get(node.meta["start"] - shift, len(tokens))
    while last + 2 < len(tokens) and tokens[last + 1].token_type is TokenType.DOT:
        last += 2  # sqlglot's span may begin at the schema
    if last + 1 >= len(tokens) or tokens[last + 1].token_type is not TokenType.L_PAREN:
        return None
    if last == first and first >= 2 and tokens[first - 1].token_type is TokenType.DOT:
        first -= 2
    count, close = arguments(tokens, last + 1)
    return Call(
        schema=folded_token(tokens[last - 2]) if last > first else None,
        name=folded_token(tokens[last]),
        count=count,
        start=tokens[first].start,
        open=tokens[last + 1].start,
        close=tokens[close].end,
        in_subquery=node.find_ancestor(exp.Query) is not None,
        over=is_window(node),
        in_from=_in_from(node),
    )


def _of_tokens(tokens: list[Token]) -> Iterator[Call]:
    """Calls of PostgreSQL's own functions as the tokens show them."""
    subqueries: list[bool] = []
    for number, token in enumerate(tokens):
        if token.token_type is TokenType.L_PAREN:
            subqueries.append(number + 1 < len(tokens) and tokens[number + 1].token_type in QUERY_STARTS)
            if number and _is_name(tokens, number - 1):
                yield _of_token(tokens, number, in_subquery=any(subqueries))
        elif token.token_type is TokenType.R_PAREN and subqueries:
            subqueries.pop()


def _is_name(tokens: list[Token], at: int) -> bool:
    name = folded_token(tokens[at])
    known = name not in _OWN_SYNTAX and bool(builtins.builtin(name))
    return known and (at == 0 or tokens[at - 1].token_type not in _TYPE_FOLLOWS)


def _of_token(tokens: list[Token], open_: int, *, in_subquery: bool) -> Call:
    count, close = arguments(tokens, open_)
    over = close + 1 < len(tokens) and tokens[close + 1].token_type is TokenType.OVER
    name = tokens[open_ - 1]
    return Call(None, folded_token(name), count, name.start, tokens[open_].start, tokens[close].end, in_subquery, over)


def is_window(node: exp.Expr) -> bool:
    """Whether a call has OVER."""
    parent = node.parent
    while isinstance(parent, exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls):
        parent = parent.parent
    return isinstance(parent, exp.Window)


def _in_from(node: exp.Func) -> bool:
    """Whether a function is read like a table."""
    holder = node.parent.parent if isinstance(node.parent, exp.Dot) else node.parent
    return isinstance(holder, exp.Table | exp.Lateral | exp.Unnest)


def folded_token(token: Token) -> str:
    """A name as PostgreSQL reads it: in lower case unless it stands in quotes."""
    return token.text if token.token_type is TokenType.IDENTIFIER else lowered(token.text)


def arguments(tokens: list[Token], open_: int) -> tuple[int, int]:
    """How many arguments stand between the parentheses, and the index of the closing one. `*` counts as none."""
    depth, commas, ordered = 0, 0, False
    for number in range(open_, len(tokens)):
        kind = tokens[number].token_type
        if kind in (TokenType.L_PAREN, TokenType.L_BRACKET):
            depth += 1
        elif kind in (TokenType.R_PAREN, TokenType.R_BRACKET):
            depth -= 1
            if depth == 0:
                empty = number == open_ + 1 or (number == open_ + 2 and tokens[open_ + 1].token_type is TokenType.STAR)
                return (0 if empty else commas + 1), number
        elif kind is TokenType.ORDER_BY and depth == 1:
            ordered = True  # what follows is no argument: array_agg(x ORDER BY a, b)
        elif kind is TokenType.COMMA and depth == 1 and not ordered:
            commas += 1
    return commas + 1, len(tokens) - 1
