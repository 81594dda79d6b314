"""For which rows a condition on the clock may have become another one since a moment, as conditions that an index can serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.names.scope import reads
from mvc.analysis.refresh.clock import at_moment, reads_clock
from mvc.analysis.types.columns import never_null
from mvc.engines.postgres.query.verbatim import operand
from mvc.expression import Expression
from mvc.expression.split import between, compared, conjuncts, disjuncts, without_parentheses


@dataclass(frozen=True)
class Since:
    """From the moment `then`, which is SQL text, until now."""

    then: str
    tree: JoinTree

    def may_change(self, condition: Expression) -> str:
        """A condition that holds for all rows for which another one changes, and can use an index; empty where there is none.

        `a < f(now)` changes only for an `a` between both values of `f`, whatever `f` does in between.
        """
        if len(parts := conjuncts(condition)) > 1:
            return _any_of(
                " AND ".join(
                    filter(
                        None, (self.may_change(part), *(self._at_some_time(item) for item in parts if item is not part))
                    )
                )
                for part in parts
                if reads_clock(part)
            )
        if len(parts := disjuncts(condition)) > 1:
            return _any_of(self.may_change(part) for part in parts if reads_clock(part))
        if sides := compared(condition):
            return self._between_moments(*sides, type(without_parentheses(condition).ast))
        if ends := between(condition):
            bounds: Iterable[tuple[Expression, type[exp.Expression]]] = zip(ends[1:], (exp.GTE, exp.LTE), strict=True)
            return _any_of(self._between_moments(ends[0], end, sign) for end, sign in bounds if reads_clock(end))
        return ""

    def _at_some_time(self, condition: Expression) -> str:
        if not reads_clock(condition):
            return operand(condition)
        return f"({condition.text} OR {at_moment(condition, self.then)})"

    def _between_moments(self, one: Expression, other: Expression, sign: type[exp.Expression]) -> str:
        """For which `fixed` the comparison with `moving` has changed: for none where `moving` has not. Nothing is known where the
        moving side may be NULL at one of the moments.
        """
        for fixed, moving, read in ((one, other, sign), (other, one, _MIRRORED.get(sign, sign))):
            steady = reads_clock(moving) and not reads(moving) and never_null(moving, self.tree, frozenset())
            if steady and not reads_clock(fixed):
                now, before = moving.text, at_moment(moving, self.then)
                return _CHANGES[read].format(f"({fixed.text})", now, before)
        return ""


def _any_of(alternatives: Iterable[str]) -> str:
    """One of them holds; nothing is known where one of them is unknown."""
    listed = list(alternatives)
    return f"({' OR '.join(f'({item})' for item in listed)})" if listed and all(listed) else ""


_MIRRORED: Final[Mapping[type[exp.Expression] | None, type[exp.Expression]]] = {
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
_FROM_LEAST: Final = "{0} >= LEAST({1}, {2}) AND {0} < GREATEST({1}, {2})"
_TO_GREATEST: Final = "{0} > LEAST({1}, {2}) AND {0} <= GREATEST({1}, {2})"
_CHANGES: Final[Mapping[type[exp.Expression] | None, str]] = {
    exp.LT: _FROM_LEAST,
    exp.GTE: _FROM_LEAST,
    exp.GT: _TO_GREATEST,
    exp.LTE: _TO_GREATEST,
    exp.EQ: "{0} IN (NULLIF({1}, {2}), NULLIF({2}, {1}))",
}
