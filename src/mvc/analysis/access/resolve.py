"""Policies → who may read a view, and which rows.

The rule of PostgreSQL's row security is kept: of the policies that apply to a role, permissive ones are joined by OR and
restrictive ones by AND; without a permissive one there are no rows. Rule source: PostgreSQL manual, CREATE POLICY.

A condition is split into *gates*, which do not depend on the row and are evaluated once per statement, and row conditions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mvc.analysis.access.predicate import POLICY, Predicate, resolve_predicate
from mvc.analysis.names.functions import check_calls
from mvc.analysis.names.scope import Scope
from mvc.analysis.resolved import ResolvedView
from mvc.diagnostics import Diagnostic, Findings, warning
from mvc.expression import Expression, parse_expression
from mvc.expression.split import conjuncts, disjuncts
from mvc.model.policy import AllOf, AnyOf, Condition, Policy
from mvc.model.view import Sql

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Term:
    """Rows that some readers may see: `roles` is empty where every reader is meant. All gates and conditions must hold."""

    roles: tuple[str, ...]
    gates: tuple[Predicate, ...]
    rows: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class ResolvedRestriction:
    """A condition that must hold as well; `roles` is empty where every reader is meant."""

    roles: tuple[str, ...]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """`readers` are granted SELECT (PUBLIC as `public`); each sees the rows of any term, under all restrictions."""

    readers: tuple[str, ...]
    terms: tuple[Term, ...]
    restrictions: tuple[ResolvedRestriction, ...]

    @property
    def unconditional(self) -> bool:
        """Whether every reader sees every row."""
        return not self.restrictions and any(not (term.roles or term.gates or term.rows) for term in self.terms)


def resolve_access(view: ResolvedView, policies: Iterable[Policy], scope: Scope, found: Findings) -> Access:
    """The access rules of one view. `scope` holds the view's own columns as its only source."""
    mine = [policy for policy in policies if policy.view == view.view.called]
    permissive = [policy for policy in mine if policy.permissive]
    role_sets = {policy.roles for policy in permissive}
    readers = (PUBLIC,) if () in role_sets else tuple(sorted({role for roles in role_sets for role in roles}))
    terms: list[Term] = []
    for policy in permissive:
        roles = () if not policy.roles or len(role_sets) == 1 else policy.roles
        terms += [Term(roles, *parts) for parts in _alternatives(policy.condition, scope, found)]
    restrictions = tuple(_restriction(policy, readers, scope, found) for policy in mine if not policy.permissive)
    if restrictions and not permissive:
        found.add(_nobody(mine[0], view))
    return Access(readers, tuple(dict.fromkeys(terms)), restrictions)


def _nobody(policy: Policy, view: ResolvedView) -> Diagnostic:
    title = f"nobody sees a row of `{view.view.called}`: it has restrictive policies only"
    return warning(
        "MV502", policy.origin.at("as").span, title, help="add a permissive policy that says who sees which rows"
    )


def _restriction(policy: Policy, readers: tuple[str, ...], scope: Scope, found: Findings) -> ResolvedRestriction:
    roles = () if not policy.roles or set(readers) <= set(policy.roles) else policy.roles
    return ResolvedRestriction(
        roles, tuple(Term((), *parts) for parts in _alternatives(policy.condition, scope, found))
    )


Parts = tuple[tuple[Predicate, ...], tuple[Predicate, ...]]

LIMIT: Final = 64  # alternatives; a condition with more combinations is asked in one piece


def _alternatives(condition: Condition, scope: Scope, found: Findings) -> list[Parts]:
    """The condition as alternatives, each a set of gates and row conditions; none for `false`."""
    if isinstance(condition, bool):
        return [((), ())] if condition else []
    if isinstance(condition, AnyOf):
        return _least(parts for item in condition.parts for parts in _alternatives(item, scope, found))
    if isinstance(condition, AllOf):
        return _product([_alternatives(item, scope, found) for item in condition.parts])
    check_calls(condition, POLICY, scope.functions, found)
    return [_parts(part, condition, scope, found) for part in disjuncts(condition.expression)]


def _product(factors: list[list[Parts]]) -> list[Parts]:
    """All of several conditions: every combination of their alternatives. Where these would be more than LIMIT, a condition
    that has several is one piece of each combination: `(a OR b) AND (c OR d)` means the same, and does not double with each.
    """
    combined: list[Parts] = [((), ())]
    for factor in dict.fromkeys(map(tuple, factors)):
        several = combined and len(combined) * len(factor) > LIMIT
        each = [_in_one_piece(factor)] if several else factor
        combined = _least(
            (_together(gates, more_gates), _together(rows, more_rows))
            for gates, rows in combined
            for more_gates, more_rows in each
        )
    return combined


def _together(some: tuple[Predicate, ...], more: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
    return tuple(dict.fromkeys((*some, *more)))


def _least(alternatives: Iterable[Parts]) -> list[Parts]:
    """The alternatives without those that another one makes superfluous: `a OR (a AND b)` is `a`."""
    listed = {parts: frozenset((*parts[0], *parts[1])) for parts in alternatives}
    sizes = sorted({len(asked) for asked in listed.values()})
    if len(listed) > 8 * LIMIT or len(sizes) < 2:
        return list(listed)
    return [parts for parts, asked in listed.items() if not any(other < asked for other in listed.values())]


def _in_one_piece(alternatives: Iterable[Parts]) -> Parts:
    """Several alternatives as one condition, which is a gate where all of it is constant."""
    listed = [(*gates, *rows) for gates, rows in alternatives]
    text = " OR ".join(" AND ".join(f"({item.expression.text})" for item in asked) or "TRUE" for asked in listed)
    predicates = [item for asked in listed for item in asked]
    columns = tuple(dict.fromkeys(column for item in predicates for column in item.columns))
    whole = Predicate(parse_expression(text), all(item.constant for item in predicates), columns)
    return ((whole,), ()) if whole.constant else ((), (whole,))


def _parts(part: Expression, sql: Sql, scope: Scope, found: Findings) -> Parts:
    predicates = [resolve_predicate(item, sql, scope, found) for item in conjuncts(part)]
    known = [item for item in predicates if item]
    return tuple(item for item in known if item.constant), tuple(item for item in known if not item.constant)
