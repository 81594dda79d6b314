"""Function calls of a body: found in the tree, described from the author's tokens, told apart by what they do to rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlglot import TokenType, exp

from mvc.analysis.body.parse import Parsed
from mvc.analysis.body.scopes import place_of
from mvc.analysis.names.functions import Functions, is_aggregate
from mvc.catalog.types import Function
from mvc.expression import Call
from mvc.expression.calls import arguments, folded_token, is_window

# Calls that sqlglot leaves without a place, by what they are called.
WITHOUT_PLACE: Final[dict[type[exp.Expr], str]] = {exp.GroupConcat: "string_agg", exp.JSONArrayAgg: "json_agg"}


@dataclass(frozen=True)
class Calls:
    """The calls of one body."""

    parsed: Parsed
    functions: Functions

    def call(self, node: exp.Expr) -> Call | None:
        """The call that a node stands for, None for syntax that only looks like one to sqlglot (`::`, CASE)."""
        if "start" not in node.meta or not isinstance(node, exp.Func):
            return None
        tokens = self.parsed.tokens
        first = last = self.parsed.index.get(node.meta["start"], len(tokens))
        while last + 2 < len(tokens) and tokens[last + 1].token_type is TokenType.DOT:
            last += 2
        if last == first and first >= 2 and tokens[first - 1].token_type is TokenType.DOT:
            first -= 2
        if last + 1 >= len(tokens) or tokens[last + 1].token_type is not TokenType.L_PAREN:
            return None
        count, close = arguments(tokens, last + 1)
        schema = folded_token(tokens[last - 2]) if last > first else None
        place = (tokens[first].start, tokens[last + 1].start, tokens[close].end)
        return Call(schema, folded_token(tokens[last]), count, *place, in_subquery=True, over=is_window(node))

    def all(self) -> Iterator[Call]:
        """Every call that has a place."""
        return (call for node in self.parsed.query.find_all(exp.Func) if (call := self.call(node)))

    def name(self, node: exp.Expr) -> str:
        """What a call is called; empty where that cannot be told."""
        call = self.call(node)
        return call.name if call else WITHOUT_PLACE.get(type(node), "")

    def overloads(self, node: exp.Expr) -> tuple[Function, ...]:
        """The functions that a call can mean."""
        call = self.call(node)
        return self.functions.overloads(call) if call else ()

    def aggregates(self, node: exp.Expr) -> bool:
        """Whether a node is the call of an aggregate (as a window function or not)."""
        if not isinstance(node, exp.Func):
            return False
        if type(node) in WITHOUT_PLACE:
            return True
        call = self.call(node)
        return call is not None and is_aggregate(self.functions.overloads(call))

    def unknown(self, node: exp.Expr) -> bool:
        """Whether a node calls a function of which only the server knows what it does."""
        return self.call(node) is not None and isinstance(node, exp.Anonymous) and not self.overloads(node)

    def place(self, node: exp.Expr) -> tuple[int, int]:
        """The offsets of a call, its parentheses included; of any other expression, as far as its parts tell."""
        call = self.call(node)
        if call:
            return call.start, call.close + 1
        start, end = place_of(node)
        name = WITHOUT_PLACE.get(type(node))
        named = [token for token in self.parsed.tokens if token.start < start and token.text.lower() == name]
        return (named[-1].start if named else start), end
