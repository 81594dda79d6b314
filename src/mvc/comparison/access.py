"""Who may read a view and which rows, compared as logic.

A line is about the members of one role, `public` about those who are in no role that the view's access names. Permissive rules
only add up, so whoever is in several roles sees more only where a member of one of them does, with one exception: a changed
restriction for role X also touches the readers in role R who are members of X, which is not known here. So each role is then
compared a second time, with `not a member of X` as one more opaque condition, and that is told where no role's own line tells it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mvc.comparison.changes import AccessChange, ReaderAdded, ReaderRemoved, RulesChanged, Verdict
from mvc.comparison.formula import (
    LIMIT,
    Alternatives,
    Terms,
    TooManyTermsError,
    beyond,
    product,
    shown,
    shown_term,
)
from mvc.comparison.mentions import Mentions
from mvc.compiled.view import AccessRestriction, AccessRule, CompiledAccess

PUBLIC: Final = "public"
_SHOWN: Final = 3  # terms named in a reason
_TELLS: Final[Mapping[Verdict, tuple[Verdict, ...]]] = {  # which verdicts about others say nothing new beside a line
    "equal": (),
    "tightened": ("tightened",),
    "loosened": ("loosened", "undecided"),
    "undecided": ("loosened", "undecided", "tightened"),
}

Factors = tuple[Alternatives, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both sides. `touched` are the roles of restrictions that are not what they were. `mute` are roles that have rules where
    they cannot read, which is of use only to those who read through another role.
    """

    before: CompiledAccess
    after: CompiledAccess
    mentions: Mentions
    touched: frozenset[str]
    mute: frozenset[str]


def access_changes(before: CompiledAccess, after: CompiledAccess, changed: Mapping[str, str]) -> list[AccessChange]:
    """What changed. `changed` says of the view's columns that are not what they were, how: `is computed differently now`."""
    mentions = Mentions.of(before, after, changed)
    pair = _Pair(before, after, mentions, _touched(before, after, mentions), _mute(before) | _mute(after))
    return [
        *(ReaderAdded(role) for role in after.readers if not _reads(before, role)),
        *(ReaderRemoved(role) for role in before.readers if not _reads(after, role)),
        *_rules_changes(pair),
    ]


def _reads(access: CompiledAccess, role: str) -> bool:
    return role in access.readers or PUBLIC in access.readers


def _mute(access: CompiledAccess) -> frozenset[str]:
    return frozenset(role for rule in access.rules for role in rule.roles if not _reads(access, role))


def _touched(before: CompiledAccess, after: CompiledAccess, mentions: Mentions) -> frozenset[str]:
    """What stayed is escaped by the same readers before and after, and touches nobody."""
    old, new = ({_plain(item) for item in access.restrictions} for access in (before, after))
    read_anew = {item for item in old & new if mentions.reason(_restriction(item, role) for role in item.roles)}
    return frozenset(role for item in (old ^ new) | read_anew for role in item.roles)


def _plain(item: AccessRestriction) -> AccessRestriction:
    """The restriction with everything in one order, so that equal ones are equal."""
    rules = sorted(
        {AccessRule(tuple(sorted(set(rule.roles))), tuple(sorted(set(rule.conditions)))) for rule in item.rules},
        key=repr,
    )
    return AccessRestriction(tuple(sorted(set(item.roles))), tuple(rules))


def _rules_changes(pair: _Pair) -> list[RulesChanged]:
    roles = _compared(pair)
    alone = {role: _role_change(pair, role, whole=False) for role in roles}
    told = {verdict for role in roles if role in pair.touched for verdict in _TELLS[alone[role].verdict]}
    lines = [_line(pair, alone[role], told) for role in roles]
    everyone = next((line for line in lines if line.role == PUBLIC), None)
    same = replace(everyone, role="") if everyone else None
    return [item for item in lines if item.verdict != "equal" and (item is everyone or replace(item, role="") != same)]


def _line(pair: _Pair, alone: RulesChanged, told: set[Verdict]) -> RulesChanged:
    """The role's own line, or the one with other memberships where that says more than any line."""
    if not pair.touched or alone.role == PUBLIC:
        return alone
    whole = _role_change(pair, alone.role, whole=True)
    return alone if whole.verdict in {"equal", *told, *_TELLS[alone.verdict]} else whole


def _compared(pair: _Pair) -> list[str]:
    """The roles that can read before and after, `public` first."""
    roles = {role for access in (pair.before, pair.after) for role in _named(access)}
    both = [role for role in roles if _reads(pair.before, role) and _reads(pair.after, role)]
    return sorted(both, key=lambda role: (role != PUBLIC, role))


def _named(access: CompiledAccess) -> Iterator[str]:
    yield from access.readers
    yield from (role for rule in access.rules for role in rule.roles)
    yield from (role for item in access.restrictions for role in item.roles)


def _role_change(pair: _Pair, role: str, *, whole: bool) -> RulesChanged:
    """The rows of those in `role`; as a `whole` those who are in other roles as well, whose restrictions then count."""
    before, after = (_factors(access, role, pair.mute, whole=whole) for access in (pair.before, pair.after))
    verdict, reason = _judge(pair.mentions.marked(before), after)
    if verdict == "undecided":
        reason = pair.mentions.reason((*before, *after)) or reason
    return RulesChanged(role, verdict, shown(before), shown(after), reason)


def _factors(access: CompiledAccess, role: str, mute: frozenset[str], *, whole: bool) -> Factors:
    """What must hold for a row to be seen: one of the rules, and one of each restriction's.

    A rule for another role is told of that one, unless it is mute.
    """
    rules = tuple(term for rule in access.rules for term in _terms(rule, role, mute))
    mine = (item for item in access.restrictions if whole or _applies(item.roles, role))
    return (rules, *(_restriction(item, role) for item in mine))


def _applies(roles: tuple[str, ...], role: str) -> bool:
    return not roles or role in roles


def _restriction(item: AccessRestriction, role: str) -> Alternatives:
    allowed = tuple(term for rule in item.rules for term in _terms(rule, role, frozenset(rule.roles)))
    if _applies(item.roles, role):
        return allowed
    return (*allowed, tuple(f"not a member of {other}" for other in sorted(set(item.roles))))


def _terms(rule: AccessRule, role: str, others: frozenset[str]) -> Alternatives:
    """The rule for a member of `role`; for those of `others` that it is for, membership there is one more condition."""
    if _applies(rule.roles, role):
        return (rule.conditions,)
    return tuple((f"member of {other}", *rule.conditions) for other in rule.roles if other in others)


def _judge(before: Factors, after: Factors) -> tuple[Verdict, str]:
    """Which side lets more rows through, and why."""
    try:
        old, new = product(before), product(after)
    except TooManyTermsError:
        return "undecided", f"the rules have more than {LIMIT:,} combinations, too many to compare"
    more, less = beyond(new, old), beyond(old, new)
    if more and less:
        return "undecided", _undecided(old, new)
    if more:
        return "loosened", f"seen now: {_listed(more)}"
    return ("tightened", f"no longer all seen: {_listed(less)}") if less else ("equal", "")


def _listed(terms: Terms) -> str:
    texts = sorted(shown_term(sorted(term)) for term in terms)
    named = "; ".join(text if text == "all rows" else f"rows where {text}" for text in texts[:_SHOWN])
    return named if len(texts) <= _SHOWN else f"{named}; and {len(texts) - _SHOWN} more"


def _undecided(old: Terms, new: Terms) -> str:
    was = sorted(frozenset().union(*old) - frozenset().union(*new))
    now = sorted(frozenset().union(*new) - frozenset().union(*old))
    parts = [
        f"`{'`, `'.join(items)}` {said}" for items, said in ((was, "counted before"), (now, "counts now")) if items
    ]
    differ = " and ".join(parts) or "the same conditions are combined in another way"
    return f"{differ}; whether that lets more or fewer rows through cannot be decided"
