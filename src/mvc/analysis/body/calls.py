"""Function calls of a body, by PostgreSQL's own tree: which of sqlglot's nodes each is, and what it does to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from sqlglot import Token, TokenType, exp

from mvc.analysis.body.parse import Parsed
from mvc.analysis.body.scopes import place_of
from mvc.analysis.names.functions import Functions, is_aggregate
from mvc.catalog.types import Function
from mvc.expression import Call
from mvc.expression.calls import arguments, folded_token, is_window, written_calls
from mvc.sql.calls import query_calls

# Calls that sqlglot leaves without a place, by what they are called.
WITHOUT_PLACE: Final[dict[type[exp.Expr], str]] = {
    exp.GroupConcat: "string_agg",
    exp.JSONArrayAgg: "json_agg",
    exp.JSONObjectAgg: "json_objectagg",
}


@dataclass(frozen=True)
class Calls:
    """The calls of one body."""

    parsed: Parsed
    functions: Functions

    @cached_property
    def _written(self) -> Mapping[int, Call] | None:
        """The calls that PostgreSQL's own tree has, by where they begin; None where there is no tree."""
        text = self.parsed.body.sql[: self.parsed.end]
        found = written_calls(text, query_calls(text))
        # What may stand where is for `grouping` to say, not for the check of a single call.
        return None if found is None else {call.start: replace(call, in_subquery=True) for call in found}

    def call(self, node: exp.Expr) -> Call | None:
        """The call that a node stands for, None for syntax that only looks like one to sqlglot (`::`, CASE)."""
        if not isinstance(node, exp.Func):
            return None
        if "start" not in node.meta:
            return self._without_place(node)
        tokens = self.parsed.tokens
        first = last = self.parsed.index.get(node.meta["start"], len(tokens))
        while last + 2 < len(tokens) and tokens[last + 1].token_type is TokenType.DOT:
            last += 2
        while last == first and first >= 2 and tokens[first - 1].token_type is TokenType.DOT:
            first -= 2
        if self._written is not None:
            return self._written.get(tokens[first].start) if first < len(tokens) else None
        return _of_tokens(node, tokens, first, last)

    def _without_place(self, node: exp.Func) -> Call | None:
        """The innermost call of that name around the parts of a node."""
        name, (start, end) = WITHOUT_PLACE.get(type(node), ""), place_of(node)
        named = [call for call in (self._written or {}).values() if call.name == name]
        around = [call for call in named if call.start <= start and end <= call.close + 1]
        return min(around, key=lambda call: call.close - call.start, default=next(iter(named), None))

    def all(self) -> Iterator[Call]:
        """Every call that has a place."""
        if self._written is not None:
            return iter(self._written.values())
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
        overloads = self.functions.overloads(call) if call else ()
        # `rank()` is one before WITHIN GROUP only; where it has no OVER either, that is what is said of it
        ranks = (
            call is not None and not (call.over or call.within_group) and any(its.kind == "window" for its in overloads)
        )
        return is_aggregate(overloads) and not ranks

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


def _of_tokens(node: exp.Func, tokens: list[Token], first: int, last: int) -> Call | None:
    """The call as sqlglot's tokens show it, for platforms without PostgreSQL's parser."""
    if last + 1 >= len(tokens) or tokens[last + 1].token_type is not TokenType.L_PAREN:
        return None
    count, close = arguments(tokens, last + 1)
    schema = folded_token(tokens[last - 2]) if last > first else None
    place = (tokens[first].start, tokens[last + 1].start, tokens[close].end)
    return Call(schema, folded_token(tokens[last]), count, *place, in_subquery=True, over=is_window(node))
